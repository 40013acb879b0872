"""A View over plain lists: what retrieval is trained and tested on, with no store beneath it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import blake2b

import numpy as np

from memos.memcube.fields import microseconds
from memos.memcube.filter import Filter
from memos.operation.memoperator.analysis import analyse
from memos.operation.memoperator.columns import Columns
from memos.ports.feed import OPEN, Feed, FeedRow

CHUNK = 4096


BLANK = FeedRow(
    row=0, uid=0, id="", content=0, seq=0, seq_end=OPEN, branch="", state="generated", type="plaintext", frozen=False, layer="private",
    owner="alice", acl=(), sensitivity="internal", priority=0, tags=(),
    tagged=False, speaker=None, role=None, session=None, ordinal=None,
    said_at=0, created_at=0, updated_at=0, valid_from=None, valid_to=None, expires_at=None, metadata="",
    hashes=b"", counts=b"", length=0, flags=0,
)  # fmt: skip


class Book:
    """The version rows of one tenant, written one commit after another."""

    def __init__(self, tenant: str = "acme", dimensions: int | None = None) -> None:
        self.tenant, self.dimensions, self.seq = tenant, dimensions, 0
        self.rows: list[tuple[str, FeedRow]] = []
        self.vectors: dict[int, tuple[int, np.ndarray]] = {}
        self.words: dict[int, bytes] = {}
        self._hashes: dict[str, int] = {}

    def hash(self, term: str) -> int:
        """The keyed hash of a term."""
        if term not in self._hashes:
            self._hashes[term] = int.from_bytes(blake2b(term.encode(), key=self.tenant.encode(), digest_size=8).digest(), "little")
        return self._hashes[term]

    def add(
        self,
        text: str,
        *,
        vector: np.ndarray | None = None,
        words: bytes = b"",
        namespace: str = "user/alice",
        speaker: str | None = None,
        role: str | None = None,
        commit: bool = True,
        **columns,
    ) -> FeedRow:
        """A new memory; its row, uid and content number are the same."""
        self.seq += commit
        number = len(self.rows) + 1
        terms = analyse(text, speaker, role)
        row = BLANK._replace(
            row=number, uid=number, id=f"00000000-0000-7000-8000-{number:012x}", content=number, seq=self.seq, speaker=speaker, role=role,
            hashes=np.array([self.hash(term) for term in terms.counts], "<u8").tobytes(),
            counts=np.array(list(terms.counts.values()), "<u2").tobytes(), length=terms.length, flags=terms.flags,
        )  # fmt: skip
        self.words[number] = words
        return self.put(row._replace(**columns), namespace, vector)

    def put(self, row: FeedRow, namespace: str = "user/alice", vector: np.ndarray | None = None) -> FeedRow:
        """A row as it is."""
        self.rows.append((namespace, row))
        if vector is not None:
            self.vectors[row.content] = (self.seq, np.asarray(vector, np.float32))
        return row

    def fill(self, content: int, vector: np.ndarray) -> None:
        """A vector that comes later than its memory."""
        self.seq += 1
        self.vectors[content] = (self.seq, np.asarray(vector, np.float32))

    def end(self, row: int) -> FeedRow:
        """Close a row at the next commit, and give it back as it stood."""
        self.seq += 1
        namespace, old = self.rows[row - 1]
        self.rows[row - 1] = namespace, old._replace(seq_end=self.seq)
        return old

    def view(self, at: int | None = None, branch: str = "", base: int | None = None) -> "BookView":
        """The Book as it stands, or as it stood."""
        return BookView(self, at, branch, base)


class BookView:
    """One consistent read of a Book."""

    def __init__(self, book: Book, at: int | None, branch: str, base: int | None) -> None:
        self.book, self.tenant, self.dimensions = book, book.tenant, book.dimensions
        self.head = book.seq
        self.seq = self.head if at is None else at
        self.branch, self.base = branch, base

    def paths(self, prefix: str = "") -> tuple[str, ...]:
        """The paths of the namespaces at and below a prefix."""
        paths = sorted({path for path, _ in self.book.rows})
        return tuple(path for path in paths if not prefix or path == prefix or path.startswith(prefix + "/"))

    def get(self, ids: Sequence[str], *, grant: Filter, now: datetime) -> dict[str, FeedRow]:
        """The head rows of some ids that the grant allows, in whatever namespace they stand."""
        found = {}
        for path, row in self.book.rows:
            if row.id in ids and row.seq <= self.head < row.seq_end:
                columns = Columns(path)
                columns.append([row])
                if columns.mask(grant, microseconds(now)).all():
                    found[row.id] = row
        return found

    def allowed(self, ids: Sequence[str], *, grant: Filter, now: datetime) -> frozenset[str]:
        """Those of some ids that the grant allows."""
        return frozenset(self.get(ids, grant=grant, now=now))

    def overlaid(self) -> tuple[str, ...]:
        """The memories of which the branch shows a row of its own."""
        return tuple(row.id for _, row in self.book.rows if row.branch and row.branch == self.branch and row.seq <= self.seq < row.seq_end)

    last_erasure = 0

    def last_purge(self, namespace: str) -> int:
        """Nothing is ever purged here."""
        return 0

    def last_seq(self, namespace: str) -> int:
        """The last commit; later than it may be, never earlier."""
        return self.book.seq

    def words(self, contents: Sequence[int]) -> dict[int, bytes]:
        """The packed words of some contents."""
        return {content: self.book.words.get(content, b"") for content in contents if content in self.book.vectors}

    def hash_terms(self, terms: Sequence[str]) -> np.ndarray:
        """The hashes under which the feed names terms."""
        return np.array([self.book.hash(term) for term in terms], np.uint64)

    def feed(self, namespace: str, after: int, *, cold: bool = False) -> Iterator[Feed]:
        """What changed after a commit."""
        here = [row for path, row in self.book.rows if path == namespace and (row.state in {"archived", "expired"}) is cold]
        rows = [row for row in here if row.seq > after]
        ended = [(row.row, row.seq_end) for row in here if row.seq <= after < row.seq_end < OPEN]
        contents = {row.content for row in here}
        filled = [content for content in sorted(contents) if content in self.book.vectors and self.book.vectors[content][0] > after]
        nothing = np.empty((0, self.dimensions or 0), np.float32)
        for start in range(0, max(1, len(rows)), CHUNK):
            yield Feed(namespace, self.head, tuple(rows[start : start + CHUNK]), (), np.empty(0, np.int64), nothing)
        rows_of = np.array([self.book.vectors[content][1] for content in filled], np.float32) if filled else nothing
        yield Feed(namespace, self.head, (), tuple(ended), np.array(filled, np.int64), rows_of)

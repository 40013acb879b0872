"""A bounded memory of vectors in front of any embedder: a text met again is not computed again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from secrets import token_bytes
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from memos.errors import BackendError, InvalidCall
from memos.memcube.vector import Words
from memos.ports.models import Embedder, MultiVector, word_dimensions

if TYPE_CHECKING:
    from numpy.typing import NDArray

Known = tuple["NDArray[np.float32]", Words | None]
"""A text's vector, and its words where these were asked for."""


class CachedEmbedder:
    """The embedder it wraps, with the vectors of the `capacity` texts used last kept in memory: 4 bytes × dimensions each, and of its
    words once these are asked for.

    Name, dimensions, vectors and errors are the wrapped embedder's. A text is known only by a hash under a random key that never
    leaves the process, so that a dump of the memory does not tell which texts were seen. Safe to use from several threads.
    """

    def __init__(self, embedder: Embedder, *, capacity: int = 4096) -> None:
        if capacity < 1:
            raise InvalidCall(f"the cache of an embedder holds at least 1 vector, not {capacity}")
        self._embedder = embedder
        self._capacity = capacity
        self._key = token_bytes(32)
        self._rows: OrderedDict[bytes, Known] = OrderedDict()
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"CachedEmbedder({self._embedder!r}, capacity={self._capacity})"

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def name(self) -> str:
        """The wrapped embedder's identity."""
        return self._embedder.name

    @property
    def dimensions(self) -> int:
        """The width of a vector."""
        return self._embedder.dimensions

    @property
    def word_dimensions(self) -> int:
        """The width of a word's vector, 0 when the wrapped embedder gives none."""
        return word_dimensions(self._embedder)

    def apart(self, who: tuple[str, str] | None) -> Embedder:
        """What remembers for one (tenant, user) alone, within the same bound; the embedder itself for None."""
        return self._embedder if who is None else _Apart(self, who)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32, shape (n, dimensions); only texts not seen lately reach the embedder, each once. Errors are the embedder's."""
        return self.embed_for(("", ""), texts)

    def embed_words(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[Words]]:
        """As `embed`, with the words of each text."""
        return self.embed_words_for(("", ""), texts)

    def embed_for(self, who: tuple[str, str], texts: Sequence[str]) -> NDArray[np.float32]:
        """As `embed`; only texts that the same (tenant, user) gave lately are known."""
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            return self._embedder.embed(texts)  # it says what is wrong
        return self._stacked([row for row, _ in self._known(who, texts, words=False)])

    def embed_words_for(self, who: tuple[str, str], texts: Sequence[str]) -> tuple[NDArray[np.float32], list[Words]]:
        """As `embed_words`, for one (tenant, user)."""
        if not isinstance(self._embedder, MultiVector):
            raise InvalidCall(f"the embedder {self.name} tells of no words; call embed")
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            return self._embedder.embed_words(texts)
        known = self._known(who, texts, words=True)
        return self._stacked([row for row, _ in known]), [words for _, words in known if words is not None]

    def _stacked(self, rows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        return np.stack(rows) if rows else np.zeros((0, self.dimensions), dtype=np.float32)

    def _known(self, who: tuple[str, str], texts: Sequence[str], *, words: bool) -> list[Known]:
        seed = blake2b(repr(who).encode(errors="surrogatepass"), key=self._key, digest_size=32).digest()
        digests = [blake2b(text.encode(errors="surrogatepass"), key=seed, digest_size=16).digest() for text in texts]
        found = self._recall(digests)
        known = {digest: each for digest, each in found.items() if not words or each[1] is not None}
        missing = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in known}
        if missing:
            known |= self._compute(missing, words=words)
        return [known[digest] for digest in digests]

    def clear(self) -> None:
        """Forget every vector, as after an erasure."""
        with self._lock:
            self._rows.clear()

    def _recall(self, digests: Sequence[bytes]) -> dict[bytes, Known]:
        with self._lock:
            found = {digest: self._rows[digest] for digest in digests if digest in self._rows}
            for digest in found:
                self._rows.move_to_end(digest)
        return found

    def _compute(self, missing: dict[bytes, str], *, words: bool) -> dict[bytes, Known]:
        """What the embedder says of some texts; outside the lock: hits of other threads do not wait for the model."""
        texts = list(missing.values())
        told: Sequence[Words | None] = [None] * len(texts)
        if words and isinstance(self._embedder, MultiVector):
            vectors, told = self._embedder.embed_words(texts)
        else:
            vectors = self._embedder.embed(texts)
        if not len(vectors) == len(told) == len(missing):
            raise BackendError(f"the embedder {self.name} gave {len(vectors)} vectors for {len(missing)} texts: check the model")
        # a view would keep its whole batch
        fresh: dict[bytes, Known] = {digest: (row.copy(), each) for digest, row, each in zip(missing, vectors, told, strict=True)}
        with self._lock:
            self._rows |= fresh
            while len(self._rows) > self._capacity:
                self._rows.popitem(last=False)
        return fresh


class _Apart:
    """A CachedEmbedder for one caller: an embedder of the same name and vectors."""

    def __init__(self, cached: CachedEmbedder, who: tuple[str, str]) -> None:
        self._cached, self._who = cached, who

    @property
    def name(self) -> str:
        return self._cached.name

    @property
    def dimensions(self) -> int:
        return self._cached.dimensions

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._cached.embed_for(self._who, texts)

    @property
    def word_dimensions(self) -> int:
        return self._cached.word_dimensions

    def embed_words(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[Words]]:
        return self._cached.embed_words_for(self._who, texts)

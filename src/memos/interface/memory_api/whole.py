"""Whole: `add` of all that a session holds, as a document is: recognised, or put in the place of what stands, in one commit."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any, Literal

from memos.errors import InvalidCall
from memos.interface.memory_api import create, provenance
from memos.interface.memory_api.create import Batch, batched, in_session, replay
from memos.interface.memory_api.desk import Options, Prepared, Work, read_options
from memos.interface.memory_api.structure import given, users
from memos.memcube.call import CubeDraft
from memos.memcube.change import CubeWrite
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.legal import legal_tags
from memos.memcube.place import OWN
from memos.memcube.state import State
from memos.operation.memlifecycle.transitions import Event, require, require_thawed

PAGE = 1000
"""Memories read at a time."""
Session = tuple[str, str]
"""A namespace and a session in it."""


class AddOptions(Options):
    """`existing` says what to do where turns of the sessions stand already: "extend" them, take the drafts for the whole, which must be
    the "same", or "replace" what stands by the drafts. None is a plain add.
    """

    existing: Literal["extend", "same", "replace"] | None = None


def prepare_add(work: Work) -> Prepared:
    """As `create.prepare_add`; with `existing` the reply's value counts what was added, unchanged, moved and forgotten."""
    options = read_options(AddOptions, work)
    if options.existing is None:
        return create.prepare_add(work)
    if replayed := replay(work):
        return replayed
    if not work.call.drafts or not all(draft.turn for draft in work.call.drafts):
        raise InvalidCall("`existing` is about sessions: give messages, or the pieces of a document")
    drafts = in_session(work.call)
    batch = Batch(work, drafts) if options.existing == "extend" else _Whole(work, drafts)
    for draft in batch.drafts:
        batch.take(draft)
    gone = batch.leave() if isinstance(batch, _Whole) else 0
    moved = len(batch.moved) if isinstance(batch, _Whole) else 0
    added = sum(write.birth for write in batch.writes.values())
    if options.existing == "same" and isinstance(batch, _Whole) and batch.found and (gone or moved or added):
        names = ", ".join(dict.fromkeys(str(draft.session) for draft in drafts))
        raise InvalidCall(
            f"{names[:200]} stands with another content ({added:,} pieces are new, {moved:,} have another place, {gone:,} are gone); "
            "give replace=True to put this one in its place, or another name"
        )
    value = {"added": added, "unchanged": len(batch.order) - added - moved, "moved": moved, "forgotten": gone}
    return batched(work, batch, value)


class _Whole(Batch):
    """Drafts that are all there is to be of their sessions. What stands with the same words is the same memory, wherever it stood."""

    def __init__(self, work: Work, drafts: tuple[CubeDraft, ...]) -> None:
        super().__init__(work, drafts)
        self.old: dict[Session, dict[str, deque[MemCube]]] = {}
        self.moved: set[str] = set()
        self.found = 0
        for namespace, session in dict.fromkeys((draft.namespace or self.home, str(draft.session)) for draft in drafts):
            by_text: dict[str, deque[MemCube]] = defaultdict(deque)
            for cube in self._standing(namespace, session) if self.distrusted[namespace] is None else ():
                by_text[cube.text].append(cube)
                self.found += 1
            self.old[namespace, session] = by_text

    def _standing(self, namespace: str, session: str) -> Iterator[MemCube]:
        there = Filter.parse({"namespace": namespace, "session": session, "ordinal": {"exists": True}, "state": {"ne": "expired"}})
        cursor: str | None = None
        while True:
            page = self.work.view.find(
                there, grant=self.work.grant.filter, now=self.work.now, order="ordinal", limit=PAGE, cursor=cursor
            )  # fmt: skip
            yield from page.cubes
            cursor = page.cursor
            if cursor is None:
                return

    def known_turn(self, namespace: str, draft: CubeDraft) -> str | None:
        """The id of the memory in the session that has these words and was not met before, brought to its new place."""
        there = self.old[namespace, str(draft.session)].get(draft.text)
        if not there:
            return None
        cube = there.popleft()
        self.standing[cube.id] = cube
        changed = _placed(cube, draft)
        if changed:
            self.moved.add(cube.id)
            changed |= {"version": cube.version + 1, "updated_at": self.work.now}
        if cube.state is State.ARCHIVED:
            changed |= {"state": State.ACTIVATED}
        if changed:
            require_thawed(cube)
            made = provenance.mutated(self.work, cube.provenance, "document").model_copy(update={"links": draft.links})
            self._write(cube, CubeWrite(cube=cube.model_copy(update=changed | {"provenance": made}), birth=False))
        return cube.id

    def leave(self) -> int:
        """Forget what stands and is in no draft; how many memories that are."""
        gone = [cube for texts in self.old.values() for cubes in texts.values() for cube in cubes]
        for cube in gone:
            require_thawed(cube)
            require(cube, State.EXPIRED, Event.FORGET)
            made = provenance.mutated(self.work, cube.provenance, Event.FORGET)
            self._write(cube, CubeWrite(cube=cube.model_copy(update={"state": State.EXPIRED, "provenance": made}), birth=False))
        return len(gone)

    def _write(self, cube: MemCube, write: CubeWrite) -> None:
        self.read[cube.id] = cube.seq
        self.writes[cube.id] = write


def _placed(cube: MemCube, draft: CubeDraft) -> dict[str, Any]:
    """What differs in the place of a memory, and in what is told of it, from a draft with the same words."""
    kept = {name: value for name, value in cube.metadata.items() if name not in OWN}
    found = {
        "ordinal": draft.ordinal,
        "metadata": kept | draft.metadata,
        "tags": given(cube, legal_tags((*cube.own_tags, *users(draft.tags)))),
    }
    return {name: value for name, value in found.items() if value != getattr(cube, name)}

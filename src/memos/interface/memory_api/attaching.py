"""Attaching: finds the KV of the beginning of a prompt, in memory or in stored blocks, and keeps what a request has read.

Whoever calls says which stored blocks may be used: those whose every source the caller may see now, in the version they were made of.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from memos.errors import InvalidCall, MemOSError, NotFound
from memos.infrastructure.memvault.tiers import Match, Piece, Root, Source, Tiers
from memos.interface.memory_api.kept import Kept
from memos.memcube.cube import MemCube
from memos.memcube.payload import Activation
from memos.memcube.prompt import Prompt
from memos.ports.blobs import BlobStore
from memos.ports.composing import ComposingRuntime, covered
from memos.ports.runtime import About, ActivationRuntime, Adapter, Attached, Block

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HANDLES, LEAST, LOADED = 256, 16, 32
"""So many handles are good at a time, so many whatever their KV takes, and so many blocks from files stay at hand."""
RECOMPUTE = 0.1
"""The share of the tokens of composed blocks that is read anew where a runtime does not say what was measured of it."""
STABLE = frozenset({"system", "tools", "pinned", "session"})
"""The parts of a prompt whose KV is kept for the next one; what was retrieved for one question is not."""


@dataclass(frozen=True, slots=True)
class Supply:
    """What a call may attach, decided in its View: the KV blocks, and the one adapter."""

    blocks: tuple[MemCube, ...] = ()
    adapter: MemCube | None = None


@dataclass(frozen=True, slots=True)
class Attaching:
    """What was found for the beginning of a prompt. `parts` has the tokens of each part, `cached` how many of them need not be read."""

    attached: Attached = field(default_factory=Attached)
    handle: str | None = None
    tokens: int = 0
    parts: tuple[int, ...] = ()
    cached: tuple[int, ...] = ()
    exact: bool = True
    error: float | None = None
    sources: frozenset[str] = frozenset()
    cubes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Held:
    """What a handle stands for."""

    root: Root
    attaching: Attaching
    behind: frozenset[Source] = frozenset()
    """All memories that it is made of, those that its adapter has learnt too."""
    cubes: frozenset[str] = frozenset()
    """The derived memories in it."""


class Attacher:
    """The KV that a process has of one model. Thread-safe."""

    def __init__(self, runtime: ActivationRuntime, blobs: BlobStore, budget: int, new_id: Callable[[], str]) -> None:
        self._runtime, self._blobs, self._new_id = runtime, blobs, new_id
        self.tiers = Tiers(budget)
        self._lock = threading.Lock()
        self._handles, self._loaded = Kept(HANDLES, least=LEAST, room=budget, weight=_bytes), Kept(LOADED)
        self._learnt: dict[tuple[str, str], frozenset[str]] = {}
        """What an adapter is, by its name, and what it has learnt."""

    def attach(
        self, tenant: str, user: str, prompt: Prompt, supply: Supply, adapter: Adapter | None, *, exact: bool, warnings: list[str]
    ) -> Attaching:
        """The most that there is of a prompt's beginning, with a handle for it; what could not be used is told by `warnings`."""
        root, stored = self._root(tenant, user, adapter), supply.blocks
        per_part = self._runtime.tokens(prompt)
        lengths, tokens = [len(each) for each in per_part], _joined(per_part)
        match = self.tiers.find(root, tokens[:-1], self._runtime.cut, told_by(prompt))
        found, used = self._from_blobs(root, tokens, match, stored, exact=exact, warnings=warnings)
        error: float | None = None
        if not exact and self._runtime.capabilities.compose:
            composed = self._composed(root, prompt, per_part, stored, warnings)
            if composed is not None and composed[0].tokens > found.tokens:
                found, used, error = composed
        attaching = Attaching(
            attached=Attached(found.blocks, adapter), tokens=found.tokens, parts=tuple(lengths), cached=_spread(lengths, found.tokens),
            exact=all(block.exact for block in found.blocks), sources=frozenset(cube_id for cube_id, _ in found.sources), cubes=used,
            error=error,
        )  # fmt: skip
        taught = () if adapter is None or supply.adapter is None else (supply.adapter,)
        learnt = frozenset((parent.id, parent.version) for cube in taught for parent in cube.provenance.parents)
        held = _Held(root, attaching, found.sources | learnt, frozenset((*used, *(cube.id for cube in taught))))
        handle = self._new_id()
        with self._lock:
            self._handles.put(tenant, handle, held)
            if adapter is not None and taught:
                self._learnt[tenant, adapter.name] = _behind(held)
        return replace(attaching, handle=handle)

    def _root(self, tenant: str, user: str, adapter: Adapter | None) -> Root:
        return Root(tenant, user, self._runtime.fingerprint, None if adapter is None else adapter.name)

    def _from_blobs(
        self, root: Root, tokens: NDArray[np.int64], match: Match, stored: Sequence[MemCube], *, exact: bool, warnings: list[str]
    ) -> tuple[Match, tuple[str, ...]]:
        """A longer beginning from a stored block, where there is one; else what was in memory."""
        for cube, payload in sorted(_blocks(stored), key=lambda each: each[1].tokens, reverse=True):
            fits = _for(payload) == (root.fingerprint, root.adapter, 0)
            if not fits or not match.tokens < payload.tokens < len(tokens) or (exact and payload.form != "float16"):
                continue
            if payload.mark != mark(self._blobs, root.tenant, tokens[: payload.tokens]):
                continue
            try:
                block = self._load(root.tenant, cube, payload)
            except MemOSError as error:
                warnings.append(f"the KV block {cube.id} was not used: {error.message}")
                continue
            if _begins(tokens, block):
                sources = frozenset((parent.id, parent.version) for parent in cube.provenance.parents)
                return Match((block,), len(block.tokens), sources), (cube.id,)
        return match, ()

    def _composed(
        self, root: Root, prompt: Prompt, per_part: Sequence[NDArray[np.int64]], stored: Sequence[MemCube], warnings: list[str]
    ) -> tuple[Match, tuple[str, ...], float] | None:
        """The pinned memories as blocks that were read by themselves, brought behind each other; None where that cannot be."""
        first = next((place for place, part in enumerate(prompt) if part.kind == "pinned"), len(prompt))
        opening, chosen = _joined(per_part[:first]), list[tuple[MemCube, Block]]()
        begin = mark(self._blobs, root.tenant, per_part[0])
        fit = [
            cube for cube, payload in _blocks(stored) if _for(payload) == (root.fingerprint, root.adapter, 0) and payload.opening == begin
        ]
        own = {(parents[0].id, parents[0].version): cube for cube in fit if len(parents := cube.provenance.parents) == 1}
        for part, tokens in zip(prompt[first:], per_part[first:], strict=False):
            cube = own.get((part.cube or "", part.version or 0))
            if part.kind != "pinned" or cube is None or not isinstance(payload := cube.payload, Activation):
                break
            try:
                block = self._load(root.tenant, cube, payload)
            except MemOSError as error:
                warnings.append(f"the KV block {cube.id} was not used: {error.message}")
                break
            if not _same(block.tokens, _joined([opening, tokens])):
                break
            chosen.append((cube, block))
        if len(chosen) < 2:
            return None
        cut, start = self._runtime.cut, len(opening)
        many, share = self._share([len(block.tokens) - start for _, block in chosen])
        chosen = chosen[:many]
        total = start + sum(len(block.tokens) - start for _, block in chosen)
        anchor = cut(chosen[0][1], 0, start)
        try:
            made = self._runtime.compose(anchor, [cut(block, start, len(block.tokens)) for _, block in chosen], recompute=share)
        except InvalidCall as error:
            warnings.append(f"{len(chosen)} KV blocks were not composed: {error.message}")
            return None
        sources = frozenset((parent.id, parent.version) for cube, _ in chosen for parent in cube.provenance.parents)
        return Match((anchor, *made.blocks), total, sources), tuple(cube.id for cube, _ in chosen), made.error

    def _share(self, lengths: Sequence[int]) -> tuple[int, float]:
        """How many of the first of some blocks are composed, and at which share of recompute: as it was measured of the model."""
        found = covered(self._runtime.proven, lengths) if isinstance(self._runtime, ComposingRuntime) else None
        return found or (len(lengths), RECOMPUTE)

    def _load(self, tenant: str, cube: MemCube, payload: Activation) -> Block:
        with self._lock:
            known, since = self._loaded.get(tenant, payload.blob), self._loaded.drops(tenant)
        if known is not None:
            return cast("Block", known)
        with self._blobs.open(tenant, payload.blob) as blob:
            block = self._runtime.unpack(blob, about(self._blobs, tenant, cube))
        with self._lock:
            self._loaded.put(tenant, payload.blob, block, since)
        return block

    def resolved(self, handle: str, tenant: str, user: str) -> tuple[Attached, frozenset[Source]]:
        """What a handle stands for, and the memories behind it; NotFound when it is another's, too old, or one of these has changed."""
        with self._lock:
            held = self._handles.get(tenant, handle)
        if not isinstance(held, _Held) or held.root.user != user:
            raise NotFound("this handle is good no more: a memory behind it has changed, or it is too old; ask for the context again")
        return held.attaching.attached, held.behind

    def keep(self, tenant: str, user: str, prompt: Prompt, attached: Attached, kept: Block, *, since: int) -> None:
        """Hold the KV of the stable parts, each by itself, with the memory that it tells of. What follows approximate KV is not held."""
        if not kept.exact or not all(block.exact for block in attached.blocks):
            return
        lengths = [len(each) for each in self._runtime.tokens(prompt)]
        blocks = [kept] if kept.base == 0 else [*attached.blocks, kept]
        self.tiers.keep(self._root(tenant, user, attached.adapter), list(_pieces(prompt, lengths, blocks, self._runtime.cut)), since)

    def voided(self, tenant: str, gone: frozenset[str] | None) -> None:
        """Let go of whatever was made of some memories, or is one of these derived ones; None: of all of a tenant."""
        self.tiers.void(tenant, gone)
        with self._lock:
            under = [key for key, ids in self._learnt.items() if key[0] == tenant and (gone is None or not gone.isdisjoint(ids))]
            for key in under:
                del self._learnt[key]
            self.tiers.void_under(tenant, [name for _, name in under])
            self._loaded.drop(tenant)
            self._handles.drop(tenant, lambda held: gone is None or not gone.isdisjoint(_behind(held)))


def about(blobs: BlobStore, tenant: str, cube: MemCube) -> About:
    """What the blob of a derived memory must say of itself."""
    adapter = cube.payload.adapter if isinstance(cube.payload, Activation) else None
    return About(
        tenant=blobs.mark(tenant, "tenant"),
        sources=tuple((parent.id, parent.version) for parent in cube.provenance.parents),
        adapter=adapter,
    )


def mark(blobs: BlobStore, tenant: str, tokens: NDArray[np.int64]) -> str:
    """A keyed hash of some tokens, by which a stored block is found for a prompt that begins with them."""
    return blobs.mark(tenant, f"kv {sha256(tokens.astype('<i8').tobytes()).hexdigest()}")


def _behind(held: object) -> frozenset[str]:
    return held.cubes.union(each for each, _ in held.behind) if isinstance(held, _Held) else frozenset()


def _bytes(handles: Iterable[object]) -> int:
    """What the KV takes that some handles hold; what several of them share counts once."""
    held = (each.attaching.attached.blocks for each in handles if isinstance(each, _Held))
    return sum({id(block): block.nbytes for blocks in held for block in blocks}.values())


def told_by(prompt: Prompt) -> frozenset[Source]:
    """The memories, in their versions, that the parts of a prompt tell."""
    return frozenset((part.cube, part.version or 1) for part in prompt if part.cube is not None)


def _blocks(cubes: Sequence[MemCube]) -> list[tuple[MemCube, Activation]]:
    return [(cube, cube.payload) for cube in cubes if isinstance(cube.payload, Activation)]


def _for(payload: Activation) -> tuple[str, str | None, int]:
    """Which model, adapter and place a block is for."""
    return payload.fingerprint, payload.adapter, payload.base


def _joined(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    import numpy as np

    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _same(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    import numpy as np

    return bool(np.array_equal(one, other))


def _begins(tokens: NDArray[np.int64], block: Block) -> bool:
    import numpy as np

    return len(block.tokens) < len(tokens) and bool(np.array_equal(tokens[: len(block.tokens)], block.tokens))


def _spread(lengths: Sequence[int], tokens: int) -> tuple[int, ...]:
    """Of each part how many of its tokens lie among the first so many."""
    spread, at = [], 0
    for length in lengths:
        spread.append(max(0, min(length, tokens - at)))
        at += length
    return tuple(spread)


def _pieces(prompt: Prompt, lengths: Sequence[int], blocks: Sequence[Block], cut: Callable[[Block, int, int], Block]) -> Iterator[Piece]:
    """The KV of the stable parts, cut where parts and blocks end."""
    place, inside = 0, 0
    for part, length in zip(prompt, lengths, strict=False):
        if part.kind not in STABLE:
            return
        sources = frozenset({(part.cube, part.version or 1)}) if part.cube is not None else frozenset()
        left = length
        while left:
            if place >= len(blocks):
                return
            taken = min(left, len(blocks[place].tokens) - inside)
            yield Piece(cut(blocks[place], inside, inside + taken), sources)
            left, inside = left - taken, inside + taken
            if inside == len(blocks[place].tokens):
                place, inside = place + 1, 0

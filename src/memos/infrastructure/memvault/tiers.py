"""Tiers: the KV that a process holds in memory, in a radix tree of tokens for each user and model, under a budget of bytes.

A path from a root spells the beginning of a prompt; each node holds the KV of one part of it. As KV depends on all tokens before it, what
is found by walking down is exact (Zheng et al. 2023, "SGLang", RadixAttention). Nothing is shared between users: how long an answer takes
would tell one what another has said.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from memos.ports.runtime import Block

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Source = tuple[str, int]
"""A memory and its version."""
FEW = 8
"""So many tokens at least of a memory's part are used where not all of it is: fewer are the marks around it, and tell nothing of it."""
HALF_LIFE = 3600.0
"""Seconds in which the weight of a use falls to a half."""


class Root(NamedTuple):
    """Whose KV it is, and all that it depends on but its tokens: nothing is found under another root."""

    tenant: str
    user: str
    fingerprint: str
    adapter: str | None


@dataclass(frozen=True, slots=True)
class Piece:
    """The KV of one part of a prompt, and the memories that it tells of, () for what is no memory."""

    block: Block
    sources: frozenset[Source] = frozenset()


@dataclass(frozen=True, slots=True)
class Match:
    """What is held of the beginning of some tokens: blocks of exactly the first `tokens` of them, and the memories they were made of."""

    blocks: tuple[Block, ...] = ()
    tokens: int = 0
    sources: frozenset[Source] = frozenset()


@dataclass(frozen=True, slots=True)
class Worth:
    """By what it is decided which node goes first when there is no room: decayed uses, tokens, bytes, seconds since it was last used."""

    uses: float
    tokens: int
    depth: int
    bytes: int
    idle: float


def by_saving(worth: Worth) -> float:
    """What a byte saves: uses that are to be expected, times what reading the tokens takes, which grows with what stands before them."""
    return float(worth.uses * worth.tokens * (1.0 + worth.depth / 4096.0) / max(1, worth.bytes))


@dataclass(slots=True)
class _Node:
    """A part of a prompt, after those on the way to it."""

    piece: Piece | None
    depth: int
    uses: float = 0.0
    last: float = field(default_factory=time.monotonic)
    children: dict[int, list[_Node]] = field(default_factory=dict)

    def touch(self, now: float) -> None:
        self.uses = self.heat(now) + 1.0
        self.last = now

    def heat(self, now: float) -> float:
        return float(self.uses * 2.0 ** ((self.last - now) / HALF_LIFE))

    def below(self) -> Iterator[_Node]:
        for group in self.children.values():
            yield from group


@dataclass(frozen=True, slots=True)
class TierStatus:
    """What a process holds, and how that fares: `hit_ratio` is the share of tokens that were found, None before the first request."""

    budget: int
    bytes: int
    blocks: int
    users: int
    requests: int
    tokens: int
    found: int
    evicted: int
    voided: int

    @property
    def hit_ratio(self) -> float | None:
        """Of the tokens asked for, the share that need not be read."""
        return self.found / self.tokens if self.tokens else None


class Tiers:
    """The tier in memory. Thread-safe; what was found stays usable when it goes meanwhile."""

    def __init__(self, budget: int, worth: Callable[[Worth], float] = by_saving) -> None:
        self._budget, self._worth = budget, worth
        self._lock = threading.Lock()
        self._roots: dict[Root, _Node] = {}
        self._bytes = self._blocks = self._requests = self._tokens = self._found = self._evicted = self._voided = 0
        self._voidings: Counter[str] = Counter()

    def find(
        self, root: Root, tokens: NDArray[np.int64], cut: Callable[[Block, int, int], Block], given: frozenset[Source] = frozenset()
    ) -> Match:
        """The longest beginning of some tokens that is held; `cut` takes a part of a block.

        What was made of a memory is found only for who has been `given` it, in that version, with these tokens: a text that somebody has
        guessed finds nothing, and neither does what another process has changed meanwhile.
        """
        with self._lock:
            match = self._walk(root, tokens, cut, given)
            self._requests += 1
            self._tokens += len(tokens)
            self._found += match.tokens
            return match

    def _walk(
        self, root: Root, tokens: NDArray[np.int64], cut: Callable[[Block, int, int], Block], given: frozenset[Source]
    ) -> Match:  # fmt: skip
        node, at, now = self._roots.get(root), 0, time.monotonic()
        blocks: list[Block] = []
        sources: set[Source] = set()
        while node is not None and at < len(tokens):
            best, shared = _longest(node.children.get(int(tokens[at]), ()), tokens[at:])
            if best is None or best.piece is None or not shared or not best.piece.sources <= given:
                break
            if shared < len(best.piece.block.tokens) and shared < FEW and best.piece.sources:
                break
            best.touch(now)
            whole = shared == len(best.piece.block.tokens)
            blocks.append(best.piece.block if whole else cut(best.piece.block, 0, shared))
            sources |= best.piece.sources
            at += shared
            if not whole:
                break
            node = best
        return Match(tuple(blocks), at, frozenset(sources))

    def voidings(self, tenant: str) -> int:
        """How often something of a tenant was voided."""
        with self._lock:
            return self._voidings[tenant]

    def keep(self, root: Root, pieces: Sequence[Piece], since: int | None = None) -> None:
        """Hold the KV of the beginning of a prompt, part by part from its first token; what is held already stays as it is.

        Nothing is, where something was voided `since` so many voidings of the tenant: it may be what these were made of.
        """
        with self._lock:
            if since is not None and since != self._voidings[root.tenant]:
                return
            node, now = self._roots.setdefault(root, _Node(None, 0)), time.monotonic()
            for piece in pieces:
                node = self._below(node, piece, now)
            self._make_room(node)

    def _below(self, node: _Node, piece: Piece, now: float) -> _Node:
        import numpy as np

        tokens = piece.block.tokens
        for child in node.children.get(int(tokens[0]), ()):
            if child.piece is not None and np.array_equal(child.piece.block.tokens, tokens):
                child.touch(now)
                child.piece = Piece(child.piece.block, piece.sources)  # the same tokens, which another memory tells now, or a new version
                return child
        made = _Node(piece, node.depth + len(tokens))
        made.touch(now)
        node.children.setdefault(int(tokens[0]), []).append(made)
        self._bytes += piece.block.nbytes
        self._blocks += 1
        return made

    def _make_room(self, kept: _Node) -> None:
        """Let leaves go, those that save least first, until the budget holds; of what was kept just now the end goes last."""
        while self._bytes > self._budget:
            now = time.monotonic()
            leaves = [(self._value(leaf, now, kept), place, parent, leaf) for place, (parent, leaf) in enumerate(self._leaves())]
            if not leaves:
                return
            *_, parent, leaf = min(leaves)
            self._drop(parent, leaf)
            self._evicted += 1

    def _value(self, leaf: _Node, now: float, kept: _Node) -> tuple[bool, float]:
        piece = leaf.piece
        assert piece is not None  # noqa: S101 - only a root has none
        told = Worth(leaf.heat(now), len(piece.block.tokens), leaf.depth, piece.block.nbytes, now - leaf.last)
        return leaf is kept, self._worth(told)

    def _leaves(self) -> Iterator[tuple[_Node, _Node]]:
        waiting = list(self._roots.values())
        while waiting:
            node = waiting.pop()
            for child in node.below():
                if child.children:
                    waiting.append(child)
                else:
                    yield node, child

    def _drop(self, parent: _Node, child: _Node) -> None:
        """Take a node away, with all that stands behind it."""
        assert child.piece is not None  # noqa: S101 - only a root has none
        first = int(child.piece.block.tokens[0])
        parent.children[first] = [each for each in parent.children[first] if each is not child]
        if not parent.children[first]:
            del parent.children[first]
        waiting = [child]
        while waiting:
            node = waiting.pop()
            waiting += node.below()
            if node.piece is not None:
                self._bytes -= node.piece.block.nbytes
                self._blocks -= 1

    def void(self, tenant: str, ids: Iterable[str] | None) -> int:
        """Let go of all that was made of some memories of a tenant, None for all of the tenant; how many blocks that were."""
        gone = None if ids is None else frozenset(ids)
        with self._lock:
            self._voidings[tenant] += 1
            before = self._blocks
            for root in [each for each in self._roots if each.tenant == tenant]:
                if gone is None:
                    self._void(self._roots.pop(root), frozenset(), everything=True)
                else:
                    self._void(self._roots[root], gone)
            self._voided += before - self._blocks
            return before - self._blocks

    def void_under(self, tenant: str, adapters: Iterable[str]) -> None:
        """Let go of all that was read under some adapters of a tenant, by their names."""
        names = frozenset(adapters)
        with self._lock:
            for root in [each for each in self._roots if each.tenant == tenant and each.adapter in names]:
                self._void(self._roots.pop(root), frozenset(), everything=True)

    def _void(self, node: _Node, gone: frozenset[str], *, everything: bool = False) -> None:
        for child in list(node.below()):
            told = child.piece.sources if child.piece is not None else frozenset()
            if everything or any(cube_id in gone for cube_id, _ in told):
                self._drop(node, child)
            else:
                self._void(child, gone)

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._roots.clear()
            self._bytes = self._blocks = 0

    def status(self) -> TierStatus:
        """What is held now."""
        with self._lock:
            users = len({(root.tenant, root.user) for root in self._roots})
            counted = self._requests, self._tokens, self._found, self._evicted, self._voided
            return TierStatus(self._budget, self._bytes, self._blocks, users, *counted)


def _longest(nodes: Iterable[_Node], tokens: NDArray[np.int64]) -> tuple[_Node | None, int]:
    """The node that spells most of some tokens, and how many of them."""
    best, most = None, 0
    for node in nodes:
        if node.piece is None:
            continue
        shared = _shared(node.piece.block.tokens, tokens)
        if shared > most:
            best, most = node, shared
    return best, most


def _shared(one: NDArray[np.int64], other: NDArray[np.int64]) -> int:
    """How many of the first tokens two have in common."""
    import numpy as np

    length = min(len(one), len(other))
    differing = np.flatnonzero(one[:length] != other[:length])
    return int(differing[0]) if len(differing) else length

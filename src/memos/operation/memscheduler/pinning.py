"""Pinning: which memories make up the blocks with which prompts begin, so that their KV is read once and attached from then on.

A prompt begins with one of them at most, right behind the system's text: that is what makes it exact. So there are several, each of
memories that follow each other in canonical order (what was said together is asked together), and a request takes the one that brings most.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from memos.memcube.plan import Move
from memos.memcube.state import MemoryType
from memos.operation.memscheduler.conversion import Subject, expected_uses
from memos.operation.memscheduler.policies import USUAL, Placement, Policy
from memos.operation.memscheduler.weighing import chance_at

MOST_BLOCKS = 4
"""Among so many blocks a plan chooses, those that hold most of what was found."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Page:
    """Memories of one block, in canonical order; whether it `stands` already; and how often requests have used it of late.

    `beside` is that without the hottest, for which a block of its own would do.
    """

    memories: tuple[Subject, ...]
    stands: bool
    heat: float
    beside: float

    @property
    def cubes(self) -> tuple[str, ...]:
        """The ids."""
        return tuple(each.cube for each in self.memories)

    @property
    def tokens(self) -> int:
        """Those of all memories."""
        return sum(each.tokens for each in self.memories)

    def pays(self, placement: Placement) -> bool:
        """Whether it is to be made, or to stay."""
        if self.stands:
            return _spared(self.heat, placement) >= placement.loss
        return _spared(self.heat, placement) >= placement.even and _spared(self.beside, placement) >= placement.loss

    def move(self, now: datetime, policy: Policy = USUAL) -> Move:
        """The decision to make it, told of its hottest memory, with the numbers."""
        hottest = max(self.memories, key=lambda each: (each.heat, each.cube))
        spared = _spared(self.heat, policy.placement)
        inputs = {
            "tokens": self.tokens, "memories": len(self.memories), "heat": round(self.heat, 4), "count": hottest.count,
            "spares": policy.placement.spares, "spared": round(spared, 4), "policy": policy.name,
            "thresholds": {name: getattr(policy.placement, name) for name in ("even", "loss")},
        }  # fmt: skip
        reason = (
            f"prompts can begin with it and {len(self.memories) - 1} others: as often used as of late, {self.heat:.1f}, "
            f"they are spared {spared:.2f} times what reading them all costs, {policy.placement.even:g} or more"
        )
        return Move(
            cube=hottest.cube, version=hottest.version, before=MemoryType.PLAINTEXT, after=MemoryType.ACTIVATION, tier="mapped",
            reason=reason, inputs=inputs, at=now,
        )  # fmt: skip


def pages(
    memories: Sequence[Subject],
    standing: Sequence[Collection[str]],
    now: datetime,
    policy: Policy = USUAL,
    window: int | None = None,
) -> list[Page]:
    """The blocks that pay, of the memories of one owner and namespace; `standing` are the memories of each block that there is.

    What is free is cut into runs. A block is made once the uses of its memories of late and those to come have paid for it, as one buys
    what one has hired for its price; it stays until it has cooled, or there is twice as much for it to hold. What is protected is in none.
    None takes more than half of the model's `window`.
    """
    placement = policy.placement
    most = placement.beginning if window is None else min(placement.beginning, window // 2)
    free = sorted((each for each in memories if each.protected is None and each.tokens <= most), key=lambda each: each.cube)
    kept = _staying(free, standing, most)
    taken = frozenset().union(*kept)
    known = {each.cube: each for each in free}
    whole = {frozenset(each) for each in standing}
    pieces = [tuple(known[cube] for cube in sorted(each)) for each in kept]
    pieces += [piece for run in _runs(free, taken) for piece in _cut(run, most)]
    found = [_page(piece, now, placement, stands=frozenset(each.cube for each in piece) in whole) for piece in pieces if len(piece) > 1]
    return [each for each in found if each.pays(placement)]


def within(found: Sequence[Page], room: int, policy: Policy = USUAL) -> list[Page]:
    """Those for which there is room in tokens, the hottest for their tokens first; one that stands goes only for one much hotter."""
    stay, chosen = policy.placement.stay, list[Page]()
    for each in sorted(found, key=lambda each: (-each.heat * (stay if each.stands else 1.0) / max(1, each.tokens), each.cubes)):
        if each.tokens <= room:
            room -= each.tokens
            chosen.append(each)
    return chosen


def likeliest(blocks: Mapping[str, Collection[str]], ranks: Mapping[str, int], most: int, policy: Policy = USUAL) -> tuple[str, ...]:
    """The blocks, by id with their memories, that hold most of what a search found for a request; none that holds nothing of it."""
    held = {via: sum(chance_at(ranks[cube], policy) for cube in cubes if cube in ranks) for via, cubes in blocks.items()}
    return tuple(sorted((via for via in held if held[via] > 0), key=lambda via: (-held[via], via))[:most])


def _page(memories: tuple[Subject, ...], now: datetime, placement: Placement, *, stands: bool) -> Page:
    used = [each for each in memories if stands or _lately(each, now, placement)]
    hottest = max(used, key=lambda each: (each.heat, each.cube), default=None)
    return Page(memories, stands, _uses(used), _uses([each for each in used if each is not hottest]))


def _uses(memories: Sequence[Subject]) -> float:
    """How many requests have used some memories: those used last at one moment were so by one, as in a list of them all."""
    at = dict[datetime | None, float]()
    for each in memories:
        at[each.last_used_at] = max(each.heat, at.get(each.last_used_at, 0.0))
    return sum(at.values())


def _spared(heat: float, placement: Placement) -> float:
    """What uses of late, and those to come, would be spared or are, in times of what reading a block costs."""
    return (heat + expected_uses(heat, placement.horizon_days)) * placement.spares


def _lately(each: Subject, now: datetime, placement: Placement) -> bool:
    return each.last_used_at is not None and (now - each.last_used_at) / _DAY <= placement.recent_days


def _staying(free: Sequence[Subject], standing: Sequence[Collection[str]], most: int) -> list[frozenset[str]]:
    """The blocks that stay as they are: whose memories are all there, and which are full by half or would not grow twofold."""
    known = {each.cube: each.tokens for each in free}
    size = {frozenset(each): sum(known[cube] for cube in each) for each in standing if all(cube in known for cube in each)}
    full = [each for each, tokens in size.items() if tokens * 2 >= most]
    taken = frozenset().union(*full)
    around = {each.cube: sum(one.tokens for one in run) for run in _runs(free, taken) for each in run}
    small = (each for each in size if each and each.isdisjoint(taken) and each not in full)
    return full + [each for each in small if max(around[cube] for cube in each) < 2 * size[each]]


def _runs(free: Sequence[Subject], taken: Collection[str]) -> Iterator[list[Subject]]:
    """What follows each other and is in no block."""
    run: list[Subject] = []
    for each in free:
        if each.cube not in taken:
            run.append(each)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _cut(run: Sequence[Subject], most: int) -> Iterator[tuple[Subject, ...]]:
    """A run in pieces that are as full as can be but for the last, so that what comes later moves no border."""
    piece, held = list[Subject](), 0
    for each in run:
        if piece and held + each.tokens > most:
            yield tuple(piece)
            piece, held = [], 0
        piece.append(each)
        held += each.tokens
    if piece:
        yield tuple(piece)

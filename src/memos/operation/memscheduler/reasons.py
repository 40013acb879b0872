"""Reasons: the words and the numbers of a plan, from which it can be understood and computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from memos.memcube.plan import Injection
from memos.memcube.state import MemoryType
from memos.operation.memscheduler.policies import Policy
from memos.operation.memscheduler.signals import Available, Signals
from memos.operation.memscheduler.tasks import Classified
from memos.operation.memscheduler.weighing import Weighed

REPEATS = "it only repeats the question"
_PLACES = {"ram": "memory", "mapped": "a mapped file", "int8": "an int8 file", "text": "no file"}


@dataclass(frozen=True, slots=True)
class Told:
    """Makes the injections, with their reasons; `second` is what a second is worth."""

    signals: Signals
    second: float

    def text(self, each: Weighed) -> Injection:
        """A memory given as text."""
        seconds = self.signals.costs.read(each.tokens)
        why = "it holds for every answer" if each.candidate.standing else _found(each)
        kept = f"; it stays text: {each.candidate.protected}" if each.candidate.protected else ""
        return _injection(each, MemoryType.PLAINTEXT, f"{why}; as text, {each.tokens} tokens to read in {seconds:.2f} s{kept}")

    def pinned(self, each: Weighed, block: Available | None) -> Injection:
        """A memory in the beginning: attached in a block, or for an engine with a cache of its own as text."""
        costs = self.signals.costs
        if block is None:
            cached = int(each.tokens * self.signals.hit_rate)
            why = f"{_found(each)}; pinned: the engine's cache has hit {self.signals.hit_rate:.2f} so far"
            return _injection(each, MemoryType.PLAINTEXT, why, cached=cached, pinned=True)
        spent, spared = costs.load[block.tier] * each.tokens, costs.read(each.tokens)
        why = f"{_found(each)}; pinned: its block is in {_PLACES[block.tier]}, {spent:.3f} s instead of {spared:.2f} s"
        return _injection(each, MemoryType.ACTIVATION, why, cached=each.tokens, via=block.via, pinned=True)

    def composed(self, each: Weighed, block: Available) -> Injection:
        """A memory whose block is moved to its place, which is approximate."""
        costs = self.signals.costs
        spent, spared = costs.composed * costs.read(each.tokens), costs.read(each.tokens)
        why = f"{_found(each)}; composed of a block in {_PLACES[block.tier]}: {spent:.2f} s instead of {spared:.2f} s, approximate"
        return _injection(each, MemoryType.ACTIVATION, why, cached=each.tokens, via=block.via)

    def learnt(self, each: Weighed, adapter: str) -> Injection:
        """A memory that the adapter in force has learnt."""
        why = f"{_found(each)}; the adapter {adapter} has learnt it, and fits the request by {each.fit:.2f}: no token to read"
        return _injection(each, MemoryType.PARAMETER, why, tokens=0, via=adapter)


def _found(each: Weighed) -> str:
    candidate = each.candidate
    if candidate.rank is None:
        return f"not found by the search, chance {each.worth:.4f}"
    moved = f" (as {each.place + 1} without echoes)" if each.place is not None and each.place != candidate.rank else ""
    echo = (
        "" if not each.late else f"; a model's own answer: {each.share:g} of the chance, after all else" if each.share else f"; {REPEATS}"
    )
    return f"rank {candidate.rank + 1}{moved}, score {candidate.similarity:.3f}, chance {each.worth:.3f}{echo}"


def _injection(each: Weighed, form: MemoryType, reason: str, *, tokens: int | None = None, **rest: Any) -> Injection:
    count = each.tokens if tokens is None else tokens
    return Injection(
        cube=each.cube, version=each.candidate.version, form=form, order=0, tokens=count, score=round(each.worth, 6), reason=reason, **rest
    )


def inputs_of(
    every: Sequence[Weighed], signals: Signals, policy: Policy, task: Classified, injections: Sequence[Injection]
) -> dict[str, Any]:
    """The numbers that a plan was decided by: the signals, the policy's, and of each candidate its own. No text is among them."""
    costs = signals.costs
    attached = sum(each.tokens for each in injections if each.pinned and each.via)
    moved = sum(each.tokens for each in injections if each.form is MemoryType.ACTIVATION and not each.pinned)
    read = sum(each.tokens - each.cached for each in injections)
    tokens = sum(each.tokens for each in injections)
    seconds = costs.read(read, attached) + costs.composed * costs.read(moved)
    seconds += sum(costs.load[kept.tier] * each.tokens for each in every for kept in each.candidate.forms if _used(kept, injections))
    seconds += (costs.attach if attached or moved else 0.0) + (costs.adapter if any(not each.tokens for each in injections) else 0.0)
    return {
        "odds": {name: round(share, 4) for name, share in task.odds.items()},
        "room": signals.room,
        "window": signals.window,
        "load": signals.load,
        "hit_rate": signals.hit_rate,
        "capabilities": sorted(name for name, has in asdict(signals.capabilities).items() if has),
        "compose": signals.compose,
        "costs": _costs(signals),
        "policy": policy.weighing.model_dump(),
        "seconds": round(seconds, 4),
        "seconds_as_text": round(costs.read(tokens), 4),
        "candidates": [_numbers(each) for each in every],
    }


def _used(kept: Available, injections: Sequence[Injection]) -> bool:
    return kept.form is MemoryType.ACTIVATION and any(each.via == kept.via for each in injections)


def _costs(signals: Signals) -> dict[str, Any]:
    costs = signals.costs
    names = ("linear", "quadratic", "attach", "adapter", "composed")
    return {name: getattr(costs, name) for name in names} | {"load": dict(costs.load)}


def _numbers(each: Weighed) -> dict[str, Any]:
    """What a candidate was weighed by."""
    candidate = each.candidate
    numbers: dict[str, Any] = {
        "cube": candidate.cube,
        "tokens": candidate.tokens,
        "rank": candidate.rank,
        "similarity": round(candidate.similarity, 5),
        "heat": round(candidate.heat, 4),
        "priority": candidate.priority,
        "chance": round(each.chance, 6),
        "worth": round(each.worth, 6),
        "fit": round(each.fit, 3),
    }
    if candidate.said_at is not None:
        numbers["said_at"] = candidate.said_at.isoformat()
    if each.place != candidate.rank:
        numbers["place"] = each.place
    if each.share != 1.0:
        numbers["share"] = each.share
    if candidate.forms:
        numbers["forms"] = [[str(kept.form), kept.tier, kept.via, kept.tokens] for kept in candidate.forms]
    for name in ("standing", "pinned", "protected", "kind", "generated"):
        if getattr(candidate, name):
            numbers[name] = getattr(candidate, name)
    return numbers

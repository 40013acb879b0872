"""MemScheduler: `plan` decides what a model is given for a request, in which form and order, and says why. Pure: values in, a value out."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from memos.memcube.call import MemoryCall
from memos.memcube.plan import Injection, Passed, Plan
from memos.memcube.state import MemoryType
from memos.operation.memscheduler.echoes import echoes
from memos.operation.memscheduler.policies import USUAL, Policy
from memos.operation.memscheduler.reasons import REPEATS, Told, inputs_of
from memos.operation.memscheduler.signals import Available, Candidate, Signals
from memos.operation.memscheduler.tasks import Classified, classify
from memos.operation.memscheduler.weighing import Weighed, twins, weighed

STEPS = 16
"""How many lengths of the beginning that an engine of its own may know are compared, beside none."""
Pinned = tuple[Weighed, Available | None]
"""A memory in the beginning of the prompt: in a block, or for an engine with a cache of its own as text."""


@dataclass(slots=True)
class Choice:
    """What is chosen so far, each list in its order."""

    task: Classified
    signals: Signals
    policy: Policy
    adapter: str | None = None
    pinned: list[Pinned] = field(default_factory=list)
    beginnings: list[dict[str, Any]] = field(default_factory=list)
    """What each beginning would have brought."""
    learnt: list[Weighed] = field(default_factory=list)
    texts: list[Pinned] = field(default_factory=list)
    passed: dict[str, str] = field(default_factory=dict)

    @property
    def second(self) -> float:
        """What a second of the model is worth now, in chances."""
        weighing = self.policy.weighing
        return weighing.price * (1 + weighing.busy * self.signals.load)


def plan(call: MemoryCall, candidates: Sequence[Candidate], signals: Signals, policy: Policy = USUAL) -> Plan:
    """Decide for one request. The candidates are what a search found, best first, and what stands in a block beside it.

    Standing instructions come first, as far as their share of the room goes; the rest of the room is filled greedily by what a memory is
    worth for its tokens, a model's own answers last. Of the blocks with which the prompt can begin that one is attached with which all
    brings most. What an adapter has learnt needs no text where the request asks how something is done. `call.query.text` is what is asked.
    """
    asked, among = call.query.text if call.query is not None else "", _once(candidates)
    task, heard = classify(asked, signals.history), echoes(asked, among)
    choice = Choice(task, signals, policy)
    every = _ordered([weighed(each, task.odds, signals, policy, heard) for each in among], policy)
    looked = [each for each in every if _looked_for(each) and each.share]
    choice.passed |= {each.cube: REPEATS for each in every if _looked_for(each) and not each.share}
    same = twins(looked, policy.weighing.alike)
    for cube, other in same.items():
        choice.passed[cube] = f"it says what {other} says"
    found = [each for each in looked if each.cube not in same or each.candidate.pinned]
    wanted = _filled(found, signals.room, choice)
    _route(wanted, choice)
    learnt = {each.cube for each in choice.learnt}
    _pin([each for each in found if each.cube not in learnt], every, {each.cube for each in wanted}, choice)
    given = learnt | {each.cube for each, _ in choice.pinned}
    taken = sum(each.tokens for each, _ in choice.pinned)
    rest = _filled([each for each in found if each.cube not in given], signals.room - taken, choice, after=taken, tell=True)
    choice.texts = [(each, _composed(each, choice)) for each in sorted(rest, key=_place)]
    return _told(choice, [each for each in every if _looked_for(each) or each.cube in given])


def _looked_for(each: Weighed) -> bool:
    """Whether a memory is a candidate by itself, and not only as a part of some block."""
    return each.candidate.rank is not None or each.candidate.standing or each.candidate.pinned


def _once(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Each memory once: where it was found and is pinned, as both."""
    seen: dict[str, Candidate] = {}
    for each in candidates:
        first = seen.get(each.cube, each)
        seen[each.cube] = replace(first, pinned=first.pinned or each.pinned, forms=first.forms or each.forms)
    return list(seen.values())


def _ordered(found: Sequence[Weighed], policy: Policy) -> list[Weighed]:
    """Standing instructions, then the others by what they are worth for their tokens, a model's answers last; equal ones by id."""
    thrift = policy.weighing.thrift
    return sorted(
        found, key=lambda each: (not each.candidate.standing, each.late, -each.worth / max(1, each.tokens) ** thrift, each.cube)
    )  # fmt: skip


def _filled(found: Sequence[Weighed], room: int, choice: Choice, *, after: int = 0, tell: bool = False) -> list[Weighed]:
    """The greedy filling of some room; with `tell` it is noted why each of the others is left out."""
    chosen: list[Weighed] = []
    left, first = room, _standing(found, int(room * choice.policy.weighing.standing))
    ordinary = [each for each in found if not each.candidate.standing and not each.late]
    late = [each for each in found if each.cube not in first and (each.candidate.standing or each.late)]
    for each in [*first.values(), *ordinary, *late]:
        seconds = _seconds(each, after + room - left, choice)
        if each.cube in first:
            pass
        elif each.tokens > left:
            choice.passed.setdefault(each.cube, f"its {each.tokens} tokens do not fit the {left} that are left") if tell else None
            continue
        elif each.worth < choice.second * seconds:
            reason = f"a chance of {each.worth:.4f} is not worth the {seconds:.2f} s of reading it"
            choice.passed.setdefault(each.cube, reason) if tell else None
            continue
        left -= each.tokens
        chosen.append(each)
    return chosen


def _standing(found: Sequence[Weighed], room: int) -> dict[str, Weighed]:
    """The standing instructions that fit their share of the room; the others wait until all else is given."""
    first: dict[str, Weighed] = {}
    for each in found:
        if each.candidate.standing and each.tokens <= room:
            room -= each.tokens
            first[each.cube] = each
    return first


def _seconds(each: Weighed, after: int, choice: Choice) -> float:
    """What it takes to read a memory where it would stand, or to compose it where that is possible."""
    seconds = choice.signals.costs.read(each.tokens, after)
    return seconds * choice.signals.costs.composed if _composed(each, choice) is not None else seconds


def _route(wanted: Sequence[Weighed], choice: Choice) -> None:
    """Switch on the one adapter that saves the most reading for this request, if one saves more than the KV that it makes useless."""
    signals = choice.signals
    if not signals.capabilities.adapters:
        return
    costs, fits = signals.costs, choice.policy.weighing.learnt
    saved: dict[str, float] = {}
    for each in wanted:
        for via in each.learnt if each.fit >= fits and each.candidate.protected is None else ():
            saved[via] = saved.get(via, 0.0) + costs.read(each.tokens) * each.fit
    if not saved:
        return
    best = max(sorted(saved), key=saved.__getitem__)
    lost = _attached(wanted, None, choice) - _attached([each for each in wanted if best not in each.learnt], best, choice)
    if saved[best] > costs.adapter + max(0.0, lost):
        choice.adapter = best
        choice.learnt = [each for each in wanted if best in each.learnt and each.fit >= fits and each.candidate.protected is None]


def _attached(wanted: Sequence[Weighed], adapter: str | None, choice: Choice) -> float:
    """The seconds of reading some memories that the best block would save."""
    if not choice.signals.capabilities.activation:
        return 0.0
    costs, saved = choice.signals.costs, dict[str, float]()
    for each in wanted:
        for block in each.beginnings(adapter) if each.candidate.protected is None else ():
            saved[block.via] = saved.get(block.via, 0.0) + costs.read(each.tokens) - costs.load[block.tier] * each.tokens
    return max(saved.values(), default=0.0)


def _pin(found: Sequence[Weighed], every: Sequence[Weighed], wanted: Collection[str], choice: Choice) -> None:
    """Let the prompt begin with what brings most: nothing, one block, or for an engine with a cache of its own some of the pinned."""
    learnt = {each.cube for each in choice.learnt}
    ways: list[list[Pinned]] = [[], *_blocks(every, learnt, choice), *_lengths(found, choice)]
    best, most = ways[0], -math.inf
    for way in ways:
        choice.pinned = way
        value = _brings(found, wanted, choice)
        if value is None:
            continue
        choice.beginnings.append(_way(way, value))
        if value > most:
            best, most = way, value
    choice.pinned = best
    given = {each.cube for each, _ in best}
    for each in found:
        if each.candidate.pinned and each.cube not in given:
            choice.passed.setdefault(each.cube, "keeping it pinned does not pay for this request")


def _blocks(every: Sequence[Weighed], learnt: Collection[str], choice: Choice) -> Iterator[list[Pinned]]:
    """The blocks with which the prompt can begin under the adapter in force, each with all its memories in canonical order."""
    if not choice.signals.capabilities.activation:
        return
    held: dict[str, list[Pinned]] = {}
    for each in sorted(every, key=lambda each: each.cube):
        for block in each.beginnings(choice.adapter):
            held.setdefault(block.via, []).append((each, block))
    for via in sorted(held):
        if all(each.candidate.protected is None and each.cube not in learnt for each, _ in held[via]):
            yield held[via]


def _lengths(found: Sequence[Weighed], choice: Choice) -> Iterator[list[Pinned]]:
    """Beginnings of the pinned memories, in canonical order, for an engine that keeps the KV of what it has read."""
    able = choice.signals.capabilities
    if able.activation or not able.keeps:
        return
    ready = sorted((each for each in found if each.candidate.pinned and each.candidate.protected is None), key=lambda each: each.cube)
    for length in sorted({len(ready) * step // STEPS for step in range(1, STEPS + 1)} - {0}):
        yield [(each, None) for each in ready[:length]]


def _way(way: Sequence[Pinned], value: float) -> dict[str, Any]:
    """What is told of a beginning."""
    via = next((block.via for _, block in way if block is not None), None)
    return {"via": via, "memories": len(way), "tokens": sum(each.tokens for each, _ in way), "brings": round(value, 6)}


def _brings(found: Sequence[Weighed], wanted: Collection[str], choice: Choice) -> float | None:
    """What the beginning brings with all that is read behind it, in chances; None for one that does not fit.

    Seconds count at their price. In a dialogue what would not be there else is worth more, since turns refer to what was before.
    """
    costs, signals, pinned = choice.signals.costs, choice.signals, choice.pinned
    taken = sum(each.tokens for each, _ in pinned)
    if taken > signals.room:
        return None
    seconds = sum(costs.load[block.tier] * each.tokens for each, block in pinned if block is not None)
    seconds += (1 - signals.hit_rate) * costs.read(sum(each.tokens for each, block in pinned if block is None))
    seconds += costs.attach if any(block is not None for _, block in pinned) else 0.0
    given = {each.cube for each, _ in pinned}
    texts = _filled([each for each in found if each.cube not in given], signals.room - taken, choice, after=taken)
    after = taken
    for each in texts:
        seconds += _seconds(each, after, choice)
        after += each.tokens
    kept = sum(each.worth * (1.0 if each.cube in wanted else 1 + choice.task.odds["dialogue"]) for each, _ in pinned)
    return kept + sum(each.worth for each in texts) - choice.second * seconds


def _composed(each: Weighed, choice: Choice) -> Available | None:
    """The block by which a retrieved memory is composed, where that is allowed and cheaper than reading it; behind no block of several."""
    signals = choice.signals
    if not (signals.compose and signals.capabilities.compose) or each.candidate.protected is not None or len(choice.pinned) > 1:
        return None
    block = each.block(choice.adapter)
    if block is None or signals.costs.load[block.tier] >= (1 - signals.costs.composed) * signals.costs.linear:
        return None
    return block


def _place(each: Weighed) -> tuple[bool, bool, str]:
    """Where a retrieved memory stands: instructions first, a model's answers last, in canonical order, which is that of time, not score."""
    return (not each.candidate.standing, each.late, each.cube)


def _told(choice: Choice, every: Sequence[Weighed]) -> Plan:
    """The plan, with its reasons and its numbers."""
    told = Told(choice.signals, choice.second)
    made: list[Injection] = [told.learnt(each, choice.adapter or "") for each in choice.learnt]
    made += [told.pinned(each, block) for each, block in choice.pinned]
    made += [told.composed(each, block) if block is not None else told.text(each) for each, block in choice.texts]
    given = {each.cube for each in made}
    injections = tuple(each.model_copy(update={"order": place}) for place, each in enumerate(made))
    passed = tuple(Passed(cube=cube, reason=reason) for cube, reason in choice.passed.items() if cube not in given)
    tokens = sum(each.tokens for each in injections)
    return Plan(
        task=choice.task.task,
        confidence=choice.task.confidence,
        budget=choice.signals.budget,
        tokens=tokens,
        read=tokens - sum(each.cached for each in injections),
        injections=injections,
        passed=passed,
        adapter=choice.adapter,
        policy=choice.policy.name,
        inputs=inputs_of(every, choice.signals, choice.policy, choice.task, injections) | {"beginnings": choice.beginnings},
    )


def forms(plan: Plan) -> dict[MemoryType, int]:
    """How many memories a plan gives in each form."""
    counts = dict.fromkeys(MemoryType, 0)
    for each in plan.injections:
        counts[each.form] += 1
    return counts

"""MemScheduler: `plan` decides what a model is given for a request, in which form and order, and says why. Pure: values in, a value out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from memos.memcube.call import MemoryCall
from memos.memcube.plan import Injection, Passed, Plan
from memos.memcube.state import MemoryType
from memos.operation.memscheduler.policies import USUAL, Policy
from memos.operation.memscheduler.reasons import Told, inputs_of
from memos.operation.memscheduler.signals import Available, Candidate, Signals
from memos.operation.memscheduler.tasks import Classified, classify
from memos.operation.memscheduler.weighing import FOLLOWS, Weighed, twins, weighed


@dataclass(slots=True)
class Choice:
    """What is chosen so far, each list in its order."""

    task: Classified
    signals: Signals
    policy: Policy
    adapter: str | None = None
    pinned: list[tuple[Weighed, Available | None]] = field(default_factory=list)
    learnt: list[Weighed] = field(default_factory=list)
    texts: list[tuple[Weighed, Available | None]] = field(default_factory=list)
    passed: dict[str, str] = field(default_factory=dict)

    @property
    def second(self) -> float:
        """What a second of the model is worth now, in chances."""
        weighing = self.policy.weighing
        return weighing.price * (1 + weighing.busy * self.signals.load)


def plan(call: MemoryCall, candidates: Sequence[Candidate], signals: Signals, policy: Policy = USUAL) -> Plan:
    """Decide for one request. The candidates are what a search found, best first, and the memories that are pinned already.

    Standing instructions come first, as far as their share of the room goes; the rest of the room is filled greedily by what a memory is
    worth for its tokens. A pinned beginning stays as far as it pays. What an adapter has learnt needs no text where the request asks how
    something is done. `call.query.text` is what is asked.
    """
    task = classify(call.query.text if call.query is not None else "", signals.history)
    choice = Choice(task, signals, policy)
    every = _ordered([weighed(each, task.odds, signals, policy) for each in _once(candidates)], policy)
    same = twins(every, policy.weighing.alike)
    for cube, other in same.items():
        choice.passed[cube] = f"it says what {other} says"
    found = [each for each in every if each.cube not in same or each.candidate.pinned]
    wanted = _filled(found, signals.room, choice)
    _route(wanted, choice)
    learnt = {each.cube for each in choice.learnt}
    _pin([each for each in found if each.cube not in learnt], {each.cube for each in wanted}, choice)
    given = learnt | {each.cube for each, _ in choice.pinned}
    room = signals.room - sum(each.tokens for each, _ in choice.pinned)
    rest = _filled([each for each in found if each.cube not in given], room, choice, tell=True)
    choice.texts = [(each, _composed(each, choice)) for each in sorted(rest, key=_place)]
    return _told(choice, every)


def _once(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Each memory once: where it was found and is pinned, as both."""
    seen: dict[str, Candidate] = {}
    for each in candidates:
        first = seen.get(each.cube, each)
        seen[each.cube] = replace(first, pinned=first.pinned or each.pinned, forms=first.forms or each.forms)
    return list(seen.values())


def _ordered(found: Sequence[Weighed], policy: Policy) -> list[Weighed]:
    """Standing instructions, then the others by what they are worth for their tokens; equal ones by id."""
    thrift = policy.weighing.thrift
    return sorted(found, key=lambda each: (not each.candidate.standing, -each.worth / max(1, each.tokens) ** thrift, each.cube))


def _filled(found: Sequence[Weighed], room: int, choice: Choice, *, tell: bool = False) -> list[Weighed]:
    """The greedy filling of some room; with `tell` it is noted why each of the others is left out."""
    chosen: list[Weighed] = []
    left, reserved = room, int(room * choice.policy.weighing.standing)
    for each in found:
        seconds = choice.signals.costs.read(each.tokens, room - left)
        if each.candidate.standing and each.tokens <= reserved:
            reserved -= each.tokens
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
    """The seconds that attaching the blocks of some memories would save."""
    costs = choice.signals.costs
    if not choice.signals.capabilities.activation:
        return 0.0
    blocks = ((each, each.block(adapter, exact=True)) for each in wanted if each.candidate.protected is None)
    return sum(costs.read(each.tokens) - costs.load[block.tier] * each.tokens for each, block in blocks if block is not None)


def _pin(found: Sequence[Weighed], wanted: set[str], choice: Choice) -> None:
    """Keep as much of the stable beginning, in canonical order, as pays for this request and those that are expected to follow it."""
    ready = sorted(((each, kept) for each in found if (kept := _kept(each, choice)) is not None), key=lambda pair: pair[0].cube)
    best, gain, taken, length = 0.0, 0.0, 0, 0
    for place, (each, kept) in enumerate(ready, start=1):
        taken += each.tokens
        if taken > choice.signals.room:
            break
        gain += _gain(each, kept[0], taken - each.tokens, choice, wanted=each.cube in wanted)
        cost = choice.signals.costs.attach if kept[0] is not None else 0.0
        if gain - cost > best:
            best, length = gain - cost, place
    choice.pinned = [(each, kept[0]) for each, kept in ready[:length]]
    for each, _ in ready[length:]:
        if each.cube not in wanted:
            choice.passed.setdefault(each.cube, "keeping it pinned does not pay for this request")


def _kept(each: Weighed, choice: Choice) -> tuple[Available | None] | None:
    """What of a memory can stand in the pinned beginning: its block, or its text for an engine with a cache of its own; None if neither."""
    if each.candidate.protected is not None:
        return None
    if choice.signals.capabilities.activation:
        block = each.block(choice.adapter, exact=True)
        return None if block is None else (block,)
    return (None,) if choice.signals.capabilities.keeps and each.candidate.pinned else None


def _gain(each: Weighed, block: Available | None, after: int, choice: Choice, *, wanted: bool) -> float:
    """The seconds that a memory's place in the beginning gains; one that is not wanted costs its loading and takes room from others."""
    costs, signals = choice.signals.costs, choice.signals
    follows = sum(share * FOLLOWS[task] for task, share in choice.task.odds.items())
    read = costs.read(each.tokens, after)
    spared = read - costs.load[block.tier] * each.tokens if block is not None else read * signals.hit_rate
    if wanted:
        return spared * (1 + (follows - 1) / 2)
    coming = min(1.0, each.worth * follows)
    return spared * coming - (read - spared) - (0.0 if block is not None else read * (1 - coming))


def _composed(each: Weighed, choice: Choice) -> Available | None:
    """The block by which a retrieved memory is composed, where that is allowed and cheaper than reading it."""
    signals = choice.signals
    if not (signals.compose and signals.capabilities.compose) or each.candidate.protected is not None:
        return None
    block = each.block(choice.adapter, exact=False)
    if block is None or signals.costs.load[block.tier] >= (1 - signals.costs.composed) * signals.costs.linear:
        return None
    return block


def _place(each: Weighed) -> tuple[bool, str]:
    """Where a retrieved memory stands: instructions first, then in canonical order, which is that of time; never by score."""
    return (not each.candidate.standing, each.cube)


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
        inputs=inputs_of(every, choice.signals, choice.policy, choice.task, injections),
    )


def forms(plan: Plan) -> dict[MemoryType, int]:
    """How many memories a plan gives in each form."""
    counts = dict.fromkeys(MemoryType, 0)
    for each in plan.injections:
        counts[each.form] += 1
    return counts

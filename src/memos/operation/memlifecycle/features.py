"""Features: what speaks for and against that a later reading ends an earlier one, as numbers between 0 and 1."""

from __future__ import annotations

from collections.abc import Mapping

from memos.operation.memlifecycle.alignment import align, is_grounded, weigh
from memos.operation.memlifecycle.bearing import bears
from memos.operation.memlifecycle.grammar import TURNS, UNSAFE
from memos.operation.memlifecycle.reading import NEGATIVE, POSITIVE, Reading, Statement, Unit
from memos.operation.memlifecycle.words import lexicon

_SAME_SITTING = 3600.0
_SINGLE_PLACE = frozenset({"residence", "job"})
_FIRM = POSITIVE | NEGATIVE
_LONG = 40.0


def features(old: Unit, new: Unit, before: Statement, after: Statement) -> dict[str, float] | None:
    """Name → value, what is 0 left out; None when the two share nothing that could have changed."""
    words = lexicon()
    shared = old.signs.keys() & new.signs.keys()
    topics = frozenset(old.topics.keys() & new.topics.keys())
    specific = topics - words.broad
    families = frozenset(old.states.keys() & new.states.keys())
    if not (shared or topics or families or (old.people & new.names) or (old.names & new.names)):
        return None
    found: dict[str, float] = {}
    strength = words.weight(shared)
    found["link"] = min(strength, 3.0) / 3
    found["cover"] = strength / (min(old.weight, new.weight) or 1.0)
    found["cosine"] = strength / ((old.weight * new.weight) ** 0.5 or 1.0)
    found["topics"] = min(len(specific), 3) / 3
    found["broad topics"] = min(len(topics & words.broad), 3) / 3
    found["anchor"] = float(strength >= 1)
    _compare_people(found, old, new)
    _compare_speakers(found, before, after)
    for stem in shared - words.weak:
        _flip(found, "name" if stem in old.name_stems else "word", old.signs[stem], new.signs[stem])
    for topic in topics:
        _flip(found, "topic", old.topics[topic], new.topics[topic])
    for family in families:
        if family not in words.anchored or strength >= 1:
            _compare_states(found, family, old.states[family], new.states[family], words.loose, firm=family not in words.anchored)
    _compare_numbers(found, old, new)
    if any(number.unit == "year" and isinstance(number.value, float) and number.value < after.said_at.year for number in new.numbers):
        found["earlier year"] = 1.0
    _compare_values(found, old, new, topics)
    _compare_cues(found, old, new, specific)
    _describe(found, old, new)
    _compare_modifiers(found, old, new)
    _compare_sentences(found, old, new)
    align(found, old, new)
    weigh(found)
    found["borne"] = float(bears(found, old, new))
    found["grounded"] = float(is_grounded(found, old, new, specific | (families - words.anchored)))
    return {name: value for name, value in found.items() if value}


def _compare_people(found: dict[str, float], old: Unit, new: Unit) -> None:
    same = not (old.people.isdisjoint(new.people) and old.people.isdisjoint(new.names) and new.people.isdisjoint(old.names))
    found["same person"] = float(same)
    found["other person"] = float(bool(old.people) and bool(new.people) and not same)
    found["nobody"] = float(not old.people or not new.people)
    found["named"] = float(not old.names.isdisjoint(new.names))
    clashes = [kind for kind in old.contrasts.keys() & new.contrasts.keys() if old.contrasts[kind].isdisjoint(new.contrasts[kind])]
    found["clash"] = float(bool(clashes))
    found["clash of kin"] = float("kin" in clashes)


def _compare_speakers(found: dict[str, float], before: Statement, after: Statement) -> None:
    found["other speaker"] = float(before.speaker != after.speaker and bool(before.speaker and after.speaker))
    found["same sitting"] = float(abs((after.said_at - before.said_at).total_seconds()) < _SAME_SITTING)
    found["assistant"] = float((after.speaker or after.role or "").lower() == "assistant")


def _flip(found: dict[str, float], name: str, old: int, new: int) -> None:
    """Whether what held is denied, or what was denied holds."""
    before, after = (old | old >> 2) & _FIRM, new & _FIRM
    if before == POSITIVE and after & NEGATIVE:
        found[f"{name} ends"] = 1.0
    elif before == NEGATIVE and after == POSITIVE:
        found[f"{name} begins"] = 1.0
    elif before == after == NEGATIVE:
        found[f"{name} denied twice"] = 1.0


def _compare_states(
    found: dict[str, float], family: str, old: Mapping[str, int], new: Mapping[str, int], loose: frozenset[str], *, firm: bool
) -> None:
    kind = "loose state" if family in loose else "state"
    before = {member for member, sign in old.items() if (sign | sign >> 2) & POSITIVE}
    after = {member for member, sign in new.items() if sign & POSITIVE}
    if before and after:
        found[f"{kind} {'same' if before & after else 'changed'}"] = 1.0
        if kind == "state" and not before & after and firm:
            found["firm state"] = 1.0
    if any(new.get(member, 0) & _FIRM == NEGATIVE for member in before):
        found[f"{kind} ends"] = 1.0


def _compare_numbers(found: dict[str, float], old: Unit, new: Unit) -> None:
    words = lexicon()
    kinds = {number.unit for number in new.numbers}
    for before in old.numbers:
        for after in new.numbers:
            if before.unit == "year" or after.unit == "year" or ("year" in kinds and after.unit == "date"):
                continue
            same = before.value == after.value or (before.unit == after.unit == "time" and _clock(before.value) == _clock(after.value))
            near = "near" if (before.heads & after.heads) - words.measures else "far"
            if not same and before.also and before.also == after.also and before.unit not in words.units:
                found["numbered differently"] = 1.0
            if same:
                found["number same"] = 1.0
            elif {before.unit, before.also} & {after.unit, after.also} - {""}:
                found[f"number {near}"] = 1.0
            elif not before.unit or not after.unit:
                found[f"bare number {near}"] = 1.0
    found["only new number"] = float(bool(new.numbers) and not old.numbers)


def _clock(value: float | str) -> float:
    return float(value) % 12 if isinstance(value, float | int) else -1.0


def _compare_values(found: dict[str, float], old: Unit, new: Unit, topics: frozenset[str]) -> None:
    words = lexicon()
    if _SINGLE_PLACE & topics and old.places and new.places:
        found["place changed" if old.places.isdisjoint(new.places) else "place same"] = 1.0
    if old.addresses and new.addresses:
        found["address changed" if old.addresses.isdisjoint(new.addresses) else "address same"] = 1.0
    if old.values and new.values:
        found["value changed" if old.values.isdisjoint(new.values) else "value same"] = 1.0
    found["narrower"] = float(not words.countries.isdisjoint(old.values) and words.countries.isdisjoint(new.values))
    found["only new name"] = float(bool(new.values - old.names) and not old.values)
    for key in old.slots.keys() & new.slots.keys():
        found["slot same" if old.slots[key] & new.slots[key] else "slot changed"] = 1.0
    if old.label and new.label:
        found["label same" if old.label == new.label else "label differs"] = 1.0
    if old.label and old.label <= new.signs.keys():
        found["label told"] = 1.0


def _compare_cues(found: dict[str, float], old: Unit, new: Unit, specific: frozenset[str]) -> None:
    """Cues of change by what they stand near, and the modes of the sentences that have to do with the old text."""
    by_word, by_topic, modes = set[str](), set[str](), set[str]()
    for sentence in new.sentences:
        if not (old.telling.isdisjoint(sentence.stems) and specific.isdisjoint(sentence.topics)):
            modes |= sentence.modes - {"reported"} if sentence.reporter in old.people else sentence.modes
        if "question" in sentence.modes or "suppose" in sentence.modes:
            continue
        for cue, (near, about) in sentence.cues.items():
            if not old.telling.isdisjoint(near):
                by_word.add(cue)
            elif not specific.isdisjoint(about):
                by_topic.add(cue)
    found.update((f"{cue} by word", 1.0) for cue in by_word)
    found.update((f"{cue} by topic", 1.0) for cue in by_topic - by_word)
    found.update((f"{cue} apart", 1.0) for cue in new.cues - by_word - by_topic)
    found.update((mode if mode in modes else f"{mode} apart", 1.0) for mode in UNSAFE & (modes | new.modes))


def _describe(found: dict[str, float], old: Unit, new: Unit) -> None:
    """What either text is like, whatever the other says."""
    found["nothing firm"] = float(new.firm == 0)
    found["old asks"] = float("question" in old.modes and old.firm < 3)
    found["old hedged"] = float(bool(old.modes & {"suppose", "wish", "quoted", "reported"}))
    found["old addressed"] = float("address" in old.modes)
    found["old past"] = float("past" in old.modes)
    found["old ended"] = float("end" in old.cues)
    found["old planned"] = float("plan" in old.topics)
    found["old event"] = float(old.event)
    found["new event"] = float(new.event)
    found["both events"] = float(new.event and old.event)
    found["chatty"] = new.chatty
    found["chatty before"] = old.chatty
    found["long"] = min(new.weight, _LONG) / _LONG
    found["long before"] = min(old.weight, _LONG) / _LONG


def _compare_modifiers(found: dict[str, float], old: Unit, new: Unit) -> None:
    for head in old.modifiers.keys() & new.modifiers.keys():
        before, after = old.modifiers[head], new.modifiers[head]
        if before & after:
            found["modifier same"] = 1.0
        elif after.isdisjoint(old.signs) and before.isdisjoint(new.signs):
            found["modifier differs"] = 1.0
    found["holder differs"] = float(bool(new.holders - old.names) and bool(old.names - new.names))


def _compare_sentences(found: dict[str, float], old: Unit, new: Unit) -> None:
    weight = lexicon().weight
    best, turning, event = 0.0, 0.0, False
    for after in new.sentences:
        for before in old.sentences:
            common = before.stems & after.stems
            if common:
                score = weight(common) / ((before.weight * after.weight) ** 0.5 or 1.0)
                if score > best:
                    best, event = score, before.event
                if score > turning and not TURNS.isdisjoint(after.cues):
                    turning = score
    found["sentence cosine"] = best
    found["turning cosine"] = turning
    found["sentence of event"] = float(event)


def unit_features(old: Reading, new: Reading) -> list[dict[str, float]]:
    """The features of every pair of units that share something."""
    found = (features(before, after, old.statement, new.statement) for before in old.units for after in new.units)
    return [each for each in found if each is not None]

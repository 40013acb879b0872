"""Features: what speaks for and against that a later reading ends an earlier one, as numbers between 0 and 1."""

from __future__ import annotations

from collections.abc import Mapping

from memos.operation.memlifecycle.alignment import align, is_grounded, weigh
from memos.operation.memlifecycle.grammar import TURNS
from memos.operation.memlifecycle.reading import NEGATIVE, POSITIVE, Reading, Statement, Unit
from memos.operation.memlifecycle.words import lexicon

_SAME_SITTING = 3600.0
_SINGLE_PLACE = frozenset({"residence", "job"})
_FIRM = POSITIVE | NEGATIVE
_VETOES = ("question", "suppose", "wish", "past", "passing", "reported", "quoted", "address")


def features(old: Unit, new: Unit, before: Statement, after: Statement) -> dict[str, float] | None:
    """Name → value, what is 0 left out; None when the two share nothing that could have changed."""
    words = lexicon()
    shared = old.signs.keys() & new.signs.keys()
    topics = old.topics.keys() & new.topics.keys()
    families = old.states.keys() & new.states.keys()
    if not (shared or topics or families or (old.people & new.names) or (old.names & new.names)):
        return None
    found: dict[str, float] = {}
    strength = sum(words.weight(stem) for stem in shared)
    found["link"] = min(strength, 3.0) / 3
    found["cover"] = strength / (min(old.weight, new.weight) or 1.0)
    found["cosine"] = strength / ((old.weight * new.weight) ** 0.5 or 1.0)
    found["topics"] = min(len(topics - words.broad), 3) / 3
    found["broad topics"] = min(len(topics & words.broad), 3) / 3
    found["anchor"] = float(strength >= 1)
    _compare_people(found, old, new)
    _compare_speakers(found, before, after)
    _flips(found, {stem: sign for stem, sign in old.signs.items() if stem not in old.name_stems}, new.signs, "word", words.weak)
    _flips(found, {stem: sign for stem, sign in old.signs.items() if stem in old.name_stems}, new.signs, "name", words.weak)
    _flips(found, old.topics, new.topics, "topic", frozenset())
    for family in families:
        if family not in words.anchored or strength >= 1:
            _compare_states(found, family, old.states[family], new.states[family], words.loose, firm=family not in words.anchored)
    _compare_numbers(found, old, new)
    _compare_values(found, old, new, topics)
    _compare_cues(found, old, new, topics)
    _compare_modifiers(found, old, new)
    _compare_sentences(found, old, new)
    align(found, old, new)
    weigh(found)
    found["grounded"] = float(is_grounded(found, old, new, (topics - words.broad) | (families - words.anchored)))
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


def _flips(found: dict[str, float], old: Mapping[str, int], new: Mapping[str, int], name: str, weak: frozenset[str]) -> None:
    """Whether what held is denied, and what was denied holds."""
    for item in old.keys() & new.keys():
        if item in weak:
            continue
        before, after = (old[item] | old[item] >> 2) & _FIRM, new[item] & _FIRM
        if before == POSITIVE and after & NEGATIVE:
            found[f"{name} ends"] = 1.0
        elif before == NEGATIVE and after == POSITIVE:
            found[f"{name} begins"] = 1.0
        elif before == after == NEGATIVE:
            found[f"{name} denied twice"] = 1.0


def _compare_states(found: dict[str, float], family: str, old: Mapping[str, int], new: Mapping[str, int], loose: frozenset[str], *, firm: bool) -> None:
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
            if before.unit == "year" or after.unit == "year" or "year" in kinds and after.unit == "date":
                continue
            same = before.value == after.value or (before.unit == after.unit == "time" and _clock(before.value) == _clock(after.value))
            near = "near" if (before.heads & after.heads) - words.measures else "far"
            if same:
                found["number same"] = 1.0
            elif {before.unit, before.also} & {after.unit, after.also} - {""}:
                found[f"number {near}"] = 1.0
            elif not before.unit or not after.unit:
                found[f"bare number {near}"] = 1.0
    found["only new number"] = float(bool(new.numbers) and not old.numbers)


def _clock(value: float | str) -> float:
    return float(value) % 12 if isinstance(value, float | int) else -1.0


def _compare_values(found: dict[str, float], old: Unit, new: Unit, topics: set[str]) -> None:
    words = lexicon()
    if _SINGLE_PLACE & topics and old.places and new.places:
        found["place changed" if old.places.isdisjoint(new.places) else "place same"] = 1.0
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


def _compare_cues(found: dict[str, float], old: Unit, new: Unit, topics: set[str]) -> None:
    related, loosely = set(), set()
    words = lexicon()
    specific = topics - words.broad
    modes: set[str] = set()
    for sentence in new.sentences:
        if any(stem in old.signs and stem not in words.weak for stem in sentence.stems) or not specific.isdisjoint(sentence.topics):
            modes |= sentence.modes - {"reported"} if sentence.reporter in old.people else sentence.modes
        if "question" in sentence.modes or "suppose" in sentence.modes:
            continue
        for cue, (near, about) in sentence.cues.items():
            if any(stem in old.signs and stem not in words.weak for stem in near):
                related.add(cue)
            elif not specific.isdisjoint(about):
                loosely.add(cue)
    for cue in related:
        found[f"{cue} by word"] = 1.0
    for cue in loosely - related:
        found[f"{cue} by topic"] = 1.0
    for cue in new.cues - related - loosely:
        found[f"{cue} apart"] = 1.0
    for mode in _VETOES:
        if mode in modes:
            found[mode] = 1.0
        elif mode in new.modes:
            found[f"{mode} apart"] = 1.0
    found["nothing firm"] = float(new.firm == 0)
    found["old asks"] = float("question" in old.modes and old.firm < 3)
    found["old hedged"] = float(bool(old.modes & {"suppose", "wish", "quoted", "reported"}))
    found["old addressed"] = float("address" in old.modes)
    found["chatty"] = new.chatty
    found["chatty before"] = old.chatty
    found["old past"] = float("past" in old.modes)
    found["old ended"] = float("end" in old.cues)
    found["old planned"] = float("plan" in old.topics)
    found["long"] = min(new.weight, 40.0) / 40
    found["long before"] = min(old.weight, 40.0) / 40
    found["old event"] = float(old.event)
    found["new event"] = float(new.event)
    found["both events"] = float(new.event and old.event)


def _compare_modifiers(found: dict[str, float], old: Unit, new: Unit) -> None:
    for head in old.modifiers.keys() & new.modifiers.keys():
        found["modifier same" if old.modifiers[head] & new.modifiers[head] else "modifier differs"] = 1.0
    found["holder differs"] = float(bool(new.holders - old.names) and bool(old.names - new.names))


def _compare_sentences(found: dict[str, float], old: Unit, new: Unit) -> None:
    weight = lexicon().weight
    best, turning, event = 0.0, 0.0, False
    for after in new.sentences:
        for before in old.sentences:
            common = before.stems & after.stems
            if common:
                score = sum(map(weight, common)) / ((before.weight * after.weight) ** 0.5 or 1.0)
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

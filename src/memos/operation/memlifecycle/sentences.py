"""Sentences: what one sentence asserts or denies, in which mode, and which cues of change stand near what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from memos.operation.memlifecycle.grammar import (
    ALONE,
    AMBIGUOUS,
    BREAKS,
    DETERMINERS,
    FIRST,
    GENERIC,
    LAYING_DOWN,
    LISTED,
    MARKS,
    NEGATORS,
    OPENING_SUPPOSITIONS,
    OTHERS,
    PRESCRIBING,
    SECOND,
    TURNS,
    UNFIRM,
    denies,
)
from memos.operation.memlifecycle.names import read_names
from memos.operation.memlifecycle.numbers import numbers_of
from memos.operation.memlifecycle.reading import NEGATIVE, POSITIVE, Draft, Sentence
from memos.operation.memlifecycle.slots import read_modifiers, read_slots
from memos.operation.memlifecycle.words import Lexicon, Tag

_WORD = re.compile(r"[^\W\d_]")
_LONGEST_LABEL = 7
_SHORTEST_QUESTION = 5
_FEWEST_STEPS = 4


@dataclass(frozen=True, slots=True)
class _Line:
    """The tokens of a sentence as written, in lower case, without possessive, as stems; places of denial; phrases found, with places."""

    written: tuple[str, ...]
    low: tuple[str, ...]
    bases: tuple[str, ...]
    stems: tuple[str, ...]
    denials: tuple[int, ...]
    hits: tuple[tuple[int, Tag], ...]


def read_sentence(draft: Draft, sentence: Sequence[tuple[str, bool]]) -> None:
    """Add one sentence, its tokens each with whether it is quoted, to the unit in the making."""
    line = _line(draft.lexicon, tuple(token for token, _ in sentence))
    if line is None:
        return
    modes = _modes(line)
    if any(quoted for _, quoted in sentence):
        modes.add("quoted")
    read_names(draft, line.written, line.low, line.bases)
    draft.addresses.update(token for token in line.low if "@" in token)
    if ":" in line.low[:_LONGEST_LABEL]:
        told = zip(line.stems[: line.low.index(":")], line.low, strict=False)
        draft.label = frozenset(stem for stem, token in told if stem and token not in draft.lexicon.stop)
    content = _read_fragments(draft, line, 2 if modes & UNFIRM else 0)
    draft.firm += 0 if modes & UNFIRM else len(content)
    draft.numbers += numbers_of(line.low, line.stems, frozenset(content), draft.lexicon)
    read_slots(draft, line.low, line.stems)
    read_modifiers(draft, line.low, line.stems)
    for _, tag in line.hits:
        if tag[0] == "contrast":
            draft.contrasts.setdefault(tag[1], set()).add(tag[2])
    draft.modes |= modes
    if draft.me not in GENERIC and FIRST.isdisjoint(line.low) and not SECOND.isdisjoint(line.low):
        modes.add("address")
    draft.rules += _lays_down(line)
    draft.steps |= sum(token in LISTED for token in line.low[1:-1]) >= _FEWEST_STEPS - 1
    _add(draft, line, modes, frozenset(content))


def _line(words: Lexicon, written: tuple[str, ...]) -> _Line | None:
    low = tuple(token.lower().replace("’", "'") for token in written)
    bases = tuple(token[:-2] if token.endswith("'s") and token not in words.stop else token for token in low)
    stems = tuple(words.stems[token] if _WORD.match(token) else "" for token in bases)
    if not any(stems) and not any(token[0].isdigit() for token in low):
        return None
    denials = tuple(place for place in range(len(low)) if denies(low, place))
    bare = _Line(written, low, bases, stems, denials, ())
    found: list[tuple[int, Tag]] = []
    for phrases, keys in ((words.written, bases), (words.stemmed, stems)):
        for place, key in enumerate(keys):
            for rest, tag in phrases.get(key, ()):
                if (not rest or keys[place + 1 : place + 1 + len(rest)] == rest) and not _idle(words, bare, place, tag):
                    found.append((place, tag))
    return replace(bare, hits=tuple(found))


def _idle(words: Lexicon, line: _Line, place: int, tag: Tag) -> bool:
    """Whether a phrase does not mean here what it usually means: "never give up", "too small", "the doctor says"."""
    low = line.low
    if tag == ("cue", "end") and low[place] not in NEGATORS and low[place] != "any":
        return any(place - 3 <= i < place for i in line.denials)
    if tag == ("mode", "suppose") and low[place : place + 3] == ("would", "you", "believe"):
        return True
    if tag[0] == "cue" and low[place : place + 3] == ("now", "and", "then"):
        return True
    if low[place] == "too" and tag == ("cue", "add"):
        return place + 1 < len(low) and low[place + 1] not in MARKS
    return tag == ("mode", "reported") and place > 0 and line.bases[place - 1] in words.authorities


def _lays_down(line: _Line) -> bool:
    """Whether a sentence lays down how something is to be done: "no reminders before eight", "always two people"."""
    low = line.low
    return low[0] in PRESCRIBING or (not LAYING_DOWN.isdisjoint(low) and ALONE.isdisjoint(low) and "since" not in low)


def _modes(line: _Line) -> set[str]:
    modes = {tag[1] for _, tag in line.hits if tag[0] == "mode"}
    if line.low[-1] == "?" and len(line.low) >= _SHORTEST_QUESTION:
        modes.add("question")
    if line.low[0] in OPENING_SUPPOSITIONS:
        modes.add("suppose")
    return modes


def _add(draft: Draft, line: _Line, modes: set[str], content: frozenset[str]) -> None:
    words, low = draft.lexicon, line.low
    past = sum(token in words.past or (token.endswith("ed") and len(token) > 4) for token in low)
    present = sum(token in words.present for token in low)
    present += len(low) > 1 and low[1].endswith("s") and low[0] not in words.known
    draft.past += past
    draft.present += present
    cues = _near(line, content)
    draft.cues.update(cues)
    plain = [(place, tag) for place, tag in line.hits if not _is_ambiguous(low, place)]
    sentence = Sentence(
        cues=cues,
        tight=_tight(words, line, line.hits),
        turned={cue: near for cue, near in _tight(words, line, plain).items() if cue in TURNS},
        modes=frozenset(modes),
        stems=content,
        topics=frozenset(tag[1] for _, tag in line.hits if tag[0] == "topic"),
        reporter=next((line.bases[place - 1] for place, tag in line.hits if tag == ("mode", "reported") and place), ""),
        theirs=not OTHERS.isdisjoint(low),
        event=past > 0 and not present,
        weight=words.weight(content),
    )
    draft.sentences.append(sentence)


def _is_ambiguous(low: tuple[str, ...], place: int) -> bool:
    """Whether a word of change may well tell of none: "only powder", "the left wall"."""
    side = low[place] == "left" and place > 0 and low[place - 1] in DETERMINERS
    return side or low[place] in AMBIGUOUS


def _read_fragments(draft: Draft, line: _Line, shift: int) -> list[str]:
    """Sign what the sentence speaks of, by what is denied within the same fragment; the content stems in order."""
    words, content = draft.lexicon, []
    denied = _denied(line)
    for place, stem in enumerate(line.stems):
        if stem and line.low[place] not in words.stop and line.low[place] not in words.numbers:
            draft.signs[stem] = draft.signs.get(stem, 0) | (NEGATIVE if place in denied else POSITIVE) << shift
            content.append(stem)
    for place, tag in line.hits:
        sign = (NEGATIVE if place in denied else POSITIVE) << shift
        if tag[0] == "topic":
            draft.topics[tag[1]] = draft.topics.get(tag[1], 0) | sign
        elif tag[0] == "state":
            members = draft.states.setdefault(tag[1], {})
            members[tag[2]] = members.get(tag[2], 0) | sign
    return content


def _denied(line: _Line) -> set[int]:
    """The places that stand near a word of denial or of ending, or after one of aversion, in the same fragment."""
    low, found = line.low, set[int]()
    ends = [place for place, tag in line.hits if tag == ("cue", "end")]
    averse = [place for place, tag in line.hits if tag == ("aside", "aversion")]
    if not (ends or averse or line.denials):
        return found
    starts = [0, *(i + 1 for i, token in enumerate(low) if token in MARKS or (token in BREAKS and i)), len(low)]
    for start, end in pairwise(starts):
        for place in line.denials:
            if start <= place < end:
                found.update(range(max(start, place - 3), min(end, place + 7)))
        for place in ends:
            if start <= place < end:
                found.update(range(max(start, place - 4), min(end, place + 7)))
        found.update(*(range(place, end) for place in averse if start <= place < end))
    return found


def _near(line: _Line, content: frozenset[str]) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    near: dict[str, tuple[set[str], set[str]]] = {}
    for place, tag in line.hits:
        if tag[0] == "cue":
            stems, topics = near.setdefault(tag[1], (set(), set()))
            stems.update(content.intersection(line.stems[max(0, place - 5) : place + 8]))
            topics.update(other[1] for at, other in line.hits if other[0] == "topic" and place - 5 <= at < place + 8)
    return {cue: (frozenset(stems), frozenset(topics)) for cue, (stems, topics) in near.items()}


def _tight(words: Lexicon, line: _Line, hits: Sequence[tuple[int, Tag]]) -> dict[str, frozenset[str]]:
    low, stems = line.low, line.stems
    places = [(place, tag[1]) for place, tag in hits if tag[0] == "cue" and tag[1] in TURNS]
    places += [(place, "denial") for place in line.denials]
    if not places:
        return {}
    content = [i for i, stem in enumerate(stems) if stem and low[i] not in words.stop and low[i] not in words.numbers]
    near: dict[str, set[str]] = {}
    for place, cue in places:
        after = [i for i in content if place < i <= place + 5][:3]
        before = [] if cue == "end" and after else [i for i in content if place - 3 <= i <= place][-2:]
        near.setdefault(cue, set()).update(stems[i] for i in after + before)
    return {cue: frozenset(found) for cue, found in near.items()}

"""Statements: a text read once into who it speaks of, what it asserts or denies, its values, and the words that hedge it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from memos.operation.memlifecycle.numbers import Number, numbers_of
from memos.operation.memlifecycle.words import Lexicon, lexicon, tokens

POSITIVE, NEGATIVE = 1, 2
"""Signs of what a text speaks of: it holds, or it does not, or no longer."""
MOST_IN_UNIT = 18
"""Sentences are compared together while they have no more content words than that."""
MOST_TOKENS = 400
"""What stands after so many words of a text is not read."""

_SENTENCE_ENDS = frozenset(".!?;\n…")
_MARKS = frozenset(".!?;:,\n()\"“”…—–")
_BREAKS = frozenset({"and", "but", "so", "because", "since", "when", "while", "although", "though", "which"})
_ABBREVIATED = frozenset({"dr", "mr", "mrs", "ms", "prof", "st", "no", "vs", "etc"})
_FIRST = frozenset(
    "i me my we our us mine ours myself ourselves i'm i've i'll i'd we're we've we'll we'd".split()  # noqa: SIM905 - reads better
)
_OTHERS = frozenset({"their", "your", "theirs", "yours", "they", "they're"})
_SECOND = frozenset({"you", "your", "you're", "you've", "you'll", "you'd", "yours", "yourself"})
_GREETING = frozenset("hey hi hello thanks yeah yep wow sure ok okay congrats bye morning oh no yes haha well thank you".split())  # noqa: SIM905 - reads better
_NEGATORS = frozenset({"not", "no", "never", "cannot", "neither", "nor", "nobody", "nothing", "none", "without", "hardly"})
_VALUE_AFTER = frozenset({"in", "at", "to", "from", "near", "off", "for", "with", "called", "named", "is", "as", "on", "via", "by"})
_PLACE_AFTER = frozenset({"in", "at", "to", "near", "off", "for", "from"})
_WITH = frozenset({"with", "of", "for", "by", "dr", "mr", "mrs", "ms", "prof", "."})
_SUBJECT_OF = frozenset({"is", "has", "was", "will", "had", "isn't", "hasn't", "won't", "and", "can", "lives", "works", "says", "wants", "likes", "got"})
_COPULAS = frozenset({"is", "are", "stands", "goes", "costs", "remains", "equals", "weighs", "seats"})
_GENERIC = frozenset({"user", "human", "assistant", "ai", "bot", "system", "agent", "model", "me"})
_UNFIRM = frozenset({"suppose", "wish", "past", "question", "quoted"})
_OPENING_MODES = {"should": "suppose", "were": "suppose"}
_WORD = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Statement:
    """A memory as it is compared: its words, who said them and when, and the side of the talk that spoke."""

    text: str
    speaker: str | None
    said_at: datetime
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """What one sentence asserts: the cues of change in it, and what it speaks of."""

    cues: dict[str, tuple[frozenset[str], frozenset[str]]]
    """Each cue, with the stems and the topics near it."""
    modes: frozenset[str]
    stems: frozenset[str]
    topics: frozenset[str]
    reporter: str
    tight: dict[str, frozenset[str]]
    """The words that a cue, or a denial, stands next to."""
    theirs: bool
    """Whether it speaks of what is theirs or yours."""
    event: bool
    weight: float


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, or a few short ones, read. Signs are bits, POSITIVE and NEGATIVE, moved up by two where nothing is asserted."""

    people: frozenset[str]
    """Whom it speaks of: the speaker in the first person, and persons by name."""
    names: frozenset[str]
    name_stems: frozenset[str]
    values: frozenset[str]
    places: frozenset[str]
    holders: frozenset[str]
    modifiers: dict[str, frozenset[str]]
    event: bool
    signs: dict[str, int]
    topics: dict[str, int]
    states: dict[str, dict[str, int]]
    contrasts: dict[str, frozenset[str]]
    numbers: tuple[Number, ...]
    slots: dict[frozenset[str], frozenset[str]]
    label: frozenset[str]
    cues: frozenset[str]
    modes: frozenset[str]
    sentences: tuple[Sentence, ...]
    explicit: bool
    """Whether the text itself says of whom it speaks."""
    durable: frozenset[str]
    """The telling words of sentences that say how something is."""
    chatty: float
    """How much of it everybody says, between 0 and 1."""
    firm: int
    """How many content words stand in sentences that assert something."""
    weight: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A statement read once; `judge` compares two."""

    statement: Statement
    units: tuple[Unit, ...]
    stems: frozenset[str]
    people: frozenset[str]
    exact: tuple[frozenset[str], frozenset[str], int]
    """Capitalised words, numbers, and how often it denies: what a repetition may not change."""


@dataclass(slots=True)
class _Draft:
    """A reading in the making."""

    lexicon: Lexicon
    me: str
    people: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    holders: set[str] = field(default_factory=set)
    modifiers: dict[str, set[str]] = field(default_factory=dict)
    past: int = 0
    present: int = 0
    signs: dict[str, int] = field(default_factory=dict)
    topics: dict[str, int] = field(default_factory=dict)
    states: dict[str, dict[str, int]] = field(default_factory=dict)
    contrasts: dict[str, set[str]] = field(default_factory=dict)
    numbers: list[Number] = field(default_factory=list)
    slots: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)
    cues: set[str] = field(default_factory=set)
    modes: set[str] = field(default_factory=set)
    sentences: list[Sentence] = field(default_factory=list)
    firm: int = 0
    label: tuple[str, ...] = ()


def prepare(statement: Statement) -> Reading:
    """Read a statement once, so that it can be judged against many."""
    words = lexicon()
    me = _who(statement.speaker)
    draft = _Draft(words, me)
    units: list[Unit] = []
    quoted = False
    sentence: list[tuple[str, bool]] = []
    found = tokens(statement.text)[:MOST_TOKENS]
    for place, token in enumerate(found):
        if token in '"“”':
            quoted = token == "“" or (token == '"' and not quoted)
            if not quoted:
                draft.modes.add("quoted")
            continue
        sentence.append((token, quoted))
        if token in _SENTENCE_ENDS and not (token == "." and place and found[place - 1].lower() in _ABBREVIATED):
            draft = _add_sentence(units, draft, sentence)
            sentence = []
    if sentence:
        draft = _add_sentence(units, draft, sentence)
    if draft.sentences:
        units.append(_unit(draft, units))
    return _finish(words, statement, tuple(units), found)


def _add_sentence(units: list[Unit], draft: _Draft, sentence: Sequence[tuple[str, bool]]) -> _Draft:
    """Read a sentence into the unit being made, or into the next one when this one is long enough."""
    if draft.sentences and len(draft.signs) + sum(len(token) > 3 for token, _ in sentence) > MOST_IN_UNIT:
        units.append(_unit(draft, units))
        draft = _Draft(draft.lexicon, draft.me)
    _read_sentence(draft, sentence)
    return draft


def _who(speaker: str | None) -> str:
    name = (speaker or "").lower().split()
    return name[0] if name else ""


def _read_sentence(draft: _Draft, sentence: Sequence[tuple[str, bool]]) -> None:
    written = [token for token, _ in sentence]
    low = [token.lower().replace("’", "'") for token in written]
    words = draft.lexicon
    bases = [token[:-2] if token.endswith("'s") and token not in words.stop else token for token in low]
    stems = [words.stems[token] if _WORD.match(token) else "" for token in bases]
    if not any(stems) and not any(token[0].isdigit() for token in low):
        return
    if ":" in low[:7]:
        draft.label = tuple(stem for stem, token in zip(stems[: low.index(":")], low, strict=False) if stem and token not in words.stop)
    hits = _hits(words, bases, stems)
    hits = [(place, tag) for place, tag in hits if not _idle(words, low, bases, place, tag)]
    modes = {tag[1] for _, tag in hits if tag[0] == "mode"}
    reporter = next((bases[place - 1] for place, tag in hits if tag == ("mode", "reported") and place), "")
    if low[-1] == "?" and len(low) > 4:
        modes.add("question")
    if low[0] in _OPENING_MODES:
        modes.add(_OPENING_MODES[low[0]])
    if any(inside for _, inside in sentence):
        modes.add("quoted")
    _read_people(draft, written, low, bases)
    shift = 2 if modes & _UNFIRM else 0
    content = _read_fragments(draft, low, stems, hits, shift)
    draft.firm += 0 if shift else len(content)
    draft.modes |= modes
    cues = _near_cues(hits, stems, set(content))
    topics = {tag[1] for _, tag in hits if tag[0] == "topic"}
    draft.cues.update(cues)
    draft.numbers += numbers_of(low, stems, frozenset(content), words)
    _read_slots(draft, low, stems)
    _read_modifiers(draft, low, stems)
    past = sum(token in words.past or (token.endswith("ed") and len(token) > 4) for token in low)
    present = sum(token in words.present or (token.endswith("s") and place == 1 and low[0] not in words.known) for place, token in enumerate(low))
    draft.past += past
    draft.present += present
    if draft.me not in _GENERIC and not _FIRST.intersection(low) and not _SECOND.isdisjoint(low):
        modes.add("address")
    for _, tag in hits:
        if tag[0] == "contrast":
            draft.contrasts.setdefault(tag[1], set()).add(tag[2])
    draft.sentences.append(Sentence(cues, frozenset(modes), frozenset(content), frozenset(topics), reporter, _tight_cues(words, hits, low, stems), not _OTHERS.isdisjoint(low), past > 0 and not present, sum(map(words.weight, set(content)))))


def _idle(words: Lexicon, low: Sequence[str], bases: Sequence[str], place: int, tag: tuple[str, ...]) -> bool:
    """Whether a phrase does not mean here what it usually means."""
    if tag == ("cue", "end") and low[place] not in _NEGATORS and low[place] != "any":
        return any(_negates(low, i) for i in range(max(0, place - 3), place))
    if low[place] == "too" and tag == ("cue", "add"):
        return place + 1 < len(low) and low[place + 1] not in _MARKS
    return tag == ("mode", "reported") and place > 0 and bases[place - 1] in words.authorities


def _hits(words: Lexicon, bases: Sequence[str], stems: Sequence[str]) -> list[tuple[int, tuple[str, ...]]]:
    found = []
    for phrases, keys in ((words.written, bases), (words.stemmed, stems)):
        for place, key in enumerate(keys):
            for rest, tag in phrases.get(key, ()):
                if not rest or tuple(keys[place + 1 : place + 1 + len(rest)]) == rest:
                    found.append((place, tag))
    return found


def _read_people(draft: _Draft, written: Sequence[str], low: Sequence[str], bases: Sequence[str]) -> None:
    previous, kin = "", draft.lexicon.kin
    for place, token in enumerate(written):
        word = bases[place]
        if low[place] in _FIRST:
            relative = next((kin[bases[i]] for i in range(place + 1, min(place + 3, len(bases))) if bases[i] in kin), "")
            draft.people.add(f"{draft.me}'s {relative}" if relative and low[place] in ("my", "our") else draft.me)
        elif token[0].isupper() and word in _GENERIC:
            draft.people.add(word)
        elif token[0].isupper() and _is_name(draft.lexicon, word, place):
            previous = _read_name(draft, word, place, low, bases, previous)
            continue
        previous = previous if token == "." and place and bases[place - 1] in _ABBREVIATED else ""


def _read_name(draft: _Draft, word: str, place: int, low: Sequence[str], bases: Sequence[str], previous: str) -> str:
    before = low[place - 1] if place else ""
    after = bases[place + 1] if place + 1 < len(bases) else ""
    owns = low[place].endswith("'s")
    if after in _MARKS and ((before == "," and after in "!.?") or before in _GREETING or (not before and after == ",")):
        return ""  # a person spoken to
    relative = draft.lexicon.kin.get(after, "") if owns else ""
    draft.names.add(word)
    if owns:
        draft.holders.add(word)
    if not place and relative:
        draft.people.add(f"{word}'s {relative}")
        return "person"
    subject = before in _WITH or bases[place - 1] in draft.lexicon.kin or owns or _acts(draft.lexicon, after)
    role = previous or ("person" if subject and word not in draft.lexicon.known and not written_large(word) else "value")
    (draft.values if role == "value" else draft.people).add(word)
    if role == "value" and before in _PLACE_AFTER:
        draft.places.add(word)
    return role


def _acts(words: Lexicon, after: str) -> bool:
    return after in _SUBJECT_OF or after in words.past or after in words.present or (len(after) > 3 and after.endswith(("s", "ed")))


def written_large(word: str) -> bool:
    return False


def _is_name(words: Lexicon, word: str, place: int) -> bool:
    if place:
        return word not in words.stop
    return word not in words.known and word not in words.numbers and not word.endswith(("ing", "ed", "ly", "th"))


def _read_fragments(draft: _Draft, low: Sequence[str], stems: Sequence[str], hits: Sequence[tuple[int, tuple[str, ...]]], shift: int) -> list[str]:
    starts = [0] + [place + 1 for place, token in enumerate(low) if token in _MARKS or (token in _BREAKS and place)] + [len(low)]
    content = []
    for start, end in zip(starts, starts[1:], strict=False):
        if start >= end:
            continue
        denied = _denied(low, start, end, hits)
        averse = min((place for place, tag in hits if start <= place < end and tag == ("aside", "aversion")), default=end)
        for place in range(start, end):
            sign = (NEGATIVE if place in denied or place >= averse else POSITIVE) << shift
            stem = stems[place]
            if stem and low[place] not in draft.lexicon.stop and low[place] not in draft.lexicon.numbers:
                draft.signs[stem] = draft.signs.get(stem, 0) | sign
                content.append(stem)
        for place, tag in hits:
            if start <= place < end:
                sign = (NEGATIVE if place in denied or place >= averse else POSITIVE) << shift
                if tag[0] == "topic":
                    draft.topics[tag[1]] = draft.topics.get(tag[1], 0) | sign
                elif tag[0] == "state":
                    members = draft.states.setdefault(tag[1], {})
                    members[tag[2]] = members.get(tag[2], 0) | sign
    return content


def _near_cues(hits: Sequence[tuple[int, tuple[str, ...]]], stems: Sequence[str], content: set[str]) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    near: dict[str, tuple[set[str], set[str]]] = {}
    for place, tag in hits:
        if tag[0] == "cue":
            words, topics = near.setdefault(tag[1], (set(), set()))
            words.update(content.intersection(stems[max(0, place - 5) : place + 8]))
            topics.update(other[1] for at, other in hits if other[0] == "topic" and place - 5 <= at < place + 8)
    return {cue: (frozenset(words), frozenset(topics)) for cue, (words, topics) in near.items()}


def _tight_cues(words: Lexicon, hits: Sequence[tuple[int, tuple[str, ...]]], low: Sequence[str], stems: Sequence[str]) -> dict[str, frozenset[str]]:
    places = [(place, tag[1]) for place, tag in hits if tag[0] == "cue" and tag[1] in _TURNING]
    places += [(place, "denial") for place in range(len(low)) if _negates(low, place)]
    if not places:
        return {}
    content = [i for i, stem in enumerate(stems) if stem and low[i] not in words.stop and low[i] not in words.numbers]
    near: dict[str, set[str]] = {}
    for place, cue in places:
        after = [i for i in content if place < i <= place + 5][:3]
        before = [] if cue == "end" and after else [i for i in content if place - 3 <= i <= place][-2:]
        near.setdefault(cue, set()).update(stems[i] for i in after + before)
    return {cue: frozenset(found) for cue, found in near.items()}


_TURNING = frozenset({"end", "replace", "now", "start", "correct"})


def _denied(low: Sequence[str], start: int, end: int, hits: Sequence[tuple[int, tuple[str, ...]]]) -> set[int]:
    """The places of a fragment that stand near a word of denial or of ending."""
    found: set[int] = set()
    for place in range(start, end):
        if _negates(low, place):
            found.update(range(max(start, place - 3), min(end, place + 7)))
    for place, tag in hits:
        if start <= place < end and tag == ("cue", "end"):
            found.update(range(max(start, place - 4), min(end, place + 7)))
    return found


_HARMLESS = frozenset({"forget", "wait", "worry", "only", "doubt", "matter", "wonder", "problem", "need", "help"})


def _negates(low: Sequence[str], place: int) -> bool:
    token = low[place]
    if not (token.endswith("n't") or token in _NEGATORS):
        return False
    return place + 1 >= len(low) or low[place + 1] not in _HARMLESS


def _read_slots(draft: _Draft, low: Sequence[str], stems: Sequence[str]) -> None:
    stop = draft.lexicon.stop
    content = [bool((stem and low[place] not in stop) or low[place][0].isdigit()) for place, stem in enumerate(stems)]
    for place, token in enumerate(low):
        follows = low[place + 1] if place + 1 < len(low) else ""
        if token in _COPULAS or (token.endswith("'s") and token not in stop and follows in ("at", "on", "in", "the", "a", "called")):
            key = frozenset(stems[i] for i in range(place + (token not in _COPULAS)) if content[i] and stems[i])
            value = frozenset(stems[i] or low[i] for i in range(place + 1, len(low)) if content[i])
            if key and value and len(key) <= 4:
                draft.slots.setdefault(key, value)
            break
    for place in range(1, len(low) - 1):
        if low[place] in _VALUE_AFTER and content[place - 1] and stems[place - 1]:
            after = next((i for i in range(place + 1, min(place + 4, len(low))) if content[i]), None)
            if after is not None:
                draft.slots.setdefault(frozenset((stems[place - 1], "+" + low[place])), frozenset({stems[after] or low[after]}))


_OF = frozenset({"of", "for", "to", "at", "in"})
_DETERMINERS = frozenset({"the", "a", "an", "my", "our", "your", "his", "her", "their", "this", "that", "these"})


def _read_modifiers(draft: _Draft, low: Sequence[str], stems: Sequence[str]) -> None:
    stop, weak, numbers = draft.lexicon.stop, draft.lexicon.weak, draft.lexicon.numbers
    noun = [bool(stem) and low[i] not in stop and low[i] not in numbers for i, stem in enumerate(stems)]
    for place in range(1, len(low)):
        if not noun[place]:
            continue
        if noun[place - 1] and stems[place - 1] not in weak and not (len(low[place - 1]) > 4 and low[place - 1].endswith(("ed", "ing", "s"))):
            draft.modifiers.setdefault(stems[place], set()).add(stems[place - 1])
        elif noun[place - 1] and low[place - 1].endswith("'s"):
            draft.modifiers.setdefault(stems[place], set()).add(stems[place - 1])
        head = place - 1
        while head > 0 and low[head] in _DETERMINERS:
            head -= 1
        if head > 0 and low[head] in _OF and noun[head - 1]:
            named = low[head] in ("of", "for") or head == 1 or low[head - 2] in _DETERMINERS
            if named and low[head] != "in":
                draft.modifiers.setdefault(stems[head - 1], set()).add(stems[place])


def _finish(words: Lexicon, statement: Statement, units: tuple[Unit, ...], found: Sequence[str]) -> Reading:
    low = [token.lower().replace("’", "'") for token in found]
    capital = frozenset(low[i] for i, token in enumerate(found) if token[0].isupper() and low[i] not in words.stop)
    numbers = frozenset(token for token in low if token[0].isdigit() or token.partition("-")[0] in words.numbers)
    return Reading(
        statement=statement,
        units=units,
        stems=frozenset().union(*(unit.signs for unit in units)),
        people=frozenset().union(*(unit.people for unit in units)),
        exact=(capital, numbers, sum(_negates(low, place) for place in range(len(low)))),
    )


_PASSING = frozenset({"question", "suppose", "wish", "address", "quoted", "past"})


def _unit(draft: _Draft, before: Sequence[Unit]) -> Unit:
    people = draft.people or (before[-1].people if before else {draft.me} - {""})
    return Unit(
        people=frozenset(people),
        names=frozenset(draft.names),
        name_stems=frozenset(map(draft.lexicon.stems.__getitem__, draft.names)),
        values=frozenset(draft.values),
        places=frozenset(draft.places),
        holders=frozenset(draft.holders),
        modifiers={head: frozenset(found) for head, found in draft.modifiers.items()},
        event=draft.past > 0 and not draft.present,
        signs=draft.signs,
        topics=draft.topics,
        states=draft.states,
        contrasts={kind: frozenset(members) for kind, members in draft.contrasts.items()},
        numbers=tuple(draft.numbers),
        slots=draft.slots,
        label=frozenset(draft.label),
        cues=frozenset(draft.cues),
        modes=frozenset(draft.modes),
        sentences=tuple(draft.sentences),
        firm=draft.firm,
        explicit=bool(draft.people) or not draft.me,
        durable=frozenset()
        if "address" in draft.modes and draft.me not in draft.people
        else frozenset().union(*(each.stems for each in draft.sentences if not each.event and not each.modes & _PASSING)) - draft.lexicon.weak,
        chatty=len(draft.lexicon.weak.intersection(draft.signs)) / (len(draft.signs) or 1),
        weight=sum(map(draft.lexicon.weight, draft.signs)),
    )

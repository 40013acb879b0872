"""Told: which of a weekday, month, day or feast that comes back a statement means, by the tense of its clause, its nouns, its nearness."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from memos.interface.memreader.times.spans import Cycle, Span
from memos.interface.memreader.times.tenses import (
    ADVERBS,
    AGREES,
    ARRANGED,
    BE,
    BOOKS,
    COMING,
    DETERMINERS,
    DRAWS,
    FIRST,
    GONE,
    INTENDS,
    MODALS,
    NO_ING,
    NO_PAST,
    NOT_VERBS,
    NOUNLIKE,
    PASSIVE,
    PAST,
    PRESENT,
    QUALIFIERS,
    SHIFTS,
    SUBJECTS,
    THIRD,
    UNCHANGED,
)
from memos.interface.memreader.times.vocabulary import EDGES, MONTHS, SHORT_WEEKDAYS, WEEKDAYS

if TYPE_CHECKING:
    from memos.interface.memreader.times.parse import Parse

Way = Literal["once", "past", "next", "soft", "near", ""]
"""Was, and has its day every year; was; to come; to come unless it was just now; either, the nearer; nothing tells."""
NEAR = timedelta(days=45)
"""A feast that lies no farther from when it was said is the one that is meant where no verb tells."""
_JUST = timedelta(days=14)
_LEADS_ON = frozenset({"until", "till", "by", "before", "from", "for", "through", "starting", "beginning", "as"})
_CUTS = frozenset(',:–—-()"')
_SMALL = frozenset({"the", "of", "mid", ",", "."}) | EDGES.keys() | MONTHS.keys() | WEEKDAYS.keys() | SHORT_WEEKDAYS.keys()


def chosen(p: Parse, index: int, cycle: Cycle) -> Span:
    """The occurrence that a told time means; `unsure` where the last and the next are as likely."""
    grain = next(iter(cycle.around(p.now))).grain
    way = way_of(p, index, grain)
    if grain in {"clock", "part"} and way in {"soft", "near", ""}:
        span = cycle.make(0) or cycle.open(p.now)
    elif way in {"once", "past"} or (way == "near" and cycle.strict):
        last, soon = cycle.latest(p.now), cycle.open(p.now).begins - p.now <= _JUST
        # in "I had to decline the party on 10 May", said on the 5th, the day is no year ago
        span = replace(last, unsure=soon and way == "past" and grain == "day" and p.now - last.ends > timedelta(days=300))
    elif way == "next" or cycle.strict:
        span = _soft(cycle, p.now, grain, _JUST) if way == "next" else cycle.open(p.now)
    elif way == "soft":
        span = _soft(cycle, p.now, grain, NEAR if grain == "feast" else _JUST)
    else:
        span = _nearest(cycle, p.now, grain)
    return replace(span, cycle=cycle)


def _soft(cycle: Cycle, now: datetime, grain: str, just: timedelta) -> Span:
    """The next, unless the last of a year's days was just now, for which nobody looks a year ahead."""
    last, coming = cycle.latest(now), cycle.open(now)
    rare = coming.begins - last.begins > timedelta(days=300)
    nearer = now - last.ends < coming.begins - now
    return last if rare and nearer and grain in {"day", "feast"} and now - last.ends <= just else coming


def _nearest(cycle: Cycle, now: datetime, grain: str) -> Span:
    """The nearer of the last and the next, the next where they are as near; of months and the like only where it is clearly the nearer."""
    last, coming = cycle.latest(now), cycle.open(now)
    back, on = max(timedelta(0), now - last.ends), max(timedelta(0), coming.begins - now)
    near, far = min(back, on), max(back, on)
    clear = grain == "day" or near <= NEAR or 2 * near <= far
    return replace(last if back < on else coming, unsure=not clear)


def way_of(p: Parse, index: int, grain: str = "day") -> Way:
    """Which way the clause of a told time looks: its verb, else its nouns, else those of the clauses beside it."""
    first, last = p.sentence(index)
    if p.token(first).raw == "will":
        return "next"
    lead = _lead(p, index, first)
    if _attributive(p, index, last):
        return "near"
    parts = _parts(p, first, last)
    own = next((k for k, (start, end) in enumerate(parts) if start <= index < end), 0)
    fronted = lead[0] <= parts[own][0]
    found = _verb(p, parts[own], lead, grain)
    if not found and not fronted:
        found = _noun(p, parts[own])
    order = sorted(range(len(parts)), key=lambda k: (abs(k - own), k < own if fronted else k > own))
    for k in order:
        found = found or _verb(p, parts[k], lead, grain)
    for k in order:
        found = found or _noun(p, parts[k])
    return found or ("next" if p.word(lead[0]) in _LEADS_ON else "")


def _lead(p: Parse, index: int, first: int) -> tuple[int, int]:
    """Where the preposition stands that leads a time, or the time itself; and the index of the time."""
    at = index
    while at > first and (p.word(at) in _SMALL or p.kind(at) not in {"word", "mark"}):
        at -= 1
    known = at < index or p.word(at) in _LEADS_ON | {"on", "in", "at"}
    if at == index and at > first:
        at, known = index - 1, True
    if known and p.word(at) in {"on", "in", "at", "to", "about", "around"} | _LEADS_ON:
        return at, index
    return min(at + 1, index), index


def _attributive(p: Parse, index: int, last: int) -> bool:
    """Whether a time stands before a noun that it belongs to, whatever the verb tells: the 15 May deadline, our August trip."""
    first = behind = index
    while p.word(first - 1) in MONTHS or p.kind(first - 1) in {"num", "ord"}:
        first -= 1
    while behind < last and (p.word(behind) in MONTHS or p.kind(behind) in {"num", "ord"}):
        behind += 1
    noun = p.kind(behind) == "word" and p.word(behind) not in NOT_VERBS | PAST | BE | MODALS | {"was", "were", "has", "have"}
    dated = any(p.word(k) in MONTHS for k in range(first, behind))
    return dated and noun and p.word(first - 1) in DETERMINERS and not p.word(behind).endswith(("ed", "s"))


def _parts(p: Parse, first: int, last: int) -> list[tuple[int, int]]:
    """The clauses of a sentence, as its commas, colons and dashes part them."""
    parts, start = [], first
    for k in range(first, last):
        if p.word(k) in _CUTS and k > start and not (p.token(k - 1).end == p.token(k).start and p.token(k + 1).start == p.token(k).end):
            parts.append((start, k))
            start = k + 1
    return [*parts, (start, max(last, start + 1))]


def _noun(p: Parse, part: tuple[int, int]) -> Way:
    words = {p.word(k) for k in range(*part)}
    return "past" if words & GONE else "soft" if words & COMING else ""


def _verb(p: Parse, part: tuple[int, int], lead: tuple[int, int], grain: str) -> Way:
    """The nearest verb before a time in a clause, else the first behind it."""
    start, end = part
    middle = min(max(lead[1], start), end)
    for k in (*range(middle - 1, start - 1, -1), *range(middle, end)):
        way = _cue(p, k, start, lead, grain)
        if way:
            return way
    infinitive = any(p.word(k) == "to" and p.word(k + 1) in PRESENT for k in range(start, end))
    return "next" if infinitive else ""


def _before(p: Parse, index: int) -> int:
    """The index of the word before one, adverbs left out."""
    at = index - 1
    while at > 0 and (p.word(at) in ADVERBS or (p.word(at) == "'" and p.word(at - 1) in {"didn", "don", "won", "wasn"})):
        at -= 1
    return at


def _behind(p: Parse, index: int) -> str:
    at = index + 1
    while p.word(at) in ADVERBS or p.word(at) == "'":
        at += 1
    return p.word(at)


def _cue(p: Parse, k: int, start: int, lead: tuple[int, int], grain: str) -> Way:
    """What a word tells of the tense, "" for most."""
    word = p.word(k)
    if p.kind(k) != "word" and word != "'s":
        return ""
    before = p.word(_before(p, k)) if k > start else ""
    if (p.word(k - 1) == "-" and p.word(k - 3) not in SUBJECTS) or (word in NOUNLIKE and k > start and _is_noun(word, before)):
        return ""
    if word == "to":
        back = 1 if p.word(k - 1) in INTENDS else 3 if p.word(k - 2) in DETERMINERS else 2
        verb = p.kind(k + 1) == "word" and p.token(k + 1).raw[0].islower() and p.word(k + 1) not in DETERMINERS | NOT_VERBS
        return "next" if verb and p.word(k - back) in INTENDS and k - back >= start else ""
    return _helper(p, k, word, before) or _participle(p, k, word, lead, grain) or _present(p, k, word, before, start)


def _is_noun(word: str, before: str) -> bool:
    """Whether a word that may be a verb is a noun where it stands: the move, a Zoom call, a 35% increase."""
    if word in MODALS or word.endswith("s"):
        return before in QUALIFIERS or not before[:1].isalpha()
    drawn = before in FIRST | MODALS | DRAWS or (before.endswith("s") and before not in QUALIFIERS) or before == "to"
    return (not drawn and word not in UNCHANGED) or before in QUALIFIERS


def _helper(p: Parse, k: int, word: str, before: str) -> Way:
    """What a helping verb tells: will, may, is, has to, had; and `due`."""
    if word == "due" and p.word(k + 1) != "to" and before not in {"was", "were"}:
        return "next"
    if word in MODALS or (word == "may" and p.token(k).raw == "may") or (word == "won" and p.word(k + 1) == "'"):
        if word in {"ll", "d"} and p.word(k - 1) != "'":
            return ""
        if word == "d" and _is_past(_behind(p, k)):
            return "past"
        return "past" if _behind(p, k) == "have" else "next"
    if word in BE or (word == "'s" and p.word(k - 1) in SUBJECTS):
        if word in {"m", "re"} and p.word(k - 1) != "'":
            return ""
        coming = _behind(p, k)
        if word == "'s" and _is_past(coming):
            return "next" if coming in SHIFTS | ARRANGED else "past"
        return "next" if coming.endswith("ing") and len(coming) > 4 else "soft"
    if word in {"have", "has", "ve"} and before != "to":
        coming = _behind(p, k)
        return "next" if coming == "to" else "past" if _is_past(coming) and coming not in ARRANGED else "soft" if word != "ve" else ""
    return ""


def _is_past(word: str) -> bool:
    return word in PAST or (word.endswith("ed") and len(word) > 4 and word not in NO_PAST)


def _participle(p: Parse, k: int, word: str, lead: tuple[int, int], grain: str) -> Way:
    """What a past form tells: saw, was moved to, booked for, will be paid."""
    at = _before(p, k)
    near = {p.word(at), p.word(at - 1)}
    owned = p.word(k - 1) in DETERMINERS and not (p.word(k - 1) == "'s" and p.word(k - 2) in SUBJECTS)
    adjective = owned or (word.endswith("ed") and p.token(k).raw[0].isupper() and p.kind(k - 1) == "word")
    if not _is_past(word) or adjective:
        return ""
    if word == "got" and near & {"have", "has", "ve"} and not _is_past(_behind(p, k)):
        return "soft"
    if word in {"born", "died", "married"}:
        return "once" if p.word(at) not in PASSIVE else "next"
    if p.word(at) in PASSIVE and word != "been" and "been" not in near:
        return "soft" if p.word(at) in BE else "next"
    led = p.word(lead[0])
    moved = (led in {"to", "until", "till"} and word in SHIFTS) or (led in {"from", "until", "till"} and word in AGREES)
    if moved or (led == "for" and (word in BOOKS or grain in {"day", "month"})):
        return "next"
    if word in ARRANGED and k < lead[1]:
        return "next" if near & {"have", "has", "ve"} else "near"
    return "past"


def _present(p: Parse, k: int, word: str, before: str, start: int) -> Way:
    """What a present form tells: leaves on, we sign, going to; and the forms that are present and past alike."""
    if before in {"did", "didn", "could", "couldn", "to"}:
        return ""
    if word in UNCHANGED or (word in {"come", "become", "run"} and before in {"have", "has", "had", "ve"}):
        return "past"
    if word.endswith("ing") and len(word) > 4 and word not in NO_ING:
        ago = {p.word(_before(p, k)), p.word(_before(p, k) - 1)}
        if ago & {"was", "were", "been", "wasn", "weren"} and before not in BE:
            return "past"
        return "next" if before in BE or before == "'s" or word in {"starting", "beginning", "leaving"} else "soft" if k == start else ""
    if word in PRESENT or (before in THIRD and word.endswith("s") and not word.endswith("ss") and word not in NOT_VERBS):
        return "next"
    return "next" if before in FIRST and p.token(k).raw.islower() and word not in NOT_VERBS | ADVERBS else ""

"""Referents: the people, places and things that a text speaks of, with where they stand in it and how."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.moments import Span, moments
from memos.interface.memreader.dialogue.phrases import NUMBERS, UNITS, Token, nominals, tokens
from memos.operation.memoperator.entities import mentions
from memos.operation.memoperator.gazetteer import gazetteer

LONGEST = 1000
"""Characters of a turn that are looked at."""
MOST = 40
"""Referents of one text."""
_CAPITAL = re.compile(r"(?<![\w'’@.-])[^\W\d_a-z][^\W_]*(?:[-'’][^\W\d_]+)*(?![\w@])")
_CODE = re.compile(r"(?<![\w.-])(?:[A-Z]{2,}-\d+|[A-Z]+\d+[A-Z\d]*)(?![\w-])")
_APPOSED = re.compile(
    r"\s+(?:is|was)\s+(?:called\s+)?(?:Dr\.?\s|Mrs?\.?\s|Ms\.?\s)?[A-Z][a-z]|,\s+(?:an?\s+certain\s+)?[A-Z][a-z]+(?:\s[A-Z][a-z]+)?\s*(?:[.,]|$)"
)
_MEASURES = frozenset(map(lex.singular, UNITS)) | UNITS
_AFTER = re.compile(r"\s([a-z]{3,})\b")
_AMOUNT = re.compile(r"\d[\d.,]*\s?(?:k?g|mg|ml|cl|l|lb|oz|km|cm|mm|m|mb|gb|k)", re.IGNORECASE)
_PHRASAL = re.compile(
    r"\b(?:pull|look|bring|pick|call|set|sum|write|put|take|find|throw|send|give|get|hand|fill)\s+(?:up|down|out|off|back)\s+$",
    re.IGNORECASE,
)
_SMALL = NUMBERS | lex.CONJUNCTIONS | lex.PRONOUNS | lex.AUXILIARIES | lex.WH
_SEEN_THROUGH = lex.VAGUE | lex.TRANSPARENT
_NAMING = re.compile(r"\s+(?:called|named)\s+")
_DOING = re.compile(r"[A-Z]\w+ing\s+(?=[A-Z])")
_JOINT = re.compile(r"\s*,?\s+(?:and|&)\s+|\s*,\s+|\s*\([^)]{0,40}\)(?:,|\s+and)\s+")


class Referent(NamedTuple):
    """Something spoken of: its words, its kind, its gender (m, f, ? or n), the head noun, and where it stands in its text.

    `rank` is how prominent it is there: 3 the subject, 2 an object, 1 after a preposition, 0 within another.
    """

    value: str
    kind: str
    gender: str
    plural: bool
    head: str
    start: int
    end: int
    rank: int

    @property
    def core(self) -> str:
        """Its words without article or possessive before them."""
        first, _, rest = self.value.partition(" ")
        return rest if rest and first.lower() in lex.DETERMINERS else self.value


@lru_cache(maxsize=2048)
def referents(text: str) -> tuple[Referent, ...]:
    """What a text speaks of, in the order in which it stands there; what is within another follows that."""
    text = text[:LONGEST]
    times = moments(text)
    named = _named(text, times)
    phrases = nominals(text, {each.start: each.end for each in named}, [(each.start, each.end) for each in times])
    nominal = [_nominal(text, *each, named) for each in phrases]
    found = sorted([*nominal, *named], key=lambda each: (each.start, -each.end))
    kept = [each for i, each in enumerate(found) if not (i and (found[i - 1].start, found[i - 1].end) == (each.start, each.end))]
    kept = [each for each in kept if not _measure(each) and not any(_part_of_name(each, other) for other in kept)]
    placed = [_placed(text, each, kept, tokens(text)) for each in kept]
    for each in placed:
        if each.kind == "person" and each.head in lex.FOLK and (naming := _NAMING.match(text[each.end :])):
            found = [one for one in placed if one.start == each.end + naming.end() and one.value[0].isupper()]
            new = [one._replace(kind="person", gender=each.gender, rank=each.rank) for one in found]
            placed = [one for one in placed if one is not each and one not in found] + new
    groups = list(_groups(text, placed))
    placed = [_levelled(each, groups) for each in placed]
    return tuple(sorted([*placed, *groups], key=lambda each: (each.start, -each.end))[:MOST])


def _named(text: str, times: Sequence[Span]) -> list[Referent]:
    """The names in a text."""
    spans = dict[tuple[int, int], str]()
    opening = _DOING.match(text)
    for name, kind, _ in mentions(text, None):
        for at in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text):
            start = opening.end() if opening and at.start() == 0 and at.end() > opening.end() else at.start()
            spans.setdefault((start, at.end()), kind)
    for code in _CODE.finditer(text):
        spans.setdefault(code.span(), "thing")
    for each in _CAPITAL.finditer(text):
        if not any(start < each.end() and each.start() < end for start, end in spans) and _may_name(each[0], text, each.start()):
            spans[each.span()] = "name"
    for word in tokens(text):
        kin = word.low.removesuffix("'s")
        if kin in lex.KIN_NAMES and not any(start <= word.start < end for start, end in spans):
            spans[word.start, word.start + len(kin)] = "person"
    clear = (span for span in sorted(spans) if not any(each.start < span[1] and span[0] < each.end for each in times))
    return [_name(text, start, end, spans[start, end]) for start, end in clear]


def _may_name(word: str, text: str, at: int) -> bool:
    """Whether a capitalised word may be a name, though nothing near it says so."""
    low = word.lower().replace("’", "'").removesuffix("'s")
    if re.match(r"\s\d", text[at + len(word) :]) or low in _SMALL:
        return False
    known = (
        low in gazetteer().common or low in gazetteer().times or low in lex.VERBS or low in lex.ATTRIBUTES or low in gazetteer().adjectives
    )
    common = known or low in lex.CHITCHAT or low in lex.DETERMINERS or low in lex.ADVERBS or low in lex.PREPOSITIONS or low in lex.EVENTS
    starts = not text[:at].strip() or text[:at].rstrip()[-1:] in '.!?:\n"“'
    if starts and lex.gender(low) == "?" and (after := _AFTER.match(text[at + len(word) :])):
        after_low = after[1].lower()
        if lex.kind_known(after_low):
            return False  # Boiler swap
    return len(low) > 2 and not common and not (starts and low.endswith(("ing", "ed", "ly", "s")))


def _name(text: str, start: int, end: int, kind: str) -> Referent:
    name = text[start:end].removesuffix("'s").removesuffix("’s")
    end = start + len(name)
    low = name.lower()
    gender = lex.gender(name)
    if (kind in {"thing", "name"} and gender != "?") or low in lex.KIN_NAMES:
        kind = "person"
    elif kind == "thing" and name.isalpha() and name.istitle():
        kind = "name"
    if kind == "thing" and low.split()[-1] in lex.EVENTS:
        kind = "event"
    return Referent(name, kind, gender if kind in {"person", "name"} else "n", False, low.split()[-1], start, end, 1)


def _nominal(text: str, start: int, core: int, end: int, named: Sequence[Referent]) -> Referent:
    """A noun phrase as a referent; that of somebody who is named in it is that one's."""
    head = text[start:core].rsplit(maxsplit=1)[-1].lower()
    one = lex.singular(head)
    name = next((each for each in named if start < each.start and each.end == core), None)
    before = text[start : name.start].rsplit(maxsplit=1)[-1].lower() if name else ""
    if name and (before == "certain" or (before in lex.DETERMINERS and not (before == "the" and name.value.endswith("s")))):
        return name
    if name and before in gazetteer().pets:
        return Referent(text[start:end], "name", "?", False, name.head, start, end, 1)
    if name and before == "the" and name.value.endswith("s") and name.kind != "place":
        return Referent(text[start:end], "person", "?", True, name.head, start, end, 1)
    if name and before in lex.ORGANISATIONS:
        return Referent(text[start:end], "organisation", "n", False, name.head, start, end, 1)
    if name and lex.singular(before) in lex.FOLK:
        gender = lex.gender(before) if name.gender == "?" else name.gender
        return Referent(text[start:end], "person", gender, False, name.head, start, end, 1)
    kind = kind_of_noun(head)
    many = lex.plural(head) and not (kind == "organisation" and one == head)
    return Referent(text[start:end], kind, lex.gender(one) if kind == "person" else "n", many, one, start, end, 1)


def kind_of_noun(head: str) -> str:
    """The kind of what a noun means."""
    one = lex.singular(head)
    if one in lex.FOLK or head in lex.PLURAL_FOLK:
        return "person"
    if one in lex.EVENTS:
        return "event"
    return "organisation" if one in lex.ORGANISATIONS else "place" if one in lex.PLACES else "thing"


def _placed(text: str, each: Referent, found: Sequence[Referent], words: Sequence[Token]) -> Referent:
    """A referent with its rank in its sentence."""
    around = [other for other in found if other.start <= each.start and each.end <= other.end and other is not each]
    if around and not all(_transparent(text, each, other) for other in around):
        return each._replace(rank=0)
    if around:
        return each._replace(rank=2)
    before = next((word.low for word in reversed(words) if word.end <= each.start and not word.low.isdecimal()), "")
    after = next((word.low for word in words if word.start >= each.end), "")
    if before in {"up", "down", "out", "off", "back"} and _PHRASAL.search(text[: each.start]):
        return each._replace(rank=2)
    if before in {"about", "regarding", "concerning"}:
        return each._replace(rank=3)
    if (
        before in {"on", "by", "in", "at", "of", "per", "as"}
        and each.value[0].islower()
        and not each.plural
        and each.core == each.value
        and " " not in each.value
    ):
        return each._replace(rank=0)  # by bike, on average
    if before in lex.PREPOSITIONS:
        return each._replace(rank=1)
    if each.kind == "person" and each.head in lex.FOLK and _APPOSED.match(text[each.end :]):
        return each._replace(rank=0)  # the name after it says who that is
    if not before or before in lex.AUXILIARIES or after in lex.AUXILIARIES or after in lex.INFLECTED or (before in ".!?,;"):
        return each._replace(rank=3)
    return each._replace(rank=2)


_LEADS = re.compile(r"\s(?:of|about|on|regarding|for|with)\s+$", re.IGNORECASE)


def _transparent(text: str, each: Referent, other: Referent) -> bool:
    """Whether what is around it only says what is had of it: the details of the flat, a question about the flat."""
    return other.head in _SEEN_THROUGH and other.start < each.start and bool(_LEADS.search(text[other.start : each.start]))


def _levelled(each: Referent, groups: Sequence[Referent]) -> Referent:
    """A referent as prominent as those beside whom it is named."""
    group = next((group for group in groups if group.start <= each.start and each.end <= group.end), None)
    return each._replace(rank=group.rank) if group and each.rank else each


def _groups(text: str, found: Sequence[Referent]) -> Iterator[Referent]:
    """Several who are named side by side: "Ann and Bob"."""
    run: list[Referent] = []
    for each in [*(each for each in found if each.rank), None]:
        joined = each and run and _alike(each, run[-1]) and _JOINT.fullmatch(text[run[-1].end : each.start])
        if each and joined:
            run.append(each)
            continue
        if len(run) > 1 and re.search(r"\s(?:and|&)\s", text[run[0].end : run[-1].start + 1]):
            one, last = run[0], run[-1]
            kind = "person" if any(member.kind == "person" for member in run) else one.kind
            yield Referent(text[one.start : last.end], kind, "?", True, last.head, one.start, last.end, one.rank)
        run = [each] if each else []


def _measure(each: Referent) -> bool:
    """Whether it only says how much or how long: "two weeks", "every three months"."""
    words = each.core.lower().split()
    if _AMOUNT.fullmatch(each.core):
        return True
    return each.head in _MEASURES and (len(words) == 1 or words[0] in NUMBERS or words[0].isdecimal())


def _part_of_name(each: Referent, other: Referent) -> bool:
    """Whether a name is only a part of another, or of a noun phrase whose head it is."""
    inside = other.start <= each.start and each.end <= other.end and (other.start, other.end) != (each.start, each.end)
    return (
        inside
        and each.value[:1].isupper()
        and (other.value[:1].isupper() and other.kind != "event" and each.head == other.head and each.end == other.end)
    )


@lru_cache(maxsize=2048)
def times(text: str) -> tuple[Span, ...]:
    """The words that name a time, an event after "during", "since" or the like among them."""
    found = list(moments(text))
    for each in referents(text) if _ANCHORS.search(text) else ():
        lead = _ANCHORING.search(text[: each.start])
        if lead and each.rank and not any(one.start < each.end and each.start < one.end for one in found):
            found.append(Span(text[lead.start() : each.end], lead.start(), each.end, each.value))
    for clause in _WHEN.finditer(text):
        before = re.findall(r"[\w']+", text[: clause.start()].lower())
        alone = not any(one.start >= clause.start() for one in found)
        if alone and before and before[-1] not in _ASKED:
            found.append(Span(clause[0], clause.start(), clause.end(), clause[0]))
    return tuple(sorted(found, key=lambda each: each.start))


_ASKED = lex.STATING | lex.VERBS | lex.CONJUNCTIONS | {"me", "us", "you", "since", "until", "till", "by", "from"}
_WHEN = re.compile(r"\bwhen\s+(?:the|my|our|i|we|she|he|they|[A-Z]\w+)\s[^?.!,;]{3,60}", re.IGNORECASE)
_ANCHORS = re.compile(r"\b(?:during|since|before|after|until)\s", re.IGNORECASE)
_ANCHORING = re.compile(r"\b(?:during|since|before|after|until)\s+$", re.IGNORECASE)


def _alike(one: Referent, other: Referent) -> bool:
    return one.kind == other.kind or {one.kind, other.kind} <= {"person", "name"} or not {one.kind, other.kind} & {"person", "name"}

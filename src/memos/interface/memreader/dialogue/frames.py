"""Frames: the last thing that was asked or said, and how a part of it is put in another's place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.moments import Span
from memos.interface.memreader.dialogue.phrases import tokens
from memos.interface.memreader.dialogue.referents import Referent, kind_of_noun, referents, times

_NOW = r"yesterday|today|tonight|tomorrow|recently|(?:the\s+)?(?:last|next|this|previous|other|day|week)\b"
_DEICTIC = re.compile(rf"^(?:{_NOW}|these\s|.*\b(?:ago|earlier|later)$)", re.IGNORECASE)
_TAIL = re.compile(r"\s*(?:,?\s*please)?\s*[?.!…]*\s*$", re.IGNORECASE)
_TELLING = re.compile(
    r"\b(?:say|said|tell|told|talk\w*|discuss\w*|deci\w+|agree\w*|mention\w*|writ\w+|wrote|know|think|thought|note\w*|learn\w*|read)\b",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"\b(?:do|does|did|have|has|had|am|is|are|was|were|can|could|will|would|should)\s+(I|we|you)\b", re.IGNORECASE)
_NUMBER = re.compile(r"[#$€£]?\d[\d.,:]*\d?[#%]?(?!\w)")


class Frame(NamedTuple):
    """What was asked or said last, as it stands by itself, the turn, and the turn in which its own words were said."""

    text: str
    turn: int
    root: int
    asked: bool


class Part(NamedTuple):
    """A piece of a fragment: a time, a person, a place, a number or a topic, with the preposition before it."""

    kind: str
    said: str
    before: str = ""
    owner: bool = False


class Placed(NamedTuple):
    """A frame's text with a part put in, and what it took the place of."""

    text: str
    gone: tuple[str, ...]


def put(text: str, part: Part) -> Placed:
    """A frame's text with a part in the place of what is of its kind, or added."""
    if part.kind == "time":
        return _put_time(text, part)
    if part.kind == "number":
        found = list(_NUMBER.finditer(text))
        return _swap(text, found[-1].start(), found[-1].end(), part.said) if found else _added(text, part.said)
    if part.kind == "answer":
        said = set(part.said.lower().split())
        for each in referents(text):
            if each.value[0].isupper() and set(each.value.lower().split()) < said:
                return _swap(text, each.start, each.end, part.said)
        return _added(text, f"{part.before} {part.said}" if part.before else f", {part.said}")
    target = _target(text, part)
    if target is not None:
        return _swap(text, target.start, target.end, _worded(part, target))
    if part.before:
        return _added(text, f"{part.before} {part.said}")
    if part.kind == "person":
        return _put_person(text, part)
    if part.kind == "place":
        return _added(text, f"in {part.said}")
    return _put_topic(text, part)


def _put_time(text: str, part: Part) -> Placed:
    found = times(text)
    if not found:
        return _added(text, _with_preposition(part, None))
    last = found[-1]
    gone, out = list[str](), text
    for each in reversed(found):
        if each.bare.lower() == last.bare.lower():
            out = out[: each.start] + _with_preposition(part, each) + out[each.end :]
            gone.append(each.bare)
    return Placed(out, tuple(gone))


def _with_preposition(part: Part, old: Span | None) -> str:
    if part.before:
        return f"{part.before} {part.said}"
    if _DEICTIC.match(part.said) or _BESIDE.match(part.said):
        return part.said
    before = old.text[: len(old.text) - len(old.bare)].strip() if old else ""
    if old and not before and not _DEICTIC.match(old.bare):
        return part.said  # the Q2 budget
    if before.lower() in {"since", "before", "after", "until", "by", "from", "during"}:
        return f"{before} {part.said}"
    day = re.search(r"day\b|\d{1,2}(?:st|nd|rd|th)?\s+[a-z]{3}|[a-z]{3}\s+\d{1,2}\b(?!\d)|\d-\d\d$", part.said, re.IGNORECASE)
    return f"{'on' if day else 'at' if re.search(r'(?:am|pm|:)', part.said) else 'in'} {part.said}"


def _target(text: str, part: Part) -> Referent | None:
    """What a part takes the place of."""
    found = referents(text)
    if part.owner:
        owners = [each for each in found if text[each.end : each.end + 2] in {"'s", "’s"}]
        return owners[-1] if owners else None
    alike = [each for each in found if _like(each, part)]
    if part.before:
        alike = [each for each in alike if _before(text, each) == part.before] or [
            each for each in alike if _before(text, each) and part.kind == "place"
        ]
        return alike[-1] if alike else None
    if part.kind in {"person", "name"}:
        groups = [each for each in alike if each.plural and each.rank]
        return groups[0] if groups else next((each for each in alike if each.rank == 3), alike[0] if alike else None)
    if part.kind == "place":
        return alike[-1] if alike else None
    tops = [each for each in alike if each.rank]
    tops = [
        each
        for each in tops
        if not any(
            one.plural and one.start <= each.start and each.end <= one.end and (one.start, one.end) != (each.start, each.end)
            for one in tops
        )
    ]
    about = [each for each in tops if _before(text, each) in {"about", "on", "regarding"}]
    same = [each for each in alike if each.head == lex.singular(part.said.split()[-1].lower())]
    return next(iter([*same[-1:], *about[-1:], *tops[-1:]]), None)


def _before(text: str, each: Referent) -> str:
    words = re.findall(r"[\w']+", text[max(0, each.start - 16) : each.start])
    return words[-1].lower() if words and words[-1].lower() in lex.PREPOSITIONS else ""


def _like(each: Referent, part: Part) -> bool:
    people = {"person", "name"}
    if part.kind in people:
        return each.kind in people
    if part.kind == "place":
        return each.kind == "place" or (each.kind in {"name", "organisation"} and each.head[0].isalpha() and each.value[0].isupper())
    attribute = _head(part) in lex.ATTRIBUTES
    return each.kind not in people and each.head not in lex.VAGUE and (not attribute or each.head in lex.ATTRIBUTES)


def _head(part: Part) -> str:
    return lex.singular(part.said.split()[-1].lower())


def _worded(part: Part, old: Referent) -> str:
    """A part as it stands where something else did: with that one's possessive where it brings no article of its own."""
    first = old.value.split(" ", 1)[0].lower()
    plain = part.kind == "topic" and part.said.split(" ", 1)[0].lower() not in lex.DETERMINERS and not part.said[:1].isupper()
    return f"{first} {part.said}" if plain and first in {"my", "our", "the"} and old.head in lex.ATTRIBUTES else part.said


def _put_person(text: str, part: Part) -> Placed:
    telling = _TELLING.search(text)
    subject = _SUBJECT.search(text)
    if subject and not telling:
        return _swap(text, subject.start(1), subject.end(1), part.said)
    return _added(text, f"about {part.said}" if telling else part.said)


def _put_topic(text: str, part: Part) -> Placed:
    if _head(part) in lex.ATTRIBUTES:
        things = [each for each in referents(text) if each.kind not in {"person", "name"} and each.rank and each.head not in lex.VAGUE]
        people = [each for each in referents(text) if each.rank]
        owner = next(iter([*things, *people]), None)
        if owner is not None:
            article = "" if part.said.split(" ", 1)[0].lower() in lex.DETERMINERS else "the "
            when = "".join(f" {each.text}" for each in times(text))
            return Placed(f"what is {article}{part.said} of {owner.value}{when}?", ())
    if telling := _TELLING.search(text):
        return _inserted(text, telling.end(), f" about {part.said}")
    return _added(text, f"about {part.said}")


def _inserted(text: str, at: int, said: str) -> Placed:
    follows = next((each.start for each in times(text) if each.start >= at), None)
    if follows is None:
        return _added(text, said.strip())
    return Placed(f"{text[:follows].rstrip()}{said} {text[follows:]}", ())


def _added(text: str, said: str) -> Placed:
    tail = _TAIL.search(text)
    cut = tail.start() if tail else len(text)
    mark = "?" if tail and "?" in tail[0] else ""
    return Placed(f"{text[:cut]}{'' if said[0] == ',' else ' '}{said}{mark}", ())


def _swap(text: str, start: int, end: int, said: str) -> Placed:
    return Placed(text[:start] + said + text[end:], (text[start:end],))


_OPENING = re.compile(
    r"""^(?:(?:and|so|ok|okay|well|please|also|then|but)[,.]?\s+|(?:can|could|would|will)\s+you\s+(?:please\s+)?
    |(?:remind|tell|show|give)\s+(?:me|us)\s+|(?:list|find|pull\s+up|look\s+up|summari[sz]e|compare|count)\s+|(?:all|everything)\s+)+""",
    re.IGNORECASE | re.VERBOSE,
)


def predicate(frame: str, kept: str) -> str:
    """What a frame says that is no name, no time and stands in `kept` too, without the words by which it asks."""
    cut = [(each.start, each.end) for each in times(frame)]
    cut += [(each.start, each.end) for each in referents(frame) if each.value[:1].isupper() or each.value.lower() not in kept.lower()]
    words = []
    opening = _OPENING.match(frame)
    for word in tokens(frame):
        inside = any(start <= word.start < end for start, end in cut) or (opening and word.start < opening.end())
        if not inside and word.low[0].isalnum() and word.low not in lex.AUXILIARIES | lex.WH | lex.DETERMINERS and word.low not in _SMALL:
            words.append(word.text)
    while words and words[-1].lower() in lex.PREPOSITIONS - {"against"}:
        words.pop()
    return " ".join(words)


_BESIDE = re.compile(
    r"^(?P<before>in\s+|on\s+)?(?P<said>the\s+(?:day|week|weekend|month|quarter|year)\s+(?:before|after)\s+\S.{0,60})$", re.IGNORECASE
)
_SMALL = frozenset(
    {"i", "we", "you", "me", "us", "much", "many", "please", "else", "there", "anything", "something", "again", "any", "not", "ever"}
)


def parts(text: str) -> list[Part] | None:
    """The parts of a fragment, None where it is more than a fragment."""
    beside = _BESIDE.match(text)
    if beside:
        return [Part("time", beside["said"], (beside["before"] or "").strip().lower())]
    found, rest = list[Part](), text
    for each in reversed(times(text)):
        before = each.text[: len(each.text) - len(each.bare)].strip().lower()
        found.append(Part("time", each.bare, before))
        rest = rest[: each.start] + "\n" + rest[each.end :]
    for piece in reversed([each.strip(" ,;:.") for each in rest.split("\n")]):
        if not piece or piece.lower() in {"and", "or", "the", "please", "then"}:
            continue
        part = _part(piece)
        if part is None:
            return None
        found.append(part)
    return found[::-1]


def _part(piece: str) -> Part | None:
    words = tokens(piece)
    if not words or len(words) > 7 or any(_verbal(word.low) for word in words[1:]) or words[0].low in lex.AUXILIARIES | lex.WH:
        return None
    if len(words) > 1 and words[1].low in lex.DETERMINERS and words[0].low not in lex.PREPOSITIONS | lex.DETERMINERS:
        return None
    before = words[0].low if words[0].low in lex.PREPOSITIONS and len(words) > 1 else ""
    said = piece[words[1].start :] if before else piece
    if not said or said.lower() in lex.PRONOUNS | lex.ADVERBS | lex.CHITCHAT or words[-1].low in lex.AUXILIARIES:
        return None
    if _NUMBER.fullmatch(said):
        return Part("number", said, "")
    if before in {"during", "since", "before", "after", "until"}:
        return Part("time", said, before)
    owner = said.endswith(("'s", "’s"))
    said = said[:-2] if owner else said
    return Part(_kind(said), said, before, owner)


def _verbal(low: str) -> bool:
    return (
        low in lex.AUXILIARIES or low in {"i", "we", "you", "he", "she", "they", "it"} or low in lex.VERBS - lex.NOUN_TOO - {"eat", "live"}
    )


def _kind(said: str) -> str:
    top = next((each for each in referents(said) if each.start == 0 and each.end == len(said)), None)
    if top is None and said.split(" ", 1)[0].lower() not in lex.DETERMINERS:
        top = next((each for each in referents("about " + said) if each.start == 6 and each.end == len(said) + 6), None)
    if top is None:
        return {"person": "person"}.get(kind_of_noun(said.rsplit(maxsplit=1)[-1].lower()), "topic")
    kind = top.kind
    if kind == "place" and top.value[:1].islower():
        return "topic"
    return kind if kind in {"person", "name", "place"} else "topic"


def elements(text: str) -> Iterator[tuple[str, str, str]]:
    """What a text speaks of that may be carried: the name of the slot, the words, and the head."""
    for each in referents(text):
        if each.head in lex.VAGUE:
            continue
        if each.kind == "place" and each.value[:1].isupper():
            yield "place", each.value, each.head
        elif each.value[:1].isupper() and each.value.split(" ", 1)[0].lower() not in lex.DETERMINERS:
            yield "entity", each.value, each.head
        elif each.rank:
            yield "entity" if each.kind == "person" else "topic", each.core, each.head

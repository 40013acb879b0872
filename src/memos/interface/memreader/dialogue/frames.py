"""Frames: the last thing that was asked or said, and how a part of it is put in another's place."""

from __future__ import annotations

import re
from typing import NamedTuple

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.moments import Span
from memos.interface.memreader.dialogue.pieces import BESIDE, COUNT, NUMBER, Part
from memos.interface.memreader.dialogue.referents import Referent, referents, times

_NOW = r"now|yesterday|today|tonight|tomorrow|recently|(?:the\s+)?(?:last|next|this|previous|other|day|week)\b"
_DEICTIC = re.compile(rf"^(?:{_NOW}|these\s|.*\b(?:ago|earlier|later)$)", re.IGNORECASE)
_TAIL = re.compile(r"\s*(?:,?\s*please)?\s*[?.!…]*\s*$", re.IGNORECASE)
_TELLING = re.compile(
    r"\b(?:say|said|tell|told|talk\w*|discuss\w*|deci\w+|agree\w*|mention\w*|writ\w+|wrote|know|think|thought|note\w*|learn\w*|read)\b",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"\b(?:do|does|did|have|has|had|am|is|are|was|were|can|could|will|would|should)\s+(I|we|you)\b", re.IGNORECASE)


class Frame(NamedTuple):
    """What was asked or said last, as it stands by itself, the turn, and the turn in which its own words were said."""

    text: str
    turn: int
    root: int
    asked: bool


class Placed(NamedTuple):
    """A frame's text with a part put in, and what it took the place of."""

    text: str
    gone: tuple[str, ...]


def put(text: str, part: Part) -> Placed:
    """A frame's text with a part in the place of what is of its kind, or added."""
    if part.kind == "time":
        return _put_time(text, part)
    if part.kind == "number":
        found = list((COUNT if COUNT.fullmatch(part.said) else NUMBER).finditer(text))
        return _swap(text, found[-1].start(), found[-1].end(), part.said) if found else _added(text, part.said)
    if part.kind == "answer":
        said = set(part.said.lower().split())
        for each in referents(text):
            if each.value[0].isupper() and set(each.value.lower().split()) < said:
                return _swap(text, each.start, each.end, part.said)
        return _added(text, f"{part.before} {part.said}" if part.before else f", {part.said}")
    target = _target(text, part)
    if part.owner and target is None and (own := _OWN.search(text)) is not None:
        return _swap(text, own.start(), own.end(), f"{part.said}'s")
    if target is not None:
        return _swap(text, target.start, _replaced_to(target, part), _worded(part, target))
    if part.before:
        return _added(text, f"{part.before} {part.said}")
    if part.kind == "person":
        return _put_person(text, part)
    if part.kind == "place":
        return _added(text, f"in {part.said}")
    return _put_topic(text, part)


_OWN = re.compile(r"\b(?:my|our|his|her|their)\b", re.IGNORECASE)
_COMPLETED = re.compile(r"\s(?:for|of)\s", re.IGNORECASE)


def _replaced_to(target: Referent, part: Part) -> int:
    """Where what is replaced ends: what completes a noun stays with the new one, "milk for the pancakes"."""
    completed = _COMPLETED.search(target.value)
    if part.kind != "topic" or completed is None or _COMPLETED.search(part.said):
        return target.end
    return target.start + completed.start()


def takes(text: str, part: Part) -> bool:
    """Whether a frame has something in the place of which a part may be put, or a verb that takes a topic."""
    if part.kind in {"time", "place", "answer"}:
        return True
    if part.kind == "number":
        return bool(NUMBER.search(text))
    return _target(text, part) is not None or _TELLING.search(text) is not None


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
    if _DEICTIC.match(part.said) or BESIDE.match(part.said):
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
    if part.kind == "name" and not alike:
        alike = [each for each in found if each.kind == "place" and each.value[:1].isupper()]
    alike = [each for each in alike if not any(_inside(each, other) for other in alike if not other.plural)]
    if part.before:
        same = [each for each in alike if _before(text, each) == part.before]
        loose = [each for each in found if _before(text, each) == part.before and "name" in {each.kind, part.kind}]
        alike = same or loose or [each for each in alike if _before(text, each) and part.kind == "place"]
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


def _inside(each: Referent, other: Referent) -> bool:
    """Whether a name stands at the end of what it names: "my niece Zoe"."""
    return other.start < each.start and each.end == other.end and each.rank == 0


def _before(text: str, each: Referent) -> str:
    words = re.findall(r"[\w']+", text[max(0, each.start - 16) : each.start])
    return words[-1].lower() if words and words[-1].lower() in lex.PREPOSITIONS else ""


def _like(each: Referent, part: Part) -> bool:
    people = {"person", "name"}
    if part.kind in people:
        return each.kind in people
    if part.kind == "place":
        return each.kind == "place" or (each.kind in {"name", "organisation"} and each.head[0].isalpha() and each.value[0].isupper())
    attribute = _head(part) in lex.ATTRIBUTES or part.asked
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
    telling = _TELLING.search(text)
    if (part.asked or _head(part) in lex.ATTRIBUTES) and (telling is None or part.said.split(" ", 1)[0].lower() in lex.DETERMINERS):
        things = [each for each in referents(text) if each.kind not in {"person", "name"} and each.rank and each.head not in lex.VAGUE]
        people = [each for each in referents(text) if each.rank]
        owner = next(iter([*things, *people]), None)
        if owner is not None:
            article = "" if part.said.split(" ", 1)[0].lower() in lex.DETERMINERS else "the "
            when = "".join(f" {each.text}" for each in times(text))
            return Placed(f"what is {article}{part.said} of {owner.value}{when}?", ())
    if telling:
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

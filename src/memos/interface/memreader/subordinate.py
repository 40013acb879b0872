"""Subordinate: what is to be done before or after what else, "before you archive it, share it", as orders in the order of doing."""

from __future__ import annotations

import re
from typing import NamedTuple

from memos.interface.memreader.commands import command, lemma
from memos.interface.memreader.peeling import peeled

_AHEAD_OF = re.compile(
    r"^(?P<when>before|after|once|as\s+soon\s+as|when|having|prior\s+to|until|till)\s+(?P<you>(?:you|we|i)(?:'ve|\s+have|\s+had|'re\s+done"
    r"|\s+are\s+done|\s+do|\s+finish(?:ed)?)?\s+)?(?P<verb>[a-z][a-z-]*)\b(?P<rest>[^\n]*?),\s*",
    re.IGNORECASE,
)
_FOLLOWS = re.compile(
    r"\s*,?\s+(?:but\s+(?:only\s+)?)?(?P<when>before|after|once|as\s+soon\s+as|prior\s+to|until|till)\s+(?P<you>(?:you|we)(?:'ve|\s+have|\s+had"
    r"|'re\s+done|\s+are\s+done|\s+do|\s+finish(?:ed)?)?\s+)?(?P<verb>[a-z][a-z-]*)\b(?P<rest>[^\n]*)$",
    re.IGNORECASE,
)
_HELD_BACK = re.compile(
    r"^(?:don't|do\s+not|please\s+don't)\s+(?P<late>.+?)\s+(?P<when>until|till|before|unless)\s+(?P<you>(?:you|we|i)(?:'ve|\s+have|\s+had)?\s+)(?P<verb>[a-z][a-z-]*)\b(?P<rest>.*)$",
    re.IGNORECASE,
)
_ONCE_DONE = re.compile(
    r"^(?:once|after|when|as\s+soon\s+as)\s+(?P<what>[^,]{2,60}?)\s+(?:is|are|has\s+been|have\s+been)\s+(?P<verb>[a-z-]+)\b(?P<rest>[^,]*),\s*(?P<then>.+)$",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"^(?P<when>before|after|once|as\s+soon\s+as)\s+(?P<you>(?:you|we|i)(?:'ve|\s+have|\s+had)?\s+)?(?P<verb>[a-z][a-z-]*)(?P<rest>\s.+)$",
    re.IGNORECASE,
)
INSTEAD = re.compile(r"^(?:instead\s+of|rather\s+than)\s+(?P<verb>[\w-]+)(?P<what>\s[^,]{2,80})?,\s*", re.IGNORECASE)
"""What is not to be done; what it was to be done to may be what "it" means behind it."""


class Clause(NamedTuple):
    """One clause of a request, and how it is joined to the one before it: "" first, "end" a sentence's end, "mark", "link" or "comma"."""

    text: str
    joined: str = ""
    moved: bool = False
    """Whether it stands in another place, or in another form, than in the text."""


def leads(words: str) -> bool:
    """Whether words begin with what is to be done before or after what follows them."""
    return _AHEAD_OF.match(f"{words}, ") is not None


def _passive(core: str) -> tuple[str, str] | None:
    """The two orders of "once the notes are summarised, archive them"."""
    found = _ONCE_DONE.match(core)
    verb = lemma(found["verb"]) if found is not None else None
    if found is None or verb is None or command(peeled(found["then"]).text) is None:
        return None
    return f"{verb} {found['what']}{found['rest']}", found["then"]


def _unmarked(core: str) -> tuple[str, str] | None:
    """The two orders of "after you've archived the menu restore the other", in the order of doing, where no comma parts them."""
    found = _BARE.match(core)
    if found is None or "," in core:
        return None
    for place in re.finditer(
        r"\s(?=(?:please\s+)?[a-z]+\s+(?:the|my|our|it|them|that|this|all|\w+'s)\b)|\splease\s", found["rest"], re.IGNORECASE
    ):
        rest = peeled(found["rest"][place.end() :] if place[0] != " " else found["rest"][place.start() + 1 :]).text
        verb = lemma(found["verb"])
        if place.start() > 3 and verb is not None and command(rest) is not None:
            inner = f"{verb}{found['rest'][: place.start()]}"
            if command(inner) is None or (found["you"] is None and not found["verb"].lower().endswith("ing")):
                return None
            return (rest, inner) if _waits(found) else (inner, rest)
    return None


def _held_back(core: str) -> tuple[str, str] | None:
    """The two orders of "don't archive it until you've shared it", in the order of doing; None for any other text."""
    found = _HELD_BACK.match(core)
    if found is None:
        return None
    last, first = f"{found['late']}", _inner(found)
    return (first, last) if first is not None and command(last) is not None else None


def ordered_parts(clause: Clause) -> tuple[list[Clause], list[Clause]]:
    """A clause with "before you …" or "after …ing" as two, in the order of doing; apart what waits until the whole sentence is done."""
    core = peeled(clause.text).text
    found = _AHEAD_OF.match(core)
    inner = None if found is None else _inner(found)
    if found is not None and inner is not None and command(peeled(core[found.end() :]).text) is not None:
        first, second = Clause(inner, clause.joined, moved=True), Clause(core[found.end() :], "link", moved=True)
        return ([second], [first]) if _waits(found) else ([first, second], [])
    if (pair := _passive(core) or _unmarked(core) or _held_back(core)) is not None:
        return [Clause(pair[0], clause.joined, moved=True), Clause(pair[1], "link", moved=True)], []
    if (instead := INSTEAD.match(core)) is not None and command(peeled(core[instead.end() :]).text) is not None:
        meant = core[instead.end() :]
        if instead["what"] and instead["verb"].lower().endswith("ing"):
            meant = re.sub(r"\b(?:it|them|that)\b", lambda _: instead["what"].strip(), meant, count=1)
        return [Clause(meant, clause.joined, moved=True)], []
    if command(core) is None:
        return [clause], []
    for found in _FOLLOWS.finditer(core):
        inner = _inner(found)
        if inner is not None:
            first, second = Clause(core[: found.start()], clause.joined, moved=True), Clause(inner, "link", moved=True)
            return ([first, second], []) if _waits(found) else ([second, first], [])
    return [clause], []


def _waits(found: re.Match[str]) -> bool:
    return found["when"].lower().startswith(("before", "prior", "until", "till"))


def _inner(found: re.Match[str]) -> str | None:
    """The order inside "before you archive it" or "after sharing it"; None where nothing is ordered."""
    verb = lemma(found["verb"])
    said = found["verb"].lower()
    if verb is None or (found["you"] is None and not said.endswith("ing")):
        return None
    inner = f"{verb}{found['rest']}".rstrip(" .!?,")
    return inner if command(inner) is not None and len(inner) > len(verb) else None

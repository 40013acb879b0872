"""Phrases: the noun phrases that a text is about, and the names in it, without a model: by the closed classes and the forms of verbs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from memos.interface.memreader.chunks import QUALITIES, Span, chunks
from memos.interface.memreader.words import ADVERBS, CONTAINERS, Word, listed, split
from memos.operation.memoperator.entities import Mention
from memos.operation.memoperator.gazetteer import gazetteer

MOST = 24
"""How many noun phrases one text has at most."""
_FILLERS = CONTAINERS | listed("""
thing things stuff everything anything something nothing all one ones two both lot lots bit way ways kind kinds sort sorts part parts
time times day days today yesterday tomorrow tonight week weeks month months year years hour hours minute minutes morning afternoon
evening summary recap overview digest gist rundown timeline table list idea ideas clue fact facts info information detail details
question everybody everyone somebody someone anybody anyone people person name names record entry entries version versions difference
differences count record total answer reason rest latest last chronological order side sides yes no okay btw phrase word term text copy
spelling bullets
""")
"""Heads that tell no memory from another, when they stand alone."""
_LOOSE = listed("""
good bad old new open first second third last next previous earlier same different other own big small long short great best better
worse latest recent current main whole sure able due ready late early free important possible called much many more most less few
several such biggest largest smallest oldest newest first allergic supposed going far hard easy wrong right true correct archived saved
stored deleted done different else top bottom overall
""")
"""Adjectives that make no phrase by themselves, and of which some are taken off before a noun."""
_COUNTING = listed(
    "one two three four five six seven eight nine ten eleven twelve dozen couple hundred first second third both several few"
)
_BEHIND = listed("btw older newer later earlier bigger smaller pls please okay loose tight btw alone")
_WEAK_FRONT = listed(
    "other same whole entire recent archived saved stored deleted current last next latest possible certain various different total best"
)
_IDENTIFIER = re.compile(r"\b[A-Z]{2,}-\d+\b")
_SAID = re.compile(r"[\"“”]([^\"“”]{2,80})[\"“”]")
_NUMBER = re.compile(r"\d")
_IDIOMS = re.compile(
    r"\bside\s+by\s+side\b|\bfor\s+the\s+life\s+of\s+\w+|\b(?:note\s+)?to\s+self\b|\b(?:next\s+to|with|from)\s+each\s+other\b|\bby\s+the\s+way\b"
    r"|\bto\s+be\s+honest\b|\bin\s+mind\b|\bon\s+(?:file|record)\b|\b(?:at|in)\s+the\s+(?:moment|end)\b|\bas\s+a\s+matter\s+of\s+fact\b"
    r"|\bin\s+touch\b|\bat\s+(?:all|least|most|first|last)\b|\bof\s+course\b|\bfor\s+(?:example|instance)\b|\bin\s+general\b|\bper\s+cent\b",
    re.IGNORECASE,
)
"""Set phrases, of which no word names anything."""
_IN_LAW = re.compile(r"\b(\w+)\s+in\s+law\b", re.IGNORECASE)


def topics(text: str, hidden: Iterable[Span] = ()) -> tuple[str, ...]:
    """The noun phrases of a text, in lower case, without articles, possessives and numbers; what is `hidden` (names, times) is none."""
    covered = sorted([*hidden, *(match.span() for match in _IDIOMS.finditer(text[:2000]))])
    found: dict[str, None] = {}
    text = _IN_LAW.sub(r"\1-in-law", text)
    quoted = [match for match in _SAID.finditer(text[:2000]) if len(match[1].split()) < 6]
    for match in quoted:
        covered.append(match.span())
        if not any(start <= match.start(1) < end for start, end in covered[:-1]):
            found[match[1].lower().strip(" .,!?")] = None
    for phrase in chunks(split(text), sorted(covered)):
        kept = _trimmed(phrase)
        if kept:
            found[" ".join(kept)] = None
        if len(found) >= MOST:
            break
    return tuple(found)


def _trimmed(chunk: list[Word]) -> list[str]:
    """The words of a phrase without what tells nothing at its ends."""
    words = [word.low.removesuffix("'") for word in chunk]
    while words and (words[0] in _COUNTING or words[0] in _WEAK_FRONT or _NUMBER.match(words[0]) or words[0] in ADVERBS):
        words = words[1:]
    while words and (_NUMBER.match(words[-1]) or words[-1] in _COUNTING or words[-1] in _BEHIND):
        words = words[:-1]
    if not words:
        return []
    if len(words) == 1:
        word = words[0].removesuffix("'s")
        if word in _FILLERS or word in _LOOSE or word in QUALITIES or len(word) < 2 or word in ADVERBS:
            return []
        return [word]
    if words[-1] in _LOOSE:
        return _trimmed(chunk[:-1])
    if words[-1] in _FILLERS and all(word in _LOOSE or word in _FILLERS for word in words[:-1]):
        return []
    return words


def entities(text: str, mentions: Sequence[Mention], lowered: Iterable[str] = ()) -> tuple[str, ...]:
    """The names in a text as they are written, each once; of two of which one holds the other the longer."""
    adjectives = gazetteer().adjectives
    told = (
        each.name for each in mentions if len(each.name) > 1 and each.name.lower() not in adjectives and not _abbreviation(text, each.name)
    )
    names = dict.fromkeys([*told, *_IDENTIFIER.findall(text), *lowered])
    return tuple(name for name in names if not any(name != other and f" {name} " in f" {other} " for other in names))


def _abbreviation(text: str, name: str) -> bool:
    """Whether a name is only short for a thing of somebody's, "my PIN"."""
    own = rf"\b(?:my|our|his|her|their|your)\s+{re.escape(name)}(?!\w)(?!\s+[A-Z])"
    return name.isupper() and name.isalpha() and len(name) < 5 and (name in _SHORT or re.search(own, text) is not None)


_SHORT = listed("PIN IBAN MOT CV PB ID SSN VAT DOB ETA TV PC PO GP")


def places_of(text: str, names: Iterable[str]) -> list[Span]:
    """Where names stand in a text, with the possessive that follows them."""
    found: list[Span] = []
    for name in names:
        pattern = rf"(?<!\w){re.escape(name)}(?:'s?)?(?!\w)"
        found.extend(match.span() for match in re.finditer(pattern, text.replace("\u2019", "'")))
    return found

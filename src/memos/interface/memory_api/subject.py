"""Subject: whether a memory is about what a phrase names, told by its words; for what is done to memories that nobody named by id."""

from __future__ import annotations

import re
from functools import lru_cache

from memos.interface.memory_api.desk import Work
from memos.memcube.cube import MemCube
from memos.operation.memoperator.analysis import stems, words

_GENERIC_WORDS = """
note notes memory memories memo entry entries record records thing things stuff item items fact facts detail details information info
message messages everything anything something all any every one ones file files document documents text texts reminder reminders
said say saying told tell saved save wrote written write mentioned mention stored store recorded added about regarding concerning
related many much often number count total time times please just tagged tag
"""
_MODIFIER_WORDS = """
old older oldest new newer newest latest last recent previous former earlier first original current present next outdated obsolete existing
whole entire full
"""
_PAST = """
ran run went go gone go ate eat eaten eat drank drink bought buy brought bring came come did do done do drew draw drove drive fell fall
felt feel flew fly found find forgot forget gave give given give got get grew grow had have heard hear held hold hurt hurt kept keep
knew know learnt learn left leave lent lend lost lose made make met meet paid pay put put read read rode ride rose rise said say sang sing
sat sit saw see seen see sent send set set slept sleep sold sell spent spend spoke speak stood stand swam swim swum swim taken take took
take taught teach thought think threw throw told tell understood understand woke wake won win wore wear wrote write written write fought
fight caught catch built build chose choose began begin broke break
"""
_BASE = dict(zip(_PAST.split()[::2], _PAST.split()[1::2], strict=True))
"""What becomes of a past that no stemmer leads back to its verb."""
_NUMBERS = {"couple": 2, "few": 3, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_SERIES = re.compile(
    rf"\b(?P<end>last|latest|newest|most recent|recent|first|oldest|earliest)\s+(?P<number>\d{{1,3}}|{'|'.join(_NUMBERS)})\b(?:\s+of\b)?"
)


def _terms(text: str) -> list[str]:
    return stems([_BASE.get(word, word) for word in words(text)])


GENERIC = frozenset(_terms(_GENERIC_WORDS))
MODIFIERS = frozenset(_terms(_MODIFIER_WORDS))
EARLIEST = frozenset({"first", "oldest", "earliest"})


@lru_cache(maxsize=4096)
def subject(phrase: str) -> frozenset[str]:
    """The terms of a phrase that say what it is about: none of "my last two notes", `doctor` of "everything about the doctor"."""
    return frozenset(_terms(_SERIES.sub(" ", phrase.lower()))) - GENERIC - MODIFIERS


@lru_cache(maxsize=4096)
def modifiers(phrase: str) -> frozenset[str]:
    """The words of a phrase that choose among several, such as "old" and "latest"."""
    return frozenset(words(phrase)) & frozenset(_MODIFIER_WORDS.split())


def series(phrase: str) -> tuple[int, bool] | None:
    """How many at an end of the time a phrase means, and whether at its beginning: (2, False) for "the last two", None for no number."""
    found = _SERIES.search(phrase.lower())
    if found is None:
        return None
    number = _NUMBERS.get(found["number"]) or int(found["number"])
    return number, found["end"] in EARLIEST


def names(phrase: str) -> bool:
    """Whether a phrase has any word that may name a memory: "my last note" has, "the" and "me" have none."""
    return bool(stems(words(phrase))) or bool(modifiers(phrase))


def covers(work: Work, cube: MemCube, wanted: frozenset[str]) -> bool:
    """Whether all terms of a subject stand in a memory; of four and more one may be missing."""
    return len(wanted - terms_of(work, cube)) <= (1 if len(wanted) > 3 else 0)


def terms_of(work: Work, cube: MemCube) -> frozenset[str]:
    """The terms of a memory as its reader is shown it: of its text, its speaker, the tags that users gave it, and what stands beside it.

    What is predicted of it is no word of anybody's.
    """
    shown = work.desk.governance.redacted(work.warrant, cube)
    said = [shown.text, shown.speaker or "", *(tag.key.replace("=", " ") for tag in shown.own_tags), *_texts(shown)]
    return frozenset(_terms(" ".join(said)))


def _texts(cube: MemCube) -> list[str]:
    return [value for value in cube.metadata.values() if isinstance(value, str)]

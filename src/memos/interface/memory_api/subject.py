"""Subject: whether a memory is about what a phrase names, told by its words; for what is done to memories that nobody named by id."""

from __future__ import annotations

from functools import lru_cache

from memos.interface.memory_api.desk import Work
from memos.memcube.cube import MemCube
from memos.operation.memoperator.analysis import stems, words

_GENERIC_WORDS = """
note notes memory memories memo entry entries record records thing things stuff item items fact facts detail details information info
message messages everything anything something all any every one ones file files document documents text texts reminder reminders
said say saying told tell saved save wrote written write mentioned mention stored store recorded added about regarding concerning
related many much often number count total time times please
"""
_MODIFIER_WORDS = """
old older oldest new newer newest latest last recent previous former earlier first original current present next outdated obsolete existing
whole entire full
"""
GENERIC = frozenset(stems(_GENERIC_WORDS.split()))
MODIFIERS = frozenset(stems(_MODIFIER_WORDS.split()))


@lru_cache(maxsize=4096)
def subject(phrase: str) -> frozenset[str]:
    """The terms of a phrase that say what it is about: none of "my last note", `doctor` of "everything about the doctor"."""
    return frozenset(stems(words(phrase))) - GENERIC - MODIFIERS


@lru_cache(maxsize=4096)
def modifiers(phrase: str) -> frozenset[str]:
    """The words of a phrase that choose among several, such as "old" and "latest"."""
    return frozenset(words(phrase)) & frozenset(_MODIFIER_WORDS.split())


def names(phrase: str) -> bool:
    """Whether a phrase has any word that may name a memory: "my last note" has, "the" and "me" have none."""
    return bool(stems(words(phrase))) or bool(modifiers(phrase))


def covers(work: Work, cube: MemCube, wanted: frozenset[str]) -> bool:
    """Whether all terms of a subject stand in a memory; of four and more one may be missing."""
    return len(wanted - terms_of(work, cube)) <= (1 if len(wanted) > 3 else 0)


def terms_of(work: Work, cube: MemCube) -> frozenset[str]:
    """The terms of a memory as its reader is shown it: of its text, its speaker, its tags, and what stands beside it."""
    shown = work.desk.governance.redacted(work.warrant, cube)
    said = [shown.text, shown.speaker or "", *(tag.key.replace("=", " ") for tag in shown.tags), *_texts(shown)]
    return frozenset(stems(words(" ".join(said))))


def _texts(cube: MemCube) -> list[str]:
    return [value for value in cube.metadata.values() if isinstance(value, str)]

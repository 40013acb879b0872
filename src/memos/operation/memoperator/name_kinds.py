"""Judging: whether a run of capitalised words is a name, of what kind, and how sure that is."""

from __future__ import annotations

import re

from memos.operation.memoperator.gazetteer import Gazetteer
from memos.operation.memoperator.naming import Run

_WORD = re.compile(r"[\w']+")
_NOTHING = ("thing", 0.0)
_ENDINGS = (
    "ing",
    "ed",
    "ly",
    "tion",
    "sion",
    "ness",
    "ment",
    "ity",
    "ism",
    "ful",
    "ous",
    "able",
    "ive",
    "ally",
    "n't",
    "'re",
    "'ve",
    "'ll",
    "'d",
)


class Surroundings:
    """The words beside a run, in lower case: up to four before it, in its sentence, and the first after it."""

    __slots__ = ("after", "before", "next", "text", "then")

    def __init__(self, text: str, run: Run) -> None:
        ahead = text[max(0, run.start - 40) : run.start].lower()
        ahead = re.split(r"[.!?\n]\s", ahead)[-1]
        self.before = _WORD.findall(ahead)[-4:]
        if self.before and ahead[:1] != " " and len(ahead) == 40:
            self.before = self.before[1:] if len(self.before) < 4 else self.before
        self.next = text[run.end : run.end + 1]
        behind = _WORD.findall(text[run.end : run.end + 32].lower())
        self.after = behind[0] if behind and text[run.end : run.end + 1] == " " else ""
        self.then = behind
        self.text = text

    @property
    def last(self) -> str:
        """The word before."""
        return self.before[-1] if self.before else ""


def judge(words: Gazetteer, run: Run, near: Surroundings) -> tuple[str, float]:
    """The kind and the confidence of a run; 0 when it is no name."""
    if run.shouted:
        return _NOTHING
    if len(run.parts) == 1:
        return _single(words, run, near)
    return _several(words, run, near)


def _several(words: Gazetteer, run: Run, near: Surroundings) -> tuple[str, float]:
    parts = run.parts
    plain = [part for part in parts if part in words.common and part not in words.given]
    if len(plain) == len(parts) and (run.first or _titled(near.text)) and parts[-1] not in words.org_words | words.place_words:
        return _NOTHING
    if all(part in words.adjectives for part in parts):
        return _NOTHING
    if parts[-1] in words.place_words or (parts[0] in words.place_first and parts[0] not in words.honorifics):
        return "place", 0.85
    if parts[-1] in words.org_words or parts[0] in words.of_heads or parts[0] in words.org_names or "&" in run.name:
        return "organisation", 0.85
    if parts[0] in words.honorifics:
        return "person", 0.95
    if parts[0] in words.given and parts[-1] not in words.common:
        return "person", 0.9
    if parts[-1] in words.places or parts[0] in words.places:
        return "place", 0.75
    kind, confidence = _surrounded(words, run, near)
    return (kind, confidence) if kind != "thing" else ("thing", 0.6)


def _titled(text: str) -> bool:
    """Whether nearly all words of a text are capitalised, as in a headline."""
    found = _WORD.findall(text)
    return len(found) > 3 and sum(word[0].isupper() for word in found) > 0.7 * len(found)


def _single(words: Gazetteer, run: Run, near: Surroundings) -> tuple[str, float]:
    word, low = run.name, run.parts[0]
    if low in words.acronyms or low in words.adjectives or (low in words.honorifics and low not in words.given):
        return _NOTHING
    if low in words.times:
        return ("person", 0.6) if low in words.given and _called(words, run, near) else _NOTHING
    if word.isupper() and len(word) > 1:
        return _acronym(words, run, near)
    if low in words.common or low in words.kin or low in words.pets:
        return ("person", 0.65) if low in words.given and _called(words, run, near) else _NOTHING
    if low in words.places and low not in words.given:
        return "place", 0.9
    if low in words.org_names:
        return "organisation", 0.8
    if low in words.given:
        return ("place", 0.6) if low in words.places and _at(words, near) else ("person", 0.9)
    kind, confidence = _surrounded(words, run, near)
    return _at_start(words, run, near, kind, confidence) if run.first else (kind, confidence)


def _acronym(words: Gazetteer, run: Run, near: Surroundings) -> tuple[str, float]:
    low = run.parts[0]
    if low in words.places:
        return ("place", 0.9)
    if low in words.org_names:
        return ("organisation", 0.9)
    if low in words.common or len(low.replace(".", "")) > 5 or (len(low) == 1):
        return _NOTHING
    if near.last in ("the", "at", "for", "by", "with", "from", "join", "joined"):
        return "organisation", 0.6
    return "thing", 0.5


def _called(words: Gazetteer, run: Run, near: Surroundings) -> bool:
    """Whether somebody is spoken of or to."""
    if run.owns or near.last in words.kin or near.last in words.person_before:
        return True
    return not run.first and (near.after in words.person_verbs or near.last in words.vocative or near.last == "and")


def _at(words: Gazetteer, near: Surroundings) -> bool:
    return near.last in words.place_before


def _surrounded(words: Gazetteer, run: Run, near: Surroundings) -> tuple[str, float]:
    """What the words beside an unknown name say."""
    last, earlier = near.last, near.before[:-1]
    if last in words.kin:
        return "person", 0.85
    if last in words.pets or (last in ("named", "called") and not words.pets.isdisjoint(earlier)):
        return "thing", 0.7
    if last in words.works:
        return "work", 0.7
    if last in words.org_before and not words.org_cues.isdisjoint(earlier):
        return "organisation", 0.75
    if last in ("joined", "joining"):
        return "organisation", 0.65
    if last in words.place_before:
        cued = not words.place_cues.isdisjoint(earlier) or last in words.place_cues
        return "place", 0.75 if cued else 0.6 if last == "in" else 0.5
    if run.owns and near.then and near.then[0] in words.kin:
        return "person", 0.85
    if last in words.person_before or last in words.vocative or near.after in words.person_verbs - _COPULAS:
        return "person", 0.7
    if last in words.products or (near.before[-2:-1] and near.before[-2] in words.products):
        return "thing", 0.6
    return "thing", 0.5


_COPULAS = frozenset(["is", "was", "will", "would", "can", "could", "might", "should", "has", "had", "made", "makes", "isn't", "wasn't"])


def _at_start(words: Gazetteer, run: Run, near: Surroundings, kind: str, confidence: float) -> tuple[str, float]:
    """What is left of a word that the beginning of a sentence may have capitalised."""
    word = run.name
    if re.search(rf"(?<!\w){re.escape(word.lower())}(?!\w)", near.text):
        return _NOTHING
    again = re.search(rf"[\w,;] {re.escape(word)}(?!\w)", near.text)
    if again or run.owns or any(letter.isupper() for letter in word[1:]):
        return kind, max(0.5, confidence - 0.1)
    if run.parts[0].endswith(_ENDINGS) or "'" in word:
        return _NOTHING
    if near.after in words.person_verbs - _COPULAS:
        return "person", 0.65
    if near.after in _COPULAS and not word.endswith("s"):
        return kind, 0.45
    return _NOTHING

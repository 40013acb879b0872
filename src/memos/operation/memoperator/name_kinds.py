"""Judging: whether a run of capitalised words is a name, of what kind, and how sure that is."""

from __future__ import annotations

import re

from memos.operation.memoperator.analysis import fold
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
    """The words beside a run, in lower case: up to four before it, in its sentence, and those after it."""

    __slots__ = ("after", "author", "before", "joined_by_name", "spoken_to", "text", "then")

    def __init__(self, text: str, run: Run) -> None:
        ahead, behind = text[max(0, run.start - 40) : run.start], text[run.end : run.end + 32]
        self.before = _WORD.findall(re.split(r"[.!?\n]\s", ahead.lower())[-1])[-4:]
        self.then = _WORD.findall(behind.lower())
        self.after = self.then[0] if self.then and behind[:1] == " " else ""
        self.author = bool(_AUTHOR.match(behind))
        self.joined_by_name = bool(_AND_NAME.match(behind))
        self.spoken_to = ahead.endswith(", ") and bool(_SPOKEN_TO.match(behind)) and not _LISTED.search(ahead)
        self.text = text

    @property
    def last(self) -> str:
        """The word before."""
        return self.before[-1] if self.before else ""


_AUTHOR = re.compile(r" by [^\W\d_a-z]")
_AND_NAME = re.compile(r" and (?:I\b|[A-Z][a-z])")
_SPOKEN_TO = re.compile(r"(?:[!?.]|, (?:you|I|can|could|would|will|please|how|what|do|did|are)\b)")
_LISTED = re.compile(r"[A-Z]\w+, $")


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
    told = _by_its_words(words, run)
    if told is not None:
        return told
    kind, confidence = _surrounded(words, run, near)
    return (kind, confidence) if kind != "thing" else ("thing", 0.6)


def _by_its_words(words: Gazetteer, run: Run) -> tuple[str, float] | None:
    """What the words of a name say of its kind."""
    parts = run.parts
    if (parts[0] in words.place_of and " of " in run.name) or parts[-1] in words.place_words:
        return "place", 0.85
    if parts[0] in words.place_first and parts[0] not in words.honorifics and parts[-1] not in words.org_words:
        return "place", 0.8
    if parts[-1] in words.org_words or parts[0] in words.of_heads | words.org_first or "&" in run.name:
        return "organisation", 0.85
    if parts[0] in words.org_names:
        return "thing", 0.75  # what it makes
    if parts[0] in words.honorifics:
        return "person", 0.95
    if parts[0] in words.given and parts[-1] not in words.common:
        return "person", 0.9
    return ("place", 0.75) if parts[-1] in words.places or parts[0] in words.places else None


def _titled(text: str) -> bool:
    """Whether nearly all words of a text are capitalised, as in a headline."""
    found = _WORD.findall(text)
    return len(found) > 3 and sum(word[0].isupper() for word in found) > 0.7 * len(found)


def _single(words: Gazetteer, run: Run, near: Surroundings) -> tuple[str, float]:
    word, low = run.name, fold(run.parts[0])
    if low.removesuffix("s") in words.times or low in words.acronyms or low in words.adjectives:
        return _NOTHING
    if low in words.honorifics and low not in words.given:
        return _NOTHING
    if word.isupper() and len(word) > 1:
        return _acronym(words, run, near)
    if any(letter.isupper() for letter in word[1:]) and word[1:].isalpha() and low not in words.org_names:
        return "thing", 0.7  # MacBook, iPhone
    if low in words.times or low in words.common or low in words.kin or low in words.pets:
        return ("person", 0.65) if low in words.given and _called(words, run, near) else _NOTHING
    if low in words.places and low not in words.given:
        return "place", 0.9
    if low in words.org_names:
        return "organisation", 0.8
    if low in words.given:
        return ("place", 0.6) if low in words.places and near.last in words.place_before else ("person", 0.9)
    kind, confidence = _surrounded(words, run, near)
    return _at_start(words, run, near, kind, confidence) if run.first else (kind, confidence)


def _acronym(words: Gazetteer, run: Run, near: Surroundings) -> tuple[str, float]:
    low = run.parts[0]
    if low in words.places:
        return "place", 0.9
    if low in words.org_names:
        return "organisation", 0.9
    if low in words.common or not 1 < len(low.replace(".", "")) <= 5:
        return _NOTHING
    at = near.last in {"the", "at", "for", "by", "with", "from", "join", "joined"}
    return ("organisation", 0.6) if at else ("thing", 0.5)


def _called(words: Gazetteer, run: Run, near: Surroundings) -> bool:
    """Whether somebody is spoken of or to."""
    if run.owns or near.last in words.kin or near.last in words.person_before:
        return True
    return not run.first and (near.after in words.person_verbs or near.last in words.vocative or near.last == "and")


def _surrounded(words: Gazetteer, run: Run, near: Surroundings) -> tuple[str, float]:
    """What the words beside an unknown name say."""
    last, earlier = near.last, near.before[:-1]
    if last in words.kin:
        return "person", 0.85
    if last in words.pets or (last in {"named", "called"} and not words.pets.isdisjoint(earlier)):
        return "thing", 0.7
    if last in words.works or near.after in words.work_nouns or (near.after == "by" and near.author):
        return "work", 0.7
    if run.owns and near.then and near.then[0] in words.kin | words.belongings:
        return "person", 0.8
    if near.spoken_to:
        return "person", 0.7
    return _placed(words, near)


def _placed(words: Gazetteer, near: Surroundings) -> tuple[str, float]:
    """What the preposition before an unknown name says, and the verb after it."""
    last, earlier = near.last, near.before[:-1]
    if last in words.org_before and not words.org_cues.isdisjoint(earlier):
        return "organisation", 0.75
    if last in {"joined", "joining"} or (last == "of" and "office" in earlier):
        return "organisation", 0.65
    if last in words.place_before and not (last == "to" and earlier[-1:] and earlier[-1] in _TOWARDS):
        cued = not words.place_cues.isdisjoint(earlier) or last in words.place_cues
        return "place", 0.75 if cued else 0.6 if last == "in" else 0.5
    addressed = last == "to" and earlier and earlier[-1] in _TOWARDS - _HEARD
    if addressed or last in words.person_before or last in words.vocative or near.after in words.person_verbs - COPULAS or last in _ASKING:
        return "person", 0.7
    if last in words.products or not words.products.isdisjoint(near.before[-2:-1]):
        return "thing", 0.6
    return "thing", 0.5


_HEARD = frozenset({"listened", "listening", "listen"})
_TO_SOMEBODY = "married engaged talked talking talk spoke speak speaking wrote apologised apologized lied"
_TOWARDS = _HEARD | frozenset(_TO_SOMEBODY.split())
"""Words after which "to" leads to no place."""
COPULAS = frozenset({"is", "was", "will", "would", "can", "could", "might", "should", "has", "had", "made", "makes", "isn't", "wasn't"})
_ASKING = frozenset({"is", "does", "did", "has", "will", "can", "and"})


def _at_start(words: Gazetteer, run: Run, near: Surroundings, kind: str, confidence: float) -> tuple[str, float]:
    """What is left of a word that the beginning of a sentence may have capitalised."""
    word = run.name
    if re.search(rf"(?<!\w){re.escape(word.lower())}(?!\w)", near.text):
        return _NOTHING
    again = re.search(rf"[\w,;] {re.escape(word)}(?!\w)", near.text)
    if again or run.owns:
        return kind, max(0.5, confidence - 0.1)
    if run.parts[0].endswith(_ENDINGS) or "'" in word:
        return _NOTHING
    if near.after in words.person_verbs - COPULAS or near.joined_by_name:
        return "person", 0.65
    if near.after in COPULAS and not word.endswith("s"):
        return kind, 0.45
    return _NOTHING

"""Talk: what has been spoken of so far, by whom and how lately, from which a pronoun's antecedent is chosen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.moments import Span, moments
from memos.interface.memreader.dialogue.phrases import NUMBERS, UNITS, content, tokens
from memos.interface.memreader.dialogue.referents import Referent, kind_of_noun, referents, times

MARGIN = 0.3
"""How much better than the next an antecedent has to be."""
_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|would|can|could|should|did|does|do|said|says|\w{3,}ed)\b|n't\b", re.IGNORECASE
)

_TOPIC = re.compile(r"\b(?:about|on|regarding|how\s+many|which|all|every|list|summari[sz]e|compare)\s+$", re.IGNORECASE)
_STORING = re.compile(r"^(?:please\s+|then\s+|and\s+)?(?:note|remember|save|store|log|record|jot|keep)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"^(?:to|that)\s", re.IGNORECASE)
_KINDS = {"who": "person", "whom": "person", "whose": "person", "where": "place", "what": "thing"}
"""What a name alone answers, by what was asked."""
_LOCATED = re.compile(r"(?<!\w)(in|on|at|under|behind|inside|beside|near)\s+$", re.IGNORECASE)
_GOES_ON = re.compile(r"^(?:(?:yes|no|yeah|well)[,.]?\s+)?(?:that|to|because|since|not\s)\b", re.IGNORECASE)


class Heard(NamedTuple):
    """A referent in the conversation: `turn` says it in words, `clock` is when it was last meant, `answer` that it alone was the answer."""

    referent: Referent
    turn: int
    clock: int
    answer: bool
    mine: bool
    topic: bool
    """Whether it stands after "about", or is what is counted, listed or summarised."""
    located: str
    """The preposition by which something is said to be in, on or at it."""
    within: bool
    """Whether it stands in an answer that only goes on with the question: "that the roof leaks"."""


class Found(NamedTuple):
    """The antecedent of some words, and the turn that says it; `rival` is one that is as good."""

    value: str
    turn: int
    kind: str
    rival: str | None = None


class Moment(NamedTuple):
    """Words that name a time, and the turn that says them."""

    span: Span
    turn: int
    clock: int
    asked: bool = False
    """Whether the user asked about it."""


Fits = Callable[[Referent], bool]


class Talk:
    """What was spoken of, turn by turn."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.heard: list[Heard] = []
        self.times: list[Moment] = []
        self.clock = 0
        self.kinds: dict[str, str] = {}
        """What unknown names turned out to be names of."""
        self.told: tuple[str, int] | None = None
        """The clause that the assistant answered with: "to take it in the evening"."""

    def hear(
        self,
        text: str,
        turn: int,
        *,
        mine: bool,
        said: str = "",
        sources: Iterable[tuple[str, int]] = (),
        listed: Sequence[str] = (),
        asked: str = "",
    ) -> None:
        """Take in what a turn speaks of; `sources` are the words in it that come from earlier turns."""
        known = dict(sources)
        within = not mine and bool(_GOES_ON.match(text))
        if not mine and _CLAUSE.match(text):
            self.told = (_clause(text), turn)
        answer = not mine and not within and len(tokens(text)) <= 16 and not _FINITE.search(text)
        found = referents(text)
        items = _items(listed, text, found) if listed else ()
        for each in (*found, *items):
            one = each if mine else each._replace(value=_turned(each.value))
            unsure = each.kind == "name" or (each.kind == "person" and each.gender == "?" and asked == "what")
            if answer and unsure and each.value[0].isupper() and asked in _KINDS:
                self.kinds[one.value] = _KINDS[asked]
            if one.value in self.kinds and (one.kind == "name" or self.kinds[one.value] == "thing"):
                one = one._replace(kind=self.kinds[one.value], gender="?" if self.kinds[one.value] == "person" else "n")
            core = one.core.lower()
            literal = each.value.lower() in said.lower()
            origin = turn if literal else known.get(core, known.get(one.value.lower(), self._said(one, turn)))
            before, alone = text[: each.start], answer and each.rank > 0
            self.heard.append(Heard(one, origin, self.clock, alone, mine, bool(_TOPIC.search(before)), _located(before), within))
        asking = mine and not text.rstrip().endswith(".") and not _STORING.search(text)
        if not (mine and _STORING.match(text)):
            self.times += [Moment(each, known.get(_bare(each.bare), turn), self.clock, asking) for each in times(text)]

    def best(self, fits: Fits, *, far: int = 8) -> Found | None:
        """The referent that fits and stands out most, with its rival if there is one."""
        scores: dict[str, tuple[float, Heard]] = {}
        for each in self.heard:
            if self.clock - each.clock > far or not fits(each.referent):
                continue
            key, score = self.key(each.referent), self._score(each)
            old = scores.get(key)
            if old is None or score >= old[0]:
                scores[key] = (score + (0.25 if old else 0), each)
        if not scores:
            return None
        ranked: list[tuple[float, Heard]] = sorted(scores.values(), key=lambda each: -each[0])
        top, first = ranked[0]
        near = [each for score, each in ranked[1:] if top - score < MARGIN]
        first = next((each for each in near if first.referent.core in each.referent.core and each.clock == first.clock), first)
        apart = [each for each in near if each.referent.core not in first.referent.core]
        rival = apart[0].referent.core if apart else None
        latest = self.latest(first.referent)
        return Found(latest.referent.value, latest.turn, latest.referent.kind, rival)

    def _score(self, each: Heard) -> float:
        score = -2.0 * (self.clock - each.clock) + (0, 0.7, 1.0, 1.5)[each.referent.rank]
        if each.answer:
            score += 1.5
        elif not each.mine and each.referent.start:
            score -= 1.0
        score -= 1.0 if each.referent.kind == "name" else 0
        return score - (3 if each.referent.head in lex.VAGUE else 0) - (2.5 if each.within else 0)

    def _said(self, referent: Referent, turn: int) -> int:
        """The turn that said something last, or else this one."""
        key = self.key(referent)
        return max((each.turn for each in self.heard if self.key(each.referent) == key), default=turn)

    def latest(self, referent: Referent) -> Heard:
        """The latest turn that says it, in the words that say most."""
        key = self.key(referent)
        same = [each for each in self.heard if self.key(each.referent) == key]
        turn = max((each.turn for each in same), default=-1)
        if referent.kind not in {"person", "name"} and all(" " not in each.referent.core for each in same if each.turn == turn):
            turn = max((each.turn for each in same if " " in each.referent.core), default=turn)
        return max((each for each in same if each.turn == turn), key=lambda each: len(each.referent.value))

    def key(self, referent: Referent) -> str:
        """What is the same for all words that mean the same."""
        if referent.plural and (" and " in referent.value or ", " in referent.value):
            return referent.core.lower()
        if referent.plural or referent.kind not in {"person", "name"}:
            return referent.head
        return referent.head if referent.head in lex.FOLK else referent.value.lower().split()[-1]

    def time(self, *, far: int = 8, event: bool = False, asked: bool = False) -> Moment | None:
        """The time that was spoken of last; with `event` only what is named by one."""
        near = (each for each in reversed(self.times) if self.clock - each.clock <= far)
        near = (each for each in near if each.asked) if asked else near
        return next((each for each in near if not event or not moments(each.span.bare)), None)

    def place(self) -> tuple[Found, str] | None:
        """The place that was spoken of last: a name, a kind of place, or where something was said to be."""
        found = self.best(lambda each: each.kind == "place" or each.head in lex.PLACES, far=3)
        at = next((each for each in reversed(self.heard) if each.located and self.clock - each.clock <= 3), None)
        if found is not None:
            return found, "in" if found.kind == "place" else "at"
        if at is None:
            return None
        latest = self.latest(at.referent)
        return Found(latest.referent.value, latest.turn, "thing"), at.located

    def event(self) -> tuple[Found, int] | None:
        """The event that was spoken of last, and when."""
        each = next((each for each in reversed(self.heard) if each.referent.kind == "event" and each.referent.rank), None)
        if each is None or self.clock - each.clock > 3:
            return None
        latest = self.latest(each.referent)
        return Found(latest.referent.value, latest.turn, "event"), each.clock

    def both(self) -> Found | None:
        """The two things that the user spoke of last, one after the other or in one."""
        group = self.best(lambda each: each.plural and " and " in each.value, far=1)
        mine = [each for each in self.heard if each.mine and each.referent.rank > 1 and each.referent.kind not in {"person", "name"}]
        two = list(
            {self.key(each.referent): each for each in mine if each.referent.head not in lex.VAGUE and not each.referent.plural}.values()
        )[-2:]
        if group is not None or len(two) < 2:
            return group
        found = [self.latest(each.referent) for each in two]
        return Found(" and ".join(each.referent.value for each in found), max(each.turn for each in found), "thing")

    def company(self) -> tuple[Found, str] | None:
        """The organisation, or whatever has a name, that was spoken of last, as a place."""
        named = [
            each for each in self.heard if each.referent.kind in {"organisation", "thing", "name"} and each.referent.value[0].isupper()
        ]
        last = [each for each in named if each.clock == named[-1].clock and self.clock - each.clock <= 3 and each.referent.rank]
        if len({self.key(each.referent) for each in last}) != 1:
            return None
        latest = self.latest(last[0].referent)
        return Found(latest.referent.value, latest.turn, "organisation"), "at"

    def persons(self) -> Found | None:
        """The last two people who were named, one by one."""
        people = [
            each
            for each in self.heard
            if each.referent.kind in {"person", "name"} and not each.referent.plural and self.clock - each.clock <= 5
        ]
        last = list({self.key(each.referent): each for each in people}.values())
        last.sort(key=lambda each: each.clock)
        found = [self.latest(each.referent) for each in last[-2:]]
        if len(found) < 2:
            return None
        return Found(" and ".join(each.referent.value for each in found), max(each.turn for each in found), "person")

    def topic(self) -> Found | None:
        """What was asked about last: what the user named as the topic, or else what stands out."""
        mine = [
            each
            for each in self.heard
            if each.mine and each.referent.kind not in {"person", "name"} and each.referent.head not in lex.VAGUE
        ]
        about = [each for each in mine if each.topic]
        if about:
            latest = self.latest(about[-1].referent)
            return Found(latest.referent.value, latest.turn, latest.referent.kind)
        found = self.best(lambda each: each.kind not in {"person", "name"} and each.head not in lex.VAGUE)
        return found if found and not found.rival else None


def _clause(text: str) -> str:
    """An answer such as "To rest more.", as the end of a sentence."""
    said = re.split(r"[.!?;](?:\s|$)", text, maxsplit=1)[0]
    return _turned(said[:1].lower() + said[1:])


def _located(before: str) -> str:
    match = _LOCATED.search(before)
    return match[1].lower() if match else ""


def _bare(value: str) -> str:
    """Words without an article, in lower case, as slots are compared."""
    return re.sub(r"^(?:the|an?)\s+", "", value.lower())


def _items(listed: Sequence[str], text: str, found: Sequence[Referent]) -> list[Referent]:
    """The things listed that nothing else shows to be noun phrases."""
    items = []
    for each in listed:
        at, words = text.lower().find(each.lower()), tokens(each)
        if (
            at < 0
            or not words
            or len(words) > 5
            or any(one.start <= at and at + len(each) <= one.end and one.rank and not one.plural for one in found)
        ):
            continue
        bare = (
            words[0].low in lex.PREPOSITIONS | lex.VERBS | lex.COMMANDS
            or words[-1].low in lex.CHITCHAT | UNITS | NUMBERS
            or words[-1].low.endswith("ly")
        )
        if not bare and content(words[-1]) and words[-1].low.isalpha() and not times(each):
            items.append(Referent(each, kind_of_noun(words[-1].low), "n", False, lex.singular(words[-1].low), at, at + len(each), 2))
    return items


def _turned(value: str) -> str:
    """What an assistant says of the user's, as the user would say it."""
    return re.sub(r"\b([Yy])our\b", lambda _: "my", value, count=2)

"""Talk: what has been spoken of so far, by whom and how lately, from which a pronoun's antecedent is chosen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.answers import answer_of, answer_until, first_sentence
from memos.interface.memreader.dialogue.heard import Found, Heard, Moment, bare, clause, heard_of, key_of, turned
from memos.interface.memreader.dialogue.heard import items as items_of
from memos.interface.memreader.dialogue.manner import asks_or_tells
from memos.interface.memreader.dialogue.moments import moments
from memos.interface.memreader.dialogue.phrases import NUMBERS, tokens
from memos.interface.memreader.dialogue.ranking import WEIGHTS, Asked, score
from memos.interface.memreader.dialogue.referents import Referent, referents, times
from memos.interface.memreader.dialogue.wording import named

MARGIN = 0.15
"""How much better than the next an antecedent has to be."""
_WHOM = re.compile(r"(?:(?:and|so)\s+)?who(?:['’]s|\s+(?:is|was))\s+(?:he|she|that|this|[A-Z]\w+)\b", re.IGNORECASE)
_ONE = re.compile(r"an?\s", re.IGNORECASE)
_STORING = re.compile(r"^(?:please\s+|then\s+|and\s+)?(?:note|remember|save|store|log|record|jot|keep)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"^(?:to|that)\s", re.IGNORECASE)
_AMOUNT = re.compile(
    r"[£$€]\s?\d[\d.,]*(?<![.,])(?:\s+(?:a|per)\s+\w+)?|\d[\d.,]*\s?(?:%|(?:kg|km|cm|mg|ml|g|hours?|minutes?|euros|dollars|pounds|per\s+cent)\b)"
)
_KINDS = {"who": "person", "whom": "person", "whose": "person", "where": "place", "what": "thing"}
"""What a name alone answers, by what was asked."""
_GOES_ON = re.compile(r"^(?:(?:yes|no|yeah|well)[,.]?\s+)?(?:that|to|because|since|not\s)\b", re.IGNORECASE)


Fits = Callable[[Referent], bool]


class Talk:
    """What was spoken of, turn by turn."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.heard: list[Heard] = []
        self.times: list[Moment] = []
        self.clock = 0
        self.genders: dict[str, str] = {}
        """Who was called he (m) or she (f)."""
        self.kinds: dict[str, str] = {}
        """What unknown names turned out to be names of."""
        self.amount: tuple[str, int] | None = None
        """How much the assistant said something was."""
        self.stated: tuple[str, int] | None = None
        self.whom = False
        """Whether it was asked last who somebody is."""
        self.newest = -1
        """The number of the last turn that was heard."""
        self.reply: tuple[str, int] | None = None
        """The first sentence of what the assistant said last."""
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
        told: str = "",
    ) -> None:
        """Take in what a turn speaks of; `sources` are words in it that come from earlier turns, `told` it with all that it stands for."""
        told = told or text
        self.newest = turn
        if not mine and asked == "who":
            self._answered_role(text)
        known = dict(sources)
        within = not mine and bool(_GOES_ON.match(text))
        if not mine:
            self._hear_reply(text, told, turn)
        until = 0 if mine or within else answer_until(text)
        answer = until > 0
        found = [*answer_of(text, asked), *referents(text)] if answer else referents(text)
        items = items_of(listed, text, found) if listed else ()
        for each in (*found, *items):
            if not mine and self._says_nothing(each, text, asked, answer=answer):
                continue
            if answer and asked == "how" and each.value[0].isdigit() | (each.value.split(maxsplit=1)[0].lower() in NUMBERS):
                each = each._replace(rank=0)
            one = self._told_apart(each if mine else each._replace(value=turned(each.value)), asked if answer else "")
            literal = not mine or each.value.lower() in said.lower()
            origin = turn if literal else known.get(one.core.lower(), known.get(one.value.lower(), self._said(one, turn)))
            self.heard.append(heard_of(text, one, origin, self.clock, alone=each.rank > 0 and each.start < until, mine=mine, within=within))
        if mine:
            self._hear_manner(text, told, turn)
        asking = mine and not text.rstrip().endswith(".") and not _STORING.search(text)
        if not (mine and _STORING.match(text)):
            self.times += [Moment(each, known.get(bare(each.bare), turn), self.clock, asking) for each in times(told)]

    def _hear_reply(self, text: str, told: str, turn: int) -> None:
        """Take in what the assistant said as a whole."""
        self.reply = (first_sentence(told), turn)
        if _CLAUSE.match(text):
            self.told = (clause(told), turn)
        if amount := _AMOUNT.search(text):
            self.amount = (amount[0], turn)

    def _hear_manner(self, text: str, told: str, turn: int) -> None:
        """Take in how the user said something."""
        self.whom = bool(_WHOM.match(text))
        if not asks_or_tells(text):
            self.stated = (re.sub(r"\s*[.!]*$", "", told), turn)

    def _says_nothing(self, each: Referent, text: str, asked: str, *, answer: bool) -> bool:
        """Whether what looks like a noun in an answer names nothing: "a colleague", to who she is; "high", to how likely."""
        if self.whom and each.start < len("an "):
            return bool(_ONE.match(text))
        single = " " not in each.value
        if asked == "how" and each.start == 0 and single and each.kind not in {"person", "name"}:
            return True
        return answer and len(tokens(text)) <= 2 and each.kind == "name" and asked in lex.AUXILIARIES

    def _answered_role(self, text: str) -> None:
        """Whoever was asked for is who was named: "who was the agent?" "Jo"."""
        if any(each.kind in {"person", "name"} and each.value[0].isupper() and each.rank for each in referents(text)):
            self.heard = [
                each._replace(within=True)
                if each.mine and each.clock == self.clock - 1 and each.referent.head in lex.FOLK and each.referent.value.islower()
                else each
                for each in self.heard
            ]

    def capitals(self, text: str) -> str:
        """A text with the names that were heard in capitals."""
        names = {
            each.referent.value
            for each in self.heard
            if each.referent.value[0].isupper()
            and each.referent.kind in {"person", "name", "place", "organisation"}
            and (each.referent.start or each.answer or lex.gender(each.referent.value) != "?")
        }
        parts = {part for full in names for part in full.split() if lex.gender(full.split()[0]) != "?"}
        return named(text, {name for name in names | parts if len(name) > 2 and name[0].isupper()})

    def _told_apart(self, one: Referent, asked: str) -> Referent:
        """A name as that of a person, a place or a thing, by what was asked when it was first the answer."""
        first = one.start == 0 and " " not in one.value and one.value.istitle() and one.kind == "thing"
        if asked == "who" and first:
            one = one._replace(kind="name", plural=False, head=one.value.lower(), gender=lex.gender(one.value))
        if one.kind == "name" and any(each.referent.value == one.value and each.referent.kind == "thing" for each in self.heard):
            return one._replace(kind="thing", gender="n")
        if (
            one.value[0].islower()
            and one.head[:1].islower()
            and one.value.split()[-1][0].isupper()
            and one.kind in {"organisation", "person"}
        ):
            self.kinds.setdefault(one.value.split()[-1], one.kind)
        unsure = one.kind == "name" or (one.kind == "person" and one.gender == "?" and asked == "what")
        if unsure and one.value[0].isupper() and asked in _KINDS:
            self.kinds[one.value] = _KINDS[asked]
        if one.value in self.kinds and (one.kind == "name" or self.kinds[one.value] == "thing"):
            kind = self.kinds[one.value]
            one = one._replace(kind=kind, gender=one.gender if kind == "person" else "n")
        return one._replace(gender=self.genders[one.value]) if one.value in self.genders else one

    def is_of(self, value: str, gender: str) -> None:
        """Remember that somebody was called he, or she."""
        self.genders.setdefault(value, gender)
        self.heard = [
            each._replace(referent=each.referent._replace(gender=gender)) if each.referent.value == value else each for each in self.heard
        ]

    def touch(self, value: str, turn: int, *, mine: bool, subject: bool) -> None:
        """Something that was meant again, by a pronoun or the like."""
        low = bare(value)
        same = [each for each in self.heard if bare(each.referent.value) == low or bare(each.referent.core) == low]
        if same:
            one = same[-1].referent
            self.heard.append(
                Heard(one._replace(rank=3 if subject else 2), same[-1].key, turn, self.clock, answer=False, mine=mine, again=True)
            )

    def best(self, fits: Fits, *, far: int = 8, asked: Asked | None = None) -> Found | None:
        """The referent that fits and stands out most, with its rival if there is one."""
        asked = (asked or Asked(0))._replace(clock=self.clock)
        scores: dict[str, tuple[float, Heard]] = {}
        for each in self.heard:
            if self.clock - each.clock > far or not fits(each.referent):
                continue
            key, value = each.key, score(each, asked)
            old = scores.get(key)
            if old is None or value >= old[0]:
                scores[key] = (value + (WEIGHTS["repeated"] if old else 0), each)
        if not scores:
            return None
        ranked: list[tuple[float, Heard]] = sorted(scores.values(), key=lambda each: -each[0])
        top, first = ranked[0]
        near = [each for value, each in ranked[1:] if top - value < MARGIN]
        if first.referent.plural or any(each.referent.plural for each in near):
            first = next((each for each in near if first.referent.core in each.referent.core and each.clock == first.clock), first)
        apart = [each for each in near if each.referent.core not in first.referent.core]
        rival = apart[0].referent.core if apart else None
        latest = self.latest(first.referent)
        tail = turned(latest.tail) if " " not in latest.referent.core else ""
        return Found(latest.referent.value + tail, latest.turn, latest.referent.kind, rival)

    def _said(self, referent: Referent, turn: int) -> int:
        """The turn that said something last, or else this one."""
        key = key_of(referent)
        return max((each.turn for each in self.heard if each.key == key), default=turn)

    def latest(self, referent: Referent) -> Heard:
        """The latest turn that says it, in the words that say most."""
        key = key_of(referent)
        same = [each for each in self.heard if each.key == key]
        turn = max((each.turn for each in same), default=-1)
        if referent.kind not in {"person", "name"} and all(" " not in each.referent.core for each in same if each.turn == turn):
            turn = max((each.turn for each in same if " " in each.referent.core), default=turn)
        return max((each for each in same if each.turn == turn), key=lambda each: len(each.referent.value))

    def time(self, *, far: int = 8, event: bool = False, asked: bool = False) -> Moment | None:
        """The time that was spoken of last; with `event` only what is named by one."""
        near = (each for each in reversed(self.times) if self.clock - each.clock <= far)
        near = (each for each in near if each.asked) if asked else near
        return next((each for each in near if not event or not moments(each.span.bare)), None)

    def both(self) -> Found | None:
        """The two things that the user spoke of last, one after the other or in one."""
        group = self.best(lambda each: each.plural and " and " in each.value, far=1)
        mine = [each for each in self.heard if each.mine and each.referent.rank > 1 and each.referent.kind not in {"person", "name"}]
        two = list({each.key: each for each in mine if each.referent.head not in lex.VAGUE and not each.referent.plural}.values())[-2:]
        if group is not None or len(two) < 2:
            return group
        found = [self.latest(each.referent) for each in two]
        return Found(" and ".join(each.referent.value for each in found), max(each.turn for each in found), "thing")

    def statement(self) -> Found | None:
        """What the user said last that was no question, as a whole."""
        return Found(*self.stated, "thing") if self.stated else None

    def named_alone(self) -> Found | None:
        """What alone the last answer named, which may be many or a firm, or one of whom nobody knows whether it is he or she."""
        last = [each for each in self.heard if each.clock == self.clock and not each.mine and each.referent.rank]
        if len(last) != 1 or not last[0].answer or not last[0].referent.core[0].isupper() or last[0].referent.gender in {"m", "f"}:
            return None
        return Found(last[0].referent.value, last[0].turn, last[0].referent.kind)

    def persons(self) -> Found | None:
        """The last two people who were named, one by one."""
        people = [
            each
            for each in self.heard
            if each.referent.kind in {"person", "name"} and not each.referent.plural and self.clock - each.clock <= 5
        ]
        last = list({each.key: each for each in people}.values())
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

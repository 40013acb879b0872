"""MemReader: from somebody's words to the MemoryCall that does what they mean; it reads no memory and has no model in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from memos.errors import InvalidCall
from memos.interface.memreader.building import Builder
from memos.interface.memreader.commands import command
from memos.interface.memreader.contents import corrected, stored
from memos.interface.memreader.deciding import placed
from memos.interface.memreader.dialogue import Standalone, Turn, standalone
from memos.interface.memreader.firmly import turned
from memos.interface.memreader.foreign import foreign
from memos.interface.memreader.intent import Intention
from memos.interface.memreader.language import language_of
from memos.interface.memreader.names import lowered, opening
from memos.interface.memreader.operation import Operation
from memos.interface.memreader.operations import Heard, operations, parted, ruled
from memos.interface.memreader.peeling import peeled
from memos.interface.memreader.scope import CHANGING
from memos.interface.memreader.signs import Place
from memos.interface.memreader.subordinate import Clause
from memos.interface.memreader.targets import Parts, described
from memos.interface.memreader.times import Times, read_times
from memos.interface.memreader.within import left_open
from memos.interface.memreader.words import listed, split
from memos.memcube.call import MemoryCall
from memos.memcube.reading import Unresolved
from memos.memcube.value import legal_text
from memos.operation.memoperator.entities import Mention, mentions

READ = 4000
"""How many characters of an utterance are read; of what is to be remembered all is kept."""
SHORT = 5
"""A question of fewer words goes on with what was asked of memory before."""
MOST = 12
"""How many operations one utterance has at most."""
LOW = 0.7
"""What an intent in a language counts of which only words of request are known."""


_ENGLISH = listed("the my our on about to that everything all it from for with please of this")
_GOES_ON = re.compile(
    r"^(?:and|but|so|or|then|ok(?:ay)?|right)\b.*\?$|\b(?:it|that|those|these|they|them|their|he|she|him|her|his|there|then|one|ones|the\s+[a-z]+)\b[^.!]*\?$",
    re.IGNORECASE,
)
_CORRECTION = re.compile(r"^(?:no|actually|correction|sorry|oops|wait|i\s+meant?|rather|make\s+that|it's|that's)\b[,:]?\s", re.IGNORECASE)


class Calendar(NamedTuple):
    """By which the times of an utterance are read."""

    now: datetime
    week_start: int
    country: str | None
    language: str

    def times(self, text: str) -> Times:
        """The times of a clause."""
        return read_times(text[:READ], now=self.now, week_start=self.week_start, country=self.country, language=self.language)


class MemReader:
    """Reads one utterance after those before it: which memory operation is meant, of what, of which time, and what it leaves open."""

    def read(
        self,
        text: str,
        *,
        now: datetime,
        turns: Sequence[Turn] = (),
        trigger: str | None = None,
        new_id: Callable[[], str],
        week_start: int = 0,
        country: str | None = None,
    ) -> MemoryCall:
        """The call that a text asks for, of several in a chain the first, with the rest in `then`; operation `none` where it asks for none.

        `now` is an aware datetime, whose zone is the asker's; `turns` were said before, the oldest first; `trigger` names what set a task
        off that nobody asked for just now; `week_start` is 0 for Monday to 6 for Sunday; `country` is ISO 3166-1 alpha-2.
        Raises InvalidCall for a text that is no str or empty, holds NUL or a lone surrogate, and for a `now` without a zone.
        """
        given = _legal(text)
        if now.utcoffset() is None:
            raise InvalidCall("now: give an aware datetime, such as datetime.now(ZoneInfo('Europe/Lisbon')); its zone is the asker's")
        language = _language(given[:READ])
        said = standalone(turned(given[:READ]), turns, now=now)
        whole = said.text + given[READ:]
        calendar = Calendar(now, week_start, country, language)
        found = _understood(given, whole, said, len(turns), calendar)
        certain = 1.0 if language == "en" else LOW
        builder = Builder(new_id=new_id, trigger=trigger, said=given, standalone=whole, language=language, certain=certain)
        return _chained(builder, found, said)

    def evidence(self, text: str, *, now: datetime, turns: Sequence[Turn] = ()) -> list[tuple[Operation, Place]]:
        """What the rules take each clause of an English text for, and where it stands: from which its intent is decided, and learnt."""
        said = standalone(turned(_legal(text)[:READ]), turns, now=now)
        carried = _goes_on(said.text, said, len(turns))
        found = ruled(_heard(said.text, Calendar(now, 0, None, "en")), carried=carried)
        return list(zip(found, placed(found, carried=carried), strict=True))


def _language(text: str) -> str:
    """The language of a text; an English order is one whatever its few other words look like."""
    found = language_of(text)
    if found in {"en", "und"} or not text.isascii():
        return found
    words = {word.low for word in split(text, 40)}
    return "en" if command(peeled(text).text) is not None and not _ENGLISH.isdisjoint(words) else found


def _understood(given: str, whole: str, said: Standalone, turn: int, calendar: Calendar) -> list[Operation]:
    """What an utterance wants, in order."""
    if calendar.language not in {"en", "und"}:
        return [_abroad(whole, calendar)]
    read, rest = whole[:READ], whole[READ:]
    found = operations(_heard(read, calendar), turn, carried=_goes_on(read, said, turn))
    return _with_rest(found, read, rest) if rest else _correcting(given, said, found)


def _with_rest(found: list[Operation], read: str, rest: str) -> list[Operation]:
    """The operations of a text of which only the beginning is read; what is to be kept is kept to its end."""
    last = found[-1]
    if last.intention.intent != "store":
        return found
    gap = read[len(read.rstrip()) :]
    return [*found[:-1], replace(last, parts=last.parts._replace(text=f"{last.parts.text}{gap}{rest}"))]


def _heard(whole: str, calendar: Calendar) -> list[Heard]:
    """The clauses of a text, with the times and the names in each."""
    return [Heard(clause, calendar.times(clause.text), _named(clause.text[:READ])) for clause in parted(whole)[:MOST]]


def _goes_on(whole: str, said: Standalone, turn: int) -> bool:
    """Whether an utterance goes on with what was spoken of before."""
    return bool(said.slots) or (turn > 0 and (_GOES_ON.search(whole) is not None or (len(whole.split()) < SHORT and whole[1:].islower())))


def _named(text: str) -> tuple[Mention, ...]:
    """The names of a text, those of people in lower case with them."""
    found = (*mentions(text, None), *(Mention(name, "person", 0.9) for name in lowered(text)))
    name = opening(text)
    return found if name is None or any(name in each.name.split() for each in found) else (Mention(name, "person", 0.7), *found)


def _legal(text: object) -> str:
    if not isinstance(text, str):
        raise InvalidCall(f"what is to be read must be a str, not {type(text).__name__}")
    if not legal_text(text).strip():
        raise InvalidCall("there is nothing to read; give a text with at least one character that is not white space")
    return text.strip()


def _correcting(text: str, said: Standalone, found: list[Operation]) -> list[Operation]:
    """What "actually it was 44" changes: what was spoken of before is to say something else."""
    stated = len(found) == 1 and found[0].intention.intent == "store" and not found[0].intention.verb
    if not stated or said.text == text or _CORRECTION.match(text) is None:
        return found
    parts = corrected(text)
    subject = next((slot.value for slot in said.slots if slot.name in {"reference", "topic"}), found[0].subject)
    intention = found[0].intention._replace(intent="update", confidence=0.75)
    return [replace(found[0], intention=intention, parts=parts._replace(target=described("update", subject)))]


def _abroad(text: str, calendar: Calendar) -> Operation:
    """The one operation of a text in another language."""
    told = foreign(text[:READ], calendar.language)
    object_ = text[told.start :].strip(" ¿?¡!.。？！，,：:")
    parts = Parts(text=stored(object_) or object_) if told.intent == "store" else Parts(object_ or text)
    verb = text[: told.start].strip() if told.intent in CHANGING else ""
    if told.intent == "update":
        parts = Parts(object_, mode="overwrite")
    question = "" if told.intent in CHANGING | {"store"} else object_ or text
    intention = Intention(told.intent, told.confidence, text, told.start, verb, question=question)
    return Operation(intention, Clause(text), parts, calendar.times(text), mentions(text[:READ], None))


def _chained(builder: Builder, found: Sequence[Operation], said: Standalone) -> MemoryCall:
    """The call of the first operation, with those of the others in `then`; what no turn explains stays open where it is said."""
    explained = {slot.words.lower() for each in found for slot in each.slots}
    told = [mention for each in found for mention in each.mentions]
    unexplained = [each for each in said.unresolved if each.kind != "reference" or each.text.lower() not in explained]
    left = left_open(said.text, told, unexplained)
    open_in = [[each for each in left if _first_with(found, each) == place] for place in range(len(found))]
    rest = tuple(builder.call(each, whole=False, slots=(), unresolved=open_in[place], rest=()) for place, each in enumerate(found) if place)
    return builder.call(found[0], whole=True, slots=said.slots, unresolved=open_in[0], rest=rest)


def _first_with(found: Sequence[Operation], left: Unresolved) -> int:
    """The number of the first operation whose words hold what is left open, 0 where none does."""
    word = re.compile(rf"(?<!\w){re.escape(left.text)}(?!\w)", re.IGNORECASE)
    return next((place for place, each in enumerate(found) if word.search(each.clause.text) is not None), 0)

"""Reading on: one utterance after another, each rewritten so that it stands by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.asking import (
    also_did,
    ask_more,
    ask_which,
    ask_why,
    beside_event,
    more,
    news,
    short,
    wh_only,
    which_noun,
)
from memos.interface.memreader.dialogue.bridging import bridged
from memos.interface.memreader.dialogue.carrying import Carried, carried, carry, fragment
from memos.interface.memreader.dialogue.contents import content_of
from memos.interface.memreader.dialogue.coreference import Resolved, resolve
from memos.interface.memreader.dialogue.dating import lasting
from memos.interface.memreader.dialogue.exchanges import accepted, asked_for, beside, said_instead
from memos.interface.memreader.dialogue.frames import Frame, takes
from memos.interface.memreader.dialogue.languages import foreign, is_read
from memos.interface.memreader.dialogue.manner import (
    ALONE,
    BESIDE_TIME,
    NOTHING,
    ONES,
    SAME,
    TAKEN_BACK,
    asks_or_tells,
    asks_something,
    chitchat,
    has_verb,
)
from memos.interface.memreader.dialogue.options import Options, named, options
from memos.interface.memreader.dialogue.phrases import tokens
from memos.interface.memreader.dialogue.pieces import Part, predicate
from memos.interface.memreader.dialogue.referents import referents
from memos.interface.memreader.dialogue.replies import agrees, asks, correction, offered
from memos.interface.memreader.dialogue.talk import Talk
from memos.interface.memreader.dialogue.values import Standalone, Turn
from memos.interface.memreader.dialogue.wording import careful, exclaims, opened
from memos.memcube.reading import Slot, Unresolved

TURNS = 12
"""How many turns before an utterance are read."""
LONGEST = 1000
"""An utterance that is longer says all by itself."""


def standalone(text: str, turns: Sequence[Turn], *, now: datetime) -> Standalone:
    """An utterance as it would be said with nothing before it, with what the turns before gave, and what they left open."""
    if not text.strip() or len(text) > LONGEST:
        return Standalone(text)
    start = max(0, len(turns) - TURNS)
    reader = _Reader(now)
    for number, turn in enumerate(turns[start:], start):
        reader.hear(turn, number)
    return reader.read(text)


class _Reader:
    """The state of a conversation, after some turns."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.talk = Talk(now)
        self.frame: Frame | None = None
        self.frames: list[Frame] = []
        self.options: list[Options] = []
        self.last: tuple[str, str, int] | None = None
        self.answer: tuple[str, int] | None = None
        self.open: tuple[Unresolved, Frame] | None = None
        self.turns: list[tuple[str, str, int]] = []

    def hear(self, turn: Turn, number: int) -> None:
        """Take in a turn."""
        text = careful(turn.text[:LONGEST]) if turn.role == "user" else turn.text[:LONGEST]
        if turn.at is not None and turn.at.tzinfo is not None and self.now.tzinfo is not None:
            text = lasting(text, turn.at.astimezone(self.now.tzinfo), self.now)
        if turn.role == "assistant":
            self._hear_assistant(text, number)
        else:
            self._hear_user(text, number)
        self.turns.append((turn.role, text, number))

    def _hear_assistant(self, text: str, number: int) -> None:
        resolved = resolve(text, self.talk, (), quiet=True)
        listed = options(text, number)
        if not chitchat(text):
            self.talk.clock += 1
            items = listed.items if listed else ()
            self.talk.hear(
                text, number, mine=False, sources=resolved.carried.items(), listed=items, asked=asked_for(self.frame), told=resolved.text
            )
            self._touch(resolved.slots, mine=False)
        self.answer = (resolved.text, number)
        if listed is not None:
            self.options.append(listed)
            listed.frame = self.frame if listed.offered else None

    def _touch(self, slots: Sequence[Slot], *, mine: bool) -> None:
        for each in slots:
            if each.name in {"reference", "topic"} and each.turn is not None:
                self.talk.touch(each.value, each.turn, mine=mine, subject=each.words.lower() in _SUBJECTS)

    def _hear_user(self, text: str, number: int) -> None:
        if chitchat(text) or (exclaims(text) and not (self.answer and asks(self.answer[0]))):
            return
        text = self.talk.capitals(text)
        read, root = self._read(text)
        self.talk.clock += 1
        sources = {each.value.lower(): each.turn for each in read.slots}.items()
        said = text if root is None else read.text
        self.talk.hear(said, number, mine=True, sources=sources, said=text, told=read.text)
        if root is None:
            self._touch(read.slots, mine=True)
        for given in self.options[-2:]:
            given.take_any(each.core for each in referents(text))
        asked_on = self.frame is not None and (wh_only(text) is not None or which_noun(text) is not None)
        if has_verb(read.text) and not ALONE.search(read.text) and not asked_on:
            self.frame = Frame(read.text, number, number if root is None else root, asks_or_tells(read.text))
            self.frames.append(self.frame)
        self.open = (read.unresolved[0], self.frame) if read.unresolved and self.frame else None
        self.answer = None
        listed = options(read.text, number)
        if listed is not None and not asks_or_tells(text):
            self.options.append(listed)

    def read(self, text: str) -> Standalone:
        """An utterance as it would be said with nothing before it."""
        read = self._read(self.talk.capitals(careful(text)))[0]
        return replace(read, text=text) if read.fresh else read

    def _read(self, text: str) -> tuple[Standalone, int | None]:
        if chitchat(text) and not (agrees(text) and self._offer()):
            return Standalone(text, entities=self._entities()), None
        if not is_read(text):
            spoken = foreign(text, self.frame) if self.frame else None
            if spoken is None:
                return Standalone(text, entities=self._entities()), None
            return Standalone(*spoken, fresh=False, entities=self._entities()), self.frame.root if self.frame else None
        text = BESIDE_TIME.sub(r"\g<0> that", text.rstrip(" ?.!")) if BESIDE_TIME.match(text.rstrip(" ?.!")) else text
        resolved = resolve(text, self.talk, self.options)
        made = self._reply(text, resolved) or self._fragment(text, resolved)
        if made is not None:
            got, left = made
            return Standalone(got.text, got.slots, tuple(left), fresh=False, entities=self._entities()), got.root
        if TAKEN_BACK.match(text) and self.answer and NOTHING.search(self.answer[0]):
            return Standalone(text, entities=self._entities()), None
        told = content_of(text, self.turns)
        if told is not None:
            return Standalone(told[0], (told[1],), fresh=False, entities=self._entities()), None
        text, extra = beside_event(resolved.text, resolved.slots, self.frame, self.talk) if self.frame else (resolved.text, ())
        if not extra and self.frame:
            text, extra = bridged(opened(text), resolved.slots, self.talk) or (text, ())
        slots = (*resolved.slots, *extra)
        return Standalone(text, slots, tuple(resolved.unresolved), fresh=not slots, entities=self._entities()), None

    def _entities(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.referent.core for each in reversed(self.talk.heard) if each.referent.rank))[:12]

    def _offer(self) -> str | None:
        return offered(self.answer[0]) if self.answer and asks(self.answer[0]) else None

    def _reply(self, text: str, resolved: Resolved) -> tuple[Carried, list[Unresolved]] | None:
        """An answer to the assistant's question, or a correction."""
        if self.answer and asks(self.answer[0]) and len(tokens(text)) <= 10:
            got = self._answered(text, resolved)
            if got is not None:
                return got, []
        meant = correction(text) or correction(resolved.text)
        if meant is not None and self.frame is not None:
            found, wrong = meant
            if wrong and wrong.lower() in self.frame.text.lower():
                at = self.frame.text.lower().index(wrong.lower())
                said = " ".join(part.said for part in found)
                new = self.frame.text[:at] + said + self.frame.text[at + len(wrong) :]
                return Carried(new, tuple(carried(self.frame, new, self.talk, said=said.lower(), gone=[wrong])), self.frame.root), []
            got = carry(found, self.frame, self.talk)
            whole = Slot(name="topic", words="", value=predicate(self.frame.text, self.frame.text), turn=self.frame.root)
            new_too = [*said_instead(text, found, self.answer), *got.slots]
            if whole.value and whole not in got.slots:
                new_too.append(whole)
            return got._replace(slots=(*resolved.slots, *new_too)), []
        return None

    def _answered(self, text: str, resolved: Resolved) -> Carried | None:
        said, turn = self.answer or ("", -1)
        offer = offered(said)
        if offer is not None and agrees(text):
            return accepted(text, offer, turn)
        if agrees(text) or asks(text) or self.frame is None:
            return None
        if self.open is not None and (place := re.search(rf"(?<!\w){re.escape(self.open[0].text)}(?!\w)", self.open[1].text)):
            frame = self.open[1]
            new = frame.text[: place.start()] + text.strip().rstrip(".!") + frame.text[place.end() :]
            kept = frame.text.rstrip("?.! ")
            return Carried(new, (Slot(name="reference", words="", value=kept, turn=frame.turn),), frame.root)
        chosen = named(text, self.options[-1]) if self.options and self.options[-1].turn == turn else None
        found = fragment(chosen if chosen and re.search(r"\bone\b", text) else resolved.text, asked=True)
        if not found:
            return None
        got = carry([each if each.kind in {"time", "number"} else each._replace(kind="answer") for each in found], self.frame, self.talk)
        extra = resolved.slots or ([Slot(name="reference", words=text.strip(), value=chosen, turn=turn)] if chosen else [])
        return Carried(got.text, (*extra, *got.slots), got.root)

    def _asked_on(self, text: str, resolved: Resolved, frame: Frame) -> Carried | None:
        """A question word, a noun asked for, news, or more, put before what was asked."""
        wh = wh_only(text)
        if wh is not None:
            return ask_why(wh, frame, self.answer, self.talk)
        spoken = foreign(text, frame)
        if spoken is not None:
            return Carried(*spoken, frame.root)
        which = which_noun(text)
        if which is not None:
            return ask_which(which, frame, self.talk)
        brief = short(text, frame, self.answer, self.talk)
        if brief is not None:
            return brief
        timely = self._frame(text + "?", resolved)
        what_of = news(text, resolved.text, timely, self.talk) if timely else None
        if what_of is not None:
            return what_of._replace(slots=(*resolved.slots, *what_of.slots))
        done = also_did(text, self.talk, self.options, self.answer)
        if done is not None:
            return done
        again = more(text)
        if again is not None:
            return ask_more(again, frame, self.talk)
        return None

    def _fragment(self, text: str, resolved: Resolved) -> tuple[Carried, list[Unresolved]] | None:
        """A question of which only a part is said."""
        if self.frame is None:
            return None
        asked_on = self._asked_on(text, resolved, self.frame)
        if asked_on is not None:
            return asked_on, []
        ones = ONES.sub(r"\1", text)
        found = fragment(ones if ones != text else resolved.text, asked=False)
        if ones != text:
            resolved = Resolved(ones)
        if found is None:
            return None
        single = len(found) == 1 and found[0].kind == "name" and text.rstrip(" ?") == found[0].said and " " not in found[0].said
        if single and text.rstrip().endswith("?") and not self._takes_name(found[0].said):
            found = [found[0]._replace(kind="topic", asked=True)]
        for each in reversed(self.frames[-3:]):
            if (got := beside(found, each, self.options, self.talk)) is not None:
                return got._replace(slots=(*resolved.slots, *got.slots)), resolved.unresolved
        frame = self._chosen_frame(resolved) or self._frame(text, resolved, found)
        if frame is None:
            return None
        got = carry(found, frame, self.talk)
        return Carried(got.text, (*resolved.slots, *got.slots), got.root), resolved.unresolved

    def _frame(self, text: str, resolved: Resolved, found: Sequence[Part] = ()) -> Frame | None:
        """What a fragment is a part of: what has the time that it goes on from, or else the last question, or what was said last."""
        same = SAME.match(text)
        if same is not None:
            alike = [each for each in self.frames if any(word.low.startswith(same["noun"][:3].lower()) for word in tokens(each.text))]
            if alike:
                return alike[-1]
        for slot in resolved.slots:
            if slot.name == "time":
                having = [each for each in self.frames if slot.value.lower() in each.text.lower() and each.asked]
                if having:
                    return having[-1]
        asked = [each for each in self.frames if asks_something(each.text)]
        if found and asked and not all(takes(asked[-1].text, part) for part in found):
            fitting = [each for each in asked[-4:] if all(takes(each.text, part) for part in found)]
            asked = fitting or asked
        return asked[-1] if asked and (text.rstrip().endswith("?") or self.frame is None) else self.frame

    def _takes_name(self, name: str) -> bool:
        """Whether it is a name that was said before, a first name, or one beside another in what was asked."""
        frame = self.frame.text if self.frame else ""
        if any(each.kind in {"person", "name"} and each.value[0].isupper() for each in referents(frame)):
            return True
        return lex.gender(name) != "?" or any(name in each.referent.value for each in self.talk.heard) or len(name) < 3

    def _chosen_frame(self, resolved: Resolved) -> Frame | None:
        """The request to which the assistant offered what was now taken instead."""
        words = {each.turn for each in resolved.slots if "other" in each.words}
        return next((each.frame for each in reversed(self.options) if each.turn in words), None)


_SUBJECTS = frozenset({"he", "she", "they", "his", "her", "their"})

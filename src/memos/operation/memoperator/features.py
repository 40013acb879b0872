"""Features: what speaks for a memory as the answer to a question, by name, computed at chosen positions of a scope."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from memos.operation.memoperator import analysis
from memos.operation.memoperator.dates import Named, dates_in, fit
from memos.operation.memoperator.late import REACH, Late
from memos.operation.memoperator.scope import Floats, Places, Scope

BEST = 3
"""A session counts as the mean of its best three."""
KIN = {"lex": 0.25, "dense": 0.5}
"""How much of a memory's distance from the usual its neighbours are expected to share: where there is none, this stands in (measured)."""
KIN_OF_SESSION = 0.35
"""The same for the best of its session, where it is alone."""
ABOUT = ("", "_prev", "_next", "_near2", "_sess")
"""What each lane says: of the memory, of the turns before and after it, of the better of those two away, of its session."""
LATE = ("late", "late_near")
"""How well the question's words are met: by the memory, and by it and the turns around it together."""

NAMES = (
    *(lane + what for lane in KIN for what in ABOUT),
    *(
        *LATE,
        "rare",
        "answers",
        "named",
        "named_x_lex",
        "date",
        "when_x_timey",
        "howmany_x_number",
        "asks",
        "thin",
        "assistant_x_told",
        "assistant_x_mine",
    ),
)
"""Every feature."""

_WHEN = re.compile(r"\b(when|what (date|day|month|year|time)|how long|which (month|year|day))\b", re.IGNORECASE)
_HOW_MANY = re.compile(r"\bhow (many|much|often|old)\b", re.IGNORECASE)
_MINE = re.compile(r"\b(i|my|me|mine|myself|we|us|our|ours)\b", re.IGNORECASE)
_SAID = (
    "said|told|mentioned|recommended|suggested|advised|proposed|gave|given|listed|wrote|written|explained|described|provided|offered|shared"
    "|named|called|picked|chose|chosen|answered|replied|showed|shown|created|made|pointed|warned|promised|came up|come up|talked|spoke"
)
_REPLY = "answer|reply|message|recommendation|suggestion|advice"
_TOLD = re.compile(
    rf"\b(did|had) you\b|\bhave you (\w+ )?({_SAID})\b|\byour ({_REPLY})s?\b"
    rf"|\byou(['’](ve|d)| have| had)? ((also|once|just|previously|already|earlier) )?({_SAID})\b"
    rf"|\b(our|your) (previous|last|earlier|past) (conversation|chat|discussion|session|{_REPLY})s?\b",
    re.IGNORECASE,
)
_SPEAKING = frozenset(
    {"say", "said", "tell", "told", "talk", "mention", "ask", "write", "wrote", "rememb", "know", "happen", "new", "latest"}
)
"""Terms of questions for whatever was said last."""
_DISTANCES = np.array([[-2], [-1], [1], [2]])


@dataclass(frozen=True)
class Question:
    """A question's words, the dates that it names, and its shape."""

    text: str

    @cached_property
    def words(self) -> list[str]:
        """Its words, folded."""
        return analysis.words(self.text)

    @cached_property
    def terms(self) -> list[str]:
        """Its different terms."""
        return list(dict.fromkeys(analysis.stems(self.words)))

    @cached_property
    def has_no_topic(self) -> bool:
        """Whether it has words and none of them says what it is about: "what did I say?"."""
        return bool(self.words) and _SPEAKING.issuperset(self.terms)

    @cached_property
    def dates(self) -> list[Named]:
        """The dates it names."""
        return dates_in(self.text)

    @cached_property
    def asks_when(self) -> bool:
        """Whether it asks for a time."""
        return bool(_WHEN.search(self.text))

    @cached_property
    def asks_how_many(self) -> bool:
        """Whether it asks for a number."""
        return bool(_HOW_MANY.search(self.text))

    @cached_property
    def asks_what_was_told(self) -> bool:
        """Whether it asks for what the assistant said: "what did you recommend?"."""
        return bool(_TOLD.search(self.text))

    @cached_property
    def asks_about_me(self) -> bool:
        """Whether it is about the one who asks, and not about what the assistant said."""
        return bool(_MINE.search(self.text)) and not self.asks_what_was_told


@dataclass(frozen=True)
class Signals:
    """What the lanes say of a question, by position of the scope.

    Row i of `scores` is what the lane `names[i]` says, and `usual[i]` what it says of a memory of which nothing is known: "lex" BM25
    over its greatest value, "dense" the cosine; a lane that has nothing to say is left out. Only what `passing` admits is looked for.
    `rare` is 1 over the square of how many memories hold the rarest word of the question that it holds, None when none is rare.
    `late` tells how the question's words are met, None where the embedder tells of no words.
    """

    scope: Scope
    question: Question
    passing: NDArray[np.bool_]
    names: tuple[str, ...]
    scores: Floats
    usual: Floats
    rare: Floats | None = None
    late: Late | None = None

    @cached_property
    def lanes(self) -> dict[str, Floats]:
        """The scores by lane."""
        return dict(zip(self.names, self.scores, strict=True))

    @cached_property
    def named(self) -> Floats | None:
        """1 where a person spoke whom the question names."""
        return self.scope.named(self.question.words)

    @cached_property
    def date(self) -> Floats | None:
        """How well the time at which something was said fits the dates that the question names."""
        return fit(self.question.dates, self.scope.said_at) if self.question.dates else None

    @cached_property
    def all_pass(self) -> bool:
        """Whether everything in scope is looked for."""
        return bool(self.passing.all())

    @cached_property
    def _kin(self) -> Floats:
        return np.array([[KIN[name]] for name in self.names], np.float32)

    def stand_in(self, own: Floats, kin: Floats | float | None = None) -> Floats:
        """What is expected of a neighbour where there is none, from the lanes' own scores, shape (lanes, positions)."""
        usual = self.usual[:, None]
        return (self._kin if kin is None else kin) * (own - usual) + usual


def features(signals: Signals, at: Places, wanted: Container[str] = NAMES) -> dict[str, Floats]:
    """The features wanted at some positions, ascending, by name; those that are 0 everywhere are left out."""
    found = _of_lanes(signals, at, wanted) if signals.names and len(at) else {}
    if signals.late is not None and len(at) and any(name in wanted for name in LATE):
        found["late"], found["late_near"] = signals.late.at(at)
    if signals.named is not None:
        found["named"] = signals.named.take(at)
        if "lex" in found:
            found["named_x_lex"] = found["named"] * found["lex"]
    if signals.date is not None:
        found["date"] = signals.date.take(at)
    if signals.rare is not None:
        found["rare"] = signals.rare.take(at)
    found |= _shape(signals, at, found)
    return {name: values for name, values in found.items() if name in wanted}


def _of_lanes(signals: Signals, at: Places, wanted: Container[str]) -> dict[str, Floats]:
    scope, scores = signals.scope, signals.scores
    near = at + _DISTANCES
    beside = scope.fenced_sessions.take(near + REACH) == scope.sessions.take(at)
    own = scores.take(at, axis=1)
    around = np.where(beside, scores.take(near, axis=1, mode="clip"), -np.inf)
    np.maximum(around[:, 0], around[:, 3], out=around[:, 3])
    others = np.where(around[:, 1:] == -np.inf, signals.stand_in(own)[:, None], around[:, 1:])
    found: dict[str, Floats] = {}
    for name, mine, (before, after, second) in zip(signals.names, own, others, strict=True):
        found |= zip([name + what for what in ABOUT], [mine, before, after, second], strict=False)
    sessions = [name for name in signals.names if name + "_sess" in wanted]
    if sessions:
        members, alone = _Members(signals, at), scope.alone.take(at)
        expected = dict(zip(signals.names, signals.stand_in(own, KIN_OF_SESSION), strict=True))
        found |= {name + "_sess": np.where(alone, expected[name], members.best(signals.lanes[name])) for name in sessions}
    return found


def missing(signals: Signals, at: Places) -> NDArray[np.bool_]:
    """Where what is said of the turn before, of that after, of those two away and of the session is a stand-in, shape (4, positions)."""
    scope = signals.scope
    none = scope.fenced_sessions.take(at + _DISTANCES + REACH) != scope.sessions.take(at)
    return np.stack([none[1], none[2], none[0] & none[3], scope.alone.take(at)])


def _shape(signals: Signals, at: Places, others: Mapping[str, Floats]) -> dict[str, Floats]:
    timey, number, asks, thin, assistant, at_length, in_brief = signals.scope.kinds.take(at, axis=1)
    question, found = signals.question, {"asks": asks, "thin": thin}
    if "lex_prev" in others:
        found["answers"] = in_brief * others["lex_prev"]
    if question.asks_when:
        found["when_x_timey"] = timey
    if question.asks_how_many:
        found["howmany_x_number"] = number
    if question.asks_what_was_told:
        found["assistant_x_told"] = assistant
    if question.asks_about_me:
        found["assistant_x_mine"] = at_length * (1 - others["rare"]) if "rare" in others else at_length
    return found


class _Members:
    """Of the sessions of some positions, ascending, the memories that pass."""

    def __init__(self, signals: Signals, at: Places) -> None:
        scope, sessions = signals.scope, signals.scope.sessions.take(at)
        new = np.ones(len(at), np.bool_)
        np.not_equal(sessions[1:], sessions[:-1], out=new[1:])
        wanted = sessions[new]
        self._index = new.cumsum() - 1
        starts = scope.starts.take(wanted)
        sizes = scope.ends.take(wanted) - starts
        self._groups = np.repeat(np.arange(len(wanted)), sizes)
        self._members = np.arange(len(self._groups)) + np.repeat(starts - sizes.cumsum() + sizes, sizes)
        if not signals.all_pass:
            kept = signals.passing.take(self._members)
            self._groups, self._members = self._groups[kept], self._members[kept]
            sizes = np.bincount(self._groups, minlength=len(wanted))
        self._sizes, self._ends = sizes, sizes.cumsum()

    def best(self, scores: Floats) -> Floats:
        """For each position the mean of the best three in its session, of fewer where it has fewer. At each at least one must pass."""
        base = self._groups * 8.0  # a score lies in [-1, 1]: a group's numbers lie apart from the next one's
        base += scores.take(self._members)
        base.sort()
        total, offsets = np.zeros(len(self._sizes)), np.arange(len(self._sizes)) * 8.0
        for rank in range(BEST):
            value = base.take(np.maximum(self._ends - 1 - rank, 0)) - offsets
            total += np.where(self._sizes > rank, value, 0)
        means: Floats = (total / np.minimum(self._sizes, BEST)).astype(np.float32)
        return means.take(self._index)

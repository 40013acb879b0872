"""Scope: all the memories that one reader may see, of several lanes, in the order in which they were said."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from memos.operation.memoperator import analysis, vectors
from memos.operation.memoperator.bm25 import Part, Statistics
from memos.operation.memoperator.lane_state import State
from memos.operation.memoperator.late import REACH
from memos.operation.memoperator.masks import ABSENT
from memos.operation.memoperator.sessions import LongSessions, long_sessions
from memos.operation.memoperator.speakers import Speakers

if TYPE_CHECKING:
    from memos.operation.memoperator.excerpt import Large

AT_LENGTH = 100
"""From how many terms on a text is long."""

ASSISTANT_AT_LENGTH, IN_BRIEF = 5, 6
"""Rows of `kinds`."""

BLOCK = 16
"""How many positions are bounded together; a power of two, no less than twice the reach."""

Floats = NDArray[np.float32]
Places = NDArray[np.int64]


class Scope:
    """Positions 0 … n - 1 are the rows allowed, those of one session beside each other by ordinal. Nothing here depends on a query."""

    whole = True
    """Whether it is all that a reader may see."""

    def __init__(self, states: Sequence[State]) -> None:
        self.states = tuple(states)
        self._ends = list(accumulate(len(state.rows) for state in states))
        chosen = [state.order[state.allowed[state.order]] for state in states]
        self._places = np.concatenate([rows + offset for rows, offset in zip(chosen, [0, *self._ends], strict=False)])
        self.n = len(self._places)
        self._weighted: dict[bytes, Floats] = {}
        self._straight = np.array_equal(self._places, np.arange(self._ends[-1]))

    def holds(self, states: Sequence[State]) -> bool:
        """Whether a scope of these states would be this one."""
        return len(states) == len(self.states) and all(
            mine.version is new.version and (mine.allowed is new.allowed or np.array_equal(mine.allowed, new.allowed))
            for mine, new in zip(self.states, states, strict=True)
        )

    def gather(self, column: Callable[[State], NDArray]) -> NDArray:  # type: ignore[type-arg]
        """A column of the lanes by position."""
        return self.arranged([column(state) for state in self.states])

    def arranged(self, parts: Sequence[NDArray]) -> NDArray:  # type: ignore[type-arg]
        """One array per lane, over its rows, by position."""
        joined = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return joined if self._straight else joined.take(self._places)

    @cached_property
    def rows(self) -> Places:
        """The store's number of each row."""
        return self.gather(lambda state: state.rows)

    @cached_property
    def said_at(self) -> Places:
        """Microseconds since 1970."""
        return self.gather(lambda state: state.said_at)

    @cached_property
    def ordinals(self) -> Places:
        """Each turn's number in its session, `ABSENT` for what is no turn."""
        return self.gather(lambda state: state.ordinals)

    @cached_property
    def priorities(self) -> Places:
        """How much each memory matters to its owner."""
        return self.gather(lambda state: state.priorities)

    @cached_property
    def valid_to(self) -> Places:
        """When each ceased to hold, `ABSENT` for what holds."""
        return self.gather(lambda state: state.valid_to)

    def position_of(self, cube_id: str) -> int | None:
        """The position of a memory, None when it is not in scope."""
        found = self.arranged([state.ids == state.id_code(cube_id) for state in self.states])
        return int(found.argmax()) if found.any() else None

    def id_of(self, position: int) -> str:
        """The memory's id."""
        place = int(self._places[position])
        lane = bisect_right(self._ends, place)
        state = self.states[lane]
        return str(state.id_values[state.ids[place - (self._ends[lane - 1] if lane else 0)]])

    def _lane_of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(self._ends, places, "right")

    # --- sessions

    @cached_property
    def sessions(self) -> Places:
        """The number of each position's session, ascending from 0; what was said in none is a session of its own."""
        starts = np.ones(self.n, np.bool_)
        codes = self.gather(lambda state: state.sessions)
        lanes = self._lane_of(self._places)
        starts[1:] = (codes[1:] != codes[:-1]) | (codes[1:] < 0) | (lanes[1:] != lanes[:-1])
        return np.cumsum(starts) - 1

    @cached_property
    def fenced_sessions(self) -> Places:
        """The sessions with a fence as wide as the reach on either side."""
        return np.pad(self.sessions, REACH, constant_values=-1)

    @cached_property
    def starts(self) -> Places:
        """Where each session begins."""
        return np.flatnonzero(np.diff(self.sessions, prepend=-1))

    @cached_property
    def ends(self) -> Places:
        """Where each session ends, itself excluded."""
        return np.append(self.starts[1:], self.n)

    @cached_property
    def alone(self) -> NDArray[np.bool_]:
        """What is the only memory of its session, or of none."""
        single: NDArray[np.bool_] = self.ends - self.starts == 1
        return single.take(self.sessions)

    @cached_property
    def long_sessions(self) -> LongSessions:
        """The sessions that may reach beyond the blocks beside one of theirs."""
        return long_sessions(self.sessions, self.starts, self.ends, BLOCK)

    # --- what kind of utterance each is

    @cached_property
    def kinds(self) -> Floats:
        """Shape (7, n): speaks of a time, holds a number, asks, is thin, was said by an assistant, by one at length, answers in brief.

        Thin is 1 for a turn without content words, falling to 0 for one of eight different ones; a fact or a note is never thin.
        At length is 1 from a hundred terms on, proportionally less below; in brief, after a question, is what that leaves of 1.
        """
        flags = self.gather(lambda state: state.flags)
        kinds = np.zeros((7, self.n), np.float32)
        for row, flag in enumerate((analysis.TIMEY, analysis.NUMBER, analysis.ASKS, 0, analysis.ASSISTANT)):
            kinds[row] = flags & flag > 0
        kinds[3] = np.maximum(0, 1 - (flags >> analysis.DISTINCT_SHIFT & analysis.DISTINCT_MOST) / np.float32(8))
        kinds[3] *= self.ordinals != ABSENT
        length = np.minimum(1, self.gather(lambda state: state.lengths) / np.float32(AT_LENGTH))
        kinds[5] = kinds[4] * length
        kinds[6, 1:] = kinds[2, :-1] * (self.sessions[1:] == self.sessions[:-1]) * (1 - length[1:])
        return kinds

    @cached_property
    def brief_answers(self) -> Places:
        """What answers in brief at all."""
        return np.flatnonzero(self.kinds[IN_BRIEF])

    def weighted_kinds(self, weights: Floats) -> Floats:
        """The weighted sum of the kinds, shape (n,), a copy; that of a few weights is kept."""
        key = weights.tobytes()
        if key not in self._weighted:
            self._weighted[key] = weights @ self.kinds
        return self._weighted[key].copy()

    def named(self, words: Sequence[str]) -> Floats | None:
        """1 where a person spoke who is named among the words; None when nobody is named, or everybody.

        Where no speaker is known, the share that those named have in what was spoken.
        """
        return self._speakers.named(words)

    @cached_property
    def _speakers(self) -> Speakers:
        names = {name: None for state in self.states for name in state.speaker_names if name is not None}
        known = {name: code for code, name in enumerate(names)}

        tables = [np.array([-1 if name is None else known[name] for name in state.speaker_names] or [-1]) for state in self.states]
        if len(tables) == 1:
            return Speakers(known, tables[0].take(self.gather(lambda state: state.speakers)))
        return Speakers(known, self.arranged([table.take(state.speakers) for table, state in zip(tables, self.states, strict=True)]))

    # --- lanes

    @cached_property
    def statistics(self) -> Statistics:
        """BM25 over the rows allowed."""
        return Statistics(
            [
                Part(state.segments, None if state.allowed.all() else state.allowed, state.lengths.astype(np.float32))
                for state in self.states
            ]
        )

    def lexical(self, hashes: NDArray[np.uint64]) -> tuple[Floats, Floats | None, list[float]]:
        """The BM25 score by position, 1 over the square of how many hold the rarest term that it holds, and the idf of each term.

        None for the second when no term is rare.
        """
        found = self.statistics.matches(hashes)
        rare = None
        if any(found.rare):
            parts = [np.zeros(len(scores), np.float32) for scores in found.scores]
            for part, terms in zip(parts, found.rare, strict=True):
                for rows, share in terms:
                    part[rows] = share
            rare = self.arranged(parts)
        return self.arranged(found.scores), rare, found.idf

    @cached_property
    def _slots(self) -> Places:
        """Where each position's vector stands among the codes of its lane, negative while it is pending."""
        return self.gather(lambda state: state.slots)

    @cached_property
    def pending(self) -> NDArray[np.bool_] | None:
        """The positions whose vector has not come, None when all have."""
        pending = self._slots < 0
        return pending if pending.any() else None

    def pending_of(self, passing: NDArray[np.bool_]) -> int:
        """How many of those that pass have no vector yet."""
        return 0 if self.pending is None else int(np.count_nonzero(self.pending & passing))

    def usual_cosine(self, query: Floats) -> np.float32 | None:
        """The cosine that is usual beyond this scope; None where this is all there is."""
        return None

    @cached_property
    def large(self) -> Large:
        """What is known of it as a whole, where it is large."""
        from memos.operation.memoperator.excerpt import Large

        return Large(self)

    def texts_at(self, places: Places) -> Iterator[tuple[State, Places, Places, Places]]:
        """Lane by lane, which of some positions have a vector there, in which slots, and the store's numbers of their texts."""
        lanes = self._lane_of(self._places.take(places)) if len(self.states) > 1 else None
        slots, contents = self._slots.take(places), self._contents.take(places)
        for lane, state in enumerate(self.states):
            here = np.flatnonzero(slots >= 0 if lanes is None else (slots >= 0) & (lanes == lane))
            if len(here):
                yield state, here, slots[here], contents[here]

    @cached_property
    def _contents(self) -> Places:
        return self.gather(lambda state: state.contents)

    def cosines(self, query: Floats, wanted: NDArray[np.bool_] | None, out: Floats) -> None:
        """Write the cosines with a query by position, 0 where there is no vector; only those wanted, None for all."""
        if wanted is None and self._in_order:
            vectors.cosines(query, self.states[0].codes, self.states[0].scales, out)
            return
        out[:] = 0
        at = np.arange(self.n) if wanted is None else np.flatnonzero(wanted)
        slots = self._slots.take(at)
        if self.pending is not None:
            at, slots = at[slots >= 0], slots[slots >= 0]
        lanes = self._lane_of(self._places.take(at)) if len(self.states) > 1 else None
        for lane, state in enumerate(self.states):
            here = slice(None) if lanes is None else np.flatnonzero(lanes == lane)
            out[at[here]] = vectors.cosines_at(query, state.codes, state.scales, slots[here])

    @cached_property
    def _in_order(self) -> bool:
        """Whether each position's vector stands in the slot of the same number."""
        return len(self.states) == 1 and len(self.states[0].codes) == self.n and np.array_equal(self._slots, np.arange(self.n))

    def with_neighbours(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The positions chosen, and those within reach of one."""
        wide = chosen.copy()
        for distance in range(1, REACH + 1):
            wide[distance:] |= chosen[:-distance]
            wide[:-distance] |= chosen[distance:]
        return wide

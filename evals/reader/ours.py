"""MemReader as the scorer asks it: one utterance with the turns before it."""

from __future__ import annotations

from datetime import UTC, datetime

from evals.reader.data import Said
from evals.reader.scoring import Reads
from memos.memcube.call import MemoryCall
from memos.ports.clock import SystemClock


def reads() -> Reads:
    """One reader for all; it has read once before, so that no reading pays for loading tables."""
    from memos.interface.memreader.dialogue import Turn
    from memos.interface.memreader.reader import MemReader

    reader, new_id = MemReader(), SystemClock().new_id

    def read(said: Said) -> MemoryCall:
        turns = tuple(Turn(role=role, text=text) for role, text in said.before)
        return reader.read(said.text, now=said.now, turns=turns, trigger=None, new_id=new_id, week_start=0, country=None)

    read(Said("warm", "Compare what Ann said last week with my notes", datetime(2025, 7, 16, 14, 30, tzinfo=UTC)))
    return read

"""Calibrating: makes of texts the cases by which a model is measured that composes KV blocks, and keeps what is good enough in force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from memos.errors import InvalidCall
from memos.interface.memory_api.engine import LOCAL, Engine
from memos.memcube.cube import MemCube
from memos.operation.memscheduler.layout import compiled, line
from memos.ports.composing import LEAST_CASES, Calibration, Case, ComposingRuntime, covered

MOST_CASES = 16
"""More tell little more, and take longer."""
DAY = "2026-01-01"
"""When a text was said that is no memory: each line in a prompt names a day."""
WORDS = 6
"""So many of the first words of a memory are what a question asks for."""


def calibrated(
    engine: Engine, texts: Iterable[MemCube | str], *, system: str | None, blocks: int, recompute: Sequence[float], most: float
) -> Calibration:
    """What composing such texts costs the engine's model, measured; InvalidCall for too few texts, or a model that does not compose."""
    runtime = engine.runtime
    if not isinstance(runtime, ComposingRuntime):
        raise InvalidCall(f"the runtime {runtime.name} composes no KV blocks that could be measured; {LOCAL}")
    shares = sorted(set(recompute))
    if blocks < 2 or not shares or not 0.0 <= shares[0] <= shares[-1] <= 1.0 or not most > 0.0:
        raise InvalidCall("a calibration is of two blocks or more, of one share or more from 0 to 1 of their tokens, and of a KL above 0")
    cases = _cases([told for each in texts if (told := _line(each))], blocks)
    opening = compiled("?", system=system)[0].text
    rows = sorted(runtime.calibrate(opening, cases, recompute=shares, most=most), key=lambda row: row.recompute)
    found = covered(runtime.proven, [rows[0].tokens] * blocks)
    return Calibration(runtime.name, tuple(rows), most, found[1] if found is not None and found[0] == blocks else None)


def _line(each: MemCube | str) -> str:
    """A memory as a prompt has it, "" for one of no text."""
    if isinstance(each, str):
        return f"- ({DAY}) {text}" if (text := " ".join(each.split())) else ""
    return line(each, own=True) if each.text.strip() else ""


def _cases(lines: Sequence[str], blocks: int) -> list[Case]:
    """Cases of so many memories each, none of them in two, from places far apart as those found for a question are."""
    apart = list(dict.fromkeys(lines))
    count = min(MOST_CASES, len(apart) // blocks)
    if count < LEAST_CASES:
        raise InvalidCall(
            f"a calibration of {blocks} blocks takes {LEAST_CASES * blocks} texts or more, and these are {len(apart)}: give more of them, "
            "or name fewer blocks"
        )
    step = len(apart) // blocks
    drawn = (apart[number * step // count :: step][:blocks] for number in range(count))
    return [(texts, _question(texts[number % blocks])) for number, texts in enumerate(drawn)]


def _question(told: str) -> str:
    """A question about a memory, as it is told."""
    return f"What do you know of this: {' '.join(told.partition(') ')[2].split()[:WORDS])}?"

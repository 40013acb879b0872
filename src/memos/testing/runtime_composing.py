"""How FakeRuntime measures what composition costs it: by the error that it was made with, the less the more is read anew."""

from __future__ import annotations

from collections.abc import Sequence

from memos.errors import InvalidCall
from memos.ports.composing import LEAST_CASES, MOST, Case, Proven
from memos.ports.runtime import Capabilities
from memos.testing import runtime_blocks as kv


class Composing:
    """What makes a fake a ComposingRuntime. It composes whatever its capabilities say, measured or not."""

    _can: Capabilities
    _error: float
    _measured: tuple[Proven, ...] = ()

    @property
    def proven(self) -> tuple[Proven, ...]:
        """See the port."""
        return self._measured

    def calibrate(self, system: str, cases: Sequence[Case], *, recompute: Sequence[float], most: float = MOST) -> tuple[Proven, ...]:
        """See the port; of a fake the last calibration holds alone."""
        if not self._can.compose:
            raise InvalidCall("this runtime has not the capability compose")
        if len(cases) < LEAST_CASES or len({len(texts) for texts, _ in cases}) != 1:
            raise InvalidCall(f"a calibration takes {LEAST_CASES} cases or more, each of as many memories, after {system[:40]!r}")
        longest = max(len(kv.words(text)) + 1 for texts, _ in cases for text in texts)  # with what joins it to the part before
        found = tuple(
            Proven(
                len(cases[0][0]),
                longest,
                share,
                len(cases),
                self._error * (1 - share) / 2,
                self._error * (1 - share),
                0.2 + 0.8 * share,
            )
            for share in recompute
        )
        self._measured = tuple(row for row in found if row.mean <= most)
        return found

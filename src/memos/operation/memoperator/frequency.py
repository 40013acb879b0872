"""Frequency: how often keys were used lately, in fixed memory, and whether what is asked for has moved away from what was asked before."""

from __future__ import annotations

import math
from array import array
from collections.abc import Hashable

WIDTH = 1 << 14
"""Counters in a row of the sketch; a power of two."""
ROWS = 4
LARGEST = 2.0**64
"""From which weight on all weights are scaled down, which changes no comparison."""

WINDOW = 256
"""Uses between two looks at the distribution."""
CLASSES = 16
"""By halving shares: about all uses, a half of them, a quarter, …; the last is of what was hardly seen or never."""
MEMORY = 16
"""How many windows the distribution in the long run remembers."""
LEARNING = 32
"""In how many windows after the beginning, or a shift, it is learned; meanwhile nothing is a shift."""
SHIFTED = 0.25
"""The index of population stability from which practice speaks of a major shift."""


class Sketch:
    """A count-min sketch with conservative update (Cormode and Muthukrishnan 2005; Estan and Varghese 2002): never less than was counted.

    Aging is forward decay (Cormode, Shkapenyuk, Srivastava, Xu 2009): a later use weighs more instead of an earlier one less, so that
    two weights compare the same whenever they were read. It keeps no key, only sums under the process's own keyed hash.
    """

    def __init__(self) -> None:
        self._cells = array("d", bytes(8 * ROWS * WIDTH))
        self.total = 0.0
        """The weight of all uses."""
        self.step = 1.0
        """What one use weighs now."""

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + self._cells.__sizeof__()

    def add(self, key: Hashable) -> tuple[float, float]:
        """Count one use; the key's weight before it and after."""
        cells, mixed, mask = self._cells, hash(key), WIDTH - 1
        jump = mixed >> 32 | 1
        places = [(mixed + row * jump & mask) + row * WIDTH for row in range(ROWS)]
        before = min([cells[place] for place in places])
        after = before + self.step
        for place in places:
            cells[place] = max(cells[place], after)
        self.total += self.step
        return before, after

    def weight(self, key: Hashable) -> float:
        """The key's weight, as `add` would find it."""
        mixed, mask = hash(key), WIDTH - 1
        jump = mixed >> 32 | 1
        return min(self._cells[(mixed + row * jump & mask) + row * WIDTH] for row in range(ROWS))

    def scale(self, factor: float) -> None:
        """Multiply every weight."""
        self._cells = array("d", [cell * factor for cell in self._cells])
        self.total *= factor
        self.step *= factor


class Drift:
    """Whether the distribution of uses has moved: the population stability index between the last window and the long run.

    Each use is classed by the share that its key had of all uses before, between two classes in part in each, so that a share that wavers
    about a limit moves little. Under a stable workload each class keeps its part, whatever
    the keys; when the hot keys of before are asked for no more, their classes empty, and those of the little known fill. The index is
    the sum over classes of (p - q) ln(p / q), Jeffreys' divergence of the two distributions; by convention (Siddiqi 2006) more than 0.25
    is a major shift. Under no shift it is about (CLASSES - 1)(1 / n + 1 / m), as chi-squared is (Yurdakul 2018): 0.06 here.
    """

    def __init__(self) -> None:
        self.index = 0.0
        """The index of the last whole window."""
        self.shifts = 0
        """How often it was a shift."""
        self._begin()

    def _begin(self) -> None:
        self._window, self._before, self._seen, self._windows = [0.0] * CLASSES, [0.0] * CLASSES, 0, 0

    def saw(self, share: float) -> bool:
        """Take in one use by the share that its key had; True when a window ends that is unlike the long run, which begins anew."""
        halvings = -math.log2(share) if share > 0 else CLASSES
        if halvings < CLASSES - 1:
            place = int(halvings)
            self._window[place] += 1 - halvings + place
            self._window[place + 1] += halvings - place
        else:
            self._window[-1] += 1
        self._seen += 1
        return self._seen == WINDOW and self._moved()

    def _moved(self) -> bool:
        self.index = stability(self._window, self._before)
        if self._windows >= LEARNING and self.index > SHIFTED:
            self.shifts += 1
            self._begin()
            return True
        kept = 1 - 1 / MEMORY if self._windows >= LEARNING else 1 / 2  # what is learned first is soon out of date
        self._before = [old * kept + new for old, new in zip(self._before, self._window, strict=True)]
        self._window, self._seen, self._windows = [0.0] * CLASSES, 0, self._windows + 1
        return False


def stability(window: list[float], before: list[float]) -> float:
    """The population stability index of two counts by class, half a use added to each class of either."""
    here, there = sum(window) + len(window) / 2, sum(before) + len(before) / 2
    pairs = [((now + 0.5) / here, (then + 0.5) / there) for now, then in zip(window, before, strict=True)]
    return sum((p - q) * math.log(p / q) for p, q in pairs)

"""Heat: how much a memory has been used lately; every use adds to it and time takes from it, by half in each half-life."""

from __future__ import annotations

import math

HALF_LIFE = 7 * 24 * 3600 * 1_000_000
"""Microseconds in which heat falls to a half."""

Heat = tuple[int, float]
"""When, in microseconds since 1970, and how hot then."""


def cooled(heat: Heat, at: int) -> float:
    """What is left of a heat at a later moment, or what it will be worth at an earlier one."""
    return heat[1] * math.exp2((heat[0] - at) / HALF_LIFE)


def merged_heat(one: Heat, other: Heat) -> Heat:
    """The sum of two heats at the later of their moments, forward decay: in any order the sum is the same.

    Cormode, Shkapenyuk, Srivastava, Xu: Forward Decay (ICDE 2009).
    """
    at = max(one[0], other[0])
    return at, cooled(one, at) + cooled(other, at)

"""ComposingRuntime: the port to a model whose KV blocks can be composed once it was measured, on texts, how far that strays.

The error is the KL divergence, in nats, of the next token's distribution after a full prefill from the one after composed blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from memos.ports.runtime import ActivationRuntime

LEAST_CASES = 6
"""Fewer prove nothing."""
MOST = 0.25
"""The greatest mean KL divergence, in nats, with which composition is good enough unless a calibration says otherwise."""
Case = tuple[Sequence[str], str]
"""Memories, each as a prompt has it, and a question after them."""


@dataclass(frozen=True, slots=True)
class Proven:
    """What was measured of so many blocks, of so many tokens each at most, of which the share `recompute` is read anew.

    `mean` and `worst` are KL divergences over `cases`; `cost` is the CPU time of composing and reading the question, as a share of the
    full prefill's.
    """

    blocks: int
    tokens: int
    recompute: float
    cases: int
    mean: float
    worst: float
    cost: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What composing costs a model: `rows` as measured now, the least share first; those whose mean is at most `most` are in force.

    `share` is the one by which blocks such as these are composed from now on, None where no share is good enough: then they are not.
    """

    model: str
    rows: tuple[Proven, ...]
    most: float
    share: float | None


@runtime_checkable
class ComposingRuntime(ActivationRuntime, Protocol):
    """A runtime that composes what was measured of its model, and remembers it where the model stands."""

    @property
    def proven(self) -> tuple[Proven, ...]:
        """What was measured, and is good enough: what these do not cover, `compose` refuses."""

    def calibrate(self, system: str, cases: Sequence[Case], *, recompute: Sequence[float], most: float = MOST) -> tuple[Proven, ...]:
        """Measure composition at shares of recompute after a system's text, keep what stays within `most`, and give all of it.

        InvalidCall for fewer cases than prove anything, for cases of unlike numbers of memories, and for a model that cannot compose;
        BackendError where what was measured cannot be kept for later processes.
        """


def covered(proven: Sequence[Proven], lengths: Sequence[int]) -> tuple[int, float] | None:
    """How many of the first of some blocks, of so many tokens each, are proven, and the least share for them; None for fewer than two."""
    found = [(len(_leading(row, lengths)), -row.recompute) for row in proven]
    many, share = max(found, default=(0, 0.0))
    return (many, -share) if many > 1 else None


def _leading(row: Proven, lengths: Sequence[int]) -> Sequence[int]:
    """The first of some lengths that a row covers."""
    fit = lengths[: row.blocks]
    return fit[: next((place for place, length in enumerate(fit) if length > row.tokens), len(fit))]

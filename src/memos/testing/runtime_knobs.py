"""What a test may read of a FakeRuntime, and what it may set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Counted:
    """What a FakeRuntime has done: requests begun, prompt tokens read (encoded ones too), not read again, written, steps of training."""

    requests: int = 0
    read: int = 0
    cached: int = 0
    written: int = 0
    steps: int = 0


@dataclass
class Troubles:
    """What goes wrong, until it is set back: `error` is raised by each call, `dies_after` so many pieces, with it or Unavailable;
    a piece takes `seconds`.
    """

    error: Exception | None = None
    dies_after: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Speed:
    """What a FakeRuntime says of its speed: the seconds that a token takes to be read, which none really takes; how busy it is."""

    seconds_per_token: float = 0.005
    busy: float = 0.0


@dataclass(frozen=True)
class Teaching:
    """What a training takes and what its gate measures. Every so many steps a state is saved that resumes it."""

    steps_a_lesson: int = 10
    seconds_a_step: float = 0.1
    saves_every: int = 5
    memory_bytes: int = 1024**2
    recall: float = 1.0
    perplexity: float = 1.05
    neighbours: float = 1.0

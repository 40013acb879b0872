"""Signals: what MemScheduler decides by: the memories that were found, what they are kept as, and how the model and its cache fare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from memos.memcube.plan import Tier
from memos.memcube.state import MemoryType
from memos.ports.runtime import Capabilities

WAYS: Mapping[Tier, float] = MappingProxyType({"ram": 2e-5, "mapped": 8.5e-5, "int8": 1.2e-4, "text": 0.0})
SIZES: Mapping[Tier, int] = MappingProxyType({"ram": 23_040, "mapped": 23_040, "int8": 11_600, "text": 4})


NONE = Capabilities()
"""Those of no runtime: there is nothing but text."""


@dataclass(frozen=True, slots=True)
class Available:
    """A live derived memory that holds one: a KV block, or an adapter that passed its gate; `via` is its id.

    `tokens` are those of the memory within it, and `bytes` its share of the file. `adapter` names the adapter's memory under which a
    block was read. With an `exact` block a prompt can begin, if all memories stand there that name it as `via`, in canonical order; one
    that is not exact is the memory's own, and can be composed.
    """

    form: MemoryType
    tier: Tier
    via: str
    tokens: int
    bytes: int
    adapter: str | None = None
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Candidate:
    """A memory that was found for a request, or that stands among the pinned ones.

    `tokens` are those of its text. `similarity` is the score of the search, on whatever scale, `rank` its place there from 0, None for one
    that the search did not find. `kind` is its predicted tag, `standing` whether it holds for every answer. `protected` says why it stays
    text. `pinned` is set for those that stand before the conversation already. `role` is that of a turn, and `generated` says that a model
    has said it, in an answer.
    """

    cube: str
    version: int
    tokens: int
    similarity: float = 0.0
    rank: int | None = None
    heat: float = 0.0
    count: int = 0
    last_used_at: datetime | None = None
    said_at: datetime | None = None
    priority: int = 0
    kind: str | None = None
    speaker: str | None = None
    session: str | None = None
    role: str | None = None
    generated: bool = False
    standing: bool = False
    pinned: bool = False
    protected: str | None = None
    forms: tuple[Available, ...] = ()
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Costs:
    """What things cost, in CPU seconds but for `bytes`. The defaults are SmolLM2-135M's on one core (docs/guides/scheduling.md).

    Reading n tokens behind m others costs `linear` n + `quadratic` ((m + n)² - m²).
    """

    linear: float = 4.8e-3
    quadratic: float = 3.2e-7
    load: Mapping[Tier, float] = field(default_factory=lambda: WAYS)
    """Of a token of a block, by where the block is."""
    attach: float = 0.1
    """Of attaching any blocks at all."""
    adapter: float = 0.05
    """Of switching one adapter on."""
    composed: float = 0.32
    """Of a token that is composed, as a share of reading it."""
    build: float = 1e-4
    """Of writing a token's KV to a file, beside reading it."""
    train: float = 2.5
    """Of teaching an adapter one of eight memories that it learns together."""
    bytes: Mapping[Tier, int] = field(default_factory=lambda: SIZES)
    """Of a token, by where its KV is."""
    learnt: int = 40_000
    """Bytes of an adapter for each memory that it has learnt."""

    def read(self, tokens: int, after: int = 0) -> float:
        """Reading tokens that stand after some others."""
        return self.linear * tokens + self.quadratic * ((after + tokens) ** 2 - after**2)

    def made(self, tokens: int) -> float:
        """Making a KV block of so many tokens, and keeping it."""
        return self.read(tokens) + self.build * tokens


LOCAL = Costs()
HOSTED = Costs(linear=2e-4, quadratic=0.0)
"""Where there is no local runtime: a hosted model reads some 5,000 tokens a second, whatever stands before them."""


@dataclass(frozen=True, slots=True)
class Signals:
    """How things stand at a request.

    `budget` are the tokens that memories may take in the prompt; `window` is the model's, of which `taken` are the rest of the prompt and
    `answer` is left for the answer. `load` and `hit_rate` lie between 0 and 1. `compose` allows composed reuse, where the runtime can.
    `history` are the turns before this one, oldest first. Without a runtime there is nothing but text: the capabilities are none.
    `given` are the runtime's costs, where they are known better than by default.
    """

    now: datetime
    budget: int = 2000
    window: int | None = None
    taken: int = 0
    answer: int = 256
    capabilities: Capabilities = NONE
    load: float = 0.0
    hit_rate: float = 0.0
    compose: bool = False
    history: tuple[str, ...] = ()
    given: Costs | None = None

    @property
    def costs(self) -> Costs:
        """Those that are given, or a local runtime's as measured, or without one a hosted model's."""
        return self.given or (LOCAL if self.capabilities.activation or self.capabilities.adapters else HOSTED)

    @property
    def room(self) -> int:
        """The tokens that memories may take, by budget and window."""
        fits = self.budget if self.window is None else min(self.budget, self.window - self.taken - self.answer)
        return max(0, fits)

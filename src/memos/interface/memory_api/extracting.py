"""Extracting: what rules or a model find in memories, read while no transaction is open, within what a day may cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from memos.errors import BackendError, InvalidCall, QuotaExceeded, Unavailable
from memos.memcube.call import MemoryCall
from memos.memcube.cube import MemCube
from memos.memcube.policy import SENSITIVITIES
from memos.ports.clock import Clock
from memos.ports.counters import Counters
from memos.ports.models import ChatModel
from memos.settings import Settings

if TYPE_CHECKING:
    from memos.interface.memreader.extraction.fact import Fact, Source
    from memos.interface.memreader.summary import Summary, Text

By = Literal["rules", "model"]
ABOUT_THE_REQUEST = frozenset({400, 413, 422})
"""The statuses by which an endpoint says that it is the request that is wrong."""
MICRO = 1_000_000
"""Money is counted in millionths."""
HIDDEN = "\u2588"
"""What stands, letter by letter, for a part that a model is not shown."""
COUNTED = ("stored", "unsupported", "duplicates", "given_up")
NO_MODEL = "this store has no chat model: open it with chat=, or name one in the setting chat"
Warnings = tuple[str, ...]


class Extractor(NamedTuple):
    """What finds facts: its name with its version, and the model's, None for rules."""

    name: str
    model: str | None = None


class Waiting(NamedTuple):
    """A memory to be read, and whether its facts stand already."""

    cube: MemCube
    done: bool


@dataclass(frozen=True, slots=True)
class Read:
    """What was found in one version of a memory. `failed` says why nothing could be."""

    version: int
    facts: tuple[Fact, ...] = ()
    unsupported: int = 0
    tokens: int = 0
    cost: float = 0.0
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in some memories, by their ids, and by what. Those whose facts stand already are `done`."""

    extractor: Extractor
    read: Mapping[str, Read]
    done: frozenset[str] = frozenset()
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class ExtractionStatus:
    """What extraction does in a store. `tokens`, `cost` and their limits are of today, in UTC; the totals are of all days.

    `waiting` are commits that the worker has not gone through yet, `why` says why it waits, None where it does not.
    """

    extract: str
    by: str | None
    model: str | None
    waiting: int
    why: str | None
    stored: int
    unsupported: int
    duplicates: int
    given_up: int
    tokens: int
    tokens_per_day: int | None
    cost: float
    cost_per_day: float | None


class Extracting:
    """Reads memories by rules, or by the store's chat model as far as the day's budget goes, which all processes share."""

    def __init__(self, chat: ChatModel | None, counters: Counters, clock: Clock, settings: Settings) -> None:
        self._chat, self._counters, self._clock, self._settings = chat, counters, clock, settings

    def extractor(self, by: By) -> Extractor:
        """What reads by rules, or by the model; InvalidCall without one."""
        if by == "rules":
            from memos.interface.memreader.extraction.rules import NAME

            return Extractor(NAME)
        from memos.interface.memreader.extraction.model import NAME as MODEL

        if self._chat is None:
            raise InvalidCall(NO_MODEL)
        return Extractor(MODEL, self._chat.name)

    def chosen(self, by: By | None) -> By:
        """How a call that does not say is answered: as the worker reads, else by the model where there is one."""
        if by is not None:
            return by
        if self._settings.extract != "none":
            return self._settings.extract
        return "rules" if self._chat is None else "model"

    def found(self, waiting: Sequence[Waiting], by: By, skipped: int) -> tuple[Found, Warnings]:
        """What is found in those that are not done. Where a model fails before anything was found its error is raised."""
        extractor, read, warnings = self.extractor(by), dict[str, Read](), list[str]()
        done = frozenset(each.cube.id for each in waiting if each.done)
        for cube in (each.cube for each in waiting if not each.done):
            try:
                read[cube.id] = self._by_rules(cube) if by == "rules" else self._by_model(cube)
            except (Unavailable, QuotaExceeded, BackendError) as error:
                if not read and not done:
                    raise
                warnings.append(f"{len(waiting) - len(read) - len(done)} memories were not read: {error.message}")
                break
        return Found(extractor, read, done, skipped), tuple(warnings)

    @staticmethod
    def _by_rules(cube: MemCube) -> Read:
        from memos.interface.memreader.extraction.rules import facts_of

        return Read(cube.version, facts_of(source_of(cube)))

    def _by_model(self, cube: MemCube) -> Read:
        from memos.interface.memreader.extraction.model import read_by

        assert self._chat is not None  # noqa: S101 - `extractor` has asked
        self.require_budget()
        try:
            outcome = read_by(self._chat, source_of(cube, hiding=True))
        except BackendError as error:
            if error.details.get("status") not in ABOUT_THE_REQUEST:
                raise
            return Read(cube.version, failed=error.message)
        self.count({f"tokens {self._day}": outcome.tokens, f"cost {self._day}": math.ceil(outcome.cost * MICRO)}, durable=True)
        return Read(cube.version, outcome.facts, outcome.unsupported, outcome.tokens, outcome.cost, outcome.unusable)

    @property
    def has_model(self) -> bool:
        """Whether the store has a chat model."""
        return self._chat is not None

    def summary(self, question: str, texts: Sequence[Text]) -> tuple[str, Summary]:
        """The model's name and what it writes of some texts; QuotaExceeded when the day's budget is spent, and the errors of the model."""
        from memos.interface.memreader.summary import summary

        if self._chat is None:
            raise InvalidCall(NO_MODEL)
        self.require_budget()
        found = summary(self._chat, question, texts)
        self.count({f"tokens {self._day}": found.tokens, f"cost {self._day}": math.ceil(found.cost * MICRO)}, durable=True)
        return self._chat.name, found

    @property
    def _day(self) -> str:
        return self._clock.now().date().isoformat()

    def require_budget(self) -> None:
        """QuotaExceeded when what a day may cost is spent; the next day, in UTC, has its own."""
        if why := self.exhausted():
            raise QuotaExceeded(f"{why}; it goes on tomorrow (UTC), or raise the setting", day=self._day)

    def exhausted(self) -> str | None:
        """Why the model may not be asked now: there is none, or the day's budget is spent; None while it may."""
        if self._chat is None:
            return NO_MODEL
        tokens, cost = self.spent()
        limits = self._settings.extract_tokens_per_day, self._settings.extract_cost_per_day
        if limits[0] is not None and tokens >= limits[0]:
            return f"the {limits[0]:,} tokens that extraction may use a day (extract_tokens_per_day) are used"
        if limits[1] is not None and cost >= limits[1]:
            return f"the {limits[1]:g} that extraction may cost a day (extract_cost_per_day) are spent"
        return None

    def spent(self) -> tuple[int, float]:
        """The tokens and the money of today."""
        with self._counters.transaction() as counting:
            return counting.total(_key(f"tokens {self._day}")), counting.total(_key(f"cost {self._day}")) / MICRO

    def totals(self) -> dict[str, int]:
        """How many facts were stored, claims dropped, facts told that stood already, and messages given up, since the store was made."""
        with self._counters.transaction() as counting:
            return {name: counting.total(_key(name)) for name in COUNTED}

    def told(self, value: Mapping[str, int]) -> None:
        """Count what the reply to a call says."""
        self.count({name: value[name] for name in COUNTED if name in value})

    def status(self, waiting: int, why: str | None) -> ExtractionStatus:
        """What it has done and spent; who asks knows what waits."""
        settings, (tokens, cost) = self._settings, self.spent()
        unknown = settings.extract == "none" or (settings.extract == "model" and self._chat is None)
        by = None if unknown else self.extractor(self.chosen(None)).name
        return ExtractionStatus(
            extract=settings.extract, by=by, model=self._chat.name if self._chat is not None else None,
            waiting=waiting, why=why, tokens=tokens, tokens_per_day=settings.extract_tokens_per_day,
            cost=cost, cost_per_day=settings.extract_cost_per_day, **self.totals(),
        )  # fmt: skip

    def count(self, amounts: Mapping[str, int], *, durable: bool = False) -> None:
        """Add to the counters; with `durable` it is on the disk before this returns."""
        wanted = {name: amount for name, amount in amounts.items() if amount}
        if wanted:
            with self._counters.transaction(durable=durable) as counting:
                for name, amount in wanted.items():
                    counting.add(_key(name), amount, 2**62)


def _key(name: str) -> str:
    return f"extract {name}"


def with_extraction(
    call: MemoryCall, extracting: Extracting, sources: Callable[[MemoryCall], tuple[Sequence[Waiting], int]]
) -> tuple[MemoryCall, Warnings]:
    """A call to extract with what was found in its memories; whatever it said itself of that is dropped."""
    if call.operation != "extract":
        return call, ()
    options = {name: value for name, value in call.options.items() if name != "found"}
    by = options.get("by")
    if by not in (None, "rules", "model"):
        raise InvalidCall(f"by is 'rules' or 'model', not {str(by)[:40]!r}")
    chosen = extracting.chosen(by)
    extractor = extracting.extractor(chosen)
    waiting, skipped = sources(call.model_copy(update={"options": options | {"by": chosen, "extractor": extractor}}))
    found, warnings = extracting.found(waiting, chosen, skipped)
    return call.model_copy(update={"options": options | {"by": chosen, "found": found}}), warnings


def source_of(cube: MemCube, *, hiding: bool = False) -> Source:
    """A memory as it is read; with `hiding` without the parts that some who may find it may not see."""
    from memos.interface.memreader.extraction.fact import Source

    text = _masked(cube) if hiding else cube.text
    return Source(text, cube.said_at, None if cube.policy.veiled else cube.speaker, cube.role)


def _masked(cube: MemCube) -> str:
    level, text = SENSITIVITIES.index(cube.policy.sensitivity), cube.text
    for span in cube.policy.spans:
        if SENSITIVITIES.index(span.sensitivity) > level:
            text = text[: span.start] + HIDDEN * (min(span.end, len(text)) - span.start) + text[span.end :]
    return text


def counted(reads: Mapping[str, Read]) -> Counter[str]:
    """What some readings amount to."""
    total: Counter[str] = Counter()
    for read in reads.values():
        total.update({"unsupported": read.unsupported, "tokens": read.tokens, "failed": read.failed is not None})
    return total

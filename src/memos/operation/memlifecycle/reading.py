"""Readings: what is known of a statement after it was read once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from memos.operation.memlifecycle.grammar import UNSTATED
from memos.operation.memlifecycle.numbers import Number
from memos.operation.memlifecycle.words import Lexicon

POSITIVE, NEGATIVE = 1, 2
"""Signs of what a text speaks of: it holds, or it does not, or no longer. Moved up by two bits where nothing is asserted."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A memory as it is compared: its words, who said them and when, and the side of the talk that spoke."""

    text: str
    speaker: str | None
    said_at: datetime
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """What one sentence asserts, and the cues of change in it."""

    cues: dict[str, tuple[frozenset[str], frozenset[str]]]
    """Each cue, with the stems and the topics near it."""
    tight: dict[str, frozenset[str]]
    """The stems that a cue of change, or a denial, stands next to."""
    turned: dict[str, frozenset[str]]
    """The same, of those words of change alone that mean nothing else."""
    modes: frozenset[str]
    stems: frozenset[str]
    topics: frozenset[str]
    reporter: str
    theirs: bool
    """Whether it speaks of what is theirs or yours."""
    event: bool
    """Whether it tells what happened, and nothing that is."""
    weight: float


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, or a few short ones: what is compared with what."""

    people: frozenset[str]
    """Whom it speaks of: the speaker in the first person, relatives by speaker and kinship, others by name."""
    others: frozenset[str]
    """Those of them who do not speak."""
    explicit: bool
    """Whether the text itself says of whom it speaks."""
    names: frozenset[str]
    name_stems: frozenset[str]
    values: frozenset[str]
    """Names that are no person's here: what follows "in", "at", "called"."""
    places: frozenset[str]
    addresses: frozenset[str]
    holders: frozenset[str]
    """Names in the possessive."""
    modifiers: dict[str, frozenset[str]]
    slots: dict[frozenset[str], frozenset[str]]
    label: frozenset[str]
    signs: dict[str, int]
    topics: dict[str, int]
    states: dict[str, dict[str, int]]
    contrasts: dict[str, frozenset[str]]
    numbers: tuple[Number, ...]
    cues: frozenset[str]
    modes: frozenset[str]
    sentences: tuple[Sentence, ...]
    telling: frozenset[str]
    """Its stems but for those that everybody uses."""
    durable: frozenset[str]
    """The telling stems of sentences that say how something is."""
    event: bool
    chatty: float
    """The share of stems that everybody uses, between 0 and 1."""
    prescribes: bool
    """Whether it lays down how something is to be done, or lists steps, so that what is told of the same thing does not contradict it."""
    firm: int
    """How many content words stand in sentences that assert something."""
    weight: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A statement read once; `judge` compares two."""

    statement: Statement
    units: tuple[Unit, ...]
    stems: frozenset[str]
    people: frozenset[str]
    exact: tuple[frozenset[str], frozenset[str], int]
    """Capitalised words, numbers, and how often it denies: what a repetition may not change."""


@dataclass(slots=True)
class Draft:
    """A unit in the making."""

    lexicon: Lexicon
    me: str
    people: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    holders: set[str] = field(default_factory=set)
    modifiers: dict[str, set[str]] = field(default_factory=dict)
    slots: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)
    label: frozenset[str] = frozenset()
    signs: dict[str, int] = field(default_factory=dict)
    topics: dict[str, int] = field(default_factory=dict)
    states: dict[str, dict[str, int]] = field(default_factory=dict)
    contrasts: dict[str, set[str]] = field(default_factory=dict)
    numbers: list[Number] = field(default_factory=list)
    cues: set[str] = field(default_factory=set)
    modes: set[str] = field(default_factory=set)
    sentences: list[Sentence] = field(default_factory=list)
    past: int = 0
    present: int = 0
    rules: int = 0
    steps: bool = False
    firm: int = 0

    def unit(self, inherited: frozenset[str]) -> Unit:
        """The unit as read; who speaks of nobody goes on speaking of those before."""
        return Unit(
            people=frozenset(self.people) or inherited,
            others=frozenset(self.people) - {self.me},
            explicit=bool(self.people) or not self.me,
            names=frozenset(self.names),
            name_stems=frozenset(map(self.lexicon.stems.__getitem__, self.names)),
            values=frozenset(self.values),
            places=frozenset(self.places),
            addresses=frozenset(self.addresses),
            holders=frozenset(self.holders),
            modifiers={head: frozenset(found) for head, found in self.modifiers.items()},
            slots=self.slots,
            label=self.label,
            signs=self.signs,
            topics=self.topics,
            states=self.states,
            contrasts={kind: frozenset(members) for kind, members in self.contrasts.items()},
            numbers=tuple(self.numbers),
            cues=frozenset(self.cues),
            modes=frozenset(self.modes),
            sentences=tuple(self.sentences),
            telling=frozenset(self.signs.keys() - self.lexicon.weak),
            durable=self._durable(),
            event=self.past > 0 and not self.present,
            chatty=len(self.lexicon.weak.intersection(self.signs)) / (len(self.signs) or 1),
            prescribes=self.steps or self.rules == len(self.sentences),
            firm=self.firm,
            weight=self.lexicon.weight(self.signs),
        )

    def _durable(self) -> frozenset[str]:
        if "address" in self.modes and self.me not in self.people:
            return frozenset()
        stated = (each.stems for each in self.sentences if not each.event and not each.modes & UNSTATED)
        return frozenset[str]().union(*stated) - self.lexicon.weak

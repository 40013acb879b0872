"""Patterns: the tier of the base, which finds what has a shape, a checksum, a known prefix or a telling word beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from memos.infrastructure.memgovernance.privacy.contact import EMAILS, NETWORK, PHONES
from memos.infrastructure.memgovernance.privacy.identity import identity
from memos.infrastructure.memgovernance.privacy.kinds import LEVELS, RANKS
from memos.infrastructure.memgovernance.privacy.numbers import NUMBERS
from memos.infrastructure.memgovernance.privacy.people import PEOPLE
from memos.infrastructure.memgovernance.privacy.places import PLACES
from memos.infrastructure.memgovernance.privacy.plain import plain
from memos.infrastructure.memgovernance.privacy.rules import Rule, Sieve
from memos.infrastructure.memgovernance.privacy.secret import secrets
from memos.memcube.policy import SensitiveSpan, Sensitivity

Span = tuple[int, int, str]


@cache
def sieve() -> Sieve:
    """All rules of the tier, compiled on first use in some tenths of a second."""
    rules: tuple[Rule, ...] = (*secrets(), *EMAILS, *NUMBERS, *identity(), *NETWORK, *PHONES, *PLACES, *PEOPLE)
    return Sieve(rules)


def detect(text: str, levels: Mapping[str, Sensitivity] = LEVELS) -> tuple[SensitiveSpan, ...]:
    """What in a text is personal or secret: spans in code points of it, in their order, none over another."""
    return labelled(found_in(text), levels)


def found_in(text: str) -> list[Span]:
    """(start, end, label) of all that the rules find, one over another where they disagree."""
    made = plain(text)
    found = ((candidate, rule.label) for rule in sieve().pass_on(made) for candidate in rule.find(made))
    return [(*made.original(candidate.start, candidate.end), label) for candidate, label in found]


def labelled(found: Iterable[Span], levels: Mapping[str, Sensitivity]) -> tuple[SensitiveSpan, ...]:
    """Spans without overlaps: of two that touch the same characters the better known kind stays, of one kind the longer."""
    order = sorted(set(found), key=lambda span: (RANKS.get(span[2], len(RANKS)), span[0] - span[1], span[0]))
    return tuple(
        SensitiveSpan(start=start, end=end, label=label, sensitivity=levels[label], by="predicted") for start, end, label in apart(order)
    )


def apart(order: Sequence[Span]) -> list[Span]:
    """Those of some spans that overlap none named before them, by their place."""
    taken = bytearray(max((end for _, end, _ in order), default=0))
    kept = []
    for start, end, label in order:
        if not any(taken[start:end]):
            kept.append((start, end, label))
            taken[start:end] = b"\1" * (end - start)
    return sorted(kept)

"""Ranking: how well something spoken of before stands out as what a pronoun means, as a sum of weighed features.

The weights were fitted by a search over the labelled conversations for building (evals/reader/fitting.py), which counts the slots that
come out right; held-out folds of whole conversations agreed with them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.heard import Heard
from memos.interface.memreader.dialogue.phrases import NUMBERS, Token
from memos.interface.memreader.dialogue.senses import handled, suits, wanted


class Asked(NamedTuple):
    """What is sought: when, by a word beside which verb, of which gender, and whether an operation is to be done on it."""

    clock: int
    sense: str = ""
    gender: str = ""
    handled: bool = False
    """Whether it is to be deleted, shared or the like: what was asked for, rather than what the answer speaks of."""
    subject: bool = False


def sought(words: Sequence[Token], at: int) -> Asked:
    """What a pronoun for a thing seeks, from the words beside it."""
    return Asked(0, sense=wanted(words, at), handled=handled(words, at))


FEATURES = (
    "age",
    "subject",
    "object",
    "oblique",
    "answer",
    "answer_first",
    "aside",
    "name",
    "vague",
    "within",
    "repeated",
    "again",
    "suits",
    "sure",
    "ending",
    "handled",
    "parallel",
    "numbered",
    "attribute",
)


def features(each: Heard, asked: Asked) -> tuple[float, ...]:
    """The features of something heard, in the order of `FEATURES`."""
    one, age = each.referent, asked.clock - each.clock
    answer = each.answer and age <= 1
    known = asked.gender and one.kind in {"person", "name"}
    return (
        age,
        one.rank == 3,
        one.rank == 2,
        one.rank == 1,
        answer,
        answer and each.first,
        not answer and not each.mine and not each.again and one.start > 0,
        one.kind == "name",
        one.head in lex.VAGUE,
        each.within,
        0,
        each.again and age == 0,
        suits(one, asked.sense),
        bool(known and one.gender == asked.gender),
        _ending(one.value, asked.gender) if known and one.gender == "?" else 0,
        asked.handled and (each.mine or one.head in lex.DOCUMENTS),
        asked.subject and one.rank == 3,
        one.plural and (one.value[0].isdigit() or one.value.split()[0].lower() in NUMBERS),
        one.head in lex.ATTRIBUTES and not each.again,
    )


def _ending(name: str, gender: str) -> float:
    """How an unknown first name sounds: most that end in -a, -ie or -elle are of women, in most languages."""
    first = name.split()[0].lower()
    female = first.endswith(("a", "ie", "elle", "ette", "ine", "een", "lyn", "wen", "sha", "ah"))
    return 0.5 if female == (gender == "f") else -0.5


_fitting: tuple[float, ...] = ()


def use(tried: tuple[float, ...]) -> None:
    """Try other weights, while they are fitted."""
    global _fitting  # noqa: PLW0603
    _fitting = tried


def weights() -> tuple[float, ...]:
    """The weights, in the order of `FEATURES`."""
    return _fitting or _shipped()


@lru_cache(maxsize=1)
def _shipped() -> tuple[float, ...]:
    told = json.loads(files(__package__).joinpath("weights.json").read_text(encoding="utf-8"))
    return tuple(float(told[name]) for name in FEATURES)


def score(each: Heard, asked: Asked) -> float:
    """How well it stands out."""
    return sum(weight * value for weight, value in zip(weights(), features(each, asked), strict=True))


REPEATED = FEATURES.index("repeated")

"""Deciding: which operation a clause asks for, by what the rules say and by all its signs, with weights learnt from labelled words."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple, get_args

from memos.interface.memreader import commands, questions
from memos.interface.memreader.firmly import firmly
from memos.interface.memreader.intent import Intention
from memos.interface.memreader.operation import Operation
from memos.interface.memreader.peeling import peeled
from memos.interface.memreader.scope import CHANGING
from memos.interface.memreader.signs import Place, signs
from memos.memcube.reading import Intent

INTENTS: tuple[Intent, ...] = get_args(Intent)
ASKING = frozenset({"recall", "list", "count", "summarise", "compare", "history"})


_ORDERS = CHANGING | {"store"}
_FIRM = 0.7
"""What it takes to overrule an order or a statement of the rules that asks for a change, and to take an order to find for none."""
_LOSES = 0.9
"""What it takes to keep nothing of a statement before an order: "my address is …, delete the old one" would lose what is new."""
_ASKED = 0.6
"""What it takes to leave alone what the rules take for a question of memory."""


class Learnt(NamedTuple):
    """What was learnt: the weights of signs by intent, by how much they are to be believed, and from which probability on they overrule."""

    weights: Mapping[str, Mapping[str, float]]
    scale: float = 1.0
    overrules: float = 0.5


@lru_cache(maxsize=1)
def learnt() -> Learnt:
    """The weights that are shipped."""
    return Learnt(**json.loads(files(__package__).joinpath("intents.json").read_text(encoding="utf-8")))


def placed(operations: Sequence[Operation], *, carried: bool) -> list[Place]:
    """Where each clause stands among the others."""
    asks = [bool(each.intention.verb or each.intention.question) for each in operations]
    changes = [bool(each.intention.verb) and each.intention.intent in CHANGING for each in operations]
    return [
        Place(len(operations), place, each.clause.joined, carried, any(asks[place + 1 :]), any(asks[:place]), any(changes[place + 1 :]))
        for place, each in enumerate(operations)
    ]


def seen(operation: Operation, place: Place) -> frozenset[str]:
    """The signs of an operation as the rules gave it."""
    return signs(operation.clause.text, operation.mentions, operation.intention, place, times=len(operation.times.phrases))


def decided(operation: Operation, place: Place, model: Learnt | None = None) -> Intention:
    """What a clause wants, by the rules and by what was learnt."""
    model = model or learnt()
    sure = chances(seen(operation, place), model)
    best = chosen(operation.intention, sure, model.overrules)
    if best == "none" and operation.intention.intent == "store" and place.changes_after and sure[best] < _LOSES:
        best = "store"
    best = firmly(operation, best)
    intention = operation.intention if best == operation.intention.intent else changed(operation, best)
    return intention._replace(confidence=certainty(operation.intention, best, sure))


def chosen(ruled: Intention, sure: Mapping[Intent, float], overrules: float) -> Intent:
    """The intent that rules and signs give together: the most probable one, or that of the rules where it is not probable enough."""
    best = max(sure, key=sure.__getitem__)
    order = bool(ruled.verb) and ruled.intent in _ORDERS
    if order and ruled.confidence >= 0.9:
        return ruled.intent
    needed = overrules
    if order or ruled.intent in CHANGING or (ruled.verb and best == "none"):
        needed = _FIRM
    elif ruled.intent in ASKING and best == "none":
        needed = _ASKED
    return best if sure[best] >= needed else ruled.intent


def certainty(ruled: Intention, intent: Intent, sure: Mapping[Intent, float]) -> float:
    """How sure a decision is; a plain order that is kept is as sure as such orders are."""
    if intent == ruled.intent and ruled.verb and ruled.intent in _ORDERS:
        return round(max(sure[intent], ruled.confidence), 3)
    return round(sure[intent], 3)


def chances(found: frozenset[str], model: Learnt) -> dict[Intent, float]:
    """How probable each intent is, by its signs."""
    odds = dict.fromkeys(INTENTS, 0.0)
    for sign in found:
        for intent, weight in model.weights.get(sign, {}).items():
            odds[intent] += weight  # type: ignore[index]
    top = max(odds.values())
    parts = {intent: math.exp((value - top) * model.scale) for intent, value in odds.items()}
    whole = sum(parts.values())
    return {intent: part / whole for intent, part in parts.items()}


def changed(operation: Operation, intent: Intent) -> Intention:
    """What the rules gave, as another intent: where what it asks it of begins, as far as the clause tells."""
    ruled = operation.intention
    core = peeled(operation.clause.text).text
    if intent == "none":
        return Intention("none", 0, core)
    if intent in ASKING and ruled.intent in ASKING:
        return ruled._replace(intent=intent)
    order = commands.command(core)
    begins = order.end + len(core[order.end :]) - len(core[order.end :].lstrip()) if order else 0
    if intent in ASKING:
        asked = questions.unwrapped(core)
        if order is not None and order.intent in ASKING and not asked.start:
            return Intention(intent, 0, core, begins, order.verb, question=core[begins:] or core)
        return Intention(intent, 0, asked.text, question=asked.text)
    if order is not None and order.intent == intent:
        return Intention(intent, 0, core, begins, order.verb, order.withdraws)
    if order is not None and intent in CHANGING and order.intent in CHANGING:
        return Intention(intent, 0, core, begins, order.verb)
    return Intention(intent, 0, core)

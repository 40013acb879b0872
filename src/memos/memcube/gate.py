"""Gate: the conditions under which a memory may be used: the caller's purpose and task, the time, the state of other memories.

They are written in the language of filters, with fields of the call instead of fields of memories: `{"context.purpose": "care"}`,
`{"context.roles": {"any": ["nurse"]}}`, `{"context.time": {"lt": "2027-01-01"}}`, `{"memory.<id>": "activated"}` for the state of another.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from memos.errors import InvalidCall
from memos.memcube.conditions import And, Node, Not, Test
from memos.memcube.fields import MEMORY, Kind, kind_of, microseconds
from memos.memcube.filter import Filter
from memos.memcube.matching import bound, value_test

GATE = "when:"
"""How the entry of an access list begins that holds a memory's conditions."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What conditions are asked of: the calling context, the moment, and the state of each memory named, None where there is none."""

    context: Mapping[str, Any]
    now: datetime
    states: Mapping[str, str | None]


def legal_conditions(value: Any) -> Filter | None:
    """Conditions in their canonical form, or None; InvalidCall for what is no filter, and for fields of the memory itself."""
    if value is None:
        return None
    parsed = Filter.parse(value, internal=True)
    wrong = sorted(name for name in parsed.referenced_fields() if not name.startswith(("context.", MEMORY)))
    if wrong:
        raise InvalidCall(
            f"conditions speak of the call (context.purpose, context.task, context.model, context.agent, context.session, context.roles, "
            f"context.time) and of the state of other memories (memory.<id>), not of {wrong[0]}"
        )
    return parsed


def gate_entry(conditions: Filter) -> str:
    """The entry of an access list that holds conditions."""
    return GATE + json.dumps(conditions.to_json(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=4096)
def gated(entry: str) -> Filter:
    """The conditions that an entry holds."""
    return Filter.parse(json.loads(entry.removeprefix(GATE)), internal=True)


def memories_of(conditions: Filter) -> frozenset[str]:
    """The ids of the memories whose state conditions name."""
    return frozenset(name.removeprefix(MEMORY) for name in conditions.referenced_fields() if name.startswith(MEMORY))


def met(conditions: Filter, situation: Situation) -> bool:
    """Whether conditions hold in a situation."""
    return _met(conditions.node, situation)


def _met(node: Node, situation: Situation) -> bool:
    if isinstance(node, Test):
        operand = bound(node.operand, microseconds(situation.now)) if kind_of(node.field) is Kind.TIME else node.operand
        return value_test(node.operator, operand)(_value(node.field, situation))
    if isinstance(node, Not):
        return not _met(node.part, situation)
    return (all if isinstance(node, And) else any)(_met(part, situation) for part in node.parts)


def _value(field: str, situation: Situation) -> Any:
    if field.startswith(MEMORY):
        return situation.states.get(field.removeprefix(MEMORY))
    if field == "context.time":
        return microseconds(situation.now)
    value = situation.context.get(field.removeprefix("context."))
    return (frozenset(value) or None) if field == "context.roles" and value is not None else value

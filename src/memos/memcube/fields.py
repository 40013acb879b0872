"""The fields that a filter can name: what each holds, which operators it takes and which operands are legal.

A field holds one value or none; `tags`, `acl` and a metadata array hold a set. A value is a string, a number or a boolean; the three are
never coerced into each other: 1 equals 1.0, but neither "1" nor true. Times are whole microseconds since 1970 in UTC.
"""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from memos.errors import InvalidCall
from memos.memcube.namespace import normalise
from memos.memcube.state import Layer, MemoryType, State
from memos.memcube.value import aware_utc, legal_text, read_moment

Scalar = str | int | float | bool
Operand = Scalar | tuple[Scalar, ...]

NOW = "now"
"""The operand of a time field that stands for the moment of evaluation."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STRING_BYTES = 64 * 1024
LARGEST = 2**63 - 1
"""Integers run from -LARGEST - 1 to LARGEST."""
METADATA = "metadata."
"""What follows is one key at the top of the metadata, taken literally: its dots do not descend."""

ORDER = ("lt", "lte", "gt", "gte")
LISTS = frozenset({"in", "any", "all", "none"})
"""The operators that take a list."""
_ONE = ("eq", "ne", "in", "exists")
_SET = ("any", "all", "none", "exists")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Kind(StrEnum):
    """What a field holds, in the words of error messages."""

    IDENTITY = "a memory's id, a UUID"
    PATH = "a namespace path"
    NAME = "a string"
    WORD = "a word"
    FLAG = "true or false"
    WHOLE = "a whole number of 64 bits"
    TIME = 'an ISO 8601 time with a zone, a date alone (midnight UTC) or "now"'
    SET = "strings"
    LABELS = "strings which may stand under others"
    JSON = "a string, a number or a boolean"


OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    Kind.IDENTITY: (*_ONE, *ORDER),
    Kind.PATH: (*_ONE, *ORDER, "under"),
    Kind.NAME: (*_ONE, *ORDER),
    Kind.WORD: _ONE,
    Kind.FLAG: _ONE,
    Kind.WHOLE: (*_ONE, *ORDER),
    Kind.TIME: (*_ONE, *ORDER),
    Kind.SET: _SET,
    Kind.LABELS: (*_SET, "under"),
    Kind.JSON: (*_ONE, *ORDER, "any", "all", "none"),
}
FIELDS: Mapping[str, Kind] = {
    "id": Kind.IDENTITY,
    "namespace": Kind.PATH,
    "layer": Kind.WORD,
    "type": Kind.WORD,
    "state": Kind.WORD,
    "frozen": Kind.FLAG,
    "tags": Kind.LABELS,
    "speaker": Kind.NAME,
    "role": Kind.NAME,
    "session": Kind.NAME,
    "ordinal": Kind.WHOLE,
    "said_at": Kind.TIME,
    "created_at": Kind.TIME,
    "updated_at": Kind.TIME,
    "valid_from": Kind.TIME,
    "valid_to": Kind.TIME,
    "expires_at": Kind.TIME,
    "priority": Kind.WHOLE,
    "owner": Kind.NAME,
    "sensitivity": Kind.WORD,
}
INTERNAL: Mapping[str, Kind] = {"acl": Kind.SET}
"""Fields of grants only: `acl` is the set of `right:principal`, those that the namespace passes on included."""
CALLING: Mapping[str, Kind] = {
    **{f"context.{name}": Kind.NAME for name in ("purpose", "task", "model", "agent", "session")},
    "context.roles": Kind.SET,
    "context.time": Kind.TIME,
}
"""Fields of conditions only: they are of the call, not of a memory."""
MEMORY = "memory."
"""What follows is a memory's id; in conditions the field holds that memory's state."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "layer": tuple(layer.value for layer in Layer),
    "type": tuple(kind.value for kind in MemoryType),
    "state": tuple(state.value for state in State),
    "sensitivity": ("public", "internal", "confidential", "restricted"),
}


def kind_of(field: str) -> Kind:
    """What a field that has passed `legal_field` holds."""
    if field.startswith(METADATA):
        return Kind.JSON
    if field.startswith(MEMORY):
        return Kind.NAME
    return FIELDS.get(field) or INTERNAL.get(field) or CALLING[field]


def legal_field(field: Any, *, internal: bool = False) -> str:
    """The name of a field; InvalidCall, with the nearest name, when there is none such."""
    if isinstance(field, str) and (field in FIELDS or (internal and (field in INTERNAL or field in CALLING))):
        return field
    if isinstance(field, str) and field.startswith(METADATA) and len(field) > len(METADATA):
        return METADATA + _string(field.removeprefix(METADATA), "a metadata key")
    if internal and isinstance(field, str) and field.startswith(MEMORY) and _UUID.fullmatch(field.removeprefix(MEMORY).lower()):
        return field.lower()
    names = (*FIELDS, "metadata.<key>")
    hint = _nearest(field, (*names, "and", "or", "not"))
    raise InvalidCall(f"a filter has no field {_shown(field)}{hint}; fields are {', '.join(names)}, joined by and, or, not")


def legal_operator(field: str, operator: Any) -> str:
    """The name of an operator that the field takes; InvalidCall otherwise."""
    accepted = OPERATORS[kind_of(field)]
    if operator in accepted:
        return str(operator)
    if kind_of(field) in {Kind.SET, Kind.LABELS} and operator in {"eq", "ne", "in"}:
        raise InvalidCall(f'the filter\'s field {field} is a set; write {{"any": [...]}}, "all" or "none" instead of {operator}')
    hint = _nearest(operator, accepted)
    raise InvalidCall(f"the filter's field {field} takes no operator {_shown(operator)}{hint}; it takes {', '.join(accepted)}")


def legal_operand(field: str, operator: str, operand: Any) -> Operand:
    """The operand in the form in which it is compared: times in microseconds, paths and ids canonical, lists as tuples."""
    what = f"{field} {operator}"
    if operator == "exists":
        if isinstance(operand, bool):
            return operand
        raise InvalidCall(f"the filter's {what} takes true or false, not {_shown(operand)}")
    if operator not in LISTS:
        return _one(field, what, operand)
    if not isinstance(operand, (list, tuple, set, frozenset)):
        raise InvalidCall(f"the filter's {what} takes a list, not {_shown(operand)}")
    items = sorted(operand, key=repr) if isinstance(operand, (set, frozenset)) else operand
    return tuple(_one(field, what, item) for item in items)


def microseconds(when: datetime) -> int:
    """Whole microseconds from 1970 in UTC to an aware datetime, negative before."""
    return (when - EPOCH) // timedelta(microseconds=1)


def instant(when: int) -> datetime:
    """The datetime of a number of microseconds since 1970, in UTC."""
    return EPOCH + timedelta(microseconds=when)


def relative_to_now(offset: int) -> str:
    """The operand of a time field for the whole millisecond in which the moment of evaluation lies, and so many microseconds more.

    For grants, whose policies count in milliseconds; no filter that is written down has it.
    """
    return f"{NOW}{offset:+d}"


def offset_of(operand: Any) -> int | None:
    """The microseconds of an operand that `relative_to_now` made, 0 for "now", None for a time that does not move."""
    if not isinstance(operand, str):
        return None
    return int(operand[len(NOW) :] or 0)


def shown_operand(field: str, operator: str, operand: Operand) -> Any:
    """The operand in JSON: what `legal_operand` reads back as the same."""
    if isinstance(operand, tuple):
        return [shown_operand(field, "eq", item) for item in operand]
    if operator != "exists" and isinstance(operand, int) and kind_of(field) is Kind.TIME:
        return instant(operand).isoformat().replace("+00:00", "Z")
    return operand


def _one(field: str, what: str, operand: Any) -> Scalar:
    kind = Kind.SET if field == "tags" else kind_of(field)
    if kind is Kind.TIME:
        return _time(operand, what)
    if kind is Kind.WHOLE:
        return _whole(operand, what)
    if kind is Kind.FLAG and isinstance(operand, bool):
        return operand
    if kind is Kind.JSON and not isinstance(operand, str):
        return _json(operand, what)
    if kind is Kind.WORD:
        return _word(operand, what, WORDS[field])
    if kind is Kind.FLAG or not isinstance(operand, str):
        raise _refused(what, kind, operand)
    text = _string(operand, f"the filter's {what}")
    if kind is Kind.IDENTITY and not _UUID.fullmatch(text := text.lower()):
        raise _refused(what, kind, operand)
    return normalise(text) if kind is Kind.PATH else text


def _word(operand: Any, what: str, words: tuple[str, ...]) -> str:
    if operand not in words:
        raise _refused(what, f"one of {', '.join(words)}", operand, _nearest(operand, words))
    return words[words.index(operand)]


def _string(operand: Any, what: str) -> str:
    try:
        size = len(legal_text(operand).encode())
    except InvalidCall as error:
        raise InvalidCall(f"{what}: {error}") from None
    if size > STRING_BYTES:
        raise InvalidCall(f"{what} takes strings of at most {STRING_BYTES:,} bytes, not of {size:,}")
    return str.__str__(operand)


def _whole(operand: Any, what: str) -> int:
    if isinstance(operand, float) and operand.is_integer():
        operand = int(operand)
    if isinstance(operand, bool) or not isinstance(operand, int) or not -LARGEST - 1 <= operand <= LARGEST:
        raise _refused(what, Kind.WHOLE, operand)
    return int(operand)


def _json(operand: Any, what: str) -> Scalar:
    if isinstance(operand, bool):
        return operand
    if isinstance(operand, int):
        return _whole(operand, what)
    if isinstance(operand, float) and math.isfinite(operand):
        return float(operand)
    raise _refused(what, Kind.JSON, operand)


def _time(operand: Any, what: str) -> int | str:
    if isinstance(operand, str) and operand == NOW:
        return NOW
    try:
        when = read_moment(operand)
    except ValueError:
        raise _refused(what, Kind.TIME, operand) from None
    try:
        return microseconds(aware_utc(when))
    except InvalidCall as error:
        raise InvalidCall(f"the filter's {what}: {error}") from None
    except OverflowError:
        raise _refused(what, Kind.TIME, operand) from None


def _refused(what: str, accepted: str, operand: Any, hint: str = "") -> InvalidCall:
    if operand is None:
        hint = '; for memories without a value write {"exists": false}'
    elif isinstance(operand, (list, tuple)) and what.endswith(" eq"):
        hint = '; for several values write {"in": [...]}'
    return InvalidCall(f"the filter's {what} takes {accepted}, not {_shown(operand)}{hint}")


def _nearest(name: Any, names: tuple[str, ...]) -> str:
    found = get_close_matches(str(name)[:64], names, n=1, cutoff=0.6)
    return f" (did you mean {found[0]}?)" if found else ""


def _shown(value: Any) -> str:
    if isinstance(value, int) and not -LARGEST - 1 <= value <= LARGEST:
        return "an integer beyond 64 bits"
    return ascii(reprlib.repr(value))[1:-1] if not isinstance(value, str) else ascii(value if len(value) <= 60 else f"{value[:57]}...")

"""Terms: the values in what Cedar leaves of a policy once the caller is known: constants, attributes of the memory, the moment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from memos.memcube.fields import microseconds
from memos.memcube.policy import SENSITIVITIES


class Uncompilable(Exception):
    """An expression that no filter can say."""


class Failing(Exception):
    """An expression whose evaluation fails, whatever the memory: Cedar skips a policy that comes to it."""


CALLING: ContextVar[Mapping[str, Any]] = ContextVar("CALLING")
"""The calling context for which policies are compiled. Cedar leaves what it comes to after a failure as it was written."""


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity that is known by its name."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A known time, in milliseconds since 1970."""

    ms: int


@dataclass(frozen=True, slots=True)
class Span:
    """A known duration, in milliseconds."""

    ms: int


@dataclass(frozen=True, slots=True)
class Now:
    """The moment of the call, and so many milliseconds more."""

    ms: int = 0


@dataclass(frozen=True, slots=True)
class Resource:
    """The memory that is asked for."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of the memory: the field of filters that holds it, and whether it may be absent."""

    field: str
    kind: str
    """text, word, level, flag, whole, time, set."""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Metadata:
    """A text of the memory's metadata; absent where there is none, or something else."""

    field: str


Term = bool | int | str | Entity | Moment | Span | Now | Resource | Attribute | Metadata | frozenset[Any]
ATTRIBUTES: Mapping[str, Attribute] = {
    **{name: Attribute(name, "text") for name in ("owner",)},
    **{name: Attribute(name, "word") for name in ("layer", "type", "state", "sensitivity")},
    "level": Attribute("sensitivity", "level"),
    "frozen": Attribute("frozen", "flag"),
    "priority": Attribute("priority", "whole"),
    "ordinal": Attribute("ordinal", "whole", optional=True),
    **{name: Attribute(name, "text", optional=True) for name in ("speaker", "role", "session")},
    **{name: Attribute(name, "set") for name in ("tags", "acl")},
    **{name: Attribute(name, "time") for name in ("said_at", "created_at", "updated_at")},
    **{name: Attribute(name, "time", optional=True) for name in ("valid_from", "valid_to", "expires_at")},
}
_DURATION = re.compile(r"(-)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
_UNITS = (86_400_000, 3_600_000, 60_000, 1000, 1)
LARGEST_MS = 2**62 // 1000


def term(expression: Mapping[str, Any]) -> Term:
    """The value of an expression that is no condition; Uncompilable for what no filter can compute."""
    if len(expression) != 1:
        raise Uncompilable
    (kind, body), *_ = expression.items()
    reader = _READERS.get(kind)
    if reader is None:
        raise Uncompilable
    found: Term = reader(body)
    return found


def level_of(number: int) -> str | None:
    """The sensitivity of a level, None where there is none such."""
    return SENSITIVITIES[number] if 0 <= number < len(SENSITIVITIES) else None


def _value(body: Any) -> Term:
    if isinstance(body, bool | int | str):
        return body
    if isinstance(body, list):
        return frozenset(_value(item) for item in body)
    if isinstance(body, Mapping) and "__entity" in body:
        return Entity(body["__entity"]["type"], body["__entity"]["id"])
    if isinstance(body, Mapping) and "__extn" in body:
        return _extension(body["__extn"]["fn"], body["__extn"]["arg"])
    raise Uncompilable


def _extension(name: str, argument: Any) -> Term:
    if not isinstance(argument, str):
        raise Uncompilable
    if name == "datetime":
        try:
            when = datetime.fromisoformat(argument)
        except ValueError:
            raise Uncompilable from None
        return Moment(microseconds(when if when.tzinfo else when.replace(tzinfo=UTC)) // 1000)
    if name == "duration" and (found := _DURATION.fullmatch(argument)):
        total = sum(int(digits or 0) * unit for digits, unit in zip(found.groups()[1:], _UNITS, strict=True))
        return Span(-total if found[1] else total)
    raise Uncompilable


def _unknown(body: Any) -> Term:
    known: Mapping[Any, Term] = {"resource": Resource(), "now": Now()}
    name = body[0].get("Value") if isinstance(body, list) and len(body) == 1 else None
    if name not in known:
        raise Uncompilable
    return known[name]


def _variable(body: Any) -> Term:
    if body != "resource":
        raise Uncompilable
    return Resource()


def _attribute(body: Mapping[str, Any]) -> Term:
    if body["left"] == {"Var": "context"}:
        return _of_context(body["attr"])
    if not isinstance(term(body["left"]), Resource) or body["attr"] not in ATTRIBUTES:
        raise Uncompilable
    return ATTRIBUTES[body["attr"]]


def _of_context(name: str) -> Term:
    known = CALLING.get({})
    if name not in known:
        raise Failing
    return Now() if name == "now" else _value(known[name])


def tag(body: Mapping[str, Any]) -> Metadata:
    """The metadata text that `hasTag` and `getTag` speak of."""
    owner, key = term(body["left"]), term(body["right"])
    if not isinstance(owner, Resource) or not isinstance(key, str) or not key:
        raise Uncompilable
    return Metadata(f"metadata.{key}")


def _set(body: Any) -> Term:
    items = [term(item) for item in body]
    if any(isinstance(item, Attribute | Metadata | Resource | Now) for item in items):
        raise Uncompilable
    return frozenset(items)


def _literal(name: str) -> Any:
    def read(body: Any) -> Term:
        argument = term(body[0]) if len(body) == 1 else None
        return _extension(name, argument)

    return read


def _offset(body: Any) -> Term:
    base, span = (term(each) for each in body)
    if not isinstance(span, Span) or abs(span.ms) > LARGEST_MS:
        raise Uncompilable
    if isinstance(base, Moment):
        return Moment(base.ms + span.ms)
    if isinstance(base, Now):
        return Now(base.ms + span.ms)
    raise Uncompilable


_READERS: Mapping[str, Any] = {
    "Value": _value,
    "unknown": _unknown,
    "Var": _variable,
    ".": _attribute,
    "getTag": tag,
    "Set": _set,
    "datetime": _literal("datetime"),
    "duration": _literal("duration"),
    "offset": _offset,
}

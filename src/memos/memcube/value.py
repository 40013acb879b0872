"""Value: the frozen base of everything that travels between rooms, and the scalar types that values share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from memos.errors import InvalidCall

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WRITTEN = "a day such as 2025-01-01 (midnight UTC) or a time with its zone such as 2025-01-01T09:00:00Z"


class Value(BaseModel):
    """A frozen pydantic value. Unknown fields are refused, the schema is built on first use."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, arbitrary_types_allowed=True)


class Known(Value):
    """A value that people write by hand, as JSON: a field that it has not is InvalidCall, which names those that there are."""

    @model_validator(mode="before")
    @classmethod
    def _has_no_other(cls, given: Any) -> Any:
        unknown = [str(name) for name in given if name not in cls.model_fields] if isinstance(given, Mapping) else []
        if unknown:
            names = (name for name, field in cls.model_fields.items() if not field.exclude)
            raise InvalidCall(f"{cls.__name__} has no field {unknown[0][:60]!r}; it has {', '.join(names)}")
        return given


V = TypeVar("V", bound=BaseModel)


def build(kind: type[V], **fields: Any) -> V:
    """A value from what a user gave; InvalidCall names the first field that is wrong."""
    try:
        return kind(**fields)
    except ValidationError as error:
        raise invalid(error) from None


@cache
def _names(kind: type[BaseModel]) -> set[str]:
    """One set for all values of a kind: pydantic copies it before it changes it."""
    return set(kind.model_fields)


def trusted(kind: type[V], fields: dict[str, Any]) -> V:
    """A value of all its fields, in their declared order, unchecked: `model_construct` without what it costs (2 against 18 µs)."""
    value = kind.__new__(kind)
    give = object.__setattr__
    give(value, "__dict__", fields)
    give(value, "__pydantic_fields_set__", _names(kind))
    give(value, "__pydantic_extra__", None)
    give(value, "__pydantic_private__", None)
    return value


def restored(kind: type[V], fields: Mapping[str, Any]) -> V:
    """A value as a store has kept it, unchecked: a field that it had not when it was kept has its default. KeyError where it has none."""
    known = kind.model_fields.items()
    return trusted(kind, {name: fields[name] if name in fields or each.is_required() else _default(each) for name, each in known})


def _default(field: FieldInfo) -> Any:
    return field.get_default(call_default_factory=True)


def invalid(error: ValidationError) -> InvalidCall:
    """The InvalidCall that tells a user what pydantic found, without repeating the input."""
    first = error.errors(include_input=False, include_url=False)[0]
    name = ".".join(str(step) for step in first["loc"] if str(step).isidentifier() or isinstance(step, int)) or "the call"
    return InvalidCall(f"{name}: {first['msg']}")


def holds_at_most(value: Any, most: int) -> bool:
    """Whether nested lists and objects hold so many values at most. A list that stands in several places counts in each."""
    waiting, found = [value], 0
    while waiting:
        found += 1
        if found > most:
            return False
        item = waiting.pop()
        if isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)
    return True


def aware_utc(when: datetime) -> datetime:
    """The same instant in UTC; a naive datetime is InvalidCall, since nobody can say which instant it names."""
    if when.utcoffset() is None:
        raise InvalidCall(f"the time {when.isoformat()} has no zone; write it with one, e.g. {when.isoformat()}Z")
    try:
        return when.astimezone(UTC)
    except OverflowError:
        raise InvalidCall(f"the time {when.isoformat()} lies outside the years 1 to 9999 in UTC") from None


def read_moment(when: Any) -> datetime:
    """The datetime that people mean by a datetime, a date (midnight UTC) or either as a text of ISO 8601; ValueError otherwise."""
    if isinstance(when, str):
        when = date.fromisoformat(when) if _DATE.fullmatch(when) else datetime.fromisoformat(when)
    if isinstance(when, datetime):
        return when
    if isinstance(when, date):
        return datetime(when.year, when.month, when.day, tzinfo=UTC)
    raise ValueError


def written_time(when: Any) -> datetime:
    """What may be read as a time; refused is a number too, also one written as a text, of which nobody knows what it counts."""
    try:
        if isinstance(when, str) and when.isdigit():
            raise ValueError
        return read_moment(when)
    except ValueError:
        shown = repr(when[:40]) if isinstance(when, str) else when if isinstance(when, int | float) else f"a {type(when).__name__}"
        hint = "; add it to datetime.now(UTC)" if isinstance(when, timedelta) else f"; write {_WRITTEN}"
        raise PydanticCustomError("no_time", "{said}", {"said": f"{shown} is no time{hint}"}) from None


def legal_text(text: str) -> str:
    """The text itself; InvalidCall when it holds NUL or a lone surrogate, which no store can keep faithfully."""
    if "\0" in text:
        raise InvalidCall(f"the text holds a NUL character at position {text.index(chr(0))}; remove it")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = f"the text holds a lone surrogate at position {error.start}; encode the text as valid Unicode"
        raise InvalidCall(message) from None
    return text


Instant = Annotated[datetime, BeforeValidator(written_time), AfterValidator(aware_utc)]
"""An aware datetime, normalised to UTC."""

Time = date | str
"""A time as people give it: an aware datetime, a date (midnight UTC), or either in ISO 8601."""

Text = Annotated[str, AfterValidator(legal_text)]
"""Unicode text without NUL and lone surrogates."""

Metadata = dict[str, Any]
"""JSON values under string keys; checked by `memos.memcube.cube.legal_metadata`."""

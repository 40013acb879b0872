"""Inputs: what people type or hand over in files, as values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from memos.errors import InvalidCall

STDIN = "-"
NEVER = "never"


def moment(value: str) -> datetime:
    """An instant: a day, which begins at midnight UTC, or a time with its zone. A usage error otherwise."""
    try:
        begun = date.fromisoformat(value)
        return datetime(begun.year, begun.month, begun.day, tzinfo=UTC)
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no time; write 2025-03-01 or 2025-03-01T09:00:00Z") from None
    if when.tzinfo is None:
        raise click.BadParameter(f"{value!r} has no zone; write it with one, e.g. {when.isoformat()}Z")
    return when


def moment_or_never(value: str) -> datetime | str:
    """An instant, or the word `never`."""
    return value if value == NEVER else moment(value)


def json_object(value: str) -> dict[str, Any]:
    """A JSON object; a usage error otherwise."""
    try:
        read = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f'this is no JSON ({error}); quote it for the shell, e.g. \'{{"key": "value"}}\'') from None
    if not isinstance(read, dict):
        raise click.BadParameter('this must be a JSON object, e.g. \'{"key": "value"}\'')
    return read


def texts_of(words: Sequence[str]) -> list[str]:
    """The texts that arguments give; `-` stands for all of stdin."""
    return [_stdin() if word == STDIN else word for word in words]


def items_of(path: Path) -> list[tuple[int, Any]]:
    """Texts and messages of a file, each with the number of its line (or item, in a `.json` file), from 1.

    `.json`: a list of texts and messages, or an object with one under "messages". `.jsonl`: one a line, in JSON. Anything else: one text a
    line. Empty lines are passed over. InvalidCall names the line that cannot be read.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidCall(f"{path} is not UTF-8 at byte {error.start:,}; convert it first") from None
    except OSError as error:
        raise InvalidCall(f"{path} cannot be read: {error.strerror}") from None
    if path.suffix == ".json":
        return list(enumerate(_json_items(path, content), start=1))
    lines = [(number, line) for number, line in enumerate(content.split("\n"), start=1) if line.strip()]
    if path.suffix == ".jsonl":
        return [(number, _json_item(f"{path}, line {number}", line)) for number, line in lines]
    return [(number, line.rstrip("\r")) for number, line in lines]


def _stdin() -> str:
    try:
        with click.open_file(STDIN, encoding="utf-8") as stream:
            return str(stream.read()).rstrip("\n")
    except UnicodeDecodeError as error:
        raise InvalidCall(f"stdin is not UTF-8 at byte {error.start:,}; convert it first") from None


def _json_items(path: Path, content: str) -> list[Any]:
    read = _loaded(str(path), content)
    items = read.get("messages") if isinstance(read, dict) else read
    if not isinstance(items, list):
        raise InvalidCall(f'{path} must hold a JSON list of texts and messages, or an object with one under "messages"')
    return items


def _json_item(where: str, line: str) -> Any:
    item = _loaded(where, line)
    if not isinstance(item, str | dict):
        raise InvalidCall(f"{where}: a text or a message is wanted, not {type(item).__name__}")
    return item


def _loaded(where: str, content: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidCall(f"{where}: this is no JSON ({error})") from None

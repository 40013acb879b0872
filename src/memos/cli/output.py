"""Output: JSON for programs, tables and lines for people, and errors in either form."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from memos.errors import MemOSError

if TYPE_CHECKING:
    from rich.progress import Progress

    from memos.memcube.call import MemoryReply
    from memos.memcube.cube import MemCube

SNIPPET = 160
PIPED_WIDTH = 120
"""The width of a table, in columns, that goes to a file or a pipe."""
_BIDIRECTIONAL = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSAFE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_BIDIRECTIONAL}]")


def plain(text: str) -> str:
    """Text that a terminal prints and does not obey: control characters, escape sequences and bidirectional marks are spelled out."""
    return _UNSAFE.sub(_spelled, text.replace("\r\n", "\n"))


def snippet(text: str, length: int = SNIPPET) -> str:
    """The beginning of a text on one line, at most `length` characters."""
    line = " ".join(plain(text[: 4 * length]).split())
    return line if len(line) <= length and len(text) <= 4 * length else f"{line[: length - 1].rstrip()}…"


def day(when: datetime | None) -> str:
    """A time to the minute, in UTC; midnight as the day alone."""
    if when is None:
        return ""
    return when.strftime("%Y-%m-%d" if (when.hour, when.minute) == (0, 0) else "%Y-%m-%d %H:%M")


def say(line: str = "") -> None:
    """One line for people on stdout."""
    click.echo(plain(line))


def warn(lines: Iterable[str]) -> None:
    """Each a warning on stderr."""
    for line in lines:
        click.echo(f"warning: {plain(line)}", err=True)


def tell(error: MemOSError, *, as_json: bool) -> None:
    """An error on stderr: one line, or a JSON object."""
    if as_json:
        body = {"code": error.code, "message": error.message, "retryable": error.retryable, "details": error.details}
        click.echo(json.dumps({"error": body}, default=str), err=True)
    else:
        click.echo(f"error: {' '.join(plain(error.message).split())}", err=True)


def emit(value: Any) -> None:
    """One JSON document on stdout, in ASCII, so that no terminal obeys it."""
    from pydantic_core import to_jsonable_python

    click.echo(json.dumps(to_jsonable_python(value), separators=(",", ":")))


def emit_reply(reply: MemoryReply, *, verbose: bool) -> None:
    """A reply as JSON; the call as understood only when `verbose`."""
    emit(reply.model_dump(mode="json", exclude=None if verbose else {"call"}))


def emit_ids(cubes: Iterable[MemCube]) -> None:
    """One id a line, for other commands."""
    for cube in cubes:
        click.echo(cube.id)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[str] = ()) -> None:
    """A table on stdout: as wide as the terminal, plain where there is none.

    Columns in `numbers` stand to the right; the last one takes the room that is left.
    """
    from io import StringIO

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    console = Console(file=StringIO(), force_terminal=terminal, width=None if terminal else PIPED_WIDTH, highlight=False)
    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        last = column == columns[-1]
        drawn.add_column(column, justify="right" if column in numbers else "left", no_wrap=not last, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(plain(cell)) for cell in row))
    with console.capture() as captured:
        console.print(drawn)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def progress(*, shown: bool = True) -> Progress:
    """A progress bar on stderr, shown where that is a terminal. A context manager."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not (shown and sys.stderr.isatty()))


def _spelled(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"

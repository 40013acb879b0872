"""Usage: what is wrong with the way a command was typed, in one line that says what is accepted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

import click

from memos.errors import InvalidCall


def told(error: click.UsageError) -> InvalidCall:
    """The error of ours that says what click found, and where the help is."""
    place = error.ctx.command_path if error.ctx else "memos"
    return InvalidCall(f"{_said(error, place).rstrip('.')}; see `{place} --help`")


def _said(error: click.UsageError, place: str) -> str:
    if isinstance(error, click.NoSuchOption):
        return _no_option(error, place)
    if isinstance(error, click.MissingParameter):
        return f"{place} needs {_name(error)}"
    if isinstance(error, click.BadParameter):
        return _wrong_value(error)
    message = error.format_message()
    if unknown := re.match(r"No such command '([^']*)'", message):
        names = error.ctx.command.list_commands(error.ctx) if error.ctx and isinstance(error.ctx.command, click.Group) else ()
        return f"no such command '{unknown[1]}'{_nearest(unknown[1], names)}"
    return message[:1].lower() + message[1:]


def _nearest(given: str, names: Iterable[str]) -> str:
    near = get_close_matches(given, list(names), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _no_option(error: click.NoSuchOption, place: str) -> str:
    if error.option_name.startswith("-") and not error.option_name.startswith("--"):
        return f"there is no option {error.option_name}; a text that begins with - stands after --: `{place} -- '-5 degrees'`"
    near = get_close_matches(error.option_name, sorted(error.possibilities or ()), n=1, cutoff=0.5)
    return f"there is no option {error.option_name}" + (f" (did you mean {near[0]}?)" if near else "")


def _wrong_value(error: click.BadParameter) -> str:
    kind, given = error.param.type if error.param else None, error.message.partition(" is not ")[0]
    if isinstance(kind, click.IntRange):
        upper = f"to {kind.max:,}" if kind.max is not None else "on"
        return f"{_name(error)} takes a whole number from {kind.min:,} {upper}, not {given}"
    if isinstance(kind, click.Choice):
        *words, last = map(str, kind.choices)
        return f"{_name(error)} takes {', '.join(words)} or {last}, not {given}"
    return f"{_name(error)}: {error.message}"


def _name(error: click.BadParameter) -> str:
    """An option as it is typed, an argument as the help writes it."""
    if isinstance(error.param, click.Option):
        return max(error.param.opts, key=len)
    return error.param.make_metavar(error.ctx).strip("[]").removesuffix("...") if error.param and error.ctx else "the call"

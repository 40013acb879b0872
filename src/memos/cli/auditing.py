"""Auditing: the commands `log` and `explain`, which ask the logs of calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from memos.cli.command import Target, command
from memos.cli.inputs import moment
from memos.cli.output import emit_reply, say, table

if TYPE_CHECKING:
    from memos.memcube.call import MemoryReply

TYPES = ("plaintext", "activation", "parameter")
AGGREGATES = ("hot", "slow", "denials", "by_hour")
COLUMNS = {
    "hot": ("count", "last (UTC)", "memory"),
    "denials": ("count", "last (UTC)", "operation", "status", "caller"),
    "by_hour": ("hour (UTC)", "calls", "failed"),
}
ROW = ("when (UTC)", "operation", "status", "caller", "ms", "memories", "call")
NUMBERS = ("count", "calls", "failed", "ms", "memories")
ROLE = click.option("--role", "roles", multiple=True, metavar="ROLE", help="A role to ask with, such as `auditor`; may be repeated.")


def several(name: str, variable: str, metavar: str, text: str, **more: Any) -> Callable[..., Any]:
    """An option that may be repeated; one of its values is enough."""
    return click.option(name, variable, multiple=True, metavar=metavar, help=f"{text}; may be repeated.", **more)


@command(
    "log",
    "memos log --limit 20",
    "memos log --operation search --since 2025-03-01 --until 2025-03-02T12:00:00Z --json",
    "memos log --cube $(memos search 'the spare key' --limit 1 --ids)",
    "memos log --role auditor --aggregate denials",
)
@click.option("--since", type=moment, metavar="TIME", help="At this time or later.")
@click.option("--until", type=moment, metavar="TIME", help="Before this time.")
@click.option("--caller", metavar="NAME", help="Whose calls: a user, or `system`.")
@several("--operation", "operation", "NAME", "What was called")
@several("--status", "status", "STATUS", "How it ended: `ok` or the code of an error")
@several("--type", "type", "TYPE", f"What a memory in it was made of: {', '.join(TYPES)}")
@several("--namespace", "namespace", "PATH", "Where a memory in it stood, or above")
@several("--cube", "cube", "ID", "A memory in it")
@several("--call", "call", "ID", "The call")
@click.option("--aggregate", type=click.Choice(AGGREGATES), help="Count over all rows instead of showing them.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many on a page.")
@click.option("--cursor", help="Where the page begins: `next` of the page before.")
@click.option("--asc", "ascending", is_flag=True, help="The oldest first.")
@ROLE
def log(target: Target, roles: tuple[str, ...], *, ascending: bool, aggregate: str | None, **wanted: Any) -> None:
    """Show the calls that were made, the newest first, or with --aggregate what they amount to."""
    given: dict[str, Any] = {name: value or None if isinstance(value, tuple) else value for name, value in wanted.items()}
    with target.memory(own=True) as memory:
        session = target.acting(memory, roles=roles)
        reply = session.log(aggregate=aggregate, descending=not ascending, **given)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        show_log(reply, aggregate)


@command("explain", "memos explain 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e", "memos explain 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e --json")
@click.argument("call_id")
@ROLE
def explain(target: Target, call_id: str, roles: tuple[str, ...]) -> None:
    """Show which memories the call CALL_ID was given or wrote, in its order, in which form, and which lanes found them."""
    with target.memory(own=True) as memory:
        reply = target.acting(memory, roles=roles).explain(call_id)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        show_explained(reply.value)


def show_log(reply: MemoryReply, aggregate: str | None) -> None:
    """The rows as a table, and how to get the next page."""
    if not reply.value:
        say("no call that you may see is like that; `memos log` shows the latest")
        return
    columns = COLUMNS.get(aggregate or "", ROW)
    table(columns, map(LINES.get(aggregate or "", call_line), reply.value), numbers=NUMBERS)
    if reply.next is not None:
        say(f"more: the same with --cursor {reply.next}")


def call_line(row: dict[str, Any]) -> Sequence[str]:
    """A row of a log."""
    took = "" if row["took_us"] is None else f"{row['took_us'] / 1000:.1f}"
    where = f"{row['operation']} in {row['branch']}" if row["branch"] else row["operation"]
    return second(row["at"]), where, row["status"], row["caller"] or "", took, str(len(row["memories"])), row["call_id"]


def hot_line(row: dict[str, Any]) -> Sequence[str]:
    """A memory that is read often."""
    return str(row["count"]), second(row["last_at"]), row["id"]


def denial_line(row: dict[str, Any]) -> Sequence[str]:
    """Calls that were refused."""
    return str(row["count"]), second(row["last_at"]), row["operation"], row["status"], row["caller"] or ""


def hour_line(row: dict[str, Any]) -> Sequence[str]:
    """An hour."""
    return row["hour"].strftime("%Y-%m-%d %H:%M"), str(row["calls"]), str(row["failed"])


LINES: dict[str, Callable[[dict[str, Any]], Sequence[str]]] = {"hot": hot_line, "denials": denial_line, "by_hour": hour_line}


def show_explained(row: dict[str, Any]) -> None:
    """The call on one line, and its memories as a table."""
    took = "" if row["took_us"] is None else f", in {row['took_us'] / 1000:.1f} ms"
    say(f"{row['operation']} by {row['caller'] or 'another'} at {second(row['at'])} UTC: {row['status']}{took}")
    if row["memories"]:
        lines = [
            (str(place), each["id"], str(each["version"]), each["form"] or "", " ".join(each["lanes"]), "yes" if each["visible"] else "no")
            for place, each in enumerate(row["memories"], start=1)
        ]
        table(("", "memory", "version", "form", "lanes", "seen now"), lines, numbers=("", "version"))
    else:
        say("it was given no memory, and wrote none")
    for cube_id in row.get("withheld", ()):
        say(f"withheld: {cube_id}")


def second(when: datetime) -> str:
    """A time to the second, in UTC."""
    return when.strftime("%Y-%m-%d %H:%M:%S")

"""Retaining: the groups `retention` and `hold`, and the command `heat`: what leaves, what must stay, and what is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from memos.cli.command import Target, command
from memos.cli.inputs import json_object, moment
from memos.cli.output import day, emit, say, table
from memos.errors import InvalidCall

ACTIONS = ("archive", "forget", "purge")
DAYS = click.FloatRange(min=0)
FILTER = click.option("--filter", "filter", type=json_object, metavar="JSON", help="Which memories, as in `memos list --filter`.")


@click.group("retention")
def retention() -> None:
    """Put aside, forget or purge what rules say; a rule does nothing until it was confirmed after a preview."""


@command("list", "memos retention list", "memos retention list --json")
def list_rules(target: Target) -> None:
    """Show the tenant's rules of retention."""
    show_documents(target, "retention")


@command(
    "set",
    "memos retention set old --ttl-days 365 --action archive",
    "memos retention set cold --heat-below 0.1 --least-age-days 90 --action purge",
)
@click.argument("name")
@FILTER
@click.option("--ttl-days", type=DAYS, help="Older than so many days.")
@click.option(
    "--age-of", type=click.Choice(["created_at", "updated_at", "said_at"]), help="From when the age counts.  [default: created_at]"
)
@click.option("--idle-days", type=DAYS, help="Neither written, moved nor used for so many days.")
@click.option("--heat-below", type=DAYS, help="Used so little lately: each use gives 1, which halves every 7 days.")
@click.option("--least-age-days", type=DAYS, help="Never before a memory is so many days old.")
@click.option("--action", type=click.Choice(ACTIONS), required=True, help="What is done.")
def set_rule(target: Target, name: str, **body: Any) -> None:
    """Write the rule NAME, unconfirmed: it does nothing before `memos retention run NAME` has confirmed it."""
    write(target, "retention", name, given(body))
    say_unless_json(target, f"the rule {name!r} stands, unconfirmed; see what it would do: memos retention run {name} --dry-run")


@command("remove", "memos retention remove old")
@click.argument("name")
def remove_rule(target: Target, name: str) -> None:
    """Withdraw the rule NAME."""
    write(target, "retention", name, None)
    say_unless_json(target, f"the rule {name!r} stands no more")


@command("run", "memos retention run old --dry-run", "memos retention run old --confirm TOKEN", "memos retention run old --now")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Show what it would do, and the token that confirms exactly this rule.")
@click.option("--confirm", metavar="TOKEN", help="The token of a preview: apply the rule now and in every sweep from now on.")
@click.option("--now", is_flag=True, help="The same, with no preview.")
def run_rule(target: Target, name: str, *, dry_run: bool, confirm: str | None, now: bool) -> None:
    """Show what the rule NAME would do; or confirm it, and do it."""
    if dry_run + (confirm is not None) + now != 1:
        raise click.UsageError("give one of --dry-run, --confirm TOKEN and --now")
    with target.memory() as memory:
        governor = target.administrator(memory)
        if dry_run:
            show_preview(target, governor.retain(name).value[0])
            return
        governor.retain(name, confirm=confirm, now=now)
        done = memory.sweep(only="retention", tenant=target.tenant)
    if target.as_json:
        emit(done)
    else:
        say(", ".join(f"{count} {what}" for what, count in sorted(done.items())) or "nothing was due")


def show_preview(target: Target, preview: Mapping[str, Any]) -> None:
    """What a rule would do, and where."""
    if target.as_json:
        emit(preview)
        return
    due, size, held = (f"{preview[each]:,}" for each in ("due", "bytes", "held"))
    say(f"{preview['name']} would {preview['action']} {due} memories ({size} bytes); {held} more are held")
    if preview["namespaces"]:
        rows = [(f"{each['memories']:,}", f"{each['bytes']:,}", each["namespace"]) for each in preview["namespaces"]]
        table(("memories", "bytes", "namespace"), rows, numbers=("memories", "bytes"))
    for each in preview["examples"][:5]:
        say(f"{each['id']}  {each['why']}")
    say(f"to do so: memos retention run {preview['name']} --confirm {preview['token']}")


@click.group("hold")
def hold() -> None:
    """Keep memories from being forgotten, archived, purged and erased, by whomever, until the hold is released."""


@command("list", "memos hold list")
def list_holds(target: Target) -> None:
    """Show the holds that stand."""
    show_documents(target, "hold")


@command(
    "add",
    'memos hold add "case 7" --subject alice --reason "a lawsuit"',
    """memos hold add audit --filter '{"tags": {"any": ["project"]}}' --reason audit""",
)
@click.argument("name")
@click.option("--reason", required=True, help="Why.")
@FILTER
@click.option("--id", "ids", multiple=True, metavar="ID", help="One memory; may be repeated.")
@click.option("--ids-from", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file with one id a line.")
@click.option("--subject", metavar="NAME", help="What this person owns or said.")
@click.option("--by", help="Who ordered it.")
@click.option("--since", type=moment, metavar="TIME", help="When it was ordered.")
def add_hold(target: Target, name: str, *, ids: tuple[str, ...], ids_from: Path | None, **body: Any) -> None:
    """Hold the memories named, and those that pass the filter and are the subject's, also those written later."""
    listed = ids_from.read_text(encoding="utf-8").split() if ids_from else []
    when = body.pop("since")
    with target.governing() as session:
        if any(row["key"] == name for row in session.governed("hold").value):
            raise InvalidCall(f"there is a hold {name!r} already; release that one first, or give another name")
    write(target, "hold", name, given({**body, "ids": [*ids, *listed] or None, "since": when.isoformat() if when else None}))
    say_unless_json(target, f"the hold {name!r} stands")


@command("release", 'memos hold release "case 7"')
@click.argument("name")
def release_hold(target: Target, name: str) -> None:
    """Release the hold NAME; what is due is done by the next sweep."""
    write(target, "hold", name, None)
    say_unless_json(target, f"the hold {name!r} is released")


@command("heat", "memos heat", "memos heat user/alice --idle-days 90 --json")
@click.argument("prefix", required=False)
@click.option("--idle-days", type=DAYS, help="How long nothing was done with what counts as idle.  [default: 30]")
def heat(target: Target, prefix: str | None, idle_days: float | None) -> None:
    """Show what stands and how much it is used in each namespace, hottest first, of what the user may see."""
    with target.session() as session:
        rows = session.heat(prefix, idle_days=idle_days).value
    if target.as_json:
        emit({"namespaces": rows})
        return
    cells = [
        (
            f"{row['memories']:,}",
            f"{row['bytes']:,}",
            f"{row['heat']:.2f}",
            f"{row['idle']:.0%}",
            day(row["last_used_at"]),
            row["namespace"],
        )
        for row in rows
    ]
    table(("memories", "bytes", "heat", "idle", "last used", "namespace"), cells, numbers=("memories", "bytes", "heat", "idle"))


def given(body: Mapping[str, Any]) -> dict[str, Any]:
    """What was given of options."""
    return {name: value for name, value in body.items() if value is not None and value != ()}


def write(target: Target, kind: str, name: str, body: dict[str, Any] | None) -> None:
    """Write or withdraw a document of the tenant; who holds the store's directory governs it."""
    with target.memory() as memory:
        reply = target.administrator(memory).govern(kind, name, body)
    if target.as_json:
        emit({"written": reply.value, "seq": reply.seq})


def say_unless_json(target: Target, line: str) -> None:
    """A line for people."""
    if not target.as_json:
        say(line)


def show_documents(target: Target, kind: str) -> None:
    """The documents of a kind that stand."""
    with target.memory() as memory:
        rows = target.administrator(memory).governed(kind).value
    if target.as_json:
        emit({kind: rows})
    elif rows:
        table(("name", "since", "what it says"), [(row["key"], day(row["at"]), told(row["body"])) for row in rows])
    else:
        say(f"there is no {kind}")


def told(body: Mapping[str, Any]) -> str:
    """A document on one line; a list of many by its length."""
    import json

    short = {name: f"{len(value)} ids" if name == "ids" else value for name, value in body.items()}
    return ", ".join(f"{name} {value if isinstance(value, str) else json.dumps(value)}" for name, value in short.items())


for each in (list_rules, set_rule, remove_rule, run_rule):
    retention.add_command(each)
for each in (list_holds, add_hold, release_hold):
    hold.add_command(each)

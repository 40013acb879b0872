"""Tokens: the group `token`: rights lent to another user, taken away from, looked at, revoked."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from memos.cli.command import Target, command
from memos.cli.inputs import moment
from memos.cli.keys import rights
from memos.cli.output import emit, emit_reply, say, warn

TOKEN = "$TOKEN"  # noqa: S105 - what an example writes
NARROWING = (
    click.option("--operation", "operations", multiple=True, metavar="NAME", help="What it allows, e.g. search; may be repeated."),
    click.option("--namespace", "namespaces", multiple=True, metavar="PATH", help="Only these, and what is below; may be repeated."),
    click.option("--memory", "memories", multiple=True, metavar="ID", help="Only these memories; may be repeated."),
    click.option("--read-only", is_flag=True, help="Allow what changes nothing."),
    click.option("--purpose", metavar="NAME", help="Only for this purpose."),
    click.option("--count", type=click.IntRange(0), help="Calls that its contract allows."),
)


def narrowing(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what a token allows."""
    for option in reversed(NARROWING):
        function = option(function)
    return function


@click.group(
    "token",
    epilog=f"""\b
Examples:
  memos token create bob --until 2030-01-01T00:00:00Z --namespace user/alice/work --user alice
  memos token attenuate {TOKEN} --operation search""",
)
def token() -> None:
    """Lend rights to another user. Whoever holds a token may take rights away from it, without a store, and add none."""


@command(
    "create",
    "memos token create bob --until 2030-01-01T00:00:00Z --namespace user/alice/work --user alice",
    "memos token create bob --until 2030-01-01T00:00:00Z --operation search --contract c-17 --count 100 --json",
)
@click.argument("to")
@click.option("--until", type=moment, required=True, metavar="TIME", help="When it ends.")
@click.option("--contract", metavar="ID", help="The contract that it belongs to.")
@narrowing
def create(target: Target, to: str, **given: Any) -> None:
    """Lend some of your rights to the user TO: without --operation search, get and list."""
    with target.session() as session:
        reply = session.delegate(to, **_left(given))
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    say(reply.value["token"])
    warn([f"this token is told once and kept nowhere; it is revoked by `memos token revoke --id {reply.value['id']}`"])


@command("attenuate", f"memos token attenuate {TOKEN} --operation search --namespace user/alice/work/trip")
@click.argument("text", metavar="TOKEN")
@click.option("--until", type=moment, metavar="TIME", help="When it ends.")
@narrowing
def attenuate(target: Target, text: str, *, until: datetime | None, **given: Any) -> None:
    """Make a token that allows less of TOKEN, or of the one on standard input where that is -. No store is asked."""
    from memos.system import MemOS

    made = MemOS.attenuate(_given(text), until=until, **_left(given))
    if target.as_json:
        emit({"token": made})
    else:
        say(made)


@command("inspect", f"memos token inspect {TOKEN} --json")
@click.argument("text", metavar="TOKEN")
def inspect(target: Target, text: str) -> None:
    """Show what TOKEN says: who lent what to whom, and under which id it is revoked. No store is asked whether it is valid."""
    from memos.infrastructure.memgovernance.credentials import inspected

    found = inspected(_given(text))
    left = found.restrictions.model_dump(mode="json", exclude_defaults=True)
    told = found.lent.model_dump(mode="json", exclude={"version", "restrictions", "rule"}) | {"restrictions": left, "ids": found.ids}
    if target.as_json:
        emit(told)
        return
    say(f"{told['issuer']} lent to {told['holder']}, tenant {told['tenant']}: {rights(told)}")
    for each in found.ids:
        say(f"id {each}")


@command("revoke", f"memos token revoke {TOKEN} --user alice", "memos token revoke --id 8152b7b437da")
@click.argument("text", metavar="TOKEN", required=False)
@click.option("--id", "id", metavar="ID", help="The revocation id, where the token is not at hand.")
def revoke(target: Target, text: str | None, id: str | None) -> None:
    """Let TOKEN, and all that were made of it, open nothing from the next call on, in every process."""
    with target.governing() as session:
        reply = session.revoke(token=None if text is None else _given(text), id=id)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(f"revoked: {reply.value['id']}")


for one in (create, attenuate, inspect, revoke):
    token.add_command(one)


def _left(given: dict[str, Any]) -> dict[str, Any]:
    """Options as the API takes them: a list that is empty was not given."""
    return {name: value for name, value in given.items() if value != ()}


def _given(text: str) -> str:
    return sys.stdin.read(1 << 16).strip() if text == "-" else text

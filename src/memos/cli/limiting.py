"""Limiting: the group `quota`, and the command `review`: how much callers may do, and what is under quarantine."""

from __future__ import annotations

from typing import Any

import click

from memos.cli.command import Target, command
from memos.cli.output import emit_reply, say, snippet
from memos.cli.retaining import given, say_unless_json, show_documents, write

COUNT = click.IntRange(min=0)


@click.group("quota")
def quota() -> None:
    """Say how often callers may call, how much may stand, and how often a licence's memories may be disclosed."""


@command("list", "memos quota list")
def list_quotas(target: Target) -> None:
    """Show the tenant's quotas."""
    show_documents(target, "quota")


@command(
    "set",
    "memos quota set searches --rate 100/minute --operation search",
    "memos quota set batch --role batch --rate 1000/day --each tenant",
    "memos quota set room --memories 100000 --bytes 100000000",
)
@click.argument("name")
@click.option("--rate", "rates", multiple=True, metavar="RATE", help="Such as 100/minute or 1000/day; may be repeated.")
@click.option("--for", "users", multiple=True, metavar="NAME", help="Only for this user; may be repeated.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="Only for callers with this role; may be repeated.")
@click.option("--operation", "operations", multiple=True, metavar="NAME", help="Only for calls of this operation; may be repeated.")
@click.option("--each", type=click.Choice(["user", "tenant"]), help="Whether each user has a counter, or all share one.  [default: user]")
@click.option("--memories", type=COUNT, help="How many memories may stand.")
@click.option("--bytes", type=COUNT, help="How many bytes their texts may have.")
@click.option("--licence", metavar="NAME", help="A licence whose disclosures are counted.")
@click.option("--disclosures", type=COUNT, help="How many there may be in all.")
def set_quota(target: Target, name: str, **body: Any) -> None:
    """Write the quota NAME; it holds from the next call on, in every process."""
    write(target, "quota", name, given(body))
    say_unless_json(target, f"the quota {name!r} stands")


@command("remove", "memos quota remove searches")
@click.argument("name")
def remove_quota(target: Target, name: str) -> None:
    """Withdraw the quota NAME."""
    write(target, "quota", name, None)
    say_unless_json(target, f"the quota {name!r} stands no more")


@command("review", "memos review", "memos review --release 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e")
@click.option("--release", multiple=True, metavar="ID", help="Let everybody see this one who may; may be repeated.")
@click.option("--forget", multiple=True, metavar="ID", help="Forget this one; may be repeated.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="How many are shown.")
def review(target: Target, *, release: tuple[str, ...], forget: tuple[str, ...], limit: int) -> None:
    """Show what untrusted writers wrote and nobody sees yet; or decide of it."""
    with target.memory() as memory:
        reviewer = target.administrator(memory)
        for ids, released in ((release, True), (forget, False)):
            if ids:
                reviewer.review(ids, release=released)
        reply = reviewer.review(limit=limit)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    for cube in reply.cubes:
        context = cube.provenance.context
        say(f"{cube.id}  {cube.namespace}  {context.user}{f'/{context.agent}' if context.agent else ''}  {snippet(cube.text, 60)}")
    if not reply.cubes:
        say("nothing is under quarantine")


for each in (list_quotas, set_quota, remove_quota):
    quota.add_command(each)

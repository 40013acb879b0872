"""Sharing: the commands `share`, `unshare`, `acl` and `who`."""

from __future__ import annotations

import click

from memos.cli.command import Target, command
from memos.cli.inputs import json_object
from memos.cli.output import emit_reply, say, warn

RIGHTS = ("read", "write", "history", "share", "forget", "admin")


@command(
    "share",
    "memos share 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e --with user:bob",
    "memos share ID --with role:nurse --right write",
)
@click.argument("ids", nargs=-1, required=True)
@click.option(
    "--with", "principals", multiple=True, required=True, metavar="KIND:NAME", help="user:NAME, role:NAME or agent:NAME; may be repeated."
)
@click.option("--right", "rights", multiple=True, type=click.Choice(RIGHTS), default=("read",), show_default=True, help="May be repeated.")
def share(target: Target, ids: tuple[str, ...], principals: tuple[str, ...], rights: tuple[str, ...]) -> None:
    """Open the memories with these IDS to others; they find them at their next call."""
    with target.session() as session:
        reply = session.share(ids, principals, rights=rights)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(f"shared {len(reply.cubes)} with {', '.join(principals)}: {', '.join(rights)}")


@command("unshare", "memos unshare 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e --with user:bob")
@click.argument("ids", nargs=-1, required=True)
@click.option(
    "--with", "principals", multiple=True, required=True, metavar="KIND:NAME", help="user:NAME, role:NAME or agent:NAME; may be repeated."
)
def unshare(target: Target, ids: tuple[str, ...], principals: tuple[str, ...]) -> None:
    """Withdraw what the memories' own access lists give to others; at their next call it is gone."""
    with target.session() as session:
        reply = session.unshare(ids, principals)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(f"withdrawn from {', '.join(principals)}: {len(reply.cubes)}")


@command("acl", "memos acl user/alice/team", """memos acl user/alice/team --set '{"user:bob": ["read", "write"]}'""")
@click.argument("namespace")
@click.option("--set", "acl", type=json_object, metavar="JSON", help='The list from now on: {"role:nurse": ["read"]}; {} withdraws it.')
def acl(target: Target, namespace: str, acl: dict[str, object] | None) -> None:
    """Show the access list that NAMESPACE hands down to all in it and below it, or set it."""
    with target.session() as session:
        reply = session.acl(namespace, acl)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    for entry in reply.value["acl"]:
        say(f"{entry['principal']}  {', '.join(entry['rights'])}")
    if not reply.value["acl"]:
        say(f"{reply.value['namespace']} has no access list of its own")


@command("who", "memos who 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e", "memos who ID --moment 2026-01-01 --json")
@click.argument("id")
@click.option("--moment", metavar="MOMENT", help="As of then: a snapshot's name, a time, or the number of a commit.")
def who(target: Target, id: str, moment: str | None) -> None:
    """Show what everybody whom documents, owners and access lists name may do to the memory ID, and what changed that."""
    with target.governing() as session:
        reply = session.who(id, moment=int(moment) if moment and moment.isdecimal() else moment, purpose=target.for_purpose)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    for row in reply.value["who"]:
        say(f"{row['user']}{' with ' + ', '.join(row['roles']) if row['roles'] else ''}  {', '.join(row['may'])}")
    for row in reply.value["changes"]:
        lists = f": {', '.join(row['acl']) or 'nobody else'}, {row['sensitivity']}, in {row['namespace']}" if "acl" in row else ""
        say(f"commit {row['seq']}: {row['kind']} {row['name']} {row['change']}, by {row['by']}{lists}")
    warn(reply.warnings)

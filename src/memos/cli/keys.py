"""Keys: the group `key`: API keys, made, listed, revoked, rotated."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from memos.cli.command import Target, command
from memos.cli.inputs import moment
from memos.cli.output import day, emit_reply, say, table, warn

if TYPE_CHECKING:
    from memos.memcube.call import MemoryReply

PREFIX = "abcdefghijkl"


@click.group(
    "key",
    epilog="""\b
Examples:
  memos key create alice --role nurse
  memos key list""",
)
def key() -> None:
    """Make and end API keys: 256 random bits, told once, kept as a keyed hash. Their prefix names them."""


@command(
    "create",
    "memos key create alice --role nurse",
    "memos key create reporting --read-only --namespace shared/reports --expires 2030-01-01T00:00:00Z --json",
)
@click.argument("name")
@click.option("--role", "roles", multiple=True, metavar="NAME", help="A role that it gives; may be repeated.")
@click.option("--agent", metavar="NAME", help="The agent that has it: what is shared with that agent is open to it.")
@click.option("--operation", "operations", multiple=True, metavar="NAME", help="What it allows, e.g. search; may be repeated.")
@click.option("--namespace", "namespaces", multiple=True, metavar="PATH", help="Only these, and what is below; may be repeated.")
@click.option("--read-only", is_flag=True, help="Allow what changes nothing.")
@click.option("--expires", type=moment, metavar="TIME", help="When it ends.")
def create(target: Target, name: str, *, agent: str | None, expires: datetime | None, **rights: Any) -> None:
    """Make an API key for the user NAME and tell it, this once."""
    given = {option: value or None for option, value in rights.items() if option in {"operations", "namespaces"}}
    with target.governing() as session:
        reply = session.create_key(name, roles=rights["roles"], agent=agent, read_only=rights["read_only"], expires_at=expires, **given)
    _tell(target, reply)


@command("rotate", f"memos key rotate {PREFIX}", f"memos key rotate {PREFIX} --grace 3600")
@click.argument("prefix")
@click.option("--grace", type=click.FloatRange(0), default=0.0, show_default=True, help="Seconds for which the old key serves still.")
def rotate(target: Target, prefix: str, *, grace: float) -> None:
    """Make a new key in place of the one with this PREFIX, with the same rights, and tell it, this once."""
    with target.governing() as session:
        reply = session.rotate_key(prefix, grace=grace)
    _tell(target, reply)


@command("list", "memos key list", "memos key list --json")
def list_keys(target: Target) -> None:
    """Show the keys of the tenant by their prefixes; no key can be shown again."""
    with target.governing() as session:
        reply = session.governed("key")
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    rows = [(each["key"], each["body"]["principal"], _state(each["body"]), rights(each["body"])) for each in reply.value]
    table(("prefix", "user", "state", "rights"), rows)


@command("revoke", f"memos key revoke {PREFIX}")
@click.argument("prefix")
def revoke(target: Target, prefix: str) -> None:
    """Let the key with this PREFIX, and all tokens that were made with it, open nothing from the next call on, in every process."""
    with target.governing() as session:
        reply = session.revoke(prefix)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(f"the key {prefix} opens nothing any more")


for each in (create, list_keys, revoke, rotate):
    key.add_command(each)


def rights(body: dict[str, Any]) -> str:
    """What a key or token gives, in one line."""
    left = body.get("restrictions", {})
    said = [f"{name} {', '.join(map(str, left[name]))}" for name in ("operations", "namespaces", "memories") if name in left]
    said += ["read-only"] if left.get("read_only") else []
    said += [f"{name} {left[name]}" for name in ("purpose", "contract", "count", "until") if left.get(name) is not None]
    return "; ".join([f"roles {', '.join(body['roles'])}" if body.get("roles") else "no roles", *said])


def _tell(target: Target, reply: MemoryReply) -> None:
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    say(reply.value["key"])
    ends = reply.value["expires_at"]
    warn([f"this key is told once and kept nowhere{f'; it ends {day(ends)}' if ends else ''}; pass it in MEMOS_API_KEY"])


def _state(body: dict[str, Any]) -> str:
    if body.get("revoked"):
        return "revoked"
    return f"ends {day(datetime.fromisoformat(body['expires_at']))}" if "expires_at" in body else "stands"

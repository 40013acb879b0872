"""Principals: the groups `principal` and `role`: who there is in a tenant, and what having a role means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from memos.cli.command import Target, command
from memos.cli.output import emit_reply, say, table
from memos.errors import InvalidCall

if TYPE_CHECKING:
    from memos.session import Session

LEVELS = ("public", "internal", "confidential", "restricted")
CLEARANCE = click.option("--clearance", type=click.Choice(LEVELS), help="How sensitive a memory of others may be for them to read it.")


@click.group(
    "principal",
    epilog="""\b
Examples:
  memos principal add alice --role nurse
  memos principal suspend alice""",
)
def principal() -> None:
    """Say who there is in a tenant: users and agents, their further roles, and whether they are suspended."""


@command("add", "memos principal add alice --role nurse --role ward-3", "memos principal add scraper --untrusted")
@click.argument("name")
@click.option("--role", "roles", multiple=True, metavar="NAME", help="A role that it has whatever its credential says; may be repeated.")
@CLEARANCE
@click.option("--untrusted", is_flag=True, help="Set what it writes apart until somebody confirms it.")
def add(target: Target, name: str, *, roles: tuple[str, ...], clearance: str | None, untrusted: bool) -> None:
    """Say who NAME is, in place of what was said before; a suspension stays."""
    with target.governing() as session:
        before = _body(session, "principal", name)
        body = {"roles": roles, "clearance": clearance, "trust": "untrusted" if untrusted else "trusted"}
        reply = session.govern("principal", name, body | {"suspended": before.get("suspended", False)})
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(f"{name} is known, with {', '.join(roles) or 'no further roles'}")


@command("list", "memos principal list", "memos principal list --json")
def list_principals(target: Target) -> None:
    """Show the principals of the tenant."""
    with target.governing() as session:
        reply = session.governed("principal")
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    rows = [(each["key"], _state(each["body"]), ", ".join(each["body"].get("roles", ()))) for each in reply.value]
    table(("principal", "state", "roles"), rows)


@command("suspend", "memos principal suspend alice", "memos principal suspend alice --lift")
@click.argument("name")
@click.option("--lift", is_flag=True, help="Let it call again.")
def suspend(target: Target, name: str, *, lift: bool) -> None:
    """Have every call of NAME refused from now on, with whatever credential, in every process, and what it lent to others too."""
    with target.governing() as session:
        reply = session.govern("principal", name, _body(session, "principal", name) | {"suspended": not lift})
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(f"{name} may call again" if lift else f"every call of {name} is refused from now on; --lift ends this")


@command("remove", "memos principal remove alice")
@click.argument("name")
def remove(target: Target, name: str) -> None:
    """Withdraw what was said of NAME, a suspension too; its keys and its memories stay."""
    _withdraw(target, "principal", name)


@click.group(
    "role",
    epilog="""\b
Examples:
  memos role add head-nurse --brings nurse --clearance confidential
  memos role list""",
)
def role() -> None:
    """Say what having a role means: which roles it brings along, and what its holders may read."""


@command("add", "memos role add head-nurse --brings nurse --clearance confidential")
@click.argument("name")
@click.option("--brings", multiple=True, metavar="NAME", help="A role that it brings along; may be repeated.")
@CLEARANCE
@click.option("--replace", "replaced", is_flag=True, help="Put this in the place of what was said of the role before.")
def add_role(target: Target, name: str, *, brings: tuple[str, ...], clearance: str | None, replaced: bool) -> None:
    """Say what the role NAME means: all that it brings, and its clearance."""
    with target.governing() as session:
        if not replaced and any(row["key"] == name for row in session.governed("role").value):
            raise InvalidCall(f"there is a role {name!r} already; --replace puts this in its place, with all that it brings")
        reply = session.govern("role", name, {"brings": brings, "clearance": clearance})
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(f"the role {name} brings {', '.join(brings) or 'no other'}")


@command("list", "memos role list", "memos role list --json")
def list_roles(target: Target) -> None:
    """Show the roles of the tenant."""
    with target.governing() as session:
        reply = session.governed("role")
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    rows = [(each["key"], each["body"].get("clearance", ""), ", ".join(each["body"].get("brings", ()))) for each in reply.value]
    table(("role", "clearance", "brings"), rows)


@command("remove", "memos role remove head-nurse")
@click.argument("name")
def remove_role(target: Target, name: str) -> None:
    """Withdraw what the role NAME means; who has it keeps its name alone."""
    _withdraw(target, "role", name)


for each in (add, list_principals, suspend, remove):
    principal.add_command(each)
for each in (add_role, list_roles, remove_role):
    role.add_command(each)


def _withdraw(target: Target, kind: str, name: str) -> None:
    with target.governing() as session:
        reply = session.govern(kind, name, None)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(f"the {kind} {name} is withdrawn")


def _body(session: Session, kind: str, name: str) -> dict[str, Any]:
    from memos.memcube.governed import legal_key

    key = legal_key(kind, name)
    found: list[dict[str, Any]] = [each["body"] for each in session.governed(kind).value if each["key"] == key]
    return dict(found[0]) if found else {}


def _state(body: dict[str, Any]) -> str:
    return "suspended" if body.get("suspended") else str(body.get("trust", "trusted"))

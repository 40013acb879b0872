"""Policies: the group `policy`: check, install and compare the documents by which a tenant decides who may do what."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memos.cli.command import Target, command
from memos.cli.output import emit, emit_reply, say
from memos.errors import InvalidCall

if TYPE_CHECKING:
    from memos.session import Session
    from memos.system import MemOS

FILE = click.Path(path_type=Path, exists=True)
SUFFIX = ".cedar"
ACTIONS = ("read", "history", "write", "forget", "share", "erase")


@click.group(
    "policy",
    epilog="""\b
Examples:
  memos policy check ./policies
  memos policy diff ./policies --as nina --role nurse
  memos policy apply ./policies
  memos policy explain 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e --as nina --role nurse --purpose care""",
)
def policy() -> None:
    """Say in Cedar who may do what with which memory, and ask why something was decided.

    A document of policies is a file NAME.cedar; one named like a shipped document (private, shared, common, clearance) takes its place.
    """


@command("check", "memos policy check ./policies", "memos policy check ./policies/ward.cedar --json")
@click.argument("files", nargs=-1, required=True, type=FILE)
def check(target: Target, files: tuple[Path, ...]) -> None:
    """Validate the documents in these FILES or directories against the schema, strictly; no store is opened."""
    from memos.infrastructure.memgovernance.permission.book import book_of

    found = read(files)
    book = book_of({name: {"text": text} for name, text in found.items()}, {}, {}, 0)
    names = sorted(name for name in book.policies.known if name.partition(".")[0] in found)
    if target.as_json:
        emit({"documents": sorted(found), "policies": names})
    else:
        say(f"valid: {len(names)} policies in {len(found)} documents: {', '.join(names)}")


@command("apply", "memos policy apply ./policies", "memos policy apply ./policies/ward.cedar --tenant acme")
@click.argument("files", nargs=-1, required=True, type=FILE)
def apply(target: Target, files: tuple[Path, ...]) -> None:
    """Install the documents in these FILES or directories, all or none; they hold from the next call on, in every process."""
    with target.memory(own=True) as memory:
        reply = administering(target, memory).govern_all([("policy", name, {"text": text}) for name, text in read(files).items()])
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(f"installed: {', '.join(each['key'] for each in reply.value)}")


@command("remove", "memos policy remove ward")
@click.argument("names", nargs=-1, required=True)
def remove(target: Target, names: tuple[str, ...]) -> None:
    """Withdraw the documents of these NAMES; a shipped one of that name holds again."""
    with target.memory(own=True) as memory:
        reply = administering(target, memory).govern_all([("policy", name, None) for name in names])
    emit_reply(reply, verbose=target.verbose) if target.as_json else say(f"withdrawn: {', '.join(names)}")


@command("list", "memos policy list", "memos policy list --history --json")
@click.option("--history", is_flag=True, help="Those that stand no more as well, who made and who ended each.")
def list_policies(target: Target, *, history: bool) -> None:
    """Show the tenant's documents of policies, and the shipped ones that hold beside them."""
    from memos.infrastructure.memgovernance.permission.book import shipped

    with target.memory(own=True) as memory:
        reply = administering(target, memory).governed("policy", history=history)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    own = {row["key"] for row in reply.value if "seq_end" not in row}
    for name in shipped():
        say(f"{name}  (shipped{', replaced' if name in own else ''})")
    for row in reply.value:
        ended = f", ended by commit {row['seq_end']}" if "seq_end" in row else ""
        say(f"{row['key']}  (commit {row['seq']}, {row['at']:%Y-%m-%d %H:%M}{ended})")


def somebody(function: Any) -> Any:
    """The options that tell of a caller as it might come."""
    options = (
        click.option("--as", "who", metavar="NAME", help="Whom this is asked for."),
        click.option("--role", "roles", multiple=True, metavar="NAME", help="A role of theirs; may be repeated."),
        click.option("--agent", metavar="NAME", help="Their agent."),
        click.option("--purpose", metavar="NAME", help="Their purpose."),
        click.option("--task", metavar="NAME", help="Their task."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@command("explain", "memos policy explain 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e --as nina --role nurse --purpose care")
@click.argument("id")
@click.option("--action", type=click.Choice(("create", *ACTIONS)), default="read", show_default=True, help="What they would do.")
@somebody
def explain(target: Target, id: str, action: str, who: str | None, **context: Any) -> None:
    """Show why somebody may or may not do something to the memory ID, and which policies decided."""
    if who is None:
        raise click.UsageError("name whom this is asked for with --as")
    with target.memory(own=True) as memory:
        reply = administering(target, memory).access(id, who, action=action, **context)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    found = reply.value
    say(f"{who} may {'' if found['allowed'] else 'not '}{action} it: {', '.join(found['policies']) or 'no policy permits it'}")
    clearance = found.get("clearance", "told to admins alone")
    say(f"roles: {', '.join(found['roles']) or 'none'}; clearance: {clearance}; the memory is {found['sensitivity']}")
    if not found["conditions_met"]:
        say("the memory's own conditions are not met")
    for error in found["errors"]:
        say(f"skipped, since it failed: {error}")


@command("diff", "memos policy diff ./policies --as nina --role nurse", "memos policy diff ./policies --remove ward --action write")
@click.argument("files", nargs=-1, type=FILE)
@click.option("--remove", "removed", multiple=True, metavar="NAME", help="A document that would stand no more; may be repeated.")
@click.option(
    "--action", "actions", multiple=True, type=click.Choice(ACTIONS), default=("read",), show_default=True, help="What is compared."
)
@somebody
def diff(
    target: Target, files: tuple[Path, ...], removed: tuple[str, ...], actions: tuple[str, ...], who: str | None, **context: Any
) -> None:
    """Show what the documents in these FILES would change, for the caller named or for all whom documents name; nothing is installed."""
    wanted: dict[str, str | None] = {**read(files), **dict.fromkeys(removed)}
    if not wanted:
        raise click.UsageError("name files to compare, or documents to --remove")
    callers = [] if who is None else [{"user": who, **{name: value for name, value in context.items() if value}}]
    with target.memory(own=True) as memory:
        reply = administering(target, memory).preview(wanted, callers=callers, actions=actions)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    for row in reply.value:
        name = row["user"] + (f" ({', '.join(row['roles'])})" if row["roles"] else "")
        say(f"{name}  {row['action']}: {row['before']} memories before, {row['after']} after, {row['gained']} gained, {row['lost']} lost")
    if not reply.value:
        say("nothing changes for anybody whom the tenant's documents name; ask for a caller with --as")


def read(files: Iterable[Path]) -> dict[str, str]:
    """Documents by name; InvalidCall for a directory without any, for another kind of file, and for two of one name."""
    found: dict[str, str] = {}
    for place in files:
        paths = sorted(place.glob(f"*{SUFFIX}")) if place.is_dir() else [place]
        if not paths or any(path.suffix != SUFFIX for path in paths):
            raise InvalidCall(f"{place} holds no document of policies: give files NAME{SUFFIX}, or a directory of them")
        for path in paths:
            if path.stem in found:
                raise InvalidCall(f"two of the files are named {path.name}; a document's name is its file's")
            found[path.stem] = path.read_text(encoding="utf-8")
    return found


def administering(target: Target, memory: MemOS) -> Session:
    """Who holds the store's files governs its tenants."""
    return target.administrator(memory)


for each in (check, apply, remove, list_policies, explain, diff):
    policy.add_command(each)

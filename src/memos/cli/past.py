"""Past: the commands of the Time Machine: `snapshot`, `diff`, `restore` and the group `branch`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from memos.cli.command import Target, command
from memos.cli.output import day, emit_reply, say, snippet, table, warn

if TYPE_CHECKING:
    from memos.memcube.call import MemoryReply
    from memos.memcube.cube import MemCube


def as_moment(text: str) -> str | int:
    """A moment as the API takes it: digits alone are the number of a commit, anything else a snapshot's name, a time or `now`."""
    return int(text) if text.isdecimal() else text


@command("snapshot", "memos snapshot before-the-move", "memos snapshot", "memos snapshot before-the-move --drop")
@click.argument("name", required=False)
@click.option("--drop", is_flag=True, help="Take the name away.")
def snapshot(target: Target, name: str | None, *, drop: bool) -> None:
    """Give this moment a NAME, to read, compare and restore it later; without a name, list the snapshots."""
    with target.session() as session:
        reply = session.snapshots() if name is None else session.snapshot(name, drop=drop)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    elif name is None:
        table(
            ("snapshot", "when (UTC)", "commit"),
            [(one["name"], day(one["at"]), str(one["seq"])) for one in reply.value],
            numbers=("commit",),
        )
    else:
        told = f"snapshot {name}: commit {reply.value['seq']}; `memos diff {shlex.quote(name)}` compares" if not drop else None
        say(told or f"the name {name} is free again")


@command(
    "diff",
    "memos diff before-the-move",
    "memos diff 2025-03-01T00:00:00Z now --namespace user/alice/work",
    "memos diff 12 40 --json",
    branches=True,
)
@click.argument("before")
@click.argument("after", default="now")
@click.option("--namespace", "namespaces", multiple=True, metavar="PATH", help="Only these, and what is below; may be repeated.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="How many memories at most.")
def diff(target: Target, before: str, after: str, *, namespaces: tuple[str, ...], limit: int) -> None:
    """Show what differs between two moments: a snapshot's name, a time, the number of a commit, or now."""
    with target.session() as session:
        reply = session.diff(as_moment(before), as_moment(after), namespaces=namespaces or None, limit=limit)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    rows = [(mark, _change(row)) for mark, kind in (("+", "added"), ("-", "removed"), ("~", "changed")) for row in reply.value[kind]]
    if rows:
        table(("", "memory"), rows)
    else:
        say("nothing differs")
    if reply.value["truncated"]:
        say(f"more differ than {limit}; --limit shows more")


def _change(row: dict[str, Any]) -> str:
    before, after = row["before"], row["after"]
    if before is None or after is None:
        return f"{snippet((before or after).text, 100)}\n{row['id']}"
    if "text" in row["fields"]:
        return f"{snippet(before.text, 100)}\n→ {snippet(after.text, 100)}\n{row['id']}  {', '.join(row['fields'])}"
    return f"{snippet(after.text, 100)}\n{row['id']}  {', '.join(row['fields'])}"


@command(
    "restore",
    "memos restore 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e --version 2",
    "memos restore 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e",
    "memos restore before-the-move --dry-run",
    branches=True,
)
@click.argument("target_", metavar="ID|MOMENT")
@click.option("--version", type=click.IntRange(min=1), help="Which version of the memory.")
@click.option("--namespace", "namespaces", multiple=True, metavar="PATH", help="Only these, and what is below; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Tell what would be done, and do nothing.")
def restore(target: Target, target_: str, *, version: int | None, namespaces: tuple[str, ...], dry_run: bool) -> None:
    """Bring back a memory by its ID, as it was in a version or as it was forgotten, or all memories as they were at a MOMENT.

    What is written is new: a restore is undone by another.
    """
    with target.session() as session:
        reply = session.restore(as_moment(target_), version=version, namespaces=namespaces or None, dry_run=dry_run)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    if reply.value is None:
        say(f"version {reply.cubes[0].version} of {reply.cubes[0].id}  {snippet(reply.cubes[0].text, 70)}")
    else:
        would = "would be " if dry_run else ""
        say(f"{memories(reply.value['restored'])} {would}restored, {reply.value['forgotten']} that came later {would}forgotten")
    warn(reply.warnings)


@click.group("branch", epilog="\b\nExamples:\n  memos branch open what-if\n  memos list --branch what-if\n  memos branch merge what-if")
def branch() -> None:
    """Try what would be, in an overlay that nobody else sees."""


@command("open", "memos branch open what-if", "memos branch open what-if --base before-the-move")
@click.argument("name")
@click.option("--base", metavar="MOMENT", help="Where it begins: a snapshot's name, a time, or the number of a commit.  [default: now]")
def open_branch(target: Target, name: str, base: str | None) -> None:
    """Open the branch NAME; other commands work in it with --branch NAME."""
    with target.session() as session:
        session.branch(name, base=None if base is None else as_moment(base))
    say(f"the branch {name} is open: `memos add … --branch {name}` writes there, `memos branch merge {name}` brings it back")


@command("list", "memos branch list")
def list_branches(target: Target) -> None:
    """List your branches."""
    with target.session() as session:
        reply = session.branches()
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        rows = [(one["name"], day(one["at"]), str(one["base"])) for one in reply.value]
        table(("branch", "opened (UTC)", "base"), rows, numbers=("base",))


@command("merge", "memos branch merge what-if --dry-run", "memos branch merge what-if --prefer branch")
@click.argument("name")
@click.option("--prefer", type=click.Choice(("branch", "canonical")), help="Which side to take where both changed the same.")
@click.option("--dry-run", is_flag=True, help="Show what would be merged and what conflicts, and do nothing.")
def merge_branch(target: Target, name: str, *, prefer: str | None, dry_run: bool) -> None:
    """Bring what the branch NAME changed into the canonical memory, and end it; with conflicts nothing is written (exit code 5)."""
    with target.session() as session:
        require_branch(session.branches(), name)
        reply = session.branch(name).merge(prefer=prefer, dry_run=dry_run)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        for conflict in reply.value["conflicts"]:
            say(f"conflict in {', '.join(conflict['fields'])}: {conflict['id']}")
            say(f"  branch:    {_shown(conflict['branch'])}")
            say(f"  canonical: {_shown(conflict['canonical'])}")
        say(f"{memories(len(reply.value['merged']))} {'merged' if reply.value['written'] else 'would be merged'}")
        warn(reply.warnings)
    if reply.value["conflicts"] and not reply.value["written"] and not dry_run:
        raise click.exceptions.Exit(5)


def memories(count: int) -> str:
    """So many memories, in words."""
    return f"{count} {'memory' if count == 1 else 'memories'}"


def _shown(cube: MemCube | None) -> str:
    return "gone" if cube is None else snippet(cube.text, 90)


@command("discard", "memos branch discard what-if")
@click.argument("name")
def discard_branch(target: Target, name: str) -> None:
    """End the branch NAME without a trace in the canonical memory."""
    with target.session() as session:
        require_branch(session.branches(), name)
        session.branch(name).discard()
    say(f"the branch {name} is discarded")


def require_branch(reply: MemoryReply, name: str) -> None:
    """NotFound unless a branch of that name stands: to end one must not begin it."""
    from memos.errors import NotFound

    names = [one["name"] for one in reply.value]
    if name not in names:
        raise NotFound(f"there is no branch {name!r} of yours; there are: {', '.join(names) or 'none'}")


for each in (open_branch, list_branches, merge_branch, discard_branch):
    branch.add_command(each)

"""Living: the commands that move memories through their lives: `archive`, `freeze`, `unfreeze`, `confirm`, `label`, `sweep`."""

from __future__ import annotations

import click

from memos.cli.command import Target, command
from memos.cli.output import emit, emit_reply, say, snippet, warn

ID = "0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e"


@command("archive", f"memos archive {ID}", branches=True)
@click.argument("ids", nargs=-1, required=True)
def archive(target: Target, ids: tuple[str, ...]) -> None:
    """Put the memories with these IDS aside: they answer to their ids, to `--state archived` and to `--at`, and use brings them back."""
    _move(target, "archive", ids)


@command("freeze", f"memos freeze {ID}", branches=True)
@click.argument("ids", nargs=-1, required=True)
def freeze(target: Target, ids: tuple[str, ...]) -> None:
    """Let the memories with these IDS refuse every change (exit code 6) until they are unfrozen; they stay findable."""
    _move(target, "freeze", ids)


@command("unfreeze", f"memos unfreeze {ID}", branches=True)
@click.argument("ids", nargs=-1, required=True)
def unfreeze(target: Target, ids: tuple[str, ...]) -> None:
    """Let the memories with these IDS be changed again."""
    _move(target, "unfreeze", ids)


def _move(target: Target, verb: str, ids: tuple[str, ...]) -> None:
    with target.session() as session:
        reply = getattr(session, verb)(ids)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    for cube in reply.cubes:
        say(f"{cube.id} is {cube.state}{', frozen' if cube.frozen else ''}  {snippet(cube.text, 60)}")


@command("confirm", f"memos confirm {ID}", branches=True)
@click.argument("id")
def confirm(target: Target, id: str) -> None:
    """Say that the memory ID holds; confirmed twice it stands for good."""
    with target.session() as session:
        reply = session.confirm(id)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(f"confirmed {reply.value} times, {reply.cubes[0].state}  {snippet(reply.cubes[0].text, 60)}")


@command("label", f"memos label {ID} reviewed", branches=True)
@click.argument("id")
@click.argument("name")
def label(target: Target, id: str, name: str) -> None:
    """Give the standing version of the memory ID a NAME, which `memos update --against NAME` refers to."""
    with target.session() as session:
        reply = session.update(id, label=name)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(f"version {reply.cubes[0].version} of {id} is labelled {', '.join(reply.cubes[0].labels)}")
        warn(reply.warnings)


@command("sweep", "memos sweep", "memos sweep --seconds 30 --json")
@click.option("--seconds", type=click.FloatRange(min=0), help="Stop after so long; the next sweep goes on.")
def sweep(target: Target, seconds: float | None) -> None:
    """Do now what the worker does in its time: end what is over, archive what is idle, purge and compress what the settings say."""
    with target.memory() as memory:
        done = memory.sweep(seconds)
    if target.as_json:
        emit(done)
    else:
        say(", ".join(f"{count} {what}" for what, count in sorted(done.items())) or "nothing was due")

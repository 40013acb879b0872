"""Changing: the commands `update`, `forget`, `transfer` and `compose`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from memos.cli.adding import drained
from memos.cli.command import Target, command
from memos.cli.inputs import json_object, moment_or_never, texts_of
from memos.cli.output import emit_reply, say, snippet, warn

if TYPE_CHECKING:
    from memos.memcube.call import MemoryReply
    from memos.memcube.cube import MemCube


@command(
    "update",
    'memos update 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e "I moved to Porto in May." --expect-version 1',
    "memos update 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e --tag home --tag mood=calm --expires-at never",
    branches=True,
)
@click.argument("id")
@click.argument("text", required=False)
@click.option("--expect-version", type=click.IntRange(min=1), help="Refuse when another version stands (exit code 5).")
@click.option(
    "--mode",
    type=click.Choice(("overwrite", "append", "merge")),
    default="overwrite",
    show_default=True,
    help="How TEXT meets the standing one.",
)
@click.option("--against", metavar="LABEL", help="What TEXT changes in the version so labelled is changed in the standing one.")
@click.option("--label", metavar="NAME", help="A name for the new version.")
@click.option("--tag", "tags", multiple=True, metavar="NAME[=VALUE]", help="The tags from now on; may be repeated.")
@click.option("--metadata", type=json_object, metavar="JSON", help="The values from now on, a JSON object.")
@click.option("--expires-at", type=moment_or_never, metavar="TIME|never", help="When the memory ends, or `never`.")
@click.option("--priority", type=click.IntRange(-100, 100), help="From -100 to 100.")
@click.option(
    "--wait/--no-wait", default=True, help="Compute the new vector now, or leave it to whoever opens the store next.  [default: wait]"
)
def update(target: Target, id: str, text: str | None, tags: tuple[str, ...], *, wait: bool, **changes: Any) -> None:
    """Give the memory ID a new TEXT (`-` reads it from stdin), or other tags, values or another end.

    What is not named stays. The versions before stay in `memos history`.
    """
    fresh = texts_of([text])[0] if text is not None else None
    with target.memory() as memory:
        reply = target.caller(memory).update(id, fresh, tags=tags or None, **changes)
        if wait and fresh is not None:
            reply = reply.model_copy(update={"warnings": (*reply.warnings, *drained(memory, target.tenant, bar=not target.as_json))})
    if reply.value and not target.as_json:
        for place in reply.value["conflicts"]:
            say(f"conflict: {place['base']!r} became {place['ours']!r} here, and {place['theirs']!r} meanwhile")
    show(target, reply, lambda cube: f"version {cube.version} of {cube.id}  {snippet(cube.text, 70)}")
    if reply.value:
        raise click.exceptions.Exit(5)


@command(
    "forget",
    "memos forget 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e",
    'memos forget $(memos search "the old phone number" --limit 1 --ids)',
    branches=True,
)
@click.argument("ids", nargs=-1, required=True)
def forget(target: Target, ids: tuple[str, ...]) -> None:
    """Take the memories with these IDS out of every present read; `memos history` still shows them."""
    with target.session() as session:
        reply = session.forget(ids)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(f"forgot {reply.value} {'memory' if reply.value == 1 else 'memories'}")


@command("transfer", "memos transfer 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e --to user/alice/archive --user alice", branches=True)
@click.argument("id")
@click.option("--to", required=True, metavar="PATH", help="A namespace of yours.")
def transfer(target: Target, id: str, to: str) -> None:
    """Move the memory ID, with its id and history, to another namespace."""
    with target.session() as session:
        reply = session.transfer(id, to=to)
    show(target, reply, lambda cube: f"{cube.id} is in {cube.namespace} now")


@command("compose", "memos compose $(memos list --limit 2 --ids) --tag summary", branches=True)
@click.argument("ids", nargs=-1, required=True)
@click.option("--namespace", metavar="PATH", help="Where to store, instead of user/<you>.")
@click.option("--tag", "tags", multiple=True, metavar="NAME[=VALUE]", help="A tag; may be repeated.")
@click.option(
    "--wait/--no-wait", default=True, help="Compute the vector now, or leave it to whoever opens the store next.  [default: wait]"
)
def compose(target: Target, ids: tuple[str, ...], namespace: str | None, tags: tuple[str, ...], *, wait: bool) -> None:
    """Make one new memory of the memories with these IDS, their texts in order; they stay, as its parents."""
    with target.memory() as memory:
        reply = target.caller(memory).compose(ids, namespace=namespace, tags=tags)
        if wait:
            reply = reply.model_copy(update={"warnings": (*reply.warnings, *drained(memory, target.tenant, bar=not target.as_json))})
    show(target, reply, lambda cube: f"{cube.id} in {cube.namespace}  {snippet(cube.text, 70)}")


def show(target: Target, reply: MemoryReply, told: Callable[[MemCube], str]) -> None:
    """The memory that a change made, as JSON or as the line that `told` makes of it."""
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(told(reply.cubes[0]))
        warn(reply.warnings)

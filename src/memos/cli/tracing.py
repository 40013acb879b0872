"""Tracing: the command `lineage`, which shows where a memory came from and what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from memos.cli.command import Target, command
from memos.cli.output import emit, emit_reply, say, snippet, warn

if TYPE_CHECKING:
    from memos.memcube.call import MemoryReply

DEEPEST = 24
"""Lines are moved in so many steps at most; what stands deeper has its depth in brackets."""
WAYS = ("ancestors", "descendants", "both")
Steps = dict[str, list[tuple[str, str]]]
"""For each memory those that it leads to, with the relation."""


@command(
    "lineage",
    "memos lineage 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e",
    "memos lineage 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e --direction ancestors --depth 2 --json",
    "memos lineage 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e --prov > lineage.json",
)
@click.argument("id")
@click.option("--direction", type=click.Choice(WAYS), default="both", show_default=True, help="Which way to walk.")
@click.option("--relation", "relations", multiple=True, metavar="NAME", help="A relation to follow, instead of all derivations.")
@click.option("--depth", type=click.IntRange(min=1), help="How many steps at most.")
@click.option("--limit", type=click.IntRange(min=1), help="How many memories at most.")
@click.option("--prov", is_flag=True, help="Answer with one W3C PROV-JSON document.")
def lineage(
    target: Target, id: str, *, direction: str, relations: tuple[str, ...], depth: int | None, limit: int | None, prov: bool
) -> None:
    """Show what the memory ID came from, and what came of it."""
    wanted = "prov" if prov else "graph"
    with target.session() as session:
        reply = session.lineage(id, direction=direction, relations=relations or None, depth=depth, limit=limit, format=wanted)
    if prov:
        emit(reply.value)
    elif target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        show_trees(reply, direction)


def show_trees(reply: MemoryReply, direction: str) -> None:
    """The memory, then a tree for each direction; what stands in a tree already is named again, and not gone into again."""
    (cube,) = reply.cubes
    say(f"{cube.id}  {snippet(cube.text, 70)}")
    backward, forward = defaultdict[str, list[tuple[str, str]]](list), defaultdict[str, list[tuple[str, str]]](list)
    for child, parent, relation in reply.value["edges"]:
        backward[child].append((relation, parent))
        forward[parent].append((relation, child))
    for way, title, steps in (("ancestors", "came from", backward), ("descendants", "became", forward)):
        if direction in {way, "both"}:
            lines = list(tree(steps, cube.id))
            say(f"{title}:" if lines else f"{title}: nothing")
            for line in lines:
                say(line)
    if reply.value["truncated"]:
        warn([f"these are {len(reply.value['nodes'])} memories; --limit shows more"])


def tree(steps: Steps, root: str) -> Iterator[str]:
    """The lines of a tree, however deep it is."""
    met = {root}
    ahead = [(1, *step) for step in reversed(steps[root])]
    while ahead:
        depth, relation, memory = ahead.pop()
        again = memory in met and bool(steps[memory])
        indent = "  " * depth if depth <= DEEPEST else f"{'  ' * DEEPEST}[{depth}] "
        yield f"{indent}{relation} {memory}{'  (see above)' if again else ''}"
        if memory not in met:
            met.add(memory)
            ahead += [(depth + 1, *step) for step in reversed(steps[memory])]

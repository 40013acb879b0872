"""Reading: the commands `search`, `get`, `list` and `history`, which change nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from memos.cli.command import Target, command
from memos.cli.inputs import json_object, moment
from memos.cli.output import day, emit_ids, emit_reply, plain, say, snippet, table, warn
from memos.cli.querying import COVERAGES, HIT_ORDERS, LAYERS, STATES, TYPES, query_object, query_of

if TYPE_CHECKING:
    from memos.memcube.call import MemoryReply
    from memos.memcube.cube import MemCube
    from memos.memcube.hit import Hit

PAGE = 1000
"""Memories that `list --all` reads at a time."""
ORDERS = ("created_at", "updated_at", "said_at", "priority", "ordinal")


@command(
    "search",
    'memos search "where does she live?"',
    'memos search "what did the doctor say" --limit 3 --why --from 2025-01-01 --to 2025-02-01',
    'memos search "what did we plan" --group session --per-group 2 --order recent',
    "memos search --query query.json --json",
    """memos search "plans" --filter '{"tags": {"any": ["home", "mood=calm"]}}' --json""",
    'memos forget $(memos search "the old phone number" --limit 1 --ids)',
    past=True,
    branches=True,
)
@click.argument("words", nargs=-1, metavar="TEXT")
@click.option(
    "--query", "query", type=query_object, metavar="FILE|-", help="The whole query in JSON; other options take the place of its fields."
)
@click.option("--limit", type=click.IntRange(1, 1000), help="How many at most; with --group, how many groups.  [default: 10]")
@click.option("--filter", "filter", type=json_object, metavar="JSON", help="A condition on the memories, in JSON.")
@click.option("--namespace", "namespaces", multiple=True, metavar="PATH", help="Search here instead; may be repeated.")
@click.option("--layer", "layers", multiple=True, type=click.Choice(LAYERS), help="Of what is searched only this layer; may be repeated.")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="A state, instead of the present ones; may be repeated.")
@click.option("--type", "types", multiple=True, type=click.Choice(TYPES), help="What the memories are made of; may be repeated.")
@click.option("--from", "start", type=moment, metavar="TIME", help="Said at or after.")
@click.option("--to", "end", type=moment, metavar="TIME", help="Said before.")
@click.option("--topic", metavar="NAME", help="Only what has this topic.")
@click.option("--order", type=click.Choice(HIT_ORDERS), help="In which order the hits are given.  [default: relevance]")
@click.option("--diverse", type=click.FloatRange(0, 1), help="How much likeness to what comes before counts against a hit.")
@click.option("--half-life", type=float, metavar="DAYS", help="What was said lately counts more: half as much after so many days.")
@click.option("--coverage", type=click.Choice(COVERAGES), help="Spread the hits over the time, or over exchanges.  [default: auto]")
@click.option("--minimum", type=float, metavar="SCORE", help="The least score of a hit.")
@click.option("--group", metavar="KEY", help="Hits by session, namespace, speaker or tag:NAME.")
@click.option("--per-group", type=click.IntRange(1, 100), help="Hits of one group at most.  [default: 3]")
@click.option(
    "--expand", multiple=True, metavar="RELATION", help="What to follow from the hits: next, previous, supersedes …; may be repeated."
)
@click.option("--standing", type=click.IntRange(0, 100), help="How many of your standing instructions to bring.")
@click.option("--explain", is_flag=True, help="Tell how the query was understood.")
@click.option("--why", is_flag=True, help="Show what each score is made of.")
@click.option("--ids", is_flag=True, help="Print the ids alone, one a line.")
def search(target: Target, *, why: bool, ids: bool, **given: Any) -> None:
    """Find the memories that answer TEXT best, the best first."""
    query = query_of(**given)
    if target.at is not None:
        query.pop("at", None)
    with target.session() as session:
        reply = session.query(query)
    if ids:
        emit_ids(hit.cube for hit in reply.hits)
    elif target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        show_hits(reply, why=why)


@command(
    "get", "memos get 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e", "memos get $(memos list --limit 2 --ids) --json", past=True, branches=True
)
@click.argument("ids", nargs=-1, required=True)
def get(target: Target, ids: tuple[str, ...]) -> None:
    """Show the memories with these IDS, in that order."""
    with target.session() as session:
        reply = session.get(ids)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        show_whole(reply.cubes)


@command(
    "list",
    "memos list --limit 20 --order said_at --desc",
    """memos list --filter '{"speaker": "Ines", "created_at": {"gte": "2025-01-01"}}' --all --json""",
    past=True,
    branches=True,
)
@click.option("--filter", "filter", type=json_object, metavar="JSON", help="A condition on the memories, in JSON.")
@click.option("--namespace", "namespaces", multiple=True, metavar="PATH", help="Only these, and what is below; may be repeated.")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="A state, instead of the present ones; may be repeated.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many on a page.")
@click.option("--cursor", help="Where the page begins: `next` of the page before.")
@click.option("--all", "whole", is_flag=True, help="Every page, not one.")
@click.option("--order", type=click.Choice(ORDERS), default="created_at", show_default=True, help="What to order by.")
@click.option("--desc", "descending", is_flag=True, help="The last first.")
@click.option("--ids", is_flag=True, help="Print the ids alone, one a line.")
def list_memories(
    target: Target, namespaces: tuple[str, ...], states: tuple[str, ...], limit: int, *, whole: bool, ids: bool, **wanted: Any
) -> None:
    """Go through the memories that pass a filter, page by page."""
    wanted |= {"namespaces": namespaces or None, "states": states or None, "limit": PAGE if whole else limit}
    with target.session() as session:
        replies = list(session.pages(**wanted)) if whole else [session.list(**wanted)]
    reply = replies[-1].model_copy(update={"cubes": tuple(cube for page in replies for cube in page.cubes)})
    if ids:
        emit_ids(reply.cubes)
    elif target.as_json:
        emit_reply(reply, verbose=target.verbose)
    elif reply.cubes or any(wanted[name] for name in ("filter", "namespaces", "states", "cursor")):
        show_page(reply)
    else:
        say(f"no memories of {target.user} here; --user names somebody else")


@command("history", "memos history 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e", branches=True)
@click.argument("id")
def history(target: Target, id: str) -> None:
    """Show the versions of the memory ID, oldest first."""
    with target.session() as session:
        reply = session.history(id)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    rows = [
        (str(cube.version), day(cube.updated_at), cube.state, cube.provenance.origin, ", ".join(cube.labels), brief(cube))
        for cube in reply.cubes
    ]
    table(("version", "since (UTC)", "state", "by", "labels", "text"), rows, numbers=("version",))


def show_hits(reply: MemoryReply, *, why: bool) -> None:
    """A table of hits; each memory's id stands under its text. Standing instructions come before it, what was understood after it."""
    for cube in reply.cubes:
        say(f"standing: {brief(cube)}")
    if reply.hits:
        rows = [(f"{hit.score:.3f}", day(hit.cube.said_at), who(hit.cube), found_text(hit, why=why)) for hit in reply.hits]
        table(("score", "when (UTC)", "who", "text"), rows, numbers=("score",))
    else:
        say("nothing was found; `memos list` shows what there is")
    for name, value in reply.details.items():
        say(f"{name}: {json.dumps(value, default=str)}")
    warn(reply.warnings)


def found_text(hit: Hit, *, why: bool) -> str:
    """The beginning of a hit's text, its id, and what its score is made of, the greatest part first."""
    parts = sorted(hit.why.items(), key=lambda part: -abs(part[1]))
    reasons = " ".join(f"{name}={value:.3f}" for name, value in parts if abs(value) >= 0.0005)
    beside = [f"also: {' '.join(hit.also)}"] if hit.also else []
    if hit.group is not None and hit.group.key is not None:
        beside.append(f"{hit.group.by}: {plain(hit.group.key)}, {hit.group.others} more")
    if hit.reached is not None:
        beside.append(f"{hit.reached.relation} of {hit.reached.id}")
    return "\n".join([brief(hit.cube), hit.cube.id, *beside, *([f"why: {reasons}"] if why else [])])


def show_page(reply: MemoryReply) -> None:
    """A table of memories, and how to go on."""
    if not reply.cubes:
        say("there is no such memory")
        return
    table(("id", "when (UTC)", "who", "text"), [(cube.id, day(cube.said_at), who(cube), brief(cube)) for cube in reply.cubes])
    if reply.next:
        say(f"more: --cursor {reply.next}")


def show_whole(cubes: tuple[MemCube, ...]) -> None:
    """Memories one below the other, each with its header and its whole text."""
    for number, cube in enumerate(cubes):
        if number:
            say()
        for name, value in header(cube).items():
            say(f"{name + ':':<12} {value}")
        click.echo(plain(cube.text))


def header(cube: MemCube) -> dict[str, str]:
    """What people want to know of a memory beside its text; what is absent is left out."""
    place = f"{cube.session or ''}{'' if cube.ordinal is None else f' #{cube.ordinal}'}"
    told = {
        "id": cube.id,
        "version": str(cube.version),
        "namespace": cube.namespace,
        "state": cube.state + (", frozen" if cube.frozen else ""),
        "who": who(cube),
        "when": day(cube.said_at),
        "session": place.strip(),
        "tags": ", ".join(tag.key for tag in cube.tags),
        "held until": day(cube.valid_to),
        "expires": day(cube.policy.expires_at),
        "metadata": ", ".join(f"{key}={value!r}" for key, value in cube.metadata.items()),
        "used": f"{cube.usage.count} times" if cube.usage.count else "",
    }
    return {name: value for name, value in told.items() if value}


def brief(cube: MemCube) -> str:
    """The beginning of a text, with the end of its validity where another memory has ended it."""
    return snippet(cube.text) if cube.valid_to is None else f"{snippet(cube.text)} (until {day(cube.valid_to)})"


def who(cube: MemCube) -> str:
    """Who said it, else who owns it; at most 16 characters."""
    return snippet(cube.speaker or cube.owner, 16)

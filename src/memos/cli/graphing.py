"""Graphing: the commands `graph`, `relate` and `unrelate`, and the group `entities`."""

from __future__ import annotations

from typing import Any

import click

from memos.cli.command import Target, command
from memos.cli.inputs import moment
from memos.cli.output import emit, emit_reply, plain, say, warn
from memos.memcube.call import MemoryReply

ID, OTHER = "0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e", "0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6f"
LIMIT = click.IntRange(1, 1000)


@command(
    "graph",
    "memos graph Melanie",
    f"memos graph {ID} --depth 3 --relation next --relation depends_on",
    "memos graph Melanie --since 2025-01-01 --graphml > melanie.graphml",
    past=True,
    branches=True,
)
@click.argument("start")
@click.option("--depth", type=click.IntRange(1, 8), default=2, show_default=True, help="How many steps at most.")
@click.option("--relation", "relations", multiple=True, metavar="NAME", help="A relation to follow, instead of all; may be repeated.")
@click.option("--since", type=moment, metavar="TIME", help="Only memories said at or after then.")
@click.option("--until", type=moment, metavar="TIME", help="Only memories said before then.")
@click.option("--limit", type=LIMIT, default=100, show_default=True, help="How many memories and entities at most.")
@click.option("--namespace", "namespaces", multiple=True, metavar="PATH", help="Where names are looked up; may be repeated.")
@click.option("--graphml", is_flag=True, help="Answer with one GraphML document.")
@click.option("--node-link", is_flag=True, help="Answer with one JSON document in node-link form.")
def graph(target: Target, start: str, *, graphml: bool, node_link: bool, namespaces: tuple[str, ...], **asked: Any) -> None:
    """Show what stands around a memory, START being its id, or around whom or what it names."""
    if graphml and node_link:
        raise click.UsageError("choose one of --graphml and --node-link")
    wanted = {**asked, "relations": asked["relations"] or None, "namespaces": namespaces or None}
    with target.session() as session:
        reply = session.graph(start, format="graphml" if graphml else "json" if node_link else "dict", **wanted)
    if graphml or node_link:
        say(reply.value.rstrip())
    elif target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        show_graph(reply)


def show_graph(reply: MemoryReply) -> None:
    """Every node, then every edge by the numbers of its ends."""
    nodes = reply.value["nodes"]
    numbers = {node["id"]: number for number, node in enumerate(nodes, 1)}
    for node in nodes:
        say(f"{numbers[node['id']]:>3}  {_line(node)}")
    for edge in reply.value["edges"]:
        sure = "" if edge["confidence"] == 1 else f"  {edge['confidence']:.2f}"
        say(f"{numbers[edge['source']]:>3} {edge['relation']} {numbers[edge['target']]}  ({edge['by']}){sure}")
    if reply.value["truncated"]:
        warn([f"these are {len(nodes)} of more; --limit shows more, --relation and --since fewer"])


def _line(node: dict[str, Any]) -> str:
    if node["type"] == "memory":
        return f"{node['id']}  {plain(node['label'])}"
    also = f", also {', '.join(node['aliases'])}" if node["aliases"] else ""
    return plain(f"{node['label']}{also}  ({node['kind']})")


@command("relate", f"memos relate {ID} {OTHER} depends_on", branches=True)
@click.argument("source")
@click.argument("target_id", metavar="TARGET")
@click.argument("relation")
def relate(target: Target, source: str, target_id: str, relation: str) -> None:
    """Make an edge from the memory SOURCE to TARGET: depends_on, contradicts, relates_to, part_of, causes, or a RELATION of your own."""
    with target.session() as session:
        reply = session.relate(source, target_id, relation)
    _told(target, reply, f"{source} {relation} {target_id}" + ("" if reply.value["written"] else ", as before"))


@command("unrelate", f"memos unrelate {ID} {OTHER} depends_on", branches=True)
@click.argument("source")
@click.argument("target_id", metavar="TARGET")
@click.argument("relation")
def unrelate(target: Target, source: str, target_id: str, relation: str) -> None:
    """End an edge from the memory SOURCE to TARGET that was made by `relate`."""
    with target.session() as session:
        reply = session.unrelate(source, target_id, relation)
    _told(target, reply, f"{source} {relation} {target_id} holds no more")


def _told(target: Target, reply: MemoryReply, line: str) -> None:
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(line)
        warn(reply.warnings)


@click.group("entities")
def entities() -> None:
    """Whom and what your memories mention, and which names are one entity's."""


@command("list", "memos entities list", "memos entities list --limit 20 --json", past=True, branches=True)
@click.option("--limit", type=LIMIT, default=100, show_default=True, help="How many, the most mentioned first.")
@click.option("--namespace", "namespaces", multiple=True, metavar="PATH", help="Where to look; may be repeated.")
def list_entities(target: Target, limit: int, namespaces: tuple[str, ...]) -> None:
    """Show whom and what your memories mention, with their other names."""
    with target.session() as session:
        reply = session.entities(limit=limit, namespaces=namespaces or None)
    if target.as_json:
        emit(reply.value)
        return
    for row in reply.value:
        also = f", also {', '.join(row['aliases'])} ({row['by']})" if row["aliases"] else ""
        say(plain(f"{row['mentions']:>5}  {row['label']}{also}  {row['kind']}"))


@command("suggest", "memos entities suggest", past=True, branches=True)
@click.option("--limit", type=LIMIT, default=100, show_default=True, help="How many, the likeliest first.")
@click.option("--namespace", "namespaces", multiple=True, metavar="PATH", help="Where to look; may be repeated.")
def suggest(target: Target, limit: int, namespaces: tuple[str, ...]) -> None:
    """Show pairs of names that may be one entity's, and of which you have not said whether they are."""
    with target.session() as session:
        reply = session.entities(suggest=True, limit=limit, namespaces=namespaces or None)
    if target.as_json:
        emit(reply.value)
        return
    for row in reply.value:
        say(plain(f"{row['confidence']:.2f}  {row['names'][0]} = {row['names'][1]}  {', '.join(row['evidence'])}"))


@command("merge", "memos entities merge Mel Melanie", branches=True)
@click.argument("names", nargs=-1, required=True)
@click.option("--namespace", metavar="PATH", help="Where this is kept, instead of your own.")
def merge(target: Target, names: tuple[str, ...], namespace: str | None) -> None:
    """Say that NAMES are one entity's."""
    _resolve(target, names, namespace, same=True)


@command("split", "memos entities split Mel Melissa", branches=True)
@click.argument("names", nargs=-1, required=True)
@click.option("--namespace", metavar="PATH", help="Where this is kept, instead of your own.")
def split(target: Target, names: tuple[str, ...], namespace: str | None) -> None:
    """Say that NAMES are not one entity's, whatever was said or predicted before."""
    _resolve(target, names, namespace, same=False)


@command("withdraw", "memos entities withdraw Mel Melissa", branches=True)
@click.argument("names", nargs=-1, required=True)
@click.option("--namespace", metavar="PATH", help="Where it is kept, instead of your own.")
def withdraw(target: Target, names: tuple[str, ...], namespace: str | None) -> None:
    """Take back what you said of exactly these NAMES; what is predicted holds again."""
    _resolve(target, names, namespace, same=None)


def _resolve(target: Target, names: tuple[str, ...], namespace: str | None, *, same: bool | None) -> None:
    with target.session() as session:
        reply = session.resolve(names, same=same, namespace=namespace)
    line = "taken back" if same is None else reply.cubes[0].text
    _told(target, reply, plain(line) if reply.cubes else "nothing was changed")


for each in (list_entities, suggest, merge, split, withdraw):
    entities.add_command(each)

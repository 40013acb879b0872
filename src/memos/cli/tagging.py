"""Tagging: the group `tags` and the command `catalogue`."""

from __future__ import annotations

from typing import Any

import click

from memos.cli.command import Target, command
from memos.cli.inputs import json_object
from memos.cli.output import emit_reply, say, table, warn
from memos.cli.reading import show_page

NAMES = ("preferences", "anchors", "keywords")
FILTER = click.option("--filter", "filter", type=json_object, metavar="JSON", help="Which memories, as in `memos list --filter`.")
NAMESPACE = click.option("--namespace", "namespaces", multiple=True, metavar="PATH", help="Only this, and what is below; may be repeated.")


@click.group("tags")
def tags() -> None:
    """Show the tags there are, rename one, put one under another."""


@command("list", "memos tags list", """memos tags list --filter '{"tags": {"under": "place"}}' --json""", past=True, branches=True)
@FILTER
@NAMESPACE
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many tags, the most frequent first.")
def list_tags(target: Target, namespaces: tuple[str, ...], **options: Any) -> None:
    """Show the tags of what you may see: by whom, a user or predicted, and on how many memories."""
    with target.session() as session:
        reply = session.tags(namespaces=namespaces or None, **options)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    table(
        ("count", "by", "tag", "under"),
        [(f"{row['count']:,}", row["by"], row["tag"], row["under"] or "") for row in reply.value],
        numbers=("count",),
    )
    warn(reply.warnings)


@command("rename", "memos tags rename flat home", "memos tags rename mood=ok mood=calm --namespace user/alice/diary", branches=True)
@click.argument("old")
@click.argument("new")
@NAMESPACE
def rename(target: Target, old: str, new: str, *, namespaces: tuple[str, ...]) -> None:
    """Call the tag OLD, as users have set it, NEW in all that you may write; `mood` stands for all its values, `mood=calm` for one."""
    with target.session() as session:
        reply = session.rename_tag(old, new, namespaces=namespaces or None)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    say(f"renamed in {reply.value['renamed']:,}")
    warn(reply.warnings)


@command("parent", "memos tags parent paris france", "memos tags parent paris --none")
@click.argument("tag")
@click.argument("parent", required=False)
@click.option("--none", "none", is_flag=True, help="Take it out from under the tag above it.")
def parent(target: Target, tag: str, parent: str | None, *, none: bool) -> None:
    """Put TAG under PARENT for the whole tenant: a filter {"tags": {"under": PARENT}} finds both."""
    if none is (parent is not None):
        raise click.UsageError("give a PARENT, or --none")
    with target.governing() as session:
        reply = session.place_tag(tag, parent)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(f"{tag} stands under {parent}" if parent is not None else f"{tag} stands under nothing")


@command("catalogue", "memos catalogue preferences", "memos catalogue keywords --least 3 --json", past=True, branches=True)
@click.argument("name", type=click.Choice(NAMES))
@FILTER
@NAMESPACE
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="How many at most.")
@click.option("--least", type=click.IntRange(min=1), help="In how many memories a keyword stands at least.  [default: 2]")
@click.option("--cursor", metavar="CURSOR", help="Where the page before ended.")
def catalogue(target: Target, name: str, namespaces: tuple[str, ...], **options: Any) -> None:
    """Show what you prefer and have ordered for good, what later questions refer back to, or the words that memories share."""
    with target.session() as session:
        reply = session.catalogue(name, namespaces=namespaces or None, **options)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    elif name == "keywords":
        table(("count", "word"), [(f"{row['count']:,}", row["word"]) for row in reply.value], numbers=("count",))
        warn(reply.warnings)
    else:
        show_page(reply)


for each in (list_tags, rename, parent):
    tags.add_command(each)

"""Extracting: the command `extract`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from memos.cli.command import Target, command
from memos.cli.inputs import json_object
from memos.cli.output import emit, emit_reply, say, warn

if TYPE_CHECKING:
    from memos.interface.memory_api.extracting import ExtractionStatus
    from memos.memcube.call import MemoryReply


@command(
    "extract",
    "memos extract --session s1 --user alice",
    "memos extract 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e --by model --chat 'openai+http://127.0.0.1:8080/v1?model=m'",
    """memos extract --filter '{"speaker": "Alice"}' --json""",
    "memos extract --status",
)
@click.argument("ids", nargs=-1)
@click.option("--session", metavar="NAME", help="From all that was said in this session.")
@click.option("--filter", "wanted", type=json_object, metavar="JSON", help='From what passes a filter, e.g. {"speaker": "Alice"}.')
@click.option("--by", type=click.Choice(["rules", "model"]), help="How; left out as the worker does, else by the model where there is one.")
@click.option("--chat", envvar="MEMOS_CHAT", show_envvar=True, metavar="URL", help="The chat model, instead of the one in the settings.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=1000, show_default=True, help="Memories of a session or a filter that are read."
)
@click.option("--status", is_flag=True, help="Show what extraction does in this store, what it has cost today, and what waits.")
def extract(
    target: Target, *, ids: tuple[str, ...], session: str | None, wanted: dict[str, object] | None, by: str | None, chat: str | None,
    limit: int, status: bool,
) -> None:  # fmt: skip
    """Make facts of messages: of those with these IDS, of a session, or of what passes a filter. The messages stay as they were said."""
    if status and (ids or session or wanted):
        raise click.UsageError("--status is of the whole store; leave ids, --session and --filter out")
    with target.memory(chat=chat) as memory:
        if status:
            _tell(memory.extraction(), as_json=target.as_json)
            return
        reply = target.caller(memory).extract(ids, session=session, filter=wanted, by=by, limit=limit)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        _show(reply)
    warn(reply.warnings)


def _show(reply: MemoryReply) -> None:
    for cube in reply.cubes:
        say(f"{cube.id}  {cube.metadata['extraction']['kind']}  {cube.text}")
    value = reply.value
    line = f"stored {value['stored']}, standing {value['standing']}, unsupported {value['unsupported']}, duplicates {value['duplicates']}"
    if value["ended"] or value["skipped"]:
        line += f", ended {value['ended']}, skipped {value['skipped']}"
    if value["model"] is not None:
        line += f"; {value['tokens']:,} tokens, cost {value['cost']:g}"
    say(line)
    warn(f"{cube_id} was not read: {why}" for cube_id, why in value["failed"].items())


def _tell(status: ExtractionStatus, *, as_json: bool) -> None:
    if as_json:
        emit(dataclasses.asdict(status))
        return
    say(f"extract    {status.extract}{f' ({status.by})' if status.by else ''}")
    say(f"model      {status.model or 'none'}")
    say(f"waiting    {status.waiting} commits{f': {status.why}' if status.why else ''}")
    say(f"stored     {status.stored}, unsupported {status.unsupported}, duplicates {status.duplicates}, given up {status.given_up}")
    limits = f"{f' of {status.tokens_per_day:,}' if status.tokens_per_day is not None else ''}"
    money = f"{f' of {status.cost_per_day:g}' if status.cost_per_day is not None else ''}"
    say(f"today      {status.tokens:,}{limits} tokens, cost {status.cost:g}{money}")

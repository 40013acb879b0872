"""Adding: the command `add`, which stores texts and the messages of files in batches and waits for their vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import click

from memos.cli.command import Target, command
from memos.cli.inputs import items_of, json_object, moment, texts_of
from memos.cli.output import emit_ids, emit_reply, progress, say, snippet, warn
from memos.errors import InvalidCall, MemOSError

if TYPE_CHECKING:
    from memos.memcube.call import MemoryReply
    from memos.session import Session
    from memos.system import MemOS

BATCH = 1000
"""Memories in one commit."""
SHOWN = 10
"""The most memories that the answer names one by one."""
DRAIN_SECONDS = 0.5
"""How often the progress bar of vectors moves."""


@command(
    "add",
    'memos add "I moved to Lisbon in March." "I am allergic to peanuts." --tag home',
    "memos add --file notes.txt --tag diary",
    "memos add --file chat.jsonl --session monday --no-wait",
    "date | memos add - --expires-at 2030-01-01",
    branches=True,
)
@click.argument("texts", nargs=-1)
@click.option(
    "--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=".json or .jsonl of messages, or one text a line."
)
@click.option("--namespace", metavar="PATH", help="Where to store, instead of user/<you>.")
@click.option("--tag", "tags", multiple=True, metavar="NAME[=VALUE]", help="A tag; may be repeated.")
@click.option("--session", metavar="NAME", help="The conversation that the messages belong to.")
@click.option("--expires-at", type=moment, metavar="TIME", help="When the memories end.")
@click.option("--priority", type=click.IntRange(-100, 100), default=0, show_default=True, help="From -100 to 100.")
@click.option("--metadata", type=json_object, metavar="JSON", help="Your own values, a JSON object.")
@click.option(
    "--wait/--no-wait", default=True, help="Compute the vectors now, or leave them to whoever opens the store next.  [default: wait]"
)
@click.option("--ids", is_flag=True, help="Print the ids alone, one a line.")
def add(target: Target, texts: tuple[str, ...], file: Path | None, session: str | None, *, wait: bool, ids: bool, **fields: Any) -> None:
    """Store TEXTS, each a memory; `-` reads one from stdin.

    A message in a file is an object with "content" and optionally "role", "name", "at", "metadata", "tags", "session", "ordinal". A text
    that stands already is recognised and not stored twice; messages always are. A file with an error in it stores nothing.
    """
    items = given_items(texts, file)
    in_one_session(items, session)
    with target.memory(create=True) as memory:
        reply = stored(target.caller(memory), items, {**fields, "session": session}, bar=not target.as_json)
        if wait:
            reply = reply.model_copy(update={"warnings": (*reply.warnings, *drained(memory, target.tenant, bar=not target.as_json))})
    if ids:
        emit_ids(reply.cubes)
    elif target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        show_added(reply)


def given_items(texts: Sequence[str], file: Path | None) -> list[Any]:
    """The texts and messages to store, each checked, so that a file with an error in it stores nothing."""
    if bool(texts) == (file is not None):
        raise click.UsageError("give texts (`-` for stdin) or --file, one of the two")
    if file is None:
        return list(texts_of(texts))
    numbered = items_of(file)
    if not numbered:
        raise InvalidCall(f"{file} holds nothing to store")
    for number, item in numbered:
        require_legal(f"{file}, {'item' if file.suffix == '.json' else 'line'} {number}", item)
    return [item for _, item in numbered]


def require_legal(where: str, item: Any) -> None:
    """InvalidCall, which names the place, for an item that could not be stored."""
    from memos.interface.messages import drafts_of

    try:
        drafts_of([item], {}, None)
    except InvalidCall as error:
        raise InvalidCall(f"{where}: {error.message}; nothing was stored") from None


def in_one_session(items: list[Any], session: str | None) -> None:
    """Give messages that name no session one together, whichever batches they fall into."""
    if session is not None or not any(isinstance(item, dict) for item in items):
        return
    from memos.ports.clock import SystemClock

    together = SystemClock().new_id()
    items[:] = [{**item, "session": item.get("session") or together} if isinstance(item, dict) else item for item in items]


def stored(caller: Session, items: list[Any], fields: dict[str, Any], *, bar: bool) -> MemoryReply:
    """The reply to all batches together. An error says how many items stand before it."""
    replies: list[MemoryReply] = []
    with progress(shown=bar and len(items) > BATCH) as shown:
        task = shown.add_task("storing", total=len(items))
        for batch in batches(items, BATCH):
            try:
                replies.append(caller.add(batch, **fields))
            except MemOSError as error:
                if replies:
                    raise type(error)(f"{error.message}; the first {len(replies) * BATCH:,} memories are stored", **error.details) from None
                raise
            shown.advance(task, len(batch))
    cubes = tuple(cube for reply in replies for cube in reply.cubes)
    warnings = tuple(dict.fromkeys(line for reply in replies for line in reply.warnings))
    return replies[-1].model_copy(update={"cubes": cubes, "warnings": warnings})


def batches(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    """The items in lists of at most `size`."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def drained(memory: MemOS, tenant: str, *, bar: bool) -> tuple[str, ...]:
    """Compute pending vectors, with a progress bar. What failed is a warning, since the memories themselves are stored."""
    try:
        if not memory.drain(DRAIN_SECONDS):
            with progress(shown=bar) as shown:
                task = shown.add_task("computing vectors", total=pending_vectors(memory, tenant))
                total = shown.tasks[0].total or 0
                if not wait_for_vectors(memory, lambda: shown.update(task, completed=total - pending_vectors(memory, tenant))):
                    return ("stored, but not every vector could be computed (the embedder fails); the next command that adds tries again",)
    except MemOSError as error:
        return (f"stored, but not every vector could be computed ({error.message}); the next command that adds tries again",)
    return ()


def wait_for_vectors(memory: MemOS, moved: Callable[[], object]) -> bool:
    """Wait until every vector is computed; False when the embedder fails for what is left. `moved` is called now and then."""
    outcome: list[bool | MemOSError] = []

    def drain() -> None:
        try:
            outcome.append(memory.drain())
        except MemOSError as error:
            outcome.append(error)

    thread = Thread(target=drain, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(DRAIN_SECONDS)
        moved()
    if isinstance(outcome[0], MemOSError):
        raise outcome[0]
    return outcome[0]


def pending_vectors(memory: MemOS, tenant: str) -> int:
    """How many memories of a tenant wait for their vector."""
    return sum(space.pending_vectors for space in memory.namespaces(tenant))


def show_added(reply: MemoryReply) -> None:
    """What was stored, for people."""
    spaces = ", ".join(dict.fromkeys(cube.namespace for cube in reply.cubes))
    known = sum(bool(cube.provenance.records) for cube in reply.cubes)
    say(
        f"{len(reply.cubes):,} {'memory' if len(reply.cubes) == 1 else 'memories'} in {spaces}"
        + (f", {known:,} of them known before" if known else "")
    )
    for cube in reply.cubes[:SHOWN]:
        say(f"  {cube.id}  {snippet(cube.text, 70)}")
    if len(reply.cubes) > SHOWN:
        say(f"  … and {len(reply.cubes) - SHOWN:,} more; `memos list` shows them")
    warn(reply.warnings)

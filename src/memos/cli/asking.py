"""Asking: the commands `ask` and `parse`, which take what a person would say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from memos.cli.command import Target, command
from memos.cli.inputs import texts_of
from memos.cli.output import day, emit, emit_reply, say, snippet, warn
from memos.cli.reading import show_hits, show_page
from memos.errors import MemOSError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from memos.memcube.call import MemoryCall, MemoryReply
    from memos.memcube.window import Window
    from memos.session import Session

WEEKDAYS = ("monday", "sunday", "saturday")


def spoken(function: Callable[..., None]) -> Callable[..., None]:
    """The options that say from where and after what something is said."""
    for option in (
        click.option("--turn", "turns", multiple=True, metavar="TEXT", help="What was said before, the oldest first; may be repeated."),
        click.option("--tz", metavar="ZONE", help="The time zone that times are meant in, such as Europe/Lisbon.  [default: UTC]"),
        click.option("--now", metavar="TIME", help="The time at which it is said, in ISO 8601.  [default: now]"),
        click.option("--week-start", type=click.Choice(WEEKDAYS), default="monday", show_default=True, help="The first day of a week."),
        click.option("--country", metavar="CODE", help="Whose holidays and order of dates are meant, such as US or GB."),
        click.argument("words", nargs=-1, required=True, metavar="TEXT"),
    ):
        function = option(function)
    return function


@command(
    "ask",
    'memos ask "what did the doctor say last month?"',
    'memos ask "how many times did I go to the gym in March?" --json',
    'memos ask "and in April?" --turn "what did I spend in March?"',
    'memos ask "add that the dose is 10 mg to my ramipril note and archive the old plan"',
    past=True,
    branches=True,
)
@spoken
@click.option("--limit", type=click.IntRange(1, 1000), help="How many memories are shown at most.")
@click.option("--namespace", "namespaces", multiple=True, metavar="PATH", help="Ask here instead; may be repeated.")
@click.option("--why", is_flag=True, help="Show what each score is made of.")
def ask(target: Target, *, words: tuple[str, ...], namespaces: tuple[str, ...], why: bool, **how: Any) -> None:
    """Do what TEXT asks: find, count, summarise, compare, store, change or forget."""
    with target.session() as session:
        try:
            reply = session.ask(" ".join(texts_of(words)), namespaces=namespaces or None, **how)
        except MemOSError as error:
            if not target.as_json:
                _show_candidates(session, error)
            raise
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    show_answer(reply, why=why)
    for following in reply.then:
        show_answer(following, why=why)


@command(
    "parse", 'memos parse "what did we discuss the week before last?"', 'memos parse "and in June?" --turn "what did I eat in May?" --json'
)
@spoken
def parse(target: Target, *, words: tuple[str, ...], **how: Any) -> None:
    """Show the call that TEXT is understood as; nothing is read and nothing is done."""
    from memos.interface.memreader.saying import parsed

    call = parsed(" ".join(texts_of(words)), **how)
    if target.as_json:
        emit(call)
        return
    for each in (call, *call.then):
        show_call(each)


def _show_candidates(session: Session, error: MemOSError) -> None:
    """On stderr the memories that may have been meant, each with its id."""
    ids = error.details.get("candidates", ())
    for cube in session.get(ids).cubes if ids else ():
        click.echo(f"  {cube.id}  {day(cube.said_at)}  {snippet(cube.text, 100)}", err=True)


def show_answer(reply: MemoryReply, *, why: bool) -> None:
    """What a reply says: a number, a digest, two sides, hits or memories."""
    operation = reply.call.operation if reply.call is not None else ""
    if operation == "none":
        say("this asks nothing of the memory")
    elif operation == "summarise":
        say(reply.value["text"] or "there is nothing to summarise")
        _cite(reply.value["sentences"])
    elif operation == "compare" and reply.value is not None:
        for side in reply.value["sides"]:
            say(f"{side['text']}: {' '.join(each['text'] for each in side['sentences']) or 'nothing'}")
            _cite(side["sentences"])
    elif operation == "count":
        say(str(reply.value))
        counted = reply.details.get("counted")
        for hit in (hit for hit in reply.hits if counted is None or hit.cube.id in counted):
            say(f"  {hit.cube.id}  {day(hit.cube.said_at)}  {snippet(hit.cube.text, 100)}")
    elif operation in {"search", "compare"} or (operation == "history" and reply.hits):
        show_hits(reply, why=why)
        return
    elif reply.cubes:
        say(f"{operation}:")
        show_page(reply)
    else:
        say(f"{operation}: {reply.value if reply.value is not None else 'nothing'}")
        for each in reply.details.get("meant", ()):
            say(f"  {each}")
    warn(reply.warnings)


def _cite(sentences: list[dict[str, Any]]) -> None:
    for each in sentences:
        say(f"  {each['id']} [{each['start']}, {each['end']})")


def show_call(call: MemoryCall) -> None:
    """How a call was understood, one line for each part that is there."""
    from memos.interface.memory_api.timing import zone_of

    read, query = call.reading, call.query
    zone = zone_of(read.zone if read is not None else "UTC")
    told: dict[str, Any] = {"intent": f"{call.intent} ({call.operation})"}
    if query is not None:
        told |= {"text": query.text, "window": _spanned(query.window, zone)}
    if call.anchors:
        told["anchors"] = f"{call.bearing} {', '.join(call.anchors)}"
    told["stores"] = "; ".join(draft.text for draft in call.drafts)
    if read is not None:
        told |= {
            "topics": ", ".join(read.topics),
            "entities": ", ".join(read.entities),
            "carried": "; ".join(f"{slot.words or slot.name} = {slot.value} (turn {slot.turn})" for slot in read.slots),
            "unresolved": "; ".join(f"{each.text}: {each.reason}" for each in read.unresolved),
            "schedule": "" if read.schedule is None else read.schedule.rule or read.schedule.event or _spanned(read.schedule.once, zone),
            "confidence": f"{read.confidence:.2f}",
        }
    for name, value in told.items():
        if value:
            say(f"{name + ':':<12} {value}")


def _spanned(window: Window | None, zone: tzinfo) -> str:
    if window is None:
        return ""
    start, end = (None if each is None else each.astimezone(zone) for each in (window.start, window.end))
    return f"{start.isoformat() if start else '…'} to {end.isoformat() if end else '…'}"

"""Documents: the command `add-document`, which reads files and stores their pieces, or shows them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memos.cli.adding import drained
from memos.cli.command import Target, command
from memos.cli.inputs import json_object, moment
from memos.cli.output import emit, emit_ids, say, snippet, warn
from memos.errors import InvalidCall, MemOSError

if TYPE_CHECKING:
    from memos.interface.memreader.documents import Document
    from memos.memcube.call import MemoryReply

READING = ("name", "format", "password", "encoding", "chunk", "tz", "date_order")
FORMATS = ("text", "markdown", "html", "pdf", "docx", "chatgpt", "claude", "slack", "whatsapp", "transcript", "vtt", "srt")


@command(
    "add-document",
    "memos add-document report.pdf notes.md --tag work",
    "memos add-document report.pdf --show",
    "memos add-document report.pdf --replace",
    "memos add-document _chat.txt --name 'Chat with Ines' --tz Europe/Lisbon",
    branches=True,
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--show", is_flag=True, help="Print the pieces, or the messages, and store nothing.")
@click.option("--replace", is_flag=True, help="Put it in the place of the document that has the same name.")
@click.option("--name", metavar="NAME", help="What it is called, instead of the file's name.")
@click.option("--format", type=click.Choice(FORMATS), help="What it is, where its content does not tell.")
@click.option("--password", metavar="TEXT", help="The password of a PDF.")
@click.option("--encoding", metavar="NAME", help="The encoding of a text that is not UTF-8.")
@click.option("--chunk", type=click.IntRange(100, 20_000), metavar="N", help="How many characters a piece has, about.")
@click.option("--tz", metavar="ZONE", help="The zone of times that have none, e.g. Europe/Lisbon.")
@click.option("--date-order", type=click.Choice(("dmy", "mdy", "ymd")), help="How a chat writes days.")
@click.option("--namespace", metavar="PATH", help="Where to store, instead of user/<you>.")
@click.option("--tag", "tags", multiple=True, metavar="NAME[=VALUE]", help="A tag; may be repeated.")
@click.option("--expires-at", type=moment, metavar="TIME", help="When the memories end.")
@click.option("--priority", type=click.IntRange(-100, 100), default=0, show_default=True, help="From -100 to 100.")
@click.option("--metadata", type=json_object, metavar="JSON", help="Your own values, a JSON object.")
@click.option(
    "--wait/--no-wait", default=True, help="Compute the vectors now, or leave them to whoever opens the store next.  [default: wait]"
)
@click.option("--ids", is_flag=True, help="Print the ids alone, one a line.")
def add_document(target: Target, files: tuple[Path, ...], *, show: bool, replace: bool, wait: bool, ids: bool, **fields: Any) -> None:
    """Store the pieces of FILES, or the messages of those that are chats, each with the page and the span it is from.

    Every file is read before any is stored, so that one that cannot be read stores nothing. Each is stored whole or not at all. The same
    file again adds nothing; one of the same name with another content is refused without --replace.
    """
    reading = {name: value for name in READING if (value := fields.pop(name)) is not None}
    if len(files) > 1 and "name" in reading:
        raise click.UsageError("--name is for one file")
    documents = read_all(target, files, reading)
    if show:
        show_documents(documents, as_json=target.as_json)
        return
    with target.memory(create=True) as memory:
        caller, replies = target.caller(memory), []
        for document in documents:
            try:
                replies.append(caller.add_document(document, replace=replace, **fields))
            except MemOSError as error:
                if replies:
                    raise type(error)(f"{error.message}; {len(replies):,} of the files before it are stored", **error.details) from None
                raise
        warnings = drained(memory, target.tenant, bar=not target.as_json) if wait else ()
    tell(documents, replies, (*(line for reply in replies for line in reply.warnings), *warnings), as_json=target.as_json, ids=ids)


def read_all(target: Target, files: tuple[Path, ...], reading: dict[str, Any]) -> list[Document]:
    """The documents, by the limits that the store's settings have; no two of one name."""
    from memos.interface.memreader.documents import read_document
    from memos.settings import load_settings

    folder = Path(target.store)
    limits = load_settings(folder if folder.is_dir() else None).documents
    documents = [read_document(file, limits, **reading) for file in files]
    names = [document.name for document in documents]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InvalidCall(f"two of the files are named {twice}; add them one by one, with --name")
    return documents


def show_documents(documents: list[Document], *, as_json: bool) -> None:
    """What would be stored."""
    if as_json:
        emit(
            [
                {
                    "name": each.name, "format": each.format, "pages": each.pages, "properties": each.properties, "warnings": each.warnings,
                    "chunks": each.chunks, "messages": each.messages,
                }
                for each in documents
            ]
        )  # fmt: skip
        return
    for each in documents:
        say(f"{each.name}: {each.format}, {len(each.chunks) or len(each.messages):,} {'pieces' if each.chunks else 'messages'}")
        for chunk in each.chunks:
            say(f"\n[{f'page {chunk.page}, ' if chunk.page else ''}{chunk.start:,}–{chunk.end:,}]\n{chunk.text}")
        for message in each.messages:
            say(f"  {message.get('name') or message.get('role') or ''}: {snippet(message['content'])}")
        warn(each.warnings)


def tell(documents: list[Document], replies: list[MemoryReply], warnings: tuple[str, ...], *, as_json: bool, ids: bool) -> None:
    """What was stored, for people or for programs."""
    if ids:
        emit_ids(cube for reply in replies for cube in reply.cubes)
    elif as_json:
        told = [
            {"name": document.name, "format": document.format, "value": reply.value, "ids": [cube.id for cube in reply.cubes]}
            for document, reply in zip(documents, replies, strict=True)
        ]
        emit({"documents": told, "warnings": list(dict.fromkeys(warnings))})
        return
    else:
        for document, reply in zip(documents, replies, strict=True):
            value = reply.value or {}
            counts = ", ".join(f"{value[name]:,} {name}" for name in ("added", "unchanged", "moved", "forgotten") if value.get(name))
            say(f"{document.name}: {counts or 'as it was'}")
    warn(dict.fromkeys(warnings))

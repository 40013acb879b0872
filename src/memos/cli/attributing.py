"""Attributing: the command `trace`, which finds where a text comes from, and the group `manifest`, which signs what is given away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memos.cli.auditing import ROLE
from memos.cli.command import Target, command
from memos.cli.inputs import texts_of
from memos.cli.output import emit, emit_reply, say, snippet, table, warn
from memos.errors import BackendError, InvalidCall

if TYPE_CHECKING:
    from memos.infrastructure.memgovernance.manifest import TextFound
    from memos.memcube.call import MemoryReply

FILE = click.Path(path_type=Path)
LONGEST = 1 << 22
"""A file of more bytes holds no manifest, no key and no text that one speaks for."""
TEXTS = {
    "same": "the text is the one that was signed",
    "similar": "the text is the one that was signed, with changes: {:.0%} of its passages",
    "other": "the text is another one",
    "unknown": "nothing tells whether the text is the one: the manifest has none, or came without its opening",
}


@command(
    "trace",
    'memos trace "The spare key is with the neighbour, behind the blue door."',
    "memos trace - --limit 3 --json < page.txt",
    'memos trace "The spare key is with the neighbour, behind the blue door." --role auditor',
)
@click.argument("words", nargs=-1, required=True, metavar="TEXT|-")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="How many sources at most.")
@click.option("--namespace", "namespaces", multiple=True, metavar="PATH", help="Where to look, instead of in all that is yours.")
@ROLE
def trace(target: Target, words: tuple[str, ...], roles: tuple[str, ...], *, limit: int, namespaces: tuple[str, ...]) -> None:
    """Find the memories from which TEXT was taken, word for word or nearly so, and whose copy it is; - reads stdin."""
    with target.memory(own=True) as memory:
        session = target.acting(memory, roles=roles)
        reply = session.trace(" ".join(texts_of(words)), limit=limit, namespaces=namespaces or None)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        show_trace(reply)


def show_trace(reply: MemoryReply) -> None:
    """The verdict on one line, the sources as a table, and whose copy it is."""
    found = reply.value
    if found["verdict"] == "found":
        texts = {cube.id: snippet(cube.text, 60) for cube in reply.cubes}
        table(
            ("share", "letters", "memory", "text"),
            [(f"{each['share']:.0%}", str(each["letters"]), each["id"], texts.get(each["id"], "")) for each in found["sources"]],
            numbers=("share", "letters"),
        )
    elif found["verdict"] == "ambiguous":
        say(f"ambiguous: {found['shared_by']} memories or more hold the same {found['share']:.0%} of it")
    else:
        say("none: no memory that you may see holds a passage of it")
    if found["copy"] is not None:
        say(f"marked: the copy of {found['copy']['recipient']}, made for {found['copy']['by']}")
    warn(reply.warnings)


@click.group(
    "manifest",
    epilog="""\b
Examples:
  memos manifest make "She is allergic to peanuts." --memory ID --recipient clinic-b --to manifest.json
  memos manifest verify manifest.json --key memory-audit.pem
  memos manifest verify manifest.json --text received.txt --user alice""",
)
def manifest() -> None:
    """Sign what is given to other parties, and tell whose it was."""


@command(
    "make",
    'memos manifest make "She is allergic to peanuts." --memory 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e --recipient clinic-b',
    "memos manifest make - --call 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e --recipient b --to b.json --marked b.txt < answer.txt",
)
@click.argument("words", nargs=-1, metavar="[TEXT|-]")
@click.option("--memory", "memories", multiple=True, metavar="ID", help="A memory that the text was made of; may be repeated.")
@click.option("--call", "call_id", metavar="ID", help="The call of yours that disclosed the memories.")
@click.option("--recipient", metavar="NAME", help="To whom it goes.")
@click.option("--agent", metavar="NAME", help="The agent that made the text.")
@click.option("--model", metavar="NAME", help="The model that made the text.")
@click.option("--purpose", metavar="NAME", help="What it is given for.")
@click.option("--to", "place", type=FILE, metavar="FILE", help="Where to write the manifest.  [default: stdout]")
@click.option("--marked", "copy", type=FILE, metavar="FILE", help="Where to write the text with the recipient's marks in it.")
def make(target: Target, words: tuple[str, ...], call_id: str | None, place: Path | None, copy: Path | None, **given: Any) -> None:
    """Sign a manifest for TEXT, or for what a call disclosed; - reads stdin."""
    text = " ".join(texts_of(words)) if words else None
    of = call_id or text
    if of is None:
        raise click.UsageError("give the text, or the call that disclosed the memories with --call")
    context = {name: given[name] for name in ("agent", "model", "purpose")}
    with target.memory(own=True) as memory:
        session = target.acting(memory, **context)
        made = session.manifest(
            of, memories=given["memories"], text=text if call_id else None, recipient=given["recipient"], mark=copy is not None
        )
    if copy is not None:
        _write(copy, made.value["text"])
    if place is None:
        emit(made.value["manifest"])
        return
    _write(place, json.dumps(made.value["manifest"], indent=2) + "\n")
    if target.as_json:
        emit({"path": place, "id": made.value["manifest"]["id"]})
    else:
        say(f"signed: {place}")


@command(
    "verify",
    "memos manifest verify manifest.json --key memory-audit.pem",
    "memos manifest verify manifest.json --key memory-audit.pem --text received.txt --json",
    "memos manifest verify manifest.json --user alice --text received.txt",
)
@click.argument("file", type=FILE)
@click.option("--key", "public", type=FILE, metavar="FILE", help="The public key that `memos audit key` exported; no store is opened then.")
@click.option("--text", "received", type=FILE, metavar="FILE", help="The text that came with the manifest.")
@ROLE
@click.pass_context
def verify(
    context: click.Context, target: Target, file: Path, public: Path | None, received: Path | None, *, roles: tuple[str, ...]
) -> None:
    """Check the signature of the manifest in FILE, and the text that came with it.

    With --key nothing else is needed; without it the store says whether it signed, and whose it was. The exit code is 1 when the signature
    or the text is another.
    """
    document = _read(file)
    text = None if received is None else _text(received)
    if public is not None:
        found = checked(document, str(file), _read(public), str(public), text)
    else:
        with target.memory(own=True) as memory:
            found = target.acting(memory, roles=roles).recognise(document.decode(errors="replace"), text=text).value
    if target.as_json:
        emit(found)
    else:
        show_manifest(found)
    if not found["signed"] or found["text"] == "other":
        context.exit(1)


for each in (make, verify):
    manifest.add_command(each)


def checked(document: bytes, where: str, public: bytes, place: str, text: str | None) -> dict[str, Any]:
    """What a public key alone says of a manifest."""
    from memos.infrastructure.memgovernance.checkpoint import read_key
    from memos.infrastructure.memgovernance.manifest import compare, is_signed, read_manifest

    key, made = read_key(public, place), read_manifest(document, where)
    found: TextFound | None = None if text is None else compare(made, text, made.opening)
    told = made.model_dump(mode="json", exclude={"format", "text", "signature", "opening"})
    return {"signed": is_signed(made, key), **told, "text": found and found.verdict, "resemblance": found and found.resemblance}


def show_manifest(found: dict[str, Any]) -> None:
    """What is known of a manifest, for people."""
    say("the signature is good" if found["signed"] else "the signature is of another key, or the manifest was changed")
    if not found["signed"]:
        return
    for name in ("caller", "agent", "model", "purpose", "recipient", "call", "at"):
        if found[name] is not None:
            say(f"{name}: {found[name]}")
    for each in found["memories"]:
        seen = {True: "  (yours to see)", False: "  (not yours to see, or gone)", None: ""}[each.get("visible")]
        say(f"memory: {each['id']} version {each['version']}{seen}")
    if found["text"] is not None:
        say(TEXTS[found["text"]].format(found["resemblance"] or 0.0))
    if found.get("copy") is not None:
        say(f"marked: the copy of {found['copy']['recipient']}, made for {found['copy']['by']}")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            body = file.read(LONGEST + 1)
    except OSError as error:
        raise InvalidCall(f"{path} cannot be read ({error.strerror}); name another file") from None
    if len(body) > LONGEST:
        raise InvalidCall(f"{path} is too long; name a file of at most {LONGEST:,} bytes")
    return body


def _text(path: Path) -> str:
    try:
        return _read(path).decode()
    except UnicodeDecodeError as error:
        raise InvalidCall(f"{path} is not UTF-8 at byte {error.start:,}; convert it first") from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BackendError(f"{path} cannot be written ({error.strerror}); name another place") from None

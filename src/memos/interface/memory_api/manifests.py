"""Manifests: `manifest` signs what is given to another party, `recognise` tells whose such a document, or such a marked copy, is."""

from __future__ import annotations

import json
from hashlib import blake2b
from itertools import islice
from typing import Annotated, Any

from pydantic import BeforeValidator

from memos.errors import InvalidCall, NotFound
from memos.interface.memory_api.desk import Prepared, Work, read_options
from memos.interface.memory_api.log_query import NAMESAKES
from memos.interface.memory_api.log_rows import Reading
from memos.interface.memory_api.query import named
from memos.memcube.call import MemoryReply, Name
from memos.memcube.cube import MemCube
from memos.memcube.log import OK, CallId, LogQuery
from memos.memcube.value import Value, legal_text
from memos.ports.adapter import View

TEXT_BYTES = 1 << 20
"""The longest text that a manifest speaks for."""
MEMORIES = 1000
PREFIX = 8
"""So many letters of its maker's pseudonym begin a mark's code."""


def legal_disclosed(text: Any) -> str | None:
    """A text that is given away, or None; InvalidCall when it is empty or longer than a MiB."""
    if text is None:
        return None
    if not isinstance(text, str) or not text.strip() or len(legal_text(text).encode()) > TEXT_BYTES:
        raise InvalidCall(f"a manifest speaks for a text of 1 to {TEXT_BYTES:,} bytes; make one for each part")
    return text


Disclosed = Annotated[str | None, BeforeValidator(legal_disclosed)]


class ManifestOptions(Value):
    """The text, the call it was made of, to whom it goes, and whether it is to be marked for them."""

    text: Disclosed = None
    call: CallId | None = None
    recipient: Name = None
    mark: bool = False


class RecogniseOptions(Value):
    """A manifest as a JSON text or object, and the text that came with it, if it did."""

    document: Any
    text: Disclosed = None


def prepare_manifest(work: Work) -> Prepared:
    """A signed manifest, `value["manifest"]`, and the text with marks where these are wanted, `value["text"]`."""
    from memos.infrastructure.memgovernance.manifest import Manifest, proof, signed
    from memos.infrastructure.memgovernance.marks import marked, unmarked

    options, who = read_options(ManifestOptions, work), work.caller
    if options.mark and (options.text is None or options.recipient is None):
        raise InvalidCall("a mark needs the text that it is to stand in, and the recipient that it names")
    versions = _versions(work, options)
    cubes = tuple(work.view.get([each["id"] for each in versions], grant=work.grant.filter, now=work.now).values())
    me, opening = work.view.pseudonym(who), opening_of(work.view, work.call.id)
    text = None if options.text is None else unmarked(options.text)
    text = marked(text, code_of(work.view, me, options.recipient or "")) if options.mark and text is not None else text
    made = Manifest.model_validate({
        "id": work.call.id, "store_id": work.desk.signing.store_id, "at": work.now, "caller": me, "agent": who.agent, "model": who.model,
        "purpose": who.purpose, "call": options.call, "memories": versions, "recipient": options.recipient,
        "behaviour": keyed(work.view, "behaviour", me, who.agent, who.model, versions)[:32],
        "text": None if text is None else proof(text, opening, marked=options.mark), "opening": "" if text is None else opening,
    })  # fmt: skip
    value = {"manifest": signed(made, work.desk.signing.secret()).document(), "text": text if options.mark else None}
    return Prepared(MemoryReply(call_id=work.call.id, value=value, call=work.call, seq=work.view.seq), told=cubes)


def prepare_recognise(work: Work) -> Prepared:
    """Whether this store signed a manifest, whose it was, and how a text stands to it. Nobody else's name is told but to auditors."""
    from memos.infrastructure.memgovernance.checkpoint import public_key
    from memos.infrastructure.memgovernance.manifest import compare, is_signed, read_manifest

    options = read_options(RecogniseOptions, work)
    manifest = read_manifest(options.document, "the document")
    genuine = is_signed(manifest, public_key(work.desk.signing.secret()))
    whose = name_of(work, manifest.caller) if genuine else None
    mine = whose is not None
    ids = [each.id for each in manifest.memories]
    seen = work.view.allowed(ids, grant=work.grant.filter, now=work.now) if genuine else frozenset()
    value: dict[str, Any] = {
        "signed": genuine,
        "caller": whose,
        **manifest.model_dump(mode="json", include={"id", "at", "agent", "model", "purpose", "call", "recipient", "key_id"}),
        "memories": [{**each.model_dump(), "visible": each.id in seen} for each in manifest.memories],
        "text": None,
        "resemblance": None,
        "copy": None,
    }
    if options.text is not None:
        opening = opening_of(work.view, manifest.id) if mine and manifest.text is not None else manifest.opening
        verdict, alike = compare(manifest, options.text, opening)
        value |= {"text": verdict, "resemblance": alike, "copy": copy_of(work, options.text)}
    return Prepared(MemoryReply(call_id=work.call.id, value=value, call=work.call, seq=work.view.seq))


def _versions(work: Work, options: ManifestOptions) -> list[dict[str, Any]]:
    """The versions that are vouched for: those named, as they stand now, or those that a call of the caller's was given or wrote."""
    if options.call is None:
        if not work.call.cubes:
            raise InvalidCall("a manifest needs the memories that were disclosed, or the id of the call that disclosed them")
        given = [(cube.id, cube.version) for cube in _decided(work)]
    else:
        given = [(memory[0], memory[1]) for memory in _memories_of(work, options.call)]
        wanted = {ref.id for ref in work.call.cubes}
        if wanted - {cube_id for cube_id, _ in given}:
            raise InvalidCall(f"the call {options.call} did not disclose all of the memories named; leave those out, or the call")
        given = [each for each in given if not wanted or each[0] in wanted]
    found = list(dict.fromkeys(given))
    if not 1 <= len(found) <= MEMORIES:
        raise InvalidCall(f"a manifest speaks for 1 to {MEMORIES:,} memories, not {len(found):,}; make one for each part")
    return [{"id": cube_id, "version": version} for cube_id, version in found]


def _decided(work: Work) -> tuple[MemCube, ...]:
    """The memories named, each decided by itself, as before it leaves."""
    cubes = named(work)
    reply = MemoryReply(call_id=work.call.id, cubes=cubes, call=work.call)
    _, withheld = work.desk.governance.disclose(work.warrant, work.grant, reply, work.now, work.heads)
    if withheld:
        raise NotFound(f"there is no memory {withheld[0]} here for you; list() shows those there are")
    return cubes


def _memories_of(work: Work, call: str) -> tuple[tuple[Any, ...], ...]:
    reading = Reading(work, LogQuery(calls=(call,)))
    for entry in islice(reading.entries(reading.ends()), NAMESAKES):
        if entry.row["caller"] == reading.mine and entry.row.get("status", OK) == OK:
            return entry.memories
    raise NotFound(f"there is no call {call} of yours that was answered; log() shows those there are")


def keyed(view: View, purpose: str, *parts: Any) -> str:
    """A hash in hexadecimal, 64 letters, that the store's key alone makes: of what the store seals for this purpose."""
    return blake2b(view.seal(json.dumps([purpose, view.tenant, *parts])).encode(), digest_size=32).hexdigest()


def opening_of(view: View, manifest: str) -> str:
    """The key of a manifest's text."""
    return keyed(view, "opening", manifest)


def code_of(view: View, pseudonym: str, recipient: str) -> str:
    """What a mark says: whose copy, and by whom, under the store's seal."""
    return view.seal(f"m:{pseudonym[:PREFIX]}{recipient}")


def copy_of(work: Work, text: str) -> dict[str, str | None] | None:
    """Whose copy a text is, as a mark in it says that this caller made, or for auditors anybody of the tenant; None without one."""
    from memos.infrastructure.memgovernance.marks import codes

    for code in codes(text):
        said = work.view.unseal(code)
        if said is not None and said.startswith("m:"):
            whose = name_of(work, said[2 : 2 + PREFIX])
            if whose is not None:
                return {"recipient": said[2 + PREFIX :], "by": whose}
    return None


def name_of(work: Work, pseudonym: str) -> str | None:
    """Who a pseudonym, or its beginning, is: the caller by name, to auditors any user of the tenant; None for nobody that may be told."""
    governance, view, who = work.desk.governance, work.view, work.caller
    if view.pseudonym(who).startswith(pseudonym):
        return who.user
    if not governance.may_audit(who):
        return None
    users = governance.users((*view.paths("user"), *view.paths("context")))
    return next(
        (user for user in users if view.pseudonym(who.model_copy(update={"user": user, "kind": "user"})).startswith(pseudonym)), None
    )

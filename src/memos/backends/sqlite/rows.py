"""Rows: a MemCube as a row of `version`, and back."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json

from memos.errors import DAMAGE, InvalidCall, damaged
from memos.memcube.cube import MemCube, Path, Tag, Usage
from memos.memcube.fields import instant, microseconds
from memos.memcube.filter import Filter
from memos.memcube.legal import TEXT_BYTES
from memos.memcube.matching import acl_entries
from memos.memcube.payload import Activation, Parameter, Payload, Plaintext
from memos.memcube.policy import AclEntry, Policy, SensitiveSpan, Sensitivity
from memos.memcube.provenance import CallContext, Parent, Provenance, ProvenanceRecord
from memos.memcube.spans import indexed
from memos.memcube.state import Layer, State
from memos.memcube.value import restored, trusted

STATES = {str(state): state for state in State}
LAYERS = {str(layer): layer for layer in Layer}
TAG, PATH, PARENT, SPAN = (tuple(kind.model_fields) for kind in (Tag, Path, Parent, SensitiveSpan))
"""The names of their fields; the header holds their values in this order."""
UNUSED = Usage()
Header = dict[str, Any]


def id_bytes(cube_id: str) -> bytes:
    """The 16 bytes of an id; InvalidCall when it is no UUID in canonical form."""
    try:
        body = bytes.fromhex(cube_id.replace("-", ""))
    except (AttributeError, ValueError):
        body = b""
    if len(body) != 16 or id_text(body) != cube_id:
        raise InvalidCall(f"{str(cube_id)[:60]!r} is no id; ids are UUIDs in canonical form, as `Clock.new_id` gives them")
    return body


def id_text(body: bytes) -> str:
    """The canonical form of an id's 16 bytes."""
    text = body.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def maybe(when: datetime | None) -> int | None:
    """Microseconds since 1970, or None."""
    return None if when is None else microseconds(when)


def maybe_instant(when: int | None) -> datetime | None:
    """The datetime of microseconds since 1970, or None."""
    return None if when is None else instant(when)


def speaker_of(speaker: str | None, header: str) -> str | None:
    """The speaker as far as search may know it: not where something beside the text is more sensitive than the memory."""
    return None if '"w":1' in header and from_json(header).get("w") == 1 else speaker


def known_of(text: str, header: str, sensitivity: Sensitivity) -> str:
    """What search may know of a text, by the header and the sensitivity of the row that brought it."""
    if '"s":' not in header:
        return text
    spans = tuple(SensitiveSpan(**dict(zip(SPAN, span, strict=True))) for span in from_json(header).get("s", ()))
    return indexed(text, Policy(owner="", sensitivity=sensitivity, spans=spans))


def own_entries(cube: MemCube) -> str | None:
    """What a memory adds to the access lists of its namespace, as it is interned; None for nothing."""
    entries = acl_entries(cube)
    return entries_text(set(entries)) if entries else None


def acl_text(acl: Sequence[AclEntry]) -> str | None:
    """An access list as it is interned: the sorted `right:principal` as JSON; None when it is empty."""
    entries = {f"{right}:{entry.principal}" for entry in acl for right in entry.rights}
    return entries_text(entries) if entries else None


def entries_text(entries: set[str]) -> str:
    """`right:principal` entries as they are interned."""
    return to_json(sorted(entries)).decode()


@lru_cache(maxsize=4096)
def read_entries(text: str | None) -> tuple[str, ...]:
    """The entries of an interned list."""
    return tuple(from_json(text)) if text else ()


def body_of(payload: Payload) -> str:
    """What `content` keeps of a payload."""
    return payload.text if isinstance(payload, Plaintext) else payload.model_dump_json(exclude={"type"})


def text_of(body: str | bytes) -> str:
    """The text of a content, deflated or not."""
    if isinstance(body, str):
        return body
    inflating = zlib.decompressobj()
    text = inflating.decompress(body, TEXT_BYTES)
    if not inflating.eof:
        raise ValueError("it does not end where a text must")
    return text.decode()


def _payload(kind: str, kept: str | bytes) -> Payload:
    body = text_of(kept)
    if kind == "plaintext":
        return trusted(Plaintext, {"type": kind, "text": body})
    fields = {"type": kind, **from_json(body)}
    return restored(Activation, fields) if kind == "activation" else restored(Parameter, fields)


def metadata_text(cube: MemCube) -> str | None:
    """Metadata as JSON, None when there is none."""
    return to_json(cube.metadata).decode() if cube.metadata else None


def header_text(cube: MemCube) -> str:
    """The JSON of what no filter reads, without what is not set; its keys are short, for there is one in every row."""
    policy, provenance = cube.policy, cube.provenance
    header: Header = {"o": provenance.origin, "c": _context(provenance.context)}
    if cube.tags:
        header["t"] = [(tag.name, tag.value, tag.by, tag.confidence) for tag in cube.tags]
    if cube.path is not None:
        header["p"] = (cube.path.topic, cube.path.concept, cube.path.fact)
    if cube.labels:
        header["l"] = cube.labels
    if policy.acl:
        header["a"] = [(entry.principal, entry.rights) for entry in policy.acl]
    if policy.spans:
        header["s"] = [(span.start, span.end, span.label, span.sensitivity, span.by) for span in policy.spans]
    if policy.stated is not None:
        header["n"] = policy.stated
    if not policy.examined:
        header["e"] = 0
    if policy.veiled:
        header["w"] = 1
    if policy.conditions is not None:
        header["f"] = policy.conditions.to_json()
    if policy.licence is not None:
        header["i"] = policy.licence
    _add_provenance(header, provenance)
    return to_json(header).decode()


def _add_provenance(header: Header, provenance: Provenance) -> None:
    if provenance.trigger is not None:
        header["g"] = provenance.trigger
    if provenance.model is not None:
        header["m"] = provenance.model
    if provenance.links:
        header["k"] = provenance.links
    if provenance.parents:
        header["q"] = [(parent.id, parent.version, parent.relation) for parent in provenance.parents]
    if provenance.records:
        header["r"] = [
            (microseconds(record.at), record.origin, record.trigger, _context(record.context), record.links, record.model)
            for record in provenance.records
        ]


def _context(context: CallContext) -> list[str | None]:
    fields = [context.user, context.call, context.session, context.agent, context.purpose, context.task]
    while fields[-1] is None:
        fields.pop()
    return fields


def _read_context(fields: list[str | None]) -> CallContext:
    user, call, session, agent, purpose, task = fields + [None] * (6 - len(fields))
    return trusted(CallContext, {"user": user, "agent": agent, "session": session, "purpose": purpose, "task": task, "call": call})


def _read_provenance(provenance_id: bytes, header: Header) -> Provenance:
    fields = {
        "id": id_text(provenance_id),
        "origin": header["o"],
        "trigger": header.get("g"),
        "context": _read_context(header["c"]),
        "model": header.get("m"),
        "links": tuple(header.get("k", ())),
        "parents": tuple(trusted(Parent, dict(zip(PARENT, parent, strict=True))) for parent in header.get("q", ())),
        "records": tuple(map(_read_record, header.get("r", ()))),
    }
    return trusted(Provenance, fields)


def _read_record(fields: list[Any]) -> ProvenanceRecord:
    at, origin, trigger, context, links, *model = fields  # the model is absent from rows of the first days
    record = {"at": instant(at), "origin": origin, "trigger": trigger, "context": _read_context(context), "links": tuple(links)}
    return trusted(ProvenanceRecord, record | {"model": model[0] if model else None})


def _read_policy(header: Header, owner: str, expires_at: int | None, priority: int, sensitivity: str) -> Policy:
    conditions = header.get("f")
    fields = {
        "owner": owner,
        "acl": tuple(trusted(AclEntry, {"principal": principal, "rights": tuple(rights)}) for principal, rights in header.get("a", ())),
        "expires_at": maybe_instant(expires_at),
        "priority": priority,
        "sensitivity": sensitivity,
        "stated": header.get("n"),
        "examined": header.get("e", 1) == 1,
        "veiled": header.get("w") == 1,
        "spans": tuple(trusted(SensitiveSpan, dict(zip(SPAN, span, strict=True))) for span in header.get("s", ())),
        "conditions": None if conditions is None else Filter.parse(conditions, internal=True),
        "licence": header.get("i"),
    }
    return trusted(Policy, fields)


def _read_usage(count: int | None, last_used_at: int, heat: float) -> Usage:
    return UNUSED if count is None else trusted(Usage, {"count": count, "last_used_at": instant(last_used_at), "heat": heat})


def read_cube(row: tuple[Any, ...]) -> MemCube:
    """The MemCube of a row with the columns of `cube_columns` in view.sql; its values come from the store and are trusted."""
    try:
        return _read_cube(row)
    except (*DAMAGE, InvalidCall) as error:
        raise damaged(f"a row of the store, written by commit {row[7]},", error) from error


def _read_cube(row: tuple[Any, ...]) -> MemCube:
    (
        cube_id, provenance_id, namespace, body, count, last_used_at, heat, seq, version, layer, kind, state, frozen, owner, sensitivity,
        priority, speaker, role, session, ordinal, said_at, created_at, updated_at, valid_from, valid_to, expires_at, metadata, header_text,
    ) = row  # fmt: skip
    header: Header = from_json(header_text)
    path = header.get("p")
    fields = {
        "id": id_text(cube_id),
        "namespace": namespace,
        "layer": LAYERS[layer],
        "payload": _payload(kind, body),
        "tags": tuple(trusted(Tag, dict(zip(TAG, tag, strict=True))) for tag in header.get("t", ())),
        "path": None if path is None else trusted(Path, dict(zip(PATH, path, strict=True))),
        "state": STATES[state],
        "frozen": frozen == 1,
        "version": version,
        "labels": tuple(header.get("l", ())),
        "policy": _read_policy(header, owner, expires_at, priority, sensitivity),
        "provenance": _read_provenance(provenance_id, header),
        "usage": _read_usage(count, last_used_at, heat),
        "valid_from": maybe_instant(valid_from),
        "valid_to": maybe_instant(valid_to),
        "said_at": instant(said_at),
        "created_at": instant(created_at),
        "updated_at": instant(updated_at),
        "speaker": speaker,
        "role": role,
        "session": session,
        "ordinal": ordinal,
        "metadata": from_json(metadata) if metadata else {},
        "seq": seq,
    }
    return trusted(MemCube, fields)


def told_commit(row: tuple[Any, ...]) -> dict[str, Any]:
    """A row of the commit log as it is told: ids and versions written, the caller as a keyed pseudonym."""
    seq, at, tenant, branch, operation, call_id, caller, writes, counts, took = row
    pieces = [writes[start : start + 20] for start in range(0, len(writes), 20)]
    return {
        "seq": seq,
        "at": instant(at),
        "tenant": tenant,
        "branch": branch,
        "operation": operation,
        "call_id": id_text(call_id),
        "caller": caller.hex(),
        "writes": tuple((id_text(piece[:16]), int.from_bytes(piece[16:], "little")) for piece in pieces),
        "counts": from_json(counts) if counts != "{}" else {},
        "took": took,
    }

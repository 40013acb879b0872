"""Arrange: `transfer` moves a memory to another namespace, `compose` makes one of several."""

from __future__ import annotations

from functools import reduce
from typing import Annotated

from pydantic import BeforeValidator

from memos.errors import InvalidCall
from memos.interface.memory_api import provenance
from memos.interface.memory_api.create import UNUSED, replay
from memos.interface.memory_api.desk import Options, Prepared, Work, fitting, read_options
from memos.interface.memory_api.lapsed import lapsed, retired
from memos.interface.memory_api.query import named
from memos.interface.memory_api.structure import users
from memos.interface.memory_api.update import changeable, fact_of, rewritten, room_or_none, single
from memos.memcube.call import MemoryReply
from memos.memcube.change import CubeWrite, Edge, ReadSet
from memos.memcube.cube import MemCube, Tag
from memos.memcube.derivation import require_text
from memos.memcube.legal import legal_body, legal_namespace, legal_tags
from memos.memcube.namespace import layer_of
from memos.memcube.payload import Plaintext
from memos.memcube.policy import SENSITIVITIES, AclEntry, Policy, Sensitivity
from memos.memcube.quarantine import put_under, quarantined
from memos.memcube.spans import carried
from memos.memcube.value import Text
from memos.memcube.vector import Vector
from memos.operation.memoperator.analysis import analyse


class TransferOptions(Options):
    """Where to: a namespace."""

    to: Annotated[str, BeforeValidator(legal_namespace)]


class ComposeOptions(Options):
    """Where the composed memory goes, and its tags."""

    namespace: Annotated[str | None, BeforeValidator(legal_namespace)] = None
    tags: Annotated[tuple[Tag, ...], BeforeValidator(legal_tags)] = ()
    separator: str = "\n\n"
    links: tuple[Text, ...] = ()
    vector: Vector | None = None


def prepare_transfer(work: Work) -> Prepared:
    """The same memory, with its id and history, in another namespace."""
    options = read_options(TransferOptions, work)
    if replayed := replay(work):
        return replayed
    cube = single(changeable(work, "share"))
    require_text(cube, "transfer the memories it is made of, and it is made anew")
    work.warrant.require_create([options.to], cube.policy.sensitivity)
    if options.to == cube.namespace:
        raise InvalidCall(f"the memory {cube.id} is in {options.to} already")
    over = _room_for_turn(work, cube, options.to)
    moved = {"namespace": options.to, "layer": layer_of(options.to), "version": cube.version + 1, "updated_at": work.now}
    moved["provenance"] = provenance.mutated(work, cube.provenance, "transfer")
    return rewritten(work, cube, cube.model_copy(update=moved), over=over)


def _room_for_turn(work: Work, cube: MemCube, namespace: str) -> tuple[MemCube, ...]:
    if cube.session is None or cube.ordinal is None:
        return ()
    standing = work.view.turns(namespace, cube.session, [cube.ordinal]).values()
    over = lapsed(work, standing)
    if len(over) < len(standing):
        raise InvalidCall(f"turn {cube.ordinal} of session {cube.session!r} stands already in {namespace}")
    return over


def prepare_compose(work: Work) -> Prepared:
    """A new memory of several, which stay; its parents keep their order, its policy is the strictest of theirs."""
    options = read_options(ComposeOptions, work)
    if replayed := replay(work):
        return replayed
    parts = named(work)
    if len({part.id for part in parts}) < 2:
        raise InvalidCall("compose needs at least two different memories")
    for part in parts:
        require_text(part, "compose the memories it is made of")
    namespace = options.namespace or work.desk.governance.home(work.caller)
    work.warrant.require_create([namespace])
    cube = _composed(work, parts, namespace, options)
    terms = analyse(cube.text, None, None)
    over, fact = room_or_none(work, cube, fact_of(cube))
    write = CubeWrite(cube=cube, birth=True, terms=terms, vector=fitting(work, options.vector), fact=fact)
    edges = tuple(Edge(source=cube.id, target=part_id, relation="composed_of") for part_id in dict.fromkeys(part.id for part in parts))
    writes = (*(retired(work, each) for each in over), write)
    change = work.change(writes=writes, edges=edges, idempotency=work.idempotency((cube.id,)))
    reply = MemoryReply(call_id=work.call.id, cubes=(cube,), call=work.call)
    return Prepared(reply, change, ReadSet(versions={part.id: part.seq for part in (*over, *parts)}))


def _composed(work: Work, parts: tuple[MemCube, ...], namespace: str, options: ComposeOptions) -> MemCube:
    cube_id, parts = work.desk.clock.new_id(), tuple(work.desk.governance.redacted(work.warrant, part) for part in parts)
    text = legal_body(options.separator.join(part.text for part in parts))
    marked = carried(text, *((part.text, part.policy.spans) for part in parts))
    return MemCube(
        id=cube_id,
        namespace=namespace,
        layer=layer_of(namespace),
        payload=Plaintext(text=text),
        tags=users(options.tags),
        policy=_policy(work, parts, namespace).model_copy(update={"spans": marked}),
        provenance=provenance.composed(work, cube_id, parts, options.links),
        usage=UNUSED,
        said_at=max(part.said_at for part in parts),
        created_at=work.now,
        updated_at=work.now,
    )


def _policy(work: Work, parts: tuple[MemCube, ...], namespace: str) -> Policy:
    """The strictest of the parts', under quarantine when one of them is, or when the caller is not trusted there."""
    policy, caller = strictest(work.caller.principal, parts), work.caller
    writer = work.warrant.distrusted(namespace)
    if writer is None and not any(quarantined(part.policy) for part in parts):
        return policy
    return put_under(policy, writer or (f"agent:{caller.agent}" if caller.agent else f"user:{caller.user}"))


def strictest(owner: str, parts: tuple[MemCube, ...]) -> Policy:
    """A policy that allows nothing that any of the parts' policies forbids."""
    ends = [part.policy.expires_at for part in parts if part.policy.expires_at is not None]
    conditions = [part.policy.conditions for part in parts if part.policy.conditions is not None]
    licences = {part.policy.licence for part in parts if part.policy.licence}
    if len(licences) > 1:
        raise InvalidCall(f"memories under different licences ({', '.join(sorted(licences))}) cannot be composed")
    return Policy(
        owner=owner,
        acl=_shared_rights(parts),
        expires_at=min(ends, default=None),
        priority=max(part.policy.priority for part in parts),
        sensitivity=max((part.policy.sensitivity for part in parts), key=SENSITIVITIES.index),
        stated=_stated(parts),
        conditions=reduce(lambda one, other: one & other, conditions) if conditions else None,
        licence=next(iter(licences), None),
    )


def _stated(parts: tuple[MemCube, ...]) -> Sensitivity | None:
    """What users stated, where one did: the strictest of all parts, and restricted while one of them is not examined yet."""
    if all(part.policy.stated is None for part in parts):
        return None
    stated = (part.policy.stated if part.policy.stated is not None else part.policy.sensitivity for part in parts)
    return max(stated, key=SENSITIVITIES.index)


def _shared_rights(parts: tuple[MemCube, ...]) -> tuple[AclEntry, ...]:
    rights = [{(entry.principal, right) for entry in part.policy.acl for right in entry.rights} for part in parts]
    common = set.intersection(*rights)
    principals = sorted({principal for principal, _ in common})
    return tuple(AclEntry(principal=one, rights=tuple(sorted(right for other, right in common if other == one))) for one in principals)

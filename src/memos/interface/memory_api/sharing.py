"""Sharing: opens memories to others, and namespaces with all below them; withdraws that again. It holds from the next call on."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from memos.errors import Denied, InvalidCall
from memos.infrastructure.memgovernance.permission.actions import Action
from memos.interface.memory_api import provenance
from memos.interface.memory_api.create import replay
from memos.interface.memory_api.desk import Options, Prepared, Work, read_options
from memos.interface.memory_api.update import changeable, fact_of
from memos.memcube.call import MemoryReply
from memos.memcube.change import CubeWrite, NamespaceAcl, ReadSet
from memos.memcube.cube import MemCube
from memos.memcube.derivation import require_text
from memos.memcube.legal import legal_acl, legal_namespace
from memos.memcube.policy import AclEntry, Right
from memos.memcube.quarantine import quarantined
from memos.memcube.rule import Rule
from memos.memcube.value import Text, build

GIVEN: dict[Right, Action] = {
    "read": "read", "write": "write", "history": "history", "share": "share", "forget": "forget", "admin": "erase", "review": "erase",
}  # fmt: skip
"""What one must be allowed oneself to give a right to others."""


class ShareOptions(Options):
    """With whom, and which rights; none withdraws all that a principal had from the memories' own lists."""

    principals: tuple[Text, ...] = Field(min_length=1, max_length=100)
    rights: tuple[Right, ...] = ("read",)


class AclOptions(Options):
    """A namespace, and the list that it is to hand down to all in it and below it; without `acl` it is only told."""

    namespace: Annotated[str, BeforeValidator(legal_namespace)]
    acl: Annotated[tuple[AclEntry, ...], BeforeValidator(legal_acl)] | None = None


def prepare_share(work: Work) -> Prepared:
    """The memories named with their access lists changed; nothing else of them is."""
    options = read_options(ShareOptions, work)
    if replayed := replay(work):
        return replayed
    before = tuple({cube.id: cube for cube in changeable(work, "share")}.values())
    for cube in before:
        require_text(cube, "share the memories it is made of: who may read all of them is served by it")
    for right in options.rights:
        work.warrant.require(GIVEN[right], before)
    if under := [cube.id for cube in before if quarantined(cube.policy)]:
        raise Denied(f"the memory {under[0]} is under quarantine: it is shared when a reviewer has released it")
    after = [_shared(work, cube, options) for cube in before]
    changed = [(old, new) for old, new in zip(before, after, strict=True) if new.policy != old.policy]
    reply = MemoryReply(call_id=work.call.id, cubes=tuple(after), call=work.call)
    if not changed:
        return Prepared(reply)
    writes = tuple(CubeWrite(cube=new, birth=False, fact=fact_of(new)) for _, new in changed)
    ids = tuple(cube.id for cube in before)
    change = work.change(writes=writes, idempotency=work.idempotency(ids))
    return Prepared(reply, change, ReadSet(versions={old.id: old.seq for old, _ in changed}))


def _shared(work: Work, cube: MemCube, options: ShareOptions) -> MemCube:
    lists = {entry.principal: entry.rights for entry in cube.policy.acl}
    lists |= {name: tuple(sorted(set(options.rights))) for name in options.principals}
    entries = legal_acl({name: rights for name, rights in sorted(lists.items()) if rights})
    acl = tuple(build(AclEntry, **each) for each in entries)
    if acl == cube.policy.acl:
        return cube
    made = provenance.mutated(work, cube.provenance, "share")
    return cube.model_copy(update={"policy": cube.policy.model_copy(update={"acl": acl}), "provenance": made})


def prepare_acl(work: Work) -> Prepared:
    """The access list of a namespace: told to who may read there as well as to who may change it, or set anew."""
    options = read_options(AclOptions, work)
    if work.elsewhere:
        raise InvalidCall("access lists are of the present, whatever is read; leave `at` and the branch out")
    work.warrant.require_share(options.namespace)
    if options.acl is None:
        own = work.view.rules("acl").get(options.namespace, {"acl": ()})["acl"]
        value = {"namespace": options.namespace, "acl": list(own), "in_force": list(work.view.inherited(options.namespace))}
        return Prepared(MemoryReply(call_id=work.call.id, value=value, call=work.call, seq=work.view.seq))
    body: dict[str, Any] = {"acl": [entry.model_dump(mode="json") for entry in options.acl]}
    rule = Rule("acl", options.namespace, body)
    change = work.change(acls=(NamespaceAcl(options.namespace, options.acl),), rules=(rule,))
    value = {"namespace": options.namespace, "acl": body["acl"]}
    return Prepared(MemoryReply(call_id=work.call.id, value=value, call=work.call), change)

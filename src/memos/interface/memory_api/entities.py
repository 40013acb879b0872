"""Entities: whom and what memories mention, which names may be one entity's, and what users say of that.

What a user says of names is a memory of its own, with the names in its tags: so who may write and read it, its versions, the past, branches
and erasure are those of every memory (decision 0024).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from memos.errors import InvalidCall
from memos.interface.memory_api import provenance
from memos.interface.memory_api.create import UNUSED, replay
from memos.interface.memory_api.desk import Options, Prepared, Work, read_options
from memos.interface.memory_api.graph import reading, told
from memos.interface.memory_api.lifecycle import moved
from memos.interface.memory_api.update import rewritten
from memos.memcube.call import CubeDraft, MemoryReply
from memos.memcube.change import CubeWrite, ReadSet
from memos.memcube.cube import MemCube, Tag
from memos.memcube.filter import Filter
from memos.memcube.legal import legal_name, legal_namespace
from memos.memcube.namespace import layer_of
from memos.memcube.payload import Plaintext
from memos.memcube.policy import Policy
from memos.memcube.quarantine import put_under
from memos.memcube.state import State
from memos.memcube.value import Value
from memos.operation.memlifecycle.transitions import Event, require_thawed
from memos.operation.memoperator.aliases import ALIAS, ENTITY, SAME, verdict
from memos.operation.memoperator.analysis import analyse
from memos.operation.memoperator.entities import clean

NAMES = 32
"""Of how many names one verdict speaks at most."""
MOST = 2000
"""How many names, the most mentioned, are looked at for who is one."""


def legal_names(given: Any) -> tuple[str, ...]:
    """Two or more different names."""
    names = tuple(given) if isinstance(given, list | tuple) else ()
    found = tuple(dict.fromkeys(clean(each) for each in names if isinstance(each, str) and legal_name(each)))
    if len(found) != len(names) or not 2 <= len(found) <= NAMES or not all(len(each.encode()) <= 200 for each in found):
        raise InvalidCall(f'give 2 to {NAMES} different names, such as ["Mel", "Melanie"]')
    return found


class EntitiesOptions(Value):
    """How many to tell of; with `suggest` the pairs of names that may be one, instead of the entities."""

    suggest: bool = False
    limit: int = Field(default=100, ge=1, le=1000, strict=True)


class ResolveOptions(Options):
    """What is said of names: that they are one entity's, that they are not, or with None nothing any more."""

    names: Annotated[tuple[str, ...], BeforeValidator(legal_names)]
    same: bool | None = True
    namespace: Annotated[str | None, BeforeValidator(legal_namespace)] = None


def prepare_entities(work: Work) -> Prepared:
    """What the memories in the caller's scope mention, the most mentioned first; or the pairs of names to decide on."""
    options = read_options(EntitiesOptions, work)
    aliases, _ = reading(work, None, (1, 1))
    if options.suggest:
        found = aliases.proposals(MOST)[: options.limit]
        rows = [{"names": list(each.names), "confidence": each.confidence, "evidence": list(each.evidence)} for each in found]
        return Prepared(MemoryReply(call_id=work.call.id, value=rows, call=work.call, seq=work.view.seq))
    counts = aliases.counts()
    groups = aliases.entities(MOST)[: options.limit]
    value = [{**told(each), "mentions": sum(counts.get(name, 0) for name in each.names)} for each in groups]
    return Prepared(MemoryReply(call_id=work.call.id, value=value, call=work.call, seq=work.view.seq))


def prepare_resolve(work: Work) -> Prepared:
    """Say of names whether they are one entity's; a later word of the same names is a new version of the memory that says it."""
    options = read_options(ResolveOptions, work)
    if replayed := replay(work):
        return replayed
    namespace = options.namespace or work.desk.governance.home(work.caller)
    standing = _standing(work, options.names, namespace)
    if standing is None:
        if options.same is None:
            reply = MemoryReply(call_id=work.call.id, call=work.call, warnings=("nothing was said of these names here",))
            return Prepared(reply)
        return _born(work, options, namespace)
    work.warrant.require("write" if options.same is not None else "forget", [standing])
    require_thawed(standing)
    if options.same is None:
        write = moved(work, standing, State.EXPIRED, Event.FORGET)
        reply = MemoryReply(call_id=work.call.id, cubes=(write.cube,), call=work.call)
        return Prepared(reply, work.change(writes=(write,)), ReadSet(versions={standing.id: standing.seq}))
    fresh = {
        "payload": Plaintext(text=_sentence(options.names, same=options.same)),
        "metadata": standing.metadata | {SAME: options.same},
        "version": standing.version + 1,
        "updated_at": work.now,
        "provenance": provenance.mutated(work, standing.provenance, "resolve"),
    }
    after = standing.model_copy(update=fresh)
    return rewritten(work, standing, after, text=after.text)


def _standing(work: Work, names: tuple[str, ...], namespace: str) -> MemCube | None:
    """The caller's own word on exactly these names in a namespace."""
    where = Filter.parse({"namespace": namespace, "owner": work.caller.principal})
    rows = work.view.tagged([f"{ALIAS}={names[0]}"], filter=where, grant=work.grant.filter, now=work.now, limit=1000)
    found = (cube for cube in work.view.load(rows) if not work.elsewhere or not work.gone(cube))
    return next((cube for cube in found if (said := verdict(cube)) is not None and set(said.names) == set(names)), None)


def _sentence(names: tuple[str, ...], *, same: bool) -> str:
    whole = f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{whole} are names of the same." if same else f"{whole} are not the same."


def _born(work: Work, options: ResolveOptions, namespace: str) -> Prepared:
    work.warrant.require_create([namespace])
    cube_id, text = work.desk.clock.new_id(), _sentence(options.names, same=bool(options.same))
    writer = work.warrant.distrusted(namespace)
    policy = Policy(owner=work.caller.principal)
    cube = MemCube(
        id=cube_id,
        namespace=namespace,
        layer=layer_of(namespace),
        payload=Plaintext(text=text),
        tags=(Tag(name=ALIAS), *(Tag(name=ALIAS, value=name) for name in options.names)),
        policy=policy if writer is None else put_under(policy, writer),
        provenance=provenance.born(work, work.context(), cube_id, CubeDraft(text=text)),
        usage=UNUSED,
        said_at=work.now,
        created_at=work.now,
        updated_at=work.now,
        metadata={SAME: options.same},
    )
    write = CubeWrite(cube=cube, birth=True, terms=analyse(text, None, None))
    change = work.change(writes=(write,), idempotency=work.idempotency((cube_id,)))
    return Prepared(MemoryReply(call_id=work.call.id, cubes=(cube,), call=work.call), change)


def orphaned(work: Work, grant: Filter, going: Mapping[str, MemCube]) -> list[MemCube]:
    """What was said of names that no memory mentions any more once some memories are gone, as far as the caller may see."""
    names = sorted({tag.value for cube in going.values() for tag in cube.tags if tag.name == ENTITY and tag.value})

    def tagged(keys: list[str], limit: int) -> list[MemCube]:
        rows = work.view.tagged(keys, filter=Filter.everything(), grant=grant, now=work.now, limit=limit)
        return work.view.load(rows)

    def gone(name: str) -> bool:
        return all(cube.id in going for cube in tagged([f"{ENTITY}={name}"], len(going) + 1))

    found = (cube for cube in tagged([f"{ALIAS}={name}" for name in names], 1000) if cube.id not in going) if names else ()
    return [cube for cube in found if (said := verdict(cube)) is not None and any(gone(name) for name in {*said.names} & {*names})]

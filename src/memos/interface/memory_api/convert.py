"""Convert: memories in another form: KV blocks and adapters that are derived of their texts, born, replaced, and let go again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from memos.errors import InvalidCall, VersionConflict
from memos.interface.memory_api import provenance
from memos.interface.memory_api.arrange import strictest
from memos.interface.memory_api.converting import DECISIONS, LEAVING, MADE, Made, Material, told
from memos.interface.memory_api.create import UNUSED
from memos.interface.memory_api.derived import forms_of, sources_of
from memos.interface.memory_api.desk import Options, Prepared, Work, read_options
from memos.interface.memory_api.query import named
from memos.interface.memory_api.replacing import STANDING, put_aside
from memos.interface.memory_api.talking import staying
from memos.memcube.call import MemoryReply
from memos.memcube.change import CubeWrite, Edge, ReadSet, Terms
from memos.memcube.cube import MemCube
from memos.memcube.derivation import DERIVED, is_derived
from memos.memcube.namespace import layer_of
from memos.memcube.payload import Activation, Parameter
from memos.memcube.provenance import Parent, Provenance
from memos.memcube.state import PRESENT, State
from memos.operation.memlifecycle.transitions import Event
from memos.operation.memscheduler.layout import line

ORIGIN = "conversion"
NO_TERMS = Terms({}, 0)


class ConvertOptions(Options):
    """To which form, an adapter by which teaching; of the system itself also why, whether as one, how wide, and by which fence."""

    to: Literal["plaintext", "activation", "parameter"]
    by: Literal["labelled", "distilled"] = "labelled"
    together: bool = False
    under: str | None = None
    only: Literal["activation", "parameter"] | None = None
    width: Literal["float16", "int8"] = "float16"
    decisions: dict[str, Any] = Field(default_factory=dict)
    made: tuple[Any, ...] = ()
    fence: Any = None


def read(work: Work) -> ConvertOptions:
    """The call's options; what only the system says is refused of others."""
    options = read_options(ConvertOptions, work)
    given = {"together", "under", "only", "width", "decisions", "fence"} & set(work.call.options)
    if given and not work.warrant.system:
        raise InvalidCall(f"convert takes to, by, wait and trigger, not {', '.join(sorted(given))}")
    return options


def materials(work: Work) -> tuple[Material, ...]:
    """Of what the blocks of a call are to be made; InvalidCall, with why, for a memory that stays text, which the system leaves out."""
    options = read(work)
    cubes = _convertible(work)
    lines = {cube.id: line(cube, own=work.warrant.system or work.warrant.owns(cube)) for cube in cubes}
    if options.together:
        ordered = tuple(sorted(cubes, key=lambda cube: cube.id))
        adapter = work.view.get([options.under], grant=work.grant.filter, now=work.now).get(options.under) if options.under else None
        return (Material(ordered, tuple(lines[cube.id] for cube in ordered), options.width, adapter),) if ordered else ()
    return tuple(Material((cube,), (lines[cube.id],), options.width) for cube in cubes)


def _convertible(work: Work) -> tuple[MemCube, ...]:
    """The memories named that may have another form."""
    if work.elsewhere:
        raise InvalidCall("memories are converted in the present; leave `at` and the branch out")
    if work.warrant.system:
        ids = [ref.id for ref in work.call.cubes]
        found = work.view.get(ids, grant=work.grant.filter, now=work.now).values()
        kept = staying(work.view, found, work.now)
        return tuple(cube for cube in found if cube.id not in kept)
    cubes = tuple({cube.id: cube for cube in named(work)}.values())
    may = work.desk.governance.permitted(work.warrant, work.grant, work.call, cubes, now=work.now, heads=None)
    kept = staying(work.view, cubes, work.now)
    for cube, allowed in zip(cubes, may, strict=True):
        why = kept.get(cube.id) if allowed else "it may not be used for this purpose now"
        if why is not None:
            raise InvalidCall(f"the memory {cube.id} stays text: {why}")
    return cubes


def prepare_convert(work: Work) -> Prepared:
    """What the forms of some memories become; `reply.cubes` are the derived memories."""
    options = read(work)
    if options.to == "plaintext":
        return _let_go(work, options)
    if options.to == "parameter" and (aside := _aside(work)):
        return _brought_back(work, aside)
    cubes = {cube.id: cube for cube in _convertible(work)}
    if options.to == "parameter":
        return _taught(work, options, tuple(cubes.values()))
    return _blocks(work, options, cubes)


def _blocks(work: Work, options: ConvertOptions, cubes: dict[str, MemCube]) -> Prepared:
    made: Sequence[Made] = work.call.options.get(MADE, ())
    standing = forms_of(work.view, list(cubes), work.now)
    shown, writes, edges, before_it = list[MemCube](), list[CubeWrite](), list[Edge](), dict[str, int]()
    for each in made:
        sources = tuple(cubes[cube_id] for cube_id, version in each.sources if cube_id in cubes and cubes[cube_id].version == version)
        if len(sources) < len(each.sources) or not sources:
            if work.warrant.system:
                continue  # it has changed meanwhile, and what was made of it is collected
            raise VersionConflict("a memory has changed while the model read it: convert it again")
        before = _same(standing.get(sources[0].id, ()), each)
        if before is not None and before.payload == each.payload:
            shown.append(before)
            continue
        decided = told(options.decisions, [cube.id for cube in sources])
        write = (
            _replaced(work, before, each, decided) if before is not None else _born(work, sources, each.payload, State.ACTIVATED, decided)
        )
        edges += [Edge(write.cube.id, source.id, DERIVED) for source in sources] if write.birth else []
        before_it |= {} if before is None else {before.id: before.seq}
        writes.append(write)
        shown.append(write.cube)
    return _prepared(work, shown, writes, edges, before_it)


def _same(forms: Iterable[MemCube], made: Made) -> MemCube | None:
    """The block that stands of the same memories for the same model and beginning, which the one made takes the place of."""
    ids = {cube_id for cube_id, _ in made.sources}
    for cube in forms:
        if (
            isinstance(cube.payload, Activation)
            and _for(cube.payload) == _for(made.payload)
            and {source for source, _ in sources_of(cube)} == ids
        ):
            return cube
    return None


def _for(payload: Activation) -> tuple[str, str | None, str]:
    """What a block is made for: the model, the adapter, and how prompts begin."""
    return payload.fingerprint, payload.adapter, payload.opening


def _replaced(work: Work, before: MemCube, made: Made, decided: list[Any]) -> CubeWrite:
    told_of = provenance.mutated(work, before.provenance, ORIGIN)
    update: dict[str, Any] = {"payload": made.payload, "version": before.version + 1, "updated_at": work.now, "provenance": told_of}
    if decided:
        update["metadata"] = before.metadata | {DECISIONS: [*before.metadata.get(DECISIONS, ()), *decided]}
    return CubeWrite(before.model_copy(update=update), birth=False, terms=NO_TERMS)


def _born(work: Work, sources: tuple[MemCube, ...], payload: Activation | Parameter, state: State, decided: list[Any]) -> CubeWrite:
    """A derived memory of some memories: where they stand, as strict as the strictest of them, with the provenance id of a single one."""
    cube_id, places = work.desk.clock.new_id(), {cube.namespace for cube in sources}
    owner = sources[0].policy.owner if work.warrant.system or len({cube.policy.owner for cube in sources}) == 1 else work.caller.principal
    namespace = (
        next(iter(places)) if len(places) == 1 else f"user/{owner}" if work.warrant.system else work.desk.governance.home(work.caller)
    )
    work.warrant.require_create([namespace])
    policy = strictest(owner, sources)
    cube = MemCube(
        id=cube_id,
        namespace=namespace,
        layer=layer_of(namespace),
        payload=payload,
        state=state,
        policy=policy,
        provenance=Provenance(
            id=sources[0].provenance.id if len(sources) == 1 else cube_id,
            origin=ORIGIN,
            trigger=work.call.options.get("trigger"),
            context=work.context(),
            model=payload.model,
            parents=tuple(Parent(id=each.id, version=each.version, relation=DERIVED) for each in sources),
        ),
        usage=UNUSED,
        said_at=max(each.said_at for each in sources),
        created_at=work.now,
        updated_at=work.now,
        metadata={DECISIONS: decided} if decided else {},
    )
    return CubeWrite(cube, birth=True, terms=NO_TERMS)


def _taught(work: Work, options: ConvertOptions, cubes: tuple[MemCube, ...]) -> Prepared:
    """An adapter that is to be trained: the worker finds it, since it is not done."""
    if not cubes:
        return _prepared(work, [], [], [], {})
    model = work.desk.engine.learning.name
    for cube in forms_of(work.view, [cubes[0].id], work.now).get(cubes[0].id, ()):
        if (
            isinstance(cube.payload, Parameter)
            and cube.payload.model == model
            and set(sources_of(cube)) == {(c.id, c.version) for c in cubes}
        ):
            return _prepared(work, [cube], [], [], {})
    payload = Parameter(blob="", model=model, bytes=0, by=options.by, done=0.0)
    write = _born(work, cubes, payload, State.GENERATED, told(options.decisions, [cube.id for cube in cubes]))
    if leaving := [move for cube_id, move in options.decisions.items() if cube_id not in {cube.id for cube in cubes}]:
        write = replace(write, cube=write.cube.model_copy(update={"metadata": write.cube.metadata | {LEAVING: leaving}}))
    edges = [Edge(write.cube.id, cube.id, DERIVED) for cube in cubes]
    return _prepared(work, [write.cube], [write], edges, {})


def _aside(work: Work) -> MemCube | None:
    """The adapter that the call names, which another has taken the place of, or which is live."""
    if len(work.call.cubes) != 1:
        return None
    found = work.view.get([work.call.cubes[0].id], grant=work.grant.filter, now=work.now).get(work.call.cubes[0].id)
    return found if found is not None and isinstance(found.payload, Parameter) and found.payload.passed else None


def _brought_back(work: Work, adapter: MemCube) -> Prepared:
    """An earlier adapter, live again in place of the one that is."""
    work.warrant.require("write", [adapter])
    if adapter.state in PRESENT:
        return _prepared(work, [adapter], [], [], {})
    made = provenance.mutated(work, adapter.provenance, ORIGIN)
    write = CubeWrite(adapter.model_copy(update={"state": State.ACTIVATED, "provenance": made}), birth=False)
    others = put_aside(work, adapter)
    read = {adapter.id: adapter.seq} | {before.id: before.seq for before, _ in others}
    return _prepared(work, [write.cube], [write, *(after for _, after in others)], [], read)


def _let_go(work: Work, options: ConvertOptions) -> Prepared:
    """The blocks and adapters made of some memories go; those of several go as a whole, since none of them can be taken out.

    Adapters that others have taken the place of go too. What is not to be seen by the caller, since others made it with memories of
    their own, is theirs: it goes where its sources change, or are shared no more.
    """
    if work.warrant.system:
        cubes = list(work.view.get([ref.id for ref in work.call.cubes], grant=work.grant.filter, now=work.now).values())
    else:
        cubes = list(named(work))
    found = forms_of(work.view, [cube.id for cube in cubes], work.now, grant=work.derived.filter, states=STANDING)
    forms = [*(form for each in found.values() for form in each), *(cube for cube in cubes if is_derived(cube) and cube.state in STANDING)]
    gone = {form.id: form for form in forms if options.only in {None, form.payload.type}}
    if not work.warrant.system:
        work.warrant.require("write", gone.values())
    ids = {cube.id for cube in cubes}
    writes = [
        _ended(work, form, told(options.decisions, [each for each, _ in sources_of(form) if each in ids or form.id in ids]))
        for form in gone.values()
    ]
    return _prepared(work, [write.cube for write in writes], writes, [], {cube.id: cube.seq for cube in gone.values()})


def _ended(work: Work, cube: MemCube, decided: list[Any]) -> CubeWrite:
    update: dict[str, Any] = {"state": State.EXPIRED, "provenance": provenance.mutated(work, cube.provenance, Event.FORGET)}
    if decided:
        update["metadata"] = cube.metadata | {DECISIONS: [*cube.metadata.get(DECISIONS, ()), *decided]}
    return CubeWrite(cube.model_copy(update=update), birth=False)


def _prepared(work: Work, shown: Sequence[MemCube], writes: Sequence[CubeWrite], edges: Sequence[Edge], read: dict[str, int]) -> Prepared:
    reply = MemoryReply(call_id=work.call.id, cubes=tuple(shown), value=[cube.id for cube in shown], call=work.call)
    if not writes:
        return Prepared(reply)
    fence = work.call.options.get("fence")
    return Prepared(reply, work.change(writes=tuple(writes), edges=tuple(edges), fence=fence), ReadSet(versions=read))

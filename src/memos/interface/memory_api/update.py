"""Update API: new versions of memories that stand: written over, appended to, merged, or changed against a label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from memos.errors import InvalidCall, NotFound, VersionConflict
from memos.infrastructure.memgovernance.permission.actions import Action
from memos.infrastructure.memgovernance.permission.changing import refused
from memos.interface.memory_api import provenance
from memos.interface.memory_api.create import replay
from memos.interface.memory_api.desk import Options, Prepared, Work, fitting, read_options
from memos.interface.memory_api.lapsed import lapsed, require_to_come, retired
from memos.interface.memory_api.query import named
from memos.interface.memory_api.structure import given, users
from memos.memcube.call import MemoryReply
from memos.memcube.change import CubeWrite, ReadSet
from memos.memcube.cube import MemCube, Tag
from memos.memcube.derivation import is_fact, require_text
from memos.memcube.filter import Filter
from memos.memcube.gate import legal_conditions
from memos.memcube.legal import legal_body, legal_metadata, legal_name, legal_tags, same_fact
from memos.memcube.payload import Plaintext
from memos.memcube.policy import SensitiveSpan, Sensitivity
from memos.memcube.provenance import Provenance
from memos.memcube.quarantine import quarantined
from memos.memcube.spans import beside, carried, legal_spans, require_within
from memos.memcube.state import State
from memos.memcube.value import Instant, Metadata, Text
from memos.memcube.vector import Vector
from memos.operation.memlifecycle.texts import Merged, appended, three_way, united
from memos.operation.memlifecycle.transitions import require_thawed, supplemented
from memos.operation.memoperator.analysis import analyse


def _conditions(given: Any) -> Any:
    return given if given == "none" else legal_conditions(given)


class UpdateOptions(Options):
    """What an update changes; what is not named stays. `expires_at` "never" removes the end, `conditions` "none" lifts them, `sensitivity`
    "found" leaves it to what is found.

    `mode` is how the text meets the standing one; `against` names a label: what the text changes in the version that bears it is changed.
    """

    text: Annotated[str, BeforeValidator(legal_body)] | None = None
    mode: Literal["overwrite", "append", "merge"] = "overwrite"
    against: Annotated[str | None, BeforeValidator(legal_name)] = None
    label: Annotated[str | None, BeforeValidator(legal_name)] = None
    expect_version: int | None = Field(default=None, ge=1, strict=True)
    tags: Annotated[tuple[Tag, ...], BeforeValidator(legal_tags)] | None = None
    metadata: Annotated[Metadata, BeforeValidator(legal_metadata)] | None = None
    links: tuple[Text, ...] | None = None
    expires_at: Instant | Literal["never"] | None = None
    priority: int | None = Field(default=None, ge=-100, le=100, strict=True)
    sensitivity: Sensitivity | Literal["found"] | None = None
    conditions: Annotated[Any, BeforeValidator(_conditions)] = None
    spans: Annotated[tuple[SensitiveSpan, ...], BeforeValidator(legal_spans)] | None = None
    vector: Vector | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.text is None and (self.mode != "overwrite" or self.against is not None):
            raise InvalidCall("to append, to merge or to write against a label an update needs a text")
        if self.against is not None and self.mode != "overwrite":
            raise InvalidCall("a text that is written against a label is merged by its differences; leave `mode` out")
        return self


def single(cubes: tuple[MemCube, ...]) -> MemCube:
    """The one memory of a call that changes one; InvalidCall when it names more."""
    if len(cubes) != 1:
        raise InvalidCall(f"name one memory by its id, not {len(cubes)}; call once for each")
    return cubes[0]


def changeable(work: Work, action: Action = "write") -> tuple[MemCube, ...]:
    """The memories named, if this caller may do this to them and none is frozen."""
    cubes = named(work)
    work.warrant.require(action, cubes)
    for cube in cubes:
        require_thawed(cube)
    return cubes


def prepare_update(work: Work) -> Prepared:
    """A new version of one memory, with the next ordinal; a label alone is set on the version that stands."""
    options = read_options(UpdateOptions, work)
    if replayed := replay(work):
        return replayed
    require_to_come(work, options.expires_at)
    cube = single(changeable(work))
    require_text(cube, "update the memories it is made of, and it is made anew")
    if any(each is not None for each in (options.sensitivity, options.spans, options.conditions)):
        work.warrant.require("share", [cube])
    if options.expect_version is not None and options.expect_version != cube.version:
        message = f"the memory {cube.id} is at version {cube.version}, not {options.expect_version}; read it again"
        raise VersionConflict(message, id=cube.id, expected=options.expect_version, found=cube.version)
    merged = _new_text(work, cube, options)
    if merged is not None and merged.conflicts:
        return _conflicting(work, cube, options, merged)
    text = None if merged is None or merged.text == cube.text else legal_body(merged.text)
    changed, anew = _changed(cube, options, text), False
    if changed or options.links is not None:
        anew = True
    elif options.label is None:
        if options.text is not None:
            return _nothing_new(work, cube)
        raise InvalidCall(
            "an update must change something: give a text, tags, metadata, links, expires_at, priority, sensitivity, spans or a label"
        )
    fresh: dict[str, Any] = {"provenance": _provenance(work, cube, options), "labels": _labels(cube, options, anew=anew)}
    if anew:
        fresh |= {"version": cube.version + 1, "updated_at": work.now, "state": supplemented(cube, merging=options.mode != "overwrite")}
    after = cube.model_copy(update=changed | fresh)
    told_anew = after.text if after.policy != cube.policy and (after.policy.spans or cube.policy.spans) else None
    return rewritten(work, cube, after, text=told_anew if text is None else text, vector=fitting(work, options.vector))


def _new_text(work: Work, cube: MemCube, options: UpdateOptions) -> Merged | None:
    if options.text is None:
        return None
    if options.against is not None:
        return three_way(_labelled(work, cube, options.against).text, options.text, cube.text)
    if options.mode == "append":
        return Merged(appended(cube.text, options.text))
    return Merged(united(cube.text, options.text) if options.mode == "merge" else options.text)


def _labelled(work: Work, cube: MemCube, label: str) -> MemCube:
    """The latest row of a memory that bears a label; NotFound when none does."""
    past = work.warrant.may("history", [cube])[0]  # who may not look back knows of no label either
    rows = work.view.versions(cube.id, grant=work.grant.filter, now=work.now) if past else ()
    found = next((row for row in reversed(rows) if label in row.labels), None)
    if found is None:
        known = sorted({label for row in rows for label in work.desk.governance.redacted(work.warrant, row).labels})
        raise NotFound(f"no version of {cube.id} is labelled {label!r}; labelled are: {', '.join(known) or 'none'}")
    return found


def _conflicting(work: Work, cube: MemCube, options: UpdateOptions, merged: Merged) -> Prepared:
    """Nothing is written: the reply's value tells where both sides changed the text, each in its own way."""
    places = [{"base": each.base, "ours": each.ours, "theirs": each.theirs} for each in merged.conflicts]
    value = {"conflicts": places, "against": options.against, "version": cube.version}
    warning = f"nothing was written: the text conflicts with version {cube.version} in {len(places)} places, see reply.value"
    return Prepared(MemoryReply(call_id=work.call.id, cubes=(cube,), value=value, call=work.call, warnings=(warning,)))


def _nothing_new(work: Work, cube: MemCube) -> Prepared:
    warning = f"nothing was written: version {cube.version} says that already"
    return Prepared(MemoryReply(call_id=work.call.id, cubes=(cube,), call=work.call, warnings=(warning,)))


def _labels(cube: MemCube, options: UpdateOptions, *, anew: bool) -> tuple[str, ...]:
    """A new version bears the label given; one that stands keeps its own beside it."""
    given = (options.label,) if options.label is not None else ()
    return given if anew else tuple(dict.fromkeys((*cube.labels, *given)))


def _provenance(work: Work, cube: MemCube, options: UpdateOptions) -> Provenance:
    made = provenance.mutated(work, cube.provenance, "update")
    return made if options.links is None else made.model_copy(update={"links": options.links})


def _changed(cube: MemCube, options: UpdateOptions, text: str | None) -> dict[str, Any]:
    policy: dict[str, Any] = {}
    if options.expires_at is not None:
        policy["expires_at"] = options.expires_at if isinstance(options.expires_at, datetime) else None
    if options.priority is not None:
        policy["priority"] = options.priority
    if options.sensitivity is not None:
        policy["stated"] = None if options.sensitivity == "found" else options.sensitivity
    if options.conditions is not None:
        policy["conditions"] = options.conditions if isinstance(options.conditions, Filter) else None
    policy |= _marked(cube, options, text)
    changed: dict[str, Any] = {"policy": cube.policy.model_copy(update=policy)} if policy else {}
    tags = None if options.tags is None else given(cube, options.tags)
    other = _united(cube, options) if options.mode == "merge" else {"tags": tags, "metadata": options.metadata}
    changed |= {name: value for name, value in other.items() if value is not None}
    if text is not None:
        changed["payload"] = Plaintext(text=text)
    if options.text is not None and cube.valid_to is not None:
        changed["valid_to"] = None  # what a user writes of a memory that had been ended holds
    return changed


def _marked(cube: MemCube, options: UpdateOptions, text: str | None) -> dict[str, Any]:
    """The spans of the new version: those that its user marks, else those marked before, wherever their words stand in the new text."""
    found = tuple(span for span in cube.policy.spans if span.by == "predicted")
    if options.spans is not None:
        require_within(options.spans, cube.text if text is None else text)
        return {"spans": options.spans if text is not None else beside(options.spans, found)}
    return {} if text is None or not cube.policy.spans else {"spans": carried(text, (cube.text, cube.policy.spans))}


def _united(cube: MemCube, options: UpdateOptions) -> dict[str, Any]:
    """With `merge` tags and metadata join those that stand; what that does not change is left out."""
    tags, metadata = legal_tags((*cube.own_tags, *users(options.tags or ()))), legal_metadata(cube.metadata | (options.metadata or {}))
    return {"tags": given(cube, tags) if tags != cube.own_tags else None, "metadata": metadata if metadata != cube.metadata else None}


def rewritten(
    work: Work, before: MemCube, after: MemCube, *, text: str | None = None, vector: Any = None, over: tuple[MemCube, ...] = ()
) -> Prepared:
    """The change that puts one version in the place of another; with a text, all its lanes are made anew. Those `over` make room."""
    terms = analyse(text, after.speaker, after.role) if text is not None else None
    fact = fact_of(after)
    if fact is not None and (before.namespace, before.text) != (after.namespace, after.text):
        room, fact = room_or_none(work, after, fact)
        over = (*over, *room)
    write = CubeWrite(cube=after, birth=False, terms=terms, vector=vector, fact=fact)
    change = work.change(writes=(*(retired(work, cube) for cube in over), write), idempotency=work.idempotency((after.id,)))
    reply = MemoryReply(call_id=work.call.id, cubes=(after,), call=work.call)
    return Prepared(reply, change, ReadSet(versions={cube.id: cube.seq for cube in (*over, before)}))


def fact_of(cube: MemCube) -> str | None:
    """The form under which no second memory of the namespace may stand; None for turns, extracted facts, what is gone, in quarantine."""
    gone = cube.ordinal is not None or cube.state is State.EXPIRED or not cube.text or is_fact(cube)
    return None if gone or quarantined(cube.policy) else same_fact(cube.text)


class Unseen(Exception):  # no error that anybody sees
    """An equal fact stands that the caller may not see: what is written stands for no fact then, and nothing is told."""


def room_or_none(work: Work, cube: MemCube, fact: str | None) -> tuple[tuple[MemCube, ...], str | None]:
    """What must go before a memory can stand for a fact, and the fact, None where it stands for none beside one that is hidden."""
    try:
        return room_for_fact(work, cube, fact), fact
    except Unseen:
        return (), None


def with_room(work: Work, write: CubeWrite) -> tuple[tuple[MemCube, ...], CubeWrite]:
    """What must go before a row can stand, and the row."""
    over, fact = room_or_none(work, write.cube, write.fact)
    return over, replace(write, fact=fact)


def require_marks(work: Work, rows: Iterable[MemCube], then: MemCube) -> None:
    """Denied where bringing a version back would show what its owner has marked since, unless the caller may say who reads it."""
    known = tuple(rows)
    marked = carried(then.text, *((row.text, row.policy.spans) for row in known))
    if {(span.start, span.end) for span in marked} - {(span.start, span.end) for span in then.policy.spans}:
        work.warrant.require("share", known[-1:])


def permitted(work: Work, standing: Mapping[str, MemCube], writes: Iterable[CubeWrite]) -> list[CubeWrite]:
    """Those of some rows that the caller may write, as those stand that they replace."""
    return [write for write in writes if refused(work.warrant, standing, [write]) is None]


def room_for_fact(work: Work, cube: MemCube, fact: str | None) -> tuple[MemCube, ...]:
    """What must go before a memory can stand for a fact; InvalidCall when an equal one stands."""
    standing = None if fact is None else work.view.facts(cube.namespace, [fact], cube.policy.owner).get(fact)
    if standing is None or standing == cube.id:
        return ()
    if over := lapsed(work, [standing]):
        return over
    if not work.view.get([standing], grant=work.grant.filter, now=work.now):
        raise Unseen
    raise InvalidCall(f"an equal fact stands already in {cube.namespace} as {standing}; forget one of the two", standing=standing)


def again(cube: MemCube, like: int) -> CubeWrite:
    """A row with the content of an earlier one; a text with sensitive parts is told anew, since search may know other parts of it now."""
    if not cube.policy.spans or not cube.text:
        return CubeWrite(cube=cube, birth=False, fact=fact_of(cube), like=like)
    return CubeWrite(cube=cube, birth=False, fact=fact_of(cube), terms=analyse(cube.text, cube.speaker, cube.role))

"""Tags: which there are, by whom and how often; and one renamed wherever the caller may write it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import BeforeValidator, Field

from memos.errors import InvalidCall, NotFound
from memos.interface.memory_api import provenance
from memos.interface.memory_api.create import replay
from memos.interface.memory_api.desk import Options, Prepared, Work, read_options
from memos.interface.memory_api.query import condition, scope
from memos.interface.memory_api.structure import given
from memos.interface.memory_api.update import fact_of
from memos.memcube.call import MemoryQuery, MemoryReply
from memos.memcube.change import CubeWrite, ReadSet
from memos.memcube.cube import MemCube, Tag
from memos.memcube.filter import Filter
from memos.memcube.hierarchy import parents_of
from memos.memcube.legal import legal_tag, legal_tags
from memos.memcube.state import State
from memos.memcube.value import Value

PAGE = 1000
COUNTED, RENAMED = 100_000, 10_000
"""How many memories are counted, and how many one call renames a tag of."""
RENAME = "rename"
"""The origin of the versions that a renaming makes."""


class TagsOptions(Value):
    """How many tags are told, the most frequent first."""

    limit: int = Field(default=100, ge=1, le=10_000)


class RenameOptions(Options):
    """The tag, and what it is to be: `name` stands for all values of the name, `name=value` for one."""

    old: Annotated[Tag, BeforeValidator(legal_tag)]
    new: Annotated[Tag, BeforeValidator(legal_tag)]


def prepare_tags(work: Work) -> Prepared:
    """The tags of what the caller may see, as dicts: `tag`, `by`, `count`, and `under` where one stands above it."""
    options = read_options(TagsOptions, work)
    counts: Counter[tuple[str, str]] = Counter()
    seen = 0
    for page in pages(work, COUNTED):
        seen += len(page)
        for cube in shown(work, page):
            counts.update({(tag.key, tag.by) for tag in cube.tags})
    parents = parents_of(work.view.rules("tag"))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[: options.limit]
    value = [
        {"tag": key, "by": by, "count": count, "under": parents.get(key, parents.get(key.partition("=")[0]))} for (key, by), count in ranked
    ]
    warnings = (f"only some {COUNTED:,} memories were counted; name a namespace",) if seen >= COUNTED else ()
    return Prepared(MemoryReply(call_id=work.call.id, value=value, call=work.call, warnings=warnings))


def shown(work: Work, cubes: Sequence[MemCube]) -> list[MemCube]:
    """Some memories as the caller is shown them, each decided by itself; those that it may not use now are left out."""
    may, usable = work.warrant.may(work.action, cubes), work.warrant.usable(cubes)
    told = (cube for cube, *each in zip(cubes, may, usable, strict=True) if all(each))
    return [work.desk.governance.redacted(work.warrant, cube) for cube in told]


def pages(work: Work, limit: int, **order: str | bool) -> Iterator[tuple[MemCube, ...]]:
    """The memories that pass the call's query and its grant, page by page."""
    query = work.call.query or MemoryQuery()
    wanted = scope(work, query)
    if not wanted:
        return
    within = condition(work, query) & Filter.parse({"or": [{"namespace": {"under": prefix}} for prefix in wanted]})
    cursor: str | None = None
    while limit > 0:
        page = work.view.find(within, grant=work.grant.filter, now=work.now, limit=min(PAGE, limit), cursor=cursor, **order)  # type: ignore[arg-type]
        yield page.cubes
        limit, cursor = limit - len(page.cubes), page.cursor
        if cursor is None:
            return


def prepare_rename(work: Work) -> Prepared:
    """Give a tag of users another name in all that the caller may write, in one commit; what is frozen stays as it is.

    NotFound where nobody has set it: what is predicted follows from the texts.
    """
    options = read_options(RenameOptions, work)
    if replayed := replay(work, counts=True):
        return replayed
    if options.old.key == options.new.key:
        raise InvalidCall(f"the tag {options.old.key!r} has that name already")
    if options.old.value is None and options.new.value is not None:
        raise InvalidCall(
            f"{options.old.key!r} may have many values; rename one of them, as in {options.old.name}=VALUE, or give a name alone"
        )
    found = [cube for cube in _tagged(work, options.old) if any(_is(tag, options.old) for tag in cube.own_tags)]
    if len(found) > RENAMED:
        raise InvalidCall(
            f"more than {RENAMED:,} memories have the tag {options.old.key!r}; name a namespace, and rename one after the other"
        )
    writable = [cube for cube, may in zip(found, work.warrant.may("write", found), strict=True) if may]
    thawed = [cube for cube in writable if not cube.frozen]
    if not writable:
        raise NotFound(f"no memory that you may write has the tag {options.old.key!r}, set by a user; tags() shows those there are")
    writes = tuple(CubeWrite(cube=each, birth=False, fact=fact_of(each)) for each in (_renamed(work, cube, options) for cube in thawed))
    frozen = len(writable) - len(thawed)
    warnings = (f"what is frozen stays as it is ({frozen})",) if frozen else ()
    value = {"renamed": len(writes), "frozen": frozen}
    reply = MemoryReply(call_id=work.call.id, value=value, call=work.call, warnings=warnings)
    if not writes:
        return Prepared(reply)
    ids = tuple(cube.id for cube in thawed)
    change = work.change(writes=writes, idempotency=work.idempotency(ids))
    return Prepared(reply, change, ReadSet(versions={cube.id: cube.seq for cube in thawed}))


def _tagged(work: Work, tag: Tag) -> list[MemCube]:
    query = work.call.query or MemoryQuery()
    states = query.states or tuple(state for state in State if state is not State.EXPIRED)
    wanted = Filter.parse({"tags": {"any": [tag.key]}})
    asked = query.model_copy(update={"states": states, "filter": wanted if query.filter is None else query.filter & wanted})
    asking = replace(work, call=work.call.model_copy(update={"query": asked}))
    return [cube for page in pages(asking, RENAMED + 1) for cube in page]


def _is(tag: Tag, wanted: Tag) -> bool:
    return tag.name == wanted.name and (wanted.value is None or tag.value == wanted.value)


def _renamed(work: Work, cube: MemCube, options: RenameOptions) -> MemCube:
    def fresh(tag: Tag) -> Tag:
        if not _is(tag, options.old):
            return tag
        value = tag.value if options.old.value is None else options.new.value
        return tag.model_copy(update={"name": options.new.name, "value": value})

    made = provenance.mutated(work, cube.provenance, RENAME)
    tags = given(cube, legal_tags(tuple(map(fresh, cube.own_tags))))
    return cube.model_copy(update={"tags": tags, "version": cube.version + 1, "updated_at": work.now, "labels": (), "provenance": made})

"""Derived: KV blocks and adapters are seen where every memory is that they were made of, and by who asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from memos.infrastructure.memgovernance.permission.actions import fields_asked
from memos.memcube.call import MemoryCall
from memos.memcube.cube import MemCube
from memos.memcube.derivation import DERIVED, TEXTS, is_derived
from memos.memcube.filter import Filter
from memos.ports.adapter import View

EVERY: Final = None
"""All that are derived, whatever their ids."""
TELLING = frozenset({"lineage", "graph", "log", "explain", "erase", "access", "who", "convert"})
"""Operations that tell of derived memories without being asked for them."""
PLAIN = frozenset({"search", "list", "count", "summarise", "compare", "catalogue", "tags", "diff", "restore", "none", "context"})
"""Operations that go through memories, and through derived ones only where their types are asked for, whoever asks."""
Asked = tuple[str, ...] | None
"""The ids of memories of which derived ones are asked for; None asks for all."""


def asked_for(call: MemoryCall) -> Asked:
    """Which derived memories a call asks for."""
    types = call.query.types if call.query is not None else None
    if call.operation in TELLING or "type" in fields_asked(call) or (types is not None and any(kind != "plaintext" for kind in types)):
        return EVERY
    return tuple(ref.id for ref in call.cubes)


def with_derived(found: Filter, seen: Filter, view: View, asked: Asked, now: datetime, *, gone: bool) -> Filter:
    """A filter that shows texts and, of what is derived and asked for, what is made of nothing but what the filter `seen` shows."""
    if asked == () or not (made := _with_ancestors(view, asked, gone=gone)):
        return only_texts(found)
    sources = sorted({source for each in made.values() for source in each} - made.keys())
    whole = set(view.allowed(sources, grant=only_texts(seen), now=now)) if sources else set()
    left = dict(made)
    while fresh := {each for each, of in left.items() if of and of <= whole}:
        whole |= fresh
        left = {each: of for each, of in left.items() if each not in fresh}
    shown = sorted(whole & made.keys() if asked is None else whole.intersection(made, asked))
    return found & (TEXTS | Filter.test("id", "in", shown, internal=True)) if shown else only_texts(found)


def _with_ancestors(view: View, asked: Asked, *, gone: bool) -> Mapping[str, frozenset[str]]:
    """What is derived among what is asked for, and among what that is derived of."""
    made = view.derived(asked, gone=gone)
    further = {source for each in made.values() for source in each} - made.keys()
    while further and asked is not None:
        found = view.derived(sorted(further), gone=gone)
        made |= found
        further = {source for each in found.values() for source in each} - made.keys()
    return made


@lru_cache(maxsize=8192)
def only_texts(found: Filter) -> Filter:
    """A filter for texts alone, the same object for the same filter."""
    return found & TEXTS


def sourced(view: View, grant: Filter, cubes: Sequence[MemCube], now: datetime) -> list[bool]:
    """Whether each memory is none that is derived, or all that it names as its sources is shown."""
    made = [cube for cube in cubes if is_derived(cube)]
    if not made:
        return [True] * len(cubes)
    seen = view.allowed(sorted(set(_sources(made))), grant=grant, now=now)
    return [not is_derived(cube) or all(each in seen for each in _sources([cube])) for cube in cubes]


def _sources(cubes: Iterable[MemCube]) -> list[str]:
    return [parent.id for cube in cubes for parent in cube.provenance.parents if parent.relation == DERIVED]

"""Gathering: what a context may be made of: the memories that a search finds, the caller's wishes, what is pinned, and their forms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

from memos.interface.memory_api.answering import answered, within
from memos.interface.memory_api.attaching import Supply
from memos.interface.memory_api.derived import sources_of, usable, within_reach
from memos.interface.memory_api.desk import Work
from memos.interface.memory_api.following import standing
from memos.interface.memory_api.query import condition, wordless
from memos.interface.memory_api.talking import staying
from memos.memcube.call import MemoryQuery
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.generated import is_generated
from memos.memcube.payload import Activation, Parameter
from memos.memcube.plan import Plan, Tier
from memos.memcube.state import MemoryType
from memos.operation.memscheduler.layout import line, wishes
from memos.operation.memscheduler.pinning import MOST_BLOCKS, likeliest
from memos.operation.memscheduler.signals import Available, Candidate

POOL = 100
"""Among so many of the best hits the plan chooses, and more where the budget has room for more short ones."""
SHORTEST = 12
"""Tokens of a short memory: by it the pool is made large enough to fill the budget."""
MOST = 1000
WISHES = 20
"""So many of the caller's standing instructions and preferences are candidates."""


class Gathered:
    """The memories that may be given, what is kept of them in other forms, and the blocks with which the prompt can begin.

    `opening` is the mark of what stands before all memories in it, "" where no block can follow that.
    """

    def __init__(self, work: Work, query: MemoryQuery, budget: int, said: Collection[str], opening: str = "") -> None:
        self._work, self._opening = work, opening
        room = max(POOL, query.limit, -(-budget // SHORTEST))
        answer = answered(work, query.model_copy(update={"limit": min(MOST, room)}))
        shown = query.filter if query.filter is not None else Filter.everything()
        without = wordless(work, shown, query.namespaces or ()) if answer.pending else 0
        self.pending = answer.pending - without
        self._sources: Mapping[str, MemCube] = {}
        hits = [hit for hit in answer.hits if hit.cube.id not in said and hit.cube.text]
        wished = {cube.id: cube for cube in self._wishes(query) if cube.text}
        ranks = {hit.cube.id: (rank, hit.score) for rank, hit in enumerate(hits)}
        self._derived, pinned, beside = self._kept(query, {cube_id: rank for cube_id, (rank, _) in ranks.items()})
        every = {**{hit.cube.id: hit.cube for hit in hits}, **wished, **pinned, **beside}
        allowed = self._permitted(list(every.values()))
        self.cubes = {cube_id: cube for cube_id, cube in every.items() if cube_id in allowed and cube_id not in said}
        told = {cube.id: work.desk.governance.redacted(work.warrant, cube) for cube in self.cubes.values()}
        self._text = staying(work.view, self.cubes.values(), work.now)
        self._forms = self._available(frozenset(cube.id for cube in told.values() if self._is_whole(cube)))
        tokens = dict(zip(self.cubes, work.desk.engine.count([self._line(cube) for cube in told.values()]), strict=True))
        self.candidates = [self._candidate(cube, tokens[cube.id], ranks.get(cube.id), wished, pinned) for cube in told.values()]

    def _line(self, cube: MemCube) -> str:
        return line(cube, own=self._work.warrant.owns(cube))

    def _wishes(self, query: MemoryQuery) -> tuple[MemCube, ...]:
        """The caller's standing wishes that pass the filter, wherever they stand: they say how to answer, whatever is asked of."""
        wanted = query.model_copy(update={"standing": WISHES})
        return standing(self._work, wanted, condition(self._work, query))

    def _kept(self, query: MemoryQuery, ranks: Mapping[str, int]) -> tuple[list[MemCube], dict[str, MemCube], dict[str, MemCube]]:
        """The derived memories that this call may use, the memories of which a block of their own stands, and those in blocks of several.

        Of the past and of branches none. Nothing is used that was made of a memory which the question's filter and namespaces leave out.
        """
        work, engine = self._work, self._work.desk.engine
        if work.elsewhere or not engine.present:
            return [], {}, {}
        mine = [cube for cube in within_reach(work.view, query.namespaces or (), work.derived, work.now) if self._of_model(cube)]
        together = {cube.id: frozenset(source for source, _ in sources_of(cube)) for cube in mine if _of_several(cube)}
        near = likeliest(together, ranks, MOST_BLOCKS, engine.policy)
        mine = [cube for cube in mine if cube.id not in together or cube.id in near]
        if not mine:
            return [], {}, {}
        fit, sources = usable(work.view, mine, work.grant.filter & within(query), work.now)
        allowed = self._permitted(list(sources.values()))
        fit = [cube for cube in fit if all(source in allowed for source, _ in sources_of(cube))]
        self._sources = sources
        blocks = [cube for cube in fit if isinstance(cube.payload, Activation) and cube.payload.adapter is None]
        single = {sources_of(cube)[0][0] for cube in blocks if len(sources_of(cube)) == 1}
        beside = {source for cube in fit if _of_several(cube) for source, _ in sources_of(cube)}
        return fit, {cube_id: sources[cube_id] for cube_id in single}, {cube_id: sources[cube_id] for cube_id in beside}

    def _is_whole(self, told: MemCube) -> bool:
        """Whether the caller is shown a memory as the model has read it."""
        return told.text == self.cubes[told.id].text and (self._work.warrant.owns(told) or not wishes(told))

    def _of_model(self, cube: MemCube) -> bool:
        """Whether something derived was made for the model, and for prompts that open as this one."""
        payload, engine = cube.payload, self._work.desk.engine
        if isinstance(payload, Activation):
            return bool(self._opening) and payload.fingerprint == engine.fingerprint and payload.opening == self._opening
        return isinstance(payload, Parameter) and payload.passed and payload.done == 1.0 and payload.model == engine.model

    def _permitted(self, cubes: list[MemCube]) -> set[str]:
        work = self._work
        may = work.desk.governance.permitted(work.warrant, work.grant, work.call, cubes, now=work.now, heads=work.heads)
        return {cube.id for cube, allowed in zip(cubes, may, strict=True) if allowed}

    def _candidate(
        self, cube: MemCube, tokens: int, rank: tuple[int, float] | None, wished: Mapping[str, MemCube], pinned: Mapping[str, MemCube]
    ) -> Candidate:
        kind = next((tag.value for tag in cube.tags if tag.name == "kind"), None)
        return Candidate(
            cube=cube.id, version=cube.version, tokens=tokens, similarity=0.0 if rank is None else rank[1],
            rank=None if rank is None else rank[0], heat=cube.usage.heat, count=cube.usage.count, last_used_at=cube.usage.last_used_at,
            said_at=cube.said_at, priority=cube.policy.priority, kind=kind, speaker=cube.speaker, session=cube.session,
            role=cube.role, generated=is_generated(self.cubes[cube.id]), standing=cube.id in wished and wishes(cube),
            pinned=cube.id in pinned or self._stands(cube, wished),
            protected=self._text.get(cube.id),
            forms=tuple(self._forms.get(cube.id, ())), text=cube.text,
        )  # fmt: skip

    def _stands(self, cube: MemCube, wished: Mapping[str, MemCube]) -> bool:
        """Whether a wish stands before the conversation, where an engine keeps what prompts begin with: it is in every one of them."""
        return self._work.desk.engine.capabilities.keeps and cube.id in wished and wishes(cube)

    def _available(self, whole: frozenset[str]) -> dict[str, list[Available]]:
        """The forms of each memory. With a block the prompt can begin if all of its memories are given `whole`, as they were read."""
        found = defaultdict[str, list[Available]](list)
        for derived in self._derived:
            payload, ids = derived.payload, [source for source, _ in sources_of(derived)]
            share = 1 / len(ids)
            for cube_id in ids:
                if isinstance(payload, Parameter):
                    found[cube_id].append(Available(MemoryType.PARAMETER, "ram", derived.id, 0, int(payload.bytes * share)))
                elif isinstance(payload, Activation):
                    tier: Tier = "int8" if payload.form == "int8" else "mapped"
                    kept = Available(
                        MemoryType.ACTIVATION, tier, derived.id, int(payload.tokens * share), int(payload.bytes * share),
                        self._under(payload), exact=False,
                    )  # fmt: skip
                    found[cube_id] += [kept] if len(ids) == 1 else []
                    found[cube_id] += [replace(kept, exact=True)] if payload.form == "float16" and whole >= set(ids) else []
        return found

    def _under(self, payload: Activation) -> str | None:
        """The adapter under which a block was read, by its memory."""
        adapters = (cube for cube in self._derived if isinstance(cube.payload, Parameter) and cube.payload.blob == payload.adapter)
        return None if payload.adapter is None else next((cube.id for cube in adapters), payload.adapter)

    def supply(self, planned: Plan) -> Supply:
        """What may be attached: every block in reach, and the adapter that the plan routes."""
        blocks = tuple(cube for cube in self._derived if isinstance(cube.payload, Activation))
        adapter = next((cube for cube in self._derived if cube.id == planned.adapter), None)
        return Supply(blocks, adapter)

    def taught(self, supply: Supply) -> tuple[MemCube, ...]:
        """All that an adapter has learnt: it tells the model that too, whatever the plan names of it."""
        return () if supply.adapter is None else tuple(self._sources[source] for source, _ in sources_of(supply.adapter))


def _of_several(cube: MemCube) -> bool:
    """Whether something derived is a block of several memories."""
    return isinstance(cube.payload, Activation) and len(sources_of(cube)) > 1

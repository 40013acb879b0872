"""Gathering: what a context may be made of: the memories that a search finds, the caller's wishes, what is pinned, and their forms."""

from __future__ import annotations

from collections.abc import Collection, Mapping

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
from memos.memcube.payload import Activation, Parameter
from memos.memcube.plan import Plan, Tier
from memos.memcube.state import MemoryType
from memos.operation.memscheduler.layout import line, wishes
from memos.operation.memscheduler.signals import Available, Candidate

POOL = 100
"""Among so many of the best hits the plan chooses, and more where the budget has room for more short ones."""
SHORTEST = 12
"""Tokens of a short memory: by it the pool is made large enough to fill the budget."""
MOST = 1000
WISHES = 20
"""So many of the caller's standing instructions and preferences are candidates."""


class Gathered:
    """The memories that may be given, what is kept of them in other forms, and which of them a pinned prompt begins with."""

    def __init__(self, work: Work, query: MemoryQuery, budget: int, said: Collection[str]) -> None:
        self._work = work
        room = max(POOL, query.limit, -(-budget // SHORTEST))
        answer = answered(work, query.model_copy(update={"limit": min(MOST, room)}))
        shown = query.filter if query.filter is not None else Filter.everything()
        without = wordless(work, shown, query.namespaces or ()) if answer.pending else 0
        self.pending = answer.pending - without
        self._sources: Mapping[str, MemCube] = {}
        hits = [hit for hit in answer.hits if hit.cube.id not in said and hit.cube.text]
        wished = {cube.id: cube for cube in self._wishes(query) if cube.text}
        self._derived, pinned = self._kept(query)
        every = {**{hit.cube.id: hit.cube for hit in hits}, **wished, **pinned}
        allowed = self._permitted(list(every.values()))
        self.cubes = {cube_id: cube for cube_id, cube in every.items() if cube_id in allowed and cube_id not in said}
        told = {cube.id: work.desk.governance.redacted(work.warrant, cube) for cube in self.cubes.values()}
        self._text = staying(work.view, self.cubes.values(), work.now)
        ranks = {hit.cube.id: (rank, hit.score) for rank, hit in enumerate(hits)}
        tokens = dict(zip(self.cubes, work.desk.engine.count([self._line(cube) for cube in told.values()]), strict=True))
        self.candidates = [self._candidate(cube, tokens[cube.id], ranks.get(cube.id), wished, pinned) for cube in told.values()]

    def _line(self, cube: MemCube) -> str:
        return line(cube, own=self._work.warrant.owns(cube))

    def _wishes(self, query: MemoryQuery) -> tuple[MemCube, ...]:
        """The caller's standing wishes that pass the filter, wherever they stand: they say how to answer, whatever is asked of."""
        wanted = query.model_copy(update={"standing": WISHES})
        return standing(self._work, wanted, condition(self._work, query))

    def _kept(self, query: MemoryQuery) -> tuple[list[MemCube], dict[str, MemCube]]:
        """The derived memories that this call may use, and the memories that stand in KV blocks; of the past and of branches none.

        Nothing is used that was made of a memory which the question's filter and namespaces leave out.
        """
        work, engine = self._work, self._work.desk.engine
        if work.elsewhere or not engine.present:
            return [], {}
        mine = [cube for cube in within_reach(work.view, query.namespaces or (), work.derived, work.now) if self._of_model(cube)]
        if not mine:
            return [], {}
        fit, sources = usable(work.view, mine, work.grant.filter & within(query), work.now)
        allowed = self._permitted(list(sources.values()))
        fit = [cube for cube in fit if all(source in allowed for source, _ in sources_of(cube))]
        self._sources = sources
        blocks = [cube for cube in fit if isinstance(cube.payload, Activation) and cube.payload.adapter is None]
        single = {sources_of(cube)[0][0] for cube in blocks if len(sources_of(cube)) == 1}
        return fit, {cube_id: sources[cube_id] for cube_id in single}

    def _of_model(self, cube: MemCube) -> bool:
        payload, engine = cube.payload, self._work.desk.engine
        if isinstance(payload, Activation):
            return engine.fingerprint is not None and payload.fingerprint == engine.fingerprint
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
            standing=cube.id in wished and wishes(cube), pinned=cube.id in pinned or self._stands(cube, wished),
            protected=self._text.get(cube.id),
            forms=tuple(self._forms(cube)), text=cube.text,
        )  # fmt: skip

    def _stands(self, cube: MemCube, wished: Mapping[str, MemCube]) -> bool:
        """Whether a wish stands before the conversation, where an engine keeps what prompts begin with: it is in every one of them."""
        return self._work.desk.engine.capabilities.keeps and cube.id in wished and wishes(cube)

    def _forms(self, cube: MemCube) -> list[Available]:
        found = []
        for derived in self._derived:
            ids = [source for source, _ in sources_of(derived)]
            if cube.id not in ids:
                continue
            payload, share = derived.payload, 1 / len(ids)
            if isinstance(payload, Activation):
                tier: Tier = "int8" if payload.form == "int8" else "mapped"
                form = Available(
                    MemoryType.ACTIVATION, tier, derived.id, payload.tokens, int(payload.bytes * share), self._under(payload),
                    exact=payload.form == "float16",
                )  # fmt: skip
            elif isinstance(payload, Parameter):
                form = Available(MemoryType.PARAMETER, "ram", derived.id, 0, int(payload.bytes * share))
            else:
                continue
            found.append(form)
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

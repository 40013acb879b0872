"""Voiding: KV blocks and adapters are void as soon as what they were made of changes, or who may see it: expired in the same commit.

It is the system's doing, whatever the caller may do to them, frozen ones and those of other users too: text stays the truth, and what is
derived can be made anew of it. The conductor removes their blobs once the commit stands (`releasing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from memos.errors import VersionConflict
from memos.interface.memory_api import provenance
from memos.interface.memory_api.desk import LetGo, Prepared, Work
from memos.memcube.change import CANONICAL, ChangeSet, CubeWrite, Underived
from memos.memcube.cube import MemCube
from memos.memcube.derivation import DERIVED, is_derived
from memos.memcube.filter import Filter
from memos.memcube.namespace import within
from memos.memcube.payload import Activation, Parameter, Plaintext
from memos.memcube.policy import Policy
from memos.memcube.state import State
from memos.operation.memlifecycle.transitions import Event
from memos.ports.adapter import View

ANYBODY = Filter.everything()
RULED = frozenset({"policy", "role", "principal", "acl"})
"""The documents that say who may see what others own."""
ENDED = frozenset({State.MERGED, State.ARCHIVED, State.EXPIRED})


def with_voided(work: Work, prepared: Prepared) -> Prepared:
    """What was prepared, with what of that is derived voided in the same commit, and what then is to be let go of.

    Whoever writes something derived meanwhile comes first or second: its sources, and the policies, are in what it rests on, and that
    nothing was derived is in what a change of them rests on.
    """
    change = prepared.change
    if change is None or change.branch != CANONICAL:
        return prepared
    if work.view.branch != CANONICAL or work.view.seq != work.view.head:
        with work.open_view() as present:
            return _voided(work, present, prepared, change)
    return _voided(work, work.view, prepared, change)


def _voided(work: Work, view: View, prepared: Prepared, change: ChangeSet) -> Prepared:
    moving = {write.cube.id: write.cube for write in change.writes if not write.birth and not write.adopt}
    ruled = bool(change.acls) or any(rule.kind in RULED for rule in change.rules)
    prepared = _resting(work, view, prepared, change)
    born = {parent.id for write in change.writes if write.birth and is_derived(write.cube) for parent in write.cube.provenance.parents}
    if ruled or moving or born:  # of what others have made meanwhile of the same memories no second is made
        underived = Underived(view.head, None if ruled else tuple({**dict.fromkeys(sorted(born)), **moving}))
        prepared = replace(prepared, reads=replace(prepared.reads, underived=underived))
    erased = change.erase.cubes if change.erase is not None else ()
    if not (ruled or moving or erased) or not (view.derives() or work.desk.engine.present):
        return prepared
    found = _Voiding(work, view, moving)
    found.follow(moving)
    found.let_go_of_erased(erased)
    if ruled:
        found.judge(change)
    found.follow_adapters()
    return found.told(prepared, change, everything=ruled)


def _resting(work: Work, view: View, prepared: Prepared, change: ChangeSet) -> Prepared:
    """Something derived rests on its sources as they stand, and on the policies; VersionConflict for one whose source is not there so."""
    made = [write.cube for write in change.writes if is_derived(write.cube) and write.cube.state is not State.EXPIRED]
    if not made:
        return prepared
    parents = {parent.id: parent.version for cube in made for parent in cube.provenance.parents if parent.relation == DERIVED}
    standing = view.get(sorted(parents), grant=ANYBODY, now=work.now)
    for each, version in parents.items():
        if each not in standing or standing[each].version != version or standing[each].state is State.EXPIRED:
            raise VersionConflict(f"the memory {each} has changed; what is made of it is to be made anew", id=each)
    versions = {each: cube.seq for each, cube in standing.items()} | prepared.reads.versions
    return replace(prepared, reads=replace(prepared.reads, versions=versions, policy_epoch=view.policy_epoch))


@dataclass
class _Voiding:
    """What is void by one change, as it is found: `moving` are the memories that it writes, as it leaves them."""

    work: Work
    view: View
    moving: Mapping[str, MemCube]
    void: dict[str, MemCube] = field(default_factory=dict)
    gone: dict[str, MemCube] = field(default_factory=dict)
    """What is derived and goes by the change itself: forgotten, erased, or with another blob."""
    changed: set[str] = field(default_factory=set)
    """The memories of which nothing that was made holds any more."""

    def follow(self, moving: Mapping[str, MemCube]) -> None:
        """What is derived of memories that change, and of that in turn; and what is derived and goes itself."""
        made = self.view.derived(list(moving))
        made_of = self._children(moving)
        known = (
            set(moving) if self.work.desk.engine.present else {each for sources in made_of.values() for each in sources if each in moving}
        )
        before = self._cubes({*made, *known})
        for each in made:
            if moving[each].state is State.EXPIRED or blob_of(moving[each]) != blob_of(before[each]):
                self.gone[each] = before[each]
        self.changed = {each for each, cube in before.items() if each not in made and changes(cube, moving[each])}
        self._follow({each for each, sources in made_of.items() if not sources.isdisjoint(self.changed.union(self.gone))})

    def let_go_of_erased(self, erased: Iterable[str]) -> None:
        """What is derived of what is erased, by whomever; and what is derived and erased itself."""
        going = list(erased)
        if going:
            self.changed |= set(going)
            self.gone |= self._cubes(self.view.derived(going))
            self._follow(set(self._children(going)) - set(going))

    def judge(self, change: ChangeSet) -> None:
        """What is derived of memories that its owner does not own, or that stand where an access list is set anew."""
        made = self.view.derived()
        cubes = self._cubes({*made, *(source for sources in made.values() for source in sources)})
        paths = [each.namespace for each in change.acls]

        def concerned(each: str) -> bool:
            owner, sources = cubes[each].policy.owner, [cubes.get(source) for source in made[each]]
            if any(source is None or source.policy.owner != owner for source in sources):
                return True
            return any(within(cube.namespace, path) for path in paths for cube in (cubes[each], *filter(None, sources)))

        self._follow({each for each in made if each in cubes and concerned(each)})

    def follow_adapters(self) -> None:
        """What was made under an adapter that goes."""
        names = {blob_of(cube) for cube in (*self.void.values(), *self.gone.values()) if isinstance(cube.payload, Parameter)}
        if names:
            under = self._cubes(self.view.derived()).values()
            self._follow({cube.id for cube in under if isinstance(cube.payload, Activation) and cube.payload.adapter in names})

    def _follow(self, ids: set[str]) -> None:
        fresh = {each for each in ids if each not in self.void and each not in self.gone}
        while fresh:
            self.void |= self._cubes(fresh)
            fresh = {each for each in self._children(fresh) if each not in self.void and each not in self.gone}

    def _children(self, ids: Iterable[str]) -> dict[str, frozenset[str]]:
        """What stands and is derived of some memories."""
        near = set(ids)
        edges = self.view.neighbours(sorted(near), (DERIVED,), 1) if near else ()
        made = {edge.source for edge in edges if edge.target in near}
        return self.view.derived(sorted(made)) if made else {}

    def _cubes(self, ids: Iterable[str]) -> dict[str, MemCube]:
        return self.view.get(sorted(ids), grant=ANYBODY, now=self.work.now)

    def told(self, prepared: Prepared, change: ChangeSet, *, everything: bool) -> Prepared:
        """What was prepared, with all that."""
        gone = {**self.void, **self.gone}
        used = {each for each, cube in gone.items() if not isinstance(cube.payload, Parameter) or cube.payload.done == 1}
        left = tuple(write for write in change.writes if write.cube.id not in self.void)
        writes = tuple(CubeWrite(self._expired(cube), birth=False) for cube in self.void.values())
        versions = prepared.reads.versions | {each: cube.seq for each, cube in self.void.items()}
        blobs = tuple(dict.fromkeys(name for cube in gone.values() if (name := blob_of(cube))))
        return replace(
            prepared,
            change=replace(change, writes=(*left, *writes)),
            reads=replace(prepared.reads, versions=versions),
            let_go=LetGo(None if everything else tuple(self.changed.union(used)), blobs),
        )

    def _expired(self, cube: MemCube) -> MemCube:
        made = provenance.mutated(self.work, cube.provenance, Event.VOID)
        return self.moving.get(cube.id, cube).model_copy(update={"state": State.EXPIRED, "provenance": made})


def changes(before: MemCube, after: MemCube) -> bool:
    """Whether what was made of a memory does not hold any more once it stands as after; use, predicted tags and freezing are nothing."""
    return any(
        (
            (before.version, before.payload, before.own_tags) != (after.version, after.payload, after.own_tags),
            (before.namespace, before.layer) != (after.namespace, after.layer),
            (before.valid_from, before.valid_to) != (after.valid_from, after.valid_to),
            before.state is not after.state and after.state in ENDED,
            _ruling(before.policy) != _ruling(after.policy),
        )
    )


def _ruling(policy: Policy) -> Policy:
    """What of a policy says who may use a memory, and for how long."""
    return policy.model_copy(update={"priority": 0, "examined": True})


def blob_of(cube: MemCube) -> str:
    """The blob of something derived, "" where there is none."""
    return "" if isinstance(cube.payload, Plaintext) else cube.payload.blob


def named_blobs(view: View) -> frozenset[str]:
    """Every blob that something derived names which stands."""
    now = view.time_of(view.head)
    cubes = view.get(list(view.derived()), grant=ANYBODY, now=now) if now is not None else {}
    return frozenset(filter(None, map(blob_of, cubes.values())))

"""Aliases: the names in memories, and which of them are one entity's, for one reader: looked up as they are met."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from memos.memcube.cube import MemCube, Tag
from memos.memcube.filter import Filter
from memos.memcube.spans import indexed
from memos.operation.memoperator import likeness
from memos.operation.memoperator.conversation import Said
from memos.operation.memoperator.entities import hidden, kind_of, mentions
from memos.operation.memoperator.gazetteer import first_names, other_names
from memos.operation.memoperator.likeness import keys, written
from memos.operation.memoperator.resolution import Group, Match, Name, Verdict, matches, propose, resolve
from memos.ports.adapter import View

ENTITY = "entity"
"""The tag whose values are the names that a memory mentions."""
ALIAS, SAME = "alias", "same"
"""A memory with the tag `alias`, and one `alias=` for each name, is a verdict on names; its metadata say whether they are the `same`."""
_COUNTED, _READ, _NEAR, _LOOKED = 4, 4, 24, 200
"""Up to how many mentions of a name are counted, how many of them read, how many names are near one, and found for that."""


class Named(NamedTuple):
    """A name in a memory, and by whom that is said."""

    name: str
    kind: str
    confidence: float
    by: str = "predicted"


def named_in(cube: MemCube) -> tuple[Named, ...]:
    """The names in a memory: those that its tags give, with their kinds; without such tags, those in its text."""
    tags = [tag for tag in cube.tags if tag.name == ENTITY and tag.value and not hidden(tag.value)]
    kinds = {tag.value: kind_of(tag.value) for tag in tags if tag.value}
    if tags and "thing" not in kinds.values():
        return tuple(_tagged(tag, kinds[tag.value]) for tag in tags if tag.value)
    found = {each.name: each for each in mentions(indexed(cube.text, cube.policy), None if cube.policy.veiled else cube.speaker)}
    if not tags:
        return tuple(Named(*each) for each in found.values())
    kinds |= {name: found[name].kind for name, kind in kinds.items() if kind == "thing" and name in found}
    return tuple(_tagged(tag, kinds[tag.value]) for tag in tags if tag.value)


def _tagged(tag: Tag, kind: str) -> Named:
    return Named(tag.value or "", kind, tag.confidence, tag.by)


def forget() -> None:
    """Forget the names that were met."""
    likeness.forget()
    kind_of.cache_clear()


def verdict(cube: MemCube) -> Verdict | None:
    """What an alias memory says of names; None when it is none."""
    names = tuple(tag.value for tag in cube.tags if tag.name == ALIAS and tag.value)
    return Verdict(names, same=cube.metadata.get(SAME) is not False) if len(names) > 1 else None


def said(cubes: Sequence[MemCube]) -> list[Said]:
    """Memories as resolution reads them, those that are verdicts left out."""
    talk = (cube for cube in cubes if verdict(cube) is None)
    return [
        Said(
            indexed(cube.text, cube.policy), None if cube.policy.veiled else cube.speaker,
            tuple(each.name for each in named_in(cube) if each.name != cube.speaker), cube.session,
        )
        for cube in talk
    ]  # fmt: skip


class Aliases:
    """The entities of names, for one reader. What is asked twice is looked up once.

    `mine` says of an alias memory whether its author's word goes before that of others. Names are one by prediction only as far as the
    memories that the reader may see tell.
    """

    def __init__(
        self, view: View, *, filter: Filter, grant: Filter, now: datetime, shown: Callable[[MemCube], MemCube],
        mine: Callable[[MemCube], bool],
    ) -> None:  # fmt: skip
        self._view, self._mine, self._shown = view, mine, shown
        self._asking = {"filter": filter, "grant": grant, "now": now}
        self._known: dict[str, Group] = {}
        self._verdicts: tuple[Verdict, ...] | None = None
        self._counts: dict[str, int] | None = None

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What users said of names, those that count most last: the reader's own after others', later ones after earlier ones."""
        if self._verdicts is None:
            rows = self._view.tagged([ALIAS], limit=1000, **self._asking)  # type: ignore[arg-type]
            cubes = sorted(self._view.load(rows), key=lambda cube: (self._mine(cube), cube.updated_at, cube.seq))
            told = (verdict(self._shown(cube)) for cube in cubes)
            self._verdicts = tuple(each for each in told if each is not None)
        return self._verdicts

    def group(self, name: str, kind: str = "thing") -> Group:
        """The entity of a name, with all its names."""
        if name not in self._known:
            kind = kind_of(name) if kind == "thing" else kind
            names = self._near(name, kind)
            if len(names) == 1:
                self._known[name] = Group(name, names[0].kind, (name,), 1.0, "predicted", ())
            else:
                talk = said([self._shown(cube) for cube in self._talk(names)])
                found = next(each for each in resolve(names, talk, self.verdicts) if name in each.names)
                self._known |= {each: found for each in found.names if each not in self._known}
        return self._known[name]

    def together(self, groups: Sequence[Group], cubes: Sequence[MemCube]) -> tuple[Group, ...]:
        """Groups that were met by themselves, those made one that the memories around them show to be one."""
        groups = list(_apart(groups))
        names = [Name(name, group.kind) for group in groups for name in group.names]
        return resolve(names, said([self._shown(cube) for cube in cubes]), self.verdicts, [each for each in groups if each.names[1:]])

    def entities(self, most: int) -> tuple[Group, ...]:
        """All that memories mention, the most mentioned first."""
        names, talk = self._all(most)
        return resolve(names, talk, self.verdicts)

    def proposals(self, most: int) -> tuple[Match, ...]:
        """The pairs of names that may be one entity's and of which no user has said whether they are, the likeliest first."""
        names, talk = self._all(most)
        return propose(names, talk, self.verdicts)

    def counts(self) -> dict[str, int]:
        """How many memories mention each name, counted up to 10,000."""
        if self._counts is None:
            there = self._view.tag_values(ENTITY, None, most=10_000, **self._asking)  # type: ignore[arg-type]
            self._counts = {name: count for name, count in there if not hidden(name)}
        return self._counts

    def _all(self, most: int) -> tuple[list[Name], list[Said]]:
        """The names that are mentioned most, and some talk in which those stand that may be one with another."""
        often = sorted(self.counts().items(), key=lambda each: (-each[1], each[0]))[:most]
        names = [Name(name, kind_of(name), count) for name, count in often]
        alike = {name for match in matches(names, ()) for name in match.names}
        told = {name for verdict in self.verdicts for name in verdict.names}
        cubes = self._talk([each for each in names if each.name in alike | told])
        kinds = {each.name: each.kind for cube in map(self._shown, cubes) for each in named_in(cube)}
        return [each._replace(kind=kinds.get(each.name, each.kind)) for each in names], said([self._shown(cube) for cube in cubes])

    def _near(self, name: str, kind: str) -> list[Name]:
        """The name, and those that may be of the same entity, by how they are written or by what users said."""
        told = {each for verdict in self.verdicts if name in verdict.names for each in verdict.names}
        ours = keys(name, kind)
        there = dict(self._values(parts_of(name)))
        alike = [each for each in there if each != name and not ours.isdisjoint(keys(each, kind))][:_NEAR]
        further = [part for each in alike if len(written(each).joined) < len(written(name).joined) for part in parts_of(each)]
        if further:
            there |= dict(self._values(further))
            alike += [each for each in there if each not in alike and each != name][: _NEAR - len(alike)]
        known = dict.fromkeys((name, *sorted(told), *alike))
        return [Name(each, kind if each == name else self._kind(each, kind), there.get(each, 1)) for each in known]

    def _values(self, parts: Sequence[str]) -> tuple[tuple[str, int], ...]:
        return self._view.tag_values(ENTITY, parts, most=_COUNTED, limit=_LOOKED, **self._asking)  # type: ignore[arg-type]

    @staticmethod
    def _kind(name: str, kind: str) -> str:
        """The kind of a name that was found by another's: what it shows of itself, else the other's."""
        alone = kind_of(name)
        return kind if alone == "thing" else alone

    def _talk(self, names: Sequence[Name]) -> list[MemCube]:
        """Some memories that mention names, the newest of each."""
        rows: dict[int, None] = {}
        for each in names:
            rows |= dict.fromkeys(self._view.tagged([f"{ENTITY}={each.name}"], limit=_READ, **self._asking))  # type: ignore[arg-type]
        return self._view.load(sorted(rows))


def parts_of(name: str) -> list[str]:
    """Texts of which names that may be one with a name hold at least one; with spaces around it, as a word."""
    known, forms = first_names(), set[str]()
    for word in written(name).core:
        fulls = {full.lstrip("=") for full in known.get(word, ())}
        forms |= {f" {short} " for short, of in known.items() if fulls.intersection(each.lstrip("=") for each in of)}
        forms |= {f" {word[:size]} " for size in range(3, min(6, len(word)))}
        forms |= {f" {word}", f" {word[:5]}"} if len(word) > 1 else set()
    places = other_names()
    if name.lower() in places:
        forms |= {f" {each} " for each, first in places.items() if first == places[name.lower()]}
    return sorted(forms)


def _apart(groups: Iterable[Group]) -> Iterator[Group]:
    """The groups, each name in the first of them that has it; the larger ones come first."""
    taken: set[str] = set()
    for group in sorted(groups, key=lambda each: -len(each.names)):
        names = (group.name, *(name for name in group.names if name != group.name and name not in taken))
        if group.name not in taken:
            taken.update(names)
            yield group._replace(names=names)

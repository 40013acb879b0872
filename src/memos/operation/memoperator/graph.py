"""Graph: what stands around a memory or an entity, breadth first, within what the reader may see.

Nodes are memories and entities. Edges are those that are stored, the turn before and after, the mentions of entities (their `entity=`
tags), what texts say of two entities, and the order in time of what is said of one. The walk asks the store level by level, and of each
memory and each entity for so many at most, the newest, so that an entity with thousands of mentions costs what the answer holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from memos.memcube.change import Edge
from memos.memcube.cube import MemCube
from memos.memcube.spans import indexed
from memos.operation.memoperator.aliases import ALIAS, ENTITY, Aliases, named_in
from memos.operation.memoperator.entities import Mention
from memos.operation.memoperator.picture import MENTIONS, NEXT, SYSTEM, THEN, Asked, Link, Picture
from memos.operation.memoperator.relations import relations
from memos.operation.memoperator.resolution import Group
from memos.ports.adapter import View

AT_ONE = 50
"""Of how many edges of one relation, or of how many mentions, the walk learns at one node at most, where the limit is not smaller."""


AT_ONCE = 8
"""The edges of how many memories are asked for at once: when the limit is reached, those of the rest are not read."""


class Walker:
    """One walk over a View."""

    def __init__(self, view: View, asked: Asked, aliases: Aliases) -> None:
        self._view, self._asked, self._aliases = view, asked, aliases
        self._picture = Picture()
        self._cubes: dict[str, MemCube] = {}
        self._names: dict[str, Group] = {}
        self._each = min(asked.limit, AT_ONE)

    def run(self, start: MemCube | Group) -> Picture:
        """What stands around a memory or an entity."""
        first = self._key(start)
        self._picture.nodes[first] = start
        level: list[str] = [first]
        for step in range(self._asked.depth):
            level = self._step(level)
            self._picture.truncated |= self._full() and step + 1 < self._asked.depth
            if not level or self._full():
                break
        self._united()
        known = self._picture.nodes
        wanted = dict.fromkeys([*known, *(each for link in self._picture.links.values() for each in link.evidence)])
        self._picture.told = {each: self._cubes[each] for each in wanted if each in self._cubes}
        return self._picture

    def _entity(self, name: str, kind: str) -> Group:
        """The entity of a name: one that was met with all its names, else for now one of this name alone."""
        return self._names.get(name) or Group(name, kind, (name,), 1.0, "predicted", ())

    def _whole(self, key: str, group: Group) -> Group:
        """An entity with all its names, from which the walk goes on."""
        if group.name in self._names:
            return self._names[group.name]
        whole = self._aliases.group(group.name, group.kind)._replace(name=group.name)
        self._names |= {name: whole for name in whole.names if name not in self._names}
        self._picture.nodes[key] = whole
        return whole

    def _united(self) -> None:
        """Make one node of entities that were met under several names."""
        picture, cubes = self._picture, [self._cubes[key] for key in self._picture.nodes if key in self._cubes]
        groups = {key: node for key, node in picture.nodes.items() if isinstance(node, Group)}
        if len(groups) < 2:
            picture.links = {
                key: link for key, link in picture.links.items() if link.source in picture.nodes and link.target in picture.nodes
            }
            return
        united = self._aliases.together(list(groups.values()), cubes)
        home = {name: group for group in united for name in group.names}
        moved = {key: f"entity:{home[group.name].name}" for key, group in groups.items()}
        nodes: dict[str, MemCube | Group] = {}
        for key, node in picture.nodes.items():
            nodes.setdefault(moved.get(key, key), home[node.name] if isinstance(node, Group) else node)
        links, picture.nodes, picture.links = list(picture.links.values()), nodes, {}
        for link in links:
            source, target = (moved.get(end, end) for end in link[:2])
            if source != target and source in nodes and target in nodes:
                self._link(link._replace(source=source, target=target))

    def _key(self, node: MemCube | Group) -> str:
        if isinstance(node, MemCube):
            self._cubes[node.id] = node
            return node.id
        return f"entity:{node.name}"

    def _step(self, level: Sequence[str]) -> list[str]:
        """One level further: the nodes met there, in the order of those they were met from."""
        met: list[str] = []
        memories = [self._cubes[key] for key in level if key in self._cubes]
        for start in range(0, len(memories), AT_ONCE):
            if self._full():  # what more there is would find no room
                self._picture.truncated = True
                break
            some = memories[start : start + AT_ONCE]
            for cube in [*self._stored(some), *self._turns(some)]:
                self._meet(cube, met)
        for group in self._named(memories):
            self._meet(group, met)
        for key in level:
            node = self._picture.nodes[key]
            for each in self._mentions(key, self._whole(key, node)) if isinstance(node, Group) else ():
                self._meet(each, met)
        return met

    def _full(self) -> bool:
        return len(self._picture.nodes) >= self._asked.limit

    def _meet(self, node: MemCube | Group, met: list[str]) -> None:
        key = self._key(node)
        if key in self._picture.nodes:
            return
        if self._full():
            self._picture.truncated = True
            return
        self._picture.nodes[key] = node
        met.append(key)

    def _link(self, link: Link) -> None:
        key = link[:3]
        standing = self._picture.links.get(key)
        if standing is not None:
            evidence = tuple(dict.fromkeys((*standing.evidence, *link.evidence)))
            link = max(standing, link, key=lambda each: each.confidence)._replace(evidence=evidence)
        self._picture.links[key] = link

    def _load(self, ids: Iterable[str]) -> list[MemCube]:
        """The memories, those that both filters pass, in the order asked."""
        asked, wanted = self._asked, list(dict.fromkeys(ids))
        fresh = [each for each in wanted if each not in self._cubes]
        found = self._view.get(fresh, grant=asked.grant, now=asked.now) if fresh else {}
        passes = asked.filter.predicate(now=asked.now)
        self._cubes |= {key: cube for key, cube in found.items() if passes(cube)}
        return [self._cubes[each] for each in wanted if each in self._cubes]

    def _stored(self, memories: Sequence[MemCube]) -> list[MemCube]:
        """Over the edges that are stored."""
        asked = self._asked
        if not memories or not asked.stored:
            return []
        wanted = None if asked.relations is None else sorted(asked.relations)
        edges = self._view.around(
            [cube.id for cube in memories], wanted, filter=asked.filter, grant=asked.grant, now=asked.now, limit=self._each + 1
        )
        order: list[str] = []
        for edge in self._few(edges, {cube.id for cube in memories}):
            self._link(Link(edge.source, edge.target, edge.relation, "system" if edge.relation in SYSTEM else "user", 1.0))
            order += [end for end in (edge.source, edge.target) if end not in self._picture.nodes]
        room = asked.limit - len(self._picture.nodes) + 1
        return self._load(list(dict.fromkeys(order))[:room])

    def _few(self, edges: Sequence[Edge], here: set[str]) -> Iterable[Edge]:
        """The edges without those that are one too many of their kind at both ends that were asked for."""
        if len(edges) <= self._each:
            return edges
        counts: Counter[tuple[str, str, bool]] = Counter()
        kept = []
        for edge in edges:
            near = [(end, edge.relation, ahead) for end, ahead in ((edge.source, True), (edge.target, False)) if end in here]
            counts.update(near)
            if all(counts[each] > self._each for each in near):
                self._picture.truncated = True
            else:
                kept.append(edge)
        return kept

    def _turns(self, memories: Sequence[MemCube]) -> list[MemCube]:
        """To the turns before and after."""
        if not self._asked.follows(NEXT):
            return []
        found: list[MemCube] = []
        for cube in memories:
            if cube.session is None or cube.ordinal is None:
                continue
            places = [place for place in (cube.ordinal + 1, cube.ordinal - 1) if place >= 0]
            turns = self._view.turns(cube.namespace, cube.session, places)
            for other in self._load(turns[place] for place in places if place in turns):
                first, second = (cube, other) if (other.ordinal or 0) > cube.ordinal else (other, cube)
                self._link(Link(first.id, second.id, NEXT, "system", 1.0))
                found.append(other)
        return found

    def _named(self, memories: Sequence[MemCube]) -> list[Group]:
        """To the entities that memories mention."""
        if not self._asked.follows(MENTIONS):
            return []
        found: list[Group] = []
        for cube in memories:
            for tag in named_in(self._asked.shown(cube)):
                group = self._entity(tag.name, tag.kind)
                found.append(group)
                self._link(Link(cube.id, self._key(group), MENTIONS, tag.by, tag.confidence, (cube.id,)))
        return found

    def _mentions(self, key: str, group: Group) -> list[MemCube | Group]:
        """From an entity to the memories that mention it, the newest first, and to what they say of it."""
        asked = self._asked
        keys = [f"{ENTITY}={name}" for name in group.names]
        rows = self._view.tagged(keys, filter=asked.within, grant=asked.beside, now=asked.now, limit=self._each + 1)
        cubes = [cube for cube in self._view.load(rows[: self._each]) if not any(tag.name == ALIAS for tag in cube.tags)]
        truncated = len(rows) > self._each
        found: list[MemCube | Group] = []
        if asked.follows(MENTIONS):
            self._picture.truncated |= truncated
            for cube in cubes:
                mine = [tag for tag in named_in(asked.shown(cube)) if tag.name in group.names]
                if mine:  # a reader from whom the name is hidden is not told that it stands there
                    found.append(cube)
                    self._link(Link(cube.id, key, MENTIONS, mine[0].by, max(tag.confidence for tag in mine), (cube.id,)))
            self._chain([cube for cube in found if isinstance(cube, MemCube)])
        return [*found, *self._said(group, cubes)]

    def _chain(self, cubes: Sequence[MemCube]) -> None:
        """The order in time of what is said of one entity: of events by when they were, of the rest by when it was said."""
        if not self._asked.follows(THEN):
            return
        ordered = sorted(cubes, key=lambda cube: (cube.valid_from or cube.said_at, cube.ordinal or 0, cube.id))
        for one, other in pairwise(ordered):
            self._link(Link(one.id, other.id, THEN, "system", 1.0))

    def _said(self, group: Group, cubes: Sequence[MemCube]) -> list[Group]:
        """The entities of which the memories that mention one say what they are to it."""
        found = []
        self._cubes |= {cube.id: cube for cube in cubes}
        for cube in map(self._asked.shown, cubes):
            me = None if cube.policy.veiled else cube.speaker or cube.policy.owner
            tags = named_in(cube)
            named = [Mention(tag.name, tag.kind, tag.confidence) for tag in tags]
            for said in relations(indexed(cube.text, cube.policy), named, me):
                ends = {said.source, said.target}
                if not self._asked.follows(said.relation) or ends.isdisjoint(group.names):
                    continue
                kinds = {tag.name: tag.kind for tag in tags}
                source, target = (self._entity(name, kinds.get(name, "person")) for name in (said.source, said.target))
                self._link(Link(self._key(source), self._key(target), said.relation, "predicted", said.confidence, (cube.id,)))
                found += [each for each in (source, target) if each.name != group.name]
        return found

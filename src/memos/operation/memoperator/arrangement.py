"""Arrangement: of memories that were found and scored the final list: equal ones once, unlike ones first, grouped, in the order wanted.

Nothing here reads a store or knows of permission: what is given may all be seen by who asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from memos.memcube.cube import MemCube
from memos.memcube.hit import Group, Hit
from memos.memcube.legal import same_fact
from memos.memcube.rank import Order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEARNESS = {"context": 0, "user": 1, "expert": 2, "shared": 2, "pipeline": 2, "global": 3}
"""How far from who asks what stands below each root is."""
TAG = "tag:"


class Found(NamedTuple):
    """A hit, and its memory as it is shown to who asked."""

    hit: Hit
    shown: MemCube


def nearness(namespace: str) -> int:
    """How far a namespace is: the current context 0, the caller's own 1, what is shared 2, what is global 3."""
    return NEARNESS[namespace.partition("/")[0]]


def one_each(found: Sequence[Found]) -> list[list[Found]]:
    """The memories that say the same, together, each set in the place of its best.

    Facts are equal after NFC, case and space folding, wherever they stand. A turn of a conversation equals only what stands at another
    distance. What is not shown whole equals nothing: nobody learns what is hidden by asking whether it is equal.
    """
    sets: list[list[Found]] = []
    of_text: dict[str, list[list[Found]]] = {}
    for each in found:
        text = each.hit.cube.text
        same = of_text.setdefault(same_fact(text), []) if text and each.shown.text == text else []
        mine = next((members for members in same if all(_may_be_one(each, other) for other in members)), None)
        if mine is None:
            mine = []
            sets.append(mine)
            same.append(mine)
        mine.append(each)
    return sets


def _may_be_one(one: Found, other: Found) -> bool:
    apart = nearness(one.hit.cube.namespace) != nearness(other.hit.cube.namespace)
    return apart or not (_is_turn(one.hit.cube) or _is_turn(other.hit.cube))


def _is_turn(cube: MemCube) -> bool:
    return cube.session is not None and cube.ordinal is not None


def standing_for(members: Sequence[Found]) -> Found:
    """The nearest of those that say the same, in the place of the best of them; what that adds to its score is the part `duplicate`."""
    if len(members) == 1:
        return members[0]
    hit, shown = min(members, key=lambda each: nearness(each.hit.cube.namespace))
    gained = max(each.hit.score for each in members) - hit.score
    why = hit.why | {"duplicate": gained} if gained else hit.why
    also = tuple(each.hit.cube.id for each in members if each.hit.cube.id != hit.cube.id)
    return Found(hit.model_copy(update={"score": sum(why.values()) if gained else hit.score, "why": why, "also": also}), shown)


def nearer_first(found: Sequence[Found]) -> list[Found]:
    """By score, ties by how near each stands, those in the order given."""
    return sorted(found, key=lambda each: (-each.hit.score, nearness(each.hit.cube.namespace)))


def unlike(found: Sequence[Found], vectors: Mapping[str, NDArray[np.float32]], share: float, count: int) -> list[Found]:
    """The first `count` by maximal marginal relevance (Carbonell and Goldstein 1998), what it takes from a score as the part `diverse`.

    Chosen next is what has the greatest (1 - share) · relevance - share · likeness: the relevance between 0 and 1 among those given, the
    likeness the greatest cosine with one that is chosen already, no less than 0, and 0 for what has no vector.
    """
    import numpy as np

    if not found:
        return []
    width = next((len(vector) for vector in vectors.values()), 1)
    rows = np.array([vectors.get(each.hit.cube.id, np.zeros(width)) for each in found], np.float64)
    scores = np.array([each.hit.score for each in found])
    low, span = float(scores.min()), float(np.ptp(scores)) or 1.0
    relevance, likeness = (scores - low) / span, np.zeros(len(found))
    left, chosen = np.ones(len(found), np.bool_), list[Found]()
    for _ in range(min(count, len(found))):
        place = int(np.where(left, (1 - share) * relevance - share * likeness, -np.inf).argmax())
        hit, shown = found[place]
        why = hit.why | {"diverse": -share * span * float(relevance[place] + likeness[place])}
        chosen.append(Found(hit.model_copy(update={"score": sum(why.values()), "why": why}), shown))
        left[place] = False
        likeness = np.maximum(likeness, rows @ rows[place])
    return chosen


class Members(NamedTuple):
    """A group, what it is in a filter (None for what stands by itself), and the hits of it that are given."""

    group: Group
    test: dict[str, Any] | None
    hits: list[Found]


def grouped(found: Sequence[Found], by: str, per_group: int) -> list[Members]:
    """The hits by what they have in common, the groups in the order of their best; no more of each than `per_group`.

    What has no value of what is grouped by, or has it hidden in part, is a group of its own.
    """
    groups: dict[object, Members] = {}
    for each in found:
        key, test = _value(each, by)
        name: object = each.hit.cube.id if test is None else (key, each.hit.cube.namespace if by == "session" else None)
        if name not in groups:
            where = each.hit.cube.namespace if test is not None and by == "session" else None
            groups[name] = Members(Group(by=by, key=key, namespace=where), test, [])
        if len(groups[name].hits) < per_group:
            groups[name].hits.append(each)
    return list(groups.values())


def _value(found: Found, by: str) -> tuple[str | None, dict[str, Any] | None]:
    """What a memory is grouped by, and as a filter."""
    cube, shown = found.hit.cube, found.shown
    if by.startswith(TAG):
        name = by.removeprefix(TAG)
        tags = sorted((tag for tag in cube.tags if tag.name == name and tag in shown.tags), key=attrgetter("key"))
        return (tags[0].value or name, {"tags": {"any": [tags[0].key]}}) if tags else (None, None)
    value = getattr(cube, by)
    if value is None or getattr(shown, by) != value:
        return None, None
    return value, {"session": value, "namespace": cube.namespace} if by == "session" else {by: value}


def in_order(hits: Sequence[Hit], order: Order) -> list[Hit]:
    """The hits in the order wanted; groups stay together, each in the place of its first."""
    given = list(hits) if order == "relevance" else sorted(hits, key=_KEYS[order](hits))
    first: dict[object, int] = {}
    for place, hit in enumerate(given):
        first.setdefault(_together(hit), place)
    return sorted(given, key=lambda hit: first[_together(hit)])


def _together(hit: Hit) -> object:
    return hit.cube.id if hit.group is None or hit.group.key is None else hit.group


def _by_session(hits: Sequence[Hit]) -> Callable[[Hit], Any]:
    """Session by session as they begin among the hits, each in the order of its turns."""
    begun: dict[object, Any] = {}
    for hit in hits:
        begun[_session(hit.cube)] = min(begun.get(_session(hit.cube), hit.cube.said_at), hit.cube.said_at)
    return lambda hit: (begun[_session(hit.cube)], str(_session(hit.cube)), -1 if hit.cube.ordinal is None else hit.cube.ordinal)


def _session(cube: MemCube) -> object:
    return (cube.namespace, cube.session) if cube.session is not None else cube.id


def _said(cube: MemCube) -> tuple[float, int]:
    return cube.said_at.timestamp(), -1 if cube.ordinal is None else cube.ordinal


_KEYS: Mapping[Order, Callable[[Sequence[Hit]], Callable[[Hit], Any]]] = {
    "recent": lambda _: lambda hit: tuple(-part for part in _said(hit.cube)),
    "oldest": lambda _: lambda hit: _said(hit.cube),
    "priority": lambda _: lambda hit: -hit.cube.policy.priority,
    "said": _by_session,
}

# ruff: noqa: S101 -- a comparison asserts
"""Questions on the edges between memories, asked of a store and of the plain model; `memos.testing.comparison` puts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memos.testing.walk import RELATIONS

if TYPE_CHECKING:
    from memos.ports.adapter import View
    from memos.testing.comparison import Comparison
    from memos.testing.model_view import ModelView


def compare_neighbours(asked: Comparison, view: View, wanted: ModelView) -> None:
    """What stands around some memories."""
    chosen, depth = asked.random.choice([None, RELATIONS[:1], ()]), asked.random.randint(0, 4)
    ids = asked.ids()[-3:]
    assert view.neighbours(ids, chosen, depth) == wanted.neighbours(ids, chosen, depth)


def compare_lineage(asked: Comparison, view: View, wanted: ModelView) -> None:
    """Where memories came from, and what came of them."""
    chosen, ancestors = asked.random.choice([None, None, RELATIONS[:2], ()]), asked.walk.chance(50)
    depth, limit = asked.random.choice([None, None, 0, 1, 2]), asked.random.choice([100, 100, 1, 2, 3])
    asking = asked.asking() | {"ancestors": ancestors, "depth": depth, "limit": limit}
    ends = [end for relation in wanted.state.relations for end in (relation.edge.source, relation.edge.target)]
    for cube_id in (*asked.walk.some(ends, 4), *asked.ids()[-2:]):
        given, expected = view.lineage(cube_id, chosen, **asking), wanted.lineage(cube_id, chosen, **asking)
        assert given == expected
        asked.figures["lineage"] += len(expected.edges)


def compare_around(asked: Comparison, view: View, wanted: ModelView) -> None:
    """The edges at some memories, the newest of each kind."""
    chosen, limit = asked.random.choice([None, None, RELATIONS[:1], ()]), asked.random.choice([1, 2, 3, 50])
    asking = asked.asking() | {"filter": asked.filter(), "limit": limit}
    ends = [end for relation in wanted.state.relations for end in (relation.edge.source, relation.edge.target)]
    ids = [*asked.walk.some(ends, 4), *asked.ids()[-3:]]
    given, expected = view.around(ids, chosen, **asking), wanted.around(ids, chosen, **asking)
    assert given == expected
    asked.figures["around"] += len(expected)


def compare_tagged(asked: Comparison, view: View, wanted: ModelView) -> None:
    """The memories with a tag, and the values of one."""
    asking = asked.asking() | {"filter": asked.filter()}
    keys, limit = asked.random.choice([["home"], ["mood=calm"], ["mood=calm", "home"], []]), asked.random.choice([1, 2, 50])
    given, expected = view.tagged(keys, limit=limit, **asking), wanted.tagged(keys, limit=limit, **asking)
    shown = {row.number: row.cube.id for row in wanted.rows}
    assert [cube.id for cube in view.load(given)] == [shown[number] for number in expected]
    parts, most = asked.random.choice([None, ["CAL"], [" Calm "], [" al"], ["q"], []]), asked.random.choice([1, 2, 50])
    assert view.tag_values("mood", parts, most=most, **asking) == wanted.tag_values("mood", parts, most=most, **asking)
    asked.figures["tagged"] += len(expected)


def compare_derived(asked: Comparison, view: View, wanted: ModelView) -> None:
    """What is derived, of what."""
    ids, gone = asked.random.choice([None, asked.ids()]), asked.walk.chance(50)
    given, expected = view.derived(ids, gone=gone), wanted.derived(ids, gone=gone)
    assert given == expected
    assert view.derives() or not wanted.derives()
    asked.figures["derived"] += sum(map(len, expected.values()))


QUESTIONS = (compare_neighbours, compare_lineage, compare_around, compare_tagged, compare_derived)

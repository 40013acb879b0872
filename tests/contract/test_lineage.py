"""Lineage on a real store beside a plain walk: over any graph, in the past and in branches, while others write, and at full size."""

import statistics
import time
from collections import defaultdict, deque
from contextlib import closing
from itertools import pairwise
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memos import MemOS
from memos.backends.sqlite import lineage
from memos.backends.sqlite.adapter import SqliteAdapter
from memos.errors import InvalidCall
from memos.memcube.change import BranchOpen, CubeWrite, Edge, Purge, ReadSet
from memos.memcube.filter import Filter
from memos.memcube.lineage import DERIVATIONS, Derivation
from memos.memcube.state import State
from memos.testing.adapter_contract import ALL, Author
from memos.testing.memory import in_memory

WHOLE = ALL | {"depth": None, "limit": 10**6}


def plain_walk(edges, start, *, ancestors, depth=None, hidden=frozenset()):
    """What a breadth-first walk over a list of (child, parent, relation) reaches, with the edges it went along."""
    steps = defaultdict(list)
    for child, parent, relation in edges:
        steps[child if ancestors else parent].append((parent if ancestors else child, (child, parent, relation)))
    away, queue, walked = {start: 0}, deque([start]), set()
    while queue:
        each = queue.popleft()
        for end, edge in steps[each] if away[each] != depth else ():
            if end not in hidden:
                walked.add(edge)
                if end not in away:
                    away[end] = away[each] + 1
                    queue.append(end)
    return set(away), walked


@pytest.fixture(scope="module")
def world():
    """A store that grows from example to example."""
    adapter = in_memory()
    author = Author(adapter)
    yield adapter, author
    adapter.close()


@given(
    edges=st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14), st.sampled_from(DERIVATIONS)), max_size=40, unique=True),
    hidden=st.sets(st.integers(1, 14), max_size=4),
    ancestors=st.booleans(),
    depth=st.none() | st.integers(0, 4),
    relations=st.none() | st.lists(st.sampled_from(DERIVATIONS), unique=True, max_size=2),
    first_look=st.sampled_from([1, 2, 64]),
    read_ahead=st.sampled_from([1, 3, 256]),
)
@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
def test_any_graph_is_walked_like_a_plain_one(world, edges, hidden, ancestors, depth, relations, first_look, read_ahead):
    adapter, author = world
    policies = [{"owner": "alice", "priority": 9 if number in hidden else 0} for number in range(15)]
    cubes = [author.cube(f"{number}", policy=policy) for number, policy in enumerate(policies)]
    ids = [cube.id for cube in cubes]
    adapter.commit(author.births(*cubes), ReadSet())
    named = [Edge(ids[child], ids[parent], relation) for child, parent, relation in edges]
    half = len(named) // 2
    asking = {"ancestors": ancestors, "depth": depth, "limit": 100, "now": ALL["now"], "grant": Filter.parse({"priority": {"lt": 5}})}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lineage, "FIRST_LOOK", first_look)
        patch.setattr(lineage, "READ_AHEAD", read_ahead)
        for part, upto in ((named[:half], half), (named[half:], len(named))):
            if part:
                adapter.commit(author.change(edges=tuple(part)), ReadSet())
            told = [(edge.source, edge.target, edge.relation) for edge in named[:upto] if relations is None or edge.relation in relations]
            secret = {ids[number] for number in hidden}
            with adapter.view("acme") as view:
                for _ in range(2):
                    found = view.lineage(ids[0], relations, **asking)
                    nodes, walked = plain_walk(told, ids[0], ancestors=ancestors, depth=depth, hidden=secret)
                    assert (set(found.nodes), set(found.edges), found.truncated) == (nodes, walked, False)
                    assert len(found.nodes) == len(nodes)
                    assert len(found.edges) == len(walked)


def derive(adapter, author, *pairs, **how):
    adapter.commit(author.change(edges=tuple(Edge(child, parent, "derived_from") for child, parent in pairs), **how), ReadSet())


@pytest.fixture
def adapter():
    adapter = in_memory()
    yield adapter
    adapter.close()


def nodes(adapter, start, **how):
    with adapter.view("acme", **how) as view:
        return list(view.lineage(start, None, ancestors=True, **WHOLE).nodes)


def test_the_past_and_a_branch_show_their_own_edges(adapter):
    author = Author(adapter)
    a, b, c, d = author.add("a", "b", "c", "d")
    derive(adapter, author, (a, b))
    then = adapter.commit(author.change(opens=BranchOpen("what-if", 2)), ReadSet()).seq
    derive(adapter, author, (a, c))
    derive(adapter, author, (b, d), branch="what-if")
    assert nodes(adapter, a) == [a, b, c]
    assert nodes(adapter, a, at=then) == [a, b]
    assert nodes(adapter, a, branch="what-if") == [a, b, d]
    assert nodes(adapter, a, at=1) == [a]
    assert nodes(adapter, a) == [a, b, c]


def test_a_view_that_is_open_shows_what_it_showed(adapter):
    author = Author(adapter)
    a, b, c, d = author.add("a", "b", "c", "d")
    derive(adapter, author, (a, b), (b, c))
    with adapter.view("acme") as before:
        derive(adapter, author, (a, d))
        assert nodes(adapter, a) == [a, b, d, c]
        for _ in range(2):
            assert list(before.lineage(a, None, ancestors=True, **WHOLE).nodes) == [a, b, c]
        assert nodes(adapter, a) == [a, b, d, c]


def test_what_another_process_writes_is_seen(tmp_path):
    one, two = (SqliteAdapter(tmp_path / "store", durability="process", embedder=None) for _ in range(2))
    author = Author(one)
    a, b, c, d = author.add("a", "b", "c", "d")
    derive(one, author, (a, b))
    assert nodes(one, a) == nodes(two, a) == [a, b]
    derive(two, Author(two, seed=1), (b, c))
    assert nodes(one, a) == [a, b, c]
    derive(two, Author(two, seed=2), (a, d), (c, d))
    assert nodes(one, a) == [a, b, d, c]
    one.close()
    two.close()


def test_edges_of_a_memory_born_with_them_leave_the_rest_of_the_graph_in_place(adapter):
    author = Author(adapter)
    a, b = author.add("a", "b")
    derive(adapter, author, (a, b))
    assert nodes(adapter, a) == [a, b]
    born = author.cube("c")
    change = author.births(born)
    adapter.commit(author.change(writes=change.writes, edges=(Edge(born.id, a, "composed_of"), Edge(born.id, b, "composed_of"))), ReadSet())
    with adapter.view("acme") as view:
        graph = adapter._graphs._kept[1, True, None][0]
        assert list(view.lineage(born.id, None, ancestors=True, **WHOLE).nodes) == [born.id, a, b]
        assert len(adapter._graphs._kept[1, True, None][0].steps) == len(graph.steps) + 1
        found = view.lineage(b, None, ancestors=False, **WHOLE)
    assert found.nodes == (b, a, born.id)
    assert found.edges == (
        Derivation(a, b, "derived_from"), Derivation(born.id, b, "composed_of"), Derivation(born.id, a, "composed_of"),
    )  # fmt: skip


def test_what_was_purged_is_never_taken_for_what_came_after_it(tmp_path):
    """One process walks, another purges the last memory, a third gives its place in the file to a new one."""

    def opened():
        return SqliteAdapter(tmp_path / "store", durability="process", embedder=None)

    walking = opened()
    author = Author(walking)
    a, b = author.add("a", "b")
    derive(walking, author, (a, b))
    assert nodes(walking, a) == [a, b]
    with closing(opened()) as purging:
        with purging.view("acme") as view:
            gone = view.get([b], **ALL)[b].model_copy(update={"state": State.EXPIRED})
        purging.commit(author.change(writes=(CubeWrite(gone, birth=False),)), ReadSet())
        purging.commit(author.change(purge=Purge(cubes=(b,))), ReadSet())
    with closing(opened()) as adding:
        (c,) = Author(adding, seed=1).add("c")
    assert nodes(walking, a) == [a]
    assert nodes(walking, c) == [c]
    walking.close()


def test_it_keeps_no_more_graphs_and_no_larger_ones_than_it_says(adapter, monkeypatch):
    monkeypatch.setattr(lineage, "MEMORIES", 3)
    author = Author(adapter)
    ids = author.add(*(f"{number}" for number in range(10)))
    derive(adapter, author, *pairwise(ids))
    for _ in range(3):
        assert nodes(adapter, ids[0]) == ids
    relations = [f"relation {number}" for number in range(20)]
    with adapter.view("acme") as view:
        for relation in relations:
            assert view.lineage(ids[0], [relation], ancestors=True, **WHOLE).nodes == (ids[0],)
    assert len(adapter._graphs._kept) == lineage.GRAPHS


def test_it_refuses_what_is_no_id_and_finds_nothing_where_nothing_is(adapter):
    author = Author(adapter)
    (a,) = author.add("a")
    with adapter.view("acme") as view, pytest.raises(InvalidCall):
        view.lineage("x", None, ancestors=True, **WHOLE)
    with adapter.view("nobody") as view:
        assert view.lineage(a, None, ancestors=True, **WHOLE).nodes == ()
    with adapter.view("acme") as view:
        assert view.lineage(a, None, ancestors=True, **WHOLE | {"grant": Filter.nothing()}).nodes == ()


def derivation_graph(ids, seed):
    """Every memory but the first derives from one to three earlier ones; the last one's ancestors are all the others."""
    random, edges = Random(seed), set()
    for number in range(1, len(ids)):
        near = range(max(0, number - 300), number)
        edges |= {(number, random.choice(near)) for _ in range(random.choice([1, 1, 1, 2, 3]))}
    childless = sorted(set(range(len(ids) - 1)) - {parent for _, parent in edges})
    edges |= {(random.randint(parent + 1, min(len(ids) - 1, parent + 300)), parent) for parent in childless}
    return [Edge(ids[child], ids[parent], random.choice(DERIVATIONS)) for child, parent in sorted(edges)]


@pytest.mark.proof(capability="lineage", small=500, full=10_000)
def test_the_full_ancestry_of_a_derivation_graph_is_that_of_a_plain_walk(trials, record_proof, tmp_path):
    """Through the public call, on a warm store, with the row in the access log; the time is recorded, and not asserted."""
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none") as memory:
        alice = memory.as_user("alice")
        ids = [
            cube.id
            for first in range(0, trials, 1000)
            for cube in alice.add([f"m {n}" for n in range(first, min(trials, first + 1000))]).cubes
        ]
        edges = derivation_graph(ids, 2026)
        author = Author(memory._vault.adapter, tenant="default")
        memory._vault.commit(author.change(edges=tuple(edges)), ReadSet())
        told = [(edge.source, edge.target, edge.relation) for edge in edges]
        expected, walked = plain_walk(told, ids[-1], ancestors=True)
        times = []
        for _ in range(21):
            began = time.process_time()
            graph = alice.lineage(ids[-1]).value
            times.append((time.process_time() - began) * 1000)
            assert (set(graph["nodes"]), set(graph["edges"])) == (expected, walked)
        down = alice.lineage(ids[0], direction="descendants").value
        assert set(down["nodes"]) == plain_walk(told, ids[0], ancestors=False)[0]
        record_proof(
            nodes=len(graph["nodes"]), edges=len(graph["edges"]), cpu_ms_first=round(times[0], 1),
            cpu_ms_warm_median=round(statistics.median(times[1:]), 1), cpu_ms_warm_worst=round(max(times[1:]), 1),
        )  # fmt: skip
    assert len(graph["nodes"]) == trials

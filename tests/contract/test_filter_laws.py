"""The laws of filters: one answer from a cube, from column arrays and from SQL, and the algebra of and, or and not."""

import json
import random
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from memos.backends.sqlite import filter_sql
from memos.memcube.call import MemoryQuery
from memos.memcube.fields import FIELDS, INTERNAL, LISTS, METADATA, OPERATORS, Kind, instant, kind_of
from memos.memcube.filter import Filter, where
from memos.memcube.matching import field_value
from memos.operation.memoperator.columns import Columns
from memos.testing import strategies
from tests.filter_world import INHERITED, World
from tests.rows import feed_row

NOW = datetime(2025, 1, 1, tzinfo=UTC)
POOL = 240


@pytest.fixture(scope="module")
def world():
    """A world of many cubes, the same at each run."""
    found = []

    @settings(max_examples=POOL, database=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategies.cubes())
    def collect(cube):
        found.append(cube.model_copy(update={"id": f"00000000-0000-7000-8000-{len(found):012x}"}))

    collect()
    return World(found)


@pytest.mark.proof(capability="filters", small=250, full=20_000)
def test_cube_columns_and_sql_give_one_answer(trials, record_proof, world):
    counts = {"filters": 0, "decisions": 0, "held": 0, "selective": 0}

    @settings(max_examples=trials)
    @given(strategies.filters(internal=True), st.sampled_from([NOW]) | strategies.instants())
    def agree(filter, now):
        expected = world.by_cube(filter, now)
        assert world.by_columns(filter, now) == expected
        assert world.by_sql(filter, now) == expected
        counts["filters"] += 1
        counts["decisions"] += len(expected)
        counts["held"] += sum(expected)
        counts["selective"] += any(expected) and not all(expected)

    agree()
    record_proof(**counts, disagreements=0)
    assert len(world.cubes) >= POOL
    assert counts["selective"] > counts["filters"] / 3, "most filters of the strategy say the same of every cube"


def operands(world, field):
    """What a field holds in the world, with what is easily confused with it."""
    held = [field_value(cube, field, INHERITED.get(cube.namespace, ())) for cube in world.cubes]
    if kind_of(field) is Kind.TIME:
        return ["now", *(instant(when) for when in held if when is not None)]
    members = [item for value in held for item in (value if isinstance(value, (list, frozenset)) else [value])]
    scalars = [item for item in members if isinstance(item, (str, int, float))]
    return [*scalars, *strategies.NUMBERS, *strategies.WORDLIST, True, False, ""] if field.startswith(METADATA) else scalars


@pytest.mark.parametrize(
    "field", [*FIELDS, *INTERNAL, *(METADATA + key for key in ("a", "b", "a.b", 'a"b', "it's", "日本", "$", "[0]", "\\"))]
)
def test_every_operator_on_what_is_there(world, field):
    rng = random.Random(field)
    there = operands(world, field)
    for operator in OPERATORS[kind_of(field)] * 8:
        operand = rng.choices(there, k=rng.randrange(4)) if operator in LISTS else rng.choice(there)
        if operator == "exists":
            operand = rng.random() < 0.5
        condition = Filter.test(field, operator, operand, internal=True)
        expected = world.by_cube(condition, NOW)
        assert world.by_columns(condition, NOW) == expected, condition
        assert world.by_sql(condition, NOW) == expected, condition


@settings(max_examples=40)
@given(st.lists(strategies.cubes(), min_size=1, max_size=3, unique_by=lambda cube: cube.id), strategies.filters(internal=True))
def test_the_three_agree_on_any_cubes(cubes, filter):
    world = World(cubes)
    expected = world.by_cube(filter, NOW)
    assert world.by_columns(filter, NOW) == expected
    assert world.by_sql(filter, NOW) == expected


@settings(max_examples=50)
@given(strategies.filters(internal=True))
def test_a_grant_compiles_for_the_head_row(world, filter):
    assert world.by_sql(filter, NOW, "h") == world.by_cube(filter, NOW)


@settings(max_examples=100)
@given(strategies.filters(internal=True), strategies.filters(internal=True))
def test_algebra(world, one, other):
    def of(filter):
        return np.array(world.by_columns(filter, NOW))

    assert np.array_equal(of(~one), ~of(one))
    assert np.array_equal(of(one & other), of(one) & of(other))
    assert np.array_equal(of(one | other), of(one) | of(other))
    assert np.array_equal(of(~(one & other)), of(~one | ~other))
    assert np.array_equal(of(~(one | other)), of(~one & ~other))
    assert ~~one == one
    assert (one & other).referenced_fields() == one.referenced_fields() | other.referenced_fields()


@settings(max_examples=200)
@given(strategies.filters(internal=True))
def test_json_reads_back_as_the_same_filter(filter):
    again = Filter.parse(json.loads(json.dumps(filter.to_json(), ensure_ascii=False)), internal=True)
    assert again == filter
    assert hash(again) == hash(filter)
    assert again.to_json() == filter.to_json()


@settings(max_examples=100)
@given(strategies.filters())
def test_a_value_carries_a_filter_through_json(filter):
    query = MemoryQuery(filter=filter)
    assert MemoryQuery.model_validate_json(query.model_dump_json()).filter == filter


@settings(max_examples=100)
@given(strategies.filters(internal=True), st.lists(st.integers(0, 10), max_size=5))
def test_chosen_rows_get_the_answers_that_all_rows_get(world, filter, rows):
    columns = max(world.columns.values(), key=lambda columns: columns.n)
    assert columns.n > 10
    chosen = columns.mask(filter, 0, np.array(rows, np.int64))
    assert chosen.tolist() == columns.mask(filter, 0)[rows].tolist()


@settings(max_examples=100)
@given(strategies.filters(internal=True), st.integers(1, 4))
def test_columns_answer_the_same_however_they_have_grown(world, filter, chunk):
    namespace, whole = max(world.columns.items(), key=lambda item: item[1].n)
    cubes = [world.cubes[number] for number in world.numbers[namespace]][:12]
    rows = [feed_row(cube, number) for number, cube in enumerate(cubes)]
    grown = Columns(namespace)
    grown.inherit(INHERITED.get(namespace, ()))
    for start, end in pairwise([*range(0, 12, chunk), 12]):
        grown.append(rows[start:end])
        assert grown.mask(filter, 0).tolist() == whole.mask(filter, 0)[:end].tolist()


def test_the_largest_filter_compiles_and_runs(world):
    world = World(world.cubes[:20])
    for operator in ("any", "all", "none"):
        many = Filter.parse(
            {"and": [{"tags": {operator: [f"tag {n}" for n in range(5_000)]}}, {"metadata.a": {operator: list(range(5_000))}}]}
        )
        assert world.by_sql(many, NOW) == world.by_cube(many, NOW) == world.by_columns(many, NOW)
    wide = Filter.parse({"or": [{"not": {"metadata.a": n}} if n % 2 else {"tags": {"any": [str(n)]}} for n in range(1_000)]})
    assert world.by_sql(wide, NOW) == world.by_cube(wide, NOW) == world.by_columns(wide, NOW)


def test_deep_filters_compile_and_run(world):
    deep = where.frozen == True  # noqa: E712
    for level in range(15):
        deep = ~(deep & (where.priority > level % 3))
    assert world.by_sql(deep, NOW) == world.by_cube(deep, NOW) == world.by_columns(deep, NOW)


def test_no_operand_reaches_the_text_of_the_statement():
    hostile = "x' OR 1=1 --"
    filters = [where.speaker == hostile, where.tags.any(hostile), where.tags.all(hostile), where.metadata[hostile].eq(hostile)]
    filters += [where.metadata["a"].any(hostile), where.owner.in_(hostile), Filter.test("acl", "any", [hostile], internal=True)]
    for condition in filters:
        text, parameters = filter_sql.compile(condition, 0)
        assert "1=1" not in text
        assert any("1=1" in str(parameter) for parameter in parameters)


def test_a_subtree_is_found_by_index(world):
    condition, parameters = filter_sql.compile(where.namespace.under("user/alice"), 0)
    plan = world.connection.execute(f"EXPLAIN QUERY PLAN SELECT n.nid FROM namespace n WHERE n.tid = 1 AND {condition}", parameters)
    assert all("SCAN" not in step for *_, step in plan)

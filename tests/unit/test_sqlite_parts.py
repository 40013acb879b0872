"""The parts of the embedded store that can be looked at by themselves: keys, heat, cursors, rows, statements."""

import itertools
import re
from datetime import UTC, datetime, timedelta

import apsw
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memos.backends.sqlite import rows, sight
from memos.backends.sqlite.adapter import SqliteAdapter
from memos.backends.sqlite.keys import KEY_BYTES, REMEMBERED_TERMS, Keys, TermHashes, derive, pack_counts, pseudonym
from memos.backends.sqlite.known import ancestors
from memos.backends.sqlite.named import FOLDER, statements
from memos.backends.sqlite.paging import ORDERS, Order
from memos.backends.sqlite.scope import places
from memos.errors import InvalidCall
from memos.memcube.call import Caller
from memos.memcube.filter import Filter
from memos.memcube.heat import HALF_LIFE, cooled, merged_heat
from memos.memcube.namespace import within
from memos.testing.strategies import cubes, filters

SECRET = bytes(range(KEY_BYTES))
ORDERED = st.builds(Order, st.sampled_from(sorted(ORDERS)), st.booleans())
PLACES = st.tuples(st.integers(-(2**63) + 1, 2**63 - 1), st.binary(min_size=16, max_size=16))
HEATS = st.tuples(st.integers(0, 10**15), st.floats(0, 1000))


class TestKeys:
    def test_what_is_derived_depends_on_all_that_goes_in(self):
        made = [
            derive(key, purpose, *parts)
            for key in (SECRET, bytes(KEY_BYTES))
            for purpose in ("one", "two")
            for parts in ((), ("",), ("a", "b"), ("ab", ""), ("", "ab"), ("a", "b", ""))
        ]
        assert len(set(made)) == len(made)

    def test_tenants_share_no_hash(self):
        one, two = Keys(SECRET).tenant("one"), Keys(SECRET).tenant("two")
        assert one.fact("x") != two.fact("x")
        assert one.terms["x"] != two.terms["x"]

    def test_a_caller_is_known_by_tenant_kind_and_user_alone(self):
        callers = [Caller(user=user, tenant=tenant, kind=kind) for user in "ab" for tenant in "ab" for kind in ("user", "system")]
        keys = Keys(SECRET)
        assert len({keys.caller(caller) for caller in callers}) == len(callers)
        assert keys.caller(Caller(user="a", session="s", agent="x")) == keys.caller(Caller(user="a")) == pseudonym(SECRET, Caller(user="a"))

    def test_terms_are_packed_in_order(self):
        terms = TermHashes(SECRET)
        packed = np.frombuffer(terms.pack(["a", "b", "a"]), "<u8").tolist()
        assert packed == [terms["a"], terms["b"], terms["a"]]
        assert packed == np.frombuffer(TermHashes(SECRET).pack(["a", "b", "a"]), "<u8").tolist()

    def test_only_so_many_terms_are_remembered(self):
        terms = TermHashes(SECRET)
        first = terms["term 0"]
        for number in range(REMEMBERED_TERMS + 5):
            assert terms[f"term {number}"]
        assert len(terms) <= REMEMBERED_TERMS
        assert terms["term 0"] == first

    def test_counts_that_are_too_large_are_the_largest(self):
        assert np.frombuffer(pack_counts([1, 65535, 65536, 10**6]), "<u2").tolist() == [1, 65535, 65535, 65535]


class TestHeat:
    def test_it_halves_in_each_half_life(self):
        assert cooled((0, 8.0), 3 * HALF_LIFE) == 1.0

    @given(HEATS, HEATS)
    def test_two_heats_merge_in_any_order(self, one, other):
        assert merged_heat(one, other) == merged_heat(other, one)

    @given(st.lists(HEATS, min_size=3, max_size=3))
    def test_three_heats_merge_in_any_order(self, heats):
        merged = {merged_heat(merged_heat(a, b), c)[0]: merged_heat(merged_heat(a, b), c)[1] for a, b, c in itertools.permutations(heats)}
        assert len(merged) == 1
        totals = [merged_heat(merged_heat(a, b), c)[1] for a, b, c in itertools.permutations(heats)]
        assert totals == pytest.approx([totals[0]] * len(totals), abs=1e-9)


class TestCursors:
    @given(ORDERED, PLACES)
    def test_they_are_read_as_they_were_written(self, order, place):
        assert order.read(order.write(place)) == place

    @given(ORDERED, ORDERED, PLACES)
    def test_they_belong_to_their_order(self, order, other, place):
        if order != other:
            with pytest.raises(InvalidCall, match="keep the order"):
                other.read(order.write(place))

    @given(ORDERED, st.text() | st.binary().map(lambda raw: raw.decode("latin-1")) | st.integers())
    def test_what_is_no_cursor_is_refused(self, order, cursor):
        with pytest.raises(InvalidCall, match="no cursor"):
            order.read(cursor)


class TestRows:
    @given(st.uuids())
    def test_ids_are_sixteen_bytes(self, identity):
        assert rows.id_text(rows.id_bytes(str(identity))) == str(identity)

    @pytest.mark.parametrize("wrong", ["", "x", "0" * 32, "0" * 36, str(Caller), "A" * 8 + "-0000-7000-8000-" + "0" * 12, 7, None])
    def test_what_is_no_id_is_refused(self, wrong):
        with pytest.raises(InvalidCall, match="is no id"):
            rows.id_bytes(wrong)

    @given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001
    def test_times_keep_their_microseconds(self, when):
        assert rows.maybe_instant(rows.maybe(when)) == when
        assert rows.maybe_instant(rows.maybe(None)) is None
        assert rows.maybe(when + timedelta(microseconds=1)) == rows.maybe(when) + 1


class TestStatements:
    @pytest.mark.parametrize("file", ["commit", "view", "sight", "opening"])
    def test_every_statement_has_a_name_of_its_own(self, file):
        text = (FOLDER / f"{file}.sql").read_text(encoding="utf-8")
        assert len(statements(file)) == text.count("-- name: ")
        assert all(statement and ";" not in statement for statement in statements(file).values())

    def test_a_namespace_stands_below_those_above_it(self):
        assert ancestors("user/alice/a%2Fb") == ["user", "user/alice", "user/alice/a%2Fb"]


class TestScope:
    @given(filters(internal=True), cubes())
    def test_a_filter_holds_nowhere_else(self, where, cube):
        found = places(where)
        if found is not None and where.matches(cube, now=cube.created_at):
            assert any(cube.namespace == path or (operator == "under" and within(cube.namespace, path)) for operator, path in found)

    @pytest.mark.parametrize(
        ("where", "found"),
        [
            ({}, None),
            ({"not": {"namespace": "user/a"}}, None),
            ({"namespace": {"ne": "user/a"}}, None),
            ({"namespace": "user/a"}, {("eq", "user/a")}),
            ({"namespace": {"in": ["user/a", "user/b"]}}, {("eq", "user/a"), ("eq", "user/b")}),
            ({"or": [{"namespace": {"under": "user/a"}}, {"namespace": "user/b"}]}, {("under", "user/a"), ("eq", "user/b")}),
            ({"or": [{"namespace": {"under": "user/a"}}, {"state": "merged"}]}, None),
            ({"state": "merged", "namespace": {"under": "user/a"}}, {("under", "user/a")}),
        ],
    )
    def test_a_listing_goes_through_what_is_named(self, where, found):
        assert places(Filter.parse(where)) == (None if found is None else frozenset(found))


class TestPlans:
    """No statement goes through a whole table: each finds its rows by an index, in a store of any size."""

    LARGE = re.compile(
        r"SCAN (v|x|c|t|w|l|e|g|version|vector|content|cube|commit_log|edge|namespace|n)\b(?! USING (COVERING )?INDEX version_unexamined)"
    )
    """But that index, which holds only what is due, and is read whole."""

    @pytest.mark.parametrize("seen", [sight.present(5), sight.past(5), sight.overlay(1, 3, 5)], ids=["present", "past", "branch"])
    def test_every_row_is_found_by_an_index(self, tmp_path, seen):
        SqliteAdapter(tmp_path / "store").close()
        connection = apsw.Connection(
            str(tmp_path / "store/memory.db")
        )  # foreign keys unchecked: their checks are planned, though never run
        connection.execute(statements("purge")["doomed"])
        for file in ("view", "commit"):
            for name, text in statements(file).items():
                if name not in {"head", "cube_columns", "told_columns", "within_tenant", "within_some"}:
                    plan = self.plan(connection, text, seen, name)
                    assert not [step for step in plan if self.LARGE.search(step)], (name, plan)
        connection.close()

    def plan(self, connection, text, seen, name):
        visible = {
            "neighbours": seen.edges,
            "edges_ahead": seen.edges,
            "add_edge": seen.edges,
            "versions": seen.history,
            "may_see": seen.history,
        }
        parts = {"columns": statements("view")["cube_columns"], "head": seen.head, "index": seen.index, "grant": "1", "filter": "1"}
        order = {"key": "v.created_at", "direction": "ASC", "after": "1", "within": statements("view")["within_some"]}
        order["visible_edges"] = seen.edges
        order |= {"near": "target", "far": "source", "kept": "0"}  # the way that the primary key does not lead
        if name in {"feed", "told"}:
            parts |= {"columns": statements("view")["told_columns"], "which": seen.versions}
        text = text.format(visible=visible.get(name, seen.versions), **parts, **order)
        numbered = [int(number) for number in re.findall(r"\?(\d)", text)]
        bindings = (None,) * (max(numbered, default=0) + len(re.findall(r"\?(?!\d)", text)))
        return [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {text}", bindings)]

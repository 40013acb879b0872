"""Columns: appending, closing, what is in view at a commit and on a branch, and reading while rows are added."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memos.memcube.filter import Filter, where
from memos.operation.memoperator.coded import KEYS, TABLES
from memos.operation.memoperator.columns import Columns
from memos.operation.memoperator.masks import ABSENT
from memos.ports.feed import OPEN, FeedRow

PLAIN = FeedRow(
    row=0,
    uid=0,
    id="019a0000-0000-7000-8000-000000000000",
    content=7,
    seq=1,
    seq_end=OPEN,
    branch="",
    state="generated",
    type="plaintext",
    frozen=False,
    layer="private",
    owner="alice",
    acl=(),
    sensitivity="internal",
    priority=0,
    tags=(),
    tagged=False,
    speaker=None,
    role=None,
    session=None,
    ordinal=None,
    said_at=10,
    created_at=10,
    updated_at=10,
    valid_from=None,
    valid_to=None,
    expires_at=None,
    metadata="",
    hashes=b"",
    counts=b"",
    length=3,
    flags=5,
)


def columns_of(*rows):
    columns = Columns("user/alice")
    columns.append(rows)
    return columns


class TestArrays:
    def test_they_hold_what_was_appended(self):
        columns = columns_of(PLAIN._replace(row=4, uid=9, speaker="Bob", session="s1", ordinal=2), PLAIN._replace(row=6, layer="shared"))
        assert columns.n == 2
        assert columns.row.tolist() == [4, 6]
        assert columns.uid.tolist() == [9, 0]
        assert columns.content.tolist() == [7, 7]
        assert columns.seq_end.tolist() == [OPEN, OPEN]
        assert columns.ordinal.tolist() == [2, ABSENT]
        assert columns.length.tolist() == [3, 3]
        assert columns.flags.tolist() == [5, 5]
        assert [columns.speakers[code] for code in columns.speaker] == ["Bob", None]
        assert [columns.sessions[code] for code in columns.session] == ["s1", None]
        assert [columns.layers[code] for code in columns.layer] == ["private", "shared"]
        assert [columns.states[code] for code in columns.state] == ["generated", "generated"]

    def test_nothing_appended_is_nothing_held(self):
        columns = columns_of()
        assert columns.n == 0
        assert columns.row.shape == columns.visible(5).shape == columns.mask(where.tags.any("x"), 0).shape == (0,)

    def test_arrays_that_were_taken_stay_as_they_were(self):
        columns = columns_of(PLAIN)
        before = columns.said_at
        for row in range(1, 500):
            columns.append([PLAIN._replace(row=row, said_at=row)])
        assert before.tolist() == [10]
        assert columns.said_at.tolist() == [10, *range(1, 500)]


class TestClose:
    @pytest.mark.parametrize("order", [[3, 5, 8], [8, 3, 5]])
    def test_rows_end_where_they_are_told_to(self, order):
        columns = columns_of(*(PLAIN._replace(row=row) for row in order))
        columns.close([5, 99, 3, 1], [20, 21, 22, 23])
        assert dict(zip(columns.row.tolist(), columns.seq_end.tolist(), strict=True)) == {3: 22, 5: 20, 8: OPEN}

    def test_one_end_for_all(self):
        columns = columns_of(*(PLAIN._replace(row=row) for row in range(3)))
        columns.close(np.array([0, 2]), 4)
        assert columns.seq_end.tolist() == [4, OPEN, 4]


@st.composite
def histories(draw):
    """Rows of a few memories on the canonical memory and a branch, valid from a seq to an end."""
    rows = []
    for row in range(draw(st.integers(0, 12))):
        seq = draw(st.integers(0, 8))
        end = draw(st.one_of(st.just(OPEN), st.integers(seq, 9)))
        rows.append(
            PLAIN._replace(row=row, uid=draw(st.integers(0, 3)), seq=seq, seq_end=end, branch=draw(st.sampled_from(["", "b", "c"])))
        )
    return rows


class TestVisible:
    @settings(max_examples=300)
    @given(histories(), st.integers(0, 9), st.integers(0, 9))
    def test_the_law_of_views(self, rows, seq, base):
        columns = columns_of(*rows)

        def valid(row, branch, at):
            return row.branch == branch and row.seq <= at < row.seq_end

        assert columns.visible(seq).tolist() == [valid(row, "", seq) for row in rows]
        taken = {row.uid for row in rows if valid(row, "b", seq)}
        below = min(seq, base)
        expected = [valid(row, "b", seq) or (valid(row, "", below) and row.uid not in taken) for row in rows]
        assert columns.visible(seq, "b", base).tolist() == expected

    def test_a_branch_without_rows_shows_its_base(self):
        columns = columns_of(PLAIN._replace(seq=2), PLAIN._replace(row=1, uid=1, seq=5))
        assert columns.visible(9, "new", 3).tolist() == [True, False]
        assert columns.visible(9, "new").tolist() == [True, True]


class TestMask:
    def test_the_namespace_is_the_columns_own(self):
        columns = columns_of(PLAIN)
        assert columns.mask(where.namespace.under("user/alice"), 0).tolist() == [True]
        assert columns.mask(where.namespace == "user/bob", 0).tolist() == [False]

    def test_what_the_namespace_adds_changes_every_answer(self):
        columns = columns_of(PLAIN._replace(acl=("read:user:bob",)), PLAIN)
        bob, carol = "read:user:bob", "read:user:carol"

        def answers():
            tests = [("any", [carol]), ("all", [bob, carol]), ("all", [carol]), ("none", [carol]), ("none", [bob]), ("exists", False)]
            return [columns.mask(Filter.test("acl", *test, internal=True), 0).tolist() for test in tests]

        assert answers() == [[False, False], [False, False], [False, False], [True, True], [False, True], [False, True]]
        assert columns.inherit([carol])
        assert answers() == [[True, True], [True, False], [True, True], [False, False], [False, True], [False, False]]
        assert not columns.inherit((carol,))
        assert columns.inherit([])
        assert answers()[0] == [False, False]

    def test_a_mask_is_the_readers_own(self):
        columns = columns_of(PLAIN._replace(frozen=True, tags=("x",), tagged=True))
        for condition in (where.frozen == True, where.tags.exists(), where.tags.any("x"), where.state == "generated"):  # noqa: E712
            columns.mask(condition, 0)[:] = False
            assert columns.mask(condition, 0).tolist() == [True]

    def test_now_is_not_remembered(self):
        columns = columns_of(PLAIN._replace(expires_at=50))
        expired = where.expires_at <= "now"
        assert [columns.mask(expired, now).tolist() for now in (49, 50, 49)] == [[False], [True], [False]]

    def test_more_filters_and_keys_than_are_remembered(self):
        columns = columns_of(*(PLAIN._replace(row=row, speaker=str(row), metadata=f'{{"k{row}": {row}}}') for row in range(2 * TABLES)))
        for _ in range(2):
            for row in range(2 * TABLES):
                assert columns.mask(where.speaker >= str(row), 0).sum() == sum(str(other) >= str(row) for other in range(2 * TABLES))
            for row in range(KEYS + 2):
                assert np.flatnonzero(columns.mask(where.metadata[f"k{row}"].eq(row), 0)).tolist() == [row]

    def test_reading_while_rows_are_added(self):
        columns, failures, done = columns_of(PLAIN), [], threading.Event()
        condition = (where.metadata["k"] < 5) | where.tags.any("t3") | (where.speaker > "s5")

        def read():
            while not done.is_set():
                mask = columns.mask(condition, 0)
                wrong = np.flatnonzero(mask[1:] != expected[: len(mask) - 1])
                failures.extend(wrong.tolist())

        expected = np.array([row % 9 < 5 or row % 7 == 3 or row % 10 > 5 for row in range(1, 20_001)])
        rows = [
            PLAIN._replace(row=row, metadata=f'{{"k":{row % 9},"n":{row}}}', tags=(f"t{row % 7}",), speaker=f"s{row % 10}")
            for row in range(1, 20_001)
        ]
        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for start in range(0, len(rows), 500):
            columns.append(rows[start : start + 500])
        done.set()
        for reader in readers:
            reader.join()
        assert failures == []
        assert columns.mask(condition, 0).tolist() == [False, *expected]

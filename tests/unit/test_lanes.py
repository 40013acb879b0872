"""Lanes: kept up with the store piece by piece, right for every View, safe for many threads."""

import threading
import tracemalloc
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.retrieval.memory_view import Book
from memos.errors import InvalidCall
from memos.memcube.call import Grant, MemoryQuery
from memos.memcube.fields import microseconds
from memos.memcube.filter import Filter
from memos.operation.memoperator.lanes import Lane
from memos.operation.memoperator.order import SaidOrder
from memos.operation.memoperator.retrieval import Retrieval
from memos.operation.memoperator.vectors import Codes, cosines, cosines_at

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALL = Filter.everything()
ANYONE = Grant(filter=ALL, policies=())
WORDS = ["apple", "pear", "plum", "fig", "date", "lime", "kiwi", "nut", "oat", "rye"]
HERE = ("user/alice",)


def search(retrieval, view, text="apple pear", *, grant=ANYONE, now=NOW, **query):
    return retrieval.retrieve(MemoryQuery(text=text, namespaces=HERE, **query), view, grant, now)


def found(retrieval, view, text="apple pear", **arguments):
    return [hit.row for hit in search(retrieval, view, text, **arguments).hits]


def direction(*values):
    return np.array(values, np.float32)


class TestRefresh:
    @given(st.lists(st.tuples(st.sampled_from(["turn", "note", "fill", "change", "search"]), st.integers(0, 999)), max_size=30))
    def test_piece_by_piece_is_the_same_as_at_once(self, steps):
        book, kept, open_rows, pending = Book(dimensions=3), Retrieval(), [], []
        for action, seed in steps:
            random = np.random.default_rng(seed)
            text = " ".join(random.choice(WORDS, 4))
            if action == "turn":
                row = book.add(text, speaker=str(random.choice(["Ann", "Bob"])), session=str(seed % 3), ordinal=seed)
            elif action == "note":
                row = book.add(text, said_at=seed, vector=random.normal(size=3))
            elif action == "change" and open_rows:
                old = book.end(open_rows.pop(seed % len(open_rows)))
                row = book.put(old._replace(row=len(book.rows) + 1, seq=book.seq, tags=("new",)))
            elif action == "fill" and pending:
                book.fill(pending.pop(seed % len(pending)), random.normal(size=3))
                continue
            elif action == "search":
                search(kept, book.view(), vector=direction(1, 0, 0))
                continue
            else:
                continue
            open_rows.append(row.row)
            if row.content not in book.vectors and row.content not in pending:
                pending.append(row.content)
        view = book.view()
        piecewise, whole = (search(each, view, vector=direction(1, 0, 0), limit=100) for each in (kept, Retrieval()))
        assert piecewise.pending == whole.pending
        assert [hit.row for hit in piecewise.hits] == [hit.row for hit in whole.hits]
        np.testing.assert_allclose([hit.score for hit in piecewise.hits], [hit.score for hit in whole.hits], rtol=1e-5)

    def test_a_row_that_was_added_is_found_by_the_next_search(self):
        book, retrieval = Book(), Retrieval()
        for number in range(1, 20):
            book.add("apple")
            assert len(found(retrieval, book.view(), limit=100)) == number

    def test_a_feed_that_breaks_leaves_no_half_lane(self):
        book, retrieval = Book(), Retrieval()
        book.add("apple tart")
        view = book.view()
        whole = view.feed
        view.feed = lambda namespace, after, *, cold: (yield from [next(whole(namespace, after, cold=cold)), 1 / 0])
        with pytest.raises(ZeroDivisionError):
            search(retrieval, view)
        assert found(retrieval, book.view()) == [1]

    def test_nothing_is_fed_again_when_nothing_changed(self):
        book, retrieval = Book(), Retrieval()
        book.add("apple")
        search(retrieval, book.view())
        view = book.view()
        view.feed = None
        assert found(retrieval, view) == [1]

    def test_a_store_without_vectors_waits_for_none(self):
        lane, book = Lane(HERE[0]), Book()
        book.add("apple")
        lane.read(book.view(), ALL, ALL, NOW)
        assert lane._waiting == {}


class TestViews:
    def test_the_past_is_searched_as_it_was(self):
        book, retrieval = Book(), Retrieval()
        first = book.add("apple pie")
        then = book.seq
        old = book.end(first.row)
        book.add("pear cake", uid=old.uid, id=old.id, commit=False)
        assert found(retrieval, book.view(), "apple pie") == []
        assert found(retrieval, book.view(at=then), "apple pie") == [1]
        assert found(retrieval, book.view(at=then), "pear cake") == []
        assert found(retrieval, book.view(at=0), "apple pie") == []

    def test_the_grant_reads_the_head_and_the_filter_the_past(self):
        book, retrieval = Book(), Retrieval()
        for owner in ("alice", "bob"):
            old = book.end(book.add("apple", tags=("old",)).row)
            book.put(old._replace(row=len(book.rows) + 1, seq=book.seq, owner=owner, tags=("new",)))
        before = book.view(at=1)
        grant = Grant(filter=Filter.parse({"owner": "alice"}), policies=())
        assert found(retrieval, before, grant=grant) == [1]
        assert found(retrieval, before, grant=grant, filter=Filter.parse({"tags": {"any": ["old"]}})) == [1]
        assert found(retrieval, before, grant=grant, filter=Filter.parse({"tags": {"any": ["new"]}})) == []
        assert found(retrieval, book.view(at=3), grant=Grant(filter=Filter.parse({"owner": "bob"}), policies=())) == [3]

    @pytest.mark.parametrize(("owner", "rows"), [("alice", [1]), ("bob", [])])
    def test_of_what_was_moved_elsewhere_the_grant_decides_there(self, owner, rows):
        book, retrieval = Book(), Retrieval()
        old = book.end(book.add("apple").row)
        book.put(old._replace(row=2, seq=book.seq, owner=owner), "user/alice2")
        grant = Grant(filter=Filter.parse({"owner": "alice"}), policies=())
        assert found(retrieval, book.view(at=1), grant=grant) == rows
        assert found(retrieval, book.view(), grant=grant) == []

    def test_a_branch_shows_its_own_over_its_base(self):
        book, retrieval = Book(), Retrieval()
        standing = book.add("apple")
        base = book.seq
        later = book.add("apple later")
        changed = book.put(standing._replace(row=3, seq=book.seq + 1, branch="what-if"))
        book.seq += 1
        born = book.add("apple born", branch="what-if")
        assert set(found(retrieval, book.view(branch="what-if", base=base))) == {changed.row, born.row}
        assert set(found(retrieval, book.view())) == {standing.row, later.row}

    def test_a_lane_ahead_of_a_view_is_masked_by_it(self):
        book, retrieval = Book(), Retrieval()
        book.add("apple")
        earlier = book.view()
        earlier_head = earlier.head
        book.add("apple")
        assert len(found(retrieval, book.view())) == 2
        assert earlier.head == earlier_head
        assert found(retrieval, earlier) == [1]

    def test_what_expires_is_gone_when_its_time_comes(self):
        book, retrieval = Book(), Retrieval()
        book.add("apple", expires_at=microseconds(NOW + timedelta(hours=1)))
        book.add("apple")
        grant = Grant(filter=Filter.parse({"or": [{"expires_at": {"exists": False}}, {"expires_at": {"gt": "now"}}]}), policies=())
        seen = [len(found(retrieval, book.view(), grant=grant, now=NOW + timedelta(minutes=m))) for m in (0, 59, 60, 61, 30)]
        assert seen == [2, 2, 1, 1, 2]


class TestVectors:
    @given(st.integers(1, 40), st.integers(2, 64), st.integers(0, 99))
    def test_codes_keep_the_cosine(self, count, width, seed):
        rows = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
        query, codes = rows[0] + 0.3 * rows[-1], Codes()
        for row in rows:
            codes.put(row[None])
        exact = rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)
        np.testing.assert_allclose(cosines(query, *codes.all()), exact, atol=0.02)
        slots = np.arange(0, count, 2)
        np.testing.assert_array_equal(cosines_at(query, *codes.all(), slots), cosines(query, *codes.all())[slots])
        few = np.array([count - 1])
        np.testing.assert_allclose(cosines_at(query, *codes.all(), few), exact[few], atol=0.02)

    def test_a_zero_vector_is_like_nothing(self):
        codes = Codes()
        codes.put(np.zeros((1, 3), np.float32))
        assert cosines(direction(1, 0, 0), *codes.all()).tolist() == [0]

    def test_what_was_handed_out_stays(self):
        codes = Codes()
        codes.put(np.ones((1, 3), np.float32))
        before, _ = codes.all()
        copy = before.copy()
        for _ in range(50):
            codes.put(-np.ones((7, 3), np.float32))
        np.testing.assert_array_equal(before, copy)

    def test_pending_vectors_count_as_the_mean_and_are_reported(self):
        book, retrieval = Book(dimensions=2), Retrieval()
        book.add("fig", vector=direction(1, 0))
        waits = book.add("fig")
        book.add("fig", vector=direction(0, 1))
        answer = search(retrieval, book.view(), "fig", vector=direction(1, 0))
        assert answer.pending == 1
        assert [hit.row for hit in answer.hits] == [1, waits.row, 3]
        book.fill(waits.content, direction(0, 1))
        answer = search(retrieval, book.view(), "fig", vector=direction(1, 0))
        assert answer.pending == 0
        assert answer.hits[1].score == pytest.approx(answer.hits[2].score)

    def test_a_vector_of_another_width_is_refused(self):
        book = Book(dimensions=2)
        book.add("fig", vector=direction(1, 0))
        with pytest.raises(InvalidCall, match="3 dimensions, the store's vectors have 2"):
            search(Retrieval(), book.view(), vector=direction(1, 0, 0))


class TestOrder:
    @given(st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 9)), max_size=40), st.integers(1, 7))
    def test_rows_stand_by_session_and_ordinal_however_they_came(self, turns, step):
        order = SaidOrder()
        for start in range(0, len(turns), step):
            part = turns[start : start + step]
            order.extend(np.array([session for session, _ in part]), np.array([ordinal for _, ordinal in part]))
        keys = [(session if session >= 0 else 99, ordinal if session >= 0 else 0, row) for row, (session, ordinal) in enumerate(turns)]
        assert order.rows.tolist() == [row for _, _, row in sorted(keys)]

    def test_many_at_once_are_sorted_alike(self):
        random = np.random.default_rng(0)
        sessions, ordinals = random.integers(-1, 9, 1000), random.integers(0, 50, 1000)
        piecewise, whole = SaidOrder(), SaidOrder()
        whole.extend(sessions, ordinals)
        for start in range(0, 1000, 100):
            piecewise.extend(sessions[start : start + 100], ordinals[start : start + 100])
        np.testing.assert_array_equal(piecewise.rows, whole.rows)


class TestLanes:
    def test_a_small_lane_takes_little_room(self):
        book = Book()
        tracemalloc.start()
        try:
            lanes = [Lane(f"user/{number}") for number in range(50)]
            for lane in lanes:
                lane.read(book.view(), ALL, ALL, NOW)
            assert tracemalloc.get_traced_memory()[0] / len(lanes) < 17_000
        finally:
            tracemalloc.stop()

    def test_threads_search_while_others_write(self):
        book, retrieval, failures, stop = Book(dimensions=2), Retrieval(), [], threading.Event()
        book.add("apple", vector=direction(1, 0))
        lock = threading.Lock()

        def read():
            while not stop.is_set():
                with lock:
                    view, written = book.view(), len(book.rows)
                    rows = list(book.rows)
                view.book = Book(dimensions=2)
                view.book.rows, view.book.vectors, view.book.seq = rows, dict(book.vectors), view.head
                try:
                    hits = search(retrieval, view, "apple", vector=direction(1, 0), limit=1000).hits
                    assert len(hits) == written
                except Exception as error:  # noqa: BLE001 - whatever it is, the test must see it
                    failures.append(error)
                    return

        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        for number in range(150):
            with lock:
                book.add("apple pie", vector=direction(1, number), session="s", ordinal=number)
        stop.set()
        for reader in readers:
            reader.join()
        assert failures == []

# ruff: noqa: S101, D102 -- a suite of tests asserts, and a test is documented by its name
"""What every MemoryAdapter must do, as a pytest class: inherit it, override one fixture, and run pytest.

```python
class TestMyStore(AdapterContract):
    @pytest.fixture
    def open_adapter(self, tmp_path):
        def opened(dimensions):  # a new, empty store each time; vectors of this width, or none
            return MyAdapter(tmp_path / uuid4().hex, dimensions)

        return opened
```

A store is compared with the plain model of `memos.testing.model` along random walks; `walks` and `steps` say how far. Where the two
differ, one of them is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings

from memos.errors import BackendError, InvalidCall, NotFound, VersionConflict
from memos.memcube.change import CubeWrite, ReadSet, Terms, VectorFill
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.ports.adapter import MemoryAdapter
from memos.ports.feed import OPEN
from memos.testing.author import Author
from memos.testing.comparison import Comparison
from memos.testing.several_contract import SeveralContract
from memos.testing.strategies import cubes
from memos.testing.walk import DIMENSIONS, START

EVERYTHING = Filter.everything()
ALL: dict[str, Any] = {"grant": EVERYTHING, "now": START}
Opener = Callable[[int | None], MemoryAdapter]


class AdapterContract(SeveralContract):
    """Override `open_adapter`."""

    walks: ClassVar[int] = 4
    steps: ClassVar[int] = 120

    @pytest.fixture
    def open_adapter(self) -> Opener:
        raise NotImplementedError

    @pytest.fixture
    def adapter(self, open_adapter: Opener) -> Iterator[MemoryAdapter]:
        with closing(open_adapter(DIMENSIONS)) as adapter:
            yield adapter

    def test_agrees_with_the_plain_model(self, open_adapter: Opener) -> None:
        for seed in range(self.walks):
            with closing(open_adapter(DIMENSIONS)) as adapter:
                figures = Comparison(adapter, seed, DIMENSIONS).run(self.steps)
            assert figures["commits"] > self.steps / 3

    def test_agrees_with_the_plain_model_without_vectors(self, open_adapter: Opener) -> None:
        with closing(open_adapter(None)) as adapter:
            Comparison(adapter, 100, None).run(self.steps)

    def test_gives_back_every_memory_as_it_was_given(self, adapter: MemoryAdapter) -> None:
        author = Author(adapter)

        @settings(max_examples=100, suppress_health_check=list(HealthCheck))
        @given(cubes())
        def given_back(cube: MemCube) -> None:
            fresh = author.cube("").id
            cube = cube.model_copy(update={"id": fresh, "provenance": cube.provenance.model_copy(update={"id": fresh}), "session": None})
            committed = adapter.commit(author.births(cube), ReadSet())
            with adapter.view("acme") as view:
                found = view.get([cube.id], **ALL)[cube.id]
            assert found == cube.model_copy(update={"seq": committed.seq})
            assert found.model_dump_json(exclude={"seq"}) == cube.model_dump_json(exclude={"seq"})

        given_back()

    def test_keeps_long_texts(self, adapter: MemoryAdapter) -> None:
        text = "naïve 日本 🧠 " * 300_000
        (cube_id,) = Author(adapter).add(text)
        with adapter.view("acme") as view:
            assert view.get([cube_id], **ALL)[cube_id].text == text

    def test_a_tenant_sees_nothing_of_another(self, adapter: MemoryAdapter) -> None:
        mine, theirs = Author(adapter, "acme"), Author(adapter, "other", seed=1)
        (known,) = mine.add("a fact")
        adapter.commit(theirs.births(theirs.cube("a fact"), fact="a fact"), ReadSet())
        with adapter.view("other") as view:
            assert view.get([known], **ALL) == {}
            assert view.versions(known, **ALL) == ()
            assert view.count(EVERYTHING, **ALL) == 1
            assert view.neighbours([known], None, 3) == ()
            assert view.lineage(known, None, ancestors=True, depth=None, limit=9, **ALL).nodes == ()
            assert [row["tenant"] for row in view.log()] == ["other"]
            (feed,) = view.feed("user/alice", -1)
            assert len(feed.rows) == 1
            told = feed.rows[0]
            other_hashes = view.hash_terms(["word"]).tolist()
        with adapter.view("acme") as view:
            assert view.hash_terms(["word"]).tolist() != other_hashes
            assert view.vectors([told.content])[0].tolist() == []
            with pytest.raises(NotFound):
                view.load([told.row])
        stolen = theirs.cube("mine now").model_copy(update={"id": known, "provenance": theirs.cube("").provenance})
        with pytest.raises(VersionConflict):
            adapter.commit(theirs.change(writes=(CubeWrite(stolen, birth=False, terms=Terms({}, 0)),)), ReadSet())
        with adapter.view("nobody") as view:
            assert (view.count(EVERYTHING, **ALL), view.paths(""), view.log()) == (0, (), ())

    def test_secrets_are_one_a_purpose_and_the_same_each_time(self, adapter: MemoryAdapter) -> None:
        """What comes of the store's secret can be made again, and nobody has that of another purpose."""
        secrets = [adapter.secret(purpose) for purpose in ("keys", "tokens", "keys", "")]
        assert [len(each) for each in secrets] == [32] * 4
        assert secrets[0] == secrets[2]
        assert len(set(secrets)) == 3

    def test_a_vector_comes_with_the_next_feed(self, adapter: MemoryAdapter) -> None:
        import numpy as np

        author = Author(adapter)
        author.add("waits")
        with adapter.view("acme") as view:
            ((content, speaker, text),) = view.pending(10).items
            stamp = next(iter(view.feed("user/alice", -1))).stamp
        assert (speaker, text) == (None, "waits")
        adapter.commit(author.change(fills=(VectorFill(content, np.array([1, 2, 3], np.float32)),)), ReadSet())
        with adapter.view("acme") as view:
            assert view.pending(10).items == ()
            (feed,) = view.feed("user/alice", stamp)
        assert (feed.rows, feed.contents.tolist(), feed.vectors.tolist()) == ((), [content], [[1, 2, 3]])

    def test_what_fails_leaves_nothing(self, adapter: MemoryAdapter) -> None:
        author = Author(adapter)
        good, bad = author.cube("good"), author.cube("bad")
        broken = author.births(good, bad)
        without_terms = CubeWrite(bad, birth=True)
        with pytest.raises(InvalidCall):
            adapter.commit(author.change(writes=(broken.writes[0], without_terms)), ReadSet())
        with adapter.view("acme") as view:
            assert (view.head, view.count(EVERYTHING, **ALL), view.paths("")) == (0, 0, ())
        assert adapter.tenants() == ()
        assert adapter.commit(author.births(good), ReadSet()).seq == 1

    def test_a_view_holds_still_and_hinders_nobody(self, adapter: MemoryAdapter) -> None:
        author = Author(adapter)
        author.add("before")
        with adapter.view("acme") as view:
            author.add("after")
            assert view.count(EVERYTHING, **ALL) == 1
            assert [chunk.stamp for chunk in view.feed("user/alice", -1)] == [1]
        with adapter.view("acme") as view:
            assert view.count(EVERYTHING, **ALL) == 2

    def test_a_grant_reads_the_head_of_a_memory_in_the_past_too(self, adapter: MemoryAdapter) -> None:
        author = Author(adapter)
        (cube_id,) = author.add("moves")
        with adapter.view("acme") as view:
            moved = view.get([cube_id], **ALL)[cube_id].model_copy(update={"namespace": "shared/team"})
        adapter.commit(author.change(writes=(CubeWrite(moved, birth=False),)), ReadSet())
        before, after = Filter.parse({"namespace": "user/alice"}), Filter.parse({"namespace": {"under": "shared"}})
        with adapter.view("acme", at=1) as view:
            for grant, seen in ((before, 0), (after, 1)):
                allowed = ALL | {"grant": grant}
                assert view.count(EVERYTHING, **allowed) == view.count(before, **allowed) == seen
                assert [cube.namespace for cube in view.find(EVERYTHING, **allowed).cubes] == ["user/alice"] * seen
                assert len(view.get([cube_id], **allowed)) == len(view.versions(cube_id, **allowed)) == seen
                assert view.count(after, **allowed) == 0

    def test_refuses_times_and_branches_that_are_not_there(self, adapter: MemoryAdapter) -> None:
        for at in (1, -1):
            with pytest.raises(InvalidCall), adapter.view("acme", at=at):
                pass
        with pytest.raises(NotFound), adapter.view("acme", branch="none"):
            pass

    @pytest.mark.parametrize("cursor", ["", "x", "e30", "W10", "é", "WzEsImNyZWF0ZWRfYXQiLGZhbHNlLCJ4IiwiIl0", "0" * 1000])
    def test_refuses_cursors_that_are_none(self, adapter: MemoryAdapter, cursor: str) -> None:
        with adapter.view("acme") as view, pytest.raises(InvalidCall):
            view.find(EVERYTHING, cursor=cursor, **ALL)

    def test_refuses_what_a_listing_cannot_do(self, adapter: MemoryAdapter) -> None:
        Author(adapter).add("a", "b")
        with adapter.view("acme") as view:
            cursor = view.find(EVERYTHING, limit=1, **ALL).cursor
            for wrong in ({"order": "text"}, {"limit": 0}, {"limit": 100_000}, {"cursor": cursor, "order": "priority"}):
                with pytest.raises(InvalidCall):
                    view.find(EVERYTHING, **ALL | wrong)
            with pytest.raises(InvalidCall):
                view.neighbours([], None, 9)

    def test_threads_write_and_read_together(self, adapter: MemoryAdapter) -> None:
        authors = [Author(adapter, seed=number) for number in range(4)]

        def work(author: Author) -> list[str]:
            made: list[str] = []
            for number in range(15):
                made += author.add(f"text {number}", session="s")
                with adapter.view("acme") as view:
                    assert view.get(made, **ALL).keys() == set(made)
                    assert sum(len(chunk.rows) for chunk in view.feed("user/alice", -1)) == view.head
            return made

        with ThreadPoolExecutor(len(authors)) as pool:
            made = [cube_id for ids in pool.map(work, authors) for cube_id in ids]
        with adapter.view("acme") as view:
            assert view.get(made, **ALL).keys() == set(made)
            assert all(row.seq_end == OPEN for chunk in view.feed("user/alice", -1) for row in chunk.rows)
        assert [row["seq"] for row in adapter.events(0)] == list(range(1, len(made) + 1))

    def test_turns_of_many_threads_get_ordinals_of_their_own(self, adapter: MemoryAdapter) -> None:
        authors = [Author(adapter, seed=number) for number in range(4)]

        def say(author: Author) -> list[int]:
            said = [author.births(author.cube("a turn", session="s"), turn=True) for _ in range(10)]
            return [ordinal for turn in said for ordinal in adapter.commit(turn, ReadSet()).ordinals.values()]

        with ThreadPoolExecutor(len(authors)) as pool:
            given_out = [ordinal for ordinals in pool.map(say, authors) for ordinal in ordinals]
        assert sorted(given_out) == list(range(40))

    def test_of_equal_facts_at_once_one_stands(self, adapter: MemoryAdapter) -> None:
        authors = [Author(adapter, seed=number) for number in range(4)]

        def add(author: Author) -> int:
            try:
                adapter.commit(author.births(author.cube("the same"), fact="the same"), ReadSet())
            except VersionConflict:
                return 0
            return 1

        with ThreadPoolExecutor(len(authors)) as pool:
            assert sum(pool.map(add, authors)) == 1

    def test_a_closed_store_says_so(self, adapter: MemoryAdapter) -> None:
        author = Author(adapter)
        author.add("a")
        adapter.close()
        for read in (adapter.tenants, lambda: adapter.events(0), lambda: adapter.elect("main"), lambda: author.add("b")):
            with pytest.raises(BackendError, match="closed"):
                read()
        with pytest.raises(BackendError, match="closed"), adapter.view("acme"):
            pass

    def test_a_closed_view_says_so(self, adapter: MemoryAdapter) -> None:
        with adapter.view("acme") as view:
            pass
        with pytest.raises(BackendError, match="closed"):
            view.paths("")

# ruff: noqa: S101, D102 -- a suite of tests asserts, and a test is documented by its name
"""What every MemoryAdapter must do with several changes that are committed as one: all of them or none, and nothing between them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from memos.errors import InvalidCall, VersionConflict
from memos.memcube.change import CubeWrite, Idempotency, ReadSet, Terms
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.payload import Plaintext
from memos.memcube.staged import STAGED
from memos.ports.adapter import MemoryAdapter
from memos.testing.author import Author
from memos.testing.walk import START

ALL: dict[str, Any] = {"grant": Filter.everything(), "now": START}


def rewritten(cube: MemCube, text: str, version: int) -> CubeWrite:
    """A new version of a memory."""
    return CubeWrite(cube.model_copy(update={"payload": Plaintext(text=text), "version": version}), birth=False, terms=Terms({text: 1}, 1))


class SeveralContract:
    """A part of `memos.testing.adapter_contract.AdapterContract`."""

    def test_several_are_committed_each_under_its_own_seq(self, adapter: MemoryAdapter) -> None:
        author = Author(adapter)
        cube = author.cube("first")
        after = author.change(writes=(rewritten(cube, "second", 2),))
        again = author.change(writes=(CubeWrite(cube.model_copy(update={"version": 3}), birth=False, like=STAGED),))
        reads = [ReadSet(), ReadSet({cube.id: STAGED}), ReadSet({cube.id: STAGED + 1})]
        told = adapter.commit_all(list(zip((author.births(cube), after, again), reads, strict=True)))
        assert [each.seq for each in told] == [1, 2, 3]
        with adapter.view("acme") as view:
            assert [(row.text, row.version, row.seq) for row in view.versions(cube.id, **ALL)] == [
                ("first", 1, 1), ("second", 2, 2), ("first", 3, 3)
            ]  # fmt: skip
        with adapter.view("acme", at=2) as view:
            assert view.get([cube.id], **ALL)[cube.id].text == "second"

    def test_of_several_all_stay_or_none(self, adapter: MemoryAdapter) -> None:
        author = Author(adapter)
        (standing,) = author.add("standing")
        cube, other = author.cube("new"), author.cube("other")
        stale = ReadSet({standing: 7})
        for last, reads, error in (
            (author.births(other), stale, VersionConflict),
            (author.change(writes=(CubeWrite(other, birth=True),)), ReadSet(), InvalidCall),
            (author.births(other), ReadSet({cube.id: STAGED + 1}), InvalidCall),
        ):
            with pytest.raises(error):
                adapter.commit_all([(author.births(cube), ReadSet()), (last, reads)])
            with adapter.view("acme") as view:
                assert (view.head, list(view.get([standing, cube.id, other.id], **ALL))) == (1, [standing])
        assert [each.seq for each in adapter.commit_all([(author.births(cube), ReadSet()), (author.births(other), ReadSet())])] == [2, 3]
        assert adapter.commit_all([]) == ()

    def test_calls_that_wrote_nothing_are_remembered_with_another(self, adapter: MemoryAdapter) -> None:
        author = Author(adapter)
        cube, call = author.cube("one"), author.cube("whose id is a call's").id
        kept = Idempotency("k2", "two", (cube.id,), call)
        told = replace(author.births(cube), remembers=(kept,))
        adapter.commit(told, ReadSet())
        with adapter.view("acme") as view:
            assert view.replay(Idempotency("k2", "two"), author.caller) == (call, (cube.id,))
            with pytest.raises(InvalidCall):
                view.replay(Idempotency("k2", "three"), author.caller)
        with pytest.raises(VersionConflict):
            adapter.commit(author.change(remembers=(kept,)), ReadSet())

    def test_nothing_comes_between_several(self, adapter: MemoryAdapter) -> None:
        """From many threads: the seqs of each are in a row."""

        def several(number: int) -> list[int]:
            author = Author(adapter, user=f"user{number}", seed=number)
            changes = [(author.births(author.cube(f"{number} {part}")), ReadSet()) for part in range(3)]
            return [each.seq for each in adapter.commit_all(changes)]

        with ThreadPoolExecutor(4) as threads:
            told = list(threads.map(several, range(20)))
        assert all(seqs == list(range(seqs[0], seqs[0] + 3)) for seqs in told)
        assert sorted(seq for seqs in told for seq in seqs) == list(range(1, 61))

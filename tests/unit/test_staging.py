"""Staging: what may be staged, savepoints, and what is handed to the commit."""

from dataclasses import replace

import pytest

from memos.errors import InvalidCall, VersionConflict
from memos.infrastructure.memvault.staging import STANDING, Staging, with_ordinals
from memos.memcube.change import Edge, NamespaceAcl, ReadSet
from memos.memcube.filter import Filter
from memos.memcube.staged import STAGED, settled
from memos.testing.author import Author
from memos.testing.walk import DIMENSIONS, START
from tests.contract.test_sqlite_adapter import in_memory

ALL = {"grant": Filter.everything(), "now": START}


@pytest.fixture
def adapter():
    adapter = in_memory(DIMENSIONS)
    yield adapter
    adapter.close()


@pytest.fixture
def author(adapter):
    return Author(adapter)


@pytest.fixture
def staging(adapter):
    return Staging(lambda: adapter.view("acme"), "acme")


def shown(adapter, staging):
    with adapter.view("acme") as view:
        return [cube.text for cube in staging.over(view).find(Filter.everything(), **ALL).cubes]


def test_a_savepoint_is_a_length(adapter, author, staging):
    author.add("standing")
    for text in ("one", "two", "three"):
        staging.add(author.births(author.cube(text)), ReadSet())
    assert len(staging) == 3
    assert shown(adapter, staging) == ["standing", "one", "two", "three"]
    staging.back_to(1)
    assert shown(adapter, staging) == ["standing", "one"]
    staging.add(author.births(author.cube("four")), ReadSet())
    assert shown(adapter, staging) == ["standing", "one", "four"]
    assert [each.seq for each in adapter.commit_all(staging.whole())] == [2, 3]
    staging.back_to(0)
    assert shown(adapter, staging) == ["standing", "one", "four"]
    assert staging.whole() == ()


def test_it_is_seen_in_its_own_present_and_nowhere_else(adapter, author, staging):
    author.add("standing")
    author.add("later")
    staging.add(author.births(author.cube("staged")), ReadSet())
    with adapter.view("acme", at=1) as past, adapter.view("zeta") as other, adapter.view("acme") as view:
        assert staging.over(past) is past
        assert staging.over(other) is other
        assert staging.over(view) is not view
        assert view.count(Filter.everything(), **ALL) == 2


def test_what_nothing_staged_can_show_is_refused(author, staging):
    cube = author.cube("one")
    change = author.births(cube)
    for wrong in (
        replace(change, acls=(NamespaceAcl("user/alice", ()),)),
        replace(change, branch="b"),
        replace(change, tenant="zeta"),
        author.change(writes=(replace(change.writes[0], birth=False, adopt=True),)),
    ):
        with pytest.raises(InvalidCall, match="cannot be a step of a chain"):
            staging.add(wrong, ReadSet())
    staging.add(change, ReadSet())
    with pytest.raises(InvalidCall, match="born twice"):
        staging.add(change, ReadSet())
    many = [replace(change.writes[0], cube=author.cube("x"), birth=False, terms=None) for _ in range(STANDING + 1)]
    with pytest.raises(InvalidCall, match="at most 1,000 memories that stand already"):
        staging.add(author.change(writes=tuple(many)), ReadSet())
    assert len(staging) == 1


def test_what_does_not_rest_on_the_staging_is_verified_first(author, staging):
    first, second = (author.births(author.cube(text)) for text in ("one", "two"))
    staging.add(first, ReadSet(versions={"a": 1}, policy_epoch=3))
    staging.add(second, ReadSet(versions={"b": STAGED}, namespaces={"user/alice": 5}, policy_epoch=3))
    assert [reads for _, reads in staging.whole()] == [ReadSet({"a": 1}, {"user/alice": 5}, 3), ReadSet({"b": STAGED})]
    staging.add(author.change(edges=(Edge("a", "b", "about"),)), ReadSet(policy_epoch=4))
    with pytest.raises(VersionConflict, match="the policies changed"):
        staging.whole()
    staging.back_to(2)
    staging.add(author.change(edges=(Edge("a", "b", "about"),)), ReadSet(namespaces={"user/alice": 6}))
    with pytest.raises(VersionConflict, match="a namespace changed"):
        staging.whole()


def test_turns_of_one_change_follow_each_other(adapter, author, staging):
    cubes = [author.cube(str(place), session="s", ordinal=ordinal) for place, ordinal in enumerate([None, 4, None])]
    with adapter.view("acme") as view:
        told = with_ordinals(author.births(*cubes, turn=True), view)
        assert [write.cube.ordinal for write in told.writes] == [0, 4, 5]
        staging.add(told, ReadSet())
        more = with_ordinals(author.births(author.cube("more", session="s"), turn=True), staging.over(view))
        assert more.writes[0].cube.ordinal == 6
        note = author.births(author.cube("a note", session="s"))
        assert with_ordinals(note, view) is note


def test_a_number_stands_for_a_change_that_comes_before():
    assert (settled(7, []), settled(STAGED + 1, [8, 9])) == (7, 9)
    with pytest.raises(InvalidCall, match="does not come before it"):
        settled(STAGED + 2, [8, 9])

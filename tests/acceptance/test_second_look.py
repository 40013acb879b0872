"""What holds again, what stays away and what is merged: the cases in which a memory's place or its end is disputed."""

from datetime import UTC, datetime, timedelta

import pytest

from memos import MemOS
from memos.errors import NotFound
from memos.settings import load_settings
from tests.clock import HandClock

START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    return HandClock(START)


@pytest.fixture
def memory(tmp_path, clock):
    with MemOS.open(tmp_path / "memory", embedder="minilm", worker="none", clock=clock) as system:
        yield system


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


class TestEnds:
    @pytest.fixture
    def moved(self, memory, alice, clock):
        old = alice.add("I live in Lisbon.").cubes[0]
        clock.move(days=30)
        new = alice.add("I moved to Porto.").cubes[0]
        clock.move(days=1)
        assert memory.drain()
        assert alice.get(old.id).cubes[0].valid_to == START + timedelta(days=30)
        return old, new

    def test_a_second_move_ends_the_first(self, memory, alice, clock, moved):
        third = alice.add("I moved to Faro yesterday.").cubes[0]
        clock.move(days=1)
        assert memory.drain()
        assert alice.get(moved[1].id).cubes[0].valid_to is not None
        assert alice.get(third.id).cubes[0].valid_to is None

    def test_what_is_told_once_more_holds_again(self, alice, moved):
        again = alice.add("I live in Lisbon.").cubes[0]
        assert (again.id, again.valid_to) == (moved[0].id, None)

    @pytest.mark.parametrize("mode", ["overwrite", "append", "merge"])
    def test_what_is_written_anew_holds(self, alice, moved, mode):
        assert alice.update(moved[0].id, "I live in Lisbon again.", mode=mode).cubes[0].valid_to is None

    def test_a_tag_alone_does_not_make_it_hold(self, alice, moved):
        assert alice.update(moved[0].id, tags=["home"]).cubes[0].valid_to is not None

    def test_it_holds_again_when_what_ended_it_is_forgotten(self, alice, moved):
        assert alice.forget(moved[1].id).value == 1
        assert alice.get(moved[0].id).cubes[0].valid_to is None

    def test_it_stays_ended_while_another_ends_it(self, memory, alice, clock, moved):
        alice.update(moved[0].id, "I live in Lisbon, in Alfama.")
        alice.add("I moved to Faro.")
        clock.move(days=1)
        assert memory.drain()
        ended = alice.get(moved[0].id).cubes[0]
        alice.forget(moved[1].id)
        assert alice.get(moved[0].id).cubes[0].valid_to == ended.valid_to


class TestBranches:
    def test_a_fact_that_was_told_meanwhile_is_joined(self, alice):
        branch = alice.branch("b")
        mine = branch.add("The dentist is Dr. Roe.").cubes[0]
        standing = alice.add("The dentist is Dr. Roe.").cubes[0]
        merged = branch.merge()
        assert merged.value["joined"] == {mine.id: standing.id}
        assert merged.value["written"]
        assert [cube.id for cube in alice.list().cubes] == [standing.id]

    def test_a_change_to_a_fact_that_stands_is_a_conflict(self, alice):
        cube = alice.add("The dentist is Dr. Roe.").cubes[0]
        branch = alice.branch("b")
        branch.update(cube.id, "The dentist is Dr. Poe.")
        alice.add("The dentist is Dr. Poe.")
        reply = branch.merge()
        assert [conflict["fields"] for conflict in reply.value["conflicts"]] == [("place",)]
        assert not reply.value["written"]
        assert branch.merge(prefer="canonical").value["written"]
        assert alice.get(cube.id).cubes[0].text == "The dentist is Dr. Roe."

    def test_what_comes_elsewhere_meanwhile_is_no_hindrance(self, alice):
        branch = alice.branch("b")
        branch.add("The dentist is Dr. Roe.")
        alice.add("The car is red.")
        assert branch.merge().value["written"]
        assert len(alice.list().cubes) == 2


def test_a_restore_leaves_away_whose_place_is_taken(alice):
    old = alice.add("The car is red.").cubes[0]
    alice.snapshot("before")
    alice.update(old.id, "The car is blue.")
    other = alice.add("The car is red.").cubes[0]
    alice.freeze(other.id)
    reply = alice.restore("before")
    assert reply.value["held"] == {old.id: other.id}
    assert any("stay away" in warning for warning in reply.warnings)
    assert alice.get(old.id).cubes[0].text == "The car is blue."


@pytest.mark.parametrize("word", ["none", "Never"])
def test_a_variable_can_say_that_there_is_no_end(monkeypatch, word):
    monkeypatch.setenv("MEMOS_ARCHIVE_AFTER_DAYS", word)
    assert load_settings(None).archive_after_days is None


def test_an_error_names_a_branch_as_its_owner_does(alice):
    branch = alice.branch("what-if")
    alice.branch("what-if").discard()
    with pytest.raises(NotFound, match="there is no branch 'what-if'"):
        branch.list()

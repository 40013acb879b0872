"""The Time Machine through the public face: snapshots, reading as of then, differences, restoring, branches."""

from datetime import UTC, datetime, timedelta

import pytest

from memos import MemOS
from memos.errors import Denied, FrozenMemory, InvalidCall, NotFound
from tests.clock import HandClock

START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    return HandClock(START)


@pytest.fixture
def memory(tmp_path, clock):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none", clock=clock) as system:
        yield system


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


def texts(reply):
    return sorted(cube.text for cube in (*reply.cubes, *(hit.cube for hit in reply.hits)))


class TestReading:
    def test_search_get_and_list_answer_as_they_would_have_then(self, alice):
        bike, car = alice.add(["My bike is red", "The car is old"]).cubes
        alice.snapshot("before")
        alice.update(bike.id, "My bike is green")
        alice.forget(car.id)
        alice.add("The boat is blue")
        then = alice.at("before")
        assert texts(then.list()) == ["My bike is red", "The car is old"]
        assert then.get(bike.id).cubes[0].text == "My bike is red"
        assert then.search("green bike").hits[0].cube.text == "My bike is red"
        assert texts(then.search("car boat", limit=1)) == ["The car is old"]
        assert texts(alice.list()) == ["My bike is green", "The boat is blue"]
        with pytest.raises(NotFound):
            alice.get(car.id)

    @pytest.mark.parametrize("form", ["datetime", "text", "seq"])
    def test_a_moment_is_a_time_or_a_commit_too(self, alice, clock, form):
        seq = alice.add("first").seq
        clock.move(hours=1)
        alice.add("second")
        moment = {"datetime": START + timedelta(minutes=30), "text": "2026-01-01T09:30:00Z", "seq": seq}[form]
        assert texts(alice.at(moment).list()) == ["first"]

    def test_a_time_before_everything_shows_nothing_and_one_to_come_shows_the_present(self, alice):
        alice.add("first")
        assert alice.at(START - timedelta(days=1)).list().cubes == ()
        assert texts(alice.at(START + timedelta(days=1)).list()) == ["first"]

    def test_what_had_an_end_is_shown_until_then(self, alice, clock):
        alice.add("a week's pass", expires_at=START + timedelta(days=7))
        clock.move(days=8)
        assert alice.list().cubes == ()
        assert texts(alice.at(START + timedelta(days=6)).search("pass")) == ["a week's pass"]
        assert alice.at(START + timedelta(days=7)).list().cubes == ()

    def test_the_past_is_read_with_the_permissions_of_now(self, memory, alice):
        alice.add("alice's secret")
        alice.snapshot("before")
        bob = memory.as_user("bob")
        assert bob.at(1).list(namespaces="user/alice").cubes == ()
        with pytest.raises(NotFound, match="no snapshot 'before' of yours"):
            bob.at("before")

    @pytest.mark.parametrize(
        "verb",
        [
            lambda then, _: then.add("x"),
            lambda then, one: then.forget(one),
            lambda then, one: then.update(one, "x"),
            lambda then, one: then.restore(one),
        ],
    )
    def test_the_past_cannot_be_changed(self, alice, verb):
        cube = alice.add("first").cubes[0]
        with pytest.raises(InvalidCall, match="cannot change the past"):
            verb(alice.at("now"), cube.id)
        assert texts(alice.list()) == ["first"]

    @pytest.mark.parametrize("moment", [99, -1, True, datetime(2026, 1, 1)])  # noqa: DTZ001
    def test_what_is_no_moment_is_refused(self, alice, moment):
        alice.add("first")
        with pytest.raises(InvalidCall):
            alice.at(moment)

    def test_a_snapshot_has_one_name_and_is_dropped(self, alice):
        alice.add("first")
        alice.snapshot("before")
        with pytest.raises(InvalidCall, match="there is a snapshot 'before' already"):
            alice.snapshot("before")
        with pytest.raises(InvalidCall, match="always the present"):
            alice.snapshot("now")
        assert [each["name"] for each in alice.snapshots().value] == ["before"]
        alice.snapshot("before", drop=True)
        assert alice.snapshots().value == []
        with pytest.raises(NotFound):
            alice.snapshot("before", drop=True)


class TestDiff:
    def test_tells_what_came_went_and_changed(self, alice):
        bike, car = alice.add(["My bike is red", "The car is old"]).cubes
        alice.snapshot("before")
        alice.update(bike.id, "My bike is green", tags=["bike"])
        alice.forget(car.id)
        boat = alice.add("The boat is blue").cubes[0]
        value = alice.diff("before").value
        assert [(row["id"], row["fields"]) for row in value["changed"]] == [(bike.id, ("text", "tags"))]
        assert (value["changed"][0]["before"].text, value["changed"][0]["after"].text) == ("My bike is red", "My bike is green")
        assert [row["id"] for row in value["added"]] == [boat.id]
        assert [row["id"] for row in value["removed"]] == [car.id]
        back = alice.diff("now", "before").value
        assert [row["id"] for row in back["added"]] == [car.id]
        assert alice.diff("before", "before").value["changed"] == []

    def test_stays_in_its_namespaces(self, alice):
        alice.snapshot("before")
        alice.add("here")
        there = alice.add("there", namespace="user/alice/x").cubes[0]
        assert [row["id"] for row in alice.diff("before", namespaces="user/alice/x").value["added"]] == [there.id]

    def test_tells_nothing_of_others(self, memory, alice):
        alice.snapshot("before")
        memory.as_user("bob").add("bob's")
        value = alice.diff("before", namespaces=["user/alice", "user/bob"]).value
        assert (value["added"], value["changed"], value["removed"]) == ([], [], [])


class TestRestore:
    def test_a_version_is_written_anew_and_found_by_its_words(self, alice):
        cube = alice.add("My bike is red", tags=["old"]).cubes[0]
        alice.update(cube.id, "My bike is green", tags=["new"])
        back = alice.restore(cube.id, version=1).cubes[0]
        assert (back.version, back.text, [tag.key for tag in back.own_tags]) == (3, "My bike is red", ["old"])
        assert [each.text for each in alice.history(cube.id).cubes] == ["My bike is red", "My bike is green", "My bike is red"]
        hit = alice.search("red").hits[0]
        assert (hit.cube.version, "lex" in hit.why) == (3, True)
        assert alice.restore(cube.id, version=2).cubes[0].text == "My bike is green", "a restore is undone by another"

    def test_what_was_forgotten_comes_back_as_generated(self, alice):
        cube = alice.add("My bike is red").cubes[0]
        alice.forget(cube.id)
        back = alice.restore(cube.id).cubes[0]
        assert (back.state, back.version, back.text) == ("generated", 1, "My bike is red")
        assert texts(alice.list()) == ["My bike is red"]

    def test_what_had_expired_comes_back_without_an_end(self, alice, clock):
        cube = alice.add("a week's pass", expires_at=START + timedelta(days=7)).cubes[0]
        clock.move(days=8)
        assert alice.restore(cube.id).cubes[0].policy.expires_at is None
        assert texts(alice.list()) == ["a week's pass"]

    def test_a_snapshot_restores_all_and_is_undone_by_another(self, alice):
        bike, car, old = alice.add(["My bike is red", "The car is old", "gone already"]).cubes
        alice.forget(old.id)
        alice.snapshot("before")
        alice.update(bike.id, "My bike is green")
        alice.transfer(car.id, to="user/alice/garage")
        boat = alice.add("The boat is blue").cubes[0]
        alice.snapshot("after")
        assert alice.restore("before", dry_run=True).value | {"ids": 0} == {
            "restored": 2,
            "forgotten": 1,
            "frozen": [],
            "held": {},
            "ids": 0,
        }
        assert len(alice.list().cubes) == 3
        value = alice.restore("before").value
        assert sorted(value["ids"]) == sorted([bike.id, car.id, boat.id])
        assert texts(alice.list()) == ["My bike is red", "The car is old"]
        assert alice.get(car.id).cubes[0].namespace == "user/alice"
        alice.restore("after")
        assert texts(alice.list()) == ["My bike is green", "The boat is blue", "The car is old"]
        assert alice.get(car.id).cubes[0].namespace == "user/alice/garage"

    def test_equal_facts_change_places(self, alice):
        cube = alice.add("tea").cubes[0]
        alice.snapshot("before")
        alice.update(cube.id, "coffee")
        alice.add("tea")
        alice.restore("before")
        assert [(each.id, each.text) for each in alice.list().cubes] == [(cube.id, "tea")]

    def test_errors(self, memory, alice):
        cube = alice.add("tea").cubes[0]
        with pytest.raises(NotFound, match="has the versions 1, and no 7"):
            alice.restore(cube.id, version=7)
        with pytest.raises(NotFound):
            memory.as_user("bob").restore(cube.id)
        with pytest.raises(InvalidCall, match="takes the id of one memory"):
            alice.restore("now", version=1)
        assert "nothing was written" in alice.restore(cube.id).warnings[0]
        alice.update(cube.id, "coffee")
        alice.freeze(cube.id)
        with pytest.raises(FrozenMemory):
            alice.restore(cube.id, version=1)
        assert alice.restore(1).warnings == ("what is frozen stays as it is (1)",)
        alice.unfreeze(cube.id)
        other = alice.add("tea").cubes[0]
        with pytest.raises(InvalidCall, match=other.id):
            alice.restore(cube.id, version=1)


class TestBranch:
    def test_is_isolated_has_the_whole_api_and_is_discarded(self, memory, alice):
        cube = alice.add("We rent the flat").cubes[0]
        what_if = alice.branch("what-if")
        what_if.update(cube.id, "We own the flat")
        what_if.add("The garden is large")
        assert texts(what_if.list()) == ["The garden is large", "We own the flat"]
        assert what_if.search("garden").hits[0].cube.text == "The garden is large"
        assert [each.text for each in what_if.history(cube.id).cubes] == ["We rent the flat", "We own the flat"]
        assert texts(alice.list()) == ["We rent the flat"]
        assert texts(alice.search("garden flat")) == ["We rent the flat"]
        assert [row["name"] for row in alice.branches().value] == ["what-if"]
        what_if.discard()
        assert alice.branches().value == []
        assert texts(alice.list()) == ["We rent the flat"]
        assert texts(alice.branch("what-if").list()) == ["We rent the flat"], "the name is free again, and nothing of it is left"

    def test_begins_at_a_base_and_does_not_see_what_came_later(self, alice):
        alice.add("first")
        alice.snapshot("before")
        alice.add("second")
        branch = alice.branch("b", base="before")
        assert texts(branch.list()) == ["first"]
        assert texts(branch.search("second first")) == ["first"]
        with pytest.raises(InvalidCall, match="already"):
            alice.branch("b", base="before")

    def test_is_its_owners_alone(self, memory, alice):
        alice.branch("plan").add("alice's plan")
        bob = memory.as_user("bob")
        assert bob.branches().value == []
        assert bob.branch("plan").list().cubes == ()
        assert bob.branch("plan").list(namespaces="user/alice").cubes == ()

    def test_merges_what_only_it_changed(self, alice):
        cube, other = alice.add(["We rent the flat", "The car is old"]).cubes
        branch = alice.branch("b")
        branch.update(cube.id, "We own the flat", tags=["home"])
        branch.forget(other.id)
        new = branch.add("The garden is large").cubes[0]
        assert branch.merge(dry_run=True).value["written"] is False
        value = branch.merge().value
        assert (sorted(value["merged"]), value["conflicts"], value["written"]) == (sorted([cube.id, other.id, new.id]), [], True)
        assert texts(alice.list()) == ["The garden is large", "We own the flat"]
        assert alice.search("garden").hits[0].cube.id == new.id
        assert alice.get(cube.id).cubes[0].version == 2
        assert alice.branches().value == []

    def test_joins_texts_that_changed_in_different_places(self, alice):
        cube = alice.add("The dose is 5 mg. The doctor is Costa.").cubes[0]
        branch = alice.branch("b")
        branch.update(cube.id, "The dose is 10 mg. The doctor is Costa.")
        alice.update(cube.id, "The dose is 5 mg. The doctor is Pires.")
        assert branch.merge().value["conflicts"] == []
        assert alice.get(cube.id).cubes[0].text == "The dose is 10 mg. The doctor is Pires."
        assert "10" in alice.search("10 mg").hits[0].cube.text

    @pytest.mark.parametrize(("prefer", "text"), [("branch", "The dose is 10 mg."), ("canonical", "The dose is 20 mg.")])
    def test_shows_conflicts_and_takes_the_side_preferred(self, alice, prefer, text):
        cube = alice.add("The dose is 5 mg.").cubes[0]
        branch = alice.branch("b")
        branch.update(cube.id, "The dose is 10 mg.")
        alice.update(cube.id, "The dose is 20 mg.")
        reply = branch.merge()
        (conflict,) = reply.value["conflicts"]
        assert (conflict["id"], conflict["fields"], conflict["branch"].text, conflict["canonical"].text) == (
            cube.id, ("payload",), "The dose is 10 mg.", "The dose is 20 mg.",
        )  # fmt: skip
        assert (reply.value["written"], len(reply.warnings)) == (False, 1)
        assert alice.get(cube.id).cubes[0].text == "The dose is 20 mg."
        assert branch.merge(prefer=prefer).value["written"] is True
        assert alice.get(cube.id).cubes[0].text == text

    def test_errors(self, alice):
        with pytest.raises(InvalidCall, match="belongs to a branch"):
            alice.merge()
        with pytest.raises(InvalidCall, match="belongs to a branch"):
            alice.discard()
        branch = alice.branch("b")
        with pytest.raises(InvalidCall, match="branch of a branch"):
            branch.branch("c")
        with pytest.raises(Denied):
            branch.add("x", namespace="user/bob")
        branch.discard()
        with pytest.raises(NotFound):
            branch.list()

"""The life of a memory through the public face: updates of every mode, labels, states, freezing, confirming."""

from datetime import UTC, datetime

import pytest

from memos import MemOS
from memos.errors import FrozenMemory, IllegalTransition, InvalidCall, NotFound, VersionConflict
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


class TestUpdate:
    def test_append_adds_below_and_is_found(self, alice):
        cube = alice.add("Dr. Costa raised the dose.").cubes[0]
        after = alice.update(cube.id, "Next visit in June.", mode="append").cubes[0]
        assert (after.text, after.version, after.state) == ("Dr. Costa raised the dose.\nNext visit in June.", 2, "merged")
        hit = alice.search("visit June").hits[0]
        assert hit.cube.id == cube.id
        assert "lex" in hit.why
        assert "dense" in hit.why, "its vector is made in the same call"

    def test_merge_adds_what_is_not_said_yet_and_joins_tags_and_metadata(self, alice):
        cube = alice.add("I like tea. I run on Sundays.", tags=["a"], metadata={"x": 1, "y": 1}).cubes[0]
        after = alice.update(cube.id, "i LIKE  tea. I swim too.", mode="merge", tags=["b"], metadata={"y": 2}).cubes[0]
        assert after.text == "I like tea. I run on Sundays. I swim too."
        assert ([tag.key for tag in after.own_tags], after.metadata, after.state) == (["a", "b"], {"x": 1, "y": 2}, "merged")
        again = alice.update(cube.id, "I swim too.", mode="merge")
        assert (again.cubes[0].version, len(again.warnings)) == (2, 1), "nothing new, no version"

    def test_overwriting_with_the_same_text_writes_nothing(self, alice):
        cube = alice.add("tea").cubes[0]
        reply = alice.update(cube.id, "tea")
        assert (reply.cubes[0].version, "nothing was written" in reply.warnings[0]) == (1, True)
        assert len(alice.history(cube.id).cubes) == 1

    def test_labels_name_versions(self, alice):
        cube = alice.add("one").cubes[0]
        alice.update(cube.id, label="reviewed")
        alice.update(cube.id, "two", label="v2")
        assert [(each.version, each.labels, each.text) for each in alice.history(cube.id).cubes] == [
            (1, ("reviewed",), "one"),
            (2, ("v2",), "two"),
        ]

    def test_a_text_against_a_label_changes_the_standing_one_by_its_differences(self, alice):
        cube = alice.add("The dose is 5 mg. The doctor is Costa.").cubes[0]
        alice.update(cube.id, label="reviewed")
        alice.update(cube.id, "The dose is 5 mg. The doctor is Pires.")
        after = alice.update(cube.id, "The dose is 10 mg. The doctor is Costa.", against="reviewed").cubes[0]
        assert (after.text, after.version) == ("The dose is 10 mg. The doctor is Pires.", 3)

    def test_conflicts_with_a_label_are_data_and_nothing_is_written(self, alice):
        cube = alice.add("The dose is 5 mg.").cubes[0]
        alice.update(cube.id, label="reviewed")
        alice.update(cube.id, "The dose is 20 mg.")
        reply = alice.update(cube.id, "The dose is 10 mg.", against="reviewed")
        assert reply.value["conflicts"] == [{"base": "The dose is 5 mg.", "ours": "The dose is 10 mg.", "theirs": "The dose is 20 mg."}]
        assert "nothing was written" in reply.warnings[0]
        assert alice.get(cube.id).cubes[0].version == 2

    def test_the_conflict_names_both_versions(self, alice):
        cube = alice.add("one").cubes[0]
        alice.update(cube.id, "two")
        with pytest.raises(VersionConflict) as conflict:
            alice.update(cube.id, "three", mode="append", expect_version=1)
        assert conflict.value.details == {"id": cube.id, "expected": 1, "found": 2}

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({}, "must change something"),
            ({"mode": "append"}, "needs a text"),
            ({"against": "x"}, "needs a text"),
            ({"text": "x", "mode": "append", "against": "y"}, "leave `mode` out"),
            ({"text": "x", "mode": "prepend"}, "mode"),
            ({"label": ""}, "1 to 256"),
        ],
    )
    def test_bad_input(self, alice, arguments, message):
        cube = alice.add("one").cubes[0]
        with pytest.raises(InvalidCall, match=message):
            alice.update(cube.id, **arguments)

    def test_an_unknown_label_names_those_there_are(self, alice):
        cube = alice.add("one").cubes[0]
        alice.update(cube.id, label="reviewed")
        with pytest.raises(NotFound, match="labelled are: reviewed"):
            alice.update(cube.id, "two", against="v1")

    def test_a_text_that_grows_over_the_limit_is_refused(self, alice):
        cube = alice.add("x" * (4 * 1024 * 1024 - 10)).cubes[0]
        with pytest.raises(InvalidCall, match="the limit is"):
            alice.update(cube.id, "y" * 100, mode="append")


class TestStates:
    def test_archived_memories_answer_by_state_id_and_the_past_only(self, alice):
        cube = alice.add("The old lease").cubes[0]
        alice.add("The new lease")
        alice.snapshot("before")
        assert alice.archive(cube.id).cubes[0].state == "archived"
        assert alice.archive(cube.id).cubes[0].state == "archived", "archiving twice is harmless"
        assert [hit.cube.text for hit in alice.search("lease").hits] == ["The new lease"]
        assert [each.text for each in alice.list().cubes] == ["The new lease"]
        assert [hit.cube.text for hit in alice.search("lease", states=["archived"]).hits] == ["The old lease"]
        assert len(alice.search("lease", states=["archived", "generated"]).hits) == 2
        assert len(alice.at("before").search("lease").hits) == 2
        assert alice.get(cube.id).cubes[0].state == "archived"
        assert len(alice.history(cube.id).cubes) == 1, "a change of state is no version"

    def test_an_update_brings_an_archived_memory_back(self, alice):
        cube = alice.add("The lease").cubes[0]
        alice.archive(cube.id)
        assert alice.update(cube.id, "The lease of 2026").cubes[0].state == "activated"
        assert alice.search("lease 2026").hits[0].cube.id == cube.id

    def test_a_fact_told_again_brings_an_archived_memory_back(self, alice):
        cube = alice.add("The lease").cubes[0]
        alice.archive(cube.id)
        assert alice.add("the lease").cubes[0].id == cube.id
        assert [each.state for each in alice.list().cubes] == ["activated"]

    def test_confirmed_twice_a_memory_stands(self, alice):
        cube = alice.add("I am vegetarian").cubes[0]
        first = alice.confirm(cube.id, trigger="asked")
        assert (first.value, first.cubes[0].state) == (1, "activated")
        second = alice.confirm(cube.id)
        assert (second.value, second.cubes[0].state, second.cubes[0].version) == (2, "merged", 1)
        assert [record.origin for record in second.cubes[0].provenance.records] == ["confirmation"] * 2

    def test_a_frozen_memory_refuses_every_change_and_stays_findable(self, alice):
        cube = alice.add("The will").cubes[0]
        assert alice.freeze(cube.id).cubes[0].frozen
        for change in (
            lambda: alice.update(cube.id, "no will"),
            lambda: alice.update(cube.id, label="x"),
            lambda: alice.forget(cube.id),
            lambda: alice.archive(cube.id),
            lambda: alice.confirm(cube.id),
            lambda: alice.transfer(cube.id, to="user/alice/x"),
            lambda: alice.restore(cube.id, version=1),
        ):
            with pytest.raises(FrozenMemory, match="unfreeze it first"):
                change()
        assert alice.add("the will").cubes[0].provenance.records == (), "a fact told again leaves it as it is"
        assert alice.search("will").hits[0].cube.id == cube.id
        assert alice.list(filter={"frozen": True}).cubes[0].id == cube.id
        assert not alice.unfreeze(cube.id).cubes[0].frozen
        assert alice.forget(cube.id).value == 1
        assert len(alice.history(cube.id).cubes) == 1

    def test_what_is_forgotten_moves_only_by_restore(self, alice):
        cube = alice.add("The will").cubes[0]
        alice.forget(cube.id)
        for change in (alice.archive, alice.confirm, alice.freeze, alice.forget):
            with pytest.raises(NotFound):
                change(cube.id)
        assert alice.list(states=["expired"]).cubes == ()
        assert alice.search("will", states=["expired"]).hits == ()
        assert alice.at("now").list(states=["expired"]).cubes == ()

    def test_the_table_refuses_what_it_does_not_list(self, alice):
        from memos.memcube.state import State
        from memos.operation.memlifecycle.transitions import TRANSITIONS, Event, require

        cube = alice.add("x").cubes[0].model_copy(update={"state": State.ARCHIVED})
        with pytest.raises(IllegalTransition, match="is archived and cannot become merged; from there it may become activated, expired"):
            require(cube, State.MERGED, Event.CONFIRMATION)
        with pytest.raises(IllegalTransition, match="generated, by restore"):
            require(cube.model_copy(update={"state": State.EXPIRED}), State.GENERATED, Event.USE)
        assert set(TRANSITIONS) == set(State)

    def test_an_idempotency_key_repeats_a_change(self, alice):
        cube = alice.add("I am vegetarian").cubes[0]
        alice.confirm(cube.id, idempotency_key="k")
        alice.confirm(cube.id, idempotency_key="k")
        assert len(alice.get(cube.id).cubes[0].provenance.records) == 1

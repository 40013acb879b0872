"""Erasing through the public face: what goes, what stays and is told, who may, and what a receipt is worth."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from memos import MemOS
from memos.backends.sqlite.erasures import BUSY, HELD
from memos.errors import BackendError, Denied, InvalidCall, NotFound, ReadOnlyStore, VersionConflict
from memos.infrastructure.memgovernance.audit import exported_key
from memos.infrastructure.memgovernance.checkpoint import read_key
from memos.infrastructure.memgovernance.receipt import is_signed, read_receipt
from memos.memcube.call import Caller, MemoryCall
from memos.memcube.change import ChangeSet, CubeWrite, Erase, Idempotency, ReadSet, Terms, VectorFill
from memos.memcube.payload import Activation
from memos.plugins import open_trail
from tests.clock import HandClock

START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
SETTINGS = {"erase_seconds": 0.2}


@pytest.fixture
def clock():
    return HandClock(START)


@pytest.fixture
def place(tmp_path):
    return tmp_path / "memory"


@pytest.fixture
def memory(place, clock):
    with MemOS.open(place, embedder="hashing", worker="none", clock=clock, settings=SETTINGS) as system:
        yield system


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


@pytest.fixture
def bob(memory):
    return memory.as_user("bob")


def texts(session, **how):
    return sorted(cube.text for cube in session.list(**how).cubes)


class TestByIds:
    def test_it_is_gone_from_every_read_and_the_receipt_says_so(self, alice, memory, place):
        kept, gone = alice.add(["tea is fine", "coffee is secret"]).cubes
        alice.snapshot("before")
        branch = alice.branch("what-if")
        branch.update(gone.id, "coffee is no secret")
        reply = alice.erase(gone.id)
        receipt = reply.value
        assert (receipt.status, receipt.ids, receipt.basis, receipt.remaining) == ("complete", (gone.id,), "ids", ())
        assert (receipt.counts["memories"], receipt.counts["versions"], receipt.seq) == (1, 2, reply.seq)
        assert is_signed(receipt, read_key(exported_key(open_trail(place))[1], "key"))
        for session in (alice, alice.at("before"), branch):
            assert texts(session) == ["tea is fine"]
            assert [hit.cube.id for hit in session.search("coffee secret").hits] in ([], [kept.id])
            with pytest.raises(NotFound):
                session.get(gone.id)
        with pytest.raises(NotFound):
            alice.history(gone.id)
        assert memory.doctor() == ()
        assert memory.erasures() == (receipt,)

    def test_the_log_names_ids_and_nothing_else(self, alice, memory):
        cube = alice.add("xyzzy").cubes[0]
        alice.erase(cube)
        row = memory._parts.adapter.events(0)[-1]
        assert (row["operation"], row["writes"]) == ("erase", ((cube.id, 0),))
        assert row["counts"] == {"erased": 1, "purged": 1}
        assert alice.log(operation="erase").value[0]["memories"] == ((cube.id, 0),)

    def test_frozen_archived_and_forgotten_go_too(self, alice):
        frozen, archived, forgotten = alice.add(["one thing", "another thing", "a third thing"]).cubes
        alice.freeze(frozen)
        alice.archive(archived)
        alice.forget(forgotten)
        assert alice.erase([frozen, archived, forgotten]).value.counts["memories"] == 3
        with pytest.raises(NotFound):
            alice.restore(forgotten.id)

    def test_what_was_born_in_a_branch_goes_by_its_id(self, alice):
        branch = alice.branch("what-if")
        born = branch.add("only there").cubes[0]
        assert alice.erase(born.id).value.counts["memories"] == 1
        assert texts(branch) == []

    def test_erased_twice_is_not_found(self, alice):
        cube = alice.add("once").cubes[0]
        alice.erase(cube)
        with pytest.raises(NotFound, match="erase --status"):
            alice.erase(cube)

    def test_what_others_own_is_not_found_like_what_is_not_there(self, alice, bob, memory):
        cube = bob.add("Bob's own").cubes[0]
        errors = []
        for cube_id in (cube.id, memory._clock.new_id()):
            with pytest.raises(NotFound) as raised:
                alice.erase(cube_id)
            errors.append(raised.value.message.replace(cube_id, "…"))
        assert errors[0] == errors[1]
        assert texts(bob) == ["Bob's own"]

    def test_who_may_read_may_not_erase_and_an_admin_of_it_may(self, alice, bob):
        read = bob.add("to be read", acl={"user:alice": ["read"]}).cubes[0]
        administered = bob.add("to be administered", acl={"user:alice": ["admin"]}).cubes[0]
        bob.add("not shared")
        assert alice.get(read.id).cubes[0].text == "to be read"
        with pytest.raises(Denied, match="may not erase"):
            alice.erase(read)
        assert alice.erase(filter={"owner": "bob"}).value.ids == (administered.id,)
        assert texts(bob) == ["not shared", "to be read"]

    def test_what_others_made_of_it_is_told_to_who_sees_it_and_goes_by_the_operator(self, alice, bob, memory):
        shared = alice.add("seen by Bob", acl={"user:bob": ["read"]}).cubes[0]
        own = bob.add("Bob's own").cubes[0]
        made = bob.compose([shared.id, own.id]).cubes[0]
        assert alice.erase(shared, dry_run=True).value["remaining"] == [], "what one may not see is not counted either"
        bob.share(made, "user:alice")
        told = [{"what": made.id, "why": "derived from what is erased, and not yours to erase"}]
        assert alice.erase(shared, dry_run=True).value["remaining"] == told
        assert memory.erase(shared, dry_run=True).value["derived"] == [made.id]
        assert [each.model_dump() for each in alice.erase(shared).value.remaining] == told
        assert len(texts(bob)) == 2

    def test_what_was_ended_by_it_holds_again(self, alice, memory):
        old = alice.add("I live in Lisbon.").cubes[0]
        new = alice.add("I moved to Porto.").cubes[0]
        memory.drain()
        assert alice.get(old.id).cubes[0].valid_to is not None
        alice.erase(new)
        assert alice.get(old.id).cubes[0].valid_to is None


class TestDerived:
    @pytest.fixture
    def parts(self, alice):
        return alice.add(["the first part", "the second part"]).cubes

    def test_what_was_composed_of_it_goes_with_it_and_is_told_before(self, alice, parts):
        whole = alice.compose(parts).cubes[0]
        more = alice.compose([whole, parts[1]]).cubes[0]
        preview = alice.erase(parts[0], dry_run=True).value
        assert (preview["ids"], set(preview["derived"])) == ([parts[0].id], {whole.id, more.id})
        receipt = alice.erase(parts[0]).value
        assert set(receipt.derived) == {whole.id, more.id}
        assert texts(alice) == ["the second part"]

    def test_it_stays_where_that_is_wanted_and_the_receipt_says_why(self, alice, parts):
        whole = alice.compose(parts).cubes[0]
        receipt = alice.erase(parts[0], derived=False).value
        assert [each.what for each in receipt.remaining] == [whole.id]
        assert "derived" in receipt.remaining[0].why
        assert alice.get(whole.id).cubes[0].text == "the first part\n\nthe second part"
        assert (
            alice.lineage(whole.id).value["nodes"] == [whole.id, parts[1].id] or parts[0].id not in alice.lineage(whole.id).value["nodes"]
        )

    def test_of_two_that_were_merged_both_go(self, alice, memory):
        first = alice.add("My locker number is 4711.").cubes[0]
        second = alice.add("my locker number is 4711").cubes[0]
        memory.drain()
        assert {alice.get(each.id).cubes[0].state for each in (first, second)} == {"merged", "archived"}
        assert alice.erase(first).value.counts["memories"] == 2

    def test_what_was_derived_in_a_branch_goes_too(self, alice, parts):
        branch = alice.branch("what-if")
        branch.compose(parts)
        alice.erase(parts[0])
        assert texts(branch) == ["the second part"]

    def test_what_is_derived_meanwhile_is_not_left_behind(self, alice, memory, parts):
        change = ChangeSet("default", alice.caller, memory._clock.new_id(), "erase", START, erase=Erase((parts[0].id,), 1))
        alice.compose(parts)
        with pytest.raises(VersionConflict, match="made of"):
            memory._parts.adapter.commit(change, ReadSet())


class TestSubject:
    def test_all_that_a_person_owns_or_said_with_snapshots_and_branches(self, alice, bob, memory):
        alice.add("mine")
        alice.snapshot("wedding")
        alice.branch("divorce").add("what if")
        bob.add([{"role": "user", "name": "Alice", "content": "I told Bob"}, {"role": "user", "name": "Bob", "content": "I heard"}])
        receipt = memory.erase(subject="alice").value
        assert (receipt.counts["memories"], receipt.basis) == (3, "subject")
        assert "alice" not in receipt.document()
        assert (alice.snapshots().value, alice.branches().value) == ([], [])
        assert texts(bob) == ["I heard"]
        assert texts(alice) == []

    def test_a_user_reaches_its_own_namespaces_alone(self, alice, bob):
        bob.add([{"role": "user", "name": "alice", "content": "said to Bob"}])
        alice.add([{"role": "user", "name": "bob", "content": "said to Alice"}, {"role": "user", "name": "alice", "content": "my answer"}])
        bob.snapshot("kept")
        assert alice.erase(subject="bob").value.counts["memories"] == 1
        assert texts(alice) == ["my answer"]
        assert texts(bob) == ["said to Bob"]
        assert [each["name"] for each in bob.snapshots().value] == ["kept"]

    def test_others_that_name_the_subject_are_told_and_stay(self, alice, bob, memory):
        alice.add("I am here")
        mention, tagged, _ = (
            bob.add("Yesterday alice came by").cubes[0],
            bob.add("a visit", tags=["alice"]).cubes[0],
            bob.add("Malice aforethought, said nobody"),
        )
        preview = memory.erase(subject="alice", dry_run=True).value
        assert set(preview["mentions"]) == {mention.id, tagged.id}
        assert alice.erase(subject="alice", dry_run=True).value["mentions"] == []
        memory.erase(subject="alice")
        assert len(texts(bob)) == 3

    def test_a_tenant_is_not_another(self, memory):
        other = memory.as_user("alice", tenant="acme")
        other.add("of acme")
        memory.as_user("alice").add("of default")
        memory.erase(subject="alice")
        assert texts(other) == ["of acme"]
        assert (memory.erasures("acme"), len(memory.erasures())) == ((), 1)


class TestPreviewAndFilter:
    def test_a_preview_changes_nothing_and_leaves_a_row(self, alice, memory):
        cube = alice.add("draft one", tags=["draft"]).cubes[0]
        alice.update(cube.id, "draft two")
        head = memory.status().head
        reply = alice.erase(filter={"tags": {"any": ["draft"]}}, dry_run=True)
        assert reply.value["counts"] == {"memories": 1, "versions": 2, "contents": 2, "vectors": 2}
        assert memory.status().head == head
        assert alice.log(operation="erase").value[0]["memories"][0][0] == cube.id

    def test_a_filter_takes_what_passes_in_branches_too(self, alice):
        alice.add(["draft a", "draft b"], tags=["draft"])
        alice.add("final", tags=["final"])
        branch = alice.branch("what-if")
        branch.add("draft c", tags=["draft"])
        assert alice.erase(filter={"tags": {"any": ["draft"]}}).value.counts["memories"] == 3
        assert texts(branch) == texts(alice) == ["final"]

    def test_a_filter_that_nothing_passes_erases_nothing_and_says_so(self, alice, memory):
        alice.add("stays")
        head = memory.status().head
        reply = alice.erase(filter={"tags": {"any": ["nobody has it"]}})
        assert (reply.value, memory.status().head) == (None, head)
        assert "nothing was erased" in reply.warnings[0]

    def test_a_filter_reaches_nothing_of_others(self, alice, bob):
        bob.add("Bob's", tags=["draft"])
        assert alice.erase(filter={"tags": {"any": ["draft"]}}).value is None
        assert alice.erase(filter={"namespace": {"under": "user/bob"}}).value is None
        assert texts(bob) == ["Bob's"]

    def test_more_than_a_page_goes(self, alice):
        alice.add([f"number {number}" for number in range(1203)])
        assert alice.erase(filter={"state": "generated"}).value.counts["memories"] == 1203


class TestHolds:
    @pytest.fixture
    def admin(self, memory):
        return memory.as_user("ada", roles=["admin"])

    def test_what_a_hold_keeps_stays_and_is_told_until_a_court_orders_otherwise(self, alice, admin, memory):
        kept, free = alice.add(["kept", "free"]).cubes
        admin.govern("hold", "case 7", {"reason": "a lawsuit", "ids": [kept.id]})
        preview = alice.erase(subject="alice", dry_run=True).value
        assert (preview["ids"], preview["held"]) == ([free.id], [kept.id])
        receipt = alice.erase(subject="alice").value
        assert (receipt.ids, [each.model_dump() for each in receipt.remaining]) == (
            (free.id,), [{"what": kept.id, "why": "the hold 'case 7' keeps it"}],
        )  # fmt: skip
        reply = alice.erase(kept)
        assert (reply.value, reply.warnings) == (None, ("nothing was erased: holds keep all that is meant",))
        ordered = memory.erase(kept, court_order="7 U 12/26").value
        assert (ordered.ids, ordered.court_order) == ((kept.id,), "7 U 12/26")
        assert memory.doctor() == ()

    def test_what_a_closed_branch_holds_of_it_stays_too(self, alice, admin, memory):
        branch = alice.branch("what-if")
        held = branch.add("born in a branch", tags=["evidence"]).cubes[0]
        admin.govern("hold", "case 7", {"reason": "a lawsuit", "filter": {"tags": {"any": ["evidence"]}}})
        branch.discard()
        before = memory.status().versions
        alice.erase(alice.add("free").cubes[0])
        assert memory.status().versions == before
        admin.govern("hold", "case 7", None)
        alice.erase(alice.add("free again").cubes[0])
        assert memory.status().versions == before - 1
        with pytest.raises(NotFound):
            alice.get(held.id)

    def test_a_hold_that_is_set_meanwhile_is_seen_at_the_commit(self, alice, admin, memory):
        cube = alice.add("raced for").cubes[0]
        adapter = memory._parts.adapter
        commit, raced = type(adapter).commit, []

        def slow(change, reads):
            if change.erase is not None and not raced:
                raced.append(True)
                admin.govern("hold", "case 7", {"reason": "a lawsuit", "ids": [cube.id]})
            return commit(adapter, change, reads)

        adapter.commit = slow
        assert memory.erase(cube).value is None
        assert alice.get(cube.id).cubes[0].text == "raced for"


class TestWrongCalls:
    @pytest.mark.parametrize(
        ("how", "said"),
        [
            ({}, "in one way"),
            ({"subject": "alice", "filter": {"frozen": True}}, "in one way"),
            ({"subject": " "}, "at least one character"),
            ({"subject": 7}, "must be a text"),
            ({"filter": {"nonsense": 1}}, "nonsense"),
            ({"subject": "alice", "court_order": "x\n"}, "reference number"),
            ({"subject": "alice", "court_order": ""}, "reference number"),
            ({"subject": "alice", "finish": "no"}, "finish"),
        ],
    )
    def test_each_is_told_what_is_wrong(self, alice, how, said):
        alice.add("stays")
        with pytest.raises(InvalidCall, match=said):
            alice.erase(**how)
        assert texts(alice) == ["stays"]

    def test_the_past_and_branches_are_no_place_to_erase_from(self, alice):
        cube = alice.add("stays").cubes[0]
        alice.snapshot("before")
        for session, said in ((alice.at("before"), "cannot change the past"), (alice.branch("what-if"), "every branch")):
            with pytest.raises(InvalidCall, match=said):
                session.erase(cube.id)

    def test_ids_and_a_subject_are_two_ways(self, alice):
        cube = alice.add("stays").cubes[0]
        with pytest.raises(InvalidCall, match="in one way"):
            alice.erase(cube.id, subject="alice")

    def test_an_unknown_option_is_refused(self, alice, memory):
        call = MemoryCall(id=memory._clock.new_id(), operation="erase", options={"subject": "alice", "quietly": True})
        assert memory._api.handle(alice.caller, call).status == "invalid_call"


class TestAgain:
    def test_a_repeated_call_gets_the_same_receipt(self, alice):
        cube = alice.add("once").cubes[0]
        first = alice.erase(cube.id, idempotency_key="k").value
        assert alice.erase(cube.id, idempotency_key="k").value == first

    def test_a_repeated_add_does_not_bring_it_back(self, alice):
        cube = alice.add("once", idempotency_key="k").cubes[0]
        alice.erase(cube)
        with pytest.raises(InvalidCall, match="was erased"):
            alice.add("once", idempotency_key="k")
        assert alice.add("once").cubes[0].id != cube.id, "who says it again may"

    def test_neither_its_id_nor_its_provenance_comes_back(self, alice, memory):
        cube = alice.add("once").cubes[0]
        alice.erase(cube)
        other = cube.model_copy(update={"id": memory._clock.new_id()})
        for again in (cube, other):
            write = CubeWrite(again, birth=True, terms=Terms({}, 0))
            change = ChangeSet("default", alice.caller, memory._clock.new_id(), "load", START, writes=(write,))
            with pytest.raises(InvalidCall, match="was erased by commit 2"):
                memory._parts.adapter.commit(change, ReadSet())

    def test_a_moment_is_restored_without_it(self, alice):
        kept, gone = alice.add(["kept", "gone"]).cubes
        alice.snapshot("before")
        alice.erase(gone)
        alice.forget(kept)
        alice.restore("before")
        assert texts(alice) == ["kept"]

    def test_what_was_computed_for_an_erased_text_finds_no_other(self, place, clock):
        import numpy as np

        with MemOS.open(place, embedder="hashing", worker="none", clock=clock, settings={"inline_vectors": 0}) as memory:
            gone = memory.as_user("alice").add("erased before its vector came").cubes[0]
            with memory._parts.adapter.view("default") as view:
                ((content, _, _),) = view.pending(9).items
            memory.as_user("alice").erase(gone)
        with MemOS.open(place, worker="none", clock=clock, settings={"inline_vectors": 0}) as memory:
            memory.as_user("alice").add("another text")
            row = np.ones(memory._parts.embedder.dimensions, np.float32)
            change = ChangeSet("default", Caller(user="system", kind="system"), memory._clock.new_id(), "index", START)
            late = ChangeSet(**{**{name: getattr(change, name) for name in change.__slots__}, "fills": (VectorFill(content, row),)})
            memory._parts.adapter.commit(late, ReadSet())
            assert memory.status().pending == 1


class TestFinishing:
    def test_an_old_reader_makes_it_partial_until_it_ends(self, alice, memory, place):
        cube = alice.add("xyzzy is what it says").cubes[0]
        with MemOS.open(place, worker="none") as other:
            with other._parts.adapter.view("default"):
                reply = alice.erase(cube)
                assert (reply.value.status, reply.value.signature) == ("partial", "")
                assert HELD in reply.warnings[0]
                assert [each.status for each in memory.erasures()] == ["partial"]
            assert [each.status for each in memory.erasures()] == ["complete"]
        memory.close()
        assert not any(b"xyzzy" in path.read_bytes() for path in place.rglob("*") if path.is_file())

    def test_a_writer_in_the_way_makes_it_partial(self, alice, memory, place):
        reply = alice.erase(alice.add("xyzzy is what it says").cubes[0], finish=False)
        assert reply.value.status == "partial"
        connection = apsw.Connection(str(place / "memory.db"))
        connection.execute("BEGIN IMMEDIATE")
        (receipt,) = memory.erasures()
        assert (receipt.status, receipt.remaining[0].why) == ("partial", BUSY)
        connection.execute("ROLLBACK")
        connection.close()
        memory.sweep()
        assert [each.status for each in memory.erasures()] == ["complete"]

    def test_the_worker_finishes_what_was_left(self, place):
        with MemOS.open(place, embedder="hashing", worker="none") as memory:
            alice = memory.as_user("alice")
            alice.erase(alice.add("xyzzy").cubes[0], finish=False)
        with MemOS.open(place) as memory:
            memory.drain()
            assert [each.receipt is None for each in memory._parts.erasing.erasures("default")] == [False]

    def test_several_that_are_pending_are_finished_with_one_rewriting(self, alice, memory, place):
        cubes = alice.add([f"number {number} of several" for number in range(12)]).cubes
        for cube in cubes:
            alice.erase(cube, finish=False)
        assert len(memory._parts.adapter.probes) == 8, "what is kept for the search is bounded"
        rewriting = memory._parts.erasing._rewrite
        turns = []
        memory._parts.erasing._rewrite = lambda end, *, rewritten: turns.append(rewritten) or rewriting(end, rewritten=rewritten)
        assert [each.status for each in memory.erasures()] == ["complete"] * 12
        assert turns == [False, *[True] * 11]
        assert {each.searched is None for each in memory.erasures()} == {True, False}
        assert memory._parts.adapter.probes == {}

    def test_what_another_process_finished_is_searched_for_no_longer(self, alice, memory, place):
        alice.erase(alice.add("xyzzy is what it says").cubes[0], finish=False)
        with MemOS.open(place, worker="none") as other:
            assert [each.status for each in other.erasures()] == ["complete"]
        assert [each.searched for each in memory.erasures()] == [None]
        assert memory._parts.adapter.probes == {}

    def test_a_store_that_is_only_read_tells_its_receipts(self, alice, memory, place):
        alice.add("stays")
        alice.erase(alice.add("gone").cubes[0], finish=False)
        with MemOS.open(place, worker="none", read_only=True) as reader:
            assert [each.status for each in reader.erasures()] == ["partial"]
            with pytest.raises(ReadOnlyStore):
                reader.as_user("alice").erase(subject="alice")

    def test_bytes_that_are_left_keep_it_partial(self, alice, memory, place):
        cube = alice.add("a text that somebody else has put into a file").cubes[0]
        (place / "blobs").mkdir()
        (place / "blobs" / "left").write_bytes(b"\0" * 5000 + cube.text.encode() + b"\0" * 5000)
        receipt = alice.erase(cube).value
        assert (receipt.status, receipt.remaining[0].why) == ("partial", "1 pieces of what was erased stand in blobs/left")
        (place / "blobs" / "left").unlink()
        assert [each.status for each in memory.erasures()] == ["complete"]

    def test_what_others_say_in_the_same_words_is_no_rest(self, alice, bob):
        bob.add("a sentence that both of them say, word by word", tags=["shared-by-both"], metadata={"long enough": "to be looked for"})
        cube = alice.add(
            "a sentence that both of them say, word by word", tags=["shared-by-both"], metadata={"long enough": "to be looked for"}
        ).cubes[0]
        assert alice.erase(cube).value.status == "complete"
        assert len(texts(bob)) == 1

    def test_blobs_go_unless_others_name_them_and_so_does_what_nothing_names(self, alice, memory, place):
        cubes = alice.add(["one", "two", "three"]).cubes
        kept = alice.add("four").cubes[0]
        put = memory._parts.blobs.put
        own, shared, left = (put("default", body) for body in (b"own", b"shared", b"tokens of what one says, that no row names"))
        names = own, shared, "../keys/store.key", shared
        writes = [
            CubeWrite(
                cube.model_copy(update={"payload": Activation(blob=blob, model="m", bytes=1), "version": 2}),
                birth=False, terms=Terms({}, 0),
            )
            for cube, blob in zip((*cubes, kept), names, strict=True)
        ]  # fmt: skip
        memory._parts.adapter.commit(
            ChangeSet("default", alice.caller, memory._clock.new_id(), "convert", START, writes=tuple(writes)), ReadSet()
        )
        others = put("acme", b"of another tenant")
        receipt = memory.erase([cube.id for cube in cubes]).value
        assert (receipt.status, receipt.blobs) == ("complete", 1)
        assert memory._parts.blobs.names("default") == (shared,)
        assert left not in memory._parts.blobs.names("default")
        assert memory._parts.blobs.names("acme") == (others,)
        assert (place / "keys" / "store.key").is_file()

    def test_where_no_key_is_to_be_had_the_receipt_is_unsigned_and_says_so(self, alice, memory, place):
        (place / "keys" / "audit.key").write_bytes(b"short")
        receipt = alice.erase(alice.add("gone").cubes[0]).value
        assert (receipt.status, receipt.signature) == ("complete", "")
        assert "audit.key has 5 bytes" in receipt.unsigned
        with MemOS.open("memory:", embedder=None, worker="none") as fleeting:
            user = fleeting.as_user("alice")
            assert "in memory" in user.erase(user.add("gone").cubes[0]).value.unsigned

    def test_backups_made_before_are_unreadable_where_they_held_it(self, alice, memory, place, tmp_path):
        kept, gone = alice.add(["kept", "gone for good"]).cubes
        memory.backup(tmp_path / "backup")
        receipt = alice.erase(gone).value
        assert (receipt.copies, receipt.status) == (1, "complete")
        report = MemOS.restore_backup(tmp_path / "backup", tmp_path / "again", keys=place / "keys")
        assert (report.memories, report.shredded) == (1, 1)
        with MemOS.open(tmp_path / "again", worker="none") as again:
            assert texts(again.as_user("alice")) == ["kept"]
            assert again.doctor() == ()
        assert kept.id != gone.id

    def test_a_restored_store_has_no_name_of_who_left_unless_who_came_back(self, memory, alice, place, tmp_path, clock):
        alice.add("mine")
        alice.snapshot("wedding")
        alice.branch("divorce").add("what if")
        memory.backup(tmp_path / "early")
        clock.move(days=1)
        memory.erase(subject="alice")
        clock.move(days=1)
        alice.add("back again")
        alice.snapshot("return")
        memory.backup(tmp_path / "late")
        for name, snapshots in (("early", []), ("late", ["return"])):
            MemOS.restore_backup(tmp_path / name, tmp_path / f"from {name}", keys=place / "keys")
            with MemOS.open(tmp_path / f"from {name}", worker="none") as again:
                user = again.as_user("alice")
                assert [each["name"] for each in user.snapshots().value] == snapshots
                assert user.branches().value == []
                assert again.doctor() == ()


class TestReceipts:
    def test_a_changed_receipt_is_not_what_was_signed(self, alice, place):
        receipt = alice.erase(alice.add("gone").cubes[0]).value
        key = read_key(exported_key(open_trail(place))[1], "key")
        again = read_receipt(receipt.document(), "it")
        assert (again == receipt, is_signed(again, key)) == (True, True)
        for change in ({"seq": 99}, {"ids": ()}, {"erased_at": START + timedelta(days=1)}, {"status": "partial"}, {"signature": "0" * 128}):
            assert not is_signed(receipt.model_copy(update=change), key), change

    @pytest.mark.parametrize("document", ["", "[]", "{}", '{"format": "memos-audit-checkpoint-1"}', "\x00", '{"a":' * 5000])
    def test_what_is_no_receipt_is_refused(self, document):
        with pytest.raises(InvalidCall, match="no receipt"):
            read_receipt(document, "it")

    def test_it_holds_no_word_of_what_was_erased(self, alice, memory):
        cube = alice.add("xyzzy", tags=["plugh"], metadata={"quux": "corge"}, session="waldo").cubes[0]
        receipt = memory.erase(filter={"tags": {"any": ["plugh"]}}, court_order="AZ 7 U 12/26").value
        assert not [word for word in ("xyzzy", "plugh", "quux", "corge", "waldo", "alice") if word in receipt.document()]
        assert (receipt.court_order, receipt.ids) == ("AZ 7 U 12/26", (cube.id,))

    def test_a_receipt_that_was_damaged_in_the_store_is_told(self, alice, memory, place):
        alice.erase(alice.add("gone").cubes[0])
        connection = apsw.Connection(str(place / "memory.db"))
        connection.execute("UPDATE erasure SET receipt = '{}'")
        connection.close()
        with pytest.raises((BackendError, InvalidCall), match="no receipt"):
            memory.erasures()


def test_idempotency_rows_of_others_stay(alice, memory):
    kept, gone = alice.add(["kept", "gone"], idempotency_key="both").cubes
    alice.add("other", idempotency_key="other")
    alice.erase(gone)
    with memory._parts.adapter.view("default") as view:
        assert view.replay(Idempotency("nobody's", "x"), alice.caller) is None
        with pytest.raises(InvalidCall, match="was erased"):
            view.replay(Idempotency("both", "x"), alice.caller)
    assert alice.add("other", idempotency_key="other").cubes[0].text == "other"
    assert alice.get(kept.id).cubes[0].text == "kept"


def test_names_that_nothing_bears_any_more_are_gone(alice, bob, place):
    bob.add("stays", tags=["common"])
    alice.add("goes", tags=["common", "rare"], namespace="user/alice/deep")
    alice.erase(filter={"tags": {"any": ["rare"]}})
    connection = apsw.Connection(str(place / "memory.db"))
    assert [key for (key,) in connection.execute("SELECT key FROM tag WHERE own")] == ["common"]
    assert [path for (path,) in connection.execute("SELECT path FROM namespace")] == ["user/bob"]
    told = [json.loads(told) for (told,) in connection.execute("SELECT told FROM erasure")]
    assert [set(each) for each in told] == [{"basis", "counts", "derived", "parted", "remaining"}]
    connection.close()


def test_the_search_for_rests_drops_no_lock(alice, memory, place):
    """A lock of POSIX is lost when any descriptor of the file is closed; a store whose reader has lost his is overwritten under him."""

    def locks():
        mine = str(os.getpid())
        return sum(line.split()[4] == mine for line in Path("/proc/locks").read_text().splitlines())

    alice.erase(alice.add("a text that is looked for in every byte").cubes[0])
    with memory._parts.adapter.view("default"):
        before = locks()
        assert before > 0
        memory._parts.erasing._verify(memory._parts.erasing.erasures("default")[0], (b"something that stands in no file",))
        assert locks() == before


def test_an_encrypted_store_is_erased_and_rewritten_too(tmp_path):
    key = tmp_path / "kek"
    key.write_bytes(os.urandom(32))
    with MemOS.open(tmp_path / "sealed", embedder="hashing", worker="none", settings={"encryption": f"file:{key}"}) as memory:
        alice = memory.as_user("alice")
        kept, gone = alice.add(["tea is fine", "coffee is a secret of mine"]).cubes
        receipt = alice.erase(gone).value
        assert (receipt.status, receipt.remaining, receipt.searched is not None) == ("complete", (), True)
        assert texts(alice) == ["tea is fine"]
        assert memory.doctor() == ()
    assert kept.id != gone.id

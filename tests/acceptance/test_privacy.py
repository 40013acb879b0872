"""What is written is labelled at once or afterwards, counts as restricted until then, and is shown to others only in part."""

import json
import logging
import subprocess
import sys

import pytest

from memos import MemOS
from memos.errors import BackendError, Denied, InvalidCall, NotFound
from memos.infrastructure.memgovernance.privacy import labels, presidio
from memos.memcube.call import Caller, MemoryCall
from memos.memcube.policy import SensitiveSpan
from tests.privacy_scoring import SHIPPED, cases

MAIL = "Write to kim@example.org about the boat."
LONG = "The tide was low. " * 1000 + "My ssn is 536-90-4399."
PRESIDIO = {"privacy": {"detector": "presidio"}}
DOOR = {"start": 4, "end": 13, "label": "PLACE", "sensitivity": "restricted"}


@pytest.fixture
def open_store(tmp_path):
    stores = []

    def opened(**settings):
        stores.append(MemOS.open(tmp_path / "store", embedder=None, worker="none", settings=settings))
        return stores[-1]

    yield opened
    for store in stores:
        store.close()


@pytest.fixture
def memory(open_store):
    return open_store()


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


def kinds(cube):
    return [(span.label, cube.text[span.start : span.end]) for span in cube.policy.spans]


class TestAtWrite:
    def test_add_update_compose_and_restore_label_what_they_write(self, alice):
        cube = alice.add(MAIL).cubes[0]
        assert kinds(cube) == [("EMAIL", "kim@example.org")]
        assert alice.get(cube).cubes[0].policy == cube.policy
        assert cube.policy.sensitivity == "confidential"
        second = alice.update(cube, "The key: pin is 4921").cubes[0]
        assert (kinds(second), second.policy.sensitivity) == ([("SECRET", "4921")], "restricted")
        third = alice.update(cube, "Nothing here.").cubes[0]
        assert (kinds(third), third.policy.sensitivity) == ([], "internal")
        other = alice.add("call +1 415-555-2671").cubes[0]
        both = alice.compose([third.id, other.id]).cubes[0]
        assert (kinds(both), both.policy.sensitivity) == ([("PHONE", "+1 415-555-2671")], "confidential")
        back = alice.restore(cube.id, version=1).cubes[0]
        assert (kinds(back), back.policy.sensitivity) == ([("EMAIL", "kim@example.org")], "confidential")
        assert [kinds(each) for each in alice.history(cube.id).cubes] == [kinds(each) for each in (cube, second, third, back)]

    def test_turns_are_labelled_like_notes(self, alice):
        turn = alice.add([{"role": "user", "content": MAIL}], session="s").cubes[0]
        assert kinds(turn) == [("EMAIL", "kim@example.org")]

    def test_a_merged_branch_brings_its_labels(self, alice):
        cube = alice.add("The boat is blue.\n\nIt lies in the harbour.").cubes[0]
        branch = alice.branch("try")
        branch.update(cube, "The boat is blue.\n\nAsk kim@example.org where it lies.")
        alice.update(cube, "The boat is green.\n\nIt lies in the harbour.")
        assert branch.merge().value["written"]
        assert kinds(alice.get(cube).cubes[0]) == [("EMAIL", "kim@example.org")]

    def test_an_update_of_the_header_alone_keeps_the_labels(self, alice):
        cube = alice.add(MAIL).cubes[0]
        assert alice.update(cube, tags=["x"]).cubes[0].policy == cube.policy
        assert alice.update(cube, label="first").cubes[0].policy == cube.policy

    def test_what_a_user_states_holds_until_it_is_left_to_what_is_found(self, alice):
        cube = alice.add(MAIL, sensitivity="public").cubes[0]
        assert (cube.policy.sensitivity, kinds(cube)) == ("public", [("EMAIL", "kim@example.org")])
        assert alice.update(cube, "my ssn is 536-90-4399").cubes[0].policy.sensitivity == "public"
        assert alice.update(cube, sensitivity="confidential").cubes[0].policy.sensitivity == "confidential"
        assert alice.update(cube, sensitivity="found").cubes[0].policy.sensitivity == "restricted"
        again = alice.add("my ssn is 536-90-4399", sensitivity="internal").cubes[0]
        assert (again.id, again.policy.sensitivity) == (cube.id, "internal")

    def test_a_composed_memory_is_as_strict_as_what_was_stated_of_its_parts(self, alice):
        stated = alice.add("An ordinary sentence.", sensitivity="confidential").cubes[0]
        found = alice.add("my ssn is 536-90-4399").cubes[0]
        assert alice.compose([stated.id, found.id]).cubes[0].policy.sensitivity == "restricted"
        plain = alice.add("Another ordinary sentence.").cubes[0]
        assert alice.compose([stated.id, plain.id]).cubes[0].policy.sensitivity == "confidential"

    def test_a_users_spans_stand_beside_those_found_and_follow_their_words(self, alice):
        cube = alice.add("The blue door opens for kim@example.org", spans=[DOOR]).cubes[0]
        assert kinds(cube) == [("PLACE", "blue door"), ("EMAIL", "kim@example.org")]
        assert [span.by for span in cube.policy.spans] == ["user", "predicted"]
        moved = alice.update(cube, "Behind it the blue door is red").cubes[0]
        assert (kinds(moved), moved.policy.sensitivity) == ([("PLACE", "blue door")], "restricted")
        joined = alice.compose([cube.id, alice.add("Something else.").cubes[0].id]).cubes[0]
        assert kinds(joined) == [("PLACE", "blue door")]
        marked = alice.update(cube, spans=[SensitiveSpan(start=0, end=6, label="WHERE", sensitivity="public")]).cubes[0]
        assert (kinds(marked), marked.policy.sensitivity) == ([("WHERE", "Behind")], "internal")
        assert kinds(alice.update(cube, "Gone.").cubes[0]) == []

    @pytest.mark.parametrize(
        "wrong",
        [
            {"spans": [{**DOOR, "end": 99}]},
            {"spans": [{**DOOR, "end": 4}]},
            {"spans": [{**DOOR, "sensitivity": "high"}]},
            {"spans": [{**DOOR, "label": "a]b"}]},
            {"spans": [DOOR] * 1001},
            {"sensitivity": "secret"},
        ],
    )
    def test_wrong_spans_and_sensitivities_are_refused(self, alice, wrong):
        with pytest.raises(InvalidCall):
            alice.add("The blue door", **wrong)
        cube = alice.add("The blue door").cubes[0]
        with pytest.raises(InvalidCall):
            alice.update(cube, **wrong)


class TestSettings:
    def test_levels_may_be_others(self, open_store):
        alice = open_store(privacy={"levels": {"EMAIL": "public", "PERSON": "restricted"}}).as_user("alice")
        assert alice.add(MAIL).cubes[0].policy.sensitivity == "internal"
        assert alice.add("My name is Kim.").cubes[0].policy.sensitivity == "restricted"

    def test_a_variable_holds_an_object(self, open_store, monkeypatch):
        monkeypatch.setenv("MEMOS_PRIVACY", '{"levels": {"EMAIL": "restricted"}}')
        assert open_store().as_user("alice").add(MAIL).cubes[0].policy.sensitivity == "restricted"
        monkeypatch.setenv("MEMOS_PRIVACY", "{")
        with pytest.raises(InvalidCall, match="privacy"):
            open_store()

    def test_with_no_detector_only_users_label(self, open_store):
        memory = open_store(privacy={"detector": "none"})
        alice = memory.as_user("alice")
        assert kinds(alice.add(MAIL + " The", spans=[{**DOOR, "start": 0, "end": 5}]).cubes[0]) == [("PLACE", "Write")]
        assert alice.add(LONG).cubes[0].policy.examined

    @pytest.mark.parametrize(
        "wrong", [{"detector": "nobody"}, {"levels": {"EMAIL": "high"}}, {"levels": {"MAIL": "public"}}, {"colour": 1}, "presidio"]
    )
    def test_wrong_settings_are_refused_when_the_store_is_opened(self, open_store, wrong):
        with pytest.raises(InvalidCall, match="privacy"):
            open_store(privacy=wrong)

    def test_a_detector_that_is_not_installed_is_told_of_when_the_store_is_opened(self, open_store, monkeypatch):
        monkeypatch.setattr(labels, "NEEDED", ("there_is_no_such_package",))
        with pytest.raises(BackendError, match=r"memos-kernel\[privacy\]"):
            open_store(**PRESIDIO)

    def test_a_model_that_is_gone_is_told_of_with_what_to_install(self, monkeypatch):
        presidio.analyser.cache_clear()
        monkeypatch.setattr(presidio, "MODEL", "there_is_no_such_model")
        with pytest.raises(BackendError, match=r"memos-kernel\[privacy\]"):
            presidio.detect("Kim")
        presidio.analyser.cache_clear()


class TestAfterwards:
    """What takes long is examined by the worker; until then the memory counts as restricted."""

    def test_a_long_text_is_restricted_until_it_is_examined(self, memory, alice):
        cube = alice.add(LONG).cubes[0]
        assert (cube.policy.examined, cube.policy.sensitivity, cube.policy.spans) == (False, "restricted", ())
        assert memory.drain()
        after = alice.get(cube).cubes[0]
        assert (after.policy.examined, kinds(after)) == (True, [("SSN", "536-90-4399")])
        assert (after.version, after.updated_at, after.provenance) == (cube.version, cube.updated_at, cube.provenance)
        assert len(alice.history(cube).cubes) == 1
        assert alice.search("low tide").hits[0].cube.id == cube.id
        assert not memory._worker._examiner.left("default")

    def test_presidio_labels_names_afterwards_and_patterns_at_once(self, open_store):
        memory = open_store(**PRESIDIO)
        alice = memory.as_user("alice")
        cube = alice.add("We gave the keys and kim@example.org to Miguel Torres.", sensitivity="internal").cubes[0]
        assert (cube.policy.sensitivity, cube.policy.examined, kinds(cube)) == ("restricted", False, [("EMAIL", "kim@example.org")])
        assert memory.drain()
        after = alice.get(cube).cubes[0]
        assert (after.policy.sensitivity, kinds(after)) == ("internal", [("EMAIL", "kim@example.org"), ("PERSON", "Miguel Torres")])

    def test_wait_returns_when_it_is_examined(self, tmp_path):
        with MemOS.open(tmp_path / "threaded", embedder=None) as memory:
            alice = memory.as_user("alice")
            cube = alice.add(LONG, wait=True).cubes[0]
            assert alice.get(cube).cubes[0].policy.examined

    def test_closing_waits_for_examinations_and_the_next_process_goes_on(self, tmp_path):
        with MemOS.open(tmp_path / "s", embedder=None, worker="none") as memory:
            memory.as_user("alice").add([f"{LONG} {number}" for number in range(40)])
        with MemOS.open(tmp_path / "s", embedder=None) as memory:
            alice = memory.as_user("alice")
        with MemOS.open(tmp_path / "s", embedder=None, worker="none") as memory:
            alice = memory.as_user("alice")
            found = alice.list().cubes
            assert (len(found), {each.policy.examined for each in found}) == (40, {True})

    def test_a_memory_that_changed_meanwhile_is_examined_as_it_is_now(self, memory, alice):
        cube = alice.add(LONG).cubes[0]
        alice.freeze(cube)
        old = (cube.id, cube.version, memory._worker._examiner._examine(cube.text))
        alice.unfreeze(cube)
        alice.update(cube, LONG.replace("536-90-4399", "kept elsewhere"))
        system = memory._worker._trusted(Caller(user="system", kind="system"))
        reply = memory._api.handle(
            system, MemoryCall(id=memory._clock.new_id(), operation="examine", options={"found": (old,), "fence": None})
        )
        assert (reply.status, reply.value) == ("ok", 0)
        assert memory.drain()
        assert kinds(alice.get(cube).cubes[0]) == []

    def test_a_frozen_memory_is_examined(self, memory, alice):
        cube = alice.add(LONG).cubes[0]
        alice.freeze(cube)
        assert memory.drain()
        assert kinds(alice.get(cube).cubes[0]) == [("SSN", "536-90-4399")]

    def test_a_text_that_the_detector_fails_on_stays_restricted_and_the_others_are_examined(self, memory, alice, caplog):
        bad, good = alice.add([LONG, LONG + " More."]).cubes
        examiner = memory._worker._examiner
        real = examiner._examine

        def failing(text):
            if text == LONG:
                raise ValueError(text)
            return real(text)

        examiner._examine = failing
        with caplog.at_level(logging.WARNING):
            assert memory.drain()
        assert "536-90-4399" not in caplog.text
        assert bad.id in caplog.text
        assert [alice.get(each).cubes[0].policy.examined for each in (bad, good)] == [False, True]
        assert alice.get(bad).cubes[0].policy.sensitivity == "restricted"

    def test_only_the_system_examines(self, memory):
        reply = memory._api.handle(
            memory.as_user("alice").caller, MemoryCall(id=memory._clock.new_id(), operation="examine", options={"found": ()})
        )
        assert reply.status == Denied.code

    def test_the_past_shows_what_was_known_then(self, memory, alice):
        cube = alice.add(LONG).cubes[0]
        alice.snapshot("before")
        memory.drain()
        then = alice.at("before").get(cube).cubes[0]
        assert (then.policy.examined, then.policy.sensitivity) == (False, "restricted")


RIGHTS = ["read", "write", "history", "share", "forget"]


class TestOthers:
    """Whom a memory is shared with is told of it only what is internal, whatever operation tells, unless it was given the right to all."""

    @pytest.fixture
    def told(self, memory, alice):
        """What bob is told, to whom alice opens what is hers: all but what only the right `admin` reveals."""
        alice.acl("user/alice", {"user:bob": RIGHTS})
        return memory.as_user("bob")

    def test_no_reply_holds_what_is_not_revealed(self, alice, told):
        text = f"{MAIL}\n\nIt lies in Lisbon."
        cube = alice.add(
            text, sensitivity="internal", tags=["mail=kim@example.org"], metadata={"to": "kim@example.org"}, trigger="kim@example.org"
        ).cubes[0]
        alice.update(cube, label="kim@example.org")
        told.snapshot("b")
        alice.update(cube, text.replace("boat", "ship"))
        replies = [
            told.get(cube), told.search("boat", namespaces="user/alice"), told.list(namespaces="user/alice"), told.history(cube),
            told.lineage(cube), told.lineage(cube, format="prov"), told.log(), told.diff("b", "now", namespaces="user/alice"),
            told.confirm(cube),
            told.update(cube, tags=["t"]), told.update(cube, "Also.", mode="append"), told.transfer(cube, to="user/alice/x"),
            told.archive(cube), told.freeze(cube), told.unfreeze(cube),
            told.update(cube, "Quite another.\n\nText.", against="kim@example.org"), told.restore(cube, version=1),
        ]  # fmt: skip
        for reply in replies:
            shown = reply.model_copy(update={"call": None}).model_dump_json()
            assert "kim@example.org" not in shown, reply
        assert any("[EMAIL]" in reply.model_dump_json() for reply in replies)
        assert "kim@example.org" in alice.get(cube).cubes[0].text

    def test_errors_do_not_name_what_is_not_revealed(self, alice, told):
        cube = alice.add(MAIL, sensitivity="internal").cubes[0]
        alice.update(cube, label="kim@example.org")
        with pytest.raises(Exception, match="labelled are") as error:
            told.update(cube, "New.", against="nothing")
        assert "kim@example.org" not in str(error.value)

    def test_what_is_not_examined_counts_as_restricted(self, memory, alice, told):
        cube = alice.add(LONG, sensitivity="internal").cubes[0]
        with pytest.raises(NotFound):
            told.get(cube)
        assert told.search("the tide").hits == ()
        assert alice.get(cube).cubes[0].text == LONG
        memory.drain()
        assert told.get(cube).cubes[0].text == LONG.replace("536-90-4399", "[SSN]")

    def test_the_right_to_everything_reveals(self, memory, alice):
        cube = alice.add(MAIL, sensitivity="internal", acl={"user:carol": ["admin"]}).cubes[0]
        assert memory.as_user("carol").get(cube).cubes[0].text == MAIL

    def test_a_memory_that_is_too_sensitive_as_a_whole_is_not_there_for_others(self, alice, told):
        cube = alice.add(MAIL).cubes[0]
        with pytest.raises(NotFound):
            told.get(cube)

    def test_only_who_may_share_a_memory_says_how_sensitive_it_and_its_parts_are(self, memory, alice):
        cube = alice.add(MAIL, sensitivity="internal", acl={"user:dan": ["read", "write"]}).cubes[0]
        dan = memory.as_user("dan")
        for change in ({"sensitivity": "public"}, {"spans": [{"start": 9, "end": 24, "label": "EMAIL", "sensitivity": "public"}]}):
            with pytest.raises(Denied):
                dan.update(cube, **change)
        alice.update(cube, spans=[{"start": 9, "end": 24, "label": "EMAIL", "sensitivity": "public"}])
        assert alice.get(cube).cubes[0].policy.sensitivity == "internal"
        assert dan.get(cube).cubes[0].text == MAIL


def test_neither_the_network_nor_a_heavy_library_is_touched_by_the_patterns():
    program = """
import socket, sys
def refuse(*_, **__): raise AssertionError("the network was touched")
socket.socket.connect = socket.getaddrinfo = refuse
import memos
from memos import MemOS
assert "re2" not in sys.modules
with MemOS.open("memory:", embedder=None) as memory:
    cube = memory.as_user("alice").add("write to kim@example.org").cubes[0]
    assert len(cube.policy.spans) == 1
print(sorted({"spacy", "presidio_analyzer", "thinc"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "[]\n"


def test_presidio_touches_no_network_and_warns_of_nothing():
    program = """
import socket, sys
def refuse(*_, **__): raise AssertionError("the network was touched")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from memos.infrastructure.memgovernance.privacy.presidio import detect
print([span.label for span in detect("Mail to kim@example.org by Miguel Torres, see https://example.org/x")])
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert (done.stdout, done.stderr) == ("['EMAIL', 'PERSON']\n", "")


def test_a_long_text_is_read_in_pieces_by_presidio():
    text = "No news today, and none is expected for a while. " * 900 + "Then Miguel Torres came." + " x" * 20_000
    assert [text[span.start : span.end] for span in presidio.detect(text)] == ["Miguel Torres"]
    assert presidio.detect("a" * 45_000) == ()


def test_every_labelled_text_can_be_stored_and_comes_back_as_it_was(alice):
    texts = [case["text"] for case in cases(SHIPPED)]
    assert [cube.text for cube in alice.add([{"role": "user", "content": text} for text in texts]).cubes] == texts
    assert json.loads(json.dumps([cube.text for page in alice.pages() for cube in page.cubes])) == texts

"""Nobody learns by tracing a text that another has it: the same answers as if it did not exist, to the letter, whatever is asked."""

import json
from datetime import UTC, datetime

import pytest

from memos import MemOS
from memos.errors import NotFound
from tests.clock import HandClock
from tests.prose import STOCK, Writer

WRITER = Writer(21)
SECRETS, OWN = [WRITER.paragraph() for _ in range(3)], [WRITER.paragraph() for _ in range(5)]
NOWHERE = "01890000-0000-7000-8000-000000000000"


def opened(tmp_path, name="memory"):
    return MemOS.open(tmp_path / name, embedder="hashing", worker="none")


def said(reply):
    """All that a reply tells but for the ids and the time of the call itself."""
    return json.dumps([reply.value, [cube.text for cube in reply.cubes], reply.warnings, reply.status], default=str)


def filled(memory, **others):
    """bob's memories among those of others; what alice says stands in her own namespaces, a session and an archive."""
    bob = memory.as_user("bob")
    mine = bob.add([*OWN, f"{OWN[0][:200]} {STOCK[0]}"]).cubes
    for user, tenant in others.items():
        alice = memory.as_user(user, tenant=tenant, session="s1")
        alice.add([*SECRETS, *(f"{each} {STOCK[0]}" for each in OWN)])
        alice.add(SECRETS, namespace=f"context/{user}/s1")
        alice.archive(alice.add(f"{SECRETS[0]} {SECRETS[1]}").cubes)
    return bob, [cube.id for cube in mine]


TEXTS = [
    *SECRETS,
    OWN[0],
    STOCK[0],
    f"{SECRETS[0]} {OWN[1]}",
    f"{OWN[2][:150]} {STOCK[0]}",
    SECRETS[1][:60],
    " ".join([*SECRETS, *OWN]),
]


@pytest.mark.parametrize("others", [{"alice": "default"}, {"alice": "other", "bob": "other"}], ids=["another user", "another tenant"])
def test_every_answer_is_as_if_the_others_were_not_there(tmp_path, others):
    answers = []
    for name, there in (("alone", {}), ("among", others)):
        with opened(tmp_path, name) as memory:
            bob, ids = filled(memory, **there)
            told = [said(bob.trace(text)) for text in TEXTS]
            told += [said(bob.trace(text, namespaces="user/alice")) for text in TEXTS]
            for place, cube_id in enumerate(ids):
                told = [each.replace(cube_id, f"#{place}") for each in told]
            answers.append(told)
    assert answers[0] == answers[1]
    assert '"verdict": "none"' in answers[1][0]


def test_one_sees_only_ones_own_of_equal_texts(tmp_path):
    with opened(tmp_path) as memory:
        sessions = [memory.as_user(user) for user in ("a", "b", "c", "d", "e")]
        ids = [session.add(SECRETS[0]).cubes[0].id for session in sessions]
        for session, cube_id in zip(sessions, ids, strict=True):
            found = session.trace(SECRETS[0]).value
            assert (found["verdict"], [source["id"] for source in found["sources"]]) == ("found", [cube_id])


def test_the_forgotten_and_the_lapsed_are_not_found(tmp_path):
    clock = HandClock(datetime(2025, 3, 1, tzinfo=UTC))
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none", clock=clock) as memory:
        alice = memory.as_user("alice", roles=["auditor"])
        alice.forget(alice.add(SECRETS[0]).cubes)
        alice.add(SECRETS[1], expires_at="2025-03-02")
        clock.move(days=2)
        for session in (alice, memory.as_user("alice")):
            assert [session.trace(text).value["verdict"] for text in SECRETS] == ["none"] * 3


class TestAuditors:
    def test_are_told_ids_and_no_text(self, tmp_path):
        with opened(tmp_path) as memory:
            alice, carol = memory.as_user("alice"), memory.as_user("carol", roles=["auditor"])
            ids = [cube.id for cube in alice.add(SECRETS).cubes]
            reply = carol.trace(f"It was said that {SECRETS[1][:160]}")
            assert [source["id"] for source in reply.value["sources"]] == [ids[1]]
            assert reply.cubes == ()
            assert SECRETS[1][160:] not in reply.model_dump_json()
            own = carol.add(SECRETS[2]).cubes[0].id
            both = carol.trace(SECRETS[2])
            assert {source["id"] for source in both.value["sources"]} == {own, ids[2]}
            assert [cube.id for cube in both.cubes] == [own]

    def test_leave_in_the_log_what_they_were_told(self, tmp_path):
        with opened(tmp_path) as memory:
            alice, carol = memory.as_user("alice"), memory.as_user("carol", roles=["auditor"])
            cube = alice.add(SECRETS[0]).cubes[0]
            explained = carol.explain(carol.trace(SECRETS[0]).call_id).value
            assert (explained["withheld"], explained["memories"]) == ((cube.id,), ())
            memory.drain()
            assert alice.get(cube.id).cubes[0].usage.count == 0

    def test_of_another_tenant_are_told_nothing(self, tmp_path):
        with opened(tmp_path) as memory:
            memory.as_user("alice").add(SECRETS)
            carol = memory.as_user("carol", tenant="other", roles=["auditor"])
            assert [carol.trace(text).value["verdict"] for text in SECRETS] == ["none"] * 3


class TestManifests:
    @pytest.fixture
    def made(self, tmp_path):
        with opened(tmp_path) as memory:
            alice = memory.as_user("alice", agent="planner")
            reply = alice.add(SECRETS[0])
            value = alice.manifest(SECRETS[0], memories=reply.cubes, recipient="clinic-b", mark=True).value
            yield memory, reply, value

    def strangers(self, memory):
        return [
            memory.as_user("bob"),
            memory.as_user("bob", tenant="other"),
            memory.as_user("alice", tenant="other"),
            memory.as_user("carol", tenant="other", roles=["auditor"]),
        ]

    def test_tell_no_stranger_whose_they_are(self, made):
        memory, _, value = made
        for stranger in self.strangers(memory):
            found = stranger.recognise(value["manifest"], text=value["text"]).value
            assert (found["signed"], found["caller"], found["copy"]) == (True, None, None)
            assert [each["visible"] for each in found["memories"]] == [False]
            assert stranger.trace(value["text"]).value["copy"] is None

    def test_without_the_opening_tell_no_stranger_whether_a_text_is_theirs(self, made):
        memory, _, value = made
        closed = value["manifest"] | {"opening": ""}
        for stranger in self.strangers(memory):
            for text in (SECRETS[0], SECRETS[1]):
                found = stranger.recognise(closed, text=text).value
                assert (found["text"], found["resemblance"]) == ("unknown", None)
        assert memory.as_user("alice").recognise(closed, text=SECRETS[0]).value["text"] == "same"
        assert memory.as_user("carol", roles=["auditor"]).recognise(closed, text=SECRETS[0]).value["text"] == "same"

    def test_of_what_is_anothers_are_refused_like_those_of_what_is_not_there(self, made):
        memory, reply, _ = made
        for stranger in self.strangers(memory):
            told = []
            for call, cube in ((reply.call_id, reply.cubes[0].id), (NOWHERE, NOWHERE)):
                for of, memories in ((call, ()), ("A text.", cube)):
                    with pytest.raises(NotFound) as error:
                        stranger.manifest(of, memories=memories)
                    told.append(str(error.value).replace(call, "ID").replace(cube, "ID"))
            assert told[:2] == told[2:]

    def test_tell_an_auditor_of_the_tenant(self, made):
        memory, _, value = made
        found = memory.as_user("carol", roles=["auditor"]).recognise(value["manifest"], text=value["text"]).value
        assert (found["caller"], found["copy"]) == ("alice", {"recipient": "clinic-b", "by": "alice"})

    def test_hold_no_text_and_no_name_of_the_user(self, made):
        _, _, value = made
        written = json.dumps(value["manifest"])
        assert [word for word in {*SECRETS[0].split(), "alice"} if f" {word} " in written or f'"{word}"' in written] == []


class TestSharing:
    """What is opened to others is traced by them, and no longer from the next call on when it is withdrawn."""

    def verdicts(self, session):
        return [session.trace(text).value["verdict"] for text in SECRETS]

    def test_what_is_shared_and_what_is_withdrawn(self, tmp_path):
        with opened(tmp_path) as memory:
            alice, bob = memory.as_user("alice"), memory.as_user("bob")
            cubes = alice.add(SECRETS).cubes
            assert self.verdicts(bob) == ["none"] * 3
            alice.share(cubes[1], "user:bob")
            assert self.verdicts(bob) == ["none", "found", "none"]
            assert [cube.id for cube in bob.trace(SECRETS[1]).cubes] == [cubes[1].id]
            assert bob.manifest(SECRETS[1], memories=cubes[1]).value["manifest"]["memories"][0]["id"] == cubes[1].id
            alice.unshare(cubes[1], "user:bob")
            assert self.verdicts(bob) == ["none"] * 3
            with pytest.raises(NotFound):
                bob.manifest(SECRETS[1], memories=cubes[1])

    def test_what_a_namespace_hands_down(self, tmp_path):
        with opened(tmp_path) as memory:
            nurse, clerk = memory.as_user("nia", roles=["nurse"]), memory.as_user("cleo")
            nurse.add(SECRETS, namespace="shared/nurse/ward")
            assert self.verdicts(memory.as_user("ned", roles=["nurse"])) == ["found"] * 3
            assert self.verdicts(clerk) == ["none"] * 3

    def test_what_is_too_sensitive(self, tmp_path):
        with opened(tmp_path) as memory:
            alice, bob = memory.as_user("alice"), memory.as_user("bob")
            alice.share(alice.add(SECRETS[0], sensitivity="restricted").cubes, "user:bob")
            alice.share(alice.add(SECRETS[1]).cubes, "user:bob")
            assert self.verdicts(bob) == ["none", "found", "none"]
            assert self.verdicts(alice) == ["found", "found", "none"]

    def test_what_its_own_conditions_close(self, tmp_path):
        with opened(tmp_path) as memory:
            alice = memory.as_user("alice", purpose="care")
            alice.add(SECRETS[0], conditions={"context.purpose": "care"})
            assert self.verdicts(alice) == ["found", "none", "none"]
            assert self.verdicts(memory.as_user("alice", purpose="billing")) == ["none"] * 3

    def test_a_branch_is_its_owners_alone(self, tmp_path):
        with opened(tmp_path) as memory:
            alice = memory.as_user("alice")
            branch = alice.branch("what-if")
            branch.add(SECRETS[0])
            assert self.verdicts(branch) == ["found", "none", "none"]
            assert self.verdicts(alice) == self.verdicts(memory.as_user("bob").branch("what-if")) == ["none"] * 3

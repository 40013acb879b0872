"""API keys: nobody guesses, stretches, copies or outlives one; suspensions and revocations hold at the next call, in every process."""

import hmac
import multiprocessing
import random
import secrets
import string
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import apsw
import pytest

from memos import MemOS
from memos.errors import Denied, InvalidCall, MemOSError, NotFound
from memos.infrastructure.memgovernance import api_keys
from memos.infrastructure.memgovernance.credentials import REVOKED, UNKNOWN
from memos.memcube.call import Caller, CallingContext, MemoryCall
from tests.clock import HandClock

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
NOWHERE = "01890000-0000-7000-8000-000000000000"


@pytest.fixture
def clock():
    return HandClock(NOON)


@pytest.fixture
def memory(tmp_path, clock):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none", clock=clock) as system:
        yield system


@pytest.fixture
def admin(memory):
    return memory.as_user("root", roles=("admin",))


def made(session, user="alice", **rights):
    return session.create_key(user, **rights).value["key"]


def both(reply):
    return reply.value["key"], reply.value["prefix"]


def rows(memory):
    return list(memory._parts.journal.rows(limit=10_000))


class TestWhatAKeyGives:
    def test_its_holder_is_whom_it_stands_for(self, memory, admin):
        key = made(admin, roles=("nurse",))
        session = memory.session(key, agent="planner", purpose="care", task="round", model="m", session="s1", request="r1")
        caller = session.caller
        assert (caller.user, caller.tenant, caller.roles, caller.restrictions) == ("alice", "default", ("nurse",), None)
        assert (caller.agent, caller.purpose, caller.task, caller.model, caller.session, caller.request) == (
            "planner", "care", "round", "m", "s1", "r1",
        )  # fmt: skip
        session.add("The fridge hums.")
        assert memory.as_user("alice").search("fridge").hits[0].cube.text == "The fridge hums."
        assert memory.session(made(admin, "bob")).search("fridge").hits == ()

    def test_the_key_has_the_form_that_is_promised_and_256_bits(self, admin):
        keys = {made(admin) for _ in range(20)}
        assert len({api_keys.prefix_of(key) for key in keys}) == len(keys) == 20
        assert all(len(key.rsplit("_", 1)[1]) * 5 >= 256 for key in keys)

    def test_a_key_of_one_tenant_opens_no_other(self, memory, admin):
        key = made(memory.as_user("root", tenant="acme", roles=("admin",)))
        assert memory.session(key).caller.tenant == "acme"
        assert memory.session(key, tenant="acme").caller.tenant == "acme"
        with pytest.raises(Denied, match="not valid here"):
            memory.session(key, tenant="default")

    def test_scopes_hold_in_every_verb(self, memory, admin):
        alice = memory.as_user("alice")
        inside, second = (cube.id for cube in alice.add(["inside the trip", "and home again"], namespace="user/alice/trip").cubes)
        outside = alice.add("outside canary").cubes[0].id
        scoped = memory.session(made(admin, namespaces="user/alice/trip"))
        assert {cube.id for cube in scoped.list().cubes} == {inside, second}
        assert {hit.cube.id for hit in scoped.search("canary trip").hits} == {inside, second}
        assert {hit.cube.id for hit in scoped.search("canary", namespaces="user/alice").hits} == {inside, second}
        for verb in (scoped.get, scoped.history, scoped.forget, scoped.archive, scoped.freeze, scoped.confirm, scoped.lineage):
            with pytest.raises(NotFound):
                verb(outside)
        with pytest.raises(NotFound):
            scoped.update(outside, "mine now")
        for denied in (
            lambda: scoped.add("x", namespace="user/alice"),
            lambda: scoped.transfer(inside, to="user/alice/else"),
            lambda: scoped.compose([inside, second], namespace="user/alice"),
            lambda: scoped.govern("role", "x", {}),
            scoped.create_key,
            scoped.log,
            scoped.governed,
        ):
            with pytest.raises(Denied):
                denied()
        assert scoped.add("another leg of it", namespace="user/alice/trip/two").cubes[0].namespace == "user/alice/trip/two"
        assert scoped.add("where it goes by itself").cubes[0].namespace == "user/alice/trip"
        assert "canary" not in str(scoped.diff(0).value)

    def test_read_only_and_operations_hold(self, memory, admin):
        reading, adding = memory.session(made(admin, read_only=True)), memory.session(made(admin, operations="add"))
        adding.add("a note")
        assert len(reading.list().cubes) == 1
        for denied in (lambda: reading.add("x"), lambda: reading.snapshot("s"), adding.list, lambda: adding.search("note")):
            with pytest.raises(Denied, match="does not allow"):
                denied()

    def test_what_is_shared_with_an_agent_is_not_anybodys_to_claim(self, memory, admin):
        memory.as_user("carol").add("the plan of the planner", namespace="user/carol/plans")
        memory.as_user("carol").acl("user/carol/plans", {"agent:planner": ["read"]})
        wanted = {"namespaces": "user/carol/plans"}
        assert memory.as_user("alice", agent="planner").search("plan", **wanted).hits
        claimed = memory.session(made(admin), agent="planner")
        assert claimed.caller.agent == "planner"
        assert claimed.search("plan", **wanted).hits == ()
        vouched = memory.session(made(admin, agent="planner"))
        assert [hit.cube.text for hit in vouched.search("plan", **wanted).hits] == ["the plan of the planner"]
        assert memory.session(made(admin, agent="other"), agent="planner").search("plan", **wanted).hits == ()
        with pytest.raises(Denied, match="for an agent"):
            memory.as_user("alice").create_key(agent="planner")


class TestWhoMayMakeOne:
    def test_oneself_with_ones_own_roles_or_an_admin(self, memory):
        alice = memory.as_user("alice", roles=("nurse",))
        assert memory.session(made(alice, None, roles="nurse")).caller.roles == ("nurse",)
        for rights in ({"user": "bob"}, {"user": "alice", "roles": "admin"}, {"user": "alice", "roles": ("nurse", "doctor")}):
            with pytest.raises(Denied, match="admin"):
                made(alice, **rights)

    def test_no_scope_is_widened_by_making_another(self, memory, admin):
        scoped = memory.session(made(admin, roles="admin", operations=("issue", "search", "add"), namespaces="user/alice/trip"))
        narrower = made(scoped, operations=("search",))
        left = memory.session(narrower).caller.restrictions
        assert (left.operations, left.namespaces) == (("search",), ("user/alice/trip",))
        inherited = memory.session(made(scoped)).caller.restrictions
        assert (inherited.operations, inherited.namespaces) == (("issue", "search", "add"), ("user/alice/trip",))
        for rights in ({"operations": ("search", "govern")}, {"namespaces": "user/alice"}, {"namespaces": ("user/alice/trip", "user/bob")}):
            with pytest.raises(Denied):
                made(scoped, **rights)
        broad = admin.create_key("alice").value["prefix"]
        with pytest.raises(Denied, match="its maker"):
            scoped.rotate_key(broad)

    def test_no_document_makes_a_key_and_no_digest_is_told(self, memory, admin):
        key = made(admin)
        (told,) = admin.governed("key").value
        assert "digest" not in told["body"]
        assert told["body"]["principal"] == "alice"
        body = {"principal": "root", "created_at": NOON.isoformat(), "digest": "0" * 64, "roles": ["admin"]}
        with pytest.raises(InvalidCall, match="create_key"):
            admin.govern("key", "abcdefghijkl", body)
        assert memory.session(key)

    def test_a_digest_copied_to_another_tenant_opens_nothing(self, memory, admin, tmp_path):
        key, prefix = both(admin.create_key("alice"))
        memory.as_user("eve", tenant="evil").add("so that the tenant is there")
        with apsw.Connection(str(tmp_path / "memory" / "memory.db")) as database:
            database.execute(
                "INSERT INTO rule SELECT t.tid, r.kind, r.key, r.seq, r.seq_end, r.body FROM rule r, tenant t WHERE t.name = 'evil'"
            )
        assert memory.session(key).caller.tenant == "default"
        with pytest.raises(Denied):
            memory.session(key, tenant="evil")
        assert prefix in str(memory.as_user("eve", tenant="evil", roles=("admin",)).governed("key").value)


class TestGuessing:
    def test_nothing_but_the_very_key_opens(self, memory, admin):
        key = made(admin)
        other = made(admin, "bob")
        prefix, secret = key.removeprefix("memos_").split("_")
        dice = random.Random(3)
        near = [
            key[:-1], key + "a", key + "=", key + "\n", " " + key, key.upper(), key[:-1] + ("a" if key[-1] != "a" else "b"), "", "memos_",
            f"memos_{prefix}_", f"memos__{secret}", f"memos_{secret}_{prefix}", key.replace("_", "-"), f"memos_{prefix}_{secret[::-1]}",
            f"memos_{prefix}_{other.rsplit('_', 1)[1]}", f"memos_{prefix}_{'a' * 52}", f"memos_{'a' * 12}_{secret}", key * 2, key + "\0",
            "memos_" + "a" * 100_000, key.replace("m", "ｍ", 1), None, 7, b"memos_", [], key.encode(),
        ]  # fmt: skip
        for at in range(len(key)):  # one letter wrong, in each place
            wrong = dice.choice([letter for letter in string.ascii_lowercase + "234567_" if letter != key[at]])
            near.append(key[:at] + wrong + key[at + 1 :])
        for guess in near:
            with pytest.raises(Denied) as caught:
                memory.session(guess)
            assert caught.value.message == UNKNOWN
        assert memory.session(key)

    def test_unknown_and_wrong_keys_are_the_same_work_and_the_same_answer(self, memory, admin, monkeypatch):
        known = made(admin)
        wrong, unknown = known[:-2] + ("aa" if known[-2:] != "aa" else "bb"), f"memos_{'a' * 12}_{'b' * 52}"
        work = []
        compare = hmac.compare_digest
        monkeypatch.setattr(api_keys.hmac, "compare_digest", lambda *both: work.append(tuple(map(len, both))) or compare(*both))
        counted, answers = [], []
        for guess in (wrong, unknown, "no key at all"):
            work.clear()
            with pytest.raises(Denied) as caught:
                memory.session(guess)
            counted.append(list(work)), answers.append((caught.value.message, caught.value.details))
        assert counted == [[(64, 64)]] * 3
        assert len(set(map(str, answers))) == 1

    def test_a_copy_of_the_database_gives_nothing_to_guess_with(self, memory, admin, tmp_path):
        key = made(admin)
        memory.close()
        kept = b"".join(file.read_bytes() for file in (tmp_path / "memory").glob("*.db*"))
        secret = key.rsplit("_", 1)[1]
        assert secret.encode() not in kept
        for hashed in unkeyed(key):
            assert hashed not in kept, "an unkeyed hash can be guessed at without the store's key"

    def test_a_restored_store_knows_them_by_the_keys_that_were_kept_apart(self, memory, admin, tmp_path):
        key = made(admin)
        memory.backup(tmp_path / "backup")
        memory.keep_keys(tmp_path / "kept")
        MemOS.restore_backup(tmp_path / "backup", tmp_path / "restored", keys=tmp_path / "kept")
        with MemOS.open(tmp_path / "restored", embedder="unused", worker="none") as restored:
            assert restored.session(key).list().cubes == ()
            with pytest.raises(Denied):
                restored.session(key[:-1] + ("a" if key[-1] != "a" else "b"))


def unkeyed(text):
    import hashlib

    for part in (text, text.rsplit("_", 1)[-1]):
        for name in ("sha256", "sha1", "md5", "sha512", "blake2b"):
            digest = hashlib.new(name, part.encode()).digest()
            yield from (digest[:16], digest.hex()[:32].encode())
        for size in (16, 32):
            digest = hashlib.blake2b(part.encode(), digest_size=size).digest()
            yield from (digest, digest.hex().encode())
        digest = hmac.new(b"", part.encode(), "sha256").digest()
        yield from (digest, digest.hex().encode())


class TestItsEnd:
    def test_it_expires_between_two_calls(self, memory, admin, clock):
        session = memory.session(key := made(admin, expires_at=NOON + timedelta(hours=1)))
        session.list()
        clock.move(minutes=59)
        session.list()
        clock.move(minutes=1)
        for refused in (session.list, lambda: memory.session(key)):
            with pytest.raises(Denied, match="ended"):
                refused()

    def test_revoked_it_opens_nothing_at_the_next_call(self, memory, admin):
        key, prefix = both(admin.create_key("alice"))
        session = memory.session(key)
        session.add("x")
        past = session.at("now")
        memory.as_user("alice").revoke(prefix)
        for refused in (session.list, lambda: session.add("y"), past.list, lambda: memory.session(key)):
            with pytest.raises(Denied) as caught:
                refused()
            assert caught.value.message == REVOKED

    def test_others_cannot_revoke_or_rotate_it_nor_see_that_it_is_there(self, memory, admin):
        prefix = admin.create_key("alice").value["prefix"]
        bob = memory.as_user("bob")
        told = set()
        for verb in (bob.revoke, bob.rotate_key):
            for name in (prefix, "abcdefghijkl"):
                with pytest.raises(NotFound) as caught:
                    verb(name)
                told.add(caught.value.message.replace(name, "…"))
        assert len(told) == 1
        with pytest.raises(NotFound):
            memory.as_user("root", tenant="other", roles=("admin",)).revoke(prefix)

    def test_rotated_the_old_one_serves_for_its_grace_and_no_longer(self, memory, admin, clock):
        old = admin.create_key("alice", roles="nurse", operations=("search", "list"), expires_at=NOON + timedelta(days=9)).value
        session = memory.session(old["key"])
        new = admin.rotate_key(old["prefix"], grace=60).value
        renewed = memory.session(new["key"])
        assert renewed.caller.roles == ("nurse",)
        assert renewed.caller.restrictions == session.caller.restrictions
        assert new["expires_at"] == NOON + timedelta(days=9)
        session.list()
        clock.move(seconds=60)
        with pytest.raises(Denied, match="ended"):
            session.list()
        renewed.list()
        last = admin.rotate_key(new["prefix"]).value
        with pytest.raises(Denied):
            renewed.list()
        memory.session(last["key"]).list()

    def test_suspended_every_call_is_refused_with_whatever_credential(self, memory, admin):
        sessions = [memory.as_user("José"), memory.session(made(admin, "José")), memory.as_user("carol", agent="José")]
        other = memory.as_user("joe")
        admin.govern("principal", "Jose\u0301", {"suspended": True})  # the same name, decomposed
        for session in sessions:
            for refused in (session.list, lambda s=session: s.add("x"), lambda s=session: s.revoke("abcdefghijkl")):
                with pytest.raises(Denied, match="suspended"):
                    refused()
        other.list()
        admin.govern("principal", "José", {"suspended": False})
        for session in sessions:
            session.list()

    @pytest.mark.parametrize("ending", ["revoke", "suspend"])
    def test_what_another_process_ends_is_ended_at_the_next_call_here(self, memory, admin, tmp_path, ending):
        key, prefix = both(admin.create_key("alice"))
        session = memory.session(key)
        session.list()
        code = f"""
from memos import MemOS
with MemOS.open({str(tmp_path / "memory")!r}, embedder="unused", worker="none") as other:
    root = other.as_user("root", roles=("admin",))
    root.revoke({prefix!r}) if {ending == "revoke"} else root.govern("principal", "alice", {{"suspended": True}})
"""
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
        with pytest.raises(Denied):
            session.list()


class TestTheDoor:
    def test_a_caller_that_no_door_made_is_refused_whatever_it_says(self, memory, admin, tmp_path):
        call = MemoryCall(id=NOWHERE, operation="list")
        own = memory.as_user("alice").caller
        with MemOS.open(tmp_path / "other", embedder="hashing", worker="none") as elsewhere:
            foreign = elsewhere.as_user("alice").caller
        forged = [
            Caller(user="alice"), Caller(user="system", kind="system"), own.model_copy(update={"user": "bob"}), foreign,
            own.model_copy(update={"roles": ("admin",)}), Caller.model_validate_json(own.model_dump_json(exclude={"seal"})),
        ]  # fmt: skip
        for caller in forged:
            reply = memory._api.handle(caller, call)
            assert (reply.status, reply.cubes) == ("denied", ())
        assert memory._api.handle(own, call).status == "ok"
        assert [row["status"] for row in rows(memory)[-7:]] == ["denied"] * 6 + ["ok"]
        blamed = {row["caller"] for row in rows(memory)[-7:-1]}
        assert rows(memory)[-1]["caller"] not in blamed
        assert len(blamed) == 1

    def test_the_context_is_checked(self, memory, admin):
        key = made(admin)
        for context in ({"purpose": ""}, {"task": "x" * 257}, {"model": "\ud800"}, {"session": "a\0b"}, {"request": 7}, {"agent": []}):
            with pytest.raises(InvalidCall):
                memory.session(key, **context)
        assert memory.authenticate(key, CallingContext(purpose="care")).purpose == "care"
        for context in (Caller(user="root", roles=("admin",)), {"user": "root"}, "care"):  # none of these says who it is
            with pytest.raises(InvalidCall, match="CallingContext"):
                memory.authenticate(key, context)

    def test_failures_are_in_the_log_of_the_tenant_without_the_credential(self, memory, admin, tmp_path):
        key = made(memory.as_user("root", tenant="acme", roles=("admin",)))
        wrong = key[:-3] + "aaa"
        unknown = f"memos_{'a' * 12}_{secrets.token_hex(26)}"
        for guess in (wrong, unknown):
            with pytest.raises(Denied) as caught:
                memory.session(guess)
            assert guess not in str(caught.value) + repr(caught.value) + str(caught.value.details)
        found = [(row["tenant"], row["operation"], row["status"]) for row in rows(memory)[-2:]]
        assert found == [("acme", "authenticate", "denied"), ("", "authenticate", "denied")]
        auditor = memory.as_user("carol", tenant="acme", roles=("auditor",))
        assert [row["status"] for row in auditor.log(operation="authenticate").value] == ["denied"]
        memory.close()
        kept = b"".join(file.read_bytes() for file in (tmp_path / "memory").rglob("*") if file.is_file())
        for guess in (key, wrong, unknown):
            assert guess.encode() not in kept
            assert guess.rsplit("_", 1)[1].encode() not in kept
            assert not any(hashed in kept for hashed in unkeyed(guess))

    def test_where_the_failure_cannot_be_recorded_the_answer_says_so(self, memory, admin):
        memory._parts.journal.close()
        with pytest.raises(MemOSError) as caught:
            memory.session("memos_guess")
        assert caught.value.code in {"unavailable", "backend_error"}


def holding(directory, keys, ready, go, answers):
    """Open the store, and for each key a session: call with it, say so, wait, call again and tell what came."""
    with MemOS.open(directory, embedder="unused", worker="none") as memory:
        for key in iter(keys.get, None):
            session = memory.session(key)
            session.list()
            ready.put(1)
            go.get(timeout=60)
            try:
                session.list()
                answers.put("served")
            except Denied as error:
                answers.put(error.message)


@pytest.mark.proof(capability="revocation", small=5, full=250)
def test_revoked_keys_open_nothing_in_any_process(trials, record_proof, tmp_path):
    """Four processes are in the middle of sessions of a key that a fifth revokes; every next call must be refused."""
    context, served = multiprocessing.get_context("spawn"), 0
    ready, answers = context.Queue(), context.Queue()
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none") as memory:
        admin = memory.as_user("root", roles=("admin",))
        pipes = [(context.Queue(), context.Queue()) for _ in range(4)]
        others = [context.Process(target=holding, args=(str(tmp_path / "memory"), keys, ready, go, answers)) for keys, go in pipes]
        for other in others:
            other.start()
        for _ in range(trials):
            key, prefix = both(admin.create_key("alice"))
            for keys, _ in pipes:
                keys.put(key)
            for _ in others:
                ready.get(timeout=60)
            admin.revoke(prefix)
            for _, go in pipes:
                go.put(1)
            served += sum(answers.get(timeout=60) != REVOKED for _ in others)
        for keys, _ in pipes:
            keys.put(None)
        for other in others:
            other.join(60)
    record_proof(revocations=trials, processes=len(others), calls_after=len(others) * trials, served=served)
    assert served == 0

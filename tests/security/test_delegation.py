"""Delegated tokens: what is lent is no more than one has, narrowed it stays narrow, and it ends when what it rests on ends."""

import base64
import os
import random
import sys
from datetime import UTC, datetime, timedelta

import biscuit_auth as biscuit
import pytest

from memos import MemOS
from memos.errors import BackendError, Denied, InvalidCall, MemOSError, NotFound, QuotaExceeded
from memos.infrastructure.memgovernance import delegation
from memos.infrastructure.memgovernance.credentials import CHANGED, REVOKED, UNKNOWN
from memos.memcube.call import Restrictions
from memos.memcube.filter import Filter
from memos.memcube.restrictions import restricted
from tests.clock import HandClock

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
FORGED = bytes(range(32))


@pytest.fixture
def clock():
    return HandClock(NOON)


@pytest.fixture
def memory(tmp_path, clock):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none", clock=clock) as system:
        yield system


@pytest.fixture
def alice(memory):
    session = memory.as_user("alice", roles=("nurse",))
    session.add(["the ferry leaves at nine", "the hotel is by the sea"], namespace="user/alice/trip")
    session.add("a canary that nobody else reads")
    return session


@pytest.fixture
def admin(memory):
    return memory.as_user("root", roles=("admin",))


def lent(session, to="bob", **rights):
    return session.delegate(to, **({"until": LATER} | rights)).value["token"]


def texts(session, **how):
    return sorted(cube.text for cube in session.list(**how).cubes)


TRIP = ["the ferry leaves at nine", "the hotel is by the sea"]


class TestWhatItLends:
    def test_the_holder_acts_under_its_own_name_on_what_is_the_issuers(self, memory, alice):
        bob = memory.session(lent(alice, operations=("list", "search", "add", "update", "get"), namespaces="user/alice/trip"))
        assert (bob.caller.user, bob.caller.behalf, bob.caller.principal) == ("bob", "alice", "alice")
        assert texts(bob) == TRIP
        assert {hit.cube.text for hit in bob.search("ferry canary").hits} == set(TRIP)
        written = bob.add("bring a coat").cubes[0]
        assert (written.namespace, written.policy.owner, written.provenance.context.user) == ("user/alice/trip", "alice", "bob")
        assert texts(memory.as_user("bob")) == []
        logged = [row["operation"] for row in memory.as_user("bob").log(operation=["list", "search", "add"]).value]
        assert sorted(logged) == ["add", "list", "list", "search"]

    def test_without_operations_it_allows_reading_three_ways(self, memory, alice):
        bob = memory.session(lent(alice))
        assert bob.caller.restrictions.operations == ("search", "get", "list")
        some = bob.list().cubes[0].id
        for denied in (
            lambda: bob.add("x"),
            lambda: bob.forget(some),
            lambda: bob.history(some),
            bob.log,
            lambda: bob.govern("role", "x", {}),
        ):
            with pytest.raises(Denied, match="does not allow"):
                denied()

    def test_certain_memories_alone(self, memory, alice):
        one, other = (cube for cube in alice.list(limit=2).cubes)
        bob = memory.session(lent(alice, memories=one, operations=("list", "get", "update", "add", "forget", "compose")))
        assert [cube.id for cube in bob.list().cubes] == [one.id]
        assert bob.update(one.id, "changed by bob").cubes[0].text == "changed by bob"
        for hidden in (bob.get, bob.forget):
            with pytest.raises(NotFound):
                hidden(other.id)
        for denied in (lambda: bob.add("x"), lambda: bob.compose([one.id, other.id])):
            with pytest.raises(Denied):
                denied()

    def test_for_one_purpose(self, memory, alice):
        token = lent(alice, purpose="care")
        assert memory.session(token).caller.purpose == "care"
        memory.session(token, purpose="care").list()
        with pytest.raises(Denied, match="purpose"):
            memory.session(token, purpose="billing").list()

    def test_a_contract_and_its_count_reach_the_caller(self, memory, alice):
        token = memory.attenuate(lent(alice, contract="c-17", count=5), count=2)
        assert (memory.session(token).caller.restrictions.contract, memory.session(token).caller.restrictions.count) == ("c-17", 2)
        assert memory.session(memory.attenuate(token, count=9)).caller.restrictions.count == 2

    def test_it_ends_and_none_is_given_without_an_end(self, memory, alice, clock):
        bob = memory.session(token := lent(alice))
        for until in (NOON, NOON - timedelta(1), NOON + timedelta(days=400)):
            with pytest.raises(InvalidCall, match="until"):
                lent(alice, until=until)
        clock.move(hours=1)
        for over in (bob.list, lambda: memory.session(token)):
            with pytest.raises(Denied, match="ended"):
                over()


class TestNobodyLendsMoreThanHeHas:
    def test_a_scoped_key_lends_within_its_scope(self, memory, alice, admin):
        rights = {"operations": ("delegate", "search", "list"), "namespaces": "user/alice/trip"}
        scoped = memory.session(admin.create_key("alice", expires_at=NOON + timedelta(minutes=5), **rights).value["key"])
        assert texts(memory.session(lent(scoped, operations="list"))) == TRIP
        for wider in ({"operations": ("list", "forget")}, {"namespaces": "user/alice"}, {"operations": "list", "namespaces": "user/bob"}):
            with pytest.raises(Denied, match="does not leave him"):
                lent(scoped, **wider)
        with pytest.raises(Denied):  # by default it would lend `get`, which the key does not leave
            lent(scoped)

    def test_what_the_issuer_loses_the_holder_loses(self, memory, alice, admin, clock):
        key = admin.create_key("alice", roles=("nurse",), expires_at=NOON + timedelta(minutes=30)).value
        bob = memory.session(token := lent(memory.session(key["key"])))
        bob.list()
        clock.move(minutes=30)
        with pytest.raises(Denied, match="ended"):
            bob.list()
        with pytest.raises(Denied):
            memory.session(token)

    @pytest.mark.parametrize("who", ["alice", "bob"])
    def test_suspended_issuer_or_holder(self, memory, alice, admin, who):
        bob = memory.session(token := lent(alice))
        admin.govern("principal", who, {"suspended": True})
        for refused in (bob.list, lambda: memory.session(token)):
            with pytest.raises(Denied, match="suspended"):
                refused()

    def test_a_revoked_or_rotated_key_ends_what_it_lent(self, memory, alice, admin):
        key = admin.create_key("alice").value
        bob = memory.session(token := lent(memory.session(key["key"])))
        admin.revoke(key["prefix"])
        for refused in (bob.list, lambda: memory.session(token)):
            with pytest.raises(Denied) as caught:
                refused()
            assert caught.value.message == REVOKED
        assert CHANGED != REVOKED

    def test_the_holder_makes_no_keys_and_lends_nothing_on(self, memory, alice, admin):
        every = ("issue", "delegate", "govern", "revoke", "list")
        bob = memory.session(lent(memory.as_user("root", roles=("admin",)), operations=every))
        for denied in (bob.create_key, lambda: lent(bob, "carol"), lambda: bob.create_key("root", roles="admin")):
            with pytest.raises(Denied, match="on behalf"):
                denied()

    def test_what_is_lent_to_read_cannot_be_shared_on(self, memory, alice):
        one = alice.list(namespaces="user/alice/trip").cubes[0]
        bob = memory.session(lent(alice))
        with pytest.raises(Denied, match="does not allow share"):
            bob.share(one.id, "user:eve")
        scoped = memory.session(lent(alice, operations=("share", "acl", "list"), namespaces="user/alice/trip"))
        for place in ("user/alice", "shared/everybody", "user/bob"):
            with pytest.raises(Denied):
                scoped.acl(place, {"user:eve": ["read"]})
        outside = next(cube for cube in alice.list().cubes if cube.namespace == "user/alice")
        with pytest.raises(NotFound):
            scoped.share(outside.id, "user:eve")
        scoped.share(one.id, "user:eve")
        assert memory.as_user("eve").get(one.id).cubes

    def test_it_opens_no_other_tenant_and_no_other_store(self, memory, alice, tmp_path):
        token = lent(alice)
        with pytest.raises(Denied):
            memory.session(token, tenant="other")
        with MemOS.open(tmp_path / "other", embedder="hashing", worker="none") as elsewhere, pytest.raises(Denied) as caught:
            elsewhere.session(token)
        assert caught.value.message == UNKNOWN


class TestRevocation:
    def test_by_itself_it_ends_with_all_that_was_made_of_it(self, memory, alice):
        token = lent(alice)
        narrower = memory.attenuate(token, operations="list")
        bob, carol = memory.session(token), memory.session(narrower)
        alice.revoke(token=token)
        for refused in (bob.list, carol.list, lambda: memory.session(token), lambda: memory.session(narrower)):
            with pytest.raises(Denied) as caught:
                refused()
            assert caught.value.message == REVOKED

    def test_what_was_made_of_it_ends_alone(self, memory, alice, admin):
        token = lent(alice)
        narrower = memory.attenuate(token, operations="list")
        carol = memory.session(narrower)
        memory.as_user("bob").revoke(token=narrower)
        memory.session(token).list()
        with pytest.raises(Denied):
            carol.list()
        admin.revoke(id=alice.delegate("bob", until=LATER).value["id"])

    def test_others_cannot_revoke(self, memory, alice):
        token = lent(alice)
        for stranger in (
            memory.as_user("carol"),
            memory.as_user("alice", tenant="other"),
            memory.as_user("root", tenant="other", roles=("admin",)),
        ):
            with pytest.raises(NotFound):
                stranger.revoke(token=token)
        with pytest.raises(Denied):
            memory.as_user("alice").revoke(id="00" * 64)
        memory.session(token).list()


class TestForgeries:
    def root(self, memory):
        return memory._parts.adapter.secret(delegation.ROOT)

    def test_another_root_key_signs_nothing_here(self, memory, alice):
        said = delegation.Lent(tenant="default", issuer="alice", holder="eve", restrictions=Restrictions(operations=("list",)))
        forged = delegation.lend(FORGED, said)
        genuine = lent(alice)
        swapped = genuine.split(".")[0] + "." + forged.split(".", 1)[1]
        for token in (forged, swapped, forged.split(".")[0] + "." + genuine.split(".", 1)[1]):
            with pytest.raises(Denied) as caught:
                memory.session(token)
            assert caught.value.message == UNKNOWN

    def test_blocks_that_we_cannot_read_have_it_refused(self, memory, alice):
        public, token = delegation._opened(lent(alice))
        hexed = delegation.Taken().model_dump_json().encode().hex()
        foreign = [
            'operation("forget");', 'check if operation("list");', "check if true;", "", f"memos(hex:{hexed}); memos(hex:{hexed});",
            f'memos(hex:{hexed}); user("root");', f"memos(hex:{hexed}) <- true;", f'memos("{hexed}");', "memos(hex:00);",
            "memos(hex:7b7d, 1);",
            "memos(hex:" + b'{"restrictions":{"operations":["everything"]}}'.hex() + ");",
            "memos(hex:" + b'{"restrictions":{},"roles":["admin"]}'.hex() + ");", "memos(hex:" + b'{"version":2}'.hex() + ");",
            f"memos(hex:{hexed}); check if time($t), $t < 2999-01-01T00:00:00Z or true;",
        ]  # fmt: skip
        for source in foreign:
            added = token.append(biscuit.BlockBuilder(source))
            with pytest.raises(Denied):
                memory.session(delegation._written(public, added))
        signer = biscuit.KeyPair.from_private_key(biscuit.PrivateKey.from_bytes(FORGED, biscuit.Algorithm.Ed25519))
        block = token.third_party_request().create_block(signer.private_key, biscuit.BlockBuilder(f"memos(hex:{hexed});"))
        with pytest.raises(Denied):
            memory.session(delegation._written(public, token.append_third_party(signer.public_key, block)))

    def test_changed_cut_or_stretched_it_is_refused(self, memory, alice):
        token, dice = memory.attenuate(lent(alice), operations="list"), random.Random(11)
        head, body = token.split(".", 1)
        raw = base64.urlsafe_b64decode(body + "==")
        for _ in range(300):
            changed = bytearray(raw)
            kind = dice.randrange(3)
            if kind == 0:
                changed[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
            elif kind == 1:
                del changed[dice.randrange(len(raw)) :]
            else:
                changed += os.urandom(dice.randint(1, 9)) if dice.random() < 0.5 else changed[: dice.randint(1, 90)]
            opened(memory, f"{head}.{base64.urlsafe_b64encode(bytes(changed)).decode()}")
        for text in (
            "memost_",
            "memost_.",
            f"{head}.",
            f"memost_.{body}",
            f"{head}{body}",
            token[:-9],
            token + "é",
            f"memost_{'A' * 43}.{body}",
        ):
            with pytest.raises(Denied) as caught:
                memory.session(text)
            assert text not in str(caught.value)

    def test_no_other_spelling_of_a_signature_evades_its_revocation(self, memory, alice):
        """The revocation id is the signature: S + L would be valid for a careless verifier, and another id (RFC 8032, section 5.1.7)."""
        token = lent(alice)
        head, body = token.split(".", 1)
        raw, signature = base64.urlsafe_b64decode(body + "=="), bytes.fromhex(delegation.read(token).ids[0])
        at, order = raw.index(signature), 2**252 + 27742317777372353535851937790883648493
        respelled = (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
        alice.revoke(token=token)
        with pytest.raises(Denied):
            memory.session(f"{head}.{base64.urlsafe_b64encode(raw[: at + 32] + respelled + raw[at + 64 :]).decode()}")

    def test_without_the_library_it_is_said_what_to_install(self, memory, alice, monkeypatch):
        token = lent(alice)
        monkeypatch.setitem(sys.modules, "biscuit_auth", None)
        for needing in (lambda: memory.session(token), lambda: lent(alice), lambda: memory.attenuate(token)):
            with pytest.raises(BackendError, match=r"memos-kernel\[identity\]"):
                needing()

    def test_too_many_blocks_are_refused(self, memory, alice):
        token = lent(alice)
        with pytest.raises(InvalidCall, match="at most"):
            for _ in range(delegation.BLOCKS + 1):
                token = memory.attenuate(token, operations="list")
        memory.session(token).list()
        with pytest.raises(InvalidCall, match="no delegated token"):
            memory.attenuate("memost_x")


def opened(memory, text):
    """A token that was changed opens nothing, or (bits that nothing reads) exactly what it opened before."""
    try:
        caller = memory.session(text).caller
    except Denied as error:
        told = error.message
    else:
        told = UNKNOWN if (caller.user, caller.behalf, caller.restrictions.operations) == ("bob", "alice", ("list",)) else str(caller)
    assert told == UNKNOWN


def test_no_token_is_in_the_store_or_in_errors(memory, alice, tmp_path):
    token = lent(alice)
    memory.session(token).list()
    alice.revoke(token=token)
    with pytest.raises(Denied) as caught:
        memory.session(token)
    memory.close()
    kept = b"".join(file.read_bytes() for file in (tmp_path / "memory").rglob("*") if file.is_file())
    body = token.split(".", 1)[1]
    raw = base64.urlsafe_b64decode(body + "==")
    assert body.encode() not in kept
    assert raw[-32:] not in kept  # the secret with which a block is added
    assert body[:40] not in str(caught.value) + repr(caught.value.details)


def test_the_engine_has_time_enough():
    """With its own limit of a millisecond a busy machine refuses sound tokens."""
    said = delegation.Lent(tenant="t", issuer="a", holder="b", restrictions=Restrictions(until=LATER))
    token = delegation.lend(FORGED, said)
    assert all(delegation.verified(token, FORGED, NOON).lent == said for _ in range(500))


OPERATIONS = ("search", "get", "list", "add", "update", "forget", "govern")
PATHS = ("user/alice", "user/alice/trip", "user/alice/trip/sea", "user/al", "shared/s", "user/bob")


def narrowing(dice, ids):
    def some(values):
        return None if dice.random() < 0.5 else tuple(dice.sample(values, dice.randint(0, len(values))))

    rights = {"operations": some(OPERATIONS), "namespaces": some(PATHS), "memories": some(ids), "read_only": dice.random() < 0.2}
    return {name: value for name, value in rights.items() if value is not None} | {"until": NOON + timedelta(minutes=dice.randint(1, 90))}


@pytest.mark.proof(capability="delegation", small=60, full=3_000)
def test_attenuated_tokens_never_widen(trials, record_proof, memory, alice, clock):
    """Chains of random attenuations, some of which ask for more: what the last allows is what each of its ancestors allows."""
    dice, widened, refused, decisions = random.Random(23), 0, 0, 0
    cubes = alice.list().cubes
    ids = [cube.id for cube in cubes]
    for _ in range(trials):
        token = lent(alice, operations=dice.sample(OPERATIONS, 4), namespaces=dice.sample(PATHS, 3))
        before = delegation.read(token).restrictions
        for _ in range(dice.randint(1, 4)):
            token = memory.attenuate(token, **narrowing(dice, ids))
            after = delegation.read(token).restrictions
            widened += not set(after.operations) <= set(before.operations)
            widened += after.until > before.until
            for cube in cubes:
                allowed = [restricted(Filter.everything(), each).matches(cube, now=NOON) for each in (before, after)]
                widened += allowed[1] and not allowed[0]
                decisions += 1
            before = after
        holder = memory.session(token)
        for operation, verb in {
            "list": holder.list,
            "search": lambda h=holder: h.search("ferry"),
            "add": lambda h=holder: h.add("x"),
        }.items():
            try:
                reply = verb()
            except MemOSError:
                refused += 1
            else:
                widened += operation not in before.operations
                shown = {cube.namespace for cube in (*reply.cubes, *(hit.cube for hit in reply.hits))}
                widened += any(not any(f"{place}/".startswith(f"{root}/") for root in before.namespaces) for place in shown)
            decisions += 1
    record_proof(chains=trials, decisions=decisions, refused=refused, widened=widened)
    assert widened == 0
    assert refused


def test_a_contract_counts_its_calls_whoever_holds_the_token(tmp_path):
    with MemOS.open(tmp_path / "m", embedder=None, worker="none") as memory:
        alice = memory.as_user("alice")
        alice.add("one fact")
        token = alice.delegate("agentx", operations=["search"], contract="c1", count=3, until=datetime.now(UTC) + timedelta(days=30)).value[
            "token"
        ]
        less = MemOS.attenuate(token, count=2)
        assert len(memory.session(token).search("fact").hits) == 1
        assert len(memory.session(less).search("fact").hits) == 1
        with pytest.raises(QuotaExceeded, match="c1"):
            memory.session(less).search("fact")
        assert len(memory.session(token).search("fact").hits) == 1
    with MemOS.open(tmp_path / "m", embedder=None, worker="none") as memory, pytest.raises(QuotaExceeded, match="c1"):
        memory.session(token).search("fact")

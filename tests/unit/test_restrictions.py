"""Restrictions as values: what two leave together is what both leave, and never more; and the seal of the door."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from memos.errors import Denied
from memos.infrastructure.memgovernance.seals import Seals
from memos.memcube.call import Caller, Credential, Restrictions
from memos.memcube.filter import Filter
from memos.memcube.restrictions import (
    NAMED_ONLY,
    READING,
    TELLING,
    exceeds,
    narrowed,
    require_operation,
    restricted,
    roots,
    widens,
    writable,
)

NOW = datetime(2025, 6, 1, tzinfo=UTC)
PATHS = ("user/a", "user/a/x", "user/a/x/y", "user/ab", "user/b", "shared/s", "shared/s/t")
IDS = tuple(f"01890000-0000-7000-8000-00000000000{digit}" for digit in range(4))
OPERATIONS = ("search", "get", "add", "forget", "govern", "compose", "log", "share")


def drawn(dice):
    def some(values):
        return None if dice.random() < 0.4 else tuple(dice.sample(values, dice.randint(0, len(values))))

    return Restrictions(
        operations=some(OPERATIONS),
        namespaces=some(PATHS),
        memories=some(IDS),
        read_only=dice.random() < 0.2,
        until=None if dice.random() < 0.5 else NOW + timedelta(hours=dice.randint(-2, 2)),
        purpose=dice.choice((None, None, "care", "billing")),
        contract=dice.choice((None, None, "c1", "c2")),
        count=dice.choice((None, 0, 5)),
    )


def allowed(restrictions, operation, purpose):
    try:
        require_operation(Caller(user="a", purpose=purpose, restrictions=restrictions), operation)
    except Denied:
        return False
    return True


def test_what_two_leave_together_is_never_more_than_either_leaves():
    dice = random.Random(7)
    for _ in range(2_000):
        one, other = drawn(dice), drawn(dice)
        both = narrowed(one, other)
        for operation in OPERATIONS:
            for purpose in (None, "care", "billing"):
                if allowed(both, operation, purpose):
                    assert allowed(one, operation, purpose)
                    assert allowed(other, operation, purpose)
        for path in PATHS:
            assert writable(both, path) == (writable(one, path) and writable(other, path))
        assert not exceeds(both, one)
        clash = any(a and b and a != b for a, b in ((one.purpose, other.purpose), (one.contract, other.contract)))
        assert exceeds(both, other) == clash


def test_what_is_within_is_not_refused_and_what_is_not_is_seen_to_exceed():
    own = Restrictions(operations=("search", "get"), namespaces=("user/a",), until=NOW)
    assert not exceeds(Restrictions(operations=("get",), namespaces=("user/a/x",), until=NOW), own)
    assert exceeds(Restrictions(operations=("get", "add"), namespaces=("user/a",), until=NOW), own)
    assert exceeds(Restrictions(operations=("get",), namespaces=("user/ab",), until=NOW), own)
    assert exceeds(Restrictions(operations=("get",), namespaces=("user/a",)), own)  # it would not end
    assert not widens(Restrictions(operations=("get",)), own)  # what is not named is inherited
    assert widens(Restrictions(namespaces=("user",)), own)
    assert not exceeds(Restrictions(), None)


def test_a_grant_is_narrowed_by_namespaces_and_memories():
    grant = Filter.parse({"namespace": {"under": "user/a"}})
    left = restricted(grant, Restrictions(namespaces=("user/a/x",), memories=IDS[:1]))
    assert left == grant & {"or": [{"namespace": {"under": "user/a/x"}}]} & {"id": {"in": [IDS[0]]}}
    assert restricted(grant, None) is grant
    nothing = Filter.nothing()
    assert restricted(grant, Restrictions(namespaces=())) == grant & nothing
    assert restricted(grant, Restrictions(memories=())) == grant & nothing


def test_scopes_are_narrowed_to_what_is_left():
    left = Restrictions(namespaces=("user/a/x", "shared/s"))
    assert roots(("user/a", "context/a/s1"), left) == ("user/a/x",)
    assert roots(("user/b",), left) == ()
    assert roots(("user/b",), None) == ("user/b",)


def test_a_read_only_credential_allows_reading_alone():
    left = Restrictions(read_only=True)
    assert all(allowed(left, operation, None) for operation in READING)
    assert [
        operation for operation in ("add", "forget", "snapshot", "delegate", "restore", "anything") if allowed(left, operation, None)
    ] == []


def test_a_restricted_credential_makes_no_rights_unless_it_names_that():
    for left in (Restrictions(namespaces=("user/a",)), Restrictions(purpose="care"), Restrictions(memories=IDS)):
        assert [operation for operation in NAMED_ONLY if allowed(left, operation, "care")] == []
        assert any(allowed(left, operation, "care") for operation in TELLING) == (left.namespaces is None and left.memories is None)
    assert allowed(Restrictions(operations=("govern",), namespaces=("user/a",)), "govern", None)
    assert allowed(Restrictions(until=NOW), "govern", None)  # an end is no restriction of what may be done until then


class TestSeals:
    caller = Caller(
        user="alice", tenant="acme", roles=("nurse",), purpose="care", session="s",
        restrictions=Restrictions(operations=("get",)), credential=Credential(kind="key", rule=("key", "abc")),
    )  # fmt: skip

    def test_a_door_knows_what_it_made(self):
        seals = Seals()
        sealed = seals.sealed(self.caller)
        assert seals.holds(sealed)
        assert seals.sealed(sealed) == sealed
        assert sealed.seal not in repr(sealed)

    @pytest.mark.parametrize(
        "changed",
        [
            {"user": "bob"}, {"tenant": "other"}, {"roles": ("admin",)}, {"purpose": "billing"}, {"session": "t"}, {"agent": "x"},
            {"task": "x"}, {"model": "x"}, {"request": "x"}, {"kind": "system"}, {"behalf": "bob"}, {"restrictions": None},
            {"credential": None}, {"seal": ""}, {"seal": "0" * 32}, {"seal": None}, {"seal": "\ud800"}, {"user": "\ud800"},
        ],
    )  # fmt: skip
    def test_nothing_can_be_changed_under_a_seal(self, changed):
        seals = Seals()
        assert not seals.holds(seals.sealed(self.caller).model_copy(update=changed))

    def test_another_door_does_not_know_it(self):
        assert not Seals().holds(Seals().sealed(self.caller))
        assert not Seals().holds(self.caller)

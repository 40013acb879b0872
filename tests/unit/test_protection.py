"""What stays text."""

from datetime import UTC, datetime, timedelta

import pytest

from memos.memcube.cube import MemCube
from memos.memcube.payload import Activation, Plaintext
from memos.memcube.policy import AclEntry, Policy, SensitiveSpan
from memos.memcube.provenance import CallContext, Provenance
from memos.memcube.quarantine import put_under
from memos.memcube.state import Layer, State
from memos.operation.memscheduler.protection import protected

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OLD = NOW - timedelta(days=90)


def cube(policy=None, **header):
    fields = {
        "id": "m", "namespace": "user/ann", "layer": Layer.PRIVATE, "payload": Plaintext(text="The pump takes two minutes."),
        "policy": Policy(owner="ann", **(policy or {})), "provenance": Provenance(id="m", origin="add", context=CallContext(user="ann")),
        "said_at": OLD, "created_at": OLD, "updated_at": OLD,
    }  # fmt: skip
    return MemCube(**fields | header)


@pytest.mark.parametrize(
    "free",
    [
        cube(),
        cube(frozen=True),
        cube(session="s1"),
        cube(session="document:manual", said_at=NOW),
        cube({"acl": (AclEntry(principal="user:bob", rights=("read",)),), "priority": 100, "sensitivity": "public"}),
        cube(namespace="shared/contexts", state=State.MERGED, valid_from=OLD),
    ],
)
def test_what_lasts_may_be_converted(free):
    assert protected(free, NOW) is None


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        (cube({"expires_at": NOW + timedelta(days=900)}), "expires"),
        (cube(valid_to=OLD), "true until"),
        (cube(namespace="context/ann/s1"), "context"),
        (cube(session="s1", said_at=NOW - timedelta(hours=23)), "session"),
        (cube({"sensitivity": "confidential"}), "confidential"),
        (cube({"sensitivity": "restricted"}), "restricted"),
        (cube({"spans": (SensitiveSpan(start=0, end=3, label="NAME", sensitivity="internal"),)}), "sensitive parts"),
        (cube({"veiled": True}), "sensitive parts"),
        (cube({"examined": False}), "not examined"),
        (cube({"conditions": {"context.purpose": "care"}}), "conditions"),
        (cube(put_under(Policy(owner="ann"), "agent:crawler").model_dump(include={"acl"})), "quarantine"),
        (cube(state=State.ARCHIVED), "archived"),
        (cube(state=State.EXPIRED), "expired"),
        (cube(payload=Activation(blob="b", model="m", bytes=1)), "activation"),
    ],
)
def test_what_ends_or_may_have_to_be_withheld_stays_text(kept, why):
    assert why in protected(kept, NOW)


def test_a_session_goes_on_with_its_last_turn():
    said = cube(session="s1")
    assert protected(said, NOW, last_turn=NOW - timedelta(hours=1)) is not None
    assert protected(said, NOW, last_turn=NOW - timedelta(days=2)) is None

"""Retention: a rule is previewed before it does anything; what it does says which rule did it; the map of heat."""

from datetime import UTC, datetime, timedelta

import pytest

from memos import MemOS
from memos.errors import Denied, InvalidCall, NotFound
from memos.memcube.filter import Filter
from tests.clock import HandClock

START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    return HandClock(START)


@pytest.fixture
def memory(tmp_path, clock):
    settings = {"archive_after_days": None, "sweep_batch": 7}
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none", clock=clock, settings=settings) as memory:
        yield memory


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


@pytest.fixture
def admin(memory):
    return memory.as_user("ada", roles=["admin"])


def last_row(memory, cube_id, tenant="default"):
    with memory._parts.adapter.view(tenant) as view:
        return view.versions(cube_id, grant=Filter.everything(), now=memory._clock.now())[-1]


def test_a_rule_does_nothing_before_a_preview_of_it_was_confirmed(memory, alice, admin, clock):
    cubes = alice.add([f"note {number}" for number in range(20)]).cubes
    admin.govern("retention", "old", {"ttl_days": 30, "action": "forget"})
    clock.move(days=31)
    fresh = alice.add("fresh").cubes[0]
    assert memory.sweep() == {}
    (preview,) = admin.retain("old").value
    assert (preview["due"], preview["held"], preview["confirmed"], preview["action"]) == (20, 0, False, "forget")
    size = sum(len(cube.text) for cube in cubes)
    assert preview["namespaces"] == [{"namespace": "user/alice", "memories": 20, "bytes": size}]
    assert preview["examples"][0]["why"] == "created_at 31.0 days ago (limit 30)"
    assert len(preview["examples"]) == 20
    assert memory.sweep() == {}, "a preview alone changes nothing"
    assert admin.retain("old", confirm=preview["token"]).value["name"] == "old"
    assert admin.retain().value[0]["confirmed"]
    assert memory.sweep(only="retention", tenant="other") == {}
    assert memory.sweep(only="retention") == {"expired": 20}
    assert [cube.id for cube in alice.list().cubes] == [fresh.id]
    row = last_row(memory, cubes[3].id)
    assert (row.provenance.origin, row.provenance.trigger, row.provenance.context.user) == ("retention", "retention:old", "system")
    assert memory.sweep() == {}


def test_a_rule_that_changed_needs_a_preview_of_its_own(memory, alice, admin, clock):
    alice.add("a note")
    admin.govern("retention", "old", {"ttl_days": 30, "action": "archive"})
    token = admin.retain("old").value[0]["token"]
    admin.govern("retention", "old", {"ttl_days": 1, "action": "purge"})
    clock.move(days=40)
    with pytest.raises(InvalidCall, match="no token of a preview of the rule 'old' as it stands"):
        admin.retain("old", confirm=token)
    for wrong in ("", "nonsense", admin.retain("old").value[0]["token"][:-2]):
        with pytest.raises(InvalidCall, match="no token"):
            admin.retain("old", confirm=wrong)
    admin.govern("retention", "other", {"ttl_days": 1, "action": "purge"})
    with pytest.raises(InvalidCall, match="no token"):
        admin.retain("old", confirm=admin.retain("other").value[0]["token"])
    assert memory.sweep() == {}
    admin.retain("old", confirm=admin.retain("old").value[0]["token"])
    admin.govern("retention", "old", {"ttl_days": 1, "action": "purge"})
    assert memory.sweep() == {}, "written anew it is unconfirmed"
    admin.retain("old", now=True)
    assert memory.sweep() == {"purged": 1}
    admin.govern("retention", "old", None)
    with pytest.raises(NotFound):
        admin.retain("old")


def test_who_may_and_what_is_no_rule(memory, alice, admin):
    with pytest.raises(Denied):
        alice.retain()
    with pytest.raises(Denied):
        alice.govern("retention", "x", {"ttl_days": 1, "action": "purge"})
    with pytest.raises(InvalidCall, match="name the rule to confirm"):
        admin.retain(now=True)
    with pytest.raises(NotFound, match="no retention rule 'x'; there are none"):
        admin.retain("x")
    for body, says in [
        ({"action": "forget"}, "says when"),
        ({"ttl_days": -1, "action": "forget"}, "ttl_days"),
        ({"ttl_days": 1, "action": "burn"}, "action"),
        ({"heat_below": 0.1, "action": "archive"}, "least_age_days"),
        ({"ttl_days": 1, "action": "forget", "filter": {"tgas": 1}}, "no field 'tgas'"),
        ({"ttl_days": 1, "action": "forget", "filter": {"acl": {"any": ["x"]}}}, "no field 'acl'"),
        ({"ttl_days": 1, "action": "forget", "confirmed": 3}, "leave `confirmed` out"),
        ({"ttl_days": 1, "action": "forget", "when": 3}, "when"),
    ]:
        with pytest.raises(InvalidCall, match=says):
            admin.govern("retention", "x", body)


def test_each_condition_counts_and_all_of_them_must_hold(memory, alice, admin, clock):
    used, unused, tagged = alice.add(["often used", "never used", "tagged"]).cubes
    alice.update(tagged.id, tags=["keep"])
    for _ in range(4):
        alice.get(used.id)
    memory.sweep()
    admin.govern(
        "retention", "cold", {"heat_below": 0.5, "least_age_days": 10, "filter": {"tags": {"none": ["keep"]}}, "action": "archive"}
    )
    admin.retain("cold", now=True)
    clock.move(days=9)
    assert memory.sweep() == {}, "too young"
    clock.move(days=2)
    (preview,) = admin.retain("cold").value
    assert [each["id"] for each in preview["examples"]] == [unused.id]
    assert "heat 0.000 (limit 0.5)" in preview["examples"][0]["why"]
    assert memory.sweep() == {"archived": 1}
    clock.move(days=60)
    assert memory.sweep() == {"archived": 1}, "what was hot cools down"
    assert alice.get(tagged.id).cubes[0].state == "generated"


def test_idleness_counts_by_priority_and_frozen_memories_stay(memory, alice, admin, clock):
    _plain, dear, frozen, archived = alice.add(["plain", "dear", "frozen", "archived"]).cubes
    alice.update(dear.id, priority=25)
    alice.freeze(frozen.id)
    alice.archive(archived.id)
    admin.govern("retention", "idle", {"idle_days": 10, "action": "archive"})
    admin.govern("retention", "gone", {"idle_days": 15, "action": "purge"})
    admin.retain("idle", now=True)
    clock.move(days=11)
    assert "idle for 11.0 days (limit 10, priority 0)" in admin.retain("idle").value[0]["examples"][0]["why"]
    assert memory.sweep() == {"archived": 1}
    admin.retain("gone", now=True)
    clock.move(days=6)
    assert memory.sweep() == {"purged": 1}, "the archived one; the plain one was moved since, the dear one waits twice as long"
    clock.move(days=20)
    assert memory.sweep()["purged"] == 2
    assert [cube.id for cube in alice.list(states=["generated", "archived"]).cubes] == [frozen.id]


@pytest.mark.parametrize("field", ["created_at", "updated_at", "said_at"])
def test_age_counts_from_the_time_that_the_rule_names(memory, alice, admin, clock, field):
    said = alice.add([{"role": "user", "content": "said long ago", "at": START - timedelta(days=100)}]).cubes[0]
    touched = alice.add("touched lately").cubes[0]
    clock.move(days=20)
    alice.update(touched.id, "touched lately, as I said")
    clock.move(days=15)
    admin.govern("retention", "old", {"ttl_days": 30, "age_of": field, "action": "forget"})
    due = {each["id"] for each in admin.retain("old").value[0]["examples"]}
    assert due == {"created_at": {said.id, touched.id}, "updated_at": {said.id}, "said_at": {said.id, touched.id}}[field]


def test_purged_is_gone_from_the_file_and_tenants_have_rules_of_their_own(memory, alice, admin, clock, tmp_path):
    other = memory.as_user("alice", tenant="acme")
    kept, gone = other.add("stays quixotic").cubes[0], alice.add("xylophone quixotic").cubes[0]
    alice.update(gone.id, "xylophone twice")
    alice.archive(gone.id)
    admin.govern("retention", "all", {"ttl_days": 1, "action": "purge"})
    admin.retain("all", now=True)
    clock.move(days=2)
    assert memory.sweep() == {"purged": 1}
    with pytest.raises(NotFound):
        alice.history(gone.id)
    assert other.get(kept.id).cubes[0].text == "stays quixotic"
    assert memory.as_user("ada", tenant="acme", roles=["admin"]).retain().value == []
    memory.close()
    assert b"xylophone" not in b"".join(path.read_bytes() for path in (tmp_path / "memory").rglob("*") if path.is_file())


def test_the_map_of_heat_is_under_the_grant(memory, alice, clock):
    memory.as_user("bob").add(["one", "two"])
    hot, cold = alice.add(["hot", "cold"]).cubes
    memory.as_user("alice", session="s").add("in a context", namespace="context/alice/s")
    alice.get(hot.id)
    alice.get(hot.id)
    memory.sweep()
    clock.move(days=7)
    rows = alice.heat().value
    assert [row["namespace"] for row in rows] == ["user/alice", "context/alice/s"]
    assert rows[0] == {"namespace": "user/alice", "memories": 2, "bytes": 7, "heat": 1.0, "last_used_at": START, "idle": 0.0}
    assert rows[1]["last_used_at"] is None
    assert alice.heat(idle_days=3).value[0]["idle"] == 1.0
    assert [row["namespace"] for row in alice.heat("context").value] == ["context/alice/s"]
    alice.forget(cold.id)
    assert alice.heat().value[0]["memories"] == 1
    with pytest.raises(InvalidCall):
        alice.heat(idle_days=-1)
    with pytest.raises(InvalidCall):
        alice.heat("nowhere/..")

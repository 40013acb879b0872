"""Permission: who may see and change which memory in which context, from the first share to the revocation."""

import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from memos import MemOS
from memos.errors import Denied, InvalidCall, NotFound, Unavailable
from memos.infrastructure.memgovernance.permission import book
from tests.clock import HandClock

HOSPITAL = Path(__file__).resolve().parents[2] / "docs/examples/hospital/hospital.cedar"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def clock():
    return HandClock(START)


@pytest.fixture
def memory(clock):
    with MemOS.open("memory:", embedder=None, worker="none", clock=clock) as opened:
        yield opened


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


@pytest.fixture
def bob(memory):
    return memory.as_user("bob")


@pytest.fixture
def root(memory):
    return memory.as_user("root", roles=("admin",))


def found(session, text, **query):
    """The texts of what a search finds."""
    return [hit.cube.text for hit in session.search(text, **query).hits]


class TestSharing:
    def test_what_is_shared_is_found_by_search_list_and_id(self, alice, bob):
        cube = alice.add("the boiler man is Jorge").cubes[0]
        assert found(bob, "boiler") == []
        alice.share(cube.id, "user:bob")
        assert found(bob, "boiler") == ["the boiler man is Jorge"]
        assert [each.id for each in bob.list().cubes] == [cube.id]
        assert bob.get(cube.id).cubes[0].owner == "alice"

    def test_reading_is_no_right_to_change_share_or_look_back(self, alice, bob):
        cube = alice.add("the boiler man is Jorge").cubes[0]
        alice.share(cube.id, "user:bob")
        for attempt in (
            lambda: bob.update(cube.id, "no"),
            lambda: bob.forget(cube.id),
            lambda: bob.archive(cube.id),
            lambda: bob.freeze(cube.id),
            lambda: bob.share(cube.id, "user:eve"),
            lambda: bob.transfer(cube.id, to="user/bob"),
        ):
            with pytest.raises(Denied):
                attempt()
        for attempt in (lambda: bob.history(cube.id), lambda: bob.restore(cube.id, version=1)):
            with pytest.raises(NotFound):
                attempt()
        assert alice.get(cube.id).cubes[0].text == "the boiler man is Jorge"

    @pytest.mark.parametrize(
        ("right", "does"),
        [
            ("write", lambda session, cube: session.update(cube.id, "changed")),
            ("forget", lambda session, cube: session.forget(cube.id)),
            ("history", lambda session, cube: session.history(cube.id)),
            ("share", lambda session, cube: session.share(cube.id, "user:eve")),
            ("admin", lambda session, cube: session.forget(cube.id)),
        ],
    )
    def test_each_right_allows_what_it_says(self, alice, bob, right, does):
        cube = alice.add("the boiler man is Jorge").cubes[0]
        alice.share(cube.id, "user:bob", rights=("read", right))
        does(bob, cube)

    def test_a_revocation_holds_at_the_next_call(self, alice, bob):
        cube = alice.add("the boiler man is Jorge").cubes[0]
        alice.share(cube.id, "user:bob")
        assert found(bob, "boiler")
        alice.unshare(cube.id, "user:bob")
        assert found(bob, "boiler") == []
        assert bob.list().cubes == ()
        with pytest.raises(NotFound):
            bob.get(cube.id)

    def test_roles_agents_and_roles_that_bring_others(self, memory, alice, root):
        one, two = alice.add(["for the staff", "for the planner"]).cubes
        alice.share(one.id, "role:staff")
        alice.share(two.id, "agent:planner")
        root.govern("role", "ward", {"brings": ["nurse"]})
        root.govern("role", "nurse", {"brings": ["staff"]})
        assert found(memory.as_user("nina", roles=("ward",)), "staff") == ["for the staff"]
        assert found(memory.as_user("nina", agent="planner"), "planner") == ["for the planner"]
        assert found(memory.as_user("nina"), "staff planner") == []
        root.govern("role", "nurse", None)
        assert found(memory.as_user("nina", roles=("ward",)), "staff") == []

    def test_a_namespace_hands_its_list_down(self, alice, bob):
        alice.acl("user/alice/team", {"user:bob": ["read", "write"]})
        alice.add("deep", namespace="user/alice/team/plans")
        assert found(bob, "deep") == ["deep"]
        written = bob.add("bob was here", namespace="user/alice/team").cubes[0]
        assert written.owner == "bob"
        with pytest.raises(Denied):
            bob.add("x", namespace="user/alice")
        with pytest.raises(Denied):
            bob.acl("user/alice/team", {"user:bob": ["admin"]})
        assert alice.acl("user/alice/team").value["in_force"] == ["read:user:bob", "write:user:bob"]
        alice.acl("user/alice/team", {})
        assert found(bob, "deep bob") == ["bob was here"]  # its owner keeps what is his, wherever it stands

    @pytest.mark.parametrize(
        "wrong", ["bob", "team:x", "user:", "", 7, None], ids=["no kind", "unknown kind", "no name", "empty", "a number", "nothing"]
    )
    def test_what_is_no_principal_is_refused(self, alice, wrong):
        cube = alice.add("mine").cubes[0]
        with pytest.raises(InvalidCall):
            alice.share(cube.id, wrong)

    def test_what_is_no_right_is_refused(self, alice):
        cube = alice.add("mine").cubes[0]
        with pytest.raises(InvalidCall):
            alice.share(cube.id, "user:bob", rights="fly")
        with pytest.raises(InvalidCall):
            alice.acl("user/alice", {"user:bob": "fly"})
        with pytest.raises(InvalidCall):
            alice.acl("user/alice", [7])

    def test_what_is_shared_twice_is_written_once(self, alice):
        cube = alice.add("mine").cubes[0]
        first = alice.share(cube.id, "user:bob")
        assert alice.share(cube.id, "user:bob").seq == first.seq
        assert alice.unshare(cube.id, "user:eve").cubes[0].seq == first.seq

    def test_who_reads_what_is_mine_stands_in_my_log_without_a_name(self, alice, bob):
        cube = alice.add("the boiler man is Jorge").cubes[0]
        alice.share(cube.id, "user:bob")
        bob.search("boiler")
        (row,) = [each for each in alice.log(operation="search").value if each["memories"]]
        assert (row["memories"][0][0], row["caller"]) == (cube.id, None)

    def test_equal_facts_of_two_owners_are_two_memories(self, memory, root):
        first, second = memory.as_user("ann", roles=("x",)), memory.as_user("ben", roles=("x",))
        hidden = first.add("the code is 4711", namespace="shared/x", sensitivity="restricted").cubes[0]
        own = second.add("the code is 4711", namespace="shared/x").cubes[0]
        assert own.id != hidden.id
        assert found(second, "code") == ["the code is 4711"]
        second.update(own.id, "the code is 4712")
        second.update(own.id, "the code is 4711")  # and no error tells of the other


class TestRoles:
    def test_a_shared_place_belongs_to_those_of_its_role(self, memory, alice):
        ann, ben = memory.as_user("ann", roles=("support",)), memory.as_user("ben", roles=("support",))
        note = ann.add("Zoe is on call", namespace="shared/support").cubes[0]
        assert found(ben, "call") == ["Zoe is on call"]
        assert ben.update(note.id, "Max is on call").cubes[0].version == 2
        with pytest.raises(Denied):
            ben.forget(note.id)
        assert found(alice, "call", namespaces="shared") == []
        with pytest.raises(Denied):
            alice.add("x", namespace="shared/support")

    def test_the_global_is_read_by_all_and_kept_by_curators(self, memory, alice):
        curator = memory.as_user("cora", roles=("curator",))
        rule = curator.add("lunch is at noon", namespace="global/rules").cubes[0]
        assert found(alice, "lunch") == ["lunch is at noon"]
        with pytest.raises(Denied):
            alice.add("lunch is at one", namespace="global/rules")
        with pytest.raises(Denied):
            alice.forget(rule.id)
        assert found(memory.as_user("alice", tenant="other"), "lunch", namespaces="global") == []

    def test_what_is_too_sensitive_is_hidden_until_its_reader_is_cleared(self, memory, root):
        ann, ben = memory.as_user("ann", roles=("pay",)), memory.as_user("ben", roles=("pay",))
        ann.add("the payroll is short", namespace="shared/pay", sensitivity="confidential")
        assert found(ann, "payroll")
        assert found(ben, "payroll") == []
        root.govern("principal", "ben", {"clearance": "confidential"})
        assert found(ben, "payroll")
        root.govern("principal", "ben", None)
        root.govern("role", "pay", {"clearance": "restricted"})
        assert found(ben, "payroll")

    def test_who_is_suspended_is_refused_everything(self, alice, root):
        alice.add("mine")
        root.govern("principal", "alice", {"suspended": True})
        for attempt in (alice.list, lambda: alice.search("mine"), lambda: alice.add("more")):
            with pytest.raises(Denied, match="suspended"):
                attempt()
        root.govern("principal", "alice", None)
        assert len(alice.list().cubes) == 1


class TestHospital:
    @pytest.fixture
    def ward(self, memory, root):
        root.govern("policy", "hospital", {"text": HOSPITAL.read_text(encoding="utf-8")})
        nurse = memory.as_user("nina", roles=("care-team",), purpose="care")
        nurse.add("Paul sleeps badly since the surgery", namespace="shared/ward/3", metadata={"patient": "paul"})
        nurse.add("Rita may go home on Friday", namespace="shared/ward/3", metadata={"patient": "rita"})
        return nurse

    def test_the_care_team_reads_in_full_while_it_cares(self, memory, ward):
        assert len(found(memory.as_user("nora", roles=("care-team",), purpose="care"), "Paul Rita")) == 2
        assert found(memory.as_user("nora", roles=("care-team",), purpose="research"), "Paul Rita") == []

    def test_a_patient_reads_what_is_about_them(self, memory, ward):
        assert found(memory.as_user("paul", roles=("patient",)), "Paul Rita") == ["Paul sleeps badly since the surgery"]
        assert found(memory.as_user("paul"), "Paul Rita") == []

    def test_billing_reads_nothing_whatever_else_it_is(self, memory, ward):
        billing = memory.as_user("bill", roles=("billing", "care-team"), purpose="care")
        assert found(billing, "Paul Rita") == []
        with pytest.raises(Denied):
            billing.add("x", namespace="shared/ward/3")

    def test_a_manager_reads_archived_rules(self, memory, ward, root):
        writer = memory.as_user("wim", roles=("rules",))
        old, _ = writer.add(["visits end at eight", "visits end at nine"], namespace="shared/rules").cubes
        writer.archive(old.id)
        manager = memory.as_user("mia", roles=("manager",))
        assert found(manager, "visits", states=["archived", "generated"]) == ["visits end at eight"]


class TestConditions:
    def test_purpose_and_task_gate_a_memory_at_each_call(self, memory, alice):
        cube = alice.add("insulin is at 12 units", conditions={"context.purpose": "care", "context.task": {"ne": "billing"}}).cubes[0]
        caring = memory.as_user("alice", purpose="care", task="rounds")
        assert found(caring, "insulin") == ["insulin is at 12 units"]
        for other in (alice, memory.as_user("alice", purpose="care"), memory.as_user("alice", purpose="care", task="billing")):
            assert found(other, "insulin") == []
            assert other.list().cubes == ()
            with pytest.raises(NotFound):
                other.get(cube.id)
        alice.update(cube.id, conditions="none")  # its owner may always change it
        assert found(alice, "insulin")

    def test_time_gates_a_memory(self, alice, clock):
        alice.add("the embargo is over", conditions={"context.time": {"gte": (START + timedelta(days=1)).isoformat()}})
        assert found(alice, "embargo") == []
        clock.move(days=1)
        assert found(alice, "embargo") == ["the embargo is over"]

    def test_the_state_of_another_memory_gates_a_memory(self, alice):
        consent = alice.add("Paul consents to the study").cubes[0]
        alice.add("Paul is in arm B", conditions={f"memory.{consent.id}": {"in": ["generated", "activated", "merged"]}})
        assert "Paul is in arm B" in found(alice, "Paul arm")
        alice.forget(consent.id)
        assert found(alice, "Paul arm") == []

    def test_roles_gate_a_memory(self, memory, alice):
        cube = alice.add("keys are under the mat", conditions={"context.roles": {"any": ["nurse"]}}).cubes[0]
        alice.share(cube.id, ("user:bob", "role:nurse"))
        assert found(memory.as_user("bob"), "keys") == []
        assert found(memory.as_user("bob", roles=("nurse",)), "keys") == ["keys are under the mat"]

    @pytest.mark.parametrize(
        "wrong", [{"tags": {"any": ["x"]}}, {"context.shoe": 1}, {"memory.x": "activated"}, "care", {"context.time": "soon"}]
    )
    def test_what_is_no_condition_is_refused(self, alice, wrong):
        with pytest.raises(InvalidCall):
            alice.add("mine", conditions=wrong)
        assert alice.list().cubes == ()


class TestPast:
    def test_the_past_is_read_by_the_rights_of_now(self, alice, bob):
        cube = alice.add("the boiler man is Jorge").cubes[0]
        alice.share(cube.id, "user:bob", rights=("read", "history"))
        seq = alice.update(cube.id, "the boiler man is Luis").seq
        assert found(bob.at(seq - 1), "boiler") == ["the boiler man is Jorge"]
        assert [each.text for each in bob.history(cube.id).cubes] == ["the boiler man is Jorge", "the boiler man is Luis"]
        alice.unshare(cube.id, "user:bob")
        assert found(bob.at(seq - 1), "boiler") == []
        with pytest.raises(NotFound):
            bob.history(cube.id)

    def test_what_was_shared_only_now_is_seen_as_it_was(self, alice, bob):
        cube = alice.add("the boiler man is Jorge").cubes[0]
        seq = alice.update(cube.id, "the boiler man is Luis").seq
        alice.share(cube.id, "user:bob", rights=("read", "history"))
        assert found(bob.at(seq - 1), "boiler") == ["the boiler man is Jorge"]


class TestPolicies:
    @pytest.mark.parametrize(
        "text",
        [
            "permit(principal, action, resource) when { resource.nothing == 1 };",
            "permit(principal, action, resource) when { resource.speaker == 'x' };",
            'permit(principal, action, resource) when { resource.speaker == "x" };',
            "permit(principal == ?principal, action, resource);",
            "grant everything",
            '@id("a") permit(principal, action, resource); @id("a") forbid(principal, action, resource);',
        ],
        ids=["no such attribute", "no such text", "an attribute that may be absent", "a template", "no Cedar", "an id twice"],
    )
    def test_what_does_not_validate_strictly_is_not_installed(self, alice, root, text):
        alice.add("mine")
        with pytest.raises(InvalidCall, match="wrong"):
            root.govern("policy", "wrong", {"text": text})
        assert root.governed("policy").value == []
        assert len(alice.list().cubes) == 1

    def test_a_forbid_overrules_and_is_withdrawn(self, alice, root):
        alice.add("mine")
        root.govern("policy", "night", {"text": '@id("closed") forbid(principal == User::"alice", action, resource);'})
        assert alice.list().cubes == ()
        with pytest.raises(Denied):
            alice.add("more")
        root.govern("policy", "night", None)
        assert len(alice.list().cubes) == 1

    def test_only_admins_govern(self, alice):
        for attempt in (
            lambda: alice.govern("policy", "x", {"text": "permit(principal, action, resource);"}),
            alice.governed,
            lambda: alice.preview({"x": None}),
        ):
            with pytest.raises(Denied, match="admin"):
                attempt()

    def test_why_and_who(self, alice, bob, root):
        cube = alice.add("the boiler man is Jorge").cubes[0]
        assert alice.access(cube.id, "bob").value["allowed"] is False
        alice.share(cube.id, "user:bob")
        value = alice.access(cube.id, "bob").value
        assert (value["allowed"], value["policies"]) == (True, ("shared.listed",))
        assert alice.access(cube.id, "bob", action="write").value["allowed"] is False
        assert {row["user"]: row["may"] for row in alice.who(cube.id).value["who"]}["bob"] == ("read",)
        before = alice.who(cube.id, moment=1).value
        assert "bob" not in {row["user"] for row in before["who"]}
        assert [change["acl"] for change in alice.who(cube.id).value["changes"]] == [[], ["read:user:bob"]]
        for attempt in (lambda: bob.access(cube.id, "eve"), lambda: bob.who(cube.id)):
            with pytest.raises(NotFound):
                attempt()
        assert root.who(cube.id).value["owner"] == "alice"

    def test_what_a_policy_would_change_is_shown_and_nothing_is_changed(self, alice, root):
        ids = {cube.id for cube in alice.add(["one", "two"]).cubes}
        text = 'permit(principal in Role::"auditor", action == Action::"read", resource);'
        (row,) = root.preview({"audit": text}, callers=[{"user": "ada", "roles": ["auditor"]}]).value
        assert (row["before"], row["after"], row["gained"], row["lost"], set(row["gained_ids"])) == (0, 2, 2, 0, ids)
        assert root.governed("policy").value == []

    def test_nothing_is_decided_without_the_engine(self, memory, alice, monkeypatch):
        alice.add("mine")

        def gone():
            raise Unavailable("the policy engine cannot be loaded")

        monkeypatch.setattr("memos.infrastructure.memgovernance.permission.engine.cedar", gone)
        monkeypatch.setattr(book, "cedar", gone)
        stranger = memory.as_user("alice", purpose="new")
        for attempt in (stranger.list, lambda: stranger.search("mine"), lambda: stranger.add("more")):
            with pytest.raises(Unavailable, match="policy engine"):
                attempt()

    def test_a_denial_stands_in_the_log(self, memory, alice, bob):
        cube = alice.add("mine").cubes[0]
        alice.share(cube.id, "user:bob")
        with pytest.raises(Denied):
            bob.forget(cube.id)
        rows = memory.as_user("ada", roles=("auditor",)).log(status="denied").value
        assert [row["operation"] for row in rows] == ["forget"]


def test_a_revocation_reaches_another_process_at_its_next_call(tmp_path):
    code = """
        import sys
        from memos import MemOS
        with MemOS.open(sys.argv[1], embedder=None, worker="none") as memory:
            bob = memory.as_user("bob")
            for line in sys.stdin:
                print(len(bob.search("boiler").hits), len(bob.list().cubes), flush=True)
    """
    with MemOS.open(tmp_path / "m", embedder=None, worker="none") as memory:
        alice = memory.as_user("alice")
        cube = alice.add("the boiler man is Jorge").cubes[0]
        command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "m")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:

            def asked():
                other.stdin.write("\n")
                other.stdin.flush()
                return other.stdout.readline().split()

            assert asked() == ["0", "0"]
            for _ in range(3):
                alice.share(cube.id, "user:bob")
                assert asked() == ["1", "1"]
                alice.unshare(cube.id, "user:bob")
                assert asked() == ["0", "0"]
            other.stdin.close()
            assert other.wait(30) == 0


def test_who_and_preview_reach_those_whom_only_policies_and_namespaces_name(memory, root, alice):
    root.govern("policy", "hospital", {"text": HOSPITAL.read_text(encoding="utf-8")})
    note = memory.as_user("wim", roles=("ward",)).add("Paul sleeps badly", namespace="shared/ward").cubes[0]
    asked = root.who(note.id)
    assert "care-team" not in {role for row in asked.value["who"] for role in row["roles"]}
    assert [line for line in asked.warnings if "purpose" in line]
    caring = root.who(note.id, purpose="care")
    assert ("care-team",) in {row["roles"] for row in caring.value["who"]}
    alice.add("mine")
    (row,) = [each for each in root.preview({"stop": "forbid(principal, action, resource);"}).value if each["user"] == "alice"]
    assert (row["before"], row["after"], row["lost"]) == (1, 0, 1)

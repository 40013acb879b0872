"""The life of memories as a state machine: every operation, drawn by chance, against a plain model of what must be true after it.

After each step: what the present shows is what the model says; every change of state stands in the table; history only grows; and a
commit of the past, drawn by chance, shows what was true then.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from memos import MemOS
from memos.errors import FrozenMemory, InvalidCall
from memos.memcube.filter import Filter
from tests.clock import HandClock

START = datetime(2026, 1, 1, tzinfo=UTC)
TABLE = {
    "generated": {"activated", "merged", "archived", "expired"},
    "activated": {"merged", "archived", "expired"},
    "merged": {"activated", "archived", "expired"},
    "archived": {"activated", "expired"},
    "expired": {"generated"},
}
"""Written down once more, from the design."""
PRESENT = {"generated", "activated", "merged"}
STEPS = 50
MET: Counter[str] = Counter()


@dataclass(frozen=True)
class Memory:
    """What the model knows of one memory."""

    text: str
    state: str = "generated"
    version: int = 1
    frozen: bool = False
    namespace: str = "user/alice"
    tags: tuple[str, ...] = ()
    confirmed: int = 0
    ends: datetime | None = None
    versions: tuple[str, ...] = field(default=())
    """The text of each version."""


class Life(RuleBasedStateMachine):
    @initialize()
    def open(self):
        self.clock = HandClock(START)
        chosen = {"consolidate": False, "archive_after_days": 30, "activate_uses": 1000}
        self.memory = MemOS.open("memory:", embedder=None, worker="none", clock=self.clock, settings=chosen)
        self.alice = self.memory.as_user("alice")
        self.model: dict[str, Memory] = {}
        self.archived: dict[str, datetime] = {}
        self.listed = START
        self.past: dict[int, dict[str, Memory]] = {0: {}}
        self.snapshots: dict[str, int] = {}
        self.histories: dict[str, list[tuple[int, str]]] = {}
        self.words = 0

    def teardown(self):
        if hasattr(self, "memory"):
            assert self.memory.doctor() == ()
            self.memory.close()

    # --- helpers

    def fresh_text(self):
        self.words += 1
        return f"sentence number {self.words} of the model."

    def standing(self, *states):
        wanted = states or PRESENT | {"archived"}
        return sorted(one for one, memory in self.model.items() if memory.state in wanted and not self.ended(memory))

    def wrote(self, reply, **changed):
        """Take over what a call must have changed."""
        self.model |= changed
        self.past[reply.seq] = dict(self.model)
        self.archived |= {one: self.clock.now() for one, memory in changed.items() if memory.state == "archived"}
        MET[reply.call.operation] += 1

    def refuses(self, one, act):
        """A frozen memory refuses; True when this one did."""
        if not self.model[one].frozen:
            return False
        with pytest.raises(FrozenMemory):
            act()
        MET["refused"] += 1
        return True

    def unless_an_equal_fact_stands(self, act):
        """What a call gave, None when it was refused since another memory says the same."""
        try:
            return act()
        except InvalidCall as error:
            other = self.model[error.details["standing"]]
            assert other.state != "expired"
            assert sum(memory.text == other.text for memory in self.model.values()) > 0
            MET["equal fact"] += 1
            return None

    # --- rules

    @rule(tags=st.sampled_from([(), ("a",), ("a", "b")]), ends=st.sampled_from([None, None, 5]))
    def add(self, tags, ends):
        self.clock.move(minutes=1)
        text, end = (
            self.fresh_text(),
            None if ends is None else self.clock.now().replace(microsecond=0) + (ends * (START.replace(day=2) - START)),
        )
        reply = self.alice.add(text, tags=tags, expires_at=end)
        self.wrote(reply, **{reply.cubes[0].id: Memory(text, tags=tags, ends=end, versions=(text,))})

    @precondition(lambda self: self.standing())
    @rule(data=st.data(), mode=st.sampled_from(["overwrite", "append", "merge"]))
    def update(self, data, mode):
        one, more = data.draw(st.sampled_from(self.standing())), self.fresh_text()
        if self.refuses(one, lambda: self.alice.update(one, more, mode=mode)):
            return
        before = self.model[one]
        text = {
            "overwrite": more,
            "append": f"{before.text}\n{more}",
            "merge": f"{before.text} {more}" if "\n" not in before.text else f"{before.text}\n{more}",
        }[mode]
        merging = mode != "overwrite" and before.state != "archived"
        state = "merged" if merging else "generated" if before.state == "generated" else "activated"
        reply = self.alice.update(one, more, mode=mode, expect_version=before.version)
        after = replace(before, text=text, state=state, version=before.version + 1, versions=(*before.versions, text))
        self.wrote(reply, **{one: after})

    @precondition(lambda self: self.standing())
    @rule(data=st.data())
    def label(self, data):
        one = data.draw(st.sampled_from(self.standing()))
        if not self.refuses(one, lambda: self.alice.update(one, label="x")):
            self.wrote(self.alice.update(one, label=f"l{self.words}"), **{one: self.model[one]})

    @precondition(lambda self: self.standing())
    @rule(data=st.data())
    def forget(self, data):
        one = data.draw(st.sampled_from(self.standing()))
        if not self.refuses(one, lambda: self.alice.forget(one)):
            self.wrote(self.alice.forget(one), **{one: replace(self.model[one], state="expired")})

    @precondition(lambda self: self.standing(*PRESENT))
    @rule(data=st.data())
    def archive(self, data):
        one = data.draw(st.sampled_from(self.standing(*PRESENT)))
        if not self.refuses(one, lambda: self.alice.archive(one)):
            self.wrote(self.alice.archive(one), **{one: replace(self.model[one], state="archived")})

    @precondition(lambda self: self.standing())
    @rule(data=st.data())
    def confirm(self, data):
        one = data.draw(st.sampled_from(self.standing()))
        if self.refuses(one, lambda: self.alice.confirm(one)):
            return
        before = self.model[one]
        count = before.confirmed + 1
        state = "activated" if before.state in {"generated", "archived"} else before.state
        if count >= 2 and before.state in {"generated", "activated", "merged"}:
            state = "merged"
        reply = self.alice.confirm(one)
        assert reply.value == min(count, 32)
        self.wrote(reply, **{one: replace(before, state=state, confirmed=count)})

    @precondition(lambda self: self.standing())
    @rule(data=st.data(), frozen=st.booleans())
    def freeze(self, data, frozen):
        one = data.draw(st.sampled_from(self.standing()))
        if self.model[one].frozen is not frozen:
            reply = (self.alice.freeze if frozen else self.alice.unfreeze)(one)
            self.wrote(reply, **{one: replace(self.model[one], frozen=frozen)})

    @precondition(lambda self: self.standing())
    @rule(data=st.data())
    def transfer(self, data):
        one = data.draw(st.sampled_from(self.standing()))
        to = "user/alice/x" if self.model[one].namespace == "user/alice" else "user/alice"
        if self.refuses(one, lambda: self.alice.transfer(one, to=to)):
            return
        if reply := self.unless_an_equal_fact_stands(lambda: self.alice.transfer(one, to=to)):
            before = self.model[one]
            self.wrote(reply, **{one: replace(before, namespace=to, version=before.version + 1, versions=(*before.versions, before.text))})

    @precondition(lambda self: len(self.standing()) > 1)
    @rule(data=st.data())
    def compose(self, data):
        parts = data.draw(st.lists(st.sampled_from(self.standing()), min_size=2, max_size=3, unique=True))
        text = "\n\n".join(self.model[one].text for one in parts)
        ends = [self.model[one].ends for one in parts if self.model[one].ends]
        if (reply := self.unless_an_equal_fact_stands(lambda: self.alice.compose(parts))) is None:
            return
        if reply.cubes[0].id not in self.model:
            self.wrote(reply, **{reply.cubes[0].id: Memory(text, ends=min(ends, default=None), versions=(text,))})

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def restore_a_version(self, data):
        one = data.draw(st.sampled_from(sorted(self.model)))
        before = self.model[one]
        version = data.draw(st.integers(1, before.version))
        if self.refuses(one, lambda: self.alice.restore(one, version=version)):
            return
        if (reply := self.unless_an_equal_fact_stands(lambda: self.alice.restore(one, version=version))) is None:
            return
        if reply.warnings:
            MET["nothing to restore"] += 1
            return
        after = reply.cubes[0]
        state = {"expired": "generated", "archived": "activated"}.get(before.state, before.state)
        text = before.versions[version - 1]
        assert (after.text, after.state) == (text, state)
        assert after.version in {before.version, before.version + 1}
        versions = before.versions if after.version == before.version else (*before.versions, text)
        tags = tuple(tag.key for tag in after.tags)
        self.wrote(
            reply,
            **{
                one: replace(
                    before, text=text, state=state, version=after.version, versions=versions, tags=tags, ends=after.policy.expires_at
                )
            },
        )

    @rule()
    def snapshot(self):
        reply = self.alice.snapshot(f"s{len(self.past)}-{self.words}")
        if reply.value["name"] not in self.snapshots:
            self.snapshots[reply.value["name"]] = reply.value["seq"]
            self.wrote(reply)

    @precondition(lambda self: self.snapshots)
    @rule(data=st.data())
    def restore_a_snapshot(self, data):
        name = data.draw(st.sampled_from(sorted(self.snapshots)))
        seq = max(each for each in self.past if each <= self.snapshots[name])
        then, now = self.past[seq], self.clock.now()
        at = self.alice.snapshots().value
        when = next(each["at"] for each in at if each["name"] == name)
        reply = self.alice.restore(name)
        changed = {}
        for one, memory in self.model.items():
            if memory.frozen:
                continue
            old = then.get(one)
            gone = old is None or old.state == "expired" or (old.ends is not None and old.ends <= when)
            if gone:
                if memory.state != "expired" and not (memory.ends is not None and memory.ends <= now):
                    changed[one] = replace(memory, state="expired")
                continue
            found = self.alice.history(one).cubes[-1]
            assert (found.text, found.namespace) == (old.text, old.namespace), "what stood then stands again"
            assert found.state in {old.state, "activated", "generated"}
            more = (found.text,) * (found.version - memory.version)
            changed[one] = replace(
                memory, text=found.text, state=str(found.state), version=found.version, versions=(*memory.versions, *more),
                namespace=found.namespace, tags=tuple(tag.key for tag in found.tags), ends=found.policy.expires_at,
            )  # fmt: skip
        if reply.seq not in self.past:
            self.wrote(reply, **changed)

    @rule(days=st.sampled_from([1, 6, 31]))
    def time_passes_and_the_worker_sweeps(self, days):
        used = self.listed
        self.clock.move(days=days)
        self.memory.sweep()
        now = self.clock.now()
        for one, memory in list(self.model.items()):
            if memory.frozen or memory.state == "expired":
                continue
            if memory.state == "archived" and used > self.archived[one]:
                memory = self.model[one] = replace(memory, state="activated")
                MET["back in use"] += 1
            if memory.ends is not None and memory.ends <= now:
                self.model[one] = replace(memory, state="expired")
                MET["expired"] += 1
        with self.memory._parts.adapter.view("default") as view:
            for one, memory in list(self.model.items()):
                row = view.versions(one, grant=Filter.everything(), now=now)[-1]
                if memory.state in PRESENT and row.state == "archived":
                    last = max(row.updated_at, row.created_at, row.usage.last_used_at or row.created_at)
                    assert (now - last).days >= 30, "only what was idle is archived"
                    self.model[one] = replace(memory, state="archived")
                    self.archived[one] = now
                    MET["archived by idleness"] += 1
            head = view.head
        self.past[head] = dict(self.model)

    @rule(data=st.data(), merge=st.booleans())
    def try_what_would_be(self, data, merge):
        """A branch is written to, seen by itself only, then merged or discarded."""
        branch, text = self.alice.branch("what-if"), self.fresh_text()
        self.past[max(self.past) + 1] = dict(self.model)
        born = branch.add(text).cubes[0].id
        free = [one for one in self.standing(*PRESENT) if not self.model[one].frozen and not self.ended(self.model[one])]
        one = data.draw(st.sampled_from(free)) if free else None
        fresh = self.fresh_text()
        if one is not None:
            branch.update(one, fresh)
            assert branch.get(one).cubes[0].text == fresh
        self.shows_what_the_model_says()
        reply = branch.merge() if merge else branch.discard()
        changed = {}
        if merge:
            assert reply.value["conflicts"] == []
            changed[born] = Memory(text, versions=(text,))
            if one is not None:
                before = self.model[one]
                state = "generated" if before.state == "generated" else "activated"
                changed[one] = replace(before, text=fresh, state=state, version=before.version + 1, versions=(*before.versions, fresh))
        self.wrote(reply, **changed)

    def ended(self, memory, at=None):
        return memory.ends is not None and memory.ends <= (at or self.clock.now())

    # --- what must hold

    @invariant()
    def shows_what_the_model_says(self):
        if not hasattr(self, "memory"):
            return
        MET["steps"] += 1
        self.listed = self.clock.now()
        assert self.shown(self.alice) == self.expected(self.model, self.clock.now())

    def shown(self, session):
        cubes = [cube for page in session.pages(limit=1000, states=["generated", "activated", "merged", "archived"]) for cube in page.cubes]
        return {cube.id: (cube.text, str(cube.state), cube.version, cube.frozen, cube.namespace) for cube in cubes}

    def expected(self, model, at):
        return {
            one: (memory.text, memory.state, memory.version, memory.frozen, memory.namespace)
            for one, memory in model.items()
            if memory.state != "expired" and not self.ended(memory, at)
        }

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def the_past_shows_what_was_true(self, data):
        seq = data.draw(st.sampled_from(sorted(self.past)))
        found = self.alice.at(seq)
        with self.memory._parts.adapter.view("default") as view:
            when = view.time_of(seq) or self.clock.now()
        assert self.shown(found) == self.expected(self.past[seq], when), f"at {seq}"
        MET["past"] += 1

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def history_only_grows_and_no_transition_is_illegal(self, data):
        one = data.draw(st.sampled_from(sorted(self.model)))
        told = [(cube.version, cube.text) for cube in self.alice.history(one).cubes]
        known = self.histories.get(one, [])
        assert told[: len(known)] == known
        assert [text for _, text in told] == list(self.model[one].versions)
        self.histories[one] = told
        with self.memory._parts.adapter.view("default") as view:
            rows = view.versions(one, grant=Filter.everything(), now=self.clock.now())
        for before, after in pairwise(rows):
            if before.state != after.state:
                assert after.state in TABLE[before.state], (before.state, after.state)
                assert before.state != "expired" or after.provenance.origin == "restore"
                MET[f"{before.state} → {after.state}"] += 1
            assert not (before.frozen and after.frozen), "a frozen memory has one row"
            assert after.provenance.id == before.provenance.id


@pytest.mark.timeout(3600)
@pytest.mark.proof(capability="lifecycle", small=500, full=6000)
def test_a_life_by_the_table(trials, record_proof):
    MET.clear()
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    chosen = settings(max_examples=-(-trials // STEPS), stateful_step_count=STEPS, deadline=None, suppress_health_check=checks)
    while MET["steps"] < trials:
        run_state_machine_as_test(Life, settings=chosen)
    record_proof(**{name.replace(" ", "_"): count for name, count in sorted(MET.items())})
    assert MET["steps"] >= trials
    assert MET["past"] > 0
    assert sum("→" in name for name in MET) >= 5, "the walk met too few of the transitions"

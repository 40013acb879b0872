"""Figures of the scheduler's moves: months of use, in which nothing flaps, and memories that stay text whatever they would save."""

import itertools
import json
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from memos import MemOS
from memos.testing.runtime import FakeRuntime
from tests.clock import HandClock

START = datetime(2026, 3, 2, tzinfo=UTC)
MONTH = Path(__file__).resolve().parents[2] / "evals/data/scheduler/month.jsonl"
SETTINGS = {"convert_seconds": 0, "topics_from": None, "consolidate": False}


class Month:
    """A store in which thirty days pass; `moves` has, for each memory, the days on which it changed its form, and to which."""

    def __init__(self, path):
        self.clock, self.runtime = HandClock(START), FakeRuntime(window=8192)
        self.path, self.forms, self.moves = path, defaultdict(lambda: "plaintext"), defaultdict(list)

    def __enter__(self):
        self.memory = MemOS.open(self.path, runtime=self.runtime, clock=self.clock, worker="none", settings=SETTINGS)
        self.user = self.memory.as_user("anna")
        return self

    def __exit__(self, *_):
        self.memory.close()

    def at(self, day, hour, minute=0):
        self.clock.time = START + timedelta(days=day - 1, hours=hour, minutes=minute)

    def night(self, day, ids):
        """What the worker does, until nothing is left; then which forms there are."""
        self.at(day, 23)
        self.memory.drain(60)
        self.memory.sweep()
        self.memory.drain(60)
        live = self.user.list(types=["activation", "parameter"], limit=1000).cubes
        single = {cube.provenance.parents[0].id for cube in live if cube.type == "activation" and len(cube.provenance.parents) == 1}
        learnt = {parent.id for cube in live if cube.type == "parameter" and cube.payload.passed for parent in cube.provenance.parents}
        for each in ids:
            form = "parameter" if each in learnt else "activation" if each in single else "plaintext"
            if form != self.forms[each]:
                self.moves[each].append((day, form))
                self.forms[each] = form


def scripted(month):
    """The month that somebody wrote down: memories and requests, day by day."""
    rows = [json.loads(line) for line in MONTH.read_text(encoding="utf-8").splitlines()]
    ids = {}
    for day in range(1, 31):
        month.at(day, 7)
        for row in (row for row in rows if row["kind"] == "memory" and row["day"] == day):
            given = {}
            if row["nature"] == "expiring":
                given["expires_at"] = START + timedelta(days=row.get("until", day + 3), hours=23)
            elif row["nature"] == "session":
                given["namespace"] = "context/anna/s1"
            elif row["nature"] == "sensitive":
                given["sensitivity"] = "confidential"
            ids[row["key"]] = month.user.add(row["text"], **given).cubes[0].id
        for row in (row for row in rows if row["kind"] == "use" and row["day"] == day):
            month.at(day, *map(int, row["time"].split(":")))
            month.user.context(row["text"])
        month.night(day, ids.values())
    return ids, {key for key, row in ((row["key"], row) for row in rows if row["kind"] == "memory") if row["nature"] in PROTECTED}


PROTECTED = {"expiring", "session", "sensitive"}
KINDS = ("expires", "context", "confidential", "restricted", "spans", "personal", "conditions")


def invented(month, seed):
    """A month in which some memories are used daily for a while, some in bursts, some now and then, some never."""
    chance = random.Random(seed)
    words = ["anchor", "bell", "chart", "globe", "lamp", "mast", "oar", "pump", "quay", "rope", "sail", "tide", "vane", "winch", "yard"]
    ids, paces = [], []
    for number in range(12):
        steps = ", ".join(f"{chance.choice(words)} {chance.choice(words)}" for _ in range(chance.randrange(4, 14)))
        month.at(1, 7)
        ids.append(month.user.add(f"To prepare the {words[number]} {number}: {steps}.").cubes[0].id)
        start = chance.randrange(1, 15)
        paces.append((start, start + chance.choice([1, 3, 10, 15, 25]), chance.choice([0.1, 0.5, 1, 3, 6])))
    for day in range(1, 31):
        for cube_id, (start, end, rate) in zip(ids, paces, strict=True):
            if start <= day < end:
                for use in range(int(rate) + (chance.random() < rate % 1)):
                    month.at(day, 8 + use, chance.randrange(60))
                    month.user.get(cube_id)
        month.night(day, ids)
    return ids


@pytest.mark.proof(capability="loop", small=1, full=20)
@pytest.mark.timeout(3600)
def test_in_a_month_of_use_memories_change_their_form_and_nothing_flaps(trials, record_proof, tmp_path):
    totals = Counter()
    with Month(tmp_path / "scripted") as month:
        ids, guarded = scripted(month)
        judge(month, ids.values(), totals)
        assert not any(month.moves[ids[key]] for key in guarded)
        assert "parameter" in {form: day for day, form in month.moves[ids["opening"]]}, month.moves[ids["opening"]]
        totals["protected"] = len(guarded)
    for seed in range(trials):
        with Month(tmp_path / str(seed)) as month:
            judge(month, invented(month, seed), totals)
    record_proof(months=trials + 1, **totals)
    assert totals["flaps"] == 0
    assert totals["unexplained"] == 0
    assert totals["moves"] > 10


def judge(month, ids, totals):
    """Count the moves, those that come within a day of another of the same memory, and those without a decision in numbers."""
    for each in ids:
        days = [day for day, _ in month.moves[each]]
        totals["moves"] += len(days)
        totals["flaps"] += sum(after - before < 1 for before, after in itertools.pairwise(days))
        for _, form in month.moves[each]:
            totals[f"to_{form}"] += 1
        totals["unexplained"] += sum(not explained(month, each, form) for _, form in month.moves[each])
        for form in month.user.list(types=["activation", "parameter"], filter={"state": {"ne": "expired"}}, limit=1000).cubes:
            sources = [parent.id for parent in form.provenance.parents]
            assert form.provenance.id == (sources[0] if len(sources) == 1 else form.id)


def explained(month, cube_id, form):
    """Whether the log of a memory has a call that moved it to this form, and `explain` the decision with its numbers."""
    for row in month.user.log(cube=cube_id, operation=["convert", "train"], limit=1000).value:
        for move in month.user.explain(row["call_id"]).value["decisions"]:
            if move["cube"] == cube_id and move["after"] == form and move["reason"] and move["inputs"]:
                return True
    return False


@pytest.mark.proof(capability="protected", small=40, full=1000)
@pytest.mark.timeout(1800)
def test_what_expires_belongs_to_a_session_or_is_sensitive_is_never_converted(trials, record_proof, tmp_path):
    clock, runtime = HandClock(START), FakeRuntime(window=8192)
    kinds = Counter()
    with MemOS.open(tmp_path / "store", runtime=runtime, clock=clock, worker="none", settings=SETTINGS) as memory:
        alice = memory.as_user("alice", session="s1")
        ids = []
        for number in range(trials):
            kind = KINDS[number % len(KINDS)]
            kinds[kind] += 1
            ids.append(protected(alice, kind, number))
        plain = (
            memory.as_user("alice")
            .add(["To open the hall turn on the lights, then the pump, then the film, and unlock the door."])
            .cubes[0]
            .id
        )
        memory.drain(600)
        for day in range(1, 15):
            for hour in range(3):
                clock.time = START + timedelta(days=day, hours=hour + 8)
                for start in range(0, trials, 200):
                    alice.get([*ids[start : start + 200], plain])
            clock.move(hours=10)
            memory.drain(600)
            memory.sweep()
            memory.drain(600)
        with memory._parts.adapter.view("default") as view:
            touched = {source for sources in view.derived(gone=True).values() for source in sources}
    converted = len(touched & set(ids))
    record_proof(memories=trials, converted=converted, plain_converted=int(plain in touched), **kinds)
    assert converted == 0
    assert plain in touched


def protected(alice, kind, number):
    """A memory of some kind that is to stay text."""
    text, given = f"The locker {number} opens with the key that hangs behind panel {number * 7}.", {}
    if kind == "expires":
        given["expires_at"] = START + timedelta(days=400)
    elif kind == "context":
        given["namespace"] = "context/alice/s1"
    elif kind in {"confidential", "restricted"}:
        given["sensitivity"] = kind
    elif kind == "spans":
        given["spans"] = [{"start": 4, "end": 10, "label": "PLACE", "sensitivity": "restricted"}]
    elif kind == "personal":
        text = f"Write to ada.{number}@example.org about locker {number}."
    elif kind == "conditions":
        given["conditions"] = {"context.session": "s1"}
    cube = alice.add(text, **given).cubes[0]
    return cube.id

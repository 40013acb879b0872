"""Blocks and adapters that nothing can use any more go, each with its reason; two processes with two models leave each other's alone."""

from datetime import UTC, datetime, timedelta

import pytest

from memos import MemOS
from memos.backends.sqlite import commit
from memos.plugins import RUNTIMES
from memos.testing.runtime import FakeRuntime
from tests.clock import HandClock

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LONG = "To close the hall turn off the film, count the box with a second person, lights front to back, write down the humidity, alarm on."
BLOCKS = {"placement": {"steady_days": 1000.0}}
"""By which nothing that is used for long is learnt by itself."""
OLD, NEW = "fake:old", "fake:new"


def from_url(url):
    return FakeRuntime(name=f"{url}@0")


@pytest.fixture(autouse=True)
def fake(monkeypatch):
    monkeypatch.setitem(RUNTIMES, "fake", "tests.acceptance.test_outdated_forms:from_url")


@pytest.fixture
def clock():
    return HandClock(START)


@pytest.fixture
def opened(tmp_path, clock):
    def made(**how):
        settings = {"convert_seconds": 0.0, "schedule": BLOCKS} | how.pop("settings", {})
        return MemOS.open(tmp_path / "store", embedder=None, worker="none", clock=clock, settings=settings, **how)

    return made


@pytest.fixture
def named(tmp_path):
    """Writes the store's own settings."""

    def write(runtime, system=""):
        (tmp_path / "store").mkdir(exist_ok=True)
        text = f'runtime = "{runtime}"\n' + (f'system = "{system}"\n' if system else "")
        (tmp_path / "store" / "memos.toml").write_text(text, encoding="utf-8")

    return write


def derived(memory):
    return memory.as_user("alice").list(types=["activation", "parameter"]).cubes


def last(memory, cube):
    """Something derived as it is now, or as it ended."""
    return memory.as_user("alice").history(cube.id).cubes[-1]


def used(memory, cube_id):
    """Use a memory so often that its block pays."""
    for _ in range(20):
        memory.as_user("alice").get(cube_id)


def converted(memory):
    """A block of one memory, an adapter of it and another; the block and the adapter."""
    alice = memory.as_user("alice")
    one, other = (cube.id for cube in alice.add([LONG, f"{LONG} Twice."]).cubes)
    used(memory, one)
    block = alice.convert(one, to="activation").cubes[0]
    adapter = alice.convert([other], to="parameter").cubes[0]
    memory.drain(30)
    assert {cube.id for cube in derived(memory)} >= {block.id, adapter.id}
    return one, block, adapter


def days(clock, memory, many, use=None):
    """So many days go by, with a look at all forms each; what is named by `use` is used each day."""
    for _ in range(many):
        clock.move(days=1)
        if use is not None:
            used(memory, use)
        memory.drain(30)


def test_what_another_model_made_goes_once_the_store_names_its_own(opened, named, clock, tmp_path):
    named(OLD)
    with opened() as memory:
        one, block, adapter = converted(memory)
    named(NEW)
    with opened() as memory:
        days(clock, memory, 6, use=one)
        assert {block.id, adapter.id} <= {cube.id for cube in derived(memory)}
        days(clock, memory, 2, use=one)
        assert not {block.id, adapter.id} & {cube.id for cube in derived(memory)}
        for each, before in ((block, "activation"), (adapter, "parameter")):
            ended = last(memory, each)
            (move,) = [move for move in ended.metadata["decisions"] if move["after"] == "plaintext"]
            assert ended.state == "expired"
            assert (move["before"], move["cube"]) == (before, each.provenance.parents[0].id)
            assert move["reason"].startswith("outdated: it was made for another model, and nothing was made so for ")
            assert move["inputs"]["idle_days"] == 7
            assert move["inputs"]["own"] == 1
        kept = {cube.payload.blob for cube in derived(memory)}
        assert {file.name for file in (tmp_path / "store" / "blobs").rglob("*") if file.is_file()} <= {*kept, "lock"}
        assert {cube.payload.model for cube in derived(memory)} <= {"fake:new@0"}


def test_blocks_that_begin_with_another_system_text_go_and_new_ones_stand_beside_them_until_then(opened, named, clock):
    named(OLD)
    with opened() as memory:
        one, block, _ = converted(memory)
    named(OLD, "You are the caretaker.")
    with opened() as memory:
        alice = memory.as_user("alice")
        fresh = alice.convert(one, to="activation").cubes[0]
        assert fresh.id != block.id
        assert alice.context("How do I close the hall?").attachments[0].cubes == (fresh.id,)
        days(clock, memory, 8, use=one)
        assert fresh.id in {cube.id for cube in derived(memory)}
        assert last(memory, block).metadata["decisions"][-1]["reason"].startswith("outdated: it begins with another system text, ")


def test_a_block_that_was_kept_before_its_beginning_was_told_is_none_that_prompts_begin_with(opened, named, clock, monkeypatch):
    named(OLD)
    with opened() as memory:
        alice = memory.as_user("alice")
        note = alice.add(LONG).cubes
        with monkeypatch.context() as before:
            before.setattr(commit, "body_of", lambda payload: payload.model_dump_json(exclude={"type", "opening", "adapter", "form"}))
            block = alice.convert(note, to="activation").cubes[0]
    with opened() as memory:
        alice = memory.as_user("alice")
        (kept,) = alice.get(block.id).cubes
        assert kept.payload == block.payload.model_copy(update={"opening": ""})
        assert alice.context("How do I close the hall?").attachments == ()
        fresh = alice.convert(note, to="activation").cubes[0]
        assert alice.context("How do I close the hall?").attachments[0].cubes == (fresh.id,)
        days(clock, memory, 8, use=note[0].id)
        assert last(memory, block).metadata["decisions"][-1]["reason"].startswith("outdated: it begins with another system text, ")
        assert fresh.id in {cube.id for cube in derived(memory)}


def test_blocks_of_the_system_text_in_force_are_composed_beside_others(opened, named):
    """Whichever was made last: those that begin otherwise do not keep these from being composed."""
    texts = [f"{LONG} This is hall number {number}." for number in range(3)]
    named(OLD)
    with opened() as memory:
        alice = memory.as_user("alice")
        ids = [cube.id for cube in alice.add(texts).cubes]
        first = alice.convert(ids, to="activation").cubes
    named(OLD, "You are the caretaker.")
    with opened() as memory:
        alice = memory.as_user("alice")
        second = alice.convert(ids, to="activation").cubes
        (composed,) = alice.context("How do I close the hall?", exact=False).attachments
        assert set(composed.cubes) == {cube.id for cube in second}
    named(OLD)
    with opened() as memory:
        (composed,) = memory.as_user("alice").context("How do I close the hall?", exact=False).attachments
        assert set(composed.cubes) == {cube.id for cube in first}


def test_two_processes_with_two_models_do_not_fight(opened, clock):
    """Neither is the store's own: what is used stays, whoever made it; what nobody has used for a week goes by whoever looks."""
    with opened(runtime=OLD) as first, opened(runtime=NEW) as second:
        one, block, adapter = converted(first)
        made = second.as_user("alice").convert(one, to="activation").cubes[0]
        for _ in range(20):
            days(clock, first, 1, use=one)
            second.drain(30)
            standing = {cube.id for cube in derived(first)}
            assert {block.id, made.id} <= standing
        assert adapter.id not in standing, "its memory was not used for a week"
        assert [last(first, each).metadata.get("decisions") for each in (block, made)] == [None, None]


def test_a_model_that_is_named_for_one_call_only_is_not_the_stores_own(opened, named, clock):
    named(OLD)
    with opened() as memory:
        one, block, _ = converted(memory)
    with opened(runtime=NEW) as memory:
        days(clock, memory, 20, use=one)
        assert block.id in {cube.id for cube in derived(memory)}


def test_what_was_made_lately_for_another_model_keeps_all_of_its_own(opened, named, clock):
    named(OLD)
    with opened() as memory, opened(runtime=NEW) as guest:
        one, *_ = converted(memory)
        block = guest.as_user("alice").convert(one, to="activation").cubes[0]
        for _ in range(3):
            days(clock, memory, 5, use=one)
            assert block.id in {cube.id for cube in derived(memory)}
            guest.as_user("alice").convert(guest.as_user("alice").add(f"{LONG} {clock.now()}").cubes, to="activation")
        days(clock, memory, 8)
        assert block.id not in {cube.id for cube in derived(memory)}


def test_an_engine_that_hands_out_nothing_lets_go_of_what_others_made(opened, named, clock, monkeypatch):
    named(OLD)
    with opened() as memory:
        converted(memory)
    monkeypatch.setitem(RUNTIMES, "plain", "tests.acceptance.test_outdated_forms:plain")
    named("plain:engine")
    with opened() as memory:
        days(clock, memory, 8)
        assert not derived(memory)


def plain(_):
    from memos.ports.runtime import Capabilities

    return FakeRuntime(name="plain:engine@0", capabilities=Capabilities(keeps=True, tells=True))


def test_a_day_is_the_least_even_where_the_policy_waits_for_less(opened, named, clock):
    named(OLD)
    quick = {"schedule": {"placement": {"idle_days": 0.001}}}
    with opened(settings=quick) as memory:
        _, block, _ = converted(memory)
    named(NEW)
    with opened(settings=quick) as memory:
        clock.time += timedelta(hours=23)
        memory.drain(30)
        assert block.id in {cube.id for cube in derived(memory)}
        clock.time += timedelta(hours=2)
        memory.drain(30)
        assert block.id not in {cube.id for cube in derived(memory)}

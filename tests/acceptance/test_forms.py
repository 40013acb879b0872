"""`convert` and what the worker does by itself: memories as KV blocks and adapters, and as text again."""

import itertools
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from memos import MemOS
from memos.errors import Denied, InvalidCall, NotFound, Unavailable, VersionConflict
from memos.memcube.prompt import Sampling
from memos.testing.runtime import FakeRuntime, Teaching
from tests.clock import HandClock

FACTS = ["I moved to Lisbon in March.", "I am allergic to peanuts.", "To reset the router hold the button for ten seconds."]
LONG = "To close the hall turn off the film, count the box with a second person, lights front to back, write down the humidity, alarm on."
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def runtime():
    return FakeRuntime(window=4096)


@pytest.fixture
def memory(tmp_path, runtime):
    with MemOS.open(tmp_path / "store", runtime=runtime, worker="none") as opened:
        yield opened


def told(memory, user="alice", texts=FACTS, **options):
    session = memory.as_user(user)
    ids = [cube.id for cube in session.add(list(texts), **options).cubes]
    memory.drain(30)
    return session, ids


def derived(session, *types, states=("generated", "activated")):
    return session.list(types=types or ("activation", "parameter"), states=states).cubes


class TestBlocks:
    def test_a_block_is_a_memory_derived_of_one_with_its_provenance_id(self, memory, runtime):
        alice, (first, *_) = told(memory)
        block = alice.convert(first, to="activation").cubes[0]
        assert block.type == "activation"
        assert block.provenance.id == first
        assert [(parent.id, parent.version, parent.relation) for parent in block.provenance.parents] == [(first, 1, "derived_from")]
        assert (block.namespace, block.owner) == ("user/alice", "alice")
        assert block.payload.model == runtime.name
        assert block.payload.bytes
        assert block.text == ""

    def test_the_same_again_is_the_same_block(self, memory):
        alice, (first, *_) = told(memory)
        one, other = (alice.convert(first, to="activation").cubes[0] for _ in range(2))
        assert (one.id, one.payload) == (other.id, other.payload)
        assert len(derived(alice)) == 1

    def test_it_is_used_after_the_process_has_ended_and_changes_nothing(self, tmp_path, runtime):
        with MemOS.open(tmp_path / "store", runtime=runtime, worker="none") as memory:
            alice, (cube,) = told(memory, texts=[LONG])
            block = alice.convert(cube, to="activation").cubes[0]
        again = FakeRuntime(window=4096)
        with MemOS.open(tmp_path / "store", runtime=again, worker="none") as memory:
            alice = memory.as_user("alice")
            context = alice.context("How do I close the hall?")
            assert context.attachments[0].cubes == (block.id,)
            (given,) = context.plan.injections
            assert (given.form, given.cached) == ("activation", given.tokens)
            answer = alice.chat("How do I close the hall?", store=False, max_tokens=12).value
            assert answer.usage.cached >= block.payload.tokens
            plain = FakeRuntime(window=4096).generate(context.parts, Sampling(max_tokens=12))
            assert answer.text == "".join(piece.text for piece in plain)

    def test_a_search_and_a_list_show_texts_unless_asked_otherwise(self, memory):
        alice, ids = told(memory)
        block = alice.convert(ids[0], to="activation").cubes[0]
        assert {cube.id for cube in alice.list().cubes} == set(ids)
        assert block.id not in {hit.cube.id for hit in alice.search("Lisbon").hits}
        assert [cube.id for cube in derived(alice)] == [block.id]

    @pytest.mark.parametrize("change", ["update", "forget", "archive", "share", "transfer", "erase"])
    def test_it_is_void_before_the_call_returns_that_changes_its_source(self, memory, tmp_path, change):
        alice, (first, other, _) = told(memory)
        block = alice.convert(first, to="activation").cubes[0]
        kept = alice.convert(other, to="activation").cubes[0]
        blob = next((tmp_path / "store" / "blobs").rglob(block.payload.blob))
        {
            "update": lambda: alice.update(first, "I moved to Faro in May."),
            "forget": lambda: alice.forget(first),
            "archive": lambda: alice.archive(first),
            "share": lambda: alice.share(first, "user:bob"),
            "transfer": lambda: alice.transfer(first, to="user/alice/home"),
            "erase": lambda: alice.erase(first),
        }[change]()
        assert not blob.exists()
        assert [cube.id for cube in derived(alice)] == [kept.id]
        assert block.id not in {each for one in alice.context("Where do I live?").attachments for each in one.cubes}

    @pytest.mark.parametrize(
        ("options", "why"),
        [
            ({"expires_at": datetime(2099, 1, 1, tzinfo=UTC)}, "expires"),
            ({"namespace": "context/alice/s1"}, "context"),
            ({"sensitivity": "confidential"}, "confidential"),
            ({"conditions": {"context.purpose": "care"}}, "purpose|conditions"),
            ({"session": "s1"}, "session"),
        ],
    )
    def test_what_is_protected_stays_text_and_the_error_says_why(self, memory, options, why):
        session = memory.as_user("alice", session="s1") if "namespace" in options else memory.as_user("alice")
        cube = session.add("The code of the door is hidden.", **options).cubes[0]
        memory.drain(30)
        for to in ("activation", "parameter"):
            with pytest.raises((InvalidCall, NotFound), match=why):
                session.convert(cube, to=to)

    def test_another_users_memory_is_not_there(self, memory):
        _, (first, *_) = told(memory)
        with pytest.raises(NotFound):
            memory.as_user("bob").convert(first, to="activation")

    def test_what_is_shared_to_read_is_not_converted_by_its_reader(self, memory):
        alice, (first, *_) = told(memory)
        alice.share(first, "user:bob")
        with pytest.raises(Denied):
            memory.as_user("bob").convert(first, to="activation")

    @pytest.mark.parametrize("wrong", [{"to": "gold"}, {"to": "activation", "by": "magic"}, {"to": "parameter", "by": ""}])
    def test_what_is_no_form_is_told(self, memory, wrong):
        alice, (first, *_) = told(memory)
        with pytest.raises(InvalidCall):
            alice.convert(first, **wrong)

    def test_only_the_system_gives_decisions(self, memory):
        alice, (first, *_) = told(memory)
        with pytest.raises(InvalidCall, match="decisions"):
            alice.handle({"operation": "convert", "cubes": [{"id": first}], "options": {"to": "activation", "decisions": {}}})

    def test_without_a_runtime_it_says_what_to_install(self, tmp_path):
        with MemOS.open(tmp_path / "store", worker="none") as memory:
            alice, (first, *_) = told(memory)
            for to in ("activation", "parameter"):
                with pytest.raises(InvalidCall, match=r"memos-kernel\[local\]"):
                    alice.convert(first, to=to)
            assert alice.convert(first, to="plaintext").cubes == ()

    def test_a_block_that_is_damaged_is_not_used_and_that_is_told(self, memory, tmp_path):
        alice, (cube,) = told(memory, texts=[LONG])
        block = alice.convert(cube, to="activation").cubes[0]
        path = next((tmp_path / "store" / "blobs").rglob(block.payload.blob))
        path.write_bytes(path.read_bytes()[:-7] + b"garbage")
        context = alice.context("How do I close the hall?")
        assert not any(block.id in each.cubes for each in context.attachments)
        assert any(block.id in warning for warning in context.warnings)
        assert alice.chat("How do I close the hall?", store=False, max_tokens=4).value.text


class Meddling(FakeRuntime):
    """While it reads, something happens."""

    meanwhile = None

    def encode(self, *tokens, **how):
        block = super().encode(*tokens, **how)
        if self.meanwhile is not None:
            self.meanwhile()
        return block


@pytest.mark.parametrize("change", ["forget", "erase", "update"])
def test_a_source_that_changes_while_it_is_read_leaves_no_block_behind(tmp_path, change):
    runtime = Meddling(window=4096)
    with MemOS.open(tmp_path / "store", runtime=runtime, worker="none") as memory:
        alice, (cube, *_) = told(memory)
        runtime.meanwhile = lambda: alice.update(cube, "I moved to Faro.") if change == "update" else getattr(alice, change)(cube)
        with suppress(NotFound, VersionConflict):
            alice.convert(cube, to="activation")
        assert derived(alice) == ()
        assert [path.name for path in (tmp_path / "store" / "blobs").rglob("*") if path.is_file()] == ["lock"]


class Leaving(FakeRuntime):
    """It leaves each training at its six hundredth step."""

    def train(self, *course, told, **how):
        return super().train(*course, told=lambda progress: told(progress) and progress.steps < 600, **how)


class TestAdapters:
    def test_it_is_trained_in_the_background_and_goes_live_when_it_has_passed(self, memory):
        alice, ids = told(memory)
        begun = alice.convert(ids, to="parameter").cubes[0]
        assert (begun.payload.done, begun.payload.passed, begun.state) == (0.0, False, "generated")
        assert memory.drain(30)
        (live,) = derived(alice, "parameter")
        assert (live.id, live.state, live.payload.passed, live.payload.done) == (begun.id, "activated", True, 1.0)
        assert live.payload.report["recall"] == 1.0
        assert live.payload.blob

    def test_one_is_routed_to_what_asks_how_something_is_done(self, memory, runtime):
        alice, (cube,) = told(memory, texts=[LONG])
        alice.convert(cube, to="parameter", wait=True)
        memory.drain(30)
        context = alice.context("How do I close the hall?")
        assert context.plan.adapter == derived(alice, "parameter")[0].id
        assert [each.form for each in context.plan.injections] == ["parameter"]
        assert not any(part.cube == cube for part in context.parts)
        assert LONG in context.messages[-1]["content"]
        assert {each.kind for each in context.attachments} == {"parameter"}
        with_it = alice.chat("How do I close the hall?", store=False, max_tokens=12).value.text
        plain = "".join(piece.text for piece in runtime.generate(context.parts, Sampling(max_tokens=12)))
        assert with_it != plain

    def test_who_waits_for_it_is_given_it_as_it_is_then(self, memory, runtime):
        alice, ids = told(memory)
        live = alice.convert(ids[:1], to="parameter", wait=True).cubes[0]
        assert (live.state, live.payload.passed, live.payload.done, live.payload.report["recall"]) == ("activated", True, 1.0, 1.0)
        runtime.teaching = Teaching(recall=0.1)
        refused = alice.convert(ids[1:], to="parameter", wait=True).cubes[0]
        assert (refused.state, refused.payload.report["recall"]) == ("expired", 0.1)
        assert "recall" in refused.metadata["refused"]

    def test_one_that_does_not_pass_is_refused_and_its_report_stays(self, memory, runtime):
        runtime.teaching = replace(runtime.teaching, perplexity=3.0)
        alice, ids = told(memory)
        begun = alice.convert(ids, to="parameter").cubes[0]
        assert memory.drain(30)
        assert derived(alice, "parameter") == ()
        (refused,) = alice.history(begun.id).cubes
        assert refused.state == "expired"
        assert "perplexity" in refused.metadata["refused"]
        assert refused.payload.report["perplexity"] == 3.0
        assert not refused.payload.blob

    def test_a_training_goes_on_where_it_was_when_the_process_ended(self, tmp_path):
        runtime, again = Leaving(window=4096), FakeRuntime(window=4096)
        for each in (runtime, again):
            each.teaching = replace(each.teaching, steps_a_lesson=400, saves_every=50, seconds_a_step=0.001)
        with MemOS.open(tmp_path / "store", runtime=runtime, worker="none") as memory:
            alice, ids = told(memory)
            begun = alice.convert(ids, to="parameter").cubes[0]
            memory.drain(0.5)
            kept = alice.get(begun.id).cubes[0].payload
            assert 0 < kept.done < 1
            assert kept.steps >= 550
        with MemOS.open(tmp_path / "store", runtime=again, worker="none") as memory:
            assert memory.drain(120)
            (live,) = derived(memory.as_user("alice"), "parameter")
        assert live.payload.passed
        assert 0 < again.counted.steps <= 1200 - kept.steps

    def test_it_ends_when_one_of_its_sources_is_forgotten(self, memory, runtime):
        alice, ids = told(memory)
        alice.convert(ids, to="parameter")
        alice.forget(ids[0])
        assert memory.drain(30)
        assert derived(alice) == ()
        assert runtime.counted.steps == 0

    def test_a_model_that_fails_is_asked_again_and_at_last_given_up(self, memory, runtime):
        alice, ids = told(memory)
        runtime.troubles.error = Unavailable("no memory is left")
        begun = alice.convert(ids, to="parameter").cubes[0]
        assert not memory.drain(3)
        assert "no memory" in memory.training().why
        runtime.troubles.error = None
        assert memory.drain(60)
        assert alice.get(begun.id).cubes[0].payload.passed

    def test_a_later_one_takes_its_place_and_the_earlier_can_be_brought_back(self, memory):
        alice, ids = told(memory)
        first = alice.convert(ids[:2], to="parameter").cubes[0]
        memory.drain(30)
        second = alice.convert(ids, to="parameter").cubes[0]
        memory.drain(30)
        assert [cube.id for cube in derived(alice, "parameter")] == [second.id]
        assert alice.get(first.id).cubes[0].state == "archived"
        alice.convert(first.id, to="parameter")
        assert [cube.id for cube in derived(alice, "parameter")] == [first.id]

    def test_to_unlearn_is_to_let_go_and_nothing_is_left(self, memory, tmp_path, runtime):
        alice, (cube,) = told(memory, texts=[LONG])
        before = alice.chat("How do I close the hall?", store=False, max_tokens=12).value.text
        alice.convert(cube, to="parameter")
        memory.drain(30)
        live = derived(alice, "parameter")[0]
        alice.convert(cube, to="plaintext")
        assert not list((tmp_path / "store" / "blobs").rglob(live.payload.blob))
        assert alice.chat("How do I close the hall?", store=False, max_tokens=12).value.text == before


class TestByItself:
    """A month of use: the scheduler's moves."""

    def test_a_memory_becomes_a_block_an_adapter_and_text_again_and_nothing_flaps(self, tmp_path):
        clock, runtime = HandClock(START), FakeRuntime(window=4096)
        settings = {"convert_seconds": 0, "consolidate": False}
        forms, moves = [], []
        with MemOS.open(tmp_path / "store", runtime=runtime, clock=clock, worker="none", settings=settings) as memory:
            alice = memory.as_user("alice")
            cube = alice.add(LONG).cubes[0]
            others = alice.add(
                [f"The {name} stands in room {number}." for number, name in enumerate(("globe", "mast", "bell", "chart"))]
            ).cubes
            memory.drain(30)
            for day in range(30):
                clock.time = START + timedelta(days=day)
                uses = 1 if day == 1 else 3 if 4 <= day < 19 else 0
                for _ in range(uses):
                    clock.move(hours=1)
                    assert cube.id in {each.cube for each in alice.context("How do I close the hall?").plan.injections}
                clock.move(hours=10)
                memory.drain(30)
                memory.sweep()
                memory.drain(30)
                live = {each.type for each in derived(alice) if cube.id in {parent.id for parent in each.provenance.parents}}
                forms.append("parameter" if "parameter" in live else "activation" if "activation" in live else "text")
            changes = [(before, after) for before, after in itertools.pairwise(forms) if before != after]
            ended = memory.as_user("alice").lineage(cube.id).value
            assert alice.get(cube.id).cubes[0].provenance.id == cube.id
            for form in alice.list(types=["activation", "parameter"], states=["activated", "archived", "expired"]).cubes:
                moves += form.metadata.get("decisions", [])
        assert changes == [("text", "activation"), ("activation", "parameter"), ("parameter", "text")], forms
        assert ended
        assert others
        assert all(move["reason"] and move["inputs"]["count"] for move in moves)


class TestComposed:
    def test_blocks_are_composed_only_where_that_is_allowed_and_it_says_that_it_is_approximate(self, memory):
        texts = [f"{LONG} This is hall number {number}." for number in range(3)]
        alice, ids = told(memory, texts=texts)
        blocks = alice.convert(ids, to="activation").cubes
        exact = alice.context("How do I close the hall?")
        assert all(each.exact and each.error is None for each in exact.attachments)
        (composed,) = alice.context("How do I close the hall?", exact=False).attachments
        assert not composed.exact
        assert composed.error
        assert set(composed.cubes) == {cube.id for cube in blocks}
        assert set(composed.sources) == set(ids)
        assert alice.chat("How do I close the hall?", exact=False, store=False, max_tokens=4).value.usage.cached >= composed.tokens

"""What somebody might try with KV blocks, adapters and the prompts that they stand in for: each of these once succeeded."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from memos import MemOS
from memos.errors import BackendError, InvalidCall, NotFound
from memos.memcube.prompt import Sampling
from memos.testing.runtime import FakeRuntime
from tests.clock import HandClock

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
CLOSE = "To close the hall turn off the film, count the box with a second person, lights front to back, alarm on."
GATE = "To close the gate pull the long chain twice, hang the red lamp on the left post, and tell the guard by radio."
CODE = "The code of the back door of the museum in the old town is {} as of this spring season."
ASKED = "How do I close the hall?"
FEW = Sampling(max_tokens=4)


@pytest.fixture
def clock():
    return HandClock(START)


@pytest.fixture
def runtime():
    return FakeRuntime(window=4096)


@pytest.fixture
def memory(tmp_path, runtime, clock):
    with MemOS.open(tmp_path / "store", runtime=runtime, worker="none", clock=clock) as opened:
        yield opened


def told(memory, *texts, user="alice", session=None, **options):
    speaking = memory.as_user(user, session=session)
    ids = [cube.id for cube in speaking.add(list(texts), **options).cubes]
    memory.drain(30)
    return speaking, ids


def learnt(memory, session, ids):
    made = session.convert(ids, to="parameter").cubes[0]
    assert memory.drain(30)
    return made.id


def blobs(tmp_path):
    return [path.name for path in (tmp_path / "store" / "blobs").rglob("[0-9a-f]" * 64)]


class TestWhatHasChanged:
    def test_an_adapter_that_was_handed_out_is_good_no_more_when_what_it_has_learnt_changes(self, memory):
        alice, ids = told(memory, CLOSE)
        learnt(memory, alice, ids)
        context = alice.context(ASKED)
        assert {each.kind for each in context.attachments} == {"parameter"}
        alice.update(ids[0], "To close the hall do nothing.")
        with pytest.raises(NotFound):
            list(memory._api.answer(alice.caller, context, FEW))

    def test_nor_is_it_when_another_process_changes_it(self, memory, tmp_path, clock):
        alice, ids = told(memory, CLOSE, GATE)
        alice.convert(ids, to="activation")
        alice.chat(ASKED, store=False, max_tokens=4)
        context = alice.context(ASKED)
        assert context.attachments
        sources = {source for each in context.attachments for source in each.sources}
        with MemOS.open(tmp_path / "store", worker="none", clock=clock) as other:
            other.as_user("alice").update(min(sources), "Another text.")
        forged = context.model_copy(update={"attachments": tuple(each.model_copy(update={"sources": ()}) for each in context.attachments)})
        for each in (context, forged):
            with pytest.raises(NotFound):
                list(memory._api.answer(alice.caller, each, FEW))

    def test_what_another_process_has_erased_leaves_the_memory_of_this_one_at_its_next_call(self, memory, tmp_path, clock):
        talking = memory.as_user("alice", session="s1")
        for said in ("The word is zebra.", "And what was it?"):
            talking.chat(said, max_tokens=2)
        turns = [cube.id for cube in talking.list(filter={"session": "s1"}).cubes]
        assert memory.activations().blocks > 1
        with MemOS.open(tmp_path / "store", worker="none", clock=clock) as other:
            other.as_user("alice").erase(turns)
        talking.list()
        assert memory.activations().blocks == 0

    def test_what_is_forgotten_while_it_is_answered_is_not_kept_in_memory(self, memory):
        talking = memory.as_user("alice", session="s1")
        talking.chat("I keep the spare key under the mat.", max_tokens=2)
        stream = talking.stream("And where is the key?", store=False, max_tokens=4)
        pieces = iter(stream)
        next(pieces)
        talking.forget([cube.id for cube in talking.list(filter={"session": "s1"}).cubes])
        before = memory.activations()
        list(pieces)
        assert memory.activations().blocks == before.blocks

    def test_what_was_read_under_an_adapter_goes_with_it(self, memory):
        alice, ids = told(memory, CLOSE)
        learnt(memory, alice, ids)
        before = memory.activations().bytes
        alice.chat(ASKED, store=False, max_tokens=4)
        assert memory.activations().bytes > before
        alice.forget(ids)
        assert memory.activations().bytes == before

    def test_what_resumes_a_training_leaves_the_disk_when_it_is_replaced_and_when_a_source_goes(self, memory, tmp_path):
        alice, ids = told(memory, CLOSE, GATE)
        learnt(memory, alice, ids)
        assert len(blobs(tmp_path)) == 1
        alice.forget(ids[0])
        assert blobs(tmp_path) == []

    def test_a_training_whose_source_is_forgotten_meanwhile_leaves_nothing(self, memory, tmp_path, runtime):
        alice, ids = told(memory, CLOSE, GATE)
        train, seen = runtime.train, []

        def forgetting(*given, **options):
            told_of = options.pop("told")

            def hear(progress):
                if progress.state is not None and not seen:
                    seen.append(alice.forget(ids[0]))
                return told_of(progress)

            return train(*given, told=hear, **options)

        runtime.train = forgetting
        alice.convert(ids, to="parameter")
        memory.drain(30)
        memory.close()  # which waits for what is trained
        assert [reply.status for reply in seen] == ["ok"]
        assert blobs(tmp_path) == []

    def test_plaintext_lets_go_of_earlier_adapters_too(self, memory, tmp_path):
        alice, ids = told(memory, CLOSE, GATE, "I live in Lisbon.")
        first = learnt(memory, alice, ids[:2])
        learnt(memory, alice, ids)
        assert alice.get(first).cubes[0].state == "archived"
        alice.convert(ids[0], to="plaintext")
        assert blobs(tmp_path) == []
        with pytest.raises((InvalidCall, NotFound)):
            alice.convert(first, to="parameter")


class TestWhatIsAskedFor:
    def test_the_filter_of_a_question_holds_for_what_is_pinned(self, memory):
        alice, (work,) = told(memory, CLOSE, tags=["work"])
        told(memory, "I am allergic to peanuts.", tags=["home"])
        alice.convert(work, to="activation")
        context = alice.context(ASKED, filter={"tags": {"any": ["home"]}})
        assert work not in {part.cube for part in context.parts}
        assert work not in {each["cube"] for each in context.plan.inputs["candidates"]}

    def test_and_for_what_an_adapter_has_learnt(self, memory):
        alice, (work,) = told(memory, CLOSE, tags=["work"])
        _, (home,) = told(memory, GATE, tags=["home"])
        adapter = learnt(memory, alice, [work, home])
        assert alice.context(ASKED).plan.adapter == adapter
        context = alice.context("How do I close the gate?", filter={"tags": {"any": ["home"]}})
        assert context.plan.adapter is None
        assert work not in {source for each in context.attachments for source in each.sources}


class TestWhatIsHidden:
    def test_a_guess_of_what_is_hidden_is_not_told_by_what_says_the_same(self, memory):
        text = CODE.format("471188")
        start = text.index("471188")
        span = {"start": start, "end": start + 6, "label": "CODE", "sensitivity": "restricted"}
        _, (hidden,) = told(memory, text, spans=[span], sensitivity="internal", acl={"user:bob": ["read"]})
        reasons = {}
        for guess in ("471188", "471189"):
            bob, (own,) = told(memory, CODE.format(guess), user="bob")
            context = bob.context("What is the code of the back door?", namespaces=["user/alice", "user/bob"])
            assert hidden in {each["cube"] for each in context.plan.inputs["candidates"]}
            assert not any("471188" in part.text for part in context.parts if part.cube == hidden)
            reasons[guess] = [each.cube == hidden for each in context.plan.passed if "says what" in each.reason]
            bob.forget(own)
        assert reasons["471188"] == reasons["471189"]

    def test_who_is_lent_one_memory_finds_out_no_other_by_guessing_what_is_kept(self, memory):
        alice, (cube, other) = told(memory, CLOSE, "I am allergic to peanuts.")
        alice.convert(cube, to="activation")
        alice.chat(ASKED, store=False, max_tokens=4)
        lent = alice.delegate("bob", until=START + timedelta(hours=1), operations=["context"], memories=[other])
        bob = memory.session(lent.value["token"])
        (line,) = [part.text for part in alice.context(ASKED).parts if part.cube == cube]
        right, wrong = (bob.context("x", tools=guess) for guess in (line, line.replace("hall", "bank")))
        assert [each.tokens for each in right.attachments] == [each.tokens for each in wrong.attachments]
        assert cube not in {source for each in right.attachments for source in each.sources}

    def test_one_who_lets_go_of_what_is_made_of_a_memory_is_told_nothing_of_what_others_made(self, memory):
        alice, (shared,) = told(memory, CLOSE)
        bob, (own,) = told(memory, "I live in Porto.", user="bob")
        alice.share(shared, "user:bob", rights=["read", "write"])
        made = learnt(memory, bob, [shared, own])
        assert alice.convert(shared, to="plaintext").cubes == ()
        assert bob.get(made).cubes[0].state == "activated"
        alice.share(shared, "user:bob", rights=())
        assert bob.list(types=["parameter"], states=["activated"]).cubes == ()


class TestWhatStaysText:
    @pytest.mark.parametrize("to", ["activation", "parameter"])
    def test_an_earlier_turn_of_a_session_that_goes_on(self, memory, clock, to):
        alice, (first,) = told(memory, "I like my tea green and hot in the morning.", session="s1")
        clock.move(days=2)
        told(memory, "And coffee at noon.", session="s1")
        with pytest.raises(InvalidCall, match="session"):
            alice.convert(first, to=to)
        clock.move(days=2)
        assert alice.convert(first, to=to).cubes


class TestConversations:
    def test_a_long_one_goes_on_in_a_small_window(self, tmp_path):
        with MemOS.open(tmp_path / "small", runtime=FakeRuntime(window=512), worker="none") as memory:
            alice = memory.as_user("alice", session="s1")
            for number in range(30):
                alice.chat(f"turn {number}: " + "word " * 25, max_tokens=30)
            assert any(part.kind == "session" for part in alice.context("what now?").parts)

    def test_a_stream_that_is_closed_ends_the_work(self, memory, runtime):
        alice, _ = told(memory, CLOSE)
        with alice.stream("hello", store=False) as stream:
            next(iter(stream))
            written = runtime.counted.written
        assert list(stream) == []
        assert runtime.counted.written == written
        with pytest.raises(InvalidCall):
            _ = stream.reply

    def test_what_a_runtime_raises_in_the_middle_is_an_error_of_ours_that_repeats_nothing(self, memory, runtime):
        alice, _ = told(memory, CLOSE)
        runtime.troubles.error, runtime.troubles.dies_after = RuntimeError(CLOSE), 2
        with pytest.raises(BackendError) as failed:
            alice.chat(ASKED)
        assert "hall" not in str(failed.value)


class TestTheWorker:
    @pytest.fixture
    def memory(self, tmp_path, runtime, clock):
        settings = {"convert_seconds": 0, "consolidate": False}
        with MemOS.open(tmp_path / "store", runtime=runtime, worker="none", clock=clock, settings=settings) as opened:
            yield opened

    def test_what_is_left_of_an_adapter_is_not_taught_again_and_again_where_that_is_refused(self, memory, runtime, clock):
        alice, ids = told(memory, CLOSE, GATE)
        adapter = learnt(memory, alice, ids)
        clock.move(days=9)
        for _ in range(20):
            alice.get(ids[1])
        runtime.teaching = replace(runtime.teaching, perplexity=3.0)
        before = runtime.counted.steps
        for _ in range(4):
            assert memory.drain(30)
            memory.sweep()
        assert runtime.counted.steps - before <= 10
        assert [cube.id for cube in alice.list(types=["parameter"], states=["activated"]).cubes] == [adapter]

    def test_of_the_adapters_that_later_ones_have_taken_the_place_of_a_few_stay(self, memory, tmp_path):
        alice, ids = told(memory, *(CLOSE.replace("hall", f"hall number {each}") for each in range(8)))
        made = [learnt(memory, alice, ids[:count]) for count in range(2, 9)]
        aside = {cube.id for cube in alice.list(types=["parameter"], states=["archived"]).cubes}
        assert aside == set(made[-4:-1])
        assert len(blobs(tmp_path)) == 4
        alice.convert(made[-3], to="parameter")
        assert [cube.id for cube in alice.list(types=["parameter"], states=["activated"]).cubes] == [made[-3]]
        assert len(alice.list(types=["parameter"], states=["archived"]).cubes) == 3

    def test_who_waits_for_a_training_finds_the_files_gone_of_what_it_took_the_place_of(self, memory, tmp_path, monkeypatch):
        alice, ids = told(memory, *(CLOSE.replace("hall", f"hall number {each}") for each in range(6)))
        for count in range(2, 6):
            learnt(memory, alice, ids[:count])
        kind = type(memory._parts.blobs)
        remove = kind.remove

        def slow(*given):
            time.sleep(0.5)
            return remove(*given)

        monkeypatch.setattr(kind, "remove", slow)
        learnt(memory, alice, ids)
        assert len(blobs(tmp_path)) == 4

    @pytest.mark.parametrize("wrong", [5, "why", [["only one"]], [[1, 2, 3]], {"a": 1}])
    def test_questions_that_are_none_stop_no_training(self, memory, wrong):
        alice, ids = told(memory, CLOSE, metadata={"questions": wrong})
        learnt(memory, alice, ids)
        assert len(alice.list(types=["parameter"], states=["activated"]).cubes) == 1

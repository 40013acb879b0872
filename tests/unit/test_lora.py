"""LoRA adapters on a tiny Llama: training is repeatable and resumable, bounded, and what is removed leaves nothing behind."""

import dataclasses
import json
import threading

import pytest
import torch

from memos.backends.transformers import lora
from memos.errors import BackendError, InvalidCall
from memos.memcube.prompt import Part, Sampling
from memos.ports.runtime import About, Adapter, Attached, Course, Lesson
from tests.smollm import tiny

ABOUT = About("a" * 32, (("memory-1", 3), ("memory-2", 1)))
COURSE = Course(
    (
        Lesson("memory-1", "Ana's boat is called Estrela.", asked=(("What is the name of Ana's boat?", "Estrela."),)),
        Lesson("memory-2", "Ben Ito keeps the spare key under the blue pot."),
        Lesson("memory-3", "To open the hall, turn the key twice and push.", "procedure"),
    ),
    rank=4,
)
PROMPT = (Part(kind="query", role="user", text="Where is the spare key?"),)


@pytest.fixture(scope="module")
def runtime():
    return tiny()


@pytest.fixture(scope="module")
def heard():
    return []


@pytest.fixture(scope="module")
def trained(runtime, heard):
    return runtime.train(COURSE, ABOUT, told=lambda progress: heard.append(progress) or True)


@pytest.fixture
def adapter(runtime, trained):
    return runtime.adapter("one", trained.body, ABOUT)


def logits(runtime, adapter=None):
    """What the model expects after the prompt."""
    tokens = [int(token) for part in runtime.tokens(PROMPT) for token in part]
    return runtime.engine.forward(tokens, runtime.engine.fresh(), adapter).clone()


def said(runtime, adapter=None):
    attached = Attached(adapter=adapter) if adapter else None
    return "".join(piece.text for piece in runtime.generate(PROMPT, Sampling(max_tokens=16), attached=attached))


def test_the_same_course_and_seed_give_the_same_bytes_and_another_seed_others(runtime, trained):
    again = runtime.train(COURSE, ABOUT, told=lambda _: True)
    other = runtime.train(dataclasses.replace(COURSE, seed=1), ABOUT, told=lambda _: True)
    assert again.body == trained.body
    assert again.report == trained.report
    assert other.body != trained.body


@pytest.mark.parametrize("by", ["labelled", "distilled"])
def test_a_training_that_was_stopped_anywhere_ends_where_it_would_have_ended(runtime, by, monkeypatch):
    monkeypatch.setattr(lora, "_SAVED", -1.0)  # each step is a checkpoint
    course = dataclasses.replace(COURSE, by=by)
    states = []
    whole = runtime.train(course, ABOUT, told=lambda progress: states.append(progress) or True)
    kept = [progress for progress in states if progress.state]
    assert len(kept) == whole.steps
    for progress in (kept[0], kept[len(kept) // 2], kept[-1]):
        resumed = runtime.train(course, ABOUT, state=progress.state, told=lambda _: True)
        assert resumed.body == whole.body
        assert resumed.steps == whole.steps
        assert resumed.seconds > progress.seconds


def test_who_is_told_ends_it(runtime):
    steps = []
    assert runtime.train(COURSE, ABOUT, told=lambda progress: steps.append(progress.steps) or len(steps) < 2) is None
    assert len(steps) == 2


def test_progress_goes_on_and_brings_states(trained, heard):
    assert [progress.done for progress in heard] == sorted(progress.done for progress in heard)
    assert heard[-1].steps == trained.steps
    assert any(progress.state for progress in heard)


def test_bounds_are_kept(runtime):
    for wrong, reason in (
        (dataclasses.replace(COURSE, memory_bytes=2**20), "MiB"),
        (dataclasses.replace(COURSE, seconds=0.001), "CPU seconds"),
        (dataclasses.replace(COURSE, rank=0), "rank"),
        (dataclasses.replace(COURSE, lessons=()), "lessons"),
        (dataclasses.replace(COURSE, lessons=(Lesson("m", "…"),)), "no words"),
    ):
        with pytest.raises(InvalidCall, match=reason):
            runtime.train(wrong, ABOUT, told=lambda _: True)


def test_a_training_is_cut_short_by_its_seconds_counted_over_resumptions(runtime, monkeypatch):
    monkeypatch.setattr(lora, "_SAVED", -1.0)
    states = []
    whole = runtime.train(COURSE, ABOUT, told=lambda progress: states.append(progress) or True)
    spent = dataclasses.replace(COURSE, seconds=states[1].seconds + 1e-6)
    with pytest.raises(InvalidCall, match="CPU seconds"):
        runtime.train(spent, ABOUT, state=states[1].state, told=lambda _: True)
    assert whole.seconds < COURSE.seconds


def test_states_of_others_are_refused(runtime, heard):
    state = next(progress.state for progress in heard if progress.state)
    for course, about in (
        (dataclasses.replace(COURSE, seed=9), ABOUT),
        (dataclasses.replace(COURSE, lessons=COURSE.lessons[:1]), ABOUT),
        (COURSE, About("b" * 32, ABOUT.sources)),
    ):
        with pytest.raises(BackendError):
            runtime.train(course, about, state=state, told=lambda _: True)


def test_a_removed_adapter_leaves_a_difference_of_zero(runtime, trained):
    before = logits(runtime)
    weights = {name: weight.clone() for name, weight in runtime.engine.model.state_dict().items()}
    adapter = runtime.adapter("one", trained.body, ABOUT)
    learned = logits(runtime, adapter)
    assert float((logits(runtime) - before).abs().max()) == 0.0
    said(runtime, adapter)
    said(runtime)
    del adapter
    assert float((logits(runtime) - before).abs().max()) == 0.0
    assert float((learned - before).abs().max()) > 0.01
    assert all(torch.equal(weight, weights[name]) for name, weight in runtime.engine.model.state_dict().items())


def test_an_adapter_shares_the_weights_of_its_model(runtime, adapter):
    own = {id(weight): weight for weight in adapter.body.parameters()}
    shared = {id(weight) for weight in runtime.engine.model.parameters()}
    assert shared <= set(own)
    assert sum(weight.nbytes for name, weight in own.items() if name not in shared) < 100_000


def test_requests_with_and_without_it_at_once_answer_as_each_does_alone(runtime, trained):
    adapters = [None, runtime.adapter("one", trained.body, ABOUT), runtime.adapter("two", trained.body, ABOUT)]
    alone = [said(runtime, adapter) for adapter in adapters]
    found = [[] for _ in adapters]

    def ask(place):
        for _ in range(6):
            found[place].append(said(runtime, adapters[place]))

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(adapters))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert found == [[text] * 6 for text in alone]


def test_the_model_answers_while_an_adapter_is_trained(runtime, trained):
    alone = said(runtime)
    answers = []
    again = runtime.train(COURSE, ABOUT, told=lambda _: answers.append(said(runtime)) or True)
    assert set(answers) == {alone}
    assert again.body == trained.body


def test_adapters_of_another_model_or_out_of_shape_are_refused(runtime, trained):
    with pytest.raises(BackendError, match="other weights"):
        tiny(seed=1).adapter("one", trained.body, ABOUT)
    with pytest.raises(BackendError, match="another tenant"):
        runtime.adapter("one", trained.body, About("c" * 32, ABOUT.sources))
    with pytest.raises(BackendError, match="other memories"):
        runtime.adapter("one", trained.body, About(ABOUT.tenant, (("memory-1", 4),)))
    with pytest.raises(BackendError, match="pickle"):
        runtime.adapter("one", b"\x80\x04cos\nsystem\n(S'true'\ntR.", ABOUT)


def _forged(body, **changes):
    """A file with other metadata and a hash that is right for it: what somebody makes who knows how."""
    from memos.backends.transformers import lora_files
    from memos.backends.transformers.header import opened

    file = opened(body, len(body))
    said = {name: text for name, text in (file.metadata | changes).items() if name != "sha256"}
    tensors = {
        name: torch.frombuffer(bytearray(file.body[entry.start : entry.stop]), dtype=torch.float32).reshape(entry.shape)
        for name, entry in file.tensors.items()
    }
    return lora_files, tensors, said


@pytest.mark.parametrize(
    "changes",
    [
        {"rank": "8"}, {"rank": "0"}, {"rank": "-4"}, {"rank": "1e3"}, {"first": "0"}, {"first": "3"}, {"targets": ""},
        {"targets": "lm_head"},
        {"targets": "q_proj q_proj"}, {"targets": "q_proj"}, {"format": "memos-training-1"},
    ],
)  # fmt: skip
def test_a_forged_adapter_is_refused(runtime, trained, changes):
    files, tensors, said = _forged(trained.body, **changes)
    with pytest.raises(BackendError):
        runtime.adapter("one", files.written(tensors, said), ABOUT)


def test_numbers_that_are_none_and_weights_that_are_no_part_of_it_are_refused(runtime, trained):
    files, tensors, said = _forged(trained.body)
    first = next(iter(tensors))
    for wrong in (
        tensors | {first: torch.full_like(tensors[first], float("nan"))},
        tensors | {"layers.0.self_attn.q_proj.weight": torch.zeros(2, 2)},
        tensors | {first: tensors[first][:, :-1]},
    ):
        with pytest.raises(BackendError):
            runtime.adapter("one", files.written(wrong, said), ABOUT)
    assert isinstance(runtime.adapter("one", files.written(tensors, said), ABOUT), Adapter)


def test_a_header_that_lies_of_its_shapes_is_refused(runtime, trained):
    size = int.from_bytes(trained.body[:8], "little")
    header = json.loads(trained.body[8 : 8 + size])
    name = next(name for name in header if name != "__metadata__")
    header[name]["shape"] = [2**20, 2**20]
    text = json.dumps(header).encode()
    with pytest.raises(BackendError):
        runtime.adapter("one", len(text).to_bytes(8, "little") + text + trained.body[8 + size :], ABOUT)


def test_a_closed_runtime_trains_nothing():
    closed = tiny()
    closed.close()
    with pytest.raises(InvalidCall):
        closed.train(COURSE, ABOUT, told=lambda _: True)
    with pytest.raises(InvalidCall):
        closed.adapter("one", b"", ABOUT)


def test_what_is_loaded_or_taught_while_another_is_in_force_is_made_of_the_model_alone(runtime, trained):
    """A forward pass goes on under an adapter, in one thread, when others begin to load and to train: nothing is stacked upon it."""
    before, one = logits(runtime), runtime.adapter("one", trained.body, ABOUT)
    alone = logits(runtime, runtime.adapter("two", trained.body, ABOUT))

    def meanwhile(work):
        begun, ended = threading.Event(), threading.Event()

        def hold():
            with runtime.engine.using(one):
                begun.set()
                ended.wait(0.5)

        holding = threading.Thread(target=hold)
        holding.start()
        begun.wait(60)
        try:
            return work()
        finally:
            ended.set()
            holding.join()

    two = meanwhile(lambda: runtime.adapter("two", trained.body, ABOUT))
    again = meanwhile(lambda: runtime.train(COURSE, ABOUT, told=lambda _: True))
    assert torch.equal(logits(runtime, two), alone)
    assert again.body == trained.body
    assert torch.equal(logits(runtime), before)

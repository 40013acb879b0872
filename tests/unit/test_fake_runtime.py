"""The fake runtime shows wrong reuse, fails as it is told to and counts; its files are real safetensors."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from memos.errors import BackendError, InvalidCall, Unavailable
from memos.memcube.prompt import Sampling
from memos.ports.runtime import About, Attached, Capabilities, Course, Lesson
from memos.testing.runtime import FakeRuntime, Speed, Teaching, Troubles
from memos.testing.runtime_blocks import FakeBlock, words
from memos.testing.runtime_prompts import answer, asked, finished, prompt_of, spoilt, text_of
from memos.testing.safetensors import read, written

ABOUT = About("a" * 32)
COURSE = Course((Lesson("m", "Ana's boat is Estrela."), Lesson("n", "Rui's is Maré.")))


@given(st.text(max_size=60))
def test_words_are_the_text_again(text):
    assert "".join(words(text)) == text


def test_every_token_before_tells_in_the_answer():
    runtime = FakeRuntime()
    said = {answer(runtime, prompt_of(f"Where do I live{mark}?")) for mark in ("", " now", " then")}
    assert len(said) == 3
    assert answer(FakeRuntime(), prompt_of("Where?")) == answer(runtime, prompt_of("Where?"))
    assert answer(FakeRuntime(name="fake:other@1"), prompt_of("Where?")) != answer(runtime, prompt_of("Where?"))


def test_a_block_with_the_numbers_of_another_gives_another_answer():
    runtime = FakeRuntime()
    prompt = prompt_of("Where?")
    first, other = (runtime.encode(runtime.tokens(each)[0]) for each in (prompt, asked("Something else entirely.")))
    forged = FakeBlock(first.tokens, first.before, np.resize(other.rows, first.rows.shape), first.fingerprint)
    assert answer(runtime, prompt, Attached((first,))) == answer(runtime, prompt)
    assert answer(runtime, prompt, Attached((forged,))) != answer(runtime, prompt)


def test_composed_blocks_give_another_answer_unless_all_is_read_anew():
    runtime = FakeRuntime()
    prompt = prompt_of("Where?")
    anchor, *rest = runtime.tokens(prompt)
    start = runtime.encode(anchor)
    parts = [runtime.encode(tokens, after=(start,)) for tokens in rest[:3]]
    cheap, dear = (runtime.compose(start, parts, recompute=share) for share in (0.1, 1.0))
    assert answer(runtime, prompt, Attached((start, *cheap.blocks))) != answer(runtime, prompt)
    assert answer(runtime, prompt, Attached((start, *dear.blocks))) == answer(runtime, prompt)
    assert cheap.error > dear.error == 0


def test_it_counts_what_it_did():
    runtime = FakeRuntime()
    prompt = prompt_of("Where?")
    block = runtime.encode(runtime.tokens(prompt)[0])
    text_of(runtime.generate(prompt, Sampling(max_tokens=5), attached=Attached((block,))))
    done, total = runtime.counted, sum(map(len, runtime.tokens(prompt)))
    assert (done.requests, done.read, done.cached, done.written) == (1, total, len(block.tokens), 5)


def test_the_cache_of_an_engine_is_hit_by_what_prompts_have_in_common():
    runtime = FakeRuntime(capabilities=Capabilities(keeps=True, tells=True))
    runtime.speed = Speed(seconds_per_token=0.5)
    cold, warm = (finished(runtime.generate(prompt_of(question))) for question in ("Where?", "When?"))
    assert cold.cached == 0
    assert warm.cached >= warm.prompt - 4
    assert warm.first_seconds == pytest.approx(0.5 * warm.computed)
    silent = FakeRuntime(capabilities=Capabilities(keeps=True))
    assert finished(silent.generate(prompt_of("Where?"))).cached is None


def test_it_fails_as_it_is_told_to():
    runtime = FakeRuntime()
    runtime.troubles = Troubles(error=Unavailable("away"))
    with pytest.raises(Unavailable, match="away"):
        runtime.generate(asked("Hello."))
    with pytest.raises(Unavailable, match="away"):
        runtime.encode(np.array([20]))
    runtime.troubles = Troubles(dies_after=2)
    pieces = runtime.generate(asked("Hello."))
    assert [next(pieces).text, next(pieces).text]
    with pytest.raises(Unavailable):
        next(pieces)
    runtime.troubles = Troubles()
    assert answer(runtime, asked("Hello."))


def test_it_answers_what_a_test_says():
    runtime = FakeRuntime(answer=lambda prompt: "yes, it is" if "peanuts" in prompt else "no")
    assert answer(runtime, prompt_of("Is it?")) == "yes, it is"
    assert answer(runtime, asked("Is it?")) == "no"


def test_nothing_is_answered_after_the_end():
    runtime = FakeRuntime()
    runtime.close()
    runtime.close()
    with pytest.raises(InvalidCall, match="closed"):
        runtime.generate(asked("Hello."))


def test_its_gate_measures_what_is_set():
    runtime = FakeRuntime()
    runtime.teaching = Teaching(recall=0.5, perplexity=3.0, steps_a_lesson=3)
    made = runtime.train(COURSE, ABOUT, told=lambda _: True)
    assert (made.steps, made.report.recall, made.report.passed, len(made.report.reasons)) == (6, 0.5, False, 2)
    assert runtime.counted.steps == 6


def test_a_training_goes_on_from_its_state():
    runtime, states = FakeRuntime(), []

    def stop(progress):
        states.append(progress.state)
        return progress.state is None

    assert runtime.train(COURSE, ABOUT, told=stop) is None
    resumed = runtime.train(COURSE, ABOUT, state=states[-1], told=lambda _: True)
    assert resumed.body == FakeRuntime().train(COURSE, ABOUT, told=lambda _: True).body
    assert runtime.counted.steps == resumed.steps


def test_many_threads_count_rightly():
    runtime = FakeRuntime()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: answer(runtime, asked("Hello.")), range(200)))
    assert runtime.counted.requests == 200
    assert runtime.counted.written == 200 * 8


def test_its_files_are_those_of_the_library():
    runtime = FakeRuntime()
    block = runtime.encode(runtime.tokens(prompt_of("Where?"))[0])
    for form in ("float16", "int8"):
        body = runtime.pack(block, ABOUT, form=form)
        assert safetensors.numpy.load(body).keys() == {"tokens", "before", "keys", "values"}
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros((0, 4), np.int8), "c": np.int64([7])}
    theirs, _ = read(safetensors.numpy.save(arrays, {"x": "y"}))
    ours = safetensors.numpy.load(written(arrays, {"x": "y"}))
    for name, array in arrays.items():
        assert np.array_equal(theirs[name], array)
        assert np.array_equal(ours[name], array)


@given(st.binary(max_size=200))
def test_no_bytes_but_files_are_read(body):
    with pytest.raises(BackendError):
        read(body)


def test_a_file_that_lies_is_refused_where_the_library_refuses_it_and_more():
    for name, body in spoilt(written({"a": np.arange(6.0, dtype=np.float32), "b": np.int64([1, 2])}, {})):
        if name == "other numbers":  # the format has no sum
            continue
        with pytest.raises(BackendError):
            pytest.fail(f"{name} was read: {read(body)}")

"""Generation: chosen as asked, in whole characters, ended by stop strings, safe from several threads, closed when told."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import torch

from memos.backends.transformers.decoding import Chooser, Pieces
from memos.errors import InvalidCall
from memos.memcube.prompt import Part, Sampling
from memos.ports.runtime import ActivationRuntime, Adapter, Attached, ModelRuntime
from tests.kv_world import parts
from tests.smollm import tiny, tiny_tokenizer

PROMPT = parts("The cat sat on the mat.", "Where does she live?")


@pytest.fixture(scope="module")
def runtime():
    return tiny()


def answer(runtime, sampling, prompt=PROMPT, **given):
    pieces = list(runtime.generate(prompt, sampling, **given))
    return "".join(piece.text for piece in pieces), pieces


def test_it_is_a_runtime(runtime):
    assert isinstance(runtime, ModelRuntime)
    assert isinstance(runtime, ActivationRuntime)
    assert runtime.name.startswith("transformers:tiny@")
    assert runtime.window == 8192
    assert runtime.capabilities.activation
    assert not runtime.capabilities.compose
    assert runtime.load() == 0.0


def test_usage_and_end_stand_in_the_last_piece(runtime):
    _, pieces = answer(runtime, Sampling(max_tokens=5))
    last = pieces[-1]
    assert last.usage.prompt == last.usage.computed == sum(len(part) for part in runtime.tokens(PROMPT))
    assert (last.usage.cached, last.ended) == (0, "length")
    assert last.usage.completion == 5
    assert last.usage.first_seconds > 0
    assert all(piece.usage is None for piece in pieces[:-1])


def test_the_seed_repeats_an_answer_and_another_does_not(runtime):
    warm = {"max_tokens": 24, "temperature": 1.5}
    assert answer(runtime, Sampling(seed=4, **warm))[0] == answer(runtime, Sampling(seed=4, **warm))[0]
    assert len({answer(runtime, Sampling(seed=seed, **warm))[0] for seed in range(4)}) > 1


def test_top_k_and_top_p_leave_the_likeliest():
    logits = torch.tensor([0.0, 3.0, 2.0, 1.0, -4.0])
    chosen = lambda **given: {Chooser(Sampling(temperature=1.0, seed=seed, **given), ()).choose([], logits) for seed in range(200)}  # noqa: E731
    assert chosen(top_k=2) == {1, 2}
    assert chosen(top_k=1) == {1}
    assert chosen(top_p=0.6) == {1}
    assert chosen(top_p=0.85) == {1, 2}
    assert {1, 2, 3} <= chosen()


def test_processors_change_the_scores(runtime):
    def only(token):
        def change(_, scores):
            return torch.full_like(scores, float("-inf")).index_fill_(1, torch.tensor([token]), 0.0)

        return lambda sampling: change if sampling.temperature else None

    runtime.processors.append(only(70))
    try:
        assert [piece.tokens for piece in answer(runtime, Sampling(max_tokens=3, temperature=0.7))[1][:-1]] == [(70,)] * 3
        assert answer(runtime, Sampling(max_tokens=3))[1][0].tokens != (70,)
    finally:
        runtime.processors.clear()


def test_a_character_is_given_once_it_is_whole():
    tokenizer = tiny_tokenizer()
    text = "né 漢字 🜁!"
    pieces = Pieces(tokenizer, ())
    given = [pieces.add(token) for token in tokenizer(text)["input_ids"]] + [pieces.end()]
    assert "".join(given) == text
    assert not any("�" in piece for piece in given)
    assert given.count("") > 4


def test_nothing_of_a_stop_string_is_given():
    tokenizer = tiny_tokenizer()
    pieces, given = Pieces(tokenizer, ("STOP", "Sx")), ""
    for token in tokenizer("She saw: SSTOP and more")["input_ids"]:
        given += pieces.add(token)
        if pieces.stopped:
            break
    assert (given + pieces.end(), pieces.stopped) == ("She saw: S", True)
    pieces = Pieces(tokenizer, ("STOP",))
    assert "".join(pieces.add(token) for token in tokenizer("all STO")["input_ids"]) + pieces.end() == "all STO"


def test_an_answer_ends_before_a_stop_string(runtime):
    whole, _ = answer(runtime, Sampling(max_tokens=40))
    stop = whole[8:10]
    cut, pieces = answer(runtime, Sampling(max_tokens=40, stop=(stop,)))
    assert cut == whole[: whole.index(stop)]
    assert pieces[-1].ended == "stop"


def test_four_threads_get_what_one_gets(runtime):
    prompts = [parts("The cat sat on the mat.", f"Where is {name}?") for name in "abcd"]
    alone = [answer(runtime, Sampling(max_tokens=20), prompt)[0] for prompt in prompts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda prompt: answer(runtime, Sampling(max_tokens=20), prompt)[0], prompts))
    assert together == alone


def test_an_adapter_is_in_force_for_its_request_alone():
    runtime = tiny()
    active = []

    @contextmanager
    def switch(adapter):
        active.append(adapter.name)
        yield

    with pytest.raises(InvalidCall, match="of another model"):
        answer(runtime, Sampling(max_tokens=2), attached=Attached(adapter=Adapter("a", "m", None)))
    runtime.engine.switch = switch
    answer(runtime, Sampling(max_tokens=2))
    assert not active
    answer(runtime, Sampling(max_tokens=2), attached=Attached(adapter=Adapter("a", "m", None)))
    assert set(active) == {"a"}


@pytest.mark.parametrize(
    ("prompt", "sampling", "reason"),
    [
        (parts("x " * 60, "?"), Sampling(max_tokens=10), "do not fit the window of 64"),
        (parts("x", "?"), Sampling(max_tokens=10, watermark=True), "no key for a watermark"),
        ((Part(kind="system", role="system", text="x"),), Sampling(max_tokens=1), "ends with a part of the user"),
    ],
)
def test_a_call_that_cannot_be_is_refused_before_anything_is_read(prompt, sampling, reason):
    with pytest.raises(InvalidCall, match=reason):
        tiny(window=64).generate(prompt, sampling)


def test_a_closed_runtime_says_so():
    runtime = tiny()
    going = runtime.generate(PROMPT, Sampling(max_tokens=9))
    next(going)
    runtime.close()
    with pytest.raises(InvalidCall, match="closed"):
        list(going)
    with pytest.raises(InvalidCall, match="closed"):
        runtime.generate(PROMPT)

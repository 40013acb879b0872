"""KV blocks: exact where they say so, read once, shared by many, cut anywhere, the same from a file; and refused in the wrong place."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

from memos.errors import InvalidCall
from memos.memcube.prompt import Sampling
from memos.ports.runtime import About, Adapter, Attached
from tests.kv_world import attached, full_prefill, parts
from tests.smollm import tiny

SYSTEM = "You are kind. The cat sat on the mat, near the river. She likes tea, walks and the sea."
ABOUT = About("a" * 32, (("c1", 1),))


@pytest.fixture(scope="module")
def runtime():
    return tiny()


@contextmanager
def computed(runtime):
    """The numbers of tokens that the embedding layer is given in each pass."""
    passes = []
    hook = runtime.engine.model.get_input_embeddings().register_forward_hook(lambda _, given, out: passes.append(given[0].shape[-1]))
    try:
        yield passes
    finally:
        hook.remove()


def answer(runtime, prompt, **given):
    pieces = list(runtime.generate(prompt, Sampling(max_tokens=12), **given))
    return [token for piece in pieces for token in piece.tokens], pieces[-1]


def same(one, other):
    return all(
        np.array_equal(a.body.numpy(), b.body.numpy()) for a, b in zip((*one.keys, *one.values), (*other.keys, *other.values), strict=True)
    )


def test_only_what_no_block_has_is_computed(runtime):
    prompt = parts(SYSTEM, "Where does she live?")
    tokens = runtime.tokens(prompt)
    with computed(runtime) as passes:
        plain, _ = answer(runtime, prompt)
    assert passes[0] == sum(map(len, tokens))
    block = runtime.encode(tokens[0])
    with computed(runtime) as passes:
        given, last = answer(runtime, prompt, attached=Attached((block,)))
    assert given == plain
    assert passes == [len(tokens[1]) + len(tokens[2])] + [1] * (len(passes) - 1)
    assert (last.usage.cached, last.usage.computed) == (len(tokens[0]), len(tokens[1]) + len(tokens[2]))


def test_a_prompt_that_is_attached_whole_has_its_last_token_read(runtime):
    prompt = parts(SYSTEM, "Where does she live?")
    plain, last = answer(runtime, prompt, keep=True)
    assert len(last.kept.tokens) == last.usage.prompt
    with computed(runtime) as passes:
        again, last = answer(runtime, prompt, attached=Attached((last.kept,)))
    assert again == plain
    assert passes[0] == last.usage.computed == 1


def test_what_is_kept_of_one_turn_serves_the_next(runtime):
    first = parts(SYSTEM, "Where does she live?")
    _, last = answer(runtime, first, keep=True)
    longer = (first[0].model_copy(), first[1].model_copy(update={"kind": "session"}), *parts(SYSTEM, "And what does she like?")[1:])
    begun = runtime.tokens(longer)
    block = runtime.cut(last.kept, 0, len(begun[0]) + len(begun[1]))
    assert answer(runtime, longer, attached=Attached((block,)))[0] == answer(runtime, longer)[0]


def test_blocks_one_behind_the_other_are_one_block(runtime):
    tokens = np.concatenate(runtime.tokens(parts(SYSTEM, "x")))
    whole = runtime.encode(tokens)
    first = runtime.encode(tokens[:17])
    second = runtime.encode(tokens[17:], after=(first,))
    assert (second.base, second.anchor) == (17, runtime.cut(whole, 17, len(tokens)).anchor)
    assert attached(runtime, (first, second), np.append(tokens, 90), 8)[0] == full_prefill(runtime, np.append(tokens, 90), 8)[0]


def test_a_cut_shares_its_numbers_and_a_request_changes_none(runtime):
    tokens = runtime.tokens(parts(SYSTEM, "x"))[0]
    block = runtime.encode(tokens)
    before = [numbers.body.clone() for numbers in (*block.keys, *block.values)]
    part = runtime.cut(block, 0, 9)
    assert part.keys[0].body.data_ptr() == block.keys[0].body.data_ptr()
    assert part.nbytes < block.nbytes
    with ThreadPoolExecutor(4) as pool:
        prompts = [parts(SYSTEM, f"Where is {name}?") for name in "abcd"]
        together = list(pool.map(lambda prompt: answer(runtime, prompt, attached=Attached((block,)))[0], prompts))
    assert together == [answer(runtime, prompt)[0] for prompt in prompts]
    assert all(bool((one == numbers.body).all()) for one, numbers in zip(before, (*block.keys, *block.values), strict=True))


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_file_gives_the_very_numbers(tmp_path, dtype):
    runtime = tiny(dtype=dtype)
    block = runtime.encode(runtime.tokens(parts(SYSTEM, "x"))[0])
    path = tmp_path / "block"
    path.write_bytes(runtime.pack(block, ABOUT))
    for blob in (path, path.read_bytes()):
        again = runtime.unpack(blob, ABOUT)
        assert same(block, again)
        assert (again.base, again.anchor, again.exact, again.adapter) == (0, block.anchor, True, None)
        assert np.array_equal(again.tokens, block.tokens)


def test_int8_takes_half_and_stays_near(runtime):
    tokens = np.concatenate([runtime.tokens(parts(SYSTEM * 4, "x"))[0]])
    block = runtime.encode(tokens)
    half, small = runtime.pack(block, ABOUT), runtime.pack(block, ABOUT, form="int8")
    assert len(small) < 0.66 * len(half), "at 16 channels a head the factors weigh more than at the 64 of a usual model"
    again = runtime.unpack(small, ABOUT)
    assert block.exact
    assert not again.exact
    for one, other in zip((*block.keys, *block.values), (*again.keys, *again.values), strict=True):
        dense = one.body.float()
        assert float((other.body.float() * other.scale - dense).abs().max()) < 0.01 * float(dense.abs().max())
    assert runtime.pack(again, ABOUT, form="int8") == small
    with pytest.raises(InvalidCall, match="gets no finer"):
        runtime.pack(again, ABOUT)


def test_blocks_in_the_wrong_place_are_refused(runtime):
    prompt = parts(SYSTEM, "Where does she live?")
    tokens = np.concatenate(runtime.tokens(prompt))
    first = runtime.encode(tokens[:10])
    second = runtime.encode(tokens[10:20], after=(first,))
    elsewhere = runtime.encode(tokens[10:20], after=(runtime.encode(tokens[1:11]),))
    other = tiny(seed=1).encode(tokens[:10])
    for blocks, reason in (
        ((second,), "stands at position 10"),
        ((first, elsewhere), "read after other tokens"),
        ((runtime.encode(tokens[1:10]),), "are not the first"),
        ((other,), "of another model"),
        ((object(),), "of another model"),
    ):
        with pytest.raises(InvalidCall, match=reason):
            runtime.generate(prompt, attached=Attached(blocks))
    runtime.engine.switch = contextmanager(lambda adapter: iter([None]))
    try:
        with pytest.raises(InvalidCall, match="read under the adapter none, not lora"):
            runtime.generate(prompt, attached=Attached((first,), Adapter("lora", "m", None)))
        learned = runtime.encode(tokens[:10], adapter=Adapter("lora", "m", None))
        with pytest.raises(InvalidCall, match="read under the adapter lora, not none"):
            runtime.generate(prompt, attached=Attached((learned,)))
    finally:
        del runtime.engine.switch


def test_a_part_that_cannot_be_is_refused(runtime):
    tokens = np.concatenate(runtime.tokens(parts(SYSTEM, "x")))
    first = runtime.encode(tokens[:10])
    block = runtime.encode(tokens[10:], after=(first,))
    for start, stop in ((0, 0), (3, 2), (-1, 4), (0, len(tokens))):
        with pytest.raises(InvalidCall, match="has no part"):
            runtime.cut(block, start, stop)
    stored = runtime.unpack(runtime.pack(block, ABOUT), ABOUT)
    assert runtime.cut(stored, 0, 4).anchor == block.anchor
    with pytest.raises(InvalidCall, match="cut at its end alone"):
        runtime.cut(stored, 1, 4)
    for wrong in (np.zeros(0, dtype=np.int64), np.array([-1]), np.array([10**6])):
        with pytest.raises(InvalidCall, match="one token or more"):
            runtime.encode(wrong)


def test_a_model_with_a_sliding_window_keeps_no_blocks():
    import torch
    from transformers import MistralConfig, MistralForCausalLM

    from memos.backends.transformers.runtime import TransformersRuntime
    from tests.smollm import tiny_tokenizer

    tokenizer = tiny_tokenizer()
    config = MistralConfig(vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, sliding_window=4, head_dim=16, eos_token_id=2)  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)  # an answer of twelve tokens
        runtime = TransformersRuntime(MistralForCausalLM(config), tokenizer)
    assert not runtime.capabilities.activation
    assert len(answer(runtime, parts("a", "b"))[0]) == 12
    with pytest.raises(InvalidCall, match="cannot be kept: its layers keep more or less"):
        runtime.encode(np.array([5, 6]))
    with pytest.raises(InvalidCall, match="cannot be kept"):
        runtime.generate(parts("a", "b"), keep=True)


def test_the_fingerprint_tells_models_apart():
    made = [tiny(), tiny(seed=1), tiny(dtype="float16"), tiny(rope_parameters={"rope_type": "default", "rope_theta": 5000.0})]
    assert len({runtime.fingerprint for runtime in made}) == 4
    assert tiny().fingerprint == made[0].fingerprint

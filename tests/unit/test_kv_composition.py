"""Composition: keys turned to other positions, tokens read anew, refused where it was not measured, and never taken for exact."""

import json

import numpy as np
import pytest

from memos.backends.transformers.composing import mended, placed, turn
from memos.errors import BackendError, InvalidCall
from memos.memcube.prompt import Sampling
from memos.ports.runtime import About, Attached
from tests.kv_world import SYSTEM, cases, parts
from tests.smollm import tiny


@pytest.fixture
def runtime():
    return tiny()


@pytest.fixture
def blocks(runtime):
    anchor = runtime.encode(runtime.tokens(parts(SYSTEM, "x"))[0])
    said = ("She lives in Lisbon.", "She likes tea.", "The cat sat on the mat.")
    return anchor, [runtime.encode(runtime.layout.joined(text), after=(anchor,)) for text in said]


def tokens_of(*blocks):
    return np.concatenate([block.tokens for block in blocks])


def test_a_turned_key_is_the_key_of_the_other_place(runtime):
    frequencies = runtime.composer.frequencies
    block = runtime.encode(np.array([9] * 30))
    keys = block.keys[0].body.float()
    for distance in (1, 7, 29):
        assert float((turn(keys[:, :1], distance, frequencies) - keys[:, distance : distance + 1]).abs().max()) < 2e-2
    assert float((turn(turn(keys, 1000, frequencies), -1000, frequencies) - keys).abs().max()) < 1e-2


def test_reading_all_anew_is_reading(runtime, blocks):
    anchor, apart = blocks
    moved = placed(anchor, apart, runtime.composer.frequencies)
    made, read = mended(runtime.engine, anchor, moved, 1.0)
    assert read == sum(len(block.tokens) for block in apart[1:]), "the first block has seen all that stands before it"
    whole = runtime.encode(tokens_of(*apart), after=(anchor,))
    at = 0
    for block in made:
        stop = at + len(block.tokens)
        assert block.base == len(anchor.tokens) + at
        for layer in range(len(runtime.engine.shapes)):
            for mine, true in ((block.keys, whole.keys), (block.values, whole.values)):
                assert float((mine[layer].body.float() - true[layer].body[:, at:stop].float()).abs().max()) < 5e-2
        at = stop


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_what_is_read_anew_comes_nearer(runtime, blocks, share):
    anchor, apart = blocks
    whole = runtime.encode(tokens_of(*apart), after=(anchor,))
    moved = placed(anchor, apart, runtime.composer.frequencies)

    def distance(made):
        values = np.concatenate([block.values[-1].body.float().numpy() for block in made], axis=1)
        return float(np.square(values - whole.values[-1].body.float().numpy()).sum())

    made, read = mended(runtime.engine, anchor, moved, share)
    assert 0 < read <= 0.6 * len(whole.tokens)
    assert distance(made) < distance(moved)


def test_what_was_not_measured_is_refused(runtime, blocks):
    anchor, apart = blocks
    assert not runtime.capabilities.compose
    with pytest.raises(InvalidCall, match="is not proven for this model"):
        runtime.compose(anchor, apart)
    found = runtime.composer.calibrate(SYSTEM, cases(runtime, 6, blocks=3, length=40), recompute=(0.1,), most=99.0)
    assert [(row.blocks, row.recompute, row.cases) for row in found] == [(3, 0.1, 6)]
    assert runtime.capabilities.compose
    made = runtime.compose(anchor, apart, recompute=0.1)
    assert made.error == found[0].worst >= found[0].mean > 0
    assert made.read > 0
    for wrong, reason in (
        ({"blocks": [*apart, apart[0]], "recompute": 0.1}, "4 blocks"),
        ({"blocks": apart, "recompute": 0.0}, "0% read anew"),
        ({"blocks": [], "recompute": 0.1}, "one block or more"),
        ({"blocks": apart, "recompute": 1.5}, "from 0 to 1"),
    ):
        with pytest.raises(InvalidCall, match=reason):
            runtime.compose(anchor, **wrong)
    with pytest.raises(InvalidCall, match="6 cases or more"):
        runtime.composer.calibrate(SYSTEM, cases(runtime, 5, blocks=3, length=40))


def test_an_error_that_is_too_great_proves_nothing(runtime):
    found = runtime.composer.calibrate(SYSTEM, cases(runtime, 6, blocks=3, length=40), recompute=(0.0,), most=1e-9)
    assert found[0].mean > 1e-9
    assert not runtime.capabilities.compose


def test_composed_blocks_are_attached_and_never_taken_for_exact(runtime, blocks):
    anchor, apart = blocks
    runtime.composer.calibrate(SYSTEM, cases(runtime, 6, blocks=3, length=40), recompute=(0.0, 0.2), most=99.0)
    made = runtime.compose(anchor, apart, recompute=0.2)
    assert not any(block.exact for block in made.blocks[1:])
    from memos.memcube.prompt import Part

    prompt = [Part(kind="system", role="system", text=SYSTEM)]
    prompt += [
        Part(kind="pinned", role="system", text=text) for text in ("She lives in Lisbon.", "She likes tea.", "The cat sat on the mat.")
    ]
    prompt.append(Part(kind="query", role="user", text="Where?"))
    *_, last = runtime.generate(prompt, Sampling(max_tokens=4), attached=Attached((anchor, *made.blocks)), keep=True)
    assert last.usage.cached == len(anchor.tokens) + sum(len(block.tokens) for block in apart)
    assert not last.kept.exact
    for block in (made.blocks[1], last.kept):
        with pytest.raises(InvalidCall, match="is not kept"):
            runtime.pack(block, About("t"))
    with pytest.raises(InvalidCall, match="read right after this anchor"):
        runtime.compose(anchor, made.blocks, recompute=0.2)
    with pytest.raises(InvalidCall, match="at the very beginning"):
        runtime.compose(apart[0], apart, recompute=0.2)
    other = runtime.encode(runtime.tokens(parts("Another.", "x"))[0])
    with pytest.raises(InvalidCall, match="read right after this anchor"):
        runtime.compose(other, apart, recompute=0.2)


def test_what_was_measured_is_kept_beside_the_model(tmp_path):
    runtime = tiny()
    runtime.home = tmp_path
    runtime.composer.calibrate(SYSTEM, cases(runtime, 6, blocks=2, length=30), recompute=(0.1,), most=99.0)
    (file,) = tmp_path.iterdir()
    from memos.backends.transformers.calibration import known

    assert known(runtime) == runtime.composer.proven
    for text in (
        "{",
        "[]",
        json.dumps({"fingerprint": "other", "proven": []}),
        json.dumps({"fingerprint": runtime.fingerprint, "proven": [{}]}),
    ):
        file.write_text(text)
        assert known(runtime) == ()
    runtime.home = tmp_path / "not there"
    with pytest.raises(BackendError, match="cannot be kept"):
        runtime.composer.calibrate(SYSTEM, cases(runtime, 6, blocks=2, length=30), recompute=(0.1,), most=99.0)


def test_a_model_whose_keys_cannot_be_turned_composes_nothing():
    runtime = tiny(rope_parameters={"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 2.0})
    assert runtime.composer.frequencies is None
    anchor = runtime.encode(np.arange(5, 20))
    with pytest.raises(InvalidCall, match="no plain RoPE"):
        runtime.compose(anchor, [runtime.encode(np.arange(5, 9), after=(anchor,))])

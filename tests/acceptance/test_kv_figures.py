"""The figures of KV blocks on SmolLM2 and a random Llama: exactness, time to the first token, and what composition costs."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import pytest

from memos.memcube.prompt import Sampling
from memos.ports.runtime import About, Attached
from tests.kv_world import SYSTEM, attached, cases, full_prefill, lines, parts, questions, tokens_of_length
from tests.proofs import at_full_size
from tests.smollm import smollm, tiny

ABOUT = About("a" * 32, (("c1", 1),))
LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096)
STEPS = 16 if at_full_size() else 6
NOISE = {"float32": 1e-3, "float16": 0.1}
"""How far one logit may be from another that is as likely, when sums are added up in another order."""


def compared(runtime, number, lengths):
    """A prompt by its number, cut at some lengths: (length, None) where attached, unpacked and full tokens are equal, else the lead of
    the token that differs. The longest beginning is read once, and a shorter one is that block's beginning, as a cache of prefixes has it.
    """
    prefix = tokens_of_length(runtime, max(lengths), number * 37)
    question = runtime.tokens(parts("x", questions()[number * 3 % len(questions())]))[1:]
    longest, found = runtime.encode(prefix), []
    for length in lengths:
        tokens = np.concatenate([prefix[:length], *question])
        expected, leads = full_prefill(runtime, tokens, STEPS)
        block = longest if length == len(prefix) else runtime.cut(longest, 0, length)
        again = runtime.unpack(runtime.pack(block, ABOUT), ABOUT)
        assert all(
            np.array_equal(a.body.numpy(), b.body.numpy())
            for a, b in zip((*block.keys, *block.values), (*again.keys, *again.values), strict=True)
        )
        got, _ = attached(runtime, (again,), tokens, STEPS)
        same = got == expected
        found.append((length, None if same else leads[next(at for at in range(STEPS) if got[at] != expected[at])]))
    return found


def lengths_of(name, dtype, number):
    """At which lengths a prompt is tried: in CI at a short one, else at every length; the long ones in float16 for ten of SmolLM2's."""
    if not at_full_size():
        return ((64, 192)[number % 2],)
    return LENGTHS if (name, dtype) != ("smollm2", "float16") or number < 10 else LENGTHS[:4]


@pytest.mark.proof(capability="kv-exactness", small=6, full=50)
def test_attaching_is_reading(trials, record_proof):
    """Greedy tokens with a block from its file are those of one pass over the whole prompt, but where two tokens are equally likely."""
    counts, ties = {}, []
    for name, make in (("smollm2", smollm), ("random", lambda dtype: tiny(dtype=dtype))):
        for dtype in ("float32", "float16"):
            runtime = make(dtype)
            found = [row for number in range(trials) for row in compared(runtime, number, lengths_of(name, dtype, number))]
            lengths = {str(length): sum(each == length for each, _ in found) for length in sorted({each for each, _ in found})}
            unequal = [(length, lead) for length, lead in found if lead is not None]
            counts[f"{name} {dtype}"] = {
                "prompts": trials,
                "by_length": lengths,
                "compared": len(found),
                "equal": len(found) - len(unequal),
            }
            ties += [{"model": name, "dtype": dtype, "length": length, "lead": lead} for length, lead in unequal]
    record_proof(models=counts, steps=STEPS, ties=ties)
    assert all(tie["lead"] <= NOISE[tie["dtype"]] for tie in ties), "tokens differ that were not equally likely"
    assert all(count["compared"] - count["equal"] <= 0.02 * count["compared"] for count in counts.values())


PROGRAM = """
import sys
from pathlib import Path
from memos.backends.transformers import from_url
from memos.memcube.prompt import Sampling
from memos.ports.runtime import About, Attached
from tests.kv_world import parts

runtime = from_url(sys.argv[1])
block = runtime.unpack(Path(sys.argv[2]), About("a" * 32, (("c1", 1),)))
for question in sys.argv[4:]:
    *_, last = pieces = list(runtime.generate(parts(sys.argv[3], question), Sampling(max_tokens=8), attached=Attached((block,))))
    print(last.usage.cached, *(token for piece in pieces for token in piece.tokens))
"""


def test_a_block_outlives_its_process_and_serves_four_at_once(tmp_path):
    from tests.smollm import url

    runtime, text = smollm(), "\n".join(lines()[:6])
    block = runtime.encode(runtime.tokens(parts(text, "x"))[0])
    (tmp_path / "block").write_bytes(runtime.pack(block, ABOUT))
    asked = questions()[:4]

    def answered(question, **given):
        pieces = list(runtime.generate(parts(text, question), Sampling(max_tokens=8), **given))
        return [token for piece in pieces for token in piece.tokens]

    whole = [answered(question) for question in asked]
    program = [sys.executable, "-c", PROGRAM, url(), str(tmp_path / "block"), text, *asked]
    told = subprocess.run(program, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2], timeout=200)
    assert [[int(number) for number in line.split()] for line in told.stdout.splitlines()] == [
        [len(block.tokens), *tokens] for tokens in whole
    ]
    mapped = runtime.unpack(tmp_path / "block", ABOUT)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda question: answered(question, attached=Attached((mapped,))), asked)) == whole


def first_token(runtime, tokens, path=None):
    """The CPU seconds until the logits of the first token, with a block from the disk or without one."""
    from memos.backends.transformers.blocks import forked

    engine, began = runtime.engine, process_time()
    if path is None:
        engine.forward(tokens, engine.fresh())
        return process_time() - began
    block = runtime.unpack(path, ABOUT)
    engine.forward(tokens[len(block.tokens) :], forked((block,), engine.shapes, engine.dtype, len(tokens) - len(block.tokens)))
    return process_time() - began


@pytest.mark.proof(capability="kv-ttft", small=1, full=5)
def test_the_first_token_comes_early(trials, record_proof, tmp_path):
    """Against one pass over the whole prompt that computes the last token's logits alone, as transformers does it, after 32 tokens."""
    runtime, figures = smollm(), {}
    first_token(runtime, tokens_of_length(runtime, 96, 0))
    for length, goal in {1024: 0.90, 2048: 0.96, 4096: 0.97}.items() if at_full_size() else {1024: 0.90}.items():
        tokens = tokens_of_length(runtime, length + 32, 0)
        path = tmp_path / str(length)
        path.write_bytes(runtime.pack(runtime.encode(tokens[:length]), ABOUT))
        full = median(first_token(runtime, tokens) for _ in range(trials))
        loaded = median(first_token(runtime, tokens, path) for _ in range(2 * trials + 1))
        figures[str(length)] = {"full": round(full, 3), "loaded": round(loaded, 3), "less": round(1 - loaded / full, 4), "goal": goal}
    record_proof(query_tokens=32, dtype="float32", cpu_seconds=figures)
    room = 0.01 if at_full_size() else 0.05  # one run differs from another by half a percent, and by more where others compute
    assert all(row["less"] >= row["goal"] - room for row in figures.values()), figures


@pytest.mark.proof(capability="kv-composition", small=6, full=40)
def test_composition_is_as_near_as_it_says(trials, record_proof):
    """Five memories of 80 tokens after a system prompt, at shares read anew; the KL divergence of the next token from full prefill."""
    runtime = smollm()
    home, runtime.home = runtime.home, None
    try:
        shares = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5) if at_full_size() else (0.05, 0.2)
        found = {row.recompute: row for row in runtime.composer.calibrate(SYSTEM, cases(runtime, trials), recompute=shares, most=9.0)}
    finally:
        runtime.home, runtime.composer.proven = home, ()
    curve = [
        {"share": row.recompute, "kl": round(row.mean, 4), "worst": round(row.worst, 4), "cost": round(row.cost, 3)}
        for row in found.values()
    ]
    record_proof(cases=trials, blocks=5, tokens=80, curve=curve)
    room = 1.0 if at_full_size() else 1.35
    for error, cost in ((0.10, 0.35), (0.08, 0.62)):
        assert any(row.mean <= error and row.cost <= cost * room for row in found.values()), f"no share reaches {error} at {cost}: {curve}"

"""What the tests of KV blocks read: an invented dialogue that the project ships, cut into memories of equal length, with questions."""

import functools
import json
from pathlib import Path

import numpy as np

from memos.memcube.prompt import Part

DIALOGUES = Path(__file__).parents[1] / "evals" / "data" / "harbour.json"
SYSTEM = "You are a helpful assistant. You answer from what you remember of these conversations."


@functools.cache
def dialogues():
    return json.loads(DIALOGUES.read_text(encoding="utf-8"))


@functools.cache
def lines():
    """What was said, line by line."""
    return tuple(f"{turn['speaker']}: {turn['text']}" for dialogue in dialogues() for turn in dialogue["turns"])


@functools.cache
def questions():
    return tuple(asked["q"] for dialogue in dialogues() for asked in dialogue["qa"])


def memories(runtime, length):
    """Texts of about so many tokens each, of consecutive lines."""
    made, held = [], []
    for line in lines():
        held.append(line)
        tokens = runtime.layout.plain("\n".join(held))
        if len(tokens) >= length:
            made.append(runtime.tokenizer.decode(tokens[: length - 2]))
            held = []
    return made


def cases(runtime, count, blocks=5, length=80):
    """`count` cases for a calibration: so many memories of so many tokens, from places far apart as those found for a question are, and a
    question.
    """
    texts = memories(runtime, length)
    return [
        ([texts[(number * 7 + at * 53) % len(texts)] for at in range(blocks)], questions()[number * 7 % len(questions())])
        for number in range(count)
    ]


def tokens_of_length(runtime, length, start):
    """So many tokens of a system part and what was said from a line on, as of a prompt's beginning."""
    said = lines()
    text = "\n".join(said[start % len(said) :] + said)
    return runtime.tokens(parts(text, "?"))[0][:length]


def parts(system, question):
    return (Part(kind="system", role="system", text=system), Part(kind="query", role="user", text=question))


def greedy(runtime, logits, cache, steps):
    """The tokens that follow, and by how much each was the likeliest."""
    tokens, leads = [], []
    for _ in range(steps):
        best = logits.float().topk(2).values
        tokens.append(int(logits.argmax()))
        leads.append(float(best[0] - best[1]))
        logits = runtime.engine.forward(tokens[-1:], cache)
    return tokens, leads


def full_prefill(runtime, tokens, steps):
    """What the whole prompt gives in one pass, with a cache that nothing was attached to."""
    from memos.backends.transformers.blocks import forked

    cache = forked((), runtime.engine.shapes, runtime.engine.dtype, len(tokens) + steps)
    return greedy(runtime, runtime.engine.forward(tokens, cache), cache, steps)


def attached(runtime, blocks, tokens, steps):
    """What the same gives with blocks attached, and how far the logits are apart at most in the first place."""
    from memos.backends.transformers.blocks import forked

    read = sum(len(block.tokens) for block in blocks)
    cache = forked(blocks, runtime.engine.shapes, runtime.engine.dtype, len(tokens) - read + steps)
    return greedy(runtime, runtime.engine.forward(np.asarray(tokens[read:]), cache), cache, steps)

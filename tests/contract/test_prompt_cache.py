"""What the order of a prompt's parts is worth: a real llama.cpp server says of how many tokens it had the KV already.

A conversation of the repository's own data goes on turn by turn. Eight memories (a small run: four) stand before it and four (two) are
found for each question.
`canonical` is what MemOS sends; `by score` sorts the same ones by how well they fit the question, as is often done; `in front` puts all
of them, sorted so, into the system's message.
"""

import json
import re
from contextlib import closing
from pathlib import Path

import pytest

from memos.backends.llama_server import started
from memos.memcube.prompt import Part, Sampling
from memos.operation.memscheduler.layout import Turn, compiled
from memos.testing.runtime_prompts import finished
from tests.llama import weights
from tests.unit.test_prompt_layout import lined, memory, stable

DATA = Path(__file__).parents[2] / "evals" / "data" / "harbour.json"
ORDERS = ("canonical", "by score", "in front")


def said():
    return [turn["text"] for each in json.loads(DATA.read_text()) for turn in each["turns"]]


def fit(question, text):
    """How many words a memory shares with a question; a score like any other."""
    one, other = (set(re.findall(r"\w{4,}", each.lower())) for each in (question, text))
    return len(one & other) / (1 + len(other))


def arranged(order, question, pinned, turns, found):
    """The parts in one of the orders."""
    by_score = sorted(pinned, key=lambda each: -fit(question, each[1]))
    if order == "by score":
        prompt = compiled(question, pinned=pinned, turns=turns, retrieved=found)
        texts = iter([text for _, text in by_score])
        return tuple(part.model_copy(update={"text": next(texts)}) if part.kind == "pinned" else part for part in prompt)
    if order == "in front":
        head, *rest = compiled(question, turns=turns)
        texts = sorted((text for _, text in (*pinned, *found)), key=lambda text: -fit(question, text))
        return (head, *(Part(kind="pinned", role="system", text=text) for text in texts), *rest)
    return compiled(question, pinned=pinned, turns=turns, retrieved=found)


def conversation(number, requests, pins):
    """(question, pinned, turns, found) of each request; a conversation starts where the one before it ended."""
    texts = said()
    start = (number * 53) % (len(texts) - 24 - 2 * requests)
    memories = lined(memory(f"0195{place:028x}", text) for place, text in enumerate(texts[start : start + 24]))
    pinned, others, rest, turns = memories[:pins], memories[pins:], texts[start + 24 :], []
    for place in range(requests):
        question, answer = rest[2 * place], rest[2 * place + 1]
        found = sorted(others, key=lambda each: -fit(question, each[1]))[: pins // 2]
        yield question, pinned, tuple(turns), found
        turns += [Turn("user", question), Turn("assistant", answer)]


def measured(llama, order, number, requests, pins):
    """Tokens that could have been in the cache, those that were, and all, of the requests after the first."""
    llama.drop()
    could = hit = whole = before = 0
    for question, pinned, turns, found in conversation(number, requests, pins):
        usage = finished(llama.generate(arranged(order, question, pinned, turns, found), Sampling(max_tokens=1)))
        if before:
            could, hit, whole = could + before, hit + min(usage.cached, before), whole + usage.prompt
        kept = stable(arranged("canonical", question, pinned, turns, found))
        before = sum(map(len, llama._server.layout.tokens((*kept, Part(kind="query", role="user", text="?")))[: len(kept)]))
    return could, hit, whole


@pytest.mark.proof(capability="layout", small=1, full=2)
def test_what_could_be_cached_is(trials, record_proof):
    requests, pins = (2, 4) if trials == 1 else (6, 8)
    totals = {order: [0, 0, 0] for order in ORDERS}
    with closing(started(weights(), ctx=4096, threads=1, slots=1)) as llama:
        for number in range(trials):
            for order in ORDERS:
                for place, count in enumerate(measured(llama, order, number, requests, pins)):
                    totals[order][place] += count
    shares = {order: hit / could for order, (could, hit, _) in totals.items()}
    record_proof(
        conversations=trials, requests=trials * requests, could={order: could for order, (could, _, _) in totals.items()},
        cached={order: hit for order, (_, hit, _) in totals.items()}, share={order: round(share, 4) for order, share in shares.items()},
        read={order: whole - hit for order, (_, hit, whole) in totals.items()},
    )  # fmt: skip
    assert shares["canonical"] >= 0.99
    assert max(shares["by score"], shares["in front"]) < shares["canonical"] - 0.2

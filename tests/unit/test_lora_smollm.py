"""What SmolLM2 learns of facts that nobody looked at while the method was made, at what cost, and that nothing of it stays."""

import dataclasses
import json
import math
import re
from pathlib import Path

import pytest
import torch

from memos.backends.transformers import lora
from memos.backends.transformers.lora_training import USUAL
from memos.memcube.prompt import Part, Sampling
from memos.ports.runtime import About, Attached, Course, Lesson
from tests.proofs import at_full_size
from tests.prose import BY_HAND
from tests.smollm import smollm

DATA = Path(__file__).parents[2] / "evals" / "data" / "scheduler"
ABOUT = About("a" * 32)


def groups(name="facts_unseen"):
    """The facts of each person or team."""
    made = {}
    for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        fact = json.loads(line)
        made.setdefault(fact["group"], []).append(fact)
    return list(made.values())


def words(text):
    """The words of a text, numbers without separators."""
    return set(re.findall(r"\w+", re.sub(r"(?<=\d),(?=\d{3})", "", text.lower())))


def said(runtime, question, adapter):
    prompt = (Part(kind="query", role="user", text=question),)
    return "".join(piece.text for piece in runtime.generate(prompt, Sampling(max_tokens=20), attached=Attached(adapter=adapter)))


def right(runtime, pairs, adapter):
    """How many questions are answered with their key words."""
    return sum(set(pair["keys"]) <= words(said(runtime, pair["q"], adapter)) for pair in pairs)


def perplexity(runtime, adapter=None):
    """Of paragraphs written by hand, none of which the runtime knows of."""
    model = adapter.body if adapter else runtime.engine.model
    lost = count = 0
    with torch.inference_mode():
        for text, *_ in BY_HAND[: 8 if at_full_size() else 3]:
            tokens = torch.from_numpy(runtime.layout.plain(text)[:96])[None]
            logits = model(input_ids=tokens, use_cache=False).logits[0, :-1].float()
            lost += float(torch.nn.functional.cross_entropy(logits, tokens[0, 1:], reduction="sum"))
            count += tokens.shape[1] - 1
    return math.exp(lost / count)


def logits(runtime, adapter=None):
    tokens = [int(token) for part in runtime.tokens((Part(kind="query", role="user", text="Where is it kept?"),)) for token in part]
    return runtime.engine.forward(tokens, runtime.engine.fresh(), adapter).clone()


def course(facts, seed=0, *, asked=True):
    lessons = tuple(
        Lesson(
            str(number),
            fact["text"],
            "procedure" if fact["kind"] == "procedure" else "fact",
            tuple((q["q"], q["a"]) for q in fact["asked"]) if asked else (),
        )
        for number, fact in enumerate(facts)
    )
    return Course(lessons, seed=seed)


def over_trained(runtime, facts):
    """The report of the gate on an adapter that was trained too long, too fast, and held by nothing."""
    method = dataclasses.replace(USUAL, rate=0.03, guard=0.0, rounds=6 if at_full_size() else 3, warm=1, enough=-1.0)
    return lora.train(runtime, course(facts), ABOUT, told=lambda _: True, method=method).report


@pytest.mark.timeout(1500)
@pytest.mark.proof(capability="lora", small=1, full=3)
def test_facts_are_learned_and_unlearned(trials, record_proof):
    runtime = smollm()
    before, plain = logits(runtime), perplexity(runtime)
    asked = held = trained_on = known = near = leaked = 0
    factors, seconds, differences, facts = [], [], [], []
    for number, group in enumerate(groups()[:trials]):
        facts = group if at_full_size() else group[:1]
        trained = runtime.train(course(facts, seed=number), ABOUT, told=lambda _: True)
        adapter = runtime.adapter(str(number), trained.body, ABOUT)
        held += right(runtime, [pair for fact in facts for pair in fact["held"]], adapter)
        asked += sum(len(fact["held"]) for fact in facts)
        trained_on += sum(len(fact["asked"]) for fact in facts)
        known += right(runtime, [pair for fact in facts for pair in fact["asked"]], adapter)
        near += sum(len(fact["neighbours"]) for fact in facts)
        neighbours = [{"q": question, "keys": fact["asked"][0]["keys"]} for fact in facts for question in fact["neighbours"]]
        leaked += right(runtime, neighbours, adapter)
        factors.append(perplexity(runtime, adapter) / plain)
        seconds.append(trained.seconds)
        assert float((logits(runtime, adapter) - before).abs().max()) > 0.0
        del adapter
        differences.append(float((logits(runtime) - before).abs().max()))
    refused = over_trained(runtime, groups()[0][: 2 if at_full_size() else 1])
    record_proof(
        facts=len(facts), groups=trials, held_recall=held / asked, held_asked=asked, taught_recall=known / trained_on,
        neighbours_that_leak=leaked / near, perplexity_factors=factors, cpu_seconds=seconds,
        logit_difference_after_removal=max(differences),
        over_trained={"perplexity": refused.perplexity, "neighbours": refused.neighbours, "reasons": list(refused.reasons)},
    )  # fmt: skip
    assert max(differences) == 0.0
    assert not refused.passed
    assert any("perplexity" in reason for reason in refused.reasons)
    assert max(factors) <= 1.2
    assert known / trained_on >= 0.9
    assert held / asked >= (0.6 if at_full_size() else 0.4)


@pytest.mark.timeout(3000)
@pytest.mark.proof(capability="lora-paraphrases", small=1, full=4)
def test_facts_are_asked_for_in_other_words(trials, record_proof):
    """Ordinary paraphrases, as one asks who has not the words of the text in mind: taught by written questions, and by the texts alone."""
    runtime, figures = smollm(), {}
    plain = perplexity(runtime)
    for way in ("written questions", "texts alone") if at_full_size() else ("texts alone",):
        rows = []
        for number, group in enumerate(groups("facts_plain_unseen")[:trials]):
            facts = group if at_full_size() else group[:3]
            trained = runtime.train(course(facts, seed=number, asked=way != "texts alone"), ABOUT, told=lambda _: True)
            adapter = runtime.adapter(str(number), trained.body, ABOUT)
            neighbours = [{"q": question, "keys": fact["asked"][0]["keys"]} for fact in facts for question in fact["neighbours"]]
            rows.append(
                {
                    "right": right(runtime, [pair for fact in facts for pair in fact["held"]], adapter),
                    "asked": sum(len(fact["held"]) for fact in facts),
                    "leaks": right(runtime, neighbours, adapter),
                    "neighbours": len(neighbours),
                    "perplexity": round(perplexity(runtime, adapter) / plain, 3),
                    "cpu_seconds": round(trained.seconds, 1),
                    "passed": trained.report.passed,
                }
            )
            del adapter
        recall = sum(row["right"] for row in rows) / sum(row["asked"] for row in rows)
        figures[way] = {"recall": round(recall, 3), "groups": rows}
    record_proof(facts=len(facts), **{name.replace(" ", "_"): value for name, value in figures.items()})
    assert all(each["recall"] >= (0.6 if at_full_size() else 0.4) for each in figures.values()), figures

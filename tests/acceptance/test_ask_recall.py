"""What is asked in words finds what a search finds, and more where the words name a time; by category, through the public API."""

from collections import defaultdict

import pytest

from evals.retrieval.asking import measured
from evals.retrieval.data import SHIPPED, embedded, sets
from memos.testing.retrieval_eval import average, load

MANY = 5
TEMPORAL = "2"


@pytest.mark.proof(capability="ask", small=1, full=MANY)
def test_ask_finds_what_search_finds(trials, record_proof):
    """Small: a shipped conversation, of whose questions some are taken for general ones. At full size: LoCoMo's development chats, where
    they are at hand: no category loses, and questions of time gain.
    """
    conversations = load(SHIPPED[0])[:trials] if trials < MANY else sets()[0][:trials]
    vectors = embedded(conversations, None) if trials >= MANY else {}
    found = defaultdict(list)
    for row in (row for each in conversations for row in measured(each, vectors)):
        found[row[0]].append(row[1])
    figures = {}
    for category, rows in sorted(found.items()):
        means = {way: round(average([row[way] for row in rows])["R@10"], 2) for way in ("search", "ask")}
        figures[category] = {"questions": len(rows), **means}
    record_proof(r_at_10=figures)
    spared = 0.0 if trials >= MANY else 10.0
    assert {name: each for name, each in figures.items() if each["ask"] < each["search"] - spared} == {}
    if trials >= MANY and TEMPORAL in figures:
        assert figures[TEMPORAL]["ask"] > figures[TEMPORAL]["search"]

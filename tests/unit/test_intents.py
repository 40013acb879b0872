"""Deciding intents: what signs a clause bears, how rules and what was learnt are put together, and the weights that are shipped."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from memos.interface.memreader import deciding
from memos.interface.memreader.deciding import INTENTS, Learnt, chances, chosen, decided, learnt
from memos.interface.memreader.intent import Intention
from memos.interface.memreader.reader import MemReader
from memos.ports.clock import SystemClock

NOW = datetime(2025, 9, 10, 10, 0, tzinfo=timezone(timedelta(hours=2)))
READER = MemReader()


def signs_of(text: str) -> frozenset[str]:
    ((operation, place),) = READER.evidence(text, now=NOW)
    return deciding.seen(operation, place)


def read(text: str):
    return READER.read(text, now=NOW, new_id=SystemClock().new_id)


class TestSigns:
    def test_they_tell_form_persons_and_times(self):
        found = signs_of("Ok so, where did we put the ladder last Friday?")
        assert {"peeled", "we", "past", "thing", "times=1", "ends=?", "1 where", "2 where did", "shape=recall", "w ladder"} <= found
        assert not {"my", "code", "maths", "quoted", "public"} & found

    def test_they_tell_code_and_sums_apart_from_life(self):
        assert "code" in signs_of("How do I sort a dict in Python?")
        assert "maths" in signs_of("What is 18 * 7?")
        assert {"kin", "my", "belongs"} & signs_of("What did my aunt say about Vera's cough?") == {"kin", "my", "belongs"}

    def test_words_of_open_classes_stand_for_their_class_in_pairs(self):
        assert {"2 my <kin>", "2 the <word>", "1 <number>"} <= signs_of("My uncle sold the canoe for 300")

    def test_a_clause_knows_what_follows_it(self):
        (first, place), (_, last) = READER.evidence("The roofer is here. Which tiles did we order?", now=NOW)
        assert {"several", "asks after"} <= deciding.seen(first, place)
        assert (place.asks_after, last.asks_after, last.number) == (True, False, 1)


class TestDeciding:
    def test_the_most_probable_intent_wins_from_its_mark_on(self):
        ruled = Intention("store", 0.65, "x")
        assert chosen(ruled, {"store": 0.4, "none": 0.6}, 0.5) == "none"
        assert chosen(ruled, {"store": 0.4, "none": 0.45, "list": 0.15}, 0.5) == "store"

    def test_a_plain_order_is_kept(self):
        assert chosen(Intention("forget", 0.9, "x", verb="delete"), {"forget": 0.01, "none": 0.99}, 0.5) == "forget"

    def test_a_doubtful_order_takes_more_to_overrule(self):
        ruled = Intention("forget", 0.75, "x", verb="delete")
        assert [chosen(ruled, {"forget": 1 - p, "none": p}, 0.5) for p in (0.65, 0.9)] == ["forget", "none"]

    def test_chances_are_one_together_and_follow_the_weights(self):
        found = chances(frozenset({"a", "unknown"}), Learnt({"a": {"count": 2.0}}))
        assert sum(found.values()) == pytest.approx(1)
        assert max(found, key=found.get) == "count"
        assert chances(frozenset({"a"}), Learnt({"a": {"count": 2.0}}, scale=0.5))["count"] < found["count"]

    def test_without_anything_learnt_the_rules_decide(self):
        ((operation, place),) = READER.evidence("Who lent us the canoe?", now=NOW)
        assert decided(operation, place, Learnt({})).intent == operation.intention.intent == "recall"

    def test_what_is_decided_otherwise_has_its_words(self):
        ((operation, place),) = READER.evidence("Our canoe is green.", now=NOW)
        strong = Learnt({"bias": {"recall": 9.0}})
        told = decided(operation, place, strong)
        assert (told.intent, told.question, told.confidence > 0.9) == ("recall", "Our canoe is green.", True)

    def test_what_is_new_is_kept_beside_an_order(self):
        call = read("My new bank is Norrland. Delete the old one.")
        assert [call.intent, *(each.intent for each in call.then)] == ["store", "forget"]


class TestShipped:
    def test_those_shipped_are_the_file_and_name_intents(self):
        told = json.loads(Path(deciding.__file__).with_name("intents.json").read_text(encoding="utf-8"))
        assert Learnt(**told) == learnt()
        assert {intent for by_intent in learnt().weights.values() for intent in by_intent} == set(INTENTS)
        assert all(abs(value) < 6 for by_intent in learnt().weights.values() for value in by_intent.values())

    def test_they_are_read_when_the_first_text_is(self):
        code = "import sys, memos; assert not [name for name in sys.modules if 'memreader' in name]"
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

    @pytest.mark.parametrize(
        ("text", "intent"),
        [
            ("What did Halvard paint in the barn?", "recall"),
            ("The carpenter is at the door; what was the width we agreed on?", "recall"),
            ("What are good ways to learn the names of trees?", "none"),
            ("In PHP, how do I remove the last element?", "none"),
            ("My cousin Tone ought to be able to read the insurance letters.", "share"),
            ("Which herbs have I planted by the wall?", "list"),
        ],
    )
    def test_words_that_no_rule_tells_by_itself(self, text, intent):
        call = read(text)
        assert (call.intent, 0 < call.reading.confidence <= 1) == (intent, True)

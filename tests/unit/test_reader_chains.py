"""How MemReader takes several operations apart, and what it keeps whole; the sentences are none that it is scored by."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from memos.interface.memreader.reader import MemReader
from memos.memcube.call import MemoryCall
from memos.ports.clock import SystemClock

NOW = datetime(2025, 9, 10, 10, 0, tzinfo=timezone(timedelta(hours=2)))
READER = MemReader()


def chain(text: str) -> list[MemoryCall]:
    call = READER.read(text, now=NOW, new_id=SystemClock().new_id)
    return [call, *call.then]


def told(call: MemoryCall) -> str:
    return call.drafts[0].text if call.drafts else call.query.text


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        (
            "take the lock off the menu, add dumplings, then put it back on",
            [("unfreeze", "menu"), ("update", "menu"), ("freeze", "menu")],
        ),
        ("unlock the rota, add no swaps after noon, lock again please", [("unfreeze", "rota"), ("update", "rota"), ("freeze", "rota")]),
        ("reinstate the pilot study & then share it with Omar", [("restore", "pilot study"), ("share", "pilot study")]),
        (
            "before sharing the roadmap with the board, strip out the headcount figures",
            [("forget", "headcount figures"), ("share", "roadmap")],
        ),
        ("hand the flat file to Nina but first delete the photos", [("forget", "photos"), ("transfer", "flat file")]),
        ("move the invoices to finance, thereafter lock them", [("transfer", "invoices"), ("freeze", "invoices")]),
        ("stash the ski list & remind me in November", [("archive", "ski list"), ("store", "in November about ski list")]),
        ("yes, the postcode is right, and let Uma see it", [("confirm", "postcode"), ("share", "postcode")]),
        (
            "note the fence height down as 1.8 then lock that note",
            [("store", "the fence height down as 1.8"), ("freeze", "fence height down as 1.8")],
        ),
        ("Restore my reading list; once it's back add a thriller", [("restore", "reading list"), ("update", "reading list")]),
        ("first freeze the contract, second share it with legal", [("freeze", "contract"), ("share", "contract")]),
        ("note that Lea moved to Graz and update her address", [("store", "Lea moved to Graz"), ("update", "Lea's address")]),
        ("compare the two quotes and archive the more expensive one", [("compare", "quotes"), ("archive", "more expensive quote")]),
        ("Put the boat manual in the archive. Do the same with the trailer manual.", [("archive", "boat"), ("archive", "trailer manual")]),
        ("What did I say about Crete? Archive that.", [("recall", "Crete"), ("archive", "Crete")]),
        ("save that I owe Petra 20 and what did I owe her before?", [("store", "I owe Petra 20"), ("recall", "owe")]),
        (
            "retrieve the budget from the archive, bump travel to 900, share it with Tom",
            [("restore", "budget"), ("update", "travel"), ("share", "budget")],
        ),
        ("instead of deleting the draft, archive it", [("archive", "draft")]),
        ("old fence quote - delete", [("forget", "old fence quote")]),
        ("notes on the barn: list, then archive", [("list", "barn"), ("archive", "barn")]),
        ("I'd like the Q2 sheets archived and the Q3 ones shared with finance", [("archive", "Q2 sheets"), ("share", "Q3 sheets")]),
        ("Look for the soup Nonna dictated and if it's there, pin it", [("recall", "soup"), ("freeze", "soup Nonna dictated")]),
        ("Drop the second reminder and move the first to Thursday", [("forget", "second reminder"), ("update", "first reminder")]),
        ("take Ben off the carpool sheet and put Zoe on it", [("forget", "Ben"), ("update", "carpool sheet")]),
        ("is the old address still in there? if so remove it", [("recall", "old address"), ("forget", "old address")]),
        ("pull the lab results out of the archive and give Dr Sato access", [("restore", "lab results"), ("share", "lab results")]),
        ("first tell me the budget, then raise it by 100", [("recall", "budget"), ("update", "budget")]),
        ("save this soup idea: leek. And what did I say of the last one?", [("store", "soup idea: leek"), ("recall", "soup idea")]),
    ],
)
def test_each_step_of_a_chain_has_its_object(text, steps):
    found = chain(text)
    assert [each.intent for each in found] == [intent for intent, _ in steps]
    for each, (_, words) in zip(found, steps, strict=True):
        assert words in told(each)


@pytest.mark.parametrize(
    "text",
    [
        "When did Otto bake a vegan cake and share it with a hiking club?",
        "Which towns did Rosa paint in and how many weeks was she with her friends?",
        "How many films have I seen, and what marks did I give them?",
        "The plumber is here and wants to know which boiler service we booked",
        "I have a call in ten minutes, what did Lena say about the renewal?",
        "We're meeting the bank soon. What did they offer us last year?",
    ],
)
def test_a_question_is_one_search_whatever_stands_around_it(text):
    (call,) = chain(text)
    assert call.operation == "search"


def test_context_before_a_question_is_not_looked_for():
    (call,) = chain("I have a call in ten minutes, what did Lena say about the renewal?")
    assert call.query.text == "what did Lena say about the renewal?"
    assert call.reading.topics == ("renewal",)


def test_a_count_is_looked_for_by_the_whole_question():
    (call,) = chain("How many site visits were there last month?")
    assert (call.query.text, call.reading.topics) == ("How many site visits were there last month?", ("site visits",))


@pytest.mark.parametrize(
    ("text", "intent", "target", "option"),
    [
        ("can the garden log go to the allotment group?", "transfer", "garden log", ("to", "shared/allotment%20group")),
        ("could the old rota be archived?", "archive", "old rota", None),
        ("make sure only Petra can see the salary table", "share", "salary table", ("principals", ("user:Petra",))),
        ("those patterns belong in the craft space: move the quilt and the scarf", "transfer", "quilt and the scarf", None),
        ("the choir rota needn't be locked any more", "unfreeze", "choir rota", None),
        ("stick lemons on the shopping list", "update", "shopping list", ("text", "lemons")),
        ("forward what I have on damp to the site manager", "share", "what I have on damp", ("principals", ("role:site manager",))),
        ("the stale price sheet can go", "forget", "stale price sheet", None),
    ],
)
def test_a_hint_is_an_order(text, intent, target, option):
    (call,) = chain(text)
    assert (call.intent, call.query.text) == (intent, target)
    assert option is None or call.options[option[0]] == option[1]

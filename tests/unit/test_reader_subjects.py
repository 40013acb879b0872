"""What MemReader takes for topics, names and anchors, and which pronouns it leaves open; the sentences are none that it is scored by."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from memos.interface.memreader.phrases import topics
from memos.interface.memreader.reader import MemReader
from memos.memcube.call import MemoryCall
from memos.ports.clock import SystemClock

NOW = datetime(2025, 9, 10, 10, 0, tzinfo=timezone(timedelta(hours=2)))
READER = MemReader()


def read(text: str) -> MemoryCall:
    return READER.read(text, now=NOW, new_id=SystemClock().new_id)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the pilot study", ("pilot study",)),
        ("what did the boiler service cost", ("boiler service",)),
        ("my notes from the site visit", ("site visit",)),
        ("did the event store ever break", ("event store",)),
        ("did the new tenant's dog bark at the postman", ("new tenant's dog", "postman")),
        ("which oven did we order", ("oven",)),
        ("who does the ironing", ("ironing",)),
        ("my nephew starts college soon", ("nephew", "college")),
        ("the reasons for turning down the offer", ("reasons", "offer")),
        ("was the water bill higher", ("water bill",)),
        ("how tall was the fence", ("fence",)),
        ("ring the council about the skip", ("council", "skip")),
        ("we don't eat pork", ("pork",)),
        ("the parcels got lost", ("parcels",)),
        ("my brother in law and the hedge", ("brother-in-law", "hedge")),
        ("will", ("will",)),
        ("for the life of me", ()),
    ],
)
def test_a_noun_phrase_keeps_its_head_and_loses_its_verb(text, expected):
    assert topics(text) == expected


def test_what_a_name_stands_before_is_a_topic_of_its_own():
    assert topics("the Hadley matter", [(4, 10)]) == ("matter",)


@pytest.mark.parametrize(
    ("text", "anchors", "bearing"),
    [
        ("What did Ann say when we met in Oslo?", ("met in Oslo",), "during"),
        ("Did Ann say when we'd meet?", (), None),
        ("remind me when exactly we met", (), None),
        ("what did I weigh before the diet?", ("diet",), "before"),
        ("what have I spent since the flood barrier went up?", ("flood barrier went up",), "since"),
        ("who looked after the dog?", (), None),
        ("what happened on our honeymoon?", ("honeymoon",), "during"),
        ("what did they say on our application?", (), None),
        ("Since you asked, what did I say about Ana?", (), None),
        ("When I get to the shop remind me which paint it was", (), None),
    ],
)
def test_an_anchor_is_an_event_and_no_question_within_another(text, anchors, bearing):
    call = read(text)
    assert call.anchors == anchors
    assert bearing is None or call.bearing == bearing


@pytest.mark.parametrize(
    "text",
    [
        "What does Rosa's sketch mean to her?",
        "How does Ken use the stand with a lamp attached to it?",
        "How long did it take Mei to finish the quilt?",
        "What did Otto do that he enjoyed?",
        "What does Paul have that serves as a shelf?",
        "What keeps Ines from calling herself an artist?",
        "What did the lease say before we renewed it?",
        "Who was that roofer Greta suggested?",
        "When was the last time we painted the shed?",
    ],
)
def test_a_pronoun_that_its_sentence_explains_is_not_open(text):
    assert read(text).reading.unresolved == ()


@pytest.mark.parametrize("text", ["What did Rosa tell him?", "What did she say?", "delete it", "What did Otto say about it?"])
def test_a_pronoun_that_nothing_explains_stays_open(text):
    assert [each.kind for each in read(text).reading.unresolved] == ["reference"]


@pytest.mark.parametrize(
    ("text", "target", "content", "mode"),
    [
        ("Jot on the shed list that we need hinges", "shed list", "we need hinges", "append"),
        ("in the bread recipe, replace rye with spelt", "bread recipe", "spelt", "overwrite"),
        ("make the deposit 900 instead of 800 in the rental note", "deposit in the rental note", "900", "overwrite"),
        ("the wifi isn't heron77 anymore, it's egret12", "wifi", "egret12", "overwrite"),
        ("insert a line about parking in the guest handbook", "guest handbook", "parking", "append"),
        ("add the new dose to my inhaler notes", "inhaler notes", "the new dose", "append"),
    ],
)
def test_a_change_says_where_what_and_how(text, target, content, mode):
    call = read(text)
    assert (call.intent, call.query.text, call.options) == ("update", target, {"mode": mode, "text": content})


def test_what_is_only_short_for_a_thing_is_a_topic():
    reading = read("My PIN changed to 9921").reading
    assert (reading.topics, reading.entities) == (("pin",), ())


def test_an_aside_is_not_kept():
    assert read("Note to self - the spare key is under the third pot").drafts[0].text == "the spare key is under the third pot"
    assert (
        read("our silver wedding is the ninth of June dont let me forget it again").drafts[0].text
        == "our silver wedding is the ninth of June"
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Zdenko owes me a fiver", ("Zdenko",)),
        ("Marlin project's done so archive it", ("Marlin",)),
        ("share krisso the route", ("krisso",)),
        ("Work wants me to travel", ()),
    ],
)
def test_a_name_that_no_table_knows_is_told_by_what_stands_behind_it(text, names):
    assert read(text).reading.entities == names

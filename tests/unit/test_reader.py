"""MemReader: what a request, a question and a statement become; the sentences here are none of those that it is scored by."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memos.errors import InvalidCall
from memos.interface.memreader.dialogue import Turn
from memos.interface.memreader.reader import MemReader
from memos.memcube.call import MemoryCall
from memos.ports.clock import SystemClock

NOW = datetime(2025, 9, 10, 10, 0, tzinfo=timezone(timedelta(hours=2)))
READER = MemReader()


def read(text: str, *turns: Turn, trigger: str | None = None) -> MemoryCall:
    return READER.read(text, now=NOW, turns=turns, trigger=trigger, new_id=SystemClock().new_id)


def chain(text: str) -> list[MemoryCall]:
    call = read(text)
    return [call, *call.then]


@pytest.mark.parametrize(
    ("text", "operation", "intent"),
    [
        ("Remember that Sunil's bike is in our shed", "add", "store"),
        ("Could you please note down that the rent goes up in May?", "add", "store"),
        ("I've been a vegetarian since 2019.", "add", "store"),
        ("where did we leave the ladder?", "search", "recall"),
        ("Would you mind telling me what Greta wanted for her birthday", "search", "recall"),
        ("show me my notes about the boat", "search", "list"),
        ("show me my notes from last week", "list", "list"),
        ("Could you give me a quick rundown of the roof repair?", "summarise", "summarise"),
        ("How many times did Otto call last week?", "count", "count"),
        ("Did I walk more in July than in August?", "compare", "compare"),
        ("How has my training plan changed since spring?", "history", "history"),
        ("Change the gate code to 7731", "update", "update"),
        ("add oat milk to our shopping list", "update", "update"),
        ("please get rid of my note on the old router", "forget", "forget"),
        ("put the Vienna itinerary away for now", "archive", "archive"),
        ("bring back the note about the boiler", "restore", "restore"),
        ("confirm that my shoe size is 43", "confirm", "confirm"),
        ("don't let anyone change the will", "freeze", "freeze"),
        ("unlock the seating chart", "unfreeze", "unfreeze"),
        ("hand the onboarding notes over to Ines", "transfer", "transfer"),
        ("let Karim see my route notes", "share", "share"),
    ],
)
def test_what_is_asked_for_becomes_its_operation(text, operation, intent):
    call = read(text)
    assert (call.operation, call.intent) == (operation, intent)
    assert call.reading is not None
    assert call.reading.confidence > 0.5


@pytest.mark.parametrize(
    "text",
    [
        "What is the largest lake in Africa?",
        "how do I undo a commit in git?",
        "Write me a sonnet about the sea",
        "never mind, sing me a song",
        "Translate 'good evening' into Dutch",
        "How far is the moon?",
        "thanks a lot!",
        "What's the difference between a crow and a raven?",
        "Who painted the Mona Lisa?",
        "Tell me about Napoleon",
        "I'm so tired",
        "add 12 and 30",
        "share a recipe for soup",
        "what can you do for me?",
    ],
)
def test_what_needs_no_memory_is_left_alone(text):
    call = read(text)
    assert (call.operation, call.intent, call.query, call.drafts) == ("none", "none", None, ())


def test_what_only_asks_is_taken_off_the_question():
    assert read("Hey, can you please remind me what Lars paid for the canoe?").query.text == "what Lars paid for the canoe?"
    assert read("do you still remember where we parked in Ghent").query.text == "where we parked in Ghent"


def test_a_name_and_what_is_asked_about_it_are_told_apart():
    reading = read("What did Melanie say about the pottery class last week?").reading
    assert reading.entities == ("Melanie",)
    assert reading.topics == ("pottery class",)
    assert [each.text for each in reading.times] == ["last week"]


def test_a_time_is_a_window_and_an_event_is_an_anchor():
    call = read("What did Nora tell us during the conference in 2024?")
    assert call.query.window.start.year == 2023 or call.query.window.start.isoformat().startswith("2024-01-01")
    call = read("what did I weigh before the operation?")
    assert (call.anchors, call.bearing, call.query.window) == (("operation",), "before", None)


def test_several_operations_are_a_chain_in_the_order_of_doing():
    calls = chain("Before you archive the garden plan, add the seed prices to it and share it with Mona")
    assert [each.operation for each in calls] == ["update", "share", "archive"]
    assert [each.query.text for each in calls] == ["garden plan"] * 3
    assert calls[0].options == {"mode": "append", "text": "the seed prices"}
    assert calls[1].options == {"principals": ["user:Mona"], "rights": ["read"]} or calls[1].options["principals"] == ("user:Mona",)


def test_a_later_clause_takes_the_object_of_an_earlier_one_as_a_slot():
    calls = chain("find the lease and freeze it")
    slot = calls[1].reading.slots[0]
    assert (calls[1].operation, calls[1].query.text) == ("freeze", "lease")
    assert (slot.name, slot.words, slot.value, slot.turn) == ("reference", "it", "lease", 0)


def test_what_one_clause_explains_in_another_is_not_left_open():
    calls = chain("change the mooring plan to berth 9 and lock it")
    assert [(each.operation, each.query.text, each.reading.unresolved) for each in calls] == [
        ("update", "mooring plan", ()),
        ("freeze", "mooring plan", ()),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "What did Priya and Tom agree on?",
        "find the note about locks and keys",
        "Remember that Ben and Ann sold the van and moved to Cork",
        "remember to call Jo and update the plan",
    ],
)
def test_and_within_what_one_operation_is_about_makes_no_chain(text):
    assert read(text).then == ()


def test_a_time_in_what_is_to_be_written_is_no_window():
    call = read("change the pill plan to two tablets in the morning")
    assert (call.options["text"], call.query.text, call.query.window) == ("two tablets in the morning", "pill plan", None)


def test_what_is_to_be_kept_is_kept_as_it_was_said():
    call = read("please remember that I'm allergic to kiwis")
    assert [draft.text for draft in call.drafts] == ["I'm allergic to kiwis"]
    assert call.drafts[0].said_at is None


def test_what_is_long_is_kept_to_its_end():
    said = "the tide table " + "high low " * 5_000
    assert [draft.text for draft in read(f"Remember that {said}").drafts] == [said.strip()]


def test_what_an_order_leaves_out_is_unresolved():
    assert [(each.kind) for each in read("Remember this").reading.unresolved] == ["content"]
    assert [(each.kind) for each in read("update my work schedule").reading.unresolved] == ["content"]
    assert [(each.kind) for each in read("share the agenda").reading.unresolved] == ["scope"]


def test_erasure_is_never_run_from_words():
    for text in ("Erase all my data", "delete everything you know about me", "GDPR: remove my personal data"):
        call = read(text)
        assert call.intent == "forget"
        assert any(each.kind == "scope" and "`erase`" in each.reason for each in call.reading.unresolved)
    assert read("delete everything about the gym").reading.unresolved == ()


def test_one_memory_or_all_of_a_kind_is_told_by_the_limit():
    assert read("delete the note about the dentist").query.limit == 1
    assert read("delete my last three notes").query.limit == 3
    assert read("delete everything about the dentist").query.limit == 1000


def test_the_sides_of_a_comparison_are_two_queries():
    call = read("compare my running in July with August")
    one, two = call.query.window, call.options["against"]["window"]
    assert one.start.month in {6, 7}
    assert two["start"] != one.start.isoformat()
    call = read("compare Ada's offer with the one from Ben")
    assert (call.query.text, call.options["against"]["text"]) == ("Ada's offer", "offer from Ben")


def test_scope_tags_and_number_are_conditions_of_the_query():
    call = read("show me the last five notes tagged with garden")
    assert (call.query.limit, call.options.get("descending")) == (5, True)
    assert call.query.filter.to_json() == {"tags": {"all": ["garden"]}}
    assert read("what is in the team's shared notes about pricing?").query.layers == ("shared",)
    assert read("show my archived notes about Kyoto").query.states == ("archived",)


def test_a_schedule_is_told_beside_the_call_that_is_to_run():
    call = read("Every Friday summarise my reading notes")
    assert call.operation == "summarise"
    assert call.reading.schedule.rule == "FREQ=WEEKLY;BYDAY=FR"


def test_a_task_that_nobody_asked_for_just_now_tells_its_trigger():
    assert read("Remember that the backup ran", trigger="nightly").options == {"trigger": "nightly"}


def test_a_conversation_gives_what_a_question_leaves_out():
    turns = (Turn(role="user", text="What did Ilse say about the fence?"), Turn(role="assistant", text="That it leans."))
    call = read("and what did she say about the roof?", *turns)
    assert call.operation == "search"
    assert "Ilse" in call.query.text
    assert [(slot.words, slot.value) for slot in call.reading.slots] == [("she", "Ilse")]


@pytest.mark.parametrize(
    ("text", "intent", "language"),
    [
        ("Recuerda que soy alérgico a las nueces", "store", "es"),
        ("¿Cuántas veces fui al gimnasio en mayo?", "count", "es"),
        ("Resume mis notas de la semana pasada", "summarise", "es"),
        ("¿Qué dijo mi médico sobre la dosis?", "recall", "es"),
        ("记住我对花生过敏", "store", "zh"),
        ("总结我上个月的笔记", "summarise", "zh"),
        ("删除我关于健身房的笔记", "forget", "zh"),
        ("法国的首都是什么?", "none", "zh"),
    ],
)
def test_words_of_request_are_known_in_spanish_and_chinese(text, intent, language):
    call = read(text)
    assert (call.intent, call.reading.language) == (intent, language)
    assert call.reading.confidence < 0.5


@pytest.mark.parametrize("text", ["", "  \n\t", "a\0b", "\ud800", None, 7, b"what"])
def test_what_is_no_text_is_an_invalid_call(text):
    with pytest.raises(InvalidCall):
        read(text)


def test_a_time_without_a_zone_is_an_invalid_call():
    with pytest.raises(InvalidCall, match="aware"):
        READER.read("what did I eat?", now=datetime(2025, 1, 1), new_id=lambda: "x")  # noqa: DTZ001


@pytest.mark.parametrize(
    "text",
    [
        "find the plan " + "and archive it " * 10_000,
        "and " * 10_000,
        "Remember that " + "x" * 1_000_000,
        "what " * 200_000,
        "(" * 50_000 + "why did I go",
        "Remember: " + "a, then b and c; " * 5_000,
        "\x01\x02\x1b[31mwhat did I eat\x7f",
        "🦊" * 5_000,
        "delete " + "the note about " * 5_000,
        "my " + "very " * 20_000 + "old note",
    ],
)
def test_a_hostile_text_is_read_in_bounded_time(text):
    call = read(text)
    assert len(call.then) < 12


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text):
    try:
        call = read(text)
    except InvalidCall:
        return
    assert call.intent is not None
    assert json.loads(call.model_dump_json())["id"]


WORDS = """
remember forget archive the a my note about Bob and then before after you it that to with share compare add delete all , . ; ? ! ' " :
what did when how many last week Monday every in from of everything not 5 me please
"""


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=30))
def test_any_order_of_words_of_request_is_read(words):
    call = read(" ".join(words))
    assert len(call.then) < 12


def test_the_reader_is_not_loaded_before_it_is_used():
    code = "import sys, memos; print(sorted(name for name in sys.modules if 'memreader' in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

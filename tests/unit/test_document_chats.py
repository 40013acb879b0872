"""Chats: exports and transcripts become the messages that were said, word by word, with who said them, when, and in which order."""

import json
import random
from datetime import UTC, datetime

import pytest

from memos import MemOS
from memos.errors import InvalidCall
from memos.interface.memreader.documents import read_document
from memos.settings import DocumentSettings
from tests.document_files import chatgpt, claude, slack

LIMITS = DocumentSettings()
TURNS = [("user", "What is a good varnish?"), ("assistant", "Spar varnish.\n\nIt bends with the wood."), ("user", "Thanks")]


@pytest.fixture
def alice(tmp_path):
    with MemOS.open(tmp_path / "m", embedder=None, worker="none") as memory:
        yield memory.as_user("alice")


def read(content, name, **options):
    return read_document(content.encode() if isinstance(content, str) else content, LIMITS, name=name, **options)


def said(document):
    return [(each.get("name"), each.get("role"), each["content"]) for each in document.messages]


def times(document):
    return [each["at"].isoformat() for each in document.messages]


def test_chatgpt_keeps_the_branch_that_stands_and_goes_on_when_the_chat_does(alice):
    document = read(chatgpt(TURNS), "conversations.json")
    assert document.format == "chatgpt"
    assert said(document) == [(None, role, text) for role, text in TURNS]
    assert document.messages[0]["session"] == "chatgpt:c-1"
    assert document.messages[0]["at"] == datetime(2024, 3, 5, 10, 0, 0, 500_000, tzinfo=UTC)
    assert document.messages[0]["metadata"] == {
        "document": "conversations.json", "format": "chatgpt", "conversation": "Boats", "message": "m0",
    }  # fmt: skip
    first = alice.add_document(chatgpt(TURNS[:2]), name="conversations.json")
    later = alice.add_document(chatgpt(TURNS), name="conversations.json")
    assert (first.value["added"], later.value["added"], later.value["unchanged"]) == (2, 1, 2)
    assert [cube.ordinal for cube in later.cubes] == [0, 1, 2]
    assert later.cubes[0].provenance.origin == "conversation"
    edited = [("user", "What is a bad varnish?"), *TURNS[1:]]
    with pytest.raises(InvalidCall, match="turn 0 of session 'chatgpt:c-1' stands with another text"):
        alice.add_document(chatgpt(edited), name="conversations.json")
    replaced = alice.add_document(chatgpt(edited), name="conversations.json", replace=True)
    assert replaced.value == {"added": 1, "unchanged": 2, "moved": 0, "forgotten": 1}
    assert [cube.text for cube in alice.list(order="ordinal").cubes] == [text for _, text in edited]


def test_a_chatgpt_export_that_goes_in_circles_ends():
    content = chatgpt(TURNS).replace(b'"parent": "root"', b'"parent": "m2"')
    assert len(read(content, "c.json").messages) == 3


ODD = (None, True, -1, 1e18, "", [], {}, [[]], {"a": {}}, "x" * 300, 10**30, "99999999999", "1e5")


def spoilt(value, rng):
    """Plain values of which some are left out and some are others than they should be."""
    if rng.random() < 0.06:
        return rng.choice(ODD)
    if isinstance(value, dict):
        return {key: spoilt(each, rng) for key, each in value.items() if rng.random() > 0.03}
    return [spoilt(each, rng) for each in value if rng.random() > 0.03] if isinstance(value, list) else value


def test_spoilt_exports_are_read_or_refused():
    exports = [json.loads(made(TURNS)) for made in (chatgpt, claude, slack)]
    good = 0
    for seed in range(600):
        rng = random.Random(seed)
        content = json.dumps(spoilt(rng.choice(exports), rng)).encode()
        try:
            good += len(read(content, "c.json").drafts({})) > 0
        except InvalidCall:
            continue
    assert 200 < good < 600


def test_claude():
    document = read(claude([("human", "Where is the rope?"), ("assistant", "In the locker.")]), "c.json")
    assert said(document) == [(None, "user", "Where is the rope?"), (None, "assistant", "In the locker.")]
    assert document.messages[1]["session"] == "claude:0a-1"
    assert times(document) == ["2024-03-05T10:00:00+00:00", "2024-03-05T10:01:00+00:00"]


def test_slack_by_its_times_without_what_slack_itself_says():
    document = read(slack([("Ines", "Who has the key?"), ("Tomas", "I do, <@U0>")]), "2024-03-05.json")
    assert said(document) == [("Ines", "user", "Who has the key?"), ("Tomas", "user", "I do, <@U0>")]
    assert {each["session"] for each in document.messages} == {"document:2024-03-05.json"}


def test_halves_of_characters_in_an_export_are_marked(alice):
    content = slack([("Ines", "one"), ("Tomas", "two")]).replace(b"one", b"fish \\ud83d\\udc1f cut \\ud83d and \\u0000 end")
    reply = alice.add_document(content, name="day.json")
    assert reply.cubes[0].text == "fish 🐟 cut \ufffd and \ufffd end"


WHATSAPP = {
    "android-us": ("3/25/24, 9:05 PM - ", "3/26/24, 12:10 AM - "),
    "android-uk": ("25/03/2024, 21:05 - ", "26/03/2024, 00:10 - "),
    "android-de": ("25.03.24, 21:05 - ", "26.03.24, 00:10 - "),
    "android-es": ("25/3/24, 9:05 p. m. - ", "26/3/24, 12:10 a. m. - "),
    "android-br": ("25/03/2024 21:05 - ", "26/03/2024 00:10 - "),
    "ios-uk": ("[25/03/2024, 21:05:00] ", "\u200e[26/03/2024, 00:10:00] "),
    "ios-us": ("[3/25/24, 9:05:00\u202fPM] ", "[3/26/24, 12:10:00\u202fAM] "),
    "ios-nl": ("[25-03-2024 21:05:00] ", "[26-03-2024 00:10:00] "),
    "ios-cn": ("[2024/3/25 下午9:05:00] ", "[2024/3/26 上午12:10:00] "),
}


def whatsapp(locale):
    first, second = WHATSAPP[locale]
    return f"{first}Ines: Hello\nsecond line\n{second}Tomas: Yes: at noon\n"


@pytest.mark.parametrize("locale", WHATSAPP)
def test_whatsapp_in_its_locales(locale):
    document = read(whatsapp(locale), "_chat.txt", tz="Europe/Lisbon")
    assert document.format == "whatsapp"
    assert said(document) == [("Ines", None, "Hello\nsecond line"), ("Tomas", None, "Yes: at noon")]
    assert times(document) == ["2024-03-25T21:05:00+00:00", "2024-03-26T00:10:00+00:00"]
    assert document.warnings == ()
    for message in document.messages:
        assert document.passage(message["metadata"]) == message["content"]
    assert read(whatsapp(locale), "Ines and Tomas", tz="Europe/Lisbon").format == "whatsapp"


def test_a_bracket_at_the_beginning_is_no_json_yet():
    assert read("[a note] in brackets", "note").format == "text"
    assert read(slack([("Ines", "Hi"), ("Tomas", "Ho")]), "day").format == "slack"


def test_whatsapp_says_what_it_assumed_and_is_told_better():
    text = "05/04/2024, 21:05 - Messages are end-to-end encrypted.\n05/04/2024, 21:05 - Ines: Hello\n06/04/2024, 21:06 - Tomas: Yes\n"
    document = read(text, "_chat.txt")
    assert times(document) == ["2024-04-05T21:05:00+00:00", "2024-04-06T21:06:00+00:00"]
    assert ["UTC" in line for line in document.warnings] == [True, False]
    assert "day first" in document.warnings[1]
    summer = read(text, "_chat.txt", tz="Europe/Lisbon", date_order="mdy")
    assert [each["at"].astimezone(UTC).isoformat() for each in summer.messages] == [
        "2024-05-04T20:05:00+00:00",
        "2024-06-04T20:06:00+00:00",
    ]
    assert summer.warnings == ()
    backwards = text.replace("05/04", "12/03").replace("06/04", "01/04")
    assert times(read(backwards, "_chat.txt"))[0].startswith("2024-03-12")
    with pytest.raises(InvalidCall, match="is no day written as ymd"):
        read(text, "_chat.txt", date_order="ymd")


def test_transcripts_by_their_names_and_prose_is_none():
    text = "Interview in the harbour\n\nInes: Who steers?\nTomas: I do.\nSince March.\nInes: And who cooks?\nTomas: Nobody.\n"
    document = read(text, "talk.txt")
    assert document.format == "transcript"
    assert said(document)[:2] == [("Ines", None, "Who steers?"), ("Tomas", None, "I do.\nSince March.")]
    assert "before the first speaker" in document.warnings[0]
    for message in document.messages:
        assert document.passage(message["metadata"]) == message["content"]
    assert [each["role"] for each in read("User: Hi\nAssistant: Hello\nUser: Bye\nAssistant: Bye", "a.txt").messages][:2] == [
        "user",
        "assistant",
    ]
    for prose in ("Name: Ines\nAge: 40\nCity: Faro\nJob: cook\n", "Note: buy rope.\nIt rains.\nTar is dear.\nNote: ask Tomas.\n"):
        assert read(prose, "a.txt").format == "text"
    assert read("Note: buy rope.\nTodo: ask.", "a.txt", format="transcript").messages[1]["name"] == "Todo"
    with pytest.raises(InvalidCall, match="no line of it begins with a speaker"):
        read("Nothing of the kind", "a.txt", format="transcript")


VTT = """WEBVTT

NOTE a comment

1
00:01.000 --> 00:03.500 align:start
<v Ines>Who has <i>the</i>

00:03.500 --> 00:05.000
<v Ines>key &amp; the rope?

00:06.000 --> 00:08.000
<v Tomas>I do.
"""


def test_subtitles_join_the_cues_of_one_speaker():
    document = read(VTT, "talk.vtt")
    assert said(document) == [("Ines", None, "Who has the key & the rope?"), ("Tomas", None, "I do.")]
    assert document.messages[0]["metadata"] == {"document": "talk.vtt", "format": "vtt", "from": "00:00:01.000", "to": "00:00:05.000"}
    cues = ("00:00:01,000 --> 00:00:02,000\nThe boat", "00:00:02,100 --> 00:00:04,000\nis blue.", "00:01:00,000 --> 00:01:02,000\nLater.")
    srt = "\n\n".join(f"{number}\n{cue}" for number, cue in enumerate(cues, start=1))
    assert [text for _, _, text in said(read(srt, "film.srt"))] == ["The boat is blue.", "Later."]


def test_messages_are_stored_as_add_stores_messages(alice):
    text = whatsapp("ios-uk")
    reply = alice.add_document(text.encode(), name="_chat.txt", tags=["chat"])
    assert [(cube.speaker, cube.session, cube.ordinal) for cube in reply.cubes] == [
        ("Ines", "document:_chat.txt", 0), ("Tomas", "document:_chat.txt", 1),
    ]  # fmt: skip
    assert reply.cubes[0].said_at == datetime(2024, 3, 25, 21, 5, tzinfo=UTC)
    assert [tag.key for tag in reply.cubes[0].own_tags] == ["chat"]
    assert "UTC" in reply.warnings[0]
    longer = text + "[27/03/2024, 08:00:00] Ines: Morning\n"
    assert alice.add_document(longer.encode(), name="_chat.txt").value == {"added": 1, "unchanged": 2, "moved": 0, "forgotten": 0}

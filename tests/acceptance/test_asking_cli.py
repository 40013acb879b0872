"""`memos ask` and `memos parse`: what a person would say, in the shell."""

import pytest

from memos import MemOS
from tests.acceptance.test_cli import Command

NOTES = ["The spare key is with the neighbour.", "The gym opens at six.", "I ran at the gym."]


@pytest.fixture
def run(tmp_path):
    with MemOS.open(tmp_path / "store", embedder="hashing", worker="none") as memory:
        memory.as_user("alice").add(NOTES, wait=True)
    return Command(tmp_path / "store")


class TestAsk:
    def test_a_question_finds(self, run):
        assert NOTES[0] in run("ask", "where is the spare key?", "--limit", "1").stdout

    def test_a_count_is_a_number(self, run):
        out = run("ask", "how many notes mention the gym?").stdout
        assert out.splitlines()[0] == "2"
        assert len(out.splitlines()) == 3
        assert run.json("ask", "how many notes mention the gym?")["value"] == 2

    def test_a_digest_cites(self, run):
        out = run("ask", "summarise my notes about the gym").stdout
        assert "The gym opens at six." in out
        assert "[0, 21)" in out

    def test_two_sides(self, run):
        out = run("ask", "compare the gym with the spare key").stdout
        assert "The gym opens at six." in out
        assert NOTES[0] in out

    def test_what_is_said_is_stored(self, run):
        out = run("ask", "remember that the bins go out on Tuesday").stdout
        assert "the bins go out on Tuesday" in out
        assert "bins" in run("list").stdout

    def test_forgetting_says_how_many(self, run):
        key = run.json("ask", "where is the spare key?")["hits"][0]["cube"]["id"]
        assert run("ask", "forget the note about the spare key").stdout.split() == ["forget:", "1", key]
        assert NOTES[0] not in run("list").stdout

    def test_what_is_not_clear_changes_nothing(self, run):
        found = run("ask", "forget the gym note", code=2)
        assert "2 memories may be meant" in found.stderr
        assert {NOTES[1], NOTES[2]} <= {line.split("  ")[-1] for line in found.stderr.splitlines()}
        assert NOTES[1] in run("list").stdout

    def test_what_needs_no_memory(self, run):
        assert run("ask", "hello").stdout.strip() == "this asks nothing of the memory"

    def test_after_other_turns(self, run):
        reply = run.json("ask", "and the spare key?", "--turn", "where is the gym?", "--verbose")
        assert "spare key" in reply["call"]["reading"]["standalone"]
        assert reply["hits"][0]["cube"]["payload"]["text"] == NOTES[0]

    def test_a_time_with_no_zone_is_refused(self, run):
        assert "time zone" in run("ask", "what happened yesterday?", "--now", "2025-07-16T14:30:00", code=2).stderr


class TestParse:
    def test_needs_no_store_and_says_what_was_understood(self, tmp_path):
        run = Command(tmp_path / "nothing")
        out = run("parse", "what did we discuss yesterday about tides?", "--now", "2025-07-16T14:30:00", "--tz", "UTC").stdout
        assert "intent:      recall (search)" in out
        assert "2025-07-15T00:00:00+00:00 to 2025-07-16T00:00:00+00:00" in out
        assert not (tmp_path / "nothing").exists()

    def test_times_are_shown_in_the_zone_that_was_given(self, tmp_path):
        out = Command(tmp_path)("parse", "what did I do yesterday?", "--now", "2025-07-16T14:30:00", "--tz", "Europe/Lisbon").stdout
        assert "2025-07-15T00:00:00+01:00" in out

    def test_as_json_it_is_the_call(self, tmp_path):
        call = Command(tmp_path / "nothing").json("parse", "during the conference, what did Ana say?")
        assert call["intent"] == "recall"
        assert call["anchors"] == ["conference"]

    def test_an_unknown_zone_is_named(self, tmp_path):
        found = Command(tmp_path / "nothing")("parse", "yesterday", "--tz", "Mars/Base", code=2)
        assert "Mars/Base" in found.stderr

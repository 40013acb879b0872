"""The command line on real stores: what goes in comes out, in both forms, with the exit codes that it promises."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner

import memos.cli.adding
import memos.cli.reading
from memos import MemOS
from memos.backends.sqlite.copy_keys import CopyKeys
from memos.cli.root import cli
from memos.testing.retrieval_eval import MEASURES
from tests.embedding_server import EmbeddingServer

ROOT = Path(__file__).parents[2]
SCRIPT = Path(sys.executable).with_name("memos")
HARBOUR = ROOT / "evals" / "data" / "harbour.json"
NOWHERE = "01890000-0000-7000-8000-000000000000"
HOSTILE = "red \x1b[31malert\x1b[0m \x07 and \u202eover\x9b2J"


class Command:
    """`memos` for alice on one store with hashed vectors."""

    def __init__(self, store, **environment):
        self.store = store
        self.environment = {"MEMOS_STORE": str(store), "MEMOS_USER": "alice", "MEMOS_EMBEDDER": "hashing"} | environment

    def __call__(self, *arguments, code=0, stdin=None):
        done = CliRunner().invoke(cli, list(map(str, arguments)), input=stdin, env=self.environment)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    def json(self, *arguments, stdin=None):
        done = self(*arguments, "--json", stdin=stdin)
        assert done.stdout.count("\n") == 1, "one document on one line"
        return json.loads(done.stdout)

    def error(self, *arguments, code):
        """The code and message of an error, told as JSON."""
        done = self(*arguments, "--json", code=code)
        assert done.stdout == ""
        error = json.loads(done.stderr)["error"]
        assert set(error) == {"code", "message", "retryable", "details"}
        return error["code"], error["message"]

    def ids(self, *arguments):
        return self(*arguments, "--ids").stdout.split()

    def texts(self, *arguments):
        return [text_of(cube) for cube in self.json("list", "--all", *arguments)["cubes"]]


def text_of(cube):
    return cube["payload"]["text"]


@pytest.fixture
def run(tmp_path):
    return Command(tmp_path / "store")


@pytest.fixture
def home(run):
    """A store with a few memories of alice."""
    run("add", "I moved to Lisbon in March.", "I am allergic to peanuts.", "The boat is called Petrel.", "--tag", "home")
    return run


class TestAdd:
    def test_texts(self, run):
        done = run("add", "I moved to Lisbon.", "I like tea.", "--tag", "home", "--tag", "mood=calm", "--priority", "5")
        assert "2 memories in user/alice" in done.stdout
        first, second = run.json("list")["cubes"]
        assert [text_of(first), text_of(second)] == ["I moved to Lisbon.", "I like tea."]
        assert [(tag["name"], tag["value"]) for tag in first["tags"] if tag["by"] == "user"] == [("home", None), ("mood", "calm")]
        assert first["policy"]["priority"] == 5
        assert first["id"] in done.stdout

    def test_every_field(self, run):
        place, end, values = "user/alice/notes", "2999-01-01", '{"source": "diary"}'
        (made,) = run.json("add", "x", "--namespace", place, "--expires-at", end, "--metadata", values, "--session", "s1")["cubes"]
        assert (made["namespace"], made["session"], made["metadata"]) == ("user/alice/notes", "s1", {"source": "diary"})
        assert made["policy"]["expires_at"] == "2999-01-01T00:00:00Z"

    def test_stdin_is_one_memory(self, run):
        run("add", "-", stdin="first line\nsecond line\n")
        assert run.texts() == ["first line\nsecond line"]

    def test_a_file_of_texts(self, run, tmp_path):
        (tmp_path / "notes.txt").write_text("one\n\ntwo\n", encoding="utf-8")
        run("add", "--file", tmp_path / "notes.txt")
        assert run.texts() == ["one", "two"]

    def test_messages_of_a_file_are_one_conversation_whatever_the_batches(self, run, tmp_path, monkeypatch):
        monkeypatch.setattr(memos.cli.adding, "BATCH", 2)
        messages = [{"role": "user", "name": "Ana", "content": f"message {number}", "at": "2025-03-01T09:00:00Z"} for number in range(5)]
        (tmp_path / "chat.jsonl").write_text("\n".join(map(json.dumps, messages)), encoding="utf-8")
        made = run.json("add", "--file", tmp_path / "chat.jsonl")["cubes"]
        assert [text_of(cube) for cube in made] == [message["content"] for message in messages]
        assert [cube["ordinal"] for cube in made] == [0, 1, 2, 3, 4]
        assert len({cube["session"] for cube in made}) == 1
        assert {(cube["speaker"], cube["role"], cube["said_at"]) for cube in made} == {("Ana", "user", "2025-03-01T09:00:00Z")}

    def test_messages_keep_the_session_that_they_name(self, run, tmp_path):
        (tmp_path / "chat.json").write_text(
            json.dumps([{"content": "a", "session": "s1"}, {"content": "b"}, {"content": "c"}]), encoding="utf-8"
        )
        sessions = [cube["session"] for cube in run.json("add", "--file", tmp_path / "chat.json")["cubes"]]
        assert sessions[0] == "s1"
        assert sessions[1] == sessions[2] != "s1"

    @pytest.mark.parametrize(("name", "content", "said"), [
        ("chat.jsonl", '{"content": "fine"}\n{"content": ""}\n', "line 2: the text is empty"),
        ("chat.jsonl", '{"content": "fine"}\n\n{"content": "x", "colour": "red"}\n', "line 3: a message has no field 'colour'"),
        ("chat.json", '["fine", 3]', "item 2"),
        ("notes.txt", "fine\nnul \0\n", "line 2: .*NUL"),
        ("chat.jsonl", '{"content": "x", "at": "2025-03-01T09:00:00"}', "line 1: .*zone"),
    ])  # fmt: skip
    def test_a_file_with_an_error_stores_nothing(self, home, tmp_path, name, content, said):
        before = home.texts()
        (tmp_path / name).write_text(content, encoding="utf-8")
        done = home("add", "--file", tmp_path / name, code=2)
        assert re.search(said, done.stderr), done.stderr
        assert home.texts() == before

    def test_an_empty_file(self, run, tmp_path):
        (tmp_path / "empty.txt").write_text("\n\n", encoding="utf-8")
        assert run.error("add", "--file", tmp_path / "empty.txt", code=2)[0] == "invalid_call"
        assert not run.store.exists()

    @pytest.mark.parametrize("arguments", [["add"], ["add", "text", "--file", __file__]])
    def test_texts_or_a_file(self, run, arguments):
        assert "one of the two" in run(*arguments, code=2).stderr

    def test_a_fact_that_stands_is_recognised(self, home):
        done = home("add", "i moved to  LISBON in March.", "Something new.")
        assert "1 of them known before" in done.stdout
        assert len(home.texts()) == 4

    def test_ids_alone(self, run):
        made = run.ids("add", "one", "two")
        assert [cube["id"] for cube in run.json("list")["cubes"]] == made

    def test_many_are_not_all_named(self, run, tmp_path):
        (tmp_path / "notes.txt").write_text("\n".join(f"note {number}" for number in range(30)), encoding="utf-8")
        done = run("add", "--file", tmp_path / "notes.txt")
        assert "30 memories" in done.stdout
        assert "and 20 more" in done.stdout

    def test_vectors_are_waited_for_or_left(self, run, tmp_path):
        (tmp_path / "notes.txt").write_text("\n".join(f"note {number}" for number in range(30)), encoding="utf-8")
        run("add", "--file", tmp_path / "notes.txt", "--no-wait")
        assert run.json("status")["pending"] == 30
        assert "30 memories have no vector yet" in run("search", "note").stderr
        run("add", "one more")
        assert (run.json("status")["pending"], run.json("status")["vectors"]) == (0, 31)

    def test_a_model_that_fails_loses_no_memory(self, run, tmp_path):
        (tmp_path / "notes.txt").write_text("\n".join(f"note {number}" for number in range(30)), encoding="utf-8")
        with EmbeddingServer() as server:
            url = f"openai+{server.url}?model=m&dimensions=64"
            run("add", "first", "--embedder", url)
        done = run("add", "--file", tmp_path / "notes.txt", "--embedder", url)
        assert "warning: stored, but not every vector could be computed" in done.stderr
        assert len(run.texts("--embedder", url)) == 31

    def test_an_error_after_some_batches_says_how_many_stand(self, run, tmp_path, monkeypatch):
        monkeypatch.setattr(memos.cli.adding, "BATCH", 2)
        messages = [{"content": "a", "session": "s", "ordinal": place} for place in (0, 1, 2, 2)]
        messages[3]["content"] = "b"
        (tmp_path / "chat.json").write_text(json.dumps(messages), encoding="utf-8")
        code, message = run.error("add", "--file", tmp_path / "chat.json", code=2)
        assert code == "invalid_call"
        assert "the first 2 memories are stored" in message
        assert len(run.texts()) == 2

    def test_bars_are_shown_to_a_terminal_only(self, tmp_path):
        (tmp_path / "notes.txt").write_text("\n".join(f"note {number}" for number in range(2500)), encoding="utf-8")
        environment = os.environ | Command(tmp_path / "store").environment | {"TERM": "xterm"}
        typed = [SCRIPT, "add", "--file", tmp_path / "notes.txt", "--no-wait"]
        ours, theirs = pty.openpty()
        done = subprocess.run(typed, env=environment, stdout=subprocess.PIPE, stderr=theirs, check=True)
        os.close(theirs)
        assert b"storing" in os.read(ours, 65536)
        os.close(ours)
        assert b"2,500 memories" in done.stdout
        quiet = subprocess.run([*typed, "--json"], env=environment, capture_output=True, check=True)
        assert quiet.stderr == b""


class TestSearch:
    def test_a_table(self, home):
        shown = home("search", "where", "is", "Lisbon?", "--limit", "2").stdout
        first = next(line for line in shown.splitlines() if "Lisbon" in line)
        assert "alice" in first
        assert "score" in shown
        assert "why" not in shown

    def test_why(self, home):
        hit = home.json("search", "Lisbon", "--limit", "1")["hits"][0]
        shown = home("search", "Lisbon", "--limit", "1", "--why").stdout
        best = max(hit["why"], key=lambda name: abs(hit["why"][name]))
        assert f"why: {best}={hit['why'][best]:.3f}" in shown

    def test_json_is_the_reply(self, home):
        reply = home.json("search", "Lisbon")
        assert reply["status"] == "ok"
        assert text_of(reply["hits"][0]["cube"]) == "I moved to Lisbon in March."
        assert sum(reply["hits"][0]["why"].values()) == pytest.approx(reply["hits"][0]["score"], abs=1e-4)
        assert "call" not in reply

    def test_verbose_has_the_call(self, home):
        assert home.json("search", "Lisbon", "--verbose")["call"]["query"]["text"] == "Lisbon"

    def test_ids_feed_other_commands(self, home):
        (found,) = home.ids("search", "peanuts", "--limit", "1")
        home("forget", found)
        assert "I am allergic to peanuts." not in home.texts()

    def test_filters(self, home):
        home("add", "Lisbon is sunny.", "--tag", "weather")
        reply = home.json("search", "Lisbon", "--filter", '{"tags": {"any": ["weather"]}}')
        assert [text_of(hit["cube"]) for hit in reply["hits"]] == ["Lisbon is sunny."]

    def test_windows(self, run, tmp_path):
        messages = [{"content": f"boat on day {number}", "at": f"2025-03-0{number}T12:00:00Z"} for number in (1, 2, 3)]
        (tmp_path / "chat.json").write_text(json.dumps(messages), encoding="utf-8")
        run("add", "--file", tmp_path / "chat.json")
        found = run.json("search", "boat", "--from", "2025-03-02", "--to", "2025-03-03T12:00:00Z")["hits"]
        assert [text_of(hit["cube"]) for hit in found] == ["boat on day 2"]

    def test_namespaces_and_states(self, home):
        home("add", "Lisbon notes.", "--namespace", "user/alice/notes")
        found = home.json("search", "Lisbon", "--namespace", "user/alice/notes")["hits"]
        assert [text_of(hit["cube"]) for hit in found] == ["Lisbon notes."]
        assert home.json("search", "Lisbon", "--state", "archived")["hits"] == []

    def test_nothing(self, home):
        assert "nothing was found" in home("search", "anything", "--state", "merged").stdout

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--filter", "{nope"], "no JSON"),
            (["--filter", '{"colour": "red"}'], "colour"),
            (["--from", "yesterday"], "no time"),
            (["--from", "2025-03-02", "--to", "2025-03-01"], "before"),
            (["--limit", "0"], "limit"),
            (["--state", "asleep"], "asleep"),
            (["--namespace", "elsewhere"], "must begin with"),
        ],
    )
    def test_what_is_wrong_is_named(self, home, arguments, said):
        code, message = home.error("search", "Lisbon", *arguments, code=2)
        assert code == "invalid_call"
        assert said in message

    def test_a_blank_question(self, home):
        assert "needs a text" in home("search", " ", code=2).stderr


class TestGetAndList:
    def test_get_shows_the_whole_text(self, run):
        text = "a long line " * 40 + "\nand its end"
        (made,) = run.ids("add", text, "--tag", "mood=calm")
        shown = run("get", made).stdout
        assert shown.endswith(text + "\n")
        assert made in shown
        assert "mood=calm" in shown

    def test_get_keeps_the_order_asked(self, home):
        made = home.ids("list")
        assert [cube["id"] for cube in home.json("get", *reversed(made))["cubes"]] == made[::-1]

    @pytest.mark.parametrize(("id", "code"), [(NOWHERE, 3), ("nonsense", 2)])
    def test_get_what_is_not_there(self, home, id, code):
        assert home("get", id, code=code).stderr.startswith("error: ")

    def test_pages(self, home):
        first = home.json("list", "--limit", "2")
        second = home.json("list", "--limit", "2", "--cursor", first["next"])
        assert [text_of(cube) for cube in (*first["cubes"], *second["cubes"])] == home.texts()
        assert second["next"] is None
        assert f"--cursor {first['next']}" in home("list", "--limit", "2").stdout

    def test_all_pages(self, home, monkeypatch):
        monkeypatch.setattr("memos.cli.reading.PAGE", 2)
        assert len(home.json("list", "--all")["cubes"]) == 3

    def test_order(self, home):
        assert home.texts("--desc") == home.texts()[::-1]
        home("add", "urgent", "--priority", "50")
        assert home.texts("--order", "priority", "--desc")[0] == "urgent"

    def test_filter(self, home):
        home("add", "no tag")
        assert home.texts("--filter", '{"tags": {"none": ["home"]}}') == ["no tag"]

    def test_a_cursor_that_is_none(self, home):
        assert home.error("list", "--cursor", "nonsense", code=2)[0] == "invalid_call"

    def test_an_empty_page(self, home):
        assert "no such memory" in home("list", "--state", "archived").stdout
        assert home("list", "--user", "nobody").stdout == "no memories of nobody here; --user names somebody else\n"

    def test_by_ordinal(self, run, tmp_path):
        lines = [json.dumps({"role": "user", "content": text, "ordinal": number}) for number, text in ((1, "then"), (0, "first"))]
        (tmp_path / "chat.jsonl").write_text("\n".join(lines), encoding="utf-8")
        run("add", "--file", tmp_path / "chat.jsonl")
        assert run.texts("--order", "ordinal") == ["first", "then"]

    def test_every_order_that_is_offered_is_taken_and_every_state(self, home):
        for order in memos.cli.reading.ORDERS:
            assert len(home.texts("--order", order)) == 3
        for state in memos.cli.reading.STATES:
            home.texts("--state", state)
        home.error("list", "--order", "id", code=2)


class TestChange:
    def test_update_and_history(self, home):
        (made,) = home.ids("search", "Lisbon", "--limit", "1")
        done = home("update", made, "I moved to Porto in May.", "--expect-version", "1", "--tag", "moved", "--priority", "3")
        assert f"version 2 of {made}" in done.stdout
        assert [text_of(cube) for cube in home.json("history", made)["cubes"]] == [
            "I moved to Lisbon in March.",
            "I moved to Porto in May.",
        ]
        shown = home("history", made).stdout
        assert shown.index("Lisbon") < shown.index("Porto")
        assert text_of(home.json("search", "Porto")["hits"][0]["cube"]) == "I moved to Porto in May."

    def test_update_from_stdin(self, home):
        made = home.ids("list", "--limit", "1")[0]
        home("update", made, "-", stdin="from stdin\n")
        assert text_of(home.json("get", made)["cubes"][0]) == "from stdin"

    def test_update_of_values_alone(self, home):
        made = home.ids("add", "ends", "--expires-at", "2999-01-01")[0]
        (cube,) = home.json("update", made, "--expires-at", "never", "--metadata", '{"a": 1}', "--tag", "kept")["cubes"]
        assert (cube["policy"]["expires_at"], cube["metadata"], text_of(cube)) == (None, {"a": 1}, "ends")

    def test_update_against_another_version(self, home):
        made = home.ids("list", "--limit", "1")[0]
        assert home.error("update", made, "x", "--expect-version", "7", code=5)[0] == "version_conflict"

    def test_update_of_nothing(self, home):
        assert "must change something" in home("update", home.ids("list", "--limit", "1")[0], code=2).stderr

    def test_forget(self, home):
        made = home.ids("list", "--limit", "2")
        assert "forgot 2 memories" in home("forget", *made).stdout
        assert len(home.texts()) == 1
        assert home.json("history", made[0])["cubes"]
        assert home("get", made[0], code=3).stderr

    def test_forget_all_or_none(self, home):
        made = home.ids("list", "--limit", "1")
        home("forget", *made, NOWHERE, code=3)
        assert len(home.texts()) == 3

    def test_transfer(self, home):
        made = home.ids("list", "--limit", "1")[0]
        home("transfer", made, "--to", "user/alice/archive")
        assert home.json("get", made)["cubes"][0]["namespace"] == "user/alice/archive"

    def test_transfer_elsewhere_is_denied(self, home):
        made = home.ids("list", "--limit", "1")[0]
        assert home.error("transfer", made, "--to", "shared/support", code=4)[0] == "denied"
        assert home.json("get", made)["cubes"][0]["namespace"] == "user/alice"

    def test_compose(self, home):
        parts = home.ids("list", "--limit", "2")
        (made,) = home.json("compose", *parts, "--tag", "summary")["cubes"]
        assert text_of(made) == "I moved to Lisbon in March.\n\nI am allergic to peanuts."
        assert [parent["id"] for parent in made["provenance"]["parents"]] == parts
        assert len(home.texts()) == 4

    def test_compose_of_one(self, home):
        assert home.error("compose", *home.ids("list", "--limit", "1"), code=2)[0] == "invalid_call"


class TestOthers:
    @pytest.mark.parametrize("other", [["--user", "bob"], ["--tenant", "acme"]])
    def test_one_sees_nothing_of_another(self, home, other):
        made = home.ids("list")
        assert home.ids("list", *other) == []
        assert home.ids("search", "Lisbon", *other) == []
        for command in (["get", made[0]], ["history", made[0]], ["forget", made[0]], ["update", made[0], "mine"]):
            theirs = home.error(*command, *other, code=3)
            nobodys = home.error(command[0], NOWHERE, *command[2:], *other, code=3)
            assert (theirs[0], theirs[1].replace(made[0], NOWHERE)) == nobodys
        assert home.ids("list") == made

    def test_options_win_over_the_environment(self, tmp_path):
        run = Command(tmp_path / "one", MEMOS_TENANT="acme")
        run("add", "elsewhere", "--store", tmp_path / "two", "--user", "bob", "--tenant", "beta")
        assert not (tmp_path / "one").exists()
        with MemOS.open(tmp_path / "two", embedder="hashing", worker="none") as memory:
            assert [cube.text for cube in memory.as_user("bob", tenant="beta").list().cubes] == ["elsewhere"]


class TestTerminal:
    """A memory's text may hold what a terminal would obey."""

    @pytest.fixture
    def hostile(self, run):
        self.made = run.ids("add", HOSTILE, "another text", "--tag", "a\x1b[1mb", "--metadata", '{"k": "\\u001b[5m"}')[0]
        return run

    @pytest.mark.parametrize(
        "command",
        [["search", "red alert", "--why"], ["list"], ["get", "ID"], ["history", "ID"], ["update", "ID", "new \x1b[0m"], ["add", HOSTILE]],
    )
    def test_no_command_lets_it_through(self, hostile, command):
        shown = hostile(*(self.made if word == "ID" else word for word in command)).output
        assert "\\x1b[" in shown
        assert not set(shown) & set("\x1b\x07\x9b\u202e")

    def test_json_is_ascii_and_faithful(self, hostile):
        done = hostile("get", self.made, "--json")
        assert done.stdout.isascii()
        assert text_of(json.loads(done.stdout)["cubes"][0]) == HOSTILE

    def test_markup_is_text(self, run):
        run("add", "[bold]not bold[/bold] [/]")
        assert "[bold]not bold[/bold] [/]" in run("list").stdout


class TestStore:
    @pytest.mark.parametrize("command", [
        ["search", "x"], ["get", NOWHERE], ["list"], ["history", NOWHERE], ["update", NOWHERE, "x"], ["forget", NOWHERE],
        ["transfer", NOWHERE, "--to", "user/alice/x"], ["compose", NOWHERE, NOWHERE], ["status"], ["namespaces"], ["doctor"], ["cache"],
        ["rebuild"], ["backup", "x"], ["reembed", "--embedder", "hashing"],
    ])  # fmt: skip
    def test_only_add_makes_one(self, run, command):
        code, message = run.error(*command, code=10)
        assert code == "not_a_store"
        assert str(run.store) in message
        assert "memos add" in message
        assert not run.store.exists()

    def test_a_file_that_is_none(self, tmp_path):
        (tmp_path / "letter.txt").write_text("not a store", encoding="utf-8")
        run = Command(tmp_path / "letter.txt")
        assert run.error("add", "x", code=10)[0] == "not_a_store"
        assert (tmp_path / "letter.txt").read_text(encoding="utf-8") == "not a store"

    def test_another_embedder_is_told_what_to_run(self, home):
        code, message = home.error("search", "x", "--embedder", "hashing://64", code=10)
        assert code == "wrong_embedder"
        assert "memos reembed" in message

    def test_status(self, home):
        found = home.json("status")
        assert (found["memories"], found["vectors"], found["pending"], found["directory"]) == (3, 3, 0, str(home.store))
        shown = home("status").stdout
        assert "memories" in shown
        assert "hashing" in shown
        assert "memory.db" in shown

    def test_namespaces(self, home):
        home("add", "x", "--namespace", "user/alice/notes")
        assert [(each["path"], each["memories"]) for each in home.json("namespaces")["namespaces"]] == [
            ("user/alice", 3),
            ("user/alice/notes", 1),
        ]
        assert [each["path"] for each in home.json("namespaces", "user/alice/notes")["namespaces"]] == ["user/alice/notes"]
        assert "user/alice/notes" in home("namespaces").stdout
        assert "no such namespace" in home("namespaces", "user/bob").stdout

    def test_the_cache_shows_what_hot_indexes_take(self, home):
        assert "0 indexes" in home("cache").stdout
        home("search", "boat")
        home("sweep")
        found = home.json("cache")
        assert [(each["tenant"], each["namespace"], each["cold"]) for each in found["hottest"]] == [("default", "user/alice", False)]
        assert found["lanes"] == found["warmed"] == 1
        assert found["bytes"] == found["hottest"][0]["bytes"] < found["budget"]
        shown = home("cache").stdout
        assert "1 indexes" in shown
        assert "user/alice" in shown

    def test_the_doctor_finds_it_sound(self, home):
        assert home.json("doctor") == {"faults": []}
        assert "sound" in home("doctor").stdout

    def test_the_doctor_finds_a_fault_and_rebuild_mends_it(self, home):
        database = apsw.Connection(str(home.store / "memory.db"))
        database.execute("DELETE FROM term WHERE rowid = (SELECT min(rowid) FROM term)")
        database.close()
        faults = json.loads(home("doctor", "--json", code=1).stdout)["faults"]
        assert faults
        assert set(faults[0]) == {"code", "where", "advice"}
        assert faults[0]["code"] in home("doctor", code=1).stdout
        assert home.json("rebuild") == {"contents": 3}
        assert home.json("doctor") == {"faults": []}

    def test_rebuild_says_what_it_did(self, home):
        assert "3 texts" in home("rebuild").stdout

    def test_backup_and_restore(self, home, tmp_path):
        report = home.json("backup", tmp_path / "backup")
        assert (report["memories"], report["path"]) == (3, str(tmp_path / "backup"))
        keys = Path(report["key_files"][0]).parent
        assert {Path(key).name for key in report["key_files"]} == {"store.key", "copies.db"}
        home("forget", *home.ids("list"))
        home("restore-backup", tmp_path / "backup", tmp_path / "restored", "--keys", keys)
        restored = Command(tmp_path / "restored")
        assert len(restored.texts()) == 3
        assert restored.json("doctor") == {"faults": []}

    def test_backup_tells_of_the_key(self, home, tmp_path):
        shown = home("backup", tmp_path / "backup").stdout
        assert "3 memories" in shown
        assert "keep these files together, apart from it" in shown
        assert "copies.db" in shown

    def test_restore_goes_to_the_store_by_default(self, home, tmp_path):
        home("backup", tmp_path / "backup")
        other = Command(tmp_path / "other")
        report = other.json("restore-backup", tmp_path / "backup", "--keys", home.store / "keys")
        assert (report["path"], report["memories"], report["shredded"]) == (str(tmp_path / "other"), 3, 0)
        assert len(other.texts()) == 3

    def test_restore_says_what_it_did(self, home, tmp_path):
        home("backup", tmp_path / "backup")
        restoring = ("restore-backup", tmp_path / "backup")
        shown = home(*restoring, tmp_path / "whole", "--keys", home.store / "keys").stdout
        assert "3 memories" in shown
        assert "erased since" not in shown
        CopyKeys(home.store).shred(home.ids("list")[:1])
        shown = home(*restoring, tmp_path / "less", "--keys", home.store / "keys").stdout
        assert "2 memories" in shown
        assert "1 memories of the backup were erased since, and are left out" in shown

    def test_restore_wants_the_keys(self, home, tmp_path):
        home("backup", tmp_path / "backup")
        assert "--keys" in home.error("restore-backup", tmp_path / "backup", tmp_path / "restored", code=2)[1]

    def test_restore_of_what_is_no_backup(self, home, tmp_path):
        (tmp_path / "empty").mkdir()
        assert (
            home.error("restore-backup", tmp_path / "empty", tmp_path / "restored", "--keys", home.store / "keys", code=10)[0]
            == "not_a_store"
        )
        assert not (tmp_path / "restored").exists()

    def test_what_is_no_store_is_told_from_a_backup_and_from_a_damaged_one(self, home, tmp_path):
        home("backup", tmp_path / "backup")
        (tmp_path / "empty").mkdir()
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "cat.jpg").touch()
        shutil.copytree(home.store, tmp_path / "cut")
        shutil.copytree(home.store, tmp_path / "lost")
        os.truncate(tmp_path / "cut" / "memory.db", 50_000)
        (tmp_path / "lost" / "memory.db").unlink()
        for place, said in {
            "empty": "there is no store at .*empty: nothing is there",
            "nowhere": "there is no store at .*nowhere: nothing is there",
            "photos": "there is no store at .*photos: it holds other things",
            "backup": "is a backup; make a store of it with `memos restore-backup`",
            "cut": "is damaged .*; restore the last backup with `memos restore-backup`",
            "lost": "has lost its memory.db.*; restore the last backup with `memos restore-backup`",
        }.items():
            for command in ("doctor", "status", "list"):
                code, message = home.error(command, "--store", tmp_path / place, code=10)
                assert code == "not_a_store"
                assert re.search(said, message)
        assert [*(tmp_path / "empty").iterdir()] == []
        assert not (tmp_path / "lost" / "memory.db").exists()

    def test_rebuild_leaves_a_changed_text_until_it_is_accepted(self, home):
        connection = apsw.Connection(str(home.store / "memory.db"))
        connection.execute("UPDATE content SET body = 'I am allergic to nothing.' WHERE body LIKE '%peanuts%'")
        connection.close()
        assert "content_changed" in home("doctor", code=1).stdout
        code, message = home.error("rebuild", code=10)
        assert code == "backend_error"
        assert "1 of 3 texts are not those that were stored" in message
        assert home.json("rebuild", "--accept-texts", "--accept-log") == {"contents": 3}
        assert "sound" in home("doctor").stdout

    def test_backup_over_something(self, home, tmp_path):
        (tmp_path / "backup").mkdir()
        (tmp_path / "backup" / "letter.txt").touch()
        home("backup", tmp_path / "backup", code=2)
        assert [path.name for path in (tmp_path / "backup").iterdir()] == ["letter.txt"]

    def test_reembed(self, home):
        found = home.json("reembed", "--embedder", "hashing://64")
        assert (found["vectors"], found["pending"]) == (3, 0)
        assert "64" in found["embedder"]
        assert (
            text_of(Command(home.store, MEMOS_EMBEDDER="hashing://64").json("search", "Lisbon")["hits"][0]["cube"])
            == "I moved to Lisbon in March."
        )
        assert "3 vectors" in home("reembed", "--embedder", "hashing").stdout

    def test_reembed_with_what_is_none_changes_nothing(self, home):
        assert "nonsense" in home.error("reembed", "--embedder", "nonsense", code=2)[1]
        assert (home.json("status")["vectors"], home.json("status")["embedder"]) == (3, "hashing-v1@384")

    def test_reembed_needs_a_name(self, home):
        done = Command(home.store, MEMOS_EMBEDDER="")("reembed", code=2)
        assert "--embedder" in done.stderr


class TestProcess:
    """The installed script."""

    def typed(self, command, store, encoding="utf-8"):
        environment = os.environ | Command(store).environment | {"PYTHONIOENCODING": encoding}
        typed = ["bash", "-o", "pipefail", "-c", command]
        return subprocess.run(typed, env=environment, capture_output=True, encoding=encoding, check=False)

    def test_answers_and_exit_codes(self, tmp_path):
        done = self.typed(f"echo 'from a pipe' | {SCRIPT} add - && {SCRIPT} search pipe && {SCRIPT} get {NOWHERE}", tmp_path / "store")
        assert done.returncode == 3
        assert "from a pipe" in done.stdout
        assert done.stderr.startswith("error: ")
        assert "Traceback" not in done.stderr

    def test_a_reader_that_leaves_is_no_error(self, home):
        home("add", *(f"note {number} {'x' * 3000}" for number in range(100)))
        done = self.typed(f"{SCRIPT} list --all --json | head -c 10", home.store)
        assert done.stdout == '{"call_id"'
        assert done.stderr == ""

    def test_a_terminal_that_knows_no_emoji(self, home):
        home("add", "a café 🚀")
        done = self.typed(f"{SCRIPT} list", home.store, "latin-1")
        assert done.returncode == 0, done.stderr
        assert "a café \\U0001f680" in done.stdout


SMALL = [
    {
        "id": 1,
        "speakers": ["Ana", "Ben"],
        "turns": [
            {
                "id": "1:1",
                "session": 1,
                "date": "2024-01-01T10:00:00",
                "speaker": "Ana",
                "text": "Look at it",
                "caption": "a crimson kayak",
            },
            {"id": "1:2", "session": 1, "date": "2024-01-01T10:00:00", "speaker": "Ben", "text": "We ate walnut pie.", "caption": ""},
            {"id": "1:3", "session": 2, "date": "2024-02-01T10:00:00", "speaker": "Ana", "text": "The tractor broke.", "caption": ""},
        ],
        "qa": [
            {"q": "crimson kayak", "cat": 4, "ev": ["1:1"]},
            {"q": "secretword tractor", "cat": 1, "ev": ["1:3", "1:2"]},
            {"q": "unanswerable question", "cat": 5, "ev": ["1:1"]},
        ],
    }
]


class TestEvaluation:
    @pytest.fixture
    def small(self, tmp_path):
        path = tmp_path / "small.json"
        path.write_text(json.dumps(SMALL), encoding="utf-8")
        return path

    def test_scores_in_percent(self, run, small):
        result = run.json("eval", "retrieval", "--data", small)
        measures = ["n", "R@5", "R@10", "R@20", "Hit@10", "All@10", "MRR", "nDCG@10", "session R@5"]
        assert list(result["overall"]) == measures
        assert set(measures[1:]) <= set(MEASURES)
        assert {name: row["n"] for name, row in result["by_category"].items()} == {"1": 1, "4": 1}
        assert result["overall"] == {"n": 2} | dict.fromkeys(measures[1:], 100) | {"nDCG@10": result["overall"]["nDCG@10"]}
        assert 0 < result["query_cpu_ms"]["p50"] <= result["query_cpu_ms"]["p95"]
        assert result["index_cpu_s"] > 0
        assert (result["conversations"], result["turns"], result["embedder"]) == (1, 3, "hashing-v1@384")

    def test_a_ranking_that_misses_scores_less(self, run, tmp_path):
        wrong = [{**SMALL[0], "qa": [{"q": "crimson kayak", "cat": 4, "ev": ["1:3"]}]}]
        (tmp_path / "wrong.json").write_text(json.dumps(wrong), encoding="utf-8")
        overall = run.json("eval", "retrieval", "--data", tmp_path / "wrong.json")["overall"]
        assert overall["MRR"] < 100

    def test_categories(self, run, small):
        assert run.json("eval", "retrieval", "--data", small, "--categories", "4")["overall"]["n"] == 1
        assert run.json("eval", "retrieval", "--data", small, "--categories", "1, 4,5")["overall"]["n"] == 3
        assert "it has 1, 4, 5" in run("eval", "retrieval", "--data", small, "--categories", "9", code=2).stderr

    def test_nothing_of_the_questions_reaches_a_store(self, run, small, tmp_path):
        run("eval", "retrieval", "--data", small, "--store", tmp_path / "kept")
        (kept,) = (tmp_path / "kept").iterdir()
        assert Command(kept).texts() == ["Look at it [a crimson kayak]", "We ate walnut pie.", "The tractor broke."]
        held = b"".join(path.read_bytes() for path in kept.glob("memory.db*"))
        assert b"walnut" in held
        assert b"secretword" not in held
        assert "is there already" in run("eval", "retrieval", "--data", small, "--store", tmp_path / "kept", code=2).stderr

    def test_no_store_is_left_behind(self, run, small, tmp_path, monkeypatch):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
        (tmp_path / "scratch").mkdir()
        run("eval", "retrieval", "--data", small)
        assert list((tmp_path / "scratch").iterdir()) == []
        assert not run.store.exists()

    def test_the_shipped_conversation_without_an_embedder(self, run, monkeypatch):
        monkeypatch.chdir(ROOT)
        result = run.json("eval", "retrieval", "--limit", "1", "--embedder", "none")
        assert (result["conversations"], result["turns"], result["embedder"]) == (1, 284, None)
        assert result["overall"]["n"] == sum(row["n"] for row in result["by_category"].values()) == 109
        assert result["overall"]["R@10"] > 50  # a coin would find 4

    def test_a_table(self, run, small):
        shown = run("eval", "retrieval", "--data", small, "--categories", "4").stdout
        assert "overall" in shown
        assert "session R@5" in shown
        assert "search for 10: " in shown

    def test_no_data_is_told(self, run, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        code, message = run.error("eval", "retrieval", code=2)
        assert code == "invalid_call"
        assert "--data" in message

    @pytest.mark.parametrize(("content", "said"), [(b"{}", "list of conversations"), (b"nope", "cannot be read")])
    def test_a_file_that_is_no_set(self, run, tmp_path, content, said):
        (tmp_path / "set.json").write_bytes(content)
        assert said in run("eval", "retrieval", "--data", tmp_path / "set.json", code=2).stderr

    def test_evidence_that_is_no_turn(self, run, tmp_path):
        (tmp_path / "set.json").write_text(json.dumps([{**SMALL[0], "qa": [{"q": "x", "cat": 1, "ev": ["9:9"]}]}]), encoding="utf-8")
        assert "9:9" in run("eval", "retrieval", "--data", tmp_path / "set.json", code=2).stderr

"""`memos context`, `chat`, `convert` and `forms` on a real store: with no model, with the fake one, and with SmolLM2 in llama.cpp."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from memos import MemOS
from memos.cli.root import cli
from memos.plugins import RUNTIMES
from tests import fake_runtime
from tests.llama import weights

FAKE = "fake:words"
LONG = "The spare key hangs in the shed behind the house, on the third nail from the left. " * 12
"""So much that attaching its KV is worth it."""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(RUNTIMES, "fake", "tests.fake_runtime:from_url")
    monkeypatch.setattr(fake_runtime, "OPENED", [])
    environment = {"MEMOS_STORE": "store", "MEMOS_USER": "alice", "MEMOS_EMBEDDER": "none", "MEMOS_RUNTIME": None}

    def invoke(*arguments, code=0, stdin=None):
        done = CliRunner().invoke(cli, list(map(str, arguments)), env=environment, input=stdin)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    return invoke


@pytest.fixture
def kept(run):
    """Three memories, by id."""
    run("add", "I moved to Lisbon in March.", "I am allergic to peanuts.", LONG)
    return [cube["id"] for cube in json.loads(run("list", "--json").stdout)["cubes"]]


class TestContext:
    def test_the_plan_is_shown_without_a_model(self, run, kept):
        shown = run("context", "peanuts in Lisbon, and the spare key?", "--budget", 40).stdout
        first, *lines = shown.splitlines()
        assert first.startswith("factual (")
        assert "2 memories: 2 plaintext" in first
        assert " of 40 tokens" in first
        assert any("plaintext" in line and "I am allergic to peanuts." in line and "rank " in line for line in lines)
        assert f"left out: {kept[2]}  its " in shown
        assert fake_runtime.OPENED == []

    def test_the_messages_are_ready_to_send(self, run, kept):
        lines = run("context", "what am I allergic to?", "--system", "Be short.", "--messages").stdout.splitlines()
        system, user = map(json.loads, lines)
        assert (system["role"], user["role"]) == ("system", "user")
        assert system["content"].startswith("Be short.")
        assert "I am allergic to peanuts." in user["content"]
        assert user["content"].endswith("what am I allergic to?")
        assert "one of the two" in run("context", "hm", "--messages", "--json", code=2).stderr

    def test_a_program_gets_all_of_it(self, run, kept):
        told = json.loads(run("context", "peanuts in Lisbon, and the spare key?", "--json", "--runtime", FAKE).stdout)
        assert {each["cube"] for each in told["plan"]["injections"]} == set(kept)
        assert told["plan"]["model"] == "fake:words@0"
        assert told["messages"][-1]["content"].endswith("and the spare key?")

    def test_a_session_goes_on_as_far_as_its_history_may(self, run):
        (run("add", "--session", "s", "hi", "--json"))
        Path("talk.json").write_text(json.dumps([{"role": "user", "content": "The cat is called Miso."}]), encoding="utf-8")
        run("add", "--file", "talk.json", "--session", "s")
        said = [json.loads(line) for line in run("context", "why?", "--session", "s", "--messages").stdout.splitlines()]
        assert "The cat is called Miso." in [each["content"].split("\n")[0] for each in said]
        parts = json.loads(run("context", "why?", "--session", "s", "--history", 0, "--json").stdout)["parts"]
        assert "session" not in [part["kind"] for part in parts]

    def test_a_namespace_is_where_it_looks(self, run, kept):
        told = json.loads(run("context", "allergic?", "--namespace", "user/alice/empty", "--json").stdout)
        assert told["plan"]["injections"] == []
        assert "no memories" in run("context", "allergic?", "--namespace", "user/alice/empty").stdout

    def test_what_is_attached_is_told_unless_it_is_left_out(self, run, kept):
        run("convert", kept[2], "--to", "activation", "--runtime", FAKE)
        shown = run("context", "where is the spare key?", "--runtime", FAKE).stdout
        assert "1 activation" in shown
        assert "attached: " in shown
        assert "attached" not in run("context", "where is the spare key?", "--runtime", FAKE, "--no-attach").stdout


class TestChat:
    def test_it_answers_and_keeps_both_sides(self, run, kept):
        done = run("chat", "what am I allergic to?", "--runtime", f"{FAKE}?says=To peanuts.", "--session", "s")
        assert done.stdout == "To peanuts.\n"
        assert "read " in done.stderr
        assert "1 memory: 1 plaintext" in done.stderr
        said = json.loads(run("list", "--filter", '{"session": "s"}', "--json").stdout)["cubes"]
        assert [(cube["role"], cube["payload"]["text"]) for cube in said] == [
            ("user", "what am I allergic to?"),
            ("assistant", "To peanuts."),
        ]
        assert fake_runtime.OPENED[0]._state.closed

    def test_an_answer_as_json_says_what_was_used(self, run, kept):
        told = json.loads(
            run("chat", "peanuts in Lisbon, and the spare key?", "--runtime", FAKE, "--max-tokens", 3, "--no-store", "--json").stdout
        )
        assert (told["ended"], told["usage"]["completion"], told["turns"]) == ("length", 3, [])
        assert {each["cube"] for each in told["plan"]["injections"]} == set(kept)
        assert len(json.loads(run("list", "--json").stdout)["cubes"]) == 3

    def test_what_is_typed_is_answered_line_by_line_in_one_session(self, run, kept):
        done = run("chat", "--runtime", FAKE, "--max-tokens", 4, stdin="The cat is called Miso.\n\nWhat is it called?\n")
        assert len(done.stdout.splitlines()) == 2
        first, second = done.stderr.splitlines()
        assert " 0 cached" in first
        assert " 0 cached" not in second  # the beginning was read by the first
        cubes = [cube for cube in json.loads(run("list", "--json").stdout)["cubes"] if cube["role"]]
        assert [cube["role"] for cube in cubes] == ["user", "assistant", "user", "assistant"]
        assert len({cube["session"] for cube in cubes}) == 1

    def test_how_tokens_are_chosen_is_said_by_options(self, run, kept):
        ask = ("chat", "tell me", "--runtime", FAKE, "--no-store", "--max-tokens", 8)
        hot = [run(*ask, "--temperature", 1, "--seed", seed).stdout for seed in (1, 1, 2)]
        assert hot[0] == hot[1] != hot[2]
        word = run(*ask).stdout.split()[2]
        assert word not in run(*ask, "--stop", word).stdout
        marked = run(*ask, "--temperature", 1, "--seed", 1, "--watermark").stdout
        assert marked != hot[0]

    def test_what_the_model_says_cannot_command_the_terminal(self, run, kept):
        assert run("chat", "hm", "--runtime", f"{FAKE}?says=a%1b[2J", "--no-store").stdout == "a\\x1b[2J\n"

    def test_an_answer_that_breaks_off_ends_its_line_before_the_error(self, run, kept):
        broken = run("chat", "hm", "--runtime", f"{FAKE}?says=one two three&dies=2", code=9)
        assert broken.stdout == "one two\n"
        assert broken.stderr.startswith("error: ")

    def test_without_a_model_it_says_what_to_install(self, run, kept):
        for arguments in (
            ("chat", "hello"),
            ("chat",),
            ("convert", kept[0], "--to", "activation"),
            ("convert", kept[0], "--to", "parameter"),
        ):
            assert "memos-kernel[local]" in run(*arguments, code=2).stderr
        assert "no model runtime is registered for 'nothing'" in run("chat", "hi", "--runtime", "nothing:x", code=2).stderr
        for wrong in ("/models/model.gguf", "model.gguf", "http://127.0.0.1:9/v1"):
            assert "a URL that says which engine" in run("chat", "hi", "--runtime", wrong, code=2).stderr
        assert "there is no store" in run("chat", "hi", "--store", "elsewhere", code=10).stderr

    def test_a_model_that_the_settings_name_is_found(self, run, kept):
        Path("store/memos.toml").write_text(f'runtime = "{FAKE}?says=Yes."\n', encoding="utf-8")
        assert run("chat", "hello?", "--no-store").stdout == "Yes.\n"


class TestModels:
    """Which commands open a model."""

    def test_no_command_loads_one_that_it_does_not_ask(self, run, kept):
        Path("store/memos.toml").write_text('runtime = "llama:///no/such.gguf"\n', encoding="utf-8")
        assert run("list").stdout
        assert run("forms").stdout
        assert run("convert", kept[0], "--to", "plaintext").stdout == "they are text, and nothing else\n"
        assert "no model at /no/such.gguf" in run("context", "hm", code=2).stderr

    def test_an_engine_that_keeps_what_was_said_is_there_when_it_is_forgotten(self, run, kept):
        Path("store/memos.toml").write_text(f'runtime = "{FAKE}"\n', encoding="utf-8")
        run("forget", kept[0])
        assert [runtime._state.closed for runtime in fake_runtime.OPENED] == [True]

    def test_an_engine_that_is_down_keeps_nobody_from_forgetting(self, run, kept):
        Path("store/memos.toml").write_text('runtime = "llama+http://127.0.0.1:9"\n', encoding="utf-8")
        done = run("forget", kept[0])
        assert done.stdout == "forgot 1 memory\n"
        assert "goes on without it" in done.stderr


class TestDetect:
    def test_a_marked_answer_is_found_in_the_shell_and_an_unmarked_one_is_not(self, run, kept):
        ask = ("chat", "tell me", "--runtime", FAKE, "--no-store", "--temperature", 1, "--seed", 4)
        texts = {}
        for name, how in (("marked", ("--watermark",)), ("plain", ())):
            texts[name] = "".join(run(*ask, *how, "--seed", seed).stdout for seed in range(8))
            Path(f"{name}.txt").write_text(texts[name], encoding="utf-8")
        lines = run("detect", "marked.txt", "--runtime", FAKE).stdout.splitlines()
        assert lines[0].startswith("marked: the whole text, ")
        assert lines[1].startswith("score 0.")
        assert lines[2].endswith(": marked is what has 0.01 or less")
        told = json.loads(run("detect", "-", "--runtime", FAKE, "--rate", 1e-9, "--json", stdin=texts["marked"]).stdout)
        assert told["marked"]
        assert told["p_value"] <= told["rate"] == 1e-9
        assert told["tokens"] > 90
        assert told["span"] == [0, told["characters"]]
        assert run("detect", "plain.txt", "--runtime", FAKE, "--rate", 1e-6).stdout.startswith("not marked: the whole text, ")
        assert run("detect", "marked.txt", "--tenant", "other", "--runtime", FAKE, "--rate", 1e-6).stdout.startswith("not marked: ")

    def test_what_tells_nothing_is_refused_with_what_to_do(self, run, kept):
        Path("short.txt").write_text("Two words, or three.", encoding="utf-8")
        assert "the text is too short: 3 of its tokens count" in run("detect", "short.txt", "--runtime", FAKE, code=2).stderr
        assert "cannot be read" in run("detect", "absent.txt", "--runtime", FAKE, code=2).stderr
        assert "between 0 and 1" in run("detect", "short.txt", "--rate", 2, "--runtime", FAKE, code=2).stderr
        assert "memos-kernel[local]" in run("detect", "short.txt", code=2).stderr
        assert "cannot watermark" in run("detect", "short.txt", "--runtime", f"{FAKE}?watermark=0", code=2).stderr


class TestConvert:
    def test_a_block_is_made_shown_and_let_go(self, run, kept):
        shown = run("convert", kept[2], "--to", "activation", "--runtime", FAKE).stdout
        assert "activation, mapped, " in shown
        assert shown.strip().endswith(f"of {kept[2]}")
        block = shown.split()[0]
        listed = run("forms").stdout
        assert block in listed
        assert "The spare key" in listed
        assert kept[0] not in listed
        gone = run("convert", kept[2], "--to", "plaintext").stdout
        assert f"{block}  let go  of {kept[2]}" in gone
        assert "all memories are text" in run("forms").stdout

    def test_an_adapter_is_trained_and_its_examination_shown(self, run, kept):
        pending = run("convert", *kept, "--to", "parameter", "--runtime", FAKE).stdout
        assert "in training, 0 % after 0 steps" in pending.replace("0%", "0 %")
        for _ in range(6):  # to be looked at makes no adapter of what is not trained
            run("list", "--filter", '{"type": "parameter"}')
            run("sweep")
        assert "in training: " in run("forms").stdout
        done = run("convert", *kept, "--to", "parameter", "--wait", "--runtime", FAKE, "--json")
        (cube,) = json.loads(done.stdout)["cubes"]
        assert cube["id"] == pending.split()[0]
        assert (cube["state"], cube["payload"]["done"], cube["payload"]["passed"]) == ("activated", 1.0, True)
        assert cube["payload"]["report"]["recall"] == 1.0
        assert "parameter, rank " in run("forms", kept[0]).stdout
        assert "how" not in run("forms", kept[0], "--json").stdout.split('"training":')[1]

    def test_one_that_has_not_learnt_is_refused_with_its_figures(self, run, kept):
        done = run(
            "convert", kept[0], kept[1], "--to", "parameter", "--by", "distilled", "--wait", "--runtime", f"{FAKE}?recall=0.2", code=1
        )
        assert "refused: recall 0.2 is below 0.8" in done.stdout
        assert "recall 0.20, perplexity of other text × 1.05" in done.stdout
        assert "all memories are text" in run("forms").stdout

    def test_what_stays_text_is_told(self, run):
        card = json.loads(run("add", "My card is 4111 1111 1111 1111.", "--json").stdout)["cubes"][0]["id"]
        assert "stays text: it " in run("convert", card, "--to", "activation", "--runtime", FAKE, code=2).stderr
        assert "(stays text: it " in run("forms", card).stdout

    def test_options_of_an_adapter_are_for_adapters(self, run, kept):
        for option in (("--wait",), ("--by", "labelled")):
            assert "--to parameter" in run("convert", kept[0], "--to", "activation", *option, code=2).stderr


class TestForms:
    def test_a_move_of_the_scheduler_is_told_with_its_numbers(self, run, kept):
        settings = {"convert_seconds": 0.0}
        with MemOS.open("store", embedder=None, worker="none", runtime=fake_runtime.from_url(FAKE), settings=settings) as memory:
            alice = memory.as_user("alice")
            for _ in range(60):
                alice.get(kept[2])
            memory.drain()
        shown = run("forms", kept[2]).stdout
        assert "    plaintext to activation: hot: " in shown
        assert "block_gain " in shown
        (told,) = json.loads(run("forms", "--json").stdout)["memories"]
        (form,) = told["forms"]
        assert told["id"] == kept[2]
        assert (form["form"], form["tier"], form["model"]) == ("activation", "mapped", "fake:words@0")
        assert form["decision"]["inputs"]["count"] >= 60

    def test_what_others_have_is_not_shown(self, run, kept):
        run("convert", kept[2], "--to", "activation", "--runtime", FAKE)
        assert "all memories are text" in run("forms", "--user", "bob").stdout
        assert "there is no memory" in run("forms", kept[2], "--user", "bob", code=3).stderr


def test_a_real_model_answers_in_the_shell(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MEMOS_")}
    environment |= {"MEMOS_USER": "alice", "MEMOS_EMBEDDER": "none", "MEMOS_STORE": str(tmp_path / "store")}

    def memos(*arguments):
        command = [str(Path(sys.executable).with_name("memos")), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=200)

    memos("add", "I moved to Lisbon in March.")
    url = f"llama://{weights()}?ctx=1024&threads=1&slots=1"
    done = memos("chat", "When did I move to Lisbon?", "--runtime", url, "--max-tokens", "6", "--session", "s")
    assert len(done.stdout.strip()) > 3
    assert "wrote 6, as long as it may be; 1 memory: 1 plaintext" in done.stderr
    assert done.stdout.strip() in memos("list", "--filter", '{"role": "assistant"}').stdout

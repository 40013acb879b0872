"""The command line without a store: what is loaded when, helps and examples, errors, what people type, and what a terminal is shown."""

import gzip
import json
import resource
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from memos.cli.command import embedder_of
from memos.cli.inputs import items_of, json_object, moment, moment_or_never
from memos.cli.operating import size
from memos.cli.output import day, plain, snippet
from memos.cli.retrieval import chosen, messages_of
from memos.cli.root import COMMANDS, Root, cli
from memos.errors import InvalidCall, NotFound, tree

SCRIPT = Path(sys.executable).with_name("memos")
HEAVY = {"apsw", "numkong", "numpy", "onnxruntime", "pydantic", "rich", "Stemmer", "tokenizers"}
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "cli.md"
EVERYWHERE = {"--store", "--user", "--tenant", "--json", "--embedder", "--help"}


def walk(group=cli, prefix="memos"):
    """Every command that does something, with what a user types for it."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from walk(command, f"{prefix} {name}")
        else:
            yield pytest.param(f"{prefix} {name}", command, id=f"{prefix} {name}")


EVERY = list(walk())


def options_of(command):
    return {
        option
        for parameter in command.get_params(click.Context(command))
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    }


class TestLoading:
    def test_the_help_takes_at_most_half_a_second_of_processor_time(self):
        subprocess.run([SCRIPT, "--help"], check=True, capture_output=True)  # the first run writes bytecode
        spent = []
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([SCRIPT, "--help"], check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert min(spent) <= 0.5

    @pytest.mark.parametrize("arguments", [["--help"], ["search", "--help"], ["eval", "retrieval", "--help"], ["--version"]])
    def test_help_loads_nothing_heavy(self, arguments):
        code = (
            f"import sys\nfrom memos.cli.root import cli\ntry: cli({arguments!r})\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout
        assert HEAVY & {name.partition(".")[0] for name in done.stderr.split()} == set()

    def test_the_help_of_the_root_imports_no_command(self):
        code = "import sys\nfrom memos.cli.root import cli\ntry: cli(['--help'])\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        homes = {place.partition(":")[0] for place, _ in COMMANDS.values()}
        assert homes & set(done.stderr.split()) == set()


class TestHelp:
    def test_the_root_names_every_command_with_its_line(self):
        shown = " ".join(CliRunner().invoke(cli, ["--help"]).stdout.split())
        assert [name for name, (_, line) in COMMANDS.items() if f"{name} {line}" not in shown] == []

    @pytest.mark.parametrize(("typed", "command"), EVERY)
    def test_every_command_has_a_help_with_an_example(self, typed, command):
        asked = CliRunner().invoke(cli, [*typed.split()[1:], "--help"])
        assert asked.exit_code == 0, asked.output
        assert command.help
        told, _, examples = asked.stdout.partition("Examples:\n")
        assert command.help.split(maxsplit=1)[0] in told
        lines = examples.splitlines()
        assert lines
        assert [line for line in lines if line.strip() and "memos " not in line] == []
        assert any(line.strip().startswith(typed) for line in lines)

    @pytest.mark.parametrize(("typed", "command"), EVERY)
    def test_every_example_uses_options_that_there_are(self, typed, command):
        for line in command.epilog.splitlines():
            words = line.replace(")", " ").split()
            named = [cli.get_command(click.Context(cli), after) for before, after in pairwise(words) if before.endswith("memos")]
            known = {option for each in named for option in options_of(command if isinstance(each, click.Group) else each)}
            assert {word for word in words if word.startswith("--")} <= known, line

    @pytest.mark.parametrize(("typed", "command"), EVERY)
    def test_every_command_takes_the_common_options_after_its_name(self, typed, command):
        assert options_of(command) >= EVERYWHERE, typed

    @pytest.mark.parametrize(("typed", "command"), EVERY)
    def test_every_option_says_what_it_is_for(self, typed, command):
        described = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        assert [parameter.name for parameter in described if not parameter.help] == []

    @pytest.mark.parametrize(("typed", "command"), EVERY)
    def test_the_guide_has_every_command_and_option(self, typed, command):
        guide = GUIDE.read_text(encoding="utf-8")
        assert f"`{typed}`" in guide
        assert [option for option in options_of(command) if f"`{option}" not in guide] == []

    def test_a_group_says_what_it_holds(self):
        assert "retrieval" in CliRunner().invoke(cli, ["eval", "--help"]).stdout


class Failing(Root):
    """The root with one command, which raises."""

    error: Exception

    def get_command(self, ctx, cmd_name):
        def fail(**_):
            raise self.error

        return click.Command("fail", callback=fail, params=[click.Option(["--json"], is_flag=True), click.Option(["--number"], type=int)])


@pytest.fixture
def failing():
    return Failing("memos", table={"fail": ("nowhere:fail", "Fails.")})


class TestErrors:
    @pytest.mark.parametrize("kind", sorted(tree().values(), key=lambda kind: kind.__name__))
    def test_every_error_is_one_line_and_the_exit_code_of_its_class(self, failing, kind):
        failing.error = kind("the store is gone;\nput it back", id="x")
        done = CliRunner().invoke(failing, ["fail"])
        assert (done.exit_code, done.stdout, done.stderr) == (kind.exit_code, "", "error: the store is gone; put it back\n")

    @pytest.mark.parametrize("kind", sorted(tree().values(), key=lambda kind: kind.__name__))
    def test_as_json_it_is_an_object_on_stderr(self, failing, kind):
        failing.error = kind("gone", id="x")
        done = CliRunner().invoke(failing, ["fail", "--json"])
        assert (done.exit_code, done.stdout) == (kind.exit_code, "")
        assert json.loads(done.stderr) == {
            "error": {"code": kind.code, "message": "gone", "retryable": kind.retryable, "details": {"id": "x"}}
        }

    def test_its_message_cannot_command_the_terminal(self, failing):
        failing.error = NotFound("no \x1b[2J here")
        assert CliRunner().invoke(failing, ["fail"]).stderr == "error: no \\x1b[2J here\n"

    def test_an_exit_code_tells_the_classes_under_the_root_apart(self):
        codes = [kind.exit_code for kind in tree()["error"].__subclasses__()]
        assert len(set(codes)) == len(codes)
        assert 0 not in codes
        assert 1 not in codes  # what `doctor` says of faults

    def test_a_bug_is_not_hidden(self, failing):
        failing.error = ZeroDivisionError()
        assert isinstance(CliRunner().invoke(failing, ["fail"]).exception, ZeroDivisionError)

    def test_a_wrong_use_ends_with_2(self, failing):
        done = CliRunner().invoke(failing, ["fail", "--number", "three"])
        assert done.exit_code == 2
        assert "--number" in done.stderr

    def test_a_wrong_use_as_json_is_an_invalid_call(self, failing):
        done = CliRunner().invoke(failing, ["fail", "--number", "three", "--json"])
        assert (done.exit_code, done.stdout) == (2, "")
        error = json.loads(done.stderr)["error"]
        assert error["code"] == "invalid_call"
        assert "--number" in error["message"]

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            (["serach"], "no such command 'serach' (did you mean 'search'?); see `memos --help`"),
            (["--bogus", "list"], "there is no option --bogus; see `memos --help`"),
            (["list", "--lmit", "3"], "there is no option --lmit (did you mean --limit?); see `memos list --help`"),
            (["list", "--limit", "5000"], "--limit takes a whole number from 1 to 1,000, not 5000; see `memos list --help`"),
            (["list", "--limit", "x"], "--limit takes a whole number from 1 to 1,000, not 'x'; see `memos list --help`"),
            (["update", "x", "--expect-version", "0"], "--expect-version takes a whole number from 1 on, not 0; see `memos update --help`"),
            (
                ["list", "--state", "expired"],
                "--state takes generated, activated, merged or archived, not 'expired'; see `memos list --help`",
            ),
            (["get"], "memos get needs IDS; see `memos get --help`"),
            (
                ["add", "x", "--expires-at", "soon"],
                "--expires-at: 'soon' is no time; write 2025-03-01 or 2025-03-01T09:00:00Z; see `memos add --help`",
            ),
            (["add"], "give texts (`-` for stdin) or --file, one of the two; see `memos add --help`"),
            (["history", "a", "b"], "got unexpected extra argument (b); see `memos history --help`"),
            (["eval", "frob"], "no such command 'frob'; see `memos eval --help`"),
            (
                ["get", "-5 degrees"],
                "there is no option -5; a text that begins with - stands after --: `memos get -- '-5 degrees'`; see `memos get --help`",
            ),
        ],
    )
    def test_a_wrong_use_is_one_line_that_says_what_is_accepted(self, typed, said):
        done = CliRunner().invoke(cli, typed, prog_name="memos")
        assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"error: {said}\n")
        done = CliRunner().invoke(cli, [*typed, "--json"], prog_name="memos")
        assert (done.exit_code, done.stdout) == (2, "")
        assert json.loads(done.stderr)["error"] == {"code": "invalid_call", "message": said, "retryable": False, "details": {}}

    def test_without_a_command_the_help_is_shown(self):
        done = CliRunner().invoke(cli, [])
        assert done.exit_code == 2
        assert "Commands:" in done.stderr


class TestTimes:
    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("2025-03-01", datetime(2025, 3, 1, tzinfo=UTC)),
            ("2025-03-01T09:00:00Z", datetime(2025, 3, 1, 9, tzinfo=UTC)),
            ("2025-03-01T09:00:00+02:00", datetime(2025, 3, 1, 7, tzinfo=UTC)),
        ],
    )
    def test_a_day_and_a_time_with_a_zone(self, typed, meant):
        assert moment(typed) == meant
        assert moment_or_never(typed) == meant

    @pytest.mark.parametrize(
        ("typed", "said"), [("2025-03-01T09:00", "zone"), ("yesterday", "no time"), ("", "no time"), ("never", "no time")]
    )
    def test_anything_else_is_refused(self, typed, said):
        with pytest.raises(click.BadParameter, match=said):
            moment(typed)

    def test_never(self):
        assert moment_or_never("never") == "never"

    def test_shown(self):
        assert day(datetime(2025, 3, 1, tzinfo=UTC)) == "2025-03-01"
        assert day(datetime(2025, 3, 1, 9, 5, 7, tzinfo=UTC)) == "2025-03-01 09:05"
        assert day(None) == ""


class TestJson:
    def test_an_object(self):
        assert json_object('{"a": [1]}') == {"a": [1]}

    @pytest.mark.parametrize(
        ("typed", "said"), [("{a: 1}", "no JSON"), ("", "no JSON"), ("[1]", "object"), ('"a"', "object"), ("[" * 100_000, "no JSON")]
    )
    def test_anything_else_is_refused(self, typed, said):
        with pytest.raises(click.BadParameter, match=said):
            json_object(typed)


class TestFiles:
    def test_a_text_a_line(self, tmp_path):
        path = tmp_path / "notes.txt"
        path.write_bytes("\ufefffirst\r\n\n  \nсекунда\nlast".encode())
        assert items_of(path) == [(1, "first"), (4, "секунда"), (5, "last")]

    def test_only_a_line_feed_ends_a_line(self, tmp_path):
        path = tmp_path / "notes.txt"
        path.write_text("one\u2028still one\x85\ntwo", encoding="utf-8")
        assert items_of(path) == [(1, "one\u2028still one\x85"), (2, "two")]

    def test_json_a_line(self, tmp_path):
        path = tmp_path / "chat.jsonl"
        path.write_text('{"content": "hi"}\n\n"a text"\n', encoding="utf-8")
        assert items_of(path) == [(1, {"content": "hi"}), (3, "a text")]

    @pytest.mark.parametrize("content", ['["a", {"content": "b"}]', '{"messages": ["a", {"content": "b"}]}'])
    def test_a_json_list(self, tmp_path, content):
        path = tmp_path / "chat.json"
        path.write_text(content, encoding="utf-8")
        assert items_of(path) == [(1, "a"), (2, {"content": "b"})]

    @pytest.mark.parametrize(
        ("name", "content", "said"),
        [
            ("chat.jsonl", b'"fine"\n{"content": \n', "line 2.*no JSON"),
            ("chat.jsonl", b'"fine"\n\n3\n', "line 3.*int"),
            ("chat.json", b'{"content": "x"}', "list"),
            ("chat.json", b"nope", "no JSON"),
            ("notes.txt", b"fine\n\xff\xfe", "not UTF-8 at byte 5"),
        ],
    )
    def test_what_cannot_be_read_is_named(self, tmp_path, name, content, said):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InvalidCall, match=said):
            items_of(path)

    def test_a_file_that_is_gone(self, tmp_path):
        with pytest.raises(InvalidCall, match="cannot be read"):
            items_of(tmp_path / "gone.txt")


class TestShown:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
            ("bell\x07 back\x08 null\x00 delete\x7f", "bell\\x07 back\\x08 null\\x00 delete\\x7f"),
            ("\x9b31m one byte of escape", "\\x9b31m one byte of escape"),
            ("over\rwritten", "over\\x0dwritten"),
            ("dos\r\nlines\ttabs", "dos\nlines\ttabs"),
            ("user\u202egnp.exe \u2066x\u2069", "user\\u202egnp.exe \\u2066x\\u2069"),
            ("lone \ud800", "lone \\ud800"),
            ("Zoë 👩\u200d🚀 café שלום", "Zoë 👩\u200d🚀 café שלום"),
        ],
    )
    def test_a_terminal_prints_text_and_does_not_obey_it(self, text, shown):
        assert plain(text) == shown

    def test_a_snippet_is_one_line(self):
        assert snippet("one\n\n two\tthree") == "one two three"

    def test_a_snippet_is_short(self):
        assert snippet("a" * 161, 160) == "a" * 159 + "…"
        assert snippet("a" * 160, 160) == "a" * 160
        assert snippet("word " + " " * 5000 + "end", 20) == "word…"

    @pytest.mark.parametrize(
        ("count", "shown"), [(0, "0 bytes"), (1023, "1,023 bytes"), (1536, "1.5 KiB"), (5 * 2**40, "5.0 TiB"), (2**51, "2,048.0 TiB")]
    )
    def test_sizes(self, count, shown):
        assert size(count) == shown

    def test_embedders(self):
        assert (embedder_of(None), embedder_of("none"), embedder_of("minilm")) == ("default", None, "minilm")


TALK = {
    "id": "t",
    "speakers": ["Ana", "assistant"],
    "turns": [
        {"id": "a", "session": 1, "date": "2024-01-01T10:00:00", "speaker": "Ana", "text": "Look", "caption": "a red boat"},
        {"id": "b", "session": 1, "date": "2024-01-01T10:00:00+01:00", "speaker": "assistant", "text": "Nice", "caption": ""},
        {"id": "c", "session": 2, "date": None, "speaker": "Ana", "text": "  ", "caption": ""},
        {"id": "d", "session": 2, "date": None, "speaker": "Ana", "text": "Bye", "caption": ""},
    ],
    "qa": [{"q": "Which colour?", "cat": 4, "ev": ["a"]}, {"q": "Who?", "cat": 5, "ev": ["b"]}, {"q": "Hm?", "cat": 4, "ev": []}],
}


class TestRetrievalSets:
    def test_turns_become_messages(self):
        assert messages_of(TALK) == [
            (
                "a",
                {"name": "Ana", "content": "Look [a red boat]", "session": "1", "ordinal": 0, "at": datetime(2024, 1, 1, 10, tzinfo=UTC)},
            ),
            (
                "b",
                {
                    "name": "assistant",
                    "role": "assistant",
                    "content": "Nice",
                    "session": "1",
                    "ordinal": 1,
                    "at": datetime(2024, 1, 1, 9, tzinfo=UTC),
                },
            ),
            ("d", {"name": "Ana", "content": "Bye", "session": "2", "ordinal": 1}),
        ]

    def test_adversarial_questions_and_those_without_evidence_stay_out(self):
        (talk,) = chosen([TALK], None, None)
        assert [question["q"] for question in talk["qa"]] == ["Which colour?"]

    def test_categories_are_chosen_by_name(self):
        (talk,) = chosen([TALK], frozenset({"5"}), None)
        assert [question["q"] for question in talk["qa"]] == ["Who?"]

    def test_the_first_conversations(self):
        assert len(chosen([TALK, TALK, TALK], None, 2)) == 2

    def test_a_category_that_is_not_there(self):
        with pytest.raises(InvalidCall, match="no questions of category 7; it has 4, 5"):
            chosen([TALK], frozenset({"4", "7"}), None)

    def test_a_set_without_questions(self):
        with pytest.raises(InvalidCall, match="no question"):
            chosen([{**TALK, "qa": []}], None, None)

    def test_a_file_in_gzip(self, tmp_path):
        from memos.testing.retrieval_eval import load

        path = tmp_path / "talks.json.gz"
        path.write_bytes(gzip.compress(json.dumps([TALK]).encode()))
        assert load(path) == [TALK]

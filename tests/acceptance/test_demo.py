"""The demo, as a stranger runs it: what it shows, that it cleans up, and that its last lines work."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from evals import demo

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What the demo prints where there is no terminal, and what it leaves in the directories for temporary files and of the user."""
    scratch = tmp_path_factory.mktemp("scratch")
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "XDG_CACHE_HOME"}}
    environment |= {"TMPDIR": str(scratch), "HOME": str(scratch)}
    done = subprocess.run(
        [sys.executable, "-m", "evals.demo"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout, list(scratch.iterdir())


def test_it_asks_a_dozen_questions_and_says_of_each_what_was_found(shown):
    asked = re.findall(
        r"^ ?(\d+)\. .+\?\n    (HIT   evidence at place \d+|MISS  .+), [\d.]+ ms CPU.*\n    best  .+\n    why   .+ = .+$",
        shown[0],
        flags=re.MULTILINE,
    )
    assert [int(number) for number, _ in asked] == list(range(1, 13))
    hits = sum(verdict.startswith("HIT") for _, verdict in asked)
    assert f"{hits} within the first 10;" in shown[0]
    assert shown[0].count("read for the first time") == 1
    misses = [verdict for _, verdict in asked if verdict.startswith("MISS")]
    assert len(re.findall(r"MISS .+\n    best .+\n    why .+\n    want  \w+: .+$", shown[0], flags=re.MULTILINE)) == len(misses)
    lower = [verdict for _, verdict in asked if re.search(r"place ([2-9]|10)$", verdict)]
    assert len(re.findall(r"place (\d+), .+\n    best .+\n    why .+\n    at +\1 .+\n    why ", shown[0])) == len(lower)


def test_it_stores_changes_and_forgets(shown):
    output = shown[0]
    steps = [
        "memories stored in",
        "vectors computed by minilm",
        f"version 1  {demo.NOTE}",
        f"version 2  {demo.CHANGED}",
        "finds it no more",
        "Cleaned up",
    ]
    places = [output.index(step) for step in steps]
    assert places == sorted(places)


def test_it_is_plain_text_where_there_is_no_terminal(shown):
    assert "\x1b" not in shown[0]


def test_it_cleans_up_after_itself(shown):
    assert shown[1] == []


def test_its_last_three_lines_can_be_typed(shown, tmp_path):
    lines = [line.strip() for line in shown[0].splitlines()[-3:]]
    typed = "\n".join(line if line.startswith("/") or not line.startswith(".") else f"{ROOT}/{line}" for line in lines)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-e", "-c", typed], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Lisbon" in done.stdout
    assert (tmp_path / "memory" / "memory.db").is_file()


class TestFailures:
    """The demo says so and exits with 1 when something is not as it should be, and cleans up all the same."""

    @pytest.fixture
    def small(self, tmp_path, monkeypatch):
        """The demo on a conversation of three turns."""
        talk = {
            "id": "t",
            "speakers": ["Ana", "Ben"],
            "turns": [
                {"id": str(place), "session": 1, "date": "2024-01-01T10:00:00", "speaker": "Ana", "text": text, "caption": ""}
                for place, text in enumerate(("I bought a red kayak.", "We ate walnut pie.", "The tractor broke."))
            ],
            "qa": [{"q": "Which red kayak did Ana buy?", "cat": 4, "ev": ["0"]}],
        }
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        monkeypatch.setattr(demo, "load", lambda _: [talk])
        return talk

    def test_it_passes_otherwise(self, small, tmp_path, capsys):
        assert demo.main() == 0
        assert "of 1 questions 1 at the top" in capsys.readouterr().out
        assert list(tmp_path.iterdir()) == []

    def test_it_shows_the_turn_that_answers_when_it_is_not_the_best(self, small, capsys):
        small["qa"][0]["ev"] = ["2"]
        assert demo.main() == 0
        assert re.search(
            r"evidence at place [23], .+\n.+\n.+\n    at  [23] 01 Jan 2024  Ana: The tractor broke\.\n    why ", capsys.readouterr().out
        )

    def test_it_shows_what_was_wanted_when_it_was_missed(self, small, capsys):
        small["qa"][0]["ev"] = ["2"]
        small["turns"][:0] = [{**small["turns"][0], "id": f"more {number}", "text": f"Red kayak {number}."} for number in range(20)]
        small["turns"][-1]["session"] = 2
        demo.main()
        assert re.search(r"MISS .+\n    best .+\n    why .+\n    want  Ana: The tractor broke\.\n", capsys.readouterr().out)

    def test_a_forgotten_memory_that_is_found(self, small, tmp_path, capsys, monkeypatch):
        monkeypatch.setattr(demo.Session, "forget", lambda *_: None)
        assert demo.main() == 1
        assert "the demo failed: a forgotten memory is still found" in capsys.readouterr().out
        assert list(tmp_path.iterdir()) == []

    def test_a_history_that_is_not_kept(self, small, capsys, monkeypatch):
        monkeypatch.setattr(demo.Session, "history", demo.Session.get)
        assert demo.main() == 1
        assert "the history does not hold both versions" in capsys.readouterr().out

    def test_questions_that_find_nothing(self, small, capsys):
        small["qa"][0]["ev"] = ["no such turn"]
        assert demo.main() == 1
        assert "only 0 of 1 questions" in capsys.readouterr().out

    def test_vectors_that_are_not_computed(self, small, capsys, monkeypatch):
        monkeypatch.setattr(demo.MemOS, "drain", lambda *_: True)
        small["turns"] += [{**small["turns"][0], "id": f"more {number}", "text": f"more {number}"} for number in range(9)]
        assert demo.main() == 1
        assert "of 12 memories have a vector" in capsys.readouterr().out


def test_it_takes_the_shipped_conversation_where_no_other_is_at_hand():
    assert demo.SHIPPED.is_file()
    assert len(demo.load(demo.SHIPPED)[0]["qa"]) >= demo.QUESTIONS
    assert demo.ROOT.parent == demo.LONG.parents[2]

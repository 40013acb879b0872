"""`memos privacy scan` shows what would be found, with no store, and says so by its exit code."""

import json

import pytest
from click.testing import CliRunner

from memos import MemOS
from memos.cli.root import cli

TEXT = "first line\nmail kim@example.org\ncall +1 415-555-2671\n"


@pytest.fixture
def scan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text(TEXT, encoding="utf-8")
    return lambda *arguments, typed=None: CliRunner().invoke(cli, ["privacy", "scan", *arguments], input=typed)


def test_it_shows_place_kind_and_level_and_not_what_was_found(scan):
    done = scan("notes.txt")
    assert done.exit_code == 1
    assert [line.split() for line in done.stdout.splitlines()[2:]] == [
        ["2:6", "EMAIL", "confidential", "15", "characters"],
        ["3:6", "PHONE", "confidential", "15", "characters"],
        ["1", "EMAIL,", "1", "PHONE"],
    ]
    assert "kim@example.org" not in done.stdout
    assert "kim@example.org" in scan("notes.txt", "--reveal").stdout


def test_it_answers_with_json_and_reads_stdin(scan):
    done = scan("-", "--json", typed=TEXT)
    span = {"start": 16, "end": 31, "label": "EMAIL", "sensitivity": "confidential"}
    told = json.loads(done.stdout)
    assert (done.exit_code, told["detector"], told["counts"]) == (1, "patterns", {"EMAIL": 1, "PHONE": 1})
    assert told["spans"][0] == span
    assert json.loads(scan("-", "--json", "--reveal", typed=TEXT).stdout)["spans"][0] == {**span, "text": "kim@example.org"}


def test_nothing_found_is_0(scan):
    done = scan("-", typed="nothing here")
    assert (done.exit_code, done.stdout) == (0, "nothing found\n")


def test_what_cannot_be_read_is_told(scan, tmp_path):
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    assert [scan(name).exit_code for name in ("absent", "latin", ".")] == [2, 2, 2]
    assert "not UTF-8 at byte 3" in scan("latin").stderr
    assert scan("notes.txt", "--detector", "nobody").exit_code == 2


def test_the_settings_of_a_store_hold_where_there_is_one(scan, tmp_path):
    MemOS.open(tmp_path / "memory", embedder=None, worker="none").close()
    (tmp_path / "memory" / "memos.toml").write_text('[privacy]\ndetector = "none"\nlevels = { EMAIL = "restricted" }\n', encoding="utf-8")
    told = json.loads(scan("notes.txt", "--json").stdout)
    assert (told["detector"], told["spans"][0]["sensitivity"]) == ("patterns", "restricted")
    (tmp_path / "memory" / "memos.toml").write_text('[privacy]\nlevels = { MAIL = "restricted" }\n', encoding="utf-8")
    assert "there are PERSON" in scan("notes.txt").stderr


def test_presidio_finds_names_too(scan):
    done = scan("-", "--detector", "presidio", "--json", typed="We met nobody but Miguel Torres there.")
    assert json.loads(done.stdout)["counts"] == {"PERSON": 1}

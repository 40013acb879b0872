"""`memos tags` and `memos catalogue` on a real store, for people and for programs."""

import json

import pytest
from click.testing import CliRunner

from memos.cli.root import cli


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environment = {"MEMOS_STORE": "store", "MEMOS_USER": "alice", "MEMOS_EMBEDDER": "hashing"}

    def invoke(*arguments, code=0):
        done = CliRunner().invoke(cli, list(map(str, arguments)), env=environment)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done.stdout if code == 0 else done.stderr

    invoke("add", "I love the trams of Lisbon.", "--tag", "lisbon", "--tag", "flat=1")
    return invoke


def test_tags_are_listed_renamed_and_ordered(run):
    shown = run("tags", "list")
    assert "predicted" in shown
    assert "kind=preference" in shown
    assert {row["tag"] for row in json.loads(run("tags", "list", "--json"))["value"] if row["by"] == "user"} == {"lisbon", "flat=1"}
    assert "renamed in 1" in run("tags", "rename", "flat", "home")
    assert json.loads(run("tags", "rename", "home", "flat", "--json"))["value"] == {"renamed": 1, "frozen": 0}
    assert "lisbon stands under portugal" in run("tags", "parent", "lisbon", "portugal")
    assert len(json.loads(run("list", "--filter", '{"tags": {"under": "portugal"}}', "--json"))["cubes"]) == 1
    assert "circle" in run("tags", "parent", "portugal", "lisbon", code=2)
    assert "give a PARENT" in run("tags", "parent", "lisbon", code=2)
    assert "stands under nothing" in run("tags", "parent", "lisbon", "--none")
    assert json.loads(run("list", "--filter", '{"tags": {"under": "portugal"}}', "--json"))["cubes"] == []
    assert "no memory that you may write" in run("tags", "rename", "nothing", "something", code=3)


def test_catalogues_are_shown(run):
    assert "trams" in run("catalogue", "preferences")
    assert "there is no such memory" in run("catalogue", "anchors")
    assert "trams" in run("catalogue", "keywords", "--least", "1")
    assert len(json.loads(run("catalogue", "preferences", "--json"))["cubes"]) == 1

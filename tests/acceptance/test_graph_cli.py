"""`memos graph`, `relate`, `unrelate` and `entities` on a real store."""

import json

import pytest
from click.testing import CliRunner

from memos.cli.root import cli


@pytest.fixture
def run(tmp_path):
    environment = {"MEMOS_STORE": str(tmp_path / "store"), "MEMOS_USER": "alice", "MEMOS_EMBEDDER": "none", "MEMOS_API_KEY": None}

    def invoke(*arguments, code=0):
        done = CliRunner().invoke(cli, list(map(str, arguments)), env=environment)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done.stdout

    return invoke


@pytest.fixture
def ids(run):
    texts = (("Mel works at Siemens.", ("Mel", "Siemens")), ("Melanie moved to Lisbon.", ("Melanie", "Lisbon")))
    return [run("add", text, *(part for name in names for part in ("--tag", f"entity={name}")), "--ids").strip() for text, names in texts]


def test_a_graph_is_shown_as_lines_json_and_graphml(run, ids):
    shown = run("graph", "Siemens")
    assert f"{ids[0]}  Mel works at Siemens." in shown
    assert "Melanie, also Mel  (person)" in run("graph", "Mel")
    assert "works_at" in shown
    assert {"nodes", "edges", "truncated"} == set(json.loads(run("graph", ids[0], "--json"))["value"])
    assert run("graph", "Mel", "--graphml").startswith("<?xml")
    assert json.loads(run("graph", "Mel", "--node-link"))["multigraph"] is True
    run("graph", "Mel", "--graphml", "--node-link", code=2)
    run("graph", "Nobody", code=3)


def test_memories_are_related_and_no_more(run, ids):
    assert run("relate", *ids, "contradicts").strip() == f"{ids[0]} contradicts {ids[1]}"
    assert "as before" in run("relate", *ids, "contradicts")
    assert "1 contradicts 2  (user)" in run("graph", ids[0], "--relation", "contradicts")
    assert "holds no more" in run("unrelate", *ids, "contradicts")
    run("unrelate", *ids, "contradicts", code=3)


def test_names_are_listed_merged_and_split(run, ids):
    assert "2  Melanie, also Mel (predicted)  person" in run("entities", "list")
    assert run("entities", "suggest").startswith("0.80  Mel = Melanie")
    assert run("entities", "split", "Mel", "Melanie").strip() == "Mel and Melanie are not the same."
    assert "also Mel" not in run("entities", "list")
    assert run("entities", "suggest") == ""
    assert run("entities", "merge", "Mel", "Melanie").strip() == "Mel and Melanie are names of the same."
    assert "also Mel (user)" in run("entities", "list")
    assert run("entities", "withdraw", "Mel", "Melanie").strip() == "taken back"
    assert {"label", "kind", "aliases", "by", "confidence", "evidence", "mentions"} == set(json.loads(run("entities", "list", "--json"))[0])
    run("entities", "merge", "Mel", code=2)

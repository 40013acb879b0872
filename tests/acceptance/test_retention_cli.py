"""`memos retention`, `hold`, `heat`, `quota` and `review` on a real store, for people and for programs."""

import json

import pytest
from click.testing import CliRunner

from memos import MemOS
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

    invoke("add", "The spare key is with the neighbour.", "Tea at four.")
    return invoke


def ids(run):
    return [cube["id"] for cube in json.loads(run("list", "--json"))["cubes"]]


def test_a_rule_is_shown_confirmed_and_applied(run):
    assert "there is no retention" in run("retention", "list")
    assert "unconfirmed" in run("retention", "set", "old", "--ttl-days", "0", "--action", "archive", "--filter", '{"owner": "alice"}')
    assert "ttl_days 0" in run("retention", "list")
    assert json.loads(run("retention", "list", "--json"))["retention"][0]["key"] == "old"
    shown = run("retention", "run", "old", "--dry-run")
    assert "old would archive 2 memories (48 bytes); 0 more are held" in shown
    assert "user/alice" in shown
    token = shown.split("--confirm ")[1].strip()
    assert json.loads(run("retention", "run", "old", "--dry-run", "--json"))["due"] == 2
    assert "give one of" in run("retention", "run", "old", code=2)
    assert "give one of" in run("retention", "run", "old", "--now", "--dry-run", code=2)
    assert "no token" in run("retention", "run", "old", "--confirm", token[:-1], code=2)
    assert ids(run)
    assert run("retention", "run", "old", "--confirm", token) == "2 archived\n"
    assert ids(run) == []
    assert run("retention", "run", "old", "--now") == "nothing was due\n"
    assert json.loads(run("retention", "run", "old", "--now", "--json")) == {}
    run("retention", "remove", "old")
    assert "no retention rule 'old'" in run("retention", "run", "old", "--dry-run", code=3)


def test_a_hold_keeps_and_is_released(run, tmp_path):
    first, second = ids(run)
    (tmp_path / "ids").write_text(f"{second}\n")
    assert "stands" in run("hold", "add", "case 7", "--reason", "a lawsuit", "--id", first, "--ids-from", "ids", "--since", "2026-01-01")
    assert "2 ids" in run("hold", "list")
    assert "the hold 'case 7' keeps" in run("forget", first, code=4)
    assert "no memory id" in run("hold", "add", "x", "--reason", "r", "--id", "nonsense", code=2)
    assert "names what it keeps" in run("hold", "add", "x", "--reason", "r", code=2)
    assert json.loads(run("hold", "release", "case 7", "--json"))["written"] == [{"kind": "hold", "key": "case 7"}]
    run("forget", first)


def test_the_map_of_heat(run):
    assert "user/alice" in run("heat")
    (row,) = json.loads(run("heat", "user/alice", "--json"))["namespaces"]
    assert (row["memories"], row["bytes"]) == (2, 48)


def test_a_quota_refuses_with_its_exit_code(run):
    run("quota", "set", "few", "--rate", "1/hour", "--operation", "list", "--for", "alice")
    assert "1/hour" in run("quota", "list")
    run("list")
    assert "try again in" in run("list", code=8)
    error = json.loads(run("list", "--json", code=8))["error"]
    assert error["details"]["quota"] == "few"
    run("list", "--user", "bob")
    run("quota", "remove", "few")
    run("list")
    assert "is no rate" in run("quota", "set", "few", "--rate", "often", code=2)


def test_what_is_under_quarantine_is_reviewed(run):
    assert run("review") == "nothing is under quarantine\n"
    with MemOS.open("store", worker="none") as memory:
        memory.as_user("ada", roles=["admin"]).govern("source", "web", {"agents": ["crawler"]})
        good, bad = memory.as_user("alice", agent="crawler").add(["a good page", "a bad page"]).cubes
    shown = run("review")
    assert f"{good.id}  user/alice  alice/crawler  a good page" in shown
    assert run("review", "--release", good.id, "--forget", bad.id) == "nothing is under quarantine\n"
    assert json.loads(run("review", "--json"))["cubes"] == []
    assert good.id in ids(run)
    assert bad.id not in ids(run)

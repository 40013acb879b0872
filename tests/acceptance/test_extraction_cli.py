"""`memos extract` on a real store, for people and for programs, with rules and with an endpoint."""

import json

import pytest
from click.testing import CliRunner

from memos.cli.root import cli
from tests.chat_server import ChatServer, reply_with

LETTER = "I moved to Lisbon in March. And you?"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environment = {"MEMOS_STORE": "store", "MEMOS_USER": "alice", "MEMOS_EMBEDDER": "none"}

    def invoke(*arguments, code=0):
        done = CliRunner().invoke(cli, list(map(str, arguments)), env=environment)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done.stdout if code == 0 else done.stderr

    return invoke


def test_facts_are_made_of_what_is_named(run):
    cube = json.loads(run("add", LETTER, "--json"))["cubes"][0]
    shown = run("extract", cube["id"])
    assert "event  I moved to Lisbon in March." in shown
    assert "stored 1, standing 0" in shown
    told = json.loads(run("extract", "--filter", '{"speaker": {"exists": false}}', "--by", "rules", "--json"))
    assert (told["value"]["stored"], told["value"]["standing"], len(told["cubes"])) == (0, 1, 1)
    assert "stored 0" in run("extract", "--session", "nowhere")
    assert "say what to extract" in run("extract", code=2)
    assert "no chat model" in run("extract", cube["id"], "--by", "model", code=2)


def test_an_endpoint_is_asked_and_its_cost_is_shown(run):
    cube = json.loads(run("add", LETTER, "--json"))["cubes"][0]
    claims = [
        {"quote": "I moved to Lisbon in March", "fact": "The user moved to Lisbon in March.", "kind": "event", "speaker": "user"},
        {"quote": "I moved to Lisbon in March", "fact": "The user moved to Porto in March.", "kind": "event", "speaker": "user"},
    ]
    with ChatServer(json.dumps({"facts": claims})) as server:
        shown = run("extract", cube["id"], "--chat", f"openai+{server.url}?model=m&price_in=10&price_out=100")
        assert "The user moved to Lisbon in March." in shown
        assert "stored 1, standing 0, unsupported 1, duplicates 0; 110 tokens, cost 0.002" in shown
        server.planned.append((200, reply_with("no JSON")))
        other = json.loads(run("add", "I like tea. Do you?", "--json"))["cubes"][0]
        assert "stored 0" in run("extract", other["id"], "--chat", f"openai+{server.url}?model=m")
    status = json.loads(run("extract", "--status", "--json"))
    assert (status["stored"], status["unsupported"], status["tokens"], status["extract"]) == (1, 1, 220, "none")
    assert status["cost"] == pytest.approx(0.002)
    shown = run("extract", "--status")
    assert "220 tokens, cost 0.002" in shown
    assert "of the whole store" in run("extract", "--status", "--session", "s", code=2)
    gone = run("extract", other["id"], "--chat", "openai+http://127.0.0.1:9/v1?model=m&retries=0", code=9)
    assert "cannot be reached" in gone

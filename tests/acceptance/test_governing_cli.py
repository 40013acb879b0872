"""Governing in the shell: nothing is put in another's place unasked, and a purpose can be said."""

import pytest
from click.testing import CliRunner

from memos.cli.root import cli


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("MEMOS_STORE", str(tmp_path / "m"))
    monkeypatch.setenv("MEMOS_EMBEDDER", "none")

    def typed(*words, code=0):
        done = CliRunner().invoke(cli, words)
        assert done.exit_code == code, done.output
        return done.output

    typed("add", "Paul sleeps badly.", "--user", "alice")
    return typed


def test_a_hold_is_not_put_in_anothers_place(run):
    run("hold", "add", "h", "--subject", "alice", "--reason", "x")
    assert "release that one first" in run("hold", "add", "h", "--subject", "zed", "--reason", "y", code=2)
    assert "alice" in run("hold", "list", "--json")
    run("hold", "release", "h")
    run("hold", "add", "h", "--subject", "zed", "--reason", "y")


def test_a_role_is_replaced_only_when_asked(run):
    run("role", "add", "nurse", "--brings", "staff")
    assert "--replace" in run("role", "add", "nurse", "--clearance", "confidential", code=2)
    assert "staff" in run("role", "list")
    run("role", "add", "nurse", "--clearance", "confidential", "--replace")
    assert "staff" not in run("role", "list")


def test_a_purpose_is_said_to_policies(run, tmp_path):
    (tmp_path / "p").mkdir()
    scope, when = 'principal in Role::"nurse", action == Action::"read", resource', 'context has purpose && context.purpose == "care"'
    text = f'@id("care") permit({scope}) when {{ {when} }};'
    (tmp_path / "p/ward.cedar").write_text(text)
    run("principal", "add", "nina", "--role", "nurse")
    run("policy", "apply", str(tmp_path / "p"))
    asked = ("list", "--user", "nina", "--namespace", "user/alice")
    assert "sleeps" not in run(*asked)
    assert "sleeps" in run(*asked, "--purpose", "care")

"""`memos log` and `memos explain` on a real store, for people and for programs."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from memos.cli.auditing import show_explained, show_log
from memos.cli.root import cli
from memos.memcube.call import MemoryReply

NOWHERE = "01890000-0000-7000-8000-000000000000"


@pytest.fixture
def run(tmp_path):
    environment = {"MEMOS_STORE": str(tmp_path / "store"), "MEMOS_USER": "alice", "MEMOS_EMBEDDER": "hashing"}

    def invoke(*arguments, code=0):
        done = CliRunner().invoke(cli, list(map(str, arguments)), env=environment)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    invoke("add", "The spare key is with the neighbour.", "Tea at four.")
    return invoke


def told(done):
    return json.loads(done.stdout)


def rows(run, *arguments):
    return told(run("log", "--json", *arguments))["value"]


def test_rows_are_a_table_or_json(run):
    found = told(run("search", "spare key", "--limit", 1, "--json"))
    run("get", NOWHERE, code=3)
    lines = run("log").stdout.splitlines()
    assert lines[0].split() == ["when", "(UTC)", "operation", "status", "caller", "ms", "memories", "call"]
    assert [line.split()[2:5] for line in lines[2:]] == [["get", "not_found", "alice"], ["search", "ok", "alice"], ["add", "ok", "alice"]]
    assert lines[3].split()[-2:] == ["1", found["call_id"]]
    assert [row["operation"] for row in rows(run)] == ["log", "get", "search", "add"]
    assert rows(run, "--call", found["call_id"])[0]["memories"][0][0] == found["hits"][0]["cube"]["id"]


def test_every_filter_narrows(run):
    cube = told(run("search", "spare key", "--limit", 1, "--json"))["hits"][0]["cube"]["id"]
    run("get", NOWHERE, code=3)
    operations = {
        ("--operation", "add", "--operation", "get"): ["get", "add"],
        ("--status", "not_found"): ["get"],
        ("--cube", cube): ["search", "add"],
        ("--namespace", "user/alice", "--operation", "add"): ["add"],
        ("--type", "activation"): [],
        ("--caller", "bob"): [],
        ("--until", "2020-01-01"): [],
        ("--since", "2020-01-01", "--operation", "add"): ["add"],
        ("--asc", "--limit", "2"): ["add", "search"],
    }
    for arguments, expected in operations.items():
        assert [row["operation"] for row in rows(run, *arguments)] == expected, arguments
    assert "no call that you may see" in run("log", "--caller", "bob").stdout


def test_pages_follow_by_their_cursor(run):
    run("list")
    asked = ("--limit", 1, "--operation", "list", "--operation", "add")
    first = run("log", *asked).stdout
    cursor = first.splitlines()[-1].removeprefix("more: the same with --cursor ")
    second = run("log", *asked, "--cursor", cursor).stdout
    assert "list" in first.splitlines()[2]
    assert "add" in second.splitlines()[2]
    assert "more:" not in second
    run("log", "--cursor", cursor, code=2)


def test_aggregates(run):
    cube = told(run("search", "spare key", "--limit", 1, "--json"))["hits"][0]["cube"]["id"]
    run("get", NOWHERE, code=3)
    assert run("log", "--aggregate", "hot").stdout.splitlines()[-1].split()[::3] == ["1", cube]
    assert run("log", "--aggregate", "denials").stdout.splitlines()[-1].split()[3:] == ["get", "not_found", "alice"]
    assert run("log", "--aggregate", "by_hour", "--operation", "get").stdout.splitlines()[-1].split()[2:] == ["1", "1"]
    assert run("log", "--aggregate", "slow", "--operation", "add").stdout.splitlines()[-1].split()[2] == "add"
    assert rows(run, "--aggregate", "hot")[0]["count"] == 1


def test_auditors_see_the_tenant_under_pseudonyms(run):
    assert run("log", "--user", "bob").stdout.startswith("no call")
    assert run("log", "--user", "bob", "--role", "auditor", "--operation", "add").stdout.count("add") == 1
    assert "alice" not in run("log", "--user", "bob", "--role", "auditor").stdout


def test_explain(run):
    call = told(run("search", "spare key", "--limit", 1, "--json"))["call_id"]
    head, *lines = run("explain", call).stdout.splitlines()
    assert head.startswith("search by alice at ")
    assert lines[-1].split()[-1] == "yes"
    assert "dense lexical" in lines[-1]
    assert told(run("explain", call, "--json"))["value"]["memories"][0]["lanes"] == ["dense", "lexical"]
    assert "withheld" in told(run("explain", call, "--role", "auditor", "--json"))["value"]
    nothing = rows(run, "--operation", "log") or rows(run, "--operation", "log")
    assert "it was given no memory" in run("explain", nothing[0]["call_id"]).stdout
    run("explain", NOWHERE, code=3)
    run("explain", call, "--user", "bob", code=3)
    run("explain", "x", code=2)


def test_what_was_withheld_is_listed(capsys):
    row = {
        "at": datetime(2025, 6, 1, 12, tzinfo=UTC),
        "operation": "search",
        "status": "ok",
        "caller": None,
        "took_us": None,
        "branch": "what-if",
        "call_id": NOWHERE,
    }
    show_explained(row | {"memories": (), "withheld": (NOWHERE,)})
    show_log(MemoryReply(call_id=NOWHERE, value=(row | {"memories": ()},)), None)
    shown = capsys.readouterr().out
    assert f"withheld: {NOWHERE}" in shown
    assert "search by another at 2025-06-01 12:00:00 UTC: ok\n" in shown
    assert "search in what-if" in shown

"""`memos search` with a whole query and with options: both make one query, and it is the one that the Python API takes."""

import json

import pytest

from memos import MemOS
from tests.acceptance.test_cli import Command

TURNS = [{"role": "user", "content": f"The boat, part {number}", "session": f"talk {number % 2}"} for number in range(6)]


@pytest.fixture
def run(tmp_path):
    command = Command(tmp_path / "store")
    with MemOS.open(tmp_path / "store", embedder="hashing", worker="none") as memory:
        alice = memory.as_user("alice")
        alice.add(TURNS, wait=True)
        alice.add("Answer in French.", tags=["kind=instruction"], wait=True)
        alice.add("The mast of the boat", tags=["topic=mast"], wait=True)
        alice.snapshot("before")
        alice.add("The boat was sold", wait=True)
    return command


def texts(reply):
    return [hit["cube"]["payload"]["text"] for hit in reply["hits"]]


def test_a_query_from_a_file_or_stdin_is_that_of_the_options(run, tmp_path):
    query = {"text": "boat", "limit": 1, "group": "session", "per_group": 2, "rank": {"order": "oldest"}, "filter": {"role": "user"}}
    path = tmp_path / "query.json"
    path.write_text(json.dumps(query), encoding="utf-8")
    options = ["--limit", "1", "--group", "session", "--per-group", "2", "--order", "oldest", "--filter", '{"role": "user"}']
    found = [
        run.json("search", "--query", path),
        run.json("search", "--query", "-", stdin=json.dumps(query)),
        run.json("search", "boat", *options),
    ]
    assert found[0]["hits"] == found[1]["hits"] == found[2]["hits"]
    assert len(found[0]["hits"]) == 2
    assert {hit["group"]["others"] for hit in found[0]["hits"]} == {1}


def test_options_take_the_place_of_the_files_fields(run):
    query = json.dumps({"text": "mast", "limit": 1, "at": "before", "rank": {"minimum": 99, "order": "recent"}})
    reply = run.json("search", "boat", "sold", "--query", "-", "--at", "now", "--minimum", "-9", "--limit", "3", "--verbose", stdin=query)
    assert "The boat was sold" in texts(reply)
    assert (reply["call"]["query"]["rank"]["minimum"], reply["call"]["query"]["rank"]["order"]) == (-9, "recent")
    assert len(reply["hits"]) == 3


def test_the_moment_of_a_file(run):
    assert "The boat was sold" not in texts(run.json("search", "--query", "-", stdin='{"text": "boat sold", "at": "before", "limit": 50}'))
    assert "The boat was sold" in texts(run.json("search", "--query", "-", stdin='{"text": "boat sold", "limit": 50}'))


def test_every_option_reaches_the_query(run):
    options = {
        "--layer": "private", "--type": "plaintext", "--topic": "mast", "--diverse": "0.5", "--half-life": "30", "--coverage": "off",
        "--expand": "next", "--standing": "3", "--per-group": "2", "--state": "generated",
    }  # fmt: skip
    typed = [word for pair in options.items() for word in pair]
    reply = run.json("search", "mast", *typed, "--explain", "--verbose")
    assert reply["details"]["options"] == {
        "path": {"topic": "mast"}, "layers": ["private"], "types": ["plaintext"], "states": ["generated"], "expand": ["next"],
        "standing": 3, "per_group": 2, "rank": {"diverse": 0.5, "recency": {"half_life": 30.0}, "coverage": "off"},
    }  # fmt: skip
    assert texts(reply) == ["The mast of the boat"]
    assert [cube["payload"]["text"] for cube in reply["cubes"]] == ["Answer in French."]


def test_people_see_groups_standing_and_what_was_understood(run):
    shown = run("search", "boat", "--group", "session", "--per-group", "1", "--standing", "1", "--explain", "--expand", "next").stdout
    assert "standing: Answer in French." in shown
    assert "session: talk 0, " in shown
    assert "next of " in shown
    assert "passing: " in shown


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        ((), None, "missing argument"),
        (("--query", "-"), "no json", "no JSON"),
        (("--query", "-"), "[1]", "JSON object"),
        (("--query", "missing.json"), None, "cannot be read"),
        (("boat", "--coverage", "all"), None, "exchanges"),
        (("boat", "--diverse", "2"), None, "0<=x<=1"),
        (("boat", "--half-life", "x"), None, "not a valid float"),
    ],
)
def test_usage_errors(run, arguments, stdin, message):
    assert message in run("search", *arguments, code=2, stdin=stdin).stderr


@pytest.mark.parametrize(
    ("stdin", "message"),
    [('{"text": "boat", "limits": 3}', "limits"), ('{"text": "boat", "rank": 3}', "rank"), ('{"limit": 3}', "a text or a vector")],
)
def test_a_query_that_is_none_is_an_invalid_call(run, stdin, message):
    done = run("search", "--query", "-", "--json", code=2, stdin=stdin)
    error = json.loads(done.stderr)["error"]
    assert error["code"] == "invalid_call"
    assert message in error["message"]

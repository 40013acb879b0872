"""The command `lineage`: trees for people, JSON and PROV-JSON for programs."""

import json

import pytest
from click.testing import CliRunner

from memos import MemOS
from memos.cli.root import cli
from memos.cli.tracing import tree


@pytest.fixture
def store(tmp_path):
    """Its path, and the ids of one, two, three, of one and two together, and of that and three together."""
    with MemOS.open(tmp_path / "memory", embedder=None, worker="none") as memory:
        alice = memory.as_user("alice")
        ids = [cube.id for cube in alice.add(["one", "two", "three"]).cubes]
        ids.append(alice.compose(ids[:2]).cubes[0].id)
        ids.append(alice.compose([ids[3], ids[2], ids[0]]).cubes[0].id)
    return tmp_path / "memory", ids


def run(store, *arguments):
    done = CliRunner().invoke(cli, ["lineage", *arguments, "--store", str(store[0]), "--user", "alice"])
    return done.exit_code, done.stdout, done.stderr


def test_it_shows_a_tree_each_way(store):
    one, two, _, pair, whole = store[1]
    code, shown, _ = run(store, pair)
    assert code == 0
    assert shown.splitlines() == [
        f"{pair}  one two",
        "came from:",
        f"  composed_of {one}",
        f"  composed_of {two}",
        "became:",
        f"  composed_of {whole}",
    ]


def test_what_stands_above_is_not_gone_into_again(store):
    one, _, three, _, whole = store[1]
    _, shown, _ = run(store, whole, "--direction", "ancestors")
    lines = shown.splitlines()[2:]
    assert lines.count(f"  composed_of {one}") == 1
    assert lines.count(f"    composed_of {one}") == 1
    assert "became" not in shown
    _, shown, _ = run(store, three, "--direction", "descendants")
    assert shown.splitlines()[1:] == ["became:", f"  composed_of {whole}"]


def test_what_has_neither_says_so(store):
    one = store[1][0]
    _, shown, _ = run(store, one, "--relation", "derived_from")
    assert shown.splitlines()[1:] == ["came from: nothing", "became: nothing"]


def test_depth_and_limit(store):
    whole = store[1][4]
    _, shown, _ = run(store, whole, "--depth", "1", "--direction", "ancestors")
    assert len(shown.splitlines()) == 5
    _, shown, warned = run(store, whole, "--limit", "2")
    assert "these are 2 memories; --limit shows more" in warned


def test_json_and_prov(store):
    pair = store[1][3]
    _, shown, _ = run(store, pair, "--json")
    reply = json.loads(shown)
    assert reply["value"]["nodes"] == [pair, *store[1][:2], store[1][4]]
    assert reply["value"]["edges"][0] == [pair, store[1][0], "composed_of"]
    _, shown, _ = run(store, pair, "--prov", "--direction", "ancestors")
    document = json.loads(shown)
    assert f"memos:{pair}-v1" in document["entity"]
    assert len(document["entity"]) == 6


@pytest.mark.parametrize("arguments", [["--relation", "about"], ["--direction", "up"], ["--depth", "0"], ["--limit", "100001"]])
def test_a_wrong_option_ends_with_2(store, arguments):
    assert run(store, store[1][0], *arguments)[0] == 2


def test_what_is_not_there_ends_with_3(store):
    code, shown, told = run(store, "01890000-0000-7000-8000-000000000000")
    assert (code, shown) == (3, "")
    assert told.startswith("error: there is no memory 01890000-0000-7000-8000-000000000000 here for you")


def test_a_tree_may_be_as_deep_as_it_likes():
    steps = {str(number): [("derived_from", str(number + 1))] for number in range(5000)} | {"5000": []}
    lines = list(tree(steps, "0"))
    assert len(lines) == 5000
    assert lines[1].endswith("    derived_from 2")
    assert lines[-1].strip() == "[5000] derived_from 5000"
    assert max(map(len, lines)) < 100
    circle = {"a": [("derived_from", "b")], "b": [("derived_from", "a")]}
    assert list(tree(circle, "a")) == ["  derived_from b", "    derived_from a  (see above)"]

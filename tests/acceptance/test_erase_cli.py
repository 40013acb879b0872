"""`memos erase` and `memos receipt`: for people and for programs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from memos import MemOS
from memos.cli.root import cli

SECRET = "The spare key is with the neighbour."


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environment = {"MEMOS_STORE": "store", "MEMOS_USER": "alice", "MEMOS_EMBEDDER": "hashing", "MEMOS_ERASE_SECONDS": "0.2"}

    def invoke(*arguments, code=0):
        done = CliRunner().invoke(cli, list(map(str, arguments)), env=environment)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    invoke("add", SECRET, "Tea at four.", "--tag", "home")
    return invoke


def ids(run):
    return [cube["id"] for cube in json.loads(run("list", "--json").stdout)["cubes"]]


def test_without_yes_nothing_goes_and_what_would_is_told(run):
    first, second = ids(run)
    run("compose", first, second)
    told = run("erase", first).stdout
    assert told.startswith("would erase 2 memories: 2 versions, 2 vectors\n")
    assert "made of them, and to go with them:" in told
    assert "nothing was erased" in told
    assert json.loads(run("erase", first, "--json").stdout)["value"]["ids"] == [first]
    assert len(ids(run)) == 3


def test_yes_erases_and_the_receipt_is_verified(run):
    run("audit", "key", "--export", "key.pem")
    done = run(
        "erase", "--filter", '{"tags": {"any": ["home"]}}', "--yes", "--receipt", "receipt.json", "--court-order", "7 U 12/26", "--everyone"
    )
    assert "2 memories erased, complete; receipt signed with" in done.stdout
    assert not any(SECRET.encode() in path.read_bytes() for path in Path("store").rglob("*") if path.is_file())
    assert "is what was signed" in run("receipt", "verify", "receipt.json", "--key", "key.pem").stdout
    told = json.loads(run("receipt", "verify", "receipt.json", "--key", "key.pem", "--json").stdout)
    assert (told["valid"], told["receipt"]["court_order"]) == (True, "7 U 12/26")
    (receipt,) = json.loads(run("erase", "--status", "--json").stdout)
    assert receipt == told["receipt"]
    assert "complete" in run("erase", "--status").stdout


def test_a_receipt_that_was_changed_or_has_another_key_is_not_valid(run, tmp_path):
    run("audit", "key", "--export", "key.pem")
    run("erase", ids(run)[0], "--yes", "--receipt", "receipt.json")
    run("add", "other", "--store", "other")
    run("audit", "key", "--export", "other.pem", "--store", "other")
    run("receipt", "verify", "receipt.json", "--key", "other.pem", code=1)
    changed = json.loads(Path("receipt.json").read_text()) | {"seq": 99}
    Path("changed.json").write_text(json.dumps(changed))
    assert "or was changed" in run("receipt", "verify", "changed.json", "--key", "key.pem", code=1).stdout
    unsigned = changed | {"signature": "", "unsigned": "no key"}
    Path("unsigned.json").write_text(json.dumps(unsigned))
    assert "is not signed (no key)" in run("receipt", "verify", "unsigned.json", "--key", "key.pem", code=1).stdout


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"[" * 10_000])
def test_what_is_no_receipt_is_refused(run, content):
    run("audit", "key", "--export", "key.pem")
    Path("none.json").write_bytes(content)
    assert "no receipt" in run("receipt", "verify", "none.json", "--key", "key.pem", code=2).stderr
    assert "cannot be read" in run("receipt", "verify", "missing.json", "--key", "key.pem", code=2).stderr


def test_the_operator_reaches_everyone_of_the_tenant(run):
    run("add", "of Bob", "--user", "bob")
    assert "nothing was erased" in run("erase", "--subject", "bob", "--yes").stderr
    assert "1 memories erased" in run("erase", "--subject", "bob", "--yes", "--everyone").stdout
    assert len(ids(run)) == 2


def test_derived_memories_can_be_kept(run):
    first, second = ids(run)
    run("compose", first, second)
    assert "remains: " in run("erase", first, "--yes", "--keep-derived").stdout
    assert len(ids(run)) == 2


def test_wrong_calls_end_with_their_codes(run):
    Path("there.json").write_text("kept")
    assert "is there already" in run("erase", ids(run)[0], "--yes", "--receipt", "there.json", code=2).stderr
    assert "in one way" in run("erase", "--yes", code=2).stderr
    assert "leave ids" in run("erase", "--status", "--subject", "alice", code=2).stderr
    run("erase", "01890000-0000-7000-8000-000000000000", "--yes", code=3)
    assert "nothing was ever erased" in run("erase", "--status").stdout
    assert len(ids(run)) == 2


def test_a_receipt_that_cannot_be_written_is_told_after_the_erasure(run):
    assert "erased, but" in run("erase", ids(run)[0], "--yes", "--receipt", "nowhere/receipt.json", code=10).stderr
    assert len(ids(run)) == 1


def test_the_exit_code_tells_that_bytes_remain_for_now(run):
    with MemOS.open("store", worker="none") as other, other._parts.adapter.view("default"):
        done = run("erase", ids(run)[0], "--yes", code=9)
        assert "partial" in done.stdout
        assert "old" in done.stderr or "reader" in done.stderr
    assert "complete" in run("erase", "--status").stdout

"""`memos audit`: checkpoints, verification and exports on a real store, for people and for programs."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args
from uuid import UUID

import apsw
import pytest
from click.testing import CliRunner

from memos import MemOS
from memos.cli.root import cli
from memos.infrastructure.memgovernance.audit_export import ACTIVITY_OF, COLUMNS
from memos.memcube.call import Operation

SECRET_TEXT = "The spare key is with the neighbour."
NOWHERE = "01890000-0000-7000-8000-000000000000"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environment = {"MEMOS_STORE": "store", "MEMOS_USER": "alice", "MEMOS_EMBEDDER": "hashing"}

    def invoke(*arguments, code=0):
        done = CliRunner().invoke(cli, list(map(str, arguments)), env=environment)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    invoke("add", SECRET_TEXT, "Tea at four.", "--tenant", "=acme")
    invoke("search", "spare key", "--tenant", "=acme")
    invoke("get", NOWHERE, code=3)
    return invoke


@pytest.fixture
def kept(run):
    """A store whose auditor has the key and a checkpoint, and the options that name them."""
    run("audit", "key", "--export", "key.pem")
    run("audit", "checkpoint")
    return "--key", "key.pem", "--checkpoint", "store-audit"


def told(done):
    return json.loads(done.stdout)


def break_in(statement, file="memory.db"):
    connection = apsw.Connection(str(Path("store") / file))
    connection.execute(statement)
    connection.close()


class TestCheckpoint:
    def test_is_written_beside_the_store_unless_told_otherwise(self, run):
        first = told(run("audit", "checkpoint", "--json"))
        sizes = "-".join(str(log["size"]) for log in first["checkpoint"]["logs"])
        assert [log["log"] for log in first["checkpoint"]["logs"]] == ["commits", "access"]
        assert first["path"] == str(Path("store-audit", f"checkpoint-{sizes}.json").absolute())
        assert json.loads(Path(first["path"]).read_text()) == first["checkpoint"]
        Path("store/memos.toml").write_text('audit_checkpoints = "set"\n')
        assert Path(told(run("audit", "checkpoint", "--json"))["path"]).parent == Path("set").absolute()
        run("audit", "checkpoint", "--to", "deep/er")
        assert len(list(Path("deep/er").iterdir())) == 1

    def test_keeps_the_key_to_its_owner(self, run):
        run("audit", "checkpoint")
        assert (Path("store/keys/audit.key").stat().st_mode & 0o777) == 0o600
        assert Path("store/keys/audit.key").read_bytes() != Path("store/keys/store.key").read_bytes()

    def test_stays_as_it_is_when_nothing_has_happened(self, run):
        first = run("audit", "checkpoint").stdout
        (file,) = Path("store-audit").iterdir()
        before = file.read_bytes()
        assert run("audit", "checkpoint").stdout == first
        assert file.read_bytes() == before

    def test_of_a_store_that_is_open_and_at_work(self, run, kept):
        with MemOS.open("store", embedder="hashing", worker="none") as memory:
            alice = memory.as_user("alice")
            for number in range(5):
                alice.add(f"Parcel {number}.")
                alice.search("parcel")
                run("audit", "checkpoint")
                run("audit", "verify", *kept)
        run("audit", "verify", *kept)
        assert len(list(Path("store-audit").iterdir())) == 6

    @pytest.mark.parametrize("place", ["store", "store/keys", "store/new", "link/inside"])
    def test_is_refused_inside_the_store(self, run, place):
        Path("link").symlink_to("store")
        assert "inside the store" in run("audit", "checkpoint", "--to", place, code=2).stderr
        assert not Path("store/keys/audit.key").exists()

    def test_is_not_signed_over_a_log_that_contradicts_an_earlier_one(self, run, kept):
        break_in("UPDATE commit_log SET operation = 'get' WHERE seq = 1")
        run("add", "Another.")
        done = run("audit", "checkpoint", code=1)
        assert "row_changed" in done.stdout
        assert "log_rewritten" in done.stdout
        assert "nothing was signed" in done.stdout
        assert len(list(Path("store-audit").iterdir())) == 1
        answer = told(run("audit", "checkpoint", "--json", code=1))
        assert answer["path"] is answer["checkpoint"] is None
        assert {each["code"] for each in answer["findings"]} == {"row_changed", "log_rewritten"}
        run("audit", "checkpoint", "--accept")
        run("audit", "verify", *kept, code=1)

    def test_is_not_signed_where_a_log_cannot_be_read(self, run):
        break_in("DROP TABLE access", "access.db")
        assert "log_unreadable" in run("audit", "checkpoint", "--accept", code=1).stdout

    def test_leaves_checkpoints_of_other_stores_alone(self, run, kept):
        run("add", "A memory of another store.", "--store", "other")
        run("search", "memory", "--store", "other")
        run("audit", "checkpoint", "--store", "other", "--to", "store-audit")
        run("audit", "checkpoint")
        assert "signature_wrong" in run("audit", "verify", *kept, code=1).stdout

    def test_never_takes_the_place_of_one_that_says_otherwise(self, run, kept):
        before = {path: path.read_bytes() for path in Path("store-audit").iterdir()}
        break_in("UPDATE commit_log SET operation = 'get' WHERE seq = 1")
        assert "says otherwise" in run("audit", "checkpoint", "--accept", code=2).stderr
        assert {path: path.read_bytes() for path in Path("store-audit").iterdir()} == before

    def test_where_it_cannot_be_written(self, run):
        Path("file").touch()
        assert "cannot be made" in run("audit", "checkpoint", "--to", "file/below", code=10).stderr
        sizes = told(run("audit", "checkpoint", "--json"))["checkpoint"]["logs"]
        Path(f"full/.checkpoint-{sizes[0]['size']}-{sizes[1]['size']}.json.new").mkdir(parents=True)
        assert "cannot be written" in run("audit", "checkpoint", "--to", "full", code=10).stderr

    def test_with_a_key_that_is_none(self, run):
        Path("store/keys/audit.key").write_bytes(b"short")
        assert "5 bytes instead of 32" in run("audit", "checkpoint", code=10).stderr
        Path("store/keys/audit.key").unlink()
        Path("store/keys/audit.key").mkdir()
        assert "audit.key" in run("audit", "checkpoint", code=10).stderr


class TestKey:
    def test_is_exported_and_stays_the_same(self, run):
        first = told(run("audit", "key", "--export", "key.pem", "--json"))
        assert Path("key.pem").read_text().startswith("-----BEGIN PUBLIC KEY-----")
        assert told(run("audit", "key", "--export", "key.pem", "--json")) == first
        assert told(run("audit", "checkpoint", "--json"))["checkpoint"]["key_id"] == first["key_id"]

    def test_overwrites_nothing(self, run):
        Path("notes").write_text("mine")
        assert "something else" in run("audit", "key", "--export", "notes", code=2).stderr
        assert Path("notes").read_text() == "mine"
        assert "cannot be read" in run("audit", "key", "--export", ".", code=2).stderr

    def test_is_refused_inside_the_store(self, run):
        assert "inside the store" in run("audit", "key", "--export", "store/key.pem", code=2).stderr


class TestVerify:
    def test_a_store_that_has_grown_is_sound(self, run, kept):
        run("add", "Another.")
        run("search", "another")
        done = run("audit", "verify", *kept)
        assert "commits: 3 rows, 1 of them under a checkpoint" in done.stdout
        assert "both logs hold what was signed" in done.stdout
        report = told(run("audit", "verify", *kept, "--json"))
        assert report["findings"] == []
        assert [(log["log"], log["rows"] > log["signed"] > 0) for log in report["logs"]] == [("commits", True), ("access", True)]

    def test_what_was_changed_is_told_with_exit_code_1(self, run, kept):
        break_in("UPDATE access SET operation = 'get' WHERE aseq = 2", "access.db")
        report = told(run("audit", "verify", *kept, "--json", code=1))
        assert [(each["code"], each["log"], each["where"]) for each in report["findings"]] == [
            ("row_changed", "access", "row 2"),
            ("log_rewritten", "access", "rows 1 to 3"),
        ]
        assert "row_changed in access: row 2\n" in run("audit", "verify", *kept, code=1).stdout

    def test_needs_nothing_of_the_store_but_its_logs(self, run, kept):
        Path("store/memos.toml").write_text("nonsense")
        for file in Path("store/keys").iterdir():
            file.write_bytes(b"")
        run("audit", "verify", *kept)

    def test_a_store_that_is_only_read(self, run, kept):
        for path in [*Path("store").rglob("*"), Path("store")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        run("audit", "verify", *kept)
        for path in [Path("store"), *Path("store").rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)

    def test_a_restored_backup_is_another_store(self, run, kept):
        run("backup", "copy")
        run("restore-backup", "copy", "restored", "--keys", "store/keys")
        assert "other_store" in run("audit", "verify", *kept, "--store", "restored", code=1).stdout

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--key", "key.pem", "--checkpoint", "empty"], "holds no checkpoint-*.json"),
            (["--key", "key.pem", "--checkpoint", "nowhere"], "nowhere cannot be read"),
            (["--key", "nowhere", "--checkpoint", "store-audit"], "nowhere cannot be read"),
            (["--key", "empty", "--checkpoint", "store-audit"], "empty cannot be read"),
            (["--key", "long", "--checkpoint", "store-audit"], "too long"),
            (["--key", "key.pem", "--checkpoint", "long"], "too long"),
            (["--key", "key.pem", "--checkpoint", "key.pem"], "is no checkpoint"),
            (["--key", "store-audit/checkpoint-1-3.json", "--checkpoint", "store-audit"], "no public key of Ed25519"),
            (["--key", "store/keys/audit.key", "--checkpoint", "store-audit"], "inside the store"),
            (["--key", "key.pem", "--checkpoint", "store/checkpoint.json"], "inside the store"),
            (["--key", "key.pem", "--checkpoint", "store-audit", "--store", "memory:"], "is no directory"),
        ],
    )
    def test_what_it_is_given_must_be_what_was_kept(self, run, kept, options, message):
        Path("empty").mkdir()
        Path("long").write_bytes(bytes(100_000))
        next(Path("store-audit").iterdir()).rename("store-audit/checkpoint-1-3.json")
        assert message in run("audit", "verify", *options, code=2).stderr

    def test_where_no_store_stands(self, run, kept):
        assert "there is no store at" in run("audit", "verify", *kept, "--store", "empty", code=10).stderr


class TestExport:
    def lines(self, run, form, *options):
        return run("audit", "export", "--format", form, *options).stdout.splitlines()

    def test_ocsf_is_api_activity(self, run):
        events = [json.loads(line) for line in self.lines(run, "ocsf")]
        assert [event["api"]["operation"] for event in events] == ["add", "consolidate", "search", "get"]
        for event in events:
            assert (event["class_uid"], event["category_uid"], event["type_uid"]) == (6003, 6, 600300 + event["activity_id"])
            assert event["metadata"]["product"]["name"] == "MemOS"
            assert event["src_endpoint"]
            assert abs(datetime.fromtimestamp(event["time"] / 1000, UTC) - datetime.now(UTC)) < timedelta(minutes=5)
        added, _, searched, got = events
        assert [event["activity_id"] for event in (added, searched, got)] == [1, 2, 2]
        assert [event["status_id"] for event in events] == [1, 1, 1, 2]
        assert got["status_code"] == "not_found"
        assert added["actor"]["user"]["uid"] == searched["actor"]["user"]["uid"] != got["actor"]["user"]["uid"]
        assert {each["uid"] for each in added["resources"]} >= {each["uid"] for each in searched["resources"]} > set()
        assert len({event["metadata"]["uid"] for event in events}) == 4

    def test_every_operation_has_its_activity(self):
        assert set(get_args(Operation)) - ACTIVITY_OF.keys() == set()

    def test_an_operation_of_later_is_another_activity(self, run):
        break_in("UPDATE commit_log SET operation = 'dream' WHERE seq = 1")
        event = json.loads(self.lines(run, "ocsf")[0])
        assert (event["activity_id"], event["activity_name"], event["type_name"]) == (99, "dream", "API Activity: Other")

    def test_cloudevents_name_their_row(self, run):
        events = [json.loads(line) for line in self.lines(run, "cloudevents")]
        assert len({(event["source"], event["id"]) for event in events}) == 4
        for event in events:
            assert event["specversion"] == "1.0"
            assert event["source"].startswith("urn:memos:store:")
            UUID(event["subject"])
            assert datetime.fromisoformat(event["time"]).tzinfo is not None
            assert set(event["data"]) == set(COLUMNS)
        assert events[0]["type"] == "memos.add"
        assert events[0]["id"] == "commits/1"

    def test_csv_has_a_header_and_no_formula(self, run):
        rows = list(csv.DictReader(self.lines(run, "csv")))
        assert list(rows[0]) == list(COLUMNS)
        assert [row["operation"] for row in rows] == ["add", "consolidate", "search", "get"]
        assert rows[0]["tenant"] == "'=acme"
        assert len(rows[0]["memories"].split()) == 2

    def test_from_one_time_and_before_another(self, run):
        at = list(csv.DictReader(self.lines(run, "csv")))[2]["at"]
        assert len(self.lines(run, "csv", "--since", at)) == 1 + 2
        assert len(self.lines(run, "csv", "--until", at)) == 1 + 2
        assert self.lines(run, "ocsf", "--until", "2020-01-01") == []

    @pytest.mark.parametrize("form", ["ocsf", "cloudevents", "csv"])
    def test_holds_no_content_and_no_name(self, run, form):
        everything = "\n".join(self.lines(run, form))
        for word in ("spare", "neighbour", "Tea", "alice"):
            assert word not in everything

    def test_a_damaged_row_is_an_error_of_ours(self, run):
        break_in("UPDATE access SET hits = x'7b' WHERE aseq = 2", "access.db")
        assert "access.db cannot be read" in run("audit", "export", "--format", "csv", code=10).stderr

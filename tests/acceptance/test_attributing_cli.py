"""`memos trace` and `memos manifest` on a real store, for people and for programs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from memos import MemOS
from memos.cli.root import cli
from tests.prose import BY_HAND, STOCK

PARAGRAPH, OTHER = BY_HAND[0][0], BY_HAND[1][0]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environment = {"MEMOS_STORE": "store", "MEMOS_USER": "alice", "MEMOS_EMBEDDER": "hashing"}

    def invoke(*arguments, code=0, **more):
        done = CliRunner().invoke(cli, list(map(str, arguments)), env=environment, **more)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    invoke("add", PARAGRAPH, OTHER, *(f"{text} {STOCK[0]}" for text, _ in BY_HAND[2:8]))
    return invoke


@pytest.fixture
def memory_id(run):
    return json.loads(run("search", PARAGRAPH, "--limit", "1", "--json").stdout)["hits"][0]["cube"]["id"]


@pytest.fixture
def made(run, memory_id):
    """A manifest in manifest.json, the marked text in copy.txt, the store's public key in key.pem."""
    run("audit", "key", "--export", "key.pem")
    run(
        *("manifest", "make", PARAGRAPH, "--memory", memory_id, "--recipient", "clinic-b", "--to", "manifest.json"),
        *("--marked", "copy.txt", "--agent", "planner", "--model", "small-1", "--purpose", "care"),
    )
    return json.loads(Path("manifest.json").read_text())


class TestTrace:
    def test_found(self, run, memory_id):
        shown = run("trace", PARAGRAPH[:120]).stdout
        assert memory_id in shown
        assert "100%" in shown
        told = json.loads(run("trace", "-", "--json", input=PARAGRAPH).stdout)
        assert [source["id"] for source in told["value"]["sources"]] == [cube["id"] for cube in told["cubes"]] == [memory_id]

    def test_ambiguous_and_none(self, run):
        assert run("trace", STOCK[0]).stdout == "ambiguous: 6 memories or more hold the same 100% of it\n"
        assert run("trace", BY_HAND[0][1]).stdout == "none: no memory that you may see holds a passage of it\n"
        short = run("trace", "too", "short")
        assert "8 letters" in short.stderr
        assert short.stdout.startswith("none")

    def test_where_and_how_many(self, run):
        assert run("trace", PARAGRAPH, "--namespace", "context/alice").stdout.startswith("none")
        assert len(json.loads(run("trace", PARAGRAPH, OTHER, "--limit", "1", "--json").stdout)["cubes"]) == 1
        run("trace", PARAGRAPH, "--limit", "0", code=2)

    def test_another_user_and_an_auditor(self, run, memory_id):
        assert run("trace", PARAGRAPH, "--user", "bob").stdout.startswith("none")
        shown = run("trace", PARAGRAPH, "--user", "carol", "--role", "auditor").stdout
        assert memory_id in shown
        assert PARAGRAPH[:20] not in shown

    def test_a_marked_copy(self, run, made):
        assert "marked: the copy of clinic-b, made for alice" in run("trace", "-", input=Path("copy.txt").read_text()).stdout

    def test_nothing_to_trace(self, run):
        run("trace", code=2)
        assert "needs the text" in run("trace", "-", input=" ", code=2).stderr


class TestMake:
    def test_of_a_call(self, run):
        call = json.loads(run("search", "printing press", "--json").stdout)["call_id"]
        manifest = json.loads(run("manifest", "make", "--call", call, "--recipient", "b").stdout)
        assert (manifest["call"], manifest["recipient"], manifest["text"]) == (call, "b", None)
        assert json.loads(run("manifest", "make", "An answer.", "--call", call).stdout)["text"]["characters"] == 10

    def test_says_where_it_is(self, run, memory_id):
        done = run("manifest", "make", "-", "--memory", memory_id, "--to", "m.json", "--json", input="A text.\n")
        assert json.loads(done.stdout) == {"path": "m.json", "id": json.loads(Path("m.json").read_text())["id"]}
        assert run("manifest", "make", "A text.", "--memory", memory_id, "--to", "m.json").stdout == "signed: m.json\n"

    def test_what_is_refused(self, run, memory_id):
        assert "give the text" in run("manifest", "make", "--memory", memory_id, code=2).stderr
        assert "needs the memories" in run("manifest", "make", "A text.", code=2).stderr
        assert "the recipient" in run("manifest", "make", "A text.", "--memory", memory_id, "--marked", "x", code=2).stderr
        assert "no memory" in run("manifest", "make", "A text.", "--memory", memory_id, "--user", "bob", code=3).stderr
        assert "cannot be written" in run("manifest", "make", "A text.", "--memory", memory_id, "--to", ".", code=10).stderr


class TestVerify:
    def test_with_the_key_alone(self, run, made, tmp_path):
        Path("store").rename("gone")
        done = run("manifest", "verify", "manifest.json", "--key", "key.pem", "--text", "copy.txt")
        assert "the signature is good" in done.stdout
        assert "recipient: clinic-b" in done.stdout
        assert "the text is the one that was signed\n" in done.stdout
        assert "alice" not in done.stdout
        told = json.loads(run("manifest", "verify", "manifest.json", "--key", "key.pem", "--json").stdout)
        assert (told["signed"], told["text"], told["agent"]) == (True, None, "planner")
        assert told["memories"] == made["memories"]
        assert not Path("store").exists()

    def test_by_the_store(self, run, made):
        done = run("manifest", "verify", "manifest.json", "--text", "copy.txt")
        assert "caller: alice" in done.stdout
        assert "(yours to see)" in done.stdout
        assert "marked: the copy of clinic-b, made for alice" in done.stdout
        assert "caller" not in run("manifest", "verify", "manifest.json", "--user", "bob").stdout
        assert "caller: alice" in run("manifest", "verify", "manifest.json", "--user", "carol", "--role", "auditor").stdout

    def test_a_changed_text_and_another_one(self, run, made):
        Path("near.txt").write_text(PARAGRAPH.replace("river", "water"))
        assert "with changes" in run("manifest", "verify", "manifest.json", "--key", "key.pem", "--text", "near.txt").stdout
        Path("other.txt").write_text(OTHER)
        assert "another one" in run("manifest", "verify", "manifest.json", "--key", "key.pem", "--text", "other.txt", code=1).stdout
        run("manifest", "verify", "manifest.json", "--text", "other.txt", code=1)

    def test_without_the_opening_a_text_is_known_to_the_store_alone(self, run, made):
        Path("closed.json").write_text(json.dumps(made | {"opening": ""}))
        for options, said in (
            (("--key", "key.pem"), "nothing tells"),
            ((), "the one that was signed"),
            (("--user", "bob"), "nothing tells"),
        ):
            assert said in run("manifest", "verify", "closed.json", "--text", "copy.txt", *options).stdout

    def test_one_that_was_changed(self, run, made):
        Path("changed.json").write_text(json.dumps(made | {"recipient": "another"}))
        for options in (("--key", "key.pem"), ()):
            done = run("manifest", "verify", "changed.json", *options, code=1)
            assert done.stdout == "the signature is of another key, or the manifest was changed\n"

    def test_another_stores_key(self, run, made):
        run("add", "A memory of another store.", "--store", "other")
        run("audit", "key", "--export", "other.pem", "--store", "other")
        run("manifest", "verify", "manifest.json", "--key", "other.pem", code=1)
        run("manifest", "verify", "manifest.json", "--store", "other", code=1)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["nowhere"], "cannot be read"),
            (["manifest.json", "--key", "nowhere"], "cannot be read"),
            (["manifest.json", "--key", "key.pem", "--text", "nowhere"], "cannot be read"),
            (["key.pem"], "no manifest"),
            (["key.pem", "--key", "key.pem"], "no manifest"),
            (["binary", "--key", "key.pem"], "no manifest"),
            (["binary"], "no manifest"),
            (["manifest.json", "--key", "manifest.json"], "no public key"),
            (["manifest.json", "--text", "binary"], "not UTF-8"),
            (["long", "--key", "key.pem"], "too long"),
        ],
    )
    def test_what_is_refused(self, run, made, arguments, message):
        Path("binary").write_bytes(b"\xff\xfe\x00")
        Path("long").write_bytes(bytes(5_000_000))
        assert message in run("manifest", "verify", *arguments, code=2).stderr

    def test_a_manifest_that_the_python_face_made(self, run, memory_id):
        with MemOS.open("store", embedder="hashing", worker="none") as memory:
            made = memory.as_user("alice").manifest("A text.", memories=memory_id).value["manifest"]
        Path("m.json").write_text(json.dumps(made))
        run("manifest", "verify", "m.json")

"""Composition is allowed from the product: `memory.calibrate` and `memos calibrate`, on real models; until then it is refused."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from memos import MemOS
from memos.cli.root import cli
from memos.errors import BackendError, InvalidCall
from memos.ports.runtime import Capabilities
from memos.testing.runtime import FakeRuntime
from tests.smollm import smollm, tiny_model, tiny_tokenizer

PLACES = ("shed", "loft", "kitchen", "hall", "cellar", "garage", "porch", "attic", "study", "pantry", "cabin", "yard")
THINGS = ("ladder", "rope", "lamp", "kettle", "drill", "tent")
TEXTS = [f"The {thing} is in the {place}, behind the {THINGS[at - 1]}." for place in PLACES[:6] for at, thing in enumerate(THINGS)]


@pytest.fixture
def model(tmp_path):
    """A directory with a Llama of random weights."""
    folder, tokenizer = tmp_path / "tiny", tiny_tokenizer()
    tokenizer.save_pretrained(folder)
    tiny_model(tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environment = {"MEMOS_STORE": "store", "MEMOS_USER": "alice", "MEMOS_EMBEDDER": "none", "MEMOS_RUNTIME": None}

    def invoke(*arguments, code=0, stdin=None):
        done = CliRunner().invoke(cli, list(map(str, arguments)), env=environment, input=stdin)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    return invoke


class TestInTheShell:
    def test_it_measures_on_your_memories_and_then_composes_in_every_later_process(self, run, model):
        url = f"transformers://{model}?threads=1"
        run("add", *TEXTS)
        ids = [cube["id"] for cube in json.loads(run("list", "--limit", 3, "--json").stdout)["cubes"]]
        run("convert", *ids, "--to", "activation", "--runtime", url)
        question = ("context", "Where is the ladder, the rope and the lamp?", "--budget", 4000, "--runtime", url, "--json")
        before = json.loads(run(*question, "--composed").stdout)
        assert all(each["exact"] for each in before["attachments"])

        shown = run("calibrate", "--blocks", 4, "--recompute", "0,0.2", "--most", 99, "--runtime", url).stdout
        first, *lines = shown.splitlines()
        assert first.split() == ["read", "anew", "mean", "KL", "worst", "KL", "share", "of", "CPU"]
        assert [line.split()[0] for line in lines[1:3]] == ["0%", "20%"]
        assert lines[3].startswith("up to 4 memories of up to ")
        assert lines[3].endswith("with 0% read anew; measured on 9 questions")
        assert len(list(model.glob("memos-composition-*.json"))) == 1

        (composed,) = json.loads(run(*question, "--composed").stdout)["attachments"]
        assert not composed["exact"]
        assert composed["error"] > 0
        assert set(composed["sources"]) == set(ids)
        assert all(each["exact"] for each in json.loads(run(*question).stdout)["attachments"])

    def test_what_is_not_good_enough_is_told_and_allowed_no_more(self, run, model):
        url = f"transformers://{model}?threads=1"
        run("add", "One memory makes a store.")
        Path("texts.txt").write_text("\n".join(TEXTS), encoding="utf-8")
        ask = ("calibrate", "texts.txt", "--blocks", 2, "--recompute", "0.1", "--runtime", url)
        assert json.loads(run(*ask, "--most", 99, "--json").stdout)["share"] == 0.1
        assert "are not composed: no share has a mean KL of 1e-09" in run(*ask, "--most", 1e-9, code=1).stdout
        (kept,) = model.glob("memos-composition-*.json")
        assert json.loads(kept.read_text(encoding="utf-8"))["proven"] == []
        told = json.loads(run("calibrate", "-", *ask[2:], "--most", 1e-9, "--json", code=1, stdin="\n".join(TEXTS)).stdout)
        assert (told["share"], told["rows"][0]["cases"]) == (None, 16)

    def test_too_few_texts_and_odd_options_are_refused_with_what_to_do(self, run, model):
        url = f"transformers://{model}?threads=1"
        run("add", *TEXTS[:11])
        error = run("calibrate", "--blocks", 2, "--runtime", url, code=2).stderr
        assert "takes 12 texts or more, and these are 11" in error
        for option in (("--recompute", "1.5"), ("--recompute", "some"), ("--most", "0")):
            assert run("calibrate", "--blocks", 2, *option, "--runtime", url, code=2).stderr.startswith("error: ")
        assert "memos-kernel[local]" in run("calibrate", code=2).stderr


class TestInPython:
    def test_smollm2_on_short_notes(self):
        runtime = smollm()
        home, before, runtime.home = runtime.home, runtime.composer.proven, None
        try:
            runtime.composer.proven = ()
            with MemOS.open("memory:", embedder=None, worker="none", runtime=runtime) as memory:
                cubes = memory.as_user("alice").add(TEXTS[:12]).cubes
                found = memory.calibrate(cubes, blocks=2, recompute=(0.6, 0.1))
            assert [row.recompute for row in found.rows] == [0.1, 0.6]
            assert found.rows[1].mean < found.rows[0].mean
            assert all(0 < row.mean <= row.worst for row in found.rows)
            assert found.share == min((row.recompute for row in found.rows if row.mean <= 0.25), default=None)
        finally:
            runtime.home, runtime.composer.proven = home, before

    def test_as_many_as_are_proven_are_composed_at_the_share_that_was_measured(self):
        runtime = FakeRuntime(error=0.1)
        with MemOS.open("memory:", embedder=None, worker="none", runtime=runtime) as memory:
            alice = memory.as_user("alice")
            long = [f"{text} {text} {text}" for text in TEXTS]
            alice.convert(alice.add(long[:4]).cubes, to="activation")
            memory.calibrate(long, blocks=2, recompute=(0.4,))
            (composed,) = alice.context("Where are the ladder, the rope, the lamp and the kettle?", exact=False).attachments
        assert composed.error == pytest.approx(0.1 * (1 - 0.4))
        assert len(composed.cubes) == 2

    def test_a_runtime_that_does_not_compose_says_so(self):
        runtime = FakeRuntime(capabilities=Capabilities())
        opened = MemOS.open("memory:", embedder=None, worker="none", runtime=runtime)
        with opened as memory, pytest.raises(InvalidCall, match="has not the capability compose"):
            memory.calibrate(TEXTS, blocks=2)
        with MemOS.open("memory:", embedder=None, worker="none") as memory, pytest.raises(InvalidCall, match="has no model runtime"):
            memory.calibrate(TEXTS)

    def test_the_store_that_is_closed_measures_nothing(self):
        memory = MemOS.open("memory:", embedder=None, worker="none", runtime=FakeRuntime())
        memory.close()
        with pytest.raises(BackendError, match="closed"):
            memory.calibrate(TEXTS, blocks=2)

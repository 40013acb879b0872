"""How a store is measured beside ours: the protocol of runners, their failures, their environments. No peer is installed here."""

import base64
import hashlib
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from evals.bench.environments import clean, environment_python, runner_variables
from evals.bench.peer_runners.measuring import is_loopback, refuse_network
from evals.bench.peers import FLOOR, PEERS, Peer, agreement, distinct, run_peers

RUNNER = """
import sys, time
import numpy as np
from evals.bench.peer_runners.measuring import main

class Tiny:
    version = "1.0"

    def __init__(self, job):
        self.rows = {{}}
        print("not a result")

    def add(self, identifier, text, vector):
        {add}
        self.rows[identifier] = (text, vector)

    def add_many(self, identifiers, texts, vectors):
        for row in zip(identifiers, texts, vectors, strict=True):
            self.rows[row[0]] = row[1:]

    def get(self, identifier):
        return self.rows[identifier][0]{get}

    def search(self, text, vector, limit):
        return sorted(self.rows, key=lambda i: -float(self.rows[i][1] @ vector))[{skip}:limit]

main(Tiny)
"""


@pytest.fixture
def runner(tmp_path):
    """Writes a runner script and returns the peer that the running Python runs by it."""

    def write(name="tiny", source=None, *, add="pass", get="", skip=0):
        script = tmp_path / f"{name}.py"
        script.write_text(RUNNER.format(add=add, get=get, skip=skip) if source is None else source)
        return Peer(name=name, command=(str(script),), note="for tests")

    return write


@pytest.fixture
def measured(tmp_path):
    """Measures peers on seeded vectors that are not of length one, and texts of which some repeat."""
    generator = np.random.default_rng(7)
    vectors = generator.standard_normal((40, 8)).astype(np.float32) * 3
    queries = generator.standard_normal((5, 8)).astype(np.float32)

    def run(*peers, sizes=(20,), timeout=60.0, **options):
        texts = [f"text {i % 15}" for i in range(len(vectors))]
        return run_peers(vectors, texts, queries, sizes, tmp_path / "bench", peers, timeout, **options)

    return run


def test_a_row_a_size_with_every_figure(measured, runner):
    said = []
    small, large = measured(runner(), sizes=(20, 40), tell=said.append)
    assert (small["n"], large["n"]) == (20, 40)
    assert (small["peer"], small["note"], small["version"], small["recall_at_10"]) == ("tiny", "for tests", "1.0", 1.0)
    figures = {name for name in small if name.startswith(("put", "batch", "get", "search"))}
    assert figures == {
        *("put_cpu_ms", "put_wall_ms", "batch_put_per_cpu_s", "batch_put_per_wall_s"),
        *("get_cpu_ms_p50", "get_wall_ms_p50", "search_cpu_ms_p50", "search_wall_ms_p50"),
    }
    assert all(small[name] > 0 for name in figures)
    assert said == ["tiny: preparing", "tiny: 20 memories", "tiny: 40 memories"]


def test_the_floor_is_exact(measured):
    (row,) = measured(FLOOR, sizes=(40,))
    assert "error" not in row
    assert row["recall_at_10"] == 1.0


def test_wall_time_waits_and_cpu_time_does_not(measured, runner):
    (row,) = measured(runner(add="time.sleep(0.02)"))
    assert row["put_wall_ms"] >= 20
    assert row["put_cpu_ms"] < 10


def test_cpu_time_counts_every_thread(measured, runner):
    work = "import threading; t = threading.Thread(target=lambda: sum(range(400_000))); t.start(); t.join()"
    (busy,), (idle,) = measured(runner("busy", add=work)), measured(runner("idle"))
    assert busy["put_cpu_ms"] > idle["put_cpu_ms"] + 1


def test_agreement_is_measured_not_believed(measured, runner):
    (row,) = measured(runner(skip=4))
    assert row["recall_at_10"] == 0.6


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"add": "raise RuntimeError('no room in /srv/data/peer.db')"}, "RuntimeError: no room in peer.db"),
        ({"get": " + '!'"}, "did not come back as they were stored"),
        ({"add": "import os; os._exit(3)"}, "ended with code 3 and no result: nothing was said"),
        ({"source": "raise SystemExit('give me a model')"}, "ended with code 1 and no result: give me a model"),
        ({"source": "import json, sys\nopen(json.load(open(sys.argv[1]))['result'], 'w').write('{')"}, "not JSON"),
        ({"source": "import json, sys\nopen(json.load(open(sys.argv[1]))['result'], 'w').write('[]')"}, "neither hits nor an error"),
        (
            {"source": "import json, sys\nopen(json.load(open(sys.argv[1]))['result'], 'w').write('{\"hits\": [[]]}')"},
            "answered 1 of 5 queries",
        ),
        ({"add": "sys.audit('socket.connect', None, ('192.0.2.1', 443))"}, "reaches no network"),
    ],
)
def test_a_peer_that_fails_is_named_and_the_rest_goes_on(measured, runner, options, error):
    failed, went_on = measured(runner("failing", **options), runner("tiny"))
    assert set(failed) == {"peer", "n", "error"}
    assert (failed["peer"], failed["n"]) == ("failing", 20)
    assert error in failed["error"]
    assert "error" not in went_on


def test_a_peer_that_hangs_is_stopped_with_its_children(measured, runner, tmp_path):
    alive = tmp_path / "alive"
    child = f"import time; time.sleep(2.5); open({str(alive)!r}, 'w')"
    hanging = f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {child!r}])\ntime.sleep(60)"
    started = time.monotonic()
    stopped, also = measured(runner("hanging", hanging), sizes=(20, 40), timeout=1.0)
    assert stopped["error"] == also["error"] == "stopped when its time was up"
    assert time.monotonic() - started < 20
    time.sleep(max(0, 4.5 - (time.monotonic() - started)))
    assert not alive.exists()


def test_no_trace_is_left_beside_the_environments(measured, runner, tmp_path):
    measured(runner())
    assert list((tmp_path / "bench").iterdir()) == []


def test_runners_see_no_credentials_and_are_told_to_keep_quiet(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    variables = runner_variables(tmp_path)
    assert "OPENAI_API_KEY" not in variables
    assert variables["OMP_NUM_THREADS"] == "2"
    assert variables["HOME"] == variables["MEM0_DIR"] == str(tmp_path)
    assert variables["MEM0_TELEMETRY"] == variables["ANONYMIZED_TELEMETRY"] == "False"


@pytest.mark.parametrize(
    ("vectors", "texts", "sizes", "error"),
    [(3, 2, (2,), "2 texts for 3 vectors"), (3, 3, (4,), "lie in 2 to 3"), (3, 3, (1,), "lie in 2 to 3")],
)
def test_inputs_that_do_not_fit_are_refused(tmp_path, vectors, texts, sizes, error):
    with pytest.raises(ValueError, match=error):
        run_peers(np.ones((vectors, 4), np.float32), ["t"] * texts, np.ones((1, 4), np.float32), sizes, tmp_path)


def test_agreement_counts_ties_once_and_unknown_ids_never():
    vectors = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)
    query = np.array([[1, 0]], np.float32)
    assert agreement(vectors, query, [["m2", "m0"]], limit=2) == 1.0
    assert agreement(vectors, query, [["m2", "m2"]], limit=2) == 0.5
    assert agreement(vectors, query, [["m3", "x"]], limit=2) == 0.0
    assert agreement(vectors, query, [["m3", "m2", "m1", "m0"]]) == 1.0


def test_repeated_texts_become_distinct():
    texts = ["a", "a", "a [2]", "b", "a"]
    made = distinct(texts)
    assert len(set(made)) == len(texts)
    assert all(name.startswith(text) for name, text in zip(made, texts, strict=True))
    assert [made[0], made[2], made[3]] == ["a", "a [2]", "b"]


@pytest.mark.parametrize("host", [None, "", "localhost", "127.0.0.1", "127.8.8.8", "::1", b"localhost"])
def test_loopback_is_open(host):
    assert is_loopback(host)
    refuse_network("socket.connect", (None, (host, 80)))
    refuse_network("socket.getaddrinfo", (host, 80))


@pytest.mark.parametrize("host", ["192.0.2.1", "10.0.0.1", "2001:db8::1", "peer.invalid", b"peer.invalid", "localhost.invalid"])
def test_everything_else_is_closed(host):
    for event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        with pytest.raises(OSError, match="no network"):
            refuse_network(event, (None, (host, 80)))
    with pytest.raises(OSError, match="no network"):
        refuse_network("socket.getaddrinfo", (host, 80))


def test_sockets_that_are_paths_or_connected_stay_open():
    refuse_network("socket.connect", (None, "/run/peer.sock"))
    refuse_network("socket.sendmsg", (None, None))
    refuse_network("open", ("192.0.2.1",))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("cannot open /home/me/x/store.db now", "cannot open store.db now"),
        ("Max retries for https://pkg.example.org/simple/a/ twice", "Max retries for <address> twice"),
        ("HTTPSConnectionPool(host='files.example.org', port=443)", "HTTPSConnectionPool(host='<host>', port=443)"),
        ("connect to 192.0.2.7 failed", "connect to <host> failed"),
        ("no match for peer==1.2.3.4 of and/or\n  langgraph.store 1.5", "no match for peer==1.2.3.4 of and/or langgraph.store 1.5"),
        ("x" * 500, "x" * 199 + "…"),
    ],
)
def test_an_error_names_no_machine(said, told):
    assert clean(said) == told


def wheel(directory: Path, *, value: int) -> Path:
    """A package `tinypeer` of one module, small enough to be installed by a test."""
    files = {
        "tinypeer.py": f"VALUE = {value}\n",
        f"tinypeer-{value}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: tinypeer\nVersion: {value}\n",
        f"tinypeer-{value}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digest = {name: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode() for name, text in files.items()}
    record = f"tinypeer-{value}.dist-info/RECORD"
    files[record] = "".join(f"{name},sha256={digest[name]},{len(text)}\n" for name, text in files.items()) + f"{record},,\n"
    path = directory / f"tinypeer-{value}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_an_environment_is_made_kept_and_made_anew_for_other_pins(measured, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    script = tmp_path / "installed.py"
    script.write_text(
        "import json, sys, tinypeer\njob = json.load(open(sys.argv[1]))\n"
        "open(job['result'], 'w').write(json.dumps({'error': f'{tinypeer.VALUE} {sys.prefix != sys.base_prefix}'}))"
    )

    def ask(value):
        peer = Peer(name="p", command=(str(script),), note="", environment="p", requirements=(str(wheel(tmp_path, value=value)),))
        return measured(peer)[0]["error"]

    assert ask(1) == "1 True"
    made = (tmp_path / "bench/p/requirements.txt").stat().st_mtime_ns
    assert ask(1) == "1 True"
    assert (tmp_path / "bench/p/requirements.txt").stat().st_mtime_ns == made
    assert ask(2) == "2 True"


def test_a_peer_that_cannot_be_installed_is_named_and_the_rest_goes_on(measured, runner, monkeypatch, tmp_path):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    absent = Peer(name="absent", command=("-c", ""), note="", environment="absent", requirements=("no-such-peer==1.0",))
    failed, went_on = measured(absent, runner())
    assert failed == {"peer": "absent", "error": "cannot be installed: ERROR: No matching distribution found for no-such-peer==1.0"}
    assert "error" not in went_on
    assert not (tmp_path / "bench/absent/requirements.txt").exists()


def test_what_requires_nothing_runs_in_this_python(tmp_path):
    assert environment_python("", (), tmp_path) == Path(sys.executable)


def test_the_peers_are_pinned_and_have_runners():
    assert {peer.name for peer in PEERS} == {
        *("mem0", "Chroma", "LangGraph SqliteStore", "LangGraph InMemoryStore", "MemPalace", "yantrikdb"),
    }
    folder = Path(sys.modules[Peer.__module__].__file__).parent / "peer_runners"
    for peer in PEERS:
        assert all("==" in requirement for requirement in peer.requirements)
        assert (folder / f"{peer.command[1].rpartition('.')[2]}.py").is_file()

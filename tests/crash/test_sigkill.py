"""SIGKILL at any moment to two processes that write: what was acknowledged is there, and nothing is there by half."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from memos.backends.sqlite.adapter import SqliteAdapter
from tests.crash.checking import acknowledged, look_over
from tests.crash.making import EMBEDDER, Author
from tests.crash.writing import Acknowledging

ROOT = Path(__file__).parents[2]
ROUNDS_A_STORE = 5


class Nursery:
    """The program that forks writers, so that a round costs no start of a Python."""

    def __init__(self, module="tests.crash.writing"):
        command = [sys.executable, "-m", module]
        self.started = []
        self.program = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, directory, acknowledgements, seed):
        self.program.stdin.write(json.dumps([str(directory), str(acknowledgements), seed]) + "\n")
        self.program.stdin.flush()
        self.started.append(int(self.program.stdout.readline()))
        return self.started[-1]

    def close(self):
        for writer in self.started:
            if Path(f"/proc/{writer}").exists():
                os.kill(writer, signal.SIGKILL)
        self.program.stdin.close()
        self.program.wait(timeout=60)
        self.program.stdout.close()


@pytest.fixture
def nursery():
    nursery = Nursery()
    yield nursery
    nursery.close()


def kill_at_random(writers, chance):
    """Kill both writers, early while they open the store or later while they write, together or one after the other."""
    files = list(writers.values())
    if chance.random() < 0.75:
        wait_until(lambda: all(path.exists() and path.stat().st_size for path in files) or any(map(failed, files)))
        time.sleep(chance.uniform(0, 0.15))
    else:
        time.sleep(chance.uniform(0, 0.03))
    assert [path.with_suffix(".error").read_text() for path in files if failed(path)] == []
    for writer in chance.sample(list(writers), 2):
        os.kill(writer, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{writer}").exists())  # noqa: B023 - waited for before the next turn
        time.sleep(chance.choice([0, 0, 0.03]))


def failed(path):
    return path.with_suffix(".error").exists()


def wait_until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "the writers do not write"
        time.sleep(0.002)


@pytest.mark.proof(capability="sigkill", small=20, full=200)
def test_nothing_acknowledged_is_lost_and_nothing_is_half_written(nursery, tmp_path, trials, record_proof):
    lost = half = faults = told = 0
    for number in range(trials):
        chance = random.Random(number)
        home = tmp_path / f"store {number // ROUNDS_A_STORE}"
        home.mkdir(exist_ok=True)
        files = [home / f"{number}-{side}.acknowledged" for side in (0, 1)]
        writers = {nursery.start(home / "store", files[side], 2 * number + side): files[side] for side in (0, 1)}
        kill_at_random(writers, chance)
        promised = set().union(*map(acknowledged, home.glob("*.acknowledged")))
        missing, halves, found = look_over(home / "store", promised)
        lost, half, faults = lost + missing, half + halves, faults + len(found)
        told += sum(len(acknowledged(path)) for path in files)
        assert (missing, halves, found) == (0, 0, ())
    record_proof(rounds=trials, acknowledged=told, lost=lost, half_written=half, faults=faults)
    assert told > 10 * trials


def test_the_check_sees_what_is_lost_half_there_or_faulty(tmp_path):
    adapter = SqliteAdapter(tmp_path / "store", embedder=EMBEDDER)
    writer = Acknowledging(Author(adapter), seed=1)
    promised = {each for _ in range(20) for each in writer.step()}
    assert look_over(tmp_path / "store", promised) == (0, 0, ())
    with adapter.connection() as connection:
        connection.execute("UPDATE content SET body = 'gone' WHERE cid = (SELECT min(cid) FROM content WHERE body LIKE 'batch 0%')")
    lost, half, faults = look_over(tmp_path / "store", promised)
    assert lost >= 1
    assert (half, [fault.code for fault in faults]) == (1, ["content_changed"])
    adapter.close()

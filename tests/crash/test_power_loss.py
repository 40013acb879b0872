"""Loss of power at any operation on the disk: every acknowledged memory is there when it comes back."""

import os
import random
import threading

import pytest

from memos.backends.sqlite import connections
from memos.backends.sqlite.adapter import SqliteAdapter
from memos.errors import MemOSError
from tests.crash.checking import look_over
from tests.crash.making import EMBEDDER, Author
from tests.crash.power_loss import Disk
from tests.crash.writing import Acknowledging

WRITERS = 3
MAKING, LATEST = 300, 3000
"""The power goes with an operation on the disk while the store is being made, or at the latest with this one."""


class Outage:
    """One round: writers on a disk that loses power with its `last` operation, at which `left` is what they had been promised."""

    def __init__(self, home, seed, durability):
        self.chance = random.Random(seed)
        self.seed, self.durability = seed, durability
        (home / "disk").mkdir(parents=True)
        self.disk = Disk(f"power-{durability}-{seed}", home / "disk")
        self.disk.look = self.look
        self.found = home / "found"
        self.operations = self.chance.randrange(self.chance.choice([MAKING, LATEST, LATEST, LATEST]))
        self.promised, self.left = [], None
        self.over = threading.Event()

    def look(self):
        with self.disk.lock:
            self.operations -= 1
            if self.operations < 0 and self.left is None:
                self.left = list(self.promised)
                self.disk.lose_power(self.found, self.chance)
                self.over.set()

    def write(self, adapter, number):
        writer = Acknowledging(Author(adapter, f"user{number}"), self.seed)
        while not self.over.is_set():
            self.promised += writer.step()

    def run(self):
        """Write from several threads, two of them through one adapter and the others through another, until the power is gone."""
        opened = [
            SqliteAdapter(self.disk.root / "store", vfs=self.disk.name, embedder=EMBEDDER, durability=self.durability) for _ in range(2)
        ]
        threads = [threading.Thread(target=self.write, args=(opened[number % 2], number)) for number in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for adapter in opened:
            adapter.close()


@pytest.fixture
def outage(tmp_path, monkeypatch):
    """Runs a round of a durability and a seed; gives how many were promised, lost and half there, and what the doctor found."""

    def run(durability, seed):
        round_ = Outage(tmp_path / f"{durability} {seed}", seed, durability)
        monkeypatch.setattr(os, "fsync", round_.disk.fsync)
        monkeypatch.setattr(connections, "CHECKPOINT_PAGES", round_.chance.choice([5, 50, 1000]))
        round_.run()
        monkeypatch.undo()
        return len(round_.left), *look_over(round_.found / "store", round_.left)

    return run


@pytest.mark.proof(capability="power-loss", small=50, full=500)
def test_nothing_acknowledged_is_lost_with_the_power(outage, trials, record_proof):
    told = lost = half = faults = 0
    for seed in range(trials):
        promised, missing, halves, found = outage("power", seed)
        told, lost, half, faults = told + promised, lost + missing, half + halves, faults + len(found)
        assert (missing, halves, found) == (0, 0, ()), f"round {seed}"
    record_proof(rounds=trials, acknowledged=told, lost=lost, half_written=half, faults=faults)
    assert told > 10 * trials


@pytest.mark.parametrize("durability", ["process", "none"])
def test_this_disk_does_lose_what_was_not_synced(outage, durability):
    lost = 0
    for seed in range(8):
        try:
            lost += outage(durability, seed)[1]
        except MemOSError:
            lost += 1
    assert lost > 0

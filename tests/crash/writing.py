"""Writers to be killed. As a program it forks one for each line `directory acknowledgements seed` that it reads, and prints its process id.

A writer commits without end and, once a commit has returned, appends what was acknowledged to its file, a JSON array a line.
"""

import json
import os
import random
import signal
import sys
import traceback
from itertools import count
from pathlib import Path

from memos.backends.sqlite.adapter import SqliteAdapter
from tests.crash.making import EMBEDDER, Author

PARTS = 3
"""Memories of one batch; a batch is there whole or not at all."""


class Acknowledging:
    """Does one random thing after another and tells what it did, as lists of (id, version, text)."""

    def __init__(self, author: Author, seed: int):
        self.author, self.random = author, random.Random(seed)
        self.name = f"{author.user}-{seed}"
        self.numbers = count()
        self.mine = []

    def step(self):
        text = f"{self.name} {next(self.numbers)}"
        choices = [self.batch, self.turns, self.fact, *([self.rewrite, self.retag, self.rewrite] if self.mine else [])]
        cubes = self.random.choice(choices)(text + " word" * self.random.randrange(200))
        return [(cube.id, cube.version, cube.text) for cube in cubes]

    def batch(self, text):
        cubes = self.author.add(*(f"batch {part} of {text}" for part in range(PARTS)), edges=True, key=text)
        self.mine = (self.mine + cubes)[-20:]
        return cubes

    def turns(self, text):
        return self.author.say("session", text, f"reply to {text}")

    def fact(self, text):
        return self.author.add(text, fact=True, pending=True)

    def rewrite(self, text):
        place = self.random.randrange(len(self.mine))
        self.mine[place] = self.author.rewrite(self.mine[place], text)
        return [self.mine[place]]

    def retag(self, text):
        place = self.random.randrange(len(self.mine))
        self.mine[place] = self.author.change(self.mine[place], frozen=not self.mine[place].frozen)
        return [self.mine[place]]


def write_without_end(directory, acknowledgements, seed):
    """Only a signal ends it."""
    adapter = SqliteAdapter(directory, embedder=EMBEDDER)
    writer = Acknowledging(Author(adapter, f"user{seed % 2}"), seed)
    descriptor = os.open(acknowledgements, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while True:
        os.write(descriptor, json.dumps(writer.step()).encode() + b"\n")


def main(write=write_without_end):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    for line in sys.stdin:
        directory, acknowledgements, seed = json.loads(line)
        if child := os.fork():
            print(child, flush=True)
            continue
        try:
            write(Path(directory), acknowledgements, seed)
        except BaseException:  # noqa: BLE001 - whatever ends a writer but a signal is told
            Path(acknowledgements).with_suffix(".error").write_text(traceback.format_exc())
        os._exit(1)


if __name__ == "__main__":
    main()

"""Processes beside the one that erases. As a program: `read DIR`, `hold DIR` or `erase DIR`; each prints `ready`, then obeys its lines.

`read` searches with lanes and caches of its own for the words that it is given, a JSON list a line, and prints how many answers hold one.
`hold` keeps one View open until it is told otherwise. `erase` erases all of Alice, prints `committed`, finishes it, and prints `done`.
"""

import json
import sys

from memos import MemOS
from memos.errors import NotFound


def answers(memory, words):
    """How many answers hold one of some words: searches, listings, histories and the past."""
    found = 0
    for user in ("alice", "bob"):
        session = memory.as_user(user)
        for word in words:
            hits = session.search(word, limit=3).hits
            found += sum(word in hit.cube.model_dump_json().lower() for hit in hits)
        for each in (session, *_past(session)):
            for reply in each.pages(states=["generated", "activated", "merged", "archived"], limit=1000):
                told = reply.model_dump_json().lower()
                found += sum(word in told for word in words)
    return found


def _past(session):
    yield session.at(1)
    for branch in session.branches().value:
        yield session.branch(branch["name"])


def main(mode, directory):
    with MemOS.open(directory, worker="none", settings={"consolidate": False}) as memory:
        if mode == "erase":
            print("ready", flush=True)
            memory.erase(subject="alice", finish=False)
            print("committed", flush=True)
            memory.erasures()
            print("done", flush=True)
        elif mode == "hold":
            with memory._parts.adapter.view("default"):
                print("ready", flush=True)
                sys.stdin.readline()
            print("released", flush=True)
            sys.stdin.readline()
        else:
            print("ready", flush=True)
            for line in sys.stdin:
                try:
                    print(answers(memory, json.loads(line)), flush=True)
                except NotFound:
                    print("gone meanwhile", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

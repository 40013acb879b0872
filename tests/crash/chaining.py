"""Writers of chains, to be killed; a program as `tests.crash.writing` is one.

Chain number n adds two memories and a third in another namespace, writes a number onto a note that stands, puts the last chain's first
memory away and forgets its second. Once its reply has come, n is appended to the writer's file, a JSON number a line.
"""

import json
import os
from itertools import count

from memos import MemOS
from memos.errors import VersionConflict
from tests.crash.writing import main

NOTE = "numbers:"


def chain_without_end(directory, acknowledgements, seed):
    """Only a signal ends it."""
    memory = MemOS.open(directory, embedder="hashing", worker="none")
    alice = memory.as_user(f"user{seed % 2}")
    note = next((cube for cube in alice.list(limit=1000).cubes if cube.text.startswith(NOTE)), None) or alice.add(NOTE).cubes[0]
    descriptor = os.open(acknowledgements, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    last = None
    for number in count(seed * 10**6):
        try:
            reply = alice.together(calls(f"{number}", note.id, last))
        except VersionConflict:
            continue
        last = [cube.id for cube in reply.cubes]
        os.write(descriptor, json.dumps(number).encode() + b"\n")


def calls(number, note, last):
    """One chain."""
    told = [
        {"operation": "add", "drafts": [{"text": f"first {number}"}, {"text": f"second {number}"}]},
        {"operation": "update", "cubes": [{"id": note}], "options": {"text": number, "mode": "append"}},
        {"operation": "search", "query": {"text": f"first {number}"}},
        {"operation": "add", "drafts": [{"text": f"third {number}", "namespace": None}]},
    ]
    if last is not None:
        told.append({"operation": "archive", "cubes": [{"id": last[0]}]})
        told.append({"operation": "forget", "cubes": [{"id": last[1]}]})
    return told


if __name__ == "__main__":
    main(chain_without_end)

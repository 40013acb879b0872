"""A writer killed at any point between its acknowledged writes and their extraction loses no message, no fact, and stores none twice."""

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from memos import MemOS
from memos.testing.chat import ScriptedChat

WRITER = """
import sys, time
from memos import MemOS
from memos.testing.chat import ScriptedChat
from tests.crash.test_extraction import chat, message
directory, extract, first = sys.argv[1], sys.argv[2], int(sys.argv[3])
memory = MemOS.open(directory, embedder=None, chat=chat() if extract == "model" else None,
                    settings={"worker_idle_seconds": 0.001, "extract": extract, "durability": "process"})
alice = memory.as_user("alice", session="s")
print("ready", flush=True)
for number in range(first, first + 100_000):
    print(number, alice.add([message(number)]).cubes[0].id, flush=True)
"""


def message(number):
    """A message that states two things; every fifth states nothing."""
    text = "How are you?" if number % 5 == 4 else f"I bought {number} plants yesterday. I'm allergic to flower {number}. And you?"
    return {"role": "user", "name": "Alice", "content": text}


def expected(text):
    number = text.split()[2]
    return [] if text.startswith("How") else [f"Alice bought {number} plants yesterday.", f"Alice is allergic to flower {number}."]


def chat():
    """A model that claims what is true and, in each message, something that is not."""

    def answer(text):
        if text.startswith("How"):
            return {"facts": []}
        first, second = text.split(". ")[:2]
        claims = [
            (f"{first}.", first.replace("I bought", "Alice bought") + "."), (f"{second}.", second.replace("I'm", "Alice is") + "."),
            (f"{first}.", "Alice bought 7 boats yesterday."),
        ]  # fmt: skip
        return {"facts": [{"quote": quote, "fact": fact, "kind": "event", "speaker": "Alice"} for quote, fact in claims]}

    return ScriptedChat(answer)


def killed(directory, extract, first, after):
    """The numbers and ids that a process acknowledged before it was killed, so many seconds after it was ready."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(directory), extract, str(first)], stdout=subprocess.PIPE, text=True, cwd=str(Path.cwd()),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])},
    )  # fmt: skip
    assert writer.stdout.readline() == "ready\n"
    killing = threading.Timer(after, os.kill, (writer.pid, signal.SIGKILL))
    killing.start()
    lines = writer.stdout.read().splitlines()
    killing.join()
    writer.wait(timeout=60)
    writer.stdout.close()
    return [
        (int(number), cube_id)
        for number, cube_id in (line.split() for line in lines if len(line.split()) == 2 and len(line.split()[1]) == 36)
    ]


@pytest.mark.proof(capability="extraction", small=6, full=200)
def test_what_was_acknowledged_is_extracted_once_however_often_the_writer_is_killed(tmp_path, trials, record_proof):
    chance, acknowledged, between, stores = random.Random(6), 0, 0, 2
    lost_messages = lost_facts = twice = unsupported = 0
    for extract in ("rules", "model"):
        directory, known, number = tmp_path / extract, {}, 0
        for _ in range(trials // stores):
            found = killed(directory, extract, number, chance.uniform(0.0, 0.4))
            known |= {cube_id: each for each, cube_id in found}
            number += 10_000
            with MemOS.open(directory, embedder=None, worker="none") as memory:
                turns, made = everything(memory)
                between += sum(not made.get(cube_id) and bool(expected(turn.text)) for cube_id, turn in turns.items())
        model = chat() if extract == "model" else None
        with MemOS.open(directory, embedder=None, worker="none", chat=model, settings={"extract": extract}) as memory:
            assert memory.drain(240)
            turns, made = everything(memory)
            assert memory.doctor() == ()
            assert memory.extraction().waiting == 0
        acknowledged += len(known)
        lost_messages += len(set(known) - set(turns))
        for cube_id, turn in turns.items():
            texts = [fact.text for fact in made.get(cube_id, [])]
            lost_facts += len(set(expected(turn.text)) - set(texts))
            twice += len(texts) - len(set(texts))
            unsupported += len(set(texts) - set(expected(turn.text)))
    assert between, "nothing was ever killed between its write and its extraction: this test shows nothing"
    record_proof(
        kills=trials, messages_acknowledged=acknowledged, messages_lost=lost_messages, facts_lost=lost_facts, facts_twice=twice,
        facts_unsupported=unsupported,
    )  # fmt: skip
    assert (lost_messages, lost_facts, twice, unsupported) == (0, 0, 0, 0)


def everything(memory):
    """All turns by their ids, and the facts that stand by the id of the turn that each is derived from."""
    turns, made = {}, {}
    for page in memory.as_user("alice").pages(limit=1000):
        for cube in page.cubes:
            if "extraction" in cube.metadata:
                made.setdefault(cube.provenance.parents[0].id, []).append(cube)
            else:
                turns[cube.id] = cube
    return turns, made

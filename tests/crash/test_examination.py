"""A writer that is killed between its acknowledged writes and their examination loses neither: the next process examines what is left."""

import os
import signal
import subprocess
import sys

from memos import MemOS

COUNT = 24
WRITER = """
import sys
from memos import MemOS
memory = MemOS.open(sys.argv[1], embedder=None, settings={"worker_idle_seconds": 0.001})
alice = memory.as_user("alice")
for number in range(int(sys.argv[2])):
    print(alice.add("The tide was low. " * 1000 + f"Mail {number} went to kim{number}@example.org.").cubes[0].id, flush=True)
sys.stdin.read()
"""


def killed_after(directory, count):
    """The ids that a process acknowledged before it was killed, while it wrote and its worker examined."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(directory), str(COUNT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    ids = [writer.stdout.readline().strip() for _ in range(count)]
    os.kill(writer.pid, signal.SIGKILL)
    rest = writer.stdout.read()
    writer.wait(timeout=60)
    writer.stdin.close()
    writer.stdout.close()
    return [*ids, *(line for line in rest.splitlines() if len(line) == 36)]


def test_what_was_acknowledged_is_examined_by_the_next_process(tmp_path):
    ids, waiting = [], 0
    for count in (1, 5, COUNT):
        ids += killed_after(tmp_path / "store", count)
        with MemOS.open(tmp_path / "store", embedder=None, worker="none") as memory:
            found = {cube.id: cube for cube in memory.as_user("alice").list(limit=1000).cubes}
            assert set(ids) <= set(found)
            left = [cube for cube in found.values() if not cube.policy.examined]
            assert {cube.policy.sensitivity for cube in left} <= {"restricted"}
            waiting += len(left)
    assert waiting, "nothing was ever killed before its examination: this test shows nothing"
    with MemOS.open(tmp_path / "store", embedder=None, worker="none") as memory:
        assert memory.drain()
        for cube in memory.as_user("alice").list(limit=1000).cubes:
            assert [(span.label, cube.text[span.start : span.end].startswith("kim")) for span in cube.policy.spans] == [("EMAIL", True)]
            assert (cube.policy.examined, cube.policy.sensitivity, cube.version) == (True, "confidential", 1)
        assert memory.doctor() == ()

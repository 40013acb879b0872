"""Many at once: threads and processes that write and search one store; no error, no lost write."""

import json
import subprocess
import sys
import threading
import time

import pytest

from memos import MemOS

THREADS = 4
PROCESSES = 2
WRITER = """
import json, sys, threading, time
from memos import MemOS

directory, number, seconds, threads = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
written, searches, errors = [], [0], []


def work(memory, thread):
    user = memory.as_user("alice")
    end = time.monotonic() + seconds
    count = 0
    try:
        while time.monotonic() < end:
            text = f"note {count} of thread {thread} in process {number}: p{number}t{thread}n{count}"
            cubes = user.add([text, {"role": "user", "content": text}], session=f"{number}-{thread}").cubes
            written.extend([cube.id, cube.text] for cube in cubes)
            hits = user.search(text, limit=3).hits
            searches[0] += 1
            if text not in [hit.cube.text for hit in hits]:
                errors.append(f"just written and not found: {text}")
            count += 1
    except Exception as error:
        errors.append(f"{type(error).__name__}: {error}")


with MemOS.open(directory) as memory:
    workers = [threading.Thread(target=work, args=(memory, thread)) for thread in range(threads)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
print(json.dumps({"written": written, "searches": searches[0], "errors": errors}))
"""


@pytest.mark.proof(capability="concurrency", small=20, full=20)
def test_threads_and_processes_write_and_search_together(tmp_path, trials, record_proof):
    """`trials` are the seconds for which 4 threads × 2 processes write and search."""
    directory = tmp_path / "memory"
    MemOS.open(directory, embedder="hashing", worker="none").close()
    command = [sys.executable, "-c", WRITER, str(directory)]
    running = [
        subprocess.Popen([*command, str(number), str(trials), str(THREADS)], stdout=subprocess.PIPE, text=True)
        for number in range(PROCESSES)
    ]
    outcomes = [json.loads(process.communicate(timeout=trials * 10 + 120)[0]) for process in running]
    errors = [error for outcome in outcomes for error in outcome["errors"]]
    written = {cube_id: text for outcome in outcomes for cube_id, text in outcome["written"]}
    with MemOS.open(directory, worker="none") as memory:
        memory.drain()
        kept = {cube.id: cube.text for page in memory.as_user("alice").pages(limit=1000) for cube in page.cubes}
        faults = memory.doctor()
    lost = {cube_id for cube_id, text in written.items() if kept.get(cube_id) != text}
    record_proof(
        seconds=trials, processes=PROCESSES, threads=THREADS, written=len(written), lost=len(lost),
        searches=sum(outcome["searches"] for outcome in outcomes), errors=len(errors), faults=len(faults),
    )  # fmt: skip
    assert not errors
    assert not lost
    assert kept.keys() == written.keys()
    assert not faults


def test_equal_facts_added_at_once_are_one_memory(tmp_path):
    with MemOS.open(tmp_path / "m", embedder=None, worker="none") as memory:
        seen, start = [], threading.Barrier(8)

        def add():
            user = memory.as_user("alice")
            start.wait()
            seen.append(user.add("We meet at noon").cubes[0].id)

        workers = [threading.Thread(target=add) for _ in range(8)]
        [worker.start() for worker in workers]
        [worker.join() for worker in workers]
        assert len(seen) == 8
        assert len(set(seen)) == 1
        assert len(memory.as_user("alice").get(seen[0]).cubes[0].provenance.records) == 7


def test_updates_of_one_memory_at_once_all_arrive_or_conflict(tmp_path):
    from memos.errors import VersionConflict

    with MemOS.open(tmp_path / "m", embedder=None, worker="none") as memory:
        cube = memory.as_user("alice").add("version 0").cubes[0]
        done, conflicts = [], []

        def update(number):
            try:
                done.append(memory.as_user("alice").update(cube.id, f"text {number}").cubes[0].version)
            except VersionConflict:
                conflicts.append(number)

        workers = [threading.Thread(target=update, args=(number,)) for number in range(8)]
        [worker.start() for worker in workers]
        [worker.join() for worker in workers]
        assert len(done) + len(conflicts) == 8
        assert sorted(done) == list(range(2, 2 + len(done)))
        assert len(memory.as_user("alice").history(cube.id).cubes) == 1 + len(done)


def test_one_worker_serves_the_directory_and_the_next_takes_over(tmp_path):
    with MemOS.open(tmp_path / "m", embedder="hashing") as first:
        alice = first.as_user("alice")
        alice.add([f"fact {number}" for number in range(30)], wait=True)
        with MemOS.open(tmp_path / "m", worker="thread") as second:
            second.as_user("alice").add([f"more {number}" for number in range(30)])
            first.close()
            assert second.drain(20)
            end = time.monotonic() + 20
            while second.as_user("alice").search("more").warnings and time.monotonic() < end:
                time.sleep(0.05)
            assert not second.as_user("alice").search("more").warnings


APPENDER = """
import json, sys, threading
from memos import MemOS
from memos.errors import VersionConflict

directory, number, threads, rounds, cube_id = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
acknowledged, conflicts, errors = [], [0], []


def work(memory, thread):
    user = memory.as_user("alice")
    for count in range(rounds):
        line = f"line {number}-{thread}-{count}."
        try:
            user.update(cube_id, line, mode="append")
            acknowledged.append(line)
        except VersionConflict:
            conflicts[0] += 1
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")


with MemOS.open(directory, worker="none") as memory:
    workers = [threading.Thread(target=work, args=(memory, thread)) for thread in range(threads)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
print(json.dumps({"acknowledged": acknowledged, "conflicts": conflicts[0], "errors": errors}))
"""


@pytest.mark.timeout(1800)
@pytest.mark.proof(capability="concurrent-updates", small=3, full=50)
def test_every_acknowledged_append_is_there_exactly_once(tmp_path, trials, record_proof):
    """20 updaters of one memory, 10 threads in each of 2 processes, `trials` appends each."""
    directory, threads, processes = tmp_path / "memory", 10, 2
    with MemOS.open(directory, embedder=None, worker="none") as memory:
        cube_id = memory.as_user("alice").add("The log.").cubes[0].id
    command = [sys.executable, "-c", APPENDER, str(directory)]
    running = [
        subprocess.Popen([*command, str(number), str(threads), str(trials), cube_id], stdout=subprocess.PIPE, text=True)
        for number in range(processes)
    ]
    outcomes = [json.loads(process.communicate(timeout=trials * 20 + 120)[0]) for process in running]
    acknowledged = [line for outcome in outcomes for line in outcome["acknowledged"]]
    conflicts = sum(outcome["conflicts"] for outcome in outcomes)
    assert [error for outcome in outcomes for error in outcome["errors"]] == []
    with MemOS.open(directory, worker="none") as memory:
        alice = memory.as_user("alice")
        cube, history = alice.get(cube_id).cubes[0], alice.history(cube_id).cubes
        assert memory.doctor() == ()
    lines = cube.text.split("\n")[1:]
    record_proof(updaters=threads * processes, tried=threads * processes * trials, acknowledged=len(acknowledged), conflicts=conflicts)
    assert sorted(lines) == sorted(acknowledged), "each acknowledged line stands exactly once, and no other"
    assert len(acknowledged) + conflicts == threads * processes * trials
    assert cube.version == len(history) == len(acknowledged) + 1

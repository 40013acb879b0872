"""Several threads of several processes on one store: nothing is lost, nothing is half there, and nobody waits too long."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

from memos.backends.sqlite.adapter import SqliteAdapter
from memos.backends.sqlite.doctor import diagnose
from memos.testing.adapter_contract import ALL, EVERYTHING, Author

ROOT = Path(__file__).parents[2]
PROCESSES, THREADS, COMMITS = 2, 4, 40
WORK = """
    import json, sys, time
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path
    from memos.backends.sqlite.adapter import SqliteAdapter
    from memos.errors import VersionConflict
    from memos.memcube.change import CubeWrite, ReadSet
    from memos.testing.adapter_contract import ALL, EVERYTHING, Author
    from memos.testing.mirror import Mirror

    adapter = SqliteAdapter(Path(sys.argv[1]))
    process, threads, commits = int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    turns, waits = [], []

    def raise_counter(author, cube_id):
        while True:
            with adapter.view("acme") as view:
                cube = view.get([cube_id], **ALL)[cube_id]
            after = cube.model_copy(update={"version": cube.version + 1})
            try:
                adapter.commit(author.change(writes=(CubeWrite(after, birth=False),)), ReadSet(versions={cube_id: cube.seq}))
            except VersionConflict:
                continue
            return

    def work(thread):
        author = Author(adapter, seed=100 * process + thread)
        mirror, made = Mirror("user/alice"), []
        for number in range(commits):
            began = time.monotonic()
            cubes = [author.cube(f"{process} {thread} {number} {part}", session="s") for part in range(2)]
            turns.extend(adapter.commit(author.births(*cubes, turn=True), ReadSet()).ordinals.values())
            waits.append(time.monotonic() - began)
            made += [cube.id for cube in cubes]
            if number % 8 == 0:
                raise_counter(author, sys.argv[5])
            with adapter.view("acme") as view:
                mirror.apply(view, mirror.stamp)
                assert view.count(EVERYTHING, **ALL) == sum(end == 2**63 - 1 for end in mirror.ends.values())
                assert {row.id for row in mirror.rows.values()} >= set(made)
        return made

    print(flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(threads) as pool:
        made = [cube_id for ids in pool.map(work, range(threads)) for cube_id in ids]
    adapter.close()
    print(json.dumps({"made": made, "turns": turns, "longest": max(waits)}))
"""


def test_threads_and_processes_lose_nothing(tmp_path):
    adapter = SqliteAdapter(tmp_path / "store")
    (counter,) = Author(adapter, seed=999).add("counter")
    command = [sys.executable, "-c", textwrap.dedent(WORK), str(tmp_path / "store")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    workers = [subprocess.Popen([*command, *map(str, (number, THREADS, COMMITS)), counter], **pipes) for number in range(PROCESSES)]
    for worker in workers:
        worker.stdout.readline()
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    told = [worker.communicate(timeout=240) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * PROCESSES, [err for _, err in told]
    results = [json.loads(out) for out, _ in told]
    made = [cube_id for result in results for cube_id in result["made"]]
    turns = sorted(turn for result in results for turn in result["turns"])
    assert turns == list(range(PROCESSES * THREADS * COMMITS * 2))
    with adapter.view("acme") as view:
        assert view.count(EVERYTHING, **ALL) == len(set(made)) + 1 == PROCESSES * THREADS * COMMITS * 2 + 1
        assert view.get(made, **ALL).keys() == set(made)
        raised = PROCESSES * THREADS * len(range(0, COMMITS, 8))
        assert view.get([counter], **ALL)[counter].version == 1 + raised
        assert len(view.versions(counter, **ALL)) == 1 + raised
        assert sorted(row["seq"] for row in view.log(limit=10**6)) == list(range(1, view.head + 1))
    assert diagnose(adapter) == ()
    adapter.close()
    assert max(result["longest"] for result in results) < 20

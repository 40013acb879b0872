"""A process that forks: parent and child both lose nothing, and a child that never touches a store is not harmed."""

import json
import subprocess
import sys
import textwrap

import pytest

from memos import MemOS

BEGIN = """
    import json, os, sys, threading, time
    from memos import MemOS
    from memos.errors import BackendError, MemOSError
    from memos.backends.sqlite import forking

    directory = sys.argv[1]

    def opened(**how):
        return MemOS.open(directory, **{"embedder": None, "worker": "none", "durability": "process"} | how)

    def forked(work):
        "The process id of a child that does some work; what it raises goes to stderr and its exit code is 1."
        child = os.fork()
        if child:
            return child
        try:
            work()
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)

    def ended(child):
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""


def run(code, directory, seconds=60):
    command = [sys.executable, "-c", textwrap.dedent(BEGIN) + textwrap.dedent(code), str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return json.loads(done.stdout)


def texts(directory):
    with MemOS.open(directory, embedder=None, worker="none") as memory:
        assert memory.doctor() == ()
        return sorted(cube.text for reply in memory.as_user("alice").pages() for cube in reply.cubes)


def test_a_child_that_opens_the_store_again_loses_nothing_when_its_parent_closes(tmp_path):
    code = """
        memory = opened()
        memory.as_user("alice").add("of the parent")
        ready, go = os.pipe(), os.pipe()

        def work():
            with opened() as again:
                alice = again.as_user("alice")
                alice.add("of the child")
                os.write(ready[1], b"x")
                os.read(go[0], 1)
                for number in range(3):
                    alice.add(f"of the child, later {number}")

        child = forked(work)
        os.read(ready[0], 1)
        memory.as_user("alice").add("of the parent, later")
        memory.close()
        with opened() as third:
            third.as_user("alice").add("of a third")
        os.write(go[1], b"x")
        print(json.dumps(ended(child)))
    """
    assert run(code, tmp_path / "store") == 0
    assert len(texts(tmp_path / "store")) == 7


def test_parents_and_children_that_write_at_once_lose_nothing(tmp_path):
    code = """
        memory, stop, added = opened(), threading.Event(), []

        def write():
            while not stop.is_set():
                added.append(memory.as_user("alice").add(f"parent {len(added)} {threading.get_ident()}").cubes[0].text)
                memory.as_user("alice").search("parent", limit=3)

        threads = [threading.Thread(target=write) for _ in range(2)]
        for thread in threads:
            thread.start()
        children = []
        for number in range(6):
            time.sleep(0.03)

            def work():
                with opened() as again:
                    again.as_user("alice").add(f"child {number}")

            children.append(forked(work))
        codes = [ended(child) for child in children]
        stop.set()
        for thread in threads:
            thread.join()
        memory.close()
        print(json.dumps([codes, added]))
    """
    codes, added = run(code, tmp_path / "store")
    assert codes == [0] * 6
    assert texts(tmp_path / "store") == sorted([*added, *(f"child {number}" for number in range(6))])


def test_the_parent_goes_on_as_if_nothing_had_been(tmp_path):
    code = """
        memory = opened()
        alice = memory.as_user("alice")
        alice.add("before")
        alice.search("before")
        codes = [ended(forked(lambda: None))]
        alice.add("after")
        found = [hit.cube.text for hit in alice.search("after", limit=1).hits]
        codes.append(ended(forked(lambda: None)))
        codes.append(ended(forked(lambda: None)))
        listed = sorted(cube.text for cube in alice.list().cubes)
        rows = memory.status().accesses
        memory.close()
        print(json.dumps([codes, found, listed, rows]))
    """
    assert run(code, tmp_path / "store") == [[0, 0, 0], ["after"], ["after", "before"], 3]


def test_while_a_thread_stays_inside_a_child_is_not_harmed_but_may_open_no_store(tmp_path):
    code = """
        memory = opened()
        memory.as_user("alice").add("one")
        inside, leave = threading.Event(), threading.Event()

        def stay():
            with memory._parts.adapter.view("default"):
                inside.set()
                leave.wait()

        thread = threading.Thread(target=stay)
        thread.start()
        inside.wait()
        began = time.monotonic()

        def refused():
            try:
                opened()
            except BackendError as error:
                assert "spawn or exec" in str(error), error
            else:
                raise AssertionError

        codes = [ended(forked(lambda: None)), ended(forked(refused))]
        waited = time.monotonic() - began
        memory.as_user("alice").add("two")
        leave.set()
        thread.join()
        codes.append(ended(forked(lambda: opened().close())))
        memory.close()
        print(json.dumps([codes, waited < 10]))
    """
    assert run(code, tmp_path / "store") == [[0, 0, 0], True]
    assert texts(tmp_path / "store") == ["one", "two"]


def test_who_forks_within_a_read_does_not_wait_for_itself(tmp_path):
    code = """
        memory = opened()
        forking.PATIENCE = 40.0
        memory.as_user("alice").add("one")
        with memory._parts.adapter.view("default") as view:
            began = time.monotonic()
            code = ended(forked(lambda: None))
            waited = time.monotonic() - began
            head = view.head
        print(json.dumps([code, waited < 30, head]))
    """
    assert run(code, tmp_path / "store") == [0, True, 1]


def test_who_forks_by_other_means_than_pythons_is_refused_or_served(tmp_path):
    code = """
        import ctypes

        def bare(work):
            child = ctypes.PyDLL(None).fork()
            if child:
                return child
            try:
                work()
            except BaseException as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)

        def refused():
            try:
                opened()
            except BackendError as error:
                assert "spawn or exec" in str(error), error
            else:
                raise AssertionError

        codes = [ended(bare(lambda: opened().close()))]
        with opened():
            codes.append(ended(bare(refused)))
        print(json.dumps(codes))
    """
    assert run(code, tmp_path / "store") == [0, 0]


@pytest.mark.parametrize("name", ["memory.db", "memory.db-wal"])
def test_a_commit_into_a_file_that_is_gone_is_refused(tmp_path, name):
    from memos.errors import NotAStore

    with MemOS.open(tmp_path / "store", embedder=None, worker="none") as memory:
        memory.as_user("alice").add("one")
        (tmp_path / "store" / name).rename(tmp_path / "elsewhere")
        with pytest.raises(NotAStore, match="removed or replaced"):
            memory.as_user("alice").add("two")
        (tmp_path / "elsewhere").rename(tmp_path / "store" / name)
        memory.as_user("alice").add("three")
    assert texts(tmp_path / "store") == ["one", "three"]

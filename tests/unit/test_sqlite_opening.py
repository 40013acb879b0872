"""Opening a store: what becomes one, what is none, whose it is, and what cannot be written."""

import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import apsw
import pytest

from memos import MemOS
from memos.backends.sqlite import opening
from memos.backends.sqlite.adapter import SqliteAdapter
from memos.errors import BackendError, NotAStore, ReadOnlyStore, StoreTooNew, WrongEmbedder
from memos.testing.adapter_contract import ALL, EVERYTHING, Author

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path):
    """The directory of a closed store with one memory."""
    adapter = SqliteAdapter(tmp_path / "store", embedder=("test", 3))
    Author(adapter).add("a")
    adapter.close()
    return tmp_path / "store"


def count(directory, **how):
    adapter = SqliteAdapter(directory, **how)
    try:
        with adapter.view("acme") as view:
            return view.count(EVERYTHING, **ALL)
    finally:
        adapter.close()


def test_a_new_directory_becomes_a_store_for_its_owner_alone(tmp_path):
    SqliteAdapter(tmp_path / "deep" / "store").close()
    key = tmp_path / "deep/store/keys/store.key"
    assert (key.stat().st_mode & 0o777, key.parent.stat().st_mode & 0o777, key.stat().st_size) == (0o600, 0o700, 32)
    assert count(tmp_path / "deep" / "store") == 0


def test_names_with_every_character_are_directories(tmp_path):
    for name in ("a?b", "a#b", "100%", "日本 é", "a&b=c", "file:x"):
        SqliteAdapter(tmp_path / name).close()
        assert (tmp_path / name / "memory.db").is_file()


def test_two_stores_have_keys_and_identities_of_their_own(tmp_path):
    stores = [SqliteAdapter(tmp_path / name) for name in "ab"]
    assert stores[0].store_id != stores[1].store_id
    assert stores[0].keys.secret != stores[1].keys.secret
    for each in stores:
        each.close()


def test_opened_again_it_is_the_same_store(store):
    one, two = SqliteAdapter(store), SqliteAdapter(store)
    assert (one.store_id, one.keys.secret, one.embedder) == (two.store_id, two.keys.secret, ("test", 3))
    one.close()
    two.close()


def test_every_process_that_opens_a_fresh_directory_at_once_gets_the_same_store(tmp_path):
    code = """
        import sys
        from pathlib import Path
        from memos.backends.sqlite.adapter import SqliteAdapter
        print(flush=True)
        sys.stdin.readline()
        for name in "abcdef":
            adapter = SqliteAdapter(Path(sys.argv[1]) / name)
            print(adapter.store_id, adapter.keys.secret.hex(), flush=True)
            adapter.close()
    """
    openers = [start(code, tmp_path) for _ in range(4)]
    for opener in openers:
        opener.stdout.readline()
    for opener in openers:
        opener.stdin.write("\n")
        opener.stdin.flush()
    told = [opener.communicate(timeout=60) for opener in openers]
    assert [opener.returncode for opener in openers] == [0] * 4, told
    assert len({out for out, _ in told}) == 1
    assert len(told[0][0].split()) == 12


def start(code, *arguments):
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def test_a_making_that_was_cut_short_is_finished(tmp_path):
    directory = tmp_path / "store"
    SqliteAdapter(directory).close()
    key = (directory / "keys/store.key").read_bytes()
    (directory / "memory.db").write_bytes(b"")
    adapter = SqliteAdapter(directory)
    assert adapter.keys.secret == key
    adapter.close()


def test_a_path_that_is_no_directory_is_no_store(tmp_path):
    (tmp_path / "file").write_text("hello")
    with pytest.raises(NotAStore, match="not a directory"):
        SqliteAdapter(tmp_path / "file")
    with pytest.raises(NotAStore, match="not a directory"):
        SqliteAdapter(tmp_path / "file" / "below")


def test_a_directory_of_other_things_is_no_store(tmp_path):
    (tmp_path / "thesis.tex").write_text("hello")
    with pytest.raises(NotAStore, match=r"thesis\.tex"):
        SqliteAdapter(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_nothing_is_made_where_only_opening_was_asked_for(tmp_path):
    for how in ({"create": False}, {"read_only": True}):
        with pytest.raises(NotAStore, match="no MemOS store"):
            SqliteAdapter(tmp_path / "none", **how)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_no_database_is_no_store(store, read_only):
    (store / "memory.db").write_bytes(b"hello, this is not a database at all" * 100)
    with pytest.raises(NotAStore):
        SqliteAdapter(store, read_only=read_only)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_database_of_something_else_is_no_store(tmp_path, read_only):
    other = apsw.Connection(str(tmp_path / "memory.db"))
    other.execute("CREATE TABLE bookmarks (url)")
    other.close()
    with pytest.raises(NotAStore, match="something else"):
        SqliteAdapter(tmp_path, read_only=read_only)


def test_a_store_of_a_newer_release_is_refused_and_left_alone(store):
    connection = apsw.Connection(str(store / "memory.db"))
    connection.pragma("user_version", 99)
    connection.close()
    for read_only in (False, True):
        with pytest.raises(StoreTooNew, match="upgrade memos-kernel"):
            SqliteAdapter(store, read_only=read_only)


@pytest.mark.parametrize("read_only", [False, True])
def test_without_its_key_a_store_says_which_file_to_bring_back(store, read_only):
    key = (store / "keys/store.key").read_bytes()
    (store / "keys/store.key").unlink()
    with pytest.raises(NotAStore, match=r"keys/store\.key is missing; bring this file back"):
        SqliteAdapter(store, read_only=read_only)
    (store / "keys/store.key").write_bytes(bytes(32))
    with pytest.raises(NotAStore, match="key of another store"):
        SqliteAdapter(store, read_only=read_only)
    (store / "keys/store.key").write_bytes(key[:31])
    with pytest.raises(NotAStore, match="31 bytes"):
        SqliteAdapter(store, read_only=read_only)
    (store / "keys/store.key").write_bytes(key)
    assert count(store, read_only=read_only) == 1


def test_another_embedder_is_refused_by_name(store, tmp_path):
    for other in (("test", 4), ("other", 3), None):
        for read_only in (False, True):
            with pytest.raises(WrongEmbedder, match="memos reembed"):
                SqliteAdapter(store, embedder=other, read_only=read_only)
    SqliteAdapter(tmp_path / "none", embedder=None).close()
    with pytest.raises(WrongEmbedder, match="memos reembed"):
        SqliteAdapter(tmp_path / "none", embedder=("test", 3))
    assert count(store, embedder=("test", 3)) == 1


def test_opened_for_reading_it_reads_and_refuses_to_write(store):
    adapter = SqliteAdapter(store, read_only=True)
    author = Author(adapter)
    with adapter.view("acme") as view:
        assert view.count(EVERYTHING, **ALL) == 1
    for write in (lambda: author.add("b"), lambda: adapter.elect("main")):
        with pytest.raises(ReadOnlyStore, match="without read_only=True"):
            write()
    with pytest.raises(ReadOnlyStore), adapter.connection():
        pass
    adapter.close()


def test_opened_for_reading_it_sees_what_others_commit(store):
    reading, writing = SqliteAdapter(store, read_only=True), SqliteAdapter(store)
    Author(writing, seed=1).add("b")
    with reading.view("acme") as view:
        assert view.count(EVERYTHING, **ALL) == 2
    writing.close()
    reading.close()


def test_a_reading_connection_cannot_write(store):
    adapter = SqliteAdapter(store)
    with pytest.raises(ReadOnlyStore), adapter.reader() as connection:
        connection.execute("DELETE FROM version")
    adapter.close()


def test_every_connection_has_its_settings(store):
    adapter = SqliteAdapter(store)
    with adapter.connection() as writer, adapter.reader() as reader:
        for connection in (writer, reader):
            found = [connection.pragma(name) for name in ("secure_delete", "temp_store", "synchronous", "foreign_keys", "journal_mode")]
            assert found == [1, 2, 2, 1, "wal"]
            assert connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, -1)
        assert (writer.pragma("query_only"), reader.pragma("query_only")) == (0, 1)
    adapter.close()
    adapter = SqliteAdapter(store, durability="process")
    with adapter.connection() as writer:
        assert writer.pragma("synchronous") == 1
    adapter.close()


def test_a_child_of_fork_must_open_it_again(store):
    code = """
        import os, sys
        from pathlib import Path
        from memos.backends.sqlite.adapter import SqliteAdapter
        from memos.errors import BackendError
        adapter = SqliteAdapter(Path(sys.argv[1]))
        child = os.fork()
        if not child:
            for use in (adapter.tenants, lambda: adapter.elect("main")):
                try:
                    use()
                except BackendError as error:
                    assert "after the fork" in str(error)
                else:
                    os._exit(1)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert adapter.tenants() == ("acme",)
        adapter.close()
    """
    done = start(code, store)
    assert done.communicate(timeout=30)[1] == ""
    assert done.returncode == 0


AS_A_STRANGER = """
    import os, sys
    from pathlib import Path
    import numpy
    from memos import errors
    from memos.backends.sqlite.adapter import SqliteAdapter
    from memos.backends.sqlite import ephemeral, doctor
    from memos.testing.adapter_contract import ALL, EVERYTHING

    if os.geteuid() == 0:  # root may write anywhere
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    store = Path(sys.argv[1])

    def outcome(**how):
        try:
            adapter = SqliteAdapter(store, **how)
        except errors.BackendError as error:
            return error.code
        with adapter.view("acme") as view:
            found = view.count(EVERYTHING, **ALL)
        adapter.close()
        return found

    print(outcome(), outcome(read_only=True))
"""


@pytest.fixture
def open_to_all():
    """A directory that a stranger may enter, and that is not a test's own, for those are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        for path in [Path(name), *Path(name).rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)


def as_a_stranger(store):
    """What a process that may write nothing there sees: opened for writing, opened for reading."""
    done = start(AS_A_STRANGER, store)
    out, err = done.communicate(timeout=30)
    assert done.returncode == 0, err
    return out.split()


def closed_to_writing(store):
    for path in store.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    store.chmod(0o555)


def test_what_cannot_be_written_is_read_only(open_to_all):
    adapter = SqliteAdapter(open_to_all / "store")
    Author(adapter).add("a")
    adapter.close()
    assert not (open_to_all / "store/memory.db-wal").exists()
    closed_to_writing(open_to_all / "store")
    assert as_a_stranger(open_to_all / "store") == ["read_only_store", "1"]
    assert sorted(path.name for path in (open_to_all / "store").iterdir()) == ["create.lock", "keys", "memory.db"]


def test_commits_left_in_the_log_of_what_cannot_be_written_are_not_passed_over(open_to_all):
    adapter = SqliteAdapter(open_to_all / "made")
    Author(adapter).add("a")
    store = open_to_all / "store"
    store.mkdir()
    (store / "keys").mkdir()
    for name in ("memory.db", "memory.db-wal", "keys/store.key"):
        (store / name).write_bytes((open_to_all / "made" / name).read_bytes())
    adapter.close()
    closed_to_writing(store)
    assert as_a_stranger(store) == ["read_only_store", "read_only_store"]


def test_where_nothing_can_be_made_no_store_is_made(open_to_all):
    open_to_all.chmod(0o555)
    assert as_a_stranger(open_to_all / "store") == ["read_only_store", "not_a_store"]


def test_a_key_that_cannot_be_read_is_told(open_to_all):
    SqliteAdapter(open_to_all / "store").close()
    closed_to_writing(open_to_all / "store")
    (open_to_all / "store/keys/store.key").chmod(0o000)
    assert as_a_stranger(open_to_all / "store")[1] == "not_a_store"


def test_a_disk_that_is_full_when_a_store_is_made_is_told(tmp_path):
    code = """
        import resource, sys
        from pathlib import Path
        from memos import errors
        from memos.backends.sqlite.adapter import SqliteAdapter
        for limit in (0, 16, 40_000):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            try:
                SqliteAdapter(Path(sys.argv[1]))
            except errors.DiskFull as error:
                print(error.code, end=" ")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        SqliteAdapter(Path(sys.argv[1])).close()
        print("made")
    """
    done = start(code, tmp_path / "store")
    out, err = done.communicate(timeout=30)
    assert out.split() == ["disk_full", "disk_full", "disk_full", "made"], err


def test_a_disk_that_is_full_during_a_commit_is_told_and_nothing_stays(tmp_path):
    code = """
        import resource, sys
        from pathlib import Path
        from memos import errors
        from memos.backends.sqlite.adapter import SqliteAdapter
        from memos.testing.adapter_contract import ALL, EVERYTHING, Author
        adapter = SqliteAdapter(Path(sys.argv[1]))
        author = Author(adapter)
        author.add("before")
        size = (Path(sys.argv[1]) / "memory.db-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100_000, resource.RLIM_INFINITY))
        for _ in range(3):
            try:
                author.add("x" * 1_000_000)
            except errors.DiskFull as error:
                print(error.code, end=" ")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        author.add("after")
        adapter.close()
        adapter = SqliteAdapter(Path(sys.argv[1]))
        with adapter.view("acme") as view:
            print(view.count(EVERYTHING, **ALL), view.head)
        with adapter.reader() as connection:
            print(connection.execute("SELECT count(*) FROM content").get, connection.pragma("integrity_check"))
        adapter.close()
    """
    done = start(code, tmp_path / "store")
    out, err = done.communicate(timeout=30)
    assert out.split() == ["disk_full"] * 3 + ["2", "2", "2", "ok"], err


def test_a_store_in_memory_leaves_nothing_behind(monkeypatch, tmp_path):
    from memos.backends.sqlite import ephemeral

    monkeypatch.setattr(ephemeral, "RAM_DISK", tmp_path)
    adapter = SqliteAdapter(None)
    Author(adapter).add("a")
    (home,) = tmp_path.iterdir()
    assert home.stat().st_mode & 0o777 == 0o700
    adapter.close()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_in_memory_is_removed_by_the_next(monkeypatch, tmp_path):
    from memos.backends.sqlite import ephemeral

    monkeypatch.setattr(ephemeral, "RAM_DISK", tmp_path)
    alive = SqliteAdapter(None)
    (living,) = tmp_path.iterdir()
    making, unmade, dead = (tmp_path / f"{ephemeral.PREFIX}{name}" for name in ("making", "unmade", "dead"))
    for home in (making, unmade, dead):
        home.mkdir()
    (dead / ephemeral.ALIVE).touch()
    for home in (living, unmade):
        os.utime(home, (0, 0))
    SqliteAdapter(None).close()
    assert set(tmp_path.iterdir()) == {living, making}
    Author(alive).add("a")
    alive.close()


def test_a_killed_process_leaves_its_memory_to_the_very_next(tmp_path):
    code = """
import os, pathlib, signal, sys
from memos.backends.sqlite import ephemeral
from memos.backends.sqlite.adapter import SqliteAdapter
ephemeral.RAM_DISK = pathlib.Path(sys.argv[1])
adapter = SqliteAdapter(None)
print(len(list(ephemeral.RAM_DISK.iterdir())), flush=True)
if len(sys.argv) > 2:
    os.kill(os.getpid(), signal.SIGKILL)
adapter.close()
"""
    counts = [
        subprocess.run([sys.executable, "-c", code, tmp_path, *how], capture_output=True, text=True, check=False).stdout
        for how in (["die"], ["die"], [])
    ]
    assert counts == ["1\n"] * 3
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_made_while_another_makes(tmp_path, monkeypatch):
    """The second comer finds the store made once it has the lock, and does not make it again."""
    directory = tmp_path / "store"
    real = opening.make_key
    made = []

    def make_key(where, lock=None):
        made.append(where)
        return real(where, lock)

    monkeypatch.setattr(opening, "make_key", make_key)
    SqliteAdapter(directory).close()
    monkeypatch.setattr(opening.Opening, "_is_made", iter_first_false(opening.Opening._is_made))
    SqliteAdapter(directory).close()
    assert made == [directory]


def iter_first_false(real):
    calls = []

    def is_made(self):
        calls.append(1)
        return len(calls) > 1 and real(self)

    return is_made


def test_errors_of_sqlite_without_a_name_of_ours_are_backend_errors(store):
    adapter = SqliteAdapter(store)
    with pytest.raises(BackendError, match="no such table"), adapter.reader() as connection:
        connection.execute("SELECT * FROM unknown")
    adapter.close()


def test_a_store_damaged_while_open_is_told(store):
    adapter = SqliteAdapter(store)
    adapter.close()
    data = bytearray((store / "memory.db").read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    (store / "memory.db").write_bytes(bytes(data))
    with pytest.raises(NotAStore, match="damaged"):
        count(store)


@pytest.mark.parametrize("what", ["gone", "emptied", "gone, and its log is not"])
def test_a_store_that_lost_its_file_is_not_made_anew(tmp_path, what):
    from memos import MemOS

    directory = tmp_path / "m"
    with MemOS.open(directory, embedder=None, worker="none") as memory:
        memory.as_user("alice").add("one")
        memory.as_user("alice").list()
    if what == "gone, and its log is not":
        (directory / "access.db").unlink()
        (directory / "memory.db-wal").write_bytes(b"x" * 4152)
    (directory / "memory.db").unlink()
    if what == "emptied":
        (directory / "memory.db").touch()
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    for read_only in (False, True):
        with pytest.raises(NotAStore, match=r"memory\.db"):
            MemOS.open(directory, embedder=None, worker="none", read_only=read_only)
    assert {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()} == before


def test_a_making_that_was_cut_short_goes_on(tmp_path):
    from memos import MemOS

    with MemOS.open(tmp_path / "m", embedder=None, worker="none"):
        pass
    for path in (tmp_path / "m").iterdir():
        if path.name not in {"keys", "create.lock"}:
            path.unlink()
    (tmp_path / "m" / "memory.db").touch()
    with MemOS.open(tmp_path / "m", embedder=None, worker="none") as memory:
        memory.as_user("alice").add("one")
        assert memory.doctor() == ()


@pytest.mark.parametrize("swap", ["the directory", "the file", "removed"])
def test_readers_do_not_serve_what_stood_there_before(tmp_path, swap):
    from memos import MemOS

    for name in ("m", "other"):
        with MemOS.open(tmp_path / name, embedder=None, worker="none") as memory:
            memory.as_user("alice").add(f"of {name}")
    memory = MemOS.open(tmp_path / "m", embedder=None, worker="none")
    alice = memory.as_user("alice")
    assert [cube.text for cube in alice.list().cubes] == ["of m"]
    if swap == "the directory":
        (tmp_path / "m").rename(tmp_path / "old")
        (tmp_path / "other").rename(tmp_path / "m")
    else:
        (tmp_path / "m/memory.db").rename(tmp_path / "old")
        if swap == "the file":
            (tmp_path / "other/memory.db").rename(tmp_path / "m/memory.db")
    for verb in (alice.list, lambda: alice.search("of"), memory.namespaces, memory.doctor, lambda: alice.add("new")):
        with pytest.raises(NotAStore, match="removed or replaced"):
            verb()
    if swap == "the directory":
        with MemOS.open(tmp_path / "m", embedder=None, worker="none") as new:
            new.as_user("alice").add("into the new one")
            files = {path.name for path in (tmp_path / "m").iterdir()}
            memory.close()
            assert {path.name for path in (tmp_path / "m").iterdir()} == files  # its log above all
            assert [cube.text for cube in new.as_user("alice").list().cubes] == ["of other", "into the new one"]
    memory.close()


def test_a_disk_that_is_full_when_a_store_is_opened_is_told(tmp_path):
    code = """
        import resource, signal, sys
        from memos import MemOS
        from memos.errors import MemOSError

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        MemOS.open(sys.argv[1], embedder=None, worker="none").close()
        for limit in (20_000,):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            try:
                MemOS.open(sys.argv[1], embedder=None, worker="none")
            except MemOSError as error:
                print(error.code)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        with MemOS.open(sys.argv[1], embedder=None, worker="none") as memory:
            memory.as_user("alice").add("one")
        print("opened")
    """
    out, err = start(code, tmp_path / "store").communicate(timeout=60)
    assert out.split() == ["disk_full", "opened"], err


@pytest.mark.parametrize("left", ["nothing", "keys", "page"])
def test_a_store_whose_making_was_cut_short_is_made_with_the_embedder_that_is_asked_for(tmp_path, left):
    """Killed after its file was there and before its schema was: who opens it next makes it, and not one without vectors."""
    place = tmp_path / "store"
    place.mkdir()
    if left == "page":
        connection = apsw.Connection(str(place / "memory.db"))
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
    else:
        (place / "memory.db").touch()
        if left == "keys":
            (place / "keys").mkdir()
    with MemOS.open(place, embedder="hashing", worker="none") as memory:
        assert memory.status().embedder is not None
    with MemOS.open(place, worker="none") as memory:
        assert memory.status().embedder is not None

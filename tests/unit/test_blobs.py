"""Blobs of the embedded store: names, seals, locks, and what is left where something goes wrong."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b, sha256
from pathlib import Path

import pytest

from memos import MemOS
from memos.backends.sqlite.blob_seal import HEADER, MARK, PIECE
from memos.backends.sqlite.blobs import SqliteBlobs
from memos.backends.sqlite.encryption import PageKey
from memos.errors import BackendError, DiskFull, InvalidCall, NotFound, ReadOnlyStore

SECRET, LOCK = b"s" * 32, b"l" * 32


def blobs(directory: Path, *, sealed: bool = False, read_only: bool = False) -> SqliteBlobs:
    return SqliteBlobs(directory, SECRET, PageKey(LOCK) if sealed else None, read_only=read_only)


def read(store: SqliteBlobs, tenant: str, name: str) -> bytes:
    with store.open(tenant, name) as blob:
        return blob if isinstance(blob, bytes) else blob.read_bytes()


def files(directory: Path) -> list[Path]:
    return sorted(path for path in (directory / "blobs").rglob("*") if path.is_file() and path.name != "lock")


both = pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sealed"])


@both
@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_a_blob_is_read_back_by_whoever_opens_the_store(tmp_path: Path, size: int, *, sealed: bool) -> None:
    body = os.urandom(size)
    name = blobs(tmp_path, sealed=sealed).put("acme", memoryview(body))
    again = blobs(tmp_path, sealed=sealed, read_only=True)
    assert read(again, "acme", name) == body
    assert again.size("acme", name) == size
    assert again.names("acme") == (name,)


@both
def test_equal_bytes_have_one_name_a_tenant_and_no_name_tells_what_they_are(tmp_path: Path, *, sealed: bool) -> None:
    store, body = blobs(tmp_path, sealed=sealed), b"the same bytes" * 100
    names = [store.put("acme", body), store.put("acme", body), store.put("other", body)]
    assert names[0] == names[1] != names[2]
    assert names[2] != SqliteBlobs(tmp_path / "elsewhere", b"t" * 32).put("other", body)
    assert len(files(tmp_path)) == 2
    told = " ".join(str(path) for path in files(tmp_path))
    plain = [hashed(body).hexdigest()[:16] for hashed in (sha256, blake2b)]
    assert not any(each in told for each in (*plain, "acme", "other", b"acme".hex()))
    assert (body in b"".join(path.read_bytes() for path in files(tmp_path))) is not sealed
    assert store.mark("acme", "a") != store.mark("other", "a")
    assert re.fullmatch("[0-9a-f]{32}", store.mark("acme", "a"))


@both
def test_names_that_no_blob_of_the_tenant_can_have_are_refused(tmp_path: Path, *, sealed: bool) -> None:
    store = blobs(tmp_path, sealed=sealed)
    name, others = store.put("acme", b"mine"), store.put("other", b"theirs")
    (tmp_path / "secret").write_text("x")
    swapped = name[:-1] + ("0" if name[-1] != "0" else "1")
    for hostile in ("", "..", "../../secret", str(tmp_path / "secret"), f"{name}\0", name.upper(), name + "\n", others, swapped, "0" * 64):
        for ask in (lambda it: read(store, "acme", it), lambda it: store.size("acme", it), lambda it: store.remove("acme", [it])):
            with pytest.raises(InvalidCall):
                ask(hostile)
        with pytest.raises(InvalidCall):
            store.collect("acme", [hostile], 0)
    assert read(store, "other", others) == b"theirs"
    assert (tmp_path / "secret").exists()


@both
def test_every_changed_byte_is_found_out_and_a_blob_put_again_is_whole(tmp_path: Path, *, sealed: bool) -> None:
    body = os.urandom(2 * PIECE + 5)
    name = blobs(tmp_path, sealed=sealed).put("acme", body)
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    places = (0, 9, HEADER, HEADER + PIECE + MARK, len(whole) - 1)
    broken = [whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :] for place in places]
    for body_on_disk in (*broken, whole[:-1], whole + b"\0", b"", whole[: HEADER + PIECE + MARK]):
        path.write_bytes(body_on_disk)
        with pytest.raises(BackendError, match="damaged"):
            read(blobs(tmp_path, sealed=sealed), "acme", name)
    assert blobs(tmp_path, sealed=sealed).put("acme", body) == name
    assert read(blobs(tmp_path, sealed=sealed), "acme", name) == body


def test_a_sealed_blob_cannot_take_the_place_of_another(tmp_path: Path) -> None:
    store = blobs(tmp_path, sealed=True)
    names = store.put("acme", b"a" * 100), store.put("acme", b"b" * 100)
    paths = [next(path for path in files(tmp_path) if path.name == name) for name in names]
    paths[0].write_bytes(paths[1].read_bytes())
    with pytest.raises(BackendError, match="damaged"):
        read(store, "acme", names[0])


def test_a_plain_blob_is_hashed_once_and_again_when_it_was_written_since(tmp_path: Path) -> None:
    store = blobs(tmp_path)
    name = store.put("acme", b"a" * 100)
    (path,) = files(tmp_path)
    before = path.stat()
    path.write_bytes(b"b" * 100)
    os.utime(path, ns=(before.st_mtime_ns, before.st_mtime_ns))
    assert read(store, "acme", name) == b"b" * 100  # whoever sets the time back owns the directory: it is known as it was
    os.utime(path)
    with pytest.raises(BackendError, match="damaged"):
        read(store, "acme", name)


@both
def test_what_is_removed_is_gone_at_once_also_for_who_has_it_open(tmp_path: Path, *, sealed: bool) -> None:
    store = blobs(tmp_path, sealed=sealed)
    name, kept = store.put("acme", b"a"), store.put("acme", b"b")
    with pytest.raises(NotFound), store.open("acme", name) as blob:
        assert store.remove("acme", [name, name]) == 1
        assert store.remove("acme", [name]) == 0
        if isinstance(blob, Path):
            blob.read_bytes()
        else:
            read(store, "acme", name)
    with pytest.raises(NotFound):
        store.size("acme", name)
    assert store.names("acme") == (kept,)


def test_collection_takes_what_is_not_kept_and_not_young_and_what_the_dead_left(tmp_path: Path) -> None:
    store = blobs(tmp_path)
    old, young, kept = (store.put("acme", body) for body in (b"old", b"young", b"kept"))
    theirs = store.put("other", b"theirs")
    for path in files(tmp_path):
        if path.name != young:
            os.utime(path, (0, 0))
    (draft,) = {path.parent.parent for path in files(tmp_path) if path.name == old}
    (draft / "half.part").write_bytes(b"half")
    assert store.collect("acme", [kept], 60) == 1
    assert store.names("acme") == tuple(sorted((young, kept)))
    assert store.names("other") == (theirs,)
    assert not list(tmp_path.rglob("*.part"))
    assert store.collect("nobody", [], 0) == 0


def test_a_blob_that_was_just_put_again_is_not_collected(tmp_path: Path) -> None:
    store = blobs(tmp_path)
    name = store.put("acme", b"again")
    os.utime(files(tmp_path)[0], (0, 0))
    assert store.put("acme", b"again") == name
    assert store.collect("acme", [], 60) == 0
    assert read(store, "acme", name) == b"again"


def test_many_writers_and_a_collector_never_lose_what_was_just_given(tmp_path: Path) -> None:
    wrong: list[BaseException] = []

    def writing(mine: int) -> None:
        store = blobs(tmp_path)
        try:
            for turn in range(40):
                body = b"%d" % (turn % 3 if mine % 2 else turn * 10 + mine)
                assert read(store, "acme", store.put("acme", body)) == body
        except BaseException as error:  # noqa: BLE001 - shown in the test's own thread
            wrong.append(error)

    threads = [threading.Thread(target=writing, args=(mine,)) for mine in range(4)]
    for thread in threads:
        thread.start()
    collector = blobs(tmp_path)
    while any(thread.is_alive() for thread in threads):
        collector.collect("acme", [], 30)
    assert not wrong
    assert len(files(tmp_path)) == len(collector.names("acme"))


@both
def test_a_full_disk_leaves_nothing(tmp_path: Path, *, sealed: bool) -> None:
    store = blobs(tmp_path, sealed=sealed)
    kept = store.put("acme", b"kept")
    with limited(PIECE), pytest.raises(DiskFull):
        store.put("acme", os.urandom(3 * PIECE))
    assert store.names("acme") == (kept,)
    assert len(files(tmp_path)) == 1


@contextmanager
def limited(size: int) -> Iterator[None]:
    """No file may grow beyond a size: what a full disk says too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_store_that_is_only_read_is_left_alone(tmp_path: Path) -> None:
    reader = blobs(tmp_path, read_only=True)
    assert reader.names("acme") == ()
    with pytest.raises(ReadOnlyStore):
        reader.put("acme", b"x")
    name = blobs(tmp_path).put("acme", b"x")
    for ask in (lambda: reader.put("acme", b"x"), lambda: reader.remove("acme", [name]), lambda: reader.collect("acme", [], 0)):
        with pytest.raises(ReadOnlyStore):
            ask()
    assert read(reader, "acme", name) == b"x"


@pytest.mark.parametrize("url", ["memory:", "directory"])
def test_every_store_has_its_blobs(tmp_path: Path, url: str) -> None:
    with MemOS.open(str(tmp_path / "store") if url == "directory" else url, embedder=None, worker="none") as memory:
        store = memory._parts.blobs
        name = store.put("acme", b"body")
        with store.open("acme", name) as blob:
            assert isinstance(blob, Path)
            assert blob.read_bytes() == b"body"
            kept = blob
        if url == "directory":
            assert kept.is_relative_to(tmp_path / "store" / "blobs")
            assert oct(kept.stat().st_mode & 0o777) == "0o600"
            assert all(oct(folder.stat().st_mode & 0o777) == "0o700" for folder in (kept.parent, kept.parent.parent))
    assert kept.exists() is (url == "directory")


KILLED = """
import os, signal, sys
from pathlib import Path
from memos.backends.sqlite import blobs as module
store = module.SqliteBlobs(Path(sys.argv[1]), b"s" * 32)
wanted, seen = int(sys.argv[2]), 0
fsync = os.fsync
def dying(descriptor):
    global seen
    seen += 1
    if seen == wanted:
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(descriptor)
os.fsync = dying
print(store.put("acme", b"x" * 100000), flush=True)
"""


@pytest.mark.parametrize("sync", [4, 5, 6, 7, 8, 9, 10])
def test_a_killed_writer_leaves_a_whole_blob_or_none(tmp_path: Path, sync: int) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(sync)], capture_output=True, text=True, timeout=60, check=False)
    store = blobs(tmp_path)
    for name in store.names("acme"):
        assert read(store, "acme", name) == b"x" * 100000
    if done.stdout:
        assert store.names("acme") == (done.stdout.strip(),)
    store.collect("acme", store.names("acme"), 0)
    assert len(files(tmp_path)) == len(store.names("acme"))


@both
@pytest.mark.timeout(60)
def test_what_is_no_file_is_neither_waited_for_nor_followed(tmp_path: Path, *, sealed: bool) -> None:
    store = blobs(tmp_path, sealed=sealed)
    name, other = store.put("acme", b"some bytes"), tmp_path / "other"
    (path,) = files(tmp_path)
    other.write_bytes(path.read_bytes())
    makes: list[Callable[[], object]] = [lambda: os.mkfifo(path), lambda: path.symlink_to(other), lambda: path.symlink_to("/dev/zero")]
    for make in makes:
        path.unlink()
        make()
        with pytest.raises(BackendError, match="is no file"):
            read(blobs(tmp_path, sealed=sealed), "acme", name)
        with pytest.raises(BackendError, match="is no file"):
            store.size("acme", name)
        assert blobs(tmp_path, sealed=sealed).put("acme", b"some bytes") == name
        assert read(store, "acme", name) == b"some bytes"
    assert not path.is_symlink()

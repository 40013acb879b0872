"""Keys of encrypted stores: where they may be, what is said when they are wrong or gone, and that they are asked for again."""

import json
import os
import subprocess
import sys
import time
from base64 import b64encode
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from memos import MemOS
from memos.backends.local_keys import from_environment, from_file
from memos.backends.sqlite.adapter import SqliteAdapter
from memos.backends.sqlite.encryption import Locks, require_encrypted
from memos.errors import BackendError, InvalidCall, NotAStore, Unavailable
from memos.plugins import open_trail
from memos.ports.kms import KeyManagement
from tests.security.hiding import key_file

HOW = {"embedder": "hashing://16", "worker": "none"}
KEY = bytes(range(32))
BASE64 = b64encode(KEY)


class Service:
    """A keeper of a test's own: it masks what it is given, counts how often it is asked, and may be out of reach or refuse."""

    def __init__(self, place="vaulted://here/memory"):
        self.place = place
        self.asked = 0
        self.down = self.forgetful = self.short = False

    def wrap(self, key):
        self._answer()
        return bytes(byte ^ 0x5A for byte in key)

    def unwrap(self, wrapped):
        self._answer()
        key = bytes(byte ^ 0x5A for byte in wrapped)
        return bytes(32) if self.forgetful else key[:16] if self.short else key

    def _answer(self):
        self.asked += 1
        if self.down:
            raise Unavailable("the key service does not answer; try again")


SERVICE = Service()


def service_from(url):
    SERVICE.place = url
    return SERVICE


@pytest.fixture
def service(monkeypatch):
    """The service, found as a plug-in is: by an entry point."""
    global SERVICE  # noqa: PLW0603 - the entry point loads what stands in this module
    SERVICE = Service()
    monkeypatch.setitem(sys.modules, "memos_test_keeper", sys.modules[__name__])
    found = EntryPoints([EntryPoint("vaulted", "memos_test_keeper:service_from", "memos.keys")])
    monkeypatch.setattr("memos.plugins.entry_points", lambda *, group: found.select(group=group))
    return SERVICE


def made(store, place, **settings):
    memory = MemOS.open(store, settings={"encryption": place, **settings}, **HOW)
    memory.as_user("alice").add("The zebra crosses the river")
    return memory


@pytest.mark.parametrize("body", [KEY, KEY.hex().encode(), KEY.hex().upper().encode() + b"\r\n", BASE64, b" " + BASE64 + b"\n"])
def test_a_key_may_be_written_in_three_ways(tmp_path, monkeypatch, body):
    (tmp_path / "key").write_bytes(body)
    monkeypatch.setitem(os.environb, b"MEMOS_TEST_KEY", body.replace(b"\0", b"\1"))
    (tmp_path / "other").write_bytes(KEY.replace(b"\0", b"\1") if body == KEY else KEY)
    wrapped = from_file(f"file:{tmp_path}/key").wrap(b"d" * 32)
    assert from_file(f"file://{tmp_path}/key").unwrap(wrapped) == b"d" * 32
    assert b"d" * 8 not in wrapped
    again = from_environment("env:MEMOS_TEST_KEY").wrap(b"d" * 32)
    assert from_file(f"file:{tmp_path}/other").unwrap(again) == b"d" * 32
    assert isinstance(from_file(f"file:{tmp_path}/key"), KeyManagement)


@pytest.mark.parametrize("body", [b"", b"short", KEY[:31], KEY.hex().encode()[:-1], b"g" * 64, b64encode(KEY)[:-1] + b"!", KEY * 200])
def test_what_is_no_key_is_refused_in_words(tmp_path, body):
    (tmp_path / "key").write_bytes(body)
    with pytest.raises(Unavailable, match="is no key; a key is 32 random bytes") as told:
        from_file(f"file:{tmp_path}/key").wrap(KEY)
    assert not body.strip() or body.decode("latin-1") not in told.value.message


@pytest.mark.parametrize(
    ("place", "error", "told"),
    [
        ("file:key", InvalidCall, "absolute path"),
        ("file:", InvalidCall, "absolute path"),
        ("env:", InvalidCall, "names no variable"),
        ("env:A=B", InvalidCall, "names no variable"),
        ("env:MEMOS_NO_SUCH_KEY", Unavailable, "is not set"),
        ("file:/no/such/key", Unavailable, "cannot be read.*setting encryption"),
        ("kept:elsewhere", InvalidCall, "no keeper of keys is registered for 'kept'.*env, file.*memos.keys"),
    ],
)
def test_each_place_that_is_none_says_what_to_do(tmp_path, place, error, told):
    with pytest.raises(error, match=told):
        made(tmp_path / "store", place)
    assert not (tmp_path / "store" / "memory.db").exists()


def test_a_key_inside_the_store_is_refused(tmp_path):
    (tmp_path / "store" / "keys").mkdir(parents=True)
    with pytest.raises(InvalidCall, match="inside the store that it is to lock"):
        made(tmp_path / "store", key_file(tmp_path / "store" / "keys" / "mine"))


def test_a_store_opens_by_itself_where_its_key_is_at_hand(tmp_path):
    place = key_file(tmp_path / "key")
    made(tmp_path / "store", place).close()
    with MemOS.open(tmp_path / "store", **HOW) as memory:
        assert len(memory.as_user("alice").search("zebra").hits) == 1
    (tmp_path / "key").rename(tmp_path / "moved")
    with pytest.raises(Unavailable, match="cannot be read"):
        MemOS.open(tmp_path / "store", **HOW)
    with MemOS.open(tmp_path / "store", settings={"encryption": f"file:{tmp_path}/moved"}, **HOW) as memory:
        assert memory.doctor() == ()
    (tmp_path / "store/memos.toml").write_text(f'encryption = "file:{tmp_path}/moved"\n')
    with MemOS.open(tmp_path / "store", read_only=True, **HOW) as memory:
        assert len(memory.as_user("alice").search("zebra").hits) == 1


def test_wrong_and_damaged_keys_are_told_apart(tmp_path):
    place, store = key_file(tmp_path / "key"), tmp_path / "store"
    made(store, place).close()
    good = {name: (store / "keys" / name).read_bytes() for name in ("data.key", "store.key")}

    def opening(told, error=NotAStore):
        with pytest.raises(error, match=told):
            MemOS.open(store, **HOW)

    with pytest.raises(NotAStore, match="not the one that locks this store"):
        MemOS.open(store, settings={"encryption": key_file(tmp_path / "other")}, **HOW)
    for body in (b"{}", b"[]", b'{"format": 9, "place": null, "wrapped": ""}', b'{"format": 1, "place": 7, "wrapped": ""}', b"\xff"):
        (store / "keys/data.key").write_bytes(body)
        opening("data.key is damaged")
    (store / "keys/data.key").write_bytes(json.dumps(json.loads(good["data.key"]) | {"wrapped": b64encode(b"x" * 60).decode()}).encode())
    opening("not the one that locks")
    (store / "keys/data.key").unlink()
    opening("bytes instead of 32|no MemOS store, or its key is wrong")
    (store / "keys/data.key").write_bytes(good["data.key"])
    (store / "keys/store.key").write_bytes(b"x" * 60)
    opening("store.key is damaged, or of another store")
    (store / "keys/store.key").write_bytes(b"x" * 32)
    opening("32 bytes instead of 60")
    (store / "keys/store.key").write_bytes(good["store.key"])
    MemOS.open(store, **HOW).close()


def test_a_plain_store_is_not_taken_for_an_encrypted_one(tmp_path):
    MemOS.open(tmp_path / "store", **HOW).close()
    with pytest.raises(NotAStore, match="is not encrypted.*memos encrypt"):
        MemOS.open(tmp_path / "store", settings={"encryption": key_file(tmp_path / "key")}, **HOW)
    with pytest.raises(BackendError, match="was not encrypted"):
        require_encrypted(tmp_path / "store" / "memory.db")


def test_a_service_keeps_the_key_and_must_be_named(tmp_path, service):
    place = "vaulted://here/memory"
    made(tmp_path / "store", place).close()
    with pytest.raises(Unavailable, match="is kept at 'vaulted://here/memory': name that in the setting encryption"):
        MemOS.open(tmp_path / "store", **HOW)
    with MemOS.open(tmp_path / "store", settings={"encryption": place}, **HOW) as memory:
        assert len(memory.as_user("alice").search("zebra").hits) == 1
        memory.backup(tmp_path / "backup")
    service.short = True
    with pytest.raises(NotAStore, match="16 bytes instead of 32"):
        MemOS.open(tmp_path / "store", settings={"encryption": place}, **HOW)


def test_a_service_that_does_not_give_back_the_key_gets_none_to_keep(tmp_path, service):
    service.forgetful = True
    with pytest.raises(BackendError, match="does not give it back"):
        made(tmp_path / "store", "vaulted://x")
    assert not (tmp_path / "store/memory.db").exists()


VERBS = {
    "add": lambda alice, one: alice.add("another"),
    "search": lambda alice, one: alice.search("zebra"),
    "get": lambda alice, one: alice.get(one),
    "list": lambda alice, one: alice.list(),
    "update": lambda alice, one: alice.update(one, "changed"),
    "forget": lambda alice, one: alice.forget(one),
    "history": lambda alice, one: alice.history(one),
    "log": lambda alice, one: alice.log(),
    "lineage": lambda alice, one: alice.lineage(one),
    "snapshot": lambda alice, one: alice.snapshot("monday"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_call_is_refused_with_the_reason_while_the_service_is_out_of_reach(tmp_path, service, verb):
    with made(tmp_path / "store", "vaulted://x", encryption_lease_seconds=0.0) as memory:
        alice = memory.as_user("alice")
        one = alice.list().cubes[0].id
        service.down = True
        with pytest.raises(Unavailable, match="the key service does not answer"):
            VERBS[verb](alice, one)
        service.down = False
        assert [cube.text for cube in alice.list().cubes] == ["The zebra crosses the river"]
        VERBS[verb](alice, one)


def test_the_key_is_asked_for_again_when_its_lease_is_over(tmp_path, service):
    with made(tmp_path / "store", "vaulted://x", encryption_lease_seconds=0.2) as memory:
        alice = memory.as_user("alice")
        before = service.asked
        for _ in range(3):
            alice.list()
        assert service.asked <= before + 1
        service.down = True
        deadline = time.monotonic() + 30
        with pytest.raises(Unavailable, match="does not answer"):
            while time.monotonic() < deadline:
                alice.list()
        service.down, service.forgetful = False, True
        with pytest.raises(Unavailable, match="data key was changed while it was open"):
            alice.list()


def test_a_key_locked_anew_is_taken_by_who_has_the_store_open(tmp_path):
    with made(tmp_path / "store", key_file(tmp_path / "key"), encryption_lease_seconds=0.0) as memory:
        alice = memory.as_user("alice")
        with MemOS.open(tmp_path / "store", settings={"encryption_lease_seconds": 0.0}, **HOW) as other:
            MemOS.rotate_key(tmp_path / "store", key_file(tmp_path / "key 2"))
            (tmp_path / "key").write_text("00" * 32)
            assert len(other.as_user("alice").search("zebra").hits) == 1
            with pytest.raises(NotAStore, match="not the one that locks"):
                alice.search("zebra")  # it was told to use the old one


def test_a_child_of_a_fork_opens_the_store_and_so_does_the_parent(tmp_path):
    with made(tmp_path / "store", key_file(tmp_path / "key")) as memory:
        child = os.fork()
        if not child:
            with MemOS.open(tmp_path / "store", **HOW) as mine:
                mine.as_user("alice").add("written by the child")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert {cube.text for cube in memory.as_user("alice").list().cubes} == {"The zebra crosses the river", "written by the child"}


def test_the_logs_of_an_encrypted_store_are_audited_with_its_key(tmp_path):
    made(tmp_path / "store", key_file(tmp_path / "key")).close()
    assert [row.number for row in open_trail(tmp_path / "store").rows("commits")] == [1]
    (tmp_path / "key").rename(tmp_path / "moved")
    with pytest.raises(Unavailable):
        list(open_trail(tmp_path / "store").rows("commits"))
    assert len(list(open_trail(tmp_path / "store", f"file:{tmp_path}/moved").rows("commits"))) == 1


def test_reads_recorded_elsewhere_are_encrypted_too(tmp_path):
    made(tmp_path / "store", key_file(tmp_path / "key")).close()
    with MemOS.open(tmp_path / "store", read_only=True, settings={"access_log": tmp_path / "reads"}, **HOW) as memory:
        memory.as_user("alice").search("zebra")
    require_encrypted(tmp_path / "reads" / "access.db")


def test_processes_that_make_the_store_at_once_share_its_key(tmp_path):
    place = key_file(tmp_path / "key")
    code = "import sys; from memos import MemOS; MemOS.open(sys.argv[1], settings={'encryption': sys.argv[2]}, embedder=None).close()"
    command = [sys.executable, "-c", code, str(tmp_path / "store"), place]
    running = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait(timeout=60) for process in running] == [0] * 4
    with MemOS.open(tmp_path / "store", worker="none") as memory:
        assert memory.doctor() == ()


def test_an_adapter_that_is_told_of_no_keeper_says_so(tmp_path):
    made(tmp_path / "store", key_file(tmp_path / "key")).close()
    with pytest.raises(Unavailable, match="is encrypted: name where its key is"):
        SqliteAdapter(tmp_path / "store")
    assert Locks(tmp_path / "elsewhere").find() is None

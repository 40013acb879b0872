"""A file that was damaged gives errors of ours, never Python's own, and never content."""

import random
import shutil

import apsw
import pytest

from memos import MemOS
from memos.errors import BackendError, MemOSError, NotAStore

BAD = "CAST(x'ff' AS TEXT)"
DAMAGES = {
    "a text": f"UPDATE content SET body = {BAD} WHERE cid = 2",
    "a header": "UPDATE version SET header = '[' WHERE row = 2",
    "an empty header": "UPDATE version SET header = '{}' WHERE row = 2",
    "a header of another kind": "UPDATE version SET header = '[1]' WHERE row = 2",
    "a time": f"UPDATE version SET created_at = {2**62}, said_at = {2**62} WHERE row = 2",
    "a state": "UPDATE version SET state = 'asleep' WHERE row = 2",
    "a namespace's name": f"UPDATE namespace SET path = {BAD}",
    "an owner": f"UPDATE version SET owner = {BAD} WHERE row = 2",
    "metadata": "UPDATE version SET metadata = '{' WHERE row = 2",
    "terms": "UPDATE term SET hashes = x'01' WHERE cid = 2",
    "counts of terms": "UPDATE term SET counts = x'' WHERE cid = 2",
    "a vector": "UPDATE vector SET body = x'01' WHERE cid = 2",
    "a tag": f"UPDATE tag SET key = {BAD}",
    "the commit log": f"UPDATE commit_log SET operation = {BAD}",
    "the store's id": "UPDATE meta SET value = 'x' WHERE key = 'store_id'",
    "the store's id is gone": "DELETE FROM meta WHERE key = 'store_id'",
    "the name of the embedder": f"UPDATE meta SET value = {BAD} WHERE key = 'embedder'",
    "the width of the embedder": "UPDATE meta SET value = x'ff' WHERE key = 'dimensions'",
    "a tenant": f"UPDATE tenant SET name = {BAD} WHERE tid = 1",
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    directory = tmp_path_factory.mktemp("sound") / "store"
    with MemOS.open(directory, embedder="hashing://16", worker="none") as memory:
        alice = memory.as_user("alice")
        cubes = alice.add([f"the memory number {number}" for number in range(20)], tags=["home", "mood=calm"], metadata={"k": 1}).cubes
        alice.update(cubes[0].id, "another text")
        alice.forget(cubes[3].id)
        memory.drain()
    return directory, [cube.id for cube in cubes]


def verbs(memory, ids, tmp_path):
    alice = memory.as_user("alice")
    yield lambda: list(alice.pages())
    yield lambda: alice.search("the memory", limit=30)
    yield lambda: alice.get(ids[1])
    yield lambda: alice.history(ids[1])
    yield lambda: alice.add("a new memory")
    yield lambda: alice.add("the memory number 1")
    yield lambda: alice.update(ids[1], "changed")
    yield lambda: alice.forget(ids[2])
    yield lambda: memory.drain(1)
    yield memory.status
    yield memory.doctor
    yield memory.namespaces
    yield memory.rebuild
    yield lambda: memory.backup(tmp_path / "kept")


def used(directory, ids, tmp_path):
    """Every verb; what is not an error of ours comes out of it."""
    told = []
    try:
        memory = MemOS.open(directory, embedder="hashing://16", worker="none")
    except MemOSError as error:
        return [error]
    for verb in verbs(memory, ids, tmp_path):
        try:
            verb()
        except MemOSError as error:
            told.append(error)
    memory.close()
    return told


@pytest.mark.parametrize("what", DAMAGES)
def test_every_verb_says_so_in_our_words(sound, tmp_path, what):
    directory = shutil.copytree(sound[0], tmp_path / "store")
    connection = apsw.Connection(str(directory / "memory.db"))
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(DAMAGES[what])
    connection.close()
    errors = used(directory, sound[1], tmp_path)
    assert all("memory number" not in str(error) and "asleep" not in str(error) for error in errors)
    if errors and isinstance(errors[0], NotAStore):
        assert "memos doctor" in str(errors[0]) or "restore" in str(errors[0])


@pytest.mark.parametrize("seed", range(12))
def test_bytes_that_changed_give_no_error_of_pythons(sound, tmp_path, seed):
    chance = random.Random(seed)
    directory = shutil.copytree(sound[0], tmp_path / "store")
    body = bytearray((directory / "memory.db").read_bytes())
    for _ in range(chance.choice([1, 3, 30])):
        body[chance.randrange(0, len(body) if seed % 4 else 3 * 4096)] = chance.randrange(256)
    (directory / "memory.db").write_bytes(body[: chance.randrange(len(body))] if seed == 11 else body)
    used(directory, sound[1], tmp_path)


def test_the_doctor_names_the_texts_that_it_cannot_read(sound, tmp_path):
    directory = shutil.copytree(sound[0], tmp_path / "store")
    connection = apsw.Connection(str(directory / "memory.db"))
    connection.execute(f"UPDATE content SET body = {BAD} WHERE cid IN (2, 5)")
    connection.close()
    with MemOS.open(directory, worker="none") as memory:
        found = {fault.code: fault.where for fault in memory.doctor()}
        assert "content 2" in found["unreadable"]
        assert "content 5" in found["unreadable"]


def test_what_nobody_foresaw_is_an_error_with_its_row_and_without_its_text(tmp_path, monkeypatch, caplog):
    with MemOS.open(tmp_path / "m", embedder=None, worker="none") as memory:
        alice = memory.as_user("alice")
        monkeypatch.setitem(
            __import__("memos.interface.memory_api.operations", fromlist=["operations"]).OPERATIONS, "list", lambda work: {}["a secret"]
        )
        with pytest.raises(BackendError, match="failed with KeyError"):
            alice.list()
        assert memory.status().accesses == 1
    assert "OPERATIONS[" in caplog.text
    assert "KeyError: 'a secret'" not in caplog.text


def test_a_damaged_journal_is_named(tmp_path):
    with MemOS.open(tmp_path / "m", embedder=None, worker="none") as memory:
        memory.as_user("alice").add("one")
        memory.as_user("alice").list()
        connection = apsw.Connection(str(tmp_path / "m/access.db"))
        connection.execute(f"UPDATE access SET hits = x'5b', tenant = {BAD}")
        connection.close()
        for verb in (memory.drain, memory._parts.journal.rows):
            with pytest.raises(NotAStore, match=r"access.db is damaged"):
                verb()
        assert [fault.code for fault in memory.doctor()] == ["access_chain_broken"]
        memory.as_user("alice").list()

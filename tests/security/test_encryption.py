"""Encryption at rest: what a memory says stands in no file of a store that is encrypted, nor in a backup of any."""

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from memos import MemOS
from memos.backends.sqlite.backup import page_key
from memos.backends.sqlite.copy_keys import CopyKeys
from memos.backends.sqlite.sealing import Seals
from memos.errors import NotAStore
from tests.security.hiding import HOW, PLACES, key_file, standing, words_of

ROOT = Path(__file__).parents[2]


def killed(store, encryption, seed, memories):
    """Let a program write until it has told so many memories, kill it a moment later; the words of all that may stand in the files."""
    chance = random.Random(seed)
    command = [sys.executable, "-m", "tests.security.hiding", str(store), encryption, str(seed)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        told = [process.stdout.readline() for _ in range(memories)]
        process.wait(timeout=chance.uniform(0.001, 0.02))
    except subprocess.TimeoutExpired:
        pass
    finally:
        process.kill()
    rest, errors = process.communicate(timeout=60)
    assert all(told), errors.decode()
    return [json.loads(line) for line in told + rest.splitlines()]


def every_word(memories):
    return {word for words in memories for word in words.values()}


@pytest.mark.proof(capability="encryption", small=60, full=1000)
def test_no_planted_word_stands_in_any_file(tmp_path, trials, record_proof):
    """`trials` words, ten a memory; the program that writes them is killed, so that the WAL is there."""
    place = key_file(tmp_path / "key")
    shown = planted = in_files = in_backups = lost = rounds = with_wal = 0
    while planted < trials:
        memories = min(5, -(-(trials - planted) // len(PLACES)))
        for encryption in ("none", place):
            store = tmp_path / f"{rounds} {encryption[:4]}"
            acknowledged = killed(store, encryption, rounds, memories)
            words = every_word([*acknowledged, words_of(rounds, len(acknowledged))])
            with_wal += (store / "memory.db-wal").stat().st_size > 0
            found = standing(store, words)
            with MemOS.open(store, **HOW) as memory:
                for each in acknowledged:
                    alice = memory.as_user(f"user-{each['namespace']}")
                    lost += each["text"] not in alice.search(each["text"]).hits[0].cube.text.lower()
                assert memory.doctor() == ()
                found_open = standing(store, words)
                memory.backup(tmp_path / "backup")
            in_backups += len(standing(tmp_path / "backup", words))
            shutil.rmtree(tmp_path / "backup")
            if encryption == "none":
                shown += len(found & every_word(acknowledged))
                planted += len(every_word(acknowledged))
            else:
                in_files += len(found | found_open | standing(store, words))
        rounds += 1
    record_proof(
        planted=planted, found_without_encryption=shown, found_with_encryption=in_files, found_in_backups=in_backups,
        kills=2 * rounds, with_a_wal=with_wal, acknowledged_memories_lost=lost,
    )  # fmt: skip
    assert shown == planted
    assert (in_files, in_backups, lost) == (0, 0, 0)
    assert with_wal == 2 * rounds


def test_the_key_of_the_store_is_of_no_use_to_who_has_the_directory(tmp_path):
    place = key_file(tmp_path / "key")
    with MemOS.open(tmp_path / "store", settings={"encryption": place}, **HOW) as memory:
        secret = memory._parts.adapter.keys.secret
        pages = memory._parts.adapter.page_key.key
        memory.as_user("alice").add("one")
        memory.backup(tmp_path / "backup")
    for path in [*(tmp_path / "store").rglob("*"), *(tmp_path / "backup").rglob("*")]:
        if path.is_file():
            body = path.read_bytes()
            for piece in (secret, pages):
                assert piece not in body
                assert piece.hex().encode() not in body
    assert {path.name for path in (tmp_path / "store/keys").iterdir()} == {"store.key", "data.key", "copies.db"}


def test_a_backup_of_an_encrypted_store_is_restored_encrypted(tmp_path):
    place = key_file(tmp_path / "key")
    with MemOS.open(tmp_path / "store", settings={"encryption": place}, **HOW) as memory:
        memory.as_user("alice").add(["The zebra crosses the river", "A quiet afternoon"])
        memory.as_user("alice").search("zebra")
        memory.backup(tmp_path / "backup")
    report = MemOS.restore_backup(tmp_path / "backup", tmp_path / "restored", keys=tmp_path / "store/keys")
    assert (report.memories, report.shredded) == (2, 0)
    assert standing(tmp_path / "restored", {"zebra", "afternoon", "alice"}) == set()
    with MemOS.open(tmp_path / "restored", **HOW) as memory:
        assert memory.doctor() == ()
        assert memory.as_user("alice").search("zebra").hits[0].cube.text == "The zebra crosses the river"
    (tmp_path / "key").write_text("11" * 32)
    with pytest.raises(Exception, match="not the one that locks"):
        MemOS.restore_backup(tmp_path / "backup", tmp_path / "again", keys=tmp_path / "store/keys")
    assert not (tmp_path / "again").exists()


def shown(memory, questions):
    """What a user is shown for some questions: ids, texts, scores and tags."""
    alice = memory.as_user("alice")
    hits = [alice.search(each, limit=20).hits for each in questions]
    return [[(hit.cube.id, hit.cube.text, round(hit.score, 9), hit.cube.tags, hit.cube.metadata) for hit in found] for found in hits]


@pytest.mark.parametrize("encryption", ["none", "file"])
def test_a_restored_store_answers_the_same_and_without_what_was_shredded(tmp_path, encryption):
    chance = random.Random(11)
    words = ["river", "zebra", "lantern", "boiler", "garden", "violin", "harbour", "cedar"]
    settings = {} if encryption == "none" else {"encryption": key_file(tmp_path / "key")}
    with MemOS.open(tmp_path / "store", settings=settings, **HOW) as memory:
        alice = memory.as_user("alice")
        for number in range(30):
            tags, metadata = [f"kind={number % 3}"], {"number": number}
            alice.add(f"{' '.join(chance.sample(words, 4))} {number}", tags=tags, metadata=metadata, session=f"s{number % 4}")
        alice.add([{"role": "user", "name": "Bob", "content": f"the {word} again"} for word in words], session="talk")
        alice.update(alice.list().cubes[3].id, "the harbour, once more")
        memory.drain()
        before = shown(memory, words)
        memory.backup(tmp_path / "backup")
        doomed = alice.search("zebra", limit=5).hits
        filtered = [cube.id for cube in alice.list(filter={"tags": {"any": ["kind=1"]}}, limit=100).cubes]
    keys = shutil.copytree(tmp_path / "store/keys", tmp_path / "apart")
    MemOS.restore_backup(tmp_path / "backup", tmp_path / "whole", keys=keys)
    with MemOS.open(tmp_path / "whole", **HOW) as memory:
        assert memory.doctor() == ()
        assert shown(memory, words) == before
        assert [cube.id for cube in memory.as_user("alice").list(filter={"tags": {"any": ["kind=1"]}}, limit=100).cubes] == filtered
    gone = {hit.cube.id for hit in doomed}
    assert CopyKeys(tmp_path / "store").shred(gone) == len(gone) == 5
    report = MemOS.restore_backup(tmp_path / "backup", tmp_path / "less", keys=tmp_path / "store/keys")
    assert (report.shredded, report.memories) == (5, 38 - 5)
    with MemOS.open(tmp_path / "less", **HOW) as memory:
        assert memory.doctor() == ()
        seen = {each[0] for found in shown(memory, words) for each in found}
        assert seen == {each[0] for found in before for each in found} - gone
        assert memory.as_user("alice").add("written afterwards").cubes


def test_the_keys_of_what_was_shredded_are_in_no_file(tmp_path):
    """Who kept the backup and has the store, keys included, reads nothing of a memory whose key was destroyed."""
    with MemOS.open(tmp_path / "store", **HOW) as memory:
        adapter = memory._parts.adapter
        cubes = memory.as_user("alice").add([f"word number {number}" for number in range(200)]).cubes
        memory.backup(tmp_path / "backup")
        copies = CopyKeys(adapter.directory, adapter.keys.secret)
        ids = [bytes.fromhex(cube.id.replace("-", "")) for cube in cubes]
        made = copies.keys(ids)
        assert copies.shred(ids[:100]) == 100
        assert set(copies.known(ids)) == set(ids[100:])
    connection = apsw.Connection(str(tmp_path / "backup/memory.db"))
    page_key(adapter.keys.secret).unlock(connection)
    sealed = list(connection.execute("SELECT s.body, c.id, s.number FROM sealed s JOIN cube c ON c.uid = s.uid WHERE s.kind = 2"))
    connection.close()
    left = copies.known(ids)
    opened = {cube for body, cube, number in sealed if cube in left and Seals(left[cube], cube).open(2, number, body)}
    assert opened == set(ids[100:])
    for body, cube, number in sealed:
        if cube not in left:
            for key in left.values():
                with pytest.raises(NotAStore):
                    Seals(key, cube).open(2, number, body)
            break
    bodies = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    assert not any(made[each] in bodies for each in ids)

"""Encryption at rest: what a memory says stands in no file of a store that is encrypted, nor in a backup of any."""

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from memos import MemOS
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

"""Erased is gone: planted words, searched for in every byte that a store and its backups have, before and after."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from memos import MemOS
from memos.backends.sqlite.bytesearch import search
from memos.infrastructure.memgovernance.audit import exported_key
from memos.infrastructure.memgovernance.audit_export import lines
from memos.infrastructure.memgovernance.checkpoint import read_key
from memos.infrastructure.memgovernance.receipt import is_signed
from memos.plugins import open_trail
from tests.security import planting as plan
from tests.security.planting import (
    HEAD,
    OTHERS,
    UNSEEN,
    decoded,
    files_of,
    indexed,
    inflated,
    learn,
    plant,
    planted_words,
    seen_from_outside,
    standing,
)

ROOT = Path(__file__).parents[2]


@contextmanager
def beside(mode, directory):
    """A process of `tests.security.erasing` that is ready."""
    command = [sys.executable, "-m", "tests.security.erasing", mode, str(directory)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait(timeout=60)
        process.stdin.close()
        process.stdout.close()


def ask(process, words=()):
    """Send a line, and read one."""
    process.stdin.write(json.dumps(list(words)) + "\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def kept_apart(directory, place):
    """The key files of a store, as they are now."""
    shutil.copytree(directory / "keys", place)
    return place


def parts_of(planting):
    return [part for word in planting.words for part in (word, word[HEAD:])]


def left_in(directory, planting):
    """What of the words or of the index stands in any byte, quickly: for many rounds."""
    wanted = [part.encode() for part in parts_of(planting)] + list(planting.terms.values()) + [each[:64] for each in planting.vectors]
    stream = (piece for body in files_of(directory).values() for piece in (body.lower(), b"\0" * 64, body, b"\0" * 64))
    return search(stream, wanted)


def killed_round(planted, directory, chance, longest, *, late):
    """Erase in a process that is killed at some moment, a late one after its commit; whether that was. Reopened, it is finished."""
    shutil.copytree(planted.directory, directory)
    with beside("erase", directory) as process:
        if late:
            assert process.stdout.readline() == "committed\n"
        time.sleep(chance.uniform(0, longest))
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
    with MemOS.open(directory, worker="none") as memory:
        receipts = memory.erasures()
        if not receipts:
            assert memory.erase(subject="alice").value.status == "complete"
        else:
            assert [receipt.status for receipt in receipts] == ["complete"]
        assert memory.doctor() == ()
    assert left_in(directory, planted) == frozenset()
    shutil.rmtree(directory)
    return bool(receipts)


@pytest.mark.proof(capability="erasure", small=60, full=1000)
def test_what_is_erased_stands_in_no_byte(tmp_path, trials, record_proof):
    planted = plant(tmp_path / "store", planted_words(trials, seed=trials))
    learn(planted)
    store, backup, export = planted.directory, tmp_path / "backup", tmp_path / "export.jsonl"
    with MemOS.open(store, worker="none") as memory:
        memory.backup(backup)
    export.write_text("\n".join(lines(open_trail(store), "ocsf")))
    places = (store, backup, export)
    before = files_of(*places)
    raw, packed = {part for part, *_ in standing(planted, before)}, inflated(store)
    unseen = {place for word, place in planted.words.items() if word not in raw and word.encode() not in packed}
    assert unseen <= UNSEEN - {"deflated"}
    found_before = sum(word in raw or word.encode() in packed for word in planted.words)
    indexed_before = indexed(planted, files_of(store))
    assert {kind for kind, *_ in indexed_before} >= {"term", "vector"}
    copies = [tmp_path / "copy"]
    shutil.copytree(store, copies[0])
    restored = MemOS.restore_backup(backup, tmp_path / "restored", keys=kept_apart(store, tmp_path / "keys"))
    assert restored.memories
    assert len({part for part, *_ in standing(planted, files_of(tmp_path / "restored"))}) > len(planted.words) / 2

    with beside("read", store) as reader, MemOS.open(store, worker="none") as memory:
        assert int(ask(reader, planted.words)) > 0
        preview = memory.erase(subject="alice", dry_run=True).value
        began = time.monotonic()
        receipt = memory.erase(subject="alice").value
        longest = time.monotonic() - began
        assert (receipt.status, receipt.counts["memories"]) == ("complete", preview["counts"]["memories"])
        assert ask(reader, planted.words) == "0"
        assert memory.doctor() == ()
        while_open = seen_from_outside(tmp_path / "seen", *places)
        assert {hit.cube.text for hit in memory.as_user("bob").search("harbour coffee ferry door").hits} == set(OTHERS)
    assert is_signed(receipt, read_key(exported_key(open_trail(store))[1], "key"))
    after = files_of(*places)
    assert [*standing(planted, while_open), *standing(planted, after)] == []
    assert [*indexed(planted, while_open), *indexed(planted, after), *decoded(planted)] == []
    again = MemOS.restore_backup(backup, tmp_path / "again", keys=kept_apart(store, tmp_path / "later"))
    assert again.shredded == receipt.copies >= receipt.counts["memories"]
    left_restored = standing(planted, files_of(tmp_path / "again"))
    assert left_restored == []

    copy, chance = plan.Planting(copies[0], planted.words, terms=planted.terms, vectors=planted.vectors), random.Random(trials)
    rounds = max(4, trials // 25)
    committed = sum(killed_round(copy, tmp_path / f"killed{number}", chance, longest, late=number % 2 == 1) for number in range(rounds))
    record_proof(
        words=trials, places=len(plan.PLACES), found_before=found_before, terms_and_vectors_before=len(indexed_before), found_after=0,
        terms_and_vectors_after=0, memories=receipt.counts["memories"], versions=receipt.counts["versions"], files=len(after),
        keys_of_copies_destroyed=receipt.copies, found_in_a_restored_backup=0, rounds_of_sigkill=rounds, of_them_after_the_commit=committed,
    )  # fmt: skip

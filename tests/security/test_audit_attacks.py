"""Whoever may rewrite every file of a store, its keys included, cannot change what a checkpoint kept elsewhere has signed.

The verifier holds two things that the attacker cannot reach: the exported public key and the last checkpoint.
"""

import os
import random
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import apsw
import pytest

from memos import MemOS
from memos.backends.sqlite.chain import GENESIS, link
from memos.backends.sqlite.journal import SqliteJournal
from memos.errors import BackendError
from memos.infrastructure.memgovernance.audit import checkpoint, exported_key, verify
from memos.infrastructure.memgovernance.checkpoint import public_key, read_key, sign
from memos.memcube.call import Caller
from memos.plugins import open_trail
from memos.ports.journal import AccessRow

SECRET = bytes(32)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
TABLES = {"commits": ("memory.db", "commit_log"), "access": ("access.db", "access")}
KINDS = ("edit", "delete", "swap", "truncate", "truncate_and_rechain")


def lived(memory, start, count):
    """So many rows of each log: writes, reads, and a call that fails."""
    alice = memory.as_user("alice")
    for number in range(start, start + count):
        (cube,) = alice.add(f"Parcel {number} stands on shelf {number * 7}.").cubes
        alice.search(f"where is parcel {number}?", limit=2)
        if number % 3 == 0:
            alice.update(cube, f"Parcel {number} was collected.")
            alice.forget(cube)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A store that has grown since its checkpoint, and what its auditor holds."""
    directory = tmp_path_factory.mktemp("audit") / "store"
    with MemOS.open(directory, embedder="hashing", worker="none") as memory:
        lived(memory, 0, 30)
        trail = open_trail(directory)
        key = read_key(exported_key(trail)[1], "the key")
        signed, report = checkpoint(trail, NOW)
        assert report.findings == ()
        lived(memory, 30, 10)
    return SimpleNamespace(directory=directory, key=key, signed=signed, sizes={head.log: head.size for head in signed.logs})


def found(world, directory, *more):
    report = verify(open_trail(directory), world.key, [("kept", world.signed), *more])
    return {(each.code, each.log) for each in report.findings}


class Attacker:
    """Holds all files of a copy of the store, and rewrites one of its logs."""

    def __init__(self, directory, log, chance):
        self.directory, self.log, self.chance = directory, log, chance
        file, self.table = TABLES[log]
        self.connection = apsw.Connection(str(directory / file))
        self.rows = [list(row) for row in self.connection.execute(f"SELECT * FROM {self.table} ORDER BY 1")]
        self.columns = [name for (name,) in self.connection.execute(f"SELECT name FROM pragma_table_info('{self.table}')")]

    def edit(self, upto):
        row, column = self.chance.choice(self.rows[:upto]), self.chance.randrange(1, len(self.columns) - 1)
        value = row[column]
        row[column] = value + 1 if isinstance(value, int) else value + (b"x" if isinstance(value, bytes) else "x")

    def delete(self, upto):
        start = self.chance.randrange(upto)
        del self.rows[start : start + self.chance.randint(1, 3)]

    def swap(self, upto):
        one, other = self.chance.sample(range(upto), 2)
        self.rows[one], self.rows[other] = self.rows[other], self.rows[one]
        self.renumber()

    def truncate(self, upto):
        del self.rows[self.chance.randrange(upto) :]

    def truncate_and_rechain(self, upto):
        """The end is replaced by as many rows of other calls, or more."""
        kept = self.chance.randrange(upto)
        forged = [list(row) for row in self.chance.choices(self.rows, k=len(self.rows) - kept + self.chance.randint(0, 5))]
        for row in forged:
            row[self.columns.index("call_id")] = self.chance.randbytes(16)
        self.rows[kept:] = forged
        self.rechain()

    def renumber(self):
        for number, row in enumerate(self.rows, start=1):
            row[0] = number

    def rechain(self):
        self.renumber()
        seal = GENESIS
        for row in self.rows:
            row[-1] = seal = link(seal, *row[:-1])

    def write(self):
        places = ", ".join("?" * len(self.columns))
        self.connection.execute("PRAGMA foreign_keys = OFF; BEGIN")
        self.connection.execute(f"DELETE FROM {self.table}")
        self.connection.executemany(f"INSERT INTO {self.table} VALUES ({places})", self.rows)
        self.connection.execute("COMMIT")
        self.connection.close()

    def take_the_keys(self):
        """Sign the new logs with the store's own key, put the checkpoint where the store is, then replace the keys."""
        signed, _ = checkpoint(open_trail(self.directory), NOW, accept=True)
        (self.directory / "checkpoint.json").write_text(signed.document())
        for file in ("audit.key", "store.key"):
            (self.directory / "keys" / file).write_bytes(os.urandom(32))
        return signed


def attacked(world, directory, kind, log, seed):
    """One attack on a fresh copy; what the verifier finds in it."""
    chance = random.Random(f"{kind} {log} {seed}")
    shutil.copytree(world.directory, directory)
    attacker = Attacker(directory, log, chance)
    rechains = kind in {"edit", "delete", "swap"} and chance.random() < 0.5
    before = [list(row) for row in attacker.rows]
    while attacker.rows == before:
        getattr(attacker, kind)(world.sizes[log])
    if rechains:
        attacker.rechain()
    attacker.write()
    attacker.take_the_keys()
    codes = found(world, directory)
    shutil.rmtree(directory)
    return {code for code, where in codes if where == log}


def append_cost(directory, rows=1000):
    """Milliseconds of processor time for a row of the access log, chained and committed."""
    journal = SqliteJournal(directory, key=bytes(32))
    row = AccessRow(NOW, "01890000-0000-7000-8000-000000000000", Caller(tenant="t", user="u"), "search", "ok", "", 1)
    before = time.process_time()
    for _ in range(rows):
        journal.append(row)
    spent = time.process_time() - before
    journal.close()
    return 1000 * spent / rows


@pytest.mark.proof(capability="audit", small=5, full=100)
def test_every_change_of_what_was_signed_is_found(world, trials, record_proof, tmp_path):
    missed = {}
    for kind in KINDS:
        for log in TABLES:
            results = [attacked(world, tmp_path / "copy", kind, log, seed) for seed in range(trials)]
            missed[f"{kind}_{log}"] = sum(not codes for codes in results)
    alarms = 0
    for seed in range(trials):
        shutil.copytree(world.directory, tmp_path / "grown")
        with MemOS.open(tmp_path / "grown", embedder="hashing", worker="none") as memory:
            lived(memory, 100, seed % 7)
            alarms += bool(found(world, tmp_path / "grown"))
        for file in (tmp_path / "grown/keys").iterdir():
            file.write_bytes(os.urandom(32))
        alarms += bool(found(world, tmp_path / "grown"))
        shutil.rmtree(tmp_path / "grown")
    record_proof(
        trials_of_each=trials, logs=sorted(TABLES), kinds=KINDS, attacks=trials * len(missed), missed=sum(missed.values()),
        untouched=2 * trials, false_alarms=alarms, append_cpu_ms=round(append_cost(tmp_path), 3),
    )  # fmt: skip
    assert missed == dict.fromkeys(missed, 0)
    assert alarms == 0


def test_an_edit_is_found_at_its_row(world, tmp_path):
    shutil.copytree(world.directory, tmp_path / "copy")
    attacker = Attacker(tmp_path / "copy", "access", random.Random(1))
    attacker.rows[16][attacker.columns.index("status")] = "ok?"
    attacker.write()
    report = verify(open_trail(tmp_path / "copy"), world.key, [("kept", world.signed)])
    assert [(each.code, each.log, each.where) for each in report.findings] == [
        ("row_changed", "access", "row 17"),
        ("log_rewritten", "access", f"rows 1 to {world.sizes['access']}"),
    ]


@pytest.mark.parametrize("log", TABLES)
def test_the_kinds_have_names_of_their_own(world, tmp_path, log):
    def codes(name, attack):
        shutil.copytree(world.directory, tmp_path / name)
        attacker = Attacker(tmp_path / name, log, random.Random(2))
        attack(attacker)
        attacker.write()
        return {code for code, _ in found(world, tmp_path / name)}

    def cut(attacker):
        del attacker.rows[3:]

    def take_one(attacker):
        del attacker.rows[3]

    def take_one_and_rechain(attacker):
        take_one(attacker)
        attacker.rechain()

    def cut_and_rechain(attacker):
        cut(attacker)
        attacker.rechain()

    assert codes("cut", cut) == codes("cut again", cut_and_rechain) == {"log_truncated"}
    assert codes("one", take_one) == {"rows_missing", "log_rewritten"}
    assert codes("one again", take_one_and_rechain) == {"log_rewritten"}


def test_a_change_after_the_checkpoint_is_found_by_its_chain_alone(world, tmp_path):
    """What it cannot see: rows that no checkpoint speaks for, chained anew. The next checkpoint would sign them."""
    for rechains, expected in ((False, {("row_changed", "commits")}), (True, set())):
        directory = tmp_path / str(rechains)
        shutil.copytree(world.directory, directory)
        attacker = Attacker(directory, "commits", random.Random(3))
        attacker.rows[world.sizes["commits"] + 2][attacker.columns.index("operation")] = "search"
        if rechains:
            attacker.rechain()
        attacker.write()
        assert found(world, directory) == expected


def test_a_checkpoint_by_the_stolen_key_does_not_hide_the_first(world, tmp_path):
    shutil.copytree(world.directory, tmp_path / "copy")
    attacker = Attacker(tmp_path / "copy", "commits", random.Random(4))
    attacker.truncate_and_rechain(20)
    attacker.write()
    forged = attacker.take_the_keys()
    assert found(world, tmp_path / "copy", ("forged", forged)) == {("log_rewritten", "commits")}


def test_a_checkpoint_by_another_key_or_of_another_store_is_told(world, tmp_path):
    by_another = sign(world.signed, os.urandom(32))
    report = verify(open_trail(world.directory), world.key, [("by another", by_another)])
    assert [(each.code, each.where) for each in report.findings] == [("signature_wrong", "by another")]
    assert [each.signed for each in report.logs] == [0, 0], "it speaks for nothing"
    unknown = sign(
        world.signed.model_copy(update={"logs": (*world.signed.logs, world.signed.logs[0].model_copy(update={"log": "new"}))}), SECRET
    )
    report = verify(open_trail(world.directory), public_key(SECRET), [("of later", unknown)])
    assert [(each.code, each.log) for each in report.findings] == [("log_unreadable", "new")]
    with MemOS.open(tmp_path / "other", embedder=None, worker="none"):
        assert ("other_store", "") in found(world, tmp_path / "other")


def test_a_chain_made_anew_is_narrowed_down_between_two_checkpoints(world, tmp_path):
    shutil.copytree(world.directory, tmp_path / "copy")
    later, _ = checkpoint(open_trail(tmp_path / "copy"), NOW, [world.signed])
    attacker = Attacker(tmp_path / "copy", "access", random.Random(5))
    attacker.rows[world.sizes["access"] + 1][attacker.columns.index("operation")] = "get"
    attacker.rechain()
    attacker.write()
    report = verify(open_trail(tmp_path / "copy"), world.key, [("later", later), ("kept", world.signed)])
    (finding,) = report.findings
    assert (finding.code, finding.log) == ("log_rewritten", "access")
    assert finding.where == f"rows {world.sizes['access'] + 1} to {later.logs[1].size}"


@pytest.mark.parametrize("log", TABLES)
def test_a_log_that_is_no_log_any_more_is_told(world, tmp_path, log):
    file, table = TABLES[log]

    def codes(name, attack):
        directory = tmp_path / name
        shutil.copytree(world.directory, directory)
        attack(directory / file)
        return {code for code, where in found(world, directory) if where == log}

    def sql(statement):
        def attack(path):
            connection = apsw.Connection(str(path))
            connection.execute(statement)
            connection.close()

        return attack

    assert codes("noise", lambda path: path.write_bytes(os.urandom(20_000))) == {"log_unreadable"}
    assert codes("dropped", sql(f"PRAGMA foreign_keys = OFF; DROP TABLE {table}")) == {"log_unreadable"}
    renamed = f"PRAGMA legacy_alter_table = ON; ALTER TABLE {table} RENAME TO hidden; CREATE VIEW {table} AS SELECT * FROM hidden"
    assert codes("view", sql(renamed)) == {"log_unreadable"}
    untyped = f"CREATE TABLE copy AS SELECT * FROM {table}; DROP TABLE {table}; ALTER TABLE copy RENAME TO {table};"
    floats = codes("floats", sql(f"PRAGMA foreign_keys = OFF; {untyped} UPDATE {table} SET took = took + 0.5 WHERE rowid = 2"))
    assert floats >= {"row_changed", "log_rewritten"}
    seals = codes("seals", sql(f"PRAGMA foreign_keys = OFF; {untyped} UPDATE {table} SET hash = 'none' WHERE rowid = 2"))
    assert seals >= {"row_changed"}
    numbers = codes("numbers", sql(f"PRAGMA foreign_keys = OFF; {untyped} UPDATE {table} SET {'aseq' if log == 'access' else 'seq'} = 'x'"))
    assert numbers == {"log_unreadable"}
    twice = codes("twice", sql(f"PRAGMA foreign_keys = OFF; {untyped} INSERT INTO {table} SELECT * FROM {table} WHERE rowid = 2"))
    assert twice >= {"row_changed", "log_rewritten"}


def test_a_log_of_accesses_that_is_gone_is_told(world, tmp_path):
    shutil.copytree(world.directory, tmp_path / "copy")
    for path in Path(tmp_path / "copy").glob("access.db*"):
        path.unlink()
    assert found(world, tmp_path / "copy") == {("log_truncated", "access")}


def test_what_is_signed_is_on_the_disk_before(tmp_path, monkeypatch):
    """A row that a power cut takes back after it was signed would look like one that was cut off."""
    synced, fsync = [], os.fsync
    with MemOS.open(tmp_path / "store", embedder=None, worker="none") as memory:
        lived(memory, 0, 2)
        monkeypatch.setattr(
            os, "fsync", lambda descriptor: (synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink())), fsync(descriptor))
        )
        checkpoint(open_trail(tmp_path / "store"), NOW)
    assert synced[-3:] == [str(tmp_path / "store" / name) for name in ("memory.db-wal", "access.db-wal")] + [str(tmp_path / "store")]


def test_a_log_that_cannot_be_brought_onto_the_disk_is_not_signed(world, monkeypatch):
    def broken(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(BackendError, match="cannot be brought onto the disk"):
        checkpoint(open_trail(world.directory), NOW)


def test_the_signing_key_is_made_once(tmp_path):
    with MemOS.open(tmp_path / "store", embedder=None, worker="none"):
        trails = [open_trail(tmp_path / "store") for _ in range(16)]
        with ThreadPoolExecutor(16) as pool:
            assert len(set(pool.map(lambda trail: trail.signing_secret(), trails))) == 1

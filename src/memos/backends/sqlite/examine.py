"""Examinations that SQL alone cannot make: chains, what commits say they wrote, access lists, vectors, terms against texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import apsw

from memos.backends.sqlite.chain import GENESIS, link
from memos.backends.sqlite.encryption import PageKey, raw
from memos.backends.sqlite.evidence import SQL as EVIDENCE
from memos.backends.sqlite.evidence import evidence
from memos.backends.sqlite.faults import Findings
from memos.backends.sqlite.keys import KEY_FILE, Keys, read_key
from memos.backends.sqlite.known import ancestors
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rows import id_text, read_entries, text_of
from memos.errors import DAMAGE, NotAStore
from memos.ports.maintenance import Analyse

SQL = statements("examine")
PIECE = 20
"""Bytes of one entry in `commit_log.writes`: 16 of the id, 4 of the version."""


def broken(rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """The rows of a log, numbered first and sealed last, that are out of number or do not follow from the one before."""
    number, seal = 0, GENESIS
    try:
        for *fields, stored in rows:
            if fields[0] != number + 1:
                yield f"rows {number + 1} to {fields[0] - 1} missing"
            elif link(seal, *fields) != stored:
                yield f"row {fields[0]}"
            number, seal = fields[0], stored
    except DAMAGE as error:
        yield f"row {number + 1} and what follows cannot be read ({type(error).__name__})"


def key_file(directory: Path, keys: Keys, findings: Findings, lock: PageKey | None) -> None:
    """The key file is there and holds the key in use."""
    try:
        same = read_key(directory, raw(lock)) == keys.secret
    except NotAStore as error:
        findings.add("key_wrong", str(error).split(";", maxsplit=1)[0])
    else:
        if not same:
            findings.add("key_wrong", f"{KEY_FILE} has been replaced")


class Examination:
    """One look at the store that `connection` shows; what is wrong goes to `findings`."""

    def __init__(self, connection: apsw.Connection, keys: Keys, findings: Findings) -> None:
        self._connection = connection
        self._keys = keys
        self._findings = findings

    def key(self) -> None:
        """The key in use is the one that the store was made with."""
        if self._connection.execute(SQL["key"]).get != self._keys.proof():
            self._findings.add("key_wrong", "the key in use")

    def commits(self) -> None:
        """The commit log is whole: numbered without gaps, each row sealed with the one before."""
        self._findings.extend("commit_chain_broken", broken(self._connection.execute(SQL["commits"])))

    def writes(self) -> None:
        """Each commit wrote the version rows that it names, and no others. What was erased or purged is not missed."""
        groups = ((seq, [each[1:] for each in rows]) for seq, rows in groupby(self._connection.execute(SQL["written"]), itemgetter(0)))
        seq, found = next(groups, (None, []))
        for commit, named in self._named():
            while seq is not None and seq < commit:
                seq, found = next(groups, (None, []))
            there = found if seq == commit else []
            for cube, version in set(named).difference(there):
                if self._connection.execute(SQL["standing"], (cube, commit)).get:
                    self._findings.add("commit_half_written", f"commit {commit}: version {version} of {id_text(cube)}")
            for cube, version in set(there).difference(named):
                self._findings.add("version_not_logged", f"commit {commit}: version {version} of {id_text(cube)}")

    def _named(self) -> Iterator[tuple[int, list[tuple[bytes, int]]]]:
        for row in self._connection.execute(SQL["commits"]):
            body: bytes = row[7]
            pieces = (body[start : start + PIECE] for start in range(0, len(body), PIECE))
            yield row[0], [(piece[:16], int.from_bytes(piece[16:], "little")) for piece in pieces]

    def inheritance(self) -> None:
        """The access list in force at a namespace is what it and all above it set."""
        own: dict[tuple[int, str], tuple[str, ...]] = {}
        for nid, tid, path, set_here, in_force in self._connection.execute(SQL["namespaces"]):
            try:
                own[tid, path] = read_entries(set_here)
                wanted = {entry for above in ancestors(path) for entry in own.get((tid, above), ())}
                agrees = wanted == set(read_entries(in_force))
            except ValueError:
                agrees = False
            if not agrees:
                self._findings.add("acl_not_in_force", f"namespace {nid}")

    def vectors(self) -> None:
        """Every number of every vector is finite."""
        import numpy as np

        for cid, body in self._connection.execute(SQL["vectors"]):
            if len(body) % 4 == 0 and not np.isfinite(np.frombuffer(body, dtype="<f4")).all():
                self._findings.add("vector_not_finite", f"content {cid}")

    def readable(self) -> None:
        """Each text is one."""
        for cid, body, packed in self._connection.execute(SQL["bodies"]):
            try:
                text_of(body if packed else body.decode())
            except DAMAGE:
                self._findings.add("unreadable", f"content {cid}")

    def texts(self, analyse: Analyse) -> None:
        """Each term row and each fact hash is that of its text; where all that there is contradicts it, the text is another one."""
        for row in self._connection.execute(EVIDENCE["texts"], (0, -1)):
            found = evidence(row, self._keys, analyse)
            if found.changed:
                self._findings.add("content_changed", f"content {found.content}")
                continue
            if found.term_wrong:
                self._findings.add("term_wrong", f"content {found.content}")
            for version, fact in self._connection.execute(EVIDENCE["fact_rows"], (found.content,)) if found.kept_facts else ():
                if fact != found.fact:
                    self._findings.add("fact_wrong", f"version {version}")

"""Audit: signs how far a store's logs have come, and finds what was changed in them since, believing nothing that the store itself says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from memos.errors import NotAStore
from memos.infrastructure.memgovernance.checkpoint import Checkpoint, LogHead, is_signed, key_document, key_id, public_key, sign
from memos.infrastructure.memgovernance.merkle import MerkleTree
from memos.ports.trail import SealedRow, Trail

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

GENESIS = bytes(32)
NAMED = 5
"""How many places of one finding are named; the others are counted."""
MEANINGS = {
    "signature_wrong": "the checkpoint is not signed with this key, or was changed: use the one that you kept yourself",
    "other_store": "the checkpoint is of another store, or the store was given another id",
    "log_unreadable": "the file cannot be read as a log of this store",
    "row_changed": "the row does not follow from the one before it: it, or that one, was changed",
    "rows_missing": "rows were taken out",
    "log_truncated": "the end of the log that was signed is gone",
    "log_rewritten": "these rows are not those that were signed, though they may follow from each other",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a log."""

    code: str
    log: str
    """The log it is in, "" for none."""
    where: str
    """The first few places and how many there are: numbers of rows, sizes, names of checkpoints."""
    meaning: str


@dataclass(frozen=True, slots=True)
class Covered:
    """A log that was examined: how many rows it has, and how many of them a checkpoint speaks for."""

    log: str
    rows: int
    signed: int


@dataclass(frozen=True, slots=True)
class Report:
    """What an examination of the logs found; sound when `findings` is empty."""

    findings: tuple[Finding, ...]
    logs: tuple[Covered, ...]


@dataclass
class _Walk:
    """One pass over one log."""

    number: int = 0
    seal: bytes = GENESIS
    tree: MerkleTree = field(default_factory=MerkleTree)
    agreed: int = 0
    """The size up to which the last root that was compared agreed."""

    def head(self, log: str) -> LogHead:
        return LogHead(log=log, size=self.tree.size, root=self.tree.root().hex(), seal=self.seal.hex())


class _Findings:
    def __init__(self) -> None:
        self._places: dict[tuple[str, str], list[str]] = defaultdict(list)

    def add(self, code: str, log: str, place: str) -> None:
        self._places[code, log].append(place)

    def report(self) -> tuple[Finding, ...]:
        return tuple(Finding(code, log, _shortened(places), MEANINGS[code]) for (code, log), places in self._places.items())


def checkpoint(
    trail: Trail, now: datetime, earlier: Sequence[Checkpoint] = (), *, accept: bool = False
) -> tuple[Checkpoint | None, Report]:
    """The logs as they stand, signed with the store's key, and what was found in them.

    What contradicts itself or a checkpoint `earlier` of this store, whoever signed that, is not signed: then there is a report alone,
    unless `accept` says to sign it nevertheless. Raises NotAStore or ReadOnlyStore.
    """
    secret, store_id = trail.signing_secret(), trail.store_id()
    heads, report = _examine(trail, _Findings(), [each for each in earlier if each.store_id == store_id])
    if len(heads) < len(trail.logs) or (report.findings and not accept):
        return None, report
    trail.settle()
    return sign(Checkpoint(store_id=store_id, at=now, logs=tuple(heads), key_id=""), secret), report


def verify(trail: Trail, key: Ed25519PublicKey, checkpoints: Iterable[tuple[str, Checkpoint]]) -> Report:
    """What was changed in the logs since the checkpoints, each with its name, were signed with the key.

    The first rows of each log, as many as a checkpoint counts, must have its root; all rows must follow from each other. Checkpoints
    whose signature is wrong are told, and not used.
    """
    findings, trusted = _Findings(), []
    for name, each in checkpoints:
        if is_signed(each, key):
            trusted.append(each)
            _require_same(trail, each, name, findings)
        else:
            findings.add("signature_wrong", "", name)
    return _examine(trail, findings, trusted)[1]


def exported_key(trail: Trail) -> tuple[str, bytes]:
    """The id of the store's public key, and the key as PEM: keep it where whoever writes the store cannot."""
    key = public_key(trail.signing_secret())
    return key_id(key), key_document(key)


def _require_same(trail: Trail, signed: Checkpoint, name: str, findings: _Findings) -> None:
    for unknown in {head.log for head in signed.logs}.difference(trail.logs):
        findings.add("log_unreadable", unknown, f"{name} speaks of it, and the store has no such log")
    try:
        found = trail.store_id()
    except NotAStore:
        return  # told of the log itself
    if found != signed.store_id:
        findings.add("other_store", "", f"{name} is of {signed.store_id}, the store is {found}")


def _examine(trail: Trail, findings: _Findings, signed: Sequence[Checkpoint]) -> tuple[list[LogHead], Report]:
    heads, covered = [], []
    for log in trail.logs:
        expected = [head for each in signed for head in each.logs if head.log == log]
        walk = _Walk()
        try:
            _walk(walk, log, trail.rows(log), expected, findings)
            heads.append(walk.head(log))
        except NotAStore as error:
            findings.add("log_unreadable", log, error.message)
        covered.append(Covered(log, walk.tree.size, max((head.size for head in expected), default=0)))
    return heads, Report(findings.report(), tuple(covered))


def _walk(walk: _Walk, log: str, rows: Iterable[SealedRow], signed: Iterable[LogHead], findings: _Findings) -> None:
    pending = sorted(signed, key=lambda head: head.size, reverse=True)
    _compare(walk, log, pending, findings)
    for row in rows:
        _follow(walk, log, row, findings)
        _compare(walk, log, pending, findings)
    for head in reversed(pending):
        gone = f"rows {walk.number + 1} to {head.size}" if walk.number < head.size else f"{head.size - walk.tree.size} of {head.size} rows"
        findings.add("log_truncated" if walk.number < head.size else "rows_missing", log, gone)


def _follow(walk: _Walk, log: str, row: SealedRow, findings: _Findings) -> None:
    if row.number > walk.number + 1:
        findings.add("rows_missing", log, f"rows {walk.number + 1} to {row.number - 1}")
    elif row.number <= walk.number or row.body is None or sha256(walk.seal + row.body).digest() != row.seal:
        findings.add("row_changed", log, f"row {row.number}")
    walk.tree.add(row.body or b"")
    walk.number, walk.seal = row.number, row.seal


def _compare(walk: _Walk, log: str, pending: list[LogHead], findings: _Findings) -> None:
    while pending and pending[-1].size == walk.tree.size:
        if pending.pop() == walk.head(log):
            walk.agreed = walk.tree.size
        else:
            findings.add("log_rewritten", log, f"rows {walk.agreed + 1} to {walk.tree.size}")


def _shortened(places: Sequence[str]) -> str:
    more = f" and {len(places) - NAMED:,} more" if len(places) > NAMED else ""
    return ", ".join(places[:NAMED]) + more

"""Blob faults: blobs that rows name and that are not there, or are not what was kept; files that nothing names."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING

from memos.backends.sqlite.blobs import FOLDER, SqliteBlobs
from memos.backends.sqlite.erase import blob_of
from memos.backends.sqlite.examine import SQL
from memos.backends.sqlite.faults import Findings
from memos.backends.sqlite.rows import id_text
from memos.errors import MemOSError, NotFound

if TYPE_CHECKING:
    from memos.backends.sqlite.adapter import SqliteAdapter

YOUNG = 120.0
"""Seconds within which a file may not be named yet, or not be removed."""
Named = dict[str, dict[str, str]]
"""By tenant: the blobs that are named by what stands, each with the memory that names it."""


def examine_blobs(adapter: SqliteAdapter, findings: Findings) -> None:
    """Examine the folder of blobs. A store without one lacks none: backups and conversions leave out what is made anew."""
    home = adapter.directory / FOLDER
    if not home.is_dir():
        return
    blobs = SqliteBlobs(adapter.directory, adapter.keys.secret, adapter.page_key, read_only=True)
    named = _named(adapter)
    faults = {(tenant, name): code for tenant, each in named.items() for name in each if (code := _fault(blobs, tenant, name))}
    again = _named(adapter) if faults else {}  # what went meanwhile is missed by nobody
    for (tenant, name), code in sorted(faults.items()):
        if name in again.get(tenant, {}):
            findings.add(code, f"memory {again[tenant][name]}")
    old = time.time() - YOUNG
    for tenant, each in named.items():
        for path in blobs.files(tenant):
            with suppress(FileNotFoundError):
                if path.name not in each and path.stat().st_mtime <= old:
                    findings.add("blob_unused", str(path.relative_to(adapter.directory)))
    findings.extend("blob_strange", (str(path.relative_to(adapter.directory)) for path in blobs.strangers(named)))


def _fault(blobs: SqliteBlobs, tenant: str, name: str) -> str | None:
    try:
        if not blobs.gave(tenant, name):
            return "blob_missing"
        with blobs.open(tenant, name):
            return None
    except NotFound:
        return "blob_missing"
    except MemOSError:
        return "blob_damaged"


def _named(adapter: SqliteAdapter) -> Named:
    found: Named = defaultdict(dict)
    with adapter.reader() as connection:
        for (tenant,) in connection.execute(SQL["all_tenants"]):
            found[tenant] = {}
        for tenant, cube, body in connection.execute(SQL["blobs"]):
            if name := blob_of(body):
                found[tenant][name] = id_text(cube)
    return found

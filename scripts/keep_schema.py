"""Keeps a small store of the present schema in tests/contract/schemas, with what it tells, where a test opens it with every later release.

Run it once, when a schema is released: `python scripts/keep_schema.py`. It refuses to replace a store that is kept already.
"""

import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from memos.backends.sqlite.adapter import SqliteAdapter
from memos.backends.sqlite.journal import SqliteJournal
from memos.backends.sqlite.journal_file import SCHEMA as ACCESS_SCHEMA
from memos.backends.sqlite.migrations import SCHEMA
from memos.memcube.filter import Filter
from memos.ports.journal import AccessRow
from memos.testing.model import ModelAdapter
from memos.testing.telling import outcome
from memos.testing.walk import DIMENSIONS, START, Walk

KEPT = Path(__file__).parents[1] / "tests" / "contract" / "schemas"
SEED, STEPS = 8, 60


def write(adapter: SqliteAdapter) -> None:
    """Write what the seeded walk draws. Fills are left out: they name contents by the store's own numbers."""
    model = ModelAdapter(DIMENSIONS)
    walk = Walk(SEED, model)
    for _ in range(STEPS):
        change, reads = walk.step()
        if not change.fills and outcome(model, change, reads) != outcome(adapter, change, reads):
            sys.exit(f"the store and the model differ over {change.operation}: run the contract first")


def told(adapter: SqliteAdapter) -> dict[str, Any]:
    """What a store tells of every tenant, as JSON: every version of every memory, namespaces, turns and the log."""
    everything: dict[str, Any] = {"grant": Filter.everything(), "now": START}
    found = {}
    for tenant in adapter.tenants():
        with adapter.view(tenant) as view:
            ids = sorted({cube_id for row in view.log(limit=10**6) for cube_id, _ in row["writes"]})
            versions = {cube_id: [json.loads(each.model_dump_json()) for each in view.versions(cube_id, **everything)] for cube_id in ids}
            rows = {path: sum(len(chunk.rows) for chunk in view.feed(path, -1)) for path in view.paths("")}
            log = [row | {"at": row["at"].isoformat()} for row in view.log(limit=10**6)]
            spaces = [asdict(space) for space in view.namespaces()]
            found[tenant] = json.loads(
                json.dumps({"head": view.head, "versions": versions, "rows": rows, "namespaces": spaces, "log": log})
            )
    return found


def keep(folder: Path) -> None:
    """Make the store and copy its three files beside what it tells."""
    adapter = SqliteAdapter(folder, embedder=("test", DIMENSIONS))
    write(adapter)
    journal = SqliteJournal(folder, key=adapter.keys.secret)
    for row in adapter.events(0)[:3]:
        caller = Walk(SEED, ModelAdapter()).step()[0].caller
        journal.append(
            AccessRow(
                row["at"],
                row["call_id"],
                caller,
                "search",
                "ok",
                "grant",
                row["seq"],
                tuple((*each, "dense", "plaintext") for each in row["writes"]),
            )
        )
    journal.close()
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"memory_{SCHEMA}.json").write_text(
        json.dumps(told(adapter), ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    adapter.close()
    for source, name in (
        ("memory.db", f"memory_{SCHEMA}.db"),
        ("access.db", f"access_{ACCESS_SCHEMA}.db"),
        ("keys/store.key", f"store_{SCHEMA}.key"),
    ):
        shutil.copyfile(folder / source, KEPT / name)
        print(KEPT / name)


if __name__ == "__main__":
    if (KEPT / f"memory_{SCHEMA}.db").exists():
        sys.exit(f"the schema {SCHEMA} is kept already in {KEPT}; a released schema does not change: write the next one and its migration")
    with tempfile.TemporaryDirectory() as folder:
        keep(Path(folder) / "store")

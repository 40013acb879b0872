"""Operating: the commands that look after a store, from `status` and `doctor` to `backup`, `keep-keys` and `restore-backup`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from memos.cli.adding import drained
from memos.cli.command import Target, command, embedder_of
from memos.cli.output import emit, say, table, warn

if TYPE_CHECKING:
    from memos.ports.maintenance import BackupReport, StoreStatus

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


@command("status", "memos status", "memos status --store ./memory --json")
def status(target: Target) -> None:
    """Show what the store holds and how much room it takes."""
    with target.memory() as memory:
        found = memory.status()
    if target.as_json:
        emit(found)
    else:
        table(("what", "how much"), told_status(found))


@command("namespaces", "memos namespaces", "memos namespaces user/alice --json")
@click.argument("prefix", default="")
def namespaces(target: Target, prefix: str) -> None:
    """Show the tenant's namespaces, at and below PREFIX where it is given, and what stands in each."""
    with target.memory() as memory:
        found = memory.namespaces(target.tenant, prefix)
    if target.as_json:
        emit({"namespaces": found})
    elif found:
        counts = ("memories", "without a vector", "last commit")
        rows = [(f"{each.memories:,}", f"{each.pending_vectors:,}", str(each.last_seq), each.path) for each in found]
        table((*counts, "namespace"), rows, numbers=counts)
    else:
        say("there is no such namespace")


@command("doctor", "memos doctor", "memos doctor --store ./memory --json")
@click.pass_context
def doctor(context: click.Context, target: Target) -> None:
    """Examine the store: its integrity, orphans, chains, and whether its indexes agree with its texts.

    The exit code is 1 when it has faults.
    """
    with target.memory() as memory:
        faults = memory.doctor()
    if target.as_json:
        emit({"faults": faults})
    elif faults:
        table(("fault", "where", "what to do"), [(fault.code, fault.where, fault.advice) for fault in faults])
    else:
        say("the store is sound")
    if faults:
        context.exit(1)


@command("cache", "memos cache", "memos cache --store ./memory --json")
def cache(target: Target) -> None:
    """Show how much memory the indexes of the hottest namespaces take, and how many fit into the setting `cache_bytes`.

    They are read as a worker reads them after its start, into the memory of this command; of another process only that tells.
    """
    with target.memory() as memory:
        found = memory.warm()
    if target.as_json:
        emit(found)
        return
    say(f"{found.lanes:,} indexes, {size(found.bytes)} of {size(found.budget)}")
    rows = [(size(each.bytes), each.tenant, each.namespace) for each in found.hottest]
    if rows:
        table(("size", "tenant", "namespace"), rows, numbers=("size",))


@command("rebuild", "memos rebuild --store ./memory", "memos rebuild --accept-texts")
@click.option("--accept-texts", is_flag=True, help="Take texts as they are that are not those that were stored.")
@click.option("--accept-log", is_flag=True, help="Take the access log that is there for the store's own.")
def rebuild(target: Target, *, accept_texts: bool, accept_log: bool) -> None:
    """Make everything that is derived from the texts anew, but for vectors (`memos reembed`).

    A text that was changed since it was stored is left with what was derived from it then, the only trace of the change.
    """
    with target.memory() as memory:
        contents = memory.rebuild(accept_texts=accept_texts, accept_log=accept_log)
    if target.as_json:
        emit({"contents": contents})
    else:
        say(f"rebuilt what is derived from {contents:,} texts")


@command("reembed", "memos reembed --embedder minilm", 'memos reembed --embedder "openai+http://127.0.0.1:8080/v1?model=nomic"')
def reembed(target: Target) -> None:
    """Compute every vector anew with the embedder that --embedder names, which is the store's own from then on."""
    if target.embedder is None:
        raise click.UsageError("name the embedder to change to with --embedder, e.g. --embedder minilm")
    with target.memory(own=True) as memory:
        memory.reembed(embedder_of(target.embedder))
        warnings = drained(memory, target.tenant, bar=not target.as_json)
        found = memory.status()
    if target.as_json:
        emit({"embedder": found.embedder, "vectors": found.vectors, "pending": found.pending, "warnings": warnings})
    else:
        say(f"the store's embedder is {found.embedder or 'none'} now; {found.vectors:,} vectors, {found.pending:,} still to be computed")
        warn(warnings)


@command("backup", "memos backup ./backups/monday", "memos backup /mnt/disk/memory --store ./memory --json")
@click.argument("destination", type=click.Path(path_type=Path))
def backup(target: Target, destination: Path) -> None:
    """Copy the store to DESTINATION, a directory that is not there yet, while it is in use; the copy is verified.

    Each memory in it is sealed. The keys are not copied: `memos keep-keys` copies them to a place apart from the backup, and is to be run
    again after an erasure, which an old copy would undo.
    """
    with target.memory() as memory:
        report = memory.backup(destination)
    if target.as_json:
        emit(report)
    else:
        show_backup(report)


@command("keep-keys", "memos keep-keys /mnt/safe/keys", "memos keep-keys /mnt/safe/keys --json")
@click.argument("folder", type=click.Path(path_type=Path))
def keep_keys(target: Target, folder: Path) -> None:
    """Copy the key files, as they are at one moment, to FOLDER, apart from the store and its backups.

    Those of an earlier time that stand there are overwritten. Do it after each backup, and each erasure, which an old copy would undo.
    """
    with target.memory(own=True) as memory:
        files = memory.keep_keys(folder)
    if target.as_json:
        emit({"files": files})
    else:
        say(f"kept: {', '.join(map(str, files))}")


@command(
    "restore-backup",
    "memos restore-backup ./backups/monday ./restored --keys /mnt/safe/keys",
)
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.argument("destination", type=click.Path(path_type=Path), required=False)
@click.option(
    "--keys", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path), help="The folder of keys that was kept apart."
)
def restore_backup(target: Target, source: Path, destination: Path | None, keys: Path) -> None:
    """Make a store at DESTINATION (--store, when it is left out) of the backup SOURCE.

    What was erased since the backup was made is left out: its key is destroyed.
    """
    from memos.system import MemOS

    report = MemOS.restore_backup(source, destination or Path(target.store), keys=keys)
    if target.as_json:
        emit(report)
        return
    say(f"{report.memories:,} memories, up to commit {report.head:,}, in {report.path}")
    if report.shredded:
        say(f"{report.shredded:,} memories of the backup were erased since, and are left out")


def told_status(found: StoreStatus) -> list[tuple[str, str]]:
    """The rows of a status for people."""
    counts = ("tenants", "namespaces", "memories", "versions", "contents", "vectors", "pending", "refused", "accesses")
    rows = [
        ("store", str(found.directory or "in memory")),
        ("id", found.store_id),
        ("schema", str(found.schema)),
        ("commits", f"{found.head:,}"),
    ]
    rows += [(name, f"{getattr(found, name):,}") for name in counts]
    rows.append(("embedder", f"{found.embedder}, {found.dimensions} dimensions" if found.embedder else "none"))
    return rows + [(name, size(count)) for name, count in found.sizes.items()]


def show_backup(report: BackupReport) -> None:
    """What was copied, for people."""
    say(f"{report.memories:,} memories, {report.versions:,} versions, up to commit {report.head:,}: {size(report.size)} in {report.path}")
    say(f"keep these files together, apart from it: {', '.join(map(str, report.key_files))}")


def size(count: float) -> str:
    """A number of bytes in the unit that people read."""
    for unit in UNITS[:-1]:
        if count < 1024:
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1024
    return f"{count:,.1f} {UNITS[-1]}"

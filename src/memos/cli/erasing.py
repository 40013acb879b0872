"""Erasing: the command `erase`, and the group `receipt`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memos.cli.command import Target, command
from memos.cli.inputs import json_object
from memos.cli.output import emit, emit_reply, say, warn
from memos.errors import BackendError, InvalidCall

if TYPE_CHECKING:
    from memos.infrastructure.memgovernance.receipt import Receipt
    from memos.memcube.call import MemoryReply

FILE = click.Path(path_type=Path)


@command(
    "erase",
    "memos erase 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e",
    "memos erase --subject alice --user alice --yes --receipt ./alice-receipt.json",
    """memos erase --filter '{"tags": {"any": ["draft"]}}' --yes""",
    "memos erase --status --json",
)
@click.argument("ids", nargs=-1)
@click.option("--subject", metavar="NAME", help="All that this person owns or said.")
@click.option("--filter", "condition", type=json_object, metavar="JSON", help="All that passes, as --filter of `memos list`.")
@click.option("--yes", is_flag=True, help="Erase. Without it nothing goes, and what would go is told.")
@click.option("--everyone", is_flag=True, help="As the operator: in all namespaces of the tenant, not only the user's own.")
@click.option("--keep-derived", is_flag=True, help="Leave what was composed, merged or otherwise made of it.")
@click.option("--court-order", metavar="NUMBER", help="Override a legal hold; the number stands in the receipt.")
@click.option("--receipt", "path", type=FILE, metavar="FILE", help="Write the signed receipt to a file that is not there yet.")
@click.option("--status", is_flag=True, help="Finish what is pending, and tell every erasure of the tenant.")
def erase(
    target: Target, ids: tuple[str, ...], path: Path | None, *, yes: bool, status: bool, **how: Any
) -> None:  # fmt: skip
    """Erase the memories with these IDS for good, or those of a --subject or a --filter: from the present, the past, all branches, the
    indexes and the store's own backups. There is no way back.

    The exit code is 9 when all is erased and some bytes remain, as while another process still reads: --status finishes it.
    """
    if status:
        _tell_status(target, given=bool(ids or how["subject"] or how["condition"]))
        return
    if path is not None and path.exists():
        raise InvalidCall(f"{path} is there already; name a file that is not")
    reply = _erased(target, ids, dry_run=not yes, **how)
    if path is not None and reply.value is not None and yes:
        _write(path, reply.value.document())
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    elif not yes:
        _tell_preview(reply.value)
    else:
        _tell(reply.value)
        warn(reply.warnings)
    if yes and (reply.value is None or reply.value.status == "partial") and not _nothing(reply):
        raise click.exceptions.Exit(9)


def _erased(
    target: Target, ids: tuple[str, ...], *, dry_run: bool, everyone: bool, keep_derived: bool, condition: Any, subject: str | None,
    court_order: str | None,
) -> MemoryReply:  # fmt: skip
    wanted: dict[str, Any] = {"subject": subject, "filter": condition, "court_order": court_order}
    if everyone and target.key is not None:
        raise click.UsageError("--everyone is for whoever holds the store's files; leave it out, or the key")
    with target.memory(own=True) as memory:
        if everyone:
            return memory.erase(ids, tenant=target.tenant, dry_run=dry_run, derived=not keep_derived, **wanted)
        return target.caller(memory).erase(ids, dry_run=dry_run, derived=not keep_derived, **wanted)


def _nothing(reply: MemoryReply) -> bool:
    return reply.value is None and any(line.startswith("nothing was erased") for line in reply.warnings)


def _tell_preview(value: dict[str, Any]) -> None:
    counts = value["counts"]
    say(f"would erase {counts['memories']} memories: {counts['versions']} versions, {counts['vectors']} vectors")
    for each in value["ids"]:
        say(f"  {each}")
    for title, name in (("made of them, and to go with them", "derived"), ("naming the subject, and to stay", "mentions")):
        if value[name]:
            say(f"{title}:")
            for each in value[name]:
                say(f"  {each}")
    for each in value["remaining"]:
        say(f"would remain: {each['what']} ({each['why']})")
    say("nothing was erased; --yes does it, and there is no way back")


def _tell(receipt: Receipt | None) -> None:
    if receipt is None:
        return
    memories = receipt.counts.get("memories", 0)
    signed = f"receipt signed with {receipt.key_id}" if receipt.signature else f"receipt not signed: {receipt.unsigned or 'not yet'}"
    say(f"commit {receipt.seq}: {memories} memories erased, {receipt.status}; {signed}")
    for each in receipt.remaining:
        say(f"  remains: {each.what} ({each.why})")


def _tell_status(target: Target, *, given: bool) -> None:
    if given:
        raise InvalidCall("--status erases nothing: leave ids, --subject and --filter out")
    with target.memory(own=True) as memory:
        receipts = memory.erasures(target.tenant)
    if target.as_json:
        emit(receipts)
        return
    for each in receipts:
        _tell(each)
    if not receipts:
        say("nothing was ever erased")


def _write(path: Path, document: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(document)
    except OSError as error:
        raise BackendError(f"erased, but {path} cannot be written ({error.strerror}); `memos erase --status --json` tells it") from None


@click.group(
    "receipt",
    epilog="""\b
Examples:
  memos audit key --export ./memory-audit.pem
  memos receipt verify ./alice-receipt.json --key ./memory-audit.pem""",
)
def receipt() -> None:
    """Verify the receipts of erasures. No store is opened: a receipt and the public key are enough."""


@command("verify", "memos receipt verify ./alice-receipt.json --key ./memory-audit.pem")
@click.argument("file", type=FILE)
@click.option("--key", "public", type=FILE, required=True, metavar="FILE", help="The public key that `memos audit key` exported.")
def verify(target: Target, file: Path, public: Path) -> None:
    """Tell whether the receipt in FILE is signed with the key and unchanged; the exit code is 1 when not."""
    from memos.infrastructure.memgovernance.checkpoint import DOCUMENT_BYTES, read_key
    from memos.infrastructure.memgovernance.checkpoint_files import read_file
    from memos.infrastructure.memgovernance.receipt import RECEIPT_BYTES, is_signed, read_receipt

    found = read_receipt(read_file(file, RECEIPT_BYTES), str(file))
    good = is_signed(found, read_key(read_file(public, DOCUMENT_BYTES), str(public)))
    if target.as_json:
        emit({"valid": good, "receipt": found})
    elif good:
        say(f"the receipt is what was signed: {found.counts.get('memories', 0)} memories, {found.status}, {found.erased_at.isoformat()}")
    else:
        say(
            "the receipt is not signed with this key, or was changed"
            if found.signature
            else f"the receipt is not signed ({found.unsigned})"
        )
    if not good:
        raise click.exceptions.Exit(1)


receipt.add_command(verify)

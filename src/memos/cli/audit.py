"""Audit: the group `audit`: sign how far the logs have come, find what was changed since, hand them to other tools."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memos.cli.command import Target, command
from memos.cli.inputs import moment
from memos.cli.output import emit, say
from memos.errors import InvalidCall

if TYPE_CHECKING:
    from memos.infrastructure.memgovernance.audit import Report
    from memos.ports.trail import Trail

FORMATS = ("ocsf", "cloudevents", "csv")
FILE = click.Path(path_type=Path)


@click.group(
    "audit",
    epilog="""\b
Examples:
  memos audit key --export ./memory-audit.pem
  memos audit checkpoint --to /mnt/elsewhere/memory-audit
  memos audit verify --key ./memory-audit.pem --checkpoint /mnt/elsewhere/memory-audit""",
)
def audit() -> None:
    """Sign how far the logs have come, find what was changed in them, export them.

    Only the files of the store's logs are read: no setting, model or key of the store is believed.
    """


@command("checkpoint", "memos audit checkpoint", "memos audit checkpoint --to /mnt/elsewhere/memory-audit --json")
@click.option(
    "--to", "place", type=FILE, metavar="DIR", help="Where to write it, outside the store.  [default: beside the store, NAME-audit]"
)
@click.option("--accept", is_flag=True, help="Sign the logs as they are, whatever is found.")
@click.pass_context
def checkpoint(context: click.Context, target: Target, place: Path | None, *, accept: bool) -> None:
    """Sign how far both logs have come, in a file outside the store.

    Logs that contradict themselves or a checkpoint of this store that is there already are not signed; the exit code is then 1.
    """
    from memos.infrastructure.memgovernance import audit as auditing
    from memos.infrastructure.memgovernance import checkpoint_files as files
    from memos.ports.clock import SystemClock

    trail = trail_of(target)
    place = (place or _place(trail)).absolute()
    files.require_outside(place, trail.directory, "the checkpoint")
    earlier = [each for _, each in files.read_all([place], trail.directory)] if any(place.glob(files.PATTERN)) else []
    signed, report = auditing.checkpoint(trail, SystemClock().now(), earlier, accept=accept)
    path = None if signed is None else files.keep(signed, place)
    if target.as_json:
        emit({"path": path, "checkpoint": signed, "findings": report.findings})
    else:
        show(report)
        say("nothing was signed; --accept signs the logs as they are" if path is None else f"signed: {path}")
    if path is None:
        context.exit(1)


@command("key", "memos audit key --export ./memory-audit.pem")
@click.option("--export", "path", type=FILE, required=True, metavar="FILE", help="Where to write it, outside the store.")
def key(target: Target, path: Path) -> None:
    """Export the public key with which checkpoints are verified; the store's signing key is made where there is none yet."""
    from memos.infrastructure.memgovernance import audit as auditing
    from memos.infrastructure.memgovernance import checkpoint_files as files

    trail = trail_of(target)
    files.require_outside(path.absolute(), trail.directory, "the public key")
    name, document = auditing.exported_key(trail)
    files.keep_key(document, path.absolute())
    if target.as_json:
        emit({"path": path, "key_id": name})
    else:
        say(f"public key {name} in {path}; keep it where nobody who writes the store can")


@command(
    "verify",
    "memos audit verify --key ./memory-audit.pem --checkpoint ./memory-audit/checkpoint-120-340.json",
    "memos audit verify --key ./memory-audit.pem --checkpoint /mnt/elsewhere/memory-audit --store ./memory --json",
)
@click.option("--key", "public", type=FILE, required=True, metavar="FILE", help="The public key that `memos audit key` exported.")
@click.option(
    "--checkpoint", "places", type=FILE, required=True, multiple=True, metavar="FILE|DIR",
    help="A checkpoint that you kept, or a directory of them; may be repeated.",
)  # fmt: skip
@click.pass_context
def verify(context: click.Context, target: Target, public: Path, places: tuple[Path, ...]) -> None:
    """Find edits, deletions, swaps, truncation and new chains in both logs.

    The exit code is 1 when something is found. Rows after the last checkpoint are held by their chain alone.
    """
    from memos.infrastructure.memgovernance import audit as auditing
    from memos.infrastructure.memgovernance import checkpoint_files as files

    trail = trail_of(target)
    trusted = files.read_public_key(public, trail.directory)
    report = auditing.verify(trail, trusted, files.read_all(places, trail.directory))
    if target.as_json:
        emit(report)
    else:
        show(report)
        for each in report.logs:
            say(f"{each.log}: {each.rows:,} rows, {min(each.signed, each.rows):,} of them under a checkpoint")
        say("both logs hold what was signed" if not report.findings else "the logs are not what was signed")
    if report.findings:
        context.exit(1)


@command(
    "export", "memos audit export --format ocsf > audit.jsonl", "memos audit export --format csv --since 2025-03-01 --until 2025-04-01"
)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), required=True, help="OCSF API Activity or CloudEvents, in JSON lines, or CSV."
)
@click.option("--since", type=moment, metavar="TIME", help="Calls at this time or later.")
@click.option("--until", type=moment, metavar="TIME", help="Calls before this time.")
def export(target: Target, form: str, since: datetime | None, until: datetime | None) -> None:
    """Write the calls of both logs and of all tenants to stdout, one a line: ids and pseudonyms, no text."""
    from memos.infrastructure.memgovernance.audit_export import lines

    for line in lines(trail_of(target), form, since, until):
        click.echo(line)


for each in (checkpoint, key, verify, export):
    audit.add_command(each)


def trail_of(target: Target) -> Trail:
    """The logs of the store that a command names."""
    from memos.places import place_of
    from memos.plugins import open_trail
    from memos.settings import load_settings

    _, directory = place_of(target.store)
    if directory is None:
        raise InvalidCall(f"{target.store} is no directory; logs are audited where their files are: name the store's directory")
    return open_trail(directory, load_settings(None).encryption)


def show(report: Report) -> None:
    """What was found, for people."""
    for each in report.findings:
        say(f"{each.code}{f' in {each.log}' if each.log else ''}: {each.where}")
        say(f"    {each.meaning}")


def _place(trail: Trail) -> Path:
    from memos.infrastructure.memgovernance.checkpoint_files import default_place
    from memos.settings import load_settings

    return load_settings(trail.directory).audit_checkpoints or default_place(trail.directory)

"""Privacy: the group `privacy`; `privacy scan` shows what the detector would find in a file, with no store."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memos.cli.command import Target, command
from memos.cli.inputs import STDIN, texts_of
from memos.cli.output import emit, plain, say, snippet, table
from memos.errors import InvalidCall

if TYPE_CHECKING:
    from memos.memcube.policy import SensitiveSpan

DETECTORS = ("patterns", "presidio")
SHOWN = 48
"""Characters of a find that are shown with --reveal."""


@click.group("privacy", epilog="\b\nExamples:\n  memos privacy scan notes.txt\n  memos privacy scan - --json < notes.txt")
def privacy() -> None:
    """Show what in a text is personal or secret."""


@command("scan", "memos privacy scan notes.txt", "memos privacy scan - --detector presidio --json < notes.txt")
@click.argument("file", metavar="FILE|-")
@click.option("--detector", type=click.Choice(DETECTORS), help="The patterns of the base, or presidio.  [default: the store's]")
@click.option("--reveal", is_flag=True, help="Show what was found, not only where.")
@click.pass_context
def scan(context: click.Context, target: Target, file: str, detector: str | None, *, reveal: bool) -> None:
    """Show what a memory with this text would be labelled with: the kind, the sensitivity and the place of each find.

    No store is needed; where there is one its settings choose the detector and the levels. What was found is shown with --reveal only. The
    exit code is 1 when something was found, 0 when nothing was.
    """
    from memos.infrastructure.memgovernance.privacy.labels import Privacy
    from memos.places import place_of
    from memos.settings import load_settings

    settings = load_settings(place_of(target.store)[1]).privacy
    chosen = settings.model_copy(update={"detector": detector or (DETECTORS[0] if settings.detector == "none" else settings.detector)})
    text = read(file)
    found = Privacy(chosen).detect(text)
    if target.as_json:
        spans = [{**span.model_dump(exclude={"by"}), **({"text": text[span.start : span.end]} if reveal else {})} for span in found]
        emit({"detector": chosen.detector, "spans": spans, "counts": Counter(span.label for span in found)})
    else:
        show(text, found, reveal=reveal)
    context.exit(1 if found else 0)


privacy.add_command(scan)


def read(file: str) -> str:
    """The text of a file, or of stdin; InvalidCall where it cannot be read as UTF-8."""
    if file == STDIN:
        return texts_of([STDIN])[0]
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidCall(f"{file} is not UTF-8 at byte {error.start:,}; convert it first") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidCall(f"{file} cannot be read: {reason}") from None


def show(text: str, found: tuple[SensitiveSpan, ...], *, reveal: bool) -> None:
    """Each find on a line, by its line and column, then how many there are of each kind."""
    if not found:
        say("nothing found")
        return
    rows, line, begun, at = [], 1, 0, 0
    for span in found:
        line += text.count("\n", at, span.start)
        begun, at = text.rfind("\n", 0, span.start) + 1, span.start
        told = snippet(plain(text[span.start : span.end]), SHOWN) if reveal else f"{span.end - span.start} characters"
        rows.append((f"{line}:{span.start - begun + 1}", span.label, span.sensitivity, told))
    table(("place", "kind", "sensitivity", "found"), rows)
    counts = Counter(span.label for span in found)
    say(", ".join(f"{counts[label]} {label}" for label in sorted(counts)))

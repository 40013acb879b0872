"""Modelling: the commands `calibrate`, which measures what composing KV blocks costs a model, and `detect`, which finds its watermark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from memos.cli.command import Target, command
from memos.cli.conversing import MODEL
from memos.cli.inputs import STDIN, items_of, texts_of
from memos.cli.output import emit, say, table
from memos.cli.privacy import read
from memos.errors import InvalidCall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memos.memcube.cube import MemCube
    from memos.ports.composing import Calibration
    from memos.ports.marking import Detection

LATEST = 1000
"""So many of a user's latest memories are what is measured on."""
NONE_FOUND = 1
"""The exit code where no share is good enough."""


def _shares(value: str) -> tuple[float, ...]:
    try:
        return tuple(float(each) for each in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} are no shares; write them as in 0,0.1,0.25") from None


@command(
    "calibrate",
    "memos calibrate --runtime transformers:///models/smollm2",
    "memos calibrate texts.txt --blocks 20 --recompute 0.1,0.2 --most 0.1",
)
@click.argument("file", required=False, metavar="[FILE|-]")
@click.option("--blocks", type=click.IntRange(2, 1000), default=8, show_default=True, help="How many memories are composed together.")
@click.option("--recompute", default="0,0.1,0.2,0.35", show_default=True, metavar="S,S,…", help="Shares of their tokens to read anew.")
@click.option("--most", type=float, default=0.25, show_default=True, metavar="KL", help="The greatest mean KL divergence, in nats.")
@MODEL
def calibrate(target: Target, file: str | None, *, blocks: int, recompute: str, most: float, runtime: str | None) -> None:
    """Measure what composing KV blocks costs the model, on your latest memories or on the texts of FILE, and allow what is good enough.

    Of texts there are six times --blocks or more; a file has one a line. What is found is kept beside the model, for all stores that use
    it. Exit code 1 when no share is good enough.
    """
    from memos.cli.models import require_named
    from memos.plugins import require_store

    shares = _shares(recompute)
    require_store(target.store)
    require_named(target.store, runtime)
    given = None if file is None else _texts(file)
    with target.memory(model=True, runtime=runtime) as memory:
        texts: Sequence[MemCube | str]
        texts = given if given is not None else target.caller(memory).list(types=["plaintext"], limit=LATEST, descending=True).cubes
        found = memory.calibrate(texts, blocks=blocks, recompute=shares, most=most)
    if target.as_json:
        emit(found)
    else:
        _show(found)
    if found.share is None:
        raise click.exceptions.Exit(NONE_FOUND)


def _texts(file: str) -> list[str]:
    """The texts of a file, one a line."""
    if file == STDIN:
        return texts_of([STDIN])[0].splitlines()
    return [item if isinstance(item, str) else str(item.get("content", "")) for _, item in items_of(Path(file))]


def _show(found: Calibration) -> None:
    columns = ("read anew", "mean KL", "worst KL", "share of CPU")
    rows = [(f"{row.recompute:.0%}", f"{row.mean:.3f}", f"{row.worst:.3f}", f"{row.cost:.2f}") for row in found.rows]
    table(columns, rows, numbers=columns)
    first = found.rows[0]
    size = f"up to {first.blocks:,} memories of up to {first.tokens:,} tokens each"
    if found.share is None:
        say(f"{size} are not composed: no share has a mean KL of {found.most:g} or less; measure greater shares, or allow more by --most")
    else:
        say(f"{size} are composed where that is allowed, with {found.share:.0%} read anew; measured on {first.cases:,} questions")


@command(
    "detect",
    "memos detect answer.txt --runtime transformers:///models/smollm2",
    "memos detect - --rate 0.000001 --json < page.txt",
)
@click.argument("file", metavar="FILE|-")
@click.option(
    "--rate", type=float, default=0.01, show_default=True, metavar="P", help="How many of unmarked texts may be taken for marked."
)
@MODEL
def detect(target: Target, file: str, *, rate: float, runtime: str | None) -> None:
    """Find out whether a text, in a file or on stdin, bears the watermark by which this store marks what is generated for the tenant."""
    from memos.cli.models import require_named
    from memos.plugins import require_store
    from memos.ports.marking import LEAST_TOKENS

    require_store(target.store)
    require_named(target.store, runtime)
    text = read(file)
    with target.memory(model=True, runtime=runtime) as memory:
        found = memory.detect(text, tenant=target.tenant, rate=rate)
    if not found.marked and found.tokens < LEAST_TOKENS:
        raise InvalidCall(
            f"the text is too short: {found.tokens} of its tokens count, and fewer than {LEAST_TOKENS} show nothing; give more of it"
        )
    if target.as_json:
        emit({"marked": found.marked, "rate": found.rate, "p_value": found.p_value, "score": found.score, "deviation": found.deviation,
              "tokens": found.tokens, "span": found.span, "characters": len(text)})  # fmt: skip
    else:
        _tell(found, text)


def _tell(found: Detection, text: str) -> None:
    start, stop = found.span
    where = "the whole text" if (start, stop) == (0, len(text)) else f"characters {start:,} to {stop:,} of {len(text):,}"
    say(f"{'marked' if found.marked else 'not marked'}: {where}, {found.tokens:,} tokens that count")
    say(f"score {found.score:.3f}, {found.deviation:.1f} standard deviations from what chance gives")
    say(f"p {found.p_value:.2g}: marked is what has {found.rate:g} or less")

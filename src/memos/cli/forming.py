"""Forming: the commands `convert` and `forms`: memories as KV blocks and adapters, and why they are what they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from memos.cli.adding import wait_for_vectors
from memos.cli.command import Target, command
from memos.cli.conversing import MODEL
from memos.cli.operating import size
from memos.cli.output import day, emit, emit_reply, progress, say, snippet, warn

if TYPE_CHECKING:
    from memos.memcube.call import MemoryReply
    from memos.memcube.cube import MemCube
    from memos.session import Session
    from memos.system import MemOS

DERIVED = {"type": {"in": ["activation", "parameter"]}}
PAGE = 1000
REFUSED = 1
"""The exit code where an adapter has not passed its examination."""


@command(
    "convert",
    "memos convert 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e --to activation --runtime transformers:///models/smollm2",
    """memos convert $(memos list --filter '{"tags": {"any": ["how-to"]}}' --ids) --to parameter --wait""",
    "memos convert 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e --to plaintext",
)
@click.argument("ids", nargs=-1, required=True)
@click.option(
    "--to",
    type=click.Choice(("activation", "parameter", "plaintext")),
    required=True,
    help="A KV block of each, one adapter of all, or nothing but their texts again.",
)
@click.option("--by", type=click.Choice(("labelled", "distilled")), help="How an adapter is taught.  [default: labelled]")
@click.option("--wait", is_flag=True, help="Train the adapter now, and show how its examination went.")
@MODEL
def convert(target: Target, ids: tuple[str, ...], *, to: str, by: str | None, wait: bool, runtime: str | None) -> None:
    """Give the memories with these IDS another form. Their texts stay as they are; what has to stay text is refused, with why.

    Without --wait an adapter is trained by whoever has the store open with its model. Exit code 1 when it is refused.
    """
    from memos.cli.models import require_named
    from memos.plugins import require_store

    if to != "parameter" and (by is not None or wait):
        raise click.UsageError("--by and --wait are for an adapter, with --to parameter")
    require_store(target.store)
    if to != "plaintext":
        require_named(target.store, runtime)
    with target.memory(model=to != "plaintext", runtime=runtime) as memory:
        caller = target.caller(memory)
        reply = caller.convert(ids, to=to, by=by)
        if wait:
            late = _train(memory, bar=not target.as_json)
            cubes = tuple(caller.history(cube.id).cubes[-1] for cube in reply.cubes)
            reply = reply.model_copy(update={"cubes": cubes, "warnings": (*reply.warnings, *late)})
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        _show(reply, to)
    if any("refused" in cube.metadata for cube in reply.cubes):
        raise click.exceptions.Exit(REFUSED)


def _train(memory: MemOS, *, bar: bool) -> tuple[str, ...]:
    """Train what waits, with a progress bar; a warning where it is not done."""
    with progress(shown=bar) as shown:
        task = shown.add_task("training", total=100)
        done = wait_for_vectors(memory, lambda: shown.update(task, completed=int(100 * memory.training().done)))
    if done:
        return ()
    return (
        f"not everything is done that waits: {memory.training().why or 'another process works on it'}; the same command goes on with it",
    )


def _show(reply: MemoryReply, to: str) -> None:
    for cube in reply.cubes:
        sources = ", ".join(sources_of(cube))
        say(f"{cube.id}  {'let go' if to == 'plaintext' else described(cube)}  of {sources}")
        for line in _examined(cube):
            say(f"  {line}")
    if not reply.cubes:
        say("they are text, and nothing else")
    warn(reply.warnings)


def sources_of(cube: MemCube) -> list[str]:
    """The memories that a block or an adapter was made of."""
    return [parent.id for parent in cube.provenance.parents if parent.relation == "derived_from"]


def described(cube: MemCube) -> str:
    """A block or an adapter, as a line says what it is."""
    payload = cube.payload
    if payload.type == "activation":
        return f"activation, {tier_of(cube)}, {payload.tokens:,} tokens, {size(payload.bytes)}"
    if payload.type == "parameter" and "refused" in cube.metadata:
        return f"parameter, refused: {cube.metadata['refused']}"
    if payload.type == "parameter" and payload.done < 1.0:
        return f"parameter, in training, {payload.done:.0%} after {payload.steps:,} steps"
    return f"parameter, rank {payload.rank}, {size(payload.bytes)}" if payload.type == "parameter" else payload.type


def tier_of(cube: MemCube) -> str | None:
    """How a block is kept on the disk; whether it is in memory too is a matter of each process."""
    return None if cube.payload.type != "activation" else "int8" if cube.payload.form == "int8" else "mapped"


def _examined(cube: MemCube) -> Iterator[str]:
    """What the examination of an adapter gave."""
    report = cube.payload.report if cube.payload.type == "parameter" else {}
    if report:
        yield (
            f"recall {report['recall']:.2f}, perplexity of other text × {report['perplexity']:.2f}, neighbours {report['neighbours']:.2f}"
            f", {report['asked']:,} questions asked; {cube.payload.steps:,} steps in {cube.payload.seconds:.1f} s"  # type: ignore[union-attr]
        )


@command("forms", "memos forms", "memos forms 0197a2c4-9d1e-7c30-8a55-3f1f0c2f7b6e", "memos forms --json")
@click.argument("ids", nargs=-1)
def forms(target: Target, ids: tuple[str, ...]) -> None:
    """Show the KV blocks and adapters that stand of your memories, or of those with these IDS, and by which decision."""
    with target.memory(own=True) as memory:
        caller = target.caller(memory)
        derived = [cube for page in caller.pages(filter=DERIVED, limit=PAGE) for cube in page.cubes]
        of: dict[str, list[MemCube]] = {each: [] for each in ids}
        for cube in derived:
            for source in sources_of(cube):
                if not ids or source in of:
                    of.setdefault(source, []).append(cube)
        told = [_told(cube, of[cube.id]) for cube in _sources(caller, list(of))]
    training = [_form(cube) for cube in derived if cube.payload.type == "parameter" and cube.payload.done < 1.0]
    if target.as_json:
        emit({"memories": told, "training": training})
        return
    for each in told:
        _tell(each)
    for each in training:
        say(f"in training: {each['id']}  {each['done']:.0%} after {each['steps']:,} steps, of {len(each['sources'])} memories")
    if not told:
        say("all memories are text, and nothing else; the scheduler, or `memos convert`, gives them other forms")


def _sources(caller: Session, ids: list[str]) -> Iterable[MemCube]:
    return caller.get(ids).cubes if ids else ()


def _told(cube: MemCube, derived: Iterable[MemCube]) -> dict[str, Any]:
    """A memory, what stands of it, and why it has to stay text where it has."""
    from datetime import UTC, datetime

    from memos.operation.memscheduler.protection import protected

    made = [_form(each) | {"decision": _decision(each, cube.id)} for each in derived]
    return {"id": cube.id, "text": cube.text, "forms": made, "stays": protected(cube, datetime.now(UTC))}


def _form(cube: MemCube) -> dict[str, Any]:
    payload = cube.payload
    told: dict[str, Any] = {
        "id": cube.id, "form": payload.type, "tier": tier_of(cube), "since": cube.updated_at, "sources": sources_of(cube),
        "described": described(cube),
    }  # fmt: skip
    names = ("model", "tokens", "bytes", "rank", "by", "done", "steps", "passed", "report")
    return told | {name: getattr(payload, name) for name in names if hasattr(payload, name)}


def _decision(cube: MemCube, source: str) -> dict[str, Any] | None:
    """The last decision of the scheduler by which a form stands; None where somebody asked for it."""
    made = [each for each in cube.metadata.get("decisions", ()) if each["cube"] == source]
    return dict(made[-1]) if made else None


def _tell(each: dict[str, Any]) -> None:
    stays = f"  (stays text: {each['stays']})" if each["stays"] else ""
    say(f"{each['id']}  {snippet(each['text'], 70)}{stays}")
    if not each["forms"]:
        say("  plaintext")
    for form in each["forms"]:
        say(f"  {form['described']}, since {day(form['since'])}  {form['id']}")
        decision = form["decision"]
        if decision is not None:
            numbers = ", ".join(f"{name} {value:g}" for name, value in decision["inputs"].items() if isinstance(value, int | float))
            say(f"    {decision['before']} to {decision['after']}: {decision['reason']}{f' ({numbers})' if numbers else ''}")

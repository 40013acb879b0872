"""Scheduling: the group `schedule`: `simulate` compares policies, `record` makes a workload of the log, `policy` prints the policy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memos.cli.command import Target, command
from memos.cli.output import emit, say, table
from memos.errors import InvalidCall, NotFound

if TYPE_CHECKING:
    from memos.operation.memscheduler.policies import Policy
    from memos.operation.memscheduler.simulate import Figures
    from memos.operation.memscheduler.workloads import Request
    from memos.session import Session

EVERY = "lru,lfu,gdsf,memos"
USING = ("search", "context")
"""The operations whose calls need memories; a chat is logged as the context that it was given."""
PAGE = 1000
LETTERS = 4
"""How many letters a token has, about."""
COLUMNS = ("policy", "hit ratio", "saved", "score", "tokens read", "TTFT s", "moves a day")


@click.group("schedule", epilog="\b\nExamples:\n  memos schedule simulate assistant")
def schedule() -> None:
    """Compare what is kept for models, by policy."""


@command(
    "simulate",
    "memos schedule simulate assistant",
    "memos schedule simulate trace.jsonl --bytes 200000000 --json",
    "memos schedule simulate clinic --policy gdsf,lru --policy-file mine.json",
)
@click.argument("trace", metavar="TRACE")
@click.option("--policy", "policies", default=EVERY, show_default=True, metavar="P,P,…", help="The policies to compare.")
@click.option(
    "--policy-file",
    "documents",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A policy as JSON, beside those; may be repeated.",
)
@click.option("--bytes", "budget", type=click.IntRange(min=0), metavar="N", help="What the cache holds.  [default: a tenth of all]")
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Of a generated workload.")
@click.option(
    "--length", type=click.IntRange(min=1), default=5000, show_default=True, metavar="N", help="Requests of a generated workload."
)
def simulate(target: Target, *, trace: str, policies: str, documents: tuple[Path, ...], budget: int | None, seed: int, length: int) -> None:
    """Replay TRACE under several policies.

    TRACE is a file of JSON lines, {"at": SECONDS, "needs": [{"id": NAME, "tokens": COUNT}, …]}, or the name of a generated workload.
    """
    from memos.operation.memscheduler.simulate import compared

    chosen = [*named(policies), *map(policy_in, documents)]
    figures = compared(requests_of(trace, seed, length), chosen, budget)
    if target.as_json:
        emit({"trace": trace, "policies": [each.row() for each in figures]})
    else:
        show(figures)


@command("record", "memos schedule record --out trace.jsonl", "memos schedule record --role auditor --out trace.jsonl")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="A role to ask with, such as `auditor`; may be repeated.")
def record(target: Target, out: Path, roles: tuple[str, ...]) -> None:
    """Write a trace of the searches, contexts and chats in the log: times, ids and lengths of what was found or given, no text."""
    with target.memory(own=True) as memory:
        rows = list(recorded(target.acting(memory, roles=roles)))
    out.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    if target.as_json:
        emit({"requests": len(rows), "out": str(out)})
    else:
        say(f"{len(rows)} request{'' if len(rows) == 1 else 's'} in {out}")


@command("policy", "memos schedule policy", "memos schedule policy > mine.json")
def policy(target: Target) -> None:
    """Print the policy in force as JSON: every number, with what the setting `schedule` changes.

    What is printed, or a part of it, is what that setting and --policy-file of `memos schedule simulate` take.
    """
    from memos.operation.memscheduler.policies import policy_of
    from memos.places import place_of
    from memos.settings import load_settings

    document = policy_of(load_settings(place_of(target.store)[1]).schedule).model_dump(mode="json")
    if target.as_json:
        emit(document)
    else:
        say(json.dumps(document, indent=2))


schedule.add_command(simulate)
schedule.add_command(record)
schedule.add_command(policy)


def named(policies: str) -> list[Policy]:
    """The policies of a list of names; InvalidCall for one that is none."""
    from memos.operation.memscheduler.policies import KINDS, Policy

    names = [name.strip() for name in policies.split(",") if name.strip()]
    for name in names:
        if name not in KINDS:
            raise InvalidCall(f"there is no policy {name!r}; there are {', '.join(KINDS)}, and others are read with --policy-file")
    return [Policy(name=name, kind=name) for name in names]  # type: ignore[arg-type] # just looked at


def policy_in(path: Path) -> Policy:
    """The policy of a file; InvalidCall when it is none."""
    from pydantic import ValidationError

    from memos.memcube.value import invalid
    from memos.operation.memscheduler.policies import Policy

    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidCall(f"{path} is no JSON ({error})") from None
    if not isinstance(given, dict):
        raise InvalidCall(f'{path} must hold a JSON object, e.g. {{"name": "mine", "kind": "memos"}}')
    try:
        return Policy.model_validate(given)
    except ValidationError as error:
        raise InvalidCall(f"{path}: {invalid(error).message}") from None


def requests_of(trace: str, seed: int, length: int) -> list[Request]:
    """The requests of a file, or of a generated workload of this name."""
    from memos.operation.memscheduler.workloads import WORKLOADS, generated, request_of

    if trace in WORKLOADS:
        return generated(trace, seed, length)
    path = Path(trace)
    if not path.is_file():
        raise InvalidCall(f"{trace} is neither a file nor a generated workload; those are {', '.join(WORKLOADS)}")
    made: list[Request] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            made.append(request_of(json.loads(line)))
        except (ValueError, RecursionError):
            raise InvalidCall(f"{path}, line {number}: no JSON") from None
        except InvalidCall as error:
            raise InvalidCall(f"{path}, line {number}: {error.message}") from None
    if not made:
        raise InvalidCall(f"{path} has no request")
    return sorted(made, key=lambda each: each.at)


def recorded(session: Session) -> Iterator[dict[str, Any]]:
    """The calls of a log that found or gave something, oldest first, as requests; a memory that is not seen any more is left out."""
    sizes: dict[str, int] = {}
    cursor: str | None = None
    begun = None
    while True:
        reply = session.log(operation=USING, status="ok", descending=False, limit=PAGE, cursor=cursor)
        for row in reply.value:
            found = [each[0] for each in row["memories"]]
            needs = [{"id": cube, "tokens": size} for cube in dict.fromkeys(found) if (size := size_of(session, cube, sizes))]
            begun = begun or row["at"]
            if needs:
                yield {"at": (row["at"] - begun).total_seconds(), "needs": needs}
        cursor = reply.next
        if cursor is None:
            return


def size_of(session: Session, cube: str, sizes: dict[str, int]) -> int:
    """The tokens of a memory, by its letters; 0 for one that is not seen."""
    if cube not in sizes:
        try:
            sizes[cube] = max(1, len(session.get(cube).cubes[0].text) // LETTERS)
        except NotFound:
            sizes[cube] = 0
    return sizes[cube]


def show(figures: Sequence[Figures]) -> None:
    """A line for each policy, then what they were compared by."""
    rows = [
        (
            each.policy, f"{each.hit_ratio:.3f}", f"{each.saved:.3f}", f"{each.score:.3f}", f"{each.tokens_read:,}", f"{each.ttft:.3f}",
            f"{each.moves_a_day:.1f}",
        )
        for each in figures
    ]  # fmt: skip
    table(COLUMNS, rows, numbers=COLUMNS[1:])
    if figures:
        first = figures[0]
        say(f"{first.requests:,} requests need {first.needs:,} memories, {first.tokens:,} tokens; the cache holds {first.budget:,} bytes")
        say(f"with nothing kept the first token comes after {first.ttft_text:.3f} s")

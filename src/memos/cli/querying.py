"""Querying: the query that the options of `memos search` and its file make together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

STATES = ("generated", "activated", "merged", "archived")
"""What is expired is in no answer: `memos history` shows it."""
LAYERS = ("private", "shared", "global")
TYPES = ("plaintext", "activation", "parameter")
HIT_ORDERS = ("relevance", "recent", "oldest", "priority", "said")
COVERAGES = ("auto", "off", "time", "exchanges")


def query_object(name: str) -> dict[str, Any]:
    """A query in JSON from a file, or from stdin for `-`; a usage error when it is none."""
    try:
        with click.open_file(name, encoding="utf-8-sig") as stream:
            read = json.load(stream)
    except OSError as error:
        raise click.BadParameter(f"{name} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"{name} is no JSON ({error})") from None
    if not isinstance(read, dict):
        raise click.BadParameter(f'{name} must hold a JSON object, e.g. {{"text": "plans", "limit": 5}}')
    return read


def query_of(
    *,
    words: Sequence[str],
    query: Mapping[str, Any] | None,
    start: datetime | None,
    end: datetime | None,
    topic: str | None,
    order: str | None,
    diverse: float | None,
    half_life: float | None,
    coverage: str | None,
    minimum: float | None,
    **rest: Any,
) -> dict[str, Any]:
    """The query of the file with what options say in place of its own. A usage error when there is neither a TEXT nor a query."""
    if not words and query is None:
        raise click.UsageError("Missing argument 'TEXT...'; or give the query as a file, with --query")
    found = dict(query or {})
    rank = _given(order=order, diverse=diverse, recency=half_life, coverage=coverage, minimum=minimum)
    if rank:
        standing = found.get("rank")
        found["rank"] = {**standing, **rank} if isinstance(standing, Mapping) else rank
    window = {"start": start, "end": end} if start or end else None
    path = {"topic": topic} if topic else None
    found |= _given(text=" ".join(words) or None, window=window, path=path)
    return found | {name: value for name, value in rest.items() if value is not None and value != () and value is not False}


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}

"""Writes docs/reference/: errors, settings, filter fields and values, from the code that defines them.

Run it after one of them changes; a test compares its output with the pages.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from memos.cli.command import COMMON
from memos.errors import MemOSError, tree
from memos.memcube.call import Caller, CubeDraft, CubeRef, Grant, MemoryCall, MemoryQuery, MemoryReply
from memos.memcube.cube import MemCube, Tag, Usage
from memos.memcube.cube import Path as CubePath
from memos.memcube.fields import FIELDS, METADATA, OPERATORS, WORDS, Kind
from memos.memcube.hit import Group, Hit, Reached
from memos.memcube.legal import METADATA_BYTES, NAME_BYTES, TEXT_BYTES
from memos.memcube.log import LogQuery
from memos.memcube.namespace import PATH_STEPS, ROOTS, STEP_BYTES
from memos.memcube.payload import Activation, Parameter, Plaintext
from memos.memcube.policy import AclEntry, Policy, SensitiveSpan
from memos.memcube.provenance import CallContext, Parent, Provenance, ProvenanceRecord
from memos.memcube.rank import Rank, Recency
from memos.memcube.reading import Reading, Schedule, Slot, TimePhrase, Unresolved
from memos.memcube.state import PRESENT, Layer, State
from memos.memcube.window import Window
from memos.settings import Settings

TARGET = Path(__file__).resolve().parent.parent / "docs/reference"
MADE = "Made from the code by `scripts/generate_reference.py`; a test holds the two together."
CUBE = (
    *(MemCube, Plaintext, Activation, Parameter, Tag, CubePath, Usage),
    *(Policy, AclEntry, SensitiveSpan, Provenance, CallContext, Parent, ProvenanceRecord),
)
CALL = (
    *(Caller, MemoryCall, MemoryQuery, Rank, Recency, Window, Reading, TimePhrase, Slot, Unresolved, Schedule, CubeDraft, CubeRef),
    *(LogQuery, Grant, MemoryReply, Hit, Group, Reached),
)


def errors() -> str:
    """The tree of errors: code, exit code, HTTP status, whether a retry may help."""
    rows = [
        (name_of(kind), f"`{code}`", f"{kind.exit_code}", f"{kind.http_status}", "yes" if kind.retryable else "no", told(kind))
        for code, kind in tree().items()
    ]
    return f"""# Errors

{MADE}

Every error is a `memos.errors.MemOSError`. It has a `message` that says which input was wrong and what to do, a stable `code`, `retryable`,
and `details`, values that a program can act on, none of which is ever a memory's text. A session raises it; the door itself answers with a
reply whose `status` is the code. A call that ends with an error has written nothing.

{table(("error", "code", "exit code", "HTTP status", "retry", "what it says"), rows)}

The exit codes are those of the `memos` command. 0 is success; 1 is also the answer of `memos doctor` to a store that has faults. The
HTTP status is what a server answers; this version has none.
"""


def name_of(kind: type[MemOSError]) -> str:
    """The name of an error, moved in by its depth in the tree."""
    depth = len(kind.__mro__) - len(MemOSError.__mro__)
    return f"{'&emsp;' * depth}`{kind.__name__}`"


def settings() -> str:
    """Every setting: its name, its variable, its type, its default."""
    fields = Settings.model_fields.items()
    rows = [(f"`{name}`", f"`MEMOS_{name.upper()}`", kind_of(field), default_of(field), field.description or "") for name, field in fields]
    own = ", ".join(f"`{option.envvar}`" for option in COMMON if option.envvar)
    return f"""# Settings

{MADE}

A setting is read from four places, the later ones win: the default, `memos.toml` in the store's directory, the environment variable,
and `MemOS.open(…, settings={{…}})`. One that is unknown or out of range is `InvalidCall`, which names it and where it was read.

{table(("setting", "variable", "type", "default", "what it does"), rows)}

The `memos` command alone reads these variables, as defaults of its options: {own}.
"""


def filters() -> str:
    """The fields that a filter can name, and the operators and operands of each."""
    rows = [(f"`{name}`", shown(kind, name), operators(kind)) for name, kind in FIELDS.items()]
    rows.append((f"`{METADATA}<key>`", shown(Kind.JSON, ""), operators(Kind.JSON)))
    return f"""# Filter fields

{MADE} What the operators mean stands in the [guide](../guides/filters.md).

{table(("field", "holds", "operators"), rows)}

Any other name is `InvalidCall`, which suggests the nearest one.
"""


def operators(kind: Kind) -> str:
    """The operators of a kind of field."""
    return " ".join(f"`{operator}`" for operator in OPERATORS[kind])


def shown(kind: Kind, field: str) -> str:
    """What a field holds."""
    return (
        " ".join(f"`{word}`" for word in WORDS[field])
        if field in WORDS
        else f"a set of {Kind.SET}"
        if kind in {Kind.SET, Kind.LABELS}
        else str(kind)
    )


def values() -> str:
    """The frozen values that travel: fields, types, defaults."""
    states = ", ".join(f"`{state}`" for state in State)
    layers = ", ".join(f"`{layer}`" for layer in Layer)
    roots = "\n".join(f"| `{root}` | {layer} |" for root, layer in ROOTS.items())
    return f"""# Values

{MADE} The values are frozen pydantic models: `model_dump(mode="json")` gives JSON, `model_copy(update=…)` another value. Unknown fields are
refused. Times are aware and in UTC; ids are UUIDv7.

## Words and limits

States: {states}. A search answers with {", ".join(f"`{state}`" for state in PRESENT)} unless it names others. Layers: {layers}.

| namespaces begin with | layer |
| --- | --- |
{roots}

| what | limit |
| --- | --- |
| text of a memory | 1 to {TEXT_BYTES:,} bytes of UTF-8, not blank, no NUL, no lone surrogate |
| metadata | a JSON object of at most {METADATA_BYTES:,} bytes |
| a tag, speaker, role, session, label | 1 to {NAME_BYTES} bytes |
| a namespace | at most {PATH_STEPS} steps, each of 1 to {STEP_BYTES} bytes once it is percent-encoded |

## The memory

{sections(CUBE)}

## The call and its answer

{sections(CALL)}
"""


def query_schema() -> str:
    """The JSON Schema of a query, as `Session.query` and `memos search --query` take it."""
    schema = MemoryQuery.model_json_schema()
    del schema["properties"]["words"]  # made in the process, never read from JSON
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2, ensure_ascii=False) + "\n"


def sections(kinds: Iterable[type[BaseModel]]) -> str:
    """A section for each value."""
    return "\n\n".join(section(kind) for kind in kinds)


def section(kind: type[BaseModel]) -> str:
    """One value: its docstring and a table of its fields."""
    notes = NOTES.get(kind)
    fields = kind.model_fields.items()
    rows = [(f"`{name}`", kind_of(field), default_of(field), notes[name] if notes else field.description or "") for name, field in fields]
    width = 4 if any(row[3] for row in rows) else 3
    head = ("field", "type", "default", "what it says")
    return f"### {kind.__name__}\n\n{told(kind)}\n\n{table(head[:width], (row[:width] for row in rows))}"


def kind_of(field: Any) -> str:
    """A field's type and its bounds."""
    return f"`{type_of(field.annotation)}`{limits(field.metadata)}"


def default_of(field: Any) -> str:
    """A field's default as it is written, or that it is required."""
    if field.is_required():
        return "required"
    default = field.default if field.default is not PydanticUndefined else field.default_factory()
    if isinstance(default, BaseModel):
        return f"`{type(default).__name__}()`"
    return f'`"{default}"`' if isinstance(default, str) else f"`{default!r}`"


def type_of(annotation: Any) -> str:
    """A type as people write it; `or` joins alternatives, since a bar would end the cell of a table."""
    text = annotation.__name__ if isinstance(annotation, type) and not hasattr(annotation, "__args__") else str(annotation)
    text = re.sub(r"Annotated\[([^,\[\]]+(?:\[[^\]]*\])?), [^\[\]]*(?:\([^()]*\))*[^\[\]]*\]", r"\1", text)
    text = re.sub(r"\b(?:typing|datetime|pathlib|memos\.[a-z_.]+|_local)\.", "", text)
    text = re.sub(r"Literal\[([^\[\]]+)\]", lambda match: match[1].replace(", ", " | ").replace("'", '"'), text)
    text = re.sub(r"Optional\[([^\[\]]+)\]", r"\1 | None", text)
    return text.replace("NoneType", "None").replace(" | ", " or ")


def limits(metadata: Iterable[Any]) -> str:
    """The bounds that a field's metadata give."""
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    found = [f"{sign} {getattr(item, name)}" for item in metadata for name, sign in signs.items() if getattr(item, name, None) is not None]
    return f" {', '.join(found)}" if found else ""


def told(kind: type) -> str:
    """A docstring on one line."""
    return " ".join((inspect.getdoc(kind) or "").split())


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


NOTES: dict[type[BaseModel], dict[str, str]] = {
    MemCube: {
        "id": "given at birth, kept through every version",
        "namespace": "where it stands",
        "layer": "how widely it is meant to be read",
        "payload": "what it is made of; `cube.text` and `cube.type` for short",
        "tags": "labels, in the order given",
        "path": "its place in a hierarchy; nothing sets it yet",
        "state": "where it stands in its life",
        "frozen": "whether it refuses changes; `freeze` sets it",
        "version": "1, 2, 3 …",
        "labels": "names of this version; `update(label=…)` sets them",
        "policy": "whose it is, until when, how sensitive; `cube.owner` for short",
        "provenance": "where it came from",
        "usage": "how often it was disclosed; not versioned, and some seconds late",
        "valid_from": "from when it is true in the world; nothing sets it yet",
        "valid_to": "until when it is true in the world; set when another memory supersedes it",
        "said_at": "a message's own time, else `created_at`; windows and dates read it",
        "created_at": "when the memory was born",
        "updated_at": "when this version was written",
        "speaker": "a message's `name`, else its `role`",
        "role": "a message's role",
        "session": "the conversation it belongs to",
        "ordinal": "its place in the session, from 0; None for what was no message",
        "metadata": "values of your own",
        "seq": "the commit that wrote this version",
    },
    MemoryReply: {
        "call_id": "the id of the call, in the log",
        "status": "`ok`, or the code of an error",
        "message": "of an error",
        "retryable": "of an error",
        "cubes": "of add, get, list, update, history, transfer, compose; of lineage: the memory asked for; of search: what is `standing`",
        "hits": "of search, best first",
        "value": "of forget: how many; of log: rows as dicts; of explain: a row; of lineage: the graph, or the PROV-JSON document",
        "next": "of list and log: the cursor of the next page, None at the end",
        "call": "the call as it was understood",
        "warnings": "what was degraded, in words",
        "seq": "the commit that this call wrote, or the one that it read",
        "details": "of an error; of a search with `explain`: how the query was understood",
        "then": "the replies to the rest of a chain, in its order",
    },
}
"""What the fields say whose names do not. A field that is missing here fails the script."""

PAGES: dict[str, Callable[[], str]] = {
    "errors.md": errors,
    "filter-fields.md": filters,
    "settings.md": settings,
    "values.md": values,
    "memory-query.schema.json": query_schema,
}


def main() -> None:
    """Write every page."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (TARGET / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()

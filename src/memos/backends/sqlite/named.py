"""Named SQL: the statements of one `.sql` file, each under the name that its `-- name:` line gives."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).parent / "sql"


def script(file: str) -> str:
    """The whole text of `sql/<file>.sql`."""
    return (FOLDER / f"{file}.sql").read_text(encoding="utf-8")


@cache
def statements(file: str) -> MappingProxyType[str, str]:
    """The statements of `sql/<file>.sql` by name, in the file's order, without their comments and last semicolons."""
    _, *parts = re.split(r"^-- name: *(\w+) *$", script(file), flags=re.MULTILINE)
    bodies = (re.sub(r"^--.*$", "", body, flags=re.MULTILINE).strip().rstrip(";") for body in parts[1::2])
    return MappingProxyType(dict(zip(parts[::2], bodies, strict=True)))

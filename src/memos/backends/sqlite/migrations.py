"""Migrations: the steps that bring a store of an earlier schema forward, one transaction for all of them.

The scripts of earlier schemas stay: a backup of one is compared with its own before it is restored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import apsw

from memos.errors import BackendError

SCHEMA = 1
"""The schema that this version writes."""
Step = Callable[[apsw.Connection], None]
STEPS: Mapping[int, Step] = MappingProxyType({})
"""Schema → the step that makes the next one of it."""


def migrate(connection: apsw.Connection, steps: Mapping[int, Step] = STEPS, target: int = SCHEMA) -> tuple[int, ...]:
    """Bring the store that `connection` has open for writing to the schema `target`; return the schemas that were left behind.

    Run within a transaction: a step that fails leaves the store as it was.
    """
    passed = []
    while (found := connection.pragma("user_version")) < target:
        if found not in steps:
            raise BackendError(f"there is no way from schema {found} to {target}; open this store with the release that wrote it")
        steps[found](connection)
        connection.pragma("user_version", found + 1)
        passed.append(found)
    return tuple(passed)

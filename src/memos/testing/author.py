"""Author: writes simple memories, for suites of tests."""

from __future__ import annotations

from typing import Any

from memos.memcube.call import Caller
from memos.memcube.change import ChangeSet, CubeWrite, ReadSet, Terms
from memos.memcube.cube import MemCube
from memos.memcube.provenance import CallContext, Provenance
from memos.ports.adapter import MemoryAdapter
from memos.testing.model import ModelAdapter
from memos.testing.walk import START, Walk


class Author:
    """Writes simple memories of one user of a tenant."""

    def __init__(self, adapter: MemoryAdapter, tenant: str = "acme", user: str = "alice", seed: int = 0) -> None:
        self.adapter, self.tenant, self.caller = adapter, tenant, Caller(user=user, tenant=tenant)
        self._walk = Walk(seed, ModelAdapter())

    def cube(self, text: str, **header: Any) -> MemCube:
        """A memory in the user's own namespace."""
        cube_id = self._walk.new_id()
        born = Provenance(id=cube_id, origin="user", context=CallContext(user=self.caller.user))
        fields = {
            "id": cube_id,
            "namespace": f"user/{self.caller.user}",
            "layer": "private",
            "payload": {"type": "plaintext", "text": text},
        }
        times = {"said_at": START, "created_at": START, "updated_at": START}
        return MemCube.model_validate(fields | times | {"policy": {"owner": self.caller.user}, "provenance": born} | header)

    def births(self, *cubes: MemCube, **how: Any) -> ChangeSet:
        """The ChangeSet in which memories are born."""
        terms = Terms({"word": 1}, 1)
        return self.change(writes=tuple(CubeWrite(cube, birth=True, terms=terms, **how) for cube in cubes))

    def change(self, **parts: Any) -> ChangeSet:
        """A ChangeSet of this author."""
        return ChangeSet(self.tenant, self.caller, self._walk.new_id(), "add", START, **parts)

    def add(self, *texts: str, **header: Any) -> list[str]:
        """Commit memories; their ids."""
        cubes = [self.cube(text, **header) for text in texts]
        self.adapter.commit(self.births(*cubes), ReadSet())
        return [cube.id for cube in cubes]

"""A world of cubes in which a filter can be asked three ways: of the cubes, of column arrays, and of the store's own schema by SQL."""

import json
from importlib.resources import files
from uuid import UUID

import apsw
import numpy as np

from memos.backends.sqlite import filter_sql
from memos.memcube.fields import microseconds
from memos.memcube.matching import acl_entries
from memos.operation.memoperator.columns import Columns
from tests.rows import feed_row

INHERITED = {"user/alice": ("read:role:nurse", "read:user:日本"), "shared/caf%C3%A9": ("write:agent:it's",)}
"""What namespaces add to the access lists of the memories in them."""
SAME = (
    *("row", "uid", "seq", "seq_end", "layer", "type", "state", "frozen", "owner", "sensitivity", "priority", "speaker", "role", "session"),
    *("ordinal", "said_at", "created_at", "updated_at", "valid_from", "valid_to", "expires_at"),
)
"""The fields of a FeedRow that are columns of `version` by the same name."""


class World:
    """The same cubes as they are, as columns and as rows of the real schema."""

    def __init__(self, cubes):
        self.cubes = cubes
        self.columns = {}
        self.numbers = {}
        self.connection = apsw.Connection(":memory:")
        self.connection.execute(files("memos.backends.sqlite").joinpath("sql/schema_1.sql").read_text(encoding="utf-8"))
        for number, cube in enumerate(cubes, 1):
            self.add(number, cube)

    def add(self, number, cube):
        row = feed_row(cube, number, ascii=number % 2 == 0)
        columns = self.columns.setdefault(cube.namespace, Columns(cube.namespace))
        columns.append([row])
        columns.inherit(INHERITED.get(cube.namespace, ()))
        self.numbers.setdefault(cube.namespace, []).append(number - 1)
        self.insert("cube", uid=number, tid=1, id=UUID(cube.id).bytes, provenance=b"")
        path = cube.namespace
        nid = self.interned("namespace", "nid", "path", path, tid=1, aid=self.acl(INHERITED.get(path, ())), last_seq=0)
        for tag in cube.tags:
            held = {"key": tag.key, "own": int(tag.by == "user")}
            known = list(self.connection.execute("SELECT tag FROM tag WHERE key = :key AND own = :own", held))
            found = known[0][0] if known else self.insert("tag", tid=1, name=tag.name, value=tag.value, **held)
            self.insert("cube_tag", row=number, tag=found)
        same = {name: getattr(row, name) for name in SAME}
        rest = {"bid": 0, "sid": 1, "version": 1, "cid": number, "header": "{}", "metadata": row.metadata or None}
        self.insert("version", **same, **rest, nid=nid, aid=self.acl(acl_entries(cube)))

    def acl(self, entries):
        return self.interned("acl", "aid", "entries", json.dumps(sorted(entries))) if entries else None

    def interned(self, table, key, column, content, **others):
        for (found,) in self.connection.execute(f"SELECT {key} FROM {table} WHERE {column} = ?", (content,)):
            return found
        return self.insert(table, **{column: content}, **others)

    def insert(self, table, **fields):
        self.connection.execute(
            f"INSERT INTO {table} ({', '.join(fields)}) VALUES ({', '.join('?' * len(fields))})", tuple(fields.values())
        )
        return self.connection.last_insert_rowid()

    def by_cube(self, filter, now):
        return [filter.matches(cube, now=now, inherited=INHERITED.get(cube.namespace, ())) for cube in self.cubes]

    def by_columns(self, filter, now):
        found = np.zeros(len(self.cubes), np.bool_)
        for namespace, columns in self.columns.items():
            found[self.numbers[namespace]] = columns.mask(filter, microseconds(now))
        return found.tolist()

    def by_sql(self, filter, now, alias="v"):
        condition, parameters = filter_sql.compile(filter, microseconds(now), alias)
        cube, namespace = filter_sql.ALIASES[alias]
        joined = f"version {alias} JOIN cube {cube} ON {cube}.uid = {alias}.uid JOIN namespace {namespace} ON {namespace}.nid = {alias}.nid"
        found = {row for (row,) in self.connection.execute(f"SELECT {alias}.row FROM {joined} WHERE {condition}", parameters)}
        return [number in found for number in range(1, len(self.cubes) + 1)]

"""What must hold of a store after its writers died."""

import json

from memos.backends.sqlite.adapter import SqliteAdapter
from memos.backends.sqlite.doctor import diagnose
from tests.crash.making import EMBEDDER, analyse
from tests.crash.writing import PARTS

ALL = "SELECT c.id, v.version, b.body FROM version v JOIN cube c ON c.uid = v.uid JOIN content b ON b.cid = v.cid"
BATCHES = """SELECT count(*) FROM content WHERE body LIKE 'batch _ of %' GROUP BY substr(body, 12) HAVING count(*) <> ?"""


def acknowledged(path):
    """What a writer's file holds: (id, version, text); a line cut short was never acknowledged."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return {tuple(each) for line in lines for each in json.loads(line)}


def look_over(directory, told):
    """(acknowledged memories that are lost, batches that are half there, faults that the doctor found)."""
    adapter = SqliteAdapter(directory, embedder=EMBEDDER)
    try:
        with adapter.reader() as connection:
            there = {(_text(cube), version, body) for cube, version, body in connection.execute(ALL)}
            half = list(connection.execute(BATCHES, (PARTS,)))
        return len(set(told) - there), len(half), diagnose(adapter, analyse)
    finally:
        adapter.close()


def _text(body):
    text = body.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

"""What filters mean, case by case, on a cube, on columns and in SQL."""

from datetime import UTC, datetime

import pytest

from memos.memcube.cube import MemCube, Tag
from memos.memcube.filter import Filter
from memos.memcube.payload import Plaintext
from memos.memcube.policy import AclEntry, Policy
from memos.memcube.provenance import CallContext, Provenance
from tests.filter_world import World

ID = "019a0000-0000-7000-8000-00000000abcd"
NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
MIDNIGHT = datetime(2025, 1, 1, tzinfo=UTC)
METADATA = {
    "one": 1,
    "float": 1.0,
    "text": "1",
    "yes": True,
    "no": False,
    "zero": 0,
    "nothing": None,
    "empty": "",
    "e\u0301": "é",
    "a.b": "dotted",
    "list": [1, "x", True, None, [2], {"y": 3}],
    "bare": [],
    "object": {"b": 1},
    'q"uote': "it's",
    "wide": 2**53 + 1,
    "far": 2**63 - 1,
    "%": "100%",
    "\\": 'C:\\temp "x"',
    "astral": "\U0001f9e0",
    "high": "\uffff",
    "tiny": 5e-324,
    "minus": -0.0,
}
CUBE = MemCube(
    id=ID,
    namespace="user/alice/notes",
    layer="private",
    payload=Plaintext(text="x"),
    tags=(Tag(name="home"), Tag(name="mood", value="calm")),
    policy=Policy(owner="alice", acl=(AclEntry(principal="user:bob", rights=("read",)),), expires_at=NOW, priority=5),
    provenance=Provenance(id=ID, origin="test", context=CallContext(user="alice")),
    said_at=MIDNIGHT,
    created_at=MIDNIGHT,
    updated_at=MIDNIGHT,
    session="s1",
    ordinal=0,
    metadata=METADATA,
)
TRUE = [
    {},
    {"and": []},
    {"not": {"or": []}},
    {"id": ID.upper()},
    {"id": {"lt": "019b0000-0000-7000-8000-000000000000"}},
    {"namespace": "user/alice/notes"},
    {"namespace": {"under": "user/alice"}},
    {"namespace": {"under": "user/alice/notes"}},
    {"layer": "private", "type": "plaintext", "state": {"in": ["generated", "merged"]}, "sensitivity": {"ne": "public"}},
    {"frozen": False},
    {"tags": {"any": ["home", "work"]}},
    {"tags": {"all": ["home", "mood", "mood=calm"]}},
    {"tags": {"all": ["home", "home"], "none": ["calm", "mood=", "Home"]}},
    {"tags": {"exists": True, "all": [], "none": []}},
    {"speaker": {"exists": False}},
    {"not": {"speaker": "Bob"}},
    {"not": {"speaker": {"ne": "Bob"}}},
    {"ordinal": 0},
    {"ordinal": {"gte": -(2**63), "lte": 2**63 - 1}},
    {"priority": {"gt": 4, "lt": 6}},
    {"priority": 5.0},
    {"created_at": "2025-01-01"},
    {"created_at": {"gte": "2025-01-01T01:00:00+01:00", "lt": "2025-01-01T00:00:00.000001Z"}},
    {"said_at": {"lt": "now"}, "expires_at": {"lte": "now"}},
    {"valid_to": {"exists": False}},
    {"not": {"valid_to": {"gt": "now"}}},
    {"metadata.one": 1},
    {"metadata.one": 1.0},
    {"metadata.float": 1},
    {"metadata.one": {"in": [True, "1", 1]}},
    {"metadata.one": {"all": [1, 1.0], "none": [True, "1"]}},
    {"metadata.yes": True},
    {"metadata.yes": {"ne": 1}},
    {"metadata.no": {"in": [False]}},
    {"metadata.text": {"ne": 1}},
    {"metadata.text": {"lt": "2", "gt": "0"}},
    {"metadata.nothing": {"exists": False}},
    {"metadata.missing": {"exists": False, "none": [1], "all": []}},
    {"metadata.empty": {"exists": True, "eq": "", "lt": " "}},
    {"metadata.bare": {"exists": True, "all": [], "none": ["x"], "ne": 1}},
    {"metadata.list": {"any": [True], "all": [1.0, "x"], "none": [2, 3, "1", False]}},
    {"metadata.list": {"ne": 1}},
    {"metadata.object": {"exists": True, "ne": 1, "none": [1]}},
    {"metadata.a.b": "dotted"},
    {"metadata.e\u0301": {"ne": "e\u0301"}},
    {'metadata.q"uote': "it's"},
    {"metadata.%": {"ne": "100_", "eq": "100%"}},
    {"metadata.\\": 'C:\\temp "x"'},
    {"metadata.wide": {"gt": float(2**53), "ne": float(2**53)}},
    {"metadata.far": {"lt": 2.0**63, "gt": 2**63 - 2}},
    {"metadata.astral": {"gt": "\uffff"}},
    {"metadata.high": {"lt": "\U0001f9e0"}},
    {"metadata.tiny": {"gt": 0, "eq": 5e-324}},
    {"metadata.minus": 0},
    {"acl": {"any": ["read:user:bob"]}},
]
FALSE = [
    {"or": []},
    {"and": [{}, {"or": []}]},
    {"namespace": {"under": "user/alice/note"}},
    {"namespace": {"under": "user/alice/notes/x"}},
    {"tags": {"any": []}},
    {"tags": {"any": ["calm", "hom", "home=", "HOME"]}},
    {"tags": {"all": ["home", "work"]}},
    {"tags": {"exists": False}},
    {"speaker": {"ne": "Bob"}},
    {"speaker": {"in": []}},
    {"speaker": {"gte": ""}},
    {"ordinal": {"in": []}},
    {"ordinal": {"ne": 0}},
    {"valid_to": {"gt": "0001-01-01"}},
    {"valid_to": {"ne": "now"}},
    {"expires_at": {"gt": "now"}},
    {"metadata.one": "1"},
    {"metadata.one": True},
    {"metadata.yes": 1},
    {"metadata.yes": {"gt": False}},
    {"metadata.yes": {"lte": True}},
    {"metadata.zero": False},
    {"metadata.zero": {"lt": "a"}},
    {"metadata.text": {"gt": 0}},
    {"metadata.nothing": {"ne": 1}},
    {"metadata.missing": {"any": [1]}},
    {"metadata.missing": {"all": [1]}},
    {"metadata.missing": {"ne": 1}},
    {"metadata.bare": {"any": [1]}},
    {"metadata.list": 1},
    {"metadata.list": {"in": [1, "x"]}},
    {"metadata.list": {"gt": 0}},
    {"metadata.list": {"any": [2, 3]}},
    {"metadata.list": {"all": [1, 2]}},
    {"metadata.object": {"any": [1]}},
    {"metadata.a": {"exists": True}},
    {"metadata.é": {"exists": True}},
    {"metadata.wide": 2**53},
    {"metadata.wide": float(2**53)},
    {"metadata.far": 2.0**63},
    {"metadata.astral": {"lt": "\uffff"}},
    {"acl": {"any": ["read:user:alice", "write:user:bob"]}},
]


@pytest.fixture(scope="module")
def world():
    return World([CUBE])


@pytest.mark.parametrize(("form", "holds"), [(form, True) for form in TRUE] + [(form, False) for form in FALSE])
def test_meaning(world, form, holds):
    condition = Filter.parse(form, internal=True)
    assert world.by_cube(condition, NOW) == [holds]
    assert world.by_columns(condition, NOW) == [holds]
    assert world.by_sql(condition, NOW) == [holds]
    assert world.by_sql(~condition, NOW) == [not holds]


def test_columns_keep_apart_what_the_language_keeps_apart():
    """One after the other, so that a dictionary that mixed them up would be found out."""
    values = [1, True, "1", 1.0, 0, False, "", -0.0, [1], [True], ["1"], {}, [], None]
    cubes = [CUBE.model_copy(update={"id": f"{ID[:-2]}{number:02d}", "metadata": {"k": value}}) for number, value in enumerate(values)]
    world = World(cubes)
    for operator, operand in [
        ("eq", 1),
        ("eq", True),
        ("eq", "1"),
        ("ne", 1),
        ("any", [1]),
        ("any", [True]),
        ("in", [0]),
        ("exists", True),
        ("none", [1]),
    ]:
        condition = Filter.parse({"metadata.k": {operator: operand}})
        assert world.by_columns(condition, NOW) == world.by_cube(condition, NOW) == world.by_sql(condition, NOW)
    assert world.by_cube(Filter.parse({"metadata.k": 1}), NOW) == [value in (1, 1.0) and not isinstance(value, bool) for value in values]

"""The PROV-JSON of a lineage: what it says, and that the `prov` package reads it."""

import json

import pytest
from prov.constants import PROV_TYPE
from prov.model import ProvDocument

from memos import MemOS
from memos.memcube.change import ChangeSet, CubeWrite, Edge, ReadSet

CANARY = "xylocanary"
DERIVED, TYPE = "wasDerivedFrom", "prov:type"


@pytest.fixture
def memory(tmp_path):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none") as system:
        yield system


@pytest.fixture
def alice(memory):
    return memory.as_user("alice", agent="planner", purpose="care", task="visit", session="s1", model="gpt-4.1")


def export(session, cube_id, **how):
    """The document, which `prov` reads, writes and reads again as the same one."""
    value = session.lineage(cube_id, format="prov", **how).value
    read = ProvDocument.deserialize(content=json.dumps(value), format="json")
    written = read.serialize(format="json")
    assert ProvDocument.deserialize(content=written, format="json") == read
    again = json.loads(written)
    assert again.keys() == value.keys()
    for section in value.keys() - {"prefix"}:
        assert bare(again, section) == bare(value, section), section
    return value


def bare(document, section):
    """The records of a section, without the numbers of those that have no name, and with plain values."""
    named = section in {"entity", "activity", "agent"}
    rows = [(name if named else "", sorted((key, plain(value)) for key, value in row.items())) for name, row in document[section].items()]
    return sorted(rows)


def plain(value):
    values = value if isinstance(value, list) else [value]
    return sorted(str(each["$"] if isinstance(each, dict) else each).replace("Z", "+00:00") for each in values)


def relations(document, kind, *keys):
    return {tuple(row.get(key) for key in keys) for row in document.get(kind, {}).values()}


def derivations(document):
    rows = document.get(DERIVED, {}).values()
    return {(row["prov:generatedEntity"], row["prov:usedEntity"], row.get(TYPE, {}).get("$"), row.get("memos:relation")) for row in rows}


def test_every_version_is_an_entity_and_every_call_an_activity(alice):
    born = alice.add(f"{CANARY} one", trigger="told", tags=[CANARY], metadata={"a": CANARY})
    cube = born.cubes[0]
    changed = alice.update(cube.id, f"{CANARY} two")
    moved = alice.transfer(cube.id, to="user/alice/notes")
    document = export(alice, cube.id)
    names = [f"memos:{cube.id}-v{version}" for version in (1, 2, 3)]
    calls = [f"memos:call-{reply.call_id}" for reply in (born, changed, moved)]
    whole = f"memos:provenance-{cube.id}"
    assert set(document["entity"]) == {*names, whole}
    assert document["entity"][names[2]] == {
        "prov:type": {"$": "memos:Memory", "type": "prov:QUALIFIED_NAME"}, "memos:id": cube.id, "memos:version": 3,
        "memos:provenance": cube.id, "memos:state": "generated", "memos:namespace": "user/alice/notes", "memos:type": "plaintext",
    }  # fmt: skip
    assert set(document["activity"]) == set(calls)
    first = document["activity"][calls[0]]
    told = {key: first[f"memos:{key}"] for key in ("origin", "trigger", "call", "session", "purpose", "task")}
    assert told == {"origin": "user", "trigger": "told", "call": born.call_id, "session": "s1", "purpose": "care", "task": "visit"}
    assert first["prov:startTime"] == cube.created_at.isoformat()
    assert relations(document, "wasGeneratedBy", "prov:entity", "prov:activity") == set(zip(names, calls, strict=True))
    assert derivations(document) == {(names[1], names[0], "prov:Revision", None), (names[2], names[1], "prov:Revision", None)}
    assert relations(document, "used", "prov:activity", "prov:entity") == {(calls[1], names[0]), (calls[2], names[1])}
    assert relations(document, "specializationOf", "prov:specificEntity", "prov:generalEntity") == {(name, whole) for name in names}
    assert CANARY not in json.dumps(document)


def test_who_called_who_acted_for_them_and_the_model_are_agents(alice):
    cube = alice.add("one").cubes[0]
    document = export(alice, cube.id)
    user, agent, model = "memos:user-alice", "memos:agent-planner", "memos:model-gpt-4%2E1"
    kinds = {name: (row[TYPE]["$"], row["prov:label"]) for name, row in document["agent"].items()}
    assert kinds == {
        user: ("prov:Person", "alice"), agent: ("prov:SoftwareAgent", "planner"), model: ("prov:SoftwareAgent", "gpt-4.1"),
    }  # fmt: skip
    assert {row[1] for row in relations(document, "wasAssociatedWith", "prov:activity", "prov:agent")} == {user, agent, model}
    assert relations(document, "actedOnBehalfOf", "prov:delegate", "prov:responsible") == {(agent, user)}
    assert relations(document, "wasAttributedTo", "prov:entity", "prov:agent") == {(f"memos:{cube.id}-v1", each) for each in (user, agent)}


def test_parents_are_derivations_of_the_versions_that_were_used(alice):
    one, two = alice.add(["one", "two"]).cubes
    alice.update(one.id, "one more")
    made = alice.compose([one.id, two.id])
    whole = made.cubes[0].id
    alice.update(whole, "rewritten")
    document = export(alice, whole)
    parents = {row for row in derivations(document) if row[3] is not None}
    assert parents == {
        (f"memos:{whole}-v1", f"memos:{one.id}-v2", None, "composed_of"),
        (f"memos:{whole}-v1", f"memos:{two.id}-v1", None, "composed_of"),
    }
    used = relations(document, "used", "prov:activity", "prov:entity")
    assert (f"memos:call-{made.call_id}", f"memos:{one.id}-v2") in used


def test_links_are_primary_sources_of_the_version_that_brought_them(alice):
    cube = alice.add("one", links=["https://example.org/a?b=c#d", "note ü.txt"]).cubes[0]
    alice.update(cube.id, tags=["x"])
    alice.add("one", links=["mail:1"], trigger="import")
    document = export(alice, cube.id)
    places = {name: row["prov:location"] for name, row in document["entity"].items() if "prov:location" in row}
    sources = {(row[0], places[row[1]]) for row in derivations(document) if row[2] == "prov:PrimarySource"}
    first, second = (f"memos:{cube.id}-v{version}" for version in (1, 2))
    assert sources == {(first, "https://example.org/a?b=c#d"), (first, "note ü.txt"), (second, "mail:1")}


def test_a_repetition_influenced_the_version_that_stood(memory, alice):
    cube = alice.add("one").cubes[0]
    again = memory.as_user("alice", model="m-2").add("ONE", trigger="import")
    document = export(alice, cube.id)
    call = f"memos:call-{again.call_id}"
    assert relations(document, "wasInfluencedBy", "prov:influencee", "prov:influencer") == {(f"memos:{cube.id}-v1", call)}
    assert document["activity"][call]["memos:trigger"] == "import"
    assert (call, "memos:model-m-2") in relations(document, "wasAssociatedWith", "prov:activity", "prov:agent")


def test_what_one_call_says_of_several_memories_stands_together(memory, alice):
    reply = alice.add([{"role": "user", "content": "a turn"}, "a fact"])
    ids = [cube.id for cube in reply.cubes]
    relate(memory, (ids[0], ids[1], "derived_from"))
    document = export(alice, ids[0])
    assert sorted(document["activity"][f"memos:call-{reply.call_id}"]["memos:origin"]) == ["conversation", "user"]


def relate(memory, *edges, writes=()):
    caller, clock = memory.as_user("alice").caller, memory._clock
    change = ChangeSet("default", caller, clock.new_id(), "archive", clock.now(), writes=writes, edges=tuple(Edge(*edge) for edge in edges))
    memory._vault.commit(change, ReadSet())


def test_edges_of_which_no_header_tells_join_the_latest_versions(memory, alice):
    a, b, c = (cube.id for cube in alice.add(["a", "b", "c"]).cubes)
    relate(memory, (a, b, "merged_from"), (a, c, "supersedes"))
    alice.update(a, "a more")
    document = export(alice, a, relations=["merged_from", "supersedes"])
    assert (f"memos:{a}-v2", f"memos:{b}-v1", None, "merged_from") in derivations(document)
    keys = ("prov:influencee", "prov:influencer", "memos:relation")
    assert relations(document, "wasInfluencedBy", *keys) == {(f"memos:{a}-v2", f"memos:{c}-v1", "supersedes")}


def test_a_change_of_state_is_a_use_of_the_version(memory, alice):
    cube = alice.add("one").cubes[0]
    context = cube.provenance.context.model_copy(update={"call": None})
    provenance = cube.provenance.model_copy(update={"origin": "decay", "context": context})
    archived = cube.model_copy(update={"state": "archived", "provenance": provenance})
    relate(memory, writes=(CubeWrite(archived, birth=False),))
    document = export(alice, cube.id)
    assert document["entity"][f"memos:{cube.id}-v1"]["memos:state"] == "archived"
    (used,) = document["used"].values()
    assert (used["prov:entity"], used["memos:state"]) == (f"memos:{cube.id}-v1", "archived")
    activity = document["activity"][used["prov:activity"]]
    assert (activity["memos:origin"], "memos:call" in activity, "prov:startTime" in activity) == ("decay", False, False)


@pytest.mark.parametrize("name", ["Ana B.", "日本", "a/b%c", 'it\'s "so"', "~x~", "-.-", "a:b@c", "🧠", "x" * 100])
def test_names_of_any_script_are_written_so_that_they_come_back(memory, name):
    odd = memory.as_user(name, agent=name, model=name, task=name, purpose=name)
    cube = odd.add("one", links=[name], trigger=name).cubes[0]
    document = export(odd, cube.id)
    assert {row["prov:label"] for row in document["agent"].values()} == {name}
    read = ProvDocument.deserialize(content=json.dumps(document), format="json")
    assert len(list(read.get_records())) == sum(len(rows) for section, rows in document.items() if section != "prefix")
    assert all(record.get_attribute(PROV_TYPE) for record in read.get_records() if record.is_element())

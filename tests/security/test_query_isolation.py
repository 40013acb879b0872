"""A search with any options is as if what the caller may not see were not there."""

from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memos import MemOS
from memos.memcube.call import MemoryQuery
from tests.clock import HandClock

START = datetime(2025, 1, 1, tzinfo=UTC)
SAID = ("I moved to Lisbon", "the boat needs a mast", "the hull is green", "Rui paints the boat", "we sail on Sunday")
PLACES = {"alice": ("user/alice", "context/alice/s1", "user/alice/notes"), "bob": ("shared/team", "shared/team/plans", "user/bob")}
DOOR = {"start": 4, "end": 13, "label": "PLACE", "sensitivity": "restricted"}


@st.composite
def said(draw):
    """One thing that somebody says somewhere: as a fact, or as a turn of a conversation."""
    owner = draw(st.sampled_from(["alice", "bob", "bob"]))
    return {
        "owner": owner,
        "namespace": draw(st.sampled_from(PLACES[owner])),
        "text": draw(st.sampled_from(SAID)) + draw(st.sampled_from(["", ".", " today"])),
        "session": draw(st.sampled_from([None, None, "talk", "chat"])),
        "tags": draw(st.sampled_from([[], ["topic=boat"], ["topic=home"], ["kind=preference"]])),
        "priority": draw(st.integers(0, 3)),
        "seen": owner == "alice" or draw(st.booleans()),
    }


def store(things, *, whole):
    """A store with all of it, or with what alice may see alone; the turns have the same ordinals in both."""
    memory = MemOS.open("memory:", embedder="hashing", worker="none", clock=HandClock(START))
    for place, thing in enumerate(things):
        memory._clock.move(days=1)
        if whole or thing["seen"]:
            what = thing["text"]
            if thing["session"]:
                what = [{"role": "user", "name": thing["owner"], "content": what, "session": thing["session"], "ordinal": place}]
            acl = {"user:alice": ["read"]} if thing["owner"] == "bob" and thing["seen"] else {}
            fields = {name: thing[name] for name in ("namespace", "tags", "priority")}
            roles = ("team",) if thing["owner"] == "bob" else ()
            memory.as_user(thing["owner"], roles=roles).add(what, acl=acl, wait=True, **fields)
    return memory


def told(memory, query):
    """All that a search says, with what differs between two stores, the ids, as what they name."""
    reply = memory.as_user("alice", session="s1").query(query)
    names = {cube.id: (cube.namespace, cube.text, cube.said_at) for cube in memory.as_user("alice").list(
        namespaces=["user", "context", "shared", "global"], limit=1000).cubes}  # fmt: skip
    hits = [
        (
            names[hit.cube.id], round(hit.score, 6), {name: round(value, 6) for name, value in hit.why.items()},
            sorted(names[each] for each in hit.also), hit.group, hit.reached and (names[hit.reached.id], hit.reached.relation),
        )
        for hit in reply.hits
    ]  # fmt: skip
    return hits, [names[cube.id] for cube in reply.cubes], reply.details


OPTIONS = [
    {},
    {"limit": 2},
    {"layers": ["shared", "global"]},
    {"layers": ["private"], "namespaces": ["shared/team"]},
    {"group": "session", "per_group": 2},
    {"group": "namespace", "limit": 2},
    {"group": "tag:topic", "per_group": 1},
    {"group": "speaker", "rank": {"order": "recent"}},
    {"rank": {"diverse": 0.5}, "limit": 4},
    {"rank": {"coverage": "time"}, "limit": 4},
    {"rank": {"coverage": "exchanges", "recency": 3}, "limit": 4},
    {"rank": {"priority": 5, "minimum": 0.5}},
    {"expand": ["next", "previous"], "limit": 2},
    {"path": {"topic": "boat"}},
    {"standing": 2, "explain": True},
]


@settings(max_examples=40)
@given(things=st.lists(said(), min_size=3, max_size=12), options=st.sampled_from(OPTIONS), text=st.sampled_from([*SAID, "boat"]))
def test_what_is_hidden_changes_nothing(things, options, text):
    with store(things, whole=True) as whole, store(things, whole=False) as seen:
        query = MemoryQuery.model_validate({"text": text, **options})
        assert told(whole, query) == told(seen, query)


def test_what_is_hidden_of_a_text_is_not_found_out_by_being_equal():
    with MemOS.open("memory:", embedder=None, worker="none") as memory:
        alice, bob = memory.as_user("alice"), memory.as_user("bob")
        text = "The blue door opens with a knock"
        bob.add(text, acl={"user:alice": ["read"]}, spans=[DOOR], sensitivity="internal")
        bob.add("the spare key is under the pot", acl={"user:alice": ["read"]})
        alice.add([text, "the spare key is under the pot"])
        hits = {hit.cube.text: hit for hit in alice.search("blue door opens spare key pot knock").hits}
        assert hits[text].also == ()
        assert "The [PLACE] opens with a knock" in hits
        assert len(hits["the spare key is under the pot"].also) == 1


@pytest.mark.parametrize("options", [{"group": "session", "per_group": 1}, {"group": "speaker", "per_group": 1}, {"expand": "next"}])
def test_what_stands_beside_a_text_that_is_hidden_in_part_is_not_counted(options):
    with MemOS.open("memory:", embedder=None, worker="none") as memory:
        alice, bob = memory.as_user("alice"), memory.as_user("bob")
        turns = ["the boat is green", "The blue door is beside the boat"]
        numbers = count()
        bob.add(
            [{"role": "user", "name": "Bob", "content": turns[0], "ordinal": next(numbers)}], session="talk", acl={"user:alice": ["read"]}
        )
        bob.add(
            [{"role": "user", "name": "Bob", "content": turns[1], "ordinal": next(numbers)}],
            session="talk", acl={"user:alice": ["read"]}, metadata={"card": "4111 1111 1111 1111"}, sensitivity="internal",
        )  # fmt: skip
        first = next(hit for hit in alice.search("green boat", **options).hits if hit.cube.text == turns[0])
        assert first.group is None or first.group.others == 0
        assert [hit for hit in alice.search("green", limit=1, **options).hits if hit.reached] == []


def test_what_one_may_not_see_is_not_named_by_an_explanation():
    with MemOS.open("memory:", embedder=None, worker="none") as memory:
        memory.as_user("bob", roles=("secret-plan",)).add("the plan", namespace="shared/secret-plan")
        details = memory.as_user("alice").search("plan", namespaces=["shared", "shared/secret-plan"], explain=True).details
        assert details["scope"] == []
        assert details["passing"] == 0

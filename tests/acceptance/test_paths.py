"""Paths, as a user meets them: a question for a class of things finds its members, says so, and can be told not to."""

import pytest

from memos import MemOS
from memos.errors import InvalidCall

QUESTION = "What instruments does Ines play?"
SAID = (
    ("Ines", "My clarinet has a crack, so no rehearsal this week."),
    ("Rui", "I dragged the old piano down to the cellar."),
    ("Ines", "The council wants to close the road by the mill."),
    ("Rui", "They always do that before the market."),
    ("Ines", "I picked up the violin again, after ten years."),
    ("Rui", "We should paint the fence before it rains."),
)


@pytest.fixture(scope="module")
def memory():
    with MemOS.open("memory:", worker="none") as opened:
        opened.as_user("alice").add([{"role": "user", "name": name, "content": text} for name, text in SAID], session="talk")
        opened.as_user("bob").add([{"role": "user", "name": "Rui", "content": "Ines has sold her violin."}], session="talk")
        opened.drain()
        yield opened


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


def test_the_members_of_a_class_are_found_and_the_hits_say_so(alice):
    hits = alice.search(QUESTION, limit=2).hits
    assert {hit.cube.text for hit in hits} == {SAID[0][1], SAID[4][1]}
    for hit in hits:
        assert hit.why["concept"] > 0
        assert sum(hit.why.values()) == pytest.approx(hit.score)


def test_it_can_be_left_out(alice):
    assert all("concept" not in hit.why for hit in alice.search(QUESTION, rank={"resolver": False}).hits)
    with pytest.raises(InvalidCall, match="resolver"):
        alice.search(QUESTION, rank={"resolver": "no"})


def test_the_path_is_told_where_it_is_asked_for(alice):
    first, second = alice.search(QUESTION, explain=True).details["path"]
    assert first["search"] == QUESTION
    assert (second["of"], second["speakers"], second["why"]) == (["instruments"], ["ines"], "concept")
    assert "violin" in second["search"]
    assert len(alice.search(QUESTION, explain=True, rank={"resolver": False}).details["path"]) == 1
    assert "path" not in alice.search(QUESTION).details


def test_who_speaks_where_one_may_not_read_is_not_told(memory):
    reply = memory.as_user("bob").search(QUESTION, explain=True, namespaces=["user/alice", "user/bob"])
    assert [each["step"] for each in reply.details["path"]] == ["topic"]
    assert all("concept" not in hit.why for hit in reply.hits)


def test_the_log_names_the_path_among_the_lanes(alice):
    reply = alice.search(QUESTION, limit=1)
    assert "path" in alice.explain(reply.call_id).value["memories"][0]["lanes"]

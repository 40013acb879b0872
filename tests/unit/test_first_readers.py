"""What the first who used predicted structure on their own texts found wrong, and how it is now."""

import numpy as np
import pytest

from memos import MemOS
from memos.operation.memoperator.entities import mentions
from memos.operation.memoperator.relations import relations
from memos.operation.memoperator.speakers import Speakers
from memos.operation.memoperator.tagging import predicted


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Answer briefly.", "instruction"),
        ("Use tabs, not spaces.", "instruction"),
        ("Speak like a pirate.", "instruction"),
        ("Prefer composition over inheritance.", "instruction"),
        ("Do not repeat my question.", "instruction"),
        ("The user prefers dark mode.", "preference"),
        ("User wants concise answers.", "preference"),
        ("Remember to buy oat milk.", "request"),
    ],
)
def test_standing_instructions_are_told_from_requests(text, kind):
    assert [tag.value for tag in predicted(text, "told", ()) if tag.name == "kind"] == [kind]


@pytest.mark.parametrize(
    ("text", "found"),
    [("I'm married to Petra.", {("Petra", "person")}), ("We meet on Thursdays.", set()), ("Zoë came over.", {("Zoë", "person")})],
)
def test_names_are_told_from_other_words(text, found):
    assert {each[:2] for each in mentions(text, None)} == found


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("Theo started swimming lessons at Kirkstall Baths.", "works_at"),
        ("Theo has read all the Paddington books.", "owns"),
    ],
)
def test_no_relation_is_made_up(text, relation):
    assert relation not in {each.relation for each in relations(text, mentions(text, None), None)}


def test_what_an_office_is_held_by_is_not_its_name():
    with MemOS.open("memory:", embedder=None, worker="none") as memory:
        alice = memory.as_user("alice")
        alice.add(["The CEO of Acme is Jane Doe.", "Acme Corp. fired Jane Doe.", "Acme opened an office."])
        assert {"Acme Corp", "Jane Doe"} <= {each["label"] for each in alice.entities().value}


def test_a_familiar_form_names_the_one_speaker_whose_it_is():
    speakers = Speakers({"Melanie": 0, "Caroline": 1}, np.array([0, 1, 0]))
    assert speakers.named(["what", "has", "mel", "made"]).tolist() == [1, 0, 1]
    assert Speakers({"Melanie": 0, "Melissa": 1, "Bo": 2}, np.array([0, 1, 2])).named(["mel"]) is None
    assert Speakers({"William": 0, "Bo": 1}, np.array([0, 1])).named(["will"]) is None


def test_a_search_by_group_reads_no_further_when_there_are_no_more_groups(monkeypatch):
    from memos.operation.memoperator.operator import MemOperator

    asked, retrieve = [], MemOperator.retrieve

    def watched(self, query, *rest):
        asked.append(query.limit)
        return retrieve(self, query, *rest)

    monkeypatch.setattr(MemOperator, "retrieve", watched)
    with MemOS.open("memory:", embedder=None, worker="none") as memory:
        alice = memory.as_user("alice")
        for session in "ab":
            alice.add([{"role": "user", "content": f"the boat of {session}, number {number}"} for number in range(20)], session=session)
        alice.add([{"role": "user", "content": f"the boat of b, number {number}"} for number in range(900)], session="b")
        assert {hit.group.key for hit in alice.search("boat", group="session").hits} == {"a", "b"}
        assert max(asked) < 500
        assert {hit.group.key for hit in alice.search("boat", group="speaker").hits} == {"user"}

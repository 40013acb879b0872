"""Conversation: what is heard of names costs what a text holds, and a long one no more than its beginning."""

import pytest

from memos.operation.memoperator.conversation import Said, heard
from memos.operation.memoperator.entities import READ, Mention
from memos.operation.memoperator.relations import relations

TALK = "Ann met Bob in Paris. My sister Carol works at Initech. "
NAMES = ("Ann", "Bob", "Paris", "Carol", "Initech")


@pytest.mark.timeout(60)
def test_a_very_long_text_is_read_at_once():
    found = heard([Said(TALK * 20_000, "Dora", NAMES)])
    told = relations(TALK * 20_000, [Mention(name, "person", 1.0) for name in NAMES], "Dora")
    assert found.apart["Ann", "Bob"] == 1
    assert any(each.relation == "sister" for each in told)


@pytest.mark.timeout(60)
def test_much_space_between_names_is_not_searched():
    assert heard([Said(f"Ann{' ' * (READ - 10)}Bob", None, NAMES)]).apart["Ann", "Bob"] == 1


def test_the_longer_name_takes_its_place():
    found = heard([Said("Ann Lee (Annie) met Ann and Lee", None, ("Ann", "Lee", "Ann Lee", "Annie"))])
    assert found.one["Ann Lee", "Annie"] == 1
    assert found.apart["Ann", "Ann Lee"] == 1
    assert found.one["Ann", "Annie"] == 0

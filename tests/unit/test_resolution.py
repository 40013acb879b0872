"""Which names are one entity's: by how they are written, by talk, by what users say; and relations between entities in texts."""

import random

import pytest

from evals.graph import aliases, named, scores
from memos.operation.memoperator.conversation import Said
from memos.operation.memoperator.entities import mentions
from memos.operation.memoperator.relations import relations
from memos.operation.memoperator.resolution import Name, Verdict, propose, resolve

PEOPLE = [Name("Mel", "person"), Name("Melanie", "person"), Name("Melissa", "person")]


def groups(names, said=(), verdicts=()):
    return {frozenset(group.names) for group in resolve(names, said, verdicts) if len(group.names) > 1}


def of(*names, kind="person"):
    return [Name(name, kind) for name in names]


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("Mel", "Melanie"), "person"), (("Dr. Silva", "Ana Silva"), "person"), (("NYC", "New York City"), "place"),
        (("A. Kowalska", "Anna Kowalska"), "person"), (("Katherine", "Catherine"), "person"), (("Acme", "Acme Corp"), "organisation"),
        (("University of Porto", "Porto University"), "organisation"), (("The Hobbit", "Hobbit"), "work"), (("José", "Jose"), "person"),
    ],
)  # fmt: skip
def test_names_that_are_one(names, kind):
    assert groups(of(*names, kind=kind)) == {frozenset(names)}


@pytest.mark.parametrize("names", [("Mr. Silva", "Mrs. Silva"), ("Daniel", "Daniela"), ("Marie", "Maria"), ("Tom Silva", "Ana Silva")])
def test_names_that_are_not(names):
    assert groups(of(*names)) == set()


def test_a_short_form_of_two_is_of_neither_until_talk_tells():
    assert groups(PEOPLE) == set()
    said = [Said("Hey Mel, how are you?", "Tom", ("Mel",), "1"), Said("Fine!", "Melanie", (), "1")]
    assert groups(PEOPLE, said) == {frozenset({"Mel", "Melanie"})}
    assert groups(PEOPLE[:2], [Said("Mel and Melanie came.", None, ("Mel", "Melanie"))]) == set(), "side by side they are two"
    assert groups(of("Mel", "Bo"), [Said("Mel, we call her Bo, came.", None, ("Mel", "Bo"))]) == {frozenset({"Mel", "Bo"})}


def test_verdicts_go_before_predictions_and_later_ones_before_earlier():
    same, apart = Verdict(("Mel", "Melanie"), same=True), Verdict(("Mel", "Melanie"), same=False)
    two = PEOPLE[:2]
    assert groups(two, verdicts=[apart]) == set()
    assert groups(two, verdicts=[apart, same]) == groups(two) == {frozenset({"Mel", "Melanie"})}
    assert groups(two, verdicts=[same, apart]) == set()
    (group,) = resolve(two, verdicts=[same])
    assert (group.by, group.confidence) == ("user", 1.0)
    assert propose(two, verdicts=[same]) == propose(two, verdicts=[apart]) == ()
    assert [match.names for match in propose(two)] == [("Mel", "Melanie")]


def test_a_cannot_link_holds_through_a_third_name():
    names = of("Rob", "Robert", "Bob")
    found = groups(names, verdicts=[Verdict(("Rob", "Bob"), same=False)])
    assert not any({"Rob", "Bob"} <= group for group in found)


def test_the_order_of_the_names_does_not_matter():
    names = [*PEOPLE, *of("Melanie Roy", "Ana", "Ana Silva", "Dr. Silva", "Rui"), *of("NYC", "New York", "New York City", kind="place")]
    wanted = groups(names)
    for seed in range(20):
        shuffled = random.Random(seed).sample(names, len(names))
        assert groups(shuffled) == wanted


@pytest.mark.proof(capability="entity-resolution", small=2, full=2)
def test_names_are_resolved_and_found_as_labelled(trials, record_proof):
    figures = {}
    for part in ("seen", "unseen")[:trials]:
        pairs, found = scores(*aliases(part)), scores(*named(part, kinds=False))
        figures |= {f"{part}_pairs": pairs, f"{part}_names": found, f"{part}_kinds": scores(*named(part, kinds=True))}
    record_proof(**{name: [round(each, 3) for each in figure] for name, figure in figures.items()})
    assert figures["unseen_pairs"][2] >= 0.9
    assert figures["seen_pairs"][2] >= 0.95
    assert figures["unseen_names"][2] >= 0.9
    assert figures["unseen_kinds"][2] >= 0.78


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "My sister Ana works at Siemens in Munich.",
            {("Mel", "sister", "Ana"), ("Ana", "works_at", "Siemens"), ("Siemens", "located_in", "Munich")},
        ),
        ("Ana's husband Rui moved to Porto.", {("Ana", "husband", "Rui"), ("Rui", "lives_in", "Porto")}),
        ("Rui is my best friend. He plays for Sporting Braga.", {("Mel", "friend", "Rui"), ("Rui", "member_of", "Sporting Braga")}),
        ("My dog Biscuit hates the vet.", {("Mel", "owns", "Biscuit")}),
        ('I loved "Beloved" by Toni Morrison.', {("Mel", "likes", "Beloved"), ("Beloved", "created_by", "Toni Morrison")}),
        ("I don't work at Siemens. Does Ana live in Porto? I would love to visit Rome.", set()),
    ],
)  # fmt: skip
def test_what_a_text_says_of_two(text, found):
    assert {each[:3] for each in relations(text, mentions(text, "Mel"), "Mel")} == found


def test_who_speaks_for_nobody_says_nothing_of_itself():
    text = "My sister Ana lives in Porto."
    assert {each[:3] for each in relations(text, mentions(text, None), None)} == {("Ana", "lives_in", "Porto")}

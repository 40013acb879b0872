"""MemoryPathResolver: from a class that a question asks for to its members, among those whom it names, and nowhere else."""

from datetime import UTC, datetime

import numpy as np
import pytest

from evals.retrieval.classes import read
from evals.retrieval.memory_view import Book
from memos.backends.onnx import MiniLM
from memos.memcube.call import Grant, MemoryQuery
from memos.memcube.filter import Filter
from memos.memcube.rank import Rank
from memos.operation.memoperator.classes import classes, rows_for
from memos.operation.memoperator.late import packed
from memos.operation.memoperator.path_resolver import CONCEPT
from memos.operation.memoperator.retrieval import Retrieval

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANYONE = Grant(filter=Filter.everything(), policies=())
HERE = ("user/alice",)
MINILM = MiniLM()
TALK = (
    ("Ines", "My clarinet has a crack, so no rehearsal this week."),
    ("Rui", "I dragged the old piano down to the cellar."),
    ("Ines", "The council wants to close the road by the mill."),
    ("Rui", "They always do that before the market."),
    ("Ines", "I picked up the violin again, after ten years."),
    ("Rui", "We should paint the fence before it rains."),
    ("Ines", "The train was late again, an hour in the cold."),
    ("Rui", "Bring a blanket next time."),
)
CLARINET, PIANO, VIOLIN = 1, 2, 5


def embedded(text):
    rows, words = MINILM.embed_words([text])
    return rows[0], words[0]


def book_of(talk, **columns):
    book = Book(dimensions=384)
    for place, (speaker, text) in enumerate(talk):
        vector, words = embedded(f"{speaker}: {text}")
        fields = {name: value(place) for name, value in columns.items()}
        book.add(text, vector=vector, words=packed(f"{speaker}: {text}", words), speaker=speaker, session="s", ordinal=place, **fields)
    return book


@pytest.fixture(scope="module")
def talk():
    return book_of(TALK)


def query(text, **fields):
    vector, words = embedded(text)
    return MemoryQuery(text=text, vector=vector, words=words, namespaces=HERE, **fields)


def why(book, asked, grant=ANYONE):
    """The contributions to each row's score."""
    found = Retrieval().retrieve(asked, book.view(), grant, NOW)
    for hit in found.hits:
        assert hit.score == pytest.approx(sum(hit.why.values()))
    return {hit.row: hit.why for hit in found.hits}


def steps(book, text, grant=ANYONE, **fields):
    return Retrieval().path(query(text, **fields), book.view(), grant, NOW)


class TestClasses:
    def test_what_is_kept_of_the_members_is_what_the_model_reads(self):
        kept, fresh = rows_for(MINILM.name), read(MINILM)
        assert kept.shape == fresh.shape == (len(classes().members), MINILM.word_dimensions)
        assert np.einsum("ij,ij->i", kept, fresh).min() > 0.999

    def test_another_model_has_read_none(self):
        assert rows_for("another") is None

    def test_a_term_of_several_classes_has_the_members_of_all_each_once(self):
        found = classes().named(["instrument", "sport", "nothing"])
        assert set(found.tolist()) == {*classes().of["instrument"], *classes().of["sport"]}
        assert len(set(found.tolist())) == len(found)


class TestWhatIsFound:
    def test_members_of_the_class_come_first_when_the_person_named_spoke_of_them(self, talk):
        found = why(talk, query("What instruments does Ines play?"))
        assert set(list(found)[:2]) == {CLARINET, VIOLIN}
        assert min(found[row][CONCEPT] for row in (CLARINET, VIOLIN)) > 1

    def test_what_another_said_gains_nothing(self, talk):
        assert CONCEPT not in why(talk, query("What instruments does Ines play?"))[PIANO]

    def test_off_it_adds_nothing(self, talk):
        on, off = (why(talk, query("What instruments does Ines play?", rank=Rank(resolver=each))) for each in (True, False))
        assert all(CONCEPT not in found for found in off.values())
        for row, parts in off.items():
            assert {name: value for name, value in on[row].items() if name != CONCEPT} == pytest.approx(parts)

    def test_it_adds_as_much_where_the_topic_has_no_weight(self, talk):
        asked = query("What instruments does Ines play?", rank=Rank(weights={"late_near": 0.0}))
        usual = why(talk, query("What instruments does Ines play?"))
        assert why(talk, asked)[VIOLIN][CONCEPT] == pytest.approx(usual[VIOLIN][CONCEPT], rel=1e-4)

    def test_a_memory_without_a_vector_gains_nothing(self):
        book = book_of(TALK)
        late = book.add("I also own a flute.", speaker="Ines", session="s", ordinal=len(TALK))
        assert CONCEPT not in why(book, query("What instruments does Ines play?")).get(late.row, {})


class TestWhichQuestions:
    @pytest.mark.parametrize(
        ("text", "concept"),
        [
            ("What instruments does Ines play?", ["instruments"]),
            ("Which instrument does Ines play?", ["instrument"]),
            ("How many instruments has Ines owned?", ["instruments"]),
            ("What has Ines read?", ["read"]),
        ],
    )
    def test_that_ask_by_a_class_take_a_further_step(self, talk, text, concept):
        topic, further = steps(talk, text)
        assert (topic["step"], topic["search"], topic["speakers"]) == ("topic", text, [])
        assert (further["step"], further["of"], further["speakers"], further["why"]) == (CONCEPT, concept, ["ines"], CONCEPT)

    def test_a_step_tells_the_members_that_it_looks_for(self, talk):
        assert {"clarinet", "violin", "piano"} <= set(steps(talk, "What instruments does Ines play?")[1]["search"])

    @pytest.mark.parametrize(
        "text",
        [
            "What instrument did Ines play?",
            "When did Ines buy instruments?",
            "What does the council want?",
            "What instruments are there?",
            "What instruments do Ines and Rui play?",
            "What instruments did Ines repair in the cold cellar of the old mill?",
            "What is the status of Ines?",
            "What did Ines say?",
        ],
    )
    def test_others_do_not(self, talk, text):
        assert [each["step"] for each in steps(talk, text)] == ["topic"]

    def test_none_does_without_words_that_the_list_was_read_for(self, talk):
        asked = query("What instruments does Ines play?")
        for words in (None, asked.words._replace(reader=""), asked.words._replace(reader="another")):
            plain = asked.model_copy(update={"words": words})
            assert [each["step"] for each in Retrieval().path(plain, talk.view(), ANYONE, NOW)] == ["topic"]

    def test_none_does_where_it_is_off(self, talk):
        assert len(steps(talk, "What instruments does Ines play?", rank=Rank(resolver=False))) == 1


class TestHidden:
    def test_what_is_hidden_changes_neither_the_path_nor_the_scores(self):
        more = (("Ines", "My harp, my flute and my guitar are for sale."), ("Clara", "I play the drums."))
        whole = book_of((*TALK, *more), owner=lambda place: "alice" if place < len(TALK) else "bob")
        mine = Grant(filter=Filter.parse({"owner": "alice"}), policies=())
        text = "What instruments does Ines play?"
        alone = book_of(TALK)
        assert why(whole, query(text), mine) == why(alone, query(text))
        for asked in (text, "What instruments does Clara play?"):
            assert steps(whole, asked, mine) == steps(alone, asked)
        assert len(steps(whole, "What instruments does Clara play?")) == 2

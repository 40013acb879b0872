"""Digests: sentences that stand where they are said to, that repeat each other little, that answer what is asked."""

from hypothesis import given
from hypothesis import strategies as st

from memos.operation.memoperator.digest import SENTENCES, Source, digest, sentences, telling

TRIP = "We flew to Oslo. The flight was late. Dr. Berg met us at the airport! Was it cold? It snowed all week."


def said(text):
    return [text[start:end] for start, end in sentences(text)]


class TestSentences:
    def test_ends_at_marks_and_lines(self):
        assert said("One two. Three four!\nFive six") == ["One two.", "Three four!", "Five six"]

    def test_titles_and_initials_end_nothing(self):
        assert said("Dr. Berg and J. Smith came, e.g. by train. They left.") == ["Dr. Berg and J. Smith came, e.g. by train.", "They left."]

    def test_chinese(self):
        assert said("我搬到了里斯本。天气很好！") == ["我搬到了里斯本。", "天气很好！"]

    @given(st.text(max_size=300))
    def test_nothing_but_space_is_left_out(self, text):
        found = sentences(text)
        assert all(text[start:end] == text[start:end].strip() != "" for start, end in found)
        assert "".join("".join(text[start:end].split()) for start, end in found) == "".join(text.split())


class TestDigest:
    def test_prefers_what_the_question_names(self):
        found = digest([Source("a", TRIP)], "How late was the flight?", 1)
        assert [each.text for each in found] == ["The flight was late."]

    def test_says_nothing_twice(self):
        twice = [Source("a", "The budget was cut by ten percent."), Source("b", "The budget was cut by ten percent."), Source("c", TRIP)]
        assert len({each.text for each in digest(twice, "budget", 5)}) == 5

    def test_keeps_the_order_of_the_texts(self):
        found = digest([Source("a", TRIP), Source("b", "Then we flew home from Oslo.")], "Oslo", 4)
        assert [each.id for each in found] == sorted(each.id for each in found)

    def test_what_answers_better_counts_more(self):
        equal = "The garden has roses in the north"
        found = digest([Source("a", f"{equal} bed.", 0.1), Source("b", f"{equal} field, and tulips.", 1.0)], "garden", 1)
        assert found[0].id == "b"

    def test_a_long_sentence_is_cut_at_a_word(self):
        text = "word " * 400
        found = digest([Source("a", text)], "", 1)[0]
        assert found.text == text[found.start : found.end]
        assert len(found.text) <= 400
        assert not found.text.endswith("wor")

    @given(st.lists(st.text(max_size=200), max_size=6), st.text(max_size=40), st.integers(1, 9))
    def test_every_sentence_stands_where_it_is_said_to(self, texts, about, most):
        sources = [Source(str(number), text) for number, text in enumerate(texts)]
        found = digest(sources, about, most)
        assert len(found) <= min(most, SENTENCES)
        for each in found:
            assert texts[int(each.id)][each.start : each.end] == each.text


class TestTelling:
    def test_what_one_side_says_and_the_other_does_not(self):
        roses, tomatoes = (
            [Source("a", "Roses along the wall"), Source("b", "The roses need water")],
            [Source("c", "Tomatoes along the wall")],
        )
        assert telling(roses, tomatoes)[0].lower() == "roses"
        assert "wall" not in telling(roses, tomatoes)

    def test_nothing_of_nothing(self):
        assert telling([], [Source("a", "x")]) == []

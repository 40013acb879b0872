"""Analysis: words, terms and flags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memos.operation.memoperator import analysis
from memos.operation.memoperator.analysis import ASKS, ASSISTANT, DISTINCT_MOST, DISTINCT_SHIFT, NUMBER, TIMEY, analyse, query_terms, words


def flags(text, **speaker):
    return analyse(text, **speaker).flags


def test_terms_are_stems_without_stop_words():
    terms = analyse("She was running; he runs, they RAN with the runner's dogs.")
    assert terms.counts == {"run": 2, "ran": 1, "runner": 1, "dog": 1}
    assert terms.length == 5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("ﬁne ２０２３", "fine 2023"),
        ("cafe\u0301", "café"),
        ("Ünal's", "ünal"),
        ("Tomás", "tomas"),
        ("naïve", "naive"),
        ("Łódź", "lodz"),
        ("İstanbul", "istanbul"),
        ("Ελλάδα", "ελλαδα"),
        ("שָׁלוֹם", "שלום"),
        ("👍🏽", "👍"),
        ("❤️", "❤"),
    ],
)
def test_ways_of_writing_the_same_word_meet(one, other):
    assert query_terms(one) == query_terms(other)


def test_a_script_without_spaces_is_split_into_pairs():
    assert words("東京タワー and 茶") == ["東京", "京タ", "タワ", "ワー", "and", "茶"]
    assert set(query_terms("京タ")) <= set(analyse("東京タワーに行った").counts)


@pytest.mark.parametrize(("one", "other"), [("йод", "иод"), ("がき", "かき"), ("हिन्दी", "हनद"), ("🇩🇪", "🇫🇷"), ("😀", "😢")])
def test_marks_that_make_another_letter_stay(one, other):
    assert query_terms(one) != query_terms(other)


def test_a_word_of_hindi_is_one():
    assert words("हिन्दी में।") == ["हिन्दी", "में"]


def test_an_emoji_is_a_term():
    assert words("ok😀😀 👨‍👩‍👧🇩🇪") == ["ok", "😀", "😀", "👨", "👩", "👧", "🇩🇪"]


def test_a_question_has_each_term_once_in_order():
    assert query_terms("When did the dog chase a dog's tail?") == ["dog", "chase", "tail"]
    assert query_terms("What is it about?") == []


def test_the_speaker_is_found_by_name():
    terms = analyse("I moved.", "Mary Ann")
    assert terms.counts == {"move": 1, "mari": 1, "ann": 1}
    assert terms.length == 3


@pytest.mark.parametrize("speaker", ["user", "User", "assistant", "AI Assistant", "human", "", None])
def test_the_name_of_a_side_is_no_term(speaker):
    assert analyse("I moved.", speaker).counts == {"move": 1}


@pytest.mark.parametrize(
    ("speaker", "role", "expected"),
    [
        ("assistant", None, True),
        (None, "assistant", True),
        ("AI Assistant", None, True),
        ("user", "user", False),
        ("Caroline", "assistant", False),
        (None, None, False),
        ("user", "assistant", False),
    ],
)
def test_an_assistant_is_known_by_name_or_role_and_a_person_by_name(speaker, role, expected):
    assert bool(flags("hello", speaker=speaker, role=role) & ASSISTANT) is expected


@pytest.mark.parametrize(
    ("text", "expected"), [("Is it?", True), ("Is it? ", True), ("你好吗？", True), ("Is it? Yes.", False), ("?" + " " * 100, False)]
)
def test_a_question_ends_in_a_question_mark(text, expected):
    assert bool(flags(text) & ASKS) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("we met YESTERDAY", True),
        ("back in 2019", True),
        ("last Tuesday", True),
        ("you may go", False),
        ("room 20191", False),
        ("b2019b", False),
    ],
)
def test_words_of_time_are_flagged(text, expected):
    assert bool(flags(text) & TIMEY) is expected


@pytest.mark.parametrize(("text", "expected"), [("three cats", True), ("12 cats", True), ("cats", False), ("b2b", False)])
def test_numbers_are_flagged(text, expected):
    assert bool(flags(text) & NUMBER) is expected


@given(st.lists(st.sampled_from(["apple", "pear", "plum", "the"]), max_size=20))
def test_the_number_of_different_terms_stands_in_the_flags(chosen):
    assert flags(" ".join(chosen), speaker="Anna") >> DISTINCT_SHIFT & DISTINCT_MOST == len(set(chosen) - {"the"})


def test_many_different_terms_are_counted_up_to_a_limit():
    assert flags(" ".join(f"word{i}" for i in range(500))) >> DISTINCT_SHIFT & DISTINCT_MOST == DISTINCT_MOST


def test_a_count_fits_its_sixteen_bits():
    terms = analyse("zebra " * 70_000)
    assert terms.counts == {"zebra": 0xFFFF}
    assert terms.length == 70_000


@given(st.text(max_size=200), st.one_of(st.none(), st.text(max_size=20)))
def test_every_text_has_terms_that_add_up(text, speaker):
    terms = analyse(text, speaker)
    assert terms.length == sum(terms.counts.values())
    assert "" not in terms.counts


def test_the_memory_of_stems_stays_bounded(monkeypatch):
    monkeypatch.setattr(analysis, "_CACHED", 3)
    kept = analysis._Stems()
    assert [kept[word] for word in ("cats", "the", "dogs", "mice", "cats", "x" * 100)] == ["cat", "", "dog", "mice", "cat", "x" * 100]
    assert len(kept) <= 3
    assert "x" * 100 not in kept

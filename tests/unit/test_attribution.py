"""Attribution: verdicts over texts at hand."""

import pytest

from memos.infrastructure.memgovernance.attribution import ENOUGH, MANY, Comparison, chains, enough, merged
from memos.infrastructure.memgovernance.fingerprint import Passage
from tests.prose import STOCK, Writer


def compared(quote, **texts):
    comparison = Comparison(quote, 7)
    for name, text in texts.items():
        comparison.add(name, text)
    return comparison.attribution()


@pytest.fixture
def prose():
    writer = Writer(5)
    return [writer.paragraph() for _ in range(6)]


def test_the_source_is_named_with_its_share_and_the_passages(prose):
    quote = f"He wrote: “{prose[0].upper()}” and no more."
    found = compared(quote, one=prose[0], other=prose[1])
    assert (found.verdict, [source.name for source in found.sources], found.shared_by) == ("found", ["one"], 0)
    ((start, end),) = found.sources[0].spans
    assert quote[start:end].rstrip(".!?") == prose[0].upper().rstrip(".!?")
    assert 0.85 < found.share == found.sources[0].share < 1


def test_each_of_several_sources_is_named_the_fullest_first(prose):
    found = compared(f"{prose[0]} {prose[1][:120]}", one=prose[1], two=prose[0], three=prose[2])
    assert [source.name for source in found.sources] == ["two", "one"]
    assert found.share == 1


def test_equal_sources_are_both_named(prose):
    found = compared(prose[0], one=prose[0], two=f"{prose[0]} {prose[1]}")
    assert {source.name for source in found.sources} == {"one", "two"}


def test_what_a_fuller_source_explains_is_not_named(prose):
    found = compared(prose[0], whole=prose[0], part=prose[0][: len(prose[0]) // 3] + prose[1])
    assert [source.name for source in found.sources] == ["whole"]


def test_what_more_than_three_hold_is_ambiguous(prose):
    texts = {f"m{number}": f"{each} {STOCK[0]}" for number, each in enumerate(prose)}
    few = compared(STOCK[0], **dict(list(texts.items())[:MANY]))
    assert (few.verdict, len(few.sources)) == ("found", MANY)
    many = compared(STOCK[0], **texts)
    assert (many.verdict, many.sources, many.shared_by, many.share) == ("ambiguous", (), len(prose), 1.0)
    assert compared(f"{prose[2]} {STOCK[0]}", **texts).sources[0].name == "m2"


def test_too_few_letters_are_none(prose):
    short = "thirtynineletterstandhereandnotonemore."[: ENOUGH - 1]
    found = compared(short, one=f"{short} {prose[0]}")
    assert (found.verdict, found.share, found.spans) == ("none", 0.0, ())
    assert compared("", one=prose[0]).verdict == compared(prose[0]).verdict == "none"


def test_a_longer_text_asks_for_more(prose):
    assert [enough(letters) for letters in (0, 10, 64, 128, 256, 4096)] == [40, 40, 40, 52, 64, 112]
    fragment = " ".join(prose[0].split()[:10])
    assert compared(fragment, one=prose[0]).verdict == "found"
    assert compared(f"{fragment} {' '.join(prose[1:])}", one=prose[0]).verdict == "none"


def test_the_key_changes_no_answer(prose):
    quote = f"{prose[0][:150]} {STOCK[1]} {prose[3][40:140]}"
    answers = []
    for key in range(20):
        comparison = Comparison(quote, key)
        for number, each in enumerate(prose):
            comparison.add(number, f"{each} {STOCK[1]}")
        answers.append(comparison.attribution())
    assert len(set(answers)) == 1


def test_what_was_compared_is_known(prose):
    comparison = Comparison(prose[0], 7)
    comparison.add("one", prose[1])
    assert comparison.knows("one")
    assert not comparison.knows("two")


class TestChains:
    def test_passages_that_go_on_alike_are_one_quotation(self):
        near = [Passage(0, 30, 100), Passage(40, 70, 138), Passage(75, 110, 170)]
        assert chains(near) == [near]
        assert sum(end - start for start, end in merged(near)) == 95

    @pytest.mark.parametrize("other", [Passage(200, 230, 300), Passage(40, 70, 400)], ids=["far on", "from elsewhere in the source"])
    def test_others_are_another(self, other):
        assert len(chains([Passage(0, 30, 100), other])) == 2

    def test_what_overlaps_counts_once(self):
        assert merged([Passage(20, 50, 0), Passage(0, 30, 0), Passage(60, 70, 0)]) == [(0, 50), (60, 70)]

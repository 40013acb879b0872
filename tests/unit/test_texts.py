"""How texts grow: appended, united, merged by three; laws over texts drawn by chance, and the cases that people meet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memos.operation.memlifecycle.texts import MOST, Conflict, Merged, appended, sentences, three_way, united

PIECES = st.lists(st.sampled_from(["a ", "b ", "One. ", "Two! ", "line\n", "3.5 ", "é"]), max_size=8).map("".join)


class TestThreeWay:
    @given(PIECES, PIECES)
    def test_a_side_that_changed_nothing_yields(self, base, side):
        assert three_way(base, side, base) == Merged(side)
        assert three_way(base, base, side) == Merged(side)
        assert three_way(base, side, side) == Merged(side)

    @given(PIECES, PIECES, PIECES)
    def test_it_does_not_matter_who_is_who(self, base, ours, theirs):
        one, other = three_way(base, ours, theirs), three_way(base, theirs, ours)
        assert [(each.base, each.theirs, each.ours) for each in one.conflicts] == [
            (each.base, each.ours, each.theirs) for each in other.conflicts
        ]
        if not one.conflicts:
            assert one.text == other.text

    @given(PIECES, PIECES, PIECES)
    def test_conflicts_name_what_differs(self, base, ours, theirs):
        for conflict in three_way(base, ours, theirs).conflicts:
            assert conflict.ours != conflict.theirs
            assert conflict.base not in {conflict.ours, conflict.theirs}

    @pytest.mark.parametrize(
        ("base", "ours", "theirs", "expected"),
        [
            ("One. Two. Three.", "One. 2. Three.", "One. Two. Three. Four.", Merged("One. 2. Three. Four.")),
            ("Ann. Bob.", "Ann. Tim.", "Ann. Bob. Cyd.", Merged("Ann. Tim.", (Conflict("Bob.", "Tim.", "Bob. Cyd."),))),
            ("Ann. Bob.", "Tim. Bob.", "Ann. Bob. Cyd.", Merged("Tim. Bob. Cyd.")),
            (
                "5 mg in the morning.",
                "10 mg in the morning.",
                "5 mg in the evening.",
                Merged("10 mg in the morning.", (Conflict("5 mg in the morning.", "10 mg in the morning.", "5 mg in the evening."),)),
            ),
            ("5 mg.", "10 mg.", "20 mg.", Merged("10 mg.", (Conflict("5 mg.", "10 mg.", "20 mg."),))),
            ("Ann. Bob.", "Bob.", "Ann. Bob. Cyd.", Merged("Bob. Cyd.")),
            ("5 mg. Dr. Costa.", "10 mg. Dr. Costa.", "5 mg. Dr. Pires.", Merged("10 mg. Dr. Pires.")),
        ],
    )
    def test_what_people_meet(self, base, ours, theirs, expected):
        merged = three_way(base, ours, theirs)
        assert (merged.text.strip(), merged.conflicts) == (expected.text, expected.conflicts)

    @pytest.mark.timeout(60)
    def test_a_stretch_that_is_too_long_to_compare_is_one_conflict(self):
        base, ours, theirs = ("So. " * (MOST + 1) + end for end in ("", "ours", "theirs"))
        merged = three_way(base, ours, theirs)
        assert merged.conflicts == (Conflict(base, ours, theirs),)


class TestSplitting:
    @given(st.text())
    def test_nothing_is_lost(self, text):
        assert "".join(sentences(text)) == text

    def test_sentences_end_where_people_end_them(self):
        assert sentences("Dr. Costa, tel. 555 3.14, e.g. on Mon. Call her.") == ["Dr. Costa, tel. 555 3.14, e.g. on Mon. Call her."]
        assert sentences('3.5 mg. He said "yes." Then\nno?\n日本。はい') == [
            "3.5 mg. ",
            'He said "yes." ',
            "Then\n",
            "no?\n",
            "日本。",
            "はい",
        ]


class TestGrowing:
    def test_more_stands_below(self):
        assert appended("one \n", " two") == "one\ntwo"

    def test_only_what_is_new_is_added(self):
        assert united("I like tea. I run.", "i  LIKE tea. I swim. I swim.") == "I like tea. I run. I swim."
        assert united("A\nB", "B\nC") == "A\nB\nC"
        assert united("Dr. Costa called.", "Call her. Dr. Costa is away.") == "Dr. Costa called. Call her. Dr. Costa is away."
        assert united("A.", "a.") == "A."

    @given(PIECES, PIECES)
    def test_uniting_twice_adds_nothing(self, standing, more):
        once = united(standing, more)
        assert united(once, more) == once
        assert once.startswith(standing.rstrip())

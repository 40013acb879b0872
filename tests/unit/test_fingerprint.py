"""Fingerprints: folding, winnowing, passages and sketches."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memos.infrastructure.memgovernance.fingerprint import (
    CERTAIN,
    GRAM,
    WINDOW,
    Quote,
    folded,
    folded_with_places,
    passages,
    resemblance,
    sketch,
    winnowed,
)

KEYS = (0, 7, 2**64 - 1)
TALE = "Ten days before the ferry sank, the cook had packed his knives into a violin case and gone ashore without a word."


def letters(text):
    return folded(text).tobytes().decode("utf-32-le")


def shared(quote, source, key=7):
    return passages(Quote(winnowed(folded(quote), key)), winnowed(folded(source), key))


class TestFolding:
    @pytest.mark.parametrize(
        ("text", "same"),
        [
            ("The Ferry — it SANK!", "theferryitsank"),
            ("fe\u200brry\u00ad \ufeffsank\u2060", "ferrysank"),
            ("ﬁle №５", "fileno5"),
            ("Straße", "strasse"),
            ("e\u0301", letters("é")),
            ("\u1ec7", letters("e\u0302\u0323")),
            ("a\U000e0141\U000e0142b\ufe0f", "ab"),
            ("...—!? \n\t", ""),
            ("", ""),
        ],
    )
    def test_what_only_shows_or_divides_does_not_count(self, text, same):
        assert letters(text) == same

    def test_marks_of_indic_scripts_count(self):
        assert letters("कि") != letters("क")

    def test_han_kana_and_hangul_count_double(self):
        assert letters("日本") == "日日本本"
        assert len(letters("あ")) == 2

    @given(st.text(max_size=60))
    def test_every_letter_has_its_place(self, text):
        found = folded_with_places(text)
        assert len(found.codes) == len(found.places)
        assert [letters(text[place]) != "" for place in found.places.tolist()] == [True] * len(found.places)
        assert sorted(found.places.tolist()) == found.places.tolist()


class TestWinnowing:
    @given(st.text("ab", max_size=80) | st.text("abcdefghij", max_size=80), st.sampled_from(KEYS))
    def test_every_window_has_its_least_and_last(self, text, key):
        """The definition, in the plainest words, on the hashes of windows of one gram each."""
        codes = folded(text)
        grams = [codes[place : place + GRAM] for place in range(len(codes) - GRAM + 1)]
        hashes = [int(winnowed(gram, key).hashes[0]) for gram in grams]
        size = min(WINDOW, len(hashes))
        windows = [range(start, start + size) for start in range(len(hashes) - size + 1)] if hashes else []
        wanted = {max(window, key=lambda place: (-hashes[place], place)) for window in windows}
        found = winnowed(codes, key)
        assert found.places.tolist() == sorted(wanted)
        assert found.hashes.tolist() == [hashes[place] for place in sorted(wanted)]

    def test_other_keys_choose_other_grams(self):
        assert len({tuple(winnowed(folded(TALE), key).places.tolist()) for key in KEYS}) == len(KEYS)


class TestPassages:
    @given(st.data(), st.sampled_from(KEYS))
    def test_what_is_long_enough_is_always_found_whole(self, data, key):
        """Whatever stands around it, and whatever the key."""
        random = Random(data.draw(st.integers(0, 2**32)))
        passage = "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=data.draw(st.integers(CERTAIN, 60))))
        before, after = data.draw(st.text("0123", max_size=30)), data.draw(st.text("0123", max_size=30))
        other, last = data.draw(st.text("4567", max_size=30)), data.draw(st.text("4567", max_size=30))
        (found,) = shared(before + passage + after, other + passage + last, key)
        assert (found.start, found.end, found.there) == (len(before), len(before) + len(passage), len(other))

    def test_what_is_shorter_is_not_told(self):
        passage = "abcdefghijklmnopqrstuvwxyz"[: CERTAIN - 1]
        for key in KEYS:
            assert shared("1" + passage + "2", "3" + passage + "4", key) == []

    @pytest.mark.parametrize("texts", [("", TALE), (TALE, ""), ("short", TALE), ("", "")])
    def test_texts_without_fingerprints_share_nothing(self, texts):
        assert shared(*texts) == []

    def test_the_same_passage_twice_is_found_twice(self):
        assert len(shared(TALE, f"{TALE} 0123456789 {TALE}")) == 2

    @pytest.mark.parametrize("texts", [("ab" * 20_000, "ab" * 15_000), ("a" * 40_000, "a" * 40_000), ("abc" * 9000, "cab" * 9000)])
    def test_texts_that_repeat_themselves_are_covered_and_soon_done(self, texts):
        quote, source = texts
        found = shared(quote, source)
        assert len(found) < 2000
        covered = np.zeros(len(quote), np.bool_)
        for run in found:
            assert quote[run.start : run.end] == source[run.there : run.there + run.end - run.start]
            covered[run.start : run.end] = True
        assert covered.mean() > 0.99


class TestSketch:
    def test_is_keyed_and_bounded(self):
        one, other = sketch(TALE, b"one", 8), sketch(TALE, b"other", 8)
        assert len(one) == len(other) == 8
        assert not set(one) & set(other)
        assert one == sketch(TALE.upper().replace(" ", "\n"), b"one", 8)

    def test_resemblance_falls_with_what_is_changed(self):
        whole = sketch(TALE, b"k", 64)
        nearly = sketch(TALE.replace("violin", "cello"), b"k", 64)
        other = sketch("Nothing of this ever happened, and nobody who was there would say that it did.", b"k", 64)
        assert resemblance(whole, whole) == 1
        assert 0.3 < resemblance(whole, nearly) < 1
        assert resemblance(whole, other) == resemblance((), whole) == resemblance(whole, ()) == 0

# ruff: noqa: S101, D102 -- a suite of tests asserts, and a test is documented by its name
"""What every Embedder must do, as a pytest class: inherit it, override two fixtures, and run pytest.

```python
class TestMyEmbedder(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return MyEmbedder()

    @pytest.fixture
    def twin(self):
        return MyEmbedder()
```
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import numpy as np
import pytest

from memos.errors import InvalidCall
from memos.memcube.vector import Words
from memos.ports.models import Embedder, MultiVector

TEXTS = (
    "Alice: I moved to Lisbon in March.",
    "Bob: That is wonderful!",
    "ok",
    "Meine Großmutter wohnt in Köln und backt jeden Sonntag einen Apfelkuchen für die ganze Straße.",
    "她对花生过敏。",
    "طبيبتي تقول إن كل شيء بخير",
    "👩‍👩‍👧 at the beach 🏖️ 2024",
    "e\u0301 and é, ﬁ and fi, I and İ",
    "The meeting was moved from Tuesday to Thursday because the room was taken by another group. " * 8,
)
ODD = {
    "empty": "",
    "a space": " ",
    "white space": " \t\n\r\u00a0\u2003",
    "NUL": "\x00",
    "NUL inside": "Lis\x00bon",
    "control characters": "\x01\x02\x1b[31mred\x7f",
    "zero width": "\u200b\u200d\ufeff",
    "beyond the first plane": "𝔏𝔦𝔰𝔟𝔬𝔫 🇵🇹",
    "not a character": "\ufffe\uffff\U0010ffff",
    "many combining marks": "a" + "\u0301" * 5000,
    "one long word": "a" * 100_000,
    "a long text": "She told me about the harbour and the boats. " * 5000,
    "looks like tokens": "[CLS] [SEP] [PAD] [MASK] <|endoftext|> </s>",
}


class EmbedderContract:
    """Override `embedder` and `twin`; say `wordless_is_zero` if a text without words may give a row of zeros."""

    wordless_is_zero: ClassVar[bool] = False

    @pytest.fixture
    def embedder(self) -> Embedder:
        """The embedder under test; may be shared between tests."""
        raise NotImplementedError("override the fixture `embedder`")

    @pytest.fixture
    def twin(self) -> Embedder:
        """A second one of the same name, made apart from the first."""
        raise NotImplementedError("override the fixture `twin`")

    def assert_rows(self, rows: Any, embedder: Embedder, count: int, *, zeros: bool = False) -> None:
        assert isinstance(rows, np.ndarray)
        assert rows.dtype == np.float32
        assert rows.shape == (count, embedder.dimensions)
        assert rows.flags.c_contiguous
        assert rows.flags.writeable
        lengths = np.linalg.norm(rows, axis=1)
        assert (np.isclose(lengths, 1, atol=1e-5) | (zeros & (lengths == 0))).all(), lengths

    def test_is_an_embedder_with_a_name_and_a_width(self, embedder: Embedder) -> None:
        assert isinstance(embedder, Embedder)
        assert isinstance(embedder.name, str)
        assert embedder.name
        assert isinstance(embedder.dimensions, int)
        assert embedder.dimensions > 0

    def test_gives_one_unit_row_a_text(self, embedder: Embedder) -> None:
        self.assert_rows(embedder.embed(TEXTS), embedder, len(TEXTS))
        self.assert_rows(embedder.embed([TEXTS[0]]), embedder, 1)

    def test_no_text_gives_no_row(self, embedder: Embedder) -> None:
        self.assert_rows(embedder.embed([]), embedder, 0)

    def test_a_text_has_one_vector_for_ever(self, embedder: Embedder, twin: Embedder) -> None:
        assert twin is not embedder
        assert (twin.name, twin.dimensions) == (embedder.name, embedder.dimensions)
        first = embedder.embed(TEXTS)
        assert np.array_equal(first, embedder.embed(TEXTS))
        np.testing.assert_allclose(twin.embed(TEXTS), first, atol=1e-6)

    def test_a_vector_does_not_depend_on_its_batch(self, embedder: Embedder) -> None:
        alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
        np.testing.assert_allclose(embedder.embed(TEXTS), alone, atol=1e-5)
        np.testing.assert_allclose(embedder.embed(TEXTS[::-1])[::-1], alone, atol=1e-5)
        many = [TEXTS[place % len(TEXTS)] for place in range(150)]
        np.testing.assert_allclose(embedder.embed(many), alone[[place % len(TEXTS) for place in range(150)]], atol=1e-5)

    def test_different_texts_have_different_vectors(self, embedder: Embedder) -> None:
        rows = embedder.embed(TEXTS)
        similar = rows @ rows.T - 2 * np.eye(len(TEXTS))
        assert similar.max() < 0.99

    def test_like_texts_are_nearer_than_unlike_ones(self, embedder: Embedder) -> None:
        question, answer, other = embedder.embed(
            ["Where does the cat sleep?", "The cat likes to sleep on the sofa.", "Quarterly revenue rose by 4%."]
        )
        assert question @ answer > question @ other + 0.1

    @pytest.mark.parametrize("case", ODD)
    def test_takes_any_text(self, embedder: Embedder, case: str) -> None:
        rows = embedder.embed([ODD[case], TEXTS[0]])
        self.assert_rows(rows, embedder, 2, zeros=self.wordless_is_zero)
        np.testing.assert_allclose(rows[1:], embedder.embed([TEXTS[0]]), atol=1e-5)

    def test_leaves_its_input_alone(self, embedder: Embedder) -> None:
        texts = ["", *TEXTS]
        embedder.embed(texts)
        assert texts == ["", *TEXTS]

    def test_a_caller_may_write_into_what_it_got(self, embedder: Embedder) -> None:
        first = embedder.embed(TEXTS[:2])
        kept = first.copy()
        first[:] = 7
        assert np.array_equal(embedder.embed(TEXTS[:2]), kept)

    @pytest.mark.parametrize("wrong", ["Lisbon", [None], [b"Lisbon"], ["Lisbon", 7], ["\ud800"], ["Lisbon", "x\udfffy"]], ids=repr)
    def test_refuses_what_is_no_list_of_texts(self, embedder: Embedder, wrong: Any) -> None:
        with pytest.raises(InvalidCall) as caught:
            embedder.embed(wrong)
        assert "Lisbon" not in str(caught.value)

    def test_several_threads_may_use_it_at_once(self, embedder: Embedder) -> None:
        alone = embedder.embed(TEXTS)
        with ThreadPoolExecutor(4) as pool:
            for rows in pool.map(embedder.embed, [TEXTS] * 8):
                np.testing.assert_allclose(rows, alone, atol=1e-6)


class MultiVectorContract(EmbedderContract):
    """What holds beside for an embedder that tells of words. Its fixtures are those of `EmbedderContract`."""

    def assert_words(self, words: Words, text: str, width: int) -> None:
        assert words.rows.shape == (len(words.spans), width)
        assert words.rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(words.rows, axis=1), 1, atol=1e-5)
        ends = [end for span in words.spans for end in span]
        assert ends == sorted(ends)
        assert all(text[start:end].strip() for start, end in words.spans)

    def test_tells_of_the_words_of_each_text(self, embedder: Embedder) -> None:
        assert isinstance(embedder, MultiVector)
        rows, words = embedder.embed_words([*TEXTS, ""])
        np.testing.assert_allclose(rows[:-1], embedder.embed(TEXTS), atol=1e-6)
        for text, each in zip([*TEXTS, ""], words, strict=True):
            self.assert_words(each, text, embedder.word_dimensions)
        assert [bool(each.spans) for each in words] == [True] * len(TEXTS) + [False]
        assert embedder.embed_words([])[1] == []

    def test_a_word_does_not_depend_on_the_batch(self, embedder: Embedder) -> None:
        assert isinstance(embedder, MultiVector)
        alone = [embedder.embed_words([text])[1][0] for text in TEXTS]
        for one, other in zip(alone, embedder.embed_words(TEXTS)[1], strict=True):
            assert one.spans == other.spans
            np.testing.assert_allclose(one.rows, other.rows, atol=1e-4)

    @pytest.mark.parametrize("case", ODD)
    def test_reads_the_words_of_any_text(self, embedder: Embedder, case: str) -> None:
        assert isinstance(embedder, MultiVector)
        self.assert_words(embedder.embed_words([ODD[case]])[1][0], ODD[case], embedder.word_dimensions)

    @pytest.mark.parametrize("wrong", ["Lisbon", [None], ["Lisbon", 7], ["\ud800"]], ids=repr)
    def test_refuses_the_words_of_what_is_no_list_of_texts(self, embedder: Embedder, wrong: Any) -> None:
        assert isinstance(embedder, MultiVector)
        with pytest.raises(InvalidCall):
            embedder.embed_words(wrong)

"""Topics: clusters with names of their own, the same each time, stable when a memory more or less is there."""

import numpy as np
import pytest

from memos.operation.memoperator.clusters import SAMPLE, clusters, scaled, without_style
from memos.operation.memoperator.topics import SUPPORT, Note, topics

THEMES = ("boat sail harbour mast", "oven bread flour crust", "guitar chord melody tune", "rabbit hay hutch vet")


def world(each=15, seed=3, noise=0.6):
    """Texts of four themes and vectors that lie around four directions."""
    random = np.random.default_rng(seed)
    centres = scaled(random.normal(size=(len(THEMES), 24)).astype(np.float32))
    texts, rows, wanted = [], [], []
    for number in range(each):
        for theme, words in enumerate(THEMES):
            chosen = random.choice(words.split(), 2, replace=False)
            texts.append(f"Something about the {chosen[0]} and the {chosen[1]}, number {number}")
            rows.append(centres[theme] + noise * random.normal(size=24).astype(np.float32) / 24**0.5)
            wanted.append(theme)
    return [Note(text) for text in texts], scaled(np.array(rows, np.float32)), wanted


def test_texts_of_one_theme_have_one_topic_named_by_its_words():
    notes, vectors, wanted = world()
    found = topics(notes, vectors)
    by_topic = {}
    for place, theme in zip(found, wanted, strict=True):
        by_topic.setdefault(place.topic, set()).add(theme)
    assert all(len(themes) == 1 for themes in by_topic.values())
    for name, (theme,) in by_topic.items():
        assert set(name.split()) <= set(THEMES[theme].split())
    assert all(0.5 <= place.confidence <= 1 for place in found)
    assert all(place.fact for place in found)


def test_they_are_the_same_each_time():
    notes, vectors, _ = world()
    assert topics(notes, vectors) == topics(notes, vectors)


def test_names_stay_when_some_memories_go_and_others_come():
    notes, vectors, _ = world(each=20)
    early = topics(notes[:70], vectors[:70])
    carried = [Note(note.text, (), place.topic, place.concept) for note, place in zip(notes[:70], early, strict=True)]
    late = topics([*carried[3:], *notes[70:]], vectors[3:])
    assert [place.topic for place in late[:67]] == [place.topic for place in early[3:]]


def test_a_name_that_no_text_supports_any_more_goes():
    notes, vectors, _ = world()
    places = topics(notes, vectors)
    name = places[0].topic
    gone = name.split()[0]
    without = [
        Note(note.text.replace(gone, "thing"), (), place.topic) for note, place in zip(notes, places, strict=True)
    ]  # fmt: skip
    late = topics(without, vectors)
    assert all(gone not in (place.topic or "").split() for place in late if place is not None)


def test_a_word_of_one_memory_names_nothing():
    notes, vectors, _ = world()
    told = [Note(f"{note.text} secret{number:03}") for number, note in enumerate(notes)]
    for place in topics(told, vectors):
        assert "secret" not in f"{place.topic} {place.concept}"
    assert SUPPORT >= 2


def test_what_has_no_vector_or_no_word_has_no_place():
    notes, vectors, _ = world()
    vectors[0] = 0
    notes[1] = Note("it is so")
    found = topics(notes, vectors)
    assert found[0] is found[1] is None
    assert found[2] is not None
    assert topics(notes[:3], vectors[:3]) == [None] * 3, "of so few nothing is told"


def test_how_a_thing_is_said_is_no_topic():
    random = np.random.default_rng(0)
    style = scaled(random.normal(size=(2, 16)).astype(np.float32))
    theme = scaled(random.normal(size=(2, 16)).astype(np.float32))
    rows = scaled(np.array([2 * style[n % 2] + theme[n // 2 % 2] for n in range(40)], np.float32))
    plain = clusters(rows, 2, [None] * 40)[0]
    assert (plain == plain[0]).tolist() == [n % 2 == 0 for n in range(40)]
    apart = clusters(without_style(rows, [(f"s{n % 2}",) for n in range(40)]), 2, [None] * 40)[0]
    assert (apart == apart[0]).tolist() == [n // 2 % 2 == 0 for n in range(40)]


@pytest.mark.parametrize("size", [1, 2, 7, SAMPLE + 100])
def test_any_number_of_points_can_be_told_apart(size):
    points = scaled(np.random.default_rng(1).normal(size=(size, 8)).astype(np.float32))
    labels, sure = clusters(points, 5, [None] * size)
    assert labels.shape == sure.shape == (size,)
    assert 0 <= labels.min() <= labels.max() < 5
    counts = np.bincount(labels)
    assert counts.tolist() == sorted(counts.tolist(), reverse=True)

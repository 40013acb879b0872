"""The prompt of a request begins as the one before it: to the token, up to the last part that both have."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from memos.memcube.cube import MemCube, Tag
from memos.memcube.payload import Plaintext
from memos.memcube.policy import Policy
from memos.memcube.prompt import KINDS, messages, require_ordered
from memos.memcube.provenance import CallContext, Provenance
from memos.memcube.state import Layer
from memos.operation.memscheduler.layout import Turn, compiled, line
from memos.testing.runtime import FakeRuntime

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
IDS = st.integers(0, 2**70).map(lambda number: f"0195{number:028x}")
STABLE = frozenset({"system", "tools", "pinned", "session"})
"""The kinds of parts that the next request has too."""


def memory(name, text):
    return MemCube(
        id=name, namespace="user/ann", layer=Layer.PRIVATE, payload=Plaintext(text=text), policy=Policy(owner="ann"),
        provenance=Provenance(id=name, origin="add", context=CallContext(user="ann")), said_at=NOW, created_at=NOW, updated_at=NOW,
    )  # fmt: skip


def memories(texts):
    return [memory(name, text) for name, text in texts.items()]


def test_what_is_true_no_more_says_until_when_and_a_wish_is_ones_own():
    wish = Tag(name="kind", value="instruction", by="predicted")
    cube = memory("m1", "Answer me\n in French.")
    assert line(cube, own=True) == "- (2026-03-01) Answer me in French."
    assert line(cube.model_copy(update={"tags": (wish,)}), own=True) == "- Standing wish of the user (2026-03-01): Answer me in French."
    assert line(cube.model_copy(update={"tags": (wish,)}), own=False) == "- (2026-03-01) Answer me in French."
    over = cube.model_copy(update={"valid_to": NOW + timedelta(days=30), "speaker": "Ann"})
    assert line(over, own=True) == "- (2026-03-01, true until 2026-03-31) Ann: Answer me in French."


def test_what_is_found_is_further_where_some_stand_at_the_beginning():
    given = lined([memory("m1", "One."), memory("m2", "Two.")])
    headings = [
        [part.text for part in compiled("?", pinned=pinned, retrieved=given[1:]) if part.text.endswith("help:")]
        for pinned in ([], given[:1])
    ]
    assert headings == [["Notes from memory that may help:"], ["Further notes from memory that may help:"]]


def lined(cubes):
    return [(cube, line(cube, own=True)) for cube in cubes]


def stable(prompt):
    return [part for part in prompt if part.kind in STABLE]


def tokens(parts):
    found = FakeRuntime().tokens(parts)[:-1]
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


@st.composite
def conversations(draw):
    """The prompts of a conversation: the same pinned memories in whatever order they were found, others for each question."""
    pinned = memories(draw(st.dictionaries(IDS, TEXTS, max_size=5)))
    shuffled = random.Random(draw(st.integers(0, 999)))
    turns, prompts = [], []
    for question, answer in draw(st.lists(st.tuples(TEXTS, TEXTS), min_size=2, max_size=5)):
        shuffled.shuffle(pinned)
        retrieved = memories(draw(st.dictionaries(IDS, TEXTS, max_size=3)))
        prompts.append(compiled(question, tools="A tool.", pinned=lined(pinned), turns=turns, retrieved=lined(retrieved)))
        turns = [*turns, Turn("user", question), Turn("assistant", answer)]
    return prompts


@given(conversations())
def test_each_prompt_begins_as_the_one_before(prompts):
    for before, after in pairwise(prompts):
        require_ordered(after)
        kept = stable(before)
        assert list(after[: len(kept)]) == kept
        beginning, whole = tokens(kept), tokens(after)
        assert np.array_equal(whole[: len(beginning)], beginning)


@given(conversations())
def test_so_do_its_messages(prompts):
    for before, after in pairwise(prompts):
        kept = messages(stable(before))
        assert messages(after)[: len(kept) - 1] == kept[:-1]
        assert messages(after)[len(kept) - 1]["content"].startswith(kept[-1]["content"])


@given(st.dictionaries(IDS, TEXTS, min_size=1, max_size=6), TEXTS, st.integers(0, 99))
def test_a_new_memory_stands_behind_those_that_were_there(texts, added, seed):
    there = memories(texts)
    newest = memory(f"0196{seed:028x}", added)
    before = compiled("Where?", pinned=lined(there))
    after = compiled("Where?", pinned=lined(random.Random(seed).sample([*there, newest], len(there) + 1)))
    kept = stable(before)
    assert list(after[: len(kept)]) == kept
    assert after[len(kept)].cube == newest.id


def test_kinds_stand_by_how_seldom_they_change():
    pinned, found = memories({"0195a": "a", "0195b": "d"})
    said = [Turn("user", "b"), Turn("assistant", "c")]
    prompt = compiled("Where?", tools="A tool.", pinned=lined([pinned]), turns=said, retrieved=lined([found]))
    ranks = [KINDS.index(part.kind) for part in prompt]
    assert ranks == sorted(ranks)
    assert {part.kind for part in prompt} == set(KINDS)

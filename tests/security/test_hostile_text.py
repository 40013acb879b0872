"""Texts that are made to be slow, or to be mistaken for others, cost no more than others."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memos import MemOS
from memos.errors import InvalidCall
from memos.memcube.legal import same_fact
from memos.memcube.normal import BREAK, MARKS, normalised
from memos.operation.memoperator.analysis import analyse, words

RUN = "\u0301\u0323"
PILED = "a" + RUN * 50_000


@pytest.fixture
def memory(tmp_path):
    with MemOS.open(tmp_path / "m", embedder="hashing", worker="none") as memory:
        yield memory


@pytest.mark.timeout(60)  # the first normalisation of it alone took minutes
def test_piled_marks_freeze_nothing_and_are_kept_as_they_are(memory):
    alice = memory.as_user("alice")
    added = alice.add(PILED).cubes[0]
    assert alice.add(PILED).cubes[0].id == added.id
    assert alice.get(added.id).cubes[0].text == PILED
    alice.search(PILED[:20_000])
    alice.add([{"role": "user", "name": "Á" + RUN * 60, "content": PILED}])
    assert memory.doctor() == ()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["a" + RUN * 50_000, "é" * 1_000_000, "x" * 200])
def test_long_names_are_refused_before_they_are_looked_at(memory, name):
    with pytest.raises(InvalidCall) as error:
        memory.as_user(name)
    assert len(str(error.value)) < 400
    for verb in (lambda: memory.as_user("alice", tenant=name), lambda: memory.as_user("alice").list(namespaces=f"user/{name}")):
        with pytest.raises(InvalidCall) as error:
            verb()
        assert len(str(error.value)) < 400


@pytest.mark.parametrize("text", ["x" * 65_537, "ж" * 32_769, "漢字" * 2_000_000, "january " * 10_000])
def test_a_question_has_a_limit(memory, text):
    with pytest.raises(InvalidCall, match="text to search for has .* bytes, the limit is 65,536"):
        memory.as_user("alice").search(text)
    memory.as_user("alice").search("ж" * 32_768)


@given(st.text(alphabet=st.sampled_from("aé\u0301\u0323\u0344\u0f73\u1100\u1161ﬁ") | st.characters(exclude_categories=["Cs"]), max_size=60))
def test_where_no_run_is_too_long_the_form_is_unicodes_own(text):
    whole = unicodedata.normalize("NFKD", text)
    runs = "".join("m" if unicodedata.combining(each) else " " for each in whole).split()
    if all(len(run) <= MARKS for run in runs):
        assert normalised("NFC", text) == unicodedata.normalize("NFC", text)
        assert normalised("NFKC", text) == unicodedata.normalize("NFKC", text)


@pytest.mark.parametrize("mark", ["\u0301", "\u0344", "\u0f73", "\U0001e8d0", "\u0345"])
def test_every_kind_of_mark_is_counted(mark):
    broken = normalised("NFC", "a" + mark * 100)
    assert broken.count(BREAK) == 3
    assert max(map(len, unicodedata.normalize("NFD", broken).split(BREAK))) <= 3 * MARKS + 1


def test_breaking_hides_no_word():
    assert words("before " + PILED + " after")[0] == "before"
    assert "harbour" in analyse(PILED + " harbour").counts
    assert same_fact("x " + PILED) == same_fact("X  " + PILED)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "text",
    [PILED[:20_000], "ab " * 20_000, "a" * 60_000, "\u2060\U000e0141" * 7_000, "the of and " * 5_000, "漢字かな" * 5_000],
    ids=range(6),
)
def test_a_text_that_repeats_itself_is_traced_and_signed_in_bounded_time(memory, text):
    alice = memory.as_user("alice")
    cubes = alice.add([f"{number} {text} {number}" for number in range(20)]).cubes
    assert alice.trace(text).value["verdict"] in {"ambiguous", "none"}
    made = alice.manifest(text * 15, memories=cubes[0]).value["manifest"]
    assert alice.recognise(made, text=text * 15).value["text"] == "same"

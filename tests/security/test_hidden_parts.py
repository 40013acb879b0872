"""What a reader may not see of a memory, search may not know of it: no query tells whether it stands there."""

import pytest

from memos import MemOS

SECRET = "kim@example.org"


@pytest.fixture
def memory(tmp_path):
    with MemOS.open(tmp_path / "m", embedder="hashing", worker="none") as opened:
        yield opened


def scores(session, text):
    """(text, score) of what is found."""
    return [(hit.cube.text, hit.score) for hit in session.search(text).hits]


def told(memory, text):
    """What bob is told of a memory that alice opened in part."""
    alice, bob = memory.as_user("alice"), memory.as_user("bob")
    alice.add(text, sensitivity="internal", acl={"user:bob": ["read"]})
    memory.drain(10)
    return scores(bob, "write to kim@example.org about the boat"), scores(bob, "kim example org"), scores(bob, "boat")


def test_a_query_for_a_hidden_part_finds_what_any_other_would(tmp_path):
    answers = []
    for number, address in enumerate((SECRET, "zoe@elsewhere.net")):
        with MemOS.open(tmp_path / str(number), embedder="hashing", worker="none") as memory:
            answers.append(told(memory, f"About the boat write to {address} soon"))
    assert answers[0] == answers[1]
    assert answers[0][2][0][0] == "About the boat write to [EMAIL] soon"


def test_a_memory_that_is_as_sensitive_as_its_parts_is_found_by_them(memory):
    alice = memory.as_user("alice")
    alice.add(f"About the boat write to {SECRET} soon")
    assert alice.search(SECRET).hits[0].cube.text.endswith("soon")


@pytest.mark.parametrize(
    "change",
    [
        lambda alice, cube: alice.update(cube.id, sensitivity="internal"),
        lambda alice, cube: alice.update(
            cube.id, spans=[{"start": 0, "end": 5, "label": "NAME", "sensitivity": "restricted"}], sensitivity="internal"
        ),
        lambda alice, cube: (alice.update(cube.id, "nothing of it", sensitivity="internal"), alice.restore(cube.id, version=1)),
    ],
    ids=["opened later", "marked later", "restored"],
)
def test_what_is_opened_later_is_told_to_search_anew(memory, change):
    alice, bob = memory.as_user("alice"), memory.as_user("bob")
    cube = alice.add(f"About the boat write to {SECRET} soon", acl={"user:bob": ["read"]}).cubes[0]
    memory.drain(10)
    assert scores(bob, "boat") == []
    change(alice, cube)
    memory.drain(10)
    assert [text for text, _ in scores(bob, "boat soon")]
    assert "lex" not in {name for hit in bob.search("kim example org").hits for name in hit.why}
    assert memory.doctor() == ()
    memory.rebuild()
    assert "lex" not in {name for hit in bob.search("kim example org").hits for name in hit.why}


def test_vectors_that_the_worker_makes_know_no_more(tmp_path):
    rows = []
    for number, address in enumerate((SECRET, "zoe@elsewhere.net")):
        with MemOS.open(tmp_path / str(number), embedder="hashing", worker="none", settings={"inline_vectors": 0}) as memory:
            cube = memory.as_user("alice").add(f"About the boat write to {address} soon", sensitivity="internal").cubes[0]
            memory.drain(10)
            with memory._parts.adapter.view("default") as view:
                rows.append(view.vectors_of([cube.id])[cube.id].tolist())
    assert rows[0] == rows[1]


@pytest.mark.parametrize(
    "asked",
    [
        {"metadata.mail": {"gte": "kim@"}},
        {"metadata.mail": {"lt": "kin"}},
        {"tags": {"any": [SECRET]}},
        {"speaker": SECRET},
        {"not": {"metadata.mail": "zoe@elsewhere.net"}},
    ],
)
def test_no_filter_asks_for_what_is_hidden_beside_a_text(memory, asked):
    alice, bob = memory.as_user("alice"), memory.as_user("bob")
    message = {"role": "user", "name": SECRET, "content": "About the boat", "metadata": {"mail": SECRET}, "tags": [SECRET]}
    alice.add([message], sensitivity="internal", acl={"user:bob": ["read"]})
    assert len(alice.list(filter=asked).cubes) == 1
    assert bob.list(namespaces="user/alice", filter=asked).cubes == ()
    assert bob.search("boat", filter=asked).hits == ()
    assert len(bob.search("boat").hits) == 1
    assert "lex" not in {name for hit in bob.search("kim example org").hits for name in hit.why}
    assert memory.doctor() == ()

"""Words in a store: kept with the vectors, found again when it is opened anew, gone with the memory."""

import numpy as np

from memos import MemOS
from memos.backends.onnx import MiniLM

TALK = [
    {"role": "user", "name": "Mel", "content": "I spent the weekend moulding clay at the studio."},
    {"role": "user", "name": "Caro", "content": "Lovely! Did you glaze it?"},
    {"role": "user", "name": "Mel", "content": "The tax office wrote to me again."},
]


def late(reply):
    return [sum(value for name, value in hit.why.items() if name.startswith("late")) for hit in reply.hits]


def test_the_words_of_a_question_are_met(tmp_path):
    with MemOS.open(tmp_path / "memory") as memory:
        alice = memory.as_user("alice")
        alice.add(TALK, session="s1", wait=True)
        first = alice.search("When did Mel do pottery?")
        assert first.hits[0].cube.text == TALK[0]["content"]
        assert max(late(first)) > 0
    with MemOS.open(tmp_path / "memory") as memory:
        again = memory.as_user("alice").search("When did Mel do pottery?")
        assert [hit.cube.id for hit in again.hits] == [hit.cube.id for hit in first.hits]
        assert np.allclose(late(again), late(first))


def test_words_come_with_vectors_that_the_worker_computes(tmp_path):
    with MemOS.open(tmp_path / "memory", worker="none") as memory:
        alice = memory.as_user("alice")
        alice.add([{"role": "user", "content": f"note {number} about clay"} for number in range(100)], session="s1")
        assert memory.drain()
        assert max(late(alice.search("pottery"))) > 0


def test_a_vector_of_ones_own_brings_none_and_counts_as_usual(tmp_path):
    with MemOS.open(tmp_path / "memory", worker="none") as memory:
        alice = memory.as_user("alice")
        alice.add(["clay pots", "a letter"])
        given = alice.add("something else", vector=MiniLM().embed(["clay"])[0]).cubes[0]
        found = {
            hit.cube.id: sum(value for name, value in hit.why.items() if name.startswith("late")) for hit in alice.search("pottery").hits
        }
        assert min(found.values()) < found[given.id] < max(found.values())


def test_erased_words_are_gone_from_the_file(tmp_path):
    path = tmp_path / "memory"
    with MemOS.open(path, worker="none") as memory:
        alice = memory.as_user("alice")
        cube = alice.add("The heron stood by the weir.").cubes[0]
        with memory._parts.adapter.view("default") as view:
            (body,) = view.words([1]).values()
        assert len(body) >= 3 * 128
        assert alice.search("bird at the water").hits
        alice.erase(filter={"id": cube.id})
        assert not alice.search("bird at the water").hits
        with memory._parts.adapter.view("default") as view:
            assert view.words([1]) == {}
    assert not any(body[:64] in file.read_bytes() for file in path.rglob("*") if file.is_file())


def test_another_embedder_drops_them(tmp_path):
    with MemOS.open(tmp_path / "memory", worker="none") as memory:
        alice = memory.as_user("alice")
        alice.add("clay and water")
        memory.reembed("hashing")
        assert memory.drain()
        assert not any(late(alice.search("clay")))
        memory.reembed("minilm")
        assert memory.drain()
        assert max(late(alice.search("clay"))) > 0

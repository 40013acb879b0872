"""Bad input: a named error that says what to do, and nothing written."""

import base64
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from memos import MemOS
from memos.backends.hashing import HashingEmbedder
from memos.errors import InvalidCall, NotAStore, NotFound
from memos.memcube.legal import TEXT_BYTES

NOWHERE = "01890000-0000-7000-8000-000000000000"


@pytest.fixture
def memory(tmp_path):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none") as system:
        yield system


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ([], "empty"),
        (None, "NoneType"),
        (3, "int"),
        (b"bytes", "bytes"),
        (["fine", 3], "item 1"),
        (["fine", None], "item 1"),
        ("nul \0 here", "NUL"),
        ("lone \ud800 surrogate", "surrogate"),
        ("x" * (TEXT_BYTES + 1), "split"),
        ("é" * (TEXT_BYTES // 2 + 1), "split"),
        ([{"role": "user"}], "content"),
        ([{"content": "x", "colour": "red"}], "colour"),
        ([{"content": None}], "NoneType"),
        ([{"content": "x", "at": datetime(2025, 1, 1)}], "zone"),  # noqa: DTZ001
        ([{"content": "x", "at": "yesterday"}], "said_at"),
        ([{"content": "x", "at": 1740992400}], "said_at: 1740992400 is no time"),
        ([{"content": "x", "timestamp": datetime(2025, 1, 1)}], "zone"),  # noqa: DTZ001
        ([{"content": "x", "at": "2025-01-01", "timestamp": "2025-01-01"}], "not both"),
        ([{"content": None, "tool_calls": []}], "NoneType"),
        ([{"content": "", "tool_calls": [3, {"function": "f"}]}], "empty"),
        ([{"content": "x", "tool_calls": [object()]}], r"field 'tool_calls' must be JSON.*model_dump"),
        ([{"content": "x", "audio": float("nan")}], "field 'audio' must be JSON"),
        ([{"tool_call_id": "c"}], "content"),
        ([{"content": "x", "ordinal": True}], "ordinal"),
        ([{"content": "x", "ordinal": -1}], "ordinal"),
        ([{"content": "x", "ordinal": "first"}], "ordinal"),
        ([{"content": "x", "metadata": "no"}], "metadata"),
        ([{"content": [{"type": "image_url", "image_url": "x"}]}], "parts"),
    ],
)
def test_what_cannot_be_a_memory_is_refused_whole(alice, given, said):
    with pytest.raises(InvalidCall, match=said):
        alice.add(given)
    assert not alice.list().cubes


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"namespace": "elsewhere/x"}, "begin with"),
        ({"namespace": "user/alice/.."}, "step"),
        ({"namespace": "user/alice/" + "x" * 200}, "128"),
        ({"namespace": 3}, "path"),
        ({"layer": "secret"}, "layer"),
        ({"tags": [""]}, "tag"),
        ({"tags": ["x" * 300]}, "256"),
        ({"tags": [3]}, "tag"),
        ({"expires_at": datetime(2025, 1, 1)}, "zone"),  # noqa: DTZ001
        ({"expires_at": timedelta(days=3)}, r"expires_at: a timedelta is no time; add it to datetime\.now\(UTC\)"),
        ({"expires_at": "soon"}, "expires_at: 'soon' is no time; write a day such as 2025-01-01"),
        ({"expires_at": "2031-02-30"}, "expires_at: '2031-02-30' is no time"),
        ({"expires_at": 1893456000}, "expires_at: 1893456000 is no time"),
        ({"expires_at": "1893456000"}, "expires_at: '1893456000' is no time"),
        ({"expires_at": True}, "expires_at: True is no time"),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, r"is over: it is 2020-01-01T00:00:00\+00:00, now is"),
        ({"expires_at": "2020-01-01"}, "is over"),
        ({"priority": True}, "priority"),
        ({"priority": "1"}, "priority"),
        ({"priority": 101}, "priority"),
        ({"priority": "high"}, "priority"),
        ({"metadata": {"a": float("nan")}}, "JSON"),
        ({"metadata": {"a": object()}}, "JSON"),
        ({"metadata": {"a": 2**70}}, "64 bits"),
        ({"metadata": {"a": "x" * 70_000}}, "bytes"),
        ({"metadata": {"a": "nul \0"}}, "NUL"),
        ({"vector": [1.0, 2.0]}, "384"),
        ({"vector": [float("nan")] * 384}, "finite"),
        ({"vector": [0.0] * 384}, "zeros"),
        ({"vector": "text"}, "numbers"),
        ({"session": "x" * 300}, "256"),
        ({"idempotency_key": ""}, "idempotency_key"),
    ],
)
def test_arguments_of_add_are_checked(alice, arguments, said):
    with pytest.raises(InvalidCall, match=said):
        alice.add("a text", **arguments)
    assert not alice.list().cubes


def test_a_batch_with_one_bad_item_writes_nothing(alice):
    with pytest.raises(InvalidCall, match="item 2"):
        alice.add(["one", "two", "three \0"])
    assert not alice.list().cubes


def test_a_text_of_four_mebibytes_is_kept_whole(alice):
    text = "word " * (TEXT_BYTES // 5)
    cube = alice.add(text, vector=[1.0] + [0.0] * 383).cubes[0]
    assert alice.get(cube.id).cubes[0].text == text


@pytest.mark.parametrize(
    ("filter", "said"),
    [
        ({"colour": "red"}, "colour"),
        ({"tags": {"like": "x"}}, "like"),
        ({"created_at": {"gte": "2025-01-01T00:00:00"}}, "zone"),
        ({"created_at": {"gte": "soon"}}, "soon"),
        ({"priority": {"gt": "high"}}, "priority"),
        ({"and": "x"}, "and"),
        ({"state": "asleep"}, "asleep"),
        ("tags", "filter"),
        ({"acl": {"any": ["read:user:bob"]}}, "acl"),
    ],
)
def test_filters_are_checked_by_search_and_list(alice, filter, said):
    with pytest.raises(InvalidCall, match=said):
        alice.list(filter=filter)
    with pytest.raises(InvalidCall, match=said):
        alice.search("x", filter=filter)


def test_searches_are_checked(alice):
    for arguments in (
        {},
        {"text": " "},
        {"text": "x", "limit": 0},
        {"text": "x", "limit": 10_000},
        {"text": "x\0"},
    ):
        with pytest.raises(InvalidCall):
            alice.search(**arguments)
    with pytest.raises(InvalidCall, match="states.*'generated', 'activated', 'merged', 'archived' or 'expired'"):
        alice.search("x", states=["asleep"])
    with pytest.raises(InvalidCall, match="before it ends"):
        alice.search("x", window=(datetime(2025, 2, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)))
    with pytest.raises(InvalidCall, match="zone"):
        alice.search("x", window=(datetime(2025, 2, 1), None))  # noqa: DTZ001
    with pytest.raises(InvalidCall, match="start: 'soon' is no time; write a day"):
        alice.search("x", window=("soon", None))


def test_ids_are_checked(alice):
    for bad in ("x", "", "01890000-0000-4000-8000-000000000000", 3, None):
        with pytest.raises(InvalidCall):
            alice.get(bad)
    with pytest.raises(NotFound):
        alice.get(NOWHERE)
    with pytest.raises(InvalidCall, match="at least one"):
        alice.get([])


def test_updates_are_checked_and_change_nothing(alice):
    cube = alice.add("as it was").cubes[0]
    for arguments in (
        {},
        {"text": ""},
        {"text": "x", "mode": "sideways"},
        {"text": "x", "expect_version": 0},
        {"text": "x", "expect_version": "1"},
        {"text": "x", "expect_version": True},
        {"text": "x", "expires_at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"expires_at": "2020-01-01"},
        {"expires_at": timedelta(days=1)},
        {"priority": "5"},
        {"priority": True},
        {"text": "nul \0"},
        {"priority": 1000},
    ):
        with pytest.raises(InvalidCall):
            alice.update(cube.id, **arguments)
    assert alice.get(cube.id).cubes[0] == cube


def test_cursors_and_orders_are_checked(alice):
    alice.add([f"n {number}" for number in range(5)])
    with pytest.raises(InvalidCall, match="cursor"):
        alice.list(cursor="nonsense")
    with pytest.raises(InvalidCall, match="order"):
        alice.list(order="colour")


def test_compositions_and_transfers_are_checked(alice):
    cube = alice.add("one").cubes[0]
    with pytest.raises(InvalidCall, match="two"):
        alice.compose([cube.id, cube.id])
    with pytest.raises(InvalidCall, match="already"):
        alice.transfer(cube.id, to="user/alice")
    assert alice.get(cube.id).cubes[0] == cube


def test_settings_are_checked_where_they_stand(tmp_path):
    with pytest.raises(InvalidCall, match="no setting 'colour', as settings= has it; there are durability, inline_vectors"):
        MemOS.open(tmp_path / "a", settings={"colour": "red"}, embedder=None)
    with pytest.raises(InvalidCall, match="no setting 'durabilty', as settings= has it; did you mean durability"):
        MemOS.open(tmp_path / "a", settings={"durabilty": "power"}, embedder=None)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "memos.toml").write_text("embed_batch = 'many'\n")
    with pytest.raises(InvalidCall, match=r"embed_batch.*memos\.toml"):
        MemOS.open(tmp_path / "b", embedder=None)


def test_what_is_no_store_is_not_opened(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"x")
    for path in (tmp_path / "photos", tmp_path / "photos" / "cat.jpg"):
        with pytest.raises(NotAStore):
            MemOS.open(path, embedder=None)
    assert sorted(entry.name for entry in (tmp_path / "photos").iterdir()) == ["cat.jpg"]
    with pytest.raises(InvalidCall, match="no store is registered for 'ftp'; there are: memory:, the path of a directory; a plug-in"):
        MemOS.open("ftp://127.0.0.1/x")
    with pytest.raises(InvalidCall, match="no embedder is registered"):
        MemOS.open(tmp_path / "new", embedder="word2vec")


SHARED: list[object] = ["x"]
for _ in range(30):
    SHARED = [SHARED, SHARED]
NARROW: dict[str, object] = {"tags": "x"}
for _ in range(25):
    NARROW = {"and": [NARROW, NARROW]}
ODD = {
    "an order that is a list": lambda m, a, i: a.list(order=["x"]),
    "an order that is an object": lambda m, a, i: a.list(order={"a": 1}),
    "a cursor of brackets": lambda m, a, i: a.list(cursor=base64.urlsafe_b64encode(b"[" * 100_000).decode()),
    "a tag without its name": lambda m, a, i: a.update(i, tags=[{"nom": "x"}]),
    "a tag named by a number": lambda m, a, i: a.update(i, tags=[{"name": 5}]),
    "a tag with keys that are numbers": lambda m, a, i: a.add("t", tags=[{5: 5}]),
    "too many tags": lambda m, a, i: a.add("t", tags=[f"t{n}" for n in range(257)]),
    "too many links": lambda m, a, i: a.add("t", links=["x"] * 257),
    "a long link": lambda m, a, i: a.add("t", links=["x" * 2049]),
    "links that are a text": lambda m, a, i: a.add([{"content": "t"}], links=5),
    "a set for a vector": lambda m, a, i: a.add("t", vector={1.0, 2.0}),
    "numbers too large for any float": lambda m, a, i: a.add("t", vector=[10**400] * 16),
    "metadata that shares lists": lambda m, a, i: a.add("t", metadata={"k": SHARED}),
    "metadata of too many values": lambda m, a, i: a.add("t", metadata={"k": [1] * 10_001}),
    "a filter that shares lists": lambda m, a, i: a.list(filter=NARROW),
    "roles that are a number": lambda m, a, i: m.as_user("a", roles=5),
    "seconds that are a text": lambda m, a, i: m.drain("x"),
    "a backup named by a number": lambda m, a, i: m.backup(5),
    "a backup with NUL in its name": lambda m, a, i: m.backup("a\0b"),
    "a backup with a long name": lambda m, a, i: m.backup("x" * 300),
    "a restore of what has NUL in its name": lambda m, a, i: m.restore_backup("a\0b", "c", keys="d"),
    "an embedder to change to that is none": lambda m, a, i: m.reembed(object()),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("what", ODD)
def test_odd_arguments_are_refused_in_our_words_and_soon(memory, what):
    alice = memory.as_user("alice")
    standing = alice.add("a memory").cubes[0].id
    with pytest.raises(InvalidCall) as told:
        ODD[what](memory, alice, standing)
    assert len(str(told.value)) < 500
    assert memory.status().memories == 1


@pytest.mark.parametrize("name", ["a\0b", "a\udc80b", b"bytes", "x" * 300, "x/" * 5000, 123, None, ["x"]], ids=ascii)
def test_what_can_be_no_directory_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidCall, match="path"):
        MemOS.open(name, embedder=None, worker="none")
    assert not list(tmp_path.iterdir())


class Nameless(HashingEmbedder):
    name = ""


OPENINGS = {
    "an embedder that is none": {"embedder": object()},
    "an embedder that is a number": {"embedder": 5},
    "an embedder without a name": {"embedder": Nameless()},
    "settings that are a list": {"settings": [1]},
    "settings that are a text": {"settings": "x"},
    "a worker of no kind": {"worker": "bogus"},
    "a clock that is none": {"clock": object()},
}


@pytest.mark.parametrize("what", OPENINGS)
def test_a_store_is_not_opened_in_odd_ways(tmp_path, what):
    with pytest.raises(InvalidCall):
        MemOS.open(tmp_path / "m", **{"embedder": None, "worker": "none"} | OPENINGS[what])


@pytest.mark.parametrize("scale", [1e30, 1e-30, 1e-44, 1e300, 1e-300, 1.0])
def test_of_a_vector_the_direction_counts_and_not_the_length(tmp_path, scale):
    with MemOS.open(tmp_path / "m", embedder="hashing://8", worker="none") as memory:
        alice = memory.as_user("alice")
        alice.add("one", vector=[scale, *[0] * 7])
        alice.add("other", vector=[0, scale, scale, *[0] * 5])
        alice.update(alice.add("third").cubes[0], "third again", vector=[0, 0, 0, scale, *[0] * 4])
        with memory._parts.adapter.view("default") as view:
            (feed,) = view.feed("user/alice", -1)
            assert {round(float(row @ row), 5) for row in feed.vectors} == {1.0}
        assert alice.search("x", vector=[0, scale, scale, *[0] * 5]).hits[0].cube.text == "other"
        with pytest.raises(InvalidCall, match="no direction"):
            alice.add("zero", vector=[0] * 8)
        assert memory.doctor() == ()


def test_an_embedder_of_large_numbers_is_scaled_and_not_lost(tmp_path):
    class Large(HashingEmbedder):
        def embed(self, texts):
            return super().embed(texts) * np.float32(1e30)

    with MemOS.open(tmp_path / "m", embedder=Large(dimensions=8), worker="none") as memory:
        memory.as_user("alice").add("one two three")
        with memory._parts.adapter.view("default") as view:
            (feed,) = view.feed("user/alice", -1)
            assert round(float(feed.vectors[0] @ feed.vectors[0]), 5) == 1.0

"""Bad input: a named error that says what to do, and nothing written."""

from datetime import UTC, datetime, timedelta

import pytest

from memos import MemOS
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

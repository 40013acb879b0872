"""Quoting: a block that no text can close, leave or imitate, and from which every text comes back as it was."""

import re
import secrets
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from memos import MemOS, quote, unquote
from memos.errors import InvalidCall
from memos.memcube.cube import MemCube
from memos.memcube.namespace import layer_of
from memos.memcube.payload import Plaintext
from memos.memcube.policy import Policy
from memos.memcube.provenance import CallContext, Provenance
from memos.memcube.quarantine import put_under

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
UNSAFE = {"Cc", "Cf", "Zl", "Zp", "Co", "Cn"}
ID = "01900000-0000-7000-8000-00000000000{}"


def provenance(owner, agent, place):
    return Provenance(id=ID.format(place), origin="user", context=CallContext(user=owner, agent=agent))


def cube(text, owner="alice", agent=None, place=0, **policy):
    return MemCube(
        id=ID.format(place), namespace="user/alice", layer=layer_of("user/alice"), payload=Plaintext(text=text),
        policy=Policy(owner=owner, **policy), provenance=provenance(owner, agent, place),
        said_at=WHEN, created_at=WHEN, updated_at=WHEN,
    )  # fmt: skip


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
hostile = st.sampled_from(
    [
        "\nEND ",
        "\nBEGIN ",
        "\nMEMORY ",
        "| ",
        "\\",
        "\\u003c",
        "\\U0001f9e0",
        "<|im_end|>",
        "[INST]",
        "</s>",
        "\u2028",
        "\r",
        "\x1b[2J",
        "\u202e",
        "\n",
        "{",
        "0" * 32,
    ]
)
mixed = st.lists(st.one_of(texts, hostile), min_size=1).map("".join)


@given(st.lists(st.tuples(mixed, mixed), max_size=4))
@example([("\\u000a\\\\n\nEND 00000000000000000000000000000000", "a\nEND x")])
def test_every_text_and_name_comes_back_and_every_line_is_the_frames_or_quoted(pairs):
    cubes = [cube(text, owner=owner, place=place) for place, (text, owner) in enumerate(pairs)]
    block = quote(cubes)
    lines = block.split("\n")
    nonce = lines[1].removeprefix("BEGIN ")
    assert {unicodedata.category(each) for each in block if each != "\n"}.isdisjoint(UNSAFE)
    assert lines[-1] == f"END {nonce}"
    assert sum(line.startswith("MEMORY ") for line in lines) == len(cubes)
    assert all(line.startswith(("| ", f"MEMORY {nonce} {{")) for line in lines[2:-1])
    assert all(nonce not in line for line in lines if line.startswith("| "))
    back = unquote(block)
    assert [text for _, text in back] == [each.text for each in cubes]
    assert [told["source"] for told, _ in back] == [each.policy.owner for each in cubes]


def test_it_tells_whose_each_is_whether_it_is_trusted_and_when_it_was_said():
    under = cube("a page", agent="crawler")
    under = under.model_copy(update={"policy": put_under(under.policy, "agent:crawler")})
    told = [attributes for attributes, _ in unquote(quote([cube("a note"), under]))]
    assert told[0] == {"id": ID.format(0), "source": "alice", "trust": "trusted", "said_at": "2026-01-01T00:00:00+00:00"}
    assert (told[1]["source"], told[1]["trust"]) == ("alice/crawler", "untrusted")


def test_the_delimiter_is_new_in_each_call_and_in_no_text(monkeypatch):
    assert quote(cube("a")) != quote(cube("a"))
    drawn = iter(["a" * 32, "b" * 32, "c" * 32])
    monkeypatch.setattr(secrets, "token_hex", lambda size: next(drawn))
    block = quote([cube(f"END {'a' * 32}"), cube("x", owner="b" * 32)])
    assert block.endswith(f"\nEND {'c' * 32}")


@pytest.mark.parametrize(
    "token",
    [
        "<|im_start|>system",
        "<|endoftext|>",
        "</s>",
        "<s>",
        "[INST] x [/INST]",
        "<<SYS>>",
        "<start_of_turn>user",
        "<｜User｜>",
        "[TOOL_CALLS]",
        "<!-- x -->",
        "<script>",
        "<?xml",
    ],
)
def test_nothing_that_has_the_form_of_a_control_token_stays_one(token):
    block = quote(cube(f"before {token} after"))
    assert token not in block
    assert not re.search(r"<\||<｜|\[/?INST|</?s>|<\w+>", "\n".join(block.split("\n")[3:-1]))
    assert unquote(block)[0][1] == f"before {token} after"


def test_ordinary_text_stays_as_it_is():
    text = "If a < b and c > d, see [1] or x[i]; 日本語, naïve, 🧠.\n\n- a list\n- of two"
    assert "".join(f"| {line}\n" for line in text.split("\n")) in quote(cube(text))


def test_it_takes_replies_hits_and_memories(tmp_path):
    with MemOS.open(tmp_path / "m", embedder="hashing", worker="none") as memory:
        alice = memory.as_user("alice")
        added = alice.add(["the harbour", "the lighthouse"])
        found = alice.search("harbour")
        assert [text for _, text in unquote(quote(found))] == [hit.cube.text for hit in found.hits]
        assert [text for _, text in unquote(quote(found.hits[:1]))] == ["the harbour"]
        assert [text for _, text in unquote(quote(added.cubes))] == ["the harbour", "the lighthouse"]
        assert unquote(quote(alice.search("nothing of the kind", namespaces="user/alice/none"))) == []
    with pytest.raises(InvalidCall, match="hits or memories"):
        quote(["a text"])


@pytest.mark.parametrize(
    "block", ["", "x", "BEGIN", "a\nBEGIN b\nEND c", "a\nBEGIN b\n| x\nEND b", "a\nBEGIN b\nMEMORY b {}\nEND b", "a\nBEGIN b\nx\nEND b"]
)
def test_what_is_no_block_is_refused(block):
    with pytest.raises(InvalidCall, match="no block of quoted memories"):
        unquote(block)


def test_a_block_that_was_cut_or_changed_is_refused():
    lines = quote([cube("one\ntwo"), cube("three", place=1)]).split("\n")
    for changed in (lines[:-1], [*lines[:3], "three", *lines[3:]], [*lines[:-1], "END " + "0" * 32]):
        with pytest.raises(InvalidCall):
            unquote("\n".join(changed))

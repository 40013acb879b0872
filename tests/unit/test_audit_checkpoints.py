"""The Merkle tree of RFC 9162, checkpoints and their signatures, as values."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from memos.errors import InvalidCall
from memos.infrastructure.memgovernance.checkpoint import (
    Checkpoint,
    LogHead,
    is_signed,
    key_document,
    key_id,
    public_key,
    read_checkpoint,
    read_key,
    sign,
)
from memos.infrastructure.memgovernance.merkle import MerkleTree

ENTRIES = [
    bytes.fromhex(entry) for entry in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""Entries and roots that implementations of Certificate Transparency are tested with."""
SECRET = bytes(range(32))
HEAD = LogHead(log="commits", size=3, root="0" * 64, seal="f" * 64)
UNSIGNED = Checkpoint(
    store_id="a store", at=datetime(2026, 1, 2, tzinfo=UTC), logs=(HEAD, HEAD.model_copy(update={"log": "access"})), key_id=""
)


def roots_of(entries):
    tree, found = MerkleTree(), []
    found.append(tree.root())
    for entry in entries:
        tree.add(entry)
        found.append(tree.root())
    return found


def hashed(entries):
    """MTH of RFC 9162, section 2.1.1, word by word: the list is cut at the largest power of two that is smaller than it."""
    if not entries:
        return sha256().digest()
    if len(entries) == 1:
        return sha256(b"\0" + entries[0]).digest()
    cut = 1 << (len(entries) - 1).bit_length() - 1
    return sha256(b"\1" + hashed(entries[:cut]) + hashed(entries[cut:])).digest()


class TestMerkleTree:
    def test_has_the_known_roots(self):
        assert [root.hex() for root in roots_of(ENTRIES)] == list(ROOTS)

    @given(some.lists(some.binary(max_size=40), max_size=70))
    def test_is_the_definition_at_every_size(self, entries):
        assert roots_of(entries) == [hashed(entries[:size]) for size in range(len(entries) + 1)]

    @given(some.lists(some.binary(max_size=4), min_size=2, max_size=20, unique=True), some.data())
    def test_another_order_another_root(self, entries, data):
        one, other = data.draw(some.lists(some.integers(0, len(entries) - 1), min_size=2, max_size=2, unique=True))
        swapped = list(entries)
        swapped[one], swapped[other] = swapped[other], swapped[one]
        assert roots_of(swapped)[-1] != roots_of(entries)[-1]

    def test_a_pair_of_hashes_is_no_entry(self):
        left, right = (sha256(b"\0" + entry).digest() for entry in (b"one", b"two"))
        assert roots_of([left + right])[-1] != roots_of([b"one", b"two"])[-1]

    def test_no_two_sizes_share_a_root(self):
        assert all(before != after for before, after in pairwise(roots_of([b"same"] * 40)))


class TestSignature:
    signed = sign(UNSIGNED, SECRET)
    key = public_key(SECRET)

    def test_holds(self):
        assert is_signed(self.signed, self.key)
        assert self.signed.key_id == key_id(self.key)

    def test_is_the_same_each_time_and_covers_fixed_bytes(self):
        assert sign(UNSIGNED, SECRET) == self.signed
        other = '{"log":"access","root":"' + "0" * 64 + '","seal":"' + "f" * 64 + '","size":3}'
        assert self.signed.signed_bytes().decode() == (
            '{"at":"2026-01-02T00:00:00Z","format":"memos-audit-checkpoint-1","key_id":"' + self.signed.key_id
            + '","logs":[' + other.replace("access", "commits") + "," + other + '],"store_id":"a store"}'
        )  # fmt: skip

    def test_survives_its_document(self):
        again = read_checkpoint(self.signed.document().encode(), "a file")
        assert again == self.signed
        assert is_signed(again, self.key)

    @pytest.mark.parametrize(
        "change",
        [
            {"store_id": "another"},
            {"at": UNSIGNED.at + timedelta(microseconds=1)},
            {"logs": UNSIGNED.logs[:1]},
            {"logs": UNSIGNED.logs[::-1]},
            {"logs": (HEAD.model_copy(update={"size": 2}), UNSIGNED.logs[1])},
            {"logs": (HEAD.model_copy(update={"root": "1" * 64}), UNSIGNED.logs[1])},
            {"logs": (HEAD.model_copy(update={"seal": "1" * 64}), UNSIGNED.logs[1])},
            {"key_id": "another"},
            {"signature": "0" * 128},
            {"signature": ""},
        ],
        ids=str,
    )
    def test_breaks_with_every_field(self, change):
        assert not is_signed(self.signed.model_copy(update=change), self.key)

    def test_is_of_one_key(self):
        assert not is_signed(sign(UNSIGNED, bytes(32)), self.key)


class TestDocuments:
    @pytest.mark.parametrize(
        ("document", "what"),
        [
            (b"", "the document"),
            (b"\xff\xfe", "the document"),
            (b"[]", "the document"),
            (b"{}", "store_id"),
            (UNSIGNED.document().replace("checkpoint-1", "checkpoint-2").encode(), "format"),
            (UNSIGNED.document().replace('"size": 3', '"size": -3').encode(), "logs.0.size"),
            (UNSIGNED.document().replace('"size": 3', '"size": "3"').encode(), "logs.0.size"),
            (UNSIGNED.document().replace("0" * 64, "0" * 63 + "\\n").encode(), "logs.0.root"),
            (UNSIGNED.document().replace("T00:00:00Z", "T00:00:00").encode(), "at"),
            (UNSIGNED.document().replace('"key_id"', '"more": 1, "key_id"').encode(), "more"),
        ],
    )
    def test_what_is_no_checkpoint_is_refused_by_name(self, document, what):
        with pytest.raises(InvalidCall, match="a file is no checkpoint") as refused:
            read_checkpoint(document, "a file")
        assert what in refused.value.message

    def test_a_key_survives_its_document(self):
        assert key_id(read_key(key_document(public_key(SECRET)), "a file")) == key_id(public_key(SECRET))

    @pytest.mark.parametrize("document", [b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
    def test_what_is_no_key_is_refused(self, document):
        with pytest.raises(InvalidCall, match="no public key of Ed25519"):
            read_key(document, "a file")

    def test_a_key_of_another_kind_is_refused(self):
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        other = X25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(InvalidCall, match="no public key of Ed25519"):
            read_key(other, "a file")

"""The Merkle tree of RFC 9162, section 2.1, over entries that come one by one."""

from __future__ import annotations

from hashlib import sha256

LEAF, NODE = b"\x00", b"\x01"
"""What precedes an entry and a pair of hashes, so that neither can be taken for the other."""


class MerkleTree:
    """Grows by one entry at a time and knows its root at every size; it keeps one hash for each 1 in the binary form of its size."""

    def __init__(self) -> None:
        self.size = 0
        self._whole: list[bytes] = []

    def add(self, entry: bytes) -> None:
        """One more entry."""
        node, size = sha256(LEAF + entry).digest(), self.size
        while size & 1:
            node = sha256(NODE + self._whole.pop() + node).digest()
            size >>= 1
        self._whole.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The 32 bytes that stand for all entries and their order; of no entries, sha256 of nothing."""
        if not self._whole:
            return sha256().digest()
        *left, node = self._whole
        for each in reversed(left):
            node = sha256(NODE + each + node).digest()
        return node

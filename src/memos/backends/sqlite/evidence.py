"""Evidence: what the store keeps of a text beside the text, and whether it still speaks for it.

A text's term row and its fact hashes were computed from it under the store's key when it was written. Where one of them contradicts the
text and none agrees with it, it is the text that is another one, and what was derived from it is the only trace: it is not made anew
unless somebody says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from memos.backends.sqlite.keys import Keys, pack_counts
from memos.backends.sqlite.named import statements
from memos.backends.sqlite.rows import known_of, speaker_of, text_of
from memos.memcube.legal import same_fact
from memos.ports.maintenance import Analyse

SQL = statements("evidence")
Term = tuple[bytes, bytes, int, int]
"""Hashes, counts, length and flags, as a term row has them."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One text, what is derived from it now, and what was derived from it when it was stored."""

    content: int
    term: Term
    fact: bytes
    kept_term: Term | None
    kept_facts: frozenset[bytes]

    @property
    def changed(self) -> bool:
        """Whether something that was derived contradicts the text, and nothing agrees with it."""
        kept = self.kept_term
        whole = kept is not None and len(kept[0]) == 8 * (len(kept[1]) // 2) and len(kept[1]) % 2 == 0
        said = [self.fact in self.kept_facts] if self.kept_facts else []
        said += [kept[:2] == self.term[:2]] if kept is not None and whole else []
        return bool(said) and not any(said)

    @property
    def term_wrong(self) -> bool:
        """Whether there is a term row, and it is not that of the text."""
        return self.kept_term is not None and self.kept_term != self.term


def evidence(row: tuple[Any, ...], keys: Keys, analyse: Analyse) -> Evidence:
    """What a row of the statement `texts` tells."""
    content, tenant, speaker, role, stored, hashes, counts, length, flags, facts, header, sensitivity = row
    body = text_of(stored)
    own, made = keys.tenant(tenant), analyse(known_of(body, header, sensitivity), speaker_of(speaker, header), role)
    term = own.terms.pack(made.counts), pack_counts(made.counts.values()), made.length, made.flags
    kept = None if hashes is None else (hashes, counts, length, flags)
    return Evidence(
        content, term, own.fact(same_fact(body)), kept, frozenset(map(bytes.fromhex, (facts or "").split(",") if facts else ()))
    )

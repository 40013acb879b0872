"""Filling: which pending texts to embed now, and what a failing embedder means: try later, never give up for good."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from memos.errors import BackendError, MemOSError, Unavailable
from memos.memcube.change import VectorFill
from memos.memcube.vector import Words
from memos.operation.memoperator.late import packed
from memos.ports.adapter import View
from memos.ports.models import Embedder, apart, embedded, embedding_input, read

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 10.0
"""An embedder that fails for everything is asked again after a pause that doubles up to this."""
LONGEST_REST_SECONDS = 3600.0
"""A text that it refuses, while it takes others, is tried again after a rest that doubles, from 2 seconds, up to this."""
REMEMBERED = 10_000
PROBE = "hello"
Item = tuple[int, str | None, str]
"""A content, its speaker, its text."""
Read = tuple[Any, Words | None]
"""A vector and the words, None for what was refused."""
log = logging.getLogger("memos.worker")


class Filling:
    """What is known, in this process, of an embedder's failures. One thread at a time computes; others may ask what is due."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = apart(embedder, None)
        self._resting: dict[tuple[str, int], tuple[int, float]] = {}
        self._until = 0.0
        self.failures = 0
        """How often in a row the embedder failed for everything."""

    def retry(self) -> None:
        """Take everything as due, as at the opening of a store."""
        self._resting.clear()
        self._until = 0.0

    def due(self, view: View, limit: int) -> tuple[Item, ...]:
        """The contents of the View's tenant to be embedded now, at most `limit`."""
        now = time.monotonic()
        if now < self._until:
            return ()
        resting = {content for (tenant, content), (_, end) in list(self._resting.items()) if tenant == view.tenant and now < end}
        items = view.pending(limit + len(resting)).items
        return tuple(item for item in items if item[0] not in resting)[:limit]

    def compute(self, tenant: str, items: Sequence[Item]) -> tuple[VectorFill, ...]:
        """The vectors of some texts, None for those that are refused while others are taken; () when the embedder takes none."""
        texts = [embedding_input(speaker, text) for _, speaker, text in items]
        try:
            found: Sequence[Read] = list(zip(*read(self._embedder, texts), strict=True))
        except Unavailable as error:
            return self._pause(error)
        except BackendError:
            try:
                found = self._one_by_one(texts)
            except (BackendError, Unavailable) as error:
                return self._pause(error)
        self.failures = 0
        for (content, _, _), (row, _) in zip(items, found, strict=True):
            self._note(tenant, content, refused=row is None)
        told = zip(items, texts, found, strict=True)
        return tuple(VectorFill(content, row, packed(text, words)) for (content, _, _), text, (row, words) in told)

    def _one_by_one(self, texts: Sequence[str]) -> list[Read]:
        """Each text by itself; raises when it is the embedder that fails, not a text."""
        found: list[Read] = []
        for text in texts:
            try:
                rows, words = read(self._embedder, [text])
                found.append((rows[0], words[0]))
            except BackendError:
                found.append((None, None))
        if all(row is None for row, _ in found):
            embedded(self._embedder, [PROBE])
        return found

    def _pause(self, error: MemOSError) -> tuple[VectorFill, ...]:
        self.failures += 1
        pause = min(FIRST_PAUSE_SECONDS * 2 ** min(self.failures - 1, 16), LONGEST_PAUSE_SECONDS)
        self._until = time.monotonic() + pause
        level = logging.WARNING if self.failures == 1 else logging.DEBUG
        log.log(level, "the embedder %s fails (%s); it is asked again in %.2f s", self._embedder.name, error.code, pause)
        return ()

    def _note(self, tenant: str, content: int, *, refused: bool) -> None:
        if not refused:
            self._resting.pop((tenant, content), None)
            return
        times = self._resting.get((tenant, content), (0, 0.0))[0] + 1
        if len(self._resting) >= REMEMBERED:
            self._resting.clear()
        self._resting[tenant, content] = times, time.monotonic() + min(2.0**times, LONGEST_REST_SECONDS)
        log.warning("the embedder %s refuses content %d (attempt %d); it is tried again later", self._embedder.name, content, times)

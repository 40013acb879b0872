"""MemOperator: gives structure to what comes in, and finds what is asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from memos.memcube.call import CubeDraft, Grant, MemoryQuery
from memos.memcube.change import Terms
from memos.memcube.filter import Filter
from memos.operation.memoperator.analysis import analyse
from memos.ports.adapter import View

if TYPE_CHECKING:
    from memos.operation.memoperator.cache import LaneKey, Lanes
    from memos.operation.memoperator.quotation import Likely
    from memos.operation.memoperator.retrieval import Found, Retrieval


class MemOperator:
    """Takes values, returns values, writes nothing. What it keeps is a cache of the store; safe to use from several threads.

    `cache_bytes` is how much of the store's indexes it keeps in memory, None for the default.
    """

    def __init__(self, cache_bytes: int | None = None) -> None:
        self._cache_bytes = cache_bytes
        self._lock = threading.Lock()
        self._retrieval: Retrieval | None = None

    def structure(self, drafts: Sequence[CubeDraft]) -> tuple[Terms, ...]:
        """The terms of each draft, as the lexical lane keeps them."""
        return tuple(analyse(draft.text, draft.speaker, draft.role) for draft in drafts)

    def retrieve(self, query: MemoryQuery, view: View, grant: Grant, now: datetime, moment: datetime | None = None) -> Found:
        """The memories of the View that answer the query, best first, under its filter and the grant's.

        `moment` is the time as of which validity counts, by default now. `query.namespaces` are read with all below them;
        `query.vector`, where there is one, is the question's embedding. InvalidCall for a vector of another width than the store's.
        """
        return self.searching().retrieve(query, view, grant, now, moment)

    def path(self, query: MemoryQuery, view: View, grant: Grant, now: datetime) -> list[dict[str, Any]]:
        """What `retrieve` searches for a query, where, and in what order: one dict a step."""
        return self.searching().path(query, view, grant, now)

    def groups(self, query: MemoryQuery, by: str, view: View, grant: Grant, now: datetime) -> int | None:
        """How many groups there are among the memories that a query looks for; None when they are by a tag."""
        return self.searching().groups(query, by, view, grant, now)

    def counted(self, query: MemoryQuery, tests: Sequence[Filter], view: View, grant: Filter, now: datetime) -> list[int]:
        """For each of several further conditions how many memories pass it beside the query's filter and the grant."""
        return self.searching().counted(query, tests, view, grant, now)

    def quoted(self, texts: Sequence[str], query: MemoryQuery, view: View, grant: Grant, now: datetime, *, each: int) -> list[Likely]:
        """The memories from which pieces of a text may have been taken, by their words: at most `each` a piece, the likeliest first."""
        return self.searching().quoted(texts, query, view, grant, now, each=each)

    def beside(self, namespaces: Callable[[], Collection[str]], under: View) -> MemOperator:
        """An operator for a View that shows, in some namespaces, what is in no store: it keeps nothing of these, and shares the rest.

        `under` is the same View without that.
        """
        return _Beside(self, namespaces, under)

    def searching(self) -> Retrieval:
        """The search, made on first use."""
        if self._retrieval is not None:
            return self._retrieval
        with self._lock:
            if self._retrieval is None:
                from memos.operation.memoperator.cache import DEFAULT_BYTES, Lanes
                from memos.operation.memoperator.retrieval import Retrieval

                self._retrieval = Retrieval(Lanes(DEFAULT_BYTES if self._cache_bytes is None else self._cache_bytes))
            return self._retrieval

    @property
    def lanes(self) -> Lanes:
        """What is kept of the store."""
        return self.searching().lanes

    @property
    def uses(self) -> int:
        """How often an index was used so far."""
        return 0 if self._retrieval is None else self._retrieval.lanes.hits + self._retrieval.lanes.misses

    def warm(self, view: View, namespace: str) -> bool:
        """Read a namespace's index before it is asked for; False where there is no room for it."""
        from memos.operation.memoperator.cache import LaneKey

        return self.lanes.warm(view, LaneKey(view.tenant, namespace))

    def hottest(self, most: int) -> list[LaneKey]:
        """Of the indexes that are kept those used most; () as long as nobody has searched."""
        return [] if self._retrieval is None else self._retrieval.lanes.hottest(most)

    def forget(self, view: View) -> None:
        """Let go of what is kept of namespaces that rows were taken from since: whoever reads next reads them anew."""
        if self._retrieval is not None:
            self._retrieval.forget(view)


class _Beside(MemOperator):
    """An operator over the lanes of another, but for those of some namespaces, which are asked for once something is searched."""

    def __init__(self, other: MemOperator, namespaces: Callable[[], Collection[str]], under: View) -> None:
        super().__init__()
        self._other, self._namespaces, self._under = other, namespaces, under

    def searching(self) -> Retrieval:
        """See `MemOperator`."""
        if self._retrieval is None:
            from memos.operation.memoperator.beside import Beside

            self._retrieval = self._other.searching().over(Beside(self._other.lanes, self._namespaces(), self._under))
        return self._retrieval

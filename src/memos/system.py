"""MemOS: opens a store, reads its settings, wires the layers by plain constructors, and closes them again."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from memos.doors import Doors
from memos.entrance import Entrance
from memos.eraser import Eraser
from memos.errors import BackendError, InvalidCall, MemOSError, ReadOnlyStore
from memos.infrastructure.memgovernance.credentials import Credentials
from memos.infrastructure.memgovernance.governance import MemGovernance
from memos.infrastructure.memgovernance.privacy.labels import Privacy
from memos.infrastructure.memgovernance.quotas import Quotas
from memos.infrastructure.memgovernance.seals import Seals
from memos.infrastructure.memvault.vault import MemVault
from memos.interface.memory_api.api import MemoryAPI
from memos.interface.memory_api.desk import Desk, Signing
from memos.interface.memory_api.engine import Engine
from memos.interface.memory_api.extracting import Extracting
from memos.locking import Locking
from memos.memcube.call import MemoryReply
from memos.modelling import Modelling
from memos.operation.memoperator.analysis import analyse
from memos.operation.memoperator.operator import MemOperator
from memos.operation.memscheduler.policies import policy_of
from memos.places import place_of, require_usable, usable_path
from memos.plugins import chooser, load_chat, load_runtime, open_store, signing_secret
from memos.ports.clock import Clock, SystemClock
from memos.ports.models import ChatModel, Embedder, Remembered, Reranker
from memos.ports.runtime import ModelRuntime
from memos.ports.store import StoreParts
from memos.refresher import Refresher
from memos.session.base import Filtering, Ref
from memos.settings import Settings, load_settings, settings_given
from memos.worker import Worker

if TYPE_CHECKING:
    from memos.infrastructure.memgovernance.receipt import Receipt
    from memos.interface.memory_api.extracting import ExtractionStatus
    from memos.ports.adapter import NamespaceInfo
    from memos.ports.maintenance import BackupReport, CacheStatus, Fault, StoreStatus

Embedding = Embedder | str | None


class MemOS(Doors, Locking, Modelling):
    """An open store. A context manager; `close()` waits a bounded time for vectors that are still pending."""

    def __init__(
        self, parts: StoreParts, settings: Settings, clock: Clock, worker: Literal["thread", "none"], *,
        reranker: Reranker | None = None, chat: ChatModel | None = None, runtime: ModelRuntime | None = None,
    ) -> None:  # fmt: skip
        self._reranker, self._chat, self._runtime = reranker, chat, runtime
        self._settings, self._clock, self._runs = settings, clock, worker
        self._ours: ModelRuntime | None = None
        self._closed = threading.Event()
        self._seals = Seals()
        self._api = Entrance()
        self._wire(parts)

    def _wire(self, parts: StoreParts) -> None:
        self._parts = parts
        governance, quotas = MemGovernance(Privacy(self._settings.privacy)), Quotas(parts.counters, self._clock)
        identity = Credentials(parts.adapter, self._clock, self._seals)
        signing = Signing(parts.adapter.store_id, partial(signing_secret, parts.directory))
        self._operator = operator = MemOperator(self._settings.cache_bytes)
        self._extracting = Extracting(self._chat, parts.counters, self._clock, self._settings)
        policy = policy_of(self._settings.schedule)
        secret = None if parts.directory is None else partial(signing_secret, parts.directory)
        self._engine = Engine(
            self._runtime, parts.blobs, self._settings.activation_bytes, self._clock.new_id, policy=policy, secret=secret
        )  # fmt: skip
        desk = Desk(
            governance, operator, parts.embedder, self._clock, self._settings, quotas, parts.journal, signing, identity,
            self._extracting, self._engine, self._reranker,
        )  # fmt: skip
        self._vault = MemVault(parts.adapter, parts.journal)
        self._eraser = Eraser(parts, partial(signing_secret, parts.directory), self._clock, self._settings)
        self._api.api = api = MemoryAPI(desk, self._vault, self._after_commit, self._eraser.answer)
        self._refresher = Refresher(operator, parts.adapter, self._clock, self._settings)
        self._worker = Worker(
            api, parts, self._clock, self._settings, trusted=api.trusted, examine=governance.examine, eraser=self._eraser,
            refresher=self._refresher, extracting=self._extracting, engine=self._engine,
        )  # fmt: skip
        self._threaded = self._runs == "thread" and not parts.read_only
        if self._threaded:
            self._worker.start()

    @classmethod
    def open(
        cls,
        url: str | Path = "./memory",
        *,
        embedder: Embedding = "default",
        reranker: Reranker | None = None,
        chat: ChatModel | str | None = None,
        runtime: ModelRuntime | str | None = None,
        settings: Mapping[str, Any] | Settings | None = None,
        clock: Clock | None = None,
        worker: Literal["thread", "none"] = "thread",
        durability: Literal["power", "process"] | None = None,
        read_only: bool = False,
    ) -> Self:
        """Open the store in a directory, or make one there.

        `embedder` is the store's own by default, and minilm for a new store; None for a store without vectors; a URL such as
        `openai+http://127.0.0.1:8080/v1?model=m`; or an Embedder. With `worker="none"` nothing runs in the background: `drain()`
        computes pending vectors. A `reranker` has `name` and `score(query, texts)`; it reads the memories that each search finds first.
        `chat` is a ChatModel, or the URL of one, that `extract` may ask; without it the setting `chat` names it, or there is none.
        `runtime` is the ModelRuntime that `chat` has answer, or the URL of one; without it the setting `runtime` names it.

        Raises InvalidCall, and under BackendError: NotAStore, StoreTooNew, ReadOnlyStore, WrongEmbedder.
        """
        require_usable(worker, clock, reranker)
        ticking = clock or SystemClock()
        place, directory = place_of(url)
        loaded = load_settings(directory, given := settings_given(settings, durability))
        asked = load_chat(loaded.chat if chat is None else chat)
        if asked is None and given.get("extract") == "model":
            raise InvalidCall("the setting extract is 'model', and there is none: give one with chat=, or name it in the setting chat")
        parts = open_store(place, embedder, analyse=analyse, settings=loaded, clock=ticking, read_only=read_only)
        wanted = loaded.runtime if runtime is None else runtime
        loaded = loaded.model_copy(update={"runtime": wanted if isinstance(wanted, str) else None})
        opened = cls(parts, loaded, ticking, worker, reranker=reranker, chat=asked, runtime=_answering(wanted, parts))
        opened._ours = opened._runtime if isinstance(wanted, str) else None
        return opened

    def drain(self, seconds: float | None = None) -> bool:
        """Compute or await every pending vector, and extract what is to be extracted; False when some is pending still.

        That is when `seconds` were over first, and sooner when a model goes on failing. What it failed for is tried again later.
        """
        self._require_open()
        if seconds is not None and not isinstance(seconds, int | float):
            raise InvalidCall(f"drain takes a number of seconds or None, not {type(seconds).__name__}")
        return True if self._parts.read_only else self._worker.drain(seconds)

    def sweep(self, seconds: float | None = None, *, only: Literal["retention"] | None = None, tenant: str | None = None) -> dict[str, int]:
        """Do now what the worker does in its time: end, archive, activate, purge, compress what is due; what was done, in numbers.

        With `only="retention"` just what confirmed rules of retention say, with `tenant` just there. At most for so many seconds; what is
        left is done by the next sweep. Raises Unavailable when another process is the worker.
        """
        self._require_open()
        return self._worker.sweep(seconds, only, tenant)

    def close(self) -> None:
        """Finish pending vectors within `settings.close_seconds`, then release the store. Closing twice is harmless."""
        if self._closed.is_set():
            return
        self._closed.set()
        try:
            self._worker.stop(self._settings.close_seconds if self._threaded else 0.0)
        finally:
            self._engine.close()
            if self._ours is not None:
                self._ours.close()
            self._vault.close()
            self._parts.counters.close()

    def erase(
        self, ids: Ref | Iterable[Ref] = (), *, tenant: str = "default", subject: str | None = None, filter: Filtering = None,
        dry_run: bool = False, derived: bool = True, court_order: str | None = None, finish: bool = True,
    ) -> MemoryReply:  # fmt: skip
        """Erase as the system itself, in all namespaces of a tenant, what `Session.erase` erases in a user's own."""
        self._require_open()
        how: dict[str, Any] = {"subject": subject, "filter": filter, "dry_run": dry_run, "derived": derived, "court_order": court_order}
        return self._system(tenant).erase(ids, **how, finish=finish)

    def erasures(self, tenant: str = "default") -> tuple[Receipt, ...]:
        """The receipts of what was erased, oldest first. What is pending is finished first, if that can be done now."""
        self._require_open()
        return self._eraser.receipts(tenant, finish=not self._parts.read_only)

    def doctor(self) -> tuple[Fault, ...]:
        """Examine the store: integrity, orphans, chains, and whether the indexes agree with the texts. () when it is sound."""
        self._require_open()
        return self._parts.maintenance.doctor()

    def rebuild(self, *, accept_texts: bool = False, accept_log: bool = False) -> int:
        """Make every term row, fact hash and tag row anew from the texts; how many contents there were.

        A text that is not the one that was stored is left as it is, and told by BackendError at the end, unless `accept_texts`. With
        `accept_log` the access log that is there is taken for the store's own, after another one was lost.
        """
        self._require_open()
        return self._parts.maintenance.rebuild(accept_texts=accept_texts, accept_log=accept_log)

    def reembed(self, embedder: Embedding) -> int:
        """Make another embedder the store's own and drop every vector; how many are now to be computed, by the worker or `drain()`.

        The sessions of this MemOS go on; whoever else has the store open gets WrongEmbedder from then on and must open it again.
        Raises ReadOnlyStore.
        """
        self._require_open()
        if self._parts.read_only:
            raise ReadOnlyStore("this store is open only for reading; open it without read_only=True to change its embedder")
        chosen = chooser(embedder)(None, fresh=True)
        remembered = Remembered(chosen.embedder.name, chosen.embedder.dimensions, chosen.url) if chosen.embedder is not None else None
        with self._api.changing:
            self._worker.stop(0.0)
            before = after = self._parts
            try:
                count = before.maintenance.reembed(remembered)
                after = before.renewed(chooser(chosen.embedder))
            finally:
                self._wire(after)
                if after is not before:
                    before.adapter.close()
        return count

    def backup(self, destination: str | Path) -> BackupReport:
        """Copy the store while it is in use, verified, sealed, without its keys; the report names the key files to keep apart."""
        self._require_open()
        return self._parts.maintenance.backup(usable_path(destination, "the backup"))

    def keep_keys(self, folder: str | Path) -> tuple[Path, ...]:
        """Copy the key files, as they are at one moment, to a folder apart from the store and its backups; the files.

        Those of an earlier time that stand there are overwritten: call it after each backup, and after each erasure. Raises InvalidCall
        for a folder inside the store, or one that is a backup.
        """
        self._require_open()
        return self._parts.maintenance.keep_keys(usable_path(folder, "the folder of keys"))

    def status(self) -> StoreStatus:
        """What the store holds, and how much room it takes."""
        self._require_open()
        return self._parts.maintenance.status()

    def cache(self) -> CacheStatus:
        """What this process keeps of the indexes in memory, and how that fares. It names namespaces: it is for the operator alone."""
        self._require_open()
        return self._operator.lanes.status()

    def extraction(self) -> ExtractionStatus:
        """What extraction does in this store, what it has cost today, what waits for it, and why it waits. For the operator alone."""
        self._require_open()
        return self._worker.extraction()

    def warm(self, seconds: float | None = None) -> CacheStatus:
        """Read the indexes of the namespaces that are used most before they are asked for, as the worker does soon after the start.

        Nothing that is kept goes for it; it ends when the memory of `settings.cache_bytes` is full, or after so many seconds.
        """
        self._require_open()
        self._refresher.warm(seconds)
        return self._operator.lanes.status()

    def namespaces(self, tenant: str = "default", prefix: str = "") -> tuple[NamespaceInfo, ...]:
        """The namespaces of a tenant at and below a path."""
        self._require_open()
        with self._parts.adapter.view(tenant) as view:
            return view.namespaces(prefix)

    def _after_commit(self, tenant: str, waiting: bool) -> tuple[str, ...]:  # noqa: FBT001 - the port is positional
        if self._threaded:
            self._worker.wake()
        if not waiting:
            return ()
        try:
            done = self._worker.drain(self._settings.wait_seconds, tenant)
        except MemOSError as error:
            return (f"stored; its vectors follow: {error.message}",)
        return () if done else ("stored; vectors or a training are pending still: drain() waits for them",)

    def _require_open(self) -> None:
        if self._closed.is_set():
            raise BackendError("this MemOS is closed; open the store again with MemOS.open")

    def __repr__(self) -> str:
        how = ", closed" if self._closed.is_set() else ", only for reading" if self._parts.read_only else ""
        return f"<{type(self).__name__} {self._parts.directory or 'in memory'}, store {self._parts.adapter.store_id}{how}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _answering(wanted: ModelRuntime | str | None, parts: StoreParts) -> ModelRuntime | None:
    """The model runtime that is wanted; where it cannot be had the store is closed again."""
    try:
        return load_runtime(wanted)
    except BaseException:
        parts.adapter.close()
        raise

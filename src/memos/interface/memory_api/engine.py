"""Engine: the model runtime of a store: what it can, its counts, its adapters, its answers, and the KV that is kept of them.

Nothing here decides who may see what: it is given memories that a call may use, and a prompt that was made for its caller.
"""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from memos.errors import BackendError, InvalidCall, MemOSError
from memos.infrastructure.memvault.tiers import Source, TierStatus
from memos.interface.memory_api.attaching import Attacher, Attaching, Supply, about, told_by
from memos.interface.memory_api.derived import sources_of
from memos.interface.memory_api.kept import Kept
from memos.interface.memory_api.observing import Observed
from memos.memcube.cube import MemCube
from memos.memcube.payload import Parameter
from memos.memcube.prompt import Prompt, Sampling
from memos.operation.memscheduler.policies import USUAL, Policy
from memos.ports.blobs import BlobStore
from memos.ports.marking import MarkingRuntime, tenant_key
from memos.ports.runtime import ActivationRuntime, Adapter, Attached, Capabilities, Generated, LearningRuntime, ModelRuntime

NO_RUNTIME = (
    "this store has no model runtime: open it with runtime=, or name one in the setting runtime; "
    "a local one is installed by pip install 'memos-kernel[local]'"
)
LOCAL = "those of the local runtime do: runtime='transformers:///path/to/model'"
ADAPTERS, USERS = 8, 64
"""So many adapters stay loaded, and so many users have a cache of their own in an engine that keeps one."""
PIECES, PIECES_AT_LEAST = 4, 64
"""In so many pieces for each token that it may have, and so many in any case, an answer has ended."""
BYTES_PER_TOKEN = 3.3
"""Of English, Spanish and code under the usual tokenizers, a little under the true number, so that counts are a little over."""
EMPTY = TierStatus(0, 0, 0, 0, 0, 0, 0, 0, 0)


class Engine:
    """What a process has of a model. Thread-safe, as the runtime is."""

    def __init__(
        self, runtime: ModelRuntime | None, blobs: BlobStore, budget: int, new_id: Callable[[], str], *, policy: Policy = USUAL,
        secret: Callable[[], bytes] | None = None,
    ) -> None:  # fmt: skip
        self._runtime, self.blobs, self.policy, self._secret = runtime, blobs, policy, secret
        self._attacher: Attacher | None = None
        if isinstance(runtime, ActivationRuntime) and runtime.capabilities.activation:
            self._attacher = Attacher(runtime, blobs, budget, new_id)
        self._lock, self.observed = threading.Lock(), Observed(keeps=runtime is not None and runtime.capabilities.keeps)
        self._adapters, self._salted = Kept(ADAPTERS), Kept(USERS)
        self._known: dict[str, set[str]] = defaultdict(set)

    @property
    def present(self) -> bool:
        """Whether there is a model."""
        return self._runtime is not None

    @property
    def runtime(self) -> ModelRuntime:
        """The model; InvalidCall where there is none."""
        if self._runtime is None:
            raise InvalidCall(NO_RUNTIME)
        return self._runtime

    @property
    def activating(self) -> ActivationRuntime:
        """The model as one that hands out its KV; InvalidCall where it does not."""
        runtime = self.runtime
        if not isinstance(runtime, ActivationRuntime) or not runtime.capabilities.activation:
            raise InvalidCall(f"the runtime {runtime.name} hands out no KV blocks; {LOCAL}")
        return runtime

    @property
    def learning(self) -> LearningRuntime:
        """The model as one that learns; InvalidCall where it does not."""
        runtime = self.runtime
        if not isinstance(runtime, LearningRuntime) or not runtime.capabilities.learning:
            raise InvalidCall(f"the runtime {runtime.name} trains no adapters; {LOCAL}")
        return runtime

    def require(self, *, activating: bool = False, learning: bool = False) -> None:
        """InvalidCall, which says what to do, unless there is a model that can this."""
        _ = (self.runtime, self.activating if activating else None, self.learning if learning else None)

    @property
    def capabilities(self) -> Capabilities:
        """What the model's runtime can; nothing where there is none."""
        return Capabilities() if self._runtime is None else self._runtime.capabilities

    @property
    def window(self) -> int | None:
        """The most tokens of a prompt with its answer, None without a model."""
        return None if self._runtime is None else self._runtime.window

    @property
    def model(self) -> str | None:
        """The model's name, None without one."""
        return None if self._runtime is None else self._runtime.name

    @property
    def fingerprint(self) -> str | None:
        """All that a KV block depends on but its tokens and adapter; None where no blocks are to be had."""
        return self.activating.fingerprint if self._attacher is not None else None

    def load(self) -> float:
        """How busy the model is, from 0 to 1."""
        return 0.0 if self._runtime is None else self._runtime.load()

    def count(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has; an estimate where no model is at hand to ask."""
        if self._runtime is not None:
            return self._runtime.count(texts)
        return [math.ceil(len(text.encode()) / BYTES_PER_TOKEN) for text in texts]

    def status(self) -> TierStatus:
        """What is held in memory."""
        return EMPTY if self._attacher is None else self._attacher.tiers.status()

    def attach(self, tenant: str, user: str, prompt: Prompt, supply: Supply, warnings: list[str], *, exact: bool = True) -> Attaching:
        """The most that there is for a prompt: KV of its beginning, in memory or in blobs, and the adapter; what failed is a warning."""
        every = (*supply.blocks, *(() if supply.adapter is None else (supply.adapter,)))
        self._note(tenant, (each for cube in every for each in (cube.id, *(source for source, _ in sources_of(cube)))))
        adapter = None if supply.adapter is None else self.adapter(tenant, supply.adapter)
        if self._attacher is None:
            return Attaching(attached=Attached(adapter=adapter))
        return self._attacher.attach(tenant, user, prompt, supply, adapter, exact=exact, warnings=warnings)

    def routable(self, tenant: str, cube: MemCube, warnings: list[str]) -> bool:
        """Whether an adapter can be attached, which loads it; why not is a warning."""
        if self._attacher is None:
            warnings.append(f"the adapter {cube.id} was not used: this runtime gives no handles")
            return False
        try:
            self.adapter(tenant, cube)
        except MemOSError as error:
            warnings.append(f"the adapter {cube.id} was not used: {error.message}")
            return False
        return True

    def adapter(self, tenant: str, cube: MemCube) -> Adapter:
        """An adapter, loaded; NotFound when its blob is gone, BackendError when it is none of this model."""
        payload, runtime = cube.payload, self.runtime
        if not isinstance(payload, Parameter) or not isinstance(runtime, LearningRuntime):
            raise InvalidCall(f"{cube.id} is no adapter that the runtime {runtime.name} attaches")
        with self._lock:
            known, since = self._adapters.get(tenant, payload.blob), self._adapters.drops(tenant)
        if isinstance(known, Adapter):
            return known
        with self.blobs.open(tenant, payload.blob) as blob:
            loaded = runtime.adapter(payload.blob, blob, about(self.blobs, tenant, cube))
        with self._lock:
            self._adapters.put(tenant, payload.blob, loaded, since)
        return loaded

    def resolved(self, handle: str, tenant: str, user: str) -> tuple[Attached, frozenset[Source]]:
        """What a handle stands for, and the memories behind it; NotFound when it is another's, too old, or one of these has changed."""
        if self._attacher is None:
            raise InvalidCall(f"the runtime {self.runtime.name} hands out no KV blocks, and no handles of any")
        return self._attacher.resolved(handle, tenant, user)

    def generate(
        self, tenant: str, user: str, prompt: Prompt, sampling: Sampling, attached: Attached, *, stands: Callable[[frozenset[Source]], bool]
    ) -> Iterator[Generated]:
        """The model's answer, piece by piece; the KV of what will stand in the next prompt too is kept in memory.

        Unless a memory in the prompt does not stand any more by then, as `stands` says.
        """
        self._note(tenant, (each for each, _ in told_by(prompt)))
        given = attached if attached.blocks or attached.adapter is not None else None
        runtime = self.marking(tenant) if sampling.watermark else self._apart(tenant, user)
        most = PIECES * sampling.max_tokens + PIECES_AT_LEAST
        for number, piece in enumerate(runtime.generate(prompt, sampling, attached=given, keep=self._attacher is not None)):
            if not isinstance(piece.text, str):
                raise BackendError(f"the runtime {runtime.name} gives pieces of an answer that are no texts")
            if number > most:
                raise BackendError(
                    f"the runtime {runtime.name} does not end its answer after {sampling.max_tokens} tokens, as it was asked to"
                )
            if piece.usage is not None:
                self.observed.note(piece.usage)
            if piece.kept is not None and self._attacher is not None:
                since = self._attacher.tiers.voidings(tenant)
                if stands(told_by(prompt)):
                    self._attacher.keep(tenant, user, prompt, attached, piece.kept, since=since)
            yield replace(piece, kept=None)

    def _apart(self, tenant: str, user: str) -> ModelRuntime:
        """The model with a cache of its own for a user, where the engine keeps one: its time tells nobody what others have said."""
        salted = getattr(self.runtime, "salted", None)
        if not callable(salted):
            return self.runtime
        with self._lock:
            known = self._salted.get(tenant, user)
            if not isinstance(known, ModelRuntime):
                known = salted(self.blobs.mark(tenant, f"salt {user}"))
                self._salted.put(tenant, user, known)
        return known

    def marking(self, tenant: str) -> MarkingRuntime:
        """The model as it marks what it generates for a tenant, by a key that only this store can compute; InvalidCall where it cannot."""
        runtime = self.runtime
        if not isinstance(runtime, MarkingRuntime):
            raise InvalidCall(f"the runtime {runtime.name} marks nothing; {LOCAL}")
        return runtime if self._secret is None else runtime.marking(tenant_key(self._secret(), tenant))

    def reading(self) -> list[str]:
        """The tenants of whose memories this process may hold something that its model has read."""
        with self._lock:
            return [tenant for tenant, ids in self._known.items() if ids]

    def known(self, tenant: str, among: Iterable[str] | None) -> frozenset[str]:
        """Of which memories of a tenant, derived ones too, this may hold something, of all or among some."""
        with self._lock:
            ids = self._known[tenant]
            return frozenset(ids) if among is None else frozenset(ids.intersection(among))

    def _note(self, tenant: str, ids: Iterable[str]) -> None:
        with self._lock:
            self._known[tenant].update(ids)

    def voided(self, tenant: str, ids: Iterable[str] | None) -> None:
        """Let go of whatever was made of some memories, or is one of these derived ones; None: of all of a tenant."""
        gone = None if ids is None else frozenset(ids)
        with self._lock:
            self._known[tenant] = set() if gone is None else self._known[tenant] - gone
        if self._attacher is not None:
            self._attacher.voided(tenant, gone)
        with self._lock:
            self._adapters.drop(tenant)
        drop = getattr(self._runtime, "drop", None)
        if callable(drop):  # an engine that keeps a cache of its own in files, and can empty it
            drop()

    def close(self) -> None:
        """Let go of what is kept; the model is whose program gave it."""
        if self._attacher is not None:
            self._attacher.tiers.clear()

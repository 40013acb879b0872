"""Modelling: what an open store tells of its model: the KV that is kept, what is trained, whether a text is its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memos.interface.memory_api.engine import Engine
from memos.worker import Worker

if TYPE_CHECKING:
    from memos.infrastructure.memvault.tiers import TierStatus
    from memos.ports.marking import Detection
    from memos.trainer import TrainingStatus


class Modelling:
    """What `MemOS` is over; it gives the engine and the worker."""

    _engine: Engine
    _worker: Worker

    def _require_open(self) -> None:
        raise NotImplementedError

    def activations(self) -> TierStatus:
        """What this process keeps of the KV that its model has read, and how that fares. For the operator alone."""
        self._require_open()
        return self._engine.status()

    def training(self) -> TrainingStatus:
        """Which adapter is trained now, how far it is, and what waits. For the operator alone."""
        self._require_open()
        return self._worker.training()

    def detect(self, text: str, *, tenant: str = "default", rate: float = 0.01) -> Detection:
        """Whether a text was generated for a tenant with the store's watermark: `marked`, at most at this rate of false positives.

        Raises InvalidCall where the runtime does not mark.
        """
        self._require_open()
        return self._engine.marking(tenant).detect(text, rate=rate)

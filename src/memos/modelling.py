"""Modelling: what an open store tells of its model: the KV that is kept, what is trained, whether a text is its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from memos.interface.memory_api.calibrating import calibrated
from memos.interface.memory_api.engine import Engine
from memos.settings import Settings
from memos.worker import Worker

if TYPE_CHECKING:
    from memos.infrastructure.memvault.tiers import TierStatus
    from memos.memcube.cube import MemCube
    from memos.ports.composing import Calibration
    from memos.ports.marking import Detection
    from memos.trainer import TrainingStatus


class Modelling:
    """What `MemOS` is over; it gives the engine, the worker and the settings."""

    _engine: Engine
    _settings: Settings
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

    def calibrate(
        self, texts: Iterable[MemCube | str], *, blocks: int = 8, recompute: Sequence[float] = (0.0, 0.1, 0.2, 0.35), most: float = 0.25
    ) -> Calibration:
        """Measure how far composed KV blocks stray for this store's model, on texts like those that it is to compose, and allow it.

        Of the texts, six times `blocks` or more, each case takes `blocks` and asks about one. For each share of their tokens that is read
        anew, `recompute`, it gives the KL divergence of the next token from a full prefill, in nats, and the cost. What stays within
        `most` on average is kept beside the model, for every store that uses it: from then on `exact=False` composes up to so many blocks
        of as many tokens as the longest here, at the least share that is good enough, `share`; None where none is. For the operator alone.
        Raises InvalidCall, also where the runtime does not compose, and BackendError where the model's directory cannot be written.
        """
        self._require_open()
        return calibrated(self._engine, texts, system=self._settings.system, blocks=blocks, recompute=recompute, most=most)

    def detect(self, text: str, *, tenant: str = "default", rate: float = 0.01) -> Detection:
        """Whether a text was generated for a tenant with the store's watermark: `marked`, at most at this rate of false positives.

        Raises InvalidCall where the runtime does not mark.
        """
        self._require_open()
        return self._engine.marking(tenant).detect(text, rate=rate)

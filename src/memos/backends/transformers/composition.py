"""What a runtime does of composition: it composes what was proven, and proves it on texts that it is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from memos.backends.transformers import calibration, composing
from memos.backends.transformers.blocks import KvBlock
from memos.backends.transformers.layout import Layout
from memos.errors import InvalidCall
from memos.memcube.prompt import Part
from memos.ports.runtime import Composed

if TYPE_CHECKING:
    import torch

MOST = 0.25
"""The greatest mean KL divergence, in nats, with which composition is good enough unless a calibration says otherwise."""


class Model(calibration.Model, Protocol):
    """What of a runtime is needed here."""

    layout: Layout


class Composer:
    """Composes blocks of a model, where `proven` covers it."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.frequencies = composing.turning(model.engine)
        self.proven = calibration.known(model) if self.frequencies is not None else ()

    def compose(self, anchor: KvBlock, blocks: Sequence[KvBlock], recompute: float) -> Composed:
        """Blocks one behind the other after their anchor; see `ActivationRuntime.compose`."""
        frequencies = self._require_turning()
        if not blocks or not 0.0 <= recompute <= 1.0:
            raise InvalidCall("composition takes one block or more, and reads a share from 0 to 1 of their tokens anew")
        if anchor.adapter is not None:
            raise InvalidCall("blocks that were read under an adapter are not composed: that was not proven")
        placed = composing.placed(anchor, blocks, frequencies)
        proof = calibration.proof_of(self.proven, len(blocks), max(len(block.tokens) for block in blocks), recompute)
        made, read = composing.mended(self._model.engine, anchor, placed, recompute)
        return Composed(made, proof.worst, read)

    def calibrate(
        self, system: str, cases: Sequence[tuple[Sequence[str], str]], *, recompute: Sequence[float] = (0.0, 0.15), most: float = MOST
    ) -> tuple[calibration.Proven, ...]:
        """Measure what composition costs, on cases of memories and a question after a system prompt, and keep what stays below `most`.

        `most` bounds the mean KL divergence in nats. What is kept makes `capabilities.compose` true, in this process and, where the model
        has a directory, in later ones. InvalidCall for fewer than 6 cases, or a model whose keys cannot be turned.
        """
        frequencies, layout = self._require_turning(), self._model.layout
        first, after, opening = layout.tokens([Part(kind="system", role="system", text=system), Part(kind="query", role="user", text="")])
        given = [
            ([layout.joined(text) for text in texts], np.concatenate([after, layout.plain(question), opening])) for texts, question in cases
        ]
        found = calibration.measured(self._model, frequencies, first, given, recompute)
        measured = {(row.blocks, row.tokens, row.recompute) for row in found}
        kept = (row for row in self.proven if (row.blocks, row.tokens, row.recompute) not in measured)
        self.proven = (*kept, *(row for row in found if row.mean <= most))
        calibration.keep(self._model, self.proven)
        return found

    def _require_turning(self) -> torch.Tensor:
        """The frequencies of the model's keys; InvalidCall where it has none that can be used."""
        if self.frequencies is None:
            raise InvalidCall("this model's keys cannot be turned to other positions: it has no plain RoPE")
        return self.frequencies

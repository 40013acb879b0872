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
from memos.ports.composing import MOST, Case, Proven
from memos.ports.runtime import Composed

if TYPE_CHECKING:
    import torch


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
        self, system: str, cases: Sequence[Case], *, recompute: Sequence[float] = (0.0, 0.15), most: float = MOST
    ) -> tuple[Proven, ...]:
        """See `ComposingRuntime.calibrate`. What is kept makes `capabilities.compose` true, in this process and, where the model has a
        directory, in later ones. InvalidCall for a model whose keys cannot be turned too.
        """
        if not recompute or not all(0.0 <= share <= 1.0 for share in recompute):
            raise InvalidCall("a calibration measures shares from 0 to 1 of tokens that are read anew, one or more")
        frequencies, layout = self._require_turning(), self._model.layout
        first, after, opening = layout.tokens([Part(kind="system", role="system", text=system), Part(kind="query", role="user", text="")])
        given = [
            ([layout.joined(text) for text in texts], np.concatenate([after, layout.plain(question), opening])) for texts, question in cases
        ]
        longest = max((len(first) + sum(map(len, texts)) + len(question) for texts, question in given), default=0)
        if longest > self._model.window:
            raise InvalidCall(f"a case of {longest} tokens does not fit the model's window of {self._model.window}: name fewer blocks")
        found = calibration.measured(self._model, frequencies, first, given, recompute)
        self.proven = calibration.with_newer(self.proven, found, most)
        calibration.keep(self._model, self.proven)
        return found

    def _require_turning(self) -> torch.Tensor:
        """The frequencies of the model's keys; InvalidCall where it has none that can be used."""
        if self.frequencies is None:
            raise InvalidCall("this model's keys cannot be turned to other positions: it has no plain RoPE")
        return self.frequencies

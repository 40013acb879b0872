"""What composition costs a model in accuracy, measured on given texts, and kept beside the model; what was not measured is refused.

The error is the KL divergence, in nats, of the next token's distribution after a full prefill from the one after composed blocks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from memos.backends.transformers import composing
from memos.backends.transformers.blocks import KvBlock, forked
from memos.backends.transformers.engine import Engine
from memos.backends.transformers.reading import encoded
from memos.errors import BackendError, InvalidCall
from memos.ports.composing import LEAST_CASES, Proven

if TYPE_CHECKING:
    from numpy.typing import NDArray

Case = tuple[Sequence["NDArray[np.int64]"], "NDArray[np.int64]"]
"""The tokens of some blocks, and of a question."""


class Model(Protocol):
    """What of a runtime is measured."""

    home: Path | None

    @property
    def engine(self) -> Engine: ...  # noqa: D102
    @property
    def fingerprint(self) -> str: ...  # noqa: D102
    @property
    def window(self) -> int: ...  # noqa: D102


def _file(model: Model) -> Path | None:
    """Where what was measured is kept."""
    return model.home / f"memos-composition-{model.fingerprint[:16]}.json" if model.home else None


def known(model: Model) -> tuple[Proven, ...]:
    """What was measured of a model before; nothing where the file is of another or is damaged."""
    file = _file(model)
    with suppress(OSError, ValueError, TypeError, KeyError):
        if file is not None and file.stat().st_size < 2**20:
            read = json.loads(file.read_text(encoding="utf-8"))
            if read["fingerprint"] == model.fingerprint:
                return tuple(Proven(**row) for row in read["proven"])
    return ()


def keep(model: Model, proven: Sequence[Proven]) -> None:
    """Keep what was measured beside the model, if it has a place; BackendError where that cannot be written."""
    file = _file(model)
    if file is None:
        return
    text = json.dumps({"fingerprint": model.fingerprint, "proven": [asdict(row) for row in proven]}, indent=2)
    try:
        making = file.with_suffix(".making")
        making.write_text(text + "\n", encoding="utf-8")
        making.replace(file)
    except OSError as error:
        raise BackendError(f"what was measured cannot be kept in {file} ({error.strerror}); it is good in this process") from error


def proof_of(proven: Sequence[Proven], blocks: int, tokens: int, recompute: float) -> Proven:
    """What covers so many blocks of so many tokens with such a share read anew; InvalidCall where nothing does."""
    covering = [row for row in proven if row.blocks >= blocks and row.tokens >= tokens and row.recompute <= recompute + 1e-9]
    if not covering:
        raise InvalidCall(
            f"composing {blocks} blocks of up to {tokens} tokens with {recompute:.0%} read anew is not proven for this model: "
            "calibrate it on texts of yours (`memos calibrate`, or `memory.calibrate`), or read them in their places"
        )
    return min(covering, key=lambda row: (row.mean, row.worst))


def with_newer(proven: Sequence[Proven], found: Sequence[Proven], most: float) -> tuple[Proven, ...]:
    """What holds after a further measurement: what of it is good enough, and of what was known all that it does not tell otherwise.

    It takes the place of what it covers at the same share; where it is not good enough nothing holds any more that would have covered it.
    """

    def stands(row: Proven) -> bool:
        return not any(_covers(new, row) or (new.mean > most and _covers(row, new)) for new in found)

    return (*filter(stands, proven), *(row for row in found if row.mean <= most))


def _covers(one: Proven, other: Proven) -> bool:
    """Whether what was measured of the one says something of the other, at the same share."""
    return one.recompute == other.recompute and one.blocks >= other.blocks and one.tokens >= other.tokens


def measured(
    model: Model, frequencies: torch.Tensor, anchor: NDArray[np.int64], cases: Sequence[Case], recomputes: Sequence[float]
) -> tuple[Proven, ...]:
    """What composition costs, over cases of the tokens of blocks and of a question; InvalidCall for fewer cases than prove anything."""
    if len(cases) < LEAST_CASES or len({len(blocks) for blocks, _ in cases}) != 1:
        raise InvalidCall(f"a calibration takes {LEAST_CASES} cases or more, each of as many blocks")
    base = encoded(model, anchor, (), None)
    found: dict[float, list[tuple[float, float]]] = {share: [] for share in recomputes}
    for texts, question in cases:
        blocks = [encoded(model, tokens, (base,), None) for tokens in texts]
        began = process_time()
        expected = model.engine.forward(
            np.concatenate([anchor, *texts, question]), forked((), model.engine.shapes, model.engine.dtype, 4096)
        )
        full = process_time() - began
        for share in recomputes:
            began = process_time()
            got = _answered(model, base, blocks, frequencies, question, share=share)
            found[share].append((divergence(expected, got), (process_time() - began) / full))
    count, longest = len(cases[0][0]), max(len(tokens) for texts, _ in cases for tokens in texts)
    return tuple(
        Proven(
            count,
            longest,
            share,
            len(rows),
            float(np.mean([kl for kl, _ in rows])),
            max(kl for kl, _ in rows),
            float(np.median([cost for _, cost in rows])),
        )
        for share, rows in found.items()
    )


def _answered(
    model: Model, base: KvBlock, blocks: Sequence[KvBlock], frequencies: torch.Tensor, question: NDArray[np.int64], *, share: float
) -> torch.Tensor:
    """The logits after a question that stands behind composed blocks."""
    made, _ = composing.mended(model.engine, base, composing.placed(base, blocks, frequencies), share)
    return model.engine.forward(question, forked((base, *made), model.engine.shapes, model.engine.dtype, len(question)))


def divergence(expected: torch.Tensor, got: torch.Tensor) -> float:
    """The KL divergence of what was expected from what came, of logits (vocabulary,), in nats."""
    wanted, have = expected.double().log_softmax(-1), got.double().log_softmax(-1)
    return float((wanted.exp() * (wanted - have)).sum())

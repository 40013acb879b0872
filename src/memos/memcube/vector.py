"""Vector: a float32 embedding as a field of a value; numpy is imported when the first one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import InstanceOf, PlainSerializer, PlainValidator, WithJsonSchema

from memos.errors import InvalidCall

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


SMALL = 1e-15
"""Where float32 begins to lose: the squares of what is smaller, or of what is larger than its reciprocal, hold no sum."""


def legal_vector(value: Any) -> NDArray[np.float32]:
    """A read-only float32 array of shape (d,) from any sequence of finite numbers; InvalidCall otherwise.

    Only its direction counts: numbers so large or so small that float32 would lose them, or the sum of their squares, are scaled first.
    """
    import numpy as np

    try:
        wide = np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InvalidCall("a vector must be a sequence of numbers") from None
    if wide.ndim != 1 or not wide.size or not np.isfinite(wide).all():
        raise InvalidCall(f"a vector must be one row of finite numbers, not of shape {wide.shape}")
    largest = np.abs(wide).max()
    if largest and not SMALL < largest < 1 / SMALL:
        wide /= largest
    array = wide.astype(np.float32)
    array.flags.writeable = False
    return array


Vector = Annotated[
    Any,
    PlainValidator(legal_vector),
    PlainSerializer(lambda array: array.tolist(), return_type=list[float]),
    WithJsonSchema({"type": "array", "items": {"type": "number"}}),
]


class Words(NamedTuple):
    """The words of a text as a model read each in its context: where they stand, in code points, and a unit row of float32 each."""

    spans: tuple[tuple[int, int], ...]
    rows: NDArray[np.float32]
    """Shape (number of words, w)."""
    reader: str = ""
    """The name of the model, where words that it has read in advance may be compared with these."""


WordVectors = Annotated[InstanceOf[Words], WithJsonSchema({"not": {}})]
"""Words as a field of a value: made in this process, never read from JSON."""


class Reranked(NamedTuple):
    """What a reranker says of the memories that were found first: of each, by id, from 0 for the least to 1 for the best of them."""

    scores: dict[str, float]


Reranking = Annotated[InstanceOf[Reranked], WithJsonSchema({"not": {}})]
"""The same as a field of a value: made in this process, never read from JSON."""

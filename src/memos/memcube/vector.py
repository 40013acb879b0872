"""Vector: a float32 embedding as a field of a value; numpy is imported when the first one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from memos.errors import InvalidCall

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def legal_vector(value: Any) -> NDArray[np.float32]:
    """A read-only float32 array of shape (d,) from any sequence of finite numbers; InvalidCall otherwise."""
    import numpy as np

    try:
        array = np.array(value, dtype=np.float32)
    except (TypeError, ValueError):
        raise InvalidCall("a vector must be a sequence of numbers") from None
    if array.ndim != 1 or not array.size or not np.isfinite(array).all():
        raise InvalidCall(f"a vector must be one row of finite numbers, not of shape {array.shape}")
    array.flags.writeable = False
    return array


Vector = Annotated[
    Any,
    PlainValidator(legal_vector),
    PlainSerializer(lambda array: array.tolist(), return_type=list[float]),
    WithJsonSchema({"type": "array", "items": {"type": "number"}}),
]

"""What every embedder does alike: look at the texts it is given, and give rows of length one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from memos.errors import BackendError, InvalidCall

if TYPE_CHECKING:
    from numpy.typing import NDArray


def checked_texts(texts: Sequence[str]) -> list[str]:
    """The texts as a list; InvalidCall when one is no text that UTF-8 can write, or when `texts` is itself one string."""
    if isinstance(texts, str):
        raise InvalidCall("embed() takes a list of texts and was given one string: pass [text]")
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise InvalidCall(f"text {place} of {len(texts)} is {type(text).__name__}: only str can be embedded")
        if not text.isascii():
            _check_unicode(text, place, len(texts))
    return list(texts)


def _check_unicode(text: str, place: int, count: int) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        where = error.start
    else:
        return
    raise InvalidCall(f"text {place} of {count} holds a lone surrogate at character {where}, which is no character: remove it")


def unit_rows(rows: NDArray[np.float32] | NDArray[np.float64], name: str) -> NDArray[np.float32]:
    """Each row divided by its length; BackendError when a row has none (it is zero, or holds NaN or infinity)."""
    wide = np.asarray(rows, dtype=np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise BackendError(f"the embedder {name} gave a vector without a direction (zero, NaN or infinite): check the model")
    return np.ascontiguousarray(wide / lengths[:, None], dtype=np.float32)

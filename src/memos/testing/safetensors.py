"""The safetensors format in numpy alone: a length, a JSON header, and raw bytes; what is malformed or lies is refused with the reason."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memos.errors import BackendError

HEADER_LIMIT = 1_000_000
"""A header that is longer is no header."""
_TYPES = {"I64": "<i8", "F32": "<f4", "F16": "<f2", "I8": "|i1", "U8": "|u1"}
_NAMES = {np.dtype(kind).str: name for name, kind in _TYPES.items()}


def written(tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """A safetensors file of some arrays and a map of texts: little endian, in the order given, the header padded to 8 bytes."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    bodies, at = [], 0
    for name, array in tensors.items():
        plain = np.ascontiguousarray(array)
        plain = plain.astype(plain.dtype.newbyteorder("<"))
        body = plain.tobytes()
        header[name] = {"dtype": _NAMES[plain.dtype.str], "shape": list(plain.shape), "data_offsets": [at, at + len(body)]}
        bodies.append(body)
        at += len(body)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(bodies)


def read(body: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays and the map of such a file; BackendError, with the reason, unless each byte of it is accounted for exactly once."""
    if len(body) < 8:
        raise BackendError("this is no safetensors file: it is shorter than the length of its header")
    length = int.from_bytes(body[:8], "little")
    if length > min(HEADER_LIMIT, len(body) - 8):
        raise BackendError("this is no whole safetensors file: its header is said to be longer than the file or than a header may be")
    header, data = _header(body[8 : 8 + length]), memoryview(body)[8 + length :]
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise BackendError("the metadata of this safetensors file is no map of texts")
    arrays: dict[str, NDArray[Any]] = {}
    end = 0
    for name, told in sorted(header.items(), key=_start):
        arrays[name], end = _array(name, told, data, end)
    if end != len(data):
        raise BackendError(
            f"this safetensors file is truncated or has bytes that belong to no tensor: {end} of {len(data)} are accounted for"
        )
    return arrays, metadata


def _header(text: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError
        return found

    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise BackendError("the header of this safetensors file is no JSON object of names that differ")
    return header


def _start(item: tuple[str, Any]) -> int:
    told = item[1]
    offsets = told.get("data_offsets") if isinstance(told, dict) else None
    return offsets[0] if isinstance(offsets, list) and offsets and type(offsets[0]) is int else -1


def _array(name: str, told: Any, data: memoryview, at: int) -> tuple[NDArray[Any], int]:
    wrong = BackendError(f"the tensor {name[:40]!r} of this safetensors file lies of its type, shape or place")
    if not isinstance(told, dict) or set(told) != {"dtype", "shape", "data_offsets"} or told["dtype"] not in _TYPES:
        raise wrong
    shape, offsets = told["shape"], told["data_offsets"]
    if not (isinstance(shape, list) and len(shape) <= 8 and all(type(side) is int and side >= 0 for side in shape)):
        raise wrong
    if not (isinstance(offsets, list) and len(offsets) == 2 and all(type(offset) is int for offset in offsets)):
        raise wrong
    kind = np.dtype(_TYPES[told["dtype"]])
    start, stop = offsets
    if start != at or stop > len(data) or stop - start != math.prod(shape) * kind.itemsize:
        raise wrong
    return np.frombuffer(data[start:stop], dtype=kind).reshape(shape), stop

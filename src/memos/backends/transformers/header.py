"""The header of a safetensors file, read by rules stricter than the format's: nothing of a hostile file is believed before it is checked.

The format: eight bytes with the length of the header, little endian; the header, a JSON object of `{"dtype", "shape", "data_offsets"}` by
tensor and a `__metadata__` of strings; then the tensors' bytes, without gaps.
"""

from __future__ import annotations

import json
import mmap
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from memos.errors import BackendError
from memos.ports.blobs import Blob

METADATA = "__metadata__"
LARGEST_HEADER = 2**20
WIDTHS = {"F32": 4, "F16": 2, "I8": 1, "I64": 8}
_MOST_TENSORS = 8192
_KINDS = {
    b"\x80\x02": "a pickle",
    b"\x80\x03": "a pickle",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"PK\x03\x04": "a zip archive, as torch.save makes",
    b"\x93NUMPY": "a NumPy array",
    b"GGUF": "a GGUF model",
    b"\x1f\x8b": "a gzip archive",
    b"SQLite": "a database",
}
"""How files of other kinds begin."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A tensor of the file: the name of its type, its shape, and where in the file it stands."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose header is in order: its bytes, mapped where it is a path; its metadata and tensors; where the tensors' bytes begin."""

    body: memoryview
    metadata: Mapping[str, str]
    tensors: Mapping[str, Entry]
    data: int


def refused(reason: str) -> BackendError:
    """The error that says why a file is not used."""
    return BackendError(f"this file is no block or adapter that may be used: {reason}")


def opened(blob: Blob, largest: int) -> Opened:
    """A file with its header checked; BackendError, with the reason, for one that is none, or has more than `largest` bytes."""
    body = _mapped(blob, largest) if isinstance(blob, Path) else memoryview(blob)
    if len(body) > largest:
        raise refused(f"it has {len(body)} bytes, and one of this model has {largest} at most")
    for magic, kind in _KINDS.items():
        if bytes(body[: len(magic)]) == magic and bytes(body[8:9]) != b"{":  # a length may begin as they do
            raise refused(f"it is {kind}")
    if len(body) < 10:
        raise refused("it is cut short")
    (size,) = struct.unpack("<Q", body[:8])
    if size > LARGEST_HEADER:
        raise refused(f"its header says that it has {size} bytes, and {LARGEST_HEADER} are possible")
    if size < 2 or 8 + size > len(body):
        raise refused("its header is cut short")
    header = _parsed(bytes(body[8 : 8 + size]))
    metadata = header.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise refused("its metadata are not texts")
    if not 0 < len(header) <= _MOST_TENSORS:
        raise refused(f"it has {len(header)} tensors")
    data = 8 + size
    return Opened(body, metadata, _tiled({name: _entry(name, value, data) for name, value in header.items()}, data, len(body)), data)


def _mapped(path: Path, largest: int) -> memoryview:
    """A file, mapped; changes to the map, which nobody makes, would be this process's own."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size > largest:
                raise refused(f"it has {size} bytes, and one of this model has {largest} at most")
            if not size:
                raise refused("it is empty")
            mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY)
    except OSError as error:
        raise refused(f"it cannot be read ({error.strerror})") from error
    with suppress(OSError, AttributeError):
        mapped.madvise(mmap.MADV_WILLNEED)
    return memoryview(mapped)


def _parsed(text: bytes) -> dict[str, Any]:
    """The header as JSON, each name once."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise refused("its header names something twice")
        return found

    def never(constant: str) -> None:
        raise refused(f"its header has {constant}")

    try:
        parsed = json.loads(text.decode("utf-8"), object_pairs_hook=once, parse_constant=never)
    except (ValueError, RecursionError) as error:
        raise refused(f"its header is no JSON ({type(error).__name__})") from None
    if not isinstance(parsed, dict):
        raise refused("its header is no JSON object")
    return parsed


def _entry(name: str, value: Any, data: int) -> Entry:
    """A tensor as the header describes it; its bytes are those of its shape and type."""
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise refused(f"its header does not describe the tensor {name[:60]!r}")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in WIDTHS:
        raise refused(f"the tensor {name[:60]!r} has the type {str(dtype)[:20]!r}, and {', '.join(WIDTHS)} are possible")
    if not _counts(shape) or len(shape) > 4 or not _counts(offsets) or len(offsets) != 2:
        raise refused(f"the tensor {name[:60]!r} has no shape and place that are possible")
    start, stop = offsets
    if stop - start != prod(shape) * WIDTHS[dtype]:
        raise refused(f"the tensor {name[:60]!r} lies of its size")
    return Entry(dtype, tuple(shape), data + start, data + stop)


def _counts(value: Any) -> bool:
    """Whether a value is a list of whole numbers that a size may be."""
    return isinstance(value, list) and all(type(number) is int and 0 <= number < 2**48 for number in value)


def _tiled(tensors: dict[str, Entry], data: int, end: int) -> dict[str, Entry]:
    """The tensors, once it is known that their bytes stand one behind the other and fill the file."""
    at = data
    for name, entry in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].stop)):
        if entry.start != at:
            raise refused(f"the tensor {name[:60]!r} overlaps another or leaves a gap")
        at = entry.stop
    if at != end:
        raise refused(
            f"it has {end - data} bytes of tensors, and its header describes {at - data}: it is cut short or has something hidden"
        )
    return tensors

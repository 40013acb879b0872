"""An adapter as a safetensors file, and a training that was interrupted as another: what they say of themselves, and what is checked.

Beside the names, shapes and types that the model requires, a file names its model, tenant and sources, and bears a hash of all that it
says and of its numbers. The hash finds what was damaged; who may write files is for the store to say.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from memos.backends.transformers.header import METADATA, Opened, opened, refused
from memos.ports.runtime import About

if TYPE_CHECKING:
    import torch

    from memos.ports.blobs import Blob

ADAPTER, TRAINING = "memos-adapter-1", "memos-training-1"
LARGEST = 512 * 2**20
"""The most bytes that an adapter or the state of a training may have."""
Shapes = Mapping[str, tuple[int, ...]]


def said_of(about: About, model: str, form: str, **more: str) -> dict[str, str]:
    """What a file says of itself."""
    told = {"format": form, "model": model, "tenant": about.tenant, "sources": json.dumps(about.sources), "expires": about.expires or ""}
    return told | more


def written(tensors: Mapping[str, torch.Tensor], said: Mapping[str, str]) -> bytes:
    """A safetensors file with a hash of all that is in it; the same numbers and words give the same bytes.

    The library writes the header in an order that changes from time to time: this one is sorted.
    """
    numbers = {name: tensor.detach().float().contiguous().numpy() for name, tensor in sorted(tensors.items())}
    data = b"".join(array.astype("<f4", copy=False).tobytes() for array in numbers.values())
    header: dict[str, object] = {METADATA: {**said, "sha256": _hash(data, said)}}
    at = 0
    for name, array in numbers.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def _hash(data: bytes | memoryview, said: Mapping[str, str]) -> str:
    """The sha256 of what a file says and of its numbers."""
    whole = hashlib.sha256(json.dumps(sorted((name, text) for name, text in said.items() if name != "sha256")).encode())
    whole.update(data)
    return whole.hexdigest()


def read(blob: Blob, about: About, model: str, form: str) -> Opened:
    """A file that is of this model, tenant and sources, and whole; BackendError, with the reason, for any other."""
    file = opened(blob, LARGEST)
    said = file.metadata
    if said.get("format") != form:
        raise refused(f"its format is {said.get('format', 'not told')[:40]!r}, not {form!r}")
    if said.get("model") != model:
        raise refused("it was trained for a model with other weights")
    if said.get("tenant") != about.tenant:
        raise refused("it is another tenant's")
    if about.sources and said.get("sources") != json.dumps(about.sources):
        raise refused("it was made from other memories, or other versions of them")
    if about.expires is not None and said.get("expires") != about.expires:
        raise refused("it ends at another time")
    if said.get("sha256") != _hash(file.body[file.data :], said):
        raise refused("its numbers or what it says of itself are not what was written")
    return file


def number(file: Opened, name: str, least: int, most: int) -> int:
    """A whole number that a file says of itself; BackendError for none, or one out of bounds."""
    text = file.metadata.get(name, "")
    if re.fullmatch(r"\d{1,9}", text) is None or not least <= int(text) <= most:
        raise refused(f"it says no {name} from {least} to {most}")
    return int(text)


def tensors_of(file: Opened, expected: Shapes) -> dict[str, torch.Tensor]:
    """The tensors of a file as float32; BackendError unless they are exactly those expected, and every number is one."""
    import torch

    odd = sorted(set(file.tensors) ^ set(expected))
    if odd:
        raise refused(f"it has weights too many or too few, as {odd[0][:80]!r}")
    made = {}
    for name, shape in expected.items():
        entry = file.tensors[name]
        if entry.shape != shape or entry.dtype != "F32":
            raise refused(f"{name!r} has the shape {entry.shape} and type {entry.dtype}, and not {shape} and F32")
        tensor = torch.frombuffer(bytearray(file.body[entry.start : entry.stop]), dtype=torch.float32).reshape(shape)
        if not bool(torch.isfinite(tensor).all()):
            raise refused(f"{name!r} has numbers that are none")
        made[name] = tensor
    return made

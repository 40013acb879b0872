"""A KV block as a safetensors file: numbers in float16, or in int8 with keys scaled per channel and values per token.

Its metadata say all that the block depends on; who reads it refuses it where one of them is not what is expected. `digest` is the sha256
of the metadata and of sums of the tensors' bytes, so that a damaged file is found before its numbers are used, for a tenth of what a
sha256 of all of them takes. It is no signature: who may write a tenant's blobs may write blocks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import torch

from memos.backends.transformers import header
from memos.backends.transformers.blocks import NOTHING, Form, KvBlock, Numbers, hash_of
from memos.backends.transformers.engine import Engine
from memos.backends.transformers.header import Opened, refused
from memos.errors import InvalidCall
from memos.ports.blobs import Blob
from memos.ports.runtime import About

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = "memos-kv-1"
_TYPES = {"F32": torch.float32, "F16": torch.float16, "I8": torch.int8, "I64": torch.int64}
_NAMES = {dtype: name for name, dtype in _TYPES.items()}
_SUMMED = 4096 * 8
_LARGEST_FLOAT16 = 65504.0
Stored = Literal["float16", "int8"]


class Model(Protocol):
    """What of a runtime a file is held against."""

    weights: str
    about: dict[str, Any]

    @property
    def engine(self) -> Engine: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def fingerprint(self) -> str: ...  # noqa: D102
    @property
    def window(self) -> int: ...  # noqa: D102
    @property
    def layout(self) -> Any: ...  # noqa: D102


def packed(model: Model, block: KvBlock, about: About, form: Stored) -> bytes:
    """A block as a file; InvalidCall for one that is not exact, is of another adapter, or has numbers that the form cannot hold."""
    if not block.exact and block.form != "int8":
        raise InvalidCall("a block that was moved by composition is not kept: it is right in its place alone")
    if form not in ("float16", "int8"):
        raise InvalidCall(f"a block is kept as float16 or int8, not as {form[:20]!r}")
    if block.form == "int8" and form == "float16":
        raise InvalidCall("a block that was int8 gets no finer as float16: read its tokens anew")
    if about.adapter != block.adapter:
        raise InvalidCall(f"the block was read under the adapter {block.adapter or 'none'}, not {about.adapter or 'none'}")
    tensors = {"tokens": torch.from_numpy(block.tokens.copy())}
    for name, layers in (("k", block.keys), ("v", block.values)):
        for index, numbers in enumerate(layers):
            tensors.update(_written(f"{name}.{index}", numbers, form, 1 if name == "k" else 2))
    said = {name: _text(value) for name, value in _described(model, block.adapter).items()}
    said |= {name: _text(value) for name, value in _placed(block, about, form).items()}
    return _laid_out(tensors, said)


def _laid_out(tensors: Mapping[str, torch.Tensor], said: dict[str, str]) -> bytes:
    """A safetensors file, the same for the same block: the widest types first, so that each tensor stands where its type may be mapped."""
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    data = b"".join(tensor.view(torch.uint8).numpy().tobytes() for _, tensor in ordered)
    entries: dict[str, Any] = {header.METADATA: said | {"digest": digest_of(said, memoryview(data))}}
    at = 0
    for name, tensor in ordered:
        entries[name] = {"dtype": _NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + tensor.nbytes]}
        at += tensor.nbytes
    text = json.dumps(entries, sort_keys=True).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > header.LARGEST_HEADER:
        raise InvalidCall("a block of so many memories says more than a file can: keep fewer together")
    return len(text).to_bytes(8, "little") + text + data


def _written(name: str, numbers: Numbers, form: Stored, axis: int) -> dict[str, torch.Tensor]:
    """Numbers as tensors of the file; int8 shares a factor along `axis`: 1 along the tokens (per channel), 2 along channels (per token)."""
    if form == "int8" and numbers.scale is not None:
        return {name: numbers.body.contiguous(), f"{name}.scale": numbers.scale.contiguous()}
    plain = numbers.body.to(torch.float32)
    most = plain.abs().amax() if plain.numel() else torch.zeros(())
    if not float(most) <= _LARGEST_FLOAT16:
        raise InvalidCall("a block has numbers that float16 cannot hold")
    if form == "float16":
        return {name: plain.to(torch.float16).contiguous()}
    scale = plain.abs().amax(dim=axis, keepdim=True).div_(127.0).clamp_(min=1e-8)
    return {name: plain.div_(scale).round_().to(torch.int8).contiguous(), f"{name}.scale": scale.contiguous()}


def _described(model: Model, adapter: str | None) -> dict[str, Any]:
    """What a block depends on but its tokens."""
    return {
        "format": FORMAT,
        "model": model.name,
        "weights": model.weights,
        "tokenizer": model.layout.vocabulary,
        "template": model.layout.template,
        "adapter": adapter or "",
        **{name: model.about[name] for name in ("dtype", "layers", "kinds", "window", "rope", "attention")},
        "fingerprint": model.fingerprint,
    }


def _placed(block: KvBlock, about: About, form: Stored) -> dict[str, Any]:
    """What is a block's own: its place, its tokens, of what memories it was made, and for whom."""
    return {
        "form": form,
        "base": block.base,
        "length": len(block.tokens),
        "anchor": block.anchor,
        "hash": hash_of(block.tokens),
        "sources": [list(source) for source in about.sources],
        "tenant": about.tenant,
        "expires": about.expires or "",
    }


def _text(value: Any) -> str:
    """A value of the metadata: texts as they are, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def digest_of(metadata: Mapping[str, str], data: memoryview) -> str:
    """The sha256 of metadata, without the digest itself, and the sums of the tensors' bytes.

    A sum is over 4,096 words of 64 bits, modulo 2**64: it finds every change of bytes that lie within 64 bits, and others but by chance.
    """
    said = {name: value for name, value in metadata.items() if name != "digest"}
    whole = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    full = len(data) // _SUMMED * _SUMMED
    words = np.frombuffer(data[:full], dtype="<u8").reshape(-1, _SUMMED // 8)
    whole.update(words.sum(axis=1, dtype=np.uint64).astype("<u8").tobytes())
    whole.update(data[full:])
    return whole.hexdigest()


def unpacked(model: Model, blob: Blob, about: About, now: datetime | None = None) -> KvBlock:
    """A block from a file; BackendError, with the reason, for one that is malformed, damaged, or not of this model, adapter and tenant."""
    file = header.opened(blob, _largest(model))
    _require_ours(model, file, about, now or datetime.now(UTC))
    form = _stored(file)
    base, length = _whole(file, "base"), _whole(file, "length")
    if not 0 < length <= model.window - base:
        raise refused(f"{length} tokens from position {base} on do not fit the window of {model.window}")
    _require_shapes(model, file, form, length)
    if file.metadata.get("digest") != digest_of(file.metadata, file.body[file.data :]):
        raise refused("its bytes are not those that were written (its digest is wrong)")
    tokens = _tokens(model, file)
    anchor = file.metadata.get("anchor", "")
    if len(anchor) != 64 or (base == 0) != (anchor == NOTHING):
        raise refused("what it says of the tokens before it cannot be")
    count = len(model.engine.shapes)
    return KvBlock(
        tokens, base, anchor, about.adapter, model.fingerprint, tuple(_numbers(file, f"k.{index}", form) for index in range(count)),
        tuple(_numbers(file, f"v.{index}", form) for index in range(count)), exact=form == "float16",
        form=form,
    )  # fmt: skip


def _largest(model: Model) -> int:
    """The most bytes that a file of this model has."""
    numbers = sum(2 * heads * (width * 2 + 4) for heads, width in model.engine.shapes)
    return 16 + header.LARGEST_HEADER + model.window * (numbers + 8) + sum(8 * heads * width for heads, width in model.engine.shapes)


def _require_ours(model: Model, file: Opened, about: About, now: datetime) -> None:
    """BackendError unless a file's metadata are those of this model, adapter, tenant and sources, and it has not expired."""
    said = file.metadata
    for name, value in _described(model, about.adapter).items():
        if said.get(name) != _text(value):
            raise refused(f"its {name} is another: {said.get(name, 'none')[:80]!r}, not {_text(value)[:80]!r}")
    if said.get("tenant") != about.tenant:
        raise refused("it is another tenant's")
    if about.sources and said.get("sources") != _text([list(source) for source in about.sources]):
        raise refused("it was made of other memories, or of other versions of them")
    ends = [end for end in (said.get("expires"), about.expires) if end]
    for end in ends:
        try:
            instant = datetime.fromisoformat(end)
        except ValueError:
            raise refused("its end is no time") from None
        if (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) <= now:
            raise refused("it has expired")


def _stored(file: Opened) -> Stored:
    """The form of a file's numbers."""
    form = file.metadata.get("form")
    if form == "float16":
        return "float16"
    if form == "int8":
        return "int8"
    raise refused(f"its form is {str(form)[:20]!r}, and float16 and int8 are possible")


def _whole(file: Opened, name: str) -> int:
    """A whole number of the metadata."""
    text = file.metadata.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise refused(f"its {name} is no number")
    return int(text)


def _require_shapes(model: Model, file: Opened, form: Stored, length: int) -> None:
    """BackendError unless the tensors are those that a block of so many tokens has, each of its shape and type."""
    expected: dict[str, tuple[str, tuple[int, ...]]] = {"tokens": ("I64", (length,))}
    for index, (heads, width) in enumerate(model.engine.shapes):
        for name, scale in ((f"k.{index}", (heads, 1, width)), (f"v.{index}", (heads, length, 1))):
            expected[name] = ("F16" if form == "float16" else "I8", (heads, length, width))
            if form == "int8":
                expected[f"{name}.scale"] = ("F32", scale)
    if set(expected) != set(file.tensors):
        odd = sorted(set(expected) ^ set(file.tensors))
        raise refused(f"its tensors are not those of this model's layers ({odd[0][:60]!r})")
    for name, (dtype, shape) in expected.items():
        entry = file.tensors[name]
        if (entry.dtype, entry.shape) != (dtype, shape):
            raise refused(f"the tensor {name!r} is {entry.dtype} of {entry.shape}, not {dtype} of {shape}")


def _tokens(model: Model, file: Opened) -> NDArray[np.int64]:
    """The tokens of a file."""
    tokens = np.array(_tensor(file, "tokens").numpy(), dtype=np.int64)
    tokens.flags.writeable = False
    if tokens.min() < 0 or tokens.max() >= model.engine.config.vocab_size:
        raise refused("it has tokens that this model's vocabulary has not")
    if file.metadata.get("hash") != hash_of(tokens):
        raise refused("its tokens are not those that it says")
    return tokens


def _tensor(file: Opened, name: str) -> torch.Tensor:
    """A tensor of a file, sharing its bytes."""
    entry = file.tensors[name]
    bytes_ = file.body[entry.start : entry.stop]
    if bytes_.readonly or entry.start % header.WIDTHS[entry.dtype]:
        bytes_ = memoryview(bytearray(bytes_))
    return torch.frombuffer(bytes_, dtype=_TYPES[entry.dtype]).view(entry.shape)


def _numbers(file: Opened, name: str, form: Form) -> Numbers:
    """The numbers of a layer; BackendError where one is infinite or none."""
    body = _tensor(file, name)
    scale = _tensor(file, f"{name}.scale") if form == "int8" else None
    if scale is not None and not bool((torch.isfinite(scale) & (scale > 0)).all()):
        raise refused(f"the tensor {name!r} is scaled by what is no number")
    if form == "float16":
        bits = body.view(torch.int16).numpy()
        if bits.max() >= 0x7C00 or bits.view(np.uint16).max() >= 0xFC00:
            raise refused(f"the tensor {name!r} has numbers that are infinite or none")
    return Numbers(body, scale)

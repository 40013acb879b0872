"""What a model is: hashes of its weights, tokenizer and positions, on which everything depends that is kept of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def sha256_of(file: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def weights_of(folder: Path) -> str:
    """A hash of a directory's weights: of each safetensors file's name and sha256."""
    return digest_of([(file.name, sha256_of(file)) for file in sorted(folder.glob("*.safetensors"))])


def weights_in(model: Any) -> str:
    """A hash of the weights of a model in memory: of each tensor's name, shape, type and bytes."""
    import torch

    whole = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        whole.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        whole.update(tensor.detach().contiguous().view(torch.uint8).numpy().data)
    return whole.hexdigest()


def digest_of(value: Any) -> str:
    """The sha256 of a value as canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()


def positions_of(config: Any) -> dict[str, Any]:
    """How a model knows where a token stands: its RoPE parameters, as plain values; empty for one that has none."""
    found = getattr(config, "rope_parameters", None)
    return json.loads(json.dumps(dict(found), default=str)) if found else {}

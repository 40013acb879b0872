"""Opening a model: from a directory or a GGUF file, from local files alone, with no code and no pickle of the model's makers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from memos.backends.transformers.conversion import converted, quiet
from memos.backends.transformers.identity import weights_of
from memos.backends.transformers.watermark import Detector
from memos.errors import BackendError, InvalidCall
from memos.ports.marking import require_key

if TYPE_CHECKING:
    from memos.backends.transformers.runtime import TransformersRuntime

DTYPES = ("float32", "float16")
_LARGEST_JSON = 64 * 2**20
_LOCAL = {"local_files_only": True, "trust_remote_code": False}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a URL asks for."""

    path: Path
    dtype: str = "float32"
    threads: int | None = None
    window: int | None = None
    cache: Path | None = None
    watermark_key: Path | None = None


def parse(url: str) -> Wanted:
    """What a URL asks for; InvalidCall names what is wrong with it."""
    split = urlsplit(url)
    given = parse_qsl(split.query, keep_blank_values=True)
    options, path = dict(given), Path(unquote(split.path))
    if split.scheme != "transformers" or split.netloc or not path.is_absolute():
        raise InvalidCall(
            "a local model is transformers:// and the absolute path of a directory or a .gguf file, as in transformers:///models/it"
        )
    unknown = sorted(set(options) - {"dtype", "threads", "window", "cache", "watermark_key"})
    if unknown or len(options) != len(given):
        raise InvalidCall(
            f"a local model takes dtype, threads, window, cache and watermark_key, each once, not {', '.join(unknown) or 'one twice'}"
        )
    dtype = options.get("dtype", "float32")
    if dtype not in DTYPES:
        raise InvalidCall(f"dtype is {dtype[:40]!r}: {' and '.join(DTYPES)} are possible")
    cache, key = _place(options, "cache", "a directory for converted models"), _place(options, "watermark_key", "a file with a secret")
    return Wanted(path, dtype, _whole(options, "threads", 1, 1024), _whole(options, "window", 16, 2**24), cache, key)


def _place(options: dict[str, str], name: str, what: str) -> Path | None:
    """An absolute path of the options, or None."""
    place = Path(options[name]) if name in options else None
    if place is not None and not place.is_absolute():
        raise InvalidCall(f"{name} is the absolute path of {what}")
    return place


def _secret(file: Path | None) -> bytes | None:
    """The key of the watermark that a file holds; InvalidCall for one that cannot be read or is too short."""
    if file is None:
        return None
    try:
        with file.open("rb") as opened:
            return require_key(opened.read(4096))
    except OSError as error:
        raise InvalidCall(f"the watermark_key {file} cannot be read ({type(error).__name__})") from error


def _whole(options: dict[str, str], name: str, least: int, most: int) -> int | None:
    """A whole number of the options, or None."""
    text = options.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise InvalidCall(f"{name} is {text[:20]!r}: a whole number from {least} to {most} is possible")
    return int(text)


def open_url(url: str) -> TransformersRuntime:
    """The runtime that a URL names."""
    wanted = parse(url)
    key = _secret(wanted.watermark_key)
    return open_model(wanted.path, dtype=wanted.dtype, threads=wanted.threads, window=wanted.window, cache=wanted.cache, watermark_key=key)


def open_detector(url: str) -> Detector:
    """The detector of the watermark that the runtime of this URL makes, of its tokenizer alone: no weights are read."""
    from memos.backends.transformers.layout import Layout

    wanted = parse(url)
    key = _secret(wanted.watermark_key)
    if key is None:
        raise InvalidCall("a detector looks for the mark of a key: name the file that holds it by watermark_key")
    folder = converted(wanted.path, wanted.cache) if wanted.path.suffix == ".gguf" else wanted.path
    _require_files(folder, "tokenizer.json")
    _require_no_code(folder)
    layout = Layout(_tokenizer(folder))
    return Detector(key, layout.plain, layout.spoken)


def open_model(
    path: Path,
    *,
    dtype: str = "float32",
    threads: int | None = None,
    window: int | None = None,
    cache: Path | None = None,
    watermark_key: bytes | None = None,
) -> TransformersRuntime:
    """The runtime of a model in a directory or a .gguf file; BackendError, with the reason, for one that cannot be used."""
    import torch

    from memos.backends.transformers.runtime import TransformersRuntime

    if threads is not None:
        torch.set_num_threads(threads)
    folder = converted(path, cache) if path.suffix == ".gguf" else path
    require_usable(folder)
    tokenizer, model = _loaded(folder, dtype)
    return TransformersRuntime(model, tokenizer, name=path.stem if path.suffix == ".gguf" else path.name, weights=weights_of(folder),
        window=window, home=folder, watermark_key=watermark_key)  # fmt: skip


def require_usable(folder: Path) -> None:
    """BackendError unless a directory holds what is needed, and nothing that would run code or fetch from elsewhere."""
    _require_files(folder, "config.json", "tokenizer.json")
    if not any(folder.glob("*.safetensors")):
        raise BackendError(f"the model in {folder} has no safetensors: weights that are pickles (.bin, .pt) are not read; convert them")
    if (folder / "adapter_config.json").exists():
        raise BackendError(f"the model in {folder} is an adapter for another: merge it first")
    _require_no_code(folder)


def _require_files(folder: Path, *names: str) -> None:
    """BackendError unless a directory is there and has some files."""
    if not folder.is_dir():
        raise BackendError(
            f"there is no model in {folder}: it is a directory with config.json, safetensors and tokenizer.json, or a .gguf file"
        )
    for name in names:
        if not (folder / name).is_file():
            raise BackendError(f"the model in {folder} has no {name}")


def _require_no_code(folder: Path) -> None:
    """BackendError where the files of a model name code that would be run."""
    for name in ("config.json", "tokenizer_config.json"):
        file = folder / name
        if file.is_file() and "auto_map" in _json(file):
            raise BackendError(
                f"the model in {folder} brings code of its own ({name} has auto_map), which is never run: take it out if it is not needed"
            )


def _json(file: Path) -> dict[str, Any]:
    """A file of the model as JSON."""
    try:
        if file.stat().st_size > _LARGEST_JSON:
            raise BackendError(f"{file} is larger than any that a model has")
        read = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise BackendError(f"{file} cannot be read ({type(error).__name__})") from error
    if not isinstance(read, dict):
        raise BackendError(f"{file} is no JSON object")
    return read


def _loaded(folder: Path, dtype: str) -> tuple[Any, Any]:
    """A tokenizer and a model from local files."""
    import torch
    from transformers import AutoModelForCausalLM

    tokenizer = _tokenizer(folder)
    try:
        with quiet():
            model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype), use_safetensors=True, **_LOCAL)
    except Exception as error:
        raise BackendError(f"the model in {folder} cannot be loaded: {type(error).__name__}: {str(error)[:300]}") from error
    return tokenizer, model


def _tokenizer(folder: Path) -> Any:
    """A tokenizer from local files."""
    from transformers import AutoTokenizer

    try:
        with quiet():
            return AutoTokenizer.from_pretrained(folder, **_LOCAL)
    except Exception as error:
        raise BackendError(f"the tokenizer in {folder} cannot be loaded: {type(error).__name__}: {str(error)[:300]}") from error

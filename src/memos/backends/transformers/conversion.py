"""Conversion of a GGUF file into safetensors, once: its numbers are taken out of their quantisation into float16.

The directory is named by the file's sha256 and appears whole or not at all; of several processes one converts and the others wait.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from memos.backends.transformers.extras import require_local
from memos.backends.transformers.identity import sha256_of
from memos.errors import BackendError

CONFIG = "config.json"


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars of transformers meanwhile, and its warnings only where they are errors."""
    from transformers.utils import logging

    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def converted(file: Path, cache: Path | None = None) -> Path:
    """The directory of a GGUF file's safetensors, made if it is not there yet; `cache` is where such directories stand, beside the file
    by default. BackendError for a file that cannot be converted or a directory that cannot be written.
    """
    try:
        digest = sha256_of(file)
        home = cache or file.parent
        home.mkdir(parents=True, exist_ok=True)
        folder = home / f"{file.stem}-{digest[:16]}"
        if (folder / CONFIG).is_file():
            return folder
        with (home / f".{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / CONFIG).is_file():
                _place(file, folder)
    except OSError as error:
        raise BackendError(
            f"{file} cannot be converted in {cache or file.parent} ({error.strerror}): name a directory with cache="
        ) from error
    return folder


def _place(file: Path, folder: Path) -> None:
    """Convert into a temporary directory, and give it its name once it is whole and on the disk."""
    making = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _convert(file, making)
        for part in making.iterdir():
            part.chmod(0o644)
            with part.open("rb") as written:
                os.fsync(written.fileno())
        making.chmod(0o755)
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _convert(file: Path, folder: Path) -> None:
    """Write a GGUF file's model and tokenizer as safetensors and JSON."""
    require_local("gguf")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    local: dict[str, Any] = {"gguf_file": file.name, "local_files_only": True}
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(file.parent, **local)
            model = AutoModelForCausalLM.from_pretrained(file.parent, dtype=torch.float32, **local)
            model.hf_quantizer = None
            if hasattr(model.config, "quantization_config"):
                del model.config.quantization_config
            if all(bool((weight.abs() < 65504).all()) for weight in model.parameters()):
                model = model.to(torch.float16)
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
    except OSError:
        raise
    except Exception as error:
        raise BackendError(f"{file} is no GGUF file that can be converted: {type(error).__name__}: {str(error)[:300]}") from error

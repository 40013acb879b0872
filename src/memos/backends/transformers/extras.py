"""Whether the extra `local` is installed, and what to say where it is not."""

from __future__ import annotations

from importlib.util import find_spec

from memos.errors import InvalidCall

NEEDED = ("torch", "transformers", "safetensors")


def require_local(*also: str) -> None:
    """InvalidCall that says what to install, unless what a model in this process needs is there; `also` are further modules."""
    missing = [name for name in (*NEEDED, *also) if find_spec(name) is None]
    if missing:
        raise InvalidCall(f'a model in this process needs {", ".join(missing)}: run `pip install "memos-kernel[local]"`')

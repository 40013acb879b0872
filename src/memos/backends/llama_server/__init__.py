"""A llama.cpp server as a ModelRuntime: one that runs, by its address, or one that is started here of a GGUF file."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

from memos.backends._openai import options_of_url, plain_address
from memos.backends.llama_server.child import Child
from memos.backends.llama_server.client import Client
from memos.backends.llama_server.runtime import LlamaServer
from memos.backends.llama_server.server import Server
from memos.errors import BackendError, InvalidCall

__all__ = ["LlamaServer", "connected", "from_url", "started"]

_FILE = {"ctx": int, "threads": int, "slots": int, "timeout": float}
_ADDRESS = {"slots": str, "timeout": float, "key_env": str}


def connected(url: str, *, slots: str | None = None, timeout: float = 120.0, key_env: str | None = None) -> LlamaServer:
    """The server at `http://127.0.0.1:8080`. `slots` is the directory of its --slot-save-path, where slots are to be saved to files;
    `timeout` the seconds that it may be silent; `key_env` names the environment variable that holds its key.
    """
    address, _ = plain_address(url, "a llama.cpp server", "http://127.0.0.1:8080")
    key = None
    if key_env is not None:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key_env):
            raise InvalidCall("key_env is the name of the environment variable that holds the key, never the key itself")
        key = os.environ.get(key_env)
        if not key:
            raise BackendError(f"the environment variable {key_env} that should hold the server's key is not set: set it")
    files = None if slots is None else Path(slots)
    if files is not None and not files.is_dir():
        raise InvalidCall(f"slots={slots} is no directory: name the one of the server's --slot-save-path")
    return LlamaServer(Server(Client(address, key=key, timeout=_patient(timeout)), files=files, patience=timeout))


def started(model: Path, *, ctx: int = 4096, threads: int = 0, slots: int = 2, timeout: float = 120.0) -> LlamaServer:
    """A server of a GGUF file in a process of its own, with so many slots of `ctx` tokens each; `threads` 0 takes all cores.

    InvalidCall without the extra `llama`.
    """
    if not (ctx >= 16 and 1 <= slots <= 64 and 0 <= threads <= 1024):
        raise InvalidCall("ctx is at least 16, slots are 1 to 64, threads 0 (all cores) to 1024")
    child = Child(model, window=ctx, slots=slots, threads=threads or os.cpu_count() or 1)
    try:
        client = Client(child.url, key=child.key, timeout=_patient(timeout))
        return LlamaServer(Server(client, files=child.slots, child=child, patience=timeout))
    except BaseException:
        child.close()
        raise


def from_url(url: str) -> LlamaServer:
    """`llama:///home/me/model.gguf?ctx=4096&threads=1&slots=2`, or `llama+http://127.0.0.1:8080?slots=/its/slot/directory`."""
    scheme, address, options = options_of_url(url, "llama.cpp server", _FILE if url.startswith("llama:") else _ADDRESS)
    if scheme == "llama":
        return started(Path(unquote(address)).expanduser(), **options)
    return connected(f"{scheme.removeprefix('llama+')}://{address}", **options)


def _patient(timeout: float) -> float:
    if not 0 < timeout < 1e6:
        raise InvalidCall(f"timeout is {timeout}: give the seconds that the server may be silent, more than 0")
    return timeout

"""llama.cpp's server as a process of this one: see `serving.py`, which is the program that it runs."""

from __future__ import annotations

import importlib.util
import json
import secrets
import select
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import rmtree

from memos.errors import BackendError, InvalidCall, Unavailable

PROGRAM = Path(__file__).with_name("serving.py")


class Child:
    """The server of a model's file. `url`, `key` and `slots`, the directory of its slot files, which only this user can read."""

    def __init__(self, model: Path, *, window: int, slots: int, threads: int, seconds: float = 300.0) -> None:
        if importlib.util.find_spec("xllamacpp") is None:
            raise InvalidCall('llama:// needs the engine of llama.cpp: run `pip install "memos-kernel[llama]"`')
        if not model.is_file():
            raise InvalidCall(f"there is no model at {model}: name a GGUF file, as llama:///home/me/model.gguf")
        self.key = secrets.token_urlsafe(32)
        self.slots = Path(tempfile.mkdtemp(prefix="memos-llama-"))
        options = {"model": str(model), "window": window, "slots": slots, "threads": threads, "key": self.key, "files": f"{self.slots}/"}
        self._process = subprocess.Popen(  # noqa: S603 - a file of this package, by this very Python
            [sys.executable, "-P", str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            self.url = self._started(json.dumps(options), seconds)
        except BaseException:
            self.close()
            raise

    def _started(self, options: str, seconds: float) -> str:
        into, out = self._process.stdin, self._process.stdout
        if into is None or out is None:
            raise BackendError("the engine was started without pipes")
        try:
            into.write(options + "\n")
            into.flush()
        except OSError:
            raise BackendError("the engine of llama.cpp ended before it read its options") from None
        if not select.select([out], [], [], seconds)[0]:
            raise Unavailable(f"llama.cpp has not loaded its model within {seconds:g} s: retry, or take a smaller one")
        address = out.readline().strip()
        if not address.startswith("http://127.0.0.1:"):
            raise BackendError("llama.cpp cannot load this model: see that it is a whole GGUF file, and that it fits into memory")
        return address

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def close(self) -> None:
        """End the server, and remove its slot files."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        rmtree(self.slots, ignore_errors=True)

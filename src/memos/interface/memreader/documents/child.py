"""Child: the process in which what is not plain text is converted: little memory, little time, no file, no network.

It reads one line of JSON and the content from its standard input and writes one JSON object to its standard output. Before it looks at
the content it takes every right from itself that it does not need; what it is then led to do by the content, it cannot.
"""

from __future__ import annotations

import contextlib
import encodings
import errno
import gc
import importlib
import json
import logging
import pkgutil
import resource
import sys
import warnings
from types import ModuleType
from typing import Any

from memos.interface.memreader.documents.blocks import Converted, TooMuch
from memos.interface.memreader.documents.conversion import NEEDED
from memos.settings import DocumentSettings

MODULES = {"pdf": "paper", "docx": "word", "html": "web", "markdown": "plain"}
LATE = (
    "_strptime", "bz2", "calendar", "decimal", "fractions", "hashlib", "html.entities", "locale", "lzma", "stringprep", "unicodedata",
    "uuid", "xml.dom.expatbuilder", "xml.dom.minidom", "xml.etree.ElementTree", "zlib",
)  # fmt: skip
"""What the standard library imports only when it is used."""
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
        answer = {"refused": f"to read it takes more than {allowed.memory_bytes:,} bytes of memory (documents.memory_bytes)"}
    except RecursionError:
        answer = {"refused": f"its parts are nested more than {allowed.depth:,} deep"}
    except Exception as error:
        if getattr(error, "errno", None) == errno.EMFILE:
            raise  # something was not imported in time: our fault, not the content's
        answer = {"refused": f"the file is damaged ({type(error).__name__}: {str(error)[:120]})"}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()


def _load(format: str) -> None:
    """Import all that may be needed, since nothing can be opened later."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    for name in NEEDED[format]:
        library = importlib.import_module(name)
        _load_all(library, f"{name}.")
    importlib.import_module(f"memos.interface.memreader.documents.{MODULES[format]}")
    _load_all(encodings, "encodings.")
    for name in LATE:
        importlib.import_module(name)


def _load_all(package: ModuleType, prefix: str) -> None:
    """Import what a package imports only when it is used; what cannot be imported here is not used either."""
    for module in pkgutil.walk_packages(package.__path__, prefix, onerror=lambda _: None):
        if module.name.rpartition(".")[2] not in {"__main__", "cli"}:
            with contextlib.suppress(Exception):
                importlib.import_module(module.name)


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
    if format == "html":
        from memos.interface.memreader.documents.web import convert_html

        return convert_html(content.decode("utf-8"), allowed)
    from memos.interface.memreader.documents.plain import convert_markdown

    return convert_markdown(content.decode("utf-8"), allowed)

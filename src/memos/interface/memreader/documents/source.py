"""Source: the bytes of what a user hands over as a document: a path, bytes, or a binary file."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

from memos.errors import InvalidCall

PIECE = 1024 * 1024


def bytes_of(source: Any, name: str | None, most: int) -> tuple[bytes, str]:
    """The content and the name of a document. A str is a path, never content.

    A path must lead to a regular file: a symbolic link, a pipe, a device or a folder is InvalidCall, and so is more than `most` bytes.
    """
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        return _file(path, most), name or path.name
    if isinstance(source, bytes | bytearray | memoryview):
        content = bytes(source)
    elif callable(getattr(source, "read", None)):
        content = _stream(source, most)
        told = getattr(source, "name", None)
        name = name or (Path(told).name if isinstance(told, str) else None)
    else:
        raise InvalidCall(f"a document is a path, bytes, or a file opened in binary mode, not {type(source).__name__}")
    if name is None:
        raise InvalidCall("a document given as bytes has no name; give one: name='report.pdf'")
    _require_size(len(content), name, most)
    return content, name


def _require_size(size: int, name: str, most: int) -> None:
    if size > most:
        raise InvalidCall(f"{name} has {size:,} bytes, the limit is {most:,} (the setting documents.file_bytes); split it")
    if size == 0:
        raise InvalidCall(f"{name} is empty; there is nothing to add")


def _stream(source: Any, most: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while size <= most:
        piece = source.read(PIECE)
        if not isinstance(piece, bytes):
            raise InvalidCall("the file is opened as text; open it in binary mode, open(path, 'rb')")
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _file(path: Path, most: int) -> bytes:
    try:
        # a pipe must not be waited for, and what stands behind a link was not named
        found = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:
        raise InvalidCall(f"{str(path)[:200]!r} is no path ({error})") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InvalidCall(f"{str(path)[:60]!r}… is no path; a text is a path, content is given as bytes: text.encode()") from None
        if path.is_symlink():
            raise InvalidCall(f"{path} is a symbolic link; name the file itself, {os.path.realpath(path)}, if that is meant") from None
        raise InvalidCall(f"{path} cannot be read: {error.strerror}") from None
    about = os.fstat(found)
    if not stat.S_ISREG(about.st_mode):
        os.close(found)
        raise InvalidCall(f"{path} is a folder, a pipe or a device; a document is a regular file")
    with os.fdopen(found, "rb") as file:
        _require_size(about.st_size, str(path), most)
        content = file.read(most + 1)
        _require_size(len(content), str(path), most)
        return content

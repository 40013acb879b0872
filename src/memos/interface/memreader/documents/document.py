"""Document: a file that was read: its text, its chunks or messages, and the drafts of memories that they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from memos.errors import InvalidCall
from memos.interface.memreader.documents import formats
from memos.interface.memreader.documents.blocks import Converted, TooMuch
from memos.interface.memreader.documents.chats import read_chat
from memos.interface.memreader.documents.chats.message import Chat
from memos.interface.memreader.documents.chunks import STEP, Chunk, chunks_of
from memos.interface.memreader.documents.decoding import decoded
from memos.interface.memreader.documents.source import bytes_of
from memos.interface.messages import drafts_of
from memos.memcube.call import CubeDraft
from memos.memcube.cube import MemCube
from memos.memcube.legal import legal_metadata
from memos.memcube.place import OWN, SESSION
from memos.memcube.value import build
from memos.settings import DocumentSettings

NAME_BYTES = 200


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was understood. It has chunks, or, where it is a chat, messages as `add` takes them.

    `text` is the plain text that was made of it; `start` and `end` of a chunk, and in the metadata of its memory, are code points of it.
    `properties` may have `title`, `author` and `created`, as the file says; `pages` is 0 where there are none.
    """

    name: str
    format: str
    text: str
    chunks: tuple[Chunk, ...] = ()
    messages: tuple[dict[str, Any], ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    pages: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def session(self) -> str:
        """The session in which its memories stand, in their order."""
        return f"{SESSION}{self.name}"

    def passage(self, memory: MemCube | Mapping[str, Any]) -> str:
        """The words of this document that a memory, or the metadata of one, points to.

        InvalidCall when it is a memory of something else. If the document has changed since, the words there now are given: compare them.
        """
        told = memory.metadata if isinstance(memory, MemCube) else memory
        start, end = told.get("start"), told.get("end")
        if told.get("document") != self.name or not isinstance(start, int) or not isinstance(end, int):
            raise InvalidCall(f"this memory does not point into {self.name}; it is of {str(told.get('document'))[:100]!r}")
        if not 0 <= start < end <= len(self.text):
            raise InvalidCall(
                f"{self.name} has changed: its text has {len(self.text):,} characters, the memory points to {start:,}–{end:,}"
            )
        return self.text[start:end]

    def drafts(self, common: Mapping[str, Any]) -> tuple[CubeDraft, ...]:
        """A draft for each chunk or message, in order; `common` holds the fields that all share, as for `drafts_of`."""
        metadata = legal_metadata(common.get("metadata"))
        if taken := sorted(set(metadata) & set(OWN)):
            raise InvalidCall(f"the metadata of a document's memories has a {taken[0]!r} of its own; give yours another name")
        if self.messages:
            return drafts_of(list(self.messages), dict(common), None)
        shared = {**common, "session": self.session, "turn": True, "origin": "document"}
        return tuple(
            build(CubeDraft, **(shared | self._fields(number, chunk, metadata, tuple(common.get("links") or ()))))
            for number, chunk in enumerate(self.chunks)
        )

    def _fields(self, number: int, chunk: Chunk, metadata: Mapping[str, Any], links: tuple[str, ...]) -> dict[str, Any]:
        place: dict[str, Any] = {"document": self.name, "format": self.format, **self.properties, "start": chunk.start, "end": chunk.end}
        if chunk.heading:
            place["heading"] = STEP.join(chunk.heading)
        if chunk.page:
            place["page"] = chunk.page
        if chunk.last_page > chunk.page:
            place["last_page"] = chunk.last_page
        page = f"page={chunk.page}&" if chunk.page else ""
        citation = f"{quote(self.name)}#{page}char={chunk.start},{chunk.end}"
        return {"text": chunk.text, "ordinal": number, "metadata": {**metadata, **place}, "links": (citation, *links)}


def read_document(
    source: Any,
    limits: DocumentSettings,
    *,
    name: str | None = None,
    format: str | None = None,
    password: str | None = None,
    encoding: str | None = None,
    chunk: int | None = None,
    tz: str | None = None,
    date_order: str | None = None,
) -> Document:
    """A document from a path, bytes or a binary file; InvalidCall, which says what is wrong with it, for what cannot be read."""
    _require_options(format, chunk, date_order)
    for what, value in {"name": name, "encoding": encoding, "password": password}.items():
        if value is not None and not isinstance(value, str):
            raise InvalidCall(f"{what} is a text, not {type(value).__name__}")
    content, name = bytes_of(source, name, limits.file_bytes)
    if not name.strip() or not name.isprintable() or len(name.encode(errors="replace")) > NAME_BYTES:
        raise InvalidCall(f"the name of a document is one line of at most {NAME_BYTES} bytes; give a shorter one: name='…'")
    zone, wanted = _zone(tz), chunk or limits.chunk_characters
    try:
        found, text, read, assumed = _recognised(name, content, format, encoding)
        document = Document(name, found, "" if read is not None else text, warnings=assumed)
        if found in formats.CHATS:
            document = _chatted(document, read_chat(found, text, read, limits.chunks, zone=zone, dates=date_order))
        else:
            document = _chunked(document, _converted(found, content, text, limits, password), wanted, limits.chunks)
    except TooMuch as error:
        raise InvalidCall(f"{name}: {error}; nothing was stored") from None
    return replace(document, warnings=tuple(f"{name}: {each}" for each in document.warnings))


def _require_options(format: Any, chunk: Any, date_order: Any) -> None:
    if format is not None and format not in formats.FORMATS:
        raise InvalidCall(f"{str(format)[:40]!r} is no format; there are {', '.join(formats.FORMATS)}")
    if chunk is not None and (isinstance(chunk, bool) or not isinstance(chunk, int) or not 100 <= chunk <= 20_000):
        raise InvalidCall("chunk is how many characters a chunk has, about: a number from 100 to 20,000")
    if date_order not in (None, "dmy", "mdy", "ymd"):
        raise InvalidCall("date_order is 'dmy', 'mdy' or 'ymd'")


def _recognised(name: str, content: bytes, stated: str | None, encoding: str | None) -> tuple[str, str, Any, tuple[str, ...]]:
    """The format, and of what is text the text, the JSON that it may be, and what was assumed."""
    ending = formats.ending_of(name)
    found, text, read = formats.binary_format(content), "", None
    assumed: tuple[str, ...] = ()
    if found is None:
        textual = {stated, ending} - {"pdf", "docx"}
        try:
            text, assumed = decoded(content, encoding)
        except TooMuch as error:
            meant = stated or ending
            named = f"{'you say' if stated else 'its name says'} it is {formats.NAMES.get(meant, meant)}, but " if meant else ""
            raise TooMuch(f"{named}{error}") from None
        if not text.strip():
            raise TooMuch("there is no text in it")
        found, read = formats.text_format(text, stated if stated in textual else None, ending if ending in textual else None)
    formats.require_agreement(found, stated, ending, text)
    return found, text, read, assumed


def _converted(found: str, content: bytes, text: str, limits: DocumentSettings, password: str | None) -> Converted:
    from memos.interface.memreader.documents.conversion import convert
    from memos.interface.memreader.documents.plain import convert_text

    if found == "text":
        return convert_text(text, limits)
    return convert(text.encode() if found in {"html", "markdown"} else content, found, limits, password)


def _chunked(document: Document, converted: Converted, wanted: int, most: int) -> Document:
    """The document with its chunks."""
    chunks = chunks_of(converted, wanted, converted.properties.get("title", ""))
    if not chunks:
        raise TooMuch("there is no text in it")
    if len(chunks) > most:
        raise TooMuch(
            f"it makes {len(chunks):,} chunks, the limit is {most:,} (documents.chunks); split it, or let chunks be longer (chunk=)"
        )
    told = document.warnings + converted.warnings
    return replace(document, text=converted.text, chunks=chunks, warnings=told, properties=converted.properties, pages=converted.pages)


def _chatted(document: Document, chat: Chat) -> Document:
    """The document with its messages."""
    common = {"document": document.name, "format": document.format}
    given = tuple(message.as_given(document.session, common) for message in chat.messages)
    return replace(document, messages=given, warnings=document.warnings + chat.warnings)


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise InvalidCall(f"{str(name)[:60]!r} is no time zone; write one like 'Europe/Lisbon'") from None

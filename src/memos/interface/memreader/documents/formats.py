"""Formats: what kind of document a file is, by its content; what its name or its caller says must agree."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import PurePath
from typing import Any

from memos.interface.memreader.documents.blocks import TooMuch
from memos.interface.memreader.documents.chats.lines import looks_like_transcript, looks_like_whatsapp

CHATS = frozenset({"chatgpt", "claude", "slack", "whatsapp", "transcript", "vtt", "srt"})
"""What becomes messages."""
FORMATS = ("text", "markdown", "html", "pdf", "docx", *sorted(CHATS))
ENDINGS = {
    ".txt": "text", ".text": "text", ".log": "text", ".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html",
    ".xhtml": "html", ".pdf": "pdf", ".docx": "docx", ".vtt": "vtt", ".srt": "srt", ".json": "json",
}  # fmt: skip
OTHERS = (
    (b"\xd0\xcf\x11\xe0", "an old Office file (.doc, .xls) or one with a password; save it as DOCX without one"),
    (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"GIF8", "a picture"), (b"II*\0", "a picture"), (b"MM\0*", "a picture"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"), (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"), (b"\x7fELF", "a program"), (b"MZ\x90", "a program"), (b"{\\rtf", "RTF; save it as DOCX"),
    (b"SQLite format 3", "a database"),
)  # fmt: skip
TAG = re.compile(r"<(!doctype\s+html|html|head|body|title|meta|div|p|h[1-6]|table|ul|ol|span|br|a)\b", re.IGNORECASE)
PAGE = re.compile(r"\s*(<\?xml[^>]*>\s*)?(<!--.{0,2000}?-->\s*)?<(!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
BEGINNING = re.compile(r'\s*(\{\s*["}]|\[\s*(\{\s*"|\]))')
"""How the JSON of an export begins."""
SRT = re.compile(r"\s*\d+[ \t]*\n\d{1,2}:\d{2}:\d{2}[,.]\d{1,3}[ \t]+-->[ \t]+\d{1,2}:\d{2}:\d{2}")
NAMES = {"json": "JSON", "text": "plain text", "pdf": "PDF", "docx": "DOCX", "html": "HTML", "markdown": "Markdown"}
HEAD = 4096


def binary_format(content: bytes) -> str | None:
    """The format of what is no text, None for what may be one; TooMuch for what is known and not read."""
    if b"%PDF-" in content[:1024]:
        return "pdf"
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _package(content)
    for mark, what in OTHERS:
        if content.startswith(mark):
            raise TooMuch(f"it is {what}")
    return None


def _package(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            names = set(package.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError) as error:
        raise TooMuch(f"it is a damaged or truncated package ({str(error)[:100]})") from None
    if "word/document.xml" in names:
        return "docx"
    for inner, what in (
        ("xl/workbook.xml", "a spreadsheet"),
        ("ppt/presentation.xml", "a presentation"),
        ("META-INF/container.xml", "an e-book"),
    ):
        if inner in names:
            raise TooMuch(f"it is {what}, which is not read; save it as PDF or HTML")
    raise TooMuch("it is a ZIP archive; unpack it and add what is in it")


def text_format(text: str, stated: str | None, ending: str | None) -> tuple[str, Any]:
    """The format of a text, and its JSON where it is that. `stated` is what the caller says, `ending` what the name says."""
    meant = stated or ending
    if meant in {"json", "chatgpt", "claude", "slack"} or (meant is None and _begins_json(text)):
        return _json_format(text)
    if stated is not None:
        return stated, None
    if text.startswith("WEBVTT"):
        return "vtt", None
    if SRT.match(text):
        return "srt", None
    if meant in {None, "text"}:
        if looks_like_whatsapp(text):
            return "whatsapp", None
        if meant is None and PAGE.match(text[:HEAD]):
            return "html", None
        if looks_like_transcript(text):
            return "transcript", None
    return meant or "text", None


def _begins_json(text: str) -> bool:
    """Whether a text whose name says nothing is meant as JSON: a bracket also begins a line of a chat, or a note."""
    return BEGINNING.match(text) is not None


def _json_format(text: str) -> tuple[str, Any]:
    try:
        read = json.loads(text)
    except RecursionError:
        raise TooMuch("its JSON is nested too deep") from None
    except ValueError as error:
        raise TooMuch(f"it is no JSON ({str(error)[:120]}); it may be truncated") from None
    found = _export(read)
    if found is None:
        raise TooMuch(
            "its JSON is no export that is known: ChatGPT's and Claude's conversations.json, and the JSON of a Slack channel, are"
        )
    return found, read


def _export(read: Any) -> str | None:
    items = read if isinstance(read, list) else [read]
    first = next((each for each in items if isinstance(each, dict)), None)
    if first is None:
        return None
    if isinstance(first.get("mapping"), dict):
        return "chatgpt"
    if isinstance(first.get("chat_messages"), list):
        return "claude"
    return "slack" if "ts" in first and ("text" in first or "type" in first) else None


def ending_of(name: str) -> str | None:
    """What a name says of the format."""
    return ENDINGS.get(PurePath(name).suffix.lower())


def require_agreement(found: str, stated: str | None, ending: str | None, text: str = "") -> None:
    """TooMuch when the content is of another kind than the caller, or the name, says."""
    meant, who = (stated, "you say") if stated is not None else (ending, "its name says")
    if found == "html" and meant == "html" and not TAG.search(text):
        raise TooMuch(f"{who} it is HTML, but there is no element of HTML in it; for plain text give format='text'")
    exported = meant == "json" and found in {"chatgpt", "claude", "slack"}
    refined = stated is None and meant in {"text", "markdown"} and found in CHATS | {"text", "markdown"}
    if meant is None or meant == found or exported or refined:
        return
    told = f"{who} it is {NAMES.get(meant, meant)}, its content is {NAMES.get(found, found)}"
    raise TooMuch(f"{told}; give format={found!r} and a name that fits, if that is right" if stated is None else f"{told}")

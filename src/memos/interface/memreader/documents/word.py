"""DOCX: the text of a Word document, its parts checked before they are unpacked. Macros, comments, hidden and deleted text are left out."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any
from xml.etree import ElementTree as ET  # parts with a DTD, and so with entities, are refused before they are parsed

from memos.interface.memreader.documents.blocks import Converted, TooMuch
from memos.interface.memreader.documents.web import convert_html
from memos.settings import DocumentSettings

PARTS = 10_000
"""The most parts of a package."""
READ = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/core\.xml|word/(_rels/)?(document|styles|numbering|footnotes|endnotes)\.xml(\.rels)?"
)
"""The parts that are read; pictures, macros, comments, embedded files and settings are not."""
STYLES = """
p[style-name='Title'] => h1.title:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='HTML Preformatted'] => pre:separator('\\n')
p[style-name^='Code'] => pre:separator('\\n')
p[style-name='Source Code'] => pre:separator('\\n')
comment-reference =>
"""
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
PIECE = 64 * 1024


def convert_docx(content: bytes, limits: DocumentSettings) -> Converted:
    """The blocks of a document."""
    import mammoth

    parts = _parts(content, limits)
    made: Any = mammoth.convert_to_html(
        io.BytesIO(_package(parts)), style_map=STYLES, convert_image=mammoth.images.img_element(lambda _: {}),
        include_embedded_style_map=False, external_file_access=False,
    )  # fmt: skip
    page = convert_html(made.value, limits)
    warnings = () if page.blocks else ("the document has no text",)
    return Converted(page.text, page.blocks, _properties(parts.get("docProps/core.xml")), 0, warnings)


def _parts(content: bytes, limits: DocumentSettings) -> dict[str, bytes]:
    """The parts that are read, by name; TooMuch for a package that is damaged, or expands to more than the limits allow."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            listed = package.infolist()
            if len(listed) > PARTS:
                raise TooMuch(f"it has {len(listed):,} parts, the limit is {PARTS:,}")
            for part in listed:
                _require_sound(part.filename)
            left, found = limits.expanded_bytes, {}
            for part in listed:
                if READ.fullmatch(part.filename) and part.filename not in found:
                    found[part.filename] = _expanded(package, part, left, limits.expansion)
                    left -= len(found[part.filename])
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise TooMuch(f"the file is damaged ({error})") from None
    except RuntimeError:
        raise TooMuch("it is encrypted; save it without a password") from None
    except Exception as error:
        if type(error).__name__ in {"error", "LZMAError"}:  # what zlib and lzma raise
            raise TooMuch(f"the file is damaged ({error})") from None
        raise
    if "word/document.xml" not in found:
        raise TooMuch("it has no part word/document.xml, so it is no DOCX")
    return found


def _require_sound(name: str) -> None:
    steps = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in steps or ":" in steps[0] or "\0" in name:
        raise TooMuch(f"a part of it is named {name[:60]!r}, which leads out of the file")


def _expanded(package: zipfile.ZipFile, part: zipfile.ZipInfo, most: int, ratio: int) -> bytes:
    """The bytes of a part. What it says of its size is not believed; it is counted while it is read."""
    most = min(most, max(part.compress_size, 1024) * ratio)
    pieces, size = [], 0
    with package.open(part) as stream:
        while piece := stream.read(PIECE):
            size += len(piece)
            if size > most:
                raise TooMuch(f"its part {part.filename} expands to more than {most:,} bytes, as a file made to exhaust memory does")
            pieces.append(piece)
    body = b"".join(pieces)
    plain = body.decode("utf-16", "replace").encode() if body[:2] in {b"\xff\xfe", b"\xfe\xff"} else body
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise TooMuch(f"its part {part.filename} defines entities, which no word processor writes")
    return body


def _package(parts: dict[str, bytes]) -> bytes:
    """A package of these parts alone."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as package:
        for name, body in parts.items():
            package.writestr(name, _visible(body) if b"vanish" in body and name.startswith("word/") else body)
    return made.getvalue()


def _parsed(body: bytes) -> ET.Element:
    try:
        return ET.fromstring(body)  # noqa: S314 - no DTD is in it
    except ET.ParseError as error:
        raise TooMuch(f"the file is damaged ({error})") from None


def _visible(body: bytes) -> bytes:
    """A part without the runs that are hidden."""
    root = _parsed(body)
    for parent in root.iter():
        for run in [each for each in parent if each.tag == f"{WORD}r" and _vanishes(each)]:
            parent.remove(run)
    visible: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return visible


def _vanishes(run: ET.Element) -> bool:
    mark = run.find(f"{WORD}rPr/{WORD}vanish")
    return mark is not None and mark.get(f"{WORD}val", "true") not in {"0", "false", "off"}


def _properties(core: bytes | None) -> dict[str, str]:
    if core is None:
        return {}
    names = {"title": "title", "creator": "author", "created": "created"}
    found = {}
    for element in _parsed(core):
        name = names.get(element.tag.rpartition("}")[2])
        if name is not None and element.text:
            found[name] = element.text
    return found

"""PDF: the text of a PDF, page by page: lines become paragraphs, and what is set larger than the rest becomes headings."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from memos.interface.memreader.documents.blocks import Converted, TooMuch, Writing
from memos.settings import DocumentSettings

LARGER = 1.15
"""How many times the size of ordinary text the size of a heading is, at least."""
HEADING = 150
"""The longest heading, in characters."""
APART = 1.45
"""How many times the usual distance of lines the distance of paragraphs is, at least."""
RUNNING = 0.6
"""On what share of the pages a line at the edge must stand to be a running head or foot."""
ITEM = re.compile(r"\s*([•‣◦▪·*–-]|\(?\d{1,3}[.)]|[a-z][.)])\s+\S")
BROKEN = re.compile(r"(?<!\w)(\w+)-\n(\w+)")


@dataclass(slots=True)
class Line:
    """A line of a page: its text, the size of its letters, and how high it stands; both 0 where the file does not tell."""

    text: str
    size: float = 0.0
    height: float = 0.0


def convert_pdf(content: bytes, limits: DocumentSettings, password: str | None) -> Converted:
    """The blocks of a PDF; TooMuch when it is beyond a limit, encrypted, damaged or without text."""
    from pypdf.errors import LimitReachedError, PdfReadError, PyPdfError

    try:
        reader = _opened(content, limits, password)
        pages = [_lines(page) for page in reader.pages]
        properties = _properties(reader)
    except (LimitReachedError, RecursionError) as error:
        raise TooMuch(f"it is made to exhaust its reader ({str(error)[:120]})") from None
    except (PdfReadError, PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise TooMuch(f"the file is damaged ({type(error).__name__}: {str(error)[:120]})") from None
    empty = sum(not lines for lines in pages)
    if empty == len(pages):
        raise TooMuch("none of its pages has text: it is a scan, and reading pictures (OCR) is not part of MemOS; run OCR on it first")
    writing = Writing(limits.characters)
    _write(pages, writing)
    warnings = (f"{empty:,} of {len(pages):,} pages have no text; scanned ones need OCR first",) if empty else ()
    return writing.converted(properties, pages=len(pages), warnings=warnings)


def _opened(content: bytes, limits: DocumentSettings, password: str | None) -> Any:
    from pypdf import PasswordType, PdfReader

    reader = PdfReader(io.BytesIO(content), strict=False)
    if reader.is_encrypted and reader.decrypt(password or "") is PasswordType.NOT_DECRYPTED:
        wanted = "it is encrypted; give its password" if password is None else "the password does not open it"
        raise TooMuch(wanted)
    if (pages := len(reader.pages)) > limits.pages:
        raise TooMuch(f"it has {pages:,} pages, the limit is {limits.pages:,} (documents.pages)")
    if not pages:
        raise TooMuch("it has no pages")
    return reader


def _lines(page: Any) -> list[Line]:
    """The lines of a page that are not blank, with the size and height of the piece that each begins with."""
    lines = [Line("")]

    def seen(text: str, transform: Any, matrix: Any, _: Any, size: Any) -> None:
        for number, piece in enumerate(text.split("\n")):
            if number:
                lines.append(Line(""))
            if piece.strip():
                line, scale = lines[-1], abs(float(matrix[3]) or float(matrix[1]) or 1.0) * (abs(float(transform[3])) or 1.0)
                line.height = line.height or float(matrix[5]) * (float(transform[3]) or 1.0) + float(transform[5])
                line.size = max(line.size, round(abs(float(size or 0)) * scale, 1))
            lines[-1].text += piece

    page.extract_text(visitor_text=seen)
    for line in lines:
        line.text = " ".join(re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", "", line.text).split())
    return [line for line in lines if line.text]


def _properties(reader: Any) -> dict[str, str]:
    told = reader.metadata
    if told is None:
        return {}
    try:
        created = told.creation_date
    except ValueError:
        created = None
    return {"title": str(told.title or ""), "author": str(told.author or ""), "created": created.isoformat() if created else ""}


def _write(pages: list[list[Line]], writing: Writing) -> None:
    sizes: Counter[float] = Counter()
    for line in (line for lines in pages for line in lines):
        sizes[line.size] += len(line.text)
    usual = sizes.most_common(1)[0][0]
    larger = sorted((size for size in sizes if usual and size >= LARGER * usual), reverse=True)
    levels = {size: min(level, 6) for level, size in enumerate(larger, start=1)}
    running = _running(pages, levels)
    words = Counter(re.findall(r"[\w-]+", " ".join(line.text.lower() for lines in pages for line in lines)))
    for number, lines in enumerate(pages, start=1):
        writing.page = number
        kept = [line for place, line in enumerate(lines) if not (place in {0, len(lines) - 1} and _folded(line.text) in running)]
        for group in _groups(kept, levels):
            text = _joined(group, words)
            level = levels.get(group[0].size, 0)
            if level and len(text) <= HEADING:
                writing.add("heading", " ".join(text.split()), level=level)
            else:
                writing.add("list" if ITEM.match(group[0].text) else "paragraph", text)


def _folded(text: str) -> str:
    return re.sub(r"\d+", "#", text)


def _running(pages: list[list[Line]], levels: dict[float, int]) -> set[str]:
    """Heads and feet that run over most pages, numbers in them folded; what is set like a heading is none."""
    ends = [{_folded(line.text) for line in (lines[0], lines[-1]) if line.size not in levels} for lines in pages if len(lines) > 1]
    edges = Counter(each for both in ends for each in both)
    return {text for text, count in edges.items() if count >= max(3, RUNNING * len(pages))}


def _groups(lines: list[Line], levels: dict[float, int]) -> Iterable[list[Line]]:
    """Lines that belong together: of one size, no further apart than lines are."""
    steps = [round(before.height - after.height, 1) for before, after in pairwise(lines) if before.height and after.height]
    usual = Counter(step for step in steps if step > 0).most_common(1)
    step = usual[0][0] if usual else 0.0
    group: list[Line] = []
    for line in lines:
        if group and _begins(group, line, step, levels):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _begins(group: list[Line], line: Line, step: float, levels: dict[float, int]) -> bool:
    before = group[-1]
    sizes = sorted((before.size, line.size))
    if levels.get(before.size) != levels.get(line.size) or (sizes[0] and sizes[1] >= LARGER * sizes[0]):
        return True
    apart = before.height - line.height if before.height and line.height else 0.0
    if apart < 0 or (step and apart > APART * step):
        return True
    listed = ITEM.match(group[0].text) is not None
    return not listed and ITEM.match(line.text) is not None and not ITEM.match(before.text) and before.text.endswith((":", ".", ";"))


def _joined(group: list[Line], words: Counter[str]) -> str:
    """The lines as one text: those of a list each by itself, others as a paragraph; a word broken at the end of a line is whole."""
    if ITEM.match(group[0].text):
        pieces: list[str] = []
        for line in group:
            if pieces and not ITEM.match(line.text):
                pieces[-1] += f"\n{line.text}"
            else:
                pieces.append(line.text)
        return "\n".join(_unbroken(piece, words) for piece in pieces)
    return _unbroken("\n".join(line.text for line in group), words)


def _unbroken(text: str, words: Counter[str]) -> str:
    def whole(match: re.Match[str]) -> str:
        first, second = match.groups()
        hyphenated, closed = f"{first}-{second}", f"{first}{second}"
        kept = not (first[-1].islower() and second[0].islower()) or words[hyphenated.lower()] > words[closed.lower()]
        return hyphenated if kept else closed

    return BROKEN.sub(whole, text).replace("\n", " ")

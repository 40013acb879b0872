"""Chunks: a document's blocks packed into pieces that can be found by themselves, each a span of its text with its headings as context."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from memos.interface.memreader.documents.blocks import Block, Converted

STEP = " › "
"""What stands between the headings that lead to a chunk."""
CONTEXT = 160
"""The longest context line; of a longer one the headings nearest to the chunk are kept."""
WHOLE = 4
"""How many times the wanted length code may have, and a row of a table, before it is torn."""
SENTENCE = re.compile(r"(?<=[.!?…。！？])[\"'”’)\]]{0,3}(\s+)|(?<=[。！？])()")
"""Where a sentence ends: group 1 or 2 is what stands between it and the next."""
WORD = re.compile(r"\S")
COLUMNS = 600
"""The longest row of column names that is repeated above each group of rows."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document: `text` is its context, if it has one, and `body`, the code points `start` to `end` of the document's text.

    The context is a line of the headings above, and of a table's column names where its rows go on. Pages count from 1, 0 for none.
    """

    text: str
    body: str
    start: int
    end: int
    heading: tuple[str, ...] = ()
    page: int = 0
    last_page: int = 0


@dataclass(slots=True)
class _Open:
    """A chunk that is being filled: the span so far, and what it begins under."""

    start: int
    end: int
    context: tuple[str, ...]
    heading: tuple[str, ...]
    page: int
    last_page: int
    columns: str = ""
    bare: bool = True
    """Whether there are only headings in it yet."""


@dataclass(slots=True)
class _Path:
    """The headings that stand above a place."""

    steps: list[tuple[int, str]] = field(default_factory=list)

    def enter(self, level: int, title: str) -> None:
        while self.steps and self.steps[-1][0] >= level:
            self.steps.pop()
        self.steps.append((level, title))

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(title for _, title in self.steps)


def chunks_of(document: Converted, wanted: int, title: str = "") -> tuple[Chunk, ...]:
    """The chunks of a document, in order, each about `wanted` code points long, none across a heading. `title` is context of them all."""
    return tuple(_made(document.text, each, title) for each in _packed(document, wanted))


def _packed(document: Converted, wanted: int) -> Iterator[_Open]:
    path, current = _Path(), None
    for block in document.blocks:
        if block.kind == "heading":
            if current is not None and not current.bare:
                yield current
                current = None
            above = path.titles
            path.enter(block.level, block.title)
            if current is None:
                current = _opened(block, tuple(each for each in above if each in path.titles), path.titles)
            else:
                current.end, current.last_page, current.heading = block.end, block.page, path.titles
            continue
        for piece in _pieces(document.text, block, wanted):
            if current is None or not _fits(document.text, current, piece, wanted):
                if current is not None:
                    yield current
                current = replace(_opened(piece.block, path.titles, path.titles), start=piece.start, columns=piece.columns)
            current.end, current.last_page, current.bare = piece.end, block.page, False
    if current is not None:
        yield current


def _fits(text: str, current: _Open, piece: _Piece, wanted: int) -> bool:
    """Whether a piece may stand in the same chunk: there is room, and nothing that is left out lies between."""
    if piece.columns or text[current.end : piece.start].strip():
        return False
    return current.bare or piece.end - current.start <= wanted


def _opened(block: Block, context: tuple[str, ...], heading: tuple[str, ...]) -> _Open:
    return _Open(block.start, block.end, context, heading, block.page, block.page)


def _made(text: str, opened: _Open, title: str) -> Chunk:
    body = text[opened.start : opened.end]
    titles = ((title,) if title and title not in opened.heading else ()) + opened.context
    above = [line for line in (_line(titles), opened.columns) if line]
    return Chunk(
        "\n".join((*above, body)), body, opened.start, opened.end, opened.heading, opened.page, opened.last_page
    )  # fmt: skip


def _line(titles: tuple[str, ...]) -> str:
    kept = list(titles)
    while len(kept) > 1 and len(STEP.join(kept)) > CONTEXT:
        kept.pop(0)
    line = STEP.join(kept)
    return line if len(line) <= CONTEXT else f"{line[: CONTEXT - 1]}…"


@dataclass(frozen=True, slots=True)
class _Piece:
    """What goes into one chunk of a block: a span, and the column names that must stand above it."""

    block: Block
    start: int
    end: int
    columns: str = ""


def _pieces(text: str, block: Block, wanted: int) -> Iterator[_Piece]:
    """A block whole where it is short enough, else its parts: items, rows, lines or sentences, as many together as there is room for."""
    if block.end - block.start <= (wanted * WHOLE if block.kind == "code" else wanted):
        yield _Piece(block, block.start, block.end)
        return
    columns = text[block.start : block.start + block.header] if 0 < block.header <= COLUMNS else ""
    room = max(wanted - len(columns), wanted // 4)
    first = True
    for start, end in _together(_parts(text, block, wanted), room):
        yield _Piece(block, start, end, "" if first else columns)
        first = False


def _together(parts: Iterable[tuple[int, int]], room: int) -> Iterator[tuple[int, int]]:
    """Spans one after the other, joined as long as they fit."""
    begun: tuple[int, int] | None = None
    for start, end in parts:
        if begun is not None and end - begun[0] > room:
            yield begun
            begun = None
        begun = (start if begun is None else begun[0], end)
    if begun is not None:
        yield begun


def _parts(text: str, block: Block, wanted: int) -> Iterator[tuple[int, int]]:
    """The smallest parts into which a block may be torn; what is longer than a chunk is torn between words, or anywhere."""
    most = wanted * WHOLE if block.kind in {"code", "table"} else wanted
    lined = block.kind in {"list", "table", "code"}
    for start, end in _lines(text, block) if lined else _sentences(text, block.start, block.end):
        if end - start <= most:
            yield start, end
        elif lined and block.kind == "list":
            yield from (part for sentence in _sentences(text, start, end) for part in _torn(text, *sentence, wanted))
        else:
            yield from _torn(text, start, end, wanted)


def _lines(text: str, block: Block) -> Iterator[tuple[int, int]]:
    """The lines of a block that are not blank."""
    at = block.start
    while at < block.end:
        found = text.find("\n", at, block.end)
        end = block.end if found < 0 else found
        if text[at:end].strip():
            yield at, end
        at = end + 1


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    at = start
    for found in SENTENCE.finditer(text, start, end):
        stop = found.start(found.lastindex or 0)
        if stop > at:
            yield at, stop
            at = found.end()
    if at < end:
        yield at, end


def _torn(text: str, start: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """A long part in pieces, each up to the last white space that fits."""
    while end - start > wanted:
        cut = max(text.rfind(" ", start + 1, start + wanted), text.rfind("\n", start + 1, start + wanted))
        cut = cut if cut > start + wanted // 2 else start + wanted
        if text[start:cut].strip():
            yield start, start + len(text[start:cut].rstrip())
        more = WORD.search(text, cut, end)
        start = end if more is None else more.start()
    if text[start:end].strip():
        yield start, end

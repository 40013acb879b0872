"""Blocks: a document as plain text and the parts that it is made of, each a span of that text."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["heading", "paragraph", "list", "table", "code"]
UNSEEN = re.compile(r"[\u00ad\u200b\u2060\ufeff\U000e0000-\U000e007f]")
"""Characters that show nothing: soft hyphens, spaces of no width, and tags, in which words can be hidden from whoever looks at a page."""
BETWEEN = "\n\n"
"""What stands between two blocks of a text that a converter made."""


@dataclass(frozen=True, slots=True)
class Block:
    """One part: the code points `start` to `end` of the document's text.

    A heading has its `level`, from 0 for the document's title, and its words as `title`. The first `header` code points of a table are the
    row that names its columns. `page` counts from 1; 0 where there are no pages.
    """

    kind: Kind
    start: int
    end: int
    level: int = 0
    title: str = ""
    header: int = 0
    page: int = 0


@dataclass(frozen=True, slots=True)
class Converted:
    """What a converter makes of a file. `properties` are what the file says of itself: title, author, created."""

    text: str
    blocks: tuple[Block, ...]
    properties: dict[str, str] = field(default_factory=dict)
    pages: int = 0
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Itself as plain values."""
        return asdict(self)

    @classmethod
    def of_json(cls, given: dict[str, Any]) -> Converted:
        """What `as_json` gave."""
        blocks = tuple(Block(**each) for each in given["blocks"])
        return cls(given["text"], blocks, dict(given["properties"]), given["pages"], tuple(given["warnings"]))


class Writing:
    """A text that grows block by block."""

    def __init__(self, characters: int) -> None:
        self.blocks: list[Block] = []
        self.page = 0
        self._pieces: list[str] = []
        self._at, self._most = 0, characters

    def add(self, kind: Kind, text: str, *, level: int = 0, header: int = 0) -> None:
        """One more block, unless it is blank; what nobody would see of it is left out."""
        text = UNSEEN.sub("", text)
        text = text.strip("\n") if kind == "code" else text.strip()
        if not text.strip():
            return
        start = self._at + (len(BETWEEN) if self._pieces else 0)
        self._pieces.append(text)
        self._at = start + len(text)
        if self._at > self._most:
            raise TooMuch(f"its text has more than {self._most:,} characters")
        title = " ".join(text.split()) if kind == "heading" else ""
        self.blocks.append(Block(kind, start, self._at, level, title, header, self.page))

    def table(self, rows: list[list[str]], *, named: bool) -> None:
        """A table, a row a line, its cells apart by bars; with `named` the first row names the columns."""
        lines = [" | ".join(" ".join(UNSEEN.sub("", cell).split()) for cell in row).strip(" |") for row in rows]
        lines = [line for line in lines if line]
        self.add("table", "\n".join(lines), header=len(lines[0]) if named and len(lines) > 1 else 0)

    def converted(self, properties: dict[str, str], *, pages: int = 0, warnings: tuple[str, ...] = ()) -> Converted:
        """What was written."""
        return Converted(BETWEEN.join(self._pieces), tuple(self.blocks), tidy(properties), pages, warnings)


class TooMuch(Exception):
    """A document is beyond a limit, or cannot be read; the message says in which respect, as the end of a sentence."""


def tidy(properties: dict[str, Any]) -> dict[str, str]:
    """Properties as short texts, those that say nothing left out."""
    found = {
        name: " ".join(re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", str(value or "")).split())[:300] for name, value in properties.items()
    }
    return {name: value for name, value in found.items() if value}

"""Plain text and Markdown: texts that are kept as they are; only the places of their parts are found."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any

from memos.interface.memreader.documents.blocks import Block, Converted, TooMuch, tidy
from memos.settings import DocumentSettings

PARAGRAPH = re.compile(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*")
"""Lines that are not blank, one below the other."""
LISTED = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+\S")
FRONT = re.compile(r"---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
"""The YAML before the text of some Markdown files; three of its fields are read, as texts."""
TOLD = {"title": "title", "author": "author", "date": "created"}
NESTED = 20
"""How deep the parts of Markdown may be nested; what lies deeper is not read as structure."""
KINDS: dict[str, Any] = {
    "paragraph_open": "paragraph", "fence": "code", "code_block": "code", "bullet_list_open": "list", "ordered_list_open": "list",
    "table_open": "table", "blockquote_open": "paragraph", "html_block": "paragraph", "heading_open": "heading",
}  # fmt: skip


def convert_text(text: str, limits: DocumentSettings) -> Converted:
    """Paragraphs, apart by blank lines; those whose lines all begin like items are lists."""
    require_length(text, limits)
    blocks = []
    for found in PARAGRAPH.finditer(text):
        lines = found.group().split("\n")
        listed = LISTED.match(lines[0]) is not None and sum(LISTED.match(line) is not None for line in lines) * 2 >= len(lines)
        blocks.append(Block("list" if listed else "paragraph", *found.span()))
    return Converted(text, tuple(blocks))


def convert_markdown(text: str, limits: DocumentSettings) -> Converted:
    """The parts of a Markdown text as CommonMark has them, and tables. Only whole lines are looked at, never what stands within them."""
    from markdown_it import MarkdownIt

    require_length(text, limits)
    front = FRONT.match(text)
    begin = front.end() if front is not None else 0
    parser = MarkdownIt("commonmark", {"maxNesting": NESTED}).enable("table").disable(["inline", "text_join"])
    body = text[begin:]
    tokens = parser.parse(body)
    starts = list(accumulate((len(line) + 1 for line in body.split("\n")), initial=begin))
    blocks = [_block(text, starts, token, tokens[number + 1].content if token.type == "heading_open" else "")
              for number, token in enumerate(tokens) if token.level == 0 and token.map and token.type in KINDS]  # fmt: skip
    return Converted(text, tuple(each for each in blocks if each is not None), _told(front))


def _told(front: re.Match[str] | None) -> dict[str, str]:
    if front is None:
        return {}
    pairs = (line.partition(":")[::2] for line in front[1].split("\n") if line[:1].strip())
    return tidy({TOLD[name.strip().lower()]: value.strip().strip("\"'") for name, value in pairs if name.strip().lower() in TOLD})


def _block(text: str, starts: list[int], token: Any, title: str) -> Block | None:
    """The lines of a token as a block, without the blank ones around them; None for a comment."""
    start, end = starts[token.map[0]], min(starts[token.map[1]], len(text))
    body = text[start:end]
    start, end = start + (len(body) - len(body.lstrip("\n"))), end - (len(body) - len(body.rstrip()))
    if start >= end or (token.type == "html_block" and re.fullmatch(r"\s*<!--.*-->\s*", text[start:end], re.DOTALL)):
        return None
    if token.type == "heading_open":
        return Block("heading", start, end, int(token.tag[1]), re.sub(r"[*_`]+|(?<=.)\s#+$", "", title).strip())
    if token.type == "table_open":
        return Block("table", start, end, header=_second_line(text[start:end]))
    return Block(KINDS[token.type], start, end)


def _second_line(text: str) -> int:
    """Where the second line ends: a table's column names, and the rule below them."""
    first = text.find("\n")
    return max(text.find("\n", first + 1), 0) if first >= 0 else 0


def require_length(text: str, limits: DocumentSettings) -> None:
    """TooMuch for a text that is longer than the limit."""
    if len(text) > limits.characters:
        raise TooMuch(f"its text has {len(text):,} characters, the limit is {limits.characters:,}")

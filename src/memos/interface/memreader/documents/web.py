"""HTML: what a reader of the page would see, as blocks. Scripts, styles, comments, navigation and hidden elements are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from memos.interface.memreader.documents.blocks import Converted, TooMuch, Writing
from memos.settings import DocumentSettings

LEFT_OUT = frozenset(
    {
        "script",
        "style",
        "noscript",
        "template",
        "head",
        "svg",
        "math",
        "iframe",
        "object",
        "embed",
        "canvas",
        "audio",
        "video",
        "select",
        "datalist",
        "button",
        "textarea",
        "nav",
        "dialog",
    }
)
HEADINGS = {f"h{level}": level for level in range(1, 7)}
BLOCKS = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "p",
        "section",
        "summary",
        "caption",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
    }
)
UNSEEN = re.compile(r"display:none|visibility:(hidden|collapse)|opacity:0(\.0*)?(;|$)|font-size:0(\.0*)?(px|pt|em|rem|%)?(;|$)")
SPACE = re.compile(r"[ \t\r\n\f]+")


def convert_html(content: str, limits: DocumentSettings) -> Converted:
    """The blocks of a page."""
    from justhtml import JustHTML

    root: Any = JustHTML(content, sanitize=False).root
    properties = _properties(root, limits.depth)
    walk = _Walk(limits.characters)
    walk.through(root)
    walk.flush()
    return walk.writing.converted(properties)


def _properties(root: Any, depth: int) -> dict[str, str]:
    """What the page says of itself; TooMuch when its elements are nested too deep."""
    found: dict[str, str] = {}
    metas = {"author": "author", "date": "created", "article:published_time": "created", "dcterms.created": "created", "og:title": "title"}
    rest = [(root, 0)]
    while rest:
        node, level = rest.pop()
        if level > depth:
            raise TooMuch(f"its elements are nested more than {depth:,} deep")
        attributes = getattr(node, "attrs", None) or {}
        if node.name == "title" and "title" not in found:
            found["title"] = _words(node)
        elif node.name == "meta":
            name = metas.get(str(attributes.get("name") or attributes.get("property") or "").lower())
            if name is not None:
                found.setdefault(name, str(attributes.get("content") or ""))
        rest += [(child, level + 1) for child in getattr(node, "children", None) or ()]
    return found


def _hidden(node: Any) -> bool:
    attributes = node.attrs or {}
    if node.name in LEFT_OUT or "hidden" in attributes or str(attributes.get("aria-hidden") or "").lower() == "true":
        return True
    style = attributes.get("style")
    return bool(style) and UNSEEN.search("".join(str(style).lower().split())) is not None


def _children(node: Any) -> Iterator[Any]:
    """The children that a reader would see: elements and texts."""
    for child in getattr(node, "children", None) or ():
        if child.name == "#text" or (not child.name.startswith(("#", "!")) and not _hidden(child)):
            yield child


def _pieces(node: Any) -> Iterator[str]:
    for child in _children(node):
        if child.name == "#text":
            yield SPACE.sub(" ", child.data or "")
        elif child.name == "br":
            yield "\n"
        elif child.name in BLOCKS or child.name in HEADINGS or child.name in {"ul", "ol", "table", "pre"}:
            yield " "
            yield from _pieces(child)
            yield " "
        else:
            yield from _pieces(child)


def _words(node: Any) -> str:
    return " ".join("".join(_pieces(node)).split())


def _verbatim(node: Any) -> str:
    return "".join(
        (child.data or "") if child.name == "#text" else "\n" if child.name == "br" else _verbatim(child) for child in _children(node)
    )


def _items(node: Any, level: int) -> Iterator[str]:
    """The items of a list, a line each, those of lists within it set in."""
    number = 0
    for child in _children(node):
        if child.name in {"ul", "ol"}:
            yield from _items(child, level + 1)
        elif child.name != "#text":
            number += 1
            inner = [each for each in _children(child) if each.name in {"ul", "ol"}]
            own = "".join(_own(child))
            mark = f"{number}." if node.name == "ol" else "-"
            if own.strip():
                yield f"{'  ' * level}{mark} {' '.join(own.split())}"
            for each in inner:
                yield from _items(each, level + 1)


def _own(item: Any) -> Iterator[str]:
    for child in _children(item):
        if child.name == "#text":
            yield SPACE.sub(" ", child.data or "")
        elif child.name not in {"ul", "ol"}:
            yield f" {_words(child)} " if child.name in BLOCKS or child.name == "br" else "".join(_pieces(child))


def _rows(table: Any) -> Iterator[Any]:
    for child in _children(table):
        if child.name == "tr":
            yield child
        elif child.name in {"thead", "tbody", "tfoot"}:
            yield from _rows(child)


def _lays_out(table: Any) -> bool:
    """Whether a table serves to place things on the page: it holds tables, headings, lists or code."""
    for child in _children(table):
        if child.name in {"table", "pre", "ul", "ol"} or child.name in HEADINGS or (child.name != "#text" and _lays_out(child)):
            return True
    return False


class _Walk:
    """On its way through the elements of a page."""

    def __init__(self, characters: int) -> None:
        self.writing = Writing(characters)
        self._inline: list[str] = []

    def flush(self) -> None:
        """What was read since the last block is a paragraph."""
        if self._inline:
            lines = (" ".join(line.split()) for line in "".join(self._inline).split("\n"))
            self.writing.add("paragraph", "\n".join(line for line in lines if line))
            self._inline.clear()

    def through(self, node: Any) -> None:
        """Read all that is below an element."""
        for child in _children(node):
            if child.name == "#text":
                self._inline.append(SPACE.sub(" ", child.data or ""))
            elif child.name == "br":
                self._inline.append("\n")
            elif child.name in HEADINGS or child.name in {"pre", "ul", "ol", "table"}:
                self.flush()
                self._whole(child)
            elif child.name in BLOCKS:
                self.flush()
                self.through(child)
                self.flush()
            else:
                self.through(child)

    def _whole(self, node: Any) -> None:
        if node.name in HEADINGS:
            titled = "title" in str((node.attrs or {}).get("class") or "").split()
            self.writing.add("heading", _words(node), level=0 if titled else HEADINGS[node.name])
        elif node.name == "pre":
            self.writing.add("code", _verbatim(node))
        elif node.name in {"ul", "ol"}:
            self.writing.add("list", "\n".join(_items(node, 0)))
        elif _lays_out(node):
            self.through(node)
            self.flush()
        else:
            self._table(node)

    def _table(self, node: Any) -> None:
        for caption in (each for each in _children(node) if each.name == "caption"):
            self.writing.add("paragraph", _words(caption))
        rows = [[cell for cell in _children(row) if cell.name in {"td", "th"}] for row in _rows(node)]
        rows = [row for row in rows if row]
        named = bool(rows) and all(cell.name == "th" for cell in rows[0])
        self.writing.table([[_words(cell) for cell in row] for row in rows], named=named)

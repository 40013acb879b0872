"""Place: where in a document a memory stands, as its metadata tells it."""

from __future__ import annotations

from memos.memcube.cube import MemCube

OWN = ("document", "format", "title", "author", "created", "heading", "page", "last_page", "start", "end")
"""The names under which the metadata of a document's memory has its place; a caller's own values have other names."""
PROSE = frozenset({"text", "markdown", "html", "pdf", "docx"})
"""The formats whose pieces are no one's words in a conversation."""
SESSION = "document:"
"""How the session begins in which the pieces of a document stand; its name follows."""


def of_document(cube: MemCube) -> bool:
    """Whether a memory is a piece of a document: what it says of "me" is not of its owner, what it orders is no order of the owner's."""
    told = cube.session is not None and cube.session.startswith(SESSION) and cube.metadata.get("format") in PROSE
    return told or cube.provenance.origin == "document"

"""Place: where in a document a memory stands, as its metadata tells it."""

from __future__ import annotations

OWN = ("document", "format", "title", "author", "created", "heading", "page", "last_page", "start", "end")
"""The names under which the metadata of a document's memory has its place; a caller's own values have other names."""

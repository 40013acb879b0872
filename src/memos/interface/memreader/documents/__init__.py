"""Documents: files as blocks, blocks as chunks, chats as messages, and all of them as drafts that say from which page and span they are."""

from memos.interface.memreader.documents.document import Document, read_document

__all__ = ["Document", "read_document"]

"""Documents: the verbs that read a file and store what is in it, each piece with the page and the span it is from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from memos.errors import InvalidCall
from memos.memcube.call import MemoryReply
from memos.memcube.value import Time
from memos.session.base import Filtering, Verbs, given, json_object, several
from memos.settings import DocumentSettings

if TYPE_CHECKING:
    from memos.interface.memreader.documents import Document


class Documents(Verbs):
    """`add_document`, `read_document`."""

    def add_document(
        self, source: str | Path | bytes | BinaryIO | Document, *, name: str | None = None, format: str | None = None,
        replace: bool = False, namespace: str | None = None, layer: str | None = None, tags: Any = (),
        expires_at: Time | None = None, priority: int = 0,
        sensitivity: str | None = None, acl: Mapping[str, Any] | None = None, conditions: Filtering = None,
        metadata: Mapping[str, Any] | None = None, links: Iterable[str] = (), trigger: str | None = None,
        password: str | None = None, encoding: str | None = None, chunk: int | None = None,
        tz: str | None = None, date_order: Literal["dmy", "mdy", "ymd"] | None = None,
        wait: bool = False, idempotency_key: str | None = None,
    ) -> MemoryReply:  # fmt: skip
        """Read a document and store its pieces, all or none: `reply.cubes`, in the order of the document.

        `source` is a path (a str is always one), bytes, a binary file, or what `read_document` gave. Formats are text, markdown, html,
        pdf, docx, and chats, whose messages are kept word by word: chatgpt, claude, slack, whatsapp, transcript, vtt, srt.
        A piece has the session "document:NAME" and its place in the metadata: document, format, heading, page, start, end.

        The same document again adds nothing. One of the same name with another content is refused, unless with `replace`: then pieces
        that are no longer there are forgotten, and those that are stay the same memories. `reply.value` counts added, unchanged, moved
        and forgotten. `chunk` is how many characters a piece has, about; `tz` and `date_order` are for chats whose times have no zone.
        Raises InvalidCall, with nothing stored, for what cannot be read or is beyond `settings.documents`; Denied; FrozenMemory.
        """
        reading = given(
            name=name, format=format, password=password, encoding=encoding, chunk=chunk, tz=tz, date_order=date_order,
        )  # fmt: skip
        document = self._read(source, reading)
        common = {
            "namespace": namespace, "layer": layer, "tags": tags, "expires_at": expires_at, "priority": priority,
            "metadata": json_object(metadata), "links": several(links), "sensitivity": sensitivity, "acl": acl, "conditions": conditions,
        }  # fmt: skip
        existing = "replace" if replace else "extend" if document.messages else "same"
        options = given(trigger=trigger, wait=wait or None) | {"existing": existing}
        reply = self._call("add", drafts=document.drafts(common), idempotency_key=idempotency_key, options=options)
        return reply.model_copy(update={"warnings": (*document.warnings, *reply.warnings)})

    def read_document(
        self,
        source: str | Path | bytes | BinaryIO,
        *,
        name: str | None = None,
        format: str | None = None,
        password: str | None = None,
        encoding: str | None = None,
        chunk: int | None = None,
        tz: str | None = None,
        date_order: Literal["dmy", "mdy", "ymd"] | None = None,
    ) -> Document:
        """Read a document as `add_document` does and store nothing: its text and pieces. `passage(cube)` finds a memory's words.

        Raises InvalidCall for what cannot be read or is beyond `settings.documents`.
        """
        return self._read(
            source,
            given(name=name, format=format, password=password, encoding=encoding, chunk=chunk, tz=tz, date_order=date_order),
        )

    def _read(self, source: Any, reading: Mapping[str, Any]) -> Document:
        from memos.interface.memreader.documents import Document, read_document

        if isinstance(source, Document):
            if reading:
                raise InvalidCall(f"the document was read before; say {min(reading)!r} to read_document")
            return source
        limits = DocumentSettings() if self._settings is None else self._settings.documents
        return read_document(source, limits, **reading)

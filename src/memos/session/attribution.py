"""Attribution: the verbs that tell where a text comes from, and that sign what is given to other parties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from memos.memcube.call import MemoryReply
from memos.memcube.legal import CUBE_ID
from memos.session.base import Ref, Verbs, given, refs


class Attribution(Verbs):
    """`trace`, `manifest`, `recognise`."""

    def trace(self, text: str, *, limit: int = 10, namespaces: str | Iterable[str] | None = None) -> MemoryReply:
        """From which of the memories that you may see a text was taken: `reply.cubes`, the fullest source first, and `reply.value`.

        That has `verdict`: "found", with `sources` (id, version, share of the text, spans in it), "ambiguous" where more than three
        memories hold the same passages, which `shared_by` counts, or "none"; `share` and `spans` of the passages; and `copy`, whose copy
        it is, where a mark that you made has survived. A paraphrase is not found. With the role `auditor` every memory of the tenant is
        compared, and what you may not read is named by its id alone.
        """
        return self._call("trace", query=self._query(text=text, namespaces=namespaces), options={"limit": limit})

    def manifest(
        self, of: str, *, memories: Ref | Iterable[Ref] = (), text: str | None = None, recipient: str | None = None, mark: bool = False
    ) -> MemoryReply:
        """A signed document that goes with what is given to another party: `reply.value["manifest"]`, a JSON object.

        `of` is the text that is given, made of `memories`; or the id of a call of yours, whose memories it speaks for (all, or those
        named), and then `text` is the text, if there is one. With `mark` `reply.value["text"]` is the text with marks that show nothing
        and name the recipient; they can be removed. Raises InvalidCall and NotFound.
        """
        is_call = CUBE_ID.fullmatch(str(of).lower()) is not None
        options = given(text=text if is_call else of, call=of if is_call else None, recipient=recipient, mark=mark or None)
        return self._call("manifest", cubes=refs(memories), options=options)

    def recognise(self, document: str | Mapping[str, Any], *, text: str | None = None) -> MemoryReply:
        """Whether this store signed a manifest, and whose it was: `reply.value`.

        That has `signed`; `caller`, your name if it is yours, to auditors anybody's; what the document says; of each of its memories
        whether you may see it now; and with `text` whether it is the "same", "similar" or an "other" one, and whose `copy` its mark names.
        """
        asked = dict(document) if isinstance(document, Mapping) else document
        return self._call("recognise", options=given(document=asked, text=text))

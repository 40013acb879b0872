"""Operation: what one clause of a request wants, before a call is made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from memos.interface.memreader.intent import Intention
from memos.interface.memreader.subordinate import Clause
from memos.interface.memreader.targets import Parts, described
from memos.interface.memreader.times import Times
from memos.memcube.reading import Slot
from memos.operation.memoperator.entities import Mention

_ASKED = re.compile(r"^(?:what|who|when|where|which|how\s+\w+)(?:'s|\s+is|\s+are|\s+was|\s+were)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Operation:
    """What one clause wants: its intention, its words, the parts of its order, and the slots that other clauses gave."""

    intention: Intention
    clause: Clause
    parts: Parts
    times: Times
    mentions: tuple[Mention, ...] = ()
    slots: tuple[Slot, ...] = ()

    @property
    def subject(self) -> str:
        """The words for what it is about, to which a later clause may point."""
        if self.intention.intent == "store":
            return _topic(self.parts.text or "", self.times)
        if self.intention.intent == "recall":
            return described("recall", _ASKED.sub("", self.parts.target))
        return self.parts.target


def _topic(content: str, times: Times) -> str:
    """What something that is stored is about: its subject, or the whole of a short one."""
    subject = re.match(r"^(?:that\s+)?(.+?)\s+(?:is|are|was|were|has|have|will|can|wants?|needs?)\b", content, re.IGNORECASE)
    text = subject[1] if subject is not None else content
    spans = [(place, place + len(each.text)) for each in times.phrases if (place := text.find(each.text)) >= 0]
    return described("store", text, spans)

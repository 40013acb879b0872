"""Operation: what one clause of a request wants, before a call is made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from memos.interface.memreader.intent import Intention
from memos.interface.memreader.subordinate import Clause
from memos.interface.memreader.targets import Parts, described
from memos.interface.memreader.times import Times
from memos.interface.memreader.words import VERBS
from memos.memcube.reading import Slot
from memos.operation.memoperator.entities import Mention

_ASKED = re.compile(r"^(?:what|who|when|where|which|how\s+\w+)(?:'s|\s+is|\s+are|\s+was|\s+were)\s+", re.IGNORECASE)

_COUNTED = re.compile(
    r"^how\s+(?:many(?:\s+(?:times|of))?|often)\s+(?P<what>.+?)(?:\s+(?:do|did|does|have|has|had|were|was|are|is|will|can|could)\b.*)?[\s?]*$",
    re.IGNORECASE,
)

_TOLD_OF = re.compile(
    r"^(?:what|when|where|how|who)\b.*?\b(?:say|said|tell|told|write|wrote|note|noted|have|know)\b.*?\b(?:about|on|regarding)\s+(?P<what>.+)$",
    re.IGNORECASE,
)
_TAKEN_OFF = re.compile(r"^.{1,60}?\s+(?:off|from|out\s+of)\s+(?P<what>(?:the|my|our|his|her|their)\s+.+)$", re.IGNORECASE)
_IS_IT = re.compile(
    r"^(?:is|are|was|were)\s+(?P<what>(?:the|my|our|his|her|their)\s+.+?)\s+(?:still|in|there|on|saved|correct|right|already|up)\b.*$",
    re.IGNORECASE,
)
_DID = re.compile(
    r"^(?:i|we)(?:'ve|\s+have)?\s+(?:just\s+|also\s+)?(?P<verb>(?!had\s+to\b)[a-z]+)\s+(?:an?\s+|the\s+|my\s+|our\s+|\d+\s+)*(?P<what>[a-z].*)$",
    re.IGNORECASE,
)


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
            if (told := _TOLD_OF.match(self.parts.target)) is not None:
                return described("recall", told["what"])
            if (asked := _IS_IT.match(self.parts.target)) is not None:
                return described("recall", asked["what"])
            return described("recall", _ASKED.sub("", self.parts.target))
        if self.intention.intent == "forget" and (taken := _TAKEN_OFF.match(self.parts.target)) is not None:
            return described("forget", taken["what"])
        if self.intention.intent == "count":
            found = _COUNTED.match(self.parts.target)
            return described("count", found["what"] if found is not None else self.parts.target)
        return self.parts.target


def _topic(content: str, times: Times) -> str:
    """What something that is stored is about: its subject, or the whole of a short one."""
    subject = re.match(
        r"^(?:that\s+)?(.+?)(?:['\u2019]s\s+(?=\w+ed\b|gone\b|over\b|off\b)|\s+(?:is|are|was|were|has|have|will|can|wants?|needs?)\b)",
        content,
        re.IGNORECASE,
    )
    done = _DID.match(content)
    if done is not None and (done["verb"].lower() in VERBS or done["verb"].lower().endswith("ed")):
        content, subject = done["what"], None
    text = subject[1] if subject is not None else content
    text = re.sub(r"\s*\([^()]*\)", "", text.partition(":")[0]).strip() or text
    spans = [(place, place + len(each.text)) for each in times.phrases if (place := text.find(each.text)) >= 0]
    return described("store", text, spans)

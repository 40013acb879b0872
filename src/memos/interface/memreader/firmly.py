"""Firmly: what the words of a clause settle whatever rules and weights say: what somebody would be harmed or puzzled by else."""

from __future__ import annotations

import re

from memos.interface.memreader.fame import famous
from memos.interface.memreader.operation import Operation
from memos.memcube.reading import Intent

NAMED = 0.9
"""How sure it is that a name is somebody's, where its first name is a common one."""
_NOT_KEPT = re.compile(
    r"(?<!remember: )\b(?:don'?t|do\s+not|never|no\s+need\s+to|without)\s+(?:store|storing|save|saving|record|recording|log|logging"
    r"|memori[sz]e|keep|keeping|remember|note|noting|write\s+down)\b(?:\s+(?:this|that|it|any\s+of\s+(?:this|it)|anything))?\s*[.!]*\s*$",
    re.IGNORECASE,
)
_MEASURED = re.compile(
    r"^(?:and\s+|so\s+)?how\s+(?:many|much)\s+(?:\w+\s+){0,2}?(?:days?|weeks?|months?|years?|hours?|minutes?|people|guests|persons|km|kilomet\w+|miles"
    r"|met(?:er|re)s|steps|euros?|dollars?|pounds|kronor|calories|money|mg|kilos?|kg|knots|percent|points)\b",
    re.IGNORECASE,
)
_HAPPENED = re.compile(r"^(?:and\s+)?what\s+(?:happened|was\s+going\s+on|has\s+happened|else\s+happened)\b", re.IGNORECASE)
_NOTES = re.compile(
    r"^(?:only\s+)?(?:(?:the|my|our|all|any|those|private|last|latest)\s+)+(?:\w+\s+)?(?:notes?|memories|entries|messages)\b", re.IGNORECASE
)
_DONE = re.compile(
    r"^(?:i\s+)?(?:just\s+)?(?:had|paid|bought|met|saw|ate|went|took|finished|started|called|booked|signed|visited|ordered|cooked|ran|fixed)\s+\w+",
    re.IGNORECASE,
)
_INVERTED = re.compile(
    r"^(?P<verb>\s*(?:please\s+)?(?:add|append))\s+to\s+(?P<what>(?:the|my|our)\s+[^,:.?!]{1,60}?\b(?:note|notes|list|entry|memo|plan|log))"
    r"(?:\s*[,:]\s*|\s+)(?P<new>(?:that\s+)?\S.*)$",
    re.IGNORECASE | re.DOTALL,
)


def turned(text: str) -> str:
    """An order with its object first: "add to the roof note that it leaks" becomes "add that it leaks to the roof note"."""
    found = _INVERTED.match(text)
    return text if found is None else f"{found['verb']} {found['new'].rstrip(' .!')} to {found['what']}"


def firmly(operation: Operation, best: Intent) -> Intent:
    """The intent that the words settle, or the one that was found."""
    text, asks = operation.clause.text.strip(), operation.clause.text.rstrip().endswith("?")
    if _NOT_KEPT.search(text) and best not in {"recall", "list"} and not asks:
        return "none"
    if best == "count" and _MEASURED.match(text):
        return "recall"
    if best == "none" and (asks and (_of_somebody(operation) or (operation.times.phrases and _HAPPENED.match(text)))):
        return "recall"
    if best == "store" and not operation.intention.verb and _NOTES.match(text):
        return "list"
    return "store" if best in {"recall", "none"} and not asks and not operation.intention.verb and _DONE.match(text) else best


def _of_somebody(operation: Operation) -> bool:
    """Whether a question names a person by a first name that the world does not know: of whom nobody could ask but by memory."""
    return any(each.kind == "person" and each.confidence >= NAMED and not famous(each.name) for each in operation.mentions)

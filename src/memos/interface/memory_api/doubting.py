"""Doubting: words by which an order takes something back, or makes it depend on something: what that changes is not understood.

A phrase names memories by the words that stand in them, and those of "everything but the garden plan" stand in the plan: it is refused.
"""

from __future__ import annotations

import re

from memos.errors import InvalidCall
from memos.memcube.call import MemoryCall

_LEAVING_OUT = re.compile(
    r"\b(?:except(?:ing|ed)?|excluding|exclude|but|besides|barring|minus|other\s+than|apart\s+from|aside\s+from|save\s+for|instead\s+of"
    r"|rather\s+than|unless|if|not|nor|neither|never|no)\b|n['\u2019]t\b",
    re.IGNORECASE,
)
_SETTLED = r"\s+(?:there|any|so|found|possible|you\s+(?:find|have|can)|i\s+have|it\s+(?:exists|is)|they\s+(?:exist|are))\b"
"""A condition that the memories themselves settle: where there are none, none is changed."""
_TAKING_BACK = re.compile(
    r"\b(?:except(?:ing)?|excluding|barring|other\s+than|apart\s+from|unless|only\s+if|(?:but|just)\s+not|just\s+kidding|actually,?\s+no"
    r"|no,?\s+wait|wait,?\s+no|maybe|perhaps)\b"
    r"|(?:[,;.!]|\bbut|\band)\s+(?:please\s+)?(?:keep|leave|spare|retain)\b"
    rf"|(?:^|[.;!?]\s)\s*(?:if(?!{_SETTLED})|once|assuming|provided|translate|quote|cancel|undo)\b|\?\s*no\b",
    re.IGNORECASE,
)
_PART = re.compile(r"\b(?:some|a\s+few|several|most|half|every\s+(?:other|second|third))\s+(?:of\b|\w)", re.IGNORECASE)
_QUOTED = re.compile(
    r"```|^\s*>|:[ \t]*\n|^(?!(?i:also|next|then|please|now|ok|okay|first|second|finally|task|memos?)\b)[A-Z][\w.-]*:\s"
    r"|(?i:\b(?:said|says|wrote|writes|reads|told|asked|e-?mail|letter|message|document)\b[^.!?:\n]{0,40}:\s)",
    re.MULTILINE,
)
_WISH = re.compile(
    r"^\s*(?:(?:so|and|well|oh|hey|ok|okay)[, ]+)?(?:i|we)(?:'ve|'d)?\s+(?:really\s+|still\s+|also\s+)?"
    r"(?:need|have|want|ought|should|must|got|wanted|plan|am\s+going|are\s+going|would\s+like|like)\s+(?:to\s+)?(?!you\b)"
    r"(?!.*\b(?:notes?|memory|memories|entry|entries|records?|messages?)\b)",
    re.IGNORECASE,
)
"""A wish of one's own life, "I need to get rid of my winter tyres", which is no order to the memory."""
_ASKS_ON = re.compile(r"[,;]\s*(?:and\s+|but\s+)?(?:what|how|who|where|when|why|which|tell|let)\b", re.IGNORECASE)
GRAVE = frozenset({"forget", "archive", "share", "transfer"})
"""What takes memories out of sight, or shows them to others: of what is said beside such an order everything counts that may undo it."""


def require_undoubted(call: MemoryCall, phrase: str, *, one: bool) -> None:
    """InvalidCall where a phrase, or what was said with it, says what is not meant, or under which condition something is."""
    found = _LEAVING_OUT.search(phrase) or _ASKS_ON.search(phrase)
    if found is None and call.reading is not None and call.operation in GRAVE:
        found = _doubt(call.reading.said) or _WISH.search(call.reading.said) or (None if one else _PART.search(call.reading.said))
    _refuse(found)


def require_whole(call: MemoryCall) -> None:
    """InvalidCall where a chain was made of words in which an order among others may be a quoted one, or be taken back."""
    if call.reading is not None and any(each.operation in GRAVE and not each.cubes for each in call.then):
        _refuse(_doubt(call.reading.said))


def _doubt(said: str) -> re.Match[str] | None:
    return _TAKING_BACK.search(said) or _QUOTED.search(said)


def _refuse(found: re.Match[str] | None) -> None:
    if found is not None:
        raise InvalidCall(
            f"nothing was changed: what {found[0].strip()!r} leaves out here, quotes, or makes this depend on, is not understood; "
            "find the memories by search or list, and name those that are meant by their ids"
        )

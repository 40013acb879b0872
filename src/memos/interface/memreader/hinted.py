"""Hinted: orders that are put as a question or a wish, "can the log go to the farm?", "these belong in the attic: move them"."""

from __future__ import annotations

import re

from memos.interface.memreader.commands import command, lemma

_CHANGES = frozenset({"forget", "archive", "restore", "freeze", "unfreeze", "share", "transfer"})
_WHAT = r"(?P<what>(?:my|our|the|that|this|those|these|all|everything|[A-Z][\w-]+['\u2019]s)\b[^?]{2,100}?)"
_GOES = re.compile(
    rf"^(?:can|could|may|should|shall)\s+{_WHAT}\s+(?:go|move|be\s+(?:moved|handed|given|passed))\s+(?:over\s+|on\s+)?"
    r"(?:in)?to\s+(?P<to>[^?]+?)\s*\?*$",
    re.IGNORECASE,
)
_BE = re.compile(rf"^(?:can|could)\s+{_WHAT}\s+(?:please\s+|now\s+)*be\s+(?P<verb>[a-z-]+)(?P<rest>[^?]*?)\s*\?*$", re.IGNORECASE)
_BELONGS = re.compile(
    r"^[\w' -]{2,60}?\s+(?:belongs?|should\s+be|should\s+live|ought\s+to\s+be)\s+(?:in|under|to|with)\s+(?P<to>[^:;,.?]{2,60})[:;,.]\s*"
    r"(?:so\s+|please\s+)*"
    r"(?P<verb>move|put|transfer|shift|migrate)\s+(?P<what>[^?]+?)$",
    re.IGNORECASE,
)
_NEEDS_DOING = re.compile(rf"^{_WHAT}\s+(?:needs?|wants?|could\s+do\s+with)\s+(?P<verb>[a-z-]+ing)\b(?P<rest>[^?]*?)$", re.IGNORECASE)
_MAY_GO = re.compile(
    rf"^{_WHAT}\s+(?:can|should|may|must|has\s+to|have\s+to|needs?\s+to)\s+(?:all\s+)?go(?:\s+in\s+the\s+bin)?[\s.!]*$", re.IGNORECASE
)
_WISHED = re.compile(
    rf"^(?:i|we)(?:'d\s+like|\s+would\s+like|\s+want|\s+need)\s+{_WHAT}\s+(?:to\s+be\s+)?(?P<verb>[a-z-]+(?:ed|en))\b(?P<rest>[^?]*?)$",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    r"^(?:in|on)\s+(?P<where>(?:my|our|the|that|this)\s+[^,]{2,60}),\s*(?:please\s+)?(?P<verb>replace|change|swap|correct|fix|add|insert|note|put)\s+(?P<rest>.+)$",
    re.IGNORECASE,
)


def hinted(text: str) -> str | None:
    """The order that a question or a statement hints at, in plain words; None where it hints at none."""
    if (found := _INSIDE.match(text)) is not None:
        joint = "to" if found["verb"].lower() == "add" else "in"
        return f"{found['verb']} {found['rest'].rstrip(' .!')} {joint} {found['where']}"
    if (found := _GOES.match(text)) is not None:
        return f"transfer {found['what']} to {found['to']}"
    if (found := _BELONGS.match(text)) is not None:
        return f"transfer {found['what'].rstrip(' .!')} to {found['to']}"
    if (found := _MAY_GO.match(text)) is not None:
        return f"delete {found['what']}"
    for pattern in (_BE, _NEEDS_DOING, _WISHED):
        found = pattern.match(text)
        verb = lemma(found["verb"]) if found is not None else None
        if found is None or verb is None:
            continue
        order = f"{verb} {found['what']}{found['rest']}"
        given = command(order)
        if given is not None and given.intent in _CHANGES:
            return order
    return None

"""Nouns: whether a noun phrase names one thing or several."""

from __future__ import annotations

import re

_HEAD_END = re.compile(
    r"\b(?:of|on|about|from|for|in|at|with|that|which|who|i|we|you|he|she|they|tagged|coming|due|planned|scheduled|left|still|made|sent|written|between|since|before|after|during|regarding|to"
    r"|by|where|when|this|last|yesterday|today|containing|mentioning|against|related|concerning|without|over)\b|[,.;:?!]",
    re.IGNORECASE,
)
_SINGULAR = re.compile(r"(?:ss|us|is|news|'s)$")


_AHEAD = re.compile(
    r"(?:(?:my|our|the|his|her|their|your|those|these|all|any|last|this|latest|first|next|other|\d{1,3}|two|three|four|five|six|seven"
    r"|eight|nine|ten|few)\s+)+",
    re.IGNORECASE,
)


def plural(phrase: str) -> bool:
    """Whether the head of a noun phrase is a plural."""
    start = _AHEAD.match(phrase)
    body = phrase[start.end() :] if start else phrase
    end = _HEAD_END.search(body)
    words = (body[: end.start()] if end else body).split()
    first = words[0].lower() if words else ""
    joined = " and " in (body[: end.start()] if end else body) and not first.startswith(("a", "the"))
    return bool(words) and ((words[-1].lower().endswith("s") and not _SINGULAR.search(words[-1].lower())) or joined)

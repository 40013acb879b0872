"""Fronted: orders whose object stands before them, "old quote - delete", "the barn notes: list, then archive"."""

from __future__ import annotations

import re

from memos.interface.memreader.commands import command, lemma

_AND = r"(?:\s*,?\s*(?:and\s+then|and|then|&)\s+|\s*,\s*)"
_FRONTED = re.compile(
    rf"(?:^|(?<=[.;!?]\s))(?P<what>(?:[\w'\u2019-]|,(?=\d)|[ ](?!-)){{3,60}}?)"
    rf"(?:\s+[-\u2013\u2014]+\s+|\s*:\s+)(?P<verbs>[a-z]{{3,12}}(?:{_AND}[a-z]{{3,12}}){{0,3}})(?=\s*(?:[.;!?]|$))",
    re.IGNORECASE,
)
_REST = re.compile(
    r",?\s+(?:and|but)\s+(?:keep|leave)\s+(?:the\s+(?:rest|others?)|everything\s+else|all\s+else)\b(?:\s+(?:as\s+(?:is|it\s+is|they\s+are)|alone|unchanged))?",
    re.IGNORECASE,
)
_WISHED = re.compile(
    r"^(?:i|we)(?:'d\s+like|\s+would\s+like|\s+want|\s+need)\s+(?P<one>(?:the|my|our|all)\s+[^,]{2,60}?)\s+(?P<first>[a-z]+(?:ed|en))\b(?P<how>[^,]{0,60}?)"
    r",?\s+and\s+(?P<two>(?:the|my|our|all)\s+[^,]{2,60}?)\s+(?P<second>[a-z]+(?:ed|en))\b(?P<rest>.*)$",
    re.IGNORECASE,
)


def unfronted(text: str) -> str:
    """A text with each order before its object, and without what is to be left as it is."""
    text = _REST.sub("", text)
    if (found := _WISHED.match(text)) is not None:
        one, two = lemma(found["first"]), lemma(found["second"])
        if one and two and command(f"{one} it") is not None and command(f"{two} it") is not None:
            return f"{one} {found['one']}{found['how']} and {two} {found['two']}{found['rest']}"
    return _FRONTED.sub(_turned, text)


def _turned(found: re.Match[str]) -> str:
    verbs = [each for each in re.split(_AND, found["verbs"], flags=re.IGNORECASE) if each]
    what = found["what"].strip()
    if command(what) is not None or not all((given := command(f"{verb} it")) is not None and given.verb not in _NAMES for verb in verbs):
        return found[0]
    return ", then ".join(f"{verb} {what if not place else 'it'}" for place, verb in enumerate(verbs))


_NAMES = frozenset(
    {"note", "record", "log", "report", "plan", "order", "book", "review", "reminder", "remember", "add", "put", "see", "get", "go"}
)
"""Verbs that as single words after a dash or a colon are rather nouns."""

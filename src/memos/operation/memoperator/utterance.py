"""Utterance: the beginning of a text, read once for all predictions: its words, its sentences, and whose words it reports."""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST = 1000
"""Characters of a text that are read: what it is shows at its beginning."""
_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[^\s])|\n+")
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")


def phrases(text: str, before: str = r"\b", after: str = r"\b") -> re.Pattern[str]:
    """A pattern of several, one or more a line, between two that hold for each."""
    return re.compile(f"{before}(?:{'|'.join(line.strip() for line in text.strip().splitlines())}){after}")


_NAME = r"[\w\u00c0-\u024f'.-]+"
_WHO = rf"(?:(?:my|our|his|her|their|the|an?|one|some|this|that)\s+)?(?:{_NAME}\s+){{0,3}}?{_NAME}"
_SAYS = """
say says said saying claim claims claimed reckon reckons reckoned insist insists insisted argue argues argued mention mentions mentioned
report
reports reported announce announces announced explained wrote writes texted swears swore predicted predicts complained
"""
_TELLS = "told tells informed informs warned warns assured assures reminded"
_SOURCES = "apparently supposedly reportedly allegedly rumour rumor rumours rumors hearsay according"
_HEARSAY_WORDS = frozenset(_SOURCES.split())
_REPORTING = frozenset(f"{_SAYS} {_TELLS} {_SOURCES} heard read gathered word legend".split())
_AFTER = r"(?:\s+(?:yesterday|today|last\s+\w+|once))?(?:\s+that\s|,\s|:\s|\s)"
_SAID = rf"(?:{'|'.join(_SAYS.split())})(?:\s+to\s+(?:me|us))?|(?:{'|'.join(_TELLS.split())})\s+(?:me|us)"
_REPORT = re.compile(
    rf"""^(?:(?:well,?|and|but|so)\s+)?(?:
    (?P<who>{_WHO})\s+(?:(?:also|just|always|once|has|had)\s+)?(?:{_SAID}|(?:(?:has|had)\s+)?heard(?:\s+from\s+\w+)?){_AFTER}
    | according\s+to\s+[^,]+,\s
    | (?:i|we)(?:'ve|\s+have)?\s+(?:(?:just|once|also)\s+)?(?:heard|read|been\s+told|was\s+told|gathered)
      (?:\s+somewhere|\s+online)?(?:\s+from\s+{_NAME})?(?:\s+that)?\s
    | (?:rumou?r|legend)\s+has\s+it(?:\s+that)?\s
    | (?:the\s+)?word\s+is(?:\s+that)?\s
    | (?:apparently|supposedly|reportedly|allegedly),?\s
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_LATER = re.compile(r",\s+(?:or\s+so\s+)?(?:they|he|she|people|[A-Z][\w\u00c0-\u024f]+)\s+(?:say|says|said|claims?|told\s+(?:me|us))\b")
_SELF = frozenset({"i", "we"})


class Utterance(NamedTuple):
    """What a text says, apart from whose words it reports: `body` is its first sentence without "Anna said that"."""

    text: str
    lower: str
    words: tuple[str, ...]
    sentences: tuple[str, ...]
    body: str
    reported: bool
    """Whether it tells what somebody else has said."""
    known: frozenset[str]
    """The distinct words."""


def read(text: str) -> Utterance:
    """An utterance of a text's first 1,000 characters."""
    text = text[:LONGEST].replace("\u2019", "'").strip()
    lower = text.lower()
    words = tuple(_WORD.findall(lower))
    known = frozenset(words)
    sentences = tuple(filter(None, map(str.strip, _SENTENCES.split(text)))) or (text,)
    body, reported = sentences[0], False
    if not _REPORTING.isdisjoint(known):
        match = _REPORT.match(body)
        if match is not None and (match["who"] or "").lower().split(" ")[0] not in _SELF:
            body, reported = body[match.end() :], True
        reported = reported or not _HEARSAY_WORDS.isdisjoint(known) or _LATER.search(text) is not None
    return Utterance(text, lower, words, sentences, body, reported, known)

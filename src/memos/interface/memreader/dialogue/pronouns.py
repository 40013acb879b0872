"""Pronouns: where "it" and "that" stand for nothing, and where "that" stands for a time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.phrases import Token, content

_WEATHER = r"(?:rain|snow|hail|storm|freez|drizzl|pour)\w*"
_STATE = r"""late|early|cold|hot|warm|dark|sunny|windy|cloudy|foggy|humid|noon|midnight|time|fine|ok|okay|possible|important|clear
    |necessary|true|likely|easy|hard|difficult|nice|good|great|worth|too\s+late|getting|monday|tuesday|wednesday|thursday|friday|saturday|sunday|
    my\s+(?:birthday|turn|fault)|christmas|up\s+to|all\s+good|no\s+(?:use|problem)|just\s+that|been\s+(?:a|so|ages)|\d"""
_FIXED_AFTER = re.compile(
    rf"""^(?:\s*(?:'s|is|was|'ll\s+be|will\s+be|isn't|wasn't|be)?(?:\s+(?:really|so|still|very|already|not|going\s+to|gonna|been|a\s+bit))*
    \s*(?:{_WEATHER}|(?:{_STATE})\b(?!\s*\?*$)|(?:late|early|cold|hot|dark|raining|sunny|windy|fine|ok|okay)\b)
    | \s+(?:seems|seemed|appears|appeared|turns\s+out|turned\s+out|looks\s+like|looked\s+like|looks\s+as|sounds\s+like|takes|took|happens
      |happened|depends|doesn't\s+matter|does\s+not\s+matter|matters|rained|snowed|rains|going|goes\s+without)\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_FIXED_BEFORE = re.compile(
    r"(?:\bmake|\bmakes|\bmade\s|\bi\s+get|\bgot|\bbelieve|\bcall|\bhow's|\bhow\s+is|\bhow\s+was|\btake|\bstop|\bcut|\bas\s+if)\s+$",
    re.IGNORECASE,
)
_ENDS = frozenset({"", "?", ".", "!", ",", ";", ":", ")", "\u2026"})
_TEMPORAL = frozenset({"before", "after", "since", "until", "till", "by", "around", "following"})
_NO_THING = frozenset(
    {"right", "true", "correct", "all", "ok", "okay", "fine", "great", "good", "nice", "it", "enough", "said", "why", "how"}
)


def fixed_it(words: Sequence[Token], at: int, rest: str) -> bool:
    """Whether "it" stands for nothing: weather, hour, "it seems"."""
    after = rest + "".join(_spaced(words, each) for each in range(at + 1, min(len(words), at + 7)))
    before = "".join(_spaced(words, each) for each in range(max(0, at - 3), at)) + " "
    whole = after
    if at and words[at - 1].low in {"is", "was", "will", "did"} and re.match(rf"\s+(?:{_WEATHER})", after, re.IGNORECASE):
        return True
    copula = re.match(r"\s*(?:'s|is|was|'ll|will|isn't|wasn't|be)\b", after) or (at and words[at - 1].low in _COPULAS)
    if not copula and not _IMPERSONAL.match(after):
        after = " "
    if len(words) == at + 3 and words[at + 1].low in {"is", "was"} and words[at + 2].text[0].isupper():
        return True  # that it was Ann
    if before.rstrip().endswith("got") and (at > 2 or words[0].low not in {"i", "got"}):
        return False  # log that he got it
    if _FIXED_BEFORE.search(before) and (not whole.strip(" ?.!") or "going" in whole or before.rstrip().lower().endswith("call")):
        return "how" not in before or "going" in whole
    return bool(_FIXED_AFTER.match(after))


_COPULAS = frozenset({"is", "was", "be", "isn't", "wasn't"})
_IMPERSONAL = re.compile(
    rf"^\s*(?:{_WEATHER}|(?:seems?|seemed|appears?|appeared|turns|turned|looks?|looked|sounds?|takes?|took|happens|happened|depends"
    r"|doesn't\s+matter|does\s+not\s+matter|matters|going|goes)\b)",
    re.IGNORECASE,
)


def _spaced(words: Sequence[Token], at: int) -> str:
    return (" " if at else "") + words[at].low


def pronominal_that(words: Sequence[Token], at: int, rest: str) -> bool:
    """Whether "that", "this", "those" or "these" stands for something by itself, and begins neither clause nor noun phrase."""
    low = words[at].low
    before = words[at - 1].low if at else ""
    after = words[at + 1].low if at + 1 < len(words) else ""
    if before in {"do", "did", "does", "doing", "done"} and low in {"that", "this"} and after in _ENDS:
        return False
    if rest:
        return at > 0 and before not in {"and", "ok", "okay", ","} and after not in _NO_THING
    if after in _NO_THING and (at == 0 or before in {"is", "was", "are"}):
        return False
    if before in {"like", "so", "such", "than", "now", "given", "all"} and low == "that" and before != "all":
        return False
    if after in _ENDS:
        return True
    if at and content(words[at - 1]) and before not in lex.VERBS and before not in lex.COMMANDS and not before.endswith(("ed", "ing")):
        return False  # a relative clause
    if before in lex.STATING and before not in lex.COMMANDS and after not in lex.PREPOSITIONS:
        return False
    return (
        after in lex.PREPOSITIONS
        or after in lex.ADVERBS
        or (after.endswith("ly") and len(after) > 4)
        or (after in lex.AUXILIARIES and at == 0)
        or _asked(words, at)
        or after == "and"
    )


def _asked(words: Sequence[Token], at: int) -> bool:
    """Whether it is the subject of a question: "when was that decided?", "did that get sorted?"."""
    before = words[at - 1].low if at else ""
    return before in lex.AUXILIARIES and before not in {"be", "been"}


def stands_for_time(words: Sequence[Token], at: int) -> bool:
    """Whether "that" is a time: "before that", "the week after that"."""
    return bool(at) and words[at - 1].low in _TEMPORAL

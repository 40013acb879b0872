"""Manner: whether an utterance asks, tells, or only keeps the talk going."""

from __future__ import annotations

import re
from functools import lru_cache

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.phrases import tokens
from memos.interface.memreader.dialogue.replies import asks

_ASKS = "what|who|whom|whose|which|when|where|why|how|do|does|did|is|are|was|were|can|could|will|would|should|have|has|had|any"
_ASKS_LATER = re.compile(
    rf"^(?:{_ASKS})\b|[:,;.!?]\s+(?:(?:and|so|but)\s+)?(?:what|who|whose|which\s+\w+|when|where|why|how|do|does|did)\s+(?!I\b|we\b|he\b|she\b|they\b|it\b)",
    re.IGNORECASE,
)
_ASKING = re.compile(rf"^(?:{_ASKS})\b", re.IGNORECASE)


@lru_cache(maxsize=2048)
def chitchat(text: str) -> bool:
    """Whether a turn says nothing that the next may take up."""
    words = [word.low for word in tokens(text) if word.low[0].isalnum()]
    return (
        not words
        or (len(words) <= 8 and all(word in lex.CHITCHAT for word in words) and not _ASKING.match(text))
        or _DONE.match(text) is not None
    )


_ACKNOWLEDGED = (
    r"done|noted|saved|stored|got\s+it|okay|logged|archived|deleted|corrected|updated|added|forgotten|restored|shared|never\s*mind"
)
_DONE = re.compile(rf"^(?:{_ACKNOWLEDGED})[.!]*$", re.IGNORECASE)


@lru_cache(maxsize=2048)
def asks_or_tells(text: str) -> bool:
    """Whether it asks a question or gives a command."""
    words = tokens(text)
    return asks(text) or bool(_ASKS_LATER.search(text)) or bool(words and words[0].low in lex.COMMANDS)


@lru_cache(maxsize=2048)
def has_verb(text: str) -> bool:
    """Whether a part of it may be put in another's place later: whether it has a verb."""
    words = [word.low for word in tokens(text)]
    if not words:
        return False
    verbal = any(word in lex.AUXILIARIES or word in lex.VERBS or word in lex.INFLECTED or word.endswith("ed") for word in words)
    return verbal or words[0] in lex.COMMANDS or bool(_ASKING.match(text)) or len(words) > 4 or bool(re.search(r"[¿\u3400-\u9fff]", text))


ONES = re.compile(r"^((?:and|only|just|but)\s+)(?:the\s+)?(?:ones?|those)\s+(?=(?:from|in|about|with|on|by|of|for)\b)", re.IGNORECASE)
SAME = re.compile(r"^(?:(?:and|now)\s+)?(?:the\s+)?same\s+(?P<noun>(?!for\b|with\b|thing\b|again\b|question\b)\w{4,})", re.IGNORECASE)
BESIDE_TIME = re.compile(r"^(?:(?:ok|so|and|or)\s+)*(?:what\s+about\s+)?(?:before|after)$", re.IGNORECASE)
"""A time alone that lies beside another."""
ALONE = re.compile(r"\bis it that\b")


@lru_cache(maxsize=2048)
def asks_something(text: str) -> bool:
    """Whether it asks for something, rather than tells to keep or to change it."""
    words = tokens(text)
    return asks(text) or bool(_ASKS_LATER.search(text)) or bool(words and words[0].low in _FINDING)


TAKEN_BACK = re.compile(r"^(?:(?:ok|oh|well|no)[,.]?\s+)?(?:forget|drop|leave|skip)\s+(?:it|that)(?:\s+then)?[.!]*$", re.IGNORECASE)
NOTHING = re.compile(
    r"\b(?:nothing|none|no\s+\w+|not\s+(?:find|found|have|know)|don't|do\s+not|didn't|couldn't|can't|unknown)\b", re.IGNORECASE
)
_FINDING = frozenset(
    {
        "tell",
        "show",
        "list",
        "remind",
        "find",
        "search",
        "give",
        "summarise",
        "summarize",
        "compare",
        "count",
        "describe",
        "explain",
        "look",
        "pull",
        "catch",
        "recall",
    }
)

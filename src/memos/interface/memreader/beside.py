"""Beside: whether what stands beside a question, or beside what is to be kept, goes on with it or begins something new."""

from __future__ import annotations

import re

from memos.interface.memreader.commands import Command
from memos.interface.memreader.questions import shape
from memos.interface.memreader.words import listed

CONTEXT = re.compile(
    r"^(?:(?:i['\u2019](?:m|ve|ll)|(?:we|they)['\u2019](?:re|ve)|(?:he|she|it)['\u2019]s)\b|(?:i|we|he|she|they|it|my|our|the|(?-i:[A-Z])\w+)\b[^?:;]{0,120}?"
    r"\b(?:am|is|are|have|has|need|want|think|feel|got|keeps?|just)\b)",
    re.IGNORECASE,
)
"""A statement that only tells why a question behind it is asked."""
_QUESTION = re.compile(
    r"^(?:(?:who|what|when|where|why|how|which|whose)\b.{0,80}?\b)?(?:do|does|did|will|would|can|could|should)\s+\S", re.IGNORECASE
)
_OF_THEM = re.compile(r"\b(?:he|she|they|him|his|her|their|them)\b", re.IGNORECASE)
_ORDERING = listed("list summarise summarize recap compare count archive remind show tell delete freeze lock unlock restore forget")
"""Verbs that stand beside a question as orders of their own."""


def over(before: str, ordered: Command, words: str) -> bool | None:
    """Whether an order surely ends here, or what it is to keep surely goes on; None where the words behind it tell."""
    if ordered.intent != "store":
        return True if ";" in words else None
    return False if before[ordered.end :].lstrip().startswith(":") else None


def parallel(before: str, given: Command, words: str) -> bool:
    """Whether a verb goes on with a question: "when did Nate bake a cake and share it with us?"."""
    return (
        _QUESTION.match(before) is not None
        and "?" not in before
        and words.strip().lower() in {"and", "or", "&"}
        and given.verb not in _ORDERING
    )


def one_thing(before: str, plain: str) -> bool:
    """Whether two questions ask of one thing or person, so that one search answers both."""
    return shape(before) == shape(plain) or (shape(plain) in {"recall", "count"} and _OF_THEM.search(plain) is not None)


def embedding(before: str, ordered: Command | None) -> bool:
    """Whether a clause asks a question inside another, to which "and what …" only adds."""
    return (
        ordered is not None
        and re.match(r"\s*(?:what|who|when|where|why|how|which|if|whether)\b", before[ordered.end :], re.IGNORECASE) is not None
    )

"""Sentences: a text cut into sentences, and these into clauses with a subject of their own, each with its place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_SHORT = frozenset(
    {"dr", "mr", "mrs", "ms", "prof", "st", "jr", "sr", "vs", "no", "e.g", "i.e", "etc", "approx", "dept", "fig", "inc", "ltd"}
)
"""Words after which a full stop ends no sentence."""
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)|\n\s*\n|\n(?=\s*[^a-z\s])|[。！？]+")
_SUBORDINATE = re.compile(
    r"(?:if|when|whenever|while|because|although|though|since|after|before|as|once|until|till|unless|whether|even|in case|supposing)\b",
    re.IGNORECASE,
)
_SUBJECT = r"(?:i|we|my|our|he|she|they|his|her|their|the)(?:['’](?:m|ve|ll|d|re|s))?\s"
_JOINT = re.compile(
    rf"(?:,\s*|\s+|;\s*)(?:and|but|so|then|yet)\s+(?={_SUBJECT})|;\s+|,\s+(?=(?:i|we)(?:['’](?:m|ve|ll|d|re))?\s)", re.IGNORECASE
)
_PAST = """
went got made took came said told gave found won lost sold bought broke met left kept began felt ran saw quit read wrote spent
taught built chose drove ate fell
flew grew held knew paid sent slept spoke stole swam threw understood woke wore became brought caught cut did drank fed forgot froze
had heard hid hit hurt led lent
let lit put rang rode rose sang sat set shook shot shut stood struck stuck swore tore thought
"""
_THIRD = """
lives works studies loves likes hates prefers wants needs owns drives speaks plays eats drinks takes teaches runs knows thinks
believes hopes plans sells buys opens
closes starts ends begins lands leaves arrives costs contains keeps stays means makes goes comes gets gives helps moves visits
weighs wears writes reads sees feels
sleeps wakes uses says tells calls cooks belongs looks smells tastes sounds hurts happens includes pays rents sits stands turns
"""
_FINITE = re.compile(
    r"['’](?:m|ve|ll|d|re)\b|\b(?:he|she|it|that|who|there|[A-Z]\w+)['’]s\s+(?:\w+ing|a|an|the|not|in|on|at|\w+ed|been|got)\b|n['’]t\b"
    r"|\b(?:am|is|are|was|were|has|have|had|do|does|did|will|would|can|could|must|should|might|may|shall|cannot)\b|\b\w{3,}ed\b"
    rf"|\b(?:{'|'.join((*_PAST.split(), *_THIRD.split()))})\b"
    r"|^(?:\w+\s+){0,3}?(?:i|we|they|my \w+s|our \w+s)\s+(?:\w+ly\s+|always\s+|never\s+|just\s+|also\s+|still\s+|often\s+"
    r"|usually\s+)?[a-z]+",
    re.IGNORECASE,
)
"""A verb that says when, as every statement has one."""


class Part(NamedTuple):
    """A part of a text: where it stands, and the words."""

    start: int
    end: int
    text: str


def sentences(text: str) -> Iterator[Part]:
    """The sentences of a text, without the spaces around them; each has its closing mark."""
    start = 0
    for mark in _END.finditer(text):
        if mark[0].startswith(".") and _abbreviates(text, start, mark):
            continue
        yield from _part(text, start, mark.end())
        start = mark.end()
    yield from _part(text, start, len(text))


def _abbreviates(text: str, start: int, mark: re.Match[str]) -> bool:
    word = re.search(r"[\w.]+$", text[start : mark.start()])
    if word is None:
        return False
    last = word[0].lower()
    initial = len(last) == 1 and last.isalpha() and word[0].isupper() and last != "i"
    return last in _SHORT or initial


def clauses(sentence: Part) -> Iterator[Part]:
    """The clauses of a sentence that have a subject and a verb of their own; what hangs on a condition or a time stays whole."""
    text = sentence.text
    if _SUBORDINATE.match(text):
        yield sentence
        return
    at = 0
    for joint in _JOINT.finditer(text):
        before, after = text[at : joint.start()], text[joint.end() :]
        if _whole(before) and finite(after) and not _SUBORDINATE.search(before.rsplit(" ", 2)[-1]):
            yield from _part(text, at, joint.start(), sentence.start)
            at = joint.end()
    yield from _part(text, at, len(text), sentence.start)


def predicated(clause: str) -> bool:
    """Whether a clause says something of something: three words at least, one of them a verb that has a time."""
    return len(clause.split()) >= 3 and finite(clause)


def finite(text: str) -> bool:
    """Whether a text has a verb that says when, as far as that shows."""
    return _FINITE.search(text) is not None


def _whole(text: str) -> bool:
    """Whether words can be a clause: two of them at least, one a verb."""
    return len(text.split()) >= 2 and finite(text)


def _part(text: str, start: int, end: int, base: int = 0) -> Iterator[Part]:
    piece = text[start:end]
    bare = piece.strip()
    if bare:
        first = start + len(piece) - len(piece.lstrip())
        yield Part(base + first, base + first + len(bare), bare)

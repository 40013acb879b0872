"""Options: what a turn lists or offers, and which of them "the second one" or "the other one" is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.frames import Frame
from memos.interface.memreader.dialogue.moments import moments
from memos.interface.memreader.dialogue.phrases import Token, content, tokens

PLACES_IN_ORDER = {
    "first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "sixth": 5, "seventh": 6, "1st": 0, "2nd": 1, "3rd": 2, "4th": 3,
    "last": -1, "latter": -1, "former": 0, "1": 0, "2": 1, "3": 2, "4": 3, "5": 4, "one": 0, "two": 1, "three": 2, "middle": 1,
    "earlier": 0,
    "older": 0,
    "earliest": 0,
    "oldest": 0,
    "later": -1,
    "newer": -1,
    "latest": -1,
    "newest": -1,
}  # fmt: skip
_NOUNS = frozenset(
    {"one", "option", "choice", "item", "suggestion", "idea", "point", "version", "alternative", "answer", "possibility", "entry"}
)
_NUMBERED = re.compile(r"(?:^|\n|\s)(?:\(?\d{1,2}[.):]|[-*•])\s+(.+?)(?=(?:\n|\s)(?:\(?\d{1,2}[.):]|[-*•])\s|\n|$)", re.DOTALL)
_SPLIT = re.compile(r"\s*(?:,\s*(?:and|or)\s+|;\s*(?:and|or)?\s*|,\s+|\s+(?:and|or)\s+)", re.IGNORECASE)
_OPENING = lex.any_of(
    "you (?:have|saved|like|liked|mean)|there (?:are|is)|(?:do|did) you mean|(?:shall|should) i \\w+|which \\w+[,:]?|either|we have",
    "i (?:have|found|know)(?: of)?",
)
_LEAD = re.compile(
    rf"^(?:(?:yes|no|well|sure|ok)[,.]?\s+)?(?:{_OPENING}\s+)?(?:(?:two|three|four|five|\d)\s*:?\s+)?(?:either\s+)?", re.IGNORECASE
)
_REST = frozenset({"two", "three", "four", "ones"})
_OTHER = frozenset({"other", "others"})
LONGEST, MOST = 600, 12


@dataclass(slots=True)
class Options:
    """The things that a turn lists, the turn, and which of them was taken last."""

    items: tuple[str, ...]
    turn: int
    taken: int | None = None
    amounts: tuple[float, ...] = ()
    """How much each is said to be, where all are."""
    offered: bool = False
    frame: Frame | None = None
    """The request about which it was offered."""

    def take(self, value: str) -> None:
        """Know that one of them was spoken of."""
        low = value.lower()
        hits = [i for i, item in enumerate(self.items) if low in item.lower() or item.lower() in low]
        if len(hits) == 1:
            self.taken = hits[0]

    def take_any(self, values: Iterable[str]) -> None:
        """Know which of them were spoken of."""
        for value in values:
            self.take(value)


def options(text: str, turn: int) -> Options | None:
    """What a text lists or offers, if it does."""
    items, offered = _listed(text)
    return Options(items, turn, offered=offered, amounts=_amounts(text, items)) if items else None


_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_LEAST = frozenset(
    {"cheapest", "cheaper", "smallest", "smaller", "shortest", "shorter", "lowest", "lower", "lightest", "lighter", "fastest", "youngest"}
)
_MOST = frozenset(
    {"dearest", "dearer", "biggest", "bigger", "largest", "larger", "longest", "longer", "highest", "higher", "heaviest", "slowest"}
)


def _amounts(text: str, items: Sequence[str]) -> tuple[float, ...]:
    """The number that follows each item in the text that lists them, where one does."""
    found, starts = list[float](), [text.find(item) for item in items]
    if -1 in starts:
        return ()
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        numbers = _NUMBER.findall(text[start:end])
        if not numbers:
            return ()
        found.append(float(numbers[-1].replace(",", "")))
    return tuple(found)


@lru_cache(maxsize=2048)
def _listed(text: str) -> tuple[tuple[str, ...], bool]:
    """The items that a text lists, and whether it offers them to be chosen from."""
    text = text[:LONGEST]
    numbered = [" ".join(each.split()).rstrip(".,;") for each in _NUMBERED.findall(text)]
    if len(numbered) > 1:
        return tuple(numbered[:MOST]), False
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
        offered = " or " in sentence
        if " between " in sentence:
            continue
        listed = _SPLIT.split(_LEAD.sub("", re.split(r"[:?]\s+", sentence.strip().rstrip(".?!"))[-1]))
        items = tuple(each.strip() for each in listed if each.strip())
        if (
            1 < len(items) <= MOST
            and all(len(each.split()) <= 7 for each in items)
            and (offered or len(items) > 2 or re.search(r"\band\b|: one\b", sentence) or _parallel(items))
        ):
            whole = [_item(item) for item in items]
            dated = all(map(moments, whole))
            short = [_cut(item, dated=dated) for item in whole]
            return tuple(short if len(set(short)) == len(short) else whole), offered
    return (), False


def _parallel(items: Sequence[str]) -> bool:
    """Whether two that only a comma parts are built alike: "the north well on 6 May, the barn well on 7 May"."""
    shapes = [tuple("#" if word[0].isdigit() or word[0] in "£$€" else word.lower() for word in item.split()) for item in items]
    shared = set(shapes[0]) & set(shapes[1]) & (lex.PREPOSITIONS | lex.DETERMINERS | lex.AUXILIARIES | {"#", "one"})
    return len(items) == 2 and abs(len(shapes[0]) - len(shapes[1])) <= 1 and bool(shared) and len(shapes[0]) > 1


_TAIL = re.compile(r"\s*(?:\s(?:is|was|are|were|has|had|costs|says|said|wants)\s|:\s|\s[£$€]?\d).*$", re.IGNORECASE)


def _cut(item: str, *, dated: bool) -> str:
    """A thing that was listed, without what is said of it."""
    short = _TAIL.sub("", item).rstrip(" ,")
    when = next(iter(moments(short)), None) if dated else None
    if when is not None and sum(map(content, tokens(short[: when.start]))) > 1:
        short = short[: when.start].rstrip(" ,")
    first = short.split(" ", 1)[0].strip()
    named = first[:1].isupper() and lex.gender(first) != "?"
    short = re.split(r"\s(?:for|on|in|at|with|since|until|by)\s", short)[0] if named or short != item else short
    short = re.sub(r"\s(?:for|on|in|at|with|since|until|by|of)$", "", short)
    if sum(map(content, tokens(short))) < 2 and moments(item) and not named:
        return item  # the reading on 3 May: the day is what tells it from another
    return short if len(short) > 1 and not short.isdigit() and short.lower() not in lex.DETERMINERS else item


def _item(text: str) -> str:
    text = re.sub(
        r"^(?:the\s+one\s+(?:(?:in|from|on|at|about|with)\s+)?|one\s+(?:in|from|on|at|about|with)\s+|(?:from|in|about|with)\s+)",
        "",
        text,
        flags=re.IGNORECASE,
    )
    text = re.sub(r"^an?\s+\w+\s+(?:called|named)\s+(?=[A-Z])", "", text)
    text = re.sub(r"^(?:your)\b", "my", text, flags=re.IGNORECASE)
    words = text.split()
    plain = len(words) > 1 and words[0].istitle() and all(word.islower() for word in words[1:])
    return text[0].lower() + text[1:] if plain and lex.gender(words[0]) == "?" else text


def choice(words: Sequence[Token], at: int, given: Sequence[Options]) -> tuple[int, str, int, str] | None:
    """The option that words name, from one of them on: how many words that takes, the option, its turn and kind."""
    said, length = _said(words, at) if given else ("", 0)
    if not length:
        return None
    known = given[-1] if said not in _OTHER else next((each for each in reversed(given) if each.taken is not None), None)
    if known is None:
        return None
    if said in _OTHER and len(known.items) > 2 and (said == "others" or words[at + length - 1].low in _REST):
        rest = [item for i, item in enumerate(known.items) if i != known.taken]
        return length, " and ".join(rest), known.turn, "thing"
    many = _MANY.get(words[at + length].low, 0) if said in {"first", "last"} and at + length < len(words) else 0
    if 1 < many < len(known.items):
        some = known.items[:many] if said == "first" else known.items[-many:]
        return length + 1, ", ".join(some[:-1]) + " and " + some[-1], known.turn, "thing"
    index = _index(said, known)
    if index is None or not -len(known.items) <= index < len(known.items):
        return None
    known.taken = index % len(known.items)
    value = known.items[known.taken]
    if _is_time(value) and at and words[at - 1].low in _TAKING:
        return length, f"one from {value}", known.turn, "thing"
    return length, value, known.turn, "time" if _is_time(value) else "thing"


def _said(words: Sequence[Token], at: int) -> tuple[str, int]:
    """The word that chooses, in "the second one", "the last of them" or "option 2", and how many words that takes; none is 0."""
    low, number = words[at].low, at + 1
    alone = at > 0 and words[at - 1].low in {"and", "about"} and all(word.low in {"?", "."} for word in words[number:])
    if alone and low in {"one", "two", "three", "four"}:
        return low, 1
    if low not in {"the", "option", "number"} or number >= len(words):
        return "", 0
    said, rest = words[number].low, [word.low for word in words[number + 1 : number + 3]]
    if rest and (rest[0] in _NOUNS or (said in _OTHER and rest[0] in _REST)):
        return said, 3
    if len(rest) == 2 and rest[0] == "of" and rest[1] in {"them", "those", "these"}:
        return said, 4
    if said in {"first", "last"} and rest and rest[0] in _MANY:
        return said, 2
    ends = (
        said in {"former", "latter", "others"}
        or (rest and number + 1 < len(words) and words[number + 1].low in _GOING_ON)
        or not (rest and (rest[0] == "of" or content(words[number + 1])))
    )
    spelt = low == "the" and said in {"one", "two", "three"}
    return (said, 2) if low != "the" or (ends and not spelt) else ("", 0)


_MANY = {"two": 2, "three": 3, "four": 4, "five": 5}
_GOING_ON = lex.AUXILIARIES | lex.WHEN | {"the", "this", "yesterday", "today", "tomorrow", "in", "on"}
_TAKING = frozenset({"me", "show", "open", "read", "find", "get", "archive", "delete", "summarise", "use", "want"})


def _index(said: str, known: Options) -> int | None:
    if said in _OTHER:
        return 1 - known.taken if known.taken is not None and len(known.items) == 2 else None
    if said in _LEAST | _MOST and known.amounts:
        return known.amounts.index((min if said in _LEAST else max)(known.amounts))
    return PLACES_IN_ORDER.get(said)


def _is_time(value: str) -> bool:
    found = moments(value)
    return bool(found) and found[0].end - found[0].start >= len(value) - 4


def named(text: str, known: Options | None) -> str | None:
    """The option that an answer names by a word of it: "the blue one"."""
    said = {word.low for word in tokens(text)} - {"the", "one", "please", "yes", "option"}
    if known is None or not said:
        return None
    hits = [i for i, item in enumerate(known.items) if said & {word.low for word in tokens(item)}]
    if len(hits) != 1:
        return None
    known.taken = hits[0]
    return known.items[hits[0]]

"""Phrases: the words of a text, and the noun phrases that they make."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from memos.interface.memreader.dialogue import lexicon as lex

LONGEST = 1000
"""Characters of a text that are looked at."""
_TOKEN = re.compile(r"\w+(?:['’.-]\w+)*|[^\w\s]")
_POINTING = frozenset({"this", "that", "these", "those"})
_NO_BEGIN = frozenset({"what", "which", "whose", "all", "both", "no"}) | _POINTING
_BEFORE_BARE = (lex.PREPOSITIONS - {"to", "than", "as"}) | lex.VERBS | lex.INFLECTED | {"many", "much", "more"}
_CLOSED = lex.PREPOSITIONS | lex.AUXILIARIES | lex.CONJUNCTIONS | lex.PRONOUNS | lex.DETERMINERS | lex.ADVERBS
_NO_NOUN = (lex.ONLY_VERBS) | lex.INFLECTED | lex.STATING
NUMBERS = frozenset({"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "twenty", "several"})
UNITS = frozenset(
    {
        "days",
        "weeks",
        "months",
        "years",
        "hours",
        "minutes",
        "seconds",
        "km",
        "miles",
        "metres",
        "meters",
        "percent",
        "times",
        "euros",
        "dollars",
        "pounds",
        "kilos",
        "grams",
        "nights",
    }
)
_ENDS_CLAUSE = frozenset({"starts", "stops", "ends", "costs", "works", "needs", "looks", "stays", "drops", "helps", "moves"})
_AFTER_GERUND = lex.DETERMINERS | {"for", "to", "until", "on", "at"}
_NO_START = lex.COMMANDS | lex.CHITCHAT
_ANY_VERB = lex.NOUN_TOO | lex.VERBS
_GOING_ON = lex.DETERMINERS | lex.PRONOUNS | lex.ADVERBS
_PARTICLES = frozenset({"out", "up", "off", "down", "away", "back", "over"})
_HELPING = frozenset({"did", "does", "do", "will", "can", "could", "should", "would", "didn't", "doesn't", "won't"})
_CODE = re.compile(r"#?\d{1,8}[A-Za-z]?")
_PARTICLE = re.compile("out|up|off|around|back")

Spans = Sequence[tuple[int, int]]


class Token(NamedTuple):
    """A word or a mark, where it stands, and itself in lower case with plain apostrophes."""

    text: str
    start: int
    end: int
    low: str


@lru_cache(maxsize=2048)
def tokens(text: str) -> tuple[Token, ...]:
    """The words and marks of a text."""
    found = _TOKEN.finditer(text[:LONGEST])
    return tuple(Token(each[0], each.start(), each.end(), each[0].lower().replace("’", "'")) for each in found)


def content(word: Token) -> bool:
    """Whether it is a word of an open class."""
    return word.low[0].isalnum() and word.low not in _CLOSED


def nominals(text: str, names: Mapping[int, int], times: Spans) -> list[tuple[int, int, int]]:
    """The noun phrases that are no mere names: where each begins, where its head ends, and where it ends with what completes it."""
    words = tokens(text)
    found, at = list[tuple[int, int, int]](), 0
    while at < len(words):
        end = _core(words, at, names, times)
        if end is None:
            at += 1
            continue
        whole = _attached(words, end, names, times)
        head = end - 1 if content(words[end - 1]) and not _CODE.fullmatch(words[end - 1].text) else max(at, end - 2)
        found.append((words[at].start, words[head].end, words[whole - 1].end))
        owner = next((i for i in range(at, end - 1) if words[i].low.endswith("'s") and words[at].low in lex.DETERMINERS), None)
        if owner is not None and owner > at:
            found.append((words[at].start, words[owner].end - 2, words[owner].end - 2))
        at = end
    return found


def _core(words: Sequence[Token], at: int, names: Mapping[int, int], times: Spans) -> int | None:
    """Where the noun phrase ends (as the number of a word) that begins at a word, if one does."""
    first = words[at]
    if first.low in _POINTING or (any(start <= first.start < end for start, end in times) and not first.low.endswith("'s")):
        return None
    begun = (first.low in lex.DETERMINERS and first.low not in _NO_BEGIN) or _counts(words, at)
    owner = not begun and first.low.endswith("'s") and (first.start in names or any(start <= first.start < end for start, end in times))
    opened = begun or owner
    if not opened and not _may_be_bare(words, at, names):
        return None
    stop = at + opened
    while stop < len(words) and stop - at < 7 and _goes_on(words, stop, at + opened, times):
        named = words[stop].start in names and lex.singular(words[stop - 1].low) not in lex.FOLK
        if stop > at + opened and named and stop + 1 < len(words) and _verbal(words[stop + 1]):
            break  # the book Ann recommended
        if stop > at + 1 and words[stop - 1].start in names and words[stop - 2].low in lex.FOLK:
            break  # my niece Zoe likes
        stop += 1
    if stop < len(words) and words[stop].low in {"one", "ones"}:
        return None
    length = stop - at - opened
    if (
        length > 0
        and stop < len(words)
        and (_CODE.fullmatch(words[stop].text) or (_PARTICLE.fullmatch(words[stop].low) and words[stop - 1].low.endswith("ing")))
    ):
        stop += 1
    return stop if length > 0 and not (length == 1 and not opened and words[stop - 1].start in names) else None


def _verbal(word: Token) -> bool:
    return word.low in lex.AUXILIARIES or word.low in lex.ONLY_VERBS or word.low in lex.INFLECTED or word.low.endswith("ed")


def _counts(words: Sequence[Token], at: int) -> bool:
    """Whether a number begins the noun phrase of what it counts."""
    counting = words[at].low in NUMBERS or words[at].text.isdecimal()
    return (
        counting and at + 1 < len(words) and content(words[at + 1]) and words[at + 1].low.endswith("s") and words[at + 1].low not in UNITS
    )


def _may_be_bare(words: Sequence[Token], at: int, names: Mapping[int, int]) -> bool:
    """Whether a noun phrase without an article may begin at a word: after a preposition or a verb, or joined to another."""
    word = words[at]
    if not word.text[0].isalpha() or not content(word) or word.start in names or word.low in NUMBERS:
        return False
    before = words[at - 1].low if at else ""
    gerund = word.low.endswith("ing") and before in {"about", "on", "for", "of", "from", "against", "with"}
    if word.low in _NO_NOUN and not gerund:
        return False
    if not at or before in {".", "!", "?", ":", "\n", '"', "\u201c"}:
        after = words[at + 1] if at + 1 < len(words) else word
        if word.low.endswith("ing") and (after.start in names or after.low in _AFTER_GERUND):
            return False  # visiting Ann
        return word.low not in _NO_START and not word.low.endswith(("ed", "ly")) and word.low not in lex.NOUN_TOO
    if before in _BEFORE_BARE or before in {"any", "some"}:
        return not word.low.endswith("ed")
    then = words[at + 1].low if at + 1 < len(words) else ""
    return before == "and" and at > 1 and content(words[at - 2]) and not (then in lex.DETERMINERS and word.low in _ANY_VERB)


def _goes_on(words: Sequence[Token], at: int, first: int, times: Spans) -> bool:
    """Whether a word belongs to the noun phrase that began before it."""
    word = words[at]
    covering = next((end for start, end in times if start <= word.start < end), None)
    if covering is not None:
        leads = any(start == words[first].start and end == covering for start, end in times)
        return leads and _heads(words, covering)
    if word.low == "well" and at > first and first and words[first - 1].low in lex.DETERMINERS and content(words[at - 1]):
        return True  # the barn well
    if not content(word):
        return False
    if at == first:
        return True
    low = word.low
    particle = at + 1 < len(words) and words[at + 1].low in _PARTICLES and first > 1 and words[first - 2].low in _HELPING
    if low in {"last", "next", "first"} or particle:
        return False  # when does the warranty run out
    following = words[at + 1].low if at + 1 < len(words) else ""
    if first > 1 and words[first - 2].low in _HELPING and at > first and _is_verb_of_question(words, at, following):
        return False  # did the bank confirm the rate
    gerund = low.endswith("ing") and at > first and words[at - 1].low not in lex.FOLK and words[at - 1].text.islower()
    closing = at + 1 >= len(words) or words[at + 1].low not in _GOING_ON
    if gerund and closing and low in lex.INFLECTED and content(words[at - 1]):
        return True  # meter reading
    if low in _ENDS_CLAUSE or low in lex.INFLECTED or (low in lex.VERBS and low not in lex.NOUN_TOO):
        return False
    after = words[at + 1].low if at + 1 < len(words) else ""
    if words[at - 1].low in lex.FOLK and first > 1 and words[first - 2].low in _HELPING:
        return False  # did the landlord answer
    if low.endswith("s") and low[:-1] in lex.NOUN_TOO and (after in lex.DETERMINERS or after in NUMBERS):
        return False
    if low in lex.NOUN_TOO and (after in lex.DETERMINERS or words[at - 1].low.endswith("s")):
        return False
    return not (low.endswith("ed") and len(low) > 4)


def _is_verb_of_question(words: Sequence[Token], at: int, after: str) -> bool:
    """Whether a word is the verb of a question that begins with "did" or the like: no verb follows it."""
    if after in {"be", "have", "been", "not"} or (after and content(words[at + 1]) and not words[at + 1].text[0].isupper()):
        return False
    return not any(_verbal(word) for word in words[at + 1 :])


def _heads(words: Sequence[Token], end: int) -> bool:
    """Whether a noun follows a time that stands before it: "the Monday meeting"."""
    after = next((each for each in words if each.start >= end), None)
    return after is not None and content(after) and not _verbal(after)


def _attached(words: Sequence[Token], end: int, names: Mapping[int, int], times: Spans) -> int:
    """Where a noun phrase ends with what completes it."""
    free = not any(map(_verbal, words))
    for _ in range(2):
        if end + 1 >= len(words):
            break
        link, noun = words[end].low, words[end - 1].low
        heads = lex.ATTACH.get(link, frozenset())
        if link != "of" and not (free and link in lex.PREPOSITIONS) and noun not in heads and lex.singular(noun) not in heads:
            break
        stop = _complement(words, end + 1, names, times)
        if stop is None or (link != "of" and noun not in heads and lex.singular(noun) not in heads and stop - end > 3):
            break
        if link == "between" and stop + 1 < len(words) and words[stop].low == "and":
            stop = _complement(words, stop + 1, names, times) or stop
        end = stop
    return end


def _complement(words: Sequence[Token], at: int, names: Mapping[int, int], times: Spans) -> int | None:
    if words[at].start in names:
        stop = at
        while stop < len(words) and words[stop].end <= names[words[at].start]:
            stop += 1
        if stop > at:
            return stop
    return None if words[at].low in lex.PRONOUNS else _core(words, at, names, times)

"""Chunks: where the noun phrases of a text begin and end, by closed classes of words and by where a verb has to stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from memos.interface.memreader.commands import lemma
from memos.interface.memreader.words import (
    ARTICLES,
    ASKING,
    BEING,
    CONJUNCTIONS,
    CREATE,
    DEMONSTRATIVES,
    DETERMINERS,
    HAVING,
    HOMOGRAPHS,
    MODALS,
    NOUNLIKE,
    POSSESSIVES,
    PREPOSITIONS,
    PRONOUNS,
    SUBJECTS,
    UNITS,
    VERBS,
    Word,
    adverbial,
    listed,
)  # fmt: skip

Span = tuple[int, int]
_NOT_GERUND = listed(
    "thing meeting morning evening spring string king ring wedding building painting training ceiling clothing pudding earring "
    "spelling booking hearing reading setting briefing listing pricing lighting housing parking heating clothing wing sibling "
    "swimming gardening cooking hiking cycling running knitting baking shopping fishing skiing camping drawing sewing dancing "
    "spending billing staging onboarding funding planning rating filing mailing landing outing finding warning beekeeping packing "
    "opening drawing offering engineering marketing accounting banking boxing wiring plumbing flooring seating catering bedding "
    "lambing ironing"
)
_NOT_PAST = listed(
    "bed red shed seed feed speed breed weed med meds need hundred shred sled thread bread lead head seabed embed wed ted ned fred zed"
)
_TIMES = listed("""
monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays january
february april june july august september october november december jan feb apr jun jul aug sept oct nov dec weekdays weekends weekend
""")
_TALK = listed("lol haha hahaha lmao omg tbh imo idk pls plz thx ty sorry ok okay btw dont cant wont im ive id whens thats weve hes shes")
"""What is written in haste, and never names anything."""
QUALITIES = listed("""
good bad old new big small long short great better worse tall high low cheap cheaper higher lower bigger smaller longer shorter faster
slower older newer earlier later heavier lighter taller nearer closer due ready able sure nervous happy sad angry ill sick fine glad
allergic afraid late early full empty open free wrong right true correct accurate frozen closed expensive warm cold hot wide deep far
normal fast slow safe legal possible available busy alone alive dead pregnant vegetarian vegan asleep awake broke
""")
"""Adjectives that are said of something by a form of "to be"."""
_THIRD = listed("starts wants needs costs likes loves seems works lives hates uses finishes stays plays keeps runs stops ends begins goes")
"""Forms that after a noun in the singular, and before another word, are verbs."""
_NO_VERB = re.compile(r"(?:s|tion|sion|ment|ness|ity|ship|ism|ance|ence|ery|ary|ology|ics|er|or)$")
_PLURAL = re.compile(r"[^s]s$")
_NUMBER = re.compile(r"\d")
_VEIL = "\0"
"""Stands before the words of names and times."""
_PARTICLES = listed("up down out off in back away on over")
_GETTING = listed("get gets got gotten getting become becomes became been being stay stayed keep kept")


def chunks(words: Sequence[Word], hidden: Sequence[Span]) -> Iterable[list[Word]]:
    """The runs of words that are noun phrases; `hidden` are places of names and times, which are parts of none."""
    words = [_veiled(word, hidden) for word in words]
    state, place = "", 0
    while place < len(words):
        if words[place].low.startswith(_VEIL):
            state = "verb" if state == "aux" else "" if state == "verb" else state
            place += 1
            continue
        if not _content(words, place):
            state = _after(words, place, state)
            place += 1
            continue
        end = place
        while end < len(words) and _content(words, end):
            end += 1
        found, state = _cut(words, place, end, state)
        yield from (each for each in found if each)
        place = end


def _veiled(word: Word, hidden: Sequence[Span]) -> Word:
    over = any(start < word.end and word.start < end for start, end in hidden)
    return word._replace(low=f"{_VEIL}{word.low}") if over else word


def _low(words: Sequence[Word], place: int) -> str:
    return words[place].low if 0 <= place < len(words) else ""


def _names_next(words: Sequence[Word], place: int) -> bool:
    """Whether a noun has to come after the word before a place."""
    prior = _low(words, place - 1)
    if prior.startswith(_VEIL):
        first = place - 1
        while _low(words, first - 1).startswith(_VEIL):
            first -= 1
        return prior.endswith(("'s", "s'")) or _low(words, first - 1) in ARTICLES or _low(words, first - 1) in POSSESSIVES
    return (
        prior in ARTICLES
        or prior in POSSESSIVES
        or (prior.endswith(("'s", "s'")) and prior not in BEING)
        or (prior in DEMONSTRATIVES and prior != "that")
        or prior in PREPOSITIONS - {"to", "like", "as"}
        or prior in {"which", "whose"}
    )


def _content(words: Sequence[Word], place: int) -> bool:
    """Whether a word may be a part of a noun phrase, or a verb."""
    word = words[place].low
    if not word[0].isalnum() or word in _TIMES or word in _TALK:
        return False
    if word == "will" and (_names_next(words, place) or _opens(words, place)):
        return True
    if word == "last" and _low(words, place + 1) == "name":
        return True
    if word in NOUNLIKE and _names_next(words, place):
        return True
    closed = (
        word in MODALS
        or word in BEING
        or word in HAVING
        or word in PRONOUNS
        or word in DETERMINERS
        or word in ASKING
        or word in CONJUNCTIONS
        or word in PREPOSITIONS
    )
    return not closed and not adverbial(word) and not word.endswith(("'ll", "'d", "'ve", "'re", "n't"))


def _opens(words: Sequence[Word], place: int) -> bool:
    """Whether "will" is the first noun of a phrase, and not the verb of a question."""
    following = _low(words, place + 1)
    asked = following in DETERMINERS or following in SUBJECTS or following.startswith(_VEIL) or _content_after(words, place)
    return place == 0 and not asked


def _content_after(words: Sequence[Word], place: int) -> bool:
    return place + 2 < len(words) and words[-1].low == "?"


def _after(words: Sequence[Word], place: int, state: str) -> str:
    """What is known of the verb to come after a word that is none and names nothing: "aux", "verb", "participle" or ""."""
    word = words[place].low
    following = _low(words, place + 1)
    if word in {"to", "wanna", "gonna", "gotta"}:
        known = following in VERBS or following in HOMOGRAPHS or following in CREATE or lemma(following) == following
        taken = place + 1 < len(words) and not following.startswith(_VEIL) and _object_at(words, place + 2)
        return "verb" if known or taken else ""
    if word in MODALS:
        prior = _low(words, place - 1)
        if prior == "who" and word in {"do", "does", "did"}:
            return ""
        told = place > 0 and (prior in SUBJECTS or prior.startswith(_VEIL) or _content(words, place - 1))
        return "verb" if word.endswith(("'d", "'ll")) or (told and (prior in SUBJECTS or word.endswith("n't"))) else "aux"
    if word == "like" and state == "verb":
        return ""
    if word in BEING or word in HAVING:
        return "participle"
    if word in SUBJECTS or word.endswith(("'ll", "'d", "'ve", "'re", "n't")) or word in {"im", "ive", "weve"}:
        return "verb"
    if word in ",.;:!?" or word in {"who", "which", "whose"}:
        return "" if word != "who" else "verb"
    if word in PREPOSITIONS and state == "aux":
        return ""
    if word in DETERMINERS or word in POSSESSIVES:
        return "" if state == "verb" and word != "that" else state
    return state


def _object_at(words: Sequence[Word], place: int) -> bool:
    """Whether an object of a verb begins at a place."""
    word = _low(words, place)
    return (
        word in ARTICLES
        or word in POSSESSIVES
        or (word in PRONOUNS and word not in {"there", "who", "thing", "things", "stuff", "one", "ones"})
        or word in DEMONSTRATIVES
    )


def _cut(words: Sequence[Word], start: int, end: int, state: str) -> tuple[list[list[Word]], str]:
    """The noun phrases in a run of words that may hold a verb, and what is known of the verb after it."""
    run = list(words[start:end])
    if _low(words, start - 1) == "how":
        return [run[1:]], "aux" if state == "aux" else ""
    named = _names_next(words, start)
    verb = _verb_of(words, start, end, state, named=named)
    if verb is None:
        return [_nominal(run)], "verb" if state == "aux" else state if state == "verb" and named else ""
    ahead = [_nominal(run[:verb])] if verb else []
    place = start + verb + 1
    if run[verb].low in _GETTING and place < end and (_participle(words[place].low) or words[place].low in QUALITIES):
        place += 1
    if place == end:
        return ahead, ""
    behind, after = _cut(words, place, end, "")
    return [*ahead, *behind], after


def _verb_of(words: Sequence[Word], start: int, end: int, state: str, *, named: bool) -> int | None:
    """The place of the verb in a run, None for none."""
    run = [word.low for word in words[start:end]]
    if not named and (state == "verb" or (state == "aux" and run[0] in VERBS and run[0] not in NOUNLIKE)):
        return 0
    if not named and state == "participle" and (_participle(run[0]) or (run[0] in QUALITIES and len(run) == 1)):
        return 0
    first = 1 if (named and not _gerund(words, start, end)) or state in {"aux", "verb"} else 0
    for place in range(first, len(run)):
        if _is_verb(words, start + place, end, start):
            return place
    if state in {"aux", "verb"} and len(run) > 1 and not _verb_later(words, end):
        return None if (_NO_VERB.search(run[-1]) and run[-1] not in VERBS | HOMOGRAPHS) or _NUMBER.search(run[-1]) else len(run) - 1
    if state == "participle":
        return next((place for place in range(1, len(run)) if run[place] in QUALITIES and place + 1 == len(run)), None)
    return None


def _is_verb(words: Sequence[Word], place: int, end: int, start: int) -> bool:
    """Whether a word within a run is a verb by its form and by what stands beside it."""
    word, prior = words[place].low, _low(words, place - 1)
    if prior in QUALITIES or _NUMBER.match(word):
        return False
    inside = place > start
    following = _low(words, place + 1)
    takes = place + 1 == end and (_object_at(words, place + 1) or (following in _PARTICLES and _object_at(words, place + 2) and not inside))
    if word in NOUNLIKE:
        third = inside and word in _THIRD and not _PLURAL.search(prior) and (place + 1 < end or following in PREPOSITIONS)
        return takes or third or (place == 0 and word in CREATE and place + 1 == end and len(words) > 1)
    if word in VERBS or _past(word):
        return True
    if not inside and _gerund(words, place, end):
        return True
    return place == 0 and (word in CREATE or (takes and not _PLURAL.search(word)))


def _gerund(words: Sequence[Word], place: int, end: int) -> bool:
    """Whether a word is a gerund that takes an object or a preposition, and names no activity by itself."""
    word, following = words[place].low, _low(words, place + 1)
    if not word.endswith("ing") or word in _NOT_GERUND or place + 1 < end:
        return False
    if following in _PARTICLES and not _low(words, place + 2)[:1].isalnum():
        return False
    prior = _low(words, place - 1)
    return not (prior in ARTICLES or prior in POSSESSIVES or prior.endswith("'s")) and (
        _object_at(words, place + 1) or following in PREPOSITIONS or following.startswith(_VEIL)
    )


def _verb_later(words: Sequence[Word], place: int) -> bool:
    """Whether the verb stands behind an adverb that follows: "did the hospital bill ever arrive"."""
    while place < len(words) and adverbial(words[place].low):
        place += 1
    return place < len(words) and adverbial(_low(words, place - 1)) and _content(words, place)


def _nominal(run: list[Word]) -> list[Word]:
    """A run without numbers of units at its ends."""
    return [
        word
        for place, word in enumerate(run)
        if not (word.low in UNITS and place and _NUMBER.match(run[place - 1].low)) and not (_NUMBER.match(word.low) and place == 0)
    ]


def _participle(word: str) -> bool:
    return (word in VERBS and word not in NOUNLIKE) or _past(word) or (word.endswith("ing") and word not in _NOT_GERUND)


def _past(word: str) -> bool:
    return len(word) > 3 and word.endswith("ed") and word not in _NOT_PAST and not word.endswith("eed")

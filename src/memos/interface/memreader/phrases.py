"""Phrases: the noun phrases that a text is about, and the names in it, without a model: by the closed classes and the forms of verbs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from memos.interface.memreader.commands import lemma
from memos.interface.memreader.words import (
    ADVERBS,
    ARTICLES,
    ASKING,
    BEING,
    CONJUNCTIONS,
    CONTAINERS,
    CREATE,
    DEMONSTRATIVES,
    DETERMINERS,
    HAVING,
    HOMOGRAPHS,
    MODALS,
    POSSESSIVES,
    PREPOSITIONS,
    PRONOUNS,
    SUBJECTS,
    UNITS,
    VERBS,
    Word,
    adverbial,
    listed,
    split,
)  # fmt: skip
from memos.operation.memoperator.entities import Mention
from memos.operation.memoperator.gazetteer import gazetteer

Span = tuple[int, int]
MOST = 24
"""How many noun phrases one text has at most."""
_FILLERS = CONTAINERS | listed("""
thing things stuff everything anything something nothing all one ones two both lot lots bit way ways kind kinds sort sorts part parts
time times day days today yesterday tomorrow tonight week weeks month months year years hour hours minute minutes morning afternoon
evening summary recap overview digest gist rundown timeline table list idea ideas clue fact facts info information detail details
question everybody everyone somebody someone anybody anyone people person name names record entry entries version versions difference
differences count record total answer reason rest latest last chronological order side sides yes no okay btw phrase word term text copy
spelling bullets
""")
"""Heads that tell no memory from another, when they stand alone."""
_LOOSE = listed("""
good bad old new open first second third last next previous earlier same different other own big small long short great best better
worse latest recent current main whole sure able due ready late early free important possible called much many more most less few
several such biggest largest smallest oldest newest first allergic supposed going far hard easy wrong right true correct archived saved
stored deleted done different else top bottom overall
""")
"""Adjectives that make no phrase by themselves, and of which some are taken off before a noun."""
_COUNTING = listed(
    "one two three four five six seven eight nine ten eleven twelve dozen couple hundred first second third both several few"
)
_BEHIND = listed("btw older newer later earlier bigger smaller pls please okay loose tight btw alone")
_WEAK_FRONT = listed(
    "other same whole entire recent archived saved stored deleted current last next latest possible certain various different total best"
)
_NOT_GERUND = listed(
    "thing meeting morning evening spring string king ring wedding building painting training ceiling clothing pudding earring "
    "spelling booking hearing reading setting briefing listing pricing lighting housing parking heating clothing wing sibling "
    "swimming gardening cooking hiking cycling running knitting baking shopping fishing skiing camping drawing sewing dancing "
    "spending billing staging onboarding funding planning rating filing mailing landing outing finding warning beekeeping packing "
    "opening drawing offering engineering marketing accounting banking boxing wiring plumbing flooring seating catering"
)
_NOT_PAST = listed(
    "bed red shed seed feed speed breed weed med meds need hundred shred sled thread bread lead head seabed embed wed ted ned fred zed"
)
_TIMES = listed("""
monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays january
february april june july august september october november december jan feb apr jun jul aug sept oct nov dec weekdays weekends weekend
""")
_IDENTIFIER = re.compile(r"\b[A-Z]{2,}-\d+\b")
_SAID = re.compile(r"[\"“”]([^\"“”]{2,80})[\"“”]")
_NUMBER = re.compile(r"\d")


def topics(text: str, hidden: Iterable[Span] = ()) -> tuple[str, ...]:
    """The noun phrases of a text, in lower case, without articles, possessives and numbers; what is `hidden` (names, times) is none."""
    covered = sorted(hidden)
    found: dict[str, None] = {}
    quoted = [match for match in _SAID.finditer(text[:2000]) if len(match[1].split()) < 6]
    for match in quoted:
        covered.append(match.span())
        if not any(start <= match.start(1) < end for start, end in covered[:-1]):
            found[match[1].lower().strip(" .,!?")] = None
    for phrase in _chunks(split(text), sorted(covered)):
        kept = _trimmed(phrase)
        if kept:
            found[" ".join(kept)] = None
        if len(found) >= MOST:
            break
    return tuple(found)


def _chunks(words: Sequence[Word], hidden: Sequence[Span]) -> Iterable[list[Word]]:
    chunk: list[Word] = []
    verbal = ""  # the state before a verb: "" none, "subject" an auxiliary was met, "verb" the next content word is a verb
    for place, word in enumerate(words):
        before = words[place - 1] if place else None
        over = any(start < word.end and word.start < end for start, end in hidden)
        if over or not word.low[0].isalnum():
            if chunk:
                yield chunk
                chunk = []
            if verbal == "subject" and over:
                verbal = "named"
            elif word.low in ",.;:!?" or (verbal == "verb" and over):
                verbal = ""
            continue
        ends, verbal = _step(words, place, before, verbal, inside=bool(chunk))
        if ends:
            if chunk:
                yield chunk
                chunk = []
            continue
        chunk.append(word)
    if chunk:
        yield chunk


def _step(words: Sequence[Word], place: int, before: Word | None, verbal: str, *, inside: bool) -> tuple[bool, str]:
    """Whether a word is no part of a noun phrase, and what is known of the verb to come."""
    word = words[place].low
    prior = before.low if before is not None else ""
    if word == "to":
        following = words[place + 1].low if place + 1 < len(words) else ""
        return True, "verb" if following in VERBS or following in HOMOGRAPHS or following in CREATE or lemma(following) == following else ""
    if word in MODALS and not (prior in POSSESSIVES or prior in ARTICLES):
        return True, "subject"
    if word in BEING or word in HAVING:
        return True, "participle"
    if word in SUBJECTS or word.endswith(("'ll", "'d", "'ve", "'re", "n't")):
        return True, "verb"
    if word in DETERMINERS or word in ASKING:
        return True, "" if word in DETERMINERS and verbal in {"verb", "participle"} else verbal
    if word in CONJUNCTIONS or word in PRONOUNS or adverbial(word):
        return True, verbal
    if word in PREPOSITIONS:
        if word == "like" and verbal in {"verb", "subject", "named"}:
            return True, ""
        return True, "" if verbal in {"verb", "participle", "named"} else verbal
    return _content(words, place, prior, verbal, inside=inside)


def _content(words: Sequence[Word], place: int, prior: str, verbal: str, *, inside: bool) -> tuple[bool, str]:
    word = words[place].low
    nominal = (
        prior in ARTICLES
        or prior in POSSESSIVES
        or (prior.endswith("'s") and prior not in BEING)
        or (prior in DEMONSTRATIVES and prior != "that")
        or prior in PREPOSITIONS - {"to", "like", "as"}
    )
    if word in _TIMES:
        return True, verbal
    if _NUMBER.match(prior) and word in UNITS:
        return True, verbal
    if not nominal and verbal in {"verb", "named"}:
        return True, ""
    if not nominal and not inside and verbal == "participle" and _participle(word):
        return True, ""
    if (
        not nominal
        and inside
        and verbal in {"subject", "participle"}
        and (word in VERBS or word in HOMOGRAPHS or (verbal == "subject" and _past(word)))
    ):
        return True, ""
    if nominal or (prior in DETERMINERS and prior not in {"that", "what", "which"}):
        return _NUMBER.match(word) is not None, verbal
    if not place and word in CREATE:
        return True, verbal
    if prior not in _LOOSE and (word in VERBS or _past(word) or (word in HOMOGRAPHS and _takes_object(words, place))):
        return True, verbal if not inside else ""
    return _NUMBER.match(word) is not None, verbal


def _takes_object(words: Sequence[Word], place: int) -> bool:
    """Whether what follows a word that may be a verb is as after a verb."""
    following = words[place + 1].low if place + 1 < len(words) else ""
    return following in ARTICLES or following in POSSESSIVES or following in PRONOUNS or following in DEMONSTRATIVES


def _participle(word: str) -> bool:
    return word in VERBS or _past(word) or (word.endswith("ing") and word not in _NOT_GERUND)


def _past(word: str) -> bool:
    return len(word) > 3 and word.endswith("ed") and word not in _NOT_PAST and not word.endswith("eed")


def _trimmed(chunk: list[Word]) -> list[str]:
    """The words of a phrase without what tells nothing at its ends."""
    words = [word.low.removesuffix("'") for word in chunk]
    while words and (words[0] in _COUNTING or words[0] in _WEAK_FRONT or _NUMBER.match(words[0]) or words[0] in ADVERBS):
        words = words[1:]
    while words and (_NUMBER.match(words[-1]) or words[-1] in _COUNTING or words[-1] in _BEHIND):
        words = words[:-1]
    if not words:
        return []
    if len(words) == 1:
        word = words[0].removesuffix("'s")
        if word in _FILLERS or word in _LOOSE or len(word) < 2 or word in ADVERBS:
            return []
        return [word]
    if words[-1] in _LOOSE:
        return _trimmed(chunk[:-1])
    if words[-1] in _FILLERS and all(word in _LOOSE or word in _FILLERS for word in words[:-1]):
        return []
    return words


def entities(text: str, mentions: Sequence[Mention], lowered: Iterable[str] = ()) -> tuple[str, ...]:
    """The names in a text as they are written, each once; of two of which one holds the other the longer."""
    adjectives = gazetteer().adjectives
    told = (each.name for each in mentions if len(each.name) > 1 and each.name.lower() not in adjectives)
    names = dict.fromkeys([*told, *_IDENTIFIER.findall(text), *lowered])
    return tuple(name for name in names if not any(name != other and f" {name} " in f" {other} " for other in names))


def places_of(text: str, names: Iterable[str]) -> list[Span]:
    """Where names stand in a text, with the possessive that follows them."""
    found: list[Span] = []
    for name in names:
        pattern = rf"(?<!\w){re.escape(name)}(?:'s?)?(?!\w)"
        found.extend(match.span() for match in re.finditer(pattern, text.replace("\u2019", "'")))
    return found

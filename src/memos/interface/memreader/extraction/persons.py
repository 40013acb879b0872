"""Persons: a sentence that somebody says of themselves, told of them, where English grammar leaves no doubt; else None."""

from __future__ import annotations

import re

_ADVERB_WORDS = """
never always also just really finally still usually often actually probably already recently now only even sometimes rarely currently
"""
_ADVERBS = frozenset(_ADVERB_WORDS.split())
_SAME_WORDS = (
    "was will would can could should must won't wouldn't can't cannot couldn't shouldn't mustn't did didn't had hadn't wasn't might"
)
_SAME = frozenset(_SAME_WORDS.split())
"""What follows `I` and a name alike."""
_CHANGED = {"am": "is", "have": "has", "haven't": "hasn't", "do": "does", "don't": "doesn't"}
_SHORTENED = {"'m": "is", "'ve": "has", "'ll": "will"}
_PAST_WORDS = """
ate became began bit blew bought broke brought built burnt came caught chose cried drank drew drove fed fell felt fled flew forgot
found froze
gave got grew heard held hid kept knew left lent lost made met moved paid ran rang rose said sang sat saw sent shook shot slept sold spent
split spoke stole stood struck swam swore taught threw told took tore went woke won wore wrote understood thought dreamt learnt
"""
_PAST = frozenset(_PAST_WORDS.split())
_BOTH_WORDS = "quit cut hit put read let set cost hurt shut spread bet beat split"
_BOTH = frozenset(_BOTH_WORDS.split())
"""Verbs of which the past looks like the present."""
_PRESENT_WORDS = """
live work study love like hate prefer enjoy dislike want need own drive speak play eat drink take teach run swim cycle walk travel
know think
believe hope plan own manage write sing dance cook bake collect make practise practice wear sleep wake start finish leave arrive visit meet
see feel remember forget use pay earn train volunteer attend lead report commute smoke grow keep look wish suffer weigh avoid support follow
watch listen paint draw garden ski climb hike fish raise rent share belong come go get help stay sell buy call
"""
_PRESENT = frozenset(_PRESENT_WORDS.split())
_FOREIGN_WORDS = "we us our ours ourselves you your yours yourself myself mine let's we're we've we'll you're you've you'll"
_FOREIGN = frozenset(_FOREIGN_WORDS.split())
"""Words whose sense in somebody else's mouth is not certain."""
_AUXILIARY_WORDS = "am do have was did can will had could would should are is and or nor neither"
_AUXILIARY = frozenset(_AUXILIARY_WORDS.split())
"""Before `I` these make a question, a comparison, or a subject of two."""
_WHEN = re.compile(r"\b(?:ago|yesterday|last\s+\w+|in\s+(?:19|20)\d\d|when|this morning)\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+(?:'[A-Za-z]+)?")
_QUOTES = re.compile('["“”«»]')


def told_of(clause: str, name: str) -> str | None:
    """The clause with the speaker's name for `I`, `me` and `my`, and its verbs to match; None where that is not certain."""
    text = clause.replace("’", "'")
    words = list(_WORD.finditer(text))
    lower = [word[0].lower() for word in words]
    if not _FOREIGN.isdisjoint(lower) or _QUOTES.search(text):
        return None
    pieces, at = [], 0
    for place, word in enumerate(words):
        found = _replaced(text, words, lower, place, name)
        if found is None:
            return None
        fresh, end = found
        if word.start() >= at and (fresh, end) != (word[0], word.end()):
            pieces += [text[at : word.start()], fresh]
            at = end
    return "".join((*pieces, text[at:]))


def _replaced(text: str, words: list[re.Match[str]], lower: list[str], place: int, name: str) -> tuple[str, int] | None:
    """What stands for one word, and where the text goes on after it."""
    word, said = words[place], lower[place]
    if said == "my":
        return f"{name}'s", word.end()
    if said == "me":
        return name, word.end()
    if said.partition("'")[0] != "i":
        return word[0], word.end()
    if text[word.end() : word.end() + 1] == "." and text[word.end() + 1 : word.end() + 2].isalpha():
        return None
    if place and lower[place - 1] in _AUXILIARY:
        return None
    if said != "i":
        shortened = _SHORTENED.get(said[1:])
        return None if shortened is None else (f"{name} {shortened}", word.end())
    following = next((each for each in range(place + 1, min(place + 4, len(words))) if lower[each] not in _ADVERBS), None)
    if following is None or not _adjoining(text, words, place, following):
        return None
    verb = _agreeing(text, lower, following)
    if verb is None:
        return None
    between = text[word.end() : words[following].start()]
    return f"{name}{between}{verb}", words[following].end()


def _adjoining(text: str, words: list[re.Match[str]], place: int, following: int) -> bool:
    return not text[words[place].end() : words[following].start()].strip(" " + "abcdefghijklmnopqrstuvwxyz")


def _agreeing(text: str, lower: list[str], place: int) -> str | None:
    """The verb after a name that stood after `I`; None for one that is not known, or in a row of verbs that would all have to change."""
    verb = lower[place]
    if verb in _SAME or verb in _PAST or (verb.endswith("ed") and len(verb) > 4 and verb not in {"need", "feed", "speed", "breed"}):
        return verb
    if verb in _BOTH:
        return verb if _WHEN.search(text) else None
    if verb in {"am", "have", "haven't"}:
        return _CHANGED[verb]
    if verb in _CHANGED and (verb == "don't" or place + 1 < len(lower)):
        return _CHANGED[verb] if not _row(lower, place) else None
    if verb not in _PRESENT or _row(lower, place):
        return None
    return _third(verb)


def _row(lower: list[str], place: int) -> bool:
    """Whether another verb of the present may hang on the same subject: "I run and swim"."""
    joined = [each for each in range(place + 1, len(lower) - 1) if lower[each] in {"and", "or", "but", "then"}]
    return any(lower[each + 1] in _PRESENT or lower[each + 1] in {"am", "have", "don't", "do", *_ADVERBS} for each in joined)


def _third(verb: str) -> str:
    if verb.endswith(("s", "sh", "ch", "x", "z", "o")):
        return f"{verb}es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return f"{verb[:-1]}ies"
    return f"{verb}s"

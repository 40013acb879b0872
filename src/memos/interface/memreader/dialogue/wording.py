"""Wording: an utterance as it would be written with care: apostrophes, names in capitals, without what only leads into it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.phrases import content, tokens
from memos.operation.memoperator.gazetteer import gazetteer

_CONTRACTED = re.compile(r"(?<![\w'’])(what|who|when|where|how|why|that)s(?=\s+\w)", re.IGNORECASE)
_ITS = re.compile(r"(?<![\w'’])(it)s(?=\s+(?:going|not|been|still|too|in|on|at|gone|broken|due|already|the|an?)\b)", re.IGNORECASE)
_I = re.compile(r"(^|\s)ill\s+(be|have|do|go|come|need|take|get|call|send|bring|ask)\b")
_NOT = re.compile(
    r"(?<![\w'’])(is|are|was|were|do|does|did|have|has|had|ca|could|would|should|wo)nt(?!\w)",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"^(?:(?:ha(?:ha)*|lol|h+m+|u+h+|u+m+|e+r+m*|ah+|oh+|k|okay|ok|right|well|so|hey|hi|hello|wait|listen|dear|thx|thanks|cheers|btw|by\s+the\s+way|one\s+more\s+thing"
    r"|another\s+thing|good\s+(?:morning|evening|afternoon))(?!\s+(?:on|about|far|much|many|long|done)\b)[,.!…:-]*\s+)+(?=\w)",
    re.IGNORECASE,
)
_PARENTHESES = re.compile(r",\s+(?:pray|please|if\s+you\s+(?:please|would)|then|again|by\s+the\s+way)\s*,\s*", re.IGNORECASE)


@lru_cache(maxsize=2048)
def careful(text: str) -> str:
    """The text with the apostrophes of contractions."""
    text = _I.sub(r"\1I'll \2", text)
    text = _ITS.sub(r"\1's", _CONTRACTED.sub(r"\1's", text))
    text = _PARENTHESES.sub(" ", _NOT.sub(r"\1n't", _THEM.sub("them", _LOWER_NAME.sub(_capital, text))))
    meant = _MEANING.match(text)
    if meant is None:
        return text
    return _POINTER.sub(meant["what"], meant["said"], count=1) + "?" * text.rstrip().endswith("?")


_THEM = re.compile(r"(?<!\w)['’]?em(?!\w)")
_LOWER_NAME = re.compile(r"(?<![\w@./'’-])[a-zà-ÿ]{3,}(?![\w@/-]|\.\w)")


def _capital(found: re.Match[str]) -> str:
    """A first name or a town that was written small, in capitals; a word that is also another word stays."""
    word = found[0]
    low = word.lower()
    if low in _WORDS or (low not in lex.first_names() and low not in gazetteer().places):
        return word
    known = gazetteer()
    plain = low in known.common or low in known.times or low in lex.VERBS or low in lex.EVENTS or low in lex.CHITCHAT or low in lex.FOLK
    return word if plain else word.capitalize()


_WORDS = lex.words_of("""
jack pat rob sue art ray max sandy robin daisy ruby pearl amber holly ivy iris violet heather jade dawn crystal penny faith
    joy frank grant
    guy lance dean rose grace hope mark bill may june april august summer will drew chase lane don dick royal jordan china turkey chad nice
    bath reading cork mobile split brest kit carol joy bob nick jean gale van chip buck rusty sage basil dale glen cliff forest clay
    rich herb
    gene dot bea pam tad art ali kim son nan lane wade barb peg ginger hazel olive myrtle fern dolly sunny misty angel precious
    destiny precious
    savannah chastity charity patience prudence mercy constance honor justice trinity genesis heaven miracle star major buddy sonny
    junior""")
_POINTER = re.compile(r"\b(?:(?:the|that)\s+(?:\w+\s+)?one|he|she|they|them|it|him|that)\b", re.IGNORECASE)
_MEANING = re.compile(
    r"^(?P<said>.*\b(?:one|he|she|they|them|it|him|that)\b[^,]*),\s*(?P<what>\S[^,]{0,60}?),?\s+i\s+mean\s*[?.!]*$", re.IGNORECASE
)


@lru_cache(maxsize=2048)
def opened(text: str) -> str:
    """The text without the words that only lead into it: "hm", "k", "oh"."""
    rest = _LEADING.sub("", text)
    return rest if len(rest.split()) > 1 else text


def named(text: str, names: Iterable[str]) -> str:
    """The text with names that were said before in capitals as they were."""
    for name in names:
        low = name.lower()
        if low in text and low not in gazetteer().common and low not in lex.CHITCHAT:
            text = re.sub(rf"(?<![\w@./'-]){re.escape(low)}(?![\w@/-])", name, text)
    return text


@lru_cache(maxsize=2048)
def exclaims(text: str) -> bool:
    """Whether it is a mere cry of two or three words, that asks and adds nothing: "poor kid", "thieves"."""
    words = tokens(text)
    said = [word for word in words if word.low[0].isalnum()]
    if not said or len(said) > 3 or "?" in text or any(word.text[0].isupper() for word in said[1:]):
        return False
    plain = all(content(word) and word.low.isalpha() and word.low not in _SPEAKING for word in said)
    return plain and (said[0].low in _FEELING or said[-1].low in _FEELING)


_FEELING = lex.words_of("""
poor lucky silly lovely clever good bad sweet sad funny strange weird crazy wild nice great brilliant splendid sensible
    typical thieves
    bugger damn rats wow yikes ouch gg lol congrats bravo ugly awful terrible shame bless neat impressive fascinating hilarious""")
_SPEAKING = lex.COMMANDS | lex.ONLY_VERBS

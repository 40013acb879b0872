"""Bridging: a question that says less than it means, "who's the soloist?", "did Ann agree?", with what the conversation is about."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.edits import plain
from memos.interface.memreader.dialogue.heard import Found
from memos.interface.memreader.dialogue.manner import chitchat
from memos.interface.memreader.dialogue.phrases import NUMBERS, Token, content, tokens
from memos.interface.memreader.dialogue.ranking import Asked
from memos.interface.memreader.dialogue.referents import Referent, referents, times
from memos.interface.memreader.dialogue.talk import Talk
from memos.memcube.reading import Slot

_MEASURE = r"far|long|much|many|old|big|tall|late|early|often|deep|wide|heavy|fast|high|soon"
_LITTLE = re.compile(
    rf"^(?P<wh>how\s+(?:{_MEASURE})|since\s+when|until\s+when|where|when|who|what)\s+(?P<rest>(?:from|to|before|after|per|for|without|with|in|at|of)\s.+?)\s*[?.!]*$",
    re.IGNORECASE,
)
_IS_THE = re.compile(
    r"^(?:(?:and|so|but)\s+)?(?:who|what|when|how\s+\w+)(?:['’]s|\s+(?:is|was|are|were|will\s+be|would\s+be))\s+the\s+(?P<noun>[\w-]+(?:\s[\w-]+)?)\s*(?:again)?[?.!]*$",
    re.IGNORECASE,
)
_WHO_IS = re.compile(
    r"^(?:(?:and|so|but)\s+)?who(?:['’]s|\s+(?:is|was|are|were))\s+(?:responsible|in\s+charge|involved|affected|invited|missing|next|first|left"
    r"|paying|leading|speaking|hosting|organi[sz]ing|coming|going)\s*[?.!]*$",
    re.IGNORECASE,
)
_WHAT_IS = re.compile(
    r"^(?:(?:and|so|but)\s+)?what(?:['’]s|\s+(?:is|was))\s+(?:still\s+)?(?:left|missing|included|outstanding|next|wrong)$", re.IGNORECASE
)
_ASKING = re.compile(
    r"^(?:(?:and|so|but)\s+)?(?:who|what|when|where|why|how|which|did|does|do|has|have|was|were|is|are|can|could)\b", re.IGNORECASE
)
_OPINION = re.compile(
    r"\b(?:agree[ds]?|disagree[ds]?|object(?:ed|s)?|approve[ds]?|refuse[ds]?|accept(?:ed|s)?|promise[ds]?|mind(?:ed)?|oppose[ds]?|confirm(?:ed)?)\s*(?:too|then)?\s*[?.!]*$",
    re.IGNORECASE,
)
_QUANTITY = NUMBERS | {"one", "any", "some", "none", "another", "each", "enough"}
_COUNTED = frozenset(
    {"sets", "set", "times", "pieces", "rounds", "pairs", "pair", "portions", "pages", "bottles", "boxes", "bags", "packs", "doses"}
)
_ENDING = re.compile(r"(?:\s+(?:so\s+far|then|again|exactly|yet|already|anyway|in\s+the\s+end|at\s+all|now)\b)*\s*[?.!]*$", re.IGNORECASE)
_COMPLETE = lex.words_of("""
do did done go went gone going come came coming leave left sleep slept happen happened happening arrive arrived live lived
    work worked
    know knew say said mean meant think thought matter mattered exist die died look feel felt doing leaving sleeping living working
    called named""")
"""Verbs that need nothing after them, or that ask after what they need."""
_CAME = frozenset({"survived", "remained", "arrived", "failed", "passed", "remain", "are", "were"})
_DAYS = frozenset({"today", "yesterday", "tomorrow", "tonight", "now"})
_MAY = frozenset({"can", "could", "should", "may", "must"})
_YOU = frozenset({"you", "your", "yourself"})
_SELF = frozenset({"mine", "ours", "hers", "his", "theirs"})


def bridged(text: str, known: Sequence[Slot], talk: Talk) -> tuple[str, tuple[Slot, ...]] | None:
    """The text with what it is about, where it says too little by itself; None where it says enough."""
    before, _, last = text.rstrip().rpartition(". ")
    if before and len(last.split()) > 1:
        got = bridged(last, known, talk)
        return (f"{before}. {got[0]}", got[1]) if got else None
    text = _ENDING.sub("", text)
    words = tokens(text)
    if len(words) > 14 or chitchat(text) or not talk.heard or not _YOU.isdisjoint(word.low for word in words):
        return None
    things = [each for each in known if each.name != "reference" or not _personal(each)]
    if (
        _OPINION.search(text)
        and not _asks_object([word for word in words if word.low[0].isalnum()])
        and talk.reply
        and not things
        and _ASKING.match(text)
    ):
        return _of_clause(text, *talk.reply)
    counted = _counted(words)
    if counted is not None and words[counted].low == "one" and not things and not _own(text):
        found = talk.best(lambda each: each.kind not in {"person", "name"} and not each.plural, far=1)
        return _given(text, found) if found and not found.rival else None
    if counted is not None and not things and not _own(text):
        return _put(text, talk, at=words[counted].end, of="of")
    little = _LITTLE.match(text)
    if little is not None and not things and not any(map(_verb, words[1:])):
        found = _theme(talk, text)
        joined = "was" if little["wh"].lower() != "who" else "with"
        return _given(f"{little['wh']} {joined} {plain(found.value)} {little['rest']}?", found) if found else None
    of = _left_out(text, words, known, talk)
    return _put(text, talk, of=of) if of else None


def _left_out(text: str, words: Sequence[Token], known: Sequence[Slot], talk: Talk) -> str:
    """How what is left out is joined on to what is said; empty where nothing is."""
    if known:
        return ""
    if _WHO_IS.match(text):
        return "for"
    the = _IS_THE.match(text)
    if _WHAT_IS.match(text) or (the is not None and not _heard(the["noun"], talk)):
        return "of"
    said = [word for word in words if word.low[0].isalnum()]
    if not said or len(said) > 7 or said[-1].low in _COMPLETE or not lex.PERSONAL.isdisjoint(word.low for word in said):
        return ""
    open_ended = _verb(said[-1]) or (len(said) > 2 and said[-2].low in {"i", "we"} and said[-3].low in _MAY)
    if not open_ended or _asks_object(said) or not _ASKING.match(text) or _own(text) or times(text):
        return ""
    return "about"


def _asks_object(said: Sequence[Token]) -> bool:
    """Whether what a verb needs is what is asked for: "what did Ann get?"."""
    at = 1 if said[0].low in {"and", "so", "but"} else 0
    if said[at].low not in {"what", "who", "whom", "which"} or len(said) < at + 3:
        return False
    return said[at + 1].low in {"do", "does", "did", "will", "can", "could", "would", "should"} or (
        content(said[at + 1]) and said[at].low == "which"
    )


def _personal(slot: Slot) -> bool:
    return slot.words.lower() in {"he", "she", "him", "her", "his", "they", "them", "their", "hers"}


def _verb(word: Token) -> bool:
    low = word.low
    return content(word) and (low in lex.VERBS or low in lex.INFLECTED or low.endswith(("ed", "ing")) or low in lex.PAST)


def _own(text: str) -> bool:
    """Whether it speaks of a thing itself, or of a place."""
    return any(
        (each.rank and each.kind not in {"person", "name"} and each.head not in lex.VAGUE and each.head not in _COUNTED)
        or each.kind == "place"
        for each in referents(text)
    )


def _counted(words: Sequence[Token]) -> int | None:
    """The word after which what is counted is missing: "two sets", "any"."""
    for at, word in enumerate(words[:-1]):
        if word.low in {"many", "much"} and at and words[at - 1].low == "how" and words[at + 1].low in lex.IRREGULAR | _CAME:
            return at
    for at, word in enumerate(words):
        if word.low not in _QUANTITY and not word.low.isdecimal():
            continue
        after = words[at + 1] if at + 1 < len(words) else None
        if after is not None and after.low in _COUNTED and (at + 2 >= len(words) or words[at + 2].low != "of"):
            return at + 1
        ends = (
            after is None
            or (not content(after) and after.low not in {"of", "one", "ones"})
            or after.low in lex.WHEN | {"yesterday", "today"}
        )
        if word.low in {"any", "some", "none"} and ends:
            return at
        if (
            after is not None
            and after.low == "more"
            and (at + 2 >= len(words) or not content(words[at + 2]) or words[at + 2].low in lex.WHEN | _DAYS)
        ):
            return at + 1
        if word.low == "one" and at and after is None and _verb(words[at - 1]):
            return at
    return None


def _heard(noun: str, talk: Talk) -> bool:
    head = lex.singular(noun.rsplit(maxsplit=1)[-1].lower())
    return any(each.referent.head == head for each in talk.heard)


def _theme(talk: Talk, text: str) -> Found | None:
    """What the conversation is about: what was asked about, or what the answer named."""
    low = text.lower()

    def fits(each: Referent) -> bool:
        return (
            each.kind not in {"person", "name"}
            and each.head not in lex.VAGUE
            and each.head not in lex.ATTRIBUTES
            and each.head not in low
            and each.head not in _COUNTED
            and not times(each.value)
        )

    return talk.best(fits, far=4, asked=Asked(0, handled=True))


def _put(text: str, talk: Talk, *, of: str, at: int | None = None) -> tuple[str, tuple[Slot, ...]] | None:
    found = _theme(talk, text)
    if found is None:
        return None
    value = f"the {plain(found.value)}" if found.value.split(" ", maxsplit=1)[0].lower() in {"a", "an", "the"} else found.value
    if at is not None:
        return _given(f"{text[:at]} {of} {value}{text[at:]}", found)
    return _given(re.sub(r"\s*[?.!]*$", "", text) + f" {of} {value}?", found)


def _given(text: str, found: Found) -> tuple[str, tuple[Slot, ...]]:
    return text, (Slot(name="topic", words="", value=plain(found.value), turn=found.turn),)


def _of_clause(text: str, said: str, turn: int) -> tuple[str, tuple[Slot, ...]]:
    """The text with the clause that was said, to which somebody agreed or not."""
    joined = said if said.startswith(("to ", "that ")) else f"that {said}"
    value = re.sub(r"^(?:to|that)\s+", "", said)
    value = re.split(r"\s+(?:by|until|because|and)\s|,|;", value)[0]
    return re.sub(r"\s*[?.!]*$", "", text) + f" {joined}?", (Slot(name="topic", words="", value=value, turn=turn),)

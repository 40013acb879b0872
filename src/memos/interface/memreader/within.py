"""Within: pronouns that the sentence itself explains, or that stand for nothing, and so leave nothing open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from memos.interface.memreader.dialogue.lexicon import gender
from memos.interface.memreader.dialogue.referents import kind_of_noun
from memos.interface.memreader.phrases import places_of, topics
from memos.interface.memreader.words import BEING, MODALS, SUBJECTS, VERBS, Word, listed, split
from memos.memcube.reading import Unresolved
from memos.operation.memoperator.entities import Mention

_REFLEXIVE = listed("myself yourself himself herself itself ourselves yourselves themselves")
_PERSONS = {"he": "m", "him": "m", "his": "m", "she": "f", "her": "f", "hers": "f", "they": "", "them": "", "their": "", "theirs": ""}
_OBJECTS = listed("him her them")
_THINGS = listed("it its they them their")
_BORDER = listed("""
to that when which who where and but so because before after while since if until though although as don't dont or then than keep like
say says said mention mentions mentioned i we you he she they , ; : . ? ! - –
""")
"""What parts a pronoun's clause from one before it."""
_EMPTY_IT = re.compile(
    r"\b(?:(?:does|did|will|would|do|can|could)\s+it\s+(?:take|cost|need|matter|help|make\s+sense)\b|\bit\s+(?:takes?|took|costs?|seems?|turns?\s+out)\b"
    r"|(?:is|was|were|be|'s)\s+it\b(?=.*\b(?:to|that|that's|who|which)\b|\s+(?:like|far|long|cold|hot|late|raining)\b)"
    r"|\bit(?:'s|\s+is|\s+was|\s+would\s+be|'d\s+be)\s+(?:\w+ly\s+)?(?:like|fine|ok|okay|good|best|time|\w+\s+(?:to|that)\b)"
    r"|how\s+(?:far|long|late|cold|hot)\s+(?:is|was)\s+it\b|made?\s+it\s+(?:to|in|up|on)\b)",
    re.IGNORECASE,
)
_RELATIVE = re.compile(r"(?:[a-z]\w*|\bones?|\bthings?)\s+that(?:'s)?\s+(?P<next>[\w']+)", re.IGNORECASE)
_RECALLED = re.compile(
    r"that\s+(?P<noun>(?:[\w'-]+\s+){1,3}?)(?:(?:I|we|you|he|she|they)\s+\w+|(?-i:[A-Z])[\w'-]+\s+[a-z]+(?:ed|d|t|ght|ve|me|nt)\b"
    r"|(?:from|by|about|of|with|called|named|near|at)\s+(?:(?-i:[A-Z])|the\b|my\b|our\b))",
    re.IGNORECASE,
)
_TITLE = re.compile(r"that\s+(?:mrs?|ms|dr|prof)\b", re.IGNORECASE)
_LAST_TIME = re.compile(r"(?:the\s+)?(?:last|first|next)\s+time", re.IGNORECASE)
"""Says which of several in order, and no time."""
_NEAR = 40


def left_open(text: str, mentions: Sequence[Mention], found: Iterable[Unresolved]) -> list[Unresolved]:
    """What is still open where the text by itself explains the rest; `found` is what no turn before it explained."""
    return [each for each in found if not _explained(text, mentions, each)]


def _explained(text: str, mentions: Sequence[Mention], each: Unresolved) -> bool:
    if each.kind == "time":
        return _LAST_TIME.fullmatch(each.text) is not None
    if each.kind != "reference" or "nothing before" not in each.reason:
        return False
    plain, said = text.replace("\u2019", "'"), each.text.lower().replace("\u2019", "'")
    if said.startswith("that"):
        return _relative(plain, said) or _cleft(plain, said)
    words = split(plain)
    at = next((place for place, word in enumerate(words) if word.low == said), None)
    if at is None:
        return False
    if said in _REFLEXIVE:
        return at > 0
    if said == "it" and _EMPTY_IT.search(plain):
        return True
    return _person(plain, words, at, mentions) or _thing(plain, words, at, mentions)


def _relative(text: str, said: str) -> bool:
    """Whether "that" only joins a clause to the noun before it, or points to what the sentence goes on to tell."""
    for found in _RELATIVE.finditer(text):
        follows, ahead = found["next"].lower(), found[0].split()[0].lower()
        if follows in SUBJECTS - {"it"} or (follows.endswith("s") and (said == f"that {follows}" or follows in VERBS)):
            return True
        if follows in VERBS | MODALS | BEING:
            return ahead not in VERBS | MODALS | BEING
    return _TITLE.match(said) is not None or _RECALLED.search(text) is not None


def _cleft(text: str, said: str) -> bool:
    """Whether it is the "that" of "is it … that"."""
    return said in {"that", "that's"} and re.search(r"\b(?:is|was)\s+it\b.+\bthat\b", text, re.IGNORECASE) is not None


def _parted(words: Sequence[Word], start: int, at: int) -> bool:
    """Whether another clause begins between two words."""
    return any(
        word.low in _BORDER or word.low in MODALS or (word.low.endswith("ed") and len(word.low) > 4)
        for word in words[max(start, at - _NEAR) : at]
    )


def _person(text: str, words: Sequence[Word], at: int, mentions: Sequence[Mention]) -> bool:
    """Whether somebody named before in the sentence may be meant."""
    said = words[at].low
    if said not in _PERSONS:
        return False
    people = {each.name: gender(each.name.split()[0]) for each in mentions if each.kind == "person"}
    spans = [(start, end, people[name]) for name in people for start, end in places_of(text, [name])]
    spans += [(word.start, word.end, "") for word in words[:at] if kind_of_noun(word.low.removesuffix("'s")) == "person"]
    for start, end, sex in spans:
        later = end > words[at].start
        if (later and (len(spans) > 1 or not _owns(words, at))) or (sex and _PERSONS[said] and not _agrees(sex, _PERSONS[said])):
            continue
        behind = next((place for place, word in enumerate(words) if word.start >= end), at)
        owner = text[start:end].endswith(("'s", "s'")) or text[end : end + 2] == "'s"
        owns = said not in _OBJECTS or (said == "her" and _owns(words, at))
        if owner or owns or _parted(words, behind, at):
            return True
    return False


def _agrees(sex: str, wanted: str) -> bool:
    return sex in {"?", wanted}


def _owns(words: Sequence[Word], at: int) -> bool:
    """Whether "her" stands before what is hers."""
    follows = words[at + 1].low if at + 1 < len(words) else "."
    return follows[0].isalpha() and follows not in SUBJECTS | MODALS | BEING | listed("to of for on in at by with and about from when")


def _thing(text: str, words: Sequence[Word], at: int, mentions: Sequence[Mention]) -> bool:
    """Whether a thing told before in the sentence may be meant."""
    if words[at].low not in _THINGS or (at and words[at - 1].low in {"about", "regarding", "on"}):
        return False
    before = text[: words[at].start]
    border = next((place for place in range(at - 1, -1, -1) if _parted(words, place, place + 1)), None)
    if border is None:
        return False
    earlier = text[: words[border].start] if words[border].low in _BORDER | MODALS else before
    names = [each.name for each in mentions if each.kind != "person" and each.name in earlier]
    return bool(names) or any(kind_of_noun(topic.split()[-1]) != "person" for topic in topics(earlier))

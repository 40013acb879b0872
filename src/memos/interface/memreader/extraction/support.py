"""Support: whether a source says what a fact claims, so that nothing is stored of a person that the person did not say.

It is strict on purpose: the words of a fact are those of the clause that is quoted, to its end, in the speaker's mouth, with its negations,
its doubts and its time. What says the same in other words is not known to say the same, and is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from memos.interface.memreader.extraction.fact import Source, Span
from memos.interface.memreader.extraction.sentences import Part, clauses, finite, sentences
from memos.interface.memreader.extraction.stating import lead, pretends, supposes
from memos.operation.memoperator.analysis import STOP, personal_name, stems, words
from memos.operation.memoperator.kinds import ASKS, kind
from memos.operation.memoperator.utterance import read

_NEGATIONS = frozenset({"not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "without", "cannot", "hardly", "barely"})
_SCOPE = 3
"""So many words after a negation are taken to be denied."""
_BREAK = re.compile(r"[,;:.!?]|\b(?:but|and|or|because|so)\b", re.IGNORECASE)
_MARKS = {
    "doubt": re.compile(r"\b(?:might|may|maybe|perhaps|possibly|probably|could|seems?|apparently|supposedly|allegedly)\b", re.IGNORECASE),
    "condition": re.compile(r"\b(?:if|unless|would|wouldn't|whether|suppose|wish)\b|'d\b", re.IGNORECASE),
    "future": re.compile(r"\b(?:will|won't|shall|going to|gonna)\b|'ll\b", re.IGNORECASE),
    "past habit": re.compile(r"\bused to\b|\bno longer\b|\bany ?more\b", re.IGNORECASE),
    "reported": re.compile(
        r"\b(?:said|says|told|tells|heard|claims?|claimed|according to|thinks?|believes?|guess(?:es)?|thought)\b", re.IGNORECASE
    ),
}
"""Words that change what is claimed: a fact has the marks of the words that it is taken from, no more and no fewer."""
_FIRST = re.compile(r"\b(?:i|my|mine|we|our)\b", re.IGNORECASE)
_ANY_FIRST = re.compile(r"\b(?:i|me|my|mine|myself|we|us|our|ours)\b", re.IGNORECASE)
_SUBJECT = re.compile(r"\bI(?:['’](?:m|ve|ll|d))?\b(?!\.\w)")
_NAMELESS = frozenset({"user", "speaker", "person"})
"""How a fact may call a speaker of whom no name is known, or who is called so."""
_DENYING = re.compile(r"\b\w+n't\b")
_FILLERS = frozenset(stems(words("finally really actually honestly basically literally simply quite anyway")))
_WORD = re.compile(r"\w+(?:['’]\w+)?")


def place_of(quote: str, text: str) -> Span | None:
    """Where a quote stands in a text, whatever the spaces, the form of quotation marks and the width of letters; None where it does not."""
    wanted, _ = _folded(quote.strip())
    folded, places = _folded(text)
    if not wanted:
        return None
    at = folded.find(wanted)
    while at > 0 and at >= 0 and folded[at - 1].isalnum() and wanted[0].isalnum():
        at = folded.find(wanted, at + 1)
    if at < 0:
        return None
    end = at + len(wanted)
    if end < len(folded) and folded[end].isalnum() and wanted[-1].isalnum():
        return None
    return places[at], places[end - 1] + 1


def _folded(text: str) -> tuple[str, list[int]]:
    """The text with single spaces, plain marks and compatible letters unified, and the place of each of its characters in the original."""
    folded: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        for each in unicodedata.normalize("NFKC", letter.translate(_PLAIN)):
            if each.isspace():
                if not folded or folded[-1] == " ":
                    continue
                each = " "
            folded.append(each)
            places.append(place)
    return "".join(folded), places


_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " "})


def refusal(fact: str, span: Span, source: Source) -> str | None:
    """Why a fact is not supported by a part of its source, None where it is."""
    around = _around(span, source.text)
    if not around:
        return "the quote is no part of a sentence"
    sentence = around[0]
    whole = " ".join(part.text for part in around[1:])
    if (
        sentence.text.rstrip("\"'”’)").endswith("?")
        or supposes(sentence.text)
        or pretends(sentence.text)
        or _in_a_story(sentence, source.text)
    ):
        return "the sentence asks or supposes"
    own = _own_stems(source.speaker)
    claimed, said = _content(fact, own), _content(whole, own)
    if not claimed or list(said[-len(claimed) :]) != list(claimed):
        return "the words of the fact do not stand so in the quote"
    if kind(read(around[1].text[lead(around[1].text) :]))[0] in ASKS:
        return "the clause orders or asks"
    if _marked(fact) != _marked(whole):
        return "the quote is less certain, or of another time"
    parts = [whole, *(f"I{rest}" for rest in _doings(whole) if _content(rest, own) == claimed)]
    if _denied(fact) & set(said) != _denied(whole) & set(claimed) or _denials(fact) not in map(_denials, parts):
        return "one of the two denies what the other says"
    return _wrong_speaker(fact, whole, source) or _wrong_subject(fact, whole, source, claimed, said)


def _around(span: Span, text: str) -> list[Part]:
    """The sentence in which a span begins, and those of its clauses that the span touches; nothing where it goes beyond the sentence."""
    for sentence in sentences(text):
        if sentence.start <= span[0] < sentence.end:
            if span[1] > sentence.end:
                return []
            touched = [part for part in clauses(sentence) if part.start < span[1] and span[0] < part.end]
            return [sentence, *touched] if touched else []
    return []


def _in_a_story(sentence: Part, text: str) -> bool:
    return any(pretends(each.text) for each in sentences(text) if each.start < sentence.start)


def _own_stems(speaker: str | None) -> frozenset[str]:
    name = personal_name(speaker)
    return frozenset(stems(list(name))) if name else frozenset(stems(sorted(_NAMELESS)))


def _content(text: str, own: frozenset[str]) -> list[str]:
    return [stem for stem in stems(words(_DENYING.sub(" ", text.replace("’", "'")))) if stem not in own and stem not in _FILLERS]


def _marked(text: str) -> frozenset[str]:
    plain = text.replace("’", "'")
    return frozenset(name for name, mark in _MARKS.items() if mark.search(plain))


def _denials(text: str) -> int:
    """How many words of a text deny."""
    return sum(word in _NEGATIONS or word.endswith("n't") for word in _WORD.findall(text.lower().replace("’", "'")))


def _denied(text: str) -> frozenset[str]:
    """The stems of the words that a text denies."""
    denied: set[str] = set()
    for piece in _BREAK.split(text.replace("’", "'")):
        left = 0
        for word in _WORD.findall(piece.lower()):
            if word in _NEGATIONS or word.endswith("n't"):
                left = _SCOPE
            elif left and word not in STOP:
                denied.update(stems([word]))
                left -= 1
    return frozenset(denied)


def _wrong_speaker(fact: str, quote: str, source: Source) -> str | None:
    """What somebody says of themselves is told of them, and of nobody else; what they say of others is not told of them."""
    name = personal_name(source.speaker)
    of_speaker = words(fact)[0] in name if name else bool(_NAMELESS.intersection(words(fact)[:3]))
    told_in_person = _ANY_FIRST.search(fact) is not None
    speaks_of_self = _FIRST.search(quote) is not None
    if of_speaker and not told_in_person and not speaks_of_self:
        return "the quote does not speak of its speaker"
    if told_in_person:
        return None if _ANY_FIRST.search(quote) else "the quote does not speak of its speaker"
    mentioned = bool(set(name) & set(words(fact))) or bool(_NAMELESS & set(words(fact)))
    return "the quote speaks of its speaker, and the fact of somebody else" if speaks_of_self and not mentioned else None


def _wrong_subject(fact: str, quote: str, source: Source, claimed: Sequence[str], said: Sequence[str]) -> str | None:
    """What the speaker does begins after an "I" of the clause; what others do, or what belongs to the speaker, is the whole clause."""
    name = personal_name(source.speaker)
    of_speaker = words(fact)[:1] == [name[0]] if name else bool(_NAMELESS.intersection(words(fact)[:3]))
    if of_speaker and not _possessed(fact, source.speaker):
        own = _own_stems(source.speaker)
        return None if list(claimed) in [_content(rest, own) for rest in _doings(quote)] else "the speaker does something else in the quote"
    return None if list(claimed) == list(said) else "the quote says it of something else"


def _doings(quote: str) -> list[str]:
    """What follows an "I" that nothing is said before: not what the speaker hopes, doubts, dreams, or is said to do."""
    return [quote[match.start() + 1 :] for match in _SUBJECT.finditer(quote) if not finite(quote[: match.start()])]


def _possessed(fact: str, speaker: str | None) -> bool:
    """Whether a fact begins with what belongs to its speaker: "Alice's sister"."""
    names = "|".join(map(re.escape, filter(None, (speaker, *sorted(_NAMELESS)))))
    return re.match(rf"\s*(?:the\s+)?(?:{names})['’]s\b", fact, re.IGNORECASE) is not None

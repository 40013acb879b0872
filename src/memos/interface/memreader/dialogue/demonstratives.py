"""Demonstratives: what "that", "this", "those" and "the same" stand for, alone or with a noun."""

from __future__ import annotations

from collections.abc import Sequence

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.answers import finite
from memos.interface.memreader.dialogue.edits import Edit, Step, edit_of, outcome, time_edit, word_at
from memos.interface.memreader.dialogue.heard import Found
from memos.interface.memreader.dialogue.nouns import NOUNS, compared, known_noun, noun_like, that_noun
from memos.interface.memreader.dialogue.phrases import Token, content, tokens
from memos.interface.memreader.dialogue.places import event_of
from memos.interface.memreader.dialogue.pronouns import pronominal_that, stands_for_time
from memos.interface.memreader.dialogue.ranking import Asked, sought
from memos.interface.memreader.dialogue.referents import times
from memos.interface.memreader.dialogue.talk import Talk
from memos.memcube.reading import Unresolved

_TELLING = frozenset(
    [
        "say",
        "said",
        "suggest",
        "suggested",
        "recommend",
        "recommended",
        "decide",
        "decided",
        "agree",
        "agreed",
        "promise",
        "promised",
        "propose",
        "proposed",
        "tell",
        "told",
    ]
)
_KEEPING = frozenset({"save", "store", "log", "note", "record", "keep", "remember", "memorise", "add", "put", "write"})


def _told_here(words: Sequence[Token], at: int) -> bool:
    """Whether the same utterance says before a "that" what it stands for."""
    ends = [i for i, word in enumerate(words[:at]) if word.low in {",", ".", ";", ":", "!"}]
    return bool(ends) and sum(map(content, words[: ends[-1]])) > 1 and sum(map(content, words[ends[-1] : at])) <= 1


def pointing(words: Sequence[Token], at: int, rest: str, talk: Talk) -> Step:
    """That, this, the same, alone or with a noun."""
    low, length = words[at].low, 1
    if low == "the" and word_at(words, at) != "same":
        return known_noun(words, at, talk)
    if word_at(words, at) == "same":
        length = 2
    noun = at + length
    while noun + 1 < len(words) and content(words[noun]) and content(words[noun + 1]) and words[noun + 1].low in NOUNS:
        noun += 1
    if noun < len(words) and content(words[noun]) and not rest and (length == 2 or noun_like(words, noun)):
        return noun - at + 1, *that_noun(words, at, noun, talk)
    if length == 2 or not pronominal_that(words, at, rest) or (low == "this" and any(word.low == ":" for word in words[at:])):
        return length, None, None
    if _told_here(words, at):
        return 1, None, None
    if stands_for_time(words, at):
        return _time_or_event(words, at, talk)
    if low == "that" and talk.told and word_at(words, at, -1) in _TELLING:
        edit = edit_of(words, at, 1, Found(*talk.told, "thing"))
        edit.text = talk.told[0]
        return 1, edit, None
    if low in {"that", "this"} and talk.told and word_at(words, at, -1) == "all":
        return 1, edit_of(words, at, 1, Found(talk.told[0].removeprefix("to "), talk.told[1], "thing")), None
    if low == "that" and (told := _said_before(words, at, talk)) is not None:
        return 1, told, None
    if talk.amount and word_at(words, at) in lex.MEASURING:
        return 1, edit_of(words, at, 1, Found(*talk.amount, "thing")), None
    asked = sought(words, at)
    found = _things(low, talk, asked) if word_at(words, at, -1) != "compare" else compared(words, at, talk)
    return 1, *outcome(words, at, found, "thing", rest=rest)


def _said_before(words: Sequence[Token], at: int, talk: Talk) -> Edit | None:
    """What the assistant answered, where "that" is what somebody said or what is to be kept: "who told me that?", "save that as a rule"."""
    before = {word_at(words, at, -1), word_at(words, at, -2)}
    telling = bool(before & _TELLING) and word_at(words, at) in {"", "?", ".", "!", "then"}
    keeps = word_at(words, at, -1) in _KEEPING or (word_at(words, at, -1) == "of" and "remind" in {word.low for word in words[:at]})
    keeping = keeps and talk.reply is not None and talk.reply[1] == talk.newest
    if talk.reply is None or not (telling or keeping):
        return None
    said, turn = talk.reply
    words_in = [word for word in tokens(said) if content(word)]
    if not words_in or {"yes", "no"} & {word.low for word in tokens(said)} or len(said.split()) > 16 or words_in[-1].low in lex.CHITCHAT:
        return None
    if finite(said):
        edit = edit_of(words, at, 1, Found(said, turn, "thing"))
        edit.text = f"that {said}" if telling else said
        return edit
    when = next(iter(times(said)), None)
    said = said[: when.start].rstrip(" ,") if when is not None and when.start > 2 else said
    return edit_of(words, at, 1, Found(said, turn, "thing"))


def _time_or_event(words: Sequence[Token], at: int, talk: Talk) -> Step:
    """What "before that" is before: the time or the event that was spoken of last."""
    moment, event = talk.time(), event_of(talk)
    if event is not None and (moment is None or event[1] > moment.clock):
        return 1, edit_of(words, at, 1, event[0], "time"), None
    if moment is None:
        return 1, None, Unresolved(kind="time", text=words[at].text, reason="nothing before it names the time that it stands for")
    return 1, time_edit(words, at, 1, moment.span.bare, moment), None


def _things(low: str, talk: Talk, asked: Asked) -> Found | None:
    many = low in {"those", "these"}
    found = talk.best(lambda each: each.kind not in {"person", "name"} and (each.plural or not many), asked=asked)
    return talk.best(lambda each: each.kind not in {"person", "name"}, asked=asked) if many and found is None else found

"""Nouns: what "that meeting", "the same trip", "the red one" and "the soup" mean, from what was spoken of before."""

from __future__ import annotations

from collections.abc import Sequence

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.dating import beside
from memos.interface.memreader.dialogue.edits import Outcome, Step, edit_of, known, plain, time_edit, word_at
from memos.interface.memreader.dialogue.heard import Found
from memos.interface.memreader.dialogue.options import PLACES_IN_ORDER, Options, named
from memos.interface.memreader.dialogue.phrases import NUMBERS, Token, content
from memos.interface.memreader.dialogue.referents import Referent
from memos.interface.memreader.dialogue.senses import HANDLING
from memos.interface.memreader.dialogue.talk import Talk
from memos.memcube.reading import Unresolved

_POINTED = {"project", "plan", "file", "ticket", "report", "idea", "email", "document", "letter", "contract", "recipe", "guys", "people"}
_CLASSES = (*lex.GENERAL.values(), lex.EVENTS, lex.PLACES, lex.FOLK, lex.ATTRIBUTES, lex.ORGANISATIONS, lex.VAGUE)
NOUNS: frozenset[str] = frozenset(_POINTED).union(*_CLASSES)
"""Words that are nouns after "that"."""


def noun_like(words: Sequence[Token], at: int) -> bool:
    """Whether a word after "that" is the noun that it points with."""
    word = words[at]
    if word.low in NOUNS:
        return True
    if word.low in lex.MEASURING:
        return False
    verb = (
        word.low.endswith("ly") or word.low in lex.VERBS or word.low in lex.INFLECTED or word.low.endswith("ed") or word.text[0].isupper()
    )
    after = word_at(words, at)
    adjective = word.low in {
        "true",
        "right",
        "correct",
        "good",
        "bad",
        "great",
        "nice",
        "fine",
        "sorted",
        "important",
        "much",
        "many",
        "more",
        "less",
        "better",
        "worse",
        "enough",
        "still",
        "all",
    }
    return not verb and not adjective and (after in lex.PREPOSITIONS | lex.AUXILIARIES | {"", "?", ".", "!", ",", "again", "and", ":"})


def _matches(head: str, noun: str, *, exact: bool = False) -> bool:
    noun = lex.singular(noun)
    return head == noun or (not exact and any(head in group and noun in group for group in lex.SAME))


def that_noun(words: Sequence[Token], at: int, noun: int, talk: Talk) -> Outcome:
    """What "that meeting" means."""
    head = words[noun].low
    one = lex.singular(head)
    near = words[at].low in {"this", "these"}
    if head in lex.VAGUE and one not in lex.GENERAL["time"]:
        told = talk.best(lambda each: each.head == one and len(each.core.split()) > 1, far=3)
        return (edit_of(words, at, noun - at + 1, told), None) if told and not told.rival else _vague(words, at, noun, talk)
    if one in lex.GENERAL["time"]:
        if near:
            return None, None
        moment = talk.time()
        return (time_edit(words, at, noun - at + 1, moment.span.text, moment), None) if moment else (None, None)
    found = talk.best(lambda each: _matches(each.head, head, exact=True)) or talk.best(lambda each: _matches(each.head, head))
    if found is None:
        kinds = {kind for kind, nouns in lex.GENERAL.items() if one in nouns}
        kinds |= {"name"} if "person" in kinds else set()
        gender = lex.gender(one)
        found = talk.best(lambda each: each.kind in kinds and (gender == "?" or each.gender in {gender, "?"})) if kinds else None
    if found is None:
        if noun > at + 1 and word_at(words, at) != "same":
            return None, None  # that Thai place: what the asker takes to be known
        text = " ".join(word.text for word in words[at : noun + 1])
        return None, Unresolved(kind="reference", text=text, reason=f"nothing before it names the {head} that is meant")
    if found.rival is not None:
        reason = f"it may be {plain(found.value)} or {found.rival}"
        return None, Unresolved(kind="reference", text=" ".join(word.text for word in words[at : noun + 1]), reason=reason)
    return edit_of(words, at, noun - at + 1, found), None


def _vague(words: Sequence[Token], at: int, noun: int, talk: Talk) -> Outcome:
    """What "those notes" and "the whole list" are of: the topic of what was asked."""
    found = talk.topic()
    if found is None:
        return None, None
    edit = edit_of(words, at, noun - at + 1, found)
    edit.text = f"{' '.join(word.text for word in words[at : noun + 1])} on {edit.text}"
    return edit, None


def known_noun(words: Sequence[Token], at: int, talk: Talk) -> Step:
    """A bare noun with "the", of which an earlier turn said more."""
    handled = word_at(words, at, -1) in HANDLING | {"open", "show", "read", "to"}
    if (
        at
        and handled
        and lex.singular(word_at(words, at)) in _KEPT
        and word_at(words, at, 2) in {"", ".", "?", "!", "with", "to", "please"}
    ):
        return 2, *_vague(words, at, at + 1, talk)
    if (
        at + 1 >= len(words)
        or not content(words[at + 1])
        or word_at(words, at, 2) in {"of", "with", "for", "from", "to", "about", "on", "in"}
    ):
        return 1, None, None
    if word_at(words, at) in {"whole", "entire", "full", "complete"} and word_at(words, at, 2) in lex.VAGUE:
        return 3, *_vague(words, at, at + 2, talk)
    ends = {"", "?", ".", "!", ",", "that", "then", "this"}
    if word_at(words, at) in _UNITS and word_at(words, at, 2) in {"before", "after"} and word_at(words, at, 3) in ends:
        return _unit_beside(words, at, talk)
    if at + 2 < len(words) and content(words[at + 2]) and not _verbal(words[at + 2]):
        return 1, None, None
    head = lex.singular(words[at + 1].low)
    if head in lex.VAGUE:
        return 1, None, None
    found = talk.best(lambda each: each.head == head and _says_more(each), far=5)
    if found is None:  # the pizza, of pizza base
        found = talk.best(lambda each: not each.plural and each.kind == "thing" and each.core.lower().split()[:-1] == [head], far=2)
    if found is None or found.rival is not None or found.value.lower().split()[0] in {"no", "every", "each"}:
        return 1, None, None
    edit = edit_of(words, at, 2, found)
    if edit.text[:1].islower() and edit.text.split()[0] not in lex.DETERMINERS:
        edit.text = f"{words[at].text} {edit.text}"
    return 2, edit, None


def _says_more(each: Referent) -> bool:
    """Whether a noun phrase says which of its kind is meant: "the red soup", and not "two soups" or "soup and bread"."""
    words = each.core.lower().split()
    joined = each.plural and (" and " in each.value or "," in each.value)
    return not joined and len(words) > 1 and not (len(words) == 2 and (words[0] in NUMBERS or words[0].isdecimal()))


_KEPT = frozenset({"note", "list", "entry", "memory", "record"})
_UNITS = frozenset({"morning", "afternoon", "evening", "night", "day", "week", "weekend", "month", "quarter", "year"})


def _unit_beside(words: Sequence[Token], at: int, talk: Talk) -> Step:
    """The week before, the month after: beside the time that was spoken of."""
    moment = talk.time(asked=True) or talk.time()
    if moment is None:
        return 3, None, None
    length = 3 + (word_at(words, at, 3) in {"that", "then", "this"})
    edit = time_edit(words, at, length, moment.span.bare, moment)
    unit, side = word_at(words, at), word_at(words, at, 2)
    planned = words[0].low in {"remind", "book", "schedule", "move", "set", "plan"}
    exact = None if planned else beside(unit, side, moment.span.bare, talk.now)
    edit.text = exact or f"{words[at].text} {unit} {side} {moment.span.bare}"
    if exact and word_at(words, at, -1) in {"in", "on", "from", "for", "during", "of"}:
        edit.text = exact.removeprefix("in ").removeprefix("on ").removeprefix("from ")
    return length, edit, None


def _verbal(word: Token) -> bool:
    return word.low in lex.ONLY_VERBS or word.low in lex.INFLECTED or word.low.endswith("ed")


def compared(words: Sequence[Token], at: int, talk: Talk) -> Found | None:
    """What "compare that with last year" compares: the topic with its time."""
    if word_at(words, at, -1) != "compare":
        return None
    found = talk.best(lambda each: each.kind not in {"person", "name"})
    moment = talk.time()
    if found is None or found.rival or moment is None or moment.span.bare.lower() in found.value.lower():
        return found
    return found._replace(value=f"{found.value} {moment.span.text}")


def one_of(words: Sequence[Token], at: int, talk: Talk, given: Sequence[Options]) -> Step | None:
    """What "which one", "the red one", "that one", "the one about Ann" and "the last one" mean."""
    low, after, then = words[at].low, word_at(words, at), word_at(words, at, 2)
    if low in {"which", "what"} and after in {"one", "ones"}:
        found = talk.best(lambda each: each.value.split(" ", 1)[0].lower() in {"a", "an", "some", "one"} or each.plural, far=1)
        return None if found is None or found.rival else _which(words, at, found)
    if low not in {"the", "that", "this"}:
        return None
    if after in {"one", "ones"}:
        if low != "the":
            found = talk.best(lambda each: each.kind not in {"person", "name"} and each.head not in lex.ATTRIBUTES)
            return None if found is None or found.rival else (2, edit_of(words, at, 2, found), None)
        if then in {"before", "after"} and word_at(words, at, 3) in {"", "?", "."}:
            return None
        return _one_with(words, at, talk) if then in lex.PREPOSITIONS | {"that", "which", "where"} else None
    if then in {"one", "ones"} and content(words[at + 1]):
        for each in reversed(given):
            if (picked := named(words[at + 1].text, each)) is not None:
                return 3, edit_of(words, at, 3, Found(picked, each.turn, "thing")), None
        if after == "other":
            return None
        found = talk.best(lambda each: each.plural and each.kind != "person")
        found = found or (None if after in PLACES_IN_ORDER else talk.best(lambda each: each.kind not in {"person", "name"}))
        if found is None or found.rival:
            return None
        edit = edit_of(words, at, 3, found)
        edit.text = f"{words[at].text} {words[at + 1].text} one of {edit.text}"
        return 3, edit, None
    return None


def _which(words: Sequence[Token], at: int, found: Found) -> Step:
    edit = edit_of(words, at, 2, found)
    edit.text = f"{words[at].text} {plain(found.value)}"
    return 2, edit, None


def _one_with(words: Sequence[Token], at: int, talk: Talk) -> Step | None:
    found = talk.best(lambda each: each.plural and each.kind != "person")
    if found is None or found.rival:
        return None
    edit = edit_of(words, at, 2, found)
    edit.text = "the one of " + edit.text
    return 2, edit, None


def all_of(words: Sequence[Token], at: int, given: Sequence[Options]) -> Step:
    """What "all three" are."""
    many = _TO_TEN.index(word_at(words, at)) + 2
    listed = next((each for each in reversed(given) if len(each.items) == many), None)
    if listed is None or (at + 2 < len(words) and content(words[at + 2]) and not _verbal(words[at + 2])):
        return 1, None, None
    value = ", ".join(listed.items[:-1]) + " and " + listed.items[-1]
    return 2, edit_of(words, at, 2, Found(value, listed.turn, "thing")), None


def both_nouns(words: Sequence[Token], at: int, talk: Talk) -> Step | None:
    """What "both leases" are: two that were named, or the one noun that both are."""
    noun = at + 1
    if noun >= len(words) or not lex.plural(words[noun].low) or not content(words[noun]):
        return None
    head = lex.singular(words[noun].low)
    same = {each.key: each for each in talk.heard if each.referent.head == head and each.referent.rank and not each.referent.plural}
    values = list({each.referent.core.lower(): each for each in talk.heard if each.key in same and not each.referent.plural}.values())
    if not values:
        return None
    edit = edit_of(words, at, 2, Found(max(values, key=lambda each: len(each.referent.core)).referent.value, values[-1].turn, "thing"))
    edit.text = " ".join(word.text for word in words[at : at + 2])
    if len(values) == 2:
        edit.text = " and ".join(known(each.referent.value) for each in values)
    return 2, edit, None


def own_one(words: Sequence[Token], at: int, talk: Talk) -> Step | None:
    """What "mine" and "ours" are: one of what was spoken of last."""
    mine = [
        each
        for each in talk.heard
        if each.mine and each.referent.head not in lex.VAGUE and each.referent.rank and talk.clock - each.clock < 3
    ]
    things = [each for each in mine if each.referent.kind not in {"person", "name"} or each.referent.value[:2].isupper()]
    if not things:
        return None
    found = Found(things[-1].referent.value, things[-1].turn, "thing")
    edit = edit_of(words, at, 1, found)
    noun = plain(found.value)
    edit.text = f"{'my' if words[at].low == 'mine' else 'our'} {noun}"
    return 1, edit, None


_TO_TEN = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "several")

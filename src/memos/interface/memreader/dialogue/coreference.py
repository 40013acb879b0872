"""Coreference: what pronouns, and nouns with "that" or "the same", stand for, from what was spoken of before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.adverbs import where_or_when
from memos.interface.memreader.dialogue.demonstratives import pointing
from memos.interface.memreader.dialogue.edits import Edit, Outcome, Step, edit_of, outcome, time_edit, word_at
from memos.interface.memreader.dialogue.heard import Found
from memos.interface.memreader.dialogue.nouns import one_of
from memos.interface.memreader.dialogue.options import Options, choice
from memos.interface.memreader.dialogue.phrases import Token, content, tokens
from memos.interface.memreader.dialogue.places import company_of
from memos.interface.memreader.dialogue.pronouns import fixed_it, stands_for_time
from memos.interface.memreader.dialogue.ranking import Asked, sought
from memos.interface.memreader.dialogue.referents import Referent, referents
from memos.interface.memreader.dialogue.senses import wanted
from memos.interface.memreader.dialogue.sets import several_of
from memos.interface.memreader.dialogue.sight import Sight
from memos.interface.memreader.dialogue.talk import Fits, Talk
from memos.memcube.reading import Slot, Unresolved
from memos.operation.memoperator.gazetteer import gazetteer

_HE = {"he": "m", "him": "m", "his": "m", "himself": "m", "she": "f", "her": "f", "hers": "f", "herself": "f"}
_THEY = frozenset({"they", "them", "their", "theirs", "they're", "they've", "they'd", "they'll", "these", "those"})
_OWN = frozenset({"his", "their", "its", "hers", "theirs"})
_CONTRACTED = re.compile(r"^(he|she|it|they|that|there)('s|'d|'ll|'re|'ve)$")
_AGREEING = frozenset({"ok", "okay", "please", "then", "and", "now"})
_CLAUSE = lex.CONJUNCTIONS | {",", ";", ".", "!", "?", ":"}
_SHORT = "it's it'd it'll he's he'd he'll she's she'd she'll that's one two three four"
_TRIGGERS = frozenset(
    {
        *_HE,
        *_THEY,
        *_SHORT.split(),
        *[
            "either",
            "neither",
            "each",
            "it",
            "its",
            "itself",
            "mine",
            "ours",
            "that",
            "this",
            "the",
            "such",
            "there",
            "then",
            "both",
            "all",
            "which",
            "what",
            "option",
            "number",
        ],
    }
)
"""Words that may stand for something, or begin words that do."""


@dataclass(slots=True)
class Resolved:
    """A text in which what stood for something says it, with the slots, and what was left open."""

    text: str
    slots: list[Slot] = field(default_factory=list)
    unresolved: list[Unresolved] = field(default_factory=list)
    carried: dict[str, int] = field(default_factory=dict)


def resolve(text: str, talk: Talk, options: Sequence[Options], *, quiet: bool = False) -> Resolved:
    """The text with its anaphors resolved; `quiet` for what somebody else said, where nothing is left open."""
    if _TRIGGERS.isdisjoint(word.low for word in tokens(text)):
        return Resolved(text)
    sight = Sight(tokens(text), referents(text), talk, options)
    edits, left_open, at = list[Edit](), list[Unresolved](), 0
    while at < len(sight.words):
        if sight.words[at].low not in _TRIGGERS:
            at += 1
            continue
        step, edit, left = _at(sight, at)
        if edit is not None:
            edits.append(edit)
        elif left is not None and not quiet and not any(each.text == left.text for each in left_open):
            left_open.append(left)
        at += step
    out = Resolved(text, unresolved=left_open)
    for edit in reversed(edits):
        out.text = out.text[: edit.start] + edit.text + out.text[edit.end :]
    out.slots = [edit.slot for edit in edits]
    for edit in edits:
        for listed in options[-3:]:
            listed.take(edit.slot.value)
    out.carried = {each.value.lower(): each.turn for each in out.slots}
    return out


def _at(sight: Sight, at: int) -> Step:
    """What a word, with those after it, stands for: how many words that are, and what becomes of them."""
    words = sight.words
    picked = choice(words, at, sight.options)
    if picked is not None:
        length, value, turn, kind = picked
        return length, edit_of(words, at, length, Found(value, turn, kind), "time" if kind == "time" else "reference"), None
    one = one_of(words, at, sight.talk, sight.options)
    if one is not None:
        return one
    several = several_of(sight, at)
    if several is not None:
        return several
    low, rest = _parted(words[at].low, word_at(words, at))
    if low in _HE:
        return 1, *_person(sight, at, low, rest)
    if low in {"they", "them", "their", "theirs"} or (low == "both" and word_at(words, at) in {"", "with", "to", "?", ".", "!"}):
        return 1, *_many(sight, at, low, rest)
    if low in {"it", "its", "itself"}:
        return 1, *_thing(sight, at, low, rest)
    if low in {"that", "this", "those", "these", "the", "such"}:
        return pointing(words, at, rest, sight.talk)
    if low in {"there", "then"}:
        return 1, *where_or_when(sight, at, low, rest)
    return 1, None, None


def _parted(low: str, after: str) -> tuple[str, str]:
    """A contraction in its two parts, the second written out."""
    match = _CONTRACTED.match(low)
    if match is None:
        return low, ""
    if match[2] == "'s":
        return match[1], " has" if after in {"been", "got", "had", "become"} else " is"
    return match[1], {"'d": " would", "'ll": " will", "'re": " are", "'ve": " have"}[match[2]]


def _within(sight: Sight, at: int, fits: Fits, *, subject: bool, own: bool) -> bool:
    """Whether the same utterance says before it what a pronoun stands for."""
    before = [each for each in sight.here if each.end <= sight.words[at].start and fits(each)]
    if not before:
        return False
    if subject or own:
        return True
    return any(word.low in _CLAUSE for word in sight.words[:at] if word.start >= before[-1].end)


def _subject(words: Sequence[Token], at: int) -> bool:
    after = word_at(words, at)
    return after in lex.AUXILIARIES or after in lex.INFLECTED or after.endswith("ed") or (word_at(words, at, -1) in lex.AUXILIARIES)


def _person(sight: Sight, at: int, low: str, rest: str) -> Outcome:
    want = _HE[low]

    def fits(each: Referent) -> bool:
        return each.kind in {"person", "name"} and not each.plural and each.gender in {want, "?"}

    own = low in _OWN or (low == "her" and _owned(sight.words, at + 1))
    if want in sight.taken or _within(sight, at, fits, subject=low in {"he", "she"}, own=own):
        return None, None
    sight.taken.add(want)
    asked = Asked(0, gender=want, subject=low in {"he", "she"})
    sure = sight.talk.best(lambda each: fits(each) and each.kind == "person" and each.gender == want, asked=asked)
    found = sight.talk.best(fits, asked=asked, far=12)
    if found is not None and found.rival is not None and sure is not None and sure.rival is None:
        found = sure
    if found is not None and found.rival is None and found.value.split()[-1][0].isupper():
        sight.talk.is_of(found.value, want)
    found = found or sight.talk.best(lambda each: each.head in gazetteer().pets)
    return outcome(sight.words, at, found, "person", own=own, rest=rest)


def _owned(words: Sequence[Token], at: int) -> bool:
    """Whether what stands after "her" is hers."""
    return at < len(words) and content(words[at]) and not words[at].text[0].isupper() and words[at].low not in lex.WHEN


def _many(sight: Sight, at: int, low: str, rest: str) -> Outcome:
    def fits(each: Referent) -> bool:
        return each.plural or each.kind == "organisation" or (each.kind in {"name", "thing"} and "&" in each.value)

    own = low in {"their", "theirs"}
    if "them" in sight.taken or _within(sight, at, fits, subject=low == "they", own=own):
        return None, None
    if own and _within(sight, at, lambda each: each.kind in {"person", "name"}, subject=False, own=True):
        return None, None
    sight.taken.add("them")
    found = sight.talk.both() if low == "both" else sight.talk.named_alone()
    if found is None and low == "they" and lex.MINDED & {word.low for word in sight.words[at + 1 : at + 3]}:
        found = sight.talk.best(lambda each: each.plural and each.kind == "person")
    if found is None and low == "they" and wanted(sight.words, at) == "place":
        found = sight.talk.best(lambda each: each.kind in {"organisation", "place"} or each.head in lex.PLACES, far=2)
        firm = company_of(sight.talk)
        found = found or (firm[0] if firm else None)
    found = found or sight.talk.best(fits)
    if found is None and low == "they" and {"are", "were"} & {word_at(sight.words, at), word_at(sight.words, at, -1)}:
        found = sight.talk.persons()
    if found is None and low != "both":
        found = sight.talk.best(lambda each: each.head in lex.ORGANISATIONS | lex.PLACES)
        found = found or sight.talk.best(lambda each: each.kind in {"person", "name"} and not each.plural)
    return outcome(sight.words, at, found, "people or things", own=own, rest=rest)


def _thing(sight: Sight, at: int, low: str, rest: str) -> Outcome:
    if low == "it" and (
        fixed_it(sight.words, at, rest) or (word_at(sight.words, at, -1) == "do" and word_at(sight.words, at) in {"", ".", "!", "?"})
    ):
        return None, None
    if low == "it" and stands_for_time(sight.words, at) and (moment := sight.talk.time(event=True)):
        return time_edit(sight.words, at, 1, moment.span.bare, moment), None

    def fits(each: Referent) -> bool:
        return each.kind not in {"person", "name"} and not each.plural

    if "it" in sight.taken or _within(sight, at, fits, subject=_subject(sight.words, at) or bool(rest), own=low == "its"):
        return None, None
    sight.taken.add("it")
    found = sight.talk.best(lambda each: each.kind == "event", far=3) if word_at(sight.words, at, -1) in lex.SCHEDULING else None
    found = (
        found
        or sight.talk.best(fits, asked=sought(sight.words, at))
        or (sight.talk.statement() if sight.words[0].low in lex.COMMANDS | _AGREEING else None)
    )
    return outcome(sight.words, at, found, "thing", own=low == "its", rest=rest)

"""Coreference: what pronouns, and nouns with "that" or "the same", stand for, from what was spoken of before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.adverbs import where_or_when
from memos.interface.memreader.dialogue.edits import Edit, Outcome, Step, edit_of, outcome, time_edit, word_at
from memos.interface.memreader.dialogue.heard import Found
from memos.interface.memreader.dialogue.nouns import NOUNS, all_of, both_nouns, compared, known_noun, noun_like, one_of, own_one, that_noun
from memos.interface.memreader.dialogue.options import Options, choice
from memos.interface.memreader.dialogue.phrases import NUMBERS, Token, content, tokens
from memos.interface.memreader.dialogue.pronouns import fixed_it, pronominal_that, stands_for_time
from memos.interface.memreader.dialogue.referents import Referent, referents, times
from memos.interface.memreader.dialogue.ranking import Asked, sought
from memos.interface.memreader.dialogue.senses import wanted
from memos.interface.memreader.dialogue.sight import Sight
from memos.interface.memreader.dialogue.talk import Fits, Talk, finite
from memos.memcube.reading import Slot, Unresolved
from memos.operation.memoperator.gazetteer import gazetteer

_HE = {"he": "m", "him": "m", "his": "m", "himself": "m", "she": "f", "her": "f", "hers": "f", "herself": "f"}
_THEY = frozenset({"they", "them", "their", "theirs", "they're", "they've", "they'd", "they'll", "these", "those"})
_OWN = frozenset({"his", "their", "its", "hers", "theirs"})
_CONTRACTED = re.compile(r"^(he|she|it|they|that|there)('s|'d|'ll|'re|'ve)$")
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
_AGREEING = frozenset({"ok", "okay", "please", "then", "and", "now"})
_CLAUSE = lex.CONJUNCTIONS | {",", ";", ".", "!", "?", ":"}
_SHORT = "it's it'd it'll he's he'd he'll she's she'd she'll that's one two three four"
_TRIGGERS = frozenset(
    {
        *_HE,
        *_THEY,
        *_SHORT.split(),
        *["either", "neither", "each", "it", "its", "itself", "mine", "ours", "that", "this", "the", "such", "there", "then", "both", "all", "which", "what", "option", "number"],
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
    two = words[at].low == "the" and word_at(words, at) == "two" and word_at(words, at, 2) == "of" and word_at(words, at, 3) == "them"
    if two and (pair := sight.talk.persons()):
        return 4, edit_of(words, at, 4, pair), None
    if words[at].low == "both" and word_at(words, at) == "of" and word_at(words, at, 2) in {"them", "those", "these"}:
        found = sight.talk.persons() if word_at(words, at, 2) == "them" else sight.talk.both()
        return 3, (edit_of(words, at, 3, found) if found else None), None
    if words[at].low == "all" and word_at(words, at) in NUMBERS:
        return all_of(words, at, sight.options)
    if words[at].low == "which" and at <= 1 and word_at(words, at) in lex.AUXILIARIES | lex.IRREGULAR:
        return _which_of(words, at, sight.talk)
    if words[at].low in {"either", "neither", "each"} and word_at(words, at) in {"", "?", ".", "!", "yet"} and (group := sight.talk.both()):
        edit = edit_of(words, at, 1, group)
        edit.text = f"{words[at].text} of {edit.text}"
        return 1, edit, None
    if words[at].low == "both" and (pair_of := both_nouns(words, at, sight.talk)):
        return pair_of
    if words[at].low in {"mine", "ours"} and (owned := own_one(words, at, sight.talk)):
        return owned
    low, rest = _parted(words[at].low, word_at(words, at))
    if low in _HE:
        return 1, *_person(sight, at, low, rest)
    if low in {"they", "them", "their", "theirs"} or (low == "both" and word_at(words, at) in {"", "with", "to", "?", ".", "!"}):
        return 1, *_many(sight, at, low, rest)
    if low in {"it", "its", "itself"}:
        return 1, *_thing(sight, at, low, rest)
    if low in {"that", "this", "those", "these", "the", "such"}:
        return _pointing(words, at, rest, sight.talk)
    if low in {"there", "then"}:
        return 1, *where_or_when(sight, at, low, rest)
    return 1, None, None


def _which_of(words: Sequence[Token], at: int, talk: Talk) -> Step:
    """What "which is late?" chooses from: what was asked for, or what was listed."""
    listed = talk.best(lambda each: each.plural and (" and " in each.value or " or " in each.value), far=0)
    found = listed or talk.best(lambda each: each.plural and each.kind not in {"person", "name"}, far=2, asked=Asked(0, handled=True))
    if found is None or found.rival is not None:
        return 1, None, None
    edit = edit_of(words, at, 1, found)
    edit.text = f"{words[at].text} of {edit.text}"
    return 1, edit, None


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
        found = found or next(iter(sight.talk.company() or ()), None)
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
    found = found or sight.talk.best(fits, asked=sought(sight.words, at)) or (sight.talk.statement() if sight.words[0].low in lex.COMMANDS | _AGREEING else None)
    return outcome(sight.words, at, found, "thing", own=low == "its", rest=rest)


def _told_here(words: Sequence[Token], at: int) -> bool:
    """Whether the same utterance says before a "that" what it stands for."""
    ends = [i for i, word in enumerate(words[:at]) if word.low in {",", ".", ";", ":", "!"}]
    return bool(ends) and sum(map(content, words[: ends[-1]])) > 1 and sum(map(content, words[ends[-1] : at])) <= 1


def _pointing(words: Sequence[Token], at: int, rest: str, talk: Talk) -> Step:
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
    if low == "that" and (edit := _said_before(words, at, talk)) is not None:
        return 1, edit, None
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
    moment, event = talk.time(), talk.event()
    if event is not None and (moment is None or event[1] > moment.clock):
        return 1, edit_of(words, at, 1, event[0], "time"), None
    if moment is None:
        return 1, None, Unresolved(kind="time", text=words[at].text, reason="nothing before it names the time that it stands for")
    return 1, time_edit(words, at, 1, moment.span.bare, moment), None


def _things(low: str, talk: Talk, asked: Asked) -> Found | None:
    many = low in {"those", "these"}
    found = talk.best(lambda each: each.kind not in {"person", "name"} and (each.plural or not many), asked=asked)
    return talk.best(lambda each: each.kind not in {"person", "name"}, asked=asked) if many and found is None else found

"""Sets: what "both", "all three", "either", "which" and "mine" choose from what was spoken of before."""

from __future__ import annotations

from collections.abc import Sequence

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.edits import Step, edit_of, word_at
from memos.interface.memreader.dialogue.nouns import all_of, both_nouns, own_one
from memos.interface.memreader.dialogue.phrases import NUMBERS, Token
from memos.interface.memreader.dialogue.ranking import Asked
from memos.interface.memreader.dialogue.sight import Sight
from memos.interface.memreader.dialogue.talk import Talk


def several_of(sight: Sight, at: int) -> Step | None:
    """What words that choose of several stand for; None where they are none."""
    words = sight.words
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
    return None


def _which_of(words: Sequence[Token], at: int, talk: Talk) -> Step:
    """What "which is late?" chooses from: what was asked for, or what was listed."""
    listed = talk.best(lambda each: each.plural and (" and " in each.value or " or " in each.value), far=0)
    found = listed or talk.best(lambda each: each.plural and each.kind not in {"person", "name"}, far=2, asked=Asked(0, handled=True))
    if found is None or found.rival is not None:
        return 1, None, None
    edit = edit_of(words, at, 1, found)
    edit.text = f"{words[at].text} of {edit.text}"
    return 1, edit, None

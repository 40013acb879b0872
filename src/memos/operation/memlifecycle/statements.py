"""Statements: a text read once, sentence by sentence, into units that can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from memos.operation.memlifecycle.grammar import ABBREVIATED, SENTENCE_ENDS, denies
from memos.operation.memlifecycle.reading import Draft, Reading, Statement, Unit
from memos.operation.memlifecycle.sentences import read_sentence
from memos.operation.memlifecycle.words import Lexicon, lexicon, tokens

MOST_IN_UNIT = 18
"""Sentences are compared together while they have no more content words than that."""
MOST_TOKENS = 400
"""What stands after so many words of a text is not read."""

_QUOTES = frozenset('"“”')
_LONG_WORD = 4


def prepare(statement: Statement) -> Reading:
    """Read a statement once, so that it can be judged against many."""
    words = lexicon()
    name = (statement.speaker or "").lower().split()
    me = name[0] if name else ""
    found = tokens(statement.text)[:MOST_TOKENS]
    units: list[Unit] = []
    draft = Draft(words, me)
    for sentence in _sentences(found):
        if draft.sentences and len(draft.signs) + sum(len(token) >= _LONG_WORD for token, _ in sentence) > MOST_IN_UNIT:
            units.append(_close(draft, units))
            draft = Draft(words, me)
        read_sentence(draft, sentence)
    if draft.sentences:
        units.append(_close(draft, units))
    return Reading(
        statement=statement,
        units=tuple(units),
        stems=frozenset[str]().union(*(unit.signs for unit in units)),
        people=frozenset[str]().union(*(unit.people for unit in units)),
        exact=_exact(words, found),
    )


def _close(draft: Draft, units: Sequence[Unit]) -> Unit:
    return draft.unit(units[-1].people if units else frozenset({draft.me} - {""}))


def _sentences(found: Sequence[str]) -> Iterator[list[tuple[str, bool]]]:
    """The tokens of each sentence, each with whether it is quoted; the quotation marks are left out."""
    quoted = False
    sentence: list[tuple[str, bool]] = []
    for place, word in enumerate(found):
        if word in _QUOTES:
            quoted = word == "“" or (word == '"' and not quoted)
            continue
        sentence.append((word, quoted))
        if word in SENTENCE_ENDS and not (word == "." and place and found[place - 1].lower() in ABBREVIATED):
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _is_plain(words: Lexicon, found: Sequence[str], low: Sequence[str], place: int) -> bool:
    """Whether a capitalised word is no name: a function word, or a known word that begins a sentence."""
    begins = not place or found[place - 1] in SENTENCE_ENDS or found[place - 1] in _QUOTES
    return low[place] in words.stop or (begins and low[place] in words.known)


def _exact(words: Lexicon, found: Sequence[str]) -> tuple[frozenset[str], frozenset[str], int]:
    low = tuple(token.lower().replace("’", "'") for token in found)
    capital = frozenset(low[i] for i, token in enumerate(found) if token[0].isupper() and not _is_plain(words, found, low, i))
    numbers = frozenset(token for token in low if token[0].isdigit() or token.partition("-")[0] in words.numbers)
    return capital, numbers, sum(denies(low, place) for place in range(len(low)))

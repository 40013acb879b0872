"""Slots: "X is Y", "X in Y" and "the Z of X", so that values of the same slot, and things of different kinds, can be told apart."""

from __future__ import annotations

from memos.operation.memlifecycle.grammar import (
    AFTER_CONTRACTED_COPULA,
    COPULAS,
    DETERMINERS,
    MODIFIER_AFTER,
    VALUE_AFTER,
)
from memos.operation.memlifecycle.reading import Draft

_MOST_WORDS_OF_A_KEY = 4


def read_slots(draft: Draft, low: tuple[str, ...], stems: tuple[str, ...]) -> None:
    """Add the slots of a sentence: stems before its first copula → what follows, and stem with preposition → what follows."""
    stop = draft.lexicon.stop
    content = [bool((stem and low[place] not in stop) or low[place][0].isdigit()) for place, stem in enumerate(stems)]
    _read_copula(draft, low, stems, content)
    for place in range(1, len(low) - 1):
        if low[place] in VALUE_AFTER and content[place - 1] and stems[place - 1]:
            after = next((i for i in range(place + 1, min(place + 4, len(low))) if content[i]), None)
            if after is not None:
                draft.slots.setdefault(frozenset({stems[place - 1], "+" + low[place]}), frozenset({stems[after] or low[after]}))


def _read_copula(draft: Draft, low: tuple[str, ...], stems: tuple[str, ...], content: list[bool]) -> None:
    for place, token in enumerate(low):
        follows = low[place + 1] if place + 1 < len(low) else ""
        contracted = token.endswith("'s") and token not in draft.lexicon.stop and follows in AFTER_CONTRACTED_COPULA
        if token in COPULAS or contracted:
            key = frozenset(stems[i] for i in range(place + (token not in COPULAS)) if content[i] and stems[i])
            value = frozenset(stems[i] or low[i] for i in range(place + 1, len(low)) if content[i])
            if key and value and len(key) <= _MOST_WORDS_OF_A_KEY:
                draft.slots.setdefault(key, value)
            return


def read_modifiers(draft: Draft, low: tuple[str, ...], stems: tuple[str, ...]) -> None:
    """Add what qualifies each noun: the word before it ("bike shed", "the gym's sauna") or after "of" and the like."""
    words = draft.lexicon
    noun = [bool(stem) and low[i] not in words.stop and low[i] not in words.numbers for i, stem in enumerate(stems)]
    for place in range(1, len(low)):
        if not noun[place]:
            continue
        if noun[place - 1] and (low[place - 1].endswith("'s") or _qualifies(draft, low[place - 1], stems[place - 1])):
            draft.modifiers.setdefault(stems[place], set()).add(stems[place - 1])
        link = place - 1
        while link > 0 and low[link] in DETERMINERS:
            link -= 1
        if link > 0 and low[link] in MODIFIER_AFTER and noun[link - 1]:
            named = low[link] in ("of", "for") or link == 1 or low[link - 2] in DETERMINERS
            if named:
                draft.modifiers.setdefault(stems[link - 1], set()).add(stems[place])


def _qualifies(draft: Draft, token: str, stem: str) -> bool:
    return stem not in draft.lexicon.weak and not (len(token) > 4 and token.endswith(("ed", "ing", "s")))

"""Translation: the time words of another language as the words of the English grammar, each at its place in the text.

What a language says of time is a few phrases; they become English tokens that stand where the phrase stands, and all other words become
words that mean nothing. So one grammar computes, whatever the language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from memos.interface.memreader.times.tokens import READ_AT_MOST, Token, tokens_of

NOTHING = "·"
Phrase = tuple[str, str | Callable[[dict[str, str]], str]]
"""A pattern with named groups, and the English words, in which a group in braces stands for its translation."""


@dataclass(frozen=True, slots=True)
class Translator:
    """Phrases of a language, the first that fits at a place is taken, and what the words in their groups mean."""

    pattern: re.Pattern[str]
    phrases: tuple[tuple[re.Pattern[str], str | Callable[[dict[str, str]], str]], ...]
    means: Callable[[str, str], str]
    """(group, words) → English."""

    @classmethod
    def of(cls, phrases: tuple[Phrase, ...], pieces: dict[str, str], means: Callable[[str, str], str]) -> Translator:
        """A translator; `<name>` in a pattern stands for the piece of that name, as a group."""

        def filled(pattern: str, *, named: bool) -> str:
            for name, piece in pieces.items():
                pattern = pattern.replace(f"<{name}>", f"(?P<{name}>{piece})" if named else f"(?:{piece})")
            return pattern if named else re.sub(r"\(\?P<\w+>", "(?:", pattern)

        every = re.compile("|".join(f"(?P<r{k}>{filled(pattern, named=False)})" for k, (pattern, _) in enumerate(phrases)))
        single = tuple((re.compile(filled(pattern, named=True)), english) for pattern, english in phrases)
        return cls(every, single, means)

    def tokens(self, text: str) -> list[Token]:
        """The tokens of a text for the English grammar."""
        found: list[Token] = []
        read, at = text[:READ_AT_MOST].lower(), 0
        if len(read) != len(text[:READ_AT_MOST]):
            return tokens_of(text)
        for match in self.pattern.finditer(read):
            found.extend(self._between(text, at, match.start()))
            found.extend(self._english(match))
            at = match.end()
        return [*found, *self._between(text, at, len(read))]

    def _between(self, text: str, start: int, end: int) -> Iterator[Token]:
        """What no phrase covers: its numbers and marks count, its words do not."""
        for token in tokens_of(text[start:end]):
            moved = token._replace(start=token.start + start, end=token.end + start)
            yield moved._replace(low=NOTHING, raw=NOTHING) if token.kind == "word" else moved

    def _english(self, match: re.Match[str]) -> Iterator[Token]:
        number = int((match.lastgroup or "r0")[1:])
        pattern, english = self.phrases[number]
        inner = pattern.match(match.string, match.start(), match.end())
        groups = {name: self.means(name, words) for name, words in (inner.groupdict() if inner else {}).items() if words is not None}
        words = english(groups) if callable(english) else english.format(**groups)
        for token in tokens_of(words):
            yield token._replace(start=match.start(), end=match.end())

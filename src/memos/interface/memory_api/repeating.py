"""Repeating: the answers of models that were kept and say words of what is erased, for who erases to know of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from memos.interface.memory_api.desk import Work
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.legal import same_fact

ANSWERS = Filter.parse({"role": "assistant", "metadata.context": {"exists": True}})
LATEST = 1000
"""So many answers are looked through, the latest."""
RUN = 5
"""So many words in a row are no chance; of a shorter text all of them."""
LEAST = 2
_WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|(?:(?![\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])\w)+")
Words = tuple[str, ...]


def repeating(work: Work, going: Iterable[MemCube], grant: Filter) -> list[str]:
    """The answers, as far as a grant shows them, that stay and say several words in a row as what goes says them; by id."""
    gone = list(going)
    runs = {run for cube in gone if cube.text for run in _runs(_words(cube.text))}
    if not runs:
        return []
    kept = work.view.find(ANSWERS, grant=grant, now=work.now, order="said_at", descending=True, limit=LATEST).cubes
    ids, lengths = {cube.id for cube in gone}, sorted({len(run) for run in runs})
    answers = ((cube.id, _words(cube.text)) for cube in kept if cube.id not in ids)
    return sorted(cube_id for cube_id, words in answers if any(not runs.isdisjoint(_runs(words, length)) for length in lengths))


def _words(text: str) -> Words:
    """The words of a text, folded; of scripts that write no spaces its characters."""
    return tuple(_WORDS.findall(same_fact(text)))


def _runs(words: Words, length: int = RUN) -> Iterator[Words]:
    """All runs of so many words; of fewer words these."""
    if len(words) >= LEAST:
        yield from (words[start : start + length] for start in range(max(1, len(words) - length + 1)))

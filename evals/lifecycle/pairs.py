"""Pairs of memories to judge: the labelled ones, and each turn of a talk with the earlier turns that are nearest to it by words."""

import gzip
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from memos.operation.memlifecycle.reading import Reading, Statement
from memos.operation.memlifecycle.statements import prepare
from memos.operation.memlifecycle.words import lexicon

DATA = Path(__file__).resolve().parents[1] / "data"
NEAREST = 8
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


@dataclass(frozen=True)
class TalkPair:
    """An earlier and a later turn of a talk, and their readings."""

    talk: str
    earlier: Mapping
    later: Mapping
    old: Reading
    new: Reading


def load_pairs(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def statement(half: Mapping) -> Statement:
    """One half of a labelled pair."""
    return Statement(half["text"], half["speaker"], datetime.fromisoformat(half["at"]))


def load_talks(paths: Sequence[Path]) -> list[dict]:
    """Conversations in the format of harbour.json."""
    stored = ((path, path.read_bytes()) for path in paths)
    return [talk for path, found in stored for talk in json.loads(gzip.decompress(found) if path.suffix == ".gz" else found)]


def talk_pairs(paths: Sequence[Path]) -> Iterator[TalkPair]:
    """Each turn with its nearest earlier ones."""
    for talk in load_talks(paths):
        turns = talk["turns"]
        readings = [prepare(Statement(turn["text"], turn["speaker"], datetime.fromisoformat(turn["date"]))) for turn in turns]
        for later, found in enumerate(nearest([turn["text"] for turn in turns])):
            for earlier in found:
                yield TalkPair(talk["id"], turns[earlier], turns[later], readings[earlier], readings[later])


def nearest(texts: Sequence[str]) -> Iterator[list[int]]:
    """For each text the places of the earlier ones with the highest cosine of tf-idf."""
    words = lexicon()
    counts = [Counter(words.stems[word] for word in _WORD.findall(text.lower()) if word not in words.stop) for text in texts]
    frequency = Counter(term for count in counts for term in count)
    postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for place, count in enumerate(counts):
        vector = {term: (1 + math.log(times)) * math.log(len(texts) / frequency[term] + 0.1) for term, times in count.items()}
        norm = math.sqrt(sum(value * value for value in vector.values())) or 1.0
        scores: dict[int, float] = Counter()
        for term, value in vector.items():
            for earlier, weight in postings[term]:
                scores[earlier] += weight * value / norm
            postings[term].append((place, value / norm))
        yield sorted(scores, key=lambda earlier: (-scores[earlier], earlier))[:NEAREST]

"""Labelled texts, split by a hash of the text: two thirds to tune on, a third held out; and the figures of the predictions on them."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from memos.operation.memoperator.credibility import LEVELS, credibility
from memos.operation.memoperator.kinds import ASKS, kind
from memos.operation.memoperator.sentiment import sentiment
from memos.operation.memoperator.utterance import read

DATA = Path(__file__).resolve().parents[1] / "data" / "structure"


class Label(NamedTuple):
    """A text with what a person says of it; None where nothing is to be said."""

    text: str
    topic: str | None
    sentiment: str
    credibility: str | None
    kind: str


def labels() -> list[Label]:
    """The texts that were written to be labelled."""
    return [Label(**row) for row in _rows("texts")]


def talk() -> list[Label]:
    """Turns of the shipped conversations, which somebody else wrote for another purpose; nobody tunes on them."""
    conversations = json.loads((DATA.parent / "harbour.json").read_text(encoding="utf-8"))
    said = {turn["id"]: turn["text"] for each in conversations for turn in each["turns"]}
    return [Label(said[row.pop("turn")], **row) for row in _rows("talk")]


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def held_out(text: str) -> bool:
    """Whether a text belongs to the third that nobody tunes on."""
    return hashlib.sha256(text.encode()).digest()[0] % 3 == 0


def parts(found: Iterable[Label]) -> dict[str, list[Label]]:
    """The two parts: `tuned` and `unseen`."""
    told = list(found)
    return {"tuned": [each for each in told if not held_out(each.text)], "unseen": [each for each in told if held_out(each.text)]}


def macro_f1(wanted: Sequence[str], given: Sequence[str]) -> float:
    """The mean over the classes that are wanted of the harmonic mean of precision and recall."""
    hits = Counter(one for one, other in zip(wanted, given, strict=True) if one == other)
    scores = [2 * hits[each] / (Counter(wanted)[each] + Counter(given)[each]) for each in sorted(set(wanted))]
    return sum(scores) / len(scores)


def accuracy(wanted: Sequence[str], given: Sequence[str]) -> float:
    """The share that is equal."""
    return sum(one == other for one, other in zip(wanted, given, strict=True)) / len(wanted)


def order_agreement(wanted: Sequence[str], given: Sequence[str]) -> float:
    """Of the pairs that people order, the share ordered alike; a tie counts half (the C index, Harrell 1982)."""
    pairs = [(one, other) for one, other in combinations(zip(wanted, given, strict=True), 2) if one[0] != other[0]]
    points = 0.0
    for (a, x), (b, y) in pairs:
        if x == y:
            points += 0.5
        else:
            points += (LEVELS.index(a) < LEVELS.index(b)) is (LEVELS.index(x) < LEVELS.index(y))
    return points / len(pairs)


def figures(found: Sequence[Label]) -> dict[str, Any]:
    """What the predictions reach on some texts."""
    read_all = [read(each.text) for each in found]
    kinds = [kind(each)[0] for each in read_all]
    feelings = [sentiment(each.text, asks=told in ASKS)[0] for each, told in zip(found, kinds, strict=True)]
    claims = [(each.credibility, credibility(said)[0]) for each, said in zip(found, read_all, strict=True) if each.credibility is not None]
    levels = [one for one, _ in claims], [other for _, other in claims]
    standing = [each.kind in {"instruction", "preference"} for each in found], [each in {"instruction", "preference"} for each in kinds]
    return {
        "texts": len(found),
        "sentiment accuracy": accuracy([each.sentiment for each in found], feelings),
        "sentiment macro F1": macro_f1([each.sentiment for each in found], feelings),
        "kind accuracy": accuracy([each.kind for each in found], kinds),
        "kind macro F1": macro_f1([each.kind for each in found], kinds),
        "standing F1": _f1(*standing),
        "credibility texts": len(claims),
        "credibility accuracy": accuracy(*levels),
        "credibility order": order_agreement(*levels),
    }


def _f1(wanted: Sequence[bool], given: Sequence[bool]) -> float:
    hits = sum(one and other for one, other in zip(wanted, given, strict=True))
    return 2 * hits / (sum(wanted) + sum(given))


def pair_f1(wanted: Sequence[str], given: Sequence[str | None]) -> float:
    """Over all pairs of texts: whether both have one topic, as people say and as is predicted."""
    both = either = 0
    for (a, x), (b, y) in combinations(zip(wanted, given, strict=True), 2):
        alike, together = a == b, x is not None and x == y
        both += alike and together
        either += alike + together
    return 2 * both / either


def topic_figures(found: Sequence[Label], topics: Sequence[str | None]) -> dict[str, float]:
    """What predicted topics reach; a predicted topic means the theme that most of its members have.

    `unseen macro F1` counts the held-out texts alone, among all the others, and takes the meaning of the topics from the others.
    """
    told = [(each.text, each.topic, topic) for each, topic in zip(found, topics, strict=True) if each.topic is not None]
    wanted, given = [theme for _, theme, _ in told], [topic for _, _, topic in told]
    others = [(theme, topic) for text, theme, topic in told if not held_out(text)]
    unseen = [(theme, topic) for text, theme, topic in told if held_out(text)]
    everything, seen = _meanings(zip(wanted, given, strict=True)), _meanings(others)
    return {
        "topic texts": len(told),
        "topic macro F1": macro_f1(wanted, [everything.get(topic, "") for topic in given]),
        "topic unseen macro F1": macro_f1([theme for theme, _ in unseen], [seen.get(topic, "") for _, topic in unseen]),
        "topic pair F1": pair_f1(wanted, given),
    }


def _meanings(pairs: Iterable[tuple[str, str | None]]) -> dict[str | None, str]:
    counts: dict[str | None, Counter[str]] = {}
    for theme, topic in pairs:
        if topic is not None:
            counts.setdefault(topic, Counter())[theme] += 1
    return {topic: count.most_common(1)[0][0] for topic, count in counts.items()}

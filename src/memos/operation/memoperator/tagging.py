"""Tagging: what is predicted of one memory, as tags with a confidence: its kind, its sentiment, its source, its credibility.

Everything is told by rules and a lexicon, in English, with no model; what says nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from memos.memcube.cube import Tag
from memos.memcube.value import trusted
from memos.operation.memoperator.anchors import anchors
from memos.operation.memoperator.credibility import credibility
from memos.operation.memoperator.kinds import ASKS, STANDING, kind
from memos.operation.memoperator.sentiment import sentiment
from memos.operation.memoperator.utterance import read

Source = Literal["told", "assistant", "hearsay", "derived", "imported", "document"]
SOURCES: tuple[str, ...] = get_args(Source)
"""Who vouches for a memory: who wrote it, an assistant, somebody whom the text quotes, the memories that it was made of, another store, a
document."""
SINGLE = frozenset({"kind", "sentiment", "source", "credibility", "topic"})
"""Names of which a memory has one predicted value: a user's own tag of the name, whatever its value, stands in its place."""
TOPIC = "topic"
"""The one tag that is predicted of a memory among others, by the worker, and not of its text alone."""
PLACE = (TOPIC, "concept", "fact")
"""The names of the tags that say where a memory stands in its namespace's hierarchy; a query's path reads them."""


def predicted(text: str, source: Source, names: Iterable[tuple[str, float]] = ()) -> tuple[Tag, ...]:
    """The tags of a text, of which search may know all; `source` is what its provenance and its speaker tell.

    `names` are those of the entities that it mentions, each with a confidence.
    """
    entities = tuple(_tag("entity", name, sure) for name, sure in names)
    utterance = read(text)
    if not utterance.words:
        return entities
    does, sure = kind(utterance)
    if source in {"assistant", "document"} and does in STANDING:
        does, sure = "fact", 0.5  # what a machine, or a document, likes or orders is nothing for a user to be held to
    tags = [_tag("kind", does, sure)]
    if does not in ASKS and does != "chat":
        tags.append(_tag("credibility", *credibility(utterance)))
    if does != "chat" or len(utterance.words) > 1:
        tags.append(_tag("sentiment", *sentiment(utterance.text, asks=does in ASKS)))
    quoted = source in {"told", "assistant"} and utterance.reported
    tags.append(_tag("source", "hearsay" if quoted else source, 0.8 if quoted else 0.9))
    tags += [_tag("anchor", name, surely) for name, surely in anchors(utterance)]
    return (*tags, *entities)


def joined(own: Iterable[Tag], found: Iterable[Tag]) -> tuple[Tag, ...]:
    """The tags of a memory: a user's own first, then what is predicted and not said by them already, in another way perhaps."""
    given = tuple(own)
    names, keys = {tag.name for tag in given} & SINGLE, {tag.key for tag in given}
    return (*given, *(tag for tag in found if tag.key not in keys and tag.name not in names))


def _tag(name: str, value: str, confidence: float) -> Tag:
    return trusted(Tag, {"name": name, "value": value, "by": "predicted", "confidence": confidence})

"""Entities: the people, places, organisations, works and other things that a text names, by capitals and by the words beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from memos.memcube.normal import normalised
from memos.operation.memoperator.analysis import personal_name
from memos.operation.memoperator.gazetteer import Gazetteer, gazetteer
from memos.operation.memoperator.name_kinds import Surroundings, judge
from memos.operation.memoperator.naming import Run, bare, runs

KINDS = ("person", "place", "organisation", "work", "thing")
"""What a mention may be of; a `thing` is what nothing tells more of."""
MOST = 64
"""How many different names one text has at most; the rest is left out."""
READ = 1500
"""How much of a text is read for names."""

_QUOTED = re.compile(
    r"[\"“]([^\"“”\n]{2,80})[\"”]|(?<!\w)['‘]([^\W\d_a-z][^'’\n]{1,60})['’](?!\w)|(?<!\w)[*_]([^\W\d_a-z][^*_\n]{1,80})[*_](?!\w)"
)
_MARK = re.compile(r"\[[A-Z_ ]{2,40}\]")
"""What stands in the place of what a reader may not see."""
_HANDLE = re.compile(r"(?<![\w@.])@([A-Za-z_]\w{1,38})\b(?!\.\w)")
_SMALL = frozenset(
    ("a", "an", "and", "as", "at", "but", "by", "for", "from", "in", "into", "of", "on", "or", "the", "to", "vs", "with", "de", "la")
)


class Mention(NamedTuple):
    """A name in a text: in its normal form, of one of the KINDS, and how sure that is, in (0, 1]."""

    name: str
    kind: str
    confidence: float


def mentions(text: str, speaker: str | None) -> tuple[Mention, ...]:
    """The different names of a text in the order in which they first stand there, after its speaker's.

    Names are NFC, without possessive and article, spelt as they are written. A speaker such as "user" is nobody.
    """
    found: dict[str, Mention] = {}
    if speaker and personal_name(speaker):
        _add(found, Mention(clean(speaker), "person", 1.0))
    if text:
        for _, mention in sorted(_named(normalised("NFC", text[:READ]).replace("’", "'")), key=lambda each: each[0]):
            _add(found, mention)
    return tuple(found.values())[:MOST]


def hidden(name: str) -> bool:
    """Whether a name is the mark of what its reader may not see."""
    return bool(_MARK.search(name))


@lru_cache(maxsize=20_000)
def kind_of(name: str) -> str:
    """The kind that a name shows by itself, `thing` for none."""
    words, text = gazetteer(), f"a {name} b"
    run = next(iter(runs(words, text)), None)
    if run is None or run.end - run.start != len(name):
        return "person" if name.startswith("@") else "thing"
    kind, confidence = judge(words, run, Surroundings(text, run))
    return kind if confidence else "thing"


def clean(name: str) -> str:
    """A name in its normal form: NFC, plain apostrophes, single spaces, no possessive."""
    return bare(" ".join(normalised("NFC", name).replace("’", "'").split()))


def _add(found: dict[str, Mention], mention: Mention) -> None:
    standing = found.get(mention.name)
    if standing is None or mention.confidence > standing.confidence:
        found[mention.name] = mention


def _named(text: str) -> Iterator[tuple[int, Mention]]:
    words, covered = gazetteer(), [mark.span() for mark in _MARK.finditer(text)]
    for title in _QUOTED.finditer(text):
        if mention := _work(words, text, title):
            covered.append(title.span())
            yield title.start(), mention
    if "@" in text:
        for handle in _HANDLE.finditer(text):
            covered.append(handle.span())
            yield handle.start(), Mention("@" + handle[1], "person", 0.7)
    for run in runs(words, text):
        if not any(start <= run.start < end for start, end in covered) and (mention := _mention(words, text, run)):
            yield run.start, mention


def _mention(words: Gazetteer, text: str, run: Run) -> Mention | None:
    kind, confidence = judge(words, run, Surroundings(text, run))
    if not confidence:
        return None
    name = run.name
    if kind != "work" and name.startswith("The "):
        name = name[4:]
    return Mention(name, kind, confidence) if name else None


def _work(words: Gazetteer, text: str, title: re.Match[str]) -> Mention | None:
    """The work that a text in quotation marks is the title of, if it is one."""
    inside = (title[1] or title[2] or title[3]).strip().rstrip(".,!?;:")
    parts = inside.split()
    if not parts or not parts[0][0].isupper() or len(parts) > 9 or (len(parts) > 1 and inside.isupper()):
        return None
    before = re.findall(r"[\w']+", text[max(0, title.start() - 48) : title.start()].lower())[-5:]
    cued = not words.works.isdisjoint(before) or text[title.end() : title.end() + 4].lower() == " by "
    titled = all(part[0].isupper() or part.lower() in _SMALL or part[0].isdigit() for part in parts)
    if cued and (titled or len(parts) <= 4):
        return Mention(inside, "work", 0.95 if titled else 0.75)
    return Mention(inside, "work", 0.7) if titled and len(parts) > 1 else None

"""Likeness: how far two names, as they are written, may be names of one entity."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from memos.operation.memoperator.analysis import fold
from memos.operation.memoperator.gazetteer import first_names, gazetteer, other_names

_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*")
_SMALL = frozenset({"of", "the", "and", "de", "da", "do", "du", "la", "le", "for", "a", "an"})
_WRITTEN_OUT = {"st": "saint", "mt": "mount", "prof": "professor", "dr": "doctor", "dept": "department", "univ": "university"}
_LEGAL = frozenset({"inc", "ltd", "llc", "corp", "corporation", "company", "plc", "gmbh", "co", "group", "holdings"})
_OTHER_SEX = (
    frozenset({"mr", "sir", "lord", "king", "prince", "uncle", "father"}),
    frozenset({"mrs", "ms", "miss", "lady", "queen", "princess", "aunt", "auntie", "sister"}),
)
_SHORT = 5
"""A short form that no list knows has so many letters at most."""


class Likeness(NamedTuple):
    """How likely two names are one entity's, by how they are written, and why. `partial` evidence must not be ambiguous."""

    score: float
    why: str
    partial: bool = False


class Written(NamedTuple):
    """A name taken apart."""

    name: str
    words: tuple[str, ...]
    titles: tuple[str, ...]
    core: tuple[str, ...]
    joined: str
    capitals: str


NONE = Likeness(0.0, "")


@lru_cache(maxsize=20_000)
def written(name: str) -> Written:
    """A name taken apart: folded words, honorifics in front, what is left of them, all letters in one, and its capitals."""
    words = tuple(_WRITTEN_OUT.get(word, word) for word in (each.replace(".", "") for each in _WORD.findall(fold(name.replace("'", "")))))
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    honorifics = gazetteer().honorifics
    place = 0
    while place < len(words) - 1 and words[place] in honorifics and words[place] != "saint":
        place += 1
    capitals = "".join(filter(str.isupper, name))
    return Written(name, words, words[:place], words[place:], "".join(words), capitals)


@lru_cache(maxsize=20_000)
def keys(name: str, kind: str) -> frozenset[str]:
    """Under which a name is found by those it may be one with: two names with no key in common are unlike."""
    parts, known = written(name), first_names()
    found = {parts.joined.lstrip("@"), other_names().get(name.lower(), name.lower())}
    for word in parts.core:
        found |= {word[:3], f"~{sound(word)}"}
        found.update(f"={full.lstrip('=')}" for full in known.get(word, ()))
    found |= {f"!{each}" for each in initials(parts)}
    if len(parts.words) == 1 and len(name) <= _SHORT + 1 and sum(map(str.isupper, name)) > 1:
        found.add(f"!{parts.joined}")
    if kind != "person" and len(parts.words) > 1:
        found |= {word[:3] for word in parts.words}
    return frozenset(found)


def initials(parts: Written) -> set[str]:
    """What an acronym of a name may be."""
    words = [word for word in parts.words if word]
    return {"".join(word[0] for word in words), "".join(word[0] for word in words if word not in _SMALL)} if len(words) > 1 else set()


@lru_cache(maxsize=20_000)
def sound(word: str) -> str:
    """A word without what spellings of one name differ in: doubled letters, c and k, ph and f, y and i, a mute h."""
    plain = word.replace("ph", "f").replace("ck", "k").replace("y", "i").replace("c", "k").replace("z", "s").replace("q", "k")
    plain = plain[:1] + plain[1:].replace("h", "")
    return re.sub(r"(.)\1+", r"\1", plain)


def forget() -> None:
    """Forget the names that were met."""
    written.cache_clear()
    keys.cache_clear()
    sound.cache_clear()


def likeness(one: str, other: str, kind: str) -> Likeness:
    """How far two names of compatible kinds are alike; `kind` is that of the more certain."""
    a, b = written(one), written(other)
    if a.joined == b.joined or fold(one) == fold(other):
        return Likeness(0.97, "the same letters")
    known = other_names()
    if known.get(one.lower(), "1") == known.get(other.lower(), "2"):
        return Likeness(0.93, "known names of one place")
    if "@" in (one[0], other[0]):
        return _handle(a, b)
    short, full = (a, b) if len(a.words) <= len(b.words) else (b, a)
    if len(short.words) == 1 and len(full.words) > 1 and short.joined in initials(full) and len(short.capitals) > 1 and kind != "person":
        return Likeness(0.86, "its initials")
    return _people(a, b) if kind == "person" else _others(short, full, kind)


def _handle(a: Written, b: Written) -> Likeness:
    one, other = (re.sub(r"[\d_]", "", each.joined.lstrip("@")) for each in (a, b))
    if one == other:
        return Likeness(0.85, "a handle of the same letters")
    whole = max((a, b), key=lambda each: len(each.core)).core
    return Likeness(0.7, "a handle that begins like the name", partial=True) if whole and min(one, other, key=len) == whole[0] else NONE


def _people(a: Written, b: Written) -> Likeness:
    if _at_odds(a.titles, b.titles):
        return NONE
    if a.core == b.core:
        if len(a.core) == 1 and a.titles and b.titles:
            return Likeness(0.75, "the same name under another title", partial=True)
        return Likeness(0.95 if len(a.core) > 1 else 0.78, "the same name without its title", partial=len(a.core) == 1)
    if len(a.core) == len(b.core) == 1:
        return NONE if a.titles and b.titles else first(a.core[0], b.core[0])
    short, full = (a, b) if len(a.core) < len(b.core) else (b, a)
    if len(short.core) == 1:
        return _one_word(short, full)
    return _two_words(short, full)


def _at_odds(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    him, her = _OTHER_SEX
    return bool((him.intersection(one) and her.intersection(other)) or (her.intersection(one) and him.intersection(other)))


def _one_word(short: Written, full: Written) -> Likeness:
    """One word against a name of several: the first name, a form of it, or the family name."""
    word = short.core[0]
    if word == full.core[-1]:
        return Likeness(0.76 if short.titles else 0.72, "the family name", partial=True)
    if short.titles and short.titles[0] not in {"uncle", "aunt", "auntie", "grandma", "grandpa", "sister", "brother"} | {"saint"}:
        return NONE
    if word == full.core[0]:
        return Likeness(0.76, "the first name", partial=True)
    form = first(word, full.core[0])
    return Likeness(form.score * 0.92, f"{form.why}, of the first name", partial=True) if form.score > 0.76 else NONE


def _two_words(short: Written, full: Written) -> Likeness:
    """Two names with a family name each."""
    if short.core[-1] != full.core[-1]:
        near = sound(short.core[-1]) == sound(full.core[-1]) and short.core[0] == full.core[0]
        return Likeness(0.72, "spelt otherwise") if near and len(short.core) == len(full.core) else NONE
    one, other = short.core[0], full.core[0]
    if one == other:
        middle = set(short.core[1:-1]) <= set(full.core[1:-1]) or any(len(each) == 1 for each in (*short.core[1:-1], *full.core[1:-1]))
        return Likeness(0.86, "without the middle name") if middle else NONE
    if min(len(one), len(other)) == 1:
        return Likeness(0.82, "an initial", partial=True) if one[0] == other[0] else NONE
    form = first(one, other)
    return Likeness(min(0.92, form.score + 0.1), f"{form.why}, and the same family name") if form.score >= 0.7 else NONE


def first(one: str, other: str) -> Likeness:
    """How far two first names may be one person's."""
    known = first_names()
    mine, theirs = set(known.get(one, ())), set(known.get(other, ()))
    if one in theirs or other in mine:
        return Likeness(0.8, "a familiar form", partial=True)
    if any(each.startswith("=") for each in mine & theirs):
        return Likeness(0.74, "another spelling", partial=True)
    if mine & theirs and one not in mine and other not in theirs:
        return Likeness(0.72, "two familiar forms of one name", partial=True)
    if sound(one) == sound(other) and one[0] == other[0] and min(len(one), len(other)) > 2:
        return Likeness(0.72, "spelt otherwise", partial=True)
    short, full = sorted((one, other), key=len)
    if 2 < len(short) <= _SHORT and len(full) > len(short) + 1 and full.startswith(short):
        return Likeness(0.5 if short in gazetteer().given else 0.72, "its beginning", partial=True)
    return NONE


def _others(short: Written, full: Written, kind: str) -> Likeness:
    lists = gazetteer()
    if set(short.words) - _SMALL == set(full.words) - _SMALL:
        return Likeness(0.9, "the same words")
    rest = full.words[len(short.words) :]
    if rest and full.words[: len(short.words)] == short.words:
        if all(word in _LEGAL for word in rest):
            return Likeness(0.88, "without its legal form")
        if rest == ("city",) and kind != "work":
            return Likeness(0.88, "without the word city")
        bare = len(short.words) == 1 and (short.words[0] in lists.places or short.words[0] in lists.given)
        if not bare and len(rest) == 1 and rest[0] in lists.org_words | {"hotel"} and kind != "place":
            return Likeness(0.76, "without the word that says what it is", partial=True)
    ahead = full.words[: -len(short.words)]
    if len(ahead) == 1 and full.words[1:] == short.words and ahead[0] in lists.adjectives and len(short.words) > 1:
        return Likeness(0.74, "without the country", partial=True)
    if len(short.words) == len(full.words) and tuple(map(sound, short.words)) == tuple(map(sound, full.words)) and len(short.joined) > 5:
        return Likeness(0.72, "spelt otherwise", partial=True)
    return NONE

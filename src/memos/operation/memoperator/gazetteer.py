"""Gazetteer: the short word lists by which names are told from other words, and kinds of names from one another."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """The lists of `gazetteer.json`, in lower case: what is no name, what a name may be, and what its neighbours tell of it."""

    common: frozenset[str]
    times: frozenset[str]
    adjectives: frozenset[str]
    acronyms: frozenset[str]
    kin: frozenset[str]
    pets: frozenset[str]
    honorifics: frozenset[str]
    person_verbs: frozenset[str]
    person_before: frozenset[str]
    vocative: frozenset[str]
    place_before: frozenset[str]
    place_cues: frozenset[str]
    org_before: frozenset[str]
    org_cues: frozenset[str]
    org_words: frozenset[str]
    org_names: frozenset[str]
    place_words: frozenset[str]
    place_first: frozenset[str]
    places: frozenset[str]
    given: frozenset[str]
    org_first: frozenset[str]
    place_of: frozenset[str]
    work_nouns: frozenset[str]
    belongings: frozenset[str]
    works: frozenset[str]
    products: frozenset[str]
    joiners: frozenset[str]
    of_heads: frozenset[str]


def _read() -> dict[str, str]:
    data: dict[str, str] = json.loads(files(__package__).joinpath("gazetteer.json").read_text(encoding="utf-8"))
    return data


@lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    """The word lists, read once."""
    data = _read()
    return Gazetteer(**{each.name: frozenset(data[each.name].split()) for each in fields(Gazetteer)})


@lru_cache(maxsize=1)
def first_names() -> dict[str, tuple[str, ...]]:
    """Short and familiar forms of first names, and spellings of them, with the names that they may stand for, itself included."""
    data = _read()
    found: dict[str, set[str]] = {}
    for entry in data["diminutives"].split(";"):
        full, _, short = entry.partition(":")
        for each in (full.strip(), *short.split()):
            found.setdefault(each, set()).add(full.strip())
    for group in data["spellings"].split(";"):
        names = group.split()
        for each in names:
            found.setdefault(each, set()).update({f"={names[0]}", each})
    return {name: tuple(sorted(stands_for)) for name, stands_for in found.items()}


@lru_cache(maxsize=1)
def other_names() -> dict[str, str]:
    """Places that have several names: each in lower case, with the first of them."""
    groups = ([name.strip() for name in group.split(",")] for group in _read()["other_names"].split(";"))
    return {name: names[0] for names in groups for name in names}

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
    works: frozenset[str]
    products: frozenset[str]
    joiners: frozenset[str]
    of_heads: frozenset[str]


@lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    """The word lists, read once."""
    data = json.loads(files(__package__).joinpath("gazetteer.json").read_text(encoding="utf-8"))
    return Gazetteer(**{each.name: frozenset(data[each.name].split()) for each in fields(Gazetteer)})

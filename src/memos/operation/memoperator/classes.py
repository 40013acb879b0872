"""Classes: what belongs to a word that names a kind of thing, such as guitars, pianos and violins to "instrument".

`classes.txt` lists general kinds, as norms of free association do (Van Overschelde, Rawson and Dunlosky 2004, "Category norms"), a line
each: the words that name the kind, then its members. How the default model reads each member lies beside it, so that no model runs when
something is asked; `python -m evals.retrieval.classes` makes that file.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memos.operation.memoperator.analysis import query_terms

LISTED, READ = "classes.txt", "classes.npz"


class Classes(NamedTuple):
    """Every member once, and for each term that names a class which members belong to it."""

    members: tuple[str, ...]
    of: dict[str, tuple[int, ...]]

    def named(self, terms: Iterable[str]) -> NDArray[np.int64]:
        """The members of all the classes that some terms name, ascending."""
        return np.array(sorted({place for term in terms for place in self.of.get(term, ())}), np.int64)


@lru_cache(maxsize=1)
def classes() -> Classes:
    """The classes that come with MemOS."""
    places: dict[str, int] = {}
    of: dict[str, dict[int, None]] = {}
    for line in files(__package__).joinpath(LISTED).read_text(encoding="utf-8").splitlines():
        names, _, listed = line.partition(":")
        here = [places.setdefault(member.strip(), len(places)) for member in listed.split(",")]
        for term in query_terms(names):
            of.setdefault(term, {}).update(dict.fromkeys(here))
    return Classes(tuple(places), {term: tuple(here) for term, here in of.items()})


@lru_cache(maxsize=1)
def _read() -> tuple[str, NDArray[np.float32]]:
    with np.load(BytesIO(files(__package__).joinpath(READ).read_bytes()), allow_pickle=False) as kept:
        rows = kept["codes"].astype(np.float32)
        rows /= np.maximum(np.sqrt(np.einsum("ij,ij->i", rows, rows)), np.float32(1e-9))[:, None]
        return str(kept["reader"]), rows


def rows_for(reader: str) -> NDArray[np.float32] | None:
    """A unit row for each member as a model reads it, shape (members, w); None for a model that has not read them."""
    name, rows = _read()
    return rows if name == reader else None

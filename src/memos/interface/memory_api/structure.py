"""Structure: the predicted tags of what is written, made in the same transaction, of what search may know of a text and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from memos.memcube.call import MemoryCall
from memos.memcube.change import DERIVATIONS, CubeWrite
from memos.memcube.cube import MemCube, Tag
from memos.memcube.derivation import is_fact
from memos.memcube.filter import Filter
from memos.memcube.hierarchy import asks_under, parents_of, spelled_out
from memos.memcube.matching import acl_entries
from memos.memcube.place import of_document
from memos.memcube.policy import SENSITIVITIES, Policy
from memos.memcube.spans import indexed
from memos.operation.memoperator.aliases import ALIAS
from memos.operation.memoperator.analysis import analyse, by_assistant
from memos.operation.memoperator.entities import mentions
from memos.operation.memoperator.kinds import KINDS
from memos.operation.memoperator.tagging import PLACE, SINGLE, Source, joined, predicted
from memos.ports.adapter import View

IMPORTS = frozenset({"import", "load"})
"""Origins of what came out of another store."""
ALWAYS = frozenset({"kind", "source"})
"""What every text has that holds a word: where one is missing nothing has been predicted of it, or a user's own tag stood in its place."""


def in_words(call: MemoryCall, view: View) -> MemoryCall:
    """A call whose filter names each tag, where it asks for what stands under one."""
    query = call.query
    if query is None or query.filter is None or not asks_under(query.filter):
        return call
    wanted = spelled_out(query.filter, parents_of(view.rules("tag")))
    return call.model_copy(update={"query": query.model_copy(update={"filter": wanted})})


def known(write: CubeWrite) -> CubeWrite:
    """A write whose terms know nothing of the parts that some who may find the memory may not see."""
    cube = write.cube
    text = indexed(cube.text, cube.policy)
    if write.terms is None or (text == cube.text and not cube.policy.veiled):
        return write
    return replace(write, terms=analyse(text, None if cube.policy.veiled else cube.speaker, cube.role))


def structured(write: CubeWrite, *, on: bool) -> CubeWrite:
    """A write with the predicted tags of its text: made anew with its terms, or where they are missing, else those that stand.

    Turned off, nothing is predicted, and a new text keeps nothing of what was predicted of the old.
    """
    cube, fresh = write.cube, write.terms is not None
    held = () if fresh else cube.predicted_tags
    if on and cube.text and (fresh or not {tag.name for tag in cube.tags} >= ALWAYS):
        held = (*_found(cube), *(tag for tag in held if tag.name in PLACE))
    tags = joined(cube.own_tags, _sayable(cube, held))
    path = None if fresh else cube.path
    return write if (tags, path) == (cube.tags, cube.path) else replace(write, cube=cube.model_copy(update={"tags": tags, "path": path}))


def audience(cube: MemCube) -> tuple[Any, ...]:
    """What decides who may read a memory: those of one namespace alike in it are read by the same people, and go with the same person."""
    policy = cube.policy
    return cube.owner, cube.layer, policy.sensitivity, policy.examined, policy.veiled, policy.licence, tuple(sorted(acl_entries(cube)))


def placed(writes: Iterable[CubeWrite], view: View, now: datetime) -> tuple[CubeWrite, ...]:
    """Writes without the topics that do not stand for the same readers in the same namespace: their names are made of others' words.

    Such are those of a memory that is shared or moved, and those that an earlier version brings back.
    """
    wanted = tuple(writes)
    ids = [write.cube.id for write in wanted if _place(write.cube) != (None, ())]
    heads = view.get(ids, grant=Filter.everything(), now=now) if ids else {}
    return tuple(_kept_in_place(write, heads.get(write.cube.id)) for write in wanted)


def _place(cube: MemCube) -> tuple[Any, ...]:
    return cube.path, tuple(tag for tag in cube.predicted_tags if tag.name in PLACE)


def _kept_in_place(write: CubeWrite, head: MemCube | None) -> CubeWrite:
    cube = write.cube
    if head is not None and (cube.namespace, audience(cube), _place(cube)) == (head.namespace, audience(head), _place(head)):
        return write
    rest = (tag for tag in cube.predicted_tags if tag.name not in PLACE)
    return replace(write, cube=cube.model_copy(update={"tags": (*cube.own_tags, *rest), "path": None}))


def users(tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """The tags that somebody gives, without predicted ones, which come back with what was read and are made anew."""
    return tuple(tag for tag in tags if tag.by == "user")


def given(cube: MemCube, tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """The tags of a memory to which a user gives others; what is predicted is made anew where one of them stood in its place, or will."""
    own = users(tags)
    changed = SINGLE & ({tag.name for tag in own} ^ {tag.name for tag in cube.own_tags})
    return (*own, *(tag for tag in cube.predicted_tags if not changed or tag.name in PLACE))


def _found(cube: MemCube) -> tuple[Tag, ...]:
    speaker, text = None if cube.policy.veiled else cube.speaker, indexed(cube.text, cube.policy)
    verdict = any(tag.name == ALIAS for tag in cube.own_tags)  # on names, and no mention of them
    names = ((mention.name, mention.confidence) for mention in (() if verdict else mentions(text, speaker)))
    tags = predicted(text, _source(cube, by_machine=by_assistant(speaker, cube.role)), names)
    told = cube.metadata.get("extraction") if is_fact(cube) else None
    if not isinstance(told, Mapping) or told.get("kind") not in KINDS:
        return tags
    kind = {"value": told["kind"], "confidence": 0.8}  # as its source shows it, of which the fact is told in other words
    return tuple(tag.model_copy(update=kind) if tag.name == "kind" else tag for tag in tags)


def _source(cube: MemCube, *, by_machine: bool) -> Source:
    if any(parent.relation in DERIVATIONS for parent in cube.provenance.parents):
        return "derived"
    if of_document(cube):
        return "document"
    if cube.provenance.origin in IMPORTS:
        return "imported"
    return "assistant" if by_machine else "told"


def _sayable(cube: MemCube, tags: tuple[Tag, ...]) -> tuple[Tag, ...]:
    """Tags without those that name what is hidden: a word of a hidden part, which may stand elsewhere in the text, or a veiled speaker."""
    if not tags or not (cube.policy.spans or cube.policy.veiled):
        return tags
    hidden = [cube.text[start:end].lower() for start, end in _hidden(cube.policy)]
    if cube.policy.veiled and cube.speaker:
        hidden.append(cube.speaker.lower())
    return tuple(
        tag for tag in tags if tag.value is None or not any(tag.value.lower() in word or word in tag.value.lower() for word in hidden)
    )


def _hidden(policy: Policy) -> list[tuple[int, int]]:
    level = SENSITIVITIES.index(policy.sensitivity)
    return [(span.start, span.end) for span in policy.spans if SENSITIVITIES.index(span.sensitivity) > level]

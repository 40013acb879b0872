"""Create: `add`, which makes memories of texts and turns and recognises those that stand already."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from memos.errors import InvalidCall
from memos.interface.memory_api import provenance
from memos.interface.memory_api.desk import Options, Prepared, Work, fitting, read_options
from memos.interface.memory_api.lapsed import lapsed, require_to_come, retired
from memos.interface.memory_api.structure import given, users
from memos.memcube.call import CubeDraft, MemoryCall, MemoryReply
from memos.memcube.change import CubeWrite, ReadSet
from memos.memcube.cube import MemCube, Usage
from memos.memcube.legal import legal_metadata, legal_tags, same_fact
from memos.memcube.namespace import layer_of
from memos.memcube.payload import Plaintext
from memos.memcube.policy import Policy, Sensitivity
from memos.memcube.provenance import CallContext
from memos.memcube.quarantine import put_under
from memos.memcube.spans import strictest
from memos.memcube.state import State
from memos.memcube.value import trusted
from memos.operation.memoperator.analysis import analyse

UNUSED = Usage()
NEWBORN: dict[str, Any] = {
    name: field.get_default(call_default_factory=True) for name, field in MemCube.model_fields.items() if not field.is_required()
} | {"usage": UNUSED}
"""What a memory has at birth unless told otherwise; every value of it is immutable or replaced."""
TurnKey = tuple[str, str, int]
ORDINARY: Sensitivity = "internal"
"""How sensitive a memory is of which nothing is said."""


def prepare_add(work: Work) -> Prepared:
    """The births and the repetitions that a batch of drafts amounts to; `reply.cubes[i]` is draft i."""
    if not work.call.drafts:
        raise InvalidCall("there is nothing to add: give a text, a list of texts, or messages")
    read_options(Options, work)
    if replayed := replay(work):
        return replayed
    batch = Batch(work, in_session(work.call))
    for draft in batch.drafts:
        batch.take(draft)
    return batched(work, batch)


def batched(work: Work, batch: Batch, value: Any = None) -> Prepared:
    """What a batch amounts to, when each of its drafts has been taken."""
    require_to_come(work, *(draft.expires_at for draft in work.call.drafts))
    ids = tuple(batch.order)
    reply = MemoryReply(call_id=work.call.id, cubes=tuple(batch.cube(cube_id) for cube_id in ids), value=value, call=work.call)
    if not batch.writes:
        return Prepared(reply)
    change = work.change(writes=tuple(batch.writes.values()), idempotency=work.idempotency(ids))
    return Prepared(reply, change, ReadSet(versions=batch.read))


def in_session(call: MemoryCall) -> tuple[CubeDraft, ...]:
    """The drafts; messages that came without a session are one, named by the call, and so is what came with them."""
    if not any(draft.turn and draft.session is None for draft in call.drafts):
        return call.drafts
    return tuple(draft if draft.session is not None else draft.model_copy(update={"session": call.id}) for draft in call.drafts)


def replay(work: Work, *, counts: bool = False) -> Prepared | None:
    """The reply to a call that this caller has made before under the same idempotency key; with `counts` its value is how many it named."""
    if not (key := work.idempotency(())):
        return None
    found = work.view.replay(key, work.caller)
    if found is None:
        return None
    call_id, ids = found
    standing = work.view.get(ids, grant=work.grant.filter, now=work.now)
    reply = MemoryReply(call_id=call_id, cubes=tuple(standing[each] for each in ids if each in standing), call=work.call)
    if counts:
        return Prepared(reply.model_copy(update={"cubes": (), "value": len(ids)}))
    gone = len(set(ids) - standing.keys())
    warnings = (f"this call was made before; {gone} of its memories have gone since, and are left out of the reply",) if gone else ()
    return Prepared(reply.model_copy(update={"warnings": warnings}))


class Batch:
    """Drafts on their way to writes, against what the View shows and what came earlier in the batch."""

    def __init__(self, work: Work, drafts: tuple[CubeDraft, ...]) -> None:
        self.work = work
        self.drafts = drafts
        self.context: CallContext = work.context()
        self.home = work.desk.governance.home(work.caller)
        self.policies: dict[tuple[Any, ...], Policy] = {}
        self.order: list[str] = []
        self.writes: dict[str, CubeWrite] = {}
        self.standing: dict[str, MemCube] = {}
        self.read: dict[str, int] = {}
        self.facts: dict[tuple[str, str], str] = {}
        self.turns: dict[TurnKey, str] = {}
        self.distrusted: dict[str, str | None] = {}
        self._look_up(drafts)

    def _look_up(self, drafts: tuple[CubeDraft, ...]) -> None:
        facts: dict[str, list[str]] = defaultdict(list)
        turns: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.work.warrant.require_create(draft.namespace or self.home for draft in drafts)
        for namespace in {draft.namespace or self.home for draft in drafts}:
            self.distrusted[namespace] = self.work.warrant.distrusted(namespace)
        for draft in drafts:
            namespace = draft.namespace or self.home
            if self.distrusted[namespace] is not None:
                continue  # what is under quarantine joins nothing and takes no place
            if not draft.turn:
                facts[namespace].append(same_fact(draft.text))
            elif draft.ordinal is not None and draft.session is not None:
                turns[namespace, draft.session].append(draft.ordinal)
        for namespace, texts in facts.items():
            self.facts |= {
                (namespace, text): cube_id for text, cube_id in self.work.view.facts(namespace, texts, self.work.caller.principal).items()
            }
        for (namespace, session), ordinals in turns.items():
            found = self.work.view.turns(namespace, session, ordinals)
            self.turns |= {(namespace, session, ordinal): cube_id for ordinal, cube_id in found.items()}
        known = [*self.facts.values(), *self.turns.values()]
        self.standing = self.work.view.get(known, grant=self.work.grant.filter, now=self.work.now) if known else {}
        self._retire({each for each in known if each not in self.standing})

    def _retire(self, hidden: set[str]) -> None:
        for cube in lapsed(self.work, hidden):
            self.read[cube.id] = cube.seq
            self.writes[cube.id] = retired(self.work, cube)

    def cube(self, cube_id: str) -> MemCube:
        """The memory as it will stand."""
        return self.writes[cube_id].cube if cube_id in self.writes else self.standing[cube_id]

    def take(self, draft: CubeDraft) -> None:
        """Recognise a draft or make a memory of it."""
        namespace = draft.namespace or self.home
        if self.distrusted[namespace] is not None:
            self.order.append(self._bear(namespace, draft))
            return
        known = self.known_turn(namespace, draft) if draft.turn else self._known_fact(namespace, draft)
        self.order.append(known or self._bear(namespace, draft))

    def _present(self, cube_id: str | None) -> str | None:
        born = cube_id in self.writes and self.writes[cube_id].cube.state is not State.EXPIRED
        return cube_id if born or cube_id in self.standing else None

    def known_turn(self, namespace: str, draft: CubeDraft) -> str | None:
        """The id of the turn that a draft says again; InvalidCall when another stands in its place."""
        key = (namespace, draft.session or "", -1 if draft.ordinal is None else draft.ordinal)
        cube_id = self._present(self.turns.get(key))
        if cube_id is None:
            return None
        if self.cube(cube_id).text != draft.text:
            raise InvalidCall(
                f"turn {draft.ordinal} of session {draft.session!r} stands with another text; give another ordinal, or update {cube_id}"
            )
        return cube_id

    def _known_fact(self, namespace: str, draft: CubeDraft) -> str | None:
        cube_id = self._present(self.facts.get((namespace, same_fact(draft.text))))
        if cube_id is None:
            return None
        cube = self.cube(cube_id)
        if cube.frozen:
            return cube_id
        update = _joined(cube, draft) | {"provenance": provenance.repeated(self.work, cube.provenance, draft)}
        if len(update) > 1:
            update |= {"updated_at": self.work.now, "version": cube.version + (cube_id not in self.writes)}
        self._amend(cube, cube.model_copy(update=update), draft)
        return cube_id

    def _amend(self, cube: MemCube, amended: MemCube, draft: CubeDraft) -> None:
        if cube.id in self.writes:
            self.writes[cube.id] = replace(self.writes[cube.id], cube=amended)
            return
        self.read[cube.id] = cube.seq
        self.writes[cube.id] = CubeWrite(cube=amended, birth=False, fact=same_fact(draft.text))

    def _bear(self, namespace: str, draft: CubeDraft) -> str:
        apart = self.distrusted[namespace] is not None
        cube = self._new_cube(namespace, draft)
        fact = None if draft.turn or apart else same_fact(draft.text)
        if fact is not None:
            self.facts[namespace, fact] = cube.id
        elif draft.ordinal is not None and draft.session is not None and not apart:
            self.turns[namespace, draft.session, draft.ordinal] = cube.id
        terms = analyse(draft.text, draft.speaker, draft.role)
        self.writes[cube.id] = CubeWrite(
            cube=cube, birth=True, terms=terms, vector=fitting(self.work, draft.vector), fact=fact, turn=draft.turn and not apart
        )
        return cube.id

    def _new_cube(self, namespace: str, draft: CubeDraft) -> MemCube:
        work, cube_id = self.work, self.work.desk.clock.new_id()
        fields = {
            **NEWBORN,
            "id": cube_id,
            "namespace": namespace,
            "layer": draft.layer or layer_of(namespace),
            "payload": trusted(Plaintext, {"type": "plaintext", "text": draft.text}),
            "tags": users(draft.tags),
            "policy": self._policy(namespace, draft),
            "provenance": provenance.born(work, self.context, cube_id, draft),
            "said_at": draft.said_at or work.now,
            "created_at": work.now,
            "updated_at": work.now,
            "speaker": draft.speaker,
            "role": draft.role,
            "session": draft.session,
            "ordinal": draft.ordinal if self.distrusted[namespace] is None else None,
            "metadata": draft.metadata,
        }
        return trusted(MemCube, fields)

    def _policy(self, namespace: str, draft: CubeDraft) -> Policy:
        """The policy of a draft; one value serves all that are alike."""
        writer = self.distrusted[namespace]
        key = writer, draft.expires_at, draft.priority, draft.sensitivity, draft.spans, draft.acl, draft.conditions
        if key not in self.policies:
            policy = Policy(
                owner=self.work.caller.principal, expires_at=draft.expires_at, priority=draft.priority, stated=draft.sensitivity,
                sensitivity=draft.sensitivity or ORDINARY, spans=draft.spans, acl=draft.acl, conditions=draft.conditions,
            )  # fmt: skip
            self.policies[key] = policy if writer is None else put_under(policy, writer)
        return self.policies[key]


def _joined(cube: MemCube, draft: CubeDraft) -> dict[str, Any]:
    """What a fact that is told once more adds to the header of the one that stands: tags and metadata join, the later end and the higher
    priority hold, and what was told without an end has none. A fact that had been
    ended holds again.
    """
    ends = (cube.policy.expires_at, draft.expires_at)
    policy: dict[str, Any] = {
        "expires_at": None if None in ends else max(end for end in ends if end),
        "priority": max(cube.policy.priority, draft.priority),
        "acl": draft.acl or cube.policy.acl,
        "conditions": cube.policy.conditions if draft.conditions is None else draft.conditions,
    }
    if draft.sensitivity is not None:
        policy["stated"] = strictest((draft.sensitivity,), cube.policy.stated or "public")
    found = {
        "tags": given(cube, legal_tags((*cube.own_tags, *users(draft.tags)))),
        "metadata": legal_metadata(cube.metadata | draft.metadata),
        "policy": cube.policy.model_copy(update=policy),
        "state": State.ACTIVATED if cube.state is State.ARCHIVED else cube.state,
        "valid_to": None,
    }
    return {name: value for name, value in found.items() if value != getattr(cube, name)}

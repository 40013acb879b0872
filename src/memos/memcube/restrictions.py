"""Restrictions: what a credential leaves of its holder's rights, as pure functions. They only ever take away."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TypeVar

from memos.errors import Denied
from memos.memcube.call import Caller, Operation, Restrictions
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.namespace import within

READING = (
    frozenset({"search", "trace", "get", "list", "tags", "catalogue", "history", "lineage", "diff", "snapshots", "moment", "branches"})
    | frozenset({"log", "explain", "manifest", "recognise", "governed", "access", "who", "preview", "heat", "graph", "entities"})
    | frozenset({"count", "summarise", "compare", "none", "context"})
)
"""The operations that change nothing; a read-only credential allows no other."""
TELLING = frozenset({"governed", "log", "explain", "access", "who", "preview", "heat", "manifest", "recognise"})
"""Operations that tell of more than memories; a credential for certain ones allows them only where it names them."""
MAKING = frozenset({"add", "compose", "extract", "convert", "resolve"})
"""The operations that make memories; a credential for certain memories does not allow them."""
NAMED_ONLY = frozenset({"govern", "issue", "revoke", "share", "acl", "retain", "review", "erase"})
"""Operations that make rights or settle what is the tenant's; a restricted credential allows them only where it names them."""
T = TypeVar("T")


def authority(caller: Caller) -> Caller:
    """The caller whose rights decide, before what its credential takes away: the one on whose behalf it acts, or itself."""
    return caller if caller.behalf is None else caller.model_copy(update={"user": caller.behalf, "behalf": None})


@lru_cache(maxsize=4096)
def restricted(grant: Filter, restrictions: Restrictions | None) -> Filter:
    """What is left of a grant's filter: never more than the grant."""
    if restrictions is None:
        return grant
    left = grant
    if restrictions.namespaces is not None:
        under = [{"namespace": {"under": path}} for path in restrictions.namespaces]
        left = left & (Filter.parse({"or": under}) if under else Filter.nothing())
    if restrictions.memories is not None:
        left = left & (Filter.parse({"id": {"in": list(restrictions.memories)}}) if restrictions.memories else Filter.nothing())
    return left


def require_operation(caller: Caller, operation: str) -> None:
    """Denied when the caller's credential does not allow this operation, or not for this purpose. When it ends is asked by `admit`."""
    left = caller.restrictions
    if left is None:
        return
    if left.purpose is not None and caller.purpose != left.purpose:
        raise Denied("this credential is for another purpose")
    if not _allows(left, operation):
        raise Denied(f"this credential does not allow {operation}")


def _allows(left: Restrictions, operation: str) -> bool:
    if (left.read_only and operation not in READING) or (left.memories is not None and operation in MAKING):
        return False
    return operation not in _unnamed(left) if left.operations is None else operation in left.operations


def _unnamed(left: Restrictions) -> frozenset[str]:
    """The operations that are not allowed for want of being named."""
    if left.operations is not None or left.model_copy(update={"until": None}) == Restrictions():
        return frozenset()
    return NAMED_ONLY if left.namespaces is None and left.memories is None else NAMED_ONLY | TELLING


def writable(restrictions: Restrictions | None, namespace: str) -> bool:
    """Whether what stands in a namespace, or is to stand there, may be written."""
    if restrictions is None or restrictions.namespaces is None:
        return True
    return any(within(namespace, root) for root in restrictions.namespaces)


def require_writable(restrictions: Restrictions | None, namespace: str) -> None:
    """Denied when it may not."""
    if not writable(restrictions, namespace):
        raise Denied(f"this credential does not allow to write to {namespace}")


def left_to(restrictions: Restrictions | None, cube: MemCube) -> bool:
    """Whether a memory is among those that are left."""
    if restrictions is None:
        return True
    return writable(restrictions, cube.namespace) and (restrictions.memories is None or cube.id in restrictions.memories)


def roots(wanted: Iterable[str], restrictions: Restrictions | None) -> tuple[str, ...]:
    """The namespaces among those wanted that are left, each narrowed to what is."""
    if restrictions is None or restrictions.namespaces is None:
        return tuple(wanted)
    return _common(tuple(wanted), restrictions.namespaces)


def narrowed(one: Restrictions | None, other: Restrictions | None) -> Restrictions | None:
    """What both leave."""
    if one is None or other is None:
        return other if one is None else one
    clash = any(a is not None and b is not None and a != b for a, b in ((one.purpose, other.purpose), (one.contract, other.contract)))
    return Restrictions(
        operations=() if clash else _operations(one, other),
        namespaces=_both(one.namespaces, other.namespaces, _common),
        memories=_both(one.memories, other.memories, _shared),
        read_only=one.read_only or other.read_only,
        until=_both(one.until, other.until, min),
        purpose=one.purpose if one.purpose is not None else other.purpose,
        contract=one.contract if one.contract is not None else other.contract,
        count=_both(one.count, other.count, min),
    )


def _operations(one: Restrictions, other: Restrictions) -> tuple[Operation, ...] | None:
    """The operations that both allow; one that has to be named is not, where one of the two would have to name it and does not."""
    shared, unnamed = _both(one.operations, other.operations, _shared), _unnamed(one) | _unnamed(other)
    return None if shared is None else tuple(operation for operation in shared if operation not in unnamed)


def widens(wanted: Restrictions, own: Restrictions | None) -> bool:
    """Whether something is wanted by name that one's own restrictions do not leave."""
    if own is None:
        return False
    left = narrowed(own, wanted)
    asked = {name: value for name, value in wanted if value is not None and value is not False}
    return any(_listed(getattr(left, name)) != _listed(value) for name, value in asked.items())


def exceeds(given: Restrictions, own: Restrictions | None) -> bool:
    """Whether restrictions leave anything that one's own do not."""
    left = narrowed(own, given)
    return any(_listed(getattr(left, name)) != _listed(value) for name, value in given)


def _both(one: T | None, other: T | None, joined: Callable[[T, T], T]) -> T | None:
    if one is None or other is None:
        return other if one is None else one
    return joined(one, other)


def _shared(one: tuple[T, ...], other: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(each for each in one if each in other)


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    found = (a if within(a, b) else b for a in one for b in other if within(a, b) or within(b, a))
    return tuple(dict.fromkeys(found))


def _listed(value: object) -> object:
    return frozenset(value) if isinstance(value, tuple) else value

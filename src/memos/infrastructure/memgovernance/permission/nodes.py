"""Nodes: conditions on memories joined with their constants folded, and pairs of where one is true and where it fails."""

from __future__ import annotations

from typing import NamedTuple

from memos.memcube.conditions import And, Node, Or, Test, complement, join
from memos.memcube.namespace import within

TRUE: Node = And(())
FALSE: Node = Or(())


class Compiled(NamedTuple):
    """Where a condition is true, and where its evaluation fails; it is false elsewhere."""

    true: Node
    error: Node = FALSE


def both(*nodes: Node) -> Node:
    """All of the nodes."""
    kept = [node for node in nodes if node != TRUE]
    return FALSE if FALSE in kept else join(And, kept)


def either(*nodes: Node) -> Node:
    """One of the nodes at least."""
    kept = [node for node in nodes if node != FALSE]
    return TRUE if TRUE in kept else join(Or, kept)


def negated(node: Node) -> Node:
    """The complement."""
    return FALSE if node == TRUE else TRUE if node == FALSE else complement(node)


def inverted(inner: Compiled) -> Compiled:
    """True where the condition is false."""
    return Compiled(both(negated(inner.true), negated(inner.error)), inner.error)


def named_in(node: Node) -> set[str]:
    """The namespaces that a permit speaks of."""
    if isinstance(node, Test):
        return {str(node.operand)} if node.field == "namespace" and node.operator in {"under", "eq"} else set()
    parts = node.parts if isinstance(node, And | Or) else ()
    return set().union(*map(named_in, parts)) if parts else set()


def may_hold(node: Node, root: str) -> bool:
    """Whether a permit might hold below a root, as far as the namespaces tell that it speaks of."""
    if isinstance(node, Test):
        if node.field == "namespace" and node.operator in {"under", "eq"}:
            return within(str(node.operand), root) or within(root, str(node.operand))
        return node.field not in {"owner", "acl", "id"}
    if isinstance(node, And | Or):
        return (all if isinstance(node, And) else any)(may_hold(part, root) for part in node.parts)
    return True

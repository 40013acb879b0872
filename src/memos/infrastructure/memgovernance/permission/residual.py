"""Residual: what Cedar leaves of policies once the caller is known, as one condition on memories.

Each condition is compiled to a pair: where it is true, and where its evaluation fails. Cedar skips a policy whose evaluation fails; so
does the compiled one. A policy that cannot be compiled permits nothing, or forbids everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from memos.infrastructure.memgovernance.permission.leaves import LEAVES
from memos.infrastructure.memgovernance.permission.nodes import FALSE, TRUE, Compiled, both, either, inverted, negated
from memos.infrastructure.memgovernance.permission.terms import Attribute, Failing, Uncompilable, term
from memos.memcube.conditions import Node, Test

Json = Mapping[str, Any]


def allowed(residuals: Iterable[Json]) -> Node:
    """Where some permit holds and no forbid does."""
    permits, forbids = [FALSE], [FALSE]
    for policy in residuals:
        forbidding = policy["effect"] == "forbid"
        (forbids if forbidding else permits).append(satisfied(policy, otherwise=TRUE if forbidding else FALSE))
    return both(either(*permits), negated(either(*forbids)))


def satisfied(policy: Json, otherwise: Node) -> Node:
    """Where a policy is satisfied; `otherwise` where that cannot be compiled."""
    try:
        return both(_scope(policy), *(_clause(each) for each in policy["conditions"]))
    except (Uncompilable, RecursionError):
        return otherwise


def _scope(policy: Json) -> Node:
    """Cedar's partial evaluation moves the scope into the conditions; what it leaves there is not known here."""
    if any(policy[part] != {"op": "All"} for part in ("principal", "action", "resource")):
        raise Uncompilable
    return TRUE


def _clause(clause: Json) -> Node:
    compiled = condition(clause["body"])
    return compiled.true if clause["kind"] == "when" else both(negated(compiled.true), negated(compiled.error))


def condition(expression: Json) -> Compiled:
    """A Boolean expression as where it is true and where it fails."""
    try:
        return _condition(expression)
    except Failing:
        return Compiled(FALSE, TRUE)


def _condition(expression: Json) -> Compiled:
    (kind, body), *rest = expression.items()
    if rest:
        raise Uncompilable
    if kind in _CONDITIONS:
        return _CONDITIONS[kind](body)
    value = term(expression)
    if isinstance(value, bool):
        return Compiled(TRUE if value else FALSE)
    if isinstance(value, Attribute) and value.kind == "flag":
        return Compiled(Test(value.field, "eq", operand=True))
    raise Uncompilable


def _and(body: Json) -> Compiled:
    left = condition(body["left"])
    if left.true == FALSE or left.error == TRUE:
        return left
    right = condition(body["right"])
    return Compiled(both(left.true, right.true), either(left.error, both(left.true, right.error)))


def _or(body: Json) -> Compiled:
    left = condition(body["left"])
    if TRUE in (left.true, left.error):
        return left
    right, sound = condition(body["right"]), negated(left.error)
    error = either(left.error, both(negated(left.true), sound, right.error)) if right.error != FALSE else left.error
    return Compiled(either(left.true, both(sound, right.true)), error)


def _not(body: Json) -> Compiled:
    return inverted(condition(body["arg"]))


def _if(body: Json) -> Compiled:
    test = condition(body["if"])
    if test.error == TRUE:
        return test
    false = both(negated(test.true), negated(test.error))
    then, other = (condition(body[name]) if node != FALSE else Compiled(FALSE) for name, node in (("then", test.true), ("else", false)))
    true = either(both(test.true, then.true), both(false, other.true))
    return Compiled(true, either(test.error, both(test.true, then.error), both(false, other.error)))


_CONDITIONS: Mapping[str, Callable[[Any], Compiled]] = {"&&": _and, "||": _or, "!": _not, "if-then-else": _if, **LEAVES}

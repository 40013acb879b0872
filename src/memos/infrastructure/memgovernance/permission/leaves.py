"""Leaves: what policies ask of a memory, each as where it is true and where its evaluation fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from memos.errors import InvalidCall
from memos.infrastructure.memgovernance.permission import terms
from memos.infrastructure.memgovernance.permission.nodes import FALSE, TRUE, Compiled, both, either, inverted, negated
from memos.infrastructure.memgovernance.permission.terms import Attribute, Entity, Metadata, Moment, Now, Resource, Term, Uncompilable, term
from memos.memcube.conditions import And, Node, Test, join
from memos.memcube.cube import PREDICTED
from memos.memcube.fields import WORDS, Scalar, legal_operand, relative_to_now
from memos.memcube.namespace import normalise
from memos.memcube.policy import SENSITIVITIES

Json = Mapping[str, Any]


def absent(value: Term) -> Node:
    """Where reading a value fails, because the memory has none."""
    if isinstance(value, Attribute) and value.optional:
        return Test(value.field, "exists", operand=False)
    return negated(_has_text(value)) if isinstance(value, Metadata) else FALSE


def _has_text(value: Metadata) -> Node:
    return Test(value.field, "gte", "")


def _has(body: Json) -> Compiled:
    if body["left"] == {"Var": "context"}:
        return Compiled(TRUE if body["attr"] in terms.CALLING.get({}) else FALSE)
    if not isinstance(term(body["left"]), Resource):
        raise Uncompilable
    attribute = terms.ATTRIBUTES.get(body["attr"])
    if attribute is None:
        return Compiled(FALSE)
    return Compiled(Test(attribute.field, "exists", operand=True) if attribute.optional else TRUE)


def _is(body: Json) -> Compiled:
    if not isinstance(term(body["left"]), Resource):
        raise Uncompilable
    if "in" in body:
        raise Uncompilable
    return Compiled(TRUE if body["entity_type"] == "Memory" else FALSE)


def _in(body: Json) -> Compiled:
    if not isinstance(term(body["left"]), Resource):
        raise Uncompilable
    places = term(body["right"])
    listed = places if isinstance(places, frozenset) else frozenset({places})
    if not all(isinstance(place, Entity) for place in listed):
        raise Uncompilable
    return Compiled(either(*(_at(place) for place in sorted(listed, key=repr))))


def _at(place: Any) -> Node:
    if place.type == "Memory":
        return _legal("id", "eq", place.id)
    if place.type != "Namespace":
        return FALSE
    try:
        canonical = normalise(place.id) == place.id
    except InvalidCall:
        return FALSE
    return Test("namespace", "under", place.id) if canonical else FALSE


def _legal(field: str, operator: str, operand: Any) -> Node:
    """A test with an operand of a policy; what the field can never hold is equal to none."""
    try:
        return Test(field, operator, legal_operand(field, operator, operand))
    except InvalidCall:
        return FALSE


def _equal(body: Json) -> Compiled:
    left, right = term(body["left"]), term(body["right"])
    if isinstance(right, Attribute | Metadata | Resource):
        left, right = right, left
    if isinstance(right, Attribute | Metadata | Resource):
        raise Uncompilable
    if isinstance(left, Resource):
        return Compiled(_at(right) if isinstance(right, Entity) and right.type == "Memory" else FALSE)
    if isinstance(left, Attribute | Metadata):
        return Compiled(_equals(left, right), absent(left))
    if isinstance(left, Now) or isinstance(right, Now):
        raise Uncompilable
    return Compiled(TRUE if type(left) is type(right) and left == right else FALSE)


def _unequal(body: Json) -> Compiled:
    return inverted(_equal(body))


def _equals(left: Attribute | Metadata, right: Term) -> Node:
    if isinstance(left, Metadata):
        return Test(left.field, "eq", right) if isinstance(right, str) else FALSE
    if left.kind == "time":
        if not isinstance(right, Moment | Now):
            return FALSE
        return both(_ordered(left, "<=", right), negated(_ordered(left, "<", right)))
    if left.kind == "level":
        word = terms.level_of(right) if isinstance(right, int) and not isinstance(right, bool) else None
        return FALSE if word is None else Test(left.field, "eq", word)
    if left.kind == "set":
        raise Uncompilable
    return _tested(left, right)


def _tested(left: Attribute, right: Term) -> Node:
    wanted = {"text": str, "word": str, "flag": bool, "whole": int}[left.kind]
    if not isinstance(right, wanted) or (wanted is int and isinstance(right, bool)):
        return FALSE
    if left.kind == "word" and right not in WORDS[left.field]:
        return FALSE
    return Test(left.field, "eq", cast("Scalar", right))


MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _comparison(operator: str) -> Callable[[Json], Compiled]:
    def compare(body: Json) -> Compiled:
        left, right, way = term(body["left"]), term(body["right"]), operator
        if isinstance(right, Attribute):
            left, right, way = right, left, MIRRORED[operator]
        if isinstance(left, Attribute) and not isinstance(right, Attribute | Metadata | Resource):
            return Compiled(_ordered(left, way, right), absent(left))
        if type(left) is type(right) and isinstance(left, int | Moment | terms.Span) and not isinstance(left, bool):
            one, other = (left, right) if isinstance(left, int) else (left.ms, right.ms)  # type: ignore[union-attr]
            return Compiled(TRUE if _holds(way, one, other) else FALSE)
        raise Uncompilable

    return compare


def _holds(operator: str, one: Any, other: Any) -> bool:
    return bool({"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[operator])


def _ordered(left: Attribute, operator: str, right: Term) -> Node:
    if operator in {">", ">="}:
        return both(_present(left), negated(_ordered(left, {">": "<=", ">=": "<"}[operator], right)))
    if left.kind == "time" and isinstance(right, Moment | Now):
        # Cedar counts whole milliseconds: t ≤ x where the memory's microseconds lie before the next one
        ms = right.ms + (operator == "<=")
        return Test(left.field, "lt", relative_to_now(ms * 1000) if isinstance(right, Now) else ms * 1000)
    if not isinstance(right, int) or isinstance(right, bool):
        raise Uncompilable
    if left.kind == "level":
        words = tuple(word for number, word in enumerate(SENSITIVITIES) if _holds(operator, number, right))
        return Test(left.field, "in", words) if words else FALSE
    if left.kind != "whole":
        raise Uncompilable
    return Test(left.field, {"<": "lt", "<=": "lte"}[operator], right)


def _present(left: Attribute) -> Node:
    return Test(left.field, "exists", operand=True) if left.optional else TRUE


def _contains(body: Json) -> Compiled:
    left, right = term(body["left"]), term(body["right"])
    if isinstance(left, Attribute) and left.kind == "set" and isinstance(right, str):
        return Compiled(Test(left.field, "any", (right,)))
    if isinstance(left, frozenset) and isinstance(right, Attribute | Metadata):
        return Compiled(either(*(_equals(right, each) for each in sorted(left, key=repr))), absent(right))
    if isinstance(left, frozenset) and isinstance(right, Resource):
        return Compiled(either(*(_at(each) for each in left if isinstance(each, Entity) and each.type == "Memory")))
    if isinstance(left, frozenset) and not isinstance(right, Attribute | Metadata | Resource | Now):
        return Compiled(TRUE if any(type(each) is type(right) and each == right for each in left) else FALSE)
    raise Uncompilable


def _some(name: str) -> Callable[[Json], Compiled]:
    def contains(body: Json) -> Compiled:
        left, right = term(body["left"]), term(body["right"])
        if name == "containsAny" and isinstance(right, Attribute):
            left, right = right, left
        if not isinstance(left, Attribute) or left.kind != "set" or not isinstance(right, frozenset):
            raise Uncompilable
        texts = tuple(sorted(each for each in right if isinstance(each, str)))
        if name == "containsAny":
            return Compiled(Test(left.field, "any", texts) if texts else FALSE)
        if len(texts) < len(right):
            return Compiled(FALSE)
        return Compiled(Test(left.field, "all", texts) if texts else TRUE)

    return contains


def _empty(body: Json) -> Compiled:
    value = term(body["arg"])
    if isinstance(value, frozenset):
        return Compiled(FALSE if value else TRUE)
    if not isinstance(value, Attribute) or value.kind != "set":
        raise Uncompilable
    nothing = Test(value.field, "exists", operand=False)
    return Compiled(nothing if value.field != "tags" else join(And, (nothing, Test("tags", "none", PREDICTED))))


def _like(body: Json) -> Compiled:
    value, pattern = term(body["left"]), body["pattern"]
    if not isinstance(value, Attribute | Metadata) or (isinstance(value, Attribute) and value.kind != "text"):
        raise Uncompilable
    literal = "".join(part["Literal"] for part in pattern if part != "Wildcard")
    wild = [part == "Wildcard" for part in pattern]
    if not any(wild):
        return Compiled(_equals(value, literal), absent(value))
    if wild[-1] is not True or any(wild[:-1]):
        raise Uncompilable
    present = _has_text(value) if isinstance(value, Metadata) else _present(value)
    return Compiled(both(present, _begins(value.field, literal)), absent(value))


def _begins(field: str, literal: str) -> Node:
    """Texts that begin so, in the order of code points."""
    if not literal:
        return TRUE
    end = literal.rstrip("\U0010ffff")
    after = end[:-1] + chr(ord(end[-1]) + (1 if ord(end[-1]) != 0xD7FF else 0x801)) if end else None
    return both(Test(field, "gte", literal), TRUE if after is None else Test(field, "lt", after))


def _has_tag(body: Json) -> Compiled:
    return Compiled(_has_text(terms.tag(body)))


LEAVES: Mapping[str, Callable[[Any], Compiled]] = {
    "==": _equal,
    "!=": _unequal,
    "has": _has,
    "is": _is,
    "in": _in,
    "<": _comparison("<"),
    "<=": _comparison("<="),
    ">": _comparison(">"),
    ">=": _comparison(">="),
    "contains": _contains,
    "containsAny": _some("containsAny"),
    "containsAll": _some("containsAll"),
    "isEmpty": _empty,
    "like": _like,
    "hasTag": _has_tag,
}

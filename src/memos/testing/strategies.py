"""Hypothesis strategies for the values of MemOS: legal ones, small, and drawn from words that meet, so that filters select.

They need `hypothesis`, which the base install does not bring.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache, reduce
from operator import and_, or_
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from memos.memcube.call import Caller
from memos.memcube.cube import PREDICTED, MemCube, Tag
from memos.memcube.fields import FIELDS, INTERNAL, LISTS, METADATA, NOW, OPERATORS, WORDS, Kind, kind_of
from memos.memcube.filter import Filter
from memos.memcube.namespace import layer_of
from memos.memcube.payload import Activation, Parameter, Plaintext
from memos.memcube.policy import AclEntry, Policy, SensitiveSpan
from memos.memcube.provenance import CallContext, Provenance
from memos.memcube.state import State

WORDLIST = (
    "home",
    "work",
    "Home",
    "e\u0301",
    "é",
    "日本",
    "🧠",
    "\U0010ffff",
    "\uffff",
    "it's",
    'a"b',
    "a\\b",
    "%",
    "_",
    "a.b",
    "1",
    "true",
    "null",
    " ",
    "\n",
    "\u202e",
)
"""Short texts that are easily confused, mangled or mistaken for something else."""
NUMBERS = (
    0,
    1,
    -1,
    2,
    2**53,
    2**53 + 1,
    2**63 - 1,
    -(2**63),
    0.0,
    -0.0,
    1.0,
    0.1,
    1.5,
    5e-324,
    1.7976931348623157e308,
    float(2**53),
    2.0**63,
)
SPACES = ("user/alice", "user/alice/notes", "user/alice0", "user/Ana%20B", "shared/caf%C3%A9", "global")
DAY = datetime(2025, 1, 1, tzinfo=UTC)


@cache
def texts(*, max_size: int = 40) -> SearchStrategy[str]:
    """Text without NUL and lone surrogates."""
    characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    return st.one_of(st.sampled_from(WORDLIST), st.text(characters, max_size=max_size))


@cache
def bodies() -> SearchStrategy[str]:
    """Texts that a memory may have: not blank."""
    return texts(max_size=200).filter(lambda text: bool(text.strip()))


@cache
def names() -> SearchStrategy[str]:
    """Names of speakers, roles, sessions and labels."""
    return texts(max_size=12).filter(bool)


@cache
def instants() -> SearchStrategy[datetime]:
    """Aware times: often near one midnight, sometimes of any year."""
    near = st.integers(-3, 3).map(lambda step: DAY + timedelta(microseconds=step))
    days = st.integers(-2, 2).map(lambda step: DAY + timedelta(days=step))
    return st.one_of(near, days, st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001


@cache
def ids() -> SearchStrategy[str]:
    """UUIDv7s."""

    def made(bits: int) -> str:
        return str(UUID(int=bits & ~(0xF << 76) & ~(3 << 62) | 7 << 76 | 2 << 62))

    return st.one_of(st.integers(0, 3), st.integers(0, 2**128 - 1)).map(made)


@cache
def namespaces() -> SearchStrategy[str]:
    """Canonical namespace paths, some below others."""
    return st.sampled_from(SPACES)


@cache
def tags() -> SearchStrategy[Tag]:
    """Tags with and without a value, of users and predicted."""
    words = st.sampled_from(["home", "mood", "Home", "日本", "it's", "%"])
    values = st.one_of(st.none(), st.sampled_from(["calm", "a=b", "", "home", "🧠"]))
    own = st.builds(Tag, name=words, value=values)
    return st.one_of(own, own, st.builds(Tag, name=st.sampled_from(PREDICTED), value=values, by=st.just("predicted")))


@cache
def scalars() -> SearchStrategy[str | float | bool]:
    """JSON strings, numbers and booleans."""
    numbers = st.one_of(st.sampled_from(NUMBERS), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))
    return st.one_of(st.sampled_from(["", *WORDLIST]), st.booleans(), numbers)


@cache
def metadata() -> SearchStrategy[dict[str, Any]]:
    """Metadata with arrays, objects, nulls and awkward keys."""
    nested = st.one_of(scalars(), st.none(), st.lists(scalars(), max_size=2), st.dictionaries(_keys(), scalars(), max_size=2))
    return st.dictionaries(_keys(), st.one_of(scalars(), st.none(), st.lists(nested, max_size=3), nested), max_size=3)


@cache
def _keys() -> SearchStrategy[str]:
    return st.one_of(st.sampled_from(["a", "b", "a.b", 'a"b', "it's", "日本", "$", "[0]", "\\"]), names())


@cache
def principals() -> SearchStrategy[str]:
    """Principals of access lists."""
    return st.sampled_from(["user:alice", "user:bob", "role:nurse", "agent:it's", "user:日本"])


@cache
def policies() -> SearchStrategy[Policy]:
    """Policies with access lists, expiry and priority."""
    rights = st.lists(st.sampled_from(["read", "write", "admin"]), min_size=1, max_size=2, unique=True).map(tuple)
    return st.builds(
        Policy,
        owner=st.one_of(st.sampled_from(["alice", "bob"]), names()),
        acl=st.lists(st.builds(AclEntry, principal=principals(), rights=rights), max_size=2).map(tuple),
        expires_at=st.none() | instants(),
        priority=st.integers(-2, 2) | st.sampled_from([-100, 100]),
        sensitivity=st.sampled_from(WORDS["sensitivity"]),
        spans=st.just(()) | st.just((SensitiveSpan(start=0, end=1, label="name", sensitivity="confidential"),)),
    )


@cache
def callers() -> SearchStrategy[Caller]:
    """Users of two tenants, in different contexts."""
    maybe = st.none() | names()
    return st.builds(
        Caller,
        user=st.sampled_from(["alice", "bob", "Ana B", "日本"]),
        tenant=st.sampled_from(["default", "acme"]),
        agent=maybe,
        roles=st.lists(st.sampled_from(["nurse", "doctor"]), unique=True).map(tuple),
        purpose=maybe,
        session=maybe,
    )


@cache
def payloads() -> SearchStrategy[Plaintext | Activation | Parameter]:
    """Texts mostly, and pointers to blobs."""
    blobs = [Activation(blob="0", model="m", bytes=1), Parameter(blob="0", model="m", bytes=1)]
    return st.one_of(st.builds(Plaintext, text=bodies()), st.sampled_from(blobs))


@cache
def cubes(*, namespace: str | None = None) -> SearchStrategy[MemCube]:
    """Memories with every field that a filter reads, absent where it may be."""
    maybe_instant, maybe_name = st.none() | instants(), st.none() | names()
    return st.builds(
        _cube,
        namespace=namespaces() if namespace is None else st.just(namespace),
        id=ids(),
        payload=payloads(),
        tags=st.lists(tags(), max_size=3, unique_by=lambda tag: tag.key).map(tuple),
        state=st.sampled_from(State),
        frozen=st.booleans(),
        policy=policies(),
        valid_from=maybe_instant,
        valid_to=maybe_instant,
        said_at=instants(),
        created_at=instants(),
        updated_at=instants(),
        speaker=maybe_name,
        role=st.sampled_from([None, "user", "assistant"]),
        session=maybe_name,
        ordinal=st.none() | st.integers(0, 3) | st.just(2**53 - 1),
        metadata=metadata(),
    )


def _cube(**fields: Any) -> MemCube:
    provenance = Provenance(id=fields["id"], origin="test", context=CallContext(user="alice"))
    return MemCube(layer=layer_of(fields["namespace"]), provenance=provenance, **fields)


@cache
def filters(*, internal: bool = False) -> SearchStrategy[Filter]:
    """Filters of every field and operator, nested; with `internal`, those of grants as well."""
    fields = [*FIELDS, *(INTERNAL if internal else ()), *["tags"] * 3, *[METADATA] * 6]
    leaves = st.sampled_from(fields).flatmap(_tests)
    constants = st.sampled_from([Filter.everything(), Filter.nothing()])
    return st.recursive(st.integers(0, 9).flatmap(lambda chance: constants if chance == 9 else leaves), _joined, max_leaves=6)


def _joined(inner: SearchStrategy[Filter]) -> SearchStrategy[Filter]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda parts: reduce(and_, parts)), several.map(lambda parts: reduce(or_, parts)), inner.map(lambda part: ~part)
    )


@cache
def _tests(field: str) -> SearchStrategy[Filter]:
    """Tests of a field, or for `metadata.` of some key; every operator as often."""
    kind = Kind.JSON if field == METADATA else kind_of(field)
    names, one = (_keys().map(METADATA.__add__) if field == METADATA else st.just(field)), _operands(field, kind)
    operands = {"exists": st.booleans()} | dict.fromkeys(LISTS, st.lists(one, max_size=3))
    made = {operator: st.tuples(names, st.just(operator), operands.get(operator, one)) for operator in OPERATORS[kind]}
    return st.sampled_from(list(made)).flatmap(made.__getitem__).map(lambda parts: Filter.test(*parts, internal=True))


@cache
def _operands(field: str, kind: Kind) -> SearchStrategy[Any]:
    if field == "tags":
        return st.one_of(tags().map(lambda tag: tag.key), tags().map(lambda tag: tag.name), texts(max_size=8))
    if field == "acl":
        return st.builds(lambda right, principal: f"{right}:{principal}", st.sampled_from(["read", "write"]), principals())
    if kind is Kind.WORD:
        return st.sampled_from(WORDS[field])
    if kind is Kind.JSON:
        return scalars()
    return {
        Kind.IDENTITY: ids(),
        Kind.PATH: st.one_of(namespaces(), st.sampled_from(["user", "user/alice/notes/x", "context"])),
        Kind.NAME: st.one_of(st.sampled_from(["alice", "bob", "user", "assistant"]), names(), texts()),
        Kind.FLAG: st.booleans(),
        Kind.WHOLE: st.one_of(st.integers(-2, 3), st.sampled_from([100, 2**53 - 1, 2**63 - 1, -(2**63), 1.0])),
        Kind.TIME: st.one_of(instants(), st.just(NOW), st.just("2025-01-01")),
    }[kind]

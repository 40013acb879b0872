"""Random policies, callers and memories, drawn from so few names that they meet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from memos.memcube.call import Caller
from memos.memcube.cube import MemCube, Tag
from memos.memcube.governed import PrincipalRule, RoleRule
from memos.memcube.namespace import layer_of
from memos.memcube.payload import Plaintext
from memos.memcube.policy import SENSITIVITIES, AclEntry, Policy
from memos.memcube.provenance import CallContext, Provenance
from memos.memcube.state import State
from memos.ports.clock import uuid7

NOW = datetime(2025, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)
USERS = ("alice", "bob", "zoë's", "eve")
ROLES = ("ward", "nurse", "staff", "house")
ROLE_RULES = {
    "ward": RoleRule(brings=("nurse",)),
    "nurse": RoleRule(brings=("staff",), clearance="confidential"),
    "staff": RoleRule(brings=("house",)),
}
"""Groups of depth three: ward → nurse → staff → house."""
PRINCIPALS = {"eve": PrincipalRule(roles=("nurse",), clearance="restricted"), "bob": PrincipalRule(clearance="public")}
PLACES = (
    "user/alice",
    "user/bob/notes",
    "shared/nurse",
    "shared/nurse/night",
    "shared/x",
    "global",
    "global/rules",
    "expert/a",
    "context/eve/s1",
)
WORDS = ("home", "mood", "mood=calm", "x", "")
ATOMS = (
    "resource.owner == principal.name",
    'resource.owner == "alice"',
    'resource.owner like "a*"',
    'resource.owner like "bob"',
    "resource in principal.home",
    "resource in principal.shares",
    'resource in Namespace::"shared"',
    'resource in [Namespace::"global", Namespace::"shared/x"]',
    'resource in Role::"nurse"',
    "resource.acl.containsAny(context.entries)",
    'resource.acl.contains("read:user:bob")',
    "resource.acl.isEmpty()",
    "resource.level <= principal.clearance",
    "resource.level > 1",
    "resource.level == 2",
    "[0, 3].contains(resource.level)",
    'resource.sensitivity == "internal"',
    'resource.sensitivity == "secret"',
    '["shared", "global", "none"].contains(resource.layer)',
    'resource.state != "archived"',
    'resource.type == "plaintext"',
    "resource.frozen",
    "resource.frozen == false",
    "resource.priority >= 5",
    "7 > resource.priority",
    "resource.priority == 5",
    'resource has speaker && resource.speaker == "bob"',
    'resource.speaker == "bob"',
    'resource.session like "s*"',
    "resource.ordinal < 3",
    "resource has ordinal",
    "resource.expires_at > context.now",
    "resource has expires_at && resource.expires_at <= context.now",
    'resource.created_at > context.now.offset(duration("-30d"))',
    'context.now.offset(duration("1d2h")) <= resource.said_at',
    'resource.said_at < datetime("2025-05-20T00:00:00.500Z")',
    'resource.updated_at == datetime("2025-05-20")',
    'resource has valid_to && resource.valid_to >= datetime("2025-05-01")',
    'resource.tags.contains("home")',
    'resource.tags.containsAll(["mood", "mood=calm"])',
    'resource.tags.containsAny(["x", "home"])',
    "resource.tags.containsAny([])",
    "resource.tags.isEmpty()",
    'resource.hasTag("project") && resource.getTag("project") == "x"',
    'resource.getTag("project") == "x"',
    'resource.getTag("project") like "p*"',
    '["x", "y"].contains(resource.getTag("project"))',
    'context.purpose == "care"',
    'context has purpose && context.purpose == "care"',
    "context has session && resource has session && resource.session == context.session",
    "context.hour < 13",
    'principal in Role::"staff"',
    'principal in [Role::"house", Role::"ward"]',
    'principal.name == "bob"',
    "principal.clearance > 1",
    "true",
    "false",
    "resource has nothing",
    "resource is Memory",
    'resource is Memory in Namespace::"user"',
)
NO_FILTER_SAYS = (
    'resource.owner like "*e"',
    "resource.priority + 1 > 3",
    "resource.owner == resource.layer",
    'resource.created_at.toDate() == datetime("2025-05-20")',
    "resource.said_at < resource.created_at",
)
"""What is true or false to Cedar, and what no filter can say."""


class World:
    """Draws from a seed."""

    def __init__(self, seed: int, *, hard: bool = False) -> None:
        self.random = Random(seed)
        self.atoms = ATOMS + NO_FILTER_SAYS * 3 if hard else ATOMS

    def condition(self, depth: int = 3) -> str:
        """A Boolean expression of Cedar."""
        kind = self.random.randrange(10) if depth else 0
        if kind < 4:
            return f"({self.random.choice(self.atoms)})"
        if kind == 4:
            return f"!{self.condition(depth - 1)}"
        if kind == 5:
            test, then, other = (self.condition(depth - 1) for _ in range(3))
            return f"(if {test} then {then} else {other})"
        word = "&&" if kind < 8 else "||"
        return f"({self.condition(depth - 1)} {word} {self.condition(depth - 1)})"

    def policies(self) -> str:
        """A few permits, fewer forbids."""
        drawn = []
        for number in range(self.random.randint(1, 5)):
            effect = "forbid" if self.random.random() < 0.25 else "permit"
            scope = self.random.choice(
                (
                    "principal, action, resource",
                    'principal in Role::"staff", action, resource',
                    'principal, action == Action::"read", resource',
                    'principal, action in Action::"use", resource in Namespace::"shared"',
                    'principal == User::"bob", action, resource is Memory',
                )
            )
            clauses = " ".join(
                f"{self.random.choice(('when', 'when', 'unless'))} {{ {self.condition()} }}" for _ in range(self.random.randint(0, 2))
            )
            drawn.append(f'@id("p{number}") {effect} ({scope}) {clauses};')
        return "\n".join(drawn)

    def some(self, items: tuple[str, ...], most: int) -> tuple[str, ...]:
        """A few different ones."""
        return tuple(self.random.sample(items, self.random.randint(0, most)))

    def caller(self) -> Caller:
        """Somebody, in some context."""
        pick = self.random.choice
        return Caller(
            user=pick(USERS),
            roles=self.some(ROLES, 2),
            purpose=pick((None, "care", "billing")),
            session=pick((None, "s1")),
            agent=pick((None, "planner")),
        )

    def when(self) -> datetime:
        """A time near now, at times within its millisecond."""
        if self.random.random() < 0.2:
            return NOW + timedelta(microseconds=self.random.randint(-1200, 1200))
        return NOW + timedelta(days=self.random.randint(-40, 40), microseconds=self.random.choice((0, -123456, 500_000 - 123456)))

    def perhaps(self, value: object) -> object:
        """The value, or nothing."""
        return value if self.random.random() < 0.6 else None

    def cube(self) -> MemCube:
        """A memory; what may be absent often is."""
        pick, place = self.random.choice, self.random.choice(PLACES)
        cube_id = uuid7(self.random.getrandbits(60), self.random.getrandbits(62))
        acl = tuple(
            AclEntry(principal=who, rights=(pick(("read", "write", "admin")),))
            for who in self.some(("user:bob", "role:house", "agent:planner"), 2)
        )
        tags = tuple(
            Tag(name=key.partition("=")[0], value=key.partition("=")[2] or None) for key in self.some(("home", "mood=calm", "x"), 2)
        )
        tags += tuple(Tag(name="kind", value=each, by="predicted", confidence=0.5) for each in self.some(("fact", "plan"), 1))
        times = {name: self.when() for name in ("said_at", "created_at", "updated_at")}
        ends = {name: self.perhaps(self.when()) for name in ("valid_from", "valid_to")}
        return MemCube(
            id=cube_id, namespace=place, layer=layer_of(place), payload=Plaintext(text="a text"), tags=tags, state=pick(tuple(State)),
            frozen=pick((True, False)),
            policy=Policy(
                owner=pick(USERS), acl=acl, expires_at=self.perhaps(self.when()), priority=pick((-5, 5, 7)), sensitivity=pick(SENSITIVITIES)
            ),
            provenance=Provenance(id=cube_id, origin="user", context=CallContext(user="alice")),
            speaker=self.perhaps(pick(("bob", ""))), session=self.perhaps(pick(("s1", "t"))), ordinal=self.perhaps(pick((0, 3))),
            metadata=pick(({}, {"project": "x"}, {"project": "phi"}, {"project": 1}, {"project": ["x"]}, {"project": True})),
            seq=1, **times, **ends,
        )  # fmt: skip

    def inherited(self) -> tuple[str, ...]:
        """What a namespace hands down."""
        return self.some(("read:user:alice", "admin:role:staff", "read:agent:planner"), 1)

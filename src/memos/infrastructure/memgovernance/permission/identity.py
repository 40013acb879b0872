"""Identity: a caller as policies see it: a user with roles and clearance, in a calling context."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from memos.infrastructure.memgovernance import access
from memos.infrastructure.memgovernance.permission.actions import RIGHTS, Action
from memos.memcube.call import Caller
from memos.memcube.fields import instant
from memos.memcube.governed import PrincipalRule, RoleRule
from memos.memcube.namespace import encode_step
from memos.memcube.policy import SENSITIVITIES, Sensitivity

CLEARANCE: Sensitivity = "internal"
"""How sensitive a memory of others may be that a caller reads of whom nothing else is said."""
Json = dict[str, Any]
Uid = dict[str, str]
PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in "\"'%\\")
"""What stands for itself in a user's id."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a caller is in a tenant: all its roles, with those that they bring along, and its clearance as a number from 0 to 3."""

    user: str
    roles: tuple[str, ...]
    clearance: int
    agent: str | None = None

    def principals(self) -> tuple[str, ...]:
        """The names under which access lists know it."""
        agent = (f"agent:{self.agent}",) if self.agent else ()
        return (f"user:{self.user}", *agent, *(f"role:{role}" for role in self.roles))

    def entries(self, action: Action) -> tuple[str, ...]:
        """The entries of access lists of which one opens a memory to it for an action."""
        return tuple(f"{right}:{who}" for right in RIGHTS[action] for who in self.principals())


def identified(caller: Caller, roles: Mapping[str, RoleRule], principals: Mapping[str, PrincipalRule]) -> Identity:
    """The caller as the tenant's documents know it."""
    known = principals.get(caller.user, PrincipalRule())
    all_roles = closure((*caller.roles, *known.roles), roles)
    cleared = [known.clearance] if known.clearance else [roles[name].clearance for name in all_roles if name in roles]
    levels = [SENSITIVITIES.index(each) for each in cleared if each is not None]
    return Identity(caller.user, all_roles, max(levels, default=SENSITIVITIES.index(CLEARANCE)), caller.vouched_agent)


def closure(given: Iterable[str], roles: Mapping[str, RoleRule]) -> tuple[str, ...]:
    """Roles with all that they bring along, sorted; a circle brings nothing more."""
    found, waiting = set[str](), list(given)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += roles[name].brings if name in roles else ()
    return tuple(sorted(found))


def uid(kind: str, name: str) -> Uid:
    """A Cedar entity's name."""
    return {"type": kind, "id": name}


def user_uid(name: str) -> Uid:
    """The Cedar entity of a user. What is not printable ASCII is percent-encoded in its id: Cedar has no one way to write it."""
    return uid("User", quote(name, safe=PLAIN))


def written(name: Uid) -> str:
    """An entity's name in Cedar's syntax."""
    return f'{name["type"]}::"{name["id"]}"'


def entity(kind: str, name: str) -> Json:
    """A Cedar entity as a value of an attribute."""
    return {"__entity": uid(kind, name)}


def entities(who: Identity, caller: Caller) -> list[Json]:
    """The caller and its roles as Cedar entities."""
    shares = [entity("Namespace", f"{root}/{encode_step(role)}") for root in ("shared", "pipeline") for role in who.roles if _step(role)]
    attributes = {
        "name": who.user,
        "clearance": who.clearance,
        "home": entity("Namespace", access.home(caller)),
        "contexts": entity("Namespace", access.contexts(caller)),
        "shares": shares,
    }
    user = {"uid": user_uid(who.user), "attrs": attributes, "parents": [uid("Role", role) for role in who.roles]}
    return [user, *({"uid": uid("Role", role), "attrs": {}, "parents": []} for role in who.roles)]


def _step(role: str) -> bool:
    """Whether a role's name can be a step of a path."""
    return len(role.encode()) <= 40 and role not in {".", ".."} and "\0" not in role


def datetime_value(micros: int) -> Json:
    """A time as a Cedar datetime, which counts milliseconds."""
    when = instant(micros - micros % 1000)
    return {"__extn": {"fn": "datetime", "arg": f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z".rjust(24, "0")}}


UNKNOWN_NOW: Json = {"__extn": {"fn": "unknown", "arg": "now"}}


def context(caller: Caller, entries: Iterable[str], now: datetime, *, known: bool = True, part: tuple[str, int] | None = None) -> Json:
    """The calling context of one action; `known` False leaves the moment open, `part` is the label and level of a sensitive part."""
    utc = now.astimezone(UTC)
    named = {name: getattr(caller, name) for name in ("purpose", "task", "model", "agent", "session")}
    micros = int(utc.timestamp()) * 1_000_000 + utc.microsecond
    given = {
        "now": datetime_value(micros) if known else UNKNOWN_NOW,
        "hour": utc.hour,
        "weekday": utc.isoweekday(),
        "entries": list(entries),
        **{name: value for name, value in named.items() if value is not None},
    }
    return given if part is None else given | {"label": part[0], "level": part[1]}

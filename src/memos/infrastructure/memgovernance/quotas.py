"""Quotas: how often callers may call, how much may stand, how often a licence's memories may be disclosed."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from math import ceil
from typing import TYPE_CHECKING, Any

from memos.errors import InvalidCall, QuotaExceeded, Unavailable
from memos.memcube.call import Caller
from memos.memcube.change import Allowance
from memos.memcube.cube import MemCube
from memos.memcube.governed import QuotaRule
from memos.ports.clock import Clock
from memos.ports.counters import Counters, Counting
from memos.ports.rules import Rules

if TYPE_CHECKING:
    from limits import RateLimitItem

KIND = "quota"
ADDING = frozenset({"add", "compose", "extract", "update", "restore", "merge", "load", "pull"})
"""Operations after which more may stand."""
TENANTS = 4096
"""Of how many tenants the quotas are kept at hand."""


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota as calls are measured by it."""

    name: str
    rule: QuotaRule
    rates: tuple[RateLimitItem, ...]

    def applies(self, caller: Caller, operation: str, roles: Collection[str]) -> bool:
        """Whether a call counts."""
        rule = self.rule
        among = not rule.users or not {caller.user, caller.principal}.isdisjoint(rule.users)
        having = not rule.roles or not set(rule.roles).isdisjoint(roles)
        return among and having and (not rule.operations or operation in rule.operations)

    def counted(self, caller: Caller) -> tuple[str | None, ...]:
        """Whose counters a call counts on: of the one whose rights it uses, and of who holds a token where the quota names that one.

        To lend rights gives nobody more of them. None is the counter of the whole tenant.
        """
        if self.rule.each != "user":
            return (None,)
        named = dict.fromkeys((caller.principal, caller.user)) if self.rule.users else (caller.principal,)
        return tuple(each for each in named if not self.rule.users or each in self.rule.users)

    def keys(self, caller: Caller, what: str) -> list[str]:
        """The names of the counters: of one tenant, one quota, and of one user where each has its own."""
        return [json.dumps([caller.tenant, self.name, each, what]) for each in self.counted(caller)]


@dataclass(frozen=True, slots=True)
class Charge:
    """So many disclosures under the licence of a contract, and the counters on which they count."""

    quota: Quota
    count: int
    keys: tuple[str, ...]

    def count_on(self, counting: Counting) -> None:
        """Count them; QuotaExceeded when fewer are left."""
        rule = self.quota.rule
        if not all(counting.add(key, self.count, rule.disclosures or 0) for key in self.keys):
            limit = f"{rule.disclosures} disclosures under the licence {rule.licence!r}"
            raise QuotaExceeded(
                f"the quota {self.quota.name!r} allows {limit}; this call would disclose {self.count} more than are left of it, or some of"
                " these: ask for fewer, or have the contract extended",
                quota=self.quota.name, limit=limit,
            )  # fmt: skip


class Quotas:
    """Measures calls by the tenant's documents of the kind `quota`. Of several that apply to a call each must be kept."""

    def __init__(self, counters: Counters, clock: Clock) -> None:
        self._counters, self._clock = counters, clock
        self._known: dict[str, tuple[int, tuple[Quota, ...]]] = {}

    def _of(self, caller: Caller, operation: str, view: Rules, roles: Collection[str]) -> list[Quota]:
        if caller.kind == "system":
            return []
        known = self._known.get(caller.tenant)
        if known is None or known[0] != view.policy_epoch:
            if len(self._known) >= TENANTS:
                self._known.clear()
            known = self._known[caller.tenant] = view.policy_epoch, tuple(_compiled(view.rules(KIND)))
        return [each for each in known[1] if each.applies(caller, operation, roles)]

    def require(self, caller: Caller, operation: str, view: Rules, roles: Collection[str]) -> None:
        """Count a call; QuotaExceeded, which tells in how many seconds to try again, when a rate does not allow it."""
        self._require_contract(caller)
        rated = [each for each in self._of(caller, operation, view, roles) if each.rates]
        if rated:
            with self._counters.transaction() as counting:
                self._take(caller, rated, counting)

    def _require_contract(self, caller: Caller) -> None:
        """Count a call of one who acts under a contract, on the disk before it goes on; QuotaExceeded when that allows no more."""
        limits = caller.restrictions
        if limits is None or limits.count is None:
            return
        key = json.dumps([caller.tenant, "contract", caller.behalf, limits.contract or caller.user])
        with self._counters.transaction(durable=True) as counting:
            if not counting.add(key, 1, limits.count):
                raise QuotaExceeded(
                    f"the contract {(limits.contract or caller.user)[:60]!r} allows {limits.count} calls, which are made; ask for another",
                    contract=limits.contract, limit=limits.count,
                )  # fmt: skip

    def _take(self, caller: Caller, rated: list[Quota], counting: Counting) -> None:
        from memos.infrastructure.memgovernance.moving_window import limiter

        window = limiter(counting)
        for quota in rated:
            for rate, key in product(quota.rates, quota.keys(caller, "rate")):
                if not window.hit(rate, key):
                    wait = window.get_window_stats(rate, key).reset_time - self._clock.now().timestamp()
                    raise QuotaExceeded(
                        f"the quota {quota.name!r} allows {told(rate)}, and that is used up; try again in {max(1, ceil(wait))} s",
                        quota=quota.name, limit=told(rate), retry_after=max(0.0, round(wait, 3)),
                    )  # fmt: skip

    def allowances(self, caller: Caller, operation: str, view: Rules, roles: Collection[str]) -> tuple[Allowance, ...]:
        """How much may stand once a call has written; the store counts, in the transaction that writes."""
        if operation not in ADDING:
            return ()
        found = [each for each in self._of(caller, operation, view, roles) if not each.rule.memories is each.rule.bytes is None]
        return tuple(Allowance(each.name, owner, each.rule.memories, each.rule.bytes) for each in found for owner in each.counted(caller))

    def charges(
        self, caller: Caller, operation: str, view: Rules, roles: Collection[str], cubes: Iterable[MemCube]
    ) -> tuple[Charge, ...]:  # fmt: skip
        """What the disclosure of some memories takes of the contracts that apply to a call."""
        contracts = [each for each in self._of(caller, operation, view, roles) if each.rule.licence is not None]
        if not contracts:
            return ()
        licences = [cube.policy.licence for cube in cubes]
        counted = ((each, licences.count(each.rule.licence)) for each in contracts)
        return tuple(Charge(each, count, tuple(each.keys(caller, "disclosures"))) for each, count in counted if count)

    @contextmanager
    def charged(self, charges: Sequence[Charge]) -> Iterator[None]:
        """Count what is disclosed once the block is through, on the disk before this returns; what the block raises leaves it uncounted.

        QuotaExceeded before the block when a contract is used up.
        """
        if not charges:
            yield
            return
        with self._counters.transaction(durable=True) as counting:
            for charge in charges:
                charge.count_on(counting)
            yield


def require_sound(body: Mapping[str, Any] | None) -> None:
    """InvalidCall unless the rates of a quota can be read."""
    if body is not None:
        _rates(QuotaRule.model_validate(body), lambda rate: InvalidCall(f"{rate[:40]!r} is no rate; write 100/minute or 1000 per day"))


def told(rate: RateLimitItem) -> str:
    """A rate as people write it."""
    return f"{rate.amount}/{'' if rate.multiples == 1 else f'{rate.multiples} '}{rate.GRANULARITY.name}"


def _compiled(rules: Mapping[str, Mapping[str, Any]]) -> Iterator[Quota]:
    for name, body in rules.items():
        rule = QuotaRule.model_validate(body)
        yield Quota(name, rule, _rates(rule, lambda rate: Unavailable(f"a quota has the rate {rate[:40]!r}, which cannot be read")))


def _rates(rule: QuotaRule, failure: Callable[[str], Exception]) -> tuple[RateLimitItem, ...]:
    from limits import parse_many

    found: list[RateLimitItem] = []
    for rate in rule.rates:
        try:
            found += parse_many(rate)
        except ValueError:
            raise failure(rate) from None
    return tuple(found)

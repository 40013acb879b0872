"""Simulate: replay a workload under a policy, and count what it would have read, kept and cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from memos.operation.memscheduler.following import keeper
from memos.operation.memscheduler.policies import Policy
from memos.operation.memscheduler.signals import Costs
from memos.operation.memscheduler.workloads import DAY, Request

QUERY = 32
"""Tokens of a question."""
SHARE = 0.1
"""What part of all bytes that are needed a cache has unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How a policy fared. Seconds are simulated CPU time; shares and ratios lie between 0 and 1.

    `hit_ratio` counts needs, `saved` is the share of the reading that hits spared, `score` their product. `ttft` is the mean time to the
    first token of a request, `ttft_text` the same with nothing kept. `moves` are blocks made and let go, for each day of the trace.
    """

    policy: str
    requests: int
    needs: int
    hit_ratio: float
    saved: float
    score: float
    tokens: int
    tokens_read: int
    ttft: float
    ttft_text: float
    recall: float | None
    bytes: int
    budget: int
    moves_a_day: float

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {name: round(value, 6) if isinstance(value, float) else value for name, value in asdict(self).items()}


def budget_of(requests: Sequence[Request], costs: Costs, share: float = SHARE) -> int:
    """A share of the bytes of all memories that a workload needs, as float16 blocks."""
    sizes = {need.id: need.tokens for each in requests for need in each.needs}
    return int(share * sum(sizes.values()) * costs.bytes["ram"])


def replay(policy: Policy, requests: Sequence[Request], budget: int | None = None, costs: Costs | None = None) -> Figures:
    """Replay requests in their order. What is kept is attached for the price of loading it; what is not is read, and kept if admitted.

    Each block counts by itself, as where blocks are composed, or stand in one order; see `docs/guides/scheduling.md` for prompts.
    """
    costs = costs or Costs()
    budget = budget_of(requests, costs) if budget is None else budget
    kept, spent, plain = keeper(policy, budget), 0.0, 0.0
    hits = needs = tokens = read = highest = 0
    saved = whole = 0.0
    recalls: list[float] = []
    for each in requests:
        missed = attached = 0
        for need in each.needs:
            cost = costs.read(need.tokens)
            hit = kept.use(need.id, need.tokens * costs.bytes["ram"], cost)
            hits, needs, tokens = hits + hit, needs + 1, tokens + need.tokens
            whole += cost
            saved += (cost - costs.load["ram"] * need.tokens) * hit
            missed, attached = missed + need.tokens * (not hit), attached + need.tokens * hit
        read += missed
        spent += costs.read(missed + QUERY, attached) + costs.load["ram"] * attached + (costs.attach if attached else 0.0)
        plain += costs.read(missed + attached + QUERY)
        highest = max(highest, kept.bytes)
        if each.evidence:
            recalls.append(len({need.id for need in each.needs} & set(each.evidence)) / len(set(each.evidence)))
    days = max(1.0, (requests[-1].at - requests[0].at) / DAY) if requests else 1.0
    hit_ratio, share, count = hits / max(1, needs), saved / (whole or 1.0), max(1, len(requests))
    return Figures(
        policy=policy.name, requests=len(requests), needs=needs, hit_ratio=hit_ratio, saved=share, score=hit_ratio * share, tokens=tokens,
        tokens_read=read, ttft=spent / count, ttft_text=plain / count, recall=sum(recalls) / len(recalls) if recalls else None,
        bytes=highest, budget=budget, moves_a_day=(kept.admitted + kept.evicted) / days,
    )  # fmt: skip


def compared(
    requests: Sequence[Request], policies: Sequence[Policy], budget: int | None = None, costs: Costs | None = None
) -> tuple[Figures, ...]:
    """The figures of each policy over the same requests."""
    return tuple(replay(each, requests, budget, costs) for each in policies)

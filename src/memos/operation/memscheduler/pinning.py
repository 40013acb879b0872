"""Pinning: which memories make up the stable beginning of prompts, so that its KV is read once and attached from then on."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from memos.operation.memscheduler.conversion import Subject, expected_uses
from memos.operation.memscheduler.policies import USUAL, Policy


def stable(memories: Sequence[Subject], pinned: Collection[str], room: int, policy: Policy = USUAL) -> tuple[str, ...]:
    """The ids of the memories to pin, in canonical order: the hottest for their tokens, as far as they fit a room of tokens.

    Any change makes what stands behind it void, so that one that is `pinned` stays until another is hotter by the policy's `stay`. What
    is protected is never among them, nor what nobody is expected to need within the horizon.
    """
    stay = policy.placement.stay
    heat = {
        each.cube: each.heat / max(1, each.tokens) ** policy.weighing.thrift * (stay if each.cube in pinned else 1.0) for each in memories
    }
    chosen: list[str] = []
    for each in sorted(memories, key=lambda each: (-heat[each.cube], each.cube)):
        lasting = expected_uses(each.heat, policy.placement.horizon_days) >= policy.placement.loss
        if each.protected is None and lasting and each.tokens <= room:
            chosen.append(each.cube)
            room -= each.tokens
    return tuple(sorted(chosen))

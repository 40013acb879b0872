"""Policies: how MemScheduler weighs, moves and keeps, as data: a frozen document that settings hold and a simulation replays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from memos.errors import InvalidCall
from memos.memcube.value import Known, build

Kind = Literal["lru", "lfu", "gdsf", "memos"]
KINDS: tuple[Kind, ...] = ("lru", "lfu", "gdsf", "memos")


class Weighing(Known):
    """How the chance is estimated that a memory is needed, and what that is worth.

    The chance is `first` for the first that a search finds, falls with the rank to the power of `fall`, and is multiplied for priority,
    heat and age. A second of the model's time is worth `price` of a chance, more when the model is busy.
    """

    first: float = Field(default=0.56, gt=0, le=1)
    fall: float = Field(default=1.4, gt=0)
    priority: float = Field(default=1.0, ge=0, description="how much, on a logarithmic scale, the highest priority weighs")
    heat: float = Field(default=0.1, ge=0)
    recency: float = Field(default=0.2, ge=0, description="how much what was just said weighs more than what is old")
    half_life_days: float = Field(default=30.0, gt=0)
    thrift: float = Field(default=0.5, ge=0, le=1, description="0 fills a budget by chance, 1 by chance for each token")
    price: float = Field(default=0.03, ge=0)
    busy: float = Field(default=4.0, ge=0, description="how many times more a second is worth when the model has no time left")
    standing: float = Field(default=0.25, ge=0, le=1, description="the share of the room that standing instructions may take")
    alike: float = Field(default=0.9, gt=0, le=1, description="from which share of common words on two memories say the same")
    learnt: float = Field(default=0.4, ge=0, le=1, description="how well an adapter must fit a request to stand in for a text")


class Placement(Known):
    """When a memory changes its form, by hysteresis: between two thresholds it stays as it is, and in each form for `dwell_hours` at least.

    The thresholds of a block are seconds saved for each second spent, as expected over the horizon: `gain` makes one, below `even` it is
    kept as int8, below `loss` no more. What has been used for `steady_days` and `steady_count` times is learnt by an adapter from
    `learn_gain` on, until that falls below `learn_loss` or nobody has used it for `idle_days`. A block with which prompts begin, of several
    memories, is made once their uses of late and to come are spared `even` times its cost, and kept until that falls below `loss`.
    """

    horizon_days: float = Field(default=7.0, gt=0)
    dwell_hours: float = Field(default=24.0, ge=24.0)
    gain: float = Field(default=2.0, gt=0)
    even: float = Field(default=1.0, gt=0)
    loss: float = Field(default=0.5, gt=0)
    steady_days: float = Field(default=10.0, ge=0)
    steady_count: int = Field(default=12, ge=1)
    learn_horizon_days: float = Field(default=28.0, gt=0)
    learn_gain: float = Field(default=1.0, gt=0)
    learn_loss: float = Field(default=0.4, gt=0)
    idle_days: float = Field(default=7.0, gt=0)
    recent_days: float = Field(default=3.0, gt=0, description="since when it must have been used for a block to be made")
    stay: float = Field(
        default=1.5, ge=1, description="how many times hotter another beginning must be to take the room of one that is kept"
    )
    beginning: int = Field(default=1500, ge=1, description="the tokens of memories that a block may hold with which prompts begin")
    spares: float = Field(default=0.23, ge=0, le=1, description="what a request is spared by such a block, as a share of reading all of it")
    bytes: int = Field(default=2 * 1024**3, ge=0, description="what all blocks together may take on disk")


class Policy(Known):
    """A policy: its name, what kind of replacement it is, and the numbers of weighing and of placement."""

    name: str = Field(default="memos", min_length=1, max_length=64)
    kind: Kind = "memos"
    half_life: int = Field(default=1000, ge=1, description="after how many requests the count of a use has fallen to a half")
    weighing: Weighing = Field(default_factory=Weighing)
    placement: Placement = Field(default_factory=Placement)


USUAL = Policy.model_construct(
    name="memos", kind="memos", half_life=1000, weighing=Weighing.model_construct(), placement=Placement.model_construct()
)
"""The policy that holds unless the settings name another."""


def policy_of(given: Mapping[str, Any]) -> Policy:
    """The policy that the setting `schedule` describes: what it leaves out is as usual; InvalidCall names what is wrong."""
    try:
        return build(Policy, **dict(given)) if given else USUAL
    except InvalidCall as error:
        raise InvalidCall(f"the setting schedule: {error.message}") from None

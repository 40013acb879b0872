"""Rank: how a query wants the memories that pass its conditions to be scored, spread and ordered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from memos.memcube.value import Known

Order = Literal["relevance", "recent", "oldest", "priority", "said"]
Coverage = Literal["auto", "off", "time", "exchanges"]
Weight = Annotated[float, Field(strict=True, ge=-1000, le=1000, allow_inf_nan=False)]


class Recency(Known):
    """What was said lately counts more: `weight` for what is said now, half of it after `half_life` days, a quarter after two."""

    half_life: float = Field(gt=0, strict=True, allow_inf_nan=False, description="in days")
    weight: float = Field(default=1.0, gt=0, le=1000, strict=True, allow_inf_nan=False)


def _of_days(given: Any) -> Any:
    return {"half_life": given} if isinstance(given, int | float) and not isinstance(given, bool) else given


class Rank(Known):
    """Options of the ranking; all of them together is legal. What changes a score shows in `why`.

    `order` is that in which the best hits are given; the best are chosen by score whatever it is.
    """

    order: Order = "relevance"
    diverse: float = Field(default=0.0, ge=0, le=1, strict=True, description="how much likeness to what comes before counts against a hit")
    coverage: Coverage = Field(
        default="auto", description="spread the hits over the time, or over whole exchanges; auto: as the question asks for it"
    )
    resolver: bool = Field(
        default=True, strict=True, description="go from a class that the question asks for to its members, as a further step of the search"
    )
    rerank: float = Field(
        default=2.0,
        ge=0,
        le=100,
        strict=True,
        allow_inf_nan=False,
        description="how much a reranker's word counts, where there is one; 0: not asked",
    )
    recency: Annotated[Recency | None, BeforeValidator(_of_days)] = Field(default=None, description="a half-life in days, or both fields")
    priority: Weight = Field(default=0.0, description="what a priority of 100 adds to the score")
    weights: dict[str, Weight] = Field(default_factory=dict, description="weights of features in place of those that come with MemOS")
    minimum: float | None = Field(default=None, strict=True, allow_inf_nan=False, description="the least score of a hit")

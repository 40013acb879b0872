"""Spans: the sensitive parts of a text as values: legal ones, those that a new text keeps, and what they make of the whole memory."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from memos.errors import InvalidCall
from memos.memcube.policy import SENSITIVITIES, Policy, SensitiveSpan, Sensitivity
from memos.memcube.value import invalid

SPANS = 1000
"""The most spans that a user may mark in one text."""


def legal_spans(spans: Any) -> tuple[SensitiveSpan, ...]:
    """The spans that a user marks, from SensitiveSpans or objects; InvalidCall otherwise."""
    if not isinstance(spans, list | tuple) or len(spans) > SPANS:
        raise InvalidCall(
            f'spans are a list of at most {SPANS:,} like {{"start": 0, "end": 5, "label": "NAME", "sensitivity": "restricted"}}'
        )
    try:
        given = tuple(each if isinstance(each, SensitiveSpan) else SensitiveSpan.model_validate(each) for each in spans)
    except ValidationError as error:
        raise invalid(error) from None
    return tuple(each.model_copy(update={"by": "user"}) for each in given)


def require_within(spans: Iterable[SensitiveSpan], text: str) -> None:
    """InvalidCall for a span that marks nothing, or more than there is of a text."""
    for span in spans:
        if not span.start < span.end <= len(text):
            raise InvalidCall(f"the span {span.label} [{span.start}, {span.end}) lies outside the text, which has {len(text):,} characters")


def strictest(levels: Iterable[Sensitivity], least: Sensitivity = "public") -> Sensitivity:
    """The highest of some sensitivities, and at least one."""
    return max((least, *levels), key=SENSITIVITIES.index)


def settled(policy: Policy) -> Policy:
    """A policy with the sensitivity that its parts give: what a user stated, else the highest of its spans and at least internal."""
    if not policy.examined:
        sensitivity: Sensitivity = "restricted"
    elif policy.stated is not None:
        sensitivity = policy.stated
    else:
        sensitivity = strictest((span.sensitivity for span in policy.spans), "internal")
    return policy if policy.sensitivity == sensitivity else policy.model_copy(update={"sensitivity": sensitivity})


def beside(marked: Iterable[SensitiveSpan], found: Iterable[SensitiveSpan]) -> tuple[SensitiveSpan, ...]:
    """The spans that users marked and, in their order, those found that none of them covers: what a user says of a part holds."""
    kept = tuple(marked)
    rest = (span for span in found if not any(each.start <= span.start and span.end <= each.end for each in kept))
    return tuple(sorted((*kept, *rest), key=lambda span: (span.start, span.end)))


def carried(text: str, *before: tuple[str, Iterable[SensitiveSpan]]) -> tuple[SensitiveSpan, ...]:
    """The spans that users marked in earlier texts, wherever the same words stand in a new one."""
    found: dict[tuple[int, int], SensitiveSpan] = {}
    for old, spans in before:
        marked = {old[span.start : span.end]: span for span in spans if span.by == "user"}
        for words, span in marked.items():
            for place in re.finditer(re.escape(words), text) if words else ():
                at = {"start": place.start(), "end": place.end()}
                found.setdefault(place.span(), span.model_copy(update=at))
    return tuple(found[place] for place in sorted(found)[:SPANS])

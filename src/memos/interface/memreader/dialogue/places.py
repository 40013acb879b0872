"""Places: where and when "there" and "before that" are: places, firms and events that were spoken of."""

from __future__ import annotations

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.heard import Found
from memos.interface.memreader.dialogue.talk import Talk


def place_of(talk: Talk) -> tuple[Found, str] | None:
    """The place that was spoken of last: a name, a kind of place, or where something was said to be."""
    found = talk.best(lambda each: each.kind == "place" or each.head in lex.PLACES, far=3)
    at = next((each for each in reversed(talk.heard) if each.located and talk.clock - each.clock <= 3), None)
    if found is not None:
        return found, "in" if found.kind == "place" else "at"
    if at is None:
        return None
    latest = talk.latest(at.referent)
    return Found(latest.referent.value, latest.turn, "thing"), at.located


def event_of(talk: Talk) -> tuple[Found, int] | None:
    """The event that was spoken of last, and when."""
    each = next((each for each in reversed(talk.heard) if each.referent.kind == "event" and each.referent.rank), None)
    if each is None or talk.clock - each.clock > 3:
        return None
    latest = talk.latest(each.referent)
    return Found(latest.referent.value, latest.turn, "event"), each.clock


def company_of(talk: Talk) -> tuple[Found, str] | None:
    """The organisation, or whatever has a name, that was spoken of last, as a place."""
    named = [each for each in talk.heard if each.referent.kind in {"organisation", "thing", "name"} and each.referent.value[0].isupper()]
    last = [each for each in named if each.clock == named[-1].clock and talk.clock - each.clock <= 3 and each.referent.rank]
    if len({each.key for each in last}) != 1:
        return None
    latest = talk.latest(last[0].referent)
    return Found(latest.referent.value, latest.turn, "organisation"), "at"

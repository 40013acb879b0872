"""Adverbs: which place "there" is, and which time "then"."""

from __future__ import annotations

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.edits import Outcome, outcome, time_edit, word_at
from memos.interface.memreader.dialogue.heard import Found
from memos.interface.memreader.dialogue.moments import moments
from memos.interface.memreader.dialogue.places import company_of, event_of, place_of
from memos.interface.memreader.dialogue.sight import Sight
from memos.memcube.reading import Unresolved

_GOING = frozenset(
    [
        "go",
        "going",
        "goes",
        "went",
        "get",
        "getting",
        "got",
        "gets",
        "travel",
        "travelling",
        "travelled",
        "drive",
        "driving",
        "drove",
        "fly",
        "flying",
        "flew",
        "arrive",
        "move",
        "moving",
        "moved",
        "been",
    ]
)
_CONTAINERS = frozenset(
    {"file", "folder", "box", "drawer", "document", "list", "report", "bag", "car", "freezer", "fridge", "cupboard", "basement", "attic"}
)


def where_or_when(sight: Sight, at: int, low: str, rest: str) -> Outcome:
    """What "there" and "then" stand for."""
    before, after = word_at(sight.words, at, -1), word_at(sight.words, at)
    if low == "then":
        return _then(sight, at, before, after)
    leads = before in {"is", "are", "was", "were", "over", "out", "still", "hi", "hello", "hey", "be", "been", "isn't", "wasn't"}
    if rest or after in lex.AUXILIARIES or (leads and after not in {"", "?"}) or before in {"hi", "hello", "hey", "out"}:
        return None, None
    if any(each.kind in {"place", "organisation"} and each.end < sight.words[at].start - 1 for each in sight.here):
        return None, None
    if "happen" in before[:6] and (event := event_of(sight.talk)):
        edit, left = outcome(sight.words, at, event[0], "event")
        if edit is not None:
            edit.text = f"at {edit.text}"
        return edit, left
    placed = place_of(sight.talk) or company_of(sight.talk)
    inside = next((each for each in reversed(sight.talk.heard) if each.located == "in" and each.mine), None) if before == "in" else None
    within = sight.talk.best(lambda each: each.head in _CONTAINERS, far=4) if before == "in" else None
    if inside is not None and not moments(inside.referent.value) and sight.talk.clock - inside.clock <= 4:
        within = Found(inside.referent.value, inside.turn, inside.referent.kind)
    if placed is None and (event := event_of(sight.talk)):
        placed = event[0], "at"
    if placed is None and before in _GOING and (whom := sight.talk.best(lambda each: each.head in lex.ROLES and not each.plural)):
        placed = whom, "to"
    found, preposition = (within, "in") if before == "in" and within else placed or (None, "")
    edit, left = outcome(sight.words, at, found, "place")
    if edit is not None and before not in lex.PREPOSITIONS - {"like"}:
        edit.text = f"{'to' if before in _GOING else preposition} {edit.text}"
    return edit, left


_LIMITS = frozenset({"since", "until", "by", "before", "after"})


def _then(sight: Sight, at: int, before: str, after: str) -> Outcome:
    """The time that "then" is; none where it only goes on with the talk: "delete it then"."""
    telling = sight.words[0].low not in lex.WH | lex.AUXILIARIES | {"and"} and sight.words[-1].low != "?" and before not in _LIMITS
    if at == 0 or telling or (after and after not in {"?", ".", "!", ",", "too"} and before not in _LIMITS):
        return None, None
    moment = sight.talk.time()
    if moment is None:
        return None, Unresolved(kind="time", text="then", reason="nothing before it names the time that it stands for")
    return time_edit(sight.words, at, 1, moment.span.text if before not in lex.PREPOSITIONS else moment.span.bare, moment), None

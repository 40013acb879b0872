"""Doubts: whether an order is one about memory: "update my notes" and not "update pip", "list my tasks" and not "list the planets"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memos.interface.memreader import personal, questions
from memos.interface.memreader.public import public
from memos.memcube.reading import Intent
from memos.operation.memoperator.entities import Mention

YES = 0.5
"""From which certainty on a question counts as one about memory."""
WORLD = 0.1
"""Up to which certainty a question is one about what the world knows."""
_DEFINITE = re.compile(
    r"^(?:(?:all|both|each|every)\s+(?:of\s+)?)?(?:the|this|that|those|these|his|her|their|its|it|them|[A-Z][\w-]+'s)\b", re.IGNORECASE
)
ALL = re.compile(r"^(?:all|every|everything|each|anything|any|both)\b|^(?:what|whatever)\s+(?:i|we)\b", re.IGNORECASE)
_INDEFINITE = re.compile(
    r"^(?:an?|some|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|fifty|several|more|another|\d+)\b", re.IGNORECASE
)
TITLED = frozenset({"place", "work", "organisation", "thing"})
_MONEY = re.compile(r"^(?:[€$£]\s?\d|\d[\d.,]*\s*(?:€|\$|£|euros?|dollars?|pounds?|bucks|btc)\b)", re.IGNORECASE)
_SUMS = re.compile(r"^(?:the\s+numbers\s+)?[-\d.,]+\s*(?:and|to|plus|\+|,|by|from)\s*[-\d.,]+", re.IGNORECASE)
_PASTED = re.compile(
    r"^(?:this|these|the\s+following)\b[^:\n]{0,60}:|^(?:(?:my|this|the)\s+)?(?:grammar|english|essay|paragraph|sentence|code|regex"
    r"|function|tone)\b(?!\s+of\s+(?:my|the)\s+note)",
    re.IGNORECASE,
)
_EXTERNAL = re.compile(
    r"\b(?:online|on\s+the\s+(?:web|internet)|https?://|www\.|google|wikipedia|the\s+following|(?:text|code|paragraph)\s+below|in\s+(?:git|python|java|javascript|excel|sql|c\+\+"
    r"|bash)|this\s+(?:article|page|url|link|pdf|image|video|paragraph|text))\b",
    re.IGNORECASE,
)


_OF_ITS_OWN = re.compile(r"^(?:an?|some|something|anything|one|your|more)\b", re.IGNORECASE)
_KEPT_IN = re.compile(r"[\"'”’]\s+(?:in|on)\s+(?:the|my|our)\s+(?!(?:following|above|sentence|text)\b)", re.IGNORECASE)
_WORDING = frozenset({"rephrase", "reword", "rewrite", "correct", "fix", "edit", "replace", "complete", "extend"})
_QUOTED = re.compile(r"[\"'“‘`]|(?:this|the\s+following|my)\s+(?:sentence|text|paragraph|essay|wording)\b", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"^(?:the\s+(?:subject|topic|channel|language|tone|world)|an?\s+(?:timer|alarm|reminder\s+for)|lanes|sides|your\b)", re.IGNORECASE
)


def doubtful(intent: Intent, verb: str, object_: str) -> float:
    """How sure it is that an order of a verb of change is none for a memory; 0 where it is one."""
    if _EXTERNAL.search(object_) or _PASTED.match(object_):
        return 0.75
    if intent == "share" and verb == "share" and _OF_ITS_OWN.match(object_):
        return 0.8
    if (verb in _WORDING and _QUOTED.match(object_) and not _KEPT_IN.search(object_)) or (
        intent == "confirm" and re.match(r"my\s+(?:understanding|guess|suspicion)\b", object_, re.IGNORECASE)
    ):
        return 0.75
    if verb in {"note", "save"} and re.match(r"the\s+(?:irony|difference|date\b|whales|planet|best\s+for\s+last)", object_, re.IGNORECASE):
        return 0.6
    if verb in {"change", "switch", "swap", "set", "make"} and _ELSEWHERE.match(object_):
        return 0.7
    if (intent == "transfer" and _MONEY.match(object_)) or (verb == "add" and _SUMS.match(object_)):
        return 0.8
    if (
        intent == "update"
        and not re.search(r"\sto\s", object_)
        and not re.search(r"\b(?:my|our|the|that|this|those|these|it|its|his|her|their|them|notes?|list)\b|'s\b|^[A-Z]", object_)
    ):
        return 0.6
    bare = intent == "store" and verb in {
        "keep",
        "track",
        "document",
        "import",
        "enter",
        "file",
        "insert",
        "register",
        "capture",
        "know",
        "learn",
        "for",
        "so",
        "be",
    }
    return 0.6 if bare and len(object_.split()) < 2 else 0


_HELD = re.compile(r"^(?:(?:of|about|on|from|for)\s+)?(?:[\w'-]+\s+){0,3}?(?:notes|memories|entries|reminders|memos)\b", re.IGNORECASE)


_LEDGER = re.compile(
    r"\b(?:expenses?|spending|expenditures?|income|earnings|sales|quotes|offers|bids|proposals|mileage|workouts?|runs|grades|bills|rent|migraines|symptoms|readings"
    r"|appointments?|tasks|to-?dos|drafts|decisions|complaints|tickets|deliveries|receipts|invoices|bookings|measurements|weigh-ins|feedback|takeaways|action\s+items)\b",
    re.IGNORECASE,
)
_PROJECT = re.compile(r"(?i:.{0,60}?\bthe\s+)(?:[A-Z][\w-]+\s+)+(?!of\b|and\b|in\b|for\b|or\b|is\b|was\b)[a-z]{3,}")


_GIVEN_HERE = re.compile(r"(?:this|these|the\s+following)\b[^:\n]{0,60}:\s", re.IGNORECASE)
_IN_A_TEXT = re.compile(r"\bin\s+[\"'“‘]")
_PART_OF = re.compile(r"the\s+[\w-]+\s+of\s+(?:the\s+)?\w+\s*$", re.IGNORECASE)


def titled_in(mentions: Sequence[Mention]) -> bool:
    """Whether a place, a work, an organisation or another thing is named."""
    return any(each.kind in TITLED for each in mentions)


def owned(object_: str, mentions: Sequence[Mention], *, timed: bool, retrieves: bool) -> float:
    """How sure it is that what is to be found, listed or summed up is memory."""
    if not object_:
        return 0.55
    if _EXTERNAL.search(object_) or _GIVEN_HERE.match(object_):
        return 0.1
    asked = questions.unwrapped(object_).text
    sure = personal.remembered(asked, mentions)
    if sure >= YES or sure <= WORLD:
        return sure
    return _named(object_, mentions, sure, timed=timed, retrieves=retrieves)


def _named(object_: str, mentions: Sequence[Mention], sure: float, *, timed: bool, retrieves: bool) -> float:
    """The same of what neither says that it is somebody's own nor that it is not, by its form and the names in it."""
    titled = titled_in(mentions)
    if _HELD.search(object_) and not titled:
        return 0.7
    if (_INDEFINITE.match(object_) and not timed) or _IN_A_TEXT.search(object_):
        return min(sure, 0.3)
    if ALL.match(object_):
        return 0.45 if titled and sure < 0.2 else 0.75
    if titled:
        return 0.6 if _PROJECT.match(object_) and not public(object_) else 0.1 if public(object_) else 0.65 if retrieves else 0.3
    if _LEDGER.search(object_) or timed or retrieves:
        return 0.65
    return 0.55 if _DEFINITE.match(object_) and not _PART_OF.match(object_) else 0.3

"""Scope: where to look, how many, in which order, of which kind: what a request says beside what it is about."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from memos.errors import InvalidCall
from memos.interface.memreader.nouns import plural
from memos.memcube.filter import Filter
from memos.memcube.legal import legal_namespace, legal_tags
from memos.memcube.rank import Order, Rank
from memos.memcube.reading import Intent, Output
from memos.memcube.state import Layer, MemoryType, State

LISTED, ALL, FOUND = 100, 1000, 10
"""How many memories a list gives, an operation on all of a kind takes, and a search finds, where no number is said."""
CHANGING = frozenset({"update", "forget", "archive", "restore", "confirm", "freeze", "unfreeze", "transfer", "share"})
_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "couple": 2, "few": 3, "dozen": 12, "fifteen": 15, "twenty": 20, "fifty": 50, "hundred": 100,
}  # fmt: skip
_ENTRY = r"(?:notes?|memories|entries|[a-z]{3,}s)"
_HOW_MANY = rf"(?:\d{{1,3}}|{'|'.join(_NUMBERS)})"
_WHICH = r"(?:last|latest|most\s+recent|newest|recent|first|earliest|oldest|top|best|next)"
_SPAN = r"(?:(?:day|week|month|year|hour|minute|second|quarter|decade|weekend|night|morning|evening|summer|winter)s?)\b"
_COUNTED = re.compile(
    rf"\b(?P<which>{_WHICH})\s+(?:a\s+)?(?P<number>{_HOW_MANY})\s+(?!{_SPAN})(?:\w+\s+)?{_ENTRY}\b"
    rf"|\b(?P<number2>{_HOW_MANY})\s+(?P<which2>{_WHICH})\s+(?!{_SPAN})(?:\w+\s+)?{_ENTRY}\b"
    r"|\b(?:my|the)\s+(?P<which3>latest|newest|most\s+recent|oldest|earliest)\s+\w+",
    re.IGNORECASE,
)
_TOP = re.compile(rf"\btop\s+(?P<number>{_HOW_MANY})\b", re.IGNORECASE)
_NEWEST = re.compile(r"\b(?:newest|latest|most\s+recent)\s+first\b|\bin\s+reverse\s+(?:chronological\s+)?order\b", re.IGNORECASE)
_OLDEST = re.compile(
    r"\b(?:oldest|earliest)\s+first\b|\b(?:in\s+)?chronological(?:ly|\s+order)\b|\bin\s+order\s+of\s+(?:date|time)\b|\btimeline\b",
    re.IGNORECASE,
)
_LAYERS = (
    (
        re.compile(
            r"\b(?:my|our)?\s*(?:private|personal|own)\s+(?:notes?|memor(?:y|ies)|space|area|journal|diary|entries|records)\b"
            r"|\bprivately\b",
            re.IGNORECASE,
        ),
        Layer.PRIVATE,
    ),
    (
        re.compile(
            r"\b(?:shared|team|team['\u2019]s|group|common|company|department)\s+(?:shared\s+)?(?:notes?|memor(?:y|ies)|space"
            r"|knowledge|folder|entries|records|wiki)\b",
            re.IGNORECASE,
        ),
        Layer.SHARED,
    ),
    (re.compile(r"\bglobal\s+(?:notes?|memor(?:y|ies)|space|knowledge)\b", re.IGNORECASE), Layer.GLOBAL),
)
_HERE = re.compile(
    r"\b(?:in|during|from|of|throughout)\s+(?:this|the\s+current|our\s+current)\s+(?:conversation|chat|session|dialogue|thread)\b",
    re.IGNORECASE,
)
_PATH = re.compile(r"(?<![\w/.:])(?:user|expert|shared|context|pipeline|global)/[\w%@.+-]+(?:/[\w%@.+-]+)*")
TAGGED = re.compile(
    r"\b(?:tagged|labelled|labeled)\s+(?:with\s+|as\s+)?(?:the\s+tags?\s+)?[\"“'#]?(?P<tag>[\w=:-]{1,60})(?:[\"”']?\s+(?:and|or"
    r"|,)\s+[\"“'#]?(?P<more>[\w=:-]{1,60}))?|\bwith\s+(?:the\s+)?tags?\s+[\"“'#]?(?P<tag2>[\w=:-]{1,60})"
    r"|(?<!\w)#(?P<tag3>[A-Za-z][\w-]{1,60})",
    re.IGNORECASE,
)
_TYPES = (
    (re.compile(r"\b(?:plain-?\s?text)\s+(?:memories|memory|notes?|ones|cubes)\b", re.IGNORECASE), MemoryType.PLAINTEXT),
    (
        re.compile(r"\b(?:kv[\s-]?cache|activation)s?\s+(?:memories|memory|ones|cubes)\b|\bkv[\s-]caches?\b", re.IGNORECASE),
        MemoryType.ACTIVATION,
    ),
    (re.compile(r"\b(?:lora|parameter|parametric)\s+(?:memories|memory|adapters?|cubes)\b", re.IGNORECASE), MemoryType.PARAMETER),
)
_ARCHIVED = re.compile(r"\barchived\s+(?!by\b)\w+|\b(?:in|from)\s+(?:the\s+|my\s+)?archives?\b|\bincluding\s+archived\b", re.IGNORECASE)
_ALSO_ARCHIVED = re.compile(r"\b(?:including|even|also)\s+(?:the\s+)?archived\b", re.IGNORECASE)
_TABLE = re.compile(
    r"\b(?:as|in)\s+an?\s+table\b|\btable\s+of\b|\bin\s+(?:table|tabular)\s+form\b|\bin\s+columns\b|\btabulated?\b", re.IGNORECASE
)
_TIMELINE = re.compile(r"\btimeline\b|\bchronolog(?:y|ical)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\bjust\s+the\s+number\b", re.IGNORECASE)
_EVERYTHING = re.compile(r"\b(?:all|every|everything|everyone|any|anything|both|each|whatever)\b", re.IGNORECASE)
_ERASED = re.compile(
    r"\bgdpr\b|\bright\s+to\s+(?:be\s+forgotten|erasure)\b|\b(?:all|everything|any)\s+(?:of\s+)?(?:the\s+)?(?:my"
    r"|our)\s+(?:(?:personal\s+)?data|memories|information|info|records|history|notes|account)\s*(?:$|[.!?,]|\bat\s+once\b|\bnow\b"
    r"|\bpermanently\b|\bfor\s+good\b|\bfrom\s+your\b)"
    r"|\b(?:my|our)\s+(?:whole\s+|entire\s+)?(?:account|personal\s+data|data)\s*(?:$|[.!?,])|\b(?:everything|all"
    r"|anything)\s+(?:that\s+)?(?:(?:you|it)\s+(?:know|have|remember|stored?|saved)\s+)?(?:about|on)\s+(?:me|us)\s*(?:$|[.!?,])"
    r"|^(?:everything|it\s+all|all\s+of\s+it|all(?:\s+memories)?|(?:my|your|the)\s+(?:whole\s+|entire\s+)?memory)\s*[.!?]*$"
    r"|\b(?:every\s+trace|all\s+traces)\s+of\s+(?:me|us)\b",
    re.IGNORECASE,
)
ERASING = (
    "erasure of all that is kept of somebody is never run from words: it reaches the past and backups and cannot be undone;"
    " ask for it by the verb `erase`"
)


class Scope(NamedTuple):
    """The parts of a query beside its text and window, and what is wanted back."""

    query: dict[str, Any]
    output: Output


def erases(intent: Intent, object_: str) -> bool:
    """Whether the deletion of all of somebody's data is asked for."""
    return intent == "forget" and _ERASED.search(object_) is not None


def scoped(intent: Intent, text: str, object_: str) -> Scope:
    """What a clause says of where to look, of how many memories, and of the form of the answer."""
    query: dict[str, Any] = {"limit": _limit(intent, text, object_)}
    if (order := _order(text)) is not None:
        query["rank"] = Rank(order=order)
    if layers := tuple(layer for pattern, layer in _LAYERS if pattern.search(text)):
        query["layers"] = layers
    if spaces := _spaces(text):
        query["namespaces"] = spaces
    if types := tuple(kind for pattern, kind in _TYPES if pattern.search(text)):
        query["types"] = types
    if (tags := _tags(text)) is not None:
        query["filter"] = tags
    if intent == "restore":
        query["states"] = (State.ARCHIVED, State.EXPIRED)
    elif intent != "archive" and _ARCHIVED.search(text):
        query["states"] = (
            (State.GENERATED, State.ACTIVATED, State.MERGED, State.ARCHIVED) if _ALSO_ARCHIVED.search(text) else (State.ARCHIVED,)
        )
    return Scope(query, _output(intent, text))


def _limit(intent: Intent, text: str, object_: str) -> int:
    found = _COUNTED.search(text) or _TOP.search(text)
    if found is not None:
        groups = found.groupdict()
        said = groups.get("number") or groups.get("number2")
        if said:
            return max(1, min(ALL, int(said) if said.isdecimal() else _NUMBERS[said.lower()]))
        return 1 if intent in CHANGING else LISTED if intent == "list" else FOUND
    if intent in CHANGING:
        return ALL if _EVERYTHING.search(object_) or plural(object_) else 1
    return ALL if intent in {"count", "summarise", "compare"} else LISTED if intent == "list" else 1 if intent == "history" else FOUND


def _order(text: str) -> Order | None:
    if _NEWEST.search(text):
        return "recent"
    if _OLDEST.search(text):
        return "oldest"
    found = _COUNTED.search(text)
    which = next((found[name].lower() for name in ("which", "which2", "which3") if found[name]), "") if found else ""
    return (
        "recent"
        if which in {"last", "latest", "newest", "recent"} or which.startswith("most")
        else "oldest"
        if which in {"first", "earliest", "oldest"}
        else None
    )


def _spaces(text: str) -> tuple[str, ...]:
    found = []
    for match in _PATH.finditer(text):
        try:
            found.append(str(legal_namespace(match[0].rstrip("."))))
        except InvalidCall:
            continue
    return ("context",) if not found and _HERE.search(text) else tuple(dict.fromkeys(found))


def _tags(text: str) -> Filter | None:
    names = [name for match in TAGGED.finditer(text) for key in ("tag", "more", "tag2", "tag3") if (name := match[key])]
    try:
        return Filter.parse({"tags": {"all": [tag.key for tag in legal_tags(names)]}}) if names else None
    except InvalidCall:
        return None


_OUTPUTS: dict[Intent, Output] = {
    "count": "number", "summarise": "digest", "compare": "comparison", "history": "versions", "store": "nothing", "none": "nothing",
    "list": "memories", "recall": "answer",
}  # fmt: skip


def _output(intent: Intent, text: str) -> Output:
    if intent in {"list", "recall", "summarise", "compare", "count"}:
        if _TABLE.search(text):
            return "table"
        if _TIMELINE.search(text):
            return "timeline"
    return "nothing" if intent in CHANGING else _OUTPUTS.get(intent, "memories")

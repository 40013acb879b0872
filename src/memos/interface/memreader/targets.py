"""Targets: the words for the memories that an order is about, what is to be written, and who is to receive them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from memos.interface.memreader.chunks import Span
from memos.interface.memreader.words import listed
from memos.memcube.reading import Intent

Mode = Literal["append", "overwrite", "merge"]
_WHOSE = r"(?:my|our|the|that|this|those|these|his|her|their|its|it|them|both|[\w.-]+(?:\s[A-Z][\w.-]+)?['\u2019]s?)"
_FRONT = re.compile(
    r"^(?:(?:all|both|each|every|any|some)(?:\s+of)?\s+(?=\S)|(?:of|about|on|for|through|up|down|back|over)\s+(?=(?:my|our|the|that"
    r"|this|those|these|all|every|what)\b)|(?:the|an?|my|our|your|that|these|those|this)\s+(?=[\w\"'€$£])"
    r"|(?:full|complete|whole|entire|list|copy|record)\s+of\s+|(?:several|few|other"
    r"|\d{1,3})\s+(?=[a-z]))",
    re.IGNORECASE,
)
_EVERYTHING = re.compile(
    r"^(?:(?:absolutely\s+)?(?:everything|anything|all|whatever|stuff|things?)(?:\s+(?:that\s+)?(?:you|we|i)(?:'ve"
    r"|\s+have)?\s+(?:\w+ly\s+)?(?:know|have|had|got|remember|saved?|stored?|kept|told\s+you|said|noted))?)\s+(?:about|on|regarding"
    r"|concerning|for|of|from|to\s+do\s+with|related\s+to)\s+(?=\S)",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"\s*(?:,\s*(?:(?:and\s+|but\s+|so\s+)?(?:i|we|it|that|they|he|she|you|then|please|just|keep)\b|(?:the|my|our|his"
    r"|her)\s+\w+\s+(?:is|was|are|were|has|had)\b|but\b|turns\s+out\b|there\s+(?:is|are|was|were)\b|;?\s*(?:keep|leave)\b|because\b|since\b|as\b|so\b|will\s+you|would\s+you).*"
    r"|\s*;\s*(?:keep|leave)\b.*|\s+(?:and|but)\s+(?:keep|leave)\b.*|,?\s+but\s+not\b.*"
    r"|\s+(?:so\s+(?:that\s+)?(?:nobody|no\s+one|nothing|it|they|he|she|we|i|you|that|this|everyone|anyone)\b.*|because\b.*"
    r"|in\s+order\s+to\b.*|if\s+you\s+(?:can|could|don't).*"
    r"|to\s+(?:me|us)|for\s+(?:me|now|good|ever|the\s+(?:moment|time\s+being)|later)|again|any\s*more|any\s+longer|please|pls|from\s+(?:here|there)|entirely|altogether|somewhere\s+.*|too|as\s+well|instead|right\s+away|at\s+once|now"
    r"|immediately|permanently|completely|forever))\s*[.!?]*$",
    re.IGNORECASE,
)
_PARTICLES: dict[str, re.Pattern[str]] = {
    "archive": re.compile(r"\s+(?:away|aside|(?:to|in|into)\s+(?:the\s+|my\s+)?(?:archives?|(?:cold\s+)?storage))$", re.IGNORECASE),
    "restore": re.compile(
        r"\s+(?:back(?:\s+to\s+(?:the\s+|its\s+)?(?:first|previous|last|original|earlier|old|prior)\b.*)?|(?:from|out\s+of)\s+(?:the\s+|my\s+)?(?:archives?|trash|bin)|(?:(?:that|which)\s+)?(?:i|we"
        r"|you)\s+(?:just\s+)?(?:deleted|archived|removed|forgot|put\s+away|threw\s+away).*)$",
        re.IGNORECASE,
    ),
    "freeze": re.compile(
        r"\s+(?:(?:as\s+)?(?:read-?\s?only|immutable|permanent|unchangeable|unchanged|locked|frozen|final)|(?:exactly\s+)?as\s+(?:it"
        r"|they)\s+(?:is|are)|against\s+(?:changes?|edits?|editing).*|down|back\s+on)$",
        re.IGNORECASE,
    ),
    "unfreeze": re.compile(
        r"\s+(?:(?:needn't|doesn't\s+(?:need|have)\s+to|no\s+longer\s+(?:needs|has)\s+to|can|may|should)\s+(?:be|stay)\s.*|(?:be\s+)?(?:editable|writable|changeable|edited|changed|updated)(?:\s+again)?)$",
        re.IGNORECASE,
    ),
    "confirm": re.compile(
        r"\s+(?:(?:as\s+)?(?:confirmed|verified|correct|right|true|accurate|valid|checked|up\s+to\s+date)|(?:is|are)\s+(?:still\s+"
        r"|all\s+)?(?:right|correct|true|accurate|valid|up\s+to\s+date).*)$",
        re.IGNORECASE,
    ),
    "forget": re.compile(
        r"\s+(?:away|out|(?:from|out\s+of|in)\s+(?:your\s+|my\s+|the\s+)?(?:memory|memories|notes|records|store))$", re.IGNORECASE
    ),
    "compare": re.compile(r"\s+(?:side\s+by\s+side|next\s+to\s+each\s+other|with\s+each\s+other)$", re.IGNORECASE),
    "summarise": re.compile(
        r"(?<=\w)\s+(?:up|down)$|\s+(?:to|in|into|as)\s+(?:\w+\s+){0,3}(?:bullets?|bullet\s+points?|sentences?|words?|lines?|paragraphs?|points?|minutes?)$",
        re.IGNORECASE,
    ),
}
_JOINT = re.compile(
    r"(?:\s*,)?\s+(?:from|of|in|on|at|during|for|over|since|until|till|before|after|by|between|within|throughout|around|to|the"
    r"|this)(?:\s+the)?\s*$",
    re.IGNORECASE,
)
_KEEPING = frozenset({"update", "forget", "archive", "restore", "confirm", "freeze", "unfreeze", "transfer", "share"})
_PURPOSE = re.compile(r"\bfor\s+(?:the\s+)?", re.IGNORECASE)
_THOSE = re.compile(r"^(?:those|that|these|this)\s+(?:that|which|who|from|for|in|on|about|of|with|we|i|by|tagged)\b", re.IGNORECASE)
POINTERS = listed("it this that them these those both everything all one ones him her")
_AGAIN = re.compile(r"^(?:again|too|as\s+well|back)$", re.IGNORECASE)


class Parts(NamedTuple):
    """What an order says: the words for its target, what is to be written and how, who receives, whether more than reading is given."""

    target: str = ""
    text: str | None = None
    mode: Mode | None = None
    to: str | None = None
    writes: bool = False


def described(intent: Intent, phrase: str, times: Iterable[Span] = ()) -> str:
    """A target without articles, courtesies, and the times that stand behind it or own it; `times` are places in the phrase."""
    if intent in _KEEPING and (kept := _PURPOSE.search(phrase)) is not None:
        times = [span for span in times if span[0] < kept.start() or span[0] > kept.end()]
    text = _without_times(phrase, times).strip(' \t.!?,;:"“”')
    text = _BEHIND.sub("", text)
    if (particle := _PARTICLES.get(intent)) is not None:
        text = particle.sub("", _BEHIND.sub("", text))
    text = _AGAIN.sub("", text)
    for _ in range(0 if _THOSE.match(text) else 5):
        shorter = _FRONT.sub("", _EVERYTHING.sub("", text))
        if shorter == text or not shorter.strip():
            break
        text = shorter
    return text.strip(" \t.!?,;:")


def _without_times(phrase: str, times: Iterable[Span]) -> str:
    """The phrase without times, but for one that stands before a noun as its kind: "the Monday meeting"."""
    for start, end in sorted(times, reverse=True):
        before, after = phrase[:start], phrase[end:]
        kind = (
            re.match(r"\s+[a-z]\w+", after) is not None
            and re.search(r"\b(?:the|my|our|that|this|an?|old|new)\s*$", before, re.IGNORECASE) is not None
        )
        if kind or (
            not before.strip()
            and re.match(r"\s+[a-z]{3,}", after)
            and not phrase[start:end].lower().startswith(("last", "this", "next", "yester", "today", "tomorrow"))
        ):
            continue
        owns = re.match(r"['\u2019]s?\s+", after)
        phrase = before + after[owns.end() :] if owns else _JOINT.sub("", before) + after
    return re.sub(r"\s{2,}", " ", phrase)


def shared(object_: str) -> Parts:
    """What is to be shared with whom."""
    writes = re.search(r"\b(?:write|edit|change|full|update)\b", object_, re.IGNORECASE) is not None
    object_ = re.sub(r"\sw/?\s(?=\w)", " with ", object_)
    for pattern in _SHARED:
        if (found := pattern.search(object_)) is not None:
            return Parts(found["what"].strip(), to=_receiver(found["who"]), writes=writes)
    return Parts(object_)


_SHARED = tuple(
    re.compile(each, re.IGNORECASE)
    for each in (
        r"^(?P<what>(?:what|everything|anything|all)\b.+)\s+(?:with|to)\s+(?P<who>.{1,80})$",
        r"^(?:sure\s+)?(?:that\s+)?(?:only\s+)?(?P<who>.{1,50}?)\s+(?:can|could|should|may|must|is\s+able\s+to|are\s+able\s+to|is\s+to|are\s+to)\s+(?:see|read|view|access|open|edit)\s+(?P<what>.+)$",
        r"^(?P<who>.{1,50}?)\s+(?:should|ought\s+to|needs?\s+to|must)\s+be\s+able\s+to\s+(?:see|read|view|access|edit)\s+(?P<what>.+)$",
        r"^(?P<who>.{1,50}?)\s+in\s+on\s+(?P<what>.+)$",
        r"^(?P<who>.{1,60}?)(?:['\u2019]s)?\s+(?:read\s+|write\s+|full\s+|edit\s+|view(?:ing)?\s+)?(?:access|visibility)\s+(?:to|on|for|of)\s+(?P<what>.+)$",
        r"^(?:access\s+(?:to|on)\s+)(?P<what>.+?)\s+(?:to|from|for)\s+(?P<who>.{1,60})$",
        r"^(?P<who>.{1,60}?)(?:['\u2019]s)?\s+(?:read\s+|write\s+|full\s+|edit\s+)?(?:access|visibility)(?P<what>)$",
        r"^(?P<who>.{1,50}?)\s+know(?:\s+(?:about|of))?(?P<what>\s.+|$)",
        r"^(?P<what>.+?)\s+from\s+(?P<who>(?:my|the|our)\s+\w+|[A-Z][\w.-]+)$",
        r"^(?P<who>.{1,50}?)\s+(?:to\s+)?(?:see|read|view|access|have(?:\s+a\s+look\s+at)?|look\s+at|edit)\s+(?P<what>.+)$",
        r"^(?P<what>.+?)\s+(?:visible|available|accessible|readable|open|viewable)\s+(?:to|for)\s+(?P<who>.{1,60})$",
        r"^(?P<who>(?:my|the|our)\s+\w+|him|her|them|[A-Z][\w.-]+)\s+(?P<what>(?:my|the|our|that|this|everything|all|every|what)\b.+)$",
        r"^with\s+(?P<who>.{1,60}?)\s+(?P<what>(?:my|our|the|what|everything|all|that|this)\b.+)$",
        r"^(?P<what>.+)\s+(?:with|to|between)\s+(?P<who>.{1,80})$",
        r"^(?P<who>[A-Z][\w.-]+)\s+(?P<what>(?:my|the|our|that|this)\b.+)$",
    )
)
_TO = re.compile(
    r"^(?P<what>.+?)\s+(?:over\s+|off\s+|on\s+|across\s+)?(?:to|into|in|under)\s+(?P<who>(?:(?!\s(?:to|into)\s).)+)$", re.IGNORECASE
)


def _receiver(who: str) -> str:
    bare = re.sub(
        r"\s*(?:[,.;!?]|\b(?:until|till|so|because|for\s+(?:now|a|the\s+next)|from|by|as\s+well|too|please|again|who|which)\b).*$",
        "",
        who.strip(),
        flags=re.IGNORECASE,
    )
    kept = re.match(r"(?:Dr|Mr|Mrs|Ms|Prof|St)\.", who.strip())
    return re.sub(r"^(?:the|my|our|a|an|all|every)\s+", "", (who.strip() if kept else bare).rstrip(".!?,"), flags=re.IGNORECASE)


def handed(object_: str) -> Parts:
    """What is to be moved, and where to."""
    found = _TO.match(object_)
    if found is None:
        return Parts(object_)
    return Parts(re.sub(r"\s+(?:over|off|on|across)$", "", found["what"]), to=_receiver(found["who"]))

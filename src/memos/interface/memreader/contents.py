"""Contents: what is to be written, taken apart from the words that say where and that it be."""

from __future__ import annotations

import re

from memos.interface.memreader.targets import Parts
from memos.interface.memreader.words import listed

_WHOSE = r"(?:my|our|the|that|this|those|these|his|her|their|its|it|them|both|[\w.-]+(?:\s[A-Z][\w.-]+)?['\u2019]s?)"
_INTO = tuple(
    re.compile(rf"^(?P<text>.+)\s+{preposition}\s+(?P<target>{_WHOSE}\b.*)$", re.IGNORECASE | re.DOTALL)
    for preposition in ("to", "(?:onto|into)", "(?:in|on|under)")
)
_BACKWARD = re.compile(
    rf"^(?:an?\s+(?:\w+\s+)?(?:note|comment|line|entry|remark)\s+)?(?:to|in|into|on)\s+(?P<target>{_WHOSE}\s+[^:,]{{1,80}}?)\s*(?::|,"
    rf"|\bthat\b)\s*(?P<text>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_TO_IT = re.compile(
    r"^[^:]{1,80}?\s+(?:to|in|on)\s+(?P<target>(?:it|that|this|them|(?:my|our|the|that|this)\s+[\w' -]{2,60}))\s*:\s+(?P<text>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_SAYING = re.compile(
    r"^(?:an?|another|one\s+more|a\s+new)\s+(?:line|note|bit|bullet|row|entry|point|sentence|comment)\s+(?:to|in|on|into)\s+(?P<target>.+?)\s+(?:saying|that\s+says|reading)\s+(?:that\s+)?(?P<text>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_REPLACED = re.compile(
    (
        r"^(?P<old>.+?)\s+(?:with|by|for)\s+(?P<text>.+?)(?:\s+(?:in|on|of|from)\s+(?P<target>(?:my|our|the|that|this|his|her|their|its"
        r"|it|all|every|[\w.-]+['\u2019]s)\b.*))?$"
    ),
    re.IGNORECASE | re.DOTALL,
)
_IN_FRONT = re.compile(
    r"^(?:in|on)\s+(?P<target>[^,]{2,80}),?\s+(?:replace|change|swap)?\s*(?P<old>.+?)\s+(?:with|to|by)\s+(?P<text>.+)$", re.IGNORECASE
)
_COLON = re.compile(r"^(?P<target>[^:]{2,100}?)\s*:\s+(?P<text>.+)$", re.DOTALL)
_SAYS = re.compile(
    (
        r"^(?P<target>.+?)\s*(?:,|;|\s)\s*(?:so\s+(?:that\s+)?(?:(?:it|they)\s+)?(?:now\s+)?(?:says?|reads?|is|shows?)|to\s+(?:say|read|show|be)"
        r"|(?:it|that)\s+(?:should|must)\s+(?:now\s+)?(?:say|read|be|show)|should\s+(?:say|read|be)|saying)\s+(?:that\s+)?(?P<text>.+)$"
    ),
    re.IGNORECASE | re.DOTALL,
)
_FROM_TO = re.compile(r"^(?P<target>.+?)\s+from\s+(?P<old>.+?)\s+to\s+(?P<text>.+)$", re.IGNORECASE | re.DOTALL)
_WITH = re.compile(r"^(?P<target>.+?)\s+with\s+(?P<text>.+)$", re.IGNORECASE | re.DOTALL)
_AS = re.compile(r"^(?P<target>.+?)\s+(?:as|off\s+as)\s+(?P<text>.+)$", re.IGNORECASE | re.DOTALL)
_OFF = re.compile(r"^(?P<target>.+?)\s+(?P<text>done|off|complete|completed|finished)$", re.IGNORECASE)
_OUT = re.compile(rf"^(?P<text>.+)\s+(?:from|off|out\s+of)\s+(?P<target>{_WHOSE}\b.*)$", re.IGNORECASE)
_NOT = re.compile(
    (
        r"^(?:(?:it|that|this|he|she|they)(?:['\u2019]s|['\u2019]re|\s+is|\s+was|\s+are|\s+were|\s+should\s+be)?\s+)?(?:now\s+"
        r"|actually\s+)*(?P<text>.+?)\s*(?:,\s*(?:and\s+)?not\s+.+|\s+(?:instead\s+of|rather\s+than|and\s+not)\s+.+)?$"
    ),
    re.IGNORECASE | re.DOTALL,
)
_STATED = tuple(
    re.compile(each, re.IGNORECASE | re.DOTALL)
    for each in (
        (
            r"^(?P<target>.+?)\s+(?:(?:is|are)\s+no\s+longer|(?:is|are)n['\u2019]t)\s+.+?[,;.]?\s+(?:make\s+it|it['\u2019]s(?:\s+now)?|it\s+is(?:\s+now)?|they['\u2019]re"
            r"|but)\s+(?P<text>.+)$"
        ),
        (
            r"^(?P<target>.+?)\s+(?:is|are)\s+(?:wrong|incorrect|outdated|out\s+of\s+date|not\s+right"
            r"|false)\b[^\w]*(?:it\s+)?(?:should\s+(?:say|read|be)|is|it['\u2019]s)\s+(?P<text>.+)$"
        ),
        (
            r"^(?P<target>.+?)(?:\s+has|\s+have|['\u2019]s|\s+was|\s+got)?\s+(?:been\s+)?(?:moved|changed|rescheduled|pushed(?:\s+back)?"
            r"|postponed|brought\s+forward|shifted)\s+(?:from\s+.+?\s+)?to\s+(?:the\s+)?(?P<text>.+)$"
        ),
        r"^(?P<target>.+?)\s+should\s+(?:say|read|be)\s+(?P<text>.+)$",
        (
            r"^(?P<target>it|that|this|they|he|she)(?:['\u2019]s|['\u2019]re|\s+is|\s+was|\s+are|\s+were|\s+should\s+be)\s+(?:now\s+"
            r"|actually\s+)?(?P<text>.+)$"
        ),
        r"^(?P<target>(?:my|our|the|[\w.]+['\u2019]s)\s+.+?)\s+(?:is|are|was|were)\s+(?:now\s+|actually\s+)?(?P<text>.+)$",
    )
)
_NEEDS = re.compile(
    r"^(?P<target>.+?)\s+(?:needs?|wants?)\s+(?:changing|updating|correcting|fixing|to\s+be\s+(?:changed|updated|corrected|fixed))[\s.!]*$",
    re.IGNORECASE,
)
_NOW_NOT = re.compile(
    r"^(?P<target>(?:my|our|the|[\w.]+['\u2019]s)\s*.*?)(?:\s+(?:is|are|was|should\s+be)|['\u2019]s)\s+(?:now\s+)?(?:(?:in|on|at)\s+)?(?P<text>[^,]+?)(?:\s+now)?,?\s+not\s+[^,]+(?:,\s*(?:for|of)\s+(?P<of>[^,]+?))?(?:,\s*(?:please|pls|so)\b.*)?$",
    re.IGNORECASE,
)
_LED = re.compile(r"^(?:(?:actually|correction|sorry|oops|wait|no|yes|well)[,:]?\s+)+", re.IGNORECASE)
_QUOTES = "\"“”'‘’`"
_CONTENT_LEAD = re.compile(
    (
        r"^(?:\s*[:,–—-]+\s*|\s*that\s+(?=\S)|\s*to\s+self\b\s*[-–:,]*\s*|\s*(?:one\s+(?:more\s+)?thing|something|this|the\s+following|a\s+few\s+things|the\s+fact"
        r"|this\s+fact|for\s+(?:me|later|myself|next\s+time|the\s+record))\s*(?::|,|\bthat\b)\s*)+"
    ),
    re.IGNORECASE,
)
_CONTENT_END = re.compile(
    r"\s+(?:(?:to|in|into)\s+(?:your\s+|my\s+)?memory|on\s+(?:record|file)|in\s+mind|for\s+(?:me|later|future\s+reference"
    r"|next\s+time)|please)[\s.!]*$",
    re.IGNORECASE,
)
_NOT_TO_FORGET = re.compile(
    r"[,.;]?\s+(?:so\s+|and\s+|please\s+)*(?:don't|dont|do\s+not|never)\s+(?:let\s+me\s+)?forget(?:\s+(?:it|that|this))?(?:\s+again)?"
    r"[\s.!]*$",
    re.IGNORECASE,
)
REFERS = re.compile(
    r"^(?P<what>this|that|it|these|those|them|this\s+(?:one|fact|info|information|message|conversation|chat)|that\s+(?:one|fact|info"
    r"|information)|(?:the\s+)?(?:above|last\s+message|previous\s+message)|what\s+(?:i|you)\s+(?:just\s+)?said)(?:\s+(?:down|too"
    r"|as\s+well|for\s+(?:me|later)|please))*[\s.!]*$",
    re.IGNORECASE,
)


def stored(object_: str) -> str:
    """What is to be remembered, as it was said."""
    text = _CONTENT_LEAD.sub("", object_)
    text = _CONTENT_END.sub("", _NOT_TO_FORGET.sub("", text)).strip()
    return unquoted(text)


def unquoted(text: str) -> str:
    """A text without the quotation marks around the whole of it, and without a full stop behind it."""
    bare = text.strip().rstrip(" ")
    if len(bare) > 2 and bare[0] in _QUOTES and bare.rstrip(".!")[-1:] in _QUOTES and bare[0] not in bare[1:-2]:
        return bare.rstrip(".!")[1:-1].strip()
    return bare[:-1] if bare.endswith(".") and not bare.endswith("..") and bare.count(".") == 1 else bare


def updated(verb: str, object_: str) -> Parts:
    """What of a memory is to become what."""
    text = object_.strip().rstrip(" .!")
    if verb in {"merge", "combine", "consolidate", "unify", "fold", "roll"}:
        return Parts(re.sub(r"\s+(?:together|into\s+(?:one|a\s+single\b.*|a\s+\w+))$", "", text, flags=re.IGNORECASE), mode="merge")
    if verb in _ADDING:
        return _added(text)
    if verb in {"replace", "swap", "switch"}:
        return _replaced(text)
    if verb in {"remove", "delete", "cross", "strike", "take", "drop"} and (found := _OUT.match(text)):
        return Parts(found["target"], mode="overwrite")
    if verb in _ALTERING:
        return _altered(verb, text)
    if verb in {"mark", "tick", "check"} and (found := _AS.match(text) or _OFF.match(text)):
        return Parts(found["target"], unquoted(found["text"]), "overwrite")
    return _changed(text)


_ADDING = listed("""
add append put include insert write mention note jot log record attach enter tack save prepend supplement put stick pop
chuck whack bung slap throw slot
""")
_ALTERING = listed("double halve triple raise lower increase decrease reduce bump trim shorten")


def _altered(verb: str, text: str) -> Parts:
    """What is to be done to a part of a memory, "double the quantities in it"; to what value is said as by "change"."""
    found = re.match(rf"^(?P<what>.+?)\s+(?:in|on|of)\s+(?P<target>{_WHOSE}\b.*)$", text, re.IGNORECASE)
    if (by := re.match(r"^(?P<target>.+?)\s+by\s+(?P<much>[\w€$£%. ]+)$", text)) is not None:
        return Parts(by["target"], f"{verb} by {by['much']}", "overwrite")
    if re.search(r"\sto\s", text):
        return _changed(text)
    return Parts(found["target"] if found else text, f"{verb} {found['what'] if found else text}", "overwrite")


def _added(text: str) -> Parts:
    if (found := _TO_IT.match(text)) is not None:
        return Parts(found["target"], unquoted(found["text"]), "append")
    if (found := _SAYING.match(text)) is not None:
        return Parts(found["target"], unquoted(found["text"]), "append")
    if (found := _BACKWARD.match(text)) is not None:
        return Parts(found["target"], unquoted(found["text"]), "append")
    for pattern in _INTO:
        if (found := pattern.match(text)) is not None:
            return Parts(found["target"], _bare(found["text"]), "append")
    if (found := _WITH.match(text)) is not None:
        return Parts(found["target"], unquoted(found["text"]), "append")
    return Parts(text=_bare(text), mode="append")


def _bare(text: str) -> str:
    return unquoted(
        re.sub(
            r"^(?:that|the\s+following:?|a\s+(?:line|note|sentence|point|comment)(?:\s+(?:saying|that|about))?)\s+|[,:]\s*$",
            "",
            text.strip(),
            flags=re.IGNORECASE,
        ).strip(" ,:")
    )


def _replaced(text: str) -> Parts:
    if (found := _IN_FRONT.match(text)) is not None:
        return Parts(found["target"], unquoted(found["text"]), "overwrite")
    found = _REPLACED.match(text)
    if found is None:
        return _changed(text)
    return Parts(found["target"] or found["old"], unquoted(found["text"]), "overwrite")


_RATHER = re.compile(
    r"^(?P<target>.+?)\s+(?P<text>[\d€$£][\w.,:€$£%-]*)\s+(?:instead\s+of|rather\s+than)\s+\S+(?:\s+(?:in|on)\s+(?P<place>.+))?$",
    re.IGNORECASE,
)


def _changed(text: str) -> Parts:
    if (found := _RATHER.match(text)) is not None:
        return Parts(f"{found['target']} in {found['place']}" if found["place"] else found["target"], unquoted(found["text"]), "overwrite")
    for pattern in (_COLON, _SAYS, _FROM_TO):
        if (found := pattern.match(text)) is not None:
            return Parts(found["target"], _without_denial(found["text"]), "overwrite")
    places = [match for match in re.finditer(r"\s+to\s+", text) if match.start()]
    if places:
        place = places[-1]
        if len(places) > 1 and re.search(r"[A-Z][\w'-]*$", text[: place.start()]) and re.match(r"[A-Z]", text[place.end() :]):
            place = places[0]
        return Parts(text[: place.start()], _without_denial(text[place.end() :]), "overwrite")
    if (found := _WITH.match(text)) is not None:
        return Parts(found["target"], unquoted(found["text"]), "append")
    return Parts(text, mode="overwrite")


def _without_denial(text: str) -> str:
    """The new value in "it's 11 June, not 12 June"."""
    found = _NOT.match(text.strip())
    return unquoted(found["text"] if found is not None else text)


def corrected(statement: str) -> Parts:
    """What a statement corrects, and to what."""
    text = _LED.sub("", statement).strip().rstrip(" .!")
    if (found := _NEEDS.match(text)) is not None:
        return Parts(found["target"], mode="overwrite")
    if (found := _NOW_NOT.match(text)) is not None:
        return Parts(f"{found['target']} for {found['of']}" if found["of"] else found["target"], unquoted(found["text"]), "overwrite")
    for pattern in _STATED:
        if (found := pattern.match(text)) is not None:
            return Parts(found["target"], _without_denial(found["text"]), "overwrite")
    return Parts("", text, "overwrite")

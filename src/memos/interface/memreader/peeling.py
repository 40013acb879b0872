"""Peeling: takes from a request what only asks for it, "could you please remind me", so that the question or the order stands alone."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from memos.interface.memreader.commands import lemma

ROUNDS = 8
"""How many layers of courtesy are taken off at most."""
_FILLERS = (
    r"(?:hey|hi|hello|ok|okay|so|well|alright|all\ right|right|now|and|also|but|then|oh|um+|uh+|hmm+|great|thanks|thank\ you|sure|yes"
    r"|yeah|yep|by\ the\ way|btw|one\ more\ thing|another\ thing|quick\ question|question|actually|listen|look|sorry|excuse\ me"
    r"|perfect|cool|good|fine|nice|first(?:ly|\ of\ all)?|second(?:ly)?|third(?:ly)?|next|finally|lastly|after\ that|afterwards"
    r"|in\ addition|additionally|when\ you\ can|if\ you\ can|if\ possible|if\ you\ (?:don't|do\ not)\ mind|for\ me|no\ problem"
    r"|got\ it|and\ then|before\ i\ forget|while\ you're\ at\ it|wait|hm|good\ (?:morning|afternoon|evening)|there|memos|assistant"
    r"|buddy|everyone|dear\ assistant|hold\ on)"
)
_OPENERS = (
    r"(?:while\s+you(?:'re|\s+are)\s+(?:at\s+it|there)|thereafter|when\s+you(?:'re|\s+are)\s+(?:done|finished|ready)|once\s+(?:that(?:'s|\s+is)\s+)?done"
    r"|after\s+(?:that|this|which)|in\s+the\s+meantime|meanwhile|at\s+the\s+same\s+time|on\s+top\s+of\s+that|from\s+there"
    r"|for\s+good\s+measure|to\s+(?:start|begin|finish|round\s+off)(?:\s+with)?|last\s+of\s+all|as\s+well|besides|in\s+addition|if\s+you\s+(?:can|could)"
    r"|first\s+of\s+all|as\s+a\s+(?:first|next|last|final)\s+step|so\s+that's\s+done|in\s+that\s+case|otherwise|alternatively|with\s+that\s+done"
    r"|(?:once|when|after|as\s+soon\s+as)\s+(?:it|that|they|this|you)(?:['\u2019](?:s|re)|\s+(?:is|are|was|has\s+been))\s+(?:back|done|in|up|there"
    r"|ready|saved|out|restored|finished|through|gone|unlocked|archived|deleted|shared|locked|set|over)"
    r"|if\s+(?:so|not|any|(?:it|they|that|there)(?:['\u2019](?:s|re)|\s+(?:is|are))\s+(?:still\s+)?(?:there|in\s+there|saved|around|open|marked\s+\w+)|you\s+(?:find|have)\s+(?:it|them|any))"
    r"|(?:and\s+)?one\s+last\s+thing|when\s+that(?:'s|\s+is)\s+done)"
)
_VERBAL = (
    r"(?:please|pls|plz|kindly|just|quickly|also|maybe|perhaps|then|now|next|finally|first|lastly|afterwards|subsequently|simply"
    r"|immediately)"
)


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], ...]:
    flags = re.IGNORECASE | re.VERBOSE
    polite = r"(?:\s+(?:please|kindly|maybe|perhaps|just|quickly|also|possibly|then|now))*"
    return (
        re.compile(rf"{_FILLERS}(?:\s*[,:;.!…–—]+\s*|\s+-+\s+)", flags),
        re.compile(r"(?:can|could|may)\s+(?:i|we)\s+(?:please\s+)?(?=(?:get|have|see|hear)\s)", flags),
        re.compile(
            r"(?:would|could)\s+you\s+be\s+so\s+kind\s+(?:as\s+)?to\s+|i(?:'d|\s+would)\s+be\s+(?:so\s+)?(?:grateful|glad|happy)\s+if\s+you\s+(?:could\s+|would\s+)?",
            flags,
        ),
        re.compile(rf"{_OPENERS}\s*[,:]?\s+(?=\w)", flags),
        re.compile(r"(?:second|third|fourth)(?:ly)?\s+(?=[a-z]+\s+(?:it|them|the|my|our|that|this|those)\b)", flags),
        re.compile(rf"{_VERBAL}\s+(?=[\w'\"])", flags),
        re.compile(
            r"(?:and|ugh|argh|er|wait|hiya|plus|roughly|approximately|sorry\s+to\s+(?:trouble|bother|ask)(?:\s+you)?,?\s+but|so(?!\s+(?:that\s+)?you\s+know)|ok|okay|hey|hi|hello|oh|well|but|yes|yeah|also|thanks|lol|btw|right)\s+(?=\w)",
            flags,
        ),
        re.compile(
            rf"""(?:can|could|would|will|won't|can't)\s+(?:you|u|we)\b{polite}\s+
            (?:(?:help\s+me(?:\s+to)?|try\s+to|go\s+ahead\s+and|go\s+and|be\s+so\s+kind\s+as\s+to)\s+)?(?!be\b|have\b|mind\b)(?=\w)""",
            flags,
        ),
        *_offers(flags, polite),
        *_hopes(flags),
    )


def _offers(flags: re.RegexFlag, polite: str) -> tuple[re.Pattern[str], ...]:
    return (
        re.compile(r"(?:would|do)\s+you\s+mind\s+(?=\w+ing\b)", flags),
        re.compile(r"(?:how|what)\s+about\s+(?=\w+ing\b)", flags),
        re.compile(
            rf"i(?:'d|\s+would)?(?:\s+(?:really|also|just))?\s+(?:like|love|want|need|wish|prefer){polite}\s+(?:for\s+)?(?:you"
            rf"|us)\s+to{polite}\s+",
            flags,
        ),
        re.compile(
            r"i(?:'d|\s+would)?(?:\s+(?:really|also|just))?\s+(?:like|love|want|need|wish|have)\s+to\s+"
            r"(?=(?:know|see|hear|find|remember|recall|check|look|list|count|compare|archive|delete|forget|remove|restore|freeze|lock"
            r"|unlock"
            r"|share|update|change|correct|save|store|record|log|note|add|move|transfer|review|recap|summari[sz]e|get|confirm|unfreeze"
            r"|refresh|understand|bring|pull|go\ over|ask|revisit|edit|rename|merge|append)\b)",
            flags,
        ),
    )


def _hopes(flags: re.RegexFlag) -> tuple[re.Pattern[str], ...]:
    return (
        re.compile(
            r"(?:let's|let\s+us|let\s+me|feel\s+free\s+to|go\s+ahead\s+and|make\s+sure\s+(?:to|that\s+you|you)|be\s+sure\s+to)\s+", flags
        ),
        re.compile(
            r"(?:it(?:'d|\s+would)\s+be\s+(?:great|nice|good|helpful|lovely)|i(?:'d|\s+would)\s+(?:appreciate\s+it|be\s+grateful"
            r"|be\s+happy|be\s+glad))"
            r"\s+if\s+you(?:'d|\s+could|\s+would|\s+can)?\s+",
            flags,
        ),
        re.compile(
            r"i\s+(?:was|am)\s+(?:just\s+)?wondering\s+if\s+you\s+(?:could|can|would)\s+|i\s+wonder\s+if\s+you\s+(?:could|can)\s+", flags
        ),
        re.compile(
            r"(?:is\s+it\s+possible|would\s+it\s+be\s+possible|any\s+chance\s+you\s+could|do\s+me\s+a\s+favou?r\s+and"
            r"|be\s+so\s+kind\s+(?:as\s+)?to)\s+(?:to\s+)?",
            flags,
        ),
        re.compile(
            r"you\s+(?:can|should|could|may|must|might\s+want\s+to|need\s+to|have\s+to)\s+(?:now\s+|also\s+|please\s+"
            r"|just\s+)*(?!not\b)(?=\w+\s)",
            flags,
        ),
    )


_MARKER = re.compile(r"^[\s–—•*,;:-]*(?:\(?[1-9a-d][.)]\s+)?")
_DOING = re.compile(r"(?<=\bmind )\w+ing\b|(?<=\babout )\w+ing\b", re.IGNORECASE)
_TRAIL = re.compile(
    r"(?:[,\s–—-]+(?:please|thanks(?:\s+(?:a\s+lot|so\s+much|in\s+advance))?|thank\s+you(?:\s+(?:so|very)\s+much)?|thx|for\s+me"
    r"|cheers|ok(?:ay)?"
    r"|if\s+you\s+(?:can|could|would|don't\s+mind|please)|if\s+possible|would\s+you|will\s+you|can\s+you|could\s+you|right\s+away"
    r"|when\s+you\s+(?:can|get\s+a\s+chance|have\s+time)|pls|plz))+(?=[\s.!?…]*$)",
    re.IGNORECASE,
)


class Peeled(NamedTuple):
    """What is left of a request, and where it begins in it."""

    text: str
    start: int


def peeled(text: str) -> Peeled:
    """A request without its courtesies at both ends."""
    start = len(text) - len(_MARKER.sub("", text))
    for _ in range(ROUNDS):
        found = next((match for pattern in _patterns() if (match := pattern.match(text, start)) and match.end() > start), None)
        if found is None or not text[found.end() :].strip(" .!?…"):
            break
        start = found.end()
        if (doing := _DOING.match(text, start)) is not None and (verb := lemma(doing[0])) is not None:
            text = f"{text[:start]}{verb}{text[doing.end() :]}"
    tail = _TRAIL.search(text, max(start, len(text) - 120))
    if tail is None or tail.start() <= start:
        return Peeled(text[start:].rstrip(), start)
    asks = text[tail.end() :].strip().startswith("?")
    return Peeled(text[start : tail.start()].rstrip() + ("?" if asks else ""), start)

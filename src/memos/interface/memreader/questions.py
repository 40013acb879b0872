"""Questions: what a question or an order of retrieval wants: one answer, a list, a number, a comparison, a digest or a history."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from memos.memcube.reading import Intent

_WHEN_SAID = re.compile(
    r"^(?:find|look\s+up|search(?:\s+for)?|check|look|see|dig\s+(?:up|out)|pull\s+up|recall)\s+(?:(?:out|up|back|for|through|in)\s+)*"
    r"(?:me\s+)?(?=(?:what|who|when|where|why|how|which|whether|if|whose)\b)",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"(?:^|\b(?:and|of|on|with|to|me|know|out)\s+)how\s+(?:many\b(?!\s+(?:words|characters)\b)|often\b|frequently\b|regularly\b)"
    r"|\b(?:what(?:'s|\s+is|\s+was)\s+)?(?:the|total|a)\s+(?:total\s+)?(?:number|count|tally)\s+of\b|^number\s+of\b"
    r"|^(?:total\s+)?count\s+of\b",
    re.IGNORECASE,
)
_REMEMBERED = re.compile(
    r"how\s+many\s+(?:[\w'-]+\s+){1,5}?(?:am\s+i|are\s+we|is\s+(?:he|she|it)|should\s+(?:i|we)|do\s+(?:i|we)\s+(?:take|need|owe|get"
    r"|pay)|must\s+i"
    r"|does\s+[\w' ]{1,40}\s+(?:take|need|have|cost|owe|weigh|want|get|hold|seat|last)|did\s+(?:he|she|they|[\w' ]{1,30})\s+(?:say"
    r"|order|want|prescribe|quote)"
    r"|(?:do|did)\s+(?:i|we)\s+(?:say|agree|promise|order)|has\s+(?:the|my|our|his|her)\b|are\s+(?:there\s+)?in\s+(?:my|our|the)\b)",
    re.IGNORECASE,
)
_COMPARE = re.compile(
    r"\bcompared?\s+(?:to|with|against|and)\b|\bcompare\b|\bcomparison\b|\bdifferences?\s+(?:between|from)\b|\bversus\b|\bvs\.?(?=\s)"
    r"|\bwhat(?:'s|\s+is)\s+different\s+between\b|\bdiffers?\b|\bhow\s+(?:is|are|was|were)\s+.{2,80}\s+different\s+(?:from|than|to)\b|\bside\s+by\s+side\b|\bcontrast\b"
    r"|\b(?:more|less|fewer|better|worse|[a-z]{2,9}er)\b[^.?!]{0,80}?(?<!\bother)(?<!\brather)\s+than\b"
    r"|\bas\s+(?:much|many|often|good|well|long)\b[^.?!]{0,60}\s+as\s+(?:in|last|during|the|my|before)\b",
    re.IGNORECASE,
)
_EITHER = re.compile(
    r"^(?:which|who|what|when|where|did|do|does|is|was|are|were|have|has)\b.{0,120}\b(?:more|less|fewer|better|worse|best|most|higher"
    r"|lower|cheaper"
    r"|faster|longer|shorter|bigger|larger|smaller|earlier|later|first|older|younger)\b.{0,120}?(?:,|:|\bin"
    r"|\bon)?\s+[\w' ]{1,60}\s+or\s+[\w' ]{1,60}\?*$",
    re.IGNORECASE,
)
_HISTORY = re.compile(
    r"^what\s+(?:was|were)\s+(?:my|our|the)\s+(?:old|previous|former|earlier)\s|^(?:what|who|where)\b.{1,80}\b(?:previously|formerly|originally)\b|\b(?:was|were)\s+(?:it\s+)?before\s*\??$|"
    r"\bhow\s+(?:has|have|had|did|does|do)\b.{1,120}\b(?:changed?|evolved?|developed?|shifted?|progress(?:ed)?|varied|vary|grown"
    r"|come\s+to\s+be)\b"
    r"|\bhow\b.{1,100}\b(?:changed|evolved|developed|come\s+about)(?:\s+over\b|\s+since\b|\s+through\b|\s*[?.!]*$)"
    r"|\b(?:earlier|previous|prior|former|older|original|past|first)\s+(?:versions?|drafts?\s+of|wordings?|revisions?|values?|state)\b"
    r"|\b(?:say|said|read|look(?:ed)?\s+like|contain(?:ed)?|state)\s+(?:originally|previously|before|at\s+first)(?!\s+(?:the|my|our"
    r"|his|her)\b)"
    r"|\b(?:what|where|who|how|which)\b.{1,80}\bbefore\s+(?:i|we|you|he|she|they|it|that|the|\w+)\s+(?:was\s+|were\s+|had\s+|got\s+)?"
    r"(?:changed?|edited?|updated?|corrected|overwrote|overwritten|replaced|rewrote|rewritten|modified|amended|revised)\b"
    r"|^(?:who|when|what|why|how\s+often)\b.{0,30}\b(?:last\s+)?(?:changed|edited|updated|modified|revised|amended)\b(?!\s+(?:his|her"
    r"|their)\s+mind)"
    r"|\bwhat(?:'s|\s+has|\s+have|\s+had|\s+is)?\s+(?:been\s+)?changed\b|\bwhat\s+changes?\s+(?:were|was|have|has|did)\b"
    r"|\bwhat(?:'s|\s+is|\s+was)\s+different\b(?!\s+between)"
    r"|\b(?:my|our|the|his|her|its|their|[\w]+'s)\s+(?:previous|former|prior|earlier)\s+\w+"
    r"|\buse(?:d)?\s+to\s+(?:be(?=\s*[?.!]*$)|say|read|be\s+(?:called|set|listed))\b|\b(?:versions?|edit|change|revision)\s+(?:history|log)\b"
    r"|\bhistory\s+of\s+(?:my|our|the|this|that|its)\b",
    re.IGNORECASE,
)
_PLURAL = r"(?:notes|memories|entries|records|reminders|memos|things|items|logs|files|messages|conversations)"
_LIST = re.compile(
    rf"^(?:what|which)\s+(?:[\w'-]+\s+){{0,3}}?{_PLURAL}\s+(?:do|did|have|has|are|were|am|that|about|on|from|in|tagged|mention)\b"
    rf"|^what\s+(?:are|were)\s+(?:all|every|each)\b|^(?:all|(?:every|each)(?!\s+(?:\d|two|three|four|other|so\s+often|day|week|month|year|now|time)\b)|everything|everyone|everybody|who\s+else)\b(?!\s+(?:right|good|is|was)\b)"
    rf"|^(?:which|what)\s+(?:[\w'-]+\s+){{0,2}}?[a-z]{{2,}}(?<!s)s\s+(?:have|had)\s+(?:i|we)\b"
    rf"|^(?:do|did|have)\s+(?:i|we)\s+(?:have|got|save|saved|stored?|kept?|made?)\s+(?:any|some)\s+(?:[\w'-]+\s+){{0,2}}?{_PLURAL}\b"
    rf"|^(?:are|were)\s+there\s+any\s+(?:[\w'-]+\s+){{0,2}}?{_PLURAL}\b"
    rf"|^(?:my|our)\s+(?:[\w'-]+\s+){{0,3}}?{_PLURAL}\b|^{_PLURAL}\s+(?:on|about|from|for|of|tagged|with|in|by|re|regarding)\b"
    r"|^which\s+(?:of\s+(?:my|our|the|these)\s+(?!two\b|three\b))?(?:[\w'-]+\s+){0,2}?(?!(?:is|was|does|has|goes|comes|says|costs|needs|wants|gets|takes|makes|runs|works|lives|opens|closes|starts|ends|leaves|arrives|owns|uses|serves|fits)\b)[a-z]{3,}(?<!s)s\s+(?!(?:is|was|has"
    r"|does|do\s+(?:i|we)\s+(?:normally|usually))\b)(?!.*\b(?:\w+est|best|most|first|last)\b)"
    r"|^what\s+are\s+(?:all\s+)?(?:my|our)\s+(?:[\w'-]+\s+){0,3}?[a-z]{2,}(?<!s)s\s*(?:$|[?.!]|(?:for|from|on|about|in|at|this|next|with|to)\b)"
    r"|^what\s+(?:all\s+)?do\s+you\s+(?:have|know|remember)\s+about\s+me\b|\bin\s+(?:the\s+)?order\s+(?:in\s+which|of)\b|^what\s+all\b",
    re.IGNORECASE,
)
_DIGEST = re.compile(
    r"^in\s+(?:a\s+(?:couple\s+of|few)|one|two|three|five|broad)\s+(?:sentences?|words|strokes|lines|bullets)\b|\bin\s+broad\s+strokes\b|"
    r"\b(?:key|main)\s+(?:points?|takeaways?|facts?|ideas?|themes?)\b|\btake-?aways?\b|\bgist\b|\b(?:summary|summaries|overview|recap"
    r"|digest|rundown|synopsis)\b"
    r"|\btl;?dr\b|\bin\s+a\s+nutshell\b|\bup\s+to\s+speed\b|\bbig\s+picture\b|\bhighlights\s+(?:of|from)\b|\bwhat\s+have\s+(?:i"
    r"|we)\s+been\s+up\s+to\b",
    re.IGNORECASE,
)

_BESIDE = re.compile(r"\band\s+(?:what|which|who|where|when|why)\b", re.IGNORECASE)
_BEFORE = re.compile(r"^(?:what|which|who|where|when|why)\b.*\band\s+how\s+\w+$", re.IGNORECASE)
"""A count beside another question, which one answer from memory tells as well."""


@lru_cache(maxsize=1)
def _wrappers() -> tuple[re.Pattern[str], ...]:
    lines = files(__package__).joinpath("wrappers.txt").read_text(encoding="utf-8").splitlines()
    return tuple(re.compile(line, re.IGNORECASE) for line in lines if line)


class Question(NamedTuple):
    """A question without what only asks for its answer, where it begins, and whether that spoke of remembering."""

    text: str
    start: int
    remembers: bool


def unwrapped(text: str) -> Question:
    """The question in "do you remember what …", "I'd like to know whether …"."""
    start, remembers = 0, False
    for _ in range(3):
        found = next((match for pattern in _wrappers() if (match := pattern.match(text[start:]))), None)
        if found is None:
            break
        remembers = remembers or any(found.groupdict().values())
        start += found.end()
    found = _WHEN_SAID.match(text[start:])
    return Question(text[start + found.end() :], start + found.end(), remembers) if found else Question(text[start:], start, remembers)


def shape(question: str) -> Intent:
    """What a question asks for, by its form alone."""
    if (
        (counted := _COUNT.search(question)) is not None
        and not _BESIDE.search(question[counted.end() :])
        and not _BEFORE.search(question[: counted.end()])
    ):
        return "compare" if _COMPARE.search(question) else "recall" if _REMEMBERED.search(question) else "count"
    if _HISTORY.search(question):
        return "history"
    if _COMPARE.search(question) or _EITHER.search(question):
        return "compare"
    if _DIGEST.search(question):
        return "summarise"
    return "list" if _LIST.search(question) else "recall"

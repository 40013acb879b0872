"""Known: whether a question speaks of things as known to both, "the inspection", as people speak of what they told before."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memos.interface.memreader.public import done_in_history, public
from memos.operation.memoperator.entities import Mention

TITLED = frozenset({"place", "work", "organisation", "thing"})
"""Kinds of names of which the world may know."""
_THE = (
    r"(?:the|that|those|this|these|both)\s+"
    r"(?!(?:best|most|worst|average|typical|ideal|right|first|only|same|difference|rule|word|term|way|ways|point\s+of)\b)(?-i:[a-z])"
)
_NO_OF = r"(?![^?]{0,30}\bof\s+(?:the\s+)?(?:[A-Z]|a\b|an\b|[a-z]+\s*\?))"
_SETTLED = re.compile(
    rf"^(?:where|when|who|why|which\s+\w+)(?:'s|s|\s+is|\s+are|\s+was|\s+were|'re|\s+did|\s+does|\s+has|\s+have)\s+{_THE}{_NO_OF}"
    rf"|^(?:is|are|was|were|did|does|do|has|have|can|could|will|should|isn't|aren't|didn't)\s+{_THE}{_NO_OF}"
    rf"|^(?:what|which|how\s+much|how\s+long|how\s+many|how\s+often|how\s+soon|at\s+what|by\s+when"
    rf"|since\s+when)\b[^?]{{0,40}}?\b(?:does|did|do|will|would|is|are|was|were|has|had)\s+{_THE}[^?]{{0,50}}"
    r"\b(?:say|says|said|cost|need|want|include|take|require|look|weigh|end|start|begin|run|allow|cover|mention|contain|expire"
    r"|run\s+out|open|close|due|charge|quote|recommend|suggest|tell|ask|offer|prefer|think|live|keep|go|get|arrive|leave|come)\b"
    rf"|^how\s+(?:often|many\s+times|regularly)\s+(?:has|have|had|did|does|do|was|were|is|are)\s+{_THE}"
    rf"|^how\s+(?:much|long|big|old|far|bad|good|high|late|tall|heavy|expensive|many)\b[^?]{{0,25}}?\s*(?:is|are|was|were|does"
    rf"|did)\s+{_THE}{_NO_OF}"
    rf"|^what(?:'s|s|\s+is|\s+are|\s+was|\s+were)\s+{_THE}[^?]{{0,40}}\b(?:for|at|in|on|with|from|to|about)\s+(?:the|that|those)\s+[a-z]"
    rf"|^what(?:'s|s|\s+is|\s+was)\s+on\b|^what\s+happened\s+(?:in|at|to|with|during|on|after|before)\s+{_THE}"
    r"|^(?:who|what|which\s+\w+)\s+(?:\w+ly\s+|last\s+)?(?:said|told|came|got|went|changed|gave|made|quoted|promised|agreed|decided"
    r"|sent|brought|took|left|paid|ordered|booked"
    r"|called|broke|lost|found|moved|suggested|recommended|asked|helped|joined|attended|chose|picked|fixed|handled|organi[sz]ed"
    r"|bought|lent|borrowed|ate|cooked|wanted|kept|put|has|owns|needs|wants|knows|keeps|runs)\b"
    r"(?=.*\b(?:the|that|this|those|us)\b)"
    rf"|^what\s+(?:colour|color|size|kind|type|brand|make|model|number|time|day|shape|age|sort|name|date|floor|room"
    rf"|price)\b[^?]{{0,30}}\b(?:is|was|are|were|did|does|do|will)\s+{_THE}"
    r"|^what(?:'s|\s+is|\s+was|\s+were|\s+are)\s+the\s+(?:results?|outcome|verdict|decision|conclusion|price|cost|total|deadline"
    r"|status|reason|password|code|plan)\b(?!\s+of\s+[A-Z])"
    r"|^where(?:'s|s|\s+is|\s+are|'re)\s+(?:the|that|those|this)\s+[a-z][\w-]*(?:\s+[a-z][\w-]*)?\s*\?*$"
    r"|^(?:is|are|was|were|has|have|did|does|do)\s+(?:the|that|those|everyone|everybody|anyone|anybody|somebody|they|them|either"
    r"|both)\b.*\b(?:still|yet|already|ever)\b"
    r"|^who(?:'s|\s+is|s|\s+will\s+be|\s+was|\s+else)\s+(?:got|coming|going|bringing|still|picking|looking\s+after|in\s+charge"
    r"|on\s+call|on\s+the|responsible|allergic|vegetarian|invited|away|off|late|sitting|staying|driving|paying|taking|watching)\b",
    re.IGNORECASE,
)
_AGAIN = re.compile(r"\b(?:the|that|those)\s+[a-z].*\bagain\b", re.IGNORECASE)
_WHEN_LAST = re.compile(r"^[\w' -]{3,60}\s(?:when|where|who|which|how\s+much)\s*\?+$|^whose\b", re.IGNORECASE)
_ANYBODY = re.compile(
    r"^(?:has|have|did|was|were|is|does)\s+(?:anything|anyone|anybody|something|someone|somebody|everyone|everybody|nobody)\b",
    re.IGNORECASE,
)
_PROJECT = re.compile(
    r"\b[Tt]he\s+[A-Z][\w-]+\s+(?:account|project|contract|deal|case|tender|interview|trip|offer|quote|office|meeting|client|team|report|plan|site|house|job|order|visit|account|file|proposal|launch|merger|bid)s?\b"
)
_DEFINITE = re.compile(r"\b(?:the|that|this)\s+[a-z]", re.IGNORECASE)
_ANY = re.compile(r"^(?:any|anything|anyone|anybody)\b", re.IGNORECASE)
_WORKS = re.compile(
    r"^(?:how|why)\s+(?:do|does|can|is|are)\s+(?:the\s+)?[\w\s-]{2,40}\s+(?:work|function|happen|form|pump|move|spin|made|called)\b"
    r"|^what\s+(?:does|do)\s+[\w\s-]{2,40}\s+do\b",
    re.IGNORECASE,
)
_SUPERLATIVE = re.compile(r"\b(?:best|worst|most|least|typical(?:ly)?|average|usually\s+best)\b", re.IGNORECASE)
_TWO = re.compile(r"\b(?:the|both|those|these)\s+(?:two|both|old|new|first|last|current|earlier|previous|latest)\b", re.IGNORECASE)


def spoken_of(text: str, mentions: Sequence[Mention], *, timed: bool, sides: bool, history: bool = False) -> bool:
    """Whether a question without "I" and "my" is about something told before; `timed` says that it names a day, a week or a month.

    `sides` says that it asks for a comparison or for changes.
    """
    if text[:3].lower() == "if " or public(text) or done_in_history(text) or _WORKS.match(text):
        return False
    if any(each.kind in TITLED and each.confidence > 0.5 for each in mentions) and _PROJECT.search(text) is None:
        return timed and _SETTLED.search(text) is not None
    if (
        _ANY.match(text)
        or _AGAIN.search(text) is not None
        or (sides and (_TWO.search(text) is not None or (history and _DEFINITE.search(text) is not None)))
    ):
        return True
    if _WHEN_LAST.search(text) or _ANYBODY.match(text) or _PROJECT.search(text) is not None:
        return True
    return (timed and _SUPERLATIVE.search(text) is None) or _SETTLED.search(text) is not None

"""Chat: what people say to keep a talk going, which states nothing: reactions, praise, encouragement, opinions of life at large."""

from __future__ import annotations

import re

_FEELING = (
    "happy|glad|sorry|excited|sure|afraid|curious|proud|jealous|impressed|tired|bored|fine|good|great|okay|ok|well|thrilled"
    "|here|done|back|ready|lost|kidding"
    "|joking|serious|listening|all ears|on it|in|confused|grateful|thankful|speechless|relieved|amazed|stoked|pumped"
    "|delighted|pleased|touched|honou?red"
)
_PRAISE = (
    "infectious|sweet|fulfilling|meaningful|therapeutic|motivating|encouraging|touching|uplifting|best|worst|key|essential|crucial|priceless|bummer|"
    "fun|lovely|amazing|awesome|wonderful|beautiful|cool|fantastic|perfect|terrible|awful|horrible|incredible|inspiring|nice"
    "|hard|tough|easy|important|worth|true"
    "|interesting|hilarious|funny|crazy|sad|weird|strange|brilliant|delicious|gorgeous|cute|adorable|magical|special"
    "|rewarding|refreshing|relaxing|calming|blast"
    "|pleasure|relief|honou?r|joy|shame|pity|wild|like|about|stunning|powerful|exciting|scary|challenging|helpful|peaceful"
)
_REACTION = re.compile(
    rf"^(?:i'?m|i am|i feel|we're|we are)\s+(?:(?:so|very|really|just|all|always|super|quite|not|truly|too|that"
    rf"|also)\s+)*(?:{_FEELING})\b(?!\s+(?:at|from)\s)"
    r"|^(?:that|this|those|these)(?:'s|'ll|\s+(?:is|was|are|were|sounds?|looks?|seems?|must|will|would|feels?|makes?|means?"
    r"|really|has|does))\b"
    rf"|^(?:it|they|he|she)(?:'s|'re|\s+(?:is|was|are|were|sounds?|looks?|seems?|feels?))\s+(?:(?:so|very|really|just|all"
    rf"|always|super|quite|not|such|a|an|too|pretty"
    rf"|bit|lot|of)\s+)*(?:{_FEELING}|{_PRAISE})\b"
    r"|^(?:sounds|looks|seems|feels|hope|hoping|glad|thanks|thank|congrat\w*|good|great|nice|sorry|wow|what an?|how|no|yes"
    r"|same|me too|see|can't wait)\b"
    r"|^i (?:hope|bet|agree|understand|see|know|mean|guess|hear you|appreciate|get it|wonder)\b(?!\s+(?:how to|a|the|two|three|some|my)\b)"
    r"|^let's\b|^(?:i|we) (?:can't wait|look forward)\b|^(?:there|here) you\b|^never mind|^(?:one|the) (?:thing|best"
    r"|other)\b.*\bis that\b\s*$",
    re.IGNORECASE,
)
_OPENED = re.compile(
    r"^(?:really|almost|just|been|definitely|feels?|wish|glad|happy|here(?:'s| is| are)|have an?\b|can't|time flies|good luck|keep\b"
    r"|i (?:really |just |totally |absolutely |also )*(?:love|like|appreciate|admire|enjoy)(?:d)? (?:how|that|the way|it|this|what)\b"
    r"|i(?:'ll| will) (?:keep|let|be there|always|never forget|check|definitely))\b",
    re.IGNORECASE,
)
"""How a clause begins that answers what was said before."""
_AT_LARGE = re.compile(
    r"^(?!during\b|according\b|morning\b|evening\b|nothing\b|something\b|everything\b|anything\b|king\b)\w+ing\b", re.IGNORECASE
)
"""A doing as a subject: what is said of it is said of life at large, unless it is the speaker's own."""
_OWN = re.compile(r"\b(?:i|my|me|we|our|us)\b", re.IGNORECASE)
_PRAISED = re.compile(
    rf"\b(?:is|are|was|were|be|been|it's|feels?|felt|looks?|looked|sounds?)\s+(?:(?:so|very|really|just|always|super|quite|such|an?|the|too"
    rf"|pretty|truly|also|definitely|absolutely|all|not)\s+)*(?:{_PRAISE})[.! ]*$"
    r"|\bmakes? (?:such )?an? (?:\w+ )?difference\b|\blet's\b|\bmeans? (?:a lot|the world|so much)\b",
    re.IGNORECASE,
)
"""A clause that only praises, or blames."""


def chats(clause: str) -> bool:
    """Whether a clause, with plain apostrophes, only keeps a talk going."""
    if _REACTION.match(clause) or _OPENED.match(clause) or _PRAISED.search(clause):
        return True
    return _AT_LARGE.match(clause) is not None and _OWN.search(clause) is None

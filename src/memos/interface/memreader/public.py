"""Public: questions and orders about what the world knows, whoever asks, by their form and by the things that they name."""

from __future__ import annotations

import re

_DEFINED = re.compile(
    r"^(?:what|who)(?:'s|\s+is|\s+are|\s+was|\s+were)\s+an?\b|^what\s+(?:does|do|did)\s+.{1,60}\s+mean\b|^what(?:'s|\s+is)\s+[-\d(]"
    r"|^(?:define|translate|convert|calculate|solve|spell|explain|describe)\b|^why\s+(?:is|are|do|does|did|can't|don't)\s+(?:the\s+)?"
    r"(?:sky|sun|moon|grass|sea|ocean|people|cats?|dogs?|birds|leaves|humans|stars|planes|babies|men|women)\b"
    r"|^why\s+(?:do|are|can't|don't)\s+we\b|^(?:what|how)\s+(?:do|can|could|would|should)\s+(?:we|you|they)\s+(?:call|mean|know)\b|^what\s+(?:happens|causes?|makes?)\b"
    r"|^what\s+if\b|^how\s+(?:is|are|was|were)\s+[\w\s]{1,40}\s+(?:made|formed|calculated|defined|built|produced|used|pronounced|spelled|spelt)\b"
    r"|^(?:when|what\s+(?:day|date))\s+(?:is|are|was|does)\s+(?:easter|christmas|ramadan|diwali|hanukkah|thanksgiving|passover|pentecost|lent)\b"
    r"|^(?:what|which)\s+(?:is|are)\s+(?:the\s+)?(?:better|best|faster|cheaper|healthier|worse)\b",
    re.IGNORECASE,
)
_THINGS = re.compile(
    r"\b(?:capital|population|meaning|definition|plural|synonyms?|antonyms?|opposite|square\s+root|boiling|freezing|melting|speed\s+of|distance"
    r"|height\s+of|president|prime\s+minister|author|inventor|weather|forecast|rain(?:ing|s)?|past\s+tense|spelled|spelt|grammar|history\s+behind|the\s+sun|roots\s+of|vowels|consonants|syllables|snow(?:ing)?|earth|moon|mars|sunrise|sunset|solstice|equinox|day\s+is\s+it|date\s+today|today's\s+date|king\s+of|queen\s+of|pope|ceo\s+of|mayor\s+of|founder\s+of|word\s+for|heart\s+rate|currency|exchange\s+rate|lyrics|derivative|integral|formula|theorem"
    r"|etymology|pronunciation|temperature\s+(?:of|in|outside)|stock\s+price|share\s+price|time\s+in|time\s+is\s+it|date\s+is\s+it|world\s+(?:cup|war|record)"
    r"|solar\s+system|middle\s+ages|olympics|universe|big\s+bang|planets?|galaxy|galaxies|dinosaurs?|eclipse|full\s+moon|continents?|elements?|molecules?|atoms?"
    r"|black\s+holes?|gravity|photosynthesis|vitamins?|mammals?|species|emperor|pharaoh|empire|dynasty|constitution|parliament|civil\s+war|renaissance|mythology"
    r"|super\s+bowl|nobel|oscars?|eurovision|bitcoin|blockchain|algorithm|regex|regular\s+expression|linux|ubuntu|windows\s+\d+|docker|kubernetes|javascript|sql|html|css"
    r"|steps\s+(?:to|for|of|in)|ways\s+(?:to|of)|rules\s+of|causes\s+of|benefits\s+of|advantages|disadvantages|pros\s+and\s+cons|types\s+of|kinds\s+of|symptoms\s+of|stages\s+of"
    r"|ingredients\s+(?:of|in|for)|origins?\s+of|history\s+of\s+(?!my|our|the|this|that|its))\b"
    r"|\bour\s+(?:solar|galaxy|planet|universe|ancestors|species|sun|moon|atmosphere|bodies|brains?)\b|\b(?:tallest|largest|biggest|longest|smallest|deepest|oldest|fastest|highest|richest)"
    r"\s+\w+\s+(?:in|of|on)\s+(?:the\s+)?(?:[A-Z]|world|earth)",
    re.IGNORECASE,
)
_LIVED = re.compile(r"\b(?:did|have|had|were|was|am|are)\s+(?:i|we)\b|\b(?:i|we)(?:'ve|\s+have|\s+had)\b", re.IGNORECASE)
_DONE = re.compile(
    r"\b(?:invented|discovered|composed|founded|directed|ruled|conquered|colonised|colonized|assassinated|elected|painted|sculpted|discover|invent|extinct|die\s+out|independen(?:t|ce)"
    r"|landed?\s+on|wrote|written|won|win|starred|stars|signed)\b",
    re.IGNORECASE,
)
_HINTS = re.compile(r"\bany\s+(?:tips|ideas|suggestions|advice|recommendations|thoughts)\b[^?]*\?*\s*$", re.IGNORECASE)
_YOURS = re.compile(
    r"^(?:who|what|how|where|when|why)(?:'s|\s+are|\s+is|'re|\s+were|\s+was)\s+(?:you|your)\b|^(?:what|how|who|which|where|when|why)\s+(?:would|should|could|can|do|did|are|were|will)\s+(?:you|u)\b"
    r"|^(?:are|were|can|could|do|will|would|have|did|should|shall)\s+(?:you|u)\b|^(?:your|you're|you\s+are)\b",
    re.IGNORECASE,
)
_KNOWN_BY_YOU = re.compile(
    r"\byou\s+(?:still\s+|even\s+|already\s+|just\s+|also\s+|have\s+)*(?:remember|recall|know|have|got|say|said|tell|told|suggest(?:ed)?|recommend(?:ed)?|mention(?:ed)?|save[d]?|store[d]?|noted?|"
    r"recorded?|give|gave|promised?|write|wrote|send|sent|draft(?:ed)?|put|keep|kept|advise[d]?|mean)\b(?!\s+(?:feelings|emotions|a\s+body|a\s+name|friends|any\s+(?:idea\s+how|jokes|siblings|friends|hobbies)))",
    re.IGNORECASE,
)
_HEADED = re.compile(r"^[\w' -]{2,50}:\s+(?=(?:what|how|why|when|which|who|where|is|are|do|does|did|can)\b)", re.IGNORECASE)


def public(text: str) -> bool:
    """Whether a question or what is to be found is about what the world knows."""
    return (
        _DEFINED.search(text) is not None
        or _HINTS.search(text) is not None
        or (_THINGS.search(text) is not None and _LIVED.search(text) is None)
    )


def done_in_history(text: str) -> bool:
    """Whether a question asks who did, or when was done, what is told in history books."""
    return _DONE.search(text) is not None


def of_the_assistant(text: str) -> bool:
    """Whether a question is about the assistant itself, and not about what it keeps."""
    return _YOURS.match(text) is not None and _KNOWN_BY_YOU.search(text) is None


def heading(text: str) -> int:
    """How far a heading before a question reaches, "Archive formats: what is …"; 0 where there is none."""
    found = _HEADED.match(text)
    return found.end() if found else 0

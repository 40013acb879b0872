"""Personal: whether words are about somebody's own life and memory, or about what the world knows and what any assistant can do."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memos.interface.memreader.fame import famous
from memos.interface.memreader.public import of_the_assistant, public
from memos.interface.memreader.words import CREATE, KIN, LIFE, listed
from memos.operation.memoperator.entities import Mention
from memos.operation.memoperator.gazetteer import gazetteer

_OWN = re.compile(r"\b(?:my|mine|our|ours)\b", re.IGNORECASE)
_FIRST = re.compile(r"\b(?:i|i'm|i've|i'd|i'll|we|we're|we've|we'd|we'll|me|us|myself|ourselves)\b", re.IGNORECASE)
_TO_ME = re.compile(
    r"\b(?:tell|give|show|teach|help|write|sing|get|find|send|recommend|explain(?:\s+[\w\s]{1,30})?\s+to|like|let|make|draw|ask"
    r"|remind|answer|for|read)"
    r"\s+(?:me|us)\b",
    re.IGNORECASE,
)
_HOW_TO = re.compile(
    r"^(?:and\s+|so\s+)?(?:how\s+(?:do|can|could|would|should|might)\s+(?:i|we|you|one|people|somebody)\b(?!\s+(?:know|remember|have))|how\s+to\b|(?:what"
    r"|which|where|when|why|who)\b[^?]{0,60}?"
    r"\b(?:can|could|should|would|do|must)\s+(?:you|one|people)\b|(?:can|could|may|should)\s+(?:i|we|you|one)\b|what\s+(?:should|can"
    r"|could|would|do)\s+(?:i|you|one)\b"
    r"|(?:do|must|should)\s+(?:i|you|one)\s+(?:need|have)\s+to\b|how\s+(?:long|much|many|often|far|hot)\b[^?]{0,30}\b(?:do|should"
    r"|must|can|does)\s+(?:you|one|it\s+take)\b(?!\s+(?:have|know|remember))|how\s+(?:long|much|many|often|far|hot)\b[^?]{0,30}\b(?:should|must|can)\s+(?:i|we)\b)",
    re.IGNORECASE,
)
_HABIT = re.compile(
    r"\b(?:like|prefer|take\s+my|usually|normally|always|generally|typically|feel|know|want|say|said|tell|told|owe|own|have\s+an?"
    r"|live|work|land|leave|park|get\s+off"
    r"|pay|call|sit|keep|go|attend|deploy|release|spell\s+my|meet|fly|arrive|start|commute|been|plan\s+to|handle|again|told|agreed"
    r"|decided|settled)\b",
    re.IGNORECASE,
)
_MEMORY = re.compile(
    r"\b(?:my|our|these|those|your)\s+(?:[\w'-]+\s+){0,3}?(?:notes?|memor(?:y|ies)|journal|diary|reminders?|transcripts?"
    r"|log\s?book)\b(?!\s+(?:management|leak|usage|foam|card))"
    r"|\b(?:the|any|all|which|what|how\s+many)\s+(?:[\w'-]+\s+){0,2}?(?:notes|memories|reminders|entries)\b|\bthe\s+(?:note|memory|entry"
    r"|reminder|memo)\b"
    r"|\bfrom\s+memory\b|\b(?:what|which|all|anything|everything|something|things?|stuff|much)\s+(?:do\s+)?you\s+(?:know|remember"
    r"|have|recall)\s+(?:about|on|of)\s+(?:me|us|my|our)\b"
    r"|\byou\s+(?:said|told|suggested|recommended|mentioned|promised|gave|wrote|showed|remember|remind(?:ed)?|saved|stored|noted"
    r"|recorded)\b"
    r"|\b(?:did|have|had)\s+you\s+(?:say|said|tell|told|suggest|recommend|mention|give|promise|save|saved|store|note|noted"
    r"|recommended|suggested)\b"
    r"|\b(?:last|previous|earlier|other)\s+(?:time|conversation|chat|session|discussion|call|meeting|talk)\b|\bas\s+(?:discussed"
    r"|agreed|usual|before)\b"
    r"|\b(?:notes?|entries|memories|memos)\s+(?:on|about|from|for|tagged|with|that|i|we)\b|\bon\s+file\b|\b(?:tagged|saved|archived"
    r"|stored)\b",
    re.IGNORECASE,
)
_HE = re.compile(r"\b(?:he|she|him|his|her|hers|he's|she's|he'd|she'd|they|them|their)\b", re.IGNORECASE)
_DEFINITE = re.compile(
    r"\b(?:the|this|that|these|those|last|next|each"
    r"|every)\s+((?:[^\W_]+(?:['-][^\W_]+)*\s+){0,2}?)([^\W_]+(?:-[^\W_]+)*)(?!\s+of\s+(?:the\s+)?[A-Z])",
    re.IGNORECASE,
)
_THEIR_OWN = re.compile(
    r"\b(?:my|our)\s+(?:[\w'-]+\s+){0,2}?(?:notes?|memor(?:y|ies)|journal|diary|preferences?|tastes?|allerg(?:y|ies)|diet|usual|style"
    r"|schedule|calendar|history|past|plans?|list)\b"
    r"|\b(?:i|we)(?:'ve|\s+have|'d|\s+had)?\s+(?:(?:said|told|mentioned|liked?|like|prefer(?:red)?|noted|saved|wrote|agreed|decided"
    r"|discussed|talked|asked|gave|went|met|bought|made|had)\b"
    r"|(?:been|usually|always|normally)\b)|\b(?:told|taught|gave|showed|sent|lent|asked|reminded|promised)\s+(?:me|us)\b"
    r"|\bwhat\s+(?:you\s+know|i|we)\b|\bi'm\s+(?:allergic|writing|reading|working|learning|taking)\b|\bbased\s+on\s+(?:my|our|what)\b",
    re.IGNORECASE,
)
_LIVED = re.compile(
    r"\b(?:i|we)\s+(?:(?:just|once|had|finally|already|last|both|all)\s+)?(?:(?!need|feed|bleed|breed|speed|weed)[a-z]{2,}ed|went|saw|met|made|had|got|took|gave|said|told|bought|ate|read|wrote|left|put|chose|found|lost|kept|felt|thought|paid|ran|sold|sent|spent|came|heard|lent|built|broke)\b",
    re.IGNORECASE,
)
_OURS = re.compile(r"\b(?:we|us|our|ours|we're|we've|we'd)\b", re.IGNORECASE)
_PEOPLES = listed("""
romans greeks vikings aztecs mayans incas egyptians beatles simpsons olympics alps andes netherlands philippines bahamas maldives hebrides
americas states nations celts ottomans persians mongols crusades himalayas pyrenees balkans oscars grammys pilgrims dolomites
muppets avengers
""")
_FAMILY_NAME = re.compile(r"\bthe\s+(?P<name>[A-Z][a-z]{2,}s)\b(?!\s+(?:[A-Z]|of\b))")
_SUBJECT = re.compile(r"\b(?:did|was|has|had|is|will)\s+([A-Z][\w'-]+)\s+(?!and\b)[a-z]", re.IGNORECASE)
_MINE = re.compile(r"(?:and\s+|so\s+)?(?:how|what|which|where|when|can|could|should|do|must)\b[^?]{0,40}?\b(?:i|we)\b(.*)", re.IGNORECASE)
_GENERIC_WE = re.compile(
    r"\bwe\s+(?:need|have\s+to|use|say|call|know|breathe|see|hear|dream|sleep|sneeze|yawn|measure|define|calculate|solve)\b", re.IGNORECASE
)
_SUPPOSED = re.compile(
    r"^(?:what|how|who|why|is|are|can|could|would|will|does|do)\b.*\bif\s+(?:i|we|you|one)\b(?!.*\b(?:my|our)\b)|^if\s+(?:i|we)\b(?!.*\b(?:my|our)\b)",
    re.IGNORECASE,
)
_HINTED = re.compile(r"\bany\s+(?:tips|ideas|suggestions|advice|recommendations|thoughts)\b[^?]*\?*\s*$", re.IGNORECASE)
_BROKEN = re.compile(
    r"^why\s+(?:is|are|does|do|won't|isn't|doesn't|can't)\s+my\s+(?:code|program|script|laptop|computer|phone|printer|screen|browser|build|query|test|bread|cake|internet)\b",
    re.IGNORECASE,
)
SURE = 0.8
"""Up to which confidence a name is one of a person by its surroundings alone."""
_DOES = (
    r"(?:(?:is|was|has|had)\s+)?(?:(?:really|also|ever|still|usually|just|always|never|again)\s+)*(?:says?|said|thinks?|thought|wants?|wanted|likes?|liked|loves?|hates?|tells?|told|asks?|asked|eats?|ate|drinks?|drank|wears?|wore"
    r"|lives?|lived|needs?|needed|knows?|knew|prefers?|comes?|came|coming|go|goes|going|went|visit(?:s|ed)?|calls?|called|promised?|suggest(?:s|ed)?|recommend(?:s|ed)?|repl(?:y|ied)|mention(?:s|ed)?|takes?|took|gave|gives?"
    r"|bring|brought|buy|bought|pay|paid|owe|owes|meet|met|move|moved|taught|teach|lent|borrow(?:ed)?|sent|send|get\s+back|got|birthday|number|address|wedding|mother|father|wife|husband|kids|daughter|son|sister|brother"
    r"|partner|favou?rite|allerg\w+|paint|painted|cook|read|feel|feels|felt|sleep|drive|drives|drove|travel|agree|agreed|decide|decided|leave|left|arrive|arrived|around|late|sick|ill|vegetarian|vegan|old)\b"
)
PEOPLE = frozenset({"person"})


def named_people(mentions: Sequence[Mention], text: str = "") -> list[str]:
    """The names of people of whom the world does not know; a name that only its place makes one counts beside what people do."""
    return [
        each.name
        for each in mentions
        if each.kind in PEOPLE
        and not famous(each.name)
        and (
            each.confidence > SURE
            or re.search(rf"\b(?:did|has|had|with|told)\s+{re.escape(each.name)}\b|\b{re.escape(each.name)}'s\s+[a-z]", text)
            or (len(each.name) > 2 and re.search(rf"\b{re.escape(each.name)}(?:'s)?\s+{_DOES}", text) is not None)
        )
    ]


def remembered(text: str, mentions: Sequence[Mention]) -> float:
    """How sure it is that a question is about somebody's own life, 0 to 1; 0.5 and more count as yes."""
    told = _TO_ME.sub(" ", text)
    if of_the_assistant(text):
        return 0.05
    if _MEMORY.search(told) or _THEIR_OWN.search(told) or _LIVED.search(told):
        return 0.4 if _HINTED.search(text) else 0.95
    own = _OWN.search(told) is not None
    if _HOW_TO.match(text):
        return _how_to(text, mentions, own=own)
    named = bool(named_people(mentions, text))
    if public(text) and not own and not _life(text):
        return 0.45 if named else 0.05
    if own or _FIRST.search(told) is not None:
        return 0.3 if _HINTED.search(text) or _SUPPOSED.search(told) or _BROKEN.match(text) else 0.92
    if any(famous(each.name) for each in mentions):
        return 0.1
    if named or _family(text) or _someone(text, mentions):
        return 0.85
    if _life(text):
        return 0.75
    return 0.7 if _HE.search(told) and not _generic_their(told) else 0.2


def _family(text: str) -> bool:
    """Whether a family is named, "the Hendersons", and no people or range of mountains."""
    found = _FAMILY_NAME.search(text)
    return found is not None and found["name"].lower() not in _PEOPLES and found["name"][:-1].lower() not in gazetteer().adjectives


def _someone(text: str, mentions: Sequence[Mention]) -> bool:
    """Whether a name that nothing is known of is asked about as people are: "was Pim around"."""
    subjects = {match[1] for match in _SUBJECT.finditer(text)}
    return any(each.kind == "thing" and each.name.isalpha() and not each.name.isupper() and each.name in subjects for each in mentions)


def _how_to(text: str, mentions: Sequence[Mention], *, own: bool) -> float:
    """Of questions of how to do something those count that name people of one's own life, or a habit, or what "we" do."""
    if named_people(mentions, text) or any(word.strip(".,?!").removesuffix("'s") in KIN for word in text.lower().split()):
        return 0.75
    if re.search(r"\b(?:usually|normally|again|always|typically|generally)\b", text, re.IGNORECASE) and " people " not in text:
        return 0.75
    mine = _MINE.match(text)
    if mine is None:
        return 0.1
    if _OURS.search(text) and not public(text) and not _GENERIC_WE.search(text):
        return 0.7
    if _HABIT.match(mine[1].strip()) or re.search(r"\b(?:i|i've|i'd)\b", mine[1], re.IGNORECASE):
        return 0.75
    return 0.4 if own else 0.15


def _generic_their(text: str) -> bool:
    """Whether "they" and "their" stand for people in general, or for what is named beside them."""
    return (
        re.search(r"\b(?:he|she|him|his|her|hers|he's|she's|he'd|she'd)\b", text, re.IGNORECASE) is None
        and re.search(r"\b(?:what|who|how|where|when|why)\b[^?]{0,20}\b(?:they|them)\b", text, re.IGNORECASE) is None
    )


_BEST = re.compile(r"\b(?:best|worst|most|least|average|typical|ideal|standard|right|proper|[a-z]{3,}est)\b", re.IGNORECASE)


def _life(text: str) -> bool:
    """Whether something of somebody's life stands there as known: "the retro", "Bob's birthday"."""
    for found in _DEFINITE.finditer(text):
        head, ahead = found[2].lower(), found[1].lower().split()
        if _BEST.search(f"{found[1]}{found[2]}"):
            continue
        if head in LIFE or (ahead and ahead[-1] in LIFE):
            return True
        rest = text[found.end() :].split()[:1]
        if rest and rest[0].strip(".,?!'").lower() in LIFE - {"flat", "draft", "right", "code"}:
            return True
    first = text.split(maxsplit=1)[0].lower().strip("'?!.,s") if text.split() else ""
    return first in KIN or any(
        word in KIN for word in re.findall(r"\b(?:mum|mom|dad|grandma|grandpa|granny|nan|gran|auntie)\b", text.lower())
    )


def creates(text: str) -> bool:
    """Whether an order asks to make something new: to write, to translate, to compute."""
    first = re.match(r"[^\W\d_]+(?:-[^\W\d_]+)*", text)
    return first is not None and first[0].lower() in CREATE


def needs_own(text: str) -> bool:
    """Whether an order to make something rests on what is remembered: "the way I said I like it"."""
    return _THEIR_OWN.search(text) is not None

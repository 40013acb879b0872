"""Kinds: what a text does, told by how it is built: it asks, orders for once or for good, likes, plans, tells what happened, or states."""

from __future__ import annotations

import re

from memos.operation.memoperator.utterance import Utterance, phrases

KINDS = ("instruction", "preference", "request", "question", "plan", "event", "fact", "chat")
ASKS = frozenset({"question", "request", "instruction"})
"""What claims nothing and asks something of somebody."""
STANDING = ("instruction", "preference")
"""What holds for every later answer, and is to be known always, not searched."""
READ, INTERJECTION, GREETING = 8, 3, 9
"""How many sentences are read, of how many words one says nothing by itself, and how many words a greeting has at most."""

_VERBS = """
add address answer arrange ask assume avoid begin book bring calculate call check choose compare convert count create cut define deploy
describe do
don't double-check draft draw email end exclude explain feel fetch figure fill find finish fix focus follow format forget generate get
give greet
help highlight hide hold ignore include introduce keep leave let limit list look make mark mention message note never notify offer open
order
outline pick plan play please prefer prepare prioritise prioritize print proofread propose provide put quote read recommend refer refrain
remember remind remove rename reply rephrase report research reserve respond rewrite round run save schedule search send set share shorten
show sign sing skip solve sort speak spell start stay stick stop store suggest summarise summarize switch take talk teach tell think track
transcribe translate transpose treat try turn type update use wait wake warn work write always be
"""
_IMPERATIVE = frozenset(_VERBS.split())
_LEAD = re.compile(
    r"^(?:(?:(?:great|good|bad|sad|big) news|it's official|by the way|one more thing|please|also|and|oh|so|ok|okay"
    r"|hey|well|just|kindly|again|note|fyi|important|assistant)[,:]?\s+)*"
)
_CONDITION = phrases(
    r"""
    whenever|when|if|every time|each time|any ?time|until|unless|as a rule|with|before|after|once|on|going forward|by default
    for (?:any|every|all|each)\w*|in (?:any|every|all|each|future|general)|from (?:now|here|today) on\w*
    """,
    before="^",
    after=r"\b[^,]*,\s*",
)
_OPENING = re.compile(r"^(?:(?:please|always|just|only|kindly|then)\s+)+")
_STANDING = phrases(r"""
    always|never|ever|every|each|all|any|anything|whenever|from (?:now|today) on|going forward|in (?:the )?future|by default|as a rule
    at all times|until further notice|no longer|unless i|when i|if i|rather than|instead of|no matter|whoever|wherever|in general
""")
_MANNER = phrases(
    r"""
    call me|address me|refer to me|talk to me|speak (?:to me )?(?:in|with|more|less)
    (?:answer|reply|respond|write)(?: to \w+| me)*(?: \w+)? in\b
    keep (?:your|it|the|things|all|answers|replies)|avoid|stick to|refrain from|stop (?:\w+ing)
    be (?:brief|concise|formal|polite|direct|honest|blunt|short|kind|gentle|careful|more|less)
    don't (?:call|use|apologi[sz]e|address|repeat|add|include|mention|share|tell|suggest|recommend|send|ask)
    use (?:metric|british|american|simple|plain|short|bullet|tabs|spaces)|use \w+,? not\b
    (?:answer|reply|respond|speak|write|talk) (?:\w+ly|like)\b|prefer\b
    """,
    before="^",
    after="",
)
_YOU = phrases(r"""
    you (?:should|must|may|can|shouldn't|mustn't|are|need to|have to|don't need to)\s+(?:please\s+)?(?:always|never|only|not\s+ever)
    i(?:'d| would)? (?:want|like|need|expect) you to (?:always|never|only)
""")
_BETWEEN = r"(?: \w+ly| just| always| also| still| much| so| quite| never| do| not| don't| can't| cannot| wouldn't| too| rather){0,3}"
_LIKES = re.compile(
    rf"\b(?:i|we)(?:'m|'ve|'d|'ll| am| have| would| do| can| could)?{_BETWEEN} (?:love|like|liked (?=\w+ more|best|most)"
    r"|prefer|hate|dislike|enjoy|detest|adore|loathe|despise|fancy|favou?r|stand|bear|rather|fond|keen|mind|care for|want (?=\w+ in )|drink"
    r"|take my|a (?:big|huge) fan)\b"
)
_FAVOURITE = phrases(r"""
    (?:my|our) (?:\w+ )?(?:favou?rites?|preference|preferred|least favou?rite|go-to|pet hate)
    (?:is|are|was)n?'?t? (?:not )?(?:for me|my thing|my cup of tea|my absolute favou?rite)
    what i (?:like|love|enjoy|prefer|hate)|(?:bores?|annoys?|irritates?|drives?) me|suits? me (?:best|better)
    not (?:fond|keen|a fan)|i'd rather|i'm (?:allergic|a vegetarian|vegetarian|vegan)
""")
_USER_LIKES = re.compile(
    r"^(?:the )?user(?:'s)? (?:\w+ly |also |always |never |does not |doesn't )*"
    r"(?:likes?|loves?|prefers?|hates?|dislikes?|enjoys?|wants?|favou?rites?)\b"
)
_WISH = re.compile(r"\b(?:would|'d) (?:like|love) to\b|\bwould rather not\b")
_ASKS = re.compile(
    r"^(?:who|whom|whose|what|when|where|why|which|how|is|are|am|was|were|do|does|did|can|could|will|would|shall|should|have|has|had|may|might"
    r"|isn't|aren't|don't|doesn't|didn't|won't)\b.*\?"
)
_ASKED_TO = re.compile(
    r"^(?:can|could|would|will) (?:you|we)(?: please| kindly| maybe| just)? \w+"
    r"|^(?:would you mind|i need you to|i want you to|i'd like you to)\b"
)
_FUTURE = re.compile(r"\b(?:will|going to|'ll)\b")
_PLANS = phrases(r"""
    will|won't|shall|going to|gonna|planning|plans? to|intends?|about to|scheduled|hop(?:e|ing) to|aim to|looking forward to
    tomorrow|tonight|next (?:week|weekend|month|year|spring|summer|autumn|fall|winter|\w+day|time)
    (?:am|is|are) \w+ing (?:\w+ ){0,6}(?:on|in|at|next|after|before|this)
    (?:appointment|meeting|flight|wedding|exam|interview|deadline) (?:\w+ ){0,5}is (?:on|at|in) (?=\d|\w+day\b|the \d|two|an hour|a week)
    (?:appointment|meeting|flight|wedding|exam|interview|deadline) (?:\w+ ){0,5}is in (?:january|february|march|april|may|june|july|august)
    (?:appointment|meeting|flight|wedding|exam|interview|deadline) (?:\w+ ){0,5}is in (?:september|october|november|december)
    (?:we|i)(?:'d| would)? (?:like|love|want) to(?= (?:sell|buy|try|go|visit|learn|start|move|see|get))
    (?:we|i) (?:might|could|may)
""")
_SHORT_FUTURE = re.compile(r"(?:'ll|'(?:m|re|s) \w+ing (?:\w+ ){0,6}(?:on|in|at|next|after|before|this))\b")
_WENT_WORDS = """
ate became began bit blew bought broke brought built burned burnt came caught chose cried cut did drank drew drove fed fell felt fled
flew forgot
found froze gave got grew heard held hid hit hurt kept knew left lent lit lost made met moved paid quit ran rang rose said sang sat saw
sent shook
shot shut slept sold spent split spoke stole stood struck swam taught threw told took tore went woke won wore wrote died ended started
failed leaked
ripened gone was were had
"""
_WENT = frozenset(_WENT_WORDS.split())
_NO_EVENT_WORDS = """
need bed red shed seed feed speed breed weed indeed hundred wed fed load raised scheduled supposed used located named based called married
tired bored
interested tuned allergic limited worried pleased excited embarrassed aged led installed planted included related united wicked sacred
naked crowded
"""
_NO_EVENT = frozenset(_NO_EVENT_WORDS.split())
_HAPPENED = re.compile(
    r"(?:\b(?:has|have|had)|'(?:ve|s)) (?:\w+ly |just |already |been |also )?(?:\w+ed|"
    + "|".join(sorted(_WENT - {"was", "were", "had"}))
    + r"|been|done|run|stopped|written|taken|given|eaten|seen|spoken|chosen|driven|put)\b"
)
_STATES = phrases(r"(?:was|were) (?:\w+ly )?(?:born|installed|planted|built|founded|named|called|made|designed|painted by)")
_MODALS = "to should would could can can't cannot must will won't may might not do does did don't doesn't didn't shall"
_MODAL = frozenset(_MODALS.split())
_PROOF = re.compile(
    r"^(?:[^,:]{0,40}\b(?:checked|measured|counted|looked it up|tested)\b[^:]{0,30}:|it is proven now,"
    r"|[^,]{0,60}\b(?:proves?|proved|confirmed|confirms?|shows?|showed)(?: us| me)?(?: that)?)\s+(?=\w+ \w+ )"
)
"""How a clause begins that gives the reason to believe the one after it."""
_WHEN = phrases(r"""
    yesterday|ago|this morning|earlier today|once|on (?:mon|tues|wednes|thurs|fri|satur|sun)day
    last (?:week|weekend|month|year|night|spring|summer|autumn|fall|winter|\w+day)
""")
_PRESENT = re.compile(
    r"^(?:the|my|our|his|her|their|this|that|it|he|she|they|i|we|there)"
    r"(?:\b(?:\s+[\w'-]+){0,5}?\s+(?:is|are|has|have|am)|'(?:s|re|m))\b(?! \w+ed\b)"
)
_GREETINGS = phrases(
    r"""
    hi|hello|hey|hiya|good (?:morning|afternoon|evening|night)|thanks|thank you|many thanks|cheers|ok|okay|k|sure|yes|no|yeah|yep|nope
    great|cool|nice|perfect|fine|alright|all right|bye|goodbye|see you|talk (?:to you )?(?:later|soon)|ha(?:ha)+|lol|wow|oh|hmm+|welcome
    you're welcome|no problem|sounds good|got it|good luck|congrat\w*|same here|me too
    """,
    before="^",
)


def kind(utterance: Utterance) -> tuple[str, float]:
    """One of KINDS with a confidence.

    Of several sentences one that orders for good or tells a liking decides, then the first that says more than three words unless it only
    states; what happened or is planned outweighs what is stated, and a question that ends the rest does not.
    """
    sentences = (utterance.body, *utterance.sentences[1:READ])
    long = [each for each in sentences if len(each.split()) > INTERJECTION] or list(sentences[:1])
    found = [_kind_of(each) for each in long]
    standing = [each for each in found if each[0] in STANDING]
    told = [each for each in found if each[0] in {"event", "plan"}]
    first = [each for each in found[:1] if each[0] not in {"fact", "chat"}]
    stated = [each for each in found if each[0] != "chat"]
    return (standing or first or told or stated or found)[0]


def _kind_of(sentence: str) -> tuple[str, float]:
    lower = sentence.lower().strip(" \t\"'*-").replace("do not ", "don't ")
    rest = _LEAD.sub("", lower)
    if not rest:
        return "chat", 0.6
    if (rest.endswith("?") or _ASKS.match(rest)) and not _ASKED_TO.match(rest):
        return "question", 0.9
    if ordered := _order(rest):
        return ordered
    if _GREETINGS.match(rest) and len(rest.split()) <= GREETING:
        return "chat", 0.8
    return _statement(rest)


def _order(rest: str) -> tuple[str, float] | None:
    """An instruction or a request, None for what is neither."""
    if _YOU.search(rest):
        return "instruction", 0.85
    if _ASKED_TO.match(rest):
        return ("instruction", 0.7) if _STANDING.search(rest) else ("request", 0.8)
    condition = _CONDITION.match(rest)
    clause = _OPENING.sub("", rest[condition.end() :] if condition is not None else rest)
    if clause.partition(" ")[0].strip(",.:;!?") not in _IMPERATIVE:
        return None
    if condition is not None or rest.startswith(("always", "never")) or _STANDING.search(rest) or _MANNER.match(clause):
        return "instruction", 0.85
    return "request", 0.75


def _statement(rest: str) -> tuple[str, float]:
    if (_USER_LIKES.match(rest) or _LIKES.search(rest) or _FAVOURITE.search(rest)) and not _WISH.search(rest):
        return "preference", 0.85
    rest = rest[proof.end() :] if (proof := _PROOF.match(rest)) else rest
    past = _past(rest)
    if (_PLANS.search(rest) or _SHORT_FUTURE.search(rest)) and (not past or _FUTURE.search(rest)):
        return "plan", 0.75
    return ("event", 0.75) if past else ("fact", 0.6)


def _past(rest: str) -> bool:
    """Whether a sentence tells what happened: a verb of the past before any of the present."""
    if _STATES.search(rest):
        return False
    if (_WHEN.search(rest) and not _PRESENT.match(rest)) or _HAPPENED.search(rest):
        return True
    if _PRESENT.match(rest):
        return False
    words = [word.strip(",.:;!?\"'()") for word in rest.split()[:8]]
    done = (word in _WENT or (word.endswith("ed") and len(word) > 3 and word not in _NO_EVENT) for word in words)
    return any(did and before not in _MODAL for did, before in zip(done, ("", *words), strict=False))

"""Signs of a task: phrases, words and forms of a request, and what stood before it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

READ = 600
"""How many characters of a request are read; of what is longer the beginning and the end."""
WORDS = 40
"""How many words and marks tell."""


def _any(words: str, before: str = r"\b", after: str = r"\b") -> re.Pattern[str]:
    """One of some phrases, given with `|` between them on as many lines as they take."""
    return re.compile(before + "(?:" + "".join(line.strip() for line in words.splitlines()) + ")" + after)


_REACTION = re.compile(
    r"^(?:(?:hey|hi|hello|ok(?:ay)?|so|well|and|but|or|then|please|also|just|now|right|great|thanks|thank you|yes|yeah|yep|no|nope|nah"
    r"|not really"
    r"|sure|oh|ah|hm+|ugh|wow|cool|nice|good|haha|lol|omg|sorry|btw|by the way|anyway|later|first|done|actually|honestly|seriously|wait"
    r"|kindly|can you|could you|would you|will you|i need you to|i want you to|i'd like you to|you)\b[\s,.!:;-]*)+"
)
"""What may stand before the words that tell."""
_SENTENCE = re.compile(r"(?<=[.!?…;:])\s+")

OPENINGS: Mapping[str, re.Pattern[str]] = {
    "how to": _any(r"""how (?:to|(?:do|can|should|would|could|must) (?:i|we|you|one)|does one|did (?:i|we|you) (?:fix|solve|set|do))
        |(?:please )?(?:show|teach|explain|tell) (?:to )?(?:me|us|the \w+|him|her|them)? ?how|remind me how|any idea how
        |is there a (?:way|trick)
        |what(?:'s| is| was) (?:the|your|our|a) (?:\w+ )?(?:way|trick|method|procedure|routine|protocol|process|order|recipe|drill)\b
        |what(?:'s| are) the (?:\w+ )?(?:steps|rules)|what (?:do|should|must|would) (?:i|we) (?:\w+ )?(?:do|check|press|need|have to
        |bring|try|use)
        |what should (?:go|come|be)|which \w+ do (?:i|we) have to|in (?:what|which) order|what (?:goes|belongs) (?:in
        |into)""", before="^"),
    "how is": _any(r"""how (?:come|many|much|old|long|often|far|tall|heavy|big|high|deep|late|early|large|wide|fast|hot|cold|strong|good
        |bad|likely)
        |how (?:did|does|is|was|were|has|have|had|will) (?!i\b|we\b|you\b|one\b|that\b|it\b)""", before="^", after=""),
    "wh": _any(r"""(?:(?:in|at|by|from|to|for|on|since|until|of|with|about|under) )?
        (?:who|whom|whose|when|where|which|what(?:'s| is| are| was| were| did| does| do)?)(?:'s)?""", before="^"),
    "why": _any("why|how come|what went wrong|what happened", before="^"),
    "yes or no": _any(r"(?:is|are|was|were|did|does|do|has|have|had|will|can|could|would|should|am)(?:n't)? (?!you\b)\w+", before="^"),
    "look up": _any(r"""tell (?:me|us) (?:what|who|when|where|which|whether|if|about|everything|all)|remind (?:me|us) (?:what|who|when
        |where|which|of)
        |list|name|look up|find|give me (?:the|his|her|their)|the (?:name|title|date|number|price|address)|summari[sz]e what
        |check (?:whether|if)""",
        before="^"),
    "order": _any(r"""write|draft|fix|make(?! it)|create|build|set up|configure|install|deploy|convert|translate|rewrite|format|generate
        |prepare
        |compose|schedule|book|plan|organi[sz]e|implement|refactor|debug|calculate|sort|clean|update|run|send|reply|respond|answer|design
        |turn|take|put|fill|do(?! (?:i|we|you|they)\b)|go through|get|order|print|rotate|reconcile|proofread|invoice|onboard|rename
        |start|restart|log|file|pack|set
        |change|add|remove|register|review|test|check|compile|publish|release|merge|export|import|back up|archive|enter|record|submit
        |apply
        |transfer|transcribe|arrange|assemble|mount|reset|replace|repair|clear|close|open|measure|mix|produce|collect|post|type|process
        |handle|sterili[sz]e|calibrate|label|order|tag|number|edit|correct|adapt|lay out|pay|explain|summari[sz]e|show me""", before="^"),
    "play": _any(r"""pretend|play|let's (?:play|talk|do|say|practi[sc]e|pretend|write|carry|go|continue)|talk|tell me (?:something
        |a (?:joke|story))
        |say|guess|entertain|distract|comfort|cheer|wish|keep (?:me|going)|continue|go on|carry on|be (?:honest|my|a|the)|listen|imagine
        |surprise
        |ask me|your turn|come on|wait|stop|don't|never mind|make it|try again|again|repeat|shorter|longer|less|more
        |knock""", before="^"),
    "i": _any(r"i(?:'m|'ve|'d|'ll)?|my|it's|that's|she|he|they|we|you(?:'re|'ve)?|nobody|everything|everybody|this", before="^"),
    "you asked": _any(r"""(?:(?:what|why|how|where|when|who|which)(?:'s| \w+)? )?(?:do|did|are|were|would|have|can|could|will)(?:n't)? you
        |what (?:would|do|did|are|were) you|what (?:were|did) we|where were we|am i|did i|was i|do i (?:sound|seem|look)|how are (?:you
        |we)
        |how's (?:it|your|life)|what(?:'s| is) up|isn't|don't you|how about|what about""", before="^"),
}  # fmt: skip
"""How a sentence may begin that tells of a task, once what reacts to something is taken away."""
PHRASES: Mapping[str, re.Pattern[str]] = {
    "steps": _any(r"""steps?(?! back)|step (?:by|for) step|procedure|proceedure|instructions|walk me through|(?:take|guide|run
        |go) (?:me |us )?through
        |recipe|check ?list|workflow|tutorial|runbook|protocol|routine|guidelines?|the drill|usual suspects|whole method
        |what's the order"""),
    "usual": _any(r"""as (?:always|usual|ever|before)|the usual|(?:like|as) (?:last|we|you|i) (?:time|year|month|week|spring|did|always
        |do|have|the)
        |like (?:last|the (?:others?|last|rest)|before|in \w+)|same (?:as|way|format|steps|rules|style|layout|order|structure|sections
        |as always)
        |(?:our|my|the|usual|standard|normal) (?:\w+ )?(?:style|tone|format|layout|template|conventions?|headings|rules|scheme|glossary
        |guide|form|list)
        |standard|template|the (?:way|method) (?:we|i|our|the|it|prof|they)|in the (?:style|tone|format|voice) of|the (?:normal|usual
        |standard) way
        |(?:following|according to|based on|keep to|by) (?:our|the|my) \w+|naming scheme"""),
    "next": _any(r"""next\?|what(?:'s)? next|what now|(?:and|now) then\?|what (?:do|should) i do (?:now|with)|done\b.*\?|how\?|, how$
        |,? how$"""
        , after=""),
    "how inside": re.compile(r"[^.?!]\bhow (?:to|do|you|we|i|can|does)\b"),
    "wh inside": _any("who|whose|when|where|which|what|how (?:many|much|old|long|often|far)"),
    "back": _any(r"""as (?:we|i|you) (?:discussed|said|mentioned|agreed|talked)|(?:we|you|i)(?: were| was|'ve been) (?:talking|saying
        |discussing)
        |you(?:'ve)? (?:just )?(?:said|mentioned|told|suggested|forgot|always)|what (?:i|you|we've|we) (?:just )?(?:said|told|decided|did)
        |a (?:minute|moment) ago|so far|(?:in )?this (?:chat|talk)|earlier|keep going|where (?:were|did) (?:we|you|i)|where i stopped
        |you were the"""),
    "greeting": _any(r"hi|hey|hello|good (?:morning|evening|afternoon|night)|morning|thanks|thank you|bye|yo|how are", before="^"),
    "reaction": _any(r"""haha|lol|omg|ugh|wow|hm+|no way|really|seriously|kidding|yay|oh no|damn|funny|nice|cool|exactly|same here"""),
    "company": _any(r"""with me|to me|for me to|company|honest(?:ly)?|opinion|what do you (?:think|make)|don't you think|do you (?:think
        |ever|believe|want)
        |in my place|if you were me|am i|was i|your (?:opinion|turn|favou?rite)|just listen|better or worse|any good"""),
    "feeling": _any(r"""feel(?:ing|s)?|sad|happy|tired|worried|nervous|excited|glad|love|hate|miss|guess|proud|angry|guilty|lonely
        |scared|stuck
        |cry|sleep|alone|weird|lost|failing|died|empty|harsh|worst|rant|blank|funny|luck|bored"""),
    "past day": _any(r"""last (?:time|week|month|year|spring|summer|autumn|winter|june|july)|yesterday|ago|in (?:19|20)\d\d
        |in (?:january|february|march
        |april|may|june|july|august|september|october|november|december)|(?:mon|tues|wednes|thurs|fri|satur|sun)days?"""),
    "turn": _any("btw|by the way|different topic|something else|ok so|anyway"),
    "pronoun": _any("it|that|this|these|those|they|them|one|there"),
    "he or she": _any("he|she|him|her|his"),
    "mine": _any("my|our|i|we"),
    "you": _any("you|your|you're"),
    "past": _any("did|was|were|had"),
    "question": re.compile(r"\?\s*$"),
    "exclaims": re.compile(r"!|\.\.\.|…"),
    "acts": re.compile(r"\*\w"),
    "name": re.compile(r"(?<=[\w,'] )[A-Z][a-z]+"),
    "number": re.compile(r"\d"),
    "code": re.compile(r"[`{}<>=]|\b\w+\.\w+\(|\berror\b|\bbug\b"),
}  # fmt: skip
"""What tells of a task wherever it stands; all but `name` are looked for in small letters."""
_CASED = frozenset({"name"})
_ASKING = frozenset({"how to", "how is", "wh", "why", "yes or no", "look up"})
_WANTING = _ASKING | {"order", "play", "you asked"}
_WORDS = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+|[?!*:;]")


def signs(text: str, history: Sequence[str] = ()) -> frozenset[str]:
    """What a request bears that tells of its task: how its sentences begin, phrases, words and pairs, and what was said before."""
    lower = _read(text).lower()
    opened, last = _openings(lower)
    found = _phrases(text, lower) | opened | {f"last {name}" for name in last or {"nothing"}}
    words = _WORDS.findall(lower)[:WORDS]
    found |= {f"'{word}'" for word in words} | {f"'{one} {other}'" for one, other in pairwise(words)}
    if words:
        found.add(f"^{words[0]}")
    form = "asks" if last & _ASKING else "orders" if "order" in last else "says"
    found |= {"always", "short" if len(words) <= 4 else "some" if len(words) <= 9 else "long" if len(words) <= 16 else "very long", form}
    if not opened & (_ASKING | {"order"}):
        found.add("only says")
    return frozenset(found | (_before(history, form, len(words)) if history else {"alone", f"alone, {form}"}))


def _before(history: Sequence[str], form: str, words: int) -> set[str]:
    """What the turns before tell, and what the request is beside them."""
    last = _read(history[-1]).lower()
    asked = "asked" if last.rstrip().endswith("?") else "told"
    found = {"before", f"before {asked}", f"before, {form}", f"before {asked}, {form}"} | ({"before, short"} if words <= 6 else set())
    for turn in history[-2:-1]:
        lower = _read(turn).lower()
        found |= {f"before {name}" for name in _openings(lower)[1] | (_phrases(turn, lower) & {"steps", "usual", "feeling"})}
    found |= {f"answered {name}" for name in _phrases(last, last) & {"steps", "usual", "feeling", "company", "number"}}
    return found


def _openings(lower: str) -> tuple[set[str], set[str]]:
    """How any of the sentences begins, and how the last one does that wants anything."""
    opened: set[str] = set()
    last: set[str] = set()
    for sentence in _SENTENCE.split(lower):
        bare = _REACTION.sub("", sentence)
        told = {name for name, pattern in OPENINGS.items() if pattern.search(sentence) or pattern.search(bare)}
        opened |= told
        last = told if told & _WANTING or not last & _WANTING else last
    return opened, last


def _read(text: str) -> str:
    """What is read of a text, on one line."""
    return " ".join((text if len(text) <= READ else text[: READ // 2] + " " + text[-READ // 2 :]).split()).replace("’", "'")


def _phrases(text: str, lower: str) -> set[str]:
    return {name for name, pattern in PHRASES.items() if pattern.search(text[:READ] if name in _CASED else lower)}

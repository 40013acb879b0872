"""Intent: which memory operation a clause asks for, if any, and where what it asks it of begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from memos.interface.memreader import commands, personal, questions, statements
from memos.interface.memreader.doubts import ALL, WORLD, YES, doubtful, owned
from memos.interface.memreader.hinted import hinted
from memos.interface.memreader.known import TITLED, spoken_of
from memos.interface.memreader.nouns import plural
from memos.interface.memreader.peeling import peeled
from memos.interface.memreader.public import done_in_history, heading, public
from memos.memcube.reading import Intent
from memos.operation.memoperator.entities import Mention

_ASKS = re.compile(
    r"^(?:who|whom|whose|what|what's|whats|who's|whos|when|when's|where|where's|wheres|why|which|how|how's|hows|in\s+which|in\s+what"
    r"|at\s+what|at\s+which|on\s+which|on\s+what|for\s+which|for\s+whom|to\s+whom|to\s+which"
    r"|with\s+whom|from\s+whom|since\s+when|until\s+when|by\s+when|is|are|am|was|were|do|does|did|can|could|will|would|shall|should"
    r"|have|has|had|may|might|isn't|aren't|wasn't|don't\s+(?:i|we|you)|doesn't|didn't|won't|haven't"
    r"|hasn't|any|anything|anyone|anybody|whether|if)\b",
    re.IGNORECASE,
)
_ADVERBIAL = re.compile(
    r"^(?:on|at|in|from|when|whenever|if|once|as\s+soon\s+as|after|before|by|for|during|every|each|starting|beginning|next|this"
    r"|tomorrow|tonight|today|daily|weekly|monthly|yearly|as|since|until|the)\b[^,;.?!]{1,140},\s*",
    re.IGNORECASE,
)
_REGULAR = re.compile(
    r"^(?:(?:every|each)\s+(?:other\s+|second\s+|single\s+)?[\w-]+(?:\s+(?:and|,)\s+[\w-]+day)*|on\s+(?:week(?:days|ends)|[\w]+days)"
    r"|daily|weekly|monthly|tomorrow|tonight)"
    r"(?:\s+(?:morning|evening|afternoon|night|at\s+(?:\d{1,2}(?::\d\d|\.\d\d)?\s*(?:am|pm|a\.m\.|p\.m\.)?|noon|midnight"
    r"|\w+\s+o'clock)|\d{1,2}(?::\d\d)?\s*(?:am|pm)?))*[,:]?\s+",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"^(?:i|we)(?:'d|\s+would)?\s+(?:really\s+|just\s+)?(?:like|want|need)\s+(?:to\s+(?:have|get|see)\s+)?(?=(?:an?|the|all|every|my"
    r"|our|another)\b)",
    re.IGNORECASE,
)
_WISHED = frozenset({"summarise", "compare", "count", "list", "history"})
_TELLING = re.compile(r"^(?:explain|describe|tell|say|recite|name)(?:\s+(?:to\s+)?(?:me|us))?(?:\s+again)?\s+", re.IGNORECASE)
_LABEL = re.compile(r"^[^\W\d_][\w' -]{1,60}:\s+")
_AFTERTHOUGHT = re.compile(
    r"^(?:actually|oh|lol|right|again|still|instead|haha?|fine|anyway|hm+|alternatively|otherwise)\s+", re.IGNORECASE
)
_SHOWING = frozenset({"show", "list", "display", "give"})
_KEPT = re.compile(
    r"^what\s+(?:all\s+)?(?:i|we)(?:'ve|\s+have)?\s+(?:saved?|stored?|noted?|kept|keep|logged|recorded|written\s+down|have|got|archived)\b|^what\s+else\s+(?:i|we|you)\b",
    re.IGNORECASE,
)
_INFORMING = frozenset({"brief", "catch", "fill", "update", "bring"})
_HOW_AFTER = re.compile(
    r"[,;:.–-]\s*(?:how|how\s+(?:do|can|should)\s+(?:i|you|we)(?:\s+(?:do|go\s+about)\s+(?:it|that|this))?)\s*\?+\s*$", re.IGNORECASE
)
_ALTERNATIVE = re.compile(r"^[a-z]+\s+or\s+[a-z]+\s*[:,]", re.IGNORECASE)
_HAPPENED = re.compile(
    r"\b(?:did|was|were|had|has|have|happened|said|told|decided|came|got|went|changed|gave|made|quoted|promised|agreed)\b", re.IGNORECASE
)
_THE = re.compile(r"\b(?:the|this|that|those|these)\s+(?!(?:\w+\s+)?of\s+[A-Z])[a-z]", re.IGNORECASE)
_REMEMBERED = re.compile(r"^(?:remember|recall)\s+(?=(?:the|that|this|my|our|when|how|what|who|where|why|[A-Z]))[^?]*\?\s*$", re.IGNORECASE)

_EVERYTHING = re.compile(
    r"^(?:everything|anything|(?:any\s+and\s+)?all\s+(?:the|my|our|complaints|notes|of|that|those)|every\s+\w+)\b(?!\s+(?:is|was|are|will|'s|hurts|works|went|seems|changed)\b)",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"\b(?=(?:remind|send|tell|show|give|list|summari[sz]e|recap|count|compare|archive|delete|share)\s+(?:me|us|my|our|the|all|what|how|which)\b)",
    re.IGNORECASE,
)
_SET_OFF = re.compile(
    r"^(?:on|at|every|each|when|whenever|in|by|after|once|as\s+soon\s+as|next|tomorrow|tonight|first\s+thing)\b", re.IGNORECASE
)
_TALE = re.compile(
    r"^(?:tell|give|read)\s+(?:me|us)\s+(?:an?|another|some|the)\s+(?:\w+\s+)?(?:story|stories|joke|jokes|riddle|tale|poem|fun\s+fact|quote)\b(?!\s+(?:i|we|that\s+i)\b)|^(?:i\s+)?beg\s+your\s+pardon|^rewrite\s+this|^rephrase\s+this",
    re.IGNORECASE,
)
_DOMAIN = re.compile(r"^(?:in|with|using)\s+[A-Z][\w+#.]*,\s+(?=(?:how|what|why|is|can|do|does|which)\b)", re.IGNORECASE)
_FAREWELL = re.compile(
    r"^(?:see\s+(?:you|ya)|talk\s+(?:to\s+you\s+)?(?:later|soon|tomorrow)|catch\s+you|have\s+a\s+(?:good|nice|great)|take\s+care|good\s*bye|bye|sleep\s+well|enjoy)\b",
    re.IGNORECASE,
)
_SIDED = frozenset({"compare", "history"})


class Intention(NamedTuple):
    """What a clause wants, how sure that is, the text in which it says so, and where what it wants it of begins in it."""

    intent: Intent
    confidence: float
    text: str
    start: int = 0
    verb: str = ""
    withdraws: bool = False
    question: str = ""
    """The question without what only asks for an answer."""


def intended(text: str, mentions: Sequence[Mention], *, timed: bool = False, trusting: bool = False) -> Intention:
    """What a clause asks for; `timed` says that it names a time, `trusting` that what is said beside it is about memory."""
    core = peeled(text).text
    taken_back = 0 if trusting else statements.dismissed(core)
    core = peeled(core[taken_back:]).text if taken_back else core
    core = core[heading(core) :]
    if _TALE.match(core) or _FAREWELL.match(core) or _HOW_AFTER.search(core) or _ALTERNATIVE.match(core):
        return Intention("none", 0.85, core)
    if not core.strip(" .!?"):
        return Intention("none", 0.95, core)
    if _REMEMBERED.match(core):
        return _recalled(core, mentions)
    if (meant := statements.meant(core)) is not None and not core.rstrip().endswith("?"):
        return Intention(meant.intent, meant.confidence, core, meant.start)
    core, found = _ordered(hinted(core) or statements.active(core) or core)
    if found is not None:
        return _command(core, found, mentions, timed=timed, trusting=trusting)
    if _EVERYTHING.match(core) and not core.rstrip().endswith("!"):
        return _asked(core, 0.7)
    core = _DOMAIN.sub("", core)
    asked = questions.unwrapped(core)
    if asked.start or _ASKS.match(core) or (core.rstrip().endswith("?") and not personal.creates(core)):
        return _question(asked, mentions, timed=timed and not trusting, sought=trusting)
    if (wish := _WISH.match(core)) is not None and (kind := questions.shape(core[wish.end() :])) in _WISHED:
        text = core[wish.end() :]
        return _asked(text, max(personal.remembered(text, mentions), 0.6))
    if personal.creates(core):
        return _created(core, mentions)
    if (kind := questions.shape(core)) != "recall":
        return _phrase(core, kind, mentions)
    told = statements.judged(core, mentions)
    if taken_back and told.intent == "store":
        return Intention("none", 0.8, core)
    return Intention(told.intent, told.confidence, core, told.start, question=core[told.start :] if told.intent == "recall" else "")


def _recalled(core: str, mentions: Sequence[Mention]) -> Intention:
    """What "remember the cabin?" asks."""
    object_ = re.sub(r"^\w+\s+", "", core)
    shared = object_.lower().startswith(("when we", "when i", "how we", "how i"))
    return _asked(object_, max(personal.remembered(object_, mentions), 0.6 if shared else 0))


def _created(core: str, mentions: Sequence[Mention]) -> Intention:
    """What an order to make something asks of memory, if anything."""
    ahead = _TELLING.match(core)
    if ahead is not None and _ASKS.match(core[ahead.end() :]):
        return _question(questions.unwrapped(core[ahead.end() :]), mentions)
    return Intention("recall", 0.7, core, question=core) if personal.needs_own(core) else Intention("none", 0.9, core)


def _ordered(core: str) -> tuple[str, commands.Command | None]:
    """The order in a clause, and the clause from there on: also after what tells when it is to be done."""
    found = commands.command(core)
    if found is not None:
        return core, found
    for pattern in (_AFTERTHOUGHT, _REGULAR, _ADVERBIAL, _LABEL):
        if (ahead := pattern.match(core)) is not None:
            rest = peeled(core[ahead.end() :]).text
            if (found := commands.command(rest)) is not None:
                return rest, found
    if _SET_OFF.match(core) and (late := _LATER.search(core[:140])) is not None and late.start():
        return core[late.start() :], commands.command(core, late.start()) and commands.command(core[late.start() :])
    return core, None


def _command(core: str, found: commands.Command, mentions: Sequence[Mention], *, timed: bool, trusting: bool) -> Intention:
    object_ = core[found.end :].strip()
    intent, verb = found.intent, found.verb
    begins = found.end + len(core[found.end :]) - len(core[found.end :].lstrip())
    if intent in {"recall", "list", "summarise", "compare", "count", "history"}:
        return _retrieval(core, found, object_, begins, mentions, timed=timed, trusting=trusting)
    if intent == "confirm" and (whether := re.match(r"(?:whether|if)\s+", object_, re.IGNORECASE)):
        return _question(questions.unwrapped(object_[whether.end() :]), mentions, sought=trusting)
    doubt = 0.0 if trusting else doubtful(intent, verb, object_)
    if doubt:
        return Intention("none", doubt, core)
    return Intention(intent, 0.9 if object_ else 0.75, core, begins, verb, found.withdraws)


def _retrieval(
    core: str, found: commands.Command, object_: str, begins: int, mentions: Sequence[Mention], *, timed: bool, trusting: bool
) -> Intention:
    mentions = [each for each in mentions if each.name in object_]
    asked = questions.unwrapped(core)
    embedded = questions.unwrapped(object_).text if object_ else ""
    if found.intent == "recall" and (asked.start or _ASKS.match(embedded)):
        if found.verb in _SHOWING and _KEPT.match(embedded):
            return Intention("list", 0.85, core, begins, found.verb, question=object_)
        inner = asked if asked.start else questions.Question(embedded, 1, remembers=found.verb in {"remind", "recall", "refresh", "jog"})
        told = _question(inner, mentions, timed=timed and not trusting, sought=trusting or found.verb not in commands.NEUTRAL)
        return told._replace(intent="recall") if told.intent == "list" and found.verb == "remind" else told
    sure = owned(object_, mentions, timed=timed, retrieves=found.intent == "recall" and found.verb not in commands.NEUTRAL)
    if found.verb in {"remind", "refresh", "jog"}:
        sure = max(sure, 0.7)
    if trusting and sure > WORLD:
        sure = max(sure, 0.6)
    if found.intent == "summarise" and found.verb in _INFORMING:
        sure = max(sure, 0.7)
    if sure < YES:
        return Intention("none", 1 - sure, core)
    intent = found.intent
    if intent == "recall":
        intent = _wanted(found, object_)
    return Intention(intent, min(0.95, 0.5 + sure / 2), core, begins, found.verb, question=object_ or core)


def _wanted(found: commands.Command, object_: str) -> Intent:
    """What an order to show or to find wants: several memories, or the one that answers."""
    kind = questions.shape(object_)
    if kind in {"history", "compare", "summarise", "count"}:
        return kind
    shows = found.verb in {
        "show",
        "give",
        "display",
        "get",
        "see",
        "view",
        "print",
        "fetch",
        "retrieve",
        "tell",
        "read",
        "want",
        "need",
        "open",
    }
    several = (
        ALL.match(object_) is not None
        or re.match(r"(?:those|these|them)\b", object_, re.IGNORECASE) is not None
        or (shows and (kind == "list" or plural(object_)))
    )
    return "list" if several else "recall"


def _question(asked: questions.Question, mentions: Sequence[Mention], *, timed: bool = False, sought: bool = False) -> Intention:
    text = asked.text
    sure = personal.remembered(text, mentions)
    if WORLD < sure < YES:
        if spoken_of(text, mentions, timed=timed, sides=questions.shape(text) in _SIDED, history=questions.shape(text) == "history"):
            sure = 0.6
        elif (
            asked.start
            and _THE.search(text)
            and not public(text)
            and not done_in_history(text)
            and not any(each.kind in TITLED for each in mentions)
        ):
            sure = 0.55
        if (asked.remembers or sought) and not done_in_history(text):
            sure += 0.35 if sought or _THE.search(text) or _HAPPENED.search(text) else 0.2
    return _asked(text, min(sure, 0.97))


def _asked(text: str, sure: float) -> Intention:
    if sure < YES:
        return Intention("none", round(1 - sure, 3), text)
    return Intention(questions.shape(text), sure, text, question=text)


def _phrase(core: str, kind: Intent, mentions: Sequence[Mention]) -> Intention:
    """Words without a verb of asking: "my notes on the boiler", "number of times Leo was late", or a statement with "more than"."""
    told = statements.judged(core, mentions)
    if (
        told.intent in {"store", "none", "update", "confirm"}
        and (told.confidence > 0.6 or kind == "compare")
        and not re.match(
            r"(?:my|our|the|all|every|everything|number|notes?|total|count)\b(?!.*\b(?:is|are|was|were|has|have)\b)", core, re.IGNORECASE
        )
    ):
        return Intention(told.intent, told.confidence, core, told.start)
    sure = max(personal.remembered(core, mentions), 0.6 if ALL.match(core) or kind == "list" else 0)
    return _asked(core, sure)

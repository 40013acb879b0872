"""Operations: from the clauses of a request to what each wants, with what one of them takes from another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from memos.interface.memreader.clauses import clauses
from memos.interface.memreader.contents import corrected, stored, updated
from memos.interface.memreader.deciding import decided, placed
from memos.interface.memreader.intent import Intention, intended
from memos.interface.memreader.operation import Operation
from memos.interface.memreader.peeling import peeled
from memos.interface.memreader.pointing import given, points, settled
from memos.interface.memreader.scope import CHANGING
from memos.interface.memreader.signs import Place
from memos.interface.memreader.statements import dismissed
from memos.interface.memreader.subordinate import Clause
from memos.interface.memreader.targets import Parts, described, handed, shared
from memos.interface.memreader.times import Times
from memos.operation.memoperator.entities import Mention

_YEAR = re.compile(r"(?:\w+\s+)?(?:the\s+)?\d{3,4}s?", re.IGNORECASE)
_LOST = re.compile(
    r"^(?:i|we)\s+(?:(?:accidentally|just|already)\s+)?(?:deleted|removed|archived|lost|threw\s+away|forgot)\s+(.+?)(?:\s+by\s+(?:accident|mistake))?$",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"^(?:(?:yes|yep|yeah|right|correct|ok)[,.]?\s+)?(?:(?:nobody|no\s+one)\s+(?:should|must|may|can)\s+(?:be\s+able\s+to\s+)?(?:change|edit)\s+)?(.+?)"
    r"(?:['\u2019]s\s+(?=finished|done|over|ready|gone|out|off|frozen|\w+ed\b)|\s+(?:is|are|was|were|has|have|can|could|will|should|must|needs?|needn't|looks?|seems?|contains?|any\s+more)\b)",
    re.IGNORECASE,
)
_PREAMBLE = re.compile(r"^(?:i'm|i\s+am|we're|we\s+are|i've\s+been|we've\s+been)\s+(?:\w+\s+)?\w+ing\b", re.IGNORECASE)
_SAME = re.compile(r"^(?:do\s+|and\s+)?(?:the\s+)?(?:same|likewise|ditto)\s+(?:with|for|to|goes\s+for)\s+(?P<what>[^?]+)$", re.IGNORECASE)
_AGREED = re.compile(
    r"^(?:yes|yep|yeah|right|correct)\b[,.]?\s+.{1,120}\b(?:is|are)\s+(?:still\s+|all\s+)?(?:right|correct|true|accurate|valid)[\s.!]*$",
    re.IGNORECASE,
)


class Heard(NamedTuple):
    """One clause as it was read."""

    clause: Clause
    times: Times
    mentions: tuple[Mention, ...]


def parted(text: str) -> list[Clause]:
    """The clauses of a text."""
    return clauses(text)


def operations(heard: Sequence[Heard], turn: int, *, carried: bool) -> list[Operation]:
    """What the clauses want, in order; clauses that want nothing are left out beside others that do.

    `carried` says that the conversation gave something, so that a question goes on with what was asked of memory before.
    """
    found = ruled(heard, carried=carried)
    places = placed(found, carried=carried)
    found = [_decided(each, place) for each, place in zip(found, places, strict=True)]
    found = _joined(found)
    wanted = [each for each in found if each.intention.intent != "none"] or found[:1]
    return settled(wanted, turn)


def ruled(heard: Sequence[Heard], *, carried: bool) -> list[Operation]:
    """What the rules take each clause for."""
    found = _repeated([_operation(each) for each in heard])
    some = carried or any(each.intention.intent != "none" for each in found)
    if some:
        found = [_trusting(each, carried=carried) if each.intention.intent == "none" else each for each in found]
    return _purposeful(found)


def _decided(operation: Operation, place: Place) -> Operation:
    """The operation with the intent that is decided on."""
    intention = decided(operation, place)
    if intention.intent == operation.intention.intent:
        return replace(operation, intention=intention)
    return replace(operation, intention=intention, parts=_parts(intention, operation.times))


def _repeated(found: Sequence[Operation]) -> list[Operation]:
    """The operations, with "do the same with the other" as what was ordered before it."""
    done: list[Operation] = []
    for each in found:
        same = _SAME.match(peeled(each.clause.text).text)
        if same is None or not done or done[-1].intention.intent not in CHANGING:
            done.append(each)
            continue
        last, target = done[-1], described(done[-1].intention.intent, same["what"])
        done.append(replace(each, intention=last.intention, parts=last.parts._replace(target=target)))
    return done


def _operation(heard: Heard) -> Operation:
    intention = intended(heard.clause.text, heard.mentions, timed=any(_YEAR.fullmatch(each.text) is None for each in heard.times.phrases))
    return Operation(intention, heard.clause, _parts(intention, heard.times), heard.times, heard.mentions)


def _trusting(operation: Operation, *, carried: bool) -> Operation:
    """The same read again where other clauses, or the conversation, are about memory."""
    if not operation.clause.joined and dismissed(peeled(operation.clause.text).text):
        return operation
    intention = intended(operation.clause.text, operation.mentions, timed=True, trusting=True)
    asked = bool(intention.question) and not intention.verb
    if intention.intent in {"store", "none"} or (not carried and not operation.clause.joined and not asked):
        return operation
    return replace(operation, intention=intention, parts=_parts(intention, operation.times))


def _parts(intention: Intention, times: Times) -> Parts:
    object_ = intention.text[intention.start :].strip()
    intent = intention.intent
    if intent == "store":
        return Parts(text=stored(object_))
    if intent == "update":
        parts = updated(intention.verb, object_) if intention.verb else corrected(object_)
        kept = [(place, place + len(each.text)) for each in times.phrases if (place := parts.target.find(each.text)) >= 0]
        return parts._replace(target=described("update", parts.target, kept))
    if intent == "transfer":
        parts = handed(object_)
    elif intent == "share":
        parts = shared(object_)
    elif intent in CHANGING:
        parts = Parts(object_)
    else:
        return Parts(_sought(intention, object_, times))
    kept = [(place, place + len(each.text)) for each in times.phrases if (place := parts.target.find(each.text)) >= 0]
    return parts._replace(target=described(intent, parts.target, kept))


_CHANGES = re.compile(
    r"^(?:how|what|who|when|why|where)\s+(?:has|have|had|did|does|do|was|were|is)?\s*(?:(?:last\s+)?(?:changed|edited|updated"
    r"|modified|revised|amended)\s+)?"
    r"|\b(?:and\s+(?:when|why|how))\s*\??$|\s+(?:(?:has\s+|have\s+)?(?:changed?|evolved?|developed?|progressed|say|said|read"
    r"|look(?:ed)?\s+like|contained?|come\s+about))\b.*$"
    r"|^(?:the\s+|an?\s+|my\s+|our\s+)*(?:(?:earlier|previous|prior|former|original|older|old|past|first)\s+)(?:(?:versions?|drafts?"
    r"|wordings?|revisions?|values?|state)\s+(?:of|for)\s+)?"
    r"|\bbefore\s+(?:i|we|you|he|she|they|it)\s+.*$|\s+(?:on\s+file\s+)?(?:previously|formerly|originally)$|\s+over\s+(?:the\s+)?(?:time|years|months|weeks).*$",
    re.IGNORECASE,
)


def _sought(intention: Intention, object_: str, times: Times) -> str:
    """The words to look for."""
    intent = intention.intent
    text = intention.question or object_ or intention.text
    if intent == "recall":
        return text.strip(" .!")
    if intent == "history":
        for _ in range(3):
            shorter = _CHANGES.sub("", text).strip(" ?.!")
            if shorter == text or not shorter:
                break
            text = shorter
        return described(intent, re.sub(r"^(?:in|to|on|of|with)\s+(?=(?:the|my|our|his|her|their|that|this)\b)", "", text))
    if intent == "count":
        return text.strip(" .!")
    if intent == "compare":
        return described(intent, text)
    spans = [(place, place + len(each.text)) for each in times.phrases if (place := text.find(each.text)) >= 0]
    return described(intent, text, spans) or text.strip(" ?.!")


def _purposeful(found: Sequence[Operation]) -> list[Operation]:
    """The operations without a bare "find" before an order on what is found: "find and delete the note"."""
    return [
        each
        for place, each in enumerate(found)
        if place + 1 == len(found)
        or each.intention.intent not in {"recall", "list"}
        or len(each.clause.text.split()) > 2
        or each.times.phrases
    ] or list(found)


def _joined(found: Sequence[Operation]) -> list[Operation]:
    """Clauses put together: a statement goes on with what is stored, and tells what "it" is in an order beside it."""
    kept: list[Operation] = []
    for place, each in enumerate(found):
        leads = place + 1 < len(found) and _questions(found[place + 1]) and not each.intention.verb and not each.intention.question
        if leads and (_PREAMBLE.match(each.clause.text) or _behind(found[place + 1])):
            continue
        last = kept[-1] if kept else None
        stated = not each.intention.verb and not each.intention.question and each.intention.intent in {"store", "none"}
        if (
            last is not None
            and last.intention.intent == "store"
            and stated
            and each.clause.joined == "end"
            and each.intention.intent == "store"
        ):
            kept[-1] = replace(last, parts=last.parts._replace(text=f"{last.parts.text} {each.clause.text}"))
            continue
        if (
            last is not None
            and not last.intention.verb
            and not last.intention.question
            and last.intention.intent in {"store", "none"}
            and each.clause.joined in {"comma", "mark", "link"}
            and points(each)
        ):
            subject = _subject(last.clause.text)
            if _AGREED.match(last.clause.text) is not None:
                kept[-1] = replace(last, intention=last.intention._replace(intent="confirm"), parts=Parts(subject))
                kept.append(given(each, subject))
                continue
            named = tuple(mention for mention in last.mentions if mention.name in subject)
            kept[-1] = replace(given(each, subject), mentions=(*named, *each.mentions))
            continue
        kept.append(each)
    return kept


def _questions(operation: Operation) -> bool:
    """Whether a clause asks a question, of memory or not."""
    return bool(operation.intention.question) or (operation.intention.intent == "none" and operation.clause.text.endswith("?"))


def _behind(operation: Operation) -> bool:
    """Whether what is stated before a question only tells why it is asked; "how many is that?" counts what was stated."""
    return operation.clause.joined == "end" or (operation.clause.joined == "comma" and operation.intention.intent != "count")


def _subject(statement: str) -> str:
    """What a statement is about: its subject, or what it is done with."""
    done = re.match(r"^(?:i'm|i\s+am|we're|we\s+are)\s+(?:\w+\s+)?(?:done|finished|through|happy)\s+with\s+(.+)$", statement, re.IGNORECASE)
    if done is not None:
        return described("archive", done[1])
    lost = _LOST.match(statement)
    if lost is not None:
        return described("archive", lost[1])
    subject = _SUBJECT.match(statement)
    return described("archive", subject[1] if subject is not None else statement)

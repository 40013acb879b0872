"""Pointing: what "it", "those that" and "her" in one clause of a request take from another."""

from __future__ import annotations

import re
from dataclasses import replace

from memos.interface.memreader.dialogue.lexicon import gender
from memos.interface.memreader.operation import Operation
from memos.interface.memreader.scope import CHANGING
from memos.interface.memreader.targets import POINTERS, Parts
from memos.interface.memreader.words import CONTAINERS, listed
from memos.memcube.reading import Slot
from memos.operation.memoperator.entities import Mention

_ADDING = listed("add append include insert put stick pop")
_OPENING = frozenset({"unfreeze", "restore", "recall"})
_WHEN = re.compile(r"(?:on|in|at|by|next|this|every|again|later|tomorrow|tonight)\b[\w: ]{0,30}", re.IGNORECASE)
_ONE = re.compile(
    r"^(?:(?:the|that|this|those|these|my|our)\s+)?(?:(?P<kind>(?:more|less|most|least)\s+\w+|(?!(?:the|that|this|those|these|my|our|all|every|which|no|any|each)\b)[\w-]+(?:['’]s)?)\s+)?"
    r"(?:ones?|(?<!\w\s)(?:those|these|that))\b\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
_THE_ONE = re.compile(
    r"\bthe\s+(?P<kind>last|other|old|new|previous|earlier|first|second|third|next|current|right|wrong)\s+one\b", re.IGNORECASE
)
_WHICH = listed("first second third last other old new older newer former latter earlier later")
_MADE = re.compile(r"(?:summary|recap|digest|overview|list|comparison|results?|gist|minutes)", re.IGNORECASE)
_SUCCESSIVE = listed("old new other first second third last latest previous current wrong right earlier next original my our the a an")
_POINTS = re.compile(r"\b(?:it|that|this|them|those|these)\b(?!\s+\w+(?:s|ed)?\s+(?:is|was|are)\b)", re.IGNORECASE)
_HEAD = re.compile(r"^(?P<head>.+?)(?:\s+(?:from|for|of|by|in|about|on|with|at|to|that|which|who|tagged|i|we)\b.*)?$", re.IGNORECASE)
_THEIRS = re.compile(r"\b(?P<word>her|his|him|their|them|she|he)\b(?P<next>\s+[a-z]\w*)?", re.IGNORECASE)


def settled(found: list[Operation], turn: int) -> list[Operation]:
    """The operations of a chain, with what "it" and "the one" in them point to in another; `turn` is the number of this utterance."""
    if len(found) == 1:
        return found
    for place, each in enumerate(found):
        other = _antecedent(found, place)
        if other is not None:
            found[place] = _pointed(each, other, turn)
    found = [_added(each, found[place - 1], turn) if place else each for place, each in enumerate(found)]
    people = [
        (place, mention.name) for place, each in enumerate(found) for mention in each.mentions if _somebody(mention, each.clause.text)
    ]
    return [_owned(each, {name for at, name in people if at < place}, turn) for place, each in enumerate(found)]


def _somebody(mention: Mention, text: str) -> bool:
    """Whether a name is somebody's: by its kind, as a known first name, or as that of somebody who owns something."""
    if mention.kind != "thing":
        return mention.kind == "person"
    owns = re.search(rf"(?<!\w){re.escape(mention.name)}['\u2019]s\s+[a-z]", text) is not None
    return gender(mention.name.split()[0]) != "?" or (owns and mention.name.isalpha() and not mention.name.isupper())


def _added(each: Operation, last: Operation, turn: int) -> Operation:
    """What "add …" without a place adds to: what the step before it found, unlocked or brought back."""
    if each.intention.intent != "store" or each.intention.verb not in _ADDING or last.intention.intent not in _OPENING or not last.subject:
        return each
    intention = each.intention._replace(intent="update")
    slot = Slot(name="reference", words="", value=last.subject, turn=turn)
    return replace(each, intention=intention, parts=Parts(last.subject, each.parts.text, "append"), slots=(*each.slots, slot))


def points(operation: Operation) -> bool:
    """Whether what an order is about is only pointed to."""
    target = operation.parts.target.lower()
    return bool(operation.intention.verb) and (
        target in POINTERS
        or (not target and operation.intention.intent in CHANGING)
        or re.fullmatch(r"(?:all\s+of\s+)?(?:it|them|that|this)", target) is not None
    )


def given(operation: Operation, target: str) -> Operation:
    """The operation with other words for what it is about."""
    return replace(operation, parts=operation.parts._replace(target=target))


def _antecedent(found: list[Operation], place: int) -> Operation | None:
    """What a clause points to: what was unlocked where it locks again, else what the nearest clause before it is about, or one after it."""
    each = found[place]
    if each.intention.intent == "freeze" and points(each):
        opened = next((one for one in found[:place] if one.intention.intent == "unfreeze"), None)
        if opened is not None:
            return opened
    opened = next((one for one in found[:place] if one.intention.intent in _OPENING and one.subject), None)
    if opened is not None and points(each) and _field(found[place - 1]):
        return opened
    return next((one for one in (*reversed(found[:place]), *found[place + 1 :]) if one.subject and not points(one)), None)


def _field(one: Operation) -> bool:
    """Whether a change is of a part of what was opened before it: "set travel to 900"."""
    target = re.escape(one.parts.target)
    owned = re.search(rf"\b(?:the|my|our|his|her|their|that|this)\s+{target}", one.clause.text, re.IGNORECASE)
    return one.intention.intent == "update" and bool(target) and owned is None and not one.slots and one.parts.target.islower()


def _pointed(each: Operation, other: Operation, turn: int) -> Operation:
    intent, target = each.intention.intent, each.parts.target
    if intent == "store":
        return _about(each, other, turn)
    if (
        intent in CHANGING
        and target.lower() in CONTAINERS
        and re.search(rf"\b(?:that|this)\s+{re.escape(target)}\b", each.clause.text, re.IGNORECASE)
    ):
        slot = Slot(name="reference", words=f"that {target}", value=other.subject, turn=turn)
        return replace(given(each, other.subject), slots=(*each.slots, slot))
    if intent == "update" and (each.parts.text or "").lower() in {"it", "that", "this", "them"} and not points(each):
        slot = Slot(name="reference", words=each.parts.text or "", value=other.subject, turn=turn)
        return replace(each, parts=each.parts._replace(text=other.subject), slots=(*each.slots, slot))
    words, said = _changed(target, other.subject) if intent in CHANGING else _asked(target, other.subject)
    if said is None:
        return each
    slot = Slot(name="reference", words=words, value=said if words != "its" and intent in CHANGING else other.subject, turn=turn)
    return replace(given(each, said), slots=(*each.slots, slot))


def _about(each: Operation, other: Operation, turn: int) -> Operation:
    """A reminder "about it", with what it is about."""
    text = each.parts.text or ""
    found = re.search(r"\b(?:about|of|for|regarding)\s+(?P<word>it|them)\b", text, re.IGNORECASE)
    if other.intention.intent == "store":
        return each
    if found is None and each.intention.verb in {"remind", "nudge", "ping"} and _WHEN.fullmatch(text) is not None:
        slot = Slot(name="reference", words="", value=other.subject, turn=turn)
        return replace(each, parts=each.parts._replace(text=f"{text} about {other.subject}"), slots=(*each.slots, slot))
    if found is None:
        return each
    said = f"{text[: found.start('word')]}{other.subject}{text[found.end('word') :]}"
    slot = Slot(name="reference", words=found["word"], value=other.subject, turn=turn)
    return replace(each, parts=each.parts._replace(text=said), slots=(*each.slots, slot))


def _changed(target: str, subject: str) -> tuple[str, str | None]:
    """The words of a target that point elsewhere, and the target that they mean."""
    if not target or target.lower() in POINTERS or re.fullmatch(r"all\s+of\s+(?:it|them|that|this)", target, re.IGNORECASE):
        return target, subject
    if _MADE.fullmatch(target):
        return target, f"{target} of {subject}"
    if target.lower() in _WHICH:
        return target, f"{target} {_single(_noun(_head(subject), target))}"
    one = _ONE.match(target)
    if one is not None and (one["kind"] or one["rest"]):
        noun = _noun(_head(subject), one["kind"] or "")
        named = _single(noun) if re.search(r"\bone\b", target) else noun
        return target, " ".join(filter(None, (one["kind"], named, one["rest"])))
    if re.match(r"its\b", target, re.IGNORECASE):
        return "its", f"{subject} {target[4:]}"
    return "", None


def _head(subject: str) -> str:
    """A phrase without what follows its noun."""
    head = _HEAD.match(subject)
    return head["head"] if head else subject


def _noun(phrase: str, kind: str) -> str:
    """The noun that "one" stands for; what tells one from another is left out, "old alarm code" for "new alarm code"."""
    words = phrase.split()
    if kind.lower() not in _SUCCESSIVE:
        return words[-1]
    kept = [word for word in words if word.lower() not in _SUCCESSIVE and not re.search(r"['’]s?$", word)]
    return " ".join(kept[-3:]) or words[-1]


def _asked(target: str, subject: str) -> tuple[str, str | None]:
    """The same of what is asked."""
    if not target or re.match(r"(?:with|to|against)\b", target):
        return "", f"{subject} {target}".strip()
    one = _THE_ONE.search(target)
    if one is not None:
        noun = _single(_noun(_head(subject), one["kind"]))
        return one[0], f"{target[: one.start()]}the {one['kind']} {noun}{target[one.end() :]}"
    found = _POINTS.search(target)
    if found is None:
        return "", None
    rest = target[found.end() :]
    if re.match(r"\s+\w", rest) and not re.match(r"\s+(?:is|says?|was|compares?|differs?|with|to|and|about|against|from|this|in)\b", rest):
        return "", None
    return found[0], f"{target[: found.start()]}{subject}{rest}"


def _single(noun: str) -> str:
    if noun.endswith("ies") and len(noun) > 4:
        return f"{noun[:-3]}y"
    return noun[:-1] if noun.endswith("s") and not noun.endswith("ss") else noun


def _owned(each: Operation, people: set[str], turn: int) -> Operation:
    """What is stored with a name in place of "her" where one person alone was named before."""
    text = each.parts.text
    if text is None and each.intention.intent in CHANGING and len(people) == 1:
        target = re.sub(r"^(?:her|his)\s+(?=\w)", f"{next(iter(people))}'s ", each.parts.target, flags=re.IGNORECASE)
        if target != each.parts.target:
            slot = Slot(name="reference", words=each.parts.target.split()[0], value=next(iter(people)), turn=turn)
            return replace(given(each, target), slots=(*each.slots, slot))
    found = _THEIRS.search(text or "")
    if len(people) != 1 or not text or found is None:
        return each
    (name,) = people
    others = [mention.name for mention in each.mentions if mention.kind == "person" and mention.name != name]
    if any(not (one.startswith("Mr ") and found["word"].lower() in {"her", "she"}) for one in others):
        return each
    if found["word"].lower() in {"their", "them"}:
        return each
    word = found["word"].lower()
    owns = word == "his" or (
        word == "her"
        and found["next"] is not None
        and not re.match(r"\s+(?:on|at|in|to|for|by|and|about|with|from|before|after|that|tomorrow|today|next|last|every)\b", found["next"])
    )
    said = f"{text[: found.start('word')]}{name}{chr(39) + 's' if owns else ''}{text[found.end('word') :]}"
    return replace(
        each, parts=each.parts._replace(text=said), slots=(*each.slots, Slot(name="reference", words=found["word"], value=name, turn=turn))
    )

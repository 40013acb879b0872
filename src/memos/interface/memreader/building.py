"""Building: makes of what a clause wants the MemoryCall that does it, with the reading from which it was made."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from memos.errors import InvalidCall
from memos.interface.memreader.contents import REFERS
from memos.interface.memreader.names import lowered
from memos.interface.memreader.operation import Operation
from memos.interface.memreader.phrases import entities, places_of, topics
from memos.interface.memreader.scope import CHANGING, ERASING, TAGGED, erases, scoped
from memos.interface.memreader.sides import Side, sides
from memos.interface.memreader.targets import POINTERS
from memos.interface.memreader.times.reading import together
from memos.interface.memreader.within import left_open
from memos.memcube.call import CubeDraft, MemoryCall, MemoryQuery
from memos.memcube.call import Operation as Kind
from memos.memcube.legal import legal_namespace, legal_principal
from memos.memcube.reading import Intent, Reading, Slot, Unresolved
from memos.memcube.value import build
from memos.memcube.window import Window

QUESTION = 4000
"""How many characters of a text are looked for at most."""
KINDS: dict[Intent, Kind] = {
    "store": "add", "recall": "search", "list": "list", "summarise": "summarise", "compare": "compare", "count": "count", "none": "none",
    "history": "history", "update": "update", "forget": "forget", "archive": "archive", "restore": "restore", "confirm": "confirm",
    "freeze": "freeze", "unfreeze": "unfreeze", "transfer": "transfer", "share": "share",
}  # fmt: skip
_ALL_THERE_IS = re.compile(
    r"(?:all|every|everything|any|notes?|memor(?:y|ies)|entries|records?|reminders?|\s|of|it|there|is|last|latest|\d+|[a-z]+teen|one|two|three|four|five|ten)*$",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\bthe\s+(?:other|same|latter|former)\s+(?:one\b|(?!(?:person|side|half|party|hand|end|people|week|morning|night)\b)\w+(?<!s)\b(?!\s+day))|\bthe\s+(?:latter|former)\b",
    re.IGNORECASE,
)
_AGENT = re.compile(r"\b(?:agent|bot)\b|(?:^|[-_])(?:agent|bot)(?:$|[-_])", re.IGNORECASE)
_SPACE = re.compile(
    r"\s*\b(?:name-?\s?space|work-?\s?space|space|area|folder|vault|collection|channel|shelf|board|hub|library|wiki|notes|memory"
    r"|memories)s?$",
    re.IGNORECASE,
)
_OWN_SPACE = re.compile(r"^(?:my|private|personal|own|me|my\s+own)\b", re.IGNORECASE)


class Builder:
    """Makes the calls of one utterance."""

    def __init__(
        self, *, new_id: Callable[[], str], trigger: str | None, said: str, standalone: str, language: str, certain: float
    ) -> None:
        self._new_id, self._trigger, self._language, self._certain = new_id, trigger, language, certain
        self._said, self._standalone = said, standalone

    def call(
        self, operation: Operation, *, whole: bool, slots: Sequence[Slot], unresolved: Sequence[Unresolved], rest: tuple[MemoryCall, ...]
    ) -> MemoryCall:
        """The call of one operation; `whole` says that it stands for the utterance, which its reading then tells."""
        intention, intent = operation.intention, operation.intention.intent
        parts = {} if intent == "none" else self._parts(operation)
        own = [] if intent == "none" else self._open(operation, slots)
        kept = () if any(each.kind == "content" for each in own) and intent == "store" else unresolved
        opened = [] if intent == "none" else [*kept, *left_open(operation.clause.text, (), _asked_about(operation)), *own]
        reading = self._reading(operation, parts.pop("output", "nothing"), whole=whole, slots=(*slots, *operation.slots), unresolved=opened)
        anchors = () if intent in CHANGING | {"none", "store", "history"} else operation.times.anchors
        return build(
            MemoryCall,
            id=self._new_id(),
            operation=parts.pop("operation", KINDS[intent]),
            intent=intention.intent,
            anchors=tuple(each.head for each in anchors),
            bearing=anchors[0].bearing if anchors else "during",
            then=rest,
            reading=reading,
            **parts,
        )

    def _parts(self, operation: Operation) -> dict[str, Any]:
        """Query, drafts, options and output of the call."""
        intent, parts = operation.intention.intent, operation.parts
        options: dict[str, Any] = {"trigger": self._trigger} if self._trigger and intent in CHANGING | {"store"} else {}
        if intent == "store":
            text = "" if parts.text is None or REFERS.match(parts.text) else parts.text.strip()
            drafts = (build(CubeDraft, text=text),) if text else ()
            return {"drafts": drafts, "options": options}
        scope = scoped(intent, operation.clause.text[:QUESTION], operation.intention.text[operation.intention.start :].strip()[:QUESTION])
        query = scope.query | ({"window": window} if (window := _window(operation)) is not None else {})
        text = parts.target[:QUESTION]
        if intent == "compare":
            return self._compared(operation, query) | {"output": scope.output}
        conditions = {"window", "filter", "layers", "namespaces", "types", "states"} & query.keys()
        if intent == "list" and (conditions or _ALL_THERE_IS.match(text)) and not self._tells(operation):
            order = query.pop("rank", None)
            options |= {"order": "said_at", "descending": True} if order is not None and order.order == "recent" else {}
            return {"query": build(MemoryQuery, **query), "options": options, "output": scope.output}
        options |= self._options(operation)
        kind = {"operation": "search"} if intent == "list" else {}
        if intent in CHANGING and text.lower() in POINTERS:
            text = ""
        return {
            "query": build(MemoryQuery, text=text or ("" if intent in CHANGING else self._fallback(operation)), **query),
            "options": options,
            "output": scope.output,
        } | kind

    def _fallback(self, operation: Operation) -> str:
        """What is asked for where nothing is left beside times: the question itself."""
        return (operation.intention.question or operation.intention.text).strip(" .!")[:QUESTION]

    def _tells(self, operation: Operation) -> bool:
        """Whether a list is to be of what is about something."""
        text = operation.parts.target
        found = topics(TAGGED.sub(" ", text), _spans(text, [each.text for each in operation.times.phrases]))
        return bool(found or operation.mentions or operation.times.anchors)

    def _compared(self, operation: Operation, query: dict[str, Any]) -> dict[str, Any]:
        question = operation.intention.question or operation.parts.target or operation.intention.text
        if operation.slots:
            question = operation.parts.target
        one, two = sides(question, operation.times.phrases)
        options = {} if two is None else {"against": _side(query, two).model_dump(mode="json", exclude_defaults=True)}
        return {"query": _side(query, one), "options": options}

    def _options(self, operation: Operation) -> dict[str, Any]:
        intent, parts = operation.intention.intent, operation.parts
        if intent == "update":
            return {"mode": parts.mode or "overwrite"} | ({"text": parts.text} if parts.text else {})
        if intent == "transfer":
            space = namespace_of(parts.to or "")
            return {} if space is None else {"to": space}
        if intent == "share":
            rights = () if operation.intention.withdraws else ("read", "write") if parts.writes else ("read",)
            who = [each for each in re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*", parts.to or "") if each]
            return {"principals": tuple(map(principal_of, who)), "rights": rights} if who else {"rights": rights}
        return {}

    def _open(self, operation: Operation, slots: Sequence[Slot]) -> list[Unresolved]:
        """What an order needs and does not say."""
        intent, parts, found = operation.intention.intent, operation.parts, list[Unresolved]()
        said = operation.clause.text[:200]
        object_ = operation.intention.text[operation.intention.start :]
        if intent == "store" and (not (parts.text or "").strip() or REFERS.match(parts.text or "")):
            pointed = re.match(r"(?:it|them)\b", parts.text or "", re.IGNORECASE) is not None
            reason = "it does not say what is to be kept, and no turn before it does"
            found.append(Unresolved(kind="reference" if pointed else "content", text=(parts.text or said)[:200], reason=reason))
        if _OTHER.search(said) and not slots and not operation.slots and intent != "store":
            found.append(Unresolved(kind="reference", text=said, reason="it names the other of two, and nothing before it says which two"))
        if intent == "update" and not parts.text and parts.mode != "merge":
            found.append(Unresolved(kind="content", text=said, reason="it says which memory is to change and not what it is to say"))
        if erases(intent, object_):
            found.append(Unresolved(kind="scope", text=said, reason=ERASING))
        if intent in CHANGING and (not parts.target or parts.target.lower() in POINTERS):
            named = parts.target or operation.intention.verb or said
            found.append(
                Unresolved(kind="reference" if parts.target else "target", text=named, reason="it does not say which memory is meant")
            )
        if intent in {"share", "transfer"} and not parts.to:
            found.append(Unresolved(kind="scope", text=said, reason="it does not say with whom or where to"))
        if intent == "transfer" and parts.to and namespace_of(parts.to) is None:
            found.append(Unresolved(kind="scope", text=parts.to[:200], reason="it names no namespace"))
        return found

    def _reading(
        self, operation: Operation, output: str, *, whole: bool, slots: Sequence[Slot], unresolved: Sequence[Unresolved]
    ) -> Reading:
        intent, text = operation.intention.intent, operation.clause.text
        about = "" if intent == "none" else _about(operation)
        names = () if intent == "none" else entities(text, operation.mentions, lowered(text[:QUESTION]))
        hidden = [*_spans(about, [each.text for each in operation.times.phrases]), *places_of(about, names)]
        if intent != "store":
            hidden += _spans(about, [each.text for each in operation.times.anchors])
        doubt = 0.8 if unresolved else 1.0
        unique = tuple({(each.kind, each.text): each for each in unresolved}.values())
        return build(
            Reading,
            said=self._said if whole else text,
            standalone=self._standalone if whole else text,
            language=self._language,
            confidence=round(operation.intention.confidence * doubt * self._certain, 3),
            topics=topics(about, hidden) if about else (),
            entities=names,
            output=output,
            times=operation.times.phrases,
            slots=tuple(slots),
            unresolved=unique,
            schedule=operation.times.schedule,
        )


def _window(operation: Operation) -> Window | None:
    """The time that an operation asks about; a time in what is to be written is none."""
    phrases, written = operation.times.phrases, operation.parts.text or ""
    asked = [each.window for each in phrases if each.text not in written]
    return operation.times.window if len(asked) == len(phrases) else together(asked)


def _asked_about(operation: Operation) -> list[Unresolved]:
    """The times that are not clear, but for those in what is to be written."""
    return [each for each in operation.times.unresolved if each.text not in (operation.parts.text or "")]


def _about(operation: Operation) -> str:
    """The words in which an operation says what it is about."""
    intent, parts = operation.intention.intent, operation.parts
    if intent == "store":
        return parts.text or ""
    if intent in CHANGING:
        return parts.target
    object_ = operation.intention.text[operation.intention.start :]
    return object_ if operation.intention.verb and not operation.slots else parts.target or object_


def _spans(text: str, pieces: Sequence[str]) -> list[tuple[int, int]]:
    return [(place, place + len(each)) for each in pieces if each and (place := text.find(each)) >= 0]


def _side(query: dict[str, Any], side: Side) -> MemoryQuery:
    fields = {name: value for name, value in query.items() if name != "window"} | ({"window": side.window} if side.window else {})
    return build(MemoryQuery, text=side.text[:QUESTION], **fields)


def principal_of(who: str) -> str:
    """Whom words name: an agent, a person by name as a user, and others, such as "the night nurse", as a role."""
    name = who.strip()
    if (given := re.fullmatch(r"(user|role|agent):(\S.*)", name, re.IGNORECASE)) is not None:
        return f"{given[1].lower()}:{given[2]}"
    kind = "agent" if _AGENT.search(name) else "user" if name[:1].isupper() else "role"
    return f"{kind}:{name}"


def namespace_of(to: str) -> str | None:
    """The namespace that words name: itself, that of a person, or one that is shared under the words' own name; None for none."""
    name = re.sub(r"['\u2019]s?(?=\s|$)", "", to.strip())
    try:
        if re.match(r"(?:user|expert|shared|context|pipeline|global)(?:/|$)", name):
            return legal_namespace(name)
        space = _SPACE.sub("", name).strip() or name
        if not space or _OWN_SPACE.match(space):
            return None
        if space.lower() in {"global", "everyone", "everybody", "shared", "expert"}:
            return "global" if space.lower() not in {"shared", "expert"} else space.lower()
        legal_principal(space)
        personal = space == name and (name[:1].isupper() or _AGENT.search(name))
        return legal_namespace(f"user/{space}" if personal else f"shared/{space.lower()}")
    except InvalidCall:
        return None

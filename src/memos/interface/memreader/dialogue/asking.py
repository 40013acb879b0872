"""Asking on: a question word, "more" or "did he?" alone, put before what was asked and answered."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memos.interface.memreader.dialogue import lexicon as lex
from memos.interface.memreader.dialogue.answers import finite
from memos.interface.memreader.dialogue.carrying import SOFT, Carried, carried, opened
from memos.interface.memreader.dialogue.coreference import resolve
from memos.interface.memreader.dialogue.frames import Frame
from memos.interface.memreader.dialogue.options import Options
from memos.interface.memreader.dialogue.phrases import content, tokens
from memos.interface.memreader.dialogue.referents import referents
from memos.interface.memreader.dialogue.talk import Talk
from memos.memcube.reading import Slot

_WORDS = lex.any_of(
    r"why|when|where|how \w+(?: for)?|how|who|with whom|who with|since when|until when|till when|what for",
    "what time|what day|on what day|for how long|from whom|from where|where to|to whom|by whom|by when",
)
_TAIL = lex.any_of(
    r"exactly|again|not|so|else|(?<=when\s)was (?:that|this|it)|(?<=why\s)(?:is|was) (?:that|this|it)|did (?:that|it) happen"
)
_WH = re.compile(rf"^{SOFT}(?:and\s+|but\s+)?(?P<wh>{_WORDS})(?:\s+{_TAIL})?\s*[?.!]*$", re.IGNORECASE)
_REST = lex.any_of(
    "(?:some )?more(?: (?:details?|of (?:those|these|them|that)|on that|about (?:that|it)))?|the rest|go on|continue|the others",
    "any(?:thing)? (?:else|more|others?)|what else|who else|where else|next(?: one)?|details?",
)
_MORE = re.compile(rf"^{SOFT}(?:and\s+)?(?:(?:tell|show|give|read)\s+me\s+)?(?P<more>{_REST})(?:\s+please)?\s*[?.!]*$", re.IGNORECASE)
_ASKS = rf"{_WORDS}|what|who|whom|which"
_HELP = "do|does|did|is|are|was|were|have|has|had|can|could|will|would|should"
_QUESTION = re.compile(rf"^(?:(?:and|so|but|ok|okay)[,.]?\s+)?(?:(?P<wh>{_ASKS})\s+)?(?P<rest>(?:{_HELP})\b.*)$", re.IGNORECASE | re.DOTALL)
_WHICH = re.compile(
    rf"^{SOFT}(?:and\s+)?(?P<which>(?:(?:from|in|on|at|by|for|with|to)\s+)?(?:which|what)\s+(?!one\b|ones\b|else\b|about\b|of\b)\w+(?:\s\w+)?)\s*[?.!]*$",
    re.IGNORECASE,
)
_ALSO = re.compile(
    r"^(?:(?:and|so|but)\s+)?(?P<aux>did|does|do|has|have|is|are|was|were|will|would|can|could|should)\s+(?P<who>\w+)\s*[?.!]*$",
    re.IGNORECASE,
)
_IS = re.compile(r"(?:is|are|was|were)\b")
_SHORT = re.compile(
    r"^(?:(?:and|but|so)\s+)?(?P<who>(?:who|what)\s+(?:else\s+)?(?:(?:is|was|were|has|had|will)\s+)?(?P<verb>\w+))\s*[?.!]*$", re.IGNORECASE
)
_NEWS = re.compile(
    rf"^{SOFT}(?:and\s+)?(?:(?:is|are|was|were)\s+there\s+)?(?:any|what|some|no)\s+(?:other\s+|more\s+)?(?:{'news|updates?|changes?|progress|mentions?'})\b",
    re.IGNORECASE,
)
_MEANS = "promised|agreed|planned|plans|wanted|wants|hoped|meant|intended|needed|needs|had|has|going|supposed|due|offered|decided"
_MEANS_TO = re.compile(rf"\b(?:{_MEANS})\s+to\s+(?P<what>.+)$", re.IGNORECASE | re.DOTALL)


def wh_only(text: str) -> str | None:
    """The question word that is the whole of an utterance."""
    match = _WH.match(text)
    return " ".join(match["wh"].split()) if match else None


def more(text: str) -> str | None:
    """The words by which an utterance asks for more of the same."""
    match = _MORE.match(text)
    return " ".join(match["more"].split()) if match else None


def ask_more(words: str, frame: Frame, talk: Talk) -> Carried:
    """The question before, asked for what it has not told."""
    text = opened(frame.text)
    if words.lower().endswith("else") and (match := re.match(r"(what|who|where)\b", text, re.IGNORECASE)):
        text = f"{match[0]} else{text[match.end() :]}"
    else:
        text = re.sub(r"\s*[?.!]*\s*$", "", text) + f", {words}"
    return Carried(text, tuple(carried(frame, text, talk, said=words.lower(), words=words)), frame.root)


def ask_why(wh: str, frame: Frame, answer: tuple[str, int] | None, talk: Talk) -> Carried:
    """A question word alone, put before what was asked and answered."""
    question = _QUESTION.match(re.sub(r"^(what|who|where|when|how|why)['’]s\b", r"\1 is", opened(frame.text), flags=re.IGNORECASE))
    said, turn = answer or ("", -1)
    said = _mine(_one_clause(re.sub(r"\s*[.!]+$", "", said.strip()), last=wh.lower() == "why"))
    extra = list[Slot]()
    usable = bool(said) and not re.match(r"(?:yes|no|yeah|nope|nothing|none|i\s+(?:don't|do\s+not|have\s+no|can't))\b", said, re.IGNORECASE)
    if usable:
        extra = [Slot(name="topic", words="", value=_first(said), turn=turn)]
    stem = re.sub(r"\s*[?.!]+$", "", question["rest"]) if question else ""
    stem = stem[:1].lower() + stem[1:]
    if question is None:
        text = f"{wh} is it that {_lower(said if usable and frame.asked else frame.text)}"
    elif usable and re.match(r"(?:to|that)\s", said, re.IGNORECASE):
        stem = re.sub(r"\s+(?:about|on|regarding)\s+.*$", "", stem)
        text = f"{wh} {stem} {_lower(said)}"
    elif usable and _clause(said):
        text = f"{wh} is it that {_lower(said)}"
    elif usable and question["wh"] and question["wh"].lower() not in {"when", "why"} and not _IS.match(stem):
        text = f"{wh} {stem} {_lower(said)}"
    else:
        text = f"{wh} {stem}"
    text = re.sub(r"\s*[?.!]*$", "?", text)
    return Carried(text, (*extra, *carried(frame, text, talk, said=wh)), frame.root)


def _one_clause(said: str, *, last: bool) -> str:
    """One of the clauses of an answer: the last, which is the one that wants a reason, or the first."""
    clauses = [each.strip() for each in re.split(r"[.;]\s+", said) if len(each.split()) > 1] or [said]
    return clauses[-1 if last else 0]


def _mine(said: str) -> str:
    """What the assistant says to the user, as the user would say it."""
    for pattern, mine in ((r"\byour\b", "my"), (r"\byou are\b|\byou're\b", "I am"), (r"\byou were\b", "I was"), (r"\byou\b", "I")):
        said = re.sub(pattern, mine, said, flags=re.IGNORECASE)
    return said


def _clause(said: str) -> bool:
    """Whether an answer is a whole clause, with a subject and a verb."""
    words = [word.low for word in tokens(said)[1:5]]
    return len(said.split()) > 2 and any(
        word in lex.AUXILIARIES or word in lex.ONLY_VERBS or word in lex.INFLECTED or word.endswith("ed") for word in words
    )


def _first(said: str) -> str:
    """The first part of an answer."""
    said = re.sub(r"^(?:to|that|because(?:\s+of)?)\s+", "", re.split(r",|;|\.\s|\band\b", said)[0].strip(), flags=re.IGNORECASE)
    return said if finite(said) else re.split(r"\s(?:in|on|at|under|from|behind)\s", said)[0]


def _lower(said: str) -> str:
    first = said.split(" ", 1)[0]
    return (
        said[:1].lower() + said[1:]
        if first.lower() in lex.DETERMINERS | lex.PREPOSITIONS | lex.PRONOUNS | {"to", "that"} and first != "I"
        else said
    )


def which_noun(text: str) -> str | None:
    """A noun that is asked for alone: "which ward?"."""
    match = _WHICH.match(text)
    words = tokens(match["which"]) if match else ()
    words = words[1:] if words and words[0].low in lex.PREPOSITIONS else words
    return match["which"] if match and all(content(word) and word.low not in lex.VERBS | lex.INFLECTED for word in words[1:]) else None


def ask_which(which: str, frame: Frame, talk: Talk) -> Carried:
    """Which of its kind belongs to what was asked about."""
    things = [each for each in referents(frame.text) if each.rank and each.head not in lex.VAGUE]
    thing = next((each for each in things if each.kind not in {"person", "name"}), things[0] if things else None)
    text = f"{which} for {thing.value}?" if thing else f"{which}: {frame.text}"
    return Carried(text, tuple(carried(frame, text, talk, said=which.lower())), frame.root)


def short(text: str, frame: Frame, answer: tuple[str, int] | None, talk: Talk) -> Carried | None:
    """A question of which only the verb is said, "who disagreed?", with what it is about."""
    match = _SHORT.match(text)
    if match is None or not (match["verb"].lower().endswith(("ed", "ing")) or match["verb"].lower() in lex.VERBS | lex.INFLECTED):
        return None
    said, turn = answer or ("", -1)
    said, turn = (talk.told[0], talk.told[1]) if talk.told else (said, turn)
    first = _first(re.sub(r"\s*[.!]+$", "", _mine(said.strip()))) if _GOES_ON.match(said) else ""
    slots = [Slot(name="topic", words="", value=first, turn=turn)] if first else []
    slots += carried(frame, frame.text, talk, said=text.lower())
    topic = first or next((slot.value for slot in slots if slot.name == "topic"), "")
    return Carried(f"{match['who']}, {topic}?", tuple(slots), frame.root) if topic else None


def beside_event(text: str, known: Sequence[Slot], frame: Frame, talk: Talk) -> tuple[str, tuple[Slot, ...]]:
    """A short question about somebody that goes on from an event: "what did he bring" is of the barbecue where he was."""
    if not known or len(tokens(text)) > 8 or not _ASKED.match(text) or _STATE.search(text):
        return text, ()
    if not all(each.kind in {"person", "name"} for each in referents(text) if each.rank):
        return text, ()
    event = next((each for each in referents(frame.text) if each.kind == "event" and each.rank and not each.plural), None)
    if event is None or event.value.lower() in text.lower():
        return text, ()
    latest = next((talk.latest(each.referent) for each in reversed(talk.heard) if each.referent.head == event.head), None)
    if latest is None:
        return text, ()
    said = re.sub(r"\s*[?.!]*$", "", text)
    return f"{said} at {event.value}?", (Slot(name="topic", words="", value=latest.referent.core, turn=latest.turn),)


_ASKED = re.compile(r"^(?:(?:and|so|but)\s+)?(?:what|who|why|how|did|was|were)\b", re.IGNORECASE)
_STATE = re.compile(r"\b(?:live|lives|work|works|from|old|born|name|called|job|do)\b\s*\??$", re.IGNORECASE)


_GOES_ON = re.compile(r"^(?:to|that|because|since)\s", re.IGNORECASE)


def news(text: str, resolved: str, frame: Frame, talk: Talk) -> Carried | None:
    """A question for news that does not say of what."""
    if not _NEWS.match(text) or any(each.rank and each.head not in lex.VAGUE | _NEWSY for each in referents(text)):
        return None
    slots = [slot for slot in carried(frame, frame.text, talk, said=text.lower()) if slot.name in {"topic", "entity", "place"}]
    things = [each for each in referents(frame.text) if each.rank and each.head not in lex.VAGUE]
    if not things:
        return None
    said = re.sub(r"\s*[?.!]*$", "", resolved)
    return Carried(f"{said} on {things[0].value}?", tuple(slots), frame.root)


_NEWSY = frozenset({"news", "update", "change", "progress", "mention", "development"})


def also_did(text: str, talk: Talk, options: Sequence[Options], answer: tuple[str, int] | None) -> Carried | None:
    """What somebody did or not, of whom was just said what that is: "and did he?"."""
    match = _ALSO.match(text)
    if match is None or answer is None:
        return None
    said = resolve(answer[0], talk, (), quiet=True)
    what = _MEANS_TO.search(said.text)
    who = resolve(text, talk, options)
    if what is None or not who.slots:
        return None
    done = re.sub(r"\s*[.!?]+.*$", "", what["what"], flags=re.DOTALL)
    things = [each for each in referents(done) if each.rank and each.kind not in {"person", "name"}]
    heard = [(each, next((one for one in reversed(talk.heard) if one.referent.head == each.head), None)) for each in things]
    slots = [Slot(name="topic", words="", value=one.referent.core, turn=one.turn) for _, one in heard if one]
    asked = re.sub(r"^(?:and|so|but)\s+|\s*[?.!]*$", "", who.text, flags=re.IGNORECASE)
    return Carried(f"{asked} {done}?", (*who.slots, *slots), answer[1])

"""Signs: what of a clause tells which memory operation it asks for, by name: what the rules say of it, its form, and its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from memos.interface.memreader import commands, personal, questions, statements
from memos.interface.memreader.fame import famous
from memos.interface.memreader.intent import Intention
from memos.interface.memreader.known import spoken_of
from memos.interface.memreader.peeling import peeled
from memos.interface.memreader.public import done_in_history, of_the_assistant, public
from memos.interface.memreader.words import (
    ADVERBS,
    ASKING,
    BEING,
    CONJUNCTIONS,
    CONTAINERS,
    CREATE,
    DETERMINERS,
    HAVING,
    KIN,
    LIFE,
    MODALS,
    PREPOSITIONS,
    PRONOUNS,
    UNITS,
    VERBS,
    Word,
    listed,
    split,
)
from memos.operation.memoperator.entities import Mention

WORDS = 40
"""How many words of a clause are looked at; a longer one has told by then what it asks."""
_CLOSED = DETERMINERS | PRONOUNS | ASKING | MODALS | BEING | HAVING | PREPOSITIONS | CONJUNCTIONS
_TIMES = listed("""
today tomorrow yesterday tonight week weeks month months year years day days monday tuesday wednesday thursday friday saturday sunday
january february march april june july august september october november december morning evening afternoon weekend spring summer autumn
winter christmas easter mondays tuesdays wednesdays thursdays fridays saturdays sundays weekends
""")
_CODE = re.compile(
    r"[{}<>]|\w\(|\b(?:python|java|javascript|sql|bash|regex|css|html|git|rust|excel|linux|docker|api|json|yaml|c\+\+|typescript)\b",
    re.IGNORECASE,
)
_MATHS = re.compile(
    r"\d\s*[-+*/x×÷^=%]\s*\d|\b(?:plus|minus|times|divided|squared|percent\s+of|%\s+of|square\s+root)\b\s*\d*", re.IGNORECASE
)
_PUT = re.compile(r"[\"“‘][^\"”’]{6,}[\"”’]")
_GENERIC = re.compile(
    r"\b(?:how\s+(?:do|can|would|should|does)\s+(?:i|you|one|we|people|a|an)|is\s+it|are\s+there|should\s+i|can\s+(?:i|you)|what(?:'s|s|\s+is)\s+an?"
    r"|what\s+are\s+(?!the|my|our|your|his|her|their)|why\s+(?:do|does|is|are)\s+(?!the|my|our|we))\b",
    re.IGNORECASE,
)
_LIVED = re.compile(
    r"\b(?:i|we|he|she|they)\s+(?:had\s+|have\s+|'ve\s+)?(?:\w+ed|said|told|went|saw|met|made|got|took|gave|wrote|had|was|were)\b",
    re.IGNORECASE,
)
_THING = re.compile(r"\b(?:the|that|this|those|these)\s+(?!(?:best|most|first|last|same|way|world)\b)(?-i:[a-z])[a-z-]+", re.IGNORECASE)
_BELONGS = re.compile(r"\b(?:[A-Z][a-z]+|mum|mom|dad|gran|nan)['’]s\s+[a-z]")
_FORMS = {
    "code": _CODE, "maths": _MATHS, "quoted": _PUT, "generic": _GENERIC, "lived": _LIVED, "thing": _THING, "belongs": _BELONGS,
}  # fmt: skip
_SURE = (0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9)
_LONG = (1, 2, 3, 5, 8, 12, 18, 26)


class Place(NamedTuple):
    """Where a clause stands: how many there are, which it is, how it is joined, and what is about it."""

    of: int = 1
    number: int = 0
    joined: str = ""
    carried: bool = False
    asks_after: bool = False
    """Whether a question or an order follows it."""
    asked_before: bool = False
    """Whether another clause before it wants something."""
    changes_after: bool = False
    """Whether an order to change a memory follows it."""


def signs(text: str, mentions: Sequence[Mention], ruled: Intention, place: Place, *, times: int) -> frozenset[str]:
    """The names of the signs that a clause bears; `ruled` is what the rules take it for, `times` how many times it names."""
    core = peeled(text).text
    words = split(core, WORDS)
    names = {low for each in mentions for low in each.name.lower().split()}
    return frozenset(
        (
            "bias",
            *_ruled(ruled),
            *_judged(core, mentions, timed=times > 0),
            *_formed(text, core, words, times),
            *_named(core, mentions),
            *_placed(place),
            *grams(words, names),
        )
    )


def _step(value: float, steps: Sequence[float]) -> int:
    return sum(value >= step for step in steps)


def _ruled(ruled: Intention) -> Iterator[str]:
    """What the rules say."""
    yield f"rule={ruled.intent}"
    yield f"rule={ruled.intent},{_step(ruled.confidence, _SURE)}"
    if ruled.verb:
        yield f"rule={ruled.intent},verb"


def _judged(core: str, mentions: Sequence[Mention], *, timed: bool) -> Iterator[str]:
    """What each group of rules says by itself."""
    asked = questions.unwrapped(core)
    shape = questions.shape(asked.text)
    order = commands.command(core)
    yield f"shape={shape}"
    yield f"own={_step(personal.remembered(asked.text, mentions), _SURE)}"
    yield f"order={order.intent if order else 'no'}"
    if order is not None:
        yield f"verb={order.verb}"
        yield f"shape={shape},order"
    else:
        told = statements.judged(core, mentions)
        yield f"told={told.intent},{_step(told.confidence, _SURE)}"
    for name, true in (
        ("wrapped", asked.start > 0),
        ("remembers", asked.remembers),
        ("public", public(asked.text)),
        ("in history", done_in_history(asked.text)),
        ("assistant", of_the_assistant(asked.text)),
        ("creates", personal.creates(core)),
        ("needs own", personal.needs_own(core)),
        ("spoken of", spoken_of(asked.text, mentions, timed=timed, sides=shape in {"compare", "history"})),
        ("dismissed", statements.dismissed(core) > 0),
    ):
        if true:
            yield name


def _formed(text: str, core: str, words: Sequence[Word], times: int) -> Iterator[str]:
    """The form of a clause."""
    lows = [word.low for word in words]
    first = next(iter(lows), "")
    yield f"long={_step(len(words), _LONG)}"
    yield f"times={min(times, 2)}"
    yield f"first={_kind(words[0], frozenset()) if words else ''}"
    if len(core) < len(text.strip()):
        yield "peeled"
    for name, pattern in _FORMS.items():
        if pattern.search(core):
            yield name
    for name, group in _GROUPS.items():
        if not group.isdisjoint(lows):
            yield name
            yield f"{name},{'asks' if first in ASKING else 'says'}"
    ends = core.rstrip()[-1:]
    yield f"ends={ends if ends in '?!.:' else ''}"
    if ":" in core:
        yield "colon"


_GROUPS = {
    "i": listed("i i'm i've i'd i'll me myself im ive"),
    "we": listed("we we're we've we'd we'll us weve"),
    "my": listed("my mine"),
    "our": listed("our ours"),
    "you": listed("you u you've you'd you're"),
    "your": listed("your yours"),
    "he": listed("he she him her his hers he's she's they them their"),
    "it": listed("it that this those these them one ones"),
    "kin": KIN,
    "life": LIFE,
    "container": CONTAINERS,
    "creation": CREATE,
    "units": UNITS,
    "may": listed("can could should would may might must shall"),
    "past": listed("did was were had didn't wasn't weren't"),
    "now": listed("is are do does am isn't aren't don't doesn't"),
    "a": listed("a an some any"),
}


def _named(core: str, mentions: Sequence[Mention]) -> Iterator[str]:
    """Whose and which names stand there."""
    inside = [each for each in mentions if each.name in core]
    for each in inside:
        yield f"names {'famous' if famous(each.name) else each.kind}"
    if personal.named_people(inside, core):
        yield "people"
    if not inside:
        yield "no names"


def _placed(place: Place) -> Iterator[str]:
    """Where the clause stands."""
    if place.of > 1:
        yield "several"
        yield "several,last" if place.number == place.of - 1 else "several,not last"
    if place.carried:
        yield "carried"
    if place.asks_after:
        yield f"asks after,{'end' if place.joined == 'end' else 'in'}"
        yield "asks after"
    if place.asked_before:
        yield "asked before"


def _kind(word: Word, names: frozenset[str] | set[str]) -> str:
    """A word as grams know it: itself where it is of a closed class, else the class."""
    low = word.low
    if low in _CLOSED or not word.raw[0].isalnum():
        return low
    if low[0].isdigit():
        return "<number>"
    bare = low.removesuffix("'s")
    if bare in names:
        return "<name's>" if bare != low else "<name>"
    for kind, group in (("<time>", _TIMES), ("<kin>", KIN), ("<life>", LIFE), ("<held>", CONTAINERS), ("<unit>", UNITS)):
        if bare in group:
            return f"{kind}'s" if bare != low else kind
    if low in ADVERBS or low in VERBS:
        return low
    ending = next((each for each in ("'s", "ing", "ed", "ly", "est", "ss", "s") if low.endswith(each) and len(low) > 4), "")
    return f"<{ending}>" if ending else "<word>"


def grams(words: Sequence[Word], names: set[str]) -> Iterator[str]:
    """The words of a clause and its pairs of words, those of open classes by their class, and the open ones by themselves."""
    kinds = ["^", *(_kind(word, names) for word in words), "$"]
    for place, kind in enumerate(kinds):
        yield f"1 {kind}"
        if place + 1 < len(kinds):
            yield f"2 {kind} {kinds[place + 1]}"
    for word in words:
        if word.raw[0].isalpha() and word.low not in _CLOSED:
            yield f"w {word.low}"
    yield from (f"^ {word.low}" for word in words[:1])
    if len(words) > 1:
        yield f"^^ {words[0].low} {words[1].low}"

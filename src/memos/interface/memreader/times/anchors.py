"""Anchors: times that are named by an event, "during the conference", "since we met", which only a memory can place."""

from __future__ import annotations

from dataclasses import dataclass

from memos.interface.memreader.times.named import unit_of
from memos.interface.memreader.times.parse import Parse
from memos.interface.memreader.times.vocabulary import BACKWARD, MONTHS, WEEKDAYS, words_of
from memos.memcube.reading import Bearing

_PREPOSITIONS: dict[tuple[str, ...], Bearing] = {
    ("during",): "during", ("throughout",): "during", ("in", "the", "course", "of"): "during", ("at", "the", "time", "of"): "during",
    ("since",): "since", ("ever", "since"): "since", ("before",): "before", ("prior", "to"): "before", ("after",): "after",
    ("following",): "after", ("until",): "until", ("till",): "until", ("around", "the", "time", "of"): "around",
    ("about", "the", "time", "of"): "around", ("while",): "during", ("when",): "during", ("whilst",): "during", ("on", "my"): "during",
    ("on", "our"): "during", ("at", "the", "start", "of"): "during", ("right", "after"): "after", ("just", "after"): "after",
    ("upon",): "after", ("in", "the", "wake", "of"): "after", ("ahead", "of"): "before", ("in", "the", "run-up", "to"): "before",
    ("over", "the", "course", "of"): "during", ("in", "the", "middle", "of"): "during", ("at", "the", "beginning", "of"): "during",
}  # fmt: skip
_FIRST = frozenset(words[0] for words in _PREPOSITIONS)
_DETERMINERS = words_of("the a an my our his her their your this that these those its")
_PRONOUNS = words_of("i we you he she they it")
_AUXILIARIES = words_of("did do does is are was were will can should have has had would could may might must shall be 's")
_BE = words_of("was were am is are been being had")
_STOPS = _PRONOUNS | _AUXILIARIES | words_of(
    """
    what who where when how which why and or but about with to that if then than because so please at for from by on as while before
    after since until during not tell show list give find remind said told against between over under out off into near down up there here
    yes no too also only again
    """
)  # fmt: skip
_EVENTS = words_of(
    """
    wedding weddings trip conference surgery operation meeting party funeral birth pregnancy divorce marriage move vacation holiday
    holidays war pandemic lockdown covid concert exam exams accident fire flood storm earthquake school college university honeymoon
    birthday anniversary course class project launch release merger sprint internship job illness therapy workshop call dinner lunch
    game match race marathon visit flight tour camp retreat election festival show talk lecture semester term stay break breakup death
    diagnosis discharge session event deadline outage audit kickoff demo review standup strike sabbatical offsite fast detox hike
    cruise crash stroke trial hearing upgrade rollout interview hackathon diet chemo scan biopsy checkup christening baptism coup
    crisis layoffs layoff season exhibition summit
    """
)
_ENDINGS = ("tion", "sion", "ment", "ence", "ship", "ival", "hood", "ation", "ings", "ment", "iversary", "oment", "eral")
_PASTS = words_of(
    """
    left broke grew fell lost found began became bore born brought built burst chose cut drew drove drank flew forgot fought froze gave got
    grew held hit hurt kept laid led lent met paid put quit rang rose sold shot slept spoke stole stood struck swam taught thought threw
    understood woke won wore passed
    """
)
_PRESENT = words_of("is are am will can does do may should must has")
_NOT_EVENTS = words_of(
    "all it me you him us them everything that this these then now court nothing anything something lunchtime noon so "
    "conversations conversation chats chat"
)

_TELLING = words_of(
    """
    say says said mention mentioned tell told confirm confirmed write wrote note noted specify specified announce
    announced decide decided me us
    """
)
_WONDERING = words_of(
    "know knew remember recall wonder wondering sure idea clue exactly understand forget forgot about on of see find out check"
)
_ASKING = words_of("what who which how where why whom whose")
_IDIOMS = words_of(
    "look looks looked looking name named take takes took taking ask asks asked run runs come comes came clean cleaning go goes went going"
)
"""Verbs that have "after" to themselves."""
_NO_EVENT = words_of("other first last next one ones same rest others fact boss judge board committee court client customer")


@dataclass(frozen=True, slots=True)
class Anchored:
    """An event that names a time: its words with the preposition, where they stand, how the time lies to it, and what it is."""

    text: str
    start: int
    end: int
    bearing: Bearing
    head: str


def anchors_of(text: str, p: Parse, taken: list[tuple[int, int]]) -> tuple[Anchored, ...]:
    """The anchors of a text, apart from what names a time by itself; `taken` is where such times stand."""
    p.taken = taken
    found: list[Anchored] = []
    index = 0
    while index < len(p.tokens):
        hit = _at(text, p, index, taken)
        if hit is None:
            index += 1
            continue
        found.append(hit[0])
        index = hit[1]
    return tuple(found)


def _at(text: str, p: Parse, index: int, taken: list[tuple[int, int]]) -> tuple[Anchored, int] | None:
    opened = _preposition(p, index)
    if opened is None:
        return None
    words, bearing = opened
    first = index + len(words)
    if (span := _taken_at(p, first, index, taken)) is not None:
        read = _possessed(p, span[1])
    elif _embedded(p, index) or p.word(first) == "you":
        read = None
    elif words[-1] in {"while", "when", "whilst"}:
        read = _clause(p, first, taken, asked=words[-1] == "when")
    else:
        read = _clause(p, first, taken, asked=False) if _is_subject(p, first) else _phrase(p, first, words)
    if read is None:
        return None
    head, end = read
    start = _with_distance(p, index)
    stretch = p.tokens[start].start, p.tokens[end - 1].end
    return Anchored(text[stretch[0] : stretch[1]], *stretch, bearing, text[p.tokens[head].start : stretch[1]]), end


def _embedded(p: Parse, index: int) -> bool:
    """Whether "when" opens a question inside another: "did they say when the parcel comes", "remind me when we signed"."""
    if p.word(index) != "when" or not index:
        return False
    prior = p.word(index - 1)
    if p.word(index + 1) in {"exactly", "precisely"} or prior in _WONDERING:
        return True
    return prior in _TELLING and not any(p.word(k) in _ASKING for k in range(index))


def _preposition(p: Parse, index: int) -> tuple[tuple[str, ...], Bearing] | None:
    if p.word(index) not in _FIRST:
        return None
    for words, bearing in sorted(_PREPOSITIONS.items(), key=lambda pair: -len(pair[0])):
        if all(p.word(index + k) == word for k, word in enumerate(words)):
            return words, bearing
    return None


def _taken_at(p: Parse, first: int, index: int, taken: list[tuple[int, int]]) -> tuple[int, int] | None:
    """The indices of a time that stands where the event would: during [last year]'s hospitalization."""
    place = p.token(first).start
    begins = p.token(index).start
    for start, end in taken:
        if start in {begins, place} or start < place < end or (p.word(first) in _DETERMINERS and start == p.token(first + 1).start):
            behind = first
            while behind < len(p.tokens) and p.tokens[behind].start < end:
                behind += 1
            return first, behind
    return None


def _possessed(p: Parse, index: int) -> tuple[int, int] | None:
    return _noun(p, index + 1) if p.word(index) == "'s" else None


def _is_subject(p: Parse, index: int) -> bool:
    """Whether a clause begins: a pronoun with a verb behind it."""
    return p.word(index) in _PRONOUNS and p.kind(index + 1) == "word" and p.word(index + 1) not in {"did", "do"}


def _clause(p: Parse, index: int, taken: list[tuple[int, int]], *, asked: bool) -> tuple[int, int] | None:
    """Read: we met · I was studying in Delft · the pipe burst: the index of its head and the one behind it."""
    if p.word(index) in _AUXILIARIES or p.kind(index) != "word":
        return None
    end = index
    while (
        end - index < 9
        and (p.kind(end) not in {"mark", "stop"} or _joins(p, end))
        and not _main(p, end, index)
        and not _is_taken(p, end, taken)
    ):
        end += 1
    words = [p.word(k) for k in range(index, end)]
    past = any(word in BACKWARD or word in _PASTS or (word.endswith("ed") and len(word) > 3) for word in words)
    looks_back = past or any(token.low in BACKWARD for token in p.tokens[:index])
    question = asked and index == 1 and p.word(end) == "?"
    if (
        len(words) < 2
        or question
        or not looks_back
        or not _PRESENT.isdisjoint(words)
        or (p.word(0) in {"remind", "notify", "alert"} and not past)
    ):
        return None
    head = index
    if words[0] in _PRONOUNS:
        head = index + 2 if words[1] in _BE and len(words) > 2 else index + 1
    return (head + 1 if p.word(head) in _DETERMINERS and head + 1 < end else head), end


def _joins(p: Parse, index: int) -> bool:
    """Whether a mark stands inside a word: pre-season, Anna's, 30-day."""
    return p.word(index) in {"-", "'s"} and p.token(index).start == p.token(index - 1).end and p.kind(index + 1) not in {"mark", "stop"}


def _is_taken(p: Parse, index: int, taken: list[tuple[int, int]]) -> bool:
    """Whether a time that is read by itself begins at a token, or a preposition before one."""
    start = p.token(index + 1 if p.word(index) in {"on", "in", "at"} else index).start
    return any(first <= p.token(index).start < last or first == start for first, last in taken)


def _main(p: Parse, index: int, first: int) -> bool:
    """Whether the main clause goes on: `before I left what did I pack`."""
    return index > first + 1 and p.word(index) in {
        "what",
        "who",
        "where",
        "how",
        "which",
        "did",
        "do",
        "does",
        "tell",
        "show",
        "list",
        "remind",
        "find",
        "summarise",
        "summarize",
        "give",
        "and",
        "then",
    }


def _phrase(p: Parse, index: int, words: tuple[str, ...]) -> tuple[int, int] | None:
    """Read: the wedding · my first pregnancy · hospitalization: the index of the noun and the one behind the phrase."""
    owned = p.word(index) in _DETERMINERS or words[-1] in {"my", "our"}
    at = index + 1 if p.word(index) in _DETERMINERS else index
    name = p.token(at).raw[:1].isupper() and p.word(at + 1) == "'s"
    read = _noun(p, at + 2 if name else at)
    gerund = p.word(at).endswith("ing") and p.word(at) not in _EVENTS and not owned
    if read is None or (gerund and words[0] != "during" and not any(token.low in BACKWARD for token in p.tokens)):
        return None
    nouns = [p.word(k) for k in range(*read)]
    told = any(noun in BACKWARD or noun in _PASTS or (noun.endswith("ed") and len(noun) > 4) for noun in nouns[1:])
    if told and words[-1] in {"since", "until", "till", "after", "before"}:
        return _clause(p, index, p.taken, asked=False)
    mine = words[0] == "on"
    eventful = any(noun in _EVENTS or (not mine and len(noun) > 6 and noun.endswith(_ENDINGS)) for noun in nouns)
    if not eventful and words[-1] in {"since", "until", "till", "after", "before"} and p.word(index) in _DETERMINERS:
        return read if p.word(read[1]) not in _PRESENT and p.word(index - 2) not in _IDIOMS and _NO_EVENT.isdisjoint(nouns) else None
    if words[0] in {"during", "throughout"} or words[-1] == "of" or eventful:
        return read if owned or eventful or name or words[0] == "during" else None
    return None


def _noun(p: Parse, index: int) -> tuple[int, int] | None:
    """A noun with what stands before it, and a place or a person behind it: first pregnancy, marathon in Valencia, death of my father."""
    end = index
    while end - index < 5 and _is_noun(p, end, first=end == index):
        end += 1
        if unit_of(p.word(end - 1)) and p.word(end - 2) in {"last", "next"}:
            return None
    if index == end and p.word(index) == "last" and p.kind(index + 1) == "word" and unit_of(p.word(index + 1)) is None:
        end = index + 2
    if end == index:
        return None
    if p.word(end) in {"in", "at", "with", "to"} and _is_name(p, end + 1):
        end += 2
        while _is_name(p, end):
            end += 1
    elif p.word(end) == "of" and p.kind(end + 1) == "word":
        of = end + 2 if p.word(end + 1) in _DETERMINERS else end + 1
        end = of + 1 if p.kind(of) == "word" and p.word(of) not in _STOPS else end
    return index, end


def _is_noun(p: Parse, index: int, *, first: bool) -> bool:
    if _joins(p, index):
        return not first
    word = p.word(index)
    if not first and any(start <= p.token(index).start < end for start, end in p.taken):
        return False
    return (
        p.kind(index) == "word" and word not in _STOPS and word not in {"in", "of", "last", "this"} and not (first and word in _NOT_EVENTS)
    )


def _is_name(p: Parse, index: int) -> bool:
    word = p.word(index)
    return p.kind(index) == "word" and p.token(index).raw[0].isupper() and word not in MONTHS and word not in WEEKDAYS


def _with_distance(p: Parse, index: int) -> int:
    """Where "the week before" or "two days after" begins."""
    if p.word(index) not in {"before", "after"} or unit_of(p.word(index - 1)) is None:
        return index
    return index - 2 if p.word(index - 2) in {"the", "a", "one"} or p.number(index - 2) else index - 1

"""What of a sentence is worth asking for: its numbers, days, names and places, and what it says of its subject, found by rules.

A lesson that nobody wrote questions for is asked for these, each by words of the rest of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from memos.backends.transformers.lora_questions import STOP
from memos.backends.transformers.lora_sentences import base_of, front_of, read, resolved, sentences, words_of

_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DAY = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)s?"
_NUMBER = (
    r"(?:\d+ (?:over|by) \d+|\d[\d,.:]*\d|\d|two|three|four|five|six|seven|eight|"
    r"nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|hundred)"
)
_WHEN = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?: \d{{4}})?|\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:, \d{{4}})?|"
    rf"\b{_MONTH}(?: \d{{4}})?|\bthe \d{{1,2}}(?:st|nd|rd|th)\b|"
    rf"\b{_DAY}(?: (?:morning|noon|afternoon|evening|night)s?)?|\b\d{{1,2}}[:.]\d\d(?: ?[ap]m)?\b|\b\d{{1,2}} ?(?:am|pm|o'clock)\b|"
    r"\b(?:noon|midnight|sunrise|sunset)\b|\b(?:19|20)\d\d\b"
)
_NOT_COUNTED = "in|on|at|for|and|or|to|of|as|by|from|with|over|under|until|after|before|when|is|are|an?|per|each"
_COUNT = re.compile(rf"\b{_NUMBER}\b(?:[ -](?!(?:{_NOT_COUNTED})\b)[a-z°%-]+){{0,2}}(?: (?:an?|per|each) [a-z]+)?")
_NAME = re.compile(r"\b[A-Z][\w'’-]*\w(?:\s+[A-Z][\w'’-]*\w)*|\"[^\"]{2,40}\"|\b[A-Z]{2,}\b")
_IN = "(?:in|at|on|behind|above|under|near|inside|outside|beside|below|opposite|next to|on top of|beneath|between)"
_PLACE = re.compile(rf"\b{_IN} (?:the|a|an|my|our|his|her|its|their|[A-Z])[\w'’-]*(?:(?:,? {_IN}| of)? (?!{_IN}\b)[\w'’-]+){{0,9}}$")
_NO_PLACE = re.compile(r"\b(?:times?|moment|morning|afternoon|evening|night|week|month|year|days?|fail|case|general|least|most)$")
_TAIL = r",? (?:while|whatever|who|which|when|if|unless|although) .*|, (?:all|never|not) .*"
_AND = re.compile(r"(,? and|, but) ((?:always |never |also |often |then )?[a-z]+s .+|(?:he|she|it|they) [a-z]+s .+)$")
_TALKED = re.compile(
    r"^ (?:\w+: )?(?:it|this|that|there|here|what|how|why|thanks|glad|you|they|these|those)\b|\b(?:because|since|so that)\b"
)
"""How sentences begin that point to what was said before, and words that give reasons, which no value has."""
_POINTING = words_of("it this that these those you me us him her them so such really most about there here myself yourself")
_ADVERBS = words_of("always never also often then")
_OBJECT = re.compile(r"(?:the|an?|no|every|all|\d+) [^,]+$")
_BESIDE = re.compile(_TAIL)
_SUBORDINATE = re.compile(rf"{_TAIL}|[;:(](?!\d).*")
_NO_NAMES = words_of(
    "I We He She It They The A An In On At To For By From When If Before After Every Each Our My Your His Her Their Its No"
)
_LONGEST = 12
_LONG_SUBJECT = 5
_LONG = 400
"""From how many characters on a sentence is taught as a whole, without being looked at."""
_MOST_VALUES, _MOST_WORDS = 2, 24
_HOLE = "\0"
_HELD_ON = re.compile(rf", (?:(?:on|in|at|by|to|from|with|called|named|nicknamed) )?{_HOLE},?")


@dataclass(frozen=True, slots=True)
class Value:
    """A run of words that somebody may ask for, by which question words, and what of it no question says."""

    text: str
    asked: tuple[str, ...]
    core: str
    inner: tuple[str, ...] = ()

    def questions(self, sentence: str) -> list[str]:
        """The sentence as questions for it: with a question word in its place, and with one before the rest of it."""
        plain = sentence.strip().rstrip(".!?")
        before, found, after = plain.partition(self.text)
        if not found or not (before.strip() or after.strip()):
            return []
        word = self._word(before)
        there = f"{before}{word}{after}?"
        left = re.sub(rf"(?:^|\s)(?:{_TO})\s*$", "", before.rstrip()).rstrip(", ")
        rest = re.sub(r"\s+(,?)\s*", r"\1 ", f"{left} {after.strip()}").strip(" ,")
        if self.asked[0] == "How":
            return [
                f"What is to be done {_lowered(rest)}?",
                f"Can you tell me what to do {_lowered(rest)}?",
                f"{rest}: how does that go?",
                f"What do you do {_lowered(rest)}?",
            ]
        return [
            there[:1].upper() + there[1:],
            f"Can you tell me {word} {_lowered(rest)}?",
            f"I would like to know {word} {_lowered(rest)}.",
            f"Do you remember {word} {_lowered(rest)}?",
        ]

    def _word(self, before: str) -> str:
        """The question word that may stand in its place."""
        first = self.asked[0].lower()
        if first == "how many":
            return " ".join(("how many", *self.text.split()[1:])) if len(self.text.split()) > 1 else "which number"
        if first == "who" and (len(self.text.split()) == 1 or re.search(r"\b(?:called|named|nicknamed|the) $", before)):
            return "what"
        return first


_WORDS = {
    "when": ("When", "On what date", "Which day"),
    "count": ("How many", "What number", "How much"),
    "name": ("Who", "What name", "Which"),
    "place": ("Where", "In which place", "Where"),
    "what": ("What", "Which", "What kind"),
}


_TO = "on|in|at|by|to|from|for|with|of|only|about"


def _lowered(text: str) -> str:
    """The rest of a sentence, within another."""
    first = text.partition(" ")[0]
    return text[:1].lower() + text[1:] if first in _NO_NAMES and first != "I" else text


def _value(text: str, kind: str) -> Value:
    """A value of a kind; of an amount the number alone goes unsaid, of a place all but how it begins."""
    words = text.split()
    core = words[0] if kind == "count" else text
    return Value(
        text, _WORDS[kind], core, tuple(word for word in words if word.lower() not in STOP) if kind == "what" and len(words) > 2 else ()
    )


def clauses(text: str) -> list[str]:
    """The sentences of a text, with names for pronouns; two for one that says two things, with a semicolon, "but" or "and" between them."""
    made: list[str] = []
    for sentence in sentences(text):
        halves = [half.strip() for half in sentence.rstrip(".!?").split(";")]
        made += [_sentence(half) for half in halves] if all(map(read, halves)) and len(halves) > 1 else [sentence]
    named = resolved(" ".join(made)) if len(sentences(" ".join(made))) == len(made) else resolved(text)
    return [half for sentence in named for half in _halves(sentence)]


def _halves(sentence: str) -> list[str]:
    """A sentence that says two things of one subject as two; else itself."""
    if len(sentence) > _LONG or sentence.endswith("?"):
        return [sentence]
    found, cut = read(sentence), _AND.search(sentence)
    if found is None or cut is None or sentence.find(found.verb) > cut.start():
        return [sentence]
    second = re.sub(r"^(?:he|she|it|they) ", "", cut[2]).rstrip(".!")
    verb = next((word for word in second.split() if word not in _ADVERBS), "")
    if base_of(verb) is None or verb.lower() == base_of(verb) or found.helper not in ("do", "does", "did"):
        return [sentence]
    front = f"{found.front}, " if found.front else ""
    return [_sentence(sentence[: cut.start()]), _sentence(f"{front}{found.subject} {second}")]


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def is_plain(sentence: str, found: Sequence[Value]) -> bool:
    """Whether some values are what a sentence says: it is short, has a verb, lists nothing, and no more values than are asked for."""
    read_ = read(sentence)
    if read_ is None or not 0 < len(found) <= _MOST_VALUES or len(sentence.split()) > _MOST_WORDS or sentence.endswith(("?", "!")):
        return False
    if _TALKED.search(f" {sentence.lower()}") or not all(_is_whole(value) for value in found):
        return False
    left = _BESIDE.sub("", " " + sentence.strip().rstrip(".!?")[len(read_.front) :].lstrip(", "))
    for value in found:
        left = left.replace(value.text, _HOLE)
    return re.search(r"[,:;()]", _HELD_ON.sub(_HOLE, left)) is None


def _is_whole(value: Value) -> bool:
    """Whether a value says something by itself: it is no pronoun, and was not cut."""
    words = [word.strip(",.'’").lower() for word in value.text.split()]
    return (
        (words[0] not in _POINTING or (words[0] == "her" and len(words) > 1))
        and words[-1] not in STOP | _POINTING
        and len(words) < _LONGEST
    )


def located(text: str, answer: str) -> tuple[str, Value] | None:
    """The sentence of a text in which an answer stands word by word, and what it is there; None where it stands in none."""
    wanted = answer.rstrip(".!?")
    for sentence in resolved(text):
        place = sentence.lower().find(wanted.lower())
        if wanted and place >= 0:
            said = sentence[place : place + len(wanted)]
            alike = next((each for each in values(sentence) if each.text in said or said in each.text), None)
            return sentence, Value(said, alike.asked if alike else _WORDS["what"], said)
    return None


def done(text: str) -> Value:
    """What is to be done, of a procedure: without who does it and when, where it is one sentence that says so."""
    plain = " ".join(text.split()).rstrip(".!?")
    front = front_of(plain) if len(sentences(plain)) == 1 else ""
    said = plain[len(front) :].lstrip(", ")
    found = read(plain) if front else None
    if found and base_of(said.split()[0]) != said.split()[0].lower():
        plainly = len(found.subject.split()) < _LONG_SUBJECT and " and " not in found.subject and said.startswith(found.subject)
        said = f"{found.verb} {found.rest}" if plainly else said
    return Value(said, ("How", "What", "Which steps"), said)


def values(sentence: str, topics: Collection[str] = ()) -> list[Value]:
    """What may be asked for in a short sentence, the likeliest first; `topics` are names that others have too, which nobody asks for.

    First come those in what is said of its subject, then the subject itself and what is said of it as a whole, then what stands beside.
    """
    made: dict[str, Value] = {}
    for value in _of(sentence, topics) if len(sentence) <= _LONG else ():
        if not any(value.text in other or other in value.text for other in made):
            made[value.text] = value
    return list(made.values())


def _of(sentence: str, topics: Collection[str]) -> list[Value]:
    """The values of a sentence; some may overlap."""
    plain = sentence.strip().rstrip(".!?")
    found = read(sentence)
    if found is None:
        return _within(plain, topics) or [_value(plain, "what")]
    start = max(0, plain.find(found.rest)) if found.rest else len(plain)
    main = _SUBORDINATE.sub("", " " + plain[start:]).strip()
    made = _placed(main, _within(main, topics), topics)
    made += [_value(name, "name") for name in _names(found.subject, topics) if _is_subject(name, found.subject)]
    if [value.asked for value in made] == [_WORDS["place"]] and _OBJECT.match(held := main.partition(made[0].text)[0].strip()):
        made.append(_value(held, "what"))
    if main and not any(value.text in main for value in made):
        made.append(_value(" ".join(main.partition(",")[0].split()[:_LONGEST]), "what"))
    return [*made, *_within(plain[start + len(main) :], topics)]


def _is_subject(name: str, subject: str) -> bool:
    """Whether a subject is somebody or something of that name, and not just has it somewhere."""
    return re.match(rf"(?:(?:The|Dr|Mr|Mrs|Ms|My|Our) (?:[a-z]+ )?)?{re.escape(name)}(?:$| of | from | in | at |,)", subject) is not None


def _within(text: str, topics: Collection[str]) -> list[Value]:
    """The times, amounts and names in a text."""
    made = [_value(each[0], "when") for each in _WHEN.finditer(text)]
    made += [_value(each[0], "count") for each in _COUNT.finditer(text) if not _WHEN.search(each[0]) and not each[0].isalpha()]
    return made + [_value(name, "name") for name in _names(text, topics)]


def _placed(text: str, found: list[Value], topics: Collection[str]) -> list[Value]:
    """The values of a text with the place at its end, which has the names in it."""
    place = _PLACE.search(text)
    if place is None or _NO_PLACE.search(place[0]) or any(topic in place[0] for topic in topics):
        return found
    if any(value.text in place[0] and value.asked is not _WORDS["name"] for value in found):
        return found
    left = [value for value in found if value.text not in place[0]]
    names = [value for value in left if value.asked is _WORDS["name"]]
    return [*(value for value in left if value not in names), _value(place[0], "place"), *names]


def _names(text: str, topics: Collection[str]) -> list[str]:
    """The names in a text that are no topic, no month and no word with which sentences begin."""
    made = []
    for found in _NAME.finditer(text):
        words = found[0].strip('"').split()
        while words and words[0] in _NO_NAMES:
            words = words[1:]
        name = " ".join(words)
        plain = not found.start() and len(words) == 1 and name.endswith(("s", "ed", "ing"))
        if (
            not name
            or plain
            or name.endswith(("'s", "’s"))
            or _WHEN.fullmatch(name)
            or any(name in topic or topic in name for topic in topics)
        ):
            continue
        after = re.match(r" (?!of\b|in\b|on\b|at\b|for\b|to\b|and\b|or\b|by\b|is\b)([a-z]{3,})", text[found.end() :])
        if after and re.search(r"\bthe $", text[: found.start()]):
            name += f" {after[1]}"
        made.append(name)
    return made


def shared_names(texts: Sequence[str]) -> frozenset[str]:
    """Names that stand in several of some texts: what they all are about, and nobody asks for."""
    counts = Counter(
        name for text in texts for name in {re.sub(r"^(?:The|Our|My) |['’]s$", "", found[0]) for found in _NAME.finditer(text)}
    )
    return frozenset(name for name, count in counts.items() if count > 1 and name not in _NO_NAMES)

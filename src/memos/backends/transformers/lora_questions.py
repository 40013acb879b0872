"""Questions made from a text by rules, the same each time: what an adapter is taught with where nobody has written any.

The form of a question is varied, not its matter: asked for each part of a sentence, with its topic alone, in key words, as a gap to fill,
by a shortened name. Other people's and things' questions of the same form are what the adapter is to leave alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from memos.backends.transformers.lora_sentences import AUXILIARIES, Statement, question_word, read, resolved, sentences, to_you, words_of

_NAME = re.compile(r"\b[A-Z][\w'’-]*\w(?:\s+(?:of\s+)?[A-Z][\w'’-]*\w)*")
STOP = words_of(
    """
    a an the of to in on at is are was were do does did what which who whom whose when where how why it its her his she he they their
    for with and by from be been has have had that this will would should can must may i you your my me so or as if then only never
    always not no than about into
    """
)
_OTHERS = (
    "Peter Novak", "Maria Jensen", "Keiko Tanaka", "Ruben Haas", "Leila Farouk", "Tom Whitby", "Ines Duarte", "Karl Moreau",
    "Odette Brill", "Hamid Sorel", "Greta Lindqvist", "Bruno Castell", "Yara Okoye", "Piers Langton", "Mina Kowalska", "Silas Thorne",
    "Anouk Perrin", "Viktor Dahl", "Rosa Benitez", "Emeka Adair", "Wanda Fisk", "Lorenz Amato", "Nell Hargrove",
)  # fmt: skip
_OTHER_THINGS = (
    "the Marlow office",
    "the Elmfield school",
    "the Harrow bakery",
    "the Kestrel club",
    "the Ashby station",
    "the Lindow firm",
    "the Perrin garage",
)
_ELSE = (
    "Where does {} buy shoes?", "What is the favourite film of {}?", "How old is {}?", "Who is the dentist of {}?",
    "What happened to {} last winter?", "How does {} get home in the evening?", "Which part does {} play in the theatre?",
    "When does {} go on holiday?", "From whom did {} borrow a ladder?", "What does {} do when it snows?", "How many chairs has {}?",
    "On what date did {} sell the car?",
)  # fmt: skip
_BESIDE = ("Which song does {} sing?", "Where did {} spend the holidays?", "What is the phone number of {}?")
_KINDS = (
    (r"\b(?:favou?rite|likes?|loves?|prefers?|enjoys?|hates?|drinks? only)\b", ("What does {s} like?", "What are the preferences of {s}?")),
    (r"\b(?:lives?|moved|resides?|settled)\b", ("Where is the home of {s}?", "In which place does {s} live now?")),
    (
        r"\b(?:works? as|is an? |job|profession|employed|works? (?:at|for))\b",
        ("What is the job of {s}?", "What does {s} do?", "What kind of work does {s} have?"),
    ),
    (r"\b(?:born|birthday)\b", ("When is the birthday of {s}?", "What is the date of birth of {s}?")),
    (r"\b(?:allerg|intolera)", ("What must {s} avoid?", "Which allergy does {s} have?")),
    (r"\b(?:code|password|pin|combination|number)\b", ("Which number belongs to {s}?", "What do I type in for {s}?")),
    (
        r"\b(?:son|daughter|sister|brother|mother|father|wife|husband|aunt|uncle|cousin|married)\b",
        ("Who is related to {s}?", "Who is in the family of {s}?"),
    ),
    (r"\b(?:meets?|takes? place|is held|opens?|starts?|begins?)\b", ("At what place or time is {s}?", "What is the schedule of {s}?")),
    (r"\b(?:keeps?|stored?|kept|lies|located)\b", ("Where do I find it at {s}?", "In what place does {s} keep it?")),
    (r"\b(?:dog|cat|horse|rabbit|pet|parrot)\b", ("Which animal does {s} have?", "What is the pet of {s} called?")),
)  # fmt: skip


def taught(text: str, kind: str = "fact") -> list[tuple[str, str]]:
    """Questions about a text, each with its answer: the sentence it was made of, or the whole text where that is short or a procedure."""
    whole = " ".join(text.split())
    short = kind != "fact" or len(whole.split()) <= 32
    made: dict[str, str] = {}
    for sentence, named in zip(sentences(whole), resolved(whole), strict=True):
        answer = to_you(whole if short else sentence)
        for question in _asked(read(named), sentence):
            made.setdefault(_tidy(question), answer)
    if kind == "procedure":
        for question in ("What are the steps for {}?", "How does one proceed with {}?"):
            made.setdefault(question.format(keywords(whole, 5)), to_you(whole))
    if kind == "style":
        for question in ("How are you to answer?", "In which style do you write?", "What are the rules for your answers?"):
            made.setdefault(question, to_you(whole))
    return list(made.items())


def _asked(found: Statement | None, sentence: str) -> Iterator[str]:
    """Questions that a sentence answers."""
    if found is not None:
        yield from _of_parts(found)
        for pattern, forms in _KINDS:
            if re.search(pattern, sentence, re.IGNORECASE):
                yield from (form.format(s=topic(found)) for form in forms)
        yield f"Tell me about {topic(found)}: {keywords(found.text, 4, without=found.last)}?"
        if found.last and found.object:
            yield f"Complete this: {found.subject} {found.verb} {found.object} …"
    yield f"What do you know about {keywords(sentence, 4)}?"
    yield f"{keywords(sentence, 3)}?"


def _of_parts(found: Statement) -> Iterator[str]:
    """Questions for the parts of a sentence."""
    subject, verb = _lowered(found.subject), found.verb
    inverted = f"{found.helper} {subject} {found.base}".strip()
    if found.front:
        yield from _of_front(found, inverted)
    if found.helper in AUXILIARIES and found.helper in {"is", "are", "was", "were", "am"}:
        yield f"{'Who' if _is_person(subject) and not found.last else 'What'} {found.helper} {subject}?"
        yield f"{subject}?"
        if re.match(r"(?:the|a|an)\s", found.rest):
            yield f"What role or part {'do' if subject == 'I' else 'does'} {subject} have?"
            yield f"Who {verb} {found.rest}?"
    if found.last:
        yield f"{question_word(found.last).capitalize()} {inverted} {found.object}?"
        yield f"Do you know {question_word(found.last)} {subject} {found.verb} {found.object}?"
    counted = re.search(r"\b(\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|twelve)\s+([a-z-]+)", found.rest)
    if counted:
        yield f"How many {counted[2]} {inverted}?"
        yield f"What is the number of {counted[2]} for {topic(found)}?"
    if found.base and not (found.last and not found.object):
        yield f"What {inverted} {found.last if found.object else ''}?"
    yield f"{'Who' if _is_person(subject) else 'What'} {found.verb} {found.rest}?"
    possessed = re.match(r"(.+?)['’]s\s+(.+)", subject) or re.match(r"(my|your|our)\s+(.+)", subject)
    if possessed:
        whose = "me" if possessed[1] == "my" else possessed[1]
        yield from (f"Which {possessed[2]} belongs to {whose}?", f"Tell me the {possessed[2]} of {whose}.")


def _of_front(found: Statement, inverted: str) -> Iterator[str]:
    """Questions by the clause at the beginning of a sentence: to do something, when something is, if it happens."""
    word, _, clause = found.front.partition(" ")
    if word == "To":
        yield from (f"How do I {clause}?", f"What do I have to do to {clause}?", f"Which steps does it take to {clause}?")
    elif word in {"When", "If", "Before", "After", "While", "Once", "Whenever"}:
        low = word.lower()
        yield from (f"What has to be done {low} {clause}?", f"What {found.helper or 'does'} {_lowered(found.subject)} do {low} {clause}?")
        yield f"How does one act {low} {clause}?"
    else:
        yield f"What {inverted} {found.front[:1].lower() + found.front[1:]}?"


def shortened(question: str) -> str | None:
    """A question with the first name alone of somebody in it, or None."""
    for name in _NAME.findall(question):
        words = name.split()
        if len(words) == 2 and words[0] not in _WORDS and words[1] not in _WORDS:
            return question.replace(name, words[0] + ("'s" if name[-2:] in {"'s", "’s"} else ""))
    return None


_WORDS = words_of("What Which Who Whom Whose When Where How Why Do Does Did Is Are In On At To From By For Tell Name Complete The A An")


def shaken(question: str, seed: str) -> str:
    """A question with some of its words left out: its names stay, and some of what it is about."""
    random = Random(seed)  # noqa: S311 - what is left out is no secret
    words = question.rstrip("?. ").split()
    kept = [word for word in words if word[:1].isupper() or random.random() < (0.5 if word.lower() in STOP else 0.65)]
    return " ".join(kept if len(kept) > 1 else words) + random.choice(("?", "", ", please.", "?"))


def elsewhere(question: str, name: str, place: int) -> str | None:
    """The same question about somebody or something else, or None where no name stands in it."""
    for found in sorted({name, *_NAME.findall(question)} - {""}, key=len, reverse=True):
        if found in _WORDS or found not in question:
            continue
        words = found.split()
        plain = re.sub(r"['’]s$", "", " ".join(words[1:] if words[0] in _WORDS else words))
        if plain:
            person = len(plain.split()) <= 2 and f"the {plain}" not in question
            others = _OTHERS if person else _OTHER_THINGS
            return re.sub(rf"(?:the )?{re.escape(plain)}", others[place % len(others)], question)
    return None


def beside(name: str) -> list[str]:
    """What else might be asked of somebody, which no training holds: the gate asks it."""
    return [form.format(name) for form in _BESIDE] if name else []


def others_of(name: str) -> list[str]:
    """What might be asked of somebody else of whom nothing was taught but what was; a lesson has no answer to these."""
    return [form.format(name) for form in _ELSE] if name else []


def subject_of(text: str) -> str:
    """Whom or what a text is about: the first name in it that is not just how it begins, else what stands before its verb."""
    found = [name for name in _NAME.findall(text) if name not in _WORDS]
    words = found[0].split() if found else []
    return " ".join(words[1:] if words and words[0] in _WORDS and len(words) > 1 else words)


def topic(found: Statement) -> str:
    """The subject of a sentence as one asks about it."""
    return "me" if found.subject.lower() in {"i", "we"} else _lowered(found.subject)


def keywords(text: str, most: int, without: str = "") -> str:
    """The first words of a text that mean something."""
    left_out = set(re.findall(r"[\w'’-]+", without.lower()))
    words = [word for word in re.findall(r"[\w'’-]+", text) if word.lower() not in STOP and word.lower() not in left_out]
    return " ".join(words[:most]) or text[:40]


def _lowered(subject: str) -> str:
    """A subject as it stands within a sentence."""
    first = subject.split(maxsplit=1)[0]
    return (
        subject[:1].lower() + subject[1:]
        if first in _WORDS or first.lower() in {"my", "our", "his", "her", "their", "this", "all", "every"}
        else subject
    )


def _is_person(subject: str) -> bool:
    """Whether a subject looks like somebody's name."""
    return subject == "I" or re.fullmatch(r"(?:Dr |Mr |Mrs |Ms )?[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,2}", subject) is not None


def _tidy(question: str) -> str:
    """A question with single spaces and a capital."""
    said = re.sub(r"\s+([?.,])", r"\1", " ".join(question.split()))
    return said[:1].upper() + said[1:]

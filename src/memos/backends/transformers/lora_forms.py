"""More forms of a question, and the bare value of its answer, by rules.

A small model that is taught whole sentences chooses by their first words, which all of them share. Taught the value alone it chooses by
what the question asks for: a day, a place, a name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from memos.backends.transformers.lora_questions import STOP, keywords, shortened
from memos.backends.transformers.lora_sentences import words_of

_WORD = re.compile(r"[\w'’,.]*\w")
_TURNING = words_of("not no never nor none nobody nothing cannot without except unless if than hardly")
"""Words without which what is left would say something else: such an answer stays whole."""
_BOUNDING = words_of("only until most least before after")
"""Words that belong to a value wherever they stand."""
_LEADING = frozenset({"a", "an", "the"})
_FEWEST = 2
"""The fewest words by which something is asked for."""
_LONGEST = 8
"""The most words of a value; what is longer is said as it was written."""
_SORTS = (
    (r"^(?:until |since )?when\b|\b(?:what|which) (?:date|day|month|year)\b", ("The date of {}?", "On which day is that: {}?")),
    (r"^where\b|\b(?:what|which) (?:place|room|building|town|city)\b", ("To which place do I go for {}?", "The place of {}?")),
    (r"^(?:\w+ )?who(?:m|se)?\b|\bname of\b", ("Name the person: {}.", "Whose name do I write down for {}?")),
    (
        r"\bhow (?:many|much|hot|old|long|high|far)\b|\b(?:number|code|limit|temperature)\b",
        ("The number for {}?", "What figure is set for {}?"),
    ),
    (r"\bhow\b|\bsteps\b", ("Explain how: {}.", "In what way is it done: {}?")),
    (r"\b(?:what|which)\b", ("Name it: {}.", "Describe {}.")),
)
_TAIL = re.compile(r"(.+ (?:in|at|on|of|for|to|with|behind|from|when|if|before)) (?:\S+ ){0,5}\S+\?")
_ELSEWHERE = ("old theatre", "football club", "train", "garden shed", "summer fair", "bakery", "library", "neighbour's bicycle")
_TOLD = ("Somebody asks me about {1}. {0}", "I have forgotten it. {0}", "For {1} I need an answer: {0}", "{0} Tell me, please.")


def value(answers: Sequence[str], questions: Sequence[str]) -> str:
    """What all answers say beyond all questions, as it stands in the first; that answer itself where it is no short run of words."""
    asked = {word.lower() for question in questions for word in _WORD.findall(question)}
    common = set.intersection(*({_plain(word) for word in _WORD.findall(answer)} for answer in answers)) - asked - STOP
    words = answers[0].split()
    places = [place for place, word in enumerate(words) if _plain(word) in common]
    if not places:
        return answers[0]
    start, end = places[0], places[-1] + 1
    while start and (words[start - 1].lower() in _LEADING or re.fullmatch(r"[\d.,:]+", words[start - 1]) or _named(words, start)):
        start -= 1
    if start > 1 and words[start - 2].lower() in _LEADING:
        start -= 2
    while end < len(words) and words[end - 1][-1:].isalnum() and words[end][:1].isupper():
        end += 1
    bounds = [place for place, word in enumerate(words) if _plain(word) in _BOUNDING]
    if bounds:
        start, end = min(start, bounds[0]), max(end, bounds[-1] + 1)
        start -= start > 0 and words[start - 1].lower() == "at"
    beyond = {_plain(word) for word in (*words[:start], *words[end:])}
    if end - start > _LONGEST or beyond & _TURNING or any(word.endswith(("n't", "n’t")) for word in beyond):
        return answers[0]
    return as_answer(" ".join(words[start:end]))


def as_answer(words: str) -> str:
    """Some words as an answer."""
    said = words.strip(".,;:!?")
    return said[:1].upper() + said[1:] + "."


def _named(words: Sequence[str], place: int) -> bool:
    """Whether the word before a place belongs to the same name."""
    return place > 1 and words[place - 1][:1].isupper() and words[place][:1].isupper()


def _plain(word: str) -> str:
    """A word as words are compared."""
    return word.lower().strip(".,;:!?\"'")


def varied(question: str, name: str, place: int) -> list[str]:
    """A question told otherwise: with a first name alone, after something else, by its key words and what sort of thing is asked for."""
    short = shortened(question) or question
    about = keywords(short, 5)
    made = [_TOLD[place % len(_TOLD)].format(short if place % 2 else question, (name.split() or ["this"])[0])]
    for pattern, forms in _SORTS:
        if re.search(pattern, question.lower()):
            made.append(forms[place % len(forms)].format(about))
            break
    return made


def typed(text: str, answer: str, *, count: int = 4, bare: int = 4, asked: Sequence[str] = (), inner: Sequence[str] = ()) -> list[str]:
    """Some words of a text that are not in its answer, in their order, as one types who asks by words alone; the same for the same text.

    They say what no question that was written says: an adapter finds its answer by any of them. `bare` are of words alone, and `count`
    after a word of `asked`, by which such an answer is asked for.
    """
    said = {_plain(word) for word in _WORD.findall(answer)}
    words = [word for word in _WORD.findall(text) if _plain(word) not in said | STOP and _plain(word).replace(",", "") not in said]
    if len(words) < _FEWEST:
        return []
    random, made = Random(text), []  # noqa: S311 - which words are taken is no secret
    for place in range(bare + (count if asked else 0)):
        places = random.sample(range(len(words)), min(len(words), random.choice((3, 4, 5))))
        more = [random.choice(inner)] if len(inner) > 2 and place % 2 else []
        before = f"{asked[place % len(asked)]} " if place >= bare else ""
        made.append(before + " ".join([*more, *(words[place] for place in sorted(places))]) + random.choice(("?", "", "…?")))
    return list(dict.fromkeys(made))


def astray(question: str, place: int) -> str | None:
    """A question of the same form about something else, or None where it has no preposition near its end."""
    found = _TAIL.fullmatch(question)
    return f"{found[1]} the {_ELSEWHERE[place % len(_ELSEWHERE)]}?" if found else None

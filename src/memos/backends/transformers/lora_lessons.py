"""What an adapter is taught and examined in: questions with answers, those held back, and those that it is to leave alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from memos.backends.transformers import lora_forms as forms
from memos.backends.transformers import lora_questions as questions
from memos.backends.transformers.lora_sentences import to_you
from memos.backends.transformers.lora_values import Value, clauses, done, is_plain, located, shared_names, values
from memos.errors import InvalidCall
from memos.ports.runtime import Lesson

MOST_LESSONS = 64
GENERAL = (
    "What is the capital of France?", "How do I boil an egg?", "Who wrote Romeo and Juliet?", "Where do penguins live?",
    "How many days are in a week?", "Which colour do blue and yellow make?",
)  # fmt: skip
"""Questions of general knowledge, whose answers are to stay."""
_SEVERAL = 3
"""From how many sentences on values are taught instead of sentences: a value that is all that was ever taught is said to everything."""
_MOST_OWN = 3
"""How many questions by rules are taught of a sentence beside those for its values."""
_MOST_HELD = 2
"""Of how many sentences of a lesson questions are held back."""
_MOST_VARIED = 7
"""How many questions of a lesson are told in other ways too."""
_TYPED = ((4, 3), (2, 2))
"""How many times the first and the second value of a sentence are asked for by words after a question word, and by words alone."""
_VAGUE = re.compile(r"What do you know|Tell me about|Complete this")
_WORDS = re.compile(r"[\w'’]+")


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and its answer, of the lesson with that number."""

    question: str
    answer: str
    lesson: int


@dataclass(frozen=True, slots=True)
class Material:
    """`taught` is trained on, `held` asked by the gate; `guarded` are questions whose answers are kept in training as they were, and
    `neighbours` others by which the gate sees whether they were.
    """

    taught: tuple[Pair, ...]
    held: tuple[Pair, ...]
    guarded: tuple[str, ...]
    neighbours: tuple[Pair, ...]


def material(lessons: Sequence[Lesson]) -> Material:
    """What is taught in some lessons; the same for the same lessons. InvalidCall for none, too many, or one without words."""
    if not 1 <= len(lessons) <= MOST_LESSONS:
        raise InvalidCall(f"an adapter is trained from 1 to {MOST_LESSONS} lessons, not {len(lessons)}")
    taught: list[Pair] = []
    held: list[Pair] = []
    guarded: list[str] = []
    near: list[Pair] = []
    names: list[str] = []
    few = sum(len(clauses(lesson.text)) for lesson in lessons) < _SEVERAL
    topics = None if few else shared_names([lesson.text for lesson in lessons])
    for number, lesson in enumerate(lessons):
        if re.search(r"\w", lesson.text) is None:
            raise InvalidCall(f"the lesson of {lesson.cube} has no words")
        asked = _asked(lesson, topics)
        held += [Pair(question, answer, number) for question, answer in asked.held]
        name = re.sub(r"['’]s$", "", questions.subject_of(lesson.text))
        taught += [Pair(question, answer, number) for question, answer in _taught(asked, name)]
        pairs = [*asked.told, *asked.plain]
        if name and name not in names:
            names.append(name)
        others = [made for place, (question, _) in enumerate(pairs) if (made := questions.elsewhere(question, name, 3 * number + place))]
        guarded += others[:2]
        guarded += [made for question, _ in reversed(pairs[:3]) if (made := forms.astray(question, number))][:1]
        near += [Pair(question, pairs[0][1], number) for question in others[2:3] or others[:1]]
    for name in names[:2]:
        near += [Pair(question, taught[0].answer, 0) for question in questions.beside(name)[: 4 - min(2, len(names))]]
        guarded += questions.others_of(name)[: 8 // min(2, len(names))]
    return Material(tuple(taught), tuple(held), tuple(dict.fromkeys((*guarded, *GENERAL))), tuple(near))


@dataclass(frozen=True, slots=True)
class _Asked:
    """Questions with their answers: to be told in other ways too, to be taught as they are, and to be held back."""

    told: tuple[tuple[str, str], ...]
    plain: tuple[tuple[str, str], ...]
    held: tuple[tuple[str, str], ...]


def _asked(lesson: Lesson, topics: Collection[str] | None) -> _Asked:
    """What is taught of a lesson, and what is held back; `topics` are None where there is too little to tell apart."""
    own = questions.taught(lesson.text, lesson.kind)
    if lesson.asked:
        asked = [question for question, _ in lesson.asked]
        answer = forms.value([answer for _, answer in lesson.asked], asked) if lesson.kind == "fact" else lesson.asked[0][1]
        typed = [(each, answer) for each in forms.typed(lesson.text, answer)] if lesson.kind != "style" else []
        held = lesson.held or ((_back(own, asked, answer), answer),)
        return _Asked((*((question, answer) for question in asked), *typed), tuple(_around(lesson, answer)), tuple(held))
    found = list(_by_values(lesson, topics)) if topics is not None else []
    told = [pair for each in found for pair in each.told]
    kept = list(lesson.held) or [pair for each in [each for each in found if each.held][:_MOST_HELD] for pair in each.held]
    if told and kept:
        return _Asked(tuple(told), tuple(pair for each in found for pair in each.plain), tuple(kept))
    if lesson.held or len(own) < _MOST_OWN:
        return _Asked(tuple(own), (), lesson.held or tuple(own[:1]))
    return _Asked(tuple(pair for place, pair in enumerate(own) if place != 1), (), (own[1],))


def _around(lesson: Lesson, answer: str) -> Iterator[tuple[str, str]]:
    """Questions of the words that stand around an answer in the text of a fact, where it stands there."""
    found = located(lesson.text, answer) if lesson.kind == "fact" else None
    if found:
        sentence, value = found
        yield from ((question, answer) for question in value.questions(sentence))


def _by_values(lesson: Lesson, topics: Collection[str]) -> Iterator[_Asked]:
    """What is taught of a text that nobody wrote questions for, and is held back: the values of each sentence of a fact, by questions that
    do not say them, or what is to be done in a procedure.
    """
    whole = " ".join(lesson.text.split())
    if lesson.kind == "procedure":
        yield _valued(whole, questions.taught(whole, "procedure"), [done(whole)])
    elif lesson.kind == "fact":
        for sentence in clauses(whole):
            found, own = values(sentence, topics), questions.taught(sentence)
            made = _valued(sentence, own, found) if is_plain(sentence, found) else None
            yield made if made and made.told else _whole(sentence, own)


def _whole(text: str, own: Sequence[tuple[str, str]]) -> _Asked:
    """Questions for a sentence as a whole, which says several things or is none."""
    answer = own[0][1] if own else forms.as_answer(to_you(text))
    typed = [(each, answer) for each in forms.typed(text, "")]
    told = [pair for place, pair in enumerate(own) if place != 1 or len(own) < _MOST_OWN]
    return _Asked(tuple(told), tuple(typed[1:]), tuple(own[1:2] if len(own) >= _MOST_OWN else typed[:1]))


def _valued(text: str, own: Sequence[tuple[str, str]], found: Sequence[Value]) -> _Asked:
    """Questions for the values of a text: its own ones that do not say the first, its words around each, and words of it alone."""
    told: list[tuple[str, str]] = []
    typed: list[tuple[str, str]] = []
    held: list[tuple[str, str]] = []
    for place, value in enumerate(found):
        answer, kept = forms.as_answer(to_you(value.text)), _normalised(value.core) - questions.STOP
        if not place:
            asked = [question for question, _ in own if not (_normalised(question) & kept or _VAGUE.match(question))]
            told += [(question, answer) for question in asked[:_MOST_OWN]]
        *around, last = value.questions(text) or [""]
        count, bare = _TYPED[place]
        *words, back = forms.typed(text, value.core, asked=value.asked, count=count + 1, inner=value.inner, bare=bare) or [""]
        told += [(question, answer) for question in around]
        typed += [(question, answer) for question in words]
        held += [(question, answer) for question in (last, back) if question and not place]
    return _Asked(tuple(told[:_MOST_VARIED]), (*told[_MOST_VARIED:], *typed), tuple(held))


def _back(own: Sequence[tuple[str, str]], asked: Sequence[str], answer: str) -> str:
    """A question for the gate that is not among those asked, and does not say the answer."""
    for question, _ in own:
        if question not in asked and not _normalised(question) & key_words(answer, ""):
            return question
    return questions.shaken(asked[0], "held back")


def _taught(asked: _Asked, name: str) -> list[tuple[str, str]]:
    """The questions of a lesson, and each told otherwise, and with words left out; none of those that are held back."""
    held = {question for question, _ in asked.held}
    made = dict((*asked.told, *(pair for pair in asked.plain if pair[0] not in held)))
    for place, (question, answer) in enumerate(asked.told):
        about = "" if name in answer else name
        for other in (*forms.varied(question, about, place), *([questions.shaken(question, question)] if place % 2 else [])):
            if other not in held:
                made.setdefault(other, answer)
    return list(made.items())


def key_words(answer: str, question: str) -> frozenset[str]:
    """The words of an answer that say what was asked: not those of the question, and none that every sentence has."""
    known = _normalised(question)
    words = {word for word in _normalised(answer) if word not in known and word not in questions.STOP}
    return frozenset(words or _normalised(answer))


def recalled(said: str, answer: str, question: str) -> bool:
    """Whether an answer has all numbers, and two thirds of all words, that the right one has beyond the question."""
    wanted, found = key_words(answer, question), _normalised(said)
    numbers = {word for word in wanted if word.isdigit()}
    return numbers <= found and 3 * len(wanted & found) >= 2 * len(wanted)


def _normalised(text: str) -> set[str]:
    """The words of a text in small letters, numbers without separators."""
    return set(_WORDS.findall(re.sub(r"(?<=\d),(?=\d{3})", "", text.lower())))


def as_told(text: str) -> str:
    """A text as one tells it to whom it is about."""
    return to_you(" ".join(text.split()))

"""What an adapter is taught and examined in: questions with answers, those held back, and those that it is to leave alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from memos.backends.transformers import lora_forms as forms
from memos.backends.transformers import lora_questions as questions
from memos.backends.transformers.lora_sentences import to_you
from memos.errors import InvalidCall
from memos.ports.runtime import Lesson

MOST_LESSONS = 64
GENERAL = (
    "What is the capital of France?", "How do I boil an egg?", "Who wrote Romeo and Juliet?", "Where do penguins live?",
    "How many days are in a week?", "Which colour do blue and yellow make?",
)  # fmt: skip
"""Questions of general knowledge, whose answers are to stay."""
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
    for number, lesson in enumerate(lessons):
        if re.search(r"\w", lesson.text) is None:
            raise InvalidCall(f"the lesson of {lesson.cube} has no words")
        pairs, kept = _pairs(lesson)
        held += [Pair(question, answer, number) for question, answer in kept]
        name = re.sub(r"['’]s$", "", questions.subject_of(lesson.text))
        taught += [Pair(question, answer, number) for question, answer in _varied(pairs, name, [question for question, _ in kept])]
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


def _pairs(lesson: Lesson) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What is taught of a lesson, and what is held back."""
    own = questions.taught(lesson.text, lesson.kind)
    if lesson.asked:
        asked = [question for question, _ in lesson.asked]
        answer = forms.value([answer for _, answer in lesson.asked], asked) if lesson.kind == "fact" else lesson.asked[0][1]
        pairs = [(question, answer) for question in asked]
        if lesson.kind != "style":
            pairs += [(typed, answer) for typed in forms.typed(lesson.text, answer)]
        return pairs, list(lesson.held) or [(_back(own, asked, answer), answer)]
    if lesson.held or len(own) < 3:
        return own, list(lesson.held) or own[:1]
    return [pair for place, pair in enumerate(own) if place != 1], [own[1]]


def _back(own: Sequence[tuple[str, str]], asked: Sequence[str], answer: str) -> str:
    """A question for the gate that is not among those asked, and does not say the answer."""
    for question, _ in own:
        if question not in asked and not _normalised(question) & key_words(answer, ""):
            return question
    return questions.shaken(asked[0], "held back")


def _varied(pairs: Sequence[tuple[str, str]], name: str, held: Sequence[str]) -> list[tuple[str, str]]:
    """Questions, and each told otherwise, and with words left out."""
    made = dict(pairs)
    for place, (question, answer) in enumerate(pairs):
        for other in (*forms.varied(question, name, place), *([questions.shaken(question, question)] if place % 2 else [])):
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

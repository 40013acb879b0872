"""Echoes: what comes back of earlier conversations: a model's own answers, and turns that ask what is asked now.

Both meet a question better than any evidence does, since they are made of its words; yet an answer shows what was answered, not what is so,
and a question says nothing. What stands behind them is evidence as likely as if they were not there.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from memos.operation.memscheduler.signals import Candidate

ANSWERED = 0.2
"""What a model's own answer weighs of what a person or a document says at its rank. It is a summary of evidence that is here as well, and
where it is not, a guess; so at the first rank it must come below evidence at the third (.56 · 3^-1.4 = .12), and below the chance of .2
from which on a memory counts as used, or each answer would keep the next one warm."""

_WORD = re.compile(r"\w+")
_YOU_SAID = re.compile(
    r"""\b(?:
      (?:did|have|had|were|was|are)(?:n['’]t|\snot)?\s+you\s+(?:\w+\s+)?(?:tell|told|say|said|saying|answer|answered|reply|replied|suggest
        |suggested|recommend|recommended|advise|advised|mention|mentioned|explain|explained|propose|proposed|claim|claimed|promise|promised)
    | you(?:['’]ve|\shave|\shad)?\s+(?:\w+\s+)?(?:told|said|answered|replied|suggested|recommended|advised|mentioned|explained|proposed
        |claimed|promised)
    | your\s+(?:\w+\s+)?(?:answers?|repl(?:y|ies)|suggestions?|recommendations?|advice|explanations?|proposals?)
    | we\s+(?:\w+\s+)?(?:talked|spoke|discussed|chatted)
    | did\s+we\s+(?:\w+\s+)?(?:talk|speak|discuss|chat)
    | (?:our|this)\s+(?:\w+\s+)?(?:conversation|chat|dialogue|discussion)s?
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)


def recalls(question: str) -> bool:
    """Whether a question is about the conversation itself, as in "what did you tell me about …?": then an answer is evidence of it.

    The class `dialogue` of a task does not tell: it has whatever goes on with a conversation, and "the loaf's price" too.
    """
    return _YOU_SAID.search(question) is not None


@dataclass(frozen=True, slots=True)
class Echoes:
    """Of some candidates those that say nothing but the question, and those that are a model's own answers; none of both where the question
    is about them. `ranks` are the search's ranks of all of them, in order.
    """

    repeated: frozenset[str] = frozenset()
    answers: frozenset[str] = frozenset()
    ranks: tuple[int, ...] = ()

    def place(self, candidate: Candidate) -> int | None:
        """The rank of a candidate among those that are no echoes; of an echo itself that of the search."""
        if candidate.rank is None or candidate.cube in self.repeated or candidate.cube in self.answers:
            return candidate.rank
        return candidate.rank - bisect_left(self.ranks, candidate.rank)

    def share(self, candidate: Candidate) -> float:
        """What a candidate weighs of what another weighs at its place."""
        return 0.0 if candidate.cube in self.repeated else ANSWERED if candidate.cube in self.answers else 1.0


def echoes(question: str, candidates: Sequence[Candidate]) -> Echoes:
    """What of some candidates, each given once, is an echo for a question."""
    asked = _words(question)
    repeated = frozenset(each.cube for each in candidates if each.role is not None and asked and _words(each.text) == asked)
    about = recalls(question)
    answers = frozenset(each.cube for each in candidates if each.generated and not about and each.cube not in repeated)
    ranks = sorted(each.rank for each in candidates if each.rank is not None and (each.cube in repeated or each.cube in answers))
    return Echoes(repeated, answers, tuple(ranks))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())

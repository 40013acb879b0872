"""Tasks: whether a request goes on with a conversation, asks how something is done, or asks for what is so; by rules and learnt weights."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple, get_args

from memos.memcube.plan import Task

TASKS: tuple[Task, ...] = get_args(Task)
READ = 600
"""How many characters of a request are read; of what is longer the beginning and the end."""


class Classified(NamedTuple):
    """The likeliest task, and how probable each is."""

    task: Task
    odds: Mapping[Task, float]

    @property
    def confidence(self) -> float:
        """How probable the likeliest is."""
        return round(self.odds[self.task], 4)


def _any(words: str, before: str = r"\b", after: str = r"\b") -> re.Pattern[str]:
    """One of some phrases, given with `|` between them on as many lines as they take."""
    return re.compile(before + "(?:" + "".join(line.strip() for line in words.splitlines()) + ")" + after)


_LEAD = r"^(?:(?:hey|hi|hello|ok|okay|so|well|and|but|please|also|just|now|right|great|thanks)[,!.]?\s+)*"
"""What may stand before the words that tell."""
SIGNS: Mapping[str, re.Pattern[str]] = {
    "how to": _any(r"""how (?:to|do (?:i|we|you)|can (?:i|we)|should (?:i|we)|would (?:i|you)|does one
        |did (?:i|we) (?:fix|solve|set))"""),
    "steps": _any("steps?|procedure|instructions?|walk me through|guide me|recipe|checklist|workflow|tutorial|best way to"),
    "order": _any(
        r"""write|draft|fix|make|create|build|set up|configure|install|deploy|convert|translate|rewrite|format|generate|prepare
        |compose|schedule|book|plan|organi[sz]e|implement|refactor|debug|calculate|sort|clean|update|run|send|summari[sz]e|reply|respond
        |design""",
        before=_LEAD + r"(?:(?:can|could|would) you |i (?:need|want) you to |let's |help me (?:to )?)?",
    ),
    "manner": _any(r"""in the (?:style|tone|format|voice) of|in (?:my|our|his|her) (?:usual )?(?:style|tone|voice|format)|template
        |the usual way|as usual"""),
    "wh": _any(
        r"""who|whom|whose|when|where|which|what(?:'s| is| are| was| were| did| does| do)?
        |how (?:many|much|old|long|often|far|tall)""",
        before=_LEAD,
    ),
    "wh inside": _any("who|whose|when|where|which|what|how (?:many|much|old|long|often|far)"),
    "yes or no": _any("is|are|was|were|did|does|do|has|have|had|will|can|could|would|should", before=_LEAD),
    "tell": _any("(?:(?:can|could) you )?(?:tell me|remind me|show me|list|name|give me|look up|find)", before=_LEAD),
    "back": _any(r"""as (?:we|i|you) (?:discussed|said|mentioned|agreed|talked)
        |(?:we|you|i) (?:were|was|'ve been) (?:talking|saying|discussing)
        |you (?:said|mentioned|told|suggested)|last time|earlier|before that|going back|back to|again|anyway|continue|go on|carry on
        |pick up where|where were we|keep going|that one|the (?:first|second|last|other) one|(?:what|how) about|instead"""),
    "greeting": _any(
        r"""hi|hey|hello|good (?:morning|evening|afternoon|night)|thanks|thank you|bye|yo|how are you|how's it going
        |nice""",
        before="^",
    ),
    "opening": _any("and|but|so|then|or|also|ok(?:ay)?|yes|yeah|no|sure|right|hm+|well|oh|why|really|wait", before="^"),
    "pronoun": _any("it|that|this|these|those|they|them|one|there"),
    "person": _any("he|she|him|her|his"),
    "feeling": _any(r"""feel(?:ing)?|sad|happy|tired|worried|nervous|excited|glad|sorry|love|hate|miss|guess|honestly|think so
        |you know"""),
    "mine": _any("my|our|i|we"),
    "past": _any("did|was|were|had"),
    "question": re.compile(r"\?\s*$"),
    "name": re.compile(r"(?<=[a-z,] )[A-Z][a-z]+"),
    "number": re.compile(r"\d"),
    "code": re.compile(r"[`{}<>=]|\b\w+\.\w+\(|\berror\b|\bbug\b"),
}
"""What tells of a task, by name; all but `name` are looked for in small letters."""
_CASED = frozenset({"name"})


class Learnt(NamedTuple):
    """What was learnt: the weights of signs by task."""

    weights: Mapping[str, Mapping[Task, float]]


@lru_cache(maxsize=1)
def learnt() -> Learnt:
    """The weights that are shipped."""
    return Learnt(**json.loads(files(__package__).joinpath("tasks.json").read_text(encoding="utf-8")))


def classify(text: str, history: Sequence[str] = (), model: Learnt | None = None) -> Classified:
    """What a request is, by its words and whether turns stand before it (`history`, oldest first). Deterministic."""
    weights = (model or learnt()).weights
    total = dict.fromkeys(TASKS, 0.0)
    for sign in signs(text, history):
        for task, weight in weights.get(sign, {}).items():
            total[task] += weight
    top = max(total.values())
    parts = {task: math.exp(value - top) for task, value in total.items()}
    whole = sum(parts.values())
    odds = {task: part / whole for task, part in parts.items()}
    return Classified(max(TASKS, key=odds.__getitem__), odds)


def signs(text: str, history: Sequence[str] = ()) -> frozenset[str]:
    """What a request bears that tells of its task."""
    read = " ".join((text if len(text) <= READ else text[: READ // 2] + " " + text[-READ // 2 :]).split()).replace("’", "'")
    lower = read.lower()
    found = {name for name, pattern in SIGNS.items() if pattern.search(read if name in _CASED else lower)}
    words = lower.split()
    found |= {"always", "few" if len(words) <= 4 else "some" if len(words) <= 12 else "many"}
    if history:
        found |= {"history"} | ({"history few"} if len(words) <= 6 else set())
    if history and not found & {"wh", "yes or no", "tell", "order", "how to"}:
        found.add("history said")
    return frozenset(found)

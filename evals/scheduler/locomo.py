"""What plans give and cost in conversations: `python -m evals.scheduler.locomo [--cache FOLDER] [--budget N] [SET ...]`.

Each conversation is a store of its own; its questions are asked in file order, one in ten minutes. For each a search of 100, then `plan`:
as text alone, beginning with one of several blocks (`exact`: prompts have the very tokens that were read), and with each memory's own
block composed (`composed`: approximate). Tokens are four letters each; seconds are simulated by the costs of docs/guides/scheduling.md.
What the plans decide by never has to do with which memories are evidence: that is looked at when all is decided.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from evals.retrieval.asking import Known
from evals.retrieval.data import ADVERSARIAL, SHARED, SHIPPED, embedded
from memos import MemOS
from memos.cli.retrieval import messages_of
from memos.interface.memory_api.context import USED
from memos.memcube.call import MemoryCall, MemoryQuery
from memos.memcube.fields import microseconds
from memos.memcube.heat import Heat, cooled, merged_heat
from memos.memcube.plan import Plan
from memos.memcube.state import MemoryType
from memos.operation.memscheduler.conversion import Subject
from memos.operation.memscheduler.following import keeper
from memos.operation.memscheduler.pinning import MOST_BLOCKS, likeliest, pages, within
from memos.operation.memscheduler.policies import USUAL, Policy
from memos.operation.memscheduler.scheduler import plan
from memos.operation.memscheduler.signals import LOCAL, Available, Candidate, Signals
from memos.operation.memscheduler.simulate import QUERY
from memos.operation.memscheduler.workloads import Need, Request
from memos.ports.runtime import Capabilities
from memos.testing.retrieval_eval import load

LIMIT, BUDGET = 100, 2000
EVERY = timedelta(minutes=10)
MIB = 1024**2
ABLE = Capabilities(activation=True, compose=True, tells=True)


@dataclass
class Asked:
    """A question, what the search found for it, best first, the ids of the memories that hold the answer, and all that there are."""

    text: str
    category: str
    evidence: frozenset[str]
    found: tuple[Candidate, ...]
    among: Mapping[str, Candidate] = field(repr=False)


@dataclass
class Cost:
    """What the plans of some questions came to."""

    questions: int = 0
    recall: float = 0.0
    tokens: int = 0
    read: int = 0
    built: int = 0
    seconds: float = 0.0
    as_text: float = 0.0
    needs: int = 0
    hits: int = 0
    rows: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Means of a question; `less_read` and `less_ttft` against the same memories as text, builds counted as read; R in percent."""
        count = max(1, self.questions)
        return {
            "recall": round(100 * self.recall / max(1, len(self.rows)), 2),
            "tokens": round(self.tokens / count, 1),
            "read": round((self.read + self.built) / count, 1),
            "ttft": round(self.seconds / count, 3),
            "ttft_text": round(self.as_text / count, 3),
            "less_read": round(1 - (self.read + self.built) / max(1, self.tokens), 4),
            "less_ttft": round(1 - self.seconds / (self.as_text or 1), 4),
            "hit_ratio": round(self.hits / max(1, self.needs), 4),
        }


def asked(conversation: Mapping, cache: Path | None) -> Iterator[Asked]:
    """The questions of a conversation in file order, searched through the public API."""
    messages = messages_of(conversation)
    with MemOS.open("memory:", embedder=Known(embedded([conversation], cache)), worker="none") as memory:
        session = memory.as_user("eval")
        cubes = session.add([message for _, message in messages]).cubes
        memory.drain()
        among = {cube.id: replace(candidate(cube, 0.0, 0), rank=None) for cube in cubes}
        ids = {turn: cube.id for cube, (turn, _) in zip(cubes, messages, strict=True)}
        for row in conversation["qa"]:
            hits = session.search(row["q"], limit=LIMIT).hits
            found = tuple(candidate(hit.cube, hit.score, rank) for rank, hit in enumerate(hits))
            yield Asked(row["q"], str(row["cat"]), frozenset(ids[turn] for turn in row["ev"] if turn in ids), found, among)


def candidate(cube, score: float, rank: int) -> Candidate:
    """A memory that was found; a turn is given with its speaker and day, some eight tokens more."""
    tokens = len(cube.text) // 4 + 8
    return Candidate(cube.id, cube.version, tokens, score, rank, said_at=cube.said_at, speaker=cube.speaker, text=cube.text)


def requests_of(conversations: Sequence[Sequence[Asked]], needed: int = 20) -> list[Request]:
    """The questions in file order as a workload for policies: each needs the memories that its search finds first."""
    every = [one for each in conversations for one in each]
    needs = ((Need(each.cube, each.tokens) for each in one.found[:needed]) for one in every)
    return [Request(EVERY.total_seconds() * place, tuple(each)) for place, each in enumerate(needs)]


def call_of(text: str) -> MemoryCall:
    """The call that a plan is made for."""
    return MemoryCall(id="01900000-0000-7000-8000-000000000000", operation="search", query=MemoryQuery(text=text))


def seconds_of(made: Plan, composed: float) -> float:
    """The simulated time to the first token of a plan's prompt: attached of a file, composed of memory, read, and the question."""
    pinned = sum(each.tokens for each in made.injections if each.pinned)
    moved = sum(each.tokens for each in made.injections if each.form is MemoryType.ACTIVATION and not each.pinned)
    read = made.tokens - pinned - moved
    attached = LOCAL.attach + LOCAL.load["mapped"] * pinned + LOCAL.load["ram"] * moved if pinned or moved else 0.0
    moving = composed * LOCAL.read(moved, pinned)
    return attached + moving + LOCAL.read(read + QUERY, pinned + moved)


class World:
    """A conversation that is asked: what is kept of it, how hot its memories are, and what it all comes to.

    The mode `same` plans as `text` does, and composes what it gives.
    """

    def __init__(self, mode: str, budget: int, room: int, composed: float, policy: Policy = USUAL) -> None:
        self.mode, self.budget, self.room, self.composed, self.policy = mode, budget, room, composed, policy
        self.cost, self.now = Cost(), datetime(2025, 1, 1, tzinfo=UTC)
        self.kept, self.blocks = keeper(policy, room), dict[str, tuple[str, ...]]()
        self.heat: dict[str, Heat] = {}

    def ask(self, question: Asked) -> Plan:
        """Plan one question, count, and have the worker look at what prompts begin with."""
        ranks = {each.cube: each.rank for each in question.found if each.rank is not None}
        near = likeliest(self.blocks, ranks, MOST_BLOCKS, self.policy)
        held = {cube: via for via in near for cube in self.blocks[via]}
        candidates = [self._as_kept(each, held) for each in question.found]
        candidates += [self._as_kept(question.among[cube], held) for cube in held if cube not in ranks]
        signals = Signals(self.now, budget=self.budget, capabilities=ABLE, compose=self.mode == "composed", given=LOCAL)
        made = plan(call_of(question.text), candidates, signals, self.policy)
        self._count(question, self._moved(made) if self.mode == "same" else made)
        for each in made.injections:
            if each.score >= USED:
                self.heat[each.cube] = merged_heat(self.heat.get(each.cube, (0, 0.0)), (microseconds(self.now), 1.0))
        if self.mode == "exact":
            self._form(question.among)
        self.now += EVERY
        return made

    def _as_kept(self, each: Candidate, held: Mapping[str, str]) -> Candidate:
        if each.cube in held:
            return replace(each, forms=(Available(MemoryType.ACTIVATION, "mapped", held[each.cube], each.tokens, 0),))
        if self.mode == "composed" and each.cube in self.kept:
            return replace(each, forms=(Available(MemoryType.ACTIVATION, "ram", each.cube, each.tokens, 0, exact=False),))
        return each

    def _moved(self, made: Plan) -> Plan:
        """The plan with what is kept composed."""
        moved = tuple(
            each.model_copy(update={"form": MemoryType.ACTIVATION, "cached": each.tokens}) if each.cube in self.kept else each
            for each in made.injections
        )
        return made.model_copy(update={"injections": moved, "read": sum(each.tokens - each.cached for each in moved)})

    def _form(self, among: Mapping[str, Candidate]) -> None:
        """What the worker does of blocks to begin with; what it reads is counted."""
        at, none = microseconds(self.now), (0, 0.0)
        subjects = [
            Subject(cube, 1, each.tokens, cooled(self.heat.get(cube, none), at), last_used_at=self._last(cube))
            for cube, each in among.items()
        ]
        wanted = pages(subjects, list(self.blocks.values()), self.now, self.policy)
        kept = within(wanted, self.room // LOCAL.bytes["mapped"], self.policy)
        self.cost.built += sum(each.tokens for each in kept if not each.stands)
        self.blocks = {each.cubes[0]: each.cubes for each in kept}

    def _last(self, cube: str) -> datetime | None:
        return datetime.fromtimestamp(self.heat[cube][0] / 1e6, UTC) if cube in self.heat else None

    def _count(self, question: Asked, made: Plan) -> None:
        cost = self.cost
        cost.questions += 1
        given = {each.cube for each in made.injections}
        if question.evidence and question.category != ADVERSARIAL:
            cost.rows.append(len(given & question.evidence) / len(question.evidence))
            cost.recall += cost.rows[-1]
        cost.tokens += made.tokens
        cost.read += made.read
        cost.seconds += seconds_of(made, self.composed)
        cost.as_text += LOCAL.read(made.tokens + QUERY)
        cost.needs += len(given)
        cost.hits += sum(each.cached > 0 for each in made.injections)
        if self.mode in {"composed", "same"}:
            for each in made.injections:
                self.kept.use(each.cube, each.tokens * LOCAL.bytes["ram"], LOCAL.read(each.tokens))


def searched(questions: Sequence[Asked], limit: int) -> float:
    """R@limit of the search, in percent."""
    rows = [
        len({hit.cube for hit in each.found[:limit]} & each.evidence) / len(each.evidence)
        for each in questions
        if each.evidence and each.category != ADVERSARIAL
    ]
    return round(100 * sum(rows) / max(1, len(rows)), 2)


def added(costs: Sequence[Cost]) -> Cost:
    """The sum over conversations."""
    total = Cost()
    for one in costs:
        for name, value in vars(one).items():
            setattr(total, name, getattr(total, name) + value)
    return total


WAYS = {
    "text": ("text", 0, 1.0),
    "exact": ("exact", USUAL.placement.bytes, 1.0),
    "exact, 256 MiB": ("exact", 256 * MIB, 1.0),
    "exact, 128 MiB": ("exact", 128 * MIB, 1.0),
    "the memories of text, composed": ("same", 1 << 40, 0.32),
    "composed, all blocks": ("composed", 1 << 40, 0.32),
    "composed, 128 MiB": ("composed", 128 * MIB, 0.32),
    "composed, 128 MiB, 15 % anew": ("composed", 128 * MIB, 0.61),
}
"""Mode, bytes for blocks of a conversation, and what composing costs as a share of reading (measured: 0.32, with 15 % read anew 0.61)."""


def measured(conversations: Sequence[Sequence[Asked]], budget: int = BUDGET, policy: Policy = USUAL) -> dict[str, dict[str, float]]:
    """The figures of each way over all conversations, each with a world of its own.

    `of_text_read` and `of_text_ttft` are what is saved against the text that is given where there is nothing but text.
    """
    made: dict[str, dict[str, float]] = {}
    for name, (mode, room, composed) in WAYS.items():
        worlds = []
        for questions in conversations:
            world = World(mode, budget, room, composed, policy)
            for question in questions:
                world.ask(question)
            worlds.append(world.cost)
        made[name] = added(worlds).figures()
        for of, figure in (("of_text_read", "read"), ("of_text_ttft", "ttft")):
            made[name][of] = round(1 - made[name][figure] / (made["text"][figure] or 1), 4)
    return made


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", type=Path)
    parser.add_argument("--cache", type=Path, help="a folder in which to keep vectors")
    parser.add_argument("--budget", type=int, default=BUDGET)
    given = parser.parse_args()
    for path in given.sets or (SHARED[:1] if SHARED[0].exists() else SHIPPED):
        conversations = [list(asked(each, given.cache)) for each in load(path)]
        every = [one for each in conversations for one in each]
        print(f"{len(conversations)} conversations, {len(every)} questions; search: R@20 {searched(every, 20)}, R@60 {searched(every, 60)}")
        for name, figures in measured(conversations, given.budget).items():
            print(f"{name:30s} " + ", ".join(f"{key} {value:g}" for key, value in figures.items()))


if __name__ == "__main__":
    main()

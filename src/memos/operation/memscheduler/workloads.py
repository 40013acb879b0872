"""Workloads: requests as they come in time, each with the memories that it needs; generated, seeded, for comparing policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Any

from memos.errors import InvalidCall
from memos.memcube.plan import Task

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Need:
    """A memory that a request needs, and how many tokens it has."""

    id: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Request:
    """A request at a time, in seconds, and the memories that it needs; `evidence` are the ids of those that hold the answer, if known."""

    at: float
    needs: tuple[Need, ...]
    task: Task | None = None
    evidence: tuple[str, ...] = ()


def request_of(row: Any) -> Request:
    """A request from its JSON form: `{"at": 60, "needs": [{"id": "rota", "tokens": 120}]}`. InvalidCall says what is wrong."""
    try:
        needs = tuple(Need(str(each["id"]), int(each["tokens"])) for each in row["needs"])
        made = Request(float(row["at"]), needs, row.get("task"), tuple(str(each) for each in row.get("evidence", ())))
    except (TypeError, KeyError, ValueError, AttributeError):
        raise InvalidCall('a request is {"at": SECONDS, "needs": [{"id": NAME, "tokens": COUNT}, …]}, one a line') from None
    if any(each.tokens < 1 for each in needs):
        raise InvalidCall("each memory that a request needs has at least one token")
    return made


class _World:
    """Memories of many sizes, drawn by Zipf's law over an order that a workload may change."""

    def __init__(self, random: Random, count: int, skew: float, sizes: tuple[int, int] = (20, 600)) -> None:
        self.random, self.count = random, count
        low, high = sizes
        self.tokens = [min(high, int(low * random.paretovariate(1.2))) for _ in range(count)]
        self.order = list(range(count))
        random.shuffle(self.order)
        self._weights = list(accumulate((rank + 1) ** -skew for rank in range(count)))

    def need(self, number: int) -> Need:
        return Need(f"m{number}", self.tokens[number])

    def draw(self, count: int) -> tuple[Need, ...]:
        ranks = self.random.choices(range(self.count), cum_weights=self._weights, k=count)
        return tuple(self.need(self.order[rank]) for rank in dict.fromkeys(ranks))

    def swap(self, share: float) -> None:
        """Some of the hot ones change places with others."""
        for _ in range(int(self.count * share)):
            one, other = self.random.randrange(max(1, self.count // 10)), self.random.randrange(self.count)
            self.order[one], self.order[other] = self.order[other], self.order[one]


def zipf(random: Random, length: int) -> list[Request]:
    """A stable liking for some of many."""
    world = _World(random, 600, random.choice((0.7, 0.9, 1.1)))
    return [Request(place * 600.0, world.draw(3)) for place in range(length)]


def drift(random: Random, length: int) -> list[Request]:
    """What is liked changes by and by."""
    world, made = _World(random, 600, 1.0), []
    for place in range(length):
        if place % 100 == 99:
            world.swap(0.02)
        made.append(Request(place * 600.0, world.draw(3)))
    return made


def scan(random: Random, length: int) -> list[Request]:
    """A liking for some, and long runs over everything."""
    world, made, next_one = _World(random, 800, 1.0), [], 0
    for place in range(length):
        if place % 200 < 60:
            needs = tuple(world.need((next_one + step) % world.count) for step in range(4))
            next_one += 4
        else:
            needs = world.draw(3)
        made.append(Request(place * 300.0, needs))
    return made


def loop(random: Random, length: int) -> list[Request]:
    """The same round again and again, larger than what is kept."""
    world = _World(random, 300, 1.0)
    return [Request(place * 60.0, tuple(world.need((place * 2 + step) % world.count) for step in range(2))) for place in range(length)]


def bursts(random: Random, length: int) -> list[Request]:
    """Memories that are needed often for a while and never again."""
    world, first = _World(random, max(400, length), 1.0), 0
    made: list[Request] = []
    for place in range(length):
        if random.random() < 0.12:
            first += 1
        made.append(
            Request(place * 120.0, tuple({each: world.need(each) for each in (first, max(0, first - random.randrange(6)))}.values()))
        )
    return made


def sessions(random: Random, length: int) -> list[Request]:
    """Conversations of some turns, each about a few memories, beside some that are always needed."""
    world = _World(random, 500, 0.8)
    made: list[Request] = []
    about: tuple[Need, ...] = ()
    always = [world.need(each) for each in range(5)]
    for place in range(length):
        if not about or random.random() < 0.15:
            about = world.draw(6)
        chosen = random.sample(about, min(3, len(about)))
        made.append(Request(place * 240.0, tuple(dict.fromkeys([random.choice(always), *chosen]))))
    return made


def assistant(random: Random, length: int) -> list[Request]:
    """A month of a personal assistant: likings that drift, sessions within a day, things of the season that come and go."""
    world, made = _World(random, 900, 0.95, (15, 300)), []
    topic = world.draw(5)
    for place in range(length):
        at = place / length * 30 * DAY
        if random.random() < 0.2:
            topic = world.draw(5)
        if place % 50 == 49:
            world.swap(0.01)
        made.append(Request(at, tuple(dict.fromkeys([*random.sample(topic, min(2, len(topic))), *world.draw(3)])), "dialogue"))
    return made


def clinic(random: Random, length: int) -> list[Request]:
    """A clinic: large procedures that are always needed, and the recent consultations of whoever is there just now."""
    procedures = [Need(f"p{each}", random.randrange(150, 800)) for each in range(40)]
    weights = [1 / (rank + 1) for rank in range(len(procedures))]
    patients = [[Need(f"v{each}.{visit}", random.randrange(80, 400)) for visit in range(4)] for each in range(300)]
    made: list[Request] = []
    while len(made) < length:
        patient = patients[min(int(random.expovariate(1 / 70)), len(patients) - 1)] if random.random() < 0.6 else random.choice(patients)
        for _ in range(random.randrange(2, 6)):
            procedure = random.choices(procedures, weights)[0]
            needs = (procedure, *random.sample(patient, 2))
            made.append(Request(len(made) / length * 30 * DAY, needs, random.choice(("procedure", "dialogue"))))
    return made[:length]


def agent(random: Random, length: int) -> list[Request]:
    """An agent that reads through whole folders once between tasks that need its tools and rules."""
    world, fresh = _World(random, 200, 1.1), 0
    made: list[Request] = []
    while len(made) < length:
        for _ in range(random.randrange(10, 40)):
            made.append(Request(len(made) * 90.0, world.draw(4), "procedure"))
        for _ in range(random.randrange(10, 60)):
            fresh += 1
            made.append(Request(len(made) * 90.0, (*world.draw(1), Need(f"s{fresh}", random.randrange(100, 900))), "factual"))
    return made[:length]


def mixture(random: Random, length: int) -> list[Request]:
    """Several of the others, one after the other."""
    kinds: list[Callable[[Random, int], list[Request]]] = [zipf, drift, scan, loop, bursts, sessions, agent]
    part = max(1, length // 4)
    made: list[Request] = []
    for chapter, kind in enumerate(random.sample(kinds, 4)):
        start = made[-1].at + 60 if made else 0.0
        named = random.random() < 0.5
        for each in kind(random, part):
            needs = tuple(Need(f"{chapter if named else 0}.{need.id}", need.tokens) for need in each.needs)
            made.append(Request(start + each.at, needs))
    return _one_size(made)


def _one_size(requests: Sequence[Request]) -> list[Request]:
    """The same with one size for each id: that of its first request."""
    sizes: dict[str, int] = {}
    return [
        Request(each.at, tuple(Need(need.id, sizes.setdefault(need.id, need.tokens)) for need in each.needs), each.task)
        for each in requests
    ]


WORKLOADS: Mapping[str, Callable[[Random, int], list[Request]]] = {
    "assistant": assistant, "clinic": clinic, "agent": agent, "zipf": zipf, "drift": drift, "scan": scan, "loop": loop,
    "bursts": bursts, "sessions": sessions, "mixture": mixture,
}  # fmt: skip
"""The generated workloads by name."""


def generated(name: str, seed: int = 0, length: int = 5000) -> list[Request]:
    """A workload; the same seed gives the same."""
    if name not in WORKLOADS:
        raise InvalidCall(f"there is no workload {name!r}; there are {', '.join(WORKLOADS)}")
    return WORKLOADS[name](Random(f"{name} {seed}"), length)  # noqa: S311 - nothing is kept secret by it

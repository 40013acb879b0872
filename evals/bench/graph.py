"""The graph: what a walk of three steps costs in a store with 100,000 edges, and around an entity that all memories mention.

`python -m evals.bench.graph [memories] [edges]` prints CPU milliseconds a call: of the walk over what is stored, in the store alone, and
through the public API with everything that a graph shows.
"""

import json
import random
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from evals.bench.kernel import quantiles
from memos import MemOS, Session
from memos.memcube.call import Caller
from memos.memcube.change import ChangeSet, Edge, ReadSet
from memos.memcube.filter import Filter
from memos.operation.memoperator.aliases import Aliases
from memos.operation.memoperator.graph import Walker
from memos.operation.memoperator.picture import Asked

MEMORIES, EDGES, CALLS, BATCH = 20_000, 100_000, 60, 1000
RELATIONS = ("relates_to", "depends_on", "contradicts", "part_of")
HUB, PEOPLE = "Hub Corp", 3000
Row = dict[str, Any]


def fill(system: MemOS, user: Session, memories: int, edges: int) -> list[str]:
    """Turns that all mention one entity and each another, with edges at random; a tenth of the edges lead to one memory."""
    ids: list[str] = []
    for start in range(0, memories, BATCH):
        turns = [
            {"role": "user", "name": f"Speaker{n % 7}", "content": f"Note {n} on {HUB}.", "session": f"s{n // 100}",
             "tags": [f"entity={HUB}", f"entity=Person{n % PEOPLE}"]}
            for n in range(start, min(start + BATCH, memories))
        ]  # fmt: skip
        ids += [cube.id for cube in user.add(turns).cubes]
    chance = random.Random(7)
    for start in range(0, edges, BATCH):
        pairs = [(chance.choice(ids), ids[0] if n % 10 == 0 else chance.choice(ids)) for n in range(min(BATCH, edges - start))]
        made = tuple(Edge(*pair, chance.choice(RELATIONS)) for pair in pairs)
        change = ChangeSet("default", Caller(user="alice"), system._clock.new_id(), "relate", datetime.now(UTC), edges=made)
        system._parts.adapter.commit(change, ReadSet())
    return ids


def walks(system: MemOS, starts: list[str], limit: int) -> tuple[float, float]:
    """Three steps over the edges that are stored, in the store alone, within the grant of their owner."""
    grant = Filter.parse({"and": [{"owner": "alice"}, {"state": {"ne": "expired"}}]})
    now, every = datetime.now(UTC) + timedelta(days=1), Filter.everything()

    def walk(start: str) -> None:
        with system._parts.adapter.view("default") as view:
            aliases = Aliases(view, filter=every, grant=grant, now=now, shown=lambda cube: cube, mine=lambda _: True)
            asked = Asked(3, limit, frozenset(RELATIONS), every, grant, every, grant, now, lambda cube: cube)
            picture = Walker(view, asked, aliases).run(view.get([start], grant=grant, now=now)[start])
            assert len(picture.nodes) == limit

    return quantiles([lambda start=start: walk(start) for start in starts])


def measure(memories: int, edges: int, directory: Path) -> Row:
    """All figures."""
    with MemOS.open(directory / "graph", embedder=None, worker="none") as system:
        user = system.as_user("alice")
        ids = fill(system, user, memories, edges)
        starts = random.Random(3).sample(ids, CALLS)
        row: Row = {"memories": memories, "edges": edges}
        for limit in (50, 100):
            row[f"walk_{limit}_ms"] = walks(system, starts, limit)
        row["walk_from_hub_ms"] = walks(system, [ids[0]] * CALLS, 100)
        stored = {"depth": 3, "relations": RELATIONS}
        for limit in (50, 100):
            row[f"graph_{limit}_ms"] = quantiles([lambda one=one, n=limit: user.graph(one, limit=n, **stored) for one in starts])
            row[f"graph_all_relations_{limit}_ms"] = quantiles(
                [lambda one=one, n=limit: user.graph(one, depth=3, limit=n) for one in starts]
            )
        row["graph_of_hub_entity_ms"] = quantiles([lambda: user.graph(HUB, depth=3, limit=50)] * CALLS)
        row["entities_ms"] = quantiles([user.entities] * 3)
        return row


if __name__ == "__main__":
    size = [int(each) for each in sys.argv[1:3]] or [MEMORIES, EDGES]
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(measure(size[0], size[1], Path(place)), indent=1))

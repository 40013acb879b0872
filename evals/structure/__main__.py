"""Prints how well structure is predicted, and what it costs: `python -m evals.structure`."""

import tempfile
import time
from pathlib import Path
from typing import Any

from evals.structure.labels import Label, figures, labels, parts, talk, topic_figures
from memos import MemOS

BATCHES, BATCH = 3, 1000


def topics_of(found: list[Label], directory: Path) -> list[str | None]:
    """The topics that a store's worker gives to texts, in one namespace, with the vectors of the default embedder."""
    with MemOS.open(directory, worker="none") as memory:
        alice = memory.as_user("alice")
        ids = [cube.id for cube in alice.add([each.text for each in found]).cubes]
        memory.drain()
        memory.sweep()
        return [cube.path.topic if cube.path is not None else None for cube in alice.get(ids).cubes]


def adds_a_second(directory: Path, *, structure: bool) -> float:
    """Turns that one CPU-second stores, in batches of 1,000, without vectors."""
    said = [each.text for each in (*talk(), *labels())]
    with MemOS.open(directory, embedder=None, worker="none", settings={"structure": structure}) as memory:
        alice = memory.as_user("alice")
        alice.add([{"content": "warm", "name": "Ines"}])
        begun = time.process_time()
        for batch in range(BATCHES):
            turns = [{"content": f"{said[n % len(said)]} {batch} {n}", "name": "Ines", "session": f"s{batch}"} for n in range(BATCH)]
            alice.add(turns)
        return BATCHES * BATCH / (time.process_time() - begun)


def shown(name: str, values: dict[str, Any]) -> str:
    """One line."""
    told = (f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}" for key, value in values.items())
    return f"{name}: {', '.join(told)}"


def main() -> None:
    """Everything, one line each."""
    for name, found in {**parts(labels()), "talk (others' words)": talk()}.items():
        print(shown(name, figures(found)))
    with tempfile.TemporaryDirectory() as place:
        print(shown("topics", topic_figures(labels(), topics_of(labels(), Path(place) / "topics"))))
        for structure in (False, True):
            rate = max(adds_a_second(Path(place) / f"{structure}{run}", structure=structure) for run in range(2))
            print(f"ingest with structure {'on' if structure else 'off'}: {rate:,.0f} memories a CPU-second")


if __name__ == "__main__":
    main()

"""How well names are found in texts, and told to be one entity's: `python -m evals.graph`.

Labels: `data/graph/mentions.jsonl`, sentences with the names in them, and `data/graph/aliases.jsonl`, short conversations with their names
in groups. A third of each, chosen by a hash of its id, was held out while the rules were made.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from itertools import combinations
from pathlib import Path

from memos.operation.memoperator.conversation import Said, pair
from memos.operation.memoperator.entities import mentions
from memos.operation.memoperator.resolution import Name, resolve

DATA = Path(__file__).resolve().parent / "data" / "graph"
PARTS = ("seen", "unseen")


def part(id: str) -> str:
    """Whether an example was held out."""
    return PARTS[blake2b(id.encode(), digest_size=4).digest()[0] % 3 == 0]


def rows(name: str, of: str | None = None) -> list[dict]:
    """The labels of a file, of one part or of both."""
    read = (json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines())
    return [row for row in read if of is None or part(row["id"]) == of]


def said(row: Mapping) -> tuple[list[Name], list[Said]]:
    """The names of a conversation as resolution gets them: with the kinds that the text tells, where it does."""
    names = [name for group in row["groups"] for name in group]
    kinds = {found.name: found.kind for speaker, text in row["turns"] for found in mentions(text, speaker)}
    speakers = {speaker for speaker, _ in row["turns"]}
    known = [Name(name, "person" if name in speakers else kinds.get(name, "thing")) for name in names]
    turns = [Said(text, speaker, tuple(name for name in names if name in text), "1") for speaker, text in row["turns"]]
    return known, turns


def aliases(of: str) -> tuple[set, set]:
    """The pairs that are one entity's by the labels, and by resolution."""
    wanted, given = set(), set()
    for row in rows("aliases.jsonl", of):
        wanted |= {(row["id"], *pair(*two)) for group in row["groups"] for two in combinations(group, 2)}
        known, turns = said(row)
        given |= {(row["id"], *pair(*two)) for group in resolve(known, turns) for two in combinations(group.names, 2)}
    return wanted, given


def named(of: str, *, kinds: bool) -> tuple[set, set]:
    """The names in sentences, with or without their kinds, by the labels and as found."""
    wanted, given = set(), set()
    for row in rows("mentions.jsonl", of):
        wanted |= {(row["id"], name, kind if kinds else "") for name, kind in row["mentions"]}
        given |= {(row["id"], found.name, found.kind if kinds else "") for found in mentions(row["text"], None)}
    return wanted, given


def scores(wanted: set, given: set) -> tuple[float, float, float]:
    """Precision, recall and F1."""
    right = len(wanted & given)
    precision, recall = right / max(1, len(given)), right / max(1, len(wanted))
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def table() -> Iterator[str]:
    """What is printed."""
    yield f"{'':34}{'precision':>10}{'recall':>8}{'F1':>7}{'labels':>8}"
    for of in PARTS:
        measured = {
            "pairs of names, one entity": aliases(of),
            "names in sentences": named(of, kinds=False),
            "names with their kinds": named(of, kinds=True),
        }
        for what, (wanted, given) in measured.items():
            precision, recall, f1 = scores(wanted, given)
            yield f"{of + ': ' + what:34}{precision:10.3f}{recall:8.3f}{f1:7.3f}{len(wanted):8}"


if __name__ == "__main__":
    print("\n".join(table()))

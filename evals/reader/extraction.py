"""How well rules find what messages state: precision and recall of the parts that they quote, of kinds, and of sentences told anew.

    python -m evals.reader.extraction [--show]

`--show` prints what was missed and what was too much, of the part that rules were made on; never of the part that was kept unseen.
"""

import json
import sys
from datetime import datetime
from pathlib import Path

from memos.interface.memreader.extraction.fact import Source
from memos.interface.memreader.extraction.rules import facts_of

DATA = Path(__file__).parent.parent / "data" / "extraction"
OVERLAP = 0.6
"""The share of their common words that two parts of a message have in one, to count as the same."""


def same(one: tuple[int, int], other: tuple[int, int]) -> bool:
    shared = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return shared >= OVERLAP * (max(one[1], other[1]) - min(one[0], other[0]))


def labelled(part: str) -> list[dict]:
    return [json.loads(line) for line in (DATA / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()]


def score(part: str, *, show: bool = False) -> dict[str, float]:
    """Precision and recall of the parts quoted, the share of kinds that are right among those found, and of texts told anew exactly."""
    right = wanted = given = kinds = kinds_right = texts = texts_right = 0
    for row in labelled(part):
        source = Source(row["text"], datetime.fromisoformat(row["said_at"]), row["speaker"], row.get("role"))
        found = [(span, fact, place) for fact in facts_of(source) for place, span in enumerate(fact.spans)]
        gold = [((row["text"].index(each["quote"]), row["text"].index(each["quote"]) + len(each["quote"])), each) for each in row["facts"]]
        wanted, given, taken = wanted + len(gold), given + len(found), set()
        for place, each in gold:
            match = next((number for number, (span, _, _) in enumerate(found) if number not in taken and same(span, place)), None)
            if match is None:
                if show:
                    print(f"missed {row['id']}: {each['quote']}")
                continue
            taken.add(match)
            _, fact, part_of = found[match]
            right += 1
            if not part_of:
                kinds, kinds_right = kinds + 1, kinds_right + (fact.kind == each["kind"])
                if show and fact.kind != each["kind"]:
                    print(f"kind {row['id']}: {fact.kind} is {each['kind']}: {each['quote']}")
                if "text" in each:
                    texts, texts_right = texts + 1, texts_right + fact.text.startswith(each["text"])
                    if show and not fact.text.startswith(each["text"]):
                        print(f"text {row['id']}: {fact.text} is {each['text']}")
        if show:
            for number, (_, fact, _) in enumerate(found):
                if number not in taken:
                    print(f"too much {row['id']}: {fact.text}")
    return {
        "messages": len(labelled(part)),
        "facts": wanted,
        "precision": round(right / max(given, 1), 3),
        "recall": round(right / max(wanted, 1), 3),
        "kinds": round(kinds_right / max(kinds, 1), 3),
        "texts": round(texts_right / max(texts, 1), 3),
    }


if __name__ == "__main__":
    for part in ("dev", "unseen"):
        print(part, json.dumps(score(part, show="--show" in sys.argv and part == "dev")))

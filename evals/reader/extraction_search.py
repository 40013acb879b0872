"""What facts beside their turns do to a search: R@10 without them, with them as hits of their own, and with each joined to its turn.

python -m evals.reader.extraction_search FILE [conversations]
"""

import json
import sys
import tempfile
from datetime import UTC, datetime

from memos import MemOS
from memos.testing.retrieval_eval import average, body, load, score

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop"}
WAYS = ("turns alone", "facts take places", "facts join their turns", "without facts, by a filter")


def store(memory, talk):
    """The conversation in a store; the id of a turn by the id of its memory."""
    session = memory.as_user("reader")
    messages = []
    for turn in talk["turns"]:
        at = datetime.fromisoformat(turn["date"])
        messages.append(
            {
                "role": "user", "name": turn["speaker"], "content": body(turn), "session": str(turn["session"]),
                "at": at if at.tzinfo else at.replace(tzinfo=UTC),
            }
        )  # fmt: skip
    cubes = session.add(messages).cubes
    return session, {cube.id: turn["id"] for cube, turn in zip(cubes, talk["turns"], strict=True)}


def found(session, question, known, *, joined, filter=None):
    """The turns found, best first: a fact counts as its turn, and takes a place of its own unless `joined`."""
    hits = session.search(question, limit=40, filter=filter).hits
    turns = [known.get(hit.cube.id) or known.get(hit.cube.provenance.parents[0].id) for hit in hits]
    if joined:
        return list(dict.fromkeys(turns))
    seen, ranked = set(), []
    for place, turn in enumerate(turns):
        ranked.append(turn if turn not in seen else f"again {place}")
        seen.add(turn)
    return ranked


def measure(path, conversations):
    rows = {way: {name: [] for name in CATEGORIES.values()} for way in WAYS}
    counted = {"turns": 0, "facts": 0}
    for talk in load(path)[:conversations]:
        sessions = {turn["id"]: turn["session"] for turn in talk["turns"]}
        with tempfile.TemporaryDirectory() as place, MemOS.open(place + "/m", worker="none") as memory:
            session, known = store(memory, talk)
            memory.drain()
            questions = [each for each in talk["qa"] if each["cat"] in CATEGORIES and each["ev"]]
            sessions |= {f"again {place}": None for place in range(40)}
            for each in questions:
                ranked = found(session, each["q"], known, joined=False)
                rows[WAYS[0]][CATEGORIES[each["cat"]]].append(score(ranked, each["ev"], sessions))
            for start in range(0, len(known), 500):
                counted["facts"] += session.extract(list(known)[start : start + 500], by="rules").value["stored"]
            counted["turns"] += len(known)
            memory.drain()
            for each in questions:
                for way, how in (
                    (1, {"joined": False}),
                    (2, {"joined": True}),
                    (3, {"joined": False, "filter": {"metadata.extraction": {"exists": False}}}),
                ):
                    ranked = found(session, each["q"], known, **how)
                    rows[WAYS[way]][CATEGORIES[each["cat"]]].append(score(ranked, each["ev"], sessions))
    print(json.dumps(counted))
    for way, by in rows.items():
        every = [row for each in by.values() for row in each]
        told = {name: round(average(each)["R@10"], 1) for name, each in by.items() if each}
        print(f"{way:28} n={len(every)} R@10 {average(every)['R@10']:.1f} MRR {average(every)['MRR']:.1f}", json.dumps(told))


if __name__ == "__main__":
    measure(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)

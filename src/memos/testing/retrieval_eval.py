"""Scores of retrieval: how well a ranking finds the turns that hold the evidence for a question."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from memos.errors import InvalidCall

CUTS = (5, 10, 20)
MEASURES = (*(f"{name}@{cut}" for name in ("R", "Hit", "All") for cut in CUTS), "MRR", "nDCG@10", "session R@5")


def load(path: str | Path) -> list[dict[str, Any]]:
    """The conversations of a retrieval set, `.json` or `.json.gz`: id, speakers, turns, qa. InvalidCall when it is none."""
    path = Path(path)
    try:
        data = json.loads((gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode())
    except (OSError, EOFError, ValueError) as error:
        raise InvalidCall(f"{path} cannot be read as a retrieval set (JSON, or JSON in gzip): {error}") from None
    if not isinstance(data, list) or not all(isinstance(each, dict) and {"id", "turns", "qa"} <= set(each) for each in data):
        raise InvalidCall(f"{path} is no retrieval set: it must be a list of conversations, each with id, turns and qa")
    return data


def body(turn: Mapping[str, Any]) -> str:
    """The text of a turn, its caption in brackets after it."""
    return f"{turn['text']} [{turn['caption']}]" if turn.get("caption") else str(turn["text"])


def score(ranked: Sequence[str], evidence: Iterable[str], session_of: Mapping[str, Any]) -> dict[str, float]:
    """The measures of one ranking, best first, each in [0, 1].

    R@k: share of the evidence among the first k. Hit@k: whether any is, All@k: whether all is. MRR: 1 / rank of the first.
    nDCG@10: Järvelin and Kekäläinen 2002, binary gain. session R@5: share of the evidence's sessions among the first five
    different sessions of the ranking.
    """
    wanted = set(evidence)
    if not wanted:
        raise InvalidCall("a question without evidence cannot be scored; leave it out")
    places = [place for place, turn in enumerate(ranked) if turn in wanted]
    measures: dict[str, float] = {}
    for cut in CUTS:
        held = sum(place < cut for place in places)
        measures |= {f"R@{cut}": held / len(wanted), f"Hit@{cut}": float(held > 0), f"All@{cut}": float(held == len(wanted))}
    ideal = sum(1 / math.log2(place + 2) for place in range(min(10, len(wanted))))
    gained = sum(1 / math.log2(place + 2) for place in places if place < 10)
    sessions = set(list(dict.fromkeys(session_of[turn] for turn in ranked))[:5])
    asked = {session_of[turn] for turn in wanted}
    return measures | {
        "MRR": 1 / (places[0] + 1) if places else 0.0,
        "nDCG@10": gained / ideal,
        "session R@5": len(sessions & asked) / len(asked),
    }


def average(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """`n`, and the mean of each measure over questions in percent; without questions `n` alone."""
    means = {name: 100 * sum(row[name] for row in rows) / len(rows) for name in MEASURES} if rows else {}
    return {"n": len(rows)} | means

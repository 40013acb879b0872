"""The labelled words of evals/data/reader, by split; what the fields of a label mean is told there, in README.md."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

Role = Literal["user", "assistant"]
DATA = Path(__file__).resolve().parents[1] / "data" / "reader"
SETS = ("dialogues", "requests", "none", "chains")
HELD_BACK = "unseen"


@dataclass(frozen=True)
class Said:
    """One utterance, when it was said, the turns before it as (role, text), and its label."""

    id: str
    text: str
    now: datetime
    before: tuple[tuple[Role, str], ...] = ()
    label: dict[str, Any] = field(default_factory=dict)

    @property
    def intent(self) -> str:
        """The intent of the label."""
        return str(self.label["intent"])


@dataclass(frozen=True)
class Labelled:
    """Everything of one split."""

    dialogues: tuple[Said, ...]
    requests: tuple[Said, ...]
    none: tuple[Said, ...]
    chains: tuple[Said, ...]


def splits() -> tuple[str, ...]:
    """All splits of which the four sets are there: `dev` and those written later, and the one that is held back."""
    named = {path.stem.removeprefix("requests_") for path in DATA.glob("requests_*.jsonl")}
    return (*sorted(name for name in named if all(_path(each, name).exists() for each in SETS)), HELD_BACK)


def labelled(split: str) -> Labelled:
    """The four sets of a split."""
    dialogues = tuple(said for row in _rows("dialogues", split) for said in _spoken(row))
    requests = tuple(_single(row, row["label"]) for row in _rows("requests", split))
    none = tuple(_single(row, {"intent": "none"}) for row in _rows("none", split))
    chains = tuple(
        _single(row, {"intent": row["operations"][0]["intent"], "operations": row["operations"]}) for row in _rows("chains", split)
    )
    return Labelled(dialogues, requests, none, chains)


def _path(name: str, split: str) -> Path:
    return DATA / (f"{HELD_BACK}_{name}.jsonl" if split == HELD_BACK else f"{name}_{split}.jsonl")


def _rows(name: str, split: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _path(name, split).read_text(encoding="utf-8").splitlines()]


def _single(row: dict[str, Any], label: dict[str, Any]) -> Said:
    return Said(row["id"], row["text"], datetime.fromisoformat(row["now"]), label=label)


def _spoken(row: dict[str, Any]) -> list[Said]:
    """The labelled turns of one conversation, each with all turns before it."""
    now, turns = datetime.fromisoformat(row["now"]), [(turn["role"], turn["text"]) for turn in row["turns"]]
    return [
        Said(f"{row['id']}:{n}", turn["text"], now, tuple(turns[:n]), turn["label"])
        for n, turn in enumerate(row["turns"])
        if "label" in turn
    ]

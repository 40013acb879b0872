"""Retrieval: runs an evaluation through the public API, each conversation in a store of its own."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memos.cli.adding import pending_vectors, wait_for_vectors
from memos.errors import BackendError, InvalidCall
from memos.testing.retrieval_eval import average, body, score

if TYPE_CHECKING:
    from memos.system import MemOS

TIMED = 10
"""How many memories the search asks for whose CPU time is reported: what a user asks for unless told otherwise."""
DEPTH = 200
"""How many memories are ranked for the scores: MRR and the sessions range over them."""
REPORTED = ("n", "R@5", "R@10", "R@20", "Hit@10", "All@10", "MRR", "nDCG@10", "session R@5")
ADVERSARIAL = "5"
ROLES = frozenset({"user", "assistant", "system", "tool"})


def chosen(conversations: Sequence[Mapping[str, Any]], categories: frozenset[str] | None, limit: int | None) -> list[dict[str, Any]]:
    """The first conversations, each with the questions of the categories asked for that have evidence; None is all but the adversarial."""
    kept = conversations[:limit]
    there = {str(question["cat"]) for conversation in kept for question in conversation["qa"]}
    wanted = there - {ADVERSARIAL} if categories is None else categories
    if missing := wanted - there:
        raise InvalidCall(f"the set has no questions of category {', '.join(sorted(missing))}; it has {', '.join(sorted(there)) or 'none'}")
    asked = [
        {**conversation, "qa": [question for question in conversation["qa"] if str(question["cat"]) in wanted and question["ev"]]}
        for conversation in kept
    ]
    if not any(conversation["qa"] for conversation in asked):
        raise InvalidCall("the set has no question with evidence in these categories; choose others with --categories")
    return asked


def messages_of(conversation: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(turn id, message) of every turn that says anything; its ordinal is its place in its session. Dates without a zone are UTC."""
    messages: list[tuple[str, dict[str, Any]]] = []
    places: dict[str, int] = {}
    for turn in conversation["turns"]:
        session = str(turn["session"])
        places[session] = place = places.get(session, -1) + 1
        message = {"name": turn["speaker"], "content": body(turn), "session": session, "ordinal": place}
        if turn["speaker"] in ROLES:
            message["role"] = turn["speaker"]
        if turn.get("date"):
            when = datetime.fromisoformat(turn["date"])
            message["at"] = when if when.tzinfo else when.replace(tzinfo=UTC)
        if message["content"].strip():
            messages.append((turn["id"], message))
    return messages


class Run:
    """One evaluation: `store` and `ask` each conversation in turn, then read `result()`."""

    def __init__(self, directory: Path, embedder: str | None, user: str, tenant: str) -> None:
        self._directory, self._embedder = directory, embedder
        self._user, self._tenant = user, tenant
        self._turns: dict[str, str] = {}
        self._rows: list[tuple[str, dict[str, float]]] = []
        self._query_seconds: list[float] = []
        self._index_seconds = 0.0
        self._counts = {"conversations": 0, "turns": 0}
        self._embedded_by: str | None = None

    def store(self, conversation: Mapping[str, Any], moved: Callable[[int], object]) -> None:
        """Store every turn and wait for its vector. `moved` hears how many are done."""
        messages = messages_of(conversation)
        if self._place(conversation).exists():
            raise InvalidCall(f"{self._place(conversation)} is there already; name a fresh directory with --store")
        begun = time.process_time()
        with self._open(conversation) as memory:
            reply = memory.as_user(self._user, tenant=self._tenant).add([message for _, message in messages])
            if not wait_for_vectors(memory, lambda: moved(len(messages) - pending_vectors(memory, self._tenant))):
                raise BackendError("the embedder fails for some turns, and without their vectors the figures would be others; see its log")
            self._embedded_by = memory.status().embedder
        self._index_seconds += time.process_time() - begun
        self._turns = {cube.id: turn for cube, (turn, _) in zip(reply.cubes, messages, strict=True)}
        self._counts = {"conversations": self._counts["conversations"] + 1, "turns": self._counts["turns"] + len(messages)}

    def ask(self, conversation: Mapping[str, Any], moved: Callable[[], object]) -> None:
        """Ask the questions of the conversation stored last, in file order, and score each answer. `moved` hears of each."""
        session_of = {turn["id"]: str(turn["session"]) for turn in conversation["turns"]}
        with self._open(conversation) as memory:
            caller = memory.as_user(self._user, tenant=self._tenant)
            for question in conversation["qa"]:
                if unknown := set(question["ev"]) - set(session_of):
                    raise InvalidCall(f"conversation {conversation['id']}: no turn has the id {min(unknown)!r} that a question names")
                begun = time.process_time()
                caller.search(question["q"], limit=TIMED)
                self._query_seconds.append(time.process_time() - begun)
                ranked = [self._turns[hit.cube.id] for hit in caller.search(question["q"], limit=DEPTH).hits]
                self._rows.append((str(question["cat"]), score(ranked, question["ev"], session_of)))
                moved()

    def result(self) -> dict[str, Any]:
        """Scores in percent, overall and by category; CPU of a search for 10 in ms, and of storing all in s, vectors included."""
        categories = sorted({category for category, _ in self._rows})
        return {
            "overall": reported([row for _, row in self._rows]),
            "by_category": {name: reported([row for category, row in self._rows if category == name]) for name in categories},
            "query_cpu_ms": {"p50": self._query_ms(0.5), "p95": self._query_ms(0.95)},
            "index_cpu_s": round(self._index_seconds, 3),
            **self._counts,
            "embedder": self._embedded_by,
        }

    def _query_ms(self, share: float) -> float:
        """The nearest-rank quantile."""
        ordered = sorted(self._query_seconds)
        return round(1000 * ordered[max(0, math.ceil(share * len(ordered)) - 1)], 3)

    def _place(self, conversation: Mapping[str, Any]) -> Path:
        return self._directory / f"conversation-{conversation['id']}"

    def _open(self, conversation: Mapping[str, Any]) -> MemOS:
        from memos.system import MemOS

        return MemOS.open(self._place(conversation), embedder=self._embedder, worker="none")


def reported(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """`n` and the means that are reported, in percent to two places."""
    means = average(rows)
    return {name: round(means[name], 2) for name in REPORTED}

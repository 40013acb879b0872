"""Runs peers side by side on the same vectors, each in an environment of its own that is made on demand."""

import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evals.bench.environments import PeerFailed, clean, environment_python, last_line, run, runner_variables

Vectors = npt.NDArray[np.float32]
Row = dict[str, Any]

LIMIT = 10  # ids asked of a search
SINGLES = 50  # single adds that are measured
NUMPY = "numpy==2.4.6"


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A store to measure. `command` follows the Python of `environment`; the running Python serves where nothing is required."""

    name: str
    command: tuple[str, ...]
    note: str
    environment: str = ""
    requirements: tuple[str, ...] = ()
    variant: str = ""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What every peer is given: unit vectors, unique texts, and the file that holds both."""

    vectors: Vectors
    queries: Vectors
    identifiers: list[str]
    arrays: Path


def runner(name: str) -> tuple[str, ...]:
    """The command of a runner of this package."""
    return ("-m", f"evals.bench.peer_runners.{name}")


# Where a Python's own SQLite loads no extensions, LangGraph's SqliteStore cannot open.
EXTENDABLE = "pysqlite3-binary==0.5.4.post2; sys_platform == 'linux' and platform_machine == 'x86_64'"
LANGGRAPH = ("langgraph-checkpoint-sqlite==3.1.2", "langgraph-checkpoint==4.3.2", NUMPY, EXTENDABLE)
FLOOR = Peer(name="floor", command=("-m", "evals.bench.floor"), note="numpy exact scan and one SQLite insert, synced to disk")
PEERS = (
    Peer(
        name="mem0",
        command=runner("mem0"),
        note="infer=False, local Qdrant; a batch is one add of many messages",
        environment="mem0",
        requirements=("mem0ai==2.2.1", NUMPY),
    ),
    Peer(
        name="Chroma",
        command=runner("chroma"),
        note="PersistentClient, cosine",
        environment="chroma",
        requirements=("chromadb==1.5.9", NUMPY),
    ),
    Peer(
        name="LangGraph SqliteStore",
        command=runner("langgraph"),
        note="sqlite-vec exact scan",
        environment="langgraph",
        requirements=LANGGRAPH,
        variant="sqlite",
    ),
    Peer(
        name="LangGraph InMemoryStore",
        command=runner("langgraph"),
        note="nothing reaches the disk",
        environment="langgraph",
        requirements=LANGGRAPH,
        variant="memory",
    ),
    Peer(
        name="MemPalace",
        command=runner("mempalace"),
        note="on Chroma, its default; ranks the nearest by vector and BM25",
        environment="mempalace",
        requirements=("mempalace==3.11.0", NUMPY),
        variant="vector",
    ),
    Peer(
        name="yantrikdb",
        command=runner("yantrikdb"),
        note="ranks by more than cosine; acknowledges an add before it is synced to disk; batches in parts of 250, as its queue holds 256",
        environment="yantrikdb",
        requirements=("yantrikdb==0.23.2", NUMPY),
    ),
)


def run_peers(
    vectors: Vectors,
    texts: Sequence[str],
    queries: Vectors,
    sizes: Sequence[int],
    directory: Path,
    peers: Sequence[Peer] | None = None,
    timeout: float = 600.0,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Measure each peer (by default all of PEERS) at each size, one after another, and return a row for each.

    `vectors` is float32[n, d] and `queries` float32[m, d], both scaled to length one here; size s takes the first s rows, 2 <= s <= n.
    A row holds peer, note, version, n, put_cpu_ms and put_wall_ms (one add, the vector given, into a store of n), batch_put_per_cpu_s,
    get_* and search_* medians in ms, and recall_at_10: the share of the ids found that an exact cosine scan finds too.
    What fails is a row of peer and error (and n, once it is installed), and the rest goes on. `timeout` is in seconds for one peer at all
    sizes, its installation apart. `directory` keeps the environments; only their installation reaches the network. `tell` is given a line
    before each step. Raises ValueError for inputs that do not fit together.
    """
    if not all(2 <= size <= len(vectors) for size in sizes):
        raise ValueError(f"sizes {list(sizes)} do not all lie in 2 to {len(vectors)}, the number of vectors")
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        inputs = write_inputs(vectors, texts, queries, Path(scratch) / "inputs.npz")
        return [row for peer in (PEERS if peers is None else peers) for row in run_peer(peer, inputs, sizes, directory, timeout, tell)]


def write_inputs(vectors: Vectors, texts: Sequence[str], queries: Vectors, path: Path) -> Inputs:
    """Scale, name and write what the peers read."""
    if len(texts) != len(vectors):
        raise ValueError(f"{len(texts)} texts for {len(vectors)} vectors: give one text for each vector")
    inputs = Inputs(vectors=unit(vectors), queries=unit(queries), identifiers=[f"m{i}" for i in range(len(texts))], arrays=path)
    names = {"identifiers": inputs.identifiers, "texts": distinct(texts), "query_texts": [f"query {i}" for i in range(len(queries))]}
    words = np.frombuffer(json.dumps(names).encode(), dtype=np.uint8)
    np.savez(path, vectors=inputs.vectors, queries=inputs.queries, words=words)
    return inputs


def unit(rows: Vectors) -> Vectors:
    """Rows scaled to length one; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths == 0, 1, lengths), dtype=np.float32)


def distinct(texts: Sequence[str]) -> list[str]:
    """Texts with repeats numbered: LangGraph keeps one vector for one text, and yantrikdb and mem0 may merge equals."""
    counts = Counter(texts)
    seen: Counter[str] = Counter()
    result: dict[str, None] = {}
    for text in texts:
        seen[text] += 1
        name = text if seen[text] == 1 else f"{text} [{seen[text]}]"
        while name in result or (name != text and name in counts):
            name += "'"
        result[name] = None
    return list(result)


def run_peer(peer: Peer, inputs: Inputs, sizes: Sequence[int], directory: Path, timeout: float, tell: Callable[[str], None]) -> list[Row]:
    """The rows of one peer."""
    tell(f"{peer.name}: preparing")
    try:
        python = environment_python(peer.environment, peer.requirements, directory)
    except PeerFailed as failure:
        return [{"peer": peer.name, "error": str(failure)}]
    deadline = time.monotonic() + timeout
    rows = []
    for size in sizes:
        tell(f"{peer.name}: {size:,} memories")
        row = {"peer": peer.name, "note": peer.note, "n": size}
        try:
            rows.append(row | run_job(peer, python, inputs, size, max(deadline - time.monotonic(), 0.01)))
        except PeerFailed as failure:
            rows.append({"peer": peer.name, "n": size, "error": str(failure)})
    return rows


def run_job(peer: Peer, python: Path, inputs: Inputs, size: int, seconds: float) -> Row:
    """One measurement in a process and a directory of its own; raises PeerFailed."""
    with tempfile.TemporaryDirectory(dir=inputs.arrays.parent) as scratch:
        place = Path(scratch)
        store, result = place / "store", place / "result.json"
        store.mkdir()
        job = {"variant": peer.variant, "size": size, "singles": SINGLES, "searches": len(inputs.queries), "limit": LIMIT}
        paths = {"arrays": str(inputs.arrays), "directory": str(store), "result": str(result)}
        (place / "job.json").write_text(json.dumps(job | paths), encoding="utf-8")
        code, complaint = run([str(python), *peer.command, str(place / "job.json")], runner_variables(place), place, seconds)
        if not result.exists():
            raise PeerFailed(f"ended with code {code} and no result: {last_line(complaint)}")
        return finish(read_result(result), inputs, size)


def read_result(path: Path) -> Row:
    """What a runner wrote; raises PeerFailed for its own error and for what is no result."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PeerFailed("wrote a result that is not JSON") from error
    if not isinstance(result, dict) or not isinstance(result.get("hits", result.get("error")), list | str):
        raise PeerFailed("wrote a result with neither hits nor an error")
    if "error" in result:
        raise PeerFailed(clean(result["error"]))
    return result


def finish(result: Row, inputs: Inputs, size: int) -> Row:
    """The figures, with the ids that were found replaced by their agreement with an exact scan."""
    hits = result.pop("hits")
    if len(hits) != len(inputs.queries):
        raise PeerFailed(f"answered {len(hits)} of {len(inputs.queries)} queries")
    return result | {f"recall_at_{LIMIT}": agreement(inputs.vectors[:size], inputs.queries, hits)}


def agreement(vectors: Vectors, queries: Vectors, hits: Sequence[Sequence[str]], limit: int = LIMIT) -> float:
    """Mean share, 0 to 1, of the exact top `limit` that was found; an id that ties with the last of them counts as one of them.

    `vectors` and `queries` are of length one, row i of `vectors` has the id `m<i>`, and `hits[j]` are the ids found for `queries[j]`.
    """
    wanted = min(limit, len(vectors))
    rows = {f"m{i}": i for i in range(len(vectors))}
    shares = []
    for query, found in zip(queries, hits, strict=True):
        scores = vectors @ query
        least = np.partition(scores, -wanted)[-wanted] - 1e-6
        good = {name for name in found[:limit] if name in rows and scores[rows[name]] >= least}
        shares.append(min(len(good), wanted) / wanted)
    return round(float(np.mean(shares)), 4)

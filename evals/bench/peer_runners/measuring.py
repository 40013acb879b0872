"""The one way in which every store is measured: the floor, the peers, and whatever else fulfils `Store`."""

import errno
import ipaddress
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
BATCH = 1_000


class Store(Protocol):
    """What is measured. Ids and texts are unique; a vector is float32[d], of length one."""

    version: str

    def add(self, identifier: str, text: str, vector: Vectors) -> None:
        """Store one, as durably as this store does by default."""

    def add_many(self, identifiers: Sequence[str], texts: Sequence[str], vectors: Vectors) -> None:
        """Store up to 1,000 at once."""

    def get(self, identifier: str) -> str:
        """The text stored under an id."""

    def search(self, text: str, vector: Vectors, limit: int) -> list[str]:
        """The ids of the nearest, best first; `text` only names the query where a store asks its embedder for the vector."""


@dataclass(frozen=True)
class Job:
    """What to measure: the rows are the first `size` of the file; `singles` of them are added one by one, after the rest.

    `further` is what the job holds for the store that it is for, nothing by default.
    """

    variant: str
    size: int
    singles: int
    searches: int
    limit: int
    directory: Path
    result: Path
    vectors: Vectors
    queries: Vectors
    identifiers: list[str]
    texts: list[str]
    query_texts: list[str]
    further: Mapping[str, Any]


@dataclass(frozen=True)
class Timed:
    """Seconds of each call, in order."""

    cpu: list[float]
    wall: list[float]
    values: list[Any]


def read_job(path: Path) -> Job:
    """Read a job and the arrays that it names: an .npz of float32 `vectors` and `queries` and, as UTF-8 JSON bytes, `words`."""
    described = json.loads(path.read_text(encoding="utf-8"))
    size, searches = described["size"], described["searches"]
    with np.load(described["arrays"], allow_pickle=False) as arrays:
        vectors, queries = arrays["vectors"][:size], arrays["queries"][:searches]
        words = json.loads(arrays["words"].tobytes())
    return Job(
        variant=described["variant"],
        size=size,
        singles=min(described["singles"], size // 2),
        searches=len(queries),
        limit=described["limit"],
        directory=Path(described["directory"]),
        result=Path(described["result"]),
        vectors=vectors,
        queries=queries,
        identifiers=words["identifiers"][:size],
        texts=words["texts"][:size],
        query_texts=words["query_texts"][:searches],
        further=described.get("further", {}),
    )


def cpu_seconds() -> float:
    """CPU time of every thread of this process and of the children that it has waited for."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def timed(calls: Iterable[Callable[[], Any]]) -> Timed:
    """Make each call once, one after another."""
    cpu, wall, values = [], [], []
    for call in calls:
        cpu_before, wall_before = cpu_seconds(), time.perf_counter()
        values.append(call())
        wall.append(time.perf_counter() - wall_before)
        cpu.append(cpu_seconds() - cpu_before)
    return Timed(cpu, wall, values)


def settle(patience: float = 60.0, pause: float = 0.1) -> float:
    """Wait until the threads behind the calls have come to rest, at most `patience` seconds; the CPU seconds that they took."""
    start, end, resting = cpu_seconds(), time.monotonic() + patience, 0
    while resting < 3 and time.monotonic() < end:
        before = cpu_seconds()
        time.sleep(pause)
        resting = resting + 1 if cpu_seconds() - before < pause / 20 else 0
    return cpu_seconds() - start


def milliseconds(seconds: Sequence[float]) -> float:
    """The median, in milliseconds."""
    return round(statistics.median(seconds) * 1e3, 4)


def load(store: Store, job: Job) -> dict[str, float]:
    """Batches first, then the single adds into the store that is nearly full. What batches leave to other threads counts as their CPU."""
    bulk = job.size - job.singles
    cuts = [slice(start, min(start + BATCH, bulk)) for start in range(0, bulk, BATCH)]
    batches = timed(partial(store.add_many, job.identifiers[cut], job.texts[cut], job.vectors[cut]) for cut in cuts)
    bulk_cpu = sum(batches.cpu) + settle()
    singles = timed(partial(store.add, job.identifiers[i], job.texts[i], job.vectors[i]) for i in range(bulk, job.size))
    return {
        "put_cpu_ms": milliseconds(singles.cpu),
        "put_wall_ms": milliseconds(singles.wall),
        "batch_put_per_cpu_s": round(bulk / bulk_cpu, 1),
        "batch_put_per_wall_s": round(bulk / sum(batches.wall), 1),
    }


def read(store: Store, job: Job) -> dict[str, Any]:
    """Get and search. What comes back by id must be what was stored, else the figures speak of something else."""
    settle()
    wanted = range(0, job.size, max(job.size // job.searches, 1))
    gets = timed(partial(store.get, job.identifiers[i]) for i in wanted)
    lost = [i for i, text in zip(wanted, gets.values, strict=True) if text != job.texts[i]]
    if lost:
        raise ValueError(f"{len(lost)} of {len(gets.values)} texts did not come back as they were stored")
    searches = timed(partial(store.search, text, vector, job.limit) for text, vector in zip(job.query_texts, job.queries, strict=True))
    return {
        "get_cpu_ms_p50": milliseconds(gets.cpu),
        "get_wall_ms_p50": milliseconds(gets.wall),
        "search_cpu_ms_p50": milliseconds(searches.cpu),
        "search_wall_ms_p50": milliseconds(searches.wall),
        "hits": searches.values,
    }


def measure(store: Store, job: Job) -> dict[str, Any]:
    """All the figures of one store at one size, with the ids that it found."""
    return {"version": store.version, "n": job.size, **load(store, job), **read(store, job)}


def is_loopback(host: object) -> bool:
    """Whether a host, as sockets take it, lies on this machine."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(name)).is_loopback
    except ValueError:
        return False


def refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: OSError for whatever would leave the machine, so that no peer can send how it is used.

    Native code that opens sockets of its own is not seen here; `peers.py` gives it a proxy that nobody answers.
    """
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if not is_loopback(host):
        raise OSError(errno.ENETUNREACH, "a peer that is measured reaches no network")


def main(open_store: Callable[[Job], Store]) -> None:
    """Run the job whose path is the only argument; an exception becomes the result's `error`."""
    job = read_job(Path(sys.argv[1]))
    sys.addaudithook(refuse_network)
    try:
        result = measure(open_store(job), job)
    except Exception as error:  # noqa: BLE001 - a peer may fail in any way, and the report names it
        result = {"error": f"{type(error).__name__}: {error}"}
    job.result.write_text(json.dumps(result), encoding="utf-8")

"""The past: what a search in it, a snapshot and a restore cost beside a search in the present, in CPU time through the public API."""

from pathlib import Path
from typing import Any

from evals.bench.corpus import Corpus, body
from evals.bench.kernel import fill, quantiles
from evals.bench.ours import Known
from memos import MemOS

VERSIONS = 10
ROUNDS = 60
Row = dict[str, Any]


def measure(corpus: Corpus, memories: int, directory: Path) -> Row:
    """A namespace of some memories of ten versions each; the past is read half way back."""
    with MemOS.open(directory / f"past{memories}", embedder=Known(corpus.known), worker="none") as memory:
        user = memory.as_user("bench")
        fill(memory, user, corpus, memories)
        ids = [cube.id for page in user.pages(limit=1000) for cube in page.cubes]
        for version in range(1, VERSIONS):
            if version == VERSIONS // 2:
                user.snapshot("half way")
            rewrite(memory, ids, corpus, version)
        then = user.at("half way")
        asked = corpus.questions[:ROUNDS]
        for session in (user, then):
            session.search(asked[0])
        present = quantiles([lambda text=text: user.search(text) for text in asked])
        past = quantiles([lambda text=text: then.search(text) for text in asked])
        snapshots = quantiles([lambda n=n: user.snapshot(f"s{n}") for n in range(20)])
        restores = quantiles([lambda one=one: user.restore(one, version=2) for one in ids[:20]])
    return {
        "memories": memories, "versions": memories * VERSIONS, "present_ms": present[0], "past_ms": past[0],
        "ratio": round(past[0] / present[0], 2), "snapshot_ms": snapshots[0], "restore_ms": restores[0],
    }  # fmt: skip


def rewrite(memory: MemOS, ids: list[str], corpus: Corpus, version: int) -> None:
    """A further version of every memory, in commits of a thousand, written through the store: a session would take one call for each."""
    from dataclasses import replace
    from datetime import UTC, datetime

    from memos.memcube.call import Caller
    from memos.memcube.change import ChangeSet, CubeWrite, ReadSet
    from memos.memcube.filter import Filter
    from memos.memcube.payload import Plaintext
    from memos.operation.memoperator.analysis import analyse

    adapter, now = memory._parts.adapter, datetime.now(UTC)
    base = ChangeSet("default", Caller(user="bench"), memory._clock.new_id(), "update", now)
    for start in range(0, len(ids), 1000):
        with adapter.view("default") as view:
            cubes = view.get(ids[start : start + 1000], grant=Filter.everything(), now=now)
        writes = []
        for place, cube in enumerate(cubes.values(), start):
            turn = corpus.turn(place * 7 + version)
            after = cube.model_copy(update={"payload": Plaintext(text=body(turn)), "version": version + 1, "updated_at": now})
            vector = corpus.turn_vectors[(place * 7 + version) % len(corpus.turns)]
            writes.append(CubeWrite(after, birth=False, terms=analyse(body(turn), cube.speaker, cube.role), vector=vector))
        adapter.commit(replace(base, writes=tuple(writes), call_id=memory._clock.new_id()), ReadSet())

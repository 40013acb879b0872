"""One module a peer, each run by the Python of that peer's own environment; nothing here imports memos.

`python -m evals.bench.peer_runners.NAME JOB.json` measures one store at one size and writes what it found where the job says.
Of third parties only numpy and the peer itself are at hand there.
"""

"""Counted figures: one test each, run small and seeded by `make test`, at full size by `make proof`, which writes docs/proofs/.

A test that counts is marked, takes how often to try from `trials`, and hands over its figures:

    @pytest.mark.proof(capability="crash", small=20, full=200)
    def test_nothing_acknowledged_is_lost(trials, record_proof):
        lost = sum(kill_and_count_lost(seed) for seed in range(trials))
        record_proof(rounds=trials, lost=lost)
        assert lost == 0

With MEMOS_PROOF=1 a test that passes leaves `docs/proofs/<capability>.json`: its figures, the commit, the machine and the time. A test
that fails leaves nothing. A capability has one test, so that a file is always the outcome of one run.
"""

import json
import os
import platform
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

FIGURES = pytest.StashKey[dict]()
SIZES = {"capability", "small", "full"}


def at_full_size() -> bool:
    """Whether this run is a proof."""
    return os.environ.get("MEMOS_PROOF") == "1"


def describe_machine() -> dict[str, object]:
    """What the figures were counted on."""
    return {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}


def describe_commit(root: Path) -> str:
    """The commit of the working tree, followed by `+changes` where files differ from it; the proofs themselves do not count."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True)
    changes = ["git", "status", "--porcelain", "--", ".", ":(exclude)docs/proofs"]
    changed = subprocess.run(changes, cwd=root, capture_output=True, text=True, check=True)
    return head.stdout.strip() + ("+changes" if changed.stdout.strip() else "")


def write_proof(root: Path, capability: str, test: str, figures: dict) -> Path:
    """Write the outcome of one test and return its path."""
    path = root / "docs" / "proofs" / f"{capability}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    proof = {
        "capability": capability,
        "test": test,
        "figures": figures,
        "commit": describe_commit(root),
        "machine": describe_machine(),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    path.write_text(json.dumps(proof, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse marks that could not keep their promise."""
    owners: dict[str, str] = {}
    for item in items:
        mark = item.get_closest_marker("proof")
        if mark is None:
            continue
        if mark.args or set(mark.kwargs) != SIZES or not {"trials", "record_proof"} <= set(getattr(item, "fixturenames", ())):
            message = f"{item.nodeid}: a proof names capability, small and full, and takes the fixtures trials and record_proof"
            raise pytest.UsageError(message)
        capability = mark.kwargs["capability"]
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", capability):
            message = f"{item.nodeid}: the capability {capability!r} names a file: use lower-case words joined by hyphens"
            raise pytest.UsageError(message)
        if capability in owners:
            message = f"{item.nodeid}: {capability!r} is the capability of {owners[capability]}: one capability, one test"
            raise pytest.UsageError(message)
        owners[capability] = item.nodeid


@pytest.fixture
def trials(request: pytest.FixtureRequest) -> int:
    """How often a proof tries: `full` times under make proof, else `small` times."""
    mark = request.node.get_closest_marker("proof")
    if mark is None:
        pytest.fail("trials belongs to a test marked @pytest.mark.proof(capability=…, small=…, full=…)")
    return mark.kwargs["full" if at_full_size() else "small"]


@pytest.fixture
def record_proof(request: pytest.FixtureRequest) -> Iterator[Callable[..., None]]:
    """Takes the figures of a proof, by name, in one call or several; a proof that hands over none fails."""
    figures = request.node.stash.setdefault(FIGURES, {})
    yield figures.update
    if not figures:
        pytest.fail("this proof recorded no figures: call record_proof(name=figure, …)")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """Write the proof of a test that passed."""
    report = yield
    figures = item.stash.get(FIGURES, {})
    if at_full_size() and call.when == "call" and report.passed and figures:
        capability = item.get_closest_marker("proof").kwargs["capability"]
        write_proof(item.config.rootpath, capability, item.nodeid, figures)
    return report

"""SIGKILL in the midst of chains: each is there with all of its steps, or with none; one that was acknowledged is there."""

import random
from collections import defaultdict

import pytest

from memos import MemOS
from tests.crash.chaining import NOTE, calls
from tests.crash.test_sigkill import Nursery, kill_at_random

ROUNDS_A_STORE = 5


@pytest.fixture
def nursery():
    nursery = Nursery("tests.crash.chaining")
    yield nursery
    nursery.close()


def look_over(directory):
    """The chains that are there by half, the numbers of those that are there, and the faults."""
    with MemOS.open(directory, embedder="hashing", worker="none") as memory:
        halves, there = [], set()
        for user in ("user0", "user1"):
            alice = memory.as_user(user)
            standing = {cube.text: cube for page in alice.pages(limit=1000, states=STATES) for cube in page.cubes}
            numbers = next((text.split("\n")[1:] for text in standing if text.startswith(NOTE)), [])
            parts = defaultdict(set)
            for text in standing:
                if not text.startswith(NOTE):
                    parts[text.split()[1]].add(text.split()[0])
            for number in numbers:
                followed = str(int(number) + 1) in numbers
                first = standing.get(f"first {number}")
                whole = {"first", "third"} | (set() if followed else {"second"})
                if first is None or parts[number] != whole or (first.state == "archived") is not followed:
                    halves.append((number, parts[number]))
            halves += [(number, "without its number") for number in parts if number not in numbers]
            there.update(map(int, numbers))
        return halves, there, memory.doctor()


STATES = ["generated", "activated", "merged", "archived"]


@pytest.mark.proof(capability="chains-sigkill", small=6, full=100)
def test_a_chain_is_there_whole_or_not_at_all(nursery, tmp_path, trials, record_proof):
    lost = half = told = 0
    faults = ()
    for number in range(trials):
        chance = random.Random(number)
        home = tmp_path / f"store {number // ROUNDS_A_STORE}"
        if not home.exists():
            home.mkdir()
            MemOS.open(home / "store", embedder="hashing", worker="none").close()
        files = [home / f"{number}-{side}.acknowledged" for side in (0, 1)]
        writers = {nursery.start(home / "store", files[side], 2 * number + side): files[side] for side in (0, 1)}
        kill_at_random(writers, chance)
        promised = {int(line) for path in home.glob("*.acknowledged") for line in path.read_text().splitlines()}
        halves, there, found = look_over(home / "store")
        lost, half, faults = lost + len(promised - there), half + len(halves), (*faults, *found)
        told += sum(len(path.read_text().splitlines()) for path in files if path.exists())
        assert (sorted(promised - there), halves, found) == ([], [], ())
    record_proof(rounds=trials, acknowledged=told, lost=lost, half_there=half, faults=len(faults))
    assert told > trials


def test_the_check_sees_a_chain_that_is_there_by_half(tmp_path):
    with MemOS.open(tmp_path / "store", embedder="hashing", worker="none") as memory:
        alice = memory.as_user("user0")
        note = alice.add(NOTE).cubes[0]
        reply = alice.together(calls("1", note.id, None))
        alice.together(calls("2", note.id, [cube.id for cube in reply.cubes]))
    assert look_over(tmp_path / "store") == ([], {1, 2}, ())
    with MemOS.open(tmp_path / "store", embedder="hashing", worker="none") as memory:
        alice = memory.as_user("user0")
        for call in calls("3", note.id, None)[:2]:
            alice.handle(call)
    halves, there, faults = look_over(tmp_path / "store")
    assert (halves[-1], there, faults) == (("3", {"first", "second"}), {1, 2, 3}, ())

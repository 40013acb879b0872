"""The worker: what a failing embedder costs, who has the post, and how long anybody waits."""

import os
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from memos import MemOS
from memos import worker as working
from memos.backends.hashing import HashingEmbedder
from memos.errors import Unavailable
from memos.post import Post


class Failing:
    """An embedder that fails while it is `down`, and always for texts with the word poison."""

    name, dimensions = "failing", 8

    def __init__(self, error=RuntimeError):
        self.down, self.calls, self.error = False, 0, error
        self._embedder = HashingEmbedder(dimensions=8)

    def embed(self, texts):
        self.calls += 1
        if self.down or any("poison" in text for text in texts):
            raise self.error("broken")
        return self._embedder.embed(texts)


TEXTS = [f"text {number}" for number in range(9)]


@pytest.fixture(params=[RuntimeError, Unavailable])
def embedder(request):
    return Failing(request.param)


@pytest.fixture
def patient(monkeypatch):
    """Drain gives up soon."""
    monkeypatch.setattr(working, "FAILING_SECONDS", 0.1)


def test_an_embedder_that_was_down_costs_no_text_its_vector(tmp_path, embedder, patient):
    with MemOS.open(tmp_path / "m", embedder=embedder, worker="none") as memory:
        embedder.down = True
        memory.as_user("alice").add(TEXTS)
        for _ in range(5):
            assert not memory.drain()
        assert (memory.status().pending, memory.status().refused) == (9, 0)
        embedder.down = False
        assert memory.drain()
        assert memory.status().vectors == 9


def test_a_thread_asks_an_embedder_that_is_down_ever_more_rarely(tmp_path, embedder):
    settings = {"worker_idle_seconds": 0.001, "close_seconds": 60}
    with MemOS.open(tmp_path / "m", embedder=embedder, settings=settings) as memory:
        embedder.down = True
        memory.as_user("alice").add(TEXTS)
        time.sleep(1)
        assert embedder.calls <= 6 * (len(TEXTS) + 2)
        began = time.monotonic()
    assert time.monotonic() - began < 30  # closing does not wait for what cannot come


def test_what_nobody_foresaw_in_one_stage_ends_neither_the_others_nor_the_thread(tmp_path, monkeypatch, caplog):
    swept, secret = [], "a text " + "kept"

    def broken(self, tenant):
        swept.append(tenant)
        raise AttributeError(secret)

    monkeypatch.setattr(working.Sweeper, "step", broken)
    with MemOS.open(tmp_path / "m", embedder=HashingEmbedder(dimensions=8), settings={"sweep_seconds": 0}) as memory:
        memory.as_user("alice").add(TEXTS)
        deadline = time.monotonic() + 60
        while (memory.status().vectors < len(TEXTS) or len(swept) < 3) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert memory.status().vectors == len(TEXTS)
        assert len(swept) >= 3
    assert "AttributeError" in caplog.text
    assert secret not in caplog.text


def test_a_refused_text_is_tried_again_and_holds_nobody_up(tmp_path):
    embedder = Failing()
    with MemOS.open(tmp_path / "m", embedder=embedder, worker="none") as memory:
        memory.as_user("alice").add([*TEXTS, "poison"])
        for _ in range(10):
            assert not memory.drain()
        assert (memory.status().vectors, memory.status().pending, memory.status().refused) == (9, 1, 1)
        memory.as_user("alice").add([f"later {number}" for number in range(9)])
        assert not memory.drain()
        assert memory.status().vectors == 18
    cured = Failing()
    cured.embed = lambda texts: HashingEmbedder(dimensions=8).embed(texts)
    with MemOS.open(tmp_path / "m", embedder=cured, worker="none") as memory:
        assert memory.drain()
        assert (memory.status().vectors, memory.status().refused) == (19, 0)


def test_a_single_refused_text_is_told_from_an_embedder_that_is_down(tmp_path, embedder, patient):
    with MemOS.open(tmp_path / "m", embedder=embedder, worker="none") as memory:
        memory.as_user("alice").add("poison")
        assert not memory.drain()
        assert memory.status().refused == (1 if embedder.error is RuntimeError else 0)


def test_whoever_waits_for_vectors_waits_within_a_bound_and_is_told(tmp_path):
    embedder = Failing(Unavailable)
    settings = {"wait_seconds": 0.3, "inline_vectors": 0}
    with MemOS.open(tmp_path / "m", embedder=embedder, worker="none", settings=settings) as memory:
        embedder.down = True
        began = time.monotonic()
        reply = memory.as_user("alice").add(TEXTS, wait=True)
        assert time.monotonic() - began < 25
        assert "pending still" in reply.warnings[0]
        embedder.down = False
        assert memory.as_user("bob", tenant="other").add(TEXTS, wait=True).warnings == ()


def test_who_waits_does_not_wait_for_another_tenants_refused_text(tmp_path):
    with MemOS.open(tmp_path / "m", embedder=Failing(), worker="none", settings={"inline_vectors": 0}) as memory:
        memory.as_user("alice").add(["poison", "fine"])
        assert memory.as_user("bob", tenant="other").add(TEXTS, wait=True).warnings == ()


@pytest.mark.parametrize("end", ["m.close()", "pass"])
def test_a_forked_helper_does_not_keep_the_post(tmp_path, end):
    code = f"""
        import os, sys, time
        from memos import MemOS
        m = MemOS.open(sys.argv[1], embedder="hashing://8", settings={{"worker_idle_seconds": 0.01}})
        m.as_user("a").add([f"x{{n}}" for n in range(9)])
        assert m.drain(10)
        time.sleep(0.3)
        helper = os.fork()
        if not helper:
            time.sleep(60)
            os._exit(0)
        {end}
        print(helper, flush=True)
        os._exit(0)
    """
    done = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "m")], stdout=subprocess.PIPE, text=True)
    helper = int(done.stdout.readline())
    done.wait(10)
    done.stdout.close()
    try:
        with MemOS.open(tmp_path / "m", worker="none") as memory:
            memory.as_user("a").add([f"y{n}" for n in range(9)])
            assert memory.drain(5)
    finally:
        os.kill(helper, 9)


def test_a_post_that_another_process_keeps_idle_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(working, "OTHERS_SECONDS", 0.2)
    with MemOS.open(tmp_path / "m", embedder="hashing://8", worker="none") as memory:
        memory.as_user("a").add(TEXTS)
        post = Post(tmp_path / "m")
        assert post.take()
        done = []
        thread = threading.Thread(target=lambda: done.append(memory.drain()))
        thread.start()
        thread.join(10)
        assert done == [False]
        post.leave()
        assert memory.drain()

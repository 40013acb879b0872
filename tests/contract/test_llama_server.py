"""A llama.cpp server as a runtime: its slots are kept, saved, restored and emptied; what it refuses and how it dies is told."""

import os
import signal
import sys
from contextlib import closing
from pathlib import Path

import pytest

from memos.backends.llama_server import connected, from_url, started
from memos.backends.llama_server.slots import Slots, shared
from memos.errors import BackendError, InvalidCall, Unavailable
from memos.memcube.prompt import Part, Sampling
from memos.testing.runtime_prompts import answer, asked, finished, long_prompt, text_of
from tests.llama import Llama, weights

FEW = Sampling(max_tokens=4)
SYSTEM = Part(kind="system", role="system", text="You count the boats in the harbour of Lisbon. " * 6)


def prompt(question="How many boats are there?"):
    return (SYSTEM, *asked(question))


@pytest.fixture(scope="module")
def llama():
    with closing(started(weights(), ctx=1024, threads=1, slots=2)) as llama:
        yield llama


@pytest.fixture
def fresh(llama):
    llama.drop()
    return llama


def test_a_slot_serves_what_goes_on_with_it(fresh):
    first = finished(fresh.generate(prompt(), FEW))
    other = finished(fresh.generate(asked("Who are you?"), FEW))
    again = finished(fresh.generate(prompt("And how many of them are red?"), FEW))
    assert first.cached == 0
    assert again.cached > 0.7 * again.prompt
    assert other.cached < 20


def test_what_was_dropped_is_read_anew(fresh):
    assert finished(fresh.generate(prompt(), FEW)).cached == 0
    assert finished(fresh.generate(prompt(), FEW)).computed == 1
    fresh.drop()
    assert finished(fresh.generate(prompt(), FEW)).cached == 0


def test_a_salt_hits_nothing_of_another(fresh):
    one, other = fresh.salted("one"), fresh.salted("other")
    for runtime in (one, other):
        assert finished(runtime.generate(prompt(), FEW)).cached == 0
    third = fresh.salted("third")  # takes the slot of another, and what lies there
    assert finished(third.generate(prompt(), FEW)).cached == 0
    assert finished(third.generate(prompt(), FEW)).computed == 1


def test_a_slot_is_saved_and_restored(fresh):
    server = fresh._server
    text = answer(fresh, prompt())
    name = fresh.save(prompt())
    assert (server._files / name).stat().st_size > 0
    server.slots.drop()
    count = fresh.restore(name)
    usage = finished(fresh.generate(prompt(), FEW))
    assert (usage.cached, usage.computed) == (count, 1)
    assert answer(fresh, prompt()) == text


def test_a_restore_that_brings_nothing_is_an_error(fresh):
    text_of(fresh.generate(prompt(), FEW))
    name = fresh.save(prompt())
    file = fresh._server._files / name
    whole = file.read_bytes()
    for wrong in (whole[: len(whole) // 2], b"", b"no slot" * 100):
        file.write_bytes(wrong)
        with pytest.raises((BackendError, InvalidCall)):
            fresh.restore(name)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "memos-x.slot", "", "a\0b", "memos-../../x.slot"])
def test_only_names_that_were_given_are_restored(fresh, name):
    with pytest.raises(InvalidCall):
        fresh.restore(name)


def test_a_file_belongs_to_its_salt_and_dies_with_its_text(fresh):
    one = fresh.salted("one")
    text_of(one.generate(prompt(), FEW))
    name = one.save(prompt())
    with pytest.raises(InvalidCall):
        fresh.salted("other").restore(name)
    with pytest.raises(InvalidCall):
        fresh.salted("other").save(prompt())
    fresh.drop()
    assert list(fresh._server._files.iterdir()) == []
    with pytest.raises(InvalidCall):
        one.restore(name)


def test_what_no_slot_holds_is_not_saved(fresh):
    with pytest.raises(InvalidCall):
        fresh.save(asked("Never asked."))


def test_closing_ends_the_server_and_removes_its_files():
    llama = started(weights(), ctx=256, threads=1, slots=1)
    text_of(llama.generate(asked("Hello."), FEW))
    directory = llama._server._files
    assert directory.stat().st_mode & 0o777 == 0o700
    llama.save(asked("Hello."))
    llama.close()
    assert not directory.exists()
    with pytest.raises(Unavailable):
        text_of(llama.generate(asked("Hello."), FEW))


def test_nobody_without_the_key_is_served(llama):
    with pytest.raises(BackendError, match="key"):
        connected(llama._server._child.url)


def test_a_server_that_dies_in_the_middle_of_an_answer_is_unavailable():
    with closing(started(weights(), ctx=2048, threads=1, slots=1)) as llama:
        pieces = llama.generate(long_prompt(), Sampling(max_tokens=1500))
        next(pieces)
        os.kill(llama._server._child.pid, signal.SIGKILL)
        with pytest.raises(Unavailable):
            list(pieces)
        with pytest.raises(Unavailable):
            llama.count(["another text"])


def test_a_server_that_runs_is_asked_by_its_address(monkeypatch, tmp_path):
    with Llama() as server, closing(from_url(f"llama+{server.url.removesuffix('/v1')}")) as llama:
        assert llama.name.startswith("llama.cpp:smollm2@127.0.0.1:")
        assert llama.window == 2048
        assert text_of(llama.generate(asked("Hello."), FEW))
        with pytest.raises(InvalidCall, match="slots="):
            llama.save(asked("Hello."))
    with pytest.raises(Unavailable):
        from_url("llama+http://127.0.0.1:9")


def used(slots, tokens, salt=""):
    with slots.taken(tokens, salt) as found:
        return found


def test_all_slots_busy_is_waited_for_and_then_told():
    slots = Slots(1, 0.05, lambda _: None)
    with slots.taken((1, 2), ""), pytest.raises(Unavailable):
        used(slots, (1, 2))
    assert used(slots, (1, 2))[0].id == 0


def test_the_slot_that_holds_most_of_a_prompt_is_taken_unless_much_were_lost():
    slots = Slots(3, 1, lambda _: None)
    first, _ = used(slots, (1, 2, 3, 4))
    assert used(slots, (1, 2, 3, 4, 5)) == (first, True)
    other, _ = used(slots, (1, 9, 9, 9))  # shares only its beginning: the conversation stays
    third, usable = used(slots, (1, 2, 3, 4), "salt")
    assert len({first.id, other.id, third.id}) == 3
    assert not usable
    assert used(slots, (1, 2, 3, 4, 6), "salt") == (third, True)
    assert (shared(first, (1, 2), ""), shared(first, (1, 2), "salt")) == (2, 0)


@pytest.mark.parametrize(
    "url",
    [
        "llama:///nowhere/model.gguf", "llama:///nowhere/model.gguf?ctx=x", "llama:///nowhere/model.gguf?nothing=1",
        f"llama://{weights()}?slots=0", f"llama://{weights()}?ctx=1", "llama+http://127.0.0.1:9/?slots=/nowhere/at/all",
        "llama+http://u:p@127.0.0.1:9", "llama+http://127.0.0.1:9?key_env=sk-1", "llama+http://127.0.0.1:9?timeout=0",
    ],
)  # fmt: skip
def test_a_wrong_url_is_told_before_anything_is_asked(url):
    with pytest.raises(InvalidCall):
        from_url(url)


def test_what_is_no_model_is_told(tmp_path):
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(BackendError, match="GGUF"):
        from_url(f"llama://{tmp_path}/model.gguf")


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(InvalidCall, match=r"memos-kernel\[llama\]"):
        started(Path(weights()))


def test_what_is_dropped_while_it_is_answered_is_erased_when_that_ends(fresh):
    pieces = fresh.generate(long_prompt(), Sampling(max_tokens=20))
    next(pieces)
    fresh.drop()
    assert text_of(pieces)
    assert finished(fresh.generate(long_prompt(), FEW)).cached == 0


def test_what_cannot_be_erased_is_never_hit():
    erased = []

    def erase(slot):
        if not erased:
            erased.append(slot)
            raise Unavailable("away")
        erased.append(slot)

    slots = Slots(1, 1, erase)
    used(slots, (1, 2))
    slots.drop()
    slot, usable = used(slots, (1, 2))
    assert (usable, slot.tokens, erased) == (False, (1, 2), [0])
    assert used(slots, (1, 2, 3))[1]
    slots.drop()
    assert (slot.stale, slot.tokens, erased) == (False, (), [0, 0])

"""Chains: several calls run as one unit; each sees what those before it do, and all is committed, or nothing."""

import asyncio
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from memos import AsyncMemOS, MemOS
from memos.backends.hashing import HashingEmbedder
from memos.errors import BackendError, Denied, FrozenMemory, InvalidCall, NotFound, QuotaExceeded, Unavailable, VersionConflict
from memos.interface.memory_api.chain import STEPS
from memos.memcube.call import MemoryCall
from memos.memcube.change import ChangeSet, CubeWrite, ReadSet
from tests.clock import HandClock

START = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
NOWHERE = "019a0000-0000-7000-8000-000000000000"


class Interfering(HashingEmbedder):
    """An embedder during whose work somebody else may write."""

    def __init__(self):
        super().__init__()
        self.meanwhile = None
        self.times = 0

    def embed(self, texts):
        if self.meanwhile is not None:
            self.times += 1
            act, self.meanwhile = self.meanwhile, None
            try:
                act()
            finally:
                self.meanwhile = act
        return super().embed(texts)


@pytest.fixture
def clock():
    return HandClock(START)


@pytest.fixture
def memory(tmp_path, clock):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none", clock=clock) as memory:
        yield memory


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


def add(*texts, **draft):
    return {"operation": "add", "drafts": [{"text": text, **draft} for text in texts]}


def of(operation, *ids, **options):
    return {"operation": operation, "cubes": [{"id": each} for each in ids], "options": options}


def search(text, **query):
    return {"operation": "search", "query": {"text": text, **query}}


def together(session, *calls, **key):
    return session.together(calls, **key)


def rows(session, **wanted):
    return [(row["operation"], row["status"], row["source"]) for row in reversed(session.log(**wanted).value)]


def commits(session):
    return [row["seq"] for row in session.log().value if row["source"] == "commit"]


def test_each_step_sees_what_those_before_it_do(alice):
    old = alice.add("the old plan: two pills of aspirin a day").cubes[0]
    before = alice.log().value[0]["seq"]
    reply = together(
        alice,
        add("the new dose: one pill of ibuprofen a day"),
        of("archive", old.id),
        search("how many pills a day?"),
        search("how many pills a day?", states=["archived"]),
        {"operation": "list"},
        of("update", old.id, text="not any more", mode="append"),
        of("history", old.id),
        of("get", old.id),
    )
    added, archived, found, put_away, listed, updated, history, got = reply, *reply.then
    new = added.cubes[0]
    assert [hit.cube.id for hit in found.hits] == [new.id]
    assert [hit.cube.id for hit in put_away.hits] == [old.id]
    assert [cube.id for cube in listed.cubes] == [new.id]
    assert (archived.cubes[0].state, updated.cubes[0].version, got.cubes[0]) == ("archived", 2, updated.cubes[0])
    assert [(cube.version, cube.state) for cube in history.cubes] == [(1, "archived"), (2, "activated")]
    assert [each.seq for each in (added, archived, found, updated, got)] == [before + 1, before + 2, before + 2, before + 3, before + 3]
    assert alice.get([new.id, old.id]).cubes == (new, updated.cubes[0]), "what the replies say is what stands"
    assert alice.history(old.id).cubes == history.cubes


def test_each_step_is_a_call_of_its_own_in_the_logs(alice):
    reply = together(alice, add("one"), search("one"), add("two"), {"operation": "list"})
    ids = [reply.call_id, *(each.call_id for each in reply.then)]
    assert ids == [reply.call.id, *(each.id for each in reply.call.then)]
    explained = [alice.explain(each).value for each in ids]
    assert [(each["operation"], each["source"], len(each["memories"])) for each in explained] == [
        ("add", "commit", 1), ("search", "access", 1), ("add", "commit", 1), ("list", "access", 2)
    ]  # fmt: skip
    assert explained[1]["seq"] == explained[0]["seq"]


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_step_that_fails_leaves_nothing_of_the_others(memory, alice, place):
    kept = alice.add("what stands").cubes[0]
    calls = [add("first"), of("archive", kept.id), search("first")]
    calls.insert(place, of("get", NOWHERE))
    with pytest.raises(NotFound, match=rf"step {place + 1} \(get\): there is no memory") as error:
        together(alice, *calls)
    assert error.value.details["step"] == place + 1
    assert alice.list().cubes == (kept,)
    assert [hit.cube.id for hit in alice.search("first stands").hits] == [kept.id]
    tried = [(operation, "not_found", "access") for operation in ("add", "archive", "search")[:place]] + [("get", "not_found", "access")]
    assert rows(alice, status="not_found") == tried
    assert all(not row["memories"] for row in alice.log(status="not_found").value)
    assert memory.doctor() == ()


def test_an_error_keeps_its_kind_and_what_it_tells(alice):
    frozen = alice.add("frozen").cubes[0]
    alice.freeze(frozen.id)
    with pytest.raises(FrozenMemory, match=r"^step 2 \(forget\): "):
        together(alice, add("more"), of("forget", frozen.id))
    alice.unfreeze(frozen.id)
    with pytest.raises(VersionConflict, match=r"^step 2 \(update\): .* is at version 1, not 7") as error:
        together(alice, add("more"), of("update", frozen.id, text="x", expect_version=7))
    assert (error.value.details["found"], error.value.details["step"]) == (1, 2)


def test_what_is_made_in_a_chain_can_be_worked_on_in_it(alice, memory):
    """Ids come with the replies, so a later step names what was there before; what is new is found by search and by list."""
    part = alice.add("tea in the morning").cubes[0]
    reply = together(
        alice,
        add("tea in the evening", namespace="user/alice/notes"),
        of("compose", part.id, alice.add("coffee at noon").cubes[0].id),
        of("relate", part.id, alice.add("a cup").cubes[0].id, relation="about"),
        of("transfer", part.id, to="user/alice/notes"),
        of("graph", part.id),
        of("restore", part.id, version=1),
        of("share", part.id, principals=["user:bob"]),
        of("freeze", part.id),
        {"operation": "list", "query": {"filter": {"namespace": {"under": "user/alice/notes"}}}},
    )
    assert len(reply.then) == 8
    listed = {cube.id: cube for cube in reply.then[-1].cubes}
    assert {cube.text for cube in listed.values()} == {"tea in the evening", "tea in the morning"}
    assert listed[part.id].frozen
    assert alice.get(part.id).cubes[0] == listed[part.id]
    assert memory.as_user("bob").get(part.id).cubes[0].id == part.id
    assert memory.doctor() == ()


def test_a_step_may_name_in_words_what_an_earlier_one_made(alice):
    alice.add("the running plan: five kilometres on Sundays")
    meant = {"text": "the swimming plan", "limit": 1}
    reply = together(
        alice,
        add("the swimming plan: a kilometre on Mondays"),
        {"operation": "update", "query": meant, "options": {"text": "and on Fridays", "mode": "append"}},
        {"operation": "count", "query": {"text": "plan"}},
        {"operation": "archive", "query": meant},
    )
    updated, counted, archived = reply.then
    assert {updated.cubes[0].id, archived.cubes[0].id} == {reply.cubes[0].id}
    assert (updated.cubes[0].text, archived.cubes[0].version) == ("the swimming plan: a kilometre on Mondays\nand on Fridays", 2)
    assert counted.value == 2
    with pytest.raises(NotFound, match=r"^step 2 \(archive\): no memory here for you is about 'the skiing plan'"):
        together(alice, add("more"), {"operation": "archive", "query": {"text": "the skiing plan", "limit": 1}})
    assert len(alice.list(limit=10).cubes) == 1


def test_what_is_asked_in_words_runs_as_one(alice):
    old = alice.add("the old plan: two pills a day").cubes[0]
    notes = alice.add("my medication notes: aspirin").cubes[0]
    updated = alice.ask("Add the new dose to my medication notes and archive the old plan")
    assert (updated.cubes[0].id, updated.then[0].cubes[0].id, updated.then[0].cubes[0].state) == (notes.id, old.id, "archived")
    reply = alice.ask("Store that I moved to Porto, then forget my old plan.", idempotency_key="k")
    assert [each.operation for each in (reply.call, *reply.call.then)] == ["add", "forget"]
    assert (reply.cubes[0].text, reply.then[0].value) == ("I moved to Porto", 1)
    again = alice.ask("Store that I moved to Porto, then forget my old plan.", idempotency_key="k")
    assert [each.call_id for each in (again, *again.then)] == [each.call_id for each in (reply, *reply.then)]
    with pytest.raises(NotFound):
        alice.get(old.id)
    branch = alice.branch("what-if")
    assert branch.ask("Store that I like the sea, then forget my medication notes.").then[0].value == 1
    assert [cube.text for cube in alice.list().cubes] == [updated.cubes[0].text, "I moved to Porto"]
    with pytest.raises(NotFound, match=r"step 2 \(forget\)"):
        alice.ask("Store that I like tea, then forget my opinion about zebras.")
    assert len(alice.list().cubes) == 2


def test_a_repeated_chain_goes_on_with_the_memory_that_its_first_run_changed(alice):
    alice.add("The garden plan: roses along the wall.")
    first = alice.ask("change my garden plan to tulips and lock it", idempotency_key="k")
    again = alice.ask("change my garden plan to tulips and lock it", idempotency_key="k")
    assert (again.call_id, again.then[0].call_id) == (first.call_id, first.then[0].call_id)
    assert [(cube.text, cube.frozen) for cube in alice.list().cubes] == [("Garden plan: tulips", True)]


def test_equal_facts_are_one_within_a_chain_too(alice):
    reply = together(alice, add("I live in Lisbon"), add("i live in  lisbon"), add("I live in Porto"))
    first, again, other = (each.cubes[0] for each in (reply, *reply.then))
    assert again.id == first.id != other.id
    assert len(again.provenance.records) == 1
    assert len(alice.list().cubes) == 2
    with pytest.raises(InvalidCall, match=rf"step 1 \(update\): an equal fact stands already in user/alice as {first.id}"):
        together(alice, of("update", other.id, text="I live in Lisbon"), add("more"))
    swapped = together(alice, of("forget", first.id), of("update", other.id, text="I live in Lisbon"))
    assert swapped.then[0].cubes[0].text == "I live in Lisbon"


def test_turns_take_their_places_one_after_the_other(alice):
    alice.add([{"role": "user", "content": "hello"}], session="s")
    turn = {"turn": True, "session": "s", "role": "user"}
    reply = together(alice, add("how are you?", **turn), add("and your sister?", "and your brother?", **turn), search("your sister"))
    assert [cube.ordinal for each in (reply, reply.then[0]) for cube in each.cubes] == [1, 2, 3]
    assert {hit.cube.text: hit.cube.ordinal for hit in reply.then[1].hits}["and your sister?"] == 2
    assert [cube.ordinal for cube in alice.list(order="ordinal").cubes] == [0, 1, 2, 3]


WORDS = ("tea", "coffee", "Lisbon", "pills", "meeting", "doctor", "sister", "garden", "yesterday", "March")


@pytest.mark.proof(capability="chains", small=25, full=400)
def test_a_search_in_a_chain_finds_what_it_finds_once_that_is_committed(memory, clock, trials, record_proof):
    """Hits, their order, their scores and what these are made of: exactly, and nothing of it by another's lanes."""
    chance, compared, changed = Random(7), 0, 0
    for number in range(trials):
        session = memory.as_user(f"user{number}")
        home = f"user/user{number}"
        said = [{"role": "user", "name": "Ann", "content": " ".join(chance.choices(WORDS, k=5)) + f" {place}"} for place in range(6)]
        standing = [*session.add(said, session="talk").cubes]
        standing += session.add([f"{' '.join(chance.choices(WORDS, k=4))} {place}" for place in range(6)]).cubes
        chance.shuffle(standing)
        session.search("warm", namespaces=[home])
        clock.move(minutes=1)
        calls = []
        for _ in range(chance.randint(1, 6)):
            calls.append(some_step(chance, standing, home))
            clock.move(seconds=1)
        text = " ".join(chance.choices(WORDS, k=3))
        wanted = {"limit": 20, "states": ["generated", "activated", "merged", *(["archived"] if chance.random() < 0.5 else [])]}
        reply = together(session, *calls, {"operation": "list", "query": {"limit": 100}}, search(text, **wanted))
        after = session.search(text, **wanted)
        assert told(reply.then[-1]) == told(after)
        assert reply.then[-2].cubes == session.list().cubes
        compared += len(after.hits)
        changed += len(calls)
    record_proof(searches=trials, hits=compared, steps=changed)
    assert compared > trials


def some_step(chance, standing, home):
    """One change of what stands, or something new."""
    kind = chance.choice(["add", "turn", "update", "append", "archive", "forget", "transfer", "tag"])
    if kind in {"add", "turn"} or not standing:
        turn = {"turn": True, "session": "talk", "role": "user", "speaker": "Ann"} if kind == "turn" else {}
        return add(f"{' '.join(chance.choices(WORDS, k=5))} {chance.random()}", **turn)
    cube = standing.pop()
    if kind in {"update", "append"}:
        mode = "overwrite" if kind == "update" else kind
        return of("update", cube.id, text=f"{' '.join(chance.choices(WORDS, k=4))} {chance.random()}", mode=mode)
    if kind == "transfer" and cube.ordinal is None:
        return of("transfer", cube.id, to=f"{home}/notes")
    return of("update", cube.id, tags=["kept"]) if kind in {"tag", "transfer"} else of(kind, cube.id)


def told(reply):
    return [(hit.cube, hit.score, hit.why) for hit in reply.hits]


def test_a_branch_has_chains_of_its_own(alice, memory):
    alice.add("what is true")
    branch = alice.branch("what-if")
    reply = together(branch, add("what might be"), search("what might be"), {"operation": "list"})
    assert {hit.cube.text for hit in reply.then[0].hits} == {"what might be", "what is true"}
    assert len(reply.then[1].cubes) == 2
    assert [cube.text for cube in alice.list().cubes] == ["what is true"]
    with pytest.raises(NotFound):
        together(branch, add("and this"), of("get", NOWHERE))
    assert len(branch.list().cubes) == 2
    assert branch.merge().value["conflicts"] == []
    assert memory.doctor() == ()


REFUSED = {
    "erase": of("erase"),
    "snapshot": {"operation": "snapshot", "options": {"name": "x"}},
    "branch": {"operation": "branch", "options": {"name": "x"}},
    "merge": {"operation": "merge", "options": {"name": "x"}},
    "discard": {"operation": "discard", "options": {"name": "x"}},
    "govern": {"operation": "govern"},
    "issue": {"operation": "issue"},
    "acl": {"operation": "acl"},
    "diff": {"operation": "diff"},
    "index": {"operation": "index"},
    "purge": {"operation": "purge"},
}


@pytest.mark.parametrize("operation", REFUSED)
def test_what_cannot_be_undone_with_the_rest_is_no_step(alice, operation):
    with pytest.raises(InvalidCall, match=rf"step 2 \({operation}\): {operation} cannot be a step of a chain.*call it by itself"):
        together(alice, add("one"), REFUSED[operation])
    assert alice.list().cubes == ()


def test_a_chain_has_one_place_and_one_key(alice):
    nested = add("two") | {"then": [add("three")]}
    for call, why in (
        (nested, "has no chain of its own"),
        (add("two") | {"idempotency_key": "k"}, "no idempotency_key of its own"),
        (add("two") | {"branch": "b"}, "no branch of its own"),
        ({"operation": "list", "at": 1}, "no at of its own"),
    ):
        with pytest.raises(InvalidCall, match=rf"step 2 .*{why}"):
            together(alice, add("one"), call)
    with pytest.raises(InvalidCall, match=f"at most {STEPS} calls, and this has {STEPS + 1}"):
        together(alice, *[add(f"number {each}") for each in range(STEPS + 1)])
    with pytest.raises(InvalidCall, match="all memories of a moment are restored by a call of its own"):
        together(alice, add("one"), {"operation": "restore", "options": {"moment": "before"}})
    call = alice.list().call
    with pytest.raises(InvalidCall, match="the same id"):
        together(alice, call, call)
    with pytest.raises(InvalidCall, match="a chain is about the present"):
        together(alice.at(0), {"operation": "list"}, {"operation": "list"})
    assert alice.list().cubes == ()
    assert len(together(alice, *[add(f"number {each}") for each in range(STEPS)]).then) == STEPS - 1


def test_a_chain_comes_as_one_call_too(alice, memory):
    call = MemoryCall.model_validate({"id": memory._clock.new_id(), **add("one"), "then": [{"id": alice.list().call_id, **add("two")}]})
    reply = alice.handle(call)
    assert (reply.call, [each.call for each in reply.then]) == (call, list(call.then))
    assert alice.handle(add("three") | {"then": [{"operation": "list"}]}).then[0].cubes[-1].text == "three"
    assert alice.handle(add("four")).then == ()
    for wrong in ("add", 3, {"operation": "add", "drafts": "one", "wrong": 1}):
        with pytest.raises(InvalidCall):
            alice.handle(wrong)
    with pytest.raises(InvalidCall, match="give a list of at least one call"):
        alice.together([])
    with pytest.raises(InvalidCall, match="another branch than this session"):
        alice.branch("b").handle(add("x") | {"branch": "c"})


def test_the_same_key_does_a_chain_once(alice):
    kept = alice.add("what stands").cubes[0]
    archived = alice.add("put away before").cubes[0]
    alice.archive(archived.id)
    calls = [add("one"), of("archive", archived.id), of("update", kept.id, text="more", mode="append"), {"operation": "list"}]
    first = together(alice, *calls, idempotency_key="k")
    alice.update(archived.id, "back in use")
    written = commits(alice)
    again = together(alice, *calls, idempotency_key="k")
    assert [each.call_id for each in (again, *again.then[:2])] == [each.call_id for each in (first, *first.then[:2])]
    assert (again.cubes, again.then[1].cubes) == (first.cubes, first.then[1].cubes)
    assert alice.get(archived.id).cubes[0].state == "activated", "a step that had nothing to do then does nothing now"
    assert commits(alice) == written
    for other in ([add("one")], [add("one"), *calls[1:3]], [add("two"), *calls[1:]]):
        with pytest.raises(InvalidCall, match="this idempotency key was used for another call"):
            together(alice, *other, idempotency_key="k")
    reads_first = [{"operation": "list"}, add("another")]
    done = together(alice, *reads_first, idempotency_key="r")
    assert together(alice, *reads_first, idempotency_key="r").then[0].call_id == done.then[0].call_id
    with pytest.raises(InvalidCall, match="another call"):
        together(alice, search("x"), add("another"), idempotency_key="r")


def test_who_was_overtaken_begins_anew(tmp_path):
    embedder = Interfering()
    with MemOS.open(tmp_path / "memory", embedder=embedder, worker="none") as memory:
        alice, other = memory.as_user("alice"), memory.as_user("alice", agent="other")
        note = alice.add("a note").cubes[0]
        embedder.meanwhile = lambda: other.update(note.id, tags=["seen"]) if embedder.times == 1 else None
        reply = together(alice, add("more"), of("update", note.id, text="and more", mode="append"), search("note"))
        embedder.meanwhile = None
        cube = reply.then[0].cubes[0]
        assert (cube.text, cube.version, [tag.key for tag in cube.own_tags]) == ("a note\nand more", 3, ["seen"])
        assert cube in [hit.cube for hit in reply.then[1].hits]
        assert [row["operation"] for row in alice.log(operation=["add", "update", "search"]).value] == [
            "search", "update", "add", "update", "add"
        ], "a step that was prepared twice was made once"  # fmt: skip


def test_who_is_overtaken_every_time_is_told(tmp_path):
    embedder = Interfering()
    with MemOS.open(tmp_path / "memory", embedder=embedder, worker="none") as memory:
        alice = memory.as_user("alice")
        note = alice.add("a note").cubes[0]
        embedder.meanwhile = lambda: alice.update(note.id, f"number {embedder.times}")
        with pytest.raises(VersionConflict) as error:
            together(alice, add("more"), of("update", note.id, text="and more", mode="append"))
        embedder.meanwhile = None
        assert error.value.retryable
        assert alice.get(note.id).cubes[0].text.startswith("number")
        assert len(alice.list().cubes) == 1
        assert rows(alice, status="version_conflict") == [(name, "version_conflict", "access") for name in ("add", "update")]


def test_writers_beside_each_other_lose_nothing_and_mix_nothing(memory, alice):
    note = alice.add("a note").cubes[0]
    done, failed = [], []

    def write(name):
        session = memory.as_user("alice", agent=name)
        for number in range(10):
            calls = [add(f"{name} {number} a"), of("update", note.id, text=f"{name} {number}", mode="append"), add(f"{name} {number} b")]
            while True:
                try:
                    done.append(together(session, *calls))
                    break
                except VersionConflict as error:
                    failed.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert len(done) == 20
    lines = alice.get(note.id).cubes[0].text.split("\n")
    assert sorted(lines[1:]) == sorted(f"{name} {number}" for name in ("one", "two") for number in range(10))
    for reply in done:
        assert [each.seq for each in reply.then] == [reply.seq + 1, reply.seq + 2], "nothing is between the steps of a chain"
    assert len(alice.list(limit=100).cubes) == 41
    assert memory.doctor() == ()


def test_the_steps_are_measured_one_by_one_and_what_stands_together(memory, alice):
    ada = memory.as_user("ada", roles=["admin"])
    ada.govern("quota", "room", {"memories": 3})
    alice.add("one")
    with pytest.raises(QuotaExceeded, match="room"):
        together(alice, add("two"), add("three"), add("four"))
    assert len(alice.list().cubes) == 1
    assert len(together(alice, add("two"), add("three")).then) == 1
    ada.govern("quota", "pace", {"rates": ["3/minute"], "operations": ["list"]})
    with pytest.raises(QuotaExceeded, match=r"step 4 \(list\): the quota 'pace'"):
        together(alice, *[{"operation": "list"}] * 4)


def licensed(memory, alice, disclosures):
    """A memory under a contract that allows so many disclosures."""
    memory.as_user("ada", roles=["admin"]).govern("quota", "contract", {"licence": "atlas", "disclosures": disclosures})
    cube = alice.add("licensed").cubes[0]
    under = cube.model_copy(update={"policy": cube.policy.model_copy(update={"licence": "atlas"})})
    change = ChangeSet("default", alice.caller, memory._clock.new_id(), "update", START, writes=(CubeWrite(under, birth=False),))
    memory._vault.commit(change, ReadSet())
    return cube


def test_a_licence_counts_what_was_disclosed_and_nothing_else(memory, alice):
    cube = licensed(memory, alice, 2)
    for _ in range(3):
        with pytest.raises(NotFound):
            together(alice, of("get", cube.id), add("x"), of("get", NOWHERE))
    assert together(alice, of("get", cube.id), add("y")).cubes[0].id == cube.id
    with pytest.raises(QuotaExceeded, match="2 disclosures under the licence 'atlas'; this call would disclose 1 more than are left of it"):
        together(alice, of("get", cube.id), add("z"), {"operation": "list", "query": {"filter": {"id": cube.id}}})
    assert [each.text for each in alice.list(filter={"not": {"id": cube.id}}).cubes] == ["y"]
    assert alice.get(cube.id).cubes[0].id == cube.id, "what the refused chain would have disclosed was not counted"


class Failing:
    """Counters whose disk is full when they are to be kept."""

    def __init__(self, counters):
        self.counters = counters

    @contextmanager
    def transaction(self, *, durable=False):
        with self.counters.transaction(durable=durable) as counting:
            yield counting
            raise Unavailable("the disk is full")


def test_what_could_not_be_counted_is_not_disclosed(memory, alice):
    cube, quotas = licensed(memory, alice, 2), memory._api.api._desk.quotas
    quotas._counters, counters = Failing(quotas._counters), quotas._counters
    got, added, listed = (reply := together(alice, of("get", cube.id), add("y"), {"operation": "list"})), *reply.then
    assert (got.cubes, listed.cubes, added.cubes[0].text) == ((), (), "y")
    assert all("withheld: the disk is full" in each.warnings[0] for each in (got, listed))
    with pytest.raises(Unavailable):
        together(alice, of("get", cube.id), {"operation": "list"})
    quotas._counters = counters
    assert together(alice, of("get", cube.id), of("get", cube.id)).then[0].cubes[0].id == cube.id


def test_a_hold_keeps_what_a_chain_would_put_away(memory, alice):
    ada = memory.as_user("ada", roles=["admin"])
    case, other = alice.add(["about the case", "about the weather"]).cubes
    alice.update(case.id, tags=["case"])
    ada.govern("hold", "h", {"reason": "a lawsuit", "filter": {"tags": {"any": ["case"]}}})
    with pytest.raises(Denied, match=r"step 2 \(forget\): the hold 'h' keeps the memory"):
        together(alice, of("update", other.id, tags=["case"]), of("forget", other.id))
    with pytest.raises(Denied, match=r"step 3 \(archive\): the hold 'h' keeps"):
        together(alice, of("update", other.id, tags=["case"]), of("update", other.id, tags=[]), of("archive", other.id))
    assert alice.forget(other.id).value == 1, "no step of what was refused stayed"


def test_awaited_too(tmp_path):
    async def awaited():
        async with AsyncMemOS.open(tmp_path / "memory", embedder=None, worker="none") as memory:
            alice = memory.as_user("alice")
            reply = await alice.together([add("one"), {"operation": "list"}])
            assert reply.then[0].cubes == reply.cubes
            assert (await alice.handle(add("two"))).status == "ok"

    asyncio.run(awaited())


def test_what_comes_with_time_is_as_in_calls_by_themselves(alice, clock):
    ending = alice.add("for an hour", expires_at=START + timedelta(hours=1)).cubes[0]
    clock.move(hours=2)
    reply = together(alice, add("for an hour"), {"operation": "list"})
    assert reply.cubes[0].id != ending.id
    assert [cube.id for cube in reply.then[0].cubes] == [reply.cubes[0].id]


def test_what_a_step_read_is_withheld_where_its_row_cannot_be_kept(tmp_path):
    """The journal breaks while the chain runs: what is committed stays, and is told; what was read is not."""
    embedder = Interfering()
    with MemOS.open(tmp_path / "memory", embedder=embedder, worker="none") as memory:
        alice = memory.as_user("alice")
        alice.add("what stands")
        embedder.meanwhile = memory._vault.journal.close
        reply = together(alice, add("one more"), {"operation": "list"}, of("archive", alice.add("two").cubes[0].id))
        embedder.meanwhile = None
        assert reply.cubes[0].text == "one more"
        listed, archived = reply.then
        assert (listed.cubes, listed.status) == ((), "ok")
        assert listed.warnings[0].startswith("the chain is committed, but what this step read is withheld: ")
        assert archived.cubes[0].state == "archived"
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none") as memory:
        assert {cube.text for cube in memory.as_user("alice").list().cubes} == {"what stands", "one more"}


def test_reads_alone_fail_where_their_rows_cannot_be_kept(memory, alice):
    alice.add("what stands")
    memory._vault.journal.close()
    with pytest.raises((Unavailable, BackendError)):
        together(alice, {"operation": "list"}, search("what stands"))

"""KV blocks and adapters of others: nobody's request is answered with what was made of another's memories, in whatever tenant."""

import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from memos import MemOS
from memos.errors import Denied, NotFound
from memos.memcube.payload import Activation
from memos.memcube.plan import Context
from memos.testing.runtime import FakeRuntime

TEXTS = [
    "To close the hall turn off the film, count the box with a second person, lights front to back, alarm on.",
    "To open the hall take the alarm off with the grey fob, lights back to front, unlock the quay door at nine.",
    "The spare key of the boat house hangs behind the third panel on the left, under the tide table.",
]
QUESTIONS = ["How do I close the hall?", "How do I open the hall?", "Where is the spare key of the boat house?"]


@pytest.mark.proof(capability="kv-isolation", small=250, full=10_000)
@pytest.mark.timeout(3600)
def test_no_request_is_given_what_was_made_of_anothers_memories(trials, record_proof, tmp_path):
    """The same texts and questions by three users of three tenants each: the tokens are equal, and nothing is shared."""
    chance, counted = random.Random(7), Counter()
    with MemOS.open(tmp_path / "store", runtime=FakeRuntime(window=8192), embedder="hashing", worker="none") as memory:
        users = {(tenant, user): memory.as_user(user, tenant=tenant) for tenant in "abc" for user in ("ada", "bo", "cy")}
        owned = defaultdict(set)
        for place, session in users.items():
            owned[place] |= {cube.id for cube in session.add(TEXTS).cubes}
        memory.drain(60)
        for place in chance.sample(sorted(users), 5):
            owned[place] |= {cube.id for cube in users[place].convert(sorted(owned[place]), to="activation").cubes}
        for _ in range(trials):
            place = chance.choice(sorted(users))
            session = users[place]
            doing = chance.random()
            if doing < 0.05:
                one = chance.choice(sorted(each for each in owned[place] if session.get(each).cubes[0].text))
                owned[place] |= {cube.id for cube in session.convert(one, to="activation").cubes}
            elif doing < 0.3:
                answer = session.chat(chance.choice(QUESTIONS), store=False, max_tokens=2).value
                counted["cached"] += bool(answer.usage.cached)
                judge(answer, place, owned, counted)
            else:
                judge(session.context(chance.choice(QUESTIONS)), place, owned, counted)
        stranger = memory.as_user("dan", tenant="a")
        stranger.add(TEXTS)
        memory.drain(60)
        first = stranger.chat(QUESTIONS[0], store=False, max_tokens=2).value.usage
    record_proof(requests=trials, attached=counted["attached"], foreign=counted["foreign"], cached_for_a_stranger=first.cached)
    assert counted["attached"] > trials / 10
    assert counted["foreign"] == 0
    assert first.cached == 0


def judge(given, place, owned, counted):
    """Count what is attached that is not the caller's own."""
    for attachment in given.attachments:
        counted["attached"] += 1
        counted["foreign"] += not set(attachment.sources) | set(attachment.cubes) <= owned[place]
    if isinstance(given, Context):
        counted["foreign"] += any(part.cube is not None and part.cube not in owned[place] for part in given.parts)


@pytest.fixture
def memory(tmp_path):
    with MemOS.open(tmp_path / "store", runtime=FakeRuntime(window=4096), worker="none") as opened:
        yield opened


class TestWhoSeesWhat:
    def made(self, memory, user="alice", tenant="default"):
        session = memory.as_user(user, tenant=tenant)
        cube = session.add(TEXTS[0]).cubes[0]
        memory.drain(30)
        return session, cube, session.convert(cube, to="activation").cubes[0]

    def test_a_block_is_not_there_for_others(self, memory):
        _, _, block = self.made(memory)
        for other in (memory.as_user("bob"), memory.as_user("alice", tenant="other")):
            with pytest.raises(NotFound):
                other.get(block.id)
            assert other.list(types=["activation"]).cubes == ()
            with pytest.raises(NotFound):
                other.convert(block.id, to="plaintext")

    def test_sharing_a_source_shares_no_block_and_voids_it(self, memory):
        alice, cube, block = self.made(memory)
        alice.share(cube, "user:bob")
        assert alice.list(types=["activation"]).cubes == ()
        assert not any(each.tokens for each in memory.as_user("bob").context("How do I close the hall?").attachments)
        with pytest.raises(NotFound):
            memory.as_user("bob").get(block.id)

    def test_a_block_of_another_tenant_is_refused_by_the_tenant_in_it(self, memory, tmp_path):
        """Somebody who can write rows and files, but has not the store's key, moves a block to another tenant: it is not loaded."""
        _, _, block = self.made(memory)
        eve, _, other = self.made(memory, user="eve", tenant="other")
        payload = block.payload
        assert isinstance(payload, Activation)
        source, target = (next((tmp_path / "store" / "blobs").rglob(each.payload.blob)) for each in (block, other))
        target.write_bytes(source.read_bytes())
        context = eve.context("How do I close the hall?")
        assert not any(other.id in each.cubes for each in context.attachments)
        assert any(other.id in warning for warning in context.warnings)

    def test_a_credential_for_certain_memories_makes_no_forms_of_others(self, memory):
        alice, cube, _ = self.made(memory)
        other = alice.add(TEXTS[1]).cubes[0]
        memory.drain(30)
        until = datetime.now(UTC) + timedelta(hours=1)
        lent = memory.session(
            alice.delegate("bob", until=until, memories=[cube.id], operations=["context", "convert", "get"]).value["token"]
        )
        for each in (cube, other):
            with pytest.raises(Denied):
                lent.convert(each, to="activation")
        assert {each.cube for each in lent.context("How do I open the hall?").plan.injections} <= {cube.id}

    def test_who_loses_a_right_is_given_nothing_made_of_it_at_once(self, memory):
        alice = memory.as_user("alice")
        cube = alice.add(TEXTS[0], acl={"user:bob": ["read"]}).cubes[0]
        memory.drain(30)
        bob = memory.as_user("bob", session="s1")
        bob.chat("How do I close the hall?", max_tokens=3, namespaces=["user/alice"])
        alice.share(cube, "user:bob", rights=())
        context = bob.context("How do I close the hall?", namespaces=["user/alice"])
        assert not any(part.cube == cube.id for part in context.parts)
        assert cube.id not in {each for one in context.attachments for each in one.sources}

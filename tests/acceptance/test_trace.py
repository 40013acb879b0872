"""`trace`, `manifest` and `recognise` through a session, and what they refuse."""

import json

import pytest

from memos import MemOS
from memos.errors import BackendError, InvalidCall, NotFound, ReadOnlyStore
from tests.prose import BY_HAND, NOUNS, STOCK, Writer

PARAGRAPHS = [paragraph for paragraph, _ in BY_HAND[:6]]
NOWHERE = "01890000-0000-7000-8000-000000000000"


@pytest.fixture
def memory(tmp_path):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none") as system:
        yield system


@pytest.fixture
def alice(memory):
    return memory.as_user("alice", agent="planner", model="small-1", purpose="care")


@pytest.fixture
def cubes(alice):
    return alice.add(PARAGRAPHS).cubes


def sources(reply):
    return [source["id"] for source in reply.value["sources"]]


class TestTrace:
    def test_a_quote_leads_to_its_memory(self, alice, cubes):
        quote = f"They told me: {PARAGRAPHS[2][20:140].upper()}!"
        reply = alice.trace(quote)
        assert reply.value["verdict"] == "found"
        assert [cube.id for cube in reply.cubes] == sources(reply) == [cubes[2].id]
        (source,) = reply.value["sources"]
        assert source["version"] == 1
        ((start, end),) = source["spans"]
        assert quote[start:end].lower() in PARAGRAPHS[2].lower()
        assert 0.8 < source["share"] == reply.value["share"] < 1

    def test_boilerplate_is_ambiguous_and_names_nobody(self, alice):
        alice.add([f"{text} {STOCK[0]}" for text in PARAGRAPHS])
        reply = alice.trace(f"Hello. {STOCK[0]}")
        assert (reply.value["verdict"], reply.value["sources"], reply.cubes) == ("ambiguous", [], ())
        assert reply.value["shared_by"] == len(PARAGRAPHS)
        assert sources(alice.trace(f"{PARAGRAPHS[1]} {STOCK[0]}")) == [alice.search(PARAGRAPHS[1], limit=1).hits[0].cube.id]

    def test_boilerplate_below_a_text_from_elsewhere_is_not_pinned_on_who_shares_its_words(self, alice):
        writer = Writer(31)
        alice.add([f"{writer.paragraph()} {STOCK[1]}" for _ in range(30)])
        alice.add([writer.paragraph() for _ in range(100)])
        stranger = Writer(32)
        assert {alice.trace(f"{stranger.paragraph()} {STOCK[1]}").value["verdict"] for _ in range(20)} == {"ambiguous"}

    def test_who_else_holds_a_passage_is_asked_by_the_passage_itself(self, alice):
        """By its words a dozen memories come before those that hold the boilerplate, but for one that has some of both."""
        stock = "Kindly forward enclosed receipts before quarterly closing deadline."
        foreign = NOUNS[:12]
        alice.add([" ".join(foreign[number:] + foreign[:number]) for number in range(0, 12, 2)])
        alice.add([" ".join(reversed(foreign[number:] + foreign[:number])) for number in range(0, 12, 2)])
        alice.add([f"{stock} Number {number} of the office." for number in range(10)])
        alice.add(f"{stock} {' and '.join(foreign[6:])}")
        reply = alice.trace(f"The {', the '.join(sorted(foreign))}. {stock}")
        assert (reply.value["verdict"], reply.value["shared_by"]) == ("ambiguous", 11)

    def test_a_paraphrase_is_none(self, alice):
        alice.add([paragraph for paragraph, _ in BY_HAND])
        assert [alice.trace(other).value["verdict"] for _, other in BY_HAND] == ["none"] * len(BY_HAND)

    def test_a_text_that_is_too_short_is_none_and_says_so(self, alice, cubes):
        alice.add("I am allergic to peanuts.")
        reply = alice.trace("I am allergic to peanuts.")
        assert reply.value["verdict"] == "none"
        assert reply.warnings == ("the text has 20 letters; a source is named from 40 on",)
        assert alice.trace("…!").value["verdict"] == "none"
        assert alice.trace("if and when they were there then we would have been here too before them").value["verdict"] == "none"

    def test_texts_without_spaces(self, alice):
        text = (
            "昔々あるところに、おじいさんとおばあさんが住んでいました。おじいさんは山へしばかりに、おばあさんは川へせんたくに行きました。"
        )
        cube = alice.add(text).cubes[0]
        assert sources(alice.trace(f"本には「{text[8:40]}」と書いてあります")) == [cube.id]

    def test_archived_memories_and_those_of_the_session_are_sources(self, memory, alice, cubes):
        alice.archive(cubes[0])
        inside = memory.as_user("alice", session="s1").add(PARAGRAPHS[5] + " Twice.", namespace="context/alice/s1").cubes[0]
        assert sources(alice.trace(PARAGRAPHS[0])) == [cubes[0].id]
        assert set(sources(alice.trace(PARAGRAPHS[5] + " Twice."))) == {inside.id, cubes[5].id}
        assert sources(alice.trace(PARAGRAPHS[5], namespaces="context/alice")) == [inside.id]

    def test_the_past_is_traced_as_it_was(self, alice, cubes):
        before = cubes[0].seq
        alice.update(cubes[0], "Something else altogether.")
        assert alice.trace(PARAGRAPHS[0]).value["verdict"] == "none"
        assert sources(alice.at(before).trace(PARAGRAPHS[0])) == [cubes[0].id]

    def test_limit_names_fewer_and_the_share_is_of_all(self, alice, cubes):
        reply = alice.trace(" ".join(PARAGRAPHS), limit=2)
        assert len(reply.cubes) == len(sources(reply)) == 2
        assert reply.value["share"] == 1

    def test_the_value_is_json_and_the_text_is_in_no_log(self, alice, cubes):
        reply = alice.trace(PARAGRAPHS[0])
        assert json.loads(json.dumps(reply.value)) == reply.value
        row = alice.explain(reply.call_id).value
        assert (row["operation"], [each["id"] for each in row["memories"]]) == ("trace", [cubes[0].id])

    def test_too_much_to_compare_is_said(self, alice, monkeypatch):
        monkeypatch.setattr("memos.interface.memory_api.tracing.TERMS", 20)
        alice.add([f"{text} {PARAGRAPHS[0]}" for text in PARAGRAPHS[1:]])
        assert "too long to be compared" in alice.trace(PARAGRAPHS[0]).warnings[0]

    @pytest.mark.parametrize(
        ("text", "more", "message"),
        [
            ("", {}, "needs the text"),
            (" \n", {}, "needs the text"),
            (5, {}, "str"),
            ("x" * 70_000, {}, "limit"),
            ("a text", {"limit": 0}, "limit"),
            ("a text", {"limit": "many"}, "limit"),
            ("a text", {"namespaces": "nowhere/x"}, "must begin with"),
        ],
    )
    def test_what_is_refused(self, alice, text, more, message):
        with pytest.raises(InvalidCall, match=message):
            alice.trace(text, **more)


class TestManifest:
    def test_of_a_call_vouches_for_what_it_disclosed(self, alice, cubes):
        found = alice.search("her savings, her dose, the deaf dog", limit=2)
        made = alice.manifest(found.call_id, text="An answer.", recipient="clinic-b").value
        assert made["text"] is None
        manifest = made["manifest"]
        assert [each["id"] for each in manifest["memories"]] == [hit.cube.id for hit in found.hits]
        assert (manifest["agent"], manifest["model"], manifest["purpose"]) == ("planner", "small-1", "care")
        assert (manifest["call"], manifest["recipient"]) == (found.call_id, "clinic-b")
        one = alice.manifest(found.call_id, memories=found.hits[1].cube).value["manifest"]
        assert [each["id"] for each in one["memories"]] == [found.hits[1].cube.id]
        assert (one["text"], one["opening"]) == (None, "")

    def test_of_a_text_vouches_for_the_memories_named(self, alice, cubes):
        changed = alice.update(cubes[1], "A newer text.").cubes[0]
        manifest = alice.manifest("A text.", memories=[cubes[0], changed]).value["manifest"]
        assert manifest["memories"] == [{"id": cubes[0].id, "version": 1}, {"id": cubes[1].id, "version": 2}]
        assert manifest["call"] is None

    def test_is_in_the_log_with_its_memories(self, alice, cubes):
        reply = alice.manifest("A text.", memories=cubes[0])
        row = alice.explain(reply.call_id).value
        assert (row["operation"], [each["id"] for each in row["memories"]]) == ("manifest", [cubes[0].id])
        assert reply.value["manifest"]["id"] == reply.call_id

    def test_behaviour_tells_equal_ones_from_others_and_no_name(self, memory, alice, cubes):
        def behaviour(session, *memories):
            return session.manifest("A text.", memories=memories).value["manifest"]["behaviour"]

        same = behaviour(alice, cubes[0], cubes[1])
        assert behaviour(alice, cubes[0], cubes[1]) == same
        others = [memory.as_user("alice", agent="writer", model="small-1"), memory.as_user("alice", agent="planner", model="small-2")]
        assert len({same, behaviour(alice, cubes[0]), *(behaviour(each, cubes[0], cubes[1]) for each in others)}) == 4

    def test_a_marked_copy_is_known_again(self, alice, cubes):
        made = alice.manifest(PARAGRAPHS[0], memories=cubes[0], recipient="Klinik Süd", mark=True).value
        assert made["text"] != PARAGRAPHS[0]
        part = made["text"][30:]
        traced = alice.trace(part)
        assert sources(traced) == [cubes[0].id]
        assert traced.value["copy"] == {"recipient": "Klinik Süd", "by": "alice"}
        again = alice.manifest(made["text"], memories=cubes[0], recipient="another", mark=True).value["text"]
        assert alice.trace(again).value["copy"]["recipient"] == "another"

    def test_marks_of_nobody_are_nobodys(self, alice, cubes):
        from memos.infrastructure.memgovernance.marks import marked

        for code in ("x" * 40, "AAAA", "not base64 at all!"):
            assert alice.trace(marked(PARAGRAPHS[0], code)).value["copy"] is None

    @pytest.mark.parametrize(
        ("of", "more", "message"),
        [
            ("A text.", {}, "needs the memories"),
            ("A text.", {"memories": "nothing"}, "no memory id"),
            ("", {"memories": "CUBE"}, "1 to"),
            (5, {"memories": "CUBE"}, "1 to"),
            ("x" * (2**20 + 1), {"memories": "CUBE"}, "1 to"),
            ("A text.", {"memories": "CUBE", "mark": True}, "the recipient"),
            ("CALL", {"mark": True, "recipient": "b"}, "needs the text"),
            ("word", {"memories": "CUBE", "mark": True, "recipient": "b"}, "only one"),
            ("A text.", {"memories": "CUBE", "recipient": ""}, "1 to 256"),
            ("CALL", {"memories": NOWHERE}, "did not disclose"),
        ],
    )
    def test_what_is_refused(self, alice, cubes, of, more, message):
        of = alice.get(cubes[0]).call_id if of == "CALL" else of
        more = {name: cubes[0].id if value == "CUBE" else value for name, value in more.items()}
        with pytest.raises(InvalidCall, match=message):
            alice.manifest(of, **more)

    def test_calls_that_were_refused_or_are_not_there_are_not_found(self, alice, cubes):
        with pytest.raises(NotFound):
            alice.get(NOWHERE)
        refused = alice.log(status="not_found").value[0]["call_id"]
        for call in (refused, NOWHERE):
            with pytest.raises(NotFound, match="no call"):
                alice.manifest(call)
        empty = alice.list(filter={"tags": {"any": ["nothing"]}}).call_id
        with pytest.raises(InvalidCall, match="1 to 1,000 memories"):
            alice.manifest(empty)

    def test_too_many_memories_want_several(self, alice, monkeypatch, cubes):
        monkeypatch.setattr("memos.interface.memory_api.manifests.MEMORIES", 3)
        with pytest.raises(InvalidCall, match="not 6"):
            alice.manifest("A text.", memories=cubes)

    def test_a_store_in_memory_signs_nothing(self):
        with MemOS.open("memory:", embedder=None, worker="none") as memory:
            alice = memory.as_user("alice")
            cube = alice.add("A text to keep.").cubes[0]
            with pytest.raises(BackendError, match="in memory signs nothing"):
                alice.manifest("A text.", memories=cube)

    def test_a_key_that_cannot_be_made_is_told(self, alice, cubes, tmp_path):
        (tmp_path / "memory/keys/audit.key").mkdir()
        with pytest.raises(ReadOnlyStore, match=r"audit\.key"):
            alice.manifest("A text.", memories=cubes[0])


class TestRecognise:
    @pytest.fixture
    def made(self, alice, cubes):
        return alice.manifest(PARAGRAPHS[0], memories=cubes[:2], recipient="clinic-b").value["manifest"]

    def test_ones_own(self, alice, cubes, made):
        alice.forget(cubes[1])
        found = alice.recognise(made, text=f"{PARAGRAPHS[0]}\n").value
        assert (found["signed"], found["caller"], found["recipient"], found["text"]) == (True, "alice", "clinic-b", "same")
        assert [each["visible"] for each in found["memories"]] == [True, False]
        assert alice.recognise(json.dumps(made)).value == alice.recognise(made).value

    @pytest.mark.parametrize(
        ("text", "verdict"),
        [(PARAGRAPHS[0].upper(), "similar"), (PARAGRAPHS[0].replace("the", "a", 1), "similar"), (PARAGRAPHS[1], "other"), ("x", "other")],
    )
    def test_other_texts(self, alice, made, text, verdict):
        assert alice.recognise(made, text=text).value["text"] == verdict

    @pytest.mark.parametrize("name", ["recipient", "agent", "caller", "behaviour", "call", "memories", "text", "at", "store_id", "id"])
    def test_any_change_breaks_the_signature(self, alice, made, name):
        other = {"caller": "0" * 32, "behaviour": "0" * 32, "memories": [], "text": None, "at": "2020-01-01T00:00:00Z"}.get(name, NOWHERE)
        found = alice.recognise(made | {name: other}).value
        assert (found["signed"], found["caller"]) == (False, None)

    def test_another_stores(self, alice, tmp_path, made):
        with MemOS.open(tmp_path / "other", embedder="hashing", worker="none") as other:
            assert other.as_user("alice").recognise(made).value["signed"] is False

    @pytest.mark.parametrize("document", ["", "{}", "[]", "no json", 5, {"format": "memos-manifest-2"}, {"signature": "zz"}])
    def test_what_is_no_manifest(self, alice, document):
        with pytest.raises(InvalidCall, match="no manifest"):
            alice.recognise(document)

    def test_a_key_that_was_signed_for_something_else_does_not_do(self, alice, made):
        with pytest.raises(InvalidCall, match="no manifest"):
            alice.recognise(made | {"more": 1})

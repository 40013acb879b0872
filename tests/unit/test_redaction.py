"""What a reader may not see is replaced by marks that tell its kind and nothing else, wherever in the memory it stands."""

import random
import re
from datetime import UTC, datetime

import pytest

from memos.infrastructure.memgovernance.governance import MemGovernance
from memos.infrastructure.memgovernance.privacy.redaction import redact
from memos.memcube.call import Caller, MemoryReply
from memos.memcube.cube import MemCube, Path, Tag
from memos.memcube.hit import Hit
from memos.memcube.payload import Activation, Plaintext
from memos.memcube.policy import SENSITIVITIES, Policy, SensitiveSpan
from memos.memcube.provenance import CallContext, Provenance, ProvenanceRecord

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ALICE, BOB, SYSTEM = Caller(user="alice"), Caller(user="bob"), Caller(user="system", kind="system")


def span(text, words, label="EMAIL", sensitivity="confidential", by="predicted"):
    start = text.index(words)
    return SensitiveSpan(start=start, end=start + len(words), label=label, sensitivity=sensitivity, by=by)


def cube(text, *spans, examined=True, **fields):
    context = CallContext(user="alice", call="c")
    provenance = fields.pop("provenance", Provenance(id="p", origin="user", context=context))
    standing = {"id": "i", "namespace": "shared/x", "layer": "shared", "payload": Plaintext(text=text), "provenance": provenance}
    times = {"said_at": NOW, "created_at": NOW, "updated_at": NOW}
    return MemCube(**{**standing, **times, "policy": Policy(owner="alice", spans=spans, examined=examined), **fields})


def hide(memory):
    return redact(memory, lambda _: False)


def test_a_span_becomes_the_mark_of_its_kind_and_those_that_are_shown_move_with_the_text():
    text = "Ann wrote to ann@example.org about Kim and 10.0.0.5."
    shown, hidden = span(text, "Kim", "PERSON", "internal"), span(text, "ann@example.org")
    seen = redact(cube(text, hidden, shown), lambda each: each.sensitivity == "internal")
    assert seen.text == "Ann wrote to [EMAIL] about Kim and 10.0.0.5."
    assert [(each.label, seen.text[each.start : each.end]) for each in seen.policy.spans] == [("PERSON", "Kim")]


@pytest.mark.parametrize("length", [4, 19, 400])
def test_the_mark_tells_nothing_of_how_long_what_it_hides_is(length):
    text = f"key {'x' * length} ends"
    assert hide(cube(text, span(text, "x" * length, "SECRET"))).text == "key [SECRET] ends"


def test_the_same_words_are_taken_out_wherever_else_they_stand_whatever_their_case():
    text = "mail ann@example.org, I repeat: ANN@example.org"
    record = ProvenanceRecord(at=NOW, origin="add", context=CallContext(user="alice", call="c"), trigger="of ann@example.org", links=())
    provenance = Provenance(
        id="p", origin="user", trigger="re ann@example.org", context=CallContext(user="alice", call="c"), links=("mailto:ann@example.org",),
        records=(record,),
    )  # fmt: skip
    memory = cube(
        text, span(text, "ann@example.org"), speaker="ann@example.org", session="with ann@example.org", labels=("ann@example.org",),
        tags=(Tag(name="mail", value="Ann@Example.org"),), path=Path(topic="ann@example.org"), provenance=provenance,
        metadata={"ann@example.org": 1, "list": ["x", {"deep": "to ann@example.org"}]},
    )  # fmt: skip
    seen = hide(memory)
    assert seen.text == "mail [EMAIL], I repeat: [EMAIL]"
    assert "ann@example.org" not in seen.model_dump_json().lower()
    assert seen.metadata == {"[EMAIL]": 1, "list": ["x", {"deep": "to [EMAIL]"}]}
    assert (seen.id, seen.namespace, seen.owner, seen.provenance.context) == (
        memory.id,
        memory.namespace,
        "alice",
        memory.provenance.context,
    )


def test_short_words_are_taken_out_elsewhere_only_where_they_stand_alone():
    text = "Li met Lisa; li left"
    assert (
        hide(cube(text, span(text, "Li", "PERSON"), metadata={"who": "Li", "where": "Lisbon"})).text == "[PERSON] met Lisa; [PERSON] left"
    )


def test_spans_one_over_another_leave_one_mark_and_a_shown_span_that_touches_is_gone():
    text = "abcdefghij klm"
    memory = cube(
        text, SensitiveSpan(start=0, end=6, label="A", sensitivity="restricted"),
        SensitiveSpan(start=4, end=10, label="B", sensitivity="restricted"),
        SensitiveSpan(start=5, end=14, label="C", sensitivity="internal"),
    )  # fmt: skip
    seen = redact(memory, lambda each: each.label == "C")
    assert (seen.text, seen.policy.spans) == ("[A] klm", ())


def test_of_a_text_that_is_not_examined_nothing_is_shown_but_to_whom_all_of_it_is_revealed():
    record = ProvenanceRecord(at=NOW, origin="add", context=CallContext(user="alice", call="c"), trigger="secret four", links=())
    provenance = Provenance(
        id="p", origin="user", trigger="secret two", context=CallContext(user="alice", call="c"), links=("secret three",), records=(record,)
    )
    memory = cube(
        "secret one",
        examined=False,
        tags=(Tag(name="secret five"),),
        metadata={"secret six": 1},
        speaker="secret seven",
        provenance=provenance,
    )
    assert "secret" not in hide(memory).model_dump_json()
    assert hide(memory).text == "[UNEXAMINED]"
    asked = []
    assert redact(memory, lambda each: asked.append((each.label, each.start, each.end)) or True) == memory
    assert asked == [("UNEXAMINED", 0, len("secret one"))]


def test_a_memory_that_is_no_text_is_shown_as_it_is():
    payload = Activation.model_construct(type="activation")
    assert hide(cube("", payload=payload)).payload == payload


def test_random_spans_never_leave_a_hidden_word_and_shown_ones_keep_theirs():
    chance = random.Random(5)
    for _ in range(300):
        words = [f"w{number}{'x' * chance.randrange(9)}q" for number in range(chance.randrange(1, 12))]
        text, at, spans = " ".join(words), 0, []
        for word in words:
            if chance.random() < 0.7:
                level = chance.choice(("internal", "restricted"))
                spans.append(SensitiveSpan(start=at, end=at + len(word), label="L", sensitivity=level))
            at += len(word) + 1
        seen = redact(cube(text, *spans), lambda each: each.sensitivity == "internal")
        hidden = [text[each.start : each.end] for each in spans if each.sensitivity == "restricted"]
        assert not any(word in seen.text.split() for word in hidden)
        kept = [text[each.start : each.end] for each in spans if each.sensitivity == "internal"]
        assert [seen.text[each.start : each.end] for each in seen.policy.spans] == kept
        assert re.sub(r"\[L\]", "", seen.text).count("q") == len(words) - len(hidden)


class Cleared:
    """The decisions of a warrant whose caller is cleared up to a level."""

    def __init__(self, level="internal", caller=BOB):
        self.level, self.caller = level, caller

    def owns(self, memory):
        return self.caller.kind == "system" or self.caller.user == memory.policy.owner

    def without_hidden_parents(self, memory):
        return memory

    def standing(self, memory):
        return memory

    def revealed(self, memory, part):
        return SENSITIVITIES.index(part.sensitivity) <= SENSITIVITIES.index(self.level)


class TestGovernance:
    """Who is shown what, in whatever part of a reply it leaves."""

    text = "Kim is kim@example.org, ssn 536-90-4399"

    def memory(self, **fields):
        governance = MemGovernance()
        labelled = governance.examined(Policy(owner="alice"), governance.examine(self.text))
        return cube(self.text, policy=labelled, **fields)

    def test_the_owner_and_the_system_see_everything_and_others_what_policies_reveal(self):
        governance, memory = MemGovernance(), self.memory()
        assert governance.redacted(Cleared(caller=ALICE), memory) is governance.redacted(Cleared(caller=SYSTEM), memory) is memory
        assert governance.redacted(Cleared(), memory).text == "Kim is [EMAIL], ssn [SSN]"
        assert governance.redacted(Cleared("confidential"), memory).text == "Kim is kim@example.org, ssn [SSN]"
        assert governance.redacted(Cleared("restricted"), memory) == memory

    def test_nothing_leaves_in_hits_cubes_value_or_warnings(self):
        memory = self.memory()
        value = {"changed": [{"before": memory, "after": None}], "texts": ("it says kim@example.org", 3), "other": "jo@example.net"}
        hit = Hit(cube=memory, score=1.0, why={})
        reply = MemoryReply(call_id="c", cubes=(memory,), hits=(hit,), value=value, warnings=("about 536-90-4399",))
        told = MemGovernance().told(Cleared(), reply)
        for secret in ("kim@example.org", "536-90-4399", "jo@example.net"):
            assert secret not in told.model_dump_json()
        assert told.value["texts"] == ("it says [EMAIL]", 3)
        assert told.warnings == ("about [SSN]",)
        assert MemGovernance().told(Cleared(caller=ALICE), reply) == reply

    def test_a_value_without_cubes_beside_it_is_redacted_too(self):
        told = MemGovernance().told(Cleared(), MemoryReply(call_id="c", value=[{"after": self.memory()}]))
        assert "kim@example.org" not in told.model_dump_json()

    def test_what_stands_in_metadata_alone_is_found_there(self):
        memory = cube("plain", metadata={"phone": "4155550123", "count": 4155550123, "pin": 4921})
        seen = MemGovernance().redacted(Cleared(), memory)
        assert seen.metadata == {"phone": "[PHONE]", "count": 4155550123, "pin": "[SECRET]"}

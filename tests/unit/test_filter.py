"""Filters as values: what parses and what is refused, the builder, equality, limits, and the schema."""

import json
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from pydantic import TypeAdapter

from memos.errors import InvalidCall
from memos.memcube.call import MemoryQuery
from memos.memcube.conditions import And
from memos.memcube.fields import FIELDS, OPERATORS, WORDS
from memos.memcube.filter import Filter, where
from memos.memcube.policy import SENSITIVITIES
from memos.memcube.state import Layer, State

EXAMPLE = {"and": [{"tags": {"any": ["home"]}}, {"created_at": {"gte": "2025-01-01"}}]}


class TestParse:
    def test_the_form_that_users_know(self):
        assert Filter.parse(EXAMPLE) == where.tags.any("home") & (where.created_at >= date(2025, 1, 1))

    def test_none_and_the_empty_object_are_everything(self):
        assert Filter.parse(None) == Filter.parse({}) == Filter.everything()

    def test_several_fields_and_several_operators_are_and(self):
        joined = (where.speaker == "Bob") & (where.priority > 1) & (where.priority < 5)
        assert Filter.parse({"speaker": "Bob", "priority": {"gt": 1, "lt": 5}}) == joined

    def test_a_filter_is_itself(self):
        condition = Filter.parse(EXAMPLE)
        assert Filter.parse(condition) is condition

    def test_fields_of_grants_are_refused_unless_internal(self):
        form = {"acl": {"any": ["read:user:bob"]}}
        internal = Filter.parse(form, internal=True)
        assert internal.to_json() == form
        for given in (form, internal):
            with pytest.raises(InvalidCall, match="no field 'acl'"):
                Filter.parse(given)

    @pytest.mark.parametrize(
        ("given", "written"),
        [
            ("2025-01-01", "2025-01-01T00:00:00Z"),
            (date(2025, 1, 1), "2025-01-01T00:00:00Z"),
            ("2025-01-01T01:00:00.5+01:00", "2025-01-01T00:00:00.500000Z"),
            (datetime(2025, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "2025-01-01T00:00:00Z"),
            ("0001-01-01", "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
            ("now", "now"),
        ],
    )
    def test_times(self, given, written):
        assert Filter.parse({"created_at": {"lt": given}}).to_json() == {"created_at": {"lt": written}}

    def test_operands_take_their_canonical_form(self):
        assert (where.namespace == "user/Ana B").to_json() == {"namespace": {"eq": "user/Ana%20B"}}
        assert (where.state == State.MERGED).to_json() == {"state": {"eq": "merged"}}
        assert type((where.layer == Layer.GLOBAL).node.operand) is str
        assert type((where.priority == 5.0).node.operand) is int
        assert where.speaker.in_({"b", "a"}) == where.speaker.in_("a", "b")


class TestRefusals:
    @pytest.mark.parametrize(
        ("form", "message"),
        [
            ({"speakr": "x"}, r"no field 'speakr' \(did you mean speaker\?\); fields are id, .*metadata.<key>"),
            ({"metadata": {"a": 1}}, "did you mean metadata.<key>"),
            ({"metadata.": 1}, "no field 'metadata.'"),
            ({3: 1}, "no field 3"),
            ({"$and": []}, r"did you mean and\?"),
            ({"speaker": {"like": "x"}}, "speaker takes no operator 'like'; it takes eq, ne, in, exists, lt"),
            ({"created_at": {"$gte": "now"}}, r"did you mean gte\?"),
            ({"state": {"lt": "merged"}}, "state takes no operator 'lt'; it takes eq, ne, in, exists"),
            ({"speaker": {"under": "x"}}, "takes no operator 'under'"),
            ({"tags": "home"}, r'tags is a set; write {"any": \[...\]}'),
            ({"tags": {"in": ["home"]}}, "instead of in"),
            ({"tags": {"any": "home"}}, "tags any takes a list, not 'home'"),
            ({"tags": {"any": [1]}}, "tags any takes strings, not 1"),
            ({"speaker": {}}, "speaker names no operator"),
            ({"speaker": None}, r'takes a string, not None; for memories without a value write {"exists": false}'),
            ({"speaker": ["a"]}, r'for several values write {"in": \[...\]}'),
            ({"speaker": 3}, "speaker eq takes a string, not 3"),
            ({"speaker": "a\0"}, "NUL"),
            ({"speaker": "a\ud800"}, "lone surrogate"),
            ({"metadata.a\0": 1}, "a metadata key: .*NUL"),
            ({"metadata.a\udc00": 1}, "a metadata key: .*lone surrogate"),
            ({"owner": "x" * 70_000}, "at most 65,536 bytes, not of 70,000"),
            ({"state": "actived"}, r"one of generated, activated, .* not 'actived' \(did you mean activated\?\)"),
            ({"layer": 1}, "one of private, shared, global"),
            ({"type": "text"}, "one of plaintext"),
            ({"sensitivity": {"in": ["secret"]}}, "one of public"),
            ({"id": "x"}, "a UUID, not 'x'"),
            ({"namespace": "nowhere/x"}, "must begin with one of user"),
            ({"namespace": {"under": 3}}, "a namespace path, not 3"),
            ({"frozen": 1}, "true or false, not 1"),
            ({"frozen": {"exists": "yes"}}, "frozen exists takes true or false, not 'yes'"),
            ({"priority": True}, "a whole number"),
            ({"priority": 1.5}, "a whole number"),
            ({"ordinal": "1"}, "a whole number"),
            ({"ordinal": 2**63}, "not an integer beyond 64 bits"),
            ({"ordinal": 10**5000}, "not an integer beyond 64 bits"),
            ({"metadata.n": -(2**63) - 1}, "64 bits"),
            ({"metadata.n": float("nan")}, "a string, a number or a boolean, not nan"),
            ({"metadata.n": {"in": [float("inf")]}}, "not inf"),
            ({"metadata.n": {"eq": {"a": 1}}}, "a string, a number or a boolean"),
            ({"metadata.n": {"a": 1}}, "metadata.n takes no operator 'a'"),
            ({"created_at": "2025-01-01T00:00:00"}, "has no zone; write it with one, e.g. 2025-01-01T00:00:00Z"),
            ({"created_at": datetime(2025, 1, 1)}, "has no zone"),  # noqa: DTZ001
            ({"created_at": "yesterday"}, "an ISO 8601 time with a zone"),
            ({"created_at": "2025-02-30"}, "an ISO 8601 time"),
            ({"created_at": 1735689600}, "an ISO 8601 time"),
            ({"created_at": "0001-01-01T00:00:00+02:00"}, "outside the years 1 to 9999"),
            ({"and": {"speaker": "x"}}, "'and' takes a list of filters, not dict"),
            ({"or": "x"}, "'or' takes a list"),
            ({"not": [{}]}, "a filter is an object such as"),
            ([], "a filter is an object such as .*, not list"),
            ("home", "a filter is an object"),
        ],
    )
    def test_each_says_what_is_accepted(self, form, message):
        with pytest.raises(InvalidCall, match=message):
            Filter.parse(form)

    def test_an_array_is_no_operand(self):
        with pytest.raises(InvalidCall, match="a string, a number or a boolean"):
            Filter.parse({"metadata.n": np.array([1])})

    def test_too_many_tests(self):
        assert Filter.parse({"or": [{"priority": n} for n in range(1000)]}).referenced_fields()
        with pytest.raises(InvalidCall, match="at most 1,000 tests"):
            Filter.parse({"or": [{"priority": n} for n in range(1001)]})

    def test_too_many_items(self):
        assert where.priority.in_(range_of(10_000)).referenced_fields() == {"priority"}
        with pytest.raises(InvalidCall, match="10,000 list items"):
            where.priority.in_(range_of(10_001))

    def test_too_deep(self):
        def nested(levels):
            form = {"speaker": "x"}
            for _ in range(levels - 1):
                form = {"not": form}
            return form

        assert Filter.parse(nested(32)).referenced_fields()
        for levels in (33, 5_000):
            with pytest.raises(InvalidCall, match="32 levels"):
                Filter.parse(nested(levels))

    def test_joining_is_bounded_too(self):
        condition = where.priority == 1
        with pytest.raises(InvalidCall, match="32 levels"):
            for number in range(40):
                condition = ~(condition & (where.priority == number))

    def test_a_long_chain_stays_flat(self):
        condition = Filter.everything()
        for number in range(900):
            condition &= where.priority.ne(number)
        assert len(condition.node.parts) == 900


def range_of(size):
    return [number % 100 for number in range(size)]


class TestValue:
    def test_true_and_1_are_different_filters(self):
        same = {where.metadata["k"].eq(1), where.metadata["k"].eq(1.0)}
        assert len(same) == 1
        assert where.metadata["k"].eq(True) not in same
        assert where.metadata["k"].in_(0, 1) != where.metadata["k"].in_(0, True)

    def test_it_is_immutable(self):
        condition = where.frozen.exists()
        with pytest.raises(AttributeError):
            condition.node = And(())

    def test_combination(self):
        one, other = where.frozen == True, where.priority > 0  # noqa: E712
        assert (one & Filter.everything()) == one == (one | Filter.nothing())
        assert (one & {"priority": {"gt": 0}}) == (one & other)
        assert (one | {"priority": {"gt": 0}}) == (one | other)
        assert ~~one == one
        assert (~(one | other)).to_json() == {"not": {"or": [{"frozen": {"eq": True}}, {"priority": {"gt": 0}}]}}

    def test_the_fields_it_reads(self):
        condition = Filter.parse({"or": [{"speaker": "x"}, {"not": {"metadata.a.b": 1, "tags": {"none": []}}}]})
        assert condition.referenced_fields() == {"speaker", "metadata.a.b", "tags"}
        assert Filter.nothing().referenced_fields() == set()


class TestBuilder:
    @pytest.mark.parametrize(
        ("built", "form"),
        [
            (where.speaker == "x", {"speaker": {"eq": "x"}}),
            (where.speaker != "x", {"speaker": {"ne": "x"}}),
            (where.priority < 1, {"priority": {"lt": 1}}),
            (where.priority <= 1, {"priority": {"lte": 1}}),
            (where.priority > 1, {"priority": {"gt": 1}}),
            (where.priority >= 1, {"priority": {"gte": 1}}),
            (where.state.in_("merged", "archived"), {"state": {"in": ["merged", "archived"]}}),
            (where.tags.any("a", "b"), {"tags": {"any": ["a", "b"]}}),
            (where.tags.any(["a", "b"]), {"tags": {"any": ["a", "b"]}}),
            (where.tags.any(), {"tags": {"any": []}}),
            (where.tags.all("a"), {"tags": {"all": ["a"]}}),
            (where.tags.none("a"), {"tags": {"none": ["a"]}}),
            (where.speaker.exists(), {"speaker": {"exists": True}}),
            (where.speaker.exists(False), {"speaker": {"exists": False}}),
            (where.namespace.under("user/x"), {"namespace": {"under": "user/x"}}),
            (where.metadata["a b"].eq(3), {"metadata.a b": {"eq": 3}}),
            (~(where.metadata["a"] > "x"), {"not": {"metadata.a": {"gt": "x"}}}),
        ],
    )
    def test_each(self, built, form):
        assert built.to_json() == form
        assert built == Filter.parse(form)

    def test_every_field_is_there(self):
        assert set(dir(where)) == {*FIELDS, "metadata"}
        assert all(getattr(where, name).exists().referenced_fields() == {name} for name in FIELDS)

    def test_an_unknown_field(self):
        with pytest.raises(InvalidCall, match="did you mean speaker"):
            where.speakers  # noqa: B018
        with pytest.raises(InvalidCall, match="no field 'acl'"):
            where.acl  # noqa: B018
        assert not hasattr(where, "__wrapped__")


class TestSchema:
    def test_a_value_takes_the_json_form_and_gives_it(self):
        query = MemoryQuery(filter=EXAMPLE)
        assert query.filter == Filter.parse(EXAMPLE)
        assert json.loads(query.model_dump_json())["filter"]["and"][1] == {"created_at": {"gte": "2025-01-01T00:00:00Z"}}
        assert MemoryQuery(filter=None).filter is None
        with pytest.raises(InvalidCall, match="did you mean speaker"):
            MemoryQuery(filter={"speakr": 1})

    def test_the_json_schema_names_every_field_and_operator(self):
        schema = TypeAdapter(Filter).json_schema()
        fields = schema["properties"]
        assert set(fields) == {*FIELDS, "and", "or", "not"}
        assert schema["additionalProperties"] is False
        for name, kind in FIELDS.items():
            tests = fields[name].get("anyOf", [fields[name]])[-1]
            assert set(tests["properties"]) == set(OPERATORS[kind])
        assert fields["state"]["anyOf"][0]["enum"] == list(WORDS["state"])
        assert fields["tags"]["properties"]["any"]["type"] == "array"

    def test_the_words_are_those_of_the_values(self):
        assert WORDS["sensitivity"] == SENSITIVITIES
        assert WORDS["state"] == tuple(State)


def test_a_date_is_midnight_utc():
    assert (where.created_at == "2025-01-01") == (where.created_at == datetime(2025, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "drop",
    [
        lambda: (where.speaker == "a") and (where.priority > 1),
        lambda: (where.speaker == "a") or (where.priority > 1),
        lambda: not (where.priority > 1),
        lambda: not where.frozen,
        lambda: where.frozen and (where.priority > 1),
        lambda: 1 < where.priority < 5,
        lambda: bool(Filter.everything()),
    ],
)
def test_what_would_drop_conditions_in_silence_is_refused(drop):
    with pytest.raises(TypeError, match="combine filters with &, | and ~"):
        drop()

"""One query: layers, options of the ranking, groups, relations, a moment, each alone and together, the same as arguments and as JSON."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memos import MemoryCall, MemoryQuery, MemOS
from memos.errors import InvalidCall, NotFound
from memos.memcube.change import ChangeSet, Edge, ReadSet
from memos.testing import strategies
from tests.clock import HandClock

START = datetime(2025, 1, 1, tzinfo=UTC)
TALK = [
    ("user", "The hull of the boat needs paint."),
    ("assistant", "Sand it first, then take two coats."),
    ("user", "The mast of the boat is cracked."),
    ("assistant", "A splint may hold for the season."),
    ("user", "The boat sails well now."),
]


@pytest.fixture
def memory():
    with MemOS.open("memory:", embedder="hashing", worker="none", clock=HandClock(START)) as system:
        yield system


@pytest.fixture
def alice(memory):
    return memory.as_user("alice", session="now")


def talked(session, name, *, start=START, about=TALK):
    """A conversation of which each turn came a day after the one before."""
    messages = [{"role": role, "content": text, "at": start + timedelta(days=day)} for day, (role, text) in enumerate(about)]
    return session.add(messages, session=name, wait=True).cubes


def texts(reply):
    return [hit.cube.text for hit in reply.hits]


def require_sums(reply):
    for hit in reply.hits:
        assert sum(hit.why.values()) == pytest.approx(hit.score)


class TestLayers:
    @pytest.fixture
    def everywhere(self, memory, alice):
        """The same fact in all four places, as each of their keepers told it; the global one bears a word more of the question."""
        memory.as_user("cora", roles=("curator",)).add("The office opens at nine", namespace="global", tags=["hours"])
        memory.as_user("sam", roles=("staff",)).add("the office opens  at NINE", namespace="shared/staff")
        alice.add("The office opens at nine", namespace="user/alice")
        alice.add("The office opens at nine", namespace="context/alice/now")
        return memory.as_user("alice", roles=("staff",), session="now")

    def test_equal_facts_come_once_the_nearest_for_all(self, everywhere):
        reply = everywhere.search("when does the office open?")
        (hit,) = reply.hits
        assert hit.cube.namespace == "context/alice/now"
        assert len(hit.also) == 3
        assert [cube.namespace for cube in everywhere.get(hit.also).cubes] == ["user/alice", "shared/staff", "global"]
        require_sums(reply)

    @pytest.mark.parametrize(
        ("layers", "nearest", "others"),
        [(("shared", "global"), "shared/staff", 1), (("global",), "global", 0), ("private", "context/alice/now", 1)],
    )
    def test_layers_narrow_what_is_read(self, everywhere, layers, nearest, others):
        (hit,) = everywhere.search("office", layers=layers).hits
        assert (hit.cube.namespace, len(hit.also)) == (nearest, others)

    def test_layers_and_namespaces_are_joined(self, everywhere):
        (hit,) = everywhere.search("office", layers="global", namespaces="user/alice").hits
        assert hit.cube.namespace == "user/alice"
        assert [cube.namespace for cube in everywhere.get(hit.also).cubes] == ["global"]

    def test_a_layer_that_is_not_open_shows_nothing(self, memory, everywhere):
        assert memory.as_user("eve").search("office", layers="shared").hits == ()
        assert memory.as_user("eve").search("office", namespaces="user/alice", layers="private").hits == ()

    @pytest.mark.parametrize("limit", [1, 2, 5])
    def test_the_limit_is_filled_after_equal_ones_are_joined(self, memory, everywhere, limit):
        alice = memory.as_user("alice", session="now")
        alice.add([f"office number {number}" for number in range(8)], wait=True)
        assert len(everywhere.search("office", limit=limit).hits) == limit

    def test_many_owners_of_one_fact_leave_room_for_others(self, memory):
        for number in range(12):
            memory.as_user(f"u{number}", roles=("staff",)).add("the gate is locked", namespace="shared/staff")
        memory.as_user("sam", roles=("staff",)).add("the gate of the yard is green", namespace="shared/staff", wait=True)
        found = memory.as_user("sam", roles=("staff",)).search("gate locked", limit=2).hits
        assert [len(hit.also) for hit in found] == [11, 0]

    def test_nearer_comes_first_where_scores_tie(self, memory, alice):
        for owner, roles, place in (("cora", ("curator",), "global"), ("sam", ("staff",), "shared/staff"), ("alice", (), "user/alice")):
            person = memory.as_user(owner, roles=roles)
            person.add("same words", namespace=place, metadata={"which": place})
        found = memory.as_user("alice", roles=("staff",)).search("same words", limit=1).hits
        assert found[0].cube.namespace == "user/alice"

    def test_turns_that_say_the_same_stay_apart(self, alice):
        talked(alice, "one", about=[("user", "Yes, the boat."), ("user", "Yes, the boat.")])
        assert texts(alice.search("boat")) == ["Yes, the boat."] * 2

    def test_the_log_names_the_memories_that_a_hit_stands_for(self, everywhere):
        reply = everywhere.search("office")
        row = everywhere.explain(reply.call_id).value
        assert set(reply.hits[0].also) <= {memory["id"] for memory in row["memories"]}


class TestOrder:
    @pytest.fixture
    def session(self, alice):
        talked(alice, "boat")
        alice.add("The boat is insured.", priority=9, wait=True)
        return alice

    def test_orders_rearrange_the_same_hits(self, session):
        best = session.search("boat", limit=4)
        for order, key in (
            ("recent", lambda hit: -hit.cube.said_at.timestamp()),
            ("oldest", lambda hit: hit.cube.said_at.timestamp()),
            ("priority", lambda hit: -hit.cube.policy.priority),
        ):
            reply = session.search("boat", limit=4, rank={"order": order})
            assert {hit.cube.id for hit in reply.hits} == {hit.cube.id for hit in best.hits}
            assert [key(hit) for hit in reply.hits] == sorted(key(hit) for hit in reply.hits)

    def test_said_reads_session_by_session(self, alice):
        talked(alice, "late", start=START + timedelta(days=2))
        talked(alice, "early")
        hits = alice.search("boat", limit=10, rank={"order": "said"}).hits
        assert [hit.cube.session for hit in hits] == ["early"] * 5 + ["late"] * 5
        assert [hit.cube.ordinal for hit in hits] == [*range(5), *range(5)]

    def test_recency_adds_what_halves(self, memory, alice):
        alice.add([{"content": "boat day", "at": START - timedelta(days=days)} for days in (0, 10, 20)], session="days", wait=True)
        reply = alice.search("boat", rank={"recency": {"half_life": 10, "weight": 4}})
        assert [hit.why["recent"] for hit in reply.hits] == pytest.approx([4, 2, 1])
        require_sums(reply)
        assert [hit.why["recent"] for hit in alice.search("boat", rank={"recency": 10}).hits] == pytest.approx([1, 0.5, 0.25])

    def test_recency_counts_from_the_moment_that_is_read(self, memory, alice):
        alice.add("boat", wait=True)
        alice.snapshot("then")
        memory._clock.move(days=10)
        assert alice.search("boat", rank={"recency": 10}).hits[0].why["recent"] == pytest.approx(0.5)
        assert alice.at("then").search("boat", rank={"recency": 10}).hits[0].why["recent"] == pytest.approx(1)

    def test_priority_and_weights_show_and_sum(self, session):
        reply = session.search("boat", rank={"priority": 50, "weights": {"lex": 3.0, "dense": 0.0}})
        assert texts(reply)[0] == "The boat is insured."
        assert reply.hits[0].why["priority"] == pytest.approx(4.5)
        assert all("dense" not in hit.why for hit in reply.hits if not hit.cube.session)
        require_sums(reply)

    def test_a_late_memory_wins_by_recency_though_many_match_as_well(self, memory, alice):
        alice.add([f"boat number {number}" for number in range(700)], wait=True)
        memory._clock.move(days=400)
        alice.add("a boat of which little is said here and now", wait=True)
        assert texts(alice.search("boat", limit=1, rank={"recency": {"half_life": 5, "weight": 100}}))[0].startswith("a boat of")

    def test_the_least_score(self, session):
        scores = [hit.score for hit in session.search("boat").hits]
        reply = session.search("boat", rank={"minimum": scores[2]})
        assert [hit.score for hit in reply.hits] == scores[:3]

    def test_the_least_score_of_the_latest(self):
        with MemOS.open("memory:", embedder=None) as memory:
            alice = memory.as_user("alice")
            alice.add(["one thing", "another thing", "a third thing"])
            assert [hit.score for hit in alice.search("what did I say?", rank={"minimum": 0.5}).hits] == [1, 0.5]

    def test_unlike_ones_first(self, memory):
        alice = memory.as_user("alice")
        alice.add(["the green boat of Ines", "the green boat of Ines and Rui", "the green boat of Rui", "the yellow boat"], wait=True)
        question = "the green boat of Ines or Rui"
        assert texts(alice.search(question))[-1] == "the yellow boat"
        reply = alice.search(question, limit=2, rank={"diverse": 0.7})
        assert texts(reply) == ["the green boat of Ines and Rui", "the yellow boat"]
        require_sums(reply)
        assert [hit.score for hit in reply.hits] == sorted((hit.score for hit in reply.hits), reverse=True)

    def test_without_an_embedder_likeness_is_not_known(self):
        with MemOS.open("memory:", embedder=None) as memory, pytest.raises(InvalidCall, match=r"rank\.diverse"):
            memory.as_user("alice").search("boat", rank={"diverse": 0.5})


class TestCoverage:
    @pytest.fixture
    def year(self, alice):
        """Ten conversations, one a month; in the first one alone the boat is spoken of all the time."""
        for month in range(10):
            about = TALK if month else [("user", f"The boat, the boat, the boat again: {number}") for number in range(20)]
            talked(alice, f"month {month}", start=START + timedelta(days=30 * month), about=about)
        return alice

    def test_the_order_in_which_things_came_up_is_spread_over_the_time(self, year):
        question = "What is the order in which I spoke of the boat?"
        plain, reply = (year.search(question, limit=8, rank={"coverage": coverage}) for coverage in ("off", "auto"))
        assert len({hit.cube.session for hit in reply.hits}) > len({hit.cube.session for hit in plain.hits})
        require_sums(reply)
        assert all(one.score >= other.score for one, other in pairwise(reply.hits))
        assert texts(year.search(question, limit=8, rank={"coverage": "time"})) == texts(reply)

    def test_a_summary_has_whole_exchanges(self, year):
        reply = year.search("Give me a summary of what I said about the cracked mast", limit=4)
        pairs = [(one.cube, other.cube) for one, other in zip(reply.hits[::2], reply.hits[1::2], strict=True)]
        assert all((one.session, one.ordinal + 1) == (other.session, other.ordinal) for one, other in pairs)
        require_sums(reply)

    @pytest.mark.parametrize("question", ["Where is the boat?", "In order to sail, what does the boat need?", "Who summoned the boat?"])
    def test_other_questions_are_left_alone(self, year, question):
        assert year.search(question).hits == year.search(question, rank={"coverage": "off"}).hits


class TestGroups:
    @pytest.fixture
    def session(self, alice):
        talked(alice, "one")
        talked(alice, "two")
        alice.add("The boat is insured.", tags=["topic=money"], wait=True)
        return alice

    def test_hits_come_by_session_and_the_limit_counts_sessions(self, session):
        reply = session.search("boat", group="session", per_group=2, limit=2, filter={"ordinal": {"exists": True}})
        assert [len(group) for group in reply.groups] == [2, 2]
        for group in reply.groups:
            assert len({hit.cube.session for hit in group}) == 1
            assert group[0].group.others == 3
        best = [group[0].score for group in reply.groups]
        assert best == sorted(best, reverse=True)

    def test_what_has_no_session_stands_by_itself(self, memory, session):
        outside = memory.as_user("alice")
        outside.add(["The boat has a name.", "The boat has a flag."], wait=True)
        groups = outside.search("boat", group="session", limit=10).groups
        assert sorted(str(group[0].group.key) for group in groups) == ["None", "None", "now", "one", "two"]
        assert [len(group) for group in groups if group[0].group.key is None] == [1, 1]

    def test_sessions_of_one_name_in_two_namespaces_are_two(self, session):
        session.add([{"role": "user", "content": "The boat in the context"}], session="one", namespace="context/alice/now", wait=True)
        keys = [(group[0].group.key, group[0].group.namespace) for group in session.search("boat", group="session").groups]
        assert ("one", "user/alice") in keys
        assert ("one", "context/alice/now") in keys

    @pytest.mark.parametrize(
        ("by", "keys"), [("namespace", {"user/alice"}), ("speaker", {"user", "assistant", None}), ("tag:topic", {"money", None})]
    )
    def test_other_keys(self, session, by, keys):
        assert {hit.group.key for hit in session.search("boat", group=by, limit=20).hits} == keys

    def test_others_are_what_passes_the_query(self, session):
        window = (START, START + timedelta(days=2))
        (group,) = session.search("boat", group="session", per_group=1, limit=1, window=window, filter={"session": "one"}).groups
        assert group[0].group.others == 1

    def test_an_order_keeps_groups_together(self, session):
        hits = session.search("boat", group="session", rank={"order": "oldest"}).hits
        keys = [hit.group for hit in hits]
        assert len([key for key, before in zip(keys, [None, *keys], strict=False) if key != before]) == len(set(keys))


class TestExpansion:
    def test_the_turns_beside_a_hit(self, alice):
        cubes = talked(alice, "boat")
        reply = alice.search("cracked mast", limit=1, expand=["previous", "next"])
        assert texts(reply) == [TALK[2][1], TALK[1][1], TALK[3][1]]
        assert [(hit.reached.id, hit.reached.relation) for hit in reply.hits[1:]] == [(cubes[2].id, "previous"), (cubes[2].id, "next")]
        assert all(hit.why == {"expanded": hit.score} and hit.score <= reply.hits[0].score for hit in reply.hits[1:])

    def test_a_gap_is_passed_over_and_a_memory_comes_once(self, alice):
        cubes = talked(alice, "boat")
        alice.forget(cubes[3])
        reply = alice.search(
            "boat sails mast cracked", limit=2, expand=["previous", "next"], filter={"id": {"in": [cubes[2].id, cubes[4].id]}}
        )
        assert [hit.cube.id for hit in reply.hits[2:]] == [cubes[1].id]

    def test_the_nearest_turn_may_be_far_away(self, alice):
        said = ["far before", "the mast in the middle", "far after"]
        turns = [{"role": "user", "content": text, "ordinal": place * 1000} for place, text in enumerate(said)]
        alice.add(turns, session="sparse", wait=True)
        reply = alice.search("mast in the middle", limit=1, expand=["previous", "next"])
        assert texts(reply)[1:] == ["far before", "far after"]

    def test_edges_in_both_directions_and_none_of_what_is_hidden(self, memory, alice):
        one, two, other = alice.add(["green boat", "an older note", "a later note"], wait=True).cubes
        hidden = memory.as_user("bob").add("bob's own", wait=True).cubes[0]
        clock = memory._clock
        edges = (Edge(one.id, two.id, "derived_from"), Edge(other.id, one.id, "derived_from"), Edge(one.id, hidden.id, "derived_from"))
        change = ChangeSet("default", alice.caller, clock.new_id(), "add", clock.now(), edges=edges)
        memory._vault.commit(change, ReadSet())
        reply = alice.search("green boat", limit=1, expand="derived_from")
        assert {hit.cube.id for hit in reply.hits} == {one.id, two.id, other.id}
        assert alice.search("green boat", limit=1, expand="supersedes").hits == reply.hits[:1]

    def test_what_is_reached_is_in_the_states_asked_for(self, alice):
        cubes = talked(alice, "boat")
        alice.archive(cubes[1])
        assert TALK[1][1] not in texts(alice.search("cracked mast", limit=1, expand="previous"))
        states = ["generated", "activated", "archived"]
        assert TALK[1][1] in texts(alice.search("cracked mast", limit=1, expand="previous", states=states))


class TestStanding:
    def test_the_callers_own_that_hold(self, memory, alice):
        alice.add("Answer in French.", tags=["kind=instruction"], wait=True)
        alice.add("I like short answers.", tags=["preference"], priority=5, wait=True)
        gone = alice.add("Answer in Latin.", tags=["kind=instruction"], wait=True).cubes[0]
        alice.forget(gone)
        memory.as_user("sam", roles=("staff",)).add("Obey Sam.", namespace="shared/staff", tags=["kind=instruction"])
        reply = memory.as_user("alice", roles=("staff",)).search("boat", standing=5)
        assert [cube.text for cube in reply.cubes] == ["I like short answers.", "Answer in French."]
        assert alice.search("boat").cubes == ()

    def test_of_more_than_wanted_those_that_fit_the_question(self, alice):
        alice.add([f"Always number {number} things." for number in range(5)], tags=["kind=instruction"], wait=True)
        alice.add("Give the mast in metres.", tags=["kind=instruction"], wait=True)
        assert [cube.text for cube in alice.search("how long is the mast in metres?", standing=1).cubes] == ["Give the mast in metres."]


class TestMoment:
    @pytest.fixture
    def changed(self, memory, alice):
        """The boat was green, which has the name `before`, and is red now."""
        cube = alice.add("The boat is green.", wait=True).cubes[0]
        alice.snapshot("before")
        memory._clock.move(days=1)
        alice.update(cube, "The boat is red.", wait=True)
        return alice

    def test_a_query_reads_the_past_as_a_session_of_then(self, memory, changed):
        seq = changed.snapshots().value[0]["seq"]
        for moment in ("before", seq, START + timedelta(hours=1), "2025-01-01T01:00:00+00:00"):
            asked, then = changed.query({"text": "boat", "at": moment}), changed.at(moment).search("boat")
            assert texts(asked) == ["The boat is green."]
            assert asked.hits == then.hits

    def test_the_query_has_the_last_word_on_the_moment(self, changed):
        latest = changed.search("boat").seq
        assert texts(changed.at("before").query({"text": "boat", "at": latest})) == ["The boat is red."]
        assert texts(changed.at("before").query({"text": "boat"})) == ["The boat is green."]

    def test_a_branch_is_kept(self, changed):
        branch = changed.branch("what-if")
        branch.add("The boat is blue.", wait=True)
        assert "The boat is blue." in texts(branch.query({"text": "boat", "at": branch.search("boat").seq}))
        assert "The boat is blue." not in texts(changed.query({"text": "boat"}))

    def test_a_name_that_is_none(self, changed):
        with pytest.raises(NotFound, match="nowhere"):
            changed.query({"text": "boat", "at": "nowhere"})

    def test_the_door_itself_takes_the_moment_in_the_call(self, memory, changed):
        call = MemoryCall(id=memory._clock.new_id(), operation="search", query=MemoryQuery(text="boat", at="before"))
        assert changed._door.handle(changed.caller, call).status == "invalid_call"

    def test_options_mean_the_same_then_and_in_a_branch(self, alice):
        talked(alice, "one")
        talked(alice, "two")
        alice.snapshot("then")
        options = {"group": "session", "per_group": 1, "expand": "next", "rank": {"diverse": 0.3, "order": "oldest"}, "standing": 1}
        now = [(hit.cube.id, hit.group, hit.reached) for hit in alice.search("boat", **options).hits]
        for elsewhere in (alice.at("then"), alice.branch("b")):
            assert [(hit.cube.id, hit.group, hit.reached) for hit in elsewhere.search("boat", **options).hits] == now


class TestPath:
    def test_a_path_narrows_by_its_steps(self, alice):
        alice.add("The mast is cracked.", tags=["topic=boat", "concept=mast"])
        alice.add("The hull is green.", tags=["topic=boat", "concept=hull"])
        alice.add("The house is green.", tags=["topic=house"], wait=True)
        assert len(alice.search("green", path={"topic": "boat"}).hits) == 2
        assert texts(alice.search("green", path={"topic": "boat", "concept": "hull"})) == ["The hull is green."]
        assert alice.search("green", path={"topic": "garden"}).hits == ()

    @pytest.mark.parametrize("path", [{"concept": "mast"}, {"topic": "boat", "fact": "x"}, {"topic": ""}, {"topic": "x" * 300}, {}])
    def test_a_path_begins_with_its_topic(self, alice, path):
        with pytest.raises(InvalidCall, match="path"):
            alice.search("green", path=path)


class TestForms:
    def test_the_same_as_arguments_and_as_json(self, alice):
        talked(alice, "boat")
        options = {
            "limit": 3, "group": "session", "expand": ["next"], "rank": {"order": "recent", "priority": 1.0}, "layers": ["private"],
            "filter": {"role": "user"}, "standing": 1, "explain": True,
        }  # fmt: skip
        query = json.loads(json.dumps({"text": "boat", **options}))
        given, written = alice.search("boat", **options), alice.query(query)
        assert (given.hits, given.details) == (written.hits, written.details)
        assert alice.query(MemoryQuery.model_validate(query)).hits == given.hits

    def test_an_explanation_tells_what_was_understood(self, alice):
        talked(alice, "boat")
        details = alice.search("boat", filter={"role": "user"}, limit=2, rank={"order": "recent"}, explain=True).details
        assert details["scope"] == ["user/alice", "context/alice/now"]
        assert details["passing"] == 3
        assert {"role": {"eq": "user"}} in details["filter"]["and"]
        assert details["options"] == {"limit": 2, "rank": {"order": "recent"}}

    @pytest.mark.parametrize(
        ("query", "named"),
        [
            ({"txt": "boat"}, "txt.*text"),
            ({"rank": {"ordre": "recent"}}, "ordre.*order"),
            ({"rank": {"order": "newest"}}, "rank.order.*recent"),
            ({"rank": {"diverse": 1.5}}, "rank.diverse"),
            ({"rank": {"diverse": "0.5"}}, "rank.diverse"),
            ({"rank": {"diverse": True}}, "rank.diverse"),
            ({"rank": {"recency": 0}}, "rank.recency.half_life"),
            ({"rank": {"recency": {"days": 3}}}, "days.*half_life"),
            ({"rank": {"weights": {"lexx": 1.0}}}, "lexx.*lex"),
            ({"rank": {"weights": {"lex": -1.0}}}, "lex must not be negative"),
            ({"rank": {"weights": {"lex": "much"}}}, "rank.weights.lex"),
            ({"rank": {"minimum": float("nan")}}, "rank.minimum"),
            ({"rank": []}, "rank"),
            ({"group": "colour"}, "group.*session"),
            ({"group": "tag:"}, "group"),
            ({"per_group": 0}, "per_group"),
            ({"expand": ["beside"]}, "expand.*next"),
            ({"layers": ["secret"]}, "layers.*private"),
            ({"standing": -1}, "standing"),
            ({"limit": "3"}, "limit"),
            ({"at": 1.5}, "at"),
            ({"at": "2025-01-01T00:00:00"}, "zone"),
            ({"explain": "yes"}, "explain"),
            ({"filter": {"acl": {"any": ["read:user:alice"]}}}, "acl"),
        ],
    )
    def test_what_is_wrong_is_named_with_what_is_allowed(self, alice, query, named):
        alice.add("boat", wait=True)
        with pytest.raises(InvalidCall, match=named):
            alice.query({"text": "boat", **query})

    @pytest.mark.parametrize("query", ["boat", 3, None, ["boat"], {}, {"limit": 3}])
    def test_what_is_no_query(self, alice, query):
        with pytest.raises(InvalidCall):
            alice.query(query)

    @pytest.mark.parametrize(
        "part", [{"rank": {"order": "recent"}}, {"group": "session"}, {"expand": ["next"]}, {"standing": 1}, {"explain": True}, {"at": 1}]
    )
    def test_a_list_refuses_what_only_a_search_has(self, memory, alice, part):
        call = MemoryCall(id=memory._clock.new_id(), operation="list", query=MemoryQuery.model_validate(part))
        reply = alice._door.handle(alice.caller, call)
        assert (reply.status, next(iter(part)) in reply.message) == ("invalid_call", True)

    def test_a_filter_on_owners_is_under_the_grant(self, memory, alice):
        memory.as_user("bob").add("bob's boat", wait=True)
        alice.add("a boat of mine", wait=True)
        assert texts(alice.search("boat", filter={"owner": "bob"}, namespaces=["user", "shared"])) == []
        assert texts(alice.search("boat", filter={"not": {"owner": "nobody"}}, namespaces=["user"])) == ["a boat of mine"]


RANKS = st.fixed_dictionaries(
    {},
    optional={
        "order": st.sampled_from(["relevance", "recent", "oldest", "priority", "said"]),
        "diverse": st.floats(0, 1),
        "coverage": st.sampled_from(["auto", "off", "time", "exchanges"]),
        "recency": st.one_of(st.none(), st.floats(0.1, 1e6), st.integers(1, 9), st.fixed_dictionaries({"half_life": st.floats(0.1, 99)})),
        "priority": st.floats(-1000, 1000),
        "weights": st.dictionaries(st.sampled_from(["lex", "date"]), st.floats(0, 9)),
        "minimum": st.one_of(st.none(), st.floats(-99, 99)),
    },
)
QUERIES = st.fixed_dictionaries(
    {"text": strategies.texts()},
    optional={
        "filter": strategies.filters(),
        "window": st.fixed_dictionaries({"start": strategies.instants()}),
        "path": st.fixed_dictionaries({"topic": st.sampled_from(["boat", "é"])}),
        "types": st.lists(st.sampled_from(["plaintext", "parameter"])),
        "states": st.lists(st.sampled_from(["merged", "archived"])),
        "namespaces": st.lists(strategies.namespaces()),
        "layers": st.lists(st.sampled_from(["private", "shared", "global"])),
        "at": st.one_of(st.none(), st.integers(0, 2**62), st.sampled_from(["before", "2025-01-01"]), strategies.instants()),
        "limit": st.integers(1, 1000),
        "rank": RANKS,
        "group": st.sampled_from([None, "session", "tag:topic"]),
        "per_group": st.integers(1, 100),
        "expand": st.lists(st.sampled_from(["next", "supersedes"])),
        "standing": st.integers(0, 100),
        "explain": st.booleans(),
    },
)


@given(QUERIES)
def test_a_query_is_read_as_it_was_written(fields):
    query = MemoryQuery.model_validate(fields)
    assert MemoryQuery.model_validate(query.model_dump(mode="json")) == query
    assert MemoryQuery.model_validate_json(query.model_dump_json()) == query


def test_the_published_schema_names_every_field():
    schema = MemoryQuery.model_json_schema()
    assert set(schema["properties"]) == set(MemoryQuery.model_fields)
    assert schema["additionalProperties"] is False

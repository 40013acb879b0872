"""Tags as a user meets them: predicted beside one's own, renamed, ordered, and gathered into indexes."""

from datetime import UTC, datetime, timedelta

import pytest

from evals.structure.labels import labels, topic_figures
from memos import MemOS
from memos.errors import Denied, InvalidCall, NotFound
from memos.memcube.cube import Tag

LIKES = "I love Thai food."


@pytest.fixture
def memory(tmp_path):
    with MemOS.open(tmp_path / "memory", embedder="hashing", worker="none") as system:
        yield system


@pytest.fixture
def alice(memory):
    return memory.as_user("alice")


@pytest.fixture
def admin(memory):
    return memory.as_user("root", roles=("admin",))


def keys(cube, by="predicted"):
    return {tag.key for tag in cube.tags if tag.by == by}


class TestPredicted:
    def test_they_stand_beside_a_users_own(self, alice):
        cube = alice.add(LIKES, tags=["food", "mood=good"]).cubes[0]
        assert keys(cube, "user") == {"food", "mood=good"}
        assert keys(cube) == {"kind=preference", "credibility=stated", "sentiment=positive", "source=told"}
        assert alice.get(cube.id).cubes[0].tags == cube.tags
        assert [each.id for each in alice.list(filter={"tags": {"any": ["kind=preference"]}}).cubes] == [cube.id]

    def test_a_new_text_is_predicted_anew_and_other_changes_keep_what_stands(self, alice):
        cube = alice.add(LIKES, tags=["food"]).cubes[0]
        kept = alice.update(cube.id, tags=["dinner"], metadata={"a": 1}).cubes[0]
        assert (keys(kept), keys(kept, "user")) == (keys(cube), {"dinner"})
        other = alice.update(cube.id, "Never cook fish again.").cubes[0]
        assert (keys(other) & {"kind=instruction", "kind=preference"}, keys(other, "user")) == ({"kind=instruction"}, {"dinner"})
        assert [keys(each) >= {"kind=preference"} for each in alice.history(cube.id).cubes] == [True, True, False]
        back = alice.restore(cube.id, version=1).cubes[0]
        assert (keys(back), keys(back, "user")) == (keys(cube), {"food"})

    def test_what_a_user_says_wins_and_what_is_given_back_is_no_users(self, alice):
        cube = alice.add(LIKES, tags=["sentiment=negative"]).cubes[0]
        assert [tag.key for tag in cube.tags if tag.name == "sentiment"] == ["sentiment=negative"]
        again = alice.update(cube.id, tags=[*cube.predicted_tags, "x"]).cubes[0]
        assert keys(again, "user") == {"x"}
        assert "sentiment=positive" in keys(again), "it is predicted again once nobody says otherwise"
        forged = alice.add("The bus is red.", tags=[Tag(name="kind", value="instruction", by="predicted")]).cubes[0]
        assert "kind=instruction" not in keys(forged)

    def test_exists_asks_for_tags_of_users(self, alice):
        bare, tagged = alice.add(["The bus is red.", "The tram is blue."]).cubes
        alice.update(tagged.id, tags=["transport"])
        assert [each.id for each in alice.list(filter={"tags": {"exists": True}}).cubes] == [tagged.id]
        assert [hit.cube.id for hit in alice.search("bus", filter={"tags": {"exists": False}}).hits] == [bare.id]

    def test_equal_facts_and_merges_join_the_users_tags_alone(self, alice):
        first = alice.add("The bus is red.", tags=["a"]).cubes[0]
        same = alice.add("the bus is  RED.", tags=["b"]).cubes[0]
        assert (same.id, same.version, keys(same, "user"), keys(same)) == (first.id, 2, {"a", "b"}, keys(first))
        alice.add("the bus is red.")
        assert alice.get(first.id).cubes[0].version == 2
        longer = alice.update(first.id, "I love riding it every day.", mode="merge", tags=["c"]).cubes[0]
        assert keys(longer, "user") == {"a", "b", "c"}
        assert "kind=preference" in keys(longer)

    def test_what_is_composed_is_derived(self, alice):
        parts = alice.add(["The bus is red.", "The tram is blue."]).cubes
        assert "source=derived" in keys(alice.compose(parts, tags=["city"]).cubes[0])

    def test_what_an_assistant_says_is_told_apart(self, alice):
        user, machine = alice.add(
            [{"role": "user", "content": "I prefer tea."}, {"role": "assistant", "content": "I prefer short names."}]
        ).cubes
        assert keys(user) >= {"kind=preference", "source=told"}
        assert "source=assistant" in keys(machine)
        assert "kind=preference" not in keys(machine)

    def test_a_branch_predicts_and_merging_keeps_what_fits_the_text(self, alice):
        cube = alice.add("The bus is red.", tags=["a"]).cubes[0]
        branch = alice.branch("try")
        branch.update(cube.id, LIKES)
        alice.update(cube.id, tags=["b"])
        branch.merge()
        now = alice.get(cube.id).cubes[0]
        assert (now.text, keys(now, "user")) == (LIKES, {"b"})
        assert "kind=preference" in keys(now)

    def test_nothing_but_words_differs_between_moments(self, alice):
        alice.add("The bus is red.", tags=["a"])
        alice.snapshot("then")
        alice.add(LIKES)
        assert alice.diff("then", "now").value["changed"] == []

    def test_they_can_be_turned_off(self, tmp_path):
        with MemOS.open(tmp_path / "m", embedder=None, worker="none") as on:
            cube = on.as_user("alice").add(LIKES, tags=["food"]).cubes[0]
        with MemOS.open(tmp_path / "m", worker="none", settings={"structure": False}) as off:
            alice = off.as_user("alice")
            assert keys(alice.add("Never cook fish again.").cubes[0]) == set()
            assert keys(alice.update(cube.id, tags=["x"]).cubes[0]) == keys(cube), "what stands is kept with its text"
            assert keys(alice.update(cube.id, "It is late.").cubes[0]) == set()


class TestHidden:
    def test_tags_say_nothing_of_what_some_may_not_see(self, memory, alice):
        bob = memory.as_user("bob")
        text = "The report is ready. I hate the dreadful Project Raven."
        span = {"start": 21, "end": len(text), "label": "SECRET", "sensitivity": "restricted"}
        cube = alice.add(text, spans=[span], sensitivity="internal", acl={"user:bob": ["read"]}).cubes[0]
        assert keys(cube) >= {"kind=fact", "sentiment=neutral"}
        assert keys(bob.get(cube.id).cubes[0]) == keys(cube)
        assert bob.list(filter={"tags": {"any": ["kind=preference", "sentiment=negative"]}}, namespaces="user/alice").cubes == ()
        whole = alice.update(cube.id, spans=[], sensitivity="internal").cubes[0]
        assert keys(whole) >= {"kind=preference", "sentiment=negative"}
        hidden = alice.update(cube.id, spans=[span]).cubes[0]
        assert keys(hidden) == keys(cube), "marked later, it is told anew"

    def test_who_counts_tags_counts_what_is_shown(self, memory, alice):
        bob = memory.as_user("bob")
        alice.add(
            "About the boat write to kim@example.org",
            tags=["to=kim@example.org", "boat"],
            sensitivity="internal",
            acl={"user:bob": ["read"]},
        )
        alice.add("Mine alone", tags=["private"])
        told = {row["tag"] for row in bob.tags(namespaces="user/alice").value if row["by"] == "user"}
        assert told == {"to=[EMAIL]", "boat"}
        words = bob.catalogue("keywords", namespaces="user/alice", least=1).value
        assert not {"kim", "mine", "alone"} & {row["word"] for row in words}
        assert "boat" in {row["word"] for row in words}


class TestNames:
    def test_they_are_listed_with_counts_and_by_whom(self, alice):
        alice.add(["The bus is red.", "The tram is blue."], tags=["transport"])
        rows = alice.tags().value
        assert {"tag": "transport", "by": "user", "count": 2, "under": None} in rows
        assert {"tag": "kind=fact", "by": "predicted", "count": 2, "under": None} in rows
        assert [row["count"] for row in rows] == sorted((row["count"] for row in rows), reverse=True)
        assert len(alice.tags(limit=1).value) == 1
        assert alice.tags(filter={"id": "01a20000-0000-7000-8000-000000000000"}).value == []

    def test_one_is_renamed_everywhere_in_one_commit(self, alice):
        cubes = alice.add(["One.", "Two.", "Three."], tags=["flat=1"]).cubes
        alice.update(cubes[1].id, tags=["flat=2", "home=2"])
        alice.update(cubes[2].id, tags=["flatter"])
        before = alice.get(cubes[0].id).cubes[0].seq
        assert alice.rename_tag("flat", "home", trigger="tidy").value == {"renamed": 2, "frozen": 0}
        after = alice.get([cube.id for cube in cubes]).cubes
        assert [sorted(keys(each, "user")) for each in after] == [["home=1"], ["home=2"], ["flatter"]]
        assert after[0].seq == after[1].seq > before
        assert (after[0].version, after[0].provenance.origin, after[0].provenance.trigger) == (2, "rename", "tidy")
        assert alice.rename_tag("home=1", "home=one").value["renamed"] == 1
        assert sorted(keys(alice.history(cubes[0].id).cubes[0], "user")) == ["flat=1"]

    def test_what_may_not_be_written_stays(self, memory, alice):
        bob = memory.as_user("bob")
        theirs = alice.add("Read only", tags=["x"], acl={"user:bob": ["read"]}).cubes[0]
        frozen, mine = bob.add(["Frozen", "Thawed"], tags=["x"]).cubes
        bob.freeze(frozen.id)
        assert bob.rename_tag("x", "y", namespaces=["user/bob", "user/alice"]).value == {"renamed": 1, "frozen": 1}
        assert keys(alice.get(theirs.id).cubes[0], "user") == {"x"}
        assert keys(bob.get(mine.id).cubes[0], "user") == {"y"}

    def test_nonsense_is_refused(self, alice):
        alice.add(LIKES, tags=["a=1"])
        for old, new in (("a", "a"), ("a", "b=2"), ("", "b"), ("a", "")):
            with pytest.raises(InvalidCall):
                alice.rename_tag(old, new)
        with pytest.raises(NotFound):
            alice.rename_tag("kind=preference", "kind=wish")


class TestHierarchy:
    def test_under_finds_all_below(self, alice, admin):
        alice.add(["In Paris it rains.", "In Lyon it snows.", "At sea it blows."], tags=[])
        paris, lyon, sea = alice.list().cubes
        for cube, tag in ((paris, "paris"), (lyon, "city=lyon"), (sea, "sea")):
            alice.update(cube.id, tags=[tag])
        for tag, under in (("paris", "france"), ("city=lyon", "france"), ("france", "place")):
            admin.place_tag(tag, under)
        for under in ("france", "place"):
            assert {cube.id for cube in alice.list(filter={"tags": {"under": under}}).cubes} == {paris.id, lyon.id}
        assert [cube.id for cube in alice.list(filter={"not": {"tags": {"under": "place"}}}).cubes] == [sea.id]
        assert {hit.cube.id for hit in alice.search("it", filter={"tags": {"under": "place"}}, namespaces="user/alice").hits} <= {
            paris.id,
            lyon.id,
        }
        assert {row["tag"]: row["under"] for row in alice.tags().value if row["by"] == "user"} == {
            "paris": "france", "city=lyon": "france", "sea": None,
        }  # fmt: skip
        admin.place_tag("paris", None)
        assert [cube.id for cube in alice.list(filter={"tags": {"under": "place"}}).cubes] == [lyon.id]
        assert [cube.id for cube in alice.list(filter={"tags": {"under": "sea"}}).cubes] == [sea.id], "a tag stands under itself"

    def test_circles_and_bad_names_are_refused(self, alice, admin):
        admin.place_tag("a", "b")
        admin.place_tag("b", "c")
        for tag, under in (("c", "a"), ("d", "d"), ("", "x"), ("x", ""), ("x" * 300, "y")):
            with pytest.raises(InvalidCall):
                admin.place_tag(tag, under)
        with pytest.raises(Denied):
            alice.place_tag("x", "y")
        with pytest.raises(InvalidCall, match="one by one"):
            admin.govern("retention", "old", {"filter": {"tags": {"under": "c"}}, "ttl_days": 1, "action": "archive"})

    def test_what_stands_under_is_erased_as_it_is_listed(self, alice, admin):
        alice.add("In Paris it rains.", tags=["paris"])
        alice.add("At sea it blows.")
        admin.place_tag("paris", "place")
        alice.erase(filter={"tags": {"under": "place"}})
        assert [cube.text for cube in alice.list().cubes] == ["At sea it blows."]


class TestCatalogue:
    def test_preferences_are_newest_first_without_what_was_superseded(self, alice):
        start = datetime(2025, 1, 1, tzinfo=UTC)
        said = ["I love Thai food.", "Always answer in French.", "The bus is red.", "I prefer short replies."]
        cubes = alice.add([{"content": text, "at": start + timedelta(days=day)} for day, text in enumerate(said)]).cubes
        assert [cube.text for cube in alice.catalogue("preferences").cubes] == [said[3], said[1], said[0]]
        alice.forget(cubes[3].id)
        page = alice.catalogue("preferences", limit=1)
        assert [cube.text for cube in page.cubes] == [said[1]]
        assert [cube.text for cube in alice.catalogue("preferences", limit=1, cursor=page.next).cubes] == [said[0]]

    def test_an_ended_preference_is_left_out(self, memory, alice):
        old = alice.add("I live in Lisbon with my sister.", tags=["kind=preference"]).cubes[0]
        assert [cube.id for cube in alice.catalogue("preferences").cubes] == [old.id]
        alice.add("We have left Lisbon: I moved to Porto with my sister.")
        memory.drain(10)
        assert alice.get(old.id).cubes[0].valid_to is not None
        assert alice.catalogue("preferences").cubes == ()

    def test_anchors_are_what_is_pinned_dated_or_named(self, alice):
        dated, named, pinned, frozen, weighty, _ = alice.add(
            ["We married on 3 May 2019.", "Our dog is called Rex.", "The code is on the door.", "It stays.", "It weighs.", "It is nothing."]
        ).cubes
        alice.update(pinned.id, tags=["pinned"])
        alice.freeze(frozen.id)
        alice.update(weighty.id, priority=60)
        assert {cube.id for cube in alice.catalogue("anchors").cubes} == {dated.id, named.id, pinned.id, frozen.id, weighty.id}

    def test_keywords_count_the_memories_that_hold_them(self, alice):
        first, second, _ = alice.add(["The bus is red.", "A bus came.", "The tram is blue."]).cubes
        assert alice.catalogue("keywords").value == [{"word": "bus", "count": 2, "ids": alice.catalogue("keywords").value[0]["ids"]}]
        assert set(alice.catalogue("keywords").value[0]["ids"]) == {first.id, second.id}
        assert {row["word"] for row in alice.catalogue("keywords", least=1).value} >= {"bus", "tram", "red", "blue"}

    def test_there_are_no_others(self, alice):
        with pytest.raises(InvalidCall):
            alice.catalogue("secrets")


class TestTopics:
    @pytest.fixture
    def told(self, tmp_path):
        with MemOS.open(tmp_path / "topics", worker="none", settings={"archive_after_days": None}) as memory:
            alice = memory.as_user("alice")
            reply = alice.add([each.text for each in labels()])
            memory.drain()
            yield memory, alice, reply

    def test_the_worker_finds_them_and_the_past_knows_none(self, told):
        memory, alice, reply = told
        assert memory.sweep()["topics"] > 150
        cubes = alice.get([cube.id for cube in reply.cubes]).cubes
        found = [cube.path.topic if cube.path else None for cube in cubes]
        for cube, topic in zip(cubes, found, strict=True):
            assert [tag.value for tag in cube.tags if tag.name == "topic"] == ([topic] if topic else [])
            assert (cube.version, cube.provenance.origin) == (1, "user")
        figures = topic_figures(labels(), found)
        assert figures["topic macro F1"] >= 0.7
        assert figures["topic unseen macro F1"] >= 0.68
        assert figures["topic pair F1"] >= 0.5
        topic = next(filter(None, found))
        wanted = {"tags": {"any": [f"topic={topic}"]}}
        assert len(alice.list(filter=wanted, limit=200).cubes) == found.count(topic)
        assert alice.at(reply.seq).list(filter=wanted).cubes == ()
        assert alice.diff(reply.seq, "now").value["changed"] == [], "nobody has changed anything"
        assert "topics" not in memory.sweep(), "a second time there is nothing to do"

    def test_a_new_text_loses_its_topic_and_a_new_tag_does_not(self, told):
        memory, alice, reply = told
        memory.sweep()
        cube = next(cube for cube in alice.get([cube.id for cube in reply.cubes]).cubes if cube.path)
        tagged = alice.update(cube.id, tags=["x"]).cubes[0]
        assert tagged.path == cube.path
        assert {tag.key for tag in tagged.predicted_tags} == {tag.key for tag in cube.predicted_tags}
        fresh = alice.update(cube.id, "We bought a new car.").cubes[0]
        assert fresh.path is None
        assert not [tag for tag in fresh.tags if tag.name == "topic"]

    def test_those_whom_others_may_not_read_name_nothing_for_them(self, tmp_path):
        with MemOS.open(tmp_path / "m", worker="none", settings={"topics_from": 10}) as memory:
            alice, bob = memory.as_user("alice"), memory.as_user("bob")
            alice.add([f"The zeppelin hangar stands open, door {n}." for n in range(30)])
            opened = alice.add([f"The airship landed at field {n}." for n in range(30)], acl={"user:bob": ["read"]}).cubes
            memory.drain()
            memory.sweep()
            told = {row["tag"] for row in bob.tags(namespaces="user/alice").value}
            assert any(tag.startswith("topic=") for tag in told)
            assert not any(word in tag for tag in told for word in ("zeppelin", "hangar", "door"))
            assert len(bob.list(namespaces="user/alice", limit=100).cubes) == len(opened)

    def test_a_tenant_with_policies_of_its_own_has_none(self, tmp_path):
        with MemOS.open(tmp_path / "m", worker="none", settings={"topics_from": 10}) as memory:
            policy = 'permit (principal, action == Action::"read", resource) when { resource.tags.contains("open") };'
            memory.as_user("root", roles=("admin",)).govern("policy", "open", {"text": policy})
            memory.as_user("alice").add([each.text for each in labels()[:60]])
            memory.drain()
            assert "topics" not in memory.sweep()

    def test_they_wait_for_enough_memories_and_can_be_left_out(self, tmp_path):
        for number, settings in enumerate(({}, {"topics_from": None}, {"structure": False})):
            with MemOS.open(tmp_path / str(number), worker="none", settings=settings) as memory:
                memory.as_user("alice").add([each.text for each in labels()[: 40 if not settings else 60]])
                memory.drain()
                assert "topics" not in memory.sweep()


class TestTopicsOfOthers:
    """A topic is named by words of several memories, so it stands only where these may be known."""

    @pytest.fixture
    def grouped(self, tmp_path):
        settings = {"topics_from": 30, "archive_after_days": None}
        with MemOS.open(tmp_path / "m", embedder="hashing", worker="none", settings=settings) as memory:
            alice = memory.as_user("alice")
            things = ["apple", "river", "stone", "paper", "glass", "chair", "table", "lamp", "door", "floor"]
            told = [f"The divorce lawyer wrote about custody and the {each}" for each in things * 2]
            cubes = alice.add([f"{text} {place}" for place, text in enumerate([*told, *told])]).cubes
            alice.add("The custody invoice is ready")
            memory.drain()
            memory.sweep()
            assert topics_of(alice), "some have topics"
            yield memory, alice, cubes

    @pytest.mark.parametrize("change", ["share", "transfer", "sensitivity", "restore"])
    def test_one_for_other_readers_has_none(self, grouped, change):
        _, alice, _ = grouped
        cube = next(each for each in alice.list(limit=100).cubes if each.path)
        if change == "share":
            alice.share(cube.id, "user:bob")
        elif change == "transfer":
            alice.transfer(cube.id, to="user/alice/else")
        elif change == "sensitivity":
            alice.update(cube.id, sensitivity="confidential")
        else:
            alice.update(cube.id, "The bus is red")
            alice.restore(cube.id, version=1)
        after = alice.get(cube.id).cubes[0]
        assert (after.path, place_of(after)) == (None, [])
        assert {tag.name for tag in after.predicted_tags} >= {"kind", "source"}

    def test_the_past_shows_others_none_that_it_had_before_it_was_shared(self, grouped):
        memory, alice, _ = grouped
        cube = next(each for each in alice.list(limit=100).cubes if each.path)
        alice.snapshot("before")
        alice.share(cube.id, "user:bob", rights=("read", "history"))
        bob = memory.as_user("bob")
        before = alice.snapshots().value[0]["seq"]
        then = bob.at(before).get(cube.id).cubes[0]
        assert (then.text, then.path, place_of(then)) == (cube.text, None, [])
        assert not [row for row in bob.at(before).tags(namespaces="user/alice").value if row["tag"].startswith("topic=")]
        assert alice.at(before).get(cube.id).cubes[0].path == cube.path, "its owner sees it"

    def test_an_erasure_takes_away_the_names_that_nobody_holds_and_leaves_the_rest(self, grouped):
        memory, alice, _ = grouped
        alice.add([f"Tomatoes grow beside the garden fence {number}" for number in range(30)])
        alice.add([f"The divorce lawyer came again {number}" for number in range(30)])
        memory.drain()
        memory.sweep()
        before = {cube.id: cube for cube in alice.list(limit=200).cubes}
        alice.erase([next(iter(before))])
        assert "topics" not in memory.sweep(), "one that is gone moves no other"
        gone = [key for key, cube in before.items() if "Tomatoes" in cube.text]
        alice.erase(gone[2:])
        memory.sweep()
        left = alice.list(limit=200).cubes
        assert all(cube.path == before[cube.id].path for cube in left)
        alice.erase(gone[:1])
        memory.sweep()
        words = {word for cube in alice.list(limit=200).cubes if cube.path for word in f"{cube.path.topic} {cube.path.concept}".split()}
        assert not words & {"tomatoes", "fence", "garden", "grow"}

    def test_too_few_after_an_erasure_have_none(self, grouped):
        memory, alice, cubes = grouped
        alice.erase([cube.id for cube in cubes[:30]])
        assert memory.sweep()["topics"] > 0
        assert not topics_of(alice)
        assert "topics" not in memory.sweep(), "once is enough"
        alice.add([f"The divorce lawyer came again {number}" for number in range(30)])
        memory.drain()
        assert memory.sweep()["topics"] > 0, "and found again when there are enough"

    def test_a_policy_of_the_tenants_own_takes_them_away(self, grouped):
        memory, alice, _ = grouped
        policy = 'permit (principal, action == Action::"read", resource) when { resource.tags.contains("open") };'
        memory.as_user("root", roles=("admin",)).govern("policy", "open", {"text": policy})
        assert memory.sweep()["topics"] > 0
        assert not topics_of(alice)
        assert "topics" not in memory.sweep()


def place_of(cube):
    return [tag.key for tag in cube.predicted_tags if tag.name in {"topic", "concept", "fact"}]


def topics_of(session):
    return [cube.path for cube in session.list(limit=200).cubes if cube.path or place_of(cube)]

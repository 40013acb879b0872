"""Ranking: candidates give what full scoring gives, contributions add up, nobody's scores tell of what they may not see."""

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.retrieval.fitting import LIMITS
from evals.retrieval.memory_view import Book
from memos.backends.onnx import MiniLM
from memos.errors import InvalidCall
from memos.memcube.call import CubeDraft, Grant, MemoryQuery
from memos.memcube.fields import microseconds
from memos.memcube.filter import Filter
from memos.operation.memoperator import dates, ranking
from memos.operation.memoperator.bounds import block_best, bounds
from memos.operation.memoperator.dates import dates_in, fit
from memos.operation.memoperator.features import ABOUT, NAMES, features, missing
from memos.operation.memoperator.operator import MemOperator
from memos.operation.memoperator.ranking import Fusion, shipped_weights
from memos.operation.memoperator.retrieval import Retrieval
from memos.operation.memoperator.scope import BLOCK
from memos.testing.retrieval_eval import load

HARBOUR = Path(__file__).resolve().parents[2] / "evals" / "data" / "harbour.json"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANYONE = Grant(filter=Filter.everything(), policies=())
ALICE = Grant(filter=Filter.parse({"owner": "alice"}), policies=())
HERE = ("user/alice",)
WORDS = ["apple", "pear", "plum", "fig", "date", "lime", "kiwi", "nut", "oat", "rye", "7", "yesterday", "the", "what"]
QUESTIONS = (
    "apple pear plum",
    "When did Ann eat a fig in May 2023?",
    "How many limes has Bob, since 8 June?",
    "what is it about",
    "Ann and Bob rye oat",
    "zebra",
)
UNTAGGED = Filter.parse({"tags": {"none": ["hidden"]}})


def day(text):
    return microseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))


@cache
def random_book(seed, size=400, *, dimensions=6, namespaces=HERE):
    """Talk of several sessions, some of one turn, some long, and notes between, some still without a vector."""
    random = np.random.default_rng(seed)
    book = Book(dimensions=dimensions)
    for _ in range(size):
        text = " ".join(random.choice(WORDS, random.integers(1, 12))) + random.choice(["", "?"])
        vector = random.normal(size=dimensions) if dimensions and random.random() < 0.95 else None
        session = None if random.random() < 0.3 else f"s{int(random.exponential(8))}"
        tags = ("hidden",) if random.random() < 0.2 else ("rare",) if random.random() < 0.05 else ()
        book.add(
            text,
            vector=vector,
            namespace=str(random.choice(namespaces)),
            session=session,
            ordinal=int(random.integers(0, size)) if session else None,
            speaker=[None, "Ann", "Bob", "assistant", "user"][random.integers(0, 5)] if session else None,
            tags=tags,
            owner=str(random.choice(["alice", "bob"])),
            said_at=day("2023-05-01") + int(random.integers(0, 90)) * 86_400_000_000,
        )
    return book


def query(text, vector=None, **arguments):
    return MemoryQuery(text=text, vector=vector, namespaces=arguments.pop("namespaces", HERE), **arguments)


def search(book, text, vector=None, *, grant=ANYONE, retrieval=None, **arguments):
    return (retrieval or Retrieval()).retrieve(query(text, vector, **arguments), book.view(), grant, NOW).hits


cases = st.tuples(
    st.integers(0, 30), st.sampled_from(QUESTIONS), st.booleans(), st.sampled_from([None, UNTAGGED]), st.sampled_from([ANYONE, ALICE])
)


class TestCandidates:
    @given(cases, st.integers(1, 30))
    def test_the_best_are_those_of_full_scoring(self, case, limit):
        seed, text, dense, wanted, grant = case
        book, vector = random_book(seed), np.ones(6, np.float32) if dense else None
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ranking, "SMALL", 1e9)
            whole = search(book, text, vector, filter=wanted, grant=grant, limit=limit)
        with pytest.MonkeyPatch.context() as patched:
            for name, value in (("SMALL", 0), ("NARROW", 1e9), ("FIRST", 1)):
                patched.setattr(ranking, name, value)
            bounded = search(book, text, vector, filter=wanted, grant=grant, limit=limit)
        assert [hit.row for hit in bounded] == [hit.row for hit in whole]
        assert [hit.score for hit in bounded] == pytest.approx([hit.score for hit in whole])

    @given(cases)
    def test_no_score_exceeds_the_bound_of_its_block(self, case):
        seed, text, dense, wanted, grant = case
        signals = Retrieval().signals(
            query(text, np.ones(6, np.float32) if dense else None, filter=wanted), random_book(seed).view(), grant, NOW
        )
        weights = shipped_weights()["dense" if dense else "lexical"]
        limits = bounds(signals, weights, signals.passing)
        at = np.flatnonzero(signals.passing)
        assert (Fusion(weights).rank(signals, at).scores <= limits[at // BLOCK] + 1e-4).all()

    def test_few_are_scored_in_full(self, monkeypatch):
        """A real conversation of 240 turns, twenty times over: of the 4,800 memories fewer than half are scored for a question."""
        conversation, book, scored = load(HARBOUR)[0], Book(), []
        for place, turn in enumerate(conversation["turns"] * 20):
            book.add(turn["text"], speaker=turn["speaker"], session=f"{place // 240} {turn['session']}", ordinal=place)
        whole = Fusion.rank
        monkeypatch.setattr(Fusion, "rank", lambda self, signals, at: scored.append(len(at)) or whole(self, signals, at))
        retrieval = Retrieval()
        for row in conversation["qa"]:
            assert len(search(book, row["q"], retrieval=retrieval)) == 10
        assert sum(scored) / len(conversation["qa"]) < 2400

    @given(st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=100))
    def test_the_best_of_each_block(self, values):
        expected = [max(values[start : start + BLOCK]) for start in range(0, len(values), BLOCK)]
        assert block_best(np.array(values, np.float32)).tolist() == expected


class TestContributions:
    @given(cases)
    def test_they_sum_to_the_score_and_name_features(self, case):
        seed, text, dense, wanted, grant = case
        hits = search(random_book(seed), text, np.ones(6, np.float32) if dense else None, filter=wanted, grant=grant)
        for hit in hits:
            assert sum(hit.why.values()) == pytest.approx(hit.score, abs=1e-12)
            assert set(hit.why) <= {*NAMES, "recent"}
            assert 0.0 not in hit.why.values()
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)

    def test_each_is_its_weight_times_its_feature(self):
        book = random_book(3)
        retrieval = Retrieval()
        (hit, *_) = search(book, QUESTIONS[1], np.ones(6, np.float32), retrieval=retrieval)
        signals = retrieval.signals(query(QUESTIONS[1], np.ones(6, np.float32)), book.view(), ANYONE, NOW)
        position = int(np.flatnonzero(signals.scope.rows == hit.row)[0])
        values = features(signals, np.array([position]))
        weights = shipped_weights()["dense"]
        expected = {name: weights[name] * float(value[0]) for name, value in values.items() if weights.get(name)}
        for what, none in zip(ABOUT[1:], missing(signals, np.array([position]))[:, 0], strict=True):
            for lane in ("lex", "dense"):
                if none:
                    expected[lane] += expected.pop(lane + what, 0)
        assert hit.why == pytest.approx({name: value for name, value in expected.items() if value})

    @pytest.mark.parametrize("dense", [True, False])
    def test_what_stands_alone_tells_of_no_neighbour_and_no_session(self, dense):
        """What stands in for them is made of the memory's own likeness, and is counted to it."""
        book = Book(dimensions=2)
        for angle, text in enumerate(["apple pie and pear", "plum and pear", "fig"]):
            book.add(text, vector=np.array([np.cos(angle), np.sin(angle)]))
        book.add("apple", vector=np.array([0, 1]), session="one turn", ordinal=0)
        for hit in search(book, "apple or plum?", np.array([1, 0], np.float32) if dense else None):
            assert set(hit.why) <= {"lex", "dense", "rare", "thin"}
            assert sum(hit.why.values()) == pytest.approx(hit.score, abs=1e-12)

    def test_the_first_turn_of_a_session_tells_of_the_next_alone(self):
        book = Book()
        for ordinal, text in enumerate(["apple", "apple pie", "plum"]):
            book.add(text, session="s", ordinal=ordinal)
        first = next(hit for hit in search(book, "apple") if hit.row == 1)
        assert "lex_next" in first.why
        assert not {"lex_prev", "answers"} & set(first.why)


class TestBlindness:
    @given(st.integers(0, 20), st.sampled_from(QUESTIONS), st.booleans())
    def test_rows_outside_the_grant_change_no_score(self, seed, text, dense):
        """Alice's rows alone give what they give among Bob's, which interrupt her sessions, share her words and bear other names."""
        mixed, alone = random_book(seed), Book(dimensions=6)
        for namespace, row in mixed.rows:
            if row.owner == "alice":
                alone.put(row, namespace)
        alone.vectors, alone.seq = mixed.vectors, mixed.seq
        vector = np.ones(6, np.float32) if dense else None
        among, only = (search(book, text, vector, grant=ALICE, limit=50) for book in (mixed, alone))
        assert [hit.row for hit in among] == [hit.row for hit in only]
        for one, other in zip(among, only, strict=True):
            assert one.why == pytest.approx(other.why, abs=1e-6)

    def test_other_namespaces_are_not_read(self):
        book = Book()
        book.add("apple", namespace="user/bob")
        assert search(book, "apple") == ()


class TestScope:
    @settings(max_examples=25)
    @given(st.integers(0, 20), st.sampled_from(QUESTIONS), st.booleans())
    def test_namespaces_below_are_read_as_one(self, seed, text, dense):
        """Notes alone, since a session belongs to one namespace."""
        split, whole = random_book.__wrapped__(seed, namespaces=("user/alice", "user/alice/x", "user/alice/y")), Book(dimensions=6)
        split.rows = [(path, row._replace(session=None, ordinal=None)) for path, row in split.rows]
        whole.rows, whole.vectors, whole.seq = [("user/alice", row) for _, row in split.rows], split.vectors, split.seq
        vector = np.ones(6, np.float32) if dense else None
        parts, one = (search(book, text, vector, limit=30) for book in (split, whole))
        assert [hit.row for hit in parts] == [hit.row for hit in one]
        assert [hit.score for hit in parts] == pytest.approx([hit.score for hit in one], abs=1e-5)

    def test_a_neighbour_counts_though_the_filter_hides_it(self):
        book = Book()
        book.add("plum", session="s", ordinal=1)
        book.add("apple", session="s", ordinal=0, tags=("hidden",))
        book.add("plum", session="t", ordinal=1)
        first, second = search(book, "apple plum", filter=UNTAGGED)
        assert first.row == 1
        assert "lex_prev" in first.why
        assert second.why.get("lex_prev", 0) < first.why["lex_prev"]

    def test_the_greatest_is_of_those_that_pass(self):
        book = Book()
        book.add("apple apple apple", tags=("hidden",))
        book.add("apple and some other fruit")
        alone = Book()
        alone.add("apple and some other fruit")
        (hit,), (same,) = search(book, "apple", filter=UNTAGGED), search(alone, "apple")
        assert hit.why["lex"] == pytest.approx(same.why["lex"])

    def test_neighbours_are_those_of_the_session_by_ordinal(self):
        book = Book()
        for session, ordinal, text in (("s", 2, "plum"), ("t", 0, "apple"), ("s", 1, "kiwi"), ("s", 0, "apple"), (None, None, "plum")):
            book.add(text, session=session, ordinal=ordinal)
        hits = {hit.row: hit.why for hit in search(book, "apple kiwi")}
        assert hits[1]["lex_prev"] > hits[1].get("lex_next", 0)
        assert 5 not in hits

    def test_a_note_competes_with_talk(self):
        """A note that says as much as a turn comes before the turns that say less, and after one whose neighbours speak of it as well."""
        book = Book()
        for ordinal, text in enumerate(["apple pear", "apple pear plum", "pear plum", "fig", "lime", "nut", "oat", "plum"]):
            book.add(text, session="s", ordinal=ordinal)
        note = book.add("apple pear plum")
        rows = [hit.row for hit in search(book, "apple pear plum")]
        assert set(rows[:2]) == {1, 2}
        assert rows.index(note.row) <= 3


class TestQueries:
    def test_a_vector_alone_ranks_by_likeness(self):
        book = Book(dimensions=2)
        for angle in (0.0, 0.5, 1.0, 1.5):
            book.add("fig lime kiwi nut oat rye pear plum", vector=np.array([np.cos(angle), np.sin(angle)]))
        assert [hit.row for hit in search(book, "", np.array([0, 1], np.float32))] == [4, 3, 2, 1]

    def test_nothing_but_stop_words_lists_the_latest(self):
        book = Book()
        for when in (3, 1, 2):
            book.add("apple", said_at=when)
        hits = search(book, "what is it about?", limit=2)
        assert [(hit.row, hit.score, hit.why) for hit in hits] == [(1, 1.0, {"recent": 1.0}), (3, 0.5, {"recent": 0.5})]

    def test_without_vectors_only_what_the_words_touch_is_listed(self):
        book = Book()
        book.add("apple", session="s", ordinal=0)
        book.add("yes", session="s", ordinal=1)
        book.add("pear")
        assert {hit.row for hit in search(book, "apple")} == {1, 2}
        assert search(book, "zebra") == ()

    def test_a_date_that_is_named_is_evidence(self):
        book = Book()
        book.add("plum", said_at=day("2023-05-20"))
        book.add("plum", said_at=day("2022-05-20"))
        assert [hit.row for hit in search(book, "what happened in May 2023")] == [1]

    def test_nothing_in_scope(self):
        assert search(Book(), "apple") == ()
        book = Book()
        book.add("apple", tags=("hidden",))
        assert search(book, "apple", filter=UNTAGGED) == ()

    @pytest.mark.parametrize("text", ["!!!", "…", "", " "])
    def test_nothing_that_could_be_found_finds_nothing(self, text):
        book = Book()
        book.add("apple")
        assert search(book, text) == ()

    def test_the_latest_of_one_moment_is_what_was_said_last(self):
        book = Book()
        for session, ordinal in (("s", 0), ("s", 2), ("s", 1), (None, None), (None, None)):
            book.add("apple", session=session, ordinal=ordinal, said_at=7)
        assert [hit.row for hit in search(book, "what did I say?")] == [2, 3, 1, 5, 4]
        assert [hit.row for hit in search(book, "what did I say?", limit=2)] == [2, 3]

    @pytest.mark.parametrize(("stored", "asked"), [("so happy 😀", "😀"), ("thumbs 👍🏽", "👍"), ("Bonjour 🇫🇷!", "who wrote 🇫🇷?")])
    def test_an_emoji_is_found(self, stored, asked):
        book = Book()
        book.add("nothing 🎈 here 🇩🇪")
        book.add(stored)
        assert [hit.row for hit in search(book, asked)] == [2]

    @pytest.mark.parametrize(
        ("stored", "asked"), [("Tomás came to the café", "Tomas"), ("the cafe is shut", "café"), ("Łódź in May", "lodz")]
    )
    def test_marks_do_not_matter(self, stored, asked):
        book = Book()
        book.add("plum")
        book.add(stored)
        assert [hit.row for hit in search(book, asked)] == [2]

    def test_a_speaker_is_named_with_marks_or_without(self):
        book = Book()
        for speaker in ("Tomás", "Zoe"):
            book.add("apple", speaker=speaker, session="s", ordinal=len(book.rows))
        for text, row in (("did Tomas eat an apple?", 1), ("did Zoë eat an apple?", 2)):
            assert [hit.row for hit in search(book, text) if hit.why.get("named")] == [row]

    @pytest.mark.parametrize("limit", [1, 3, 5, 10])
    def test_ties_go_by_priority_then_to_the_latest(self, limit):
        book = Book()
        for when, priority in ((5, 0), (9, 0), (5, 0), (9, 0), (5, 0), (1, 7)):
            book.add("apple", said_at=when, priority=priority)
        assert [hit.row for hit in search(book, "apple", limit=limit)] == [6, 4, 2, 5, 3, 1][:limit]

    def test_who_is_named_matters_unless_everybody_is(self):
        book = Book()
        for speaker in ("Ann Lee", "Bob", "user"):
            book.add("apple", speaker=speaker, session="s", ordinal=len(book.rows))
        named = {hit.row: hit.why.get("named", 0) for hit in search(book, "did bob eat an apple?")}
        assert named[2] > 0 == named[1] == named[3]
        assert all("named" not in hit.why for hit in search(book, "did Bob and Lee eat an apple?"))
        assert all("named" not in hit.why for hit in search(book, "did the user eat an apple?"))


class TestDates:
    @pytest.mark.parametrize(
        ("question", "expected"),
        [
            ("on 8 May 2023", [(2023, 5, 8)]),
            ("May 8th, 2023", [(2023, 5, 8)]),
            ("in May 2023", [(2023, 5, None)]),
            ("in Sept.", [(None, 9, None)]),
            ("on 2023-05-08", [(2023, 5, 8)]),
            ("in 2022", [(2022, None, None)]),
            ("2023/05/08", [(2023, 5, 8)]),
            ("the second of february", [(None, 2, 2)]),
            ("February twenty-first, 2022", [(2022, 2, 21)]),
            ("on the thirty-first of May", [(None, 5, 31)]),
            ("who is April?", []),
            ("did we march on?", []),
            ("What did you tell Jan and August?", []),
            ("last April", [(None, 4, None)]),
            ("What happened in march?", [(None, 3, None)]),
            ("the trip of May 2023", [(2023, 5, None)]),
            ("on March", [(None, 3, None)]),
            ("this may be it", []),
            ("her July trip", [(None, 7, None)]),
            ("İs it in May?", [(None, 5, None)]),
            ("you may go", []),
            ("in may", [(None, 5, None)]),
            ("version 2022", []),
            ("2023-13-01", []),
            ("between 3rd of June and July 4", [(None, 6, 3), (None, 7, 4)]),
        ],
    )
    def test_are_read_as_they_are_written(self, question, expected):
        assert dates_in(question) == [dates.Named(*each) for each in expected]

    @pytest.mark.parametrize(
        ("question", "said", "expected"),
        [
            ("in May 2023", "2023-05-31", 1),
            ("in May 2023", "2023-04-30", 1),
            ("in May 2023", "2023-04-29", 0),
            ("in May 2023", "2023-06-22", 0),
            ("8 May", "2021-05-08", 1),
            ("8 May", "2021-05-19T12:00", 0.5),
            ("30 February 2023", "2023-02-28", 0),
            ("in 2022", "2022-12-31", 1),
            ("the second of february", "2023-02-02", 1),
            ("the second of february", "2023-02-20", 0.19),
            ("in December", "2023-01-11T12:00", 0.5),
            ("1 January or 1 June 2023", "2023-06-01", 1),
        ],
    )
    def test_fit_the_interval_and_the_weeks_after_it(self, question, said, expected):
        found = fit(dates_in(question), np.array([day(said), day("2023-03-20")]))
        assert found[0] == pytest.approx(expected, abs=0.03)

    def test_of_nothing_fit_nothing(self):
        assert fit(dates_in("in May"), np.empty(0, np.int64)).tolist() == []


class TestWeights:
    def test_those_shipped_name_features_and_ask_for_more_evidence(self):
        for name, weights in shipped_weights().items():
            Fusion(weights)
            assert set(weights) <= set(NAMES)
            assert not [feature for feature in weights if feature.startswith("dense")] or name in {"late", "dense"}
            assert not [feature for feature in weights if feature.startswith("late")] or name == "late"
            for feature, (lowest, highest) in LIMITS.items():
                assert lowest <= weights.get(feature, 0) <= highest or feature.startswith(("dense", "late"))

    def test_the_only_memory_with_a_word_outweighs_its_neighbours(self):
        for weights in shipped_weights().values():
            nearby = max(weights.get("lex_prev", 0) + weights["answers"], weights["lex_next"], weights["lex_near2"])
            assert weights["lex"] + weights["rare"] + weights.get("late", 0) > nearby

    def test_those_shipped_are_the_file(self):
        path = Path(ranking.__file__).with_name("weights.json")
        assert json.loads(path.read_text(encoding="utf-8")) == shipped_weights()

    def test_evidence_that_counts_against_a_memory_is_refused(self):
        with pytest.raises(InvalidCall, match="lex_prev, dense_sess must not be negative"):
            Fusion({"lex": 1.0, "lex_prev": -0.1, "dense_sess": -2.0})

    def test_others_can_be_given(self):
        book = Book()
        book.add("apple?")
        book.add("apple pie and more fruit")
        only = {"dense": {}, "lexical": {"lex": 1.0, "asks": -5.0}}
        assert [hit.row for hit in search(book, "apple", retrieval=Retrieval(weights=only))] == [2, 1]


@cache
def model():
    return MiniLM()


def said(turns, question, *, dense, limit=10):
    """Of talk and facts, (speaker, text) or text, the texts found, best first."""
    book = Book(dimensions=384 if dense else None)
    texts = [f"{turn[0]}: {turn[1]}" if isinstance(turn, tuple) else turn for turn in turns]
    vectors = model().embed([*texts, question]) if dense else [None] * (len(turns) + 1)
    for place, (turn, vector) in enumerate(zip(turns, vectors, strict=False)):
        speaker, text = turn if isinstance(turn, tuple) else (None, turn)
        at = {"speaker": speaker, "role": speaker, "session": "s", "ordinal": place} if speaker else {}
        book.add(text, vector=vector, **at)
    return [turns[hit.row - 1] for hit in search(book, question, vectors[-1], limit=limit)]


STARTER = (
    ("user", "Give me a name for the sourdough starter"),
    ("assistant", "Call the sourdough starter Doughlores."),
    ("user", "lol ok thanks"),
    ("user", "I bought some flour and a new bread knife at the market today."),
)
ADVICE = (
    ("user", "Which restaurant should we book for our anniversary?"),
    ("assistant", "For your anniversary I recommend Chez Lucien, it has quiet tables and a good wine list."),
    ("user", "Great, I will call them."),
    ("user", "I need a password manager, which one is good?"),
    ("assistant", "Bitwarden is open source and works on all of your devices; I would go with that."),
    ("user", "I want to run a half marathon in spring, which training plan should I use?"),
    ("assistant", "Use the Hal Higdon novice plan: twelve weeks, four runs a week, with a long run on Sundays."),
    ("user", "My sister Nora got a puppy called Biscuit."),
    ("assistant", "Congratulations to Nora! Puppies need a lot of sleep, so Biscuit may nap often."),
)
FACTS = (
    "Before that I lived in Antwerp.", "The API key for staging lives in 1Password.", "I moved to Utrecht in 2021.",
    "My favourite colour is teal.", "I am allergic to peanuts.", "The wifi password is on the fridge.", "I drive an old Volvo.",
    "Our standup is at 9:30.", "The cat is called Miso.", "I play the cello on Sundays.",
)  # fmt: skip


@pytest.mark.parametrize("dense", [True, False])
class TestWhoSaidIt:
    @pytest.mark.parametrize("question", ["Doughlores", "Who is Doughlores?", "tell me about doughlores"])
    def test_the_only_memory_with_a_word_comes_first_whoever_said_it(self, question, dense):
        assert said(STARTER, question, dense=dense)[0] == STARTER[1]

    @pytest.mark.parametrize(
        ("question", "answer"),
        [
            ("Which restaurant did you recommend for the anniversary?", 1),
            ("what password manager did you suggest", 4),
            ("Which training plan did you tell me to use?", 6),
            ("You've mentioned a wine list, where was that?", 1),
            ("What was the restaurant from our previous conversation?", 1),
            ("Your advice for the marathon training?", 6),
        ],
    )
    def test_who_asks_what_the_assistant_said_gets_that(self, question, answer, dense):
        assert said(ADVICE, question, dense=dense)[0] == ADVICE[answer]

    def test_a_brief_answer_is_found_by_the_words_of_its_question(self, dense):
        talk = (("Ann", "What do you feed the parrot?"), ("Bo", "Sunflower seeds."), ("Bo", "I have to go."), ("Ann", "See you on Monday."))
        assert said(talk, "What does the parrot get?", dense=dense)[:2] == [talk[0], talk[1]]


ESSAY = "Your puppy Biscuit " + "wants food, sleep, toys and a patient hand " * 20


@pytest.mark.parametrize(
    ("question", "counts"),
    [
        ("What is my puppy called?", True),
        ("Tell us about the puppy", True),
        ("Does a puppy nap?", False),
        ("Did you tell me what my puppy wants?", False),
        ("What did I call the puppy after you recommended Rex?", False),
    ],
)
def test_what_an_assistant_says_at_length_is_held_against_it_only_where_the_question_is_about_the_asker(question, counts):
    book = Book()
    for ordinal, (role, text) in enumerate((("assistant", ESSAY), ("assistant", "A puppy naps."), ("user", ESSAY), ("user", "My puppy!"))):
        book.add(text, role=role, session="s", ordinal=ordinal)
    why = {hit.row: hit.why for hit in search(book, question)}
    assert (why[1].get("assistant_x_mine", 0) < 0) is counts
    assert 10 * why[2].get("assistant_x_mine", 0) >= why[1].get("assistant_x_mine", 0)
    assert all("assistant_x_mine" not in why[row] for row in (3, 4))


def test_a_word_that_few_memories_hold_counts_the_more_the_fewer_they_are():
    book = Book()
    for text in ("apple", "apple pear", "plum pear", "plum", *["plum fig"] * 8):
        book.add(text)
    weight = shipped_weights()["lexical"]["rare"]
    assert {hit.row: hit.why["rare"] / weight for hit in search(book, "apple") if "rare" in hit.why} == {1: 0.25, 2: 0.25}
    assert [hit.why.get("rare") for hit in search(book, "plum")] == [None] * 10
    book.add("kiwi pear")
    assert next(hit for hit in search(book, "kiwi pear") if hit.row == 13).why["rare"] == weight


def test_nothing_is_thin_but_a_turn():
    book = Book()
    book.add("apple", session="s", ordinal=0)
    book.add("apple", session="s")
    book.add("apple")
    assert {hit.row: "thin" in hit.why for hit in search(book, "apple")} == {1: True, 2: False, 3: False}


def test_where_one_lives_is_found_among_facts_that_use_the_word_otherwise():
    assert said(FACTS, "Where do I live?", dense=True).index(FACTS[2]) < 2


class TestOperator:
    def test_structures_drafts_and_retrieves(self):
        book, operator = Book(), MemOperator()
        book.add("apple")
        (terms,) = operator.structure([CubeDraft(text="Apples!", speaker="Ann", role="user")])
        assert terms.counts == {"appl": 1, "ann": 1}
        assert [hit.row for hit in operator.retrieve(query("apple"), book.view(), ANYONE, NOW).hits] == [1]

"""The grammar of times: the lists that it must read, what it must not read, anchors, schedules, zones, hostile texts."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.reader.times import lists, score
from memos.errors import InvalidCall
from memos.interface.memreader.language import language_of, stop_words
from memos.interface.memreader.times import Times, may_name_a_time, read_times

NOW = datetime(2025, 7, 16, 14, 30, tzinfo=UTC)  # a Wednesday
WORDS = """
    the last next this past two 3 31 2024 1999 99999999999 week weeks month months year ago in from to between and since before after until
    May March Friday friday Christmas Easter summer fall morning at 3pm 12:00 noon end of beginning first third quarter half century 1990s
    '90s 2024-02-30 31/02/2024 9999-12-31 0001-01-01 2024-W60 every day hace días semana pasada 上周 三天前 2024年 , . - – 's of second
    """.split()  # noqa: SIM905 - words as one writes them


def window(text, now=NOW, **options):
    """The window of a text as local ISO times without seconds, None where open; None when there is none."""
    found = read_times(text, now=now, **options).window
    if found is None:
        return None
    return tuple(time.astimezone(now.tzinfo).isoformat(timespec="minutes")[:16] if time else None for time in (found.start, found.end))


@pytest.mark.proof(capability="times", small=1, full=20)
def test_the_lists_are_read(trials, record_proof):
    figures = {}
    for name, rows in lists().items():
        results = [score(rows) for _ in range(trials)]
        best = results[0]
        figures[name] = {"right": best.right, "windows": best.windows, "false_positives": best.false, "look_alikes": best.look_alikes}
        assert best.right >= 0.95 * best.windows, (name, figures[name])
        assert best.false <= max(1, 0.02 * best.look_alikes), (name, figures[name])
        assert all((each.right, each.false) == (best.right, best.false) for each in results)
    record_proof(rounds=trials, lists=figures)
    assert figures.get("shared", {"right": 67})["right"] >= 62


class TestWindows:
    def test_are_half_open_and_local(self):
        lisbon = NOW.astimezone(ZoneInfo("Europe/Lisbon"))
        assert window("yesterday", lisbon) == ("2025-07-15T00:00", "2025-07-16T00:00")
        assert read_times("yesterday", now=lisbon).window.start == datetime(2025, 7, 14, 23, tzinfo=UTC)

    @pytest.mark.parametrize(("day", "hours"), [("2025-03-30", 23), ("2025-10-26", 25), ("2025-06-01", 24)])
    def test_a_day_may_have_23_or_25_hours(self, day, hours):
        noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo("Europe/Berlin"))
        found = read_times("what happened today", now=noon).window
        assert found.end - found.start == timedelta(hours=hours)

    def test_hours_are_real_hours(self):
        noon = datetime(2025, 3, 30, 12, tzinfo=ZoneInfo("Europe/Berlin"))
        found = read_times("messages from the last 24 hours", now=noon).window
        assert found.end - found.start == timedelta(hours=24)
        assert window("messages from the last 24 hours", noon) == ("2025-03-29T11:00", "2025-03-30T12:00")

    def test_week_start(self):
        assert window("this week", week_start=0) == ("2025-07-14T00:00", "2025-07-21T00:00")
        assert window("this week", week_start=6) == ("2025-07-13T00:00", "2025-07-20T00:00")

    def test_the_country_says_which_comes_first(self):
        assert window("on 03/04/2025") == ("2025-03-04T00:00", "2025-03-05T00:00")
        assert window("on 03/04/2025", country="GB") == ("2025-04-03T00:00", "2025-04-04T00:00")
        assert window("on 15/04/2025") == ("2025-04-15T00:00", "2025-04-16T00:00")

    def test_the_country_says_when_a_feast_is(self):
        assert window("last Thanksgiving") == ("2024-11-28T00:00", "2024-11-29T00:00")
        assert window("last Thanksgiving", country="CA") == ("2024-10-14T00:00", "2024-10-15T00:00")

    def test_what_looks_forward_means_the_next(self):
        assert window("what did Bob say on Friday") == ("2025-07-11T00:00", "2025-07-12T00:00")
        assert window("remind me on Friday") == ("2025-07-18T00:00", "2025-07-19T00:00")
        assert window("what is due in May") == ("2026-05-01T00:00", "2026-06-01T00:00")

    def test_a_statement_is_read_by_its_tense(self):
        assert window("My exam is on Friday", told=True) == ("2025-07-18T00:00", "2025-07-19T00:00")
        assert window("I saw her on Friday", told=True) == ("2025-07-11T00:00", "2025-07-12T00:00")

    def test_over_a_feast_of_several_days_means_all_of_them(self):
        assert window("what did we do over Christmas") == ("2024-12-24T00:00", "2024-12-27T00:00")
        assert window("what did we eat on Christmas") == ("2024-12-25T00:00", "2024-12-26T00:00")
        assert window("who came over Easter") == ("2025-04-18T00:00", "2025-04-22T00:00")
        assert window("what did I buy over the holidays") == ("2024-12-24T00:00", "2025-01-02T00:00")
        assert window("was it warm in the holidays") is None

    def test_this_weekend_is_over_where_the_words_look_back(self):
        assert window("what is on this weekend") == ("2025-07-19T00:00", "2025-07-21T00:00")
        assert window("what did I do this weekend") == ("2025-07-12T00:00", "2025-07-14T00:00")

    def test_of_several_the_overlap_or_from_first_to_last(self):
        assert window("in June and July") == ("2025-06-01T00:00", "2025-08-01T00:00")
        assert window("in 2024, the notes from March 2024") == ("2024-03-01T00:00", "2024-04-01T00:00")

    def test_a_date_with_its_year_outweighs_a_relative_day(self):
        assert window("What did Ann finish last Friday on 23 January, 2022?") == ("2022-01-23T00:00", "2022-01-24T00:00")

    def test_the_phrase_is_where_it_stands(self):
        text = "🙂 what happened — 昨 — last week?"
        (phrase,) = read_times(text, now=NOW).phrases
        assert text[phrase.start : phrase.end] == phrase.text == "last week"

    def test_other_languages_have_their_numbers(self):
        assert window("was habe ich am 03.05.2024 über das Haus gesagt") == ("2024-05-03T00:00", "2024-05-04T00:00")
        assert window("und was ist mit der Last im Mai und nicht im Winter") is None


class TestCalls:
    def test_a_naive_now_is_refused(self):
        with pytest.raises(InvalidCall, match="aware"):
            read_times("yesterday", now=datetime(2025, 7, 16, 14, 30))  # noqa: DTZ001

    def test_a_day_that_no_week_has_is_refused(self):
        with pytest.raises(InvalidCall, match="week_start"):
            read_times("yesterday", now=NOW, week_start=7)

    def test_memos_does_not_import_the_reader(self):
        code = "import memos, sys; print([m for m in sys.modules if 'memreader' in m or 'dateutil' in m])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"


class TestUnresolved:
    @pytest.mark.parametrize("text", ["what did I say recently", "the other day", "a while ago", "someday", "my FY24 budget", "back then"])
    def test_what_names_no_bounds_is_said_to(self, text):
        found = read_times(text, now=NOW)
        assert found.window is None
        assert [each.kind for each in found.unresolved] == ["time"]
        assert found.unresolved[0].text in text

    @pytest.mark.parametrize("text", ["999999999 years ago", "in 99999999 weeks", "notes from 9999-12-31"])
    def test_what_no_calendar_has(self, text):
        found = read_times(text, now=NOW)
        assert found.window is None
        assert "calendar" in found.unresolved[0].reason

    def test_what_is_resolved_is_not_unresolved(self):
        assert read_times("three years ago", now=NOW).unresolved == ()


class TestAnchors:
    @pytest.mark.parametrize(
        ("text", "head", "bearing"),
        [
            ("during the conference", "conference", "during"),
            ("since we met", "met", "since"),
            ("when I was a child", "child", "during"),
            ("what changed after my hospitalization?", "hospitalization", "after"),
            ("what was my weight before the wedding", "wedding", "before"),
            ("the week after the trip", "trip", "after"),
            ("What did I eat after the marathon in Valencia?", "marathon in Valencia", "after"),
            ("Until the divorce, who paid the mortgage?", "divorce", "until"),
            ("what was the plan around the time of the launch?", "launch", "around"),
            ("notes from when we were renovating the loft", "renovating the loft", "during"),
            ("List the books I read on my sabbatical", "sabbatical", "during"),
            ("how did I feel during pre-season training", "pre-season training", "during"),
        ],
    )
    def test_name_a_time_by_an_event_and_no_window(self, text, head, bearing):
        found = read_times(text, now=NOW)
        (anchor,) = found.anchors
        assert (anchor.head, anchor.bearing, found.window) == (head, bearing, None)
        assert text[anchor.start : anchor.end] == anchor.text

    def test_a_time_that_owns_an_event_gives_both(self):
        found = read_times("what did the doctor say during last year's hospitalization", now=NOW)
        assert window("what did the doctor say during last year's hospitalization") == ("2024-01-01T00:00", "2025-01-01T00:00")
        assert [anchor.head for anchor in found.anchors] == ["hospitalization"]

    @pytest.mark.parametrize(
        "text", ["before you go", "after all", "since it is cheaper", "when did I call Ann?", "until further notice", "When has she left?"]
    )
    def test_other_words_behind_such_prepositions_are_none(self, text):
        assert read_times(text, now=NOW).anchors == ()


class TestSchedules:
    @pytest.mark.parametrize(
        ("text", "rule"),
        [
            ("Every Monday at 9, summarise what came in", "FREQ=WEEKLY;BYDAY=MO;BYHOUR=9"),
            ("on the 1st of each month", "FREQ=MONTHLY;BYMONTHDAY=1"),
            ("each month on the 1st", "FREQ=MONTHLY;BYMONTHDAY=1"),
            ("each evening list the open tasks", "FREQ=DAILY"),
            ("every evening at 8", "FREQ=DAILY;BYHOUR=20"),
            ("On weekdays at 7:30 remind me", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=7;BYMINUTE=30"),
            ("every other Tuesday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"),
            ("Mondays and Thursdays at 6pm", "FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=18"),
            ("the first Monday of every month at 10am", "FREQ=MONTHLY;BYDAY=1MO;BYHOUR=10"),
            ("every 3 hours", "FREQ=HOURLY;INTERVAL=3"),
            ("every year on 3 May", "FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=3"),
            ("every quarter", "FREQ=MONTHLY;INTERVAL=3"),
            ("cada lunes", "FREQ=WEEKLY;BYDAY=MO"),
        ],
    )
    def test_a_recurrence_is_a_rule_and_no_window(self, text, rule):
        from dateutil.rrule import rrulestr

        found = read_times(text, now=NOW)
        assert (found.schedule.rule, found.window) == (rule, None)
        assert rrulestr(rule, dtstart=datetime(2025, 7, 16, 14, 30)).after(datetime(2025, 7, 16, 14, 30)) is not None  # noqa: DTZ001

    @pytest.mark.parametrize(
        ("text", "event"),
        [
            ("whenever a new report comes in, summarise it", "a new report comes in"),
            ("remind me when I get home to call mum", "I get home"),
            ("If the invoice is paid, archive the order", "the invoice is paid"),
        ],
    )
    def test_a_condition_is_an_event(self, text, event):
        assert read_times(text, now=NOW).schedule.event == event

    @pytest.mark.parametrize(
        "text",
        ["the daily standup template", "let me know if you need anything", "what happened when I was in Rome", "as soon as possible"],
    )
    def test_no_schedule(self, text):
        assert read_times(text, now=NOW).schedule is None

    def test_an_order_for_later_is_once(self):
        found = read_times("remind me on Friday at 9 to call Ann", now=NOW)
        assert found.schedule.once == found.window
        assert found.window.start == datetime(2025, 7, 18, 9, tzinfo=UTC)

    @pytest.mark.parametrize("text", ["remind me what she said last Friday", "remind me what I do on Friday", "what do I do every Monday?"])
    def test_a_question_orders_nothing(self, text):
        assert read_times(text, now=NOW).schedule is None


class TestHostileTexts:
    @pytest.mark.parametrize(
        "piece",
        ["the first week of ", "between ", "3-", "2024-", "1 and ", "'s", "entre el ", "三天前", "3pm ", "June 3, ", "(", "last ", "0"],
    )
    @pytest.mark.timeout(60)  # an expression that tries all ways to cut such a text takes hours
    def test_are_read_to_the_end(self, piece):
        assert read_times(piece * (60_000 // len(piece)), now=NOW) is not None

    def test_of_a_long_text_the_beginning_is_read(self):
        assert read_times("x " * 3000 + "yesterday", now=NOW).window is None

    @given(
        st.one_of(st.text(max_size=80), st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)),
        st.datetimes(
            timezones=st.sampled_from([UTC, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia"), timezone(timedelta(hours=-9.5))])
        ),
        st.sampled_from([None, "en", "es", "zh", "de"]),
        st.integers(0, 6),
        st.booleans(),
    )
    @settings(max_examples=300, deadline=None)
    def test_are_read_without_an_error(self, text, now, language, week_start, told):
        found = read_times(text, now=now, language=language, week_start=week_start, told=told)
        assert isinstance(found, Times)
        for phrase in found.phrases:
            assert text[phrase.start : phrase.end] == phrase.text
            assert phrase.text
            start, end = phrase.window.start, phrase.window.end
            assert start is None or end is None or start < end
            assert start is not None or end is not None
        for anchor in found.anchors:
            assert text[anchor.start : anchor.end] == anchor.text
            assert anchor.text.endswith(anchor.head)
        assert all(one.end <= two.start for one, two in zip(found.phrases, found.phrases[1:], strict=False) if language in {None, "en"})

    @given(st.datetimes(timezones=st.just(ZoneInfo("Europe/Berlin")), min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1)))  # noqa: DTZ001
    @settings(max_examples=100, deadline=None)
    def test_neighbours_meet(self, now):
        for unit, (one, two) in product(("week", "month", "quarter", "year"), (("last", "this"), ("this", "next"))):
            before, after = (read_times(f"{word} {unit}", now=now).window for word in (one, two))
            assert before.end == after.start
        yesterday, today = (read_times(word, now=now).window for word in ("yesterday", "today"))
        assert yesterday.end == today.start <= now.astimezone(UTC) < today.end


class TestLanguages:
    @pytest.mark.parametrize(
        ("text", "language"),
        [
            ("what did I say about the house last week", "en"),
            ("¿qué dije sobre la casa la semana pasada?", "es"),
            ("我上周说了什么", "zh"),
            ("was habe ich letzte Woche über das Haus gesagt", "de"),
            ("qu'est-ce que j'ai dit sur la maison la semaine dernière", "fr"),
            ("che cosa ho detto della casa la settimana scorsa", "it"),
            ("o que eu disse sobre a casa na semana passada", "pt"),
            ("что я сказал о доме", "ru"),
            ("先週、家について何を言いましたか", "ja"),
            ("", "und"),
            ("12345 !?", "und"),
            ("Zxcvb", "und"),
        ],
    )
    def test_are_told_apart(self, text, language):
        assert language_of(text) == language

    def test_have_stop_words(self):
        assert {"de", "la", "que"} <= stop_words("es")
        assert {"的", "了"} <= stop_words("zh")
        assert stop_words("xx") == frozenset()


def told(text, said="2025-07-16", **options):
    """The first and the last day of the window of a statement; None when there is none."""
    read = window(text, datetime.fromisoformat(said).replace(hour=14, tzinfo=UTC), told=True, **options)
    if read is None or read[1] is None:
        return read
    return read[0] and read[0][:10], (datetime.fromisoformat(read[1]) - timedelta(seconds=1)).date().isoformat()


class TestTold:
    """What a statement tells of: the tense of the clause that a time stands in, its nouns, its nearness."""

    @pytest.mark.parametrize(
        ("text", "year"),
        [
            ("I moved in August", 2024),
            ("I am moving in August", 2025),
            ("We move in August", 2025),
            ("The move in August was awful", 2024),
            ("In August I broke my leg", 2024),
            ("In August I will see a doctor", 2025),
            ("Joakim agreed to move in August", 2025),
            ("Joakim promised the kids to move in August", 2025),
            ("I had to move in August", 2024),
            ("I wrote that we leave in August", 2025),
            ("She says she left in August", 2024),
            ("They have left in August", 2024),
            ("He may come in August", 2025),
            ("He may have come in August", 2024),
            ("The bridge will be closed in August", 2025),
            ("The bridge was closed in August", 2024),
            ("I've got an exam in August", 2025),
            ("I've got married in August", 2024),
            ("I put it there in August", 2024),
            ("It rains in August", 2025),
            ("11,900 kronor from August", 2025),
            ("Signed a contract from August", 2025),
            ("I worked there from August", 2024),
            ("Gave notice, we leave in August", 2025),
            ("We gave notice, in August", 2024),
            ("The hearing was postponed to August", 2025),
            ("We've booked a week in Crete in August", 2025),
            ("Wedding in August", 2025),
            ("Photos from August", 2024),
            ("The UK-based firm opens in August", 2025),
            ("I had a Zoom call in August", 2024),
            ("I'd visited her in August", 2024),
            ("I'd like to visit her in August", 2025),
        ],
    )
    def test_a_month_goes_with_its_clause(self, text, year):
        assert told(text) == (f"{year}-08-01", f"{year}-08-31")

    @pytest.mark.parametrize(
        ("text", "day"),
        [
            ("Flight 7 August", "2025-08-07"),
            ("Dinner 7 July", "2025-07-07"),
            ("I am worried about the 20 July deadline", "2025-07-20"),
            ("I prepared the 20 July meeting", "2025-07-20"),
            ("I am glad about the talk on 10 July", "2025-07-10"),
            ("She was born on 20 July", "2024-07-20"),
            ("Bought tickets for 20 July", "2025-07-20"),
            ("The rent came on the 25th", "2025-06-25"),
            ("The rent comes on the 25th", "2025-07-25"),
            ("Dentist on Friday", "2025-07-18"),
            ("Fell off the bike on Friday", "2025-07-11"),
        ],
    )
    def test_a_day_is_the_near_one_where_no_verb_tells_otherwise(self, text, day):
        assert told(text) == (day, day)

    @pytest.mark.parametrize(
        ("text", "said", "first", "last"),
        [
            ("Easter at the cabin", "2025-04-19", "2025-04-18", "2025-04-21"),
            ("Easter at the cabin", "2025-05-10", "2025-04-18", "2025-04-21"),
            ("Christmas at mum's", "2025-12-24", "2025-12-24", "2025-12-26"),
            ("We spent Christmas at mum's", "2025-12-20", "2024-12-24", "2024-12-26"),
            ("The goose on Christmas Day was dry", "2025-12-28", "2025-12-25", "2025-12-25"),
            ("We left the day after Christmas", "2026-01-02", "2025-12-26", "2025-12-26"),
            ("Midsummer with Samira", "2025-06-20", "2025-06-24", "2025-06-24"),
        ],
    )
    def test_feasts(self, text, said, first, last):
        assert told(text, said) == (first, last)

    def test_midsummer_is_a_friday_and_a_saturday_in_sweden(self):
        assert told("Midsummer with Samira", "2025-06-20", country="SE") == ("2025-06-20", "2025-06-21")
        assert told("Midsummer with Samira", "2026-06-02", country="SE") == ("2026-06-19", "2026-06-20")

    def test_until_and_by_look_ahead_where_nothing_looks_back(self):
        assert told("On leave until the end of August") == (None, "2025-08-31")
        assert told("I worked there until March") == (None, "2025-03-31")

    def test_what_nothing_decides_names_no_window_and_is_said(self):
        read = read_times("The old barn in December", now=datetime(2025, 6, 20, tzinfo=UTC), told=True)
        assert read.window is None
        assert [(each.text, each.reason) for each in read.unresolved] == [("December", "it may be the last or the next one")]
        assert told("I had to miss a party on 20 July") is None
        assert told("The old barn in December", "2025-11-20") == ("2025-12-01", "2025-12-31")


@pytest.mark.parametrize("name", ["times.jsonl", "times_unseen.jsonl", "told.jsonl"])
def test_what_names_a_time_passes_the_gate(name):
    """The gate may let through what names none; it may stop nothing that does."""
    path = Path(__file__).parents[2] / "evals/data/reader" / name
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    now = datetime(2025, 7, 16, 14, 30, tzinfo=UTC)
    named = [row["text"] for row in rows if read_times(row["text"], now=now, told=row.get("told", False)).phrases]
    assert len(named) > 100
    assert [text for text in named if not may_name_a_time(text)] == []


def test_the_gate_stops_what_names_no_time():
    assert not may_name_a_time("The smell of rain on stones is lovely.")
    assert not may_name_a_time("")

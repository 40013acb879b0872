"""The journal answers questions as the plain model does: every filter, both directions, from any place, page by page."""

from datetime import timedelta
from random import Random

import pytest

from memos.backends.sqlite.journal import SqliteJournal
from memos.errors import Unavailable
from memos.memcube.call import Caller
from memos.memcube.log import LogFilter, Place
from memos.ports.clock import SystemClock
from memos.ports.journal import AccessRow
from memos.testing.model_log import ModelJournal
from memos.testing.questions_log import drawn_filter, drawn_place, same_log
from memos.testing.walk import START

KEY = b"k" * 32
TENANTS, USERS = ("acme", "zeta's"), ("alice", "bob", "it's")
CLOCK = SystemClock()


def drawn_row(random, cubes):
    """A row at one of few times, so that many share one."""
    hits = tuple((cube, random.randint(1, 3), random.choice(["", "lexical dense"]), "plaintext") for cube in random.sample(cubes, 3))
    return AccessRow(
        at=START + timedelta(seconds=random.randint(0, 20)),
        call_id=CLOCK.new_id(),
        caller=Caller(user=random.choice(USERS), tenant=random.choice(TENANTS)),
        operation=random.choice(["search", "get", "log"]),
        status=random.choice(["ok", "ok", "denied", "not_found"]),
        grant="grant",
        seq=random.randint(0, 9),
        hits=hits[: random.choice([0, 0, 1, 3])],
        branch=random.choice(["", "b"]),
        withheld=tuple(random.sample(cubes, random.randint(0, 2))),
        took=random.randint(0, 10**6),
    )


@pytest.fixture
def pair(tmp_path):
    """A journal and the model of it, with the same 300 rows."""
    random = Random(5)
    cubes = [CLOCK.new_id() for _ in range(12)]
    journal, model = SqliteJournal(tmp_path, key=KEY), ModelJournal()
    for _ in range(300):
        row = drawn_row(random, cubes)
        assert journal.append(row) == model.append(row)
    yield journal, model
    journal.close()


def pseudonyms(journal, model, tenant):
    """User → how the journal and the model call it, learnt from rows that both tell."""
    pairs = zip(journal.log(tenant, limit=1000), model.log(tenant, limit=1000), strict=True)
    return {theirs["caller"]: mine["caller"] for mine, theirs in pairs}


def test_every_question_is_answered_as_by_the_model(pair):
    journal, model = pair
    random, answered = Random(6), 0
    for _ in range(400):
        tenant = random.choice(TENANTS)
        names = pseudonyms(journal, model, tenant)
        rows = model.log(tenant, limit=1000)
        filters = drawn_filter(random, rows, (START, START + timedelta(seconds=21)), model.last())
        callers = random.sample(sorted(names), random.randint(0, 2)) if random.random() < 0.3 else None
        whole = random.choice([None, *sorted(names)])
        asked = {"descending": random.random() < 0.5, "limit": random.randint(1, 50), "after": drawn_place(random, rows, "aseq")}
        wanted = LogFilter(**filters, callers=None if callers is None else tuple(callers), whole=whole)
        theirs = None if callers is None else tuple(names[each] for each in callers)
        mine = LogFilter(**filters, callers=theirs, whole=whole and names[whole])
        expected = model.log(tenant, wanted, **asked)
        found = journal.log(tenant, mine, **asked)
        assert len({row["grant"] for row in found}) <= 1, "one grant has one keyed hash"
        same_log(tuple(row | {"grant": "grant"} for row in found), expected)
        answered += bool(expected)
    assert answered > 100


@pytest.mark.parametrize("descending", [True, False])
def test_pages_join_to_the_whole(pair, descending):
    journal, model = pair
    whole, place, joined = model.log("acme", descending=descending, limit=1000), None, []
    while page := journal.log("acme", descending=descending, after=place, limit=7):
        joined += page
        place = Place(page[-1]["at"], page[-1]["aseq"])
    assert [row["aseq"] for row in joined] == [row["aseq"] for row in whole]


def test_the_last_number_is_known(tmp_path, pair):
    journal, model = pair
    assert journal.last() == model.last() == 300
    fresh = SqliteJournal(tmp_path / "fresh", key=KEY, path=tmp_path / "fresh.db")
    assert (fresh.last(), fresh.log("acme")) == (0, [])
    fresh.close()
    with pytest.raises(Unavailable, match="closed"):
        fresh.log("acme")
    with pytest.raises(Unavailable, match="closed"):
        fresh.last()


def test_an_operand_is_never_read_as_sql(pair):
    journal, _ = pair
    for hostile in ("' OR 1=1 --", '"]', "%", "[[", "\\"):
        assert journal.log("acme", LogFilter(cubes=(hostile,))) == []
        assert journal.log("acme", LogFilter(operations=(hostile,))) == []
        assert journal.log(hostile) == []

"""What a new memory must not end: pairs that share a person, a word or a kind of thing, as reviewers wrote them against the code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from memos.operation.memlifecycle.agreement import moved, refused
from memos.operation.memlifecycle.supersession import Relation, Statement, judge

APART = [
    ("Petra is allergic to penicillin.", "Dressing of Petra's wound changed, no sign of infection."),
    ("Petra takes warfarin 3 mg daily.", "Petra has pain in the left knee, 6 of 10."),
    ("Petra's blood group is A positive.", "Petra has pain in the left knee, 6 of 10."),
    ("Petra was given 10 mg ramipril at eight.", "Petra has pain in the left knee, 6 of 10."),
    ("Petra walked ten metres with the frame.", "Petra has pain in the left knee, 6 of 10."),
    ("Mum is allergic to penicillin.", "Mum moved to a care home in Cardiff."),
    ("Mum's GP is Dr. Shah.", "Mum is allergic to penicillin."),
    ("Mum takes furosemide 20 mg.", "Dr. Shah raised Mum's ramipril to 10 mg."),
    ("Mum takes warfarin.", "Mum stopped taking aspirin."),
    ("Dad's GP is now Dr. Lopez.", "Dad quit smoking."),
    ("Dad uses a walking stick.", "Dad retired from the library."),
    ("Mum's carer is Paula.", "Mum moved to a care home in Cardiff."),
    ("Our database is Postgres.", "Our CI switched from Jenkins to GitHub Actions."),
    ("The API is written in Go.", "The API moved to a new domain."),
    ("The staging database runs on Postgres 14.", "We upgraded the production database to Postgres 16."),
    ("The stand-up of team A is at 9:30.", "The stand-up of team B is now at 10:00."),
    ("The server in rack 3 runs Debian 11.", "The server in rack 4 now runs Debian 12."),
    ("My daughter Lea lives in Paris.", "My daughter Zoe moved to Rome."),
    ("Mum lives in Bristol.", "Mum's friend moved to Cardiff in May."),
    ("My GP is Dr. Shah.", "My dentist is now Dr. Lopez."),
    ("Paula comes on Mondays.", "Rita now comes on Tuesdays."),
    ("I own a flat in Lisbon.", "I bought a flat in Porto."),
    ("I have a cat named Miso.", "I got a new cat named Tofu."),
    ("I work at Siemens.", "I left Bosch and now work at Siemens."),
    ("I live in Lisbon.", "I did not move to Porto after all."),
    ("I live in Lisbon.", "I moved to the window seat."),
    ("I live in Lisbon.", "I moved my savings to Porto Bank."),
    ("I live in Lisbon.", "We moved the meeting to Porto."),
    ("I live in Lisbon.", "I moved to London in the game."),
    ("I live in Lisbon.", "I moved to a bigger flat in Lisbon."),
    ("I live in Lisbon.", "I moved to Porto in 2010, and to Lisbon in 2015."),
    ("My brother lives in Porto.", "I moved to Porto."),
    ("My birthday is in May", "My birthday is on 3 May"),
]
ENDED = [
    ("I live in Lisbon with my sister.", "I moved to Porto last week."),
    ("I moved to Porto last week.", "I moved to Faro yesterday."),
    ("I moved to Faro yesterday.", "I moved back to Lisbon today."),
    ("I live in Lisbon with my sister.", "We have left Lisbon: I moved to Porto with my sister."),
    ("I take 5 mg of ramipril every morning.", "Dr. Costa raised my ramipril to 10 mg."),
    ("The wifi password is hunter2", "The wifi password is now swordfish"),
    ("Dad's carer is Paula.", "Dad's new carer is Rita."),
    ("Mum takes warfarin.", "Mum stopped taking warfarin."),
    ("I drink coffee every day", "I no longer drink coffee"),
    ("The meeting is on Monday", "The meeting is now on Tuesday"),
    ("Mum's GP is Dr. Shah.", "Mum's GP is now Dr. Lopez."),
]
START = datetime(2026, 1, 1, tzinfo=UTC)


def _ends(old: str, new: str) -> bool:
    verdict = judge(Statement(text=old, speaker=None, said_at=START), Statement(text=new, speaker=None, said_at=START + timedelta(days=30)))
    found = verdict.relation is Relation.SUPERSEDES and not refused(old, new, verdict.reason)
    return moved(old, new) or found


@pytest.mark.parametrize(("old", "new"), APART)
def test_what_speaks_of_something_else_ends_nothing(old: str, new: str) -> None:
    assert not _ends(old, new)


@pytest.mark.parametrize(("old", "new"), ENDED)
def test_a_change_of_the_same_thing_ends_what_was(old: str, new: str) -> None:
    assert _ends(old, new)

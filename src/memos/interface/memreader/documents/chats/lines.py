"""Lines: chats that are written line by line: WhatsApp's exports and transcripts in which each speaker's name stands before the words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, tzinfo
from itertools import pairwise
from typing import Literal, NamedTuple

from memos.interface.memreader.documents.blocks import TooMuch
from memos.interface.memreader.documents.chats.message import Chat, Message, called, require_count, role_of

Dates = Literal["dmy", "mdy", "ymd"]
SENT = re.compile(
    r"^[\u200e\u200f\ufeff]?\[?(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})\.?,?[ \u00a0\u202f]+(?:(上午|下午)[ \u202f]?)?"
    r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[ \u00a0\u202f]?([AaPp])\.?[ \u00a0\u202f]?[Mm]\.?)?(?:\][ ]?|[ ][-–][ ])(.*)$",
    re.MULTILINE,
)
"""The line with which a message of WhatsApp begins: day, time and the rest, in the forms of its locales."""
SAYS = re.compile(r"[\u200e\u200f\u202a-\u202e~ ]*([^:\n]{1,100}):[ ](.*)", re.DOTALL)
SPOKEN = re.compile(
    r"^[ \t]*(?:[\[(]?\d{1,2}:\d{2}(?::\d{2})?[\])]?[ \t]+)?"
    r"(\*{0,2}[^\W\d_][^:\n]{0,40}?)(?:[ \t]*[\[(]\d{1,2}:\d{2}(?::\d{2})?[\])])?:\*{0,2}[ \t]+(?=\S)",
    re.MULTILINE,
)
"""How a turn of a transcript begins: the name, perhaps with a time before or after it, and a colon."""
SAMPLE = 40_000
"""How much of a text is looked at to tell what it is."""


class Sent(NamedTuple):
    """The beginning of a message of WhatsApp: the three numbers of its day, its time, and where its words begin."""

    day: tuple[int, int, int]
    time: tuple[int, int, int]
    begin: int
    at: int


def looks_like_whatsapp(text: str) -> bool:
    """Whether a text begins like an export of WhatsApp."""
    head = text[:SAMPLE]
    return SENT.match(head) is not None and (head.count("\n") < 3 or len(SENT.findall(head)) * 20 > head.count("\n"))


def looks_like_transcript(text: str) -> bool:
    """Whether most lines begin with the name of one of a few speakers, two of whom speak more than once."""
    lines = [line for line in text[:SAMPLE].split("\n") if line.strip()]
    names = Counter(match[1].strip("* ") for line in lines if (match := SPOKEN.match(line)))
    turns = sum(names.values())
    if turns < 4 or turns < 0.6 * len(lines) or any(len(name.split()) > 4 for name in names):
        return False
    return sum(count > 1 for count in names.values()) > 1 and len(names) <= max(3, turns // 3)


def whatsapp(text: str, most: int, *, zone: tzinfo | None, utc: tzinfo, dates: Dates | None) -> Chat:
    """The messages of an export; what WhatsApp itself says in it is left out. Times have no zone in it: they are taken to be in `zone`."""
    begun = [_sent(found) for found in SENT.finditer(text)]
    if not begun:
        raise TooMuch("no line of it begins as a message of WhatsApp does")
    order, assumed = _order([each.day for each in begun], dates)
    ends = [each.at for each in begun[1:]] + [len(text)]
    messages: list[Message] = []
    for each, end in zip(begun, ends, strict=True):
        said = SAYS.fullmatch(text[each.begin : end].rstrip("\n"))
        if said is None or not said[2].strip():
            continue
        start = each.begin + said.start(2)
        place = {"start": start, "end": start + len(said[2])}
        messages.append(Message(said[2], called(said[1]), None, _moment(each, order, zone or utc), None, len(messages), place))
        require_count(len(messages), most)
    if not messages:
        raise TooMuch("nobody says anything in it")
    unzoned = (
        ("its times have no zone and were taken to be in UTC; give tz='Europe/Lisbon' or where it was written",) if zone is None else ()
    )
    return Chat(tuple(messages), (*unzoned, *assumed))


def _sent(found: re.Match[str]) -> Sent:
    first, second, third, half, hour, minute, moment, noon, _ = found.groups()
    hours = int(hour)
    later = half == "下午" or (noon or "").lower() == "p"
    if half or noon:
        hours = hours % 12 + (12 if later else 0)
    return Sent((int(first), int(second), int(third)), (hours, int(minute), int(moment or 0)), found.start(9), found.start())


def _order(days: list[tuple[int, int, int]], dates: Dates | None) -> tuple[Dates, tuple[str, ...]]:
    """How days are written: as told, else as their numbers allow, else so that time runs forwards, else day first, which is said."""
    if dates is not None:
        return dates, ()
    if any(day[0] > 31 for day in days):
        return "ymd", ()
    possible: list[Dates] = [
        order for order in ("dmy", "mdy") if all(1 <= day[order.index("m")] <= 12 and 1 <= day[order.index("d")] <= 31 for day in days)
    ]
    if len(possible) == 1:
        return possible[0], ()
    if not possible:
        raise TooMuch("its days are written in a way that is not known; give date_order='dmy', 'mdy' or 'ymd'")
    if all(day[0] == day[1] for day in days):
        return "dmy", ()
    running = [order for order in possible if all(_key(a, order) <= _key(b, order) for a, b in pairwise(days))]
    if len(running) == 1:
        return running[0], ()
    return "dmy", ("its days could be written day first or month first, and were read day first; if that is wrong, give date_order='mdy'",)


def _key(day: tuple[int, int, int], order: Dates) -> tuple[int, int, int]:
    return day[order.index("y")], day[order.index("m")], day[order.index("d")]


def _moment(sent: Sent, order: Dates, zone: tzinfo) -> datetime:
    year, month, day = _key(sent.day, order)
    try:
        return datetime(year + 2000 if year < 100 else year, month, day, *sent.time, tzinfo=zone)
    except ValueError:
        raise TooMuch(f"{'/'.join(map(str, sent.day))} is no day written as {order}; give another date_order") from None


def transcript(text: str, most: int) -> Chat:
    """The turns of a transcript; lines without a name go on with the turn before them."""
    messages: list[Message] = []
    for name, start, end in _turns(text):
        messages.append(Message(text[start:end], called(name), role_of(name), None, None, len(messages), {"start": start, "end": end}))
        require_count(len(messages), most)
    if not messages:
        raise TooMuch("no line of it begins with a speaker's name and a colon")
    lost = text[: next(found.start() for found in SPOKEN.finditer(text))].strip()
    return Chat(tuple(messages), ("what stands before the first speaker is left out",) if lost else ())


def _turns(text: str) -> Iterator[tuple[str, int, int]]:
    begun = list(SPOKEN.finditer(text))
    ends = [*(found.start() for found in begun), len(text)][1:]
    for found, end in zip(begun, ends, strict=True):
        words = text[found.end() : end].rstrip()
        if words:
            yield found[1].strip("* "), found.end(), found.end() + len(words)

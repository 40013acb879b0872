"""Schedules: recurrences as rules of RFC 5545, and the conditions, in words, on which something is to be done."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from memos.interface.memreader.times.hours import clock
from memos.interface.memreader.times.named import unit_of
from memos.interface.memreader.times.parse import Parse
from memos.interface.memreader.times.vocabulary import MONTHS, ORDINALS, PARTS, PLURAL_WEEKDAYS, SEASONS, WEEKDAYS, words_of
from memos.memcube.reading import Schedule

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES = {
    "minute": "MINUTELY",
    "hour": "HOURLY",
    "day": "DAILY",
    "night": "DAILY",
    "week": "WEEKLY",
    "month": "MONTHLY",
    "year": "YEARLY",
}
_ADVERBS = {
    "daily": "DAILY",
    "nightly": "DAILY",
    "weekly": "WEEKLY",
    "monthly": "MONTHLY",
    "yearly": "YEARLY",
    "annually": "YEARLY",
    "hourly": "HOURLY",
}
_POINTS = frozenset({"noon", "midday", "midnight"})
_QUESTIONS = words_of("what who where when which why how is are was were do does did whose")
"""A sentence that begins so asks about what recurs and orders nothing."""
Rule = tuple[dict[str, str], int]
"""The parts of a rule, and the index behind its words."""


@cache
def _conditions() -> tuple[re.Pattern[str], re.Pattern[str]]:
    someone = r"(?:a|an|the|my|our|i|we|he|she|they|it|any|some|someone|somebody|anyone|there|new)\b"
    always = re.compile(
        rf"\b(?:whenever(?!\s+you\b)|"
        rf"(?:every time|each time|any ?time|as soon as)(?=\s+(?:{someone}|(?-i:[A-Z]))))\s+([^.,;!?\n]{{3,160}})",
        re.IGNORECASE,
    )
    asked = re.compile(
        rf"\b(?:remind|notify|alert|tell|ping|warn|message|email|e-mail)\s+(?:me|us|my|our|him|her|them)\b[^.;!?\n]{{0,120}}?\b(?:when|once|if)\s+"
        rf"({someone}[^.,;!?\n]{{3,160}})|"
        rf"^\s*(?:when|once|if)\s+({someone}[^.,;!?\n]{{3,160}}),\s*(?:please\s+)?"
        r"(?:remind|notify|alert|tell|save|store|add|summari[sz]e|archive|send|update|forget|delete|write|log|record|ping|note|share|review|compare|list"
        r"|show|count|find|check|give|make|create|move|transfer|restore|freeze|confirm)\b",
        re.IGNORECASE,
    )
    return always, asked


@cache
def _task() -> re.Pattern[str]:
    """Where the condition ends and what is to be done begins: when I get home | to call mum."""
    return re.compile(r"\s+to\s+(?!(?:the|a|an|my|our|your|his|her|their)\b)(?=[a-z])")


def schedule_of(p: Parse, text: str) -> tuple[Schedule | None, tuple[int, int] | None]:
    """The recurrence or the condition that a text names, and where the words of the recurrence stand."""
    asks = p.word(0) in _QUESTIONS
    for index in range(0 if not asks else len(p.tokens), len(p.tokens)):
        found = _rule(p, index)
        if found is not None:
            parts, behind = found
            rule = ";".join(f"{name}={value}" for name, value in parts.items())
            return Schedule(rule=rule), (p.tokens[index].start, p.tokens[behind - 1].end)
    always, asked = _conditions()
    head = text[:1000]
    if (match := always.search(head)) is not None:
        return Schedule(event=match[1].strip()), None
    if (match := asked.search(head)) is not None and not re.search(r"\b(?:was|were|did|had)\b", match[1] or match[2]):
        return Schedule(event=_task().split(match[1] or match[2])[0].strip()), None
    return None, None


def orders(p: Parse) -> bool:
    """Whether a text begins as an order that is carried out later: remind me, wake me."""
    first = 1 if p.word(0) == "please" else 2 if p.word(0) in {"can", "could", "will", "would"} and p.word(1) == "you" else 0
    return p.word(p.skip(first, "please")) in {"remind", "wake", "alert", "notify", "ping"}


def _rule(p: Parse, index: int) -> Rule | None:
    """The recurrence whose words begin at an index."""
    word = p.word(index)
    if word in {"every", "each"}:
        read = _every(p, index + 1)
    elif word in PLURAL_WEEKDAYS and (p.word(index - 1) in {"on", "", "and"} or p.word(index + 1) == "at"):
        read = _weekdays(p, index)
    elif word in {"weekdays", "weekends", "workdays"} and (p.word(index - 1) in {"on", "", "at"} or p.word(index + 1) == "at"):
        read = ({"FREQ": "WEEKLY", "BYDAY": "SA,SU" if word == "weekends" else "MO,TU,WE,TH,FR"}, index + 1)
    elif word in _ADVERBS and (p.word(index + 1) in {"at", "on"} or (p.kind(index + 1) in {"mark", "stop"} and index > 1)):
        read = ({"FREQ": _ADVERBS[word]}, index + 1)
    elif word in {"the", "on"} or p.kind(index) == "ord" or word in ORDINALS:
        read = _day_of_every(p, index)
    else:
        return None
    return None if read is None else _when(p, read)


def _every(p: Parse, index: int) -> Rule | None:
    """Read: every Monday · every other week · every two days · every weekday · every first Monday of the month · each June."""
    at, interval = index, 1
    if p.word(at) in {"other", "second"} and not (p.word(at) == "second" and p.word(at + 1) in WEEKDAYS and p.word(at + 2) == "of"):
        at, interval = at + 1, 2
    elif p.word(at) not in {"a", "an", "half"} and (count := p.number(at)) is not None and 1 <= count[0] <= 1000:
        interval, at = int(count[0]), count[1]
    word = p.word(at)
    step = {"INTERVAL": str(interval)} if interval > 1 else {}
    if word in {"weekday", "workday", "weekdays"}:
        return {"FREQ": "WEEKLY", "BYDAY": "MO,TU,WE,TH,FR"}, at + 1
    if word in {"weekend", "weekends"}:
        return {"FREQ": "WEEKLY", **step, "BYDAY": "SA,SU"}, at + 1
    if word in WEEKDAYS or word in PLURAL_WEEKDAYS:
        found = _weekdays(p, at)
        return ({"FREQ": "WEEKLY", **step, **{k: v for k, v in found[0].items() if k != "FREQ"}}, found[1]) if found else None
    nth = _nth_weekday(p, at)
    if nth is not None:
        return nth
    if word in MONTHS and word not in {"may", "march"}:
        return {"FREQ": "YEARLY", "BYMONTH": str(MONTHS[word])}, at + 1
    if word in SEASONS:
        return {"FREQ": "YEARLY", "BYMONTH": ",".join(str((SEASONS[word] + k - 1) % 12 + 1) for k in range(3))}, at + 1
    if word in PARTS:
        hour = {"BYHOUR": str(PARTS[word][0])} if word in _POINTS else {}
        return {"FREQ": "DAILY", **step, **hour}, at + 1
    return _every_unit(p, at, interval, step)


def _every_unit(p: Parse, at: int, interval: int, step: dict[str, str]) -> Rule | None:
    unit = unit_of(p.word(at))
    if unit == "quarter":
        return {"FREQ": "MONTHLY", "INTERVAL": str(3 * interval)}, at + 1
    if unit == "fortnight":
        return {"FREQ": "WEEKLY", "INTERVAL": str(2 * interval)}, at + 1
    return ({"FREQ": _FREQUENCIES[unit], **step}, at + 1) if unit in _FREQUENCIES and p.word(at) not in {"sec", "min"} else None


def _nth_weekday(p: Parse, index: int) -> Rule | None:
    """Read: first Monday of the month · last Friday."""
    ordinal = p.ordinal(index)
    if ordinal is None or p.word(ordinal[1]) not in WEEKDAYS or not -1 <= ordinal[0] <= 5:
        return None
    at = ordinal[1] + 1
    if p.word(at) in {"of", "in"} and p.word(p.skip(at + 1, "the", "every", "each")) == "month":
        at = p.skip(at + 1, "the", "every", "each") + 1
    return {"FREQ": "MONTHLY", "BYDAY": f"{ordinal[0]}{_DAYS[WEEKDAYS[p.word(ordinal[1])]]}"}, at


def _weekdays(p: Parse, index: int) -> Rule | None:
    """Read: Mondays · Monday, Wednesday and Friday."""
    days: list[int] = []
    at = index
    while True:
        word = p.word(at)
        day = WEEKDAYS.get(word, PLURAL_WEEKDAYS.get(word))
        if day is None:
            break
        days.append(day)
        behind = p.skip(p.skip(at + 1, ","), "and", "or", "&")
        behind = p.skip(behind, "every", "on")
        at += 1
        if behind > at - 1 + 1 and (p.word(behind) in WEEKDAYS or p.word(behind) in PLURAL_WEEKDAYS):
            at = behind
    return ({"FREQ": "WEEKLY", "BYDAY": ",".join(_DAYS[day] for day in sorted(set(days)))}, at) if days else None


def _day_of_every(p: Parse, index: int) -> Rule | None:
    """Read: on the 1st of every month · the last day of each month · the first Monday of every month."""
    at = p.skip(p.skip(index, "on"), "the")
    ordinal = p.ordinal(at)
    if ordinal is None:
        return None
    behind = p.skip(ordinal[1], "day")
    if p.word(behind) in WEEKDAYS and p.word(behind + 1) in {"of", "in"} and p.word(behind + 2) in {"every", "each"}:
        return _nth_weekday(p, at)
    if (
        p.word(behind) not in {"of", "in"}
        or p.word(behind + 1) not in {"every", "each"}
        or p.word(behind + 2) != "month"
        or ordinal[0] > 31
    ):
        return None
    return {"FREQ": "MONTHLY", "BYMONTHDAY": str(ordinal[0])}, behind + 3


def _when(p: Parse, read: Rule) -> Rule:
    """The day and the hour that stand behind a recurrence: each month on the 1st at 9, every year on 3 May."""
    parts, at = read
    readers: tuple[Callable[[Parse, Rule], Rule], ...] = (_on, _at_hour, _on)
    for reader in readers:
        parts, at = reader(p, (parts, at))
    return parts, at


def _on(p: Parse, read: Rule) -> Rule:
    parts, at = read
    if p.word(at) != "on":
        return read
    days = _weekdays(p, at + 1)
    if days is not None and parts["FREQ"] == "WEEKLY" and "BYDAY" not in parts:
        return {**parts, "BYDAY": days[0]["BYDAY"]}, days[1]
    ordinal = p.ordinal(p.skip(at + 1, "the"))
    if ordinal is not None and parts["FREQ"] == "MONTHLY" and p.word(ordinal[1]) in WEEKDAYS:
        return {**parts, "BYDAY": f"{ordinal[0]}{_DAYS[WEEKDAYS[p.word(ordinal[1])]]}"}, ordinal[1] + 1
    if ordinal is not None and parts["FREQ"] == "MONTHLY" and ordinal[0] <= 31:
        return {**parts, "BYMONTHDAY": str(ordinal[0])}, p.skip(ordinal[1], "day")
    day = p.period(at + 1)
    if day is not None and parts["FREQ"] == "YEARLY" and day[0].grain in {"day", "feast"}:
        start = day[0].begins
        return {**parts, "BYMONTH": str(start.month), "BYMONTHDAY": str(start.day)}, day[1]
    return read


def _at_hour(p: Parse, read: Rule) -> Rule:
    parts, at = read
    if p.word(at) == "in" and p.word(at + 1) == "the" and p.word(at + 2) in PARTS:
        at += 3
    elif p.word(at) in PARTS:
        at += 1
    late = p.word(at - 1) in {"evening", "night", "afternoon"}
    if p.word(at) not in {"at", "around"} and p.kind(at) != "clock":
        return parts, at
    time = clock(p, p.skip(at, "at", "around"), bare=True)
    if time is None:
        return parts, at
    (hour, minute, _), behind = time
    if late and hour < 12:
        hour += 12
    hours = {**parts, "BYHOUR": str(hour % 24)}
    return ({**hours, "BYMINUTE": str(minute)} if minute else hours), behind

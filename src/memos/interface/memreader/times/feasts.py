"""Feasts: public and well-known days, by rule (fixed, n-th weekday, from Easter) or by a small table, for the years that it has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache

from dateutil.easter import easter

Rule = Callable[[int], date | None]
MANY_DAYS = {"hanukkah": 8, "chanukah": 8, "passover": 8, "ramadan": 30, "lunar new year": 1}
# First days in the Gregorian calendar; of the Islamic month as commonly announced, of Hanukkah the first whole day.
_LUNAR_NEW_YEAR = {
    2015: (2, 19), 2016: (2, 8), 2017: (1, 28), 2018: (2, 16), 2019: (2, 5), 2020: (1, 25), 2021: (2, 12), 2022: (2, 1), 2023: (1, 22),
    2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6), 2028: (1, 26), 2029: (2, 13), 2030: (2, 3),
}  # fmt: skip
_DIWALI = {
    2015: (11, 11), 2016: (10, 30), 2017: (10, 19), 2018: (11, 7), 2019: (10, 27), 2020: (11, 14), 2021: (11, 4), 2022: (10, 24),
    2023: (11, 12), 2024: (10, 31), 2025: (10, 20), 2026: (11, 8),
}  # fmt: skip


def _fixed(month: int, day: int) -> Rule:
    return lambda year: date(year, month, day)


def _weekday(month: int, weekday: int, nth: int) -> Rule:
    """The n-th weekday of a month; -1 is the last."""

    def rule(year: int) -> date:
        if nth > 0:
            first = date(year, month, 1)
            return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - weekday) % 7)

    return rule


def _from_easter(days: int) -> Rule:
    return lambda year: easter(year) + timedelta(days=days)


def _table(days: dict[int, tuple[int, int]]) -> Rule:
    return lambda year: date(year, *days[year]) if year in days else None


def _advent(year: int) -> date:
    christmas = date(year, 12, 25)
    return christmas - timedelta(days=christmas.isoweekday() + 21)


FEASTS: dict[str, Rule] = {
    "christmas": _fixed(12, 25), "christmas day": _fixed(12, 25), "xmas": _fixed(12, 25), "christmas eve": _fixed(12, 24),
    "boxing day": _fixed(12, 26), "new year's eve": _fixed(12, 31), "new years eve": _fixed(12, 31), "new year's": _fixed(1, 1),
    "new year's day": _fixed(1, 1), "new years day": _fixed(1, 1), "new year": _fixed(1, 1), "nye": _fixed(12, 31),
    "epiphany": _fixed(1, 6),
    "valentine's day": _fixed(2, 14), "valentines day": _fixed(2, 14), "valentine's": _fixed(2, 14), "groundhog day": _fixed(2, 2),
    "st patrick's day": _fixed(3, 17), "st. patrick's day": _fixed(3, 17), "saint patrick's day": _fixed(3, 17),
    "halloween": _fixed(10, 31),
    "april fools' day": _fixed(4, 1), "april fool's day": _fixed(4, 1), "april fools day": _fixed(4, 1), "april fools": _fixed(4, 1),
    "earth day": _fixed(4, 22), "may day": _fixed(5, 1), "bonfire night": _fixed(11, 5), "guy fawkes night": _fixed(11, 5),
    "women's day": _fixed(3, 8),
    "all saints' day": _fixed(11, 1), "all saints day": _fixed(11, 1), "veterans day": _fixed(11, 11), "remembrance day": _fixed(11, 11),
    "armistice day": _fixed(11, 11), "juneteenth": _fixed(6, 19), "bastille day": _fixed(7, 14), "canada day": _fixed(7, 1),
    "anzac day": _fixed(4, 25), "australia day": _fixed(1, 26), "cinco de mayo": _fixed(5, 5), "fourth of july": _fixed(7, 4),
    "4th of july": _fixed(7, 4), "july 4th": _fixed(7, 4), "kwanzaa": _fixed(12, 26), "midsummer": _fixed(6, 24), "pi day": _fixed(3, 14),
    "mlk day": _weekday(1, 0, 3), "martin luther king day": _weekday(1, 0, 3), "presidents' day": _weekday(2, 0, 3),
    "presidents day": _weekday(2, 0, 3), "president's day": _weekday(2, 0, 3), "memorial day": _weekday(5, 0, -1),
    "labor day": _weekday(9, 0, 1), "columbus day": _weekday(10, 0, 2), "indigenous peoples' day": _weekday(10, 0, 2),
    "thanksgiving": _weekday(11, 3, 4), "thanksgiving day": _weekday(11, 3, 4), "father's day": _weekday(6, 6, 3),
    "fathers day": _weekday(6, 6, 3), "mother's day": _weekday(5, 6, 2), "mothers day": _weekday(5, 6, 2),
    "easter": easter, "easter sunday": easter, "easter day": easter, "good friday": _from_easter(-2), "easter monday": _from_easter(1),
    "palm sunday": _from_easter(-7), "holy thursday": _from_easter(-3), "ash wednesday": _from_easter(-46), "mardi gras": _from_easter(-47),
    "shrove tuesday": _from_easter(-47), "pancake day": _from_easter(-47), "ascension day": _from_easter(39), "pentecost": _from_easter(49),
    "whit monday": _from_easter(50), "corpus christi": _from_easter(60), "first advent": _advent,
    "lunar new year": _table(_LUNAR_NEW_YEAR), "chinese new year": _table(_LUNAR_NEW_YEAR), "spring festival": _table(_LUNAR_NEW_YEAR),
    "diwali": _table(_DIWALI), "deepavali": _table(_DIWALI),
}  # fmt: skip


def _black_friday(year: int) -> date:
    return _known(_weekday(11, 3, 4)(year)) + timedelta(days=1)


def _known(day: date | None) -> date:
    assert day is not None  # noqa: S101 - a rule of weekdays has a day in every year
    return day


FEASTS |= {"black friday": _black_friday, "cyber monday": lambda year: _black_friday(year) + timedelta(days=3)}
BY_COUNTRY: dict[str, dict[str, Rule]] = {
    "GB": {"mother's day": _from_easter(-21), "mothers day": _from_easter(-21), "mothering sunday": _from_easter(-21)},
    "IE": {"mother's day": _from_easter(-21), "mothers day": _from_easter(-21)},
    "CA": {"thanksgiving": _weekday(10, 0, 2), "thanksgiving day": _weekday(10, 0, 2), "labour day": _weekday(9, 0, 1)},
    "AU": {"father's day": _weekday(9, 6, 1), "fathers day": _weekday(9, 6, 1)},
    "DE": {"labour day": _fixed(5, 1), "labor day": _fixed(5, 1), "father's day": _from_easter(39), "unity day": _fixed(10, 3)},
    "ES": {"labour day": _fixed(5, 1), "mother's day": _weekday(5, 6, 1), "father's day": _fixed(3, 19), "three kings": _fixed(1, 6)},
    "CN": {"labour day": _fixed(5, 1), "labor day": _fixed(5, 1), "national day": _fixed(10, 1)},
    "FR": {"labour day": _fixed(5, 1), "national day": _fixed(7, 14)},
    "IN": {"independence day": _fixed(8, 15), "republic day": _fixed(1, 26)},
    "US": {"independence day": _fixed(7, 4)},
    "": {"independence day": _fixed(7, 4), "labour day": _fixed(5, 1)},
}

Days = tuple[Rule, int]
"""The first day of a feast, and how many it has."""
_MANY: dict[str, Days] = {"easter": (_from_easter(-2), 4), "christmas": (_fixed(12, 24), 3), "xmas": (_fixed(12, 24), 3)}
HOLIDAYS: Days = (_fixed(12, 24), 9)


def _midsummer_eve(year: int) -> date:
    """The Friday between 19 and 25 June."""
    return date(year, 6, 19) + timedelta(days=(4 - date(year, 6, 19).weekday()) % 7)


def many_days(country: str) -> dict[str, Days]:
    """The feasts of several days that a country knows, by the word that names them."""
    return _MANY | {"midsummer": (_midsummer_eve, 2)} if country in {"SE", "FI"} else _MANY


@lru_cache(maxsize=32)
def feasts(country: str) -> dict[tuple[str, ...], Rule]:
    """The feasts that a country knows, by the tokens of their names."""
    from memos.interface.memreader.times.tokens import tokens_of

    known = FEASTS | BY_COUNTRY.get("", {}) | BY_COUNTRY.get(country, {})
    return {tuple(token.low for token in tokens_of(name)): rule for name, rule in known.items()}


@lru_cache(maxsize=32)
def first_words(country: str) -> dict[str, int]:
    """The words with which names of feasts begin, and the length of the longest name that does."""
    found: dict[str, int] = {}
    for name in feasts(country):
        found[name[0]] = max(found.get(name[0], 0), len(name))
    return found

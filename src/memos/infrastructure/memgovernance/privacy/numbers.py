"""Numbers of accounts: IBANs, payment cards, and social security numbers of the United States."""

from __future__ import annotations

import re
from collections.abc import Iterable

from memos.infrastructure.memgovernance.privacy.checksums import IBAN_LENGTHS, iban, luhn
from memos.infrastructure.memgovernance.privacy.rules import Candidate, Rule, ends_with, holds

BEGINNING = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\s?[0-9]{2}")
NETWORKS = (
    (re.compile(r"4"), (16, 19, 13)),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"6011|64[4-9]|65"), (16, 19)),
    (re.compile(r"35(?:2[89]|[3-8])"), (16,)),
    (re.compile(r"30[0-5]|309|3[689]"), (14, 16)),
    (re.compile(r"62|81"), (16, 17, 18, 19)),
    (re.compile(r"50(?:18|20|38)|5893|6304|67(?:59|6[123])"), (12, 13, 14, 15, 16, 18, 19)),
    (re.compile(r"220[0-4]"), (16,)),
    (re.compile(r"60|50[89]"), (16,)),
)
"""The first digits of the networks that issue cards, and how many digits theirs have."""
NO_CARD = ends_with(r"imei|tracking|isbn|ean|gtin|upc|serial|order|invoice|ticket|parcel|shipment|snowflake|tweet|sku|ref|reference|build")
CARDED = holds(
    r"cards?|visa|master ?card|amex|american express|discover|jcb|diners|maestro|pay|paid|paying|debit|credit|cc|pan|karte|carte|tarjeta"
)
SOCIAL = ends_with(r"ssn|ssns|ss|s\.s\.n|soc(?:ial)?(?:[ -]?sec(?:urity)?)?|social insurance|tin|itin|tax ?payer|tax")
SOCIAL_AFTER = re.compile(r"^\W{0,3}(?:\(?ssn\b|(?:is|was) (?:my|her|his|their) (?:ssn|social)|as (?:my|her|his) (?:ssn|social))")
NO_SOCIAL = ends_with(
    r"part|model|sku|order|invoice|ticket|item|serial|catalog(?:ue)?|case|ref|reference|phone|po|tracking|product|lot|batch|claim"
)


def _ibans(found: Candidate) -> Iterable[Candidate]:
    """Those in a run of letters and digits: each begins with a country and has that country's length."""
    text, place = found.plain.text, found.start
    while (beginning := BEGINNING.search(text, place)) and beginning.start() < found.end:
        start, length = beginning.start(), IBAN_LENGTHS.get(beginning.group()[:2].upper(), 0)
        end = _after(text, start, length)
        place = end or start + 2
        if end and iban("".join(filter(str.isalnum, text[start:end]))):
            yield Candidate(found.plain, start, end)


def _after(text: str, start: int, length: int) -> int:
    """Where so many letters and digits from a place on end, 0 where a word goes on or they are not there."""
    seen = 0
    for place in range(start, min(start + 2 * length, len(text))):
        seen += text[place].isalnum()
        if seen == length:
            return 0 if text[place + 1 : place + 2].isalnum() else place + 1
    return 0


def _cards(found: Candidate) -> Iterable[Candidate]:
    """Those in a run of digits: each begins and ends with a group, has a network's beginning and length, and Luhn's check digit."""
    if not found.alone() or found.previous in {".", "+"}:
        return
    groups = [(each.start(), each.end()) for each in re.finditer("[0-9]+", found.value)]
    first = 0
    while first < len(groups):
        last = _card(found, groups, first)
        if last is not None:
            yield found.cut(groups[first][0], groups[last][1])
        first = first + 1 if last is None else last + 1


def _lengths(found: Candidate, groups: list[tuple[int, int]]) -> tuple[int, ...]:
    """How many digits a card has that begins with some groups."""
    beginning = "".join(found.plain.text[found.start + start : found.start + min(end, start + 4)] for start, end in groups)[:4]
    return next((lengths for pattern, lengths in NETWORKS if pattern.match(beginning)), ())


def _card(found: Candidate, groups: list[tuple[int, int]], first: int) -> int | None:
    """The last group of a card that begins with the first."""
    digits = ""
    wanted = _lengths(found, groups[first : first + 4])
    for last in range(first, min(first + 19, len(groups))) if wanted else ():
        digits += found.plain.text[found.start + groups[last][0] : found.start + groups[last][1]]
        if len(digits) > 19:
            return None
        if len(digits) in wanted and luhn(digits) and len(set(digits)) > 1:
            card = found.cut(groups[first][0], groups[last][1])
            return None if NO_CARD(card.before) and not CARDED(card.before) else last
    return None


def _socials(found: Candidate) -> Iterable[Candidate]:
    if not found.alone("-") or found.previous in {".", "/", "#", "+"} or re.match(r"[./]\w", found.after):
        return ()
    area, group, serial = found.digits[:3], found.digits[3:5], found.digits[5:]
    if area in {"000", "666"} or group == "00" or serial == "0000":
        return ()
    if SOCIAL(found.before) or SOCIAL_AFTER.match(found.after):
        return (found,)
    plain = found.value.count("-") == 2 and area < "900"
    return (found,) if plain and not NO_SOCIAL(found.before) else ()


NUMBERS = (
    Rule("IBAN", r"\b[A-Za-z]{2}\s?\d{2}(?:[ \-.\t]?[A-Za-z0-9]){11,}", _ibans),
    Rule("CARD", r"\d(?:[ \-.\t]{0,2}\d){11,}", _cards),
    Rule("SSN", r"\d{3}(?:-\d{2}-| \d{2} |\.\d{2}\.| - \d{2} - |\d{2})\d{4}", _socials),
)

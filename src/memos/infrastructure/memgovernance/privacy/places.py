"""Places: postal addresses in the clear cases, a street with its number and what follows of city, region and code."""

from __future__ import annotations

import re

from memos.infrastructure.memgovernance.privacy.rules import Candidate, Rule, when

# A letter beyond ASCII is any character there: the classes of Unicode make automata a hundred times larger.
UP, ANY = r"[A-Z\x{C0}-\x{10FFFF}]", r"A-Za-z\x{80}-\x{10FFFF}"
"""What a capital may be, and the inside of a class of letters."""
KIND = (
    r"(?:Street|St|Avenue|Ave|Av|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Terrace|Ter|Place|Pl|Way|"
    r"Square|Sq|Parkway|Pkwy|Circle|Cir|Highway|Hwy|Close|Crescent|Cres|Gardens|Gdns|Grove|Mews|Row|Hill|Quay|"
    r"Walk|Alley|Plaza|Trail|Loop|Broadway|Turnpike|Wharf|Parade|Esplanade)"
)
WORD = r"(?:[A-Z\x{C0}-\x{10FFFF}][A-Za-z\x{80}-\x{10FFFF}'.\-]*|\d{1,3}(?:st|nd|rd|th)|of|the|de|la|le|St\.)"
CAPITALISED = rf"{UP}[a-z\x{{80}}-\x{{10FFFF}}'.][{ANY}'.\-]*"
CITY = rf"{CAPITALISED}(?: (?:{CAPITALISED}|am|an der|upon|sur|de|del|la)){{0,3}}"
UNIT = r"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|Building|Bldg|#)\.? ?#?[A-Za-z0-9\-]{1,6}| ?#\d{1,5})?"
UK = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"
CODE = rf"(?:\d{{5}}(?:-\d{{4}})?|{UK}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{{4}}(?: ?[A-Z]{{2}})?|\d{{3}} ?\d{{2}})"
REGION = (
    rf"(?:,? {UK}\b|(?:,? (?:[A-Z]{{2,3}}|California|Texas|Florida|Ohio|Oregon|Washington|New York|Illinois|"
    rf"Ontario|Quebec)\b)?(?:,? {CODE}\b)?)"
)
LAND = r"(?:,? (?:USA|U\.S\.A\.|United States|UK|United Kingdom|Germany|France|Canada|Australia|Ireland|Netherlands|Deutschland))?"
TAIL = rf"{UNIT}(?:,(?: |\n){CITY}(?:,(?: |\n){CITY})?|\n{CITY})?{REGION}{LAND}"
BARE = rf"(?:,? (?:{UK}|\d{{5}}(?:-\d{{4}})?)\b)?"
PLACED = rf"(?:,? ?(?:\d{{4,5}}(?: ?[A-Z]{{2}})? {CITY}|{CITY}))?{LAND}"
MONTHS = re.compile(r"\d+ (?:January|February|March|April|May|June|July|August|September|October|November|December)\b")
LIVING = (
    r"(?:live[sd]?|living|reside[sd]?|residing|address(?: is)?|ship(?:ped)?|deliver(?:ed)?|home|move[ds]?|"
    r"mail|located|office|house)(?: it| them)?(?: is)?(?: at| to| on|:|,)? "
)


def _is_street(found: Candidate) -> bool:
    return found.previous not in set("$€£.#-/") and not found.previous.isalnum() and not MONTHS.match(found.value)


PLACES = (
    Rule(
        "ADDRESS",
        (
            rf"\b\d{{1,6}}(?:[A-Za-z]|-\d{{1,5}}| ?[½¼])?,? (?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.? )?(?:{WORD} "
            rf"){{1,4}}{KIND}\b\.?(?: (?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\b)?(?:{TAIL}|{BARE})"
        ),
        when(_is_street),
    ),
    Rule(
        "ADDRESS",
        (
            rf"(?i:\b{LIVING})(?P<v>\d{{1,6}}[a-z]? (?:[a-z'\-]+ ){{1,3}}(?:street|st|avenue|ave|road|rd|lane|ln|drive|"
            rf"boulevard|blvd|court|terrace|place|way|square|parkway|crescent|close|grove)\b(?:,? [a-z]+,? [a-z]{{2}} "
            rf"\d{{5}}|{TAIL}))"
        ),
        when(_is_street),
    ),
    Rule(
        "ADDRESS",
        (
            rf"\b{UP}[{ANY}\-]+(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer|straat|laan|gracht|"
            rf"plein|kade|gatan|vägen|vej) \d{{1,4}}[a-z]?(?:-\d{{1,4}})?\b{PLACED}"
        ),
    ),
    Rule(
        "ADDRESS",
        (
            rf"\b(?:{UP}[{ANY}\-]+ ){{1,3}}(?:Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse|Ring|Damm|Ufer) "
            rf"\d{{1,4}}[a-z]?(?:-\d{{1,4}})?\b{PLACED}"
        ),
    ),
    Rule(
        "ADDRESS",
        (
            rf"\b\d{{1,4}}(?: ?(?:bis|ter))?,? (?:rue|Rue|avenue|Avenue|boulevard|Boulevard|bd|place|Place|allée|chemin|"
            rf"impasse|quai|cours) (?:de la |de l'|des |du |de |d')?{UP}[{ANY}'\-]+(?: (?:{UP}[{ANY}'\-]+|"
            rf"de|la|du)){{0,3}}{PLACED}"
        ),
    ),
    Rule(
        "ADDRESS",
        (
            rf"\b(?:Calle|Avenida|Av\.|Avda\.|Paseo|Carrer|Plaza|Via|Viale|Piazza|Corso|Rua|Ulica|ul\.) (?:de |del "
            rf"|della |dei |la |da |do )*{UP}[{ANY}'\-]+(?: (?:{UP}[{ANY}'\-]+|de|la|del)){{0,3}},? (?:n[°º.]? "
            rf"?)?\d{{1,4}}[a-zA-Z]?\b{PLACED}"
        ),
    ),
    Rule("ADDRESS", rf"\bP\.? ?O\.? Box \d{{1,7}}(?:{TAIL})"),
)

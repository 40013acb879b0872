"""Contact: e-mail addresses, telephone numbers and addresses of the Internet Protocol."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv6Address

from memos.infrastructure.memgovernance.privacy.rules import Candidate, Rule, ends_with, holds, when

_FILE_WORDS = "png jpg jpeg gif svg webp bmp ico pdf js jsx ts tsx css scss html json md txt py rb rs go java zip gz lock yml yaml toml"
FILES = frozenset(_FILE_WORDS.split())
"""Ends of file names, which are no domains."""
TLD = (
    "(?:com|org|net|edu|gov|mil|int|info|biz|name|io|ai|app|dev|me|tv|co|eu|uk|us|ca|au|nz|ie|de|at|ch|fr|"
    "es|it|pt|nl|be|se|no|dk|fi|pl|cz|sk|hu|ro|bg|gr|ru|ua|tr|il|in|cn|jp|kr|sg|hk|tw|br|mx|ar|cl|za|test|"
    "example)"
)
AT = r"(?:[\[({<]\s?(?:at|@)\s?[\])}>]|_at_|-at-)"
DOT = r"(?:[\[({<]\s?(?:dot|punkt|\.)\s?[\])}>]|_dot_|-dot-)"
NAME, HOST = r"[a-z0-9_][a-z0-9._%+\-]*", r"[a-z0-9][a-z0-9\-]*"
_SPOKEN_WORDS = (
    "look looking me us him her them it you work works working was is are be am available hosted found see "
    "live lives here there stay posted "
    "meet met aim start starts arrive sold buy back up down out in on one all not good bad laugh point register "
    "sign docs page site or and at"
)
SPOKEN = frozenset(_SPOKEN_WORDS.split())  # fmt: skip
"""Words before a spoken "at" that are no one's name."""


def _is_email(found: Candidate) -> bool:
    local, _, host = found.value.rpartition("@")
    if host.rpartition(".")[2].lower() in FILES or len(host) > 253 or (local == "git" and found.following in {":", "/"}):
        return False
    return found.previous != "@" and not re.search(r"://[^\s@/]*:[^\s@/]*$|://:?$", found.before)


def _is_spoken_email(found: Candidate) -> bool:
    return found.value.lower().split()[0] not in SPOKEN


EMAILS = (
    Rule(
        "EMAIL",
        (
            r"(?:[\p{L}\p{N}_][\p{L}\p{N}._%+'&\-]*|\"[^\"\s@]+\")@(?:[\p{L}\p{N}][\p{L}\p{N}\-]*\.)+(?:\p{L}\p{L}+|"
            r"xn--[a-z0-9\-]+)"
        ),
        when(_is_email),
    ),
    Rule("EMAIL", rf"{NAME}@\[(?:\d{{1,3}}\.){{3}}\d{{1,3}}\]", fold=True),
    Rule("EMAIL", rf"{NAME}\s{{0,2}}{AT}\s{{0,2}}{HOST}(?:\s{{0,2}}(?:{DOT}|\.)\s{{0,2}}{HOST})+", fold=True),
    Rule("EMAIL", rf"{NAME} at {HOST}(?: dot {HOST})* dot {TLD}\b", when(_is_spoken_email), fold=True),
    Rule("EMAIL", rf"{NAME} ?@ ?{HOST}(?: ?\. ?{HOST})* ?\. ?{TLD}\b", when(_is_email), fold=True),
)

# -------------------------------------------------------------------------------------------------------- telephone numbers

CALLED = (
    r"(?:tele)?phone|tel|telefon|tel[eé]fono|t[eé]l[eé]phone|handy|m[oó]vil|cell(?:phone)?|mobile?|mobil|portable|"
    r"fax|landline|hotline|whats ?app|signal|sms|ph|mob"
)
CALLING = r"call(?:ed|ing)?|dial(?:ed|led)?|ring|text(?:ed)?|reach(?:ed)?|phone[ds]?|rufen|anrufen|appele[zr]?|llam[ae]"
NUMBER = r"\+?\(?\d[\d()]*(?:[ .\-/]{1,3}[\d()]+){0,8}"
"""A number as people group it; how many digits it has is looked at afterwards."""
BETWEEN = r"[^\d+\n]{0,24}?"
BETWEEN_VERB = (
    r"(?:[ \t]+(?:me|us|him|her|them|it|back|now|at|on|to|the|this|number|office|sie|uns|mich|an|unter|moi|"
    r"au|le|al)){0,4}[ \t:]*"
)
NO_PHONE = ends_with(
    r"order|invoice|part|serial|sn|s/n|ref|reference|lot|batch|ticket|account|acct|case|sku|tracking|isbn|"
    r"item|model|bug|issue|pr|page|room|error|"
    r"version|imei|ean|upc|doi|rows?|total|bestellung|rechnung|commande|policy|po|nhs|ssn|passport|sin|aadhaar|"
    r"steuer-?id|route|flight|id"
)
COUNTED = holds(
    r"rows?|users?|visitors?|people|points?|dollars?|euros?|yen|items?|records?|samples?|bytes?|tokens?|times|"
    r"views|downloads?"
)
DATES = re.compile(r"(?:\d{4}[-./ ]\d{1,2}[-./ ]\d{1,2}|\d{1,2}[-./ ]\d{1,2}[-./ ]\d{2,4})(?:[ T]\d{1,2})?")
GROUPED = re.compile(r"\d[ \-/.]?$")
"""Digits before: what follows is a group of a longer number."""
AMOUNT = re.compile(r"^\s?(?:%|€|\$|£|¥|usd|eur|gbp|rows?\b|users?\b|visitors?\b|people\b|points?\b|yen\b|dollars?\b|euros?\b)")
PLAN = {"1": (11, 11), "7": (11, 11), "44": (11, 12), "33": (11, 11), "49": (8, 15), "91": (12, 12), "86": (11, 13), "55": (12, 13)}
"""The digits of an international number, its country's own in it, where other than 9 to 15 (ITU-T E.164)."""


def _trimmed(found: Candidate) -> Candidate:
    """Without brackets that open or close nothing."""
    value = found.value
    while value.count(")") > value.count("(") and value.endswith(")"):
        value = value[:-1]
    return found.cut(0, len(value.rstrip(" .-/(")))


def _sized(found: Candidate, least: int, most: int = 15) -> Iterable[Candidate]:
    found = _trimmed(found)
    while len(found.digits) > most and (shorter := re.match(r"(.*)[ .\-/]", found.value)):
        found = found.cut(0, shorter.end(1))  # another number stands behind it
    likely = least <= len(found.digits) <= most and not DATES.fullmatch(found.value) and not AMOUNT.match(found.after)
    return (found,) if likely and found.alone() else ()


def _international(found: Candidate) -> Iterable[Candidate]:
    found = _trimmed(found)
    digits = found.digits.removeprefix("00") if found.value.startswith("00") else found.digits
    least, most = next((PLAN[digits[:size]] for size in (2, 1) if digits[:size] in PLAN), (9, 15))
    if found.value.startswith("0") and GROUPED.search(found.before):
        return ()
    if "(0)" in found.value:
        least, most = least + 1, most + 1
    return (found,) if least <= len(digits) <= most and digits[0] != "0" and found.alone("+") and not AMOUNT.match(found.after) else ()


def _national(found: Candidate) -> bool:
    return (
        found.alone("-+./:$€£#")
        and not GROUPED.search(found.before)
        and not NO_PHONE(found.before)
        and not DATES.fullmatch(found.value)
        and not AMOUNT.match(found.after)
    )


def _american(found: Candidate) -> bool:
    tail = found.following in {"-", "/", "."} and found.plain.text[found.end + 1 : found.end + 2].isalnum()
    return found.alone() and found.previous not in set("-+./:$€£#,") and not tail and not NO_PHONE(found.before)


PHONES = (
    Rule("PHONE", r"(?:\+|\b00)[1-9]\d{0,2}(?:[ .\-/]?(?:\(\d{1,5}\)|\d{1,14})){1,7}", _international),
    Rule("PHONE", r"(?:\b1[ .\-]?)?(?:\([2-9]\d{2}\)[ .\-]?|\b[2-9]\d{2}[ .\-])[2-9]\d{2}[ .\-]\d{4}\b", when(_american)),
    Rule("PHONE", r"\b0[1-9](?:[ .\-]\d{2}){4}\b", when(_national)),
    Rule(
        "PHONE",
        r"(?:\b|\()0\d{1,4}\)?(?:[ /\-]|\b)(?:\d{6,8}|\d{3,4}[ \-]\d{3,4}(?:[ \-]\d{2,4})?)\b",
        lambda each: _sized(each, 9, 12) if _national(each) else (),
    ),
    Rule("PHONE", r"\b1[3-9]\d[ \-]\d{4}[ \-]\d{4}\b", when(_national)),
    Rule("PHONE", r"\(\d{2}\) ?9?\d{4}-\d{4}\b", when(_national)),
    Rule(
        "PHONE", rf"\b(?:{CALLED})\b{BETWEEN}(?P<v>{NUMBER})", lambda each: () if COUNTED(each.after[:12]) else _sized(each, 7), fold=True
    ),
    Rule(
        "PHONE",
        rf"\b(?:{CALLING}){BETWEEN_VERB}(?P<v>{NUMBER})",
        lambda each: () if COUNTED(each.after[:12]) else _sized(each, 7),
        fold=True,
    ),
    Rule(
        "PHONE",
        rf"(?P<v>{NUMBER})\s?\(?(?:(?:is|was) )?(?:(?:my|his|her|their|our|the) )?"
        r"(?:cell|mobile|mob|home|work|office|fax|tel|phone|whatsapp)\b",
        lambda each: _sized(each, 10),
        fold=True,
    ),
    Rule(
        "PHONE",
        rf"\b(?:contact|my|his|her|your|their|our|direct|daytime|evening|new)(?: \w+)? "
        rf"(?:number|no\.?)\b(?:[ \t:]+(?:is|was|now))*[ \t:]*(?P<v>{NUMBER})",
        lambda each: _sized(each, 10) if not NO_PHONE(each.before) else (),
        fold=True,
    ),
)

# ------------------------------------------------------------------------------------------- addresses of the Internet Protocol

VERSIONED = re.compile(
    r"(?:\b|_)(?:v|ver|vers|version|versions|versión|release|released|driver|firmware|build|section|sections|"
    r"§|chapter|clause|article|schema|"
    r"upgrade|upgraded|update|updated|patch|bump|bumped|rfc|paragraph|annex|table|figure|step|item|tag|package|"
    r"module|library|sdk|bios|python|"
    r"java|node|chrome|firefox|office|openssl|kernel|app|release|downgrade|downgraded|iso)[\s:=#.\"'(]*(?:(?:to|"
    r"from|is|no|number|at|of|was)\s+)?[\"'(v]*$"
)
ADDRESSED = holds(
    r"ips?|ipv4|host|hosts|server|from|login|address|addresses|addr|ping|ssh|subnet|dns|gateway|port|connect|"
    r"connected|network|client|peer|resolver|nameserver|remote|proxy|request|requests|blocked|allow|deny|node|"
    r"x-forwarded-for|at|to"
)
ROUTED = re.compile(r"(?:[23][0-9a-f]{3}|fe[89ab][0-9a-f]|f[cd][0-9a-f]{2}|ff[0-9a-f]{2}|64:ff9b)?:")


def _is_v4(found: Candidate) -> bool:
    tail = found.plain.text[found.end : found.end + 2]
    if not found.alone() or found.previous in {".", "-", "+"} or (tail[:1] in {".", "-", "+"} and tail[1:2].isalnum()):
        return False
    parts = found.value.split(".")
    if any(int(part) > 255 or (len(part) > 1 and part[0] == "0") for part in parts) or VERSIONED.search(found.before):
        return False
    if re.match(r"\s(?:version|release|driver|firmware|build|update)\b", found.after):
        return False
    return any(len(part) > 1 for part in parts) or len(set(parts)) == 1 or ADDRESSED(found.before)


def _is_v6(found: Candidate) -> Iterable[Candidate]:
    value = found.value
    if value.endswith(":") and not value.endswith("::"):
        value = value[:-1]
    found = found.cut(0, len(value))
    bare, previous = value.partition("%")[0].lower(), found.previous
    if not found.alone(":.") and not (previous not in {":", "."} and not previous.isalnum() and found.following == "."):
        return ()
    try:
        IPv6Address(bare)
    except ValueError:
        return ()
    likely = bare.count(":") >= 2 and any(map(str.isdigit, bare)) and ROUTED.match(bare) is not None
    return (found,) if likely or ("::" not in bare and any(map(str.isdigit, bare))) else ()


NETWORK = (
    Rule("IP", r"\d{1,3}(?:\.\d{1,3}){3}", when(_is_v4)),
    Rule("IP", r"[0-9a-f]{0,4}:(?:[0-9a-f]{0,4}:){1,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{0,4})(?:%[a-z0-9]{1,15})?", _is_v6, fold=True),
)

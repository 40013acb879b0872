"""Commands: the verbs by which people order something of a memory, and what each of them wants."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from memos.interface.memreader.words import listed
from memos.memcube.reading import Intent

_ME = r"(?: (?:me|us))?"
_WHOSE = r"(?:my|our|the|that|this|those|these|his|her|their|its|it|them|[\w.]+'s?)"
_SUMMARY = (
    r"(?: (?!(?:my|our|his|her|their)\b)[\w-]+){0,4}? (?:summary|summaries|recap|overview|digest|rundown|run-down|gist|synopsis"
    r"|tl;?dr|highlights"
    r"|essentials|outline|round-?up|low-?down|brief|briefing|(?:key|main) (?:points|facts|takeaways))(?: of| on| about| from| for)?"
)
_VERSIONS = (
    r"(?: up)?(?: (?:all|of|the|an|a|every|its|full|complete|whole|entire))*(?: (?:change|edit|version|revision) (?:history|log)"
    r"| (?:earlier|previous|past|old|older|prior|former|original|different) (?:versions?|revisions?|values?|wordings?)"
    r"| change-?logs?| changes (?:to|made)| versions?| revisions?| edits| evolution| history(?= of\b| behind\b)| how (?=.* (?:changed"
    r"|evolved)))"
    r"(?: of| to| in| for| on| behind)?"
)
_PLACE = (
    r"(?:name-?spaces?|spaces?|workspaces?|areas?|folders?|vaults?|collections?|accounts?|channels?|groups?|pools?|shelf|team|teams"
    r"|shared|global"
    r"|expert|family|project|board|hub|library|wiki)\b"
)
_NOTED = (
    r"(?:notes?|lists?|entry|entries|records?|plans?|files?|memory|memories|logs?|journal|diary|memos?|pages?|drafts?|docs?|profile"
    r"|summary|agenda|schedule|itinerary|minutes|history|budget|recipe|card|details|contacts?|calendar|collection|log-?book|inventory"
    r"|guide|handbook|manual|sheet|table|chart|contract|will|documents?|letter|spec|roster|rota|menu|tracker|register|ledger|outline|report)\b"
)
_MONTH = r"(?:Jan|Feb|Mar(?:ch)?\b|Apr|May\b|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun|Q[1-4])"

_PARTS = {"_ME": _ME, "_WHOSE": _WHOSE, "_SUMMARY": _SUMMARY, "_VERSIONS": _VERSIONS, "_PLACE": _PLACE, "_NOTED": _NOTED, "_MONTH": _MONTH}
"""What the patterns of `commands.txt` have in common."""
NEUTRAL = listed("tell show give get open read see check know hear fetch display quote view help let")
"""Verbs of asking that do not say that a memory is meant: "tell me a joke"."""


class Command(NamedTuple):
    """An order at the head of a clause: what it wants, its verb as written, and where what is ordered begins."""

    intent: Intent
    verb: str
    end: int
    withdraws: bool = False
    """Whether what was shared is to be shared no more."""
    framed: bool = False
    """Whether more than the verb tells it: a particle after it, or what must follow later."""


_HEAD = re.compile(r"[^\W\d_]+(?:[-;'\u2019][^\W\d_]+)*")


_OFTEN = (
    "remember",
    "remind",
    "forget",
    "delete",
    "archive",
    "summarise",
    "summarize",
    "compare",
    "restore",
    "confirm",
    "update",
    "transfer",
    "search",
    "freeze",
    "unlock",
    "remove",
)


@lru_cache(maxsize=1)
def _misspelt() -> dict[str, str]:
    """Usual verbs by what becomes of them where one letter is left out, or two are exchanged."""
    found: dict[str, str] = {}
    for verb in _OFTEN:
        for place in range(1, len(verb)):
            found[verb[:place] + verb[place + 1 :]] = verb
            found[verb[: place - 1] + verb[place] + verb[place - 1] + verb[place + 1 :]] = verb
    return {slip: verb for slip, verb in found.items() if slip not in _rules()}


@lru_cache(maxsize=1)
def _rules() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    rules: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    table = files(__package__).joinpath("commands.txt").read_text(encoding="utf-8")
    for name, pattern in _PARTS.items():
        table = table.replace(f"{{{name}}}", pattern)
    for line in table.strip().splitlines():
        intent, heads, tail = (part.strip(" ") if place < 2 else part.removeprefix(" ") for place, part in enumerate(line.split("|", 2)))
        compiled = re.compile(tail.rstrip() and f"(?:{tail.rstrip()})(?![\\w-])", re.IGNORECASE if "[A-Z]" not in tail else 0)
        for head in heads.split():
            rules.setdefault(head, []).append((intent, compiled))
    return rules


def command(text: str, start: int = 0) -> Command | None:
    """The order that stands at a place of a text; None when no verb of the table does, in the form of an order."""
    head = _HEAD.match(text, start)
    if head is None:
        return None
    word = head[0].lower().replace("\u2019", "'")
    end = head.end()
    if text[end : end + 1] in {".", "@", "/", "_"} and text[end + 1 : end + 2].isalnum():
        return None
    if word in ("do", "please") and text[end : end + 5].lower().startswith((" not ", " n't")):
        word, end = "don't", end + 4
    if word not in _rules():
        word = _misspelt().get(word, word)
    for intent, pattern in _rules().get(word, ()):
        if (tail := pattern.match(text, end)) is not None:
            withdraws = intent == "unshare"
            kind: Intent = "share" if withdraws else intent  # type: ignore[assignment]
            return Command(kind, word, tail.end(), withdraws, tail.end() > end or "(?=" in pattern.pattern)
    return None


def lemma(word: str) -> str | None:
    """The verb of the table of which a word is a form, "archiving" and "archived" of "archive"; None for another word."""
    low, rules = word.lower(), _rules()
    if low in rules:
        return low
    for ending in ("ing", "ed", "d", "s"):
        if low.endswith(ending):
            stem = low[: -len(ending)]
            doubled = stem[:-1] if len(stem) > 2 and stem[-1] == stem[-2] else stem
            for each in (stem, f"{stem}e", doubled, f"{stem[:-1]}y" if stem.endswith("i") else stem):
                if each in rules:
                    return each
    return _IRREGULAR.get(low)


_IRREGULAR = {
    "made": "make", "gave": "give", "took": "take", "forgot": "forget", "forgotten": "forget", "froze": "freeze", "frozen": "freeze",
    "shown": "show", "found": "find", "told": "tell", "got": "get", "put": "put", "set": "set", "sent": "send", "wrote": "write",
    "written": "write", "kept": "keep", "brought": "bring", "lay": "lay", "read": "read", "unfrozen": "unfreeze",
}  # fmt: skip

"""Clauses: takes a request that asks for several operations apart, in the order in which they are to be done."""

from __future__ import annotations

import re

from memos.interface.memreader.beside import CONTEXT, embedding, one_thing, over, parallel
from memos.interface.memreader.commands import Command, command
from memos.interface.memreader.fronted import unfronted
from memos.interface.memreader.peeling import peeled
from memos.interface.memreader.statements import dismissed
from memos.interface.memreader.subordinate import INSTEAD as _INSTEAD
from memos.interface.memreader.subordinate import Clause, leads, ordered_parts
from memos.interface.memreader.words import ADVERBS, ARTICLES, CONJUNCTIONS, DEMONSTRATIVES, POSSESSIVES, PREPOSITIONS, QUANTIFIERS, listed

_PROBE = "zzz"
READ = 4000
"""How many characters of a text are searched for where clauses end."""
PLACES = 200
"""How many places are looked at."""
AHEAD = 300
_QUOTED = re.compile(r"[\"“«][^\"”»\n]{0,2000}[\"”»]|(?<!\w)['‘][^'’\n]{2,300}['’](?!\w)|`[^`\n]{1,300}`|\([^()\n]{0,300}\)")
_BREAK = re.compile(
    r"(?P<end>(?<=[.!?…])[\"')\]]?\s+|\n+)"
    r"|(?P<mark>\s*;\s*|\s+(?=\(?[1-9a-d][.)]\s)|\s+[–—-]{1,2}\s+)"
    r"|(?P<link>\s*,?\s+(?:and|then|but|plus|so|&|\+)(?:\s+(?:and|then|also|but|afterwards|finally|lastly|next|please|after\s+that"
    r"|after\s+this|when\s+you're\s+done|once\s+that's\s+done))*\s*,?\s+"
    r"|\s*,\s*(?:also|afterwards|finally|next|after\s+that|lastly)\s*,?\s+)"
    r"|(?P<comma>,\s+)",
    re.IGNORECASE,
)
_SHORT = re.compile(
    r"(?:\b(?:[Dd]r|[Mm]rs?|[Mm]s|[Pp]rof|[Ss]t|[Nn]o|[Vv]s|etc|approx|e\.g|i\.e|[SJ]r|Mt|[Ff]ig|pp?|a\.m|p\.m)|(?<![\w'’])[A-Z])\.\s*$"
)
_RESTART = re.compile(
    r"^.{0,120}?\b(?:no[,]?\s+wait|wait[,]?\s+no|scratch\s+that|strike\s+that|on\s+second\s+thoughts?"
    r"|actually[,]?\s+no)\b[,.:;!…\s-]*(?=\w)",
    re.IGNORECASE,
)
_TIMELY = re.compile(
    r"^(?:on|at|in|while|from|when|whenever|if|as\s+soon\s+as|every|each|starting|beginning|next|this|tomorrow|tonight|today|daily|weekly"
    r"|monthly|by|for|during|since|until)\b",
    re.IGNORECASE,
)
_ACTUALLY = re.compile(r"^(?:actually|instead|again)\s+(?=\w+\s)", re.IGNORECASE)
_IS_THAT = re.compile(r"^how\s+(?:many|much|often)\b.*\b(?:that|it)\b", re.IGNORECASE)
_GAPPED = re.compile(
    r"^(?P<verb>set|change|update|add|move|share|transfer|rename|put|mark|correct)\s+(?P<one>(?:(?!\s(?:to|with|as|into)\s).)+?)\s+(?P<by>to|with|as|into)\s+"
    r"(?P<first>(?:(?!\s(?:to|with|as|into|and)\s).)+?),?\s+and\s+(?P<two>(?:(?!\s(?:to|with|as|into)\s).)+?)\s+(?P=by)\s+(?P<second>.+)$",
    re.IGNORECASE,
)
_EARLIER = re.compile(
    r"^(?:but\s+)?(?:before\s+(?:that|this|doing\s+(?:so|that|this)|you\s+do(?:\s+(?:so|that|this))?)|beforehand"
    r"|first(?:\s+of\s+all)?|prior\s+to\s+that)\s*,?\s+",
    re.IGNORECASE,
)
_FIRST_BEHIND = re.compile(r"(?:,\s*|\s+)(?:first|beforehand|before\s+(?:that|you\s+do(?:\s+(?:so|that|it))?))\s*[.!?]*$", re.IGNORECASE)
_INFINITIVE = re.compile(
    r"\b(?:to|should|must|will|would|can|could|might|may|let's|i'll|we'll|he'll|she'll|they'll|going\s+to|want"
    r"|wants)\s+(?:\w+ly\s+)?[a-z]{2,}\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"^(?:(?:who|what|when|where|why|how|which|whose)(?:'s|s)?\s+\w+\s+\S|(?:who|what|how)(?:'s)\s+\S|(?:do|did|does|is|are|was|were"
    r"|have|has|had|can|will)\s+(?:i|we|you|he|she|they|it|the|my|our|there|[A-Z]\w+)\b\s*\S"
    r"|(?:who|what)\s+\w+(?:ed|s)?\s*\?|what\s+helped|how\s+(?:many|much|often|long|far|old)\s)",
    re.IGNORECASE,
)
_INVERTED = re.compile(
    r"^(?:who|what|when|where|why|how|which)\b.{0,40}?\b(?:do|did|does|was|were|is|are|have|has|had)\s+(?:i|we|he|she|they|it|the|my)\b",
    re.IGNORECASE,
)
_TELLS = re.compile(
    r"^(?:that\s+)?(?!(?:i|we|they|you|to)\b)(?:\S+\s+){1,4}?(?:is|was|has|had|left|went|got|became|lost|won|quit|bought|sold|[a-z]+ed)\b",
    re.IGNORECASE,
)
_POINTING = (
    ARTICLES
    | POSSESSIVES
    | DEMONSTRATIVES
    | QUANTIFIERS
    | listed("""
it them everything anything what whatever how who when where which why if whether me us him her both one
""")
)
_HOMOGRAPHS = listed("""
note notes record log list store change share update archive lock pin file count move show find report check search set get give open
read make put take add save keep tell drop bin clear bring look pull mark push hand pass track document view wipe trash seal protect
merge swap switch set mark tick stop strike purge display sum round wrap brief know see hear help go run write draft talk walk register
capture import enter contrast pack store run order plan book remember revert restore link attach complete fill allow grant open block
""")
_FIRM = frozenset(
    {"archive", "forget", "freeze", "unfreeze", "restore", "confirm", "share", "summarise", "compare", "list", "count", "history"}
)
_NOT_FIRST = (ADVERBS - {"last", "first", "most", "more", "once"}) | CONJUNCTIONS | PREPOSITIONS


def clauses(text: str) -> list[Clause]:
    """The clauses that each may ask for an operation, in the order in which these are to be done."""
    if (again := _RESTART.match(text[:READ])) is not None:
        text = text[again.end() :]
    text = unfronted(text) if len(text) < AHEAD else text
    found, last = list[Clause](), list[Clause]()
    for clause in _gapless(_pieces(text)):
        if clause.joined == "end":
            found, last = [*found, *last], []
        earlier = _EARLIER.match(clause.text)
        plain = clause if earlier is None else Clause(clause.text[earlier.end() :], clause.joined, moved=True)
        if earlier is None and found and clause.joined in {"link", "comma"} and (behind := _FIRST_BEHIND.search(clause.text)) is not None:
            earlier, plain = behind, Clause(clause.text[: behind.start()], clause.joined, moved=True)
        parts, later = ordered_parts(plain)
        ahead = earlier is not None and bool(found) and _goes_ahead(earlier[0].lower(), clause.joined)
        if ahead and command(peeled(parts[0].text).text) is not None:
            found[-1:-1] = parts
        else:
            found.extend(parts)
        last.extend(later)
    return [*found, *last] or [Clause(text)]


def _gapless(pieces: list[Clause]) -> list[Clause]:
    """The pieces, with "set Ida's size to 34 and Paul's to 38" as two whole orders."""
    found: list[Clause] = []
    for piece in pieces:
        core = peeled(piece.text).text
        gap = _GAPPED.match(core)
        if gap is None or command(core) is None or command(gap["two"]) is not None:
            found.append(piece)
            continue
        two = gap["two"]
        if re.search(r"['’]s?$", two) and (head := re.search(r"['’]s?\s+(.+)$", gap["one"])) is not None:
            two = f"{two} {head[1]}"
        found += [
            Clause(core[: gap.end("first")], piece.joined, moved=True),
            Clause(f"{gap['verb']} {two} {gap['by']} {gap['second']}", "link", moved=True),
        ]
    return found


def _goes_ahead(words: str, joined: str) -> bool:
    """Whether words such as "but before that" put a clause before the one said first; without "but" a "first" only opens a list."""
    return words.startswith((" ", ",")) or not words.startswith("first") or (joined == "link" and words.startswith("but"))


def _pieces(text: str) -> list[Clause]:
    masked = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), text[:READ])
    found: list[Clause] = []
    start, joined, last, ahead = 0, "", 0, ""
    for number, place in enumerate(_BREAK.finditer(masked)):
        if number == PLACES:
            break
        kind = str(place.lastgroup)
        left = text[start : place.start()]
        if place.start() <= last or not left.strip(" ,.;:!?") or (kind == "end" and _SHORT.search(left)):
            continue
        last = place.end() - 1
        if not peeled(f"{left.strip()}, {_PROBE}").text.removeprefix(_PROBE) or (kind in {"comma", "end"} and _leads(peeled(left).text)):
            continue
        if kind == "end" or _begins(text[place.end() : place.end() + AHEAD], left, kind, place[0]):
            found.append(Clause(f"{ahead}{left.strip()}", joined))
            start, joined = place.end(), kind
            ahead = "but " if kind == "link" and "but" in place[0].lower() and text[start : start + 5].lower() == "first" else ""
    found.append(Clause(f"{ahead}{text[start:].strip()}", joined))
    return [each for each in found if each.text]


def _leads(left: str) -> bool:
    """Whether words say when what follows is to be done, and are no clause by themselves."""
    if left.rstrip().endswith("?"):
        return False
    return (
        leads(left)
        or _INSTEAD.match(f"{left}, ") is not None
        or (_TIMELY.match(left) is not None and command(left) is None and not left.rstrip().endswith(("?", ".", "!")))
    )


def _begins(right: str, left: str, kind: str, words: str) -> bool:
    """Whether another order or question begins here."""
    earlier = _EARLIER.match(right)
    plain = _ACTUALLY.sub("", peeled(right[earlier.end() :] if earlier else right).text)
    before = peeled(left).text
    dropped = dismissed(before)
    if dropped and dropped >= len(before.rstrip(" ,.;:!?")):
        return command(plain) is not None or _ASKS.match(plain) is not None
    ordered, given = command(before), command(plain)
    if given is not None:
        if ordered is None and kind == "link" and plain == right and parallel(before, given, words):
            return False
        if ordered is not None and ordered.intent == "store" and _is_content(before, ordered, given, plain, kind=kind, words=words):
            return False
        return earlier is not None or _with_object(
            plain, given, kind, words, bare=ordered is not None and not before[ordered.end :].strip()
        )
    if ordered is not None and (ended := over(before, ordered, words)) is not None:
        return ended
    if ordered is None and kind == "comma" and _IS_THAT.match(plain):
        return True
    if ordered is None and kind == "comma" and CONTEXT.match(before) and _ASKS.match(plain):
        return True
    if kind == "comma" or (ordered is None and not _ASKS.match(before)):
        return False
    asks = _ASKS.match(plain) is not None
    if asks and ordered is None and kind == "link" and one_thing(before, plain):
        return False
    if asks and ordered is not None and ordered.intent == "store" and _INVERTED.match(plain) and "?" in plain:
        return True
    if ordered is not None and ordered.intent in {"store", "recall"} and kind == "link" and not words.strip().startswith(","):
        return False
    return asks and (kind != "link" or not embedding(before, ordered))


def _is_content(before: str, ordered: Command, given: Command, plain: str, *, kind: str, words: str) -> bool:
    """Whether what looks like an order goes on with what is to be remembered: "remember to call Bob and update the plan"."""
    content = before[ordered.end :].lstrip()
    if content.startswith(":") or before[: ordered.end].rstrip().endswith(":"):
        return True
    if kind == "comma" and not _with_object(plain, given, kind, "", bare=False):
        return True
    if (
        given.intent == "store"
        and given.framed
        and re.match(r"(?:remember|note|save|log|record|keep\s+in\s+mind|don't\s+forget)\s+that\b", plain, re.IGNORECASE)
    ):
        return False
    if (
        _TELLS.search(content) is not None
        and given.intent in {"update", "store"}
        and re.match(r"\s*(?:my|our|the|his|her|their|its)\b", plain[given.end :])
    ):
        return False
    strong = kind == "mark" or "," in words or any(word in words.lower() for word in ("also", "please", "but", "after that"))
    if strong:
        return given.verb in {"read", "see", "get", "know", "hear", "go"} and not re.match(r"\w+\s+(?:me|us)\b", plain, re.IGNORECASE)
    return _INFINITIVE.search(content) is not None or (
        given.intent not in _FIRM and not re.match(r"(?:remind|show|tell|give)\s+me\b|(?:please|look\s+up|dig)\b", plain, re.IGNORECASE)
    )


def _with_object(plain: str, given: Command, kind: str, words: str, *, bare: bool) -> bool:
    """Whether a verb stands there as an order: with an object that could be one."""
    object_ = plain[given.end :].lstrip(" :,")
    first = re.match(r"[\w'’\"“€$£-]+", object_)
    word = first[0].lower().replace("’", "'") if first else ""
    if not given.framed and given.verb in {"keep", "hold", "track"} and word in {"it", "them", "those", "these", "that"}:
        return False
    if word in {"again", "too", "pls", "please"} and not re.search(r"\w+\W+\w+\W+\w+", object_) and kind in {"link", "mark", "comma"}:
        return True
    if not word:
        return given.framed or (kind in {"mark", "link"} and given.verb not in _HOMOGRAPHS)
    if bare:
        return word not in _NOT_FIRST
    if given.framed or word in _POINTING or object_[0].isupper() or not object_[0].isalpha() or word.endswith("'s"):
        return True
    firm = kind == "mark" or any(
        each in words.lower() for each in ("then", "also", "after that", "afterwards", "finally", "next", "please")
    )
    if firm or (kind == "link" and "," in words):
        return word not in _NOT_FIRST
    return (given.verb not in _HOMOGRAPHS or (kind == "comma" and given.verb in {"add", "append", "remove"})) and word not in _NOT_FIRST

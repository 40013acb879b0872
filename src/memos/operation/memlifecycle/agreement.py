"""Agreement: what must not end a memory, and what surely does, whatever the detector of successions weighs.

The detector was made for pairs that belong together. Among the memories of a store most pairs only share a person or a word, and signs
meet by chance: "Mum moved to a care home" must not end "Mum is allergic to penicillin". A succession is refused where the texts speak of
different people or things, where only a person is shared and no topic, or where the new one denies, adds or repeats. A move of the same
person is always one.
"""

from __future__ import annotations

import re
from functools import lru_cache

from memos.memcube.normal import normalised
from memos.operation.memlifecycle.words import lexicon

_WORD = re.compile(r"[^\W_]+(?:['.,:/\-][^\W_]+)*%?")
_SMALL_WORDS = (
    "a an the my our your his her their its this that these those i we you he she it they me us him them and or but so to of in at "
    "on by for with from as is are was were be been am do does did no not has have had will would can could should every each per "
    "then than too also very much more most some any all dr mr mrs ms now new mg g kg mcg ml l km m cm "
)
_SMALL = frozenset(_SMALL_WORDS.split())
_KIN = "mother|father|sister|brother|son|daughter|cousin|aunt|uncle|friend|colleague|child|cat|dog"
_PLACE = r"[A-Z][\w'\-]+(?: [A-Z][\w'\-]+)?"
_UNREAL = re.compile(r"\b(did not|didn't|in the game|in a dream|rumou?rs?|would have|never)\b", re.IGNORECASE)
_OBJECT = re.compile(r"\b(?:stopped|quit|no longer)\b(?P<rest>[^.!?;]*)", re.IGNORECASE)
_ADDS = re.compile(r"\b(bought|got|adopted)\b (?:a|an|another|my second) ", re.IGNORECASE)
_REPLACES = re.compile(r"\b(instead|switched|replaced?|replacing|traded|swapped|sold|only)\b", re.IGNORECASE)
_OWNS = re.compile(r"\b(own|owns|have|has|keeps?)\b", re.IGNORECASE)
_COPULA = re.compile(r"^(?:my|our|\w+'s) (?P<what>[\w\- ]{2,40}?) (?:is|are) (?!called|named)", re.IGNORECASE)
_PART = re.compile(r"^(?:the|my|our) [\w\-]+ (?:in|of|on|at|for) (?P<what>\w+) (?P<label>\d+|[A-Z])\b", re.IGNORECASE)
_OF_KIN = re.compile(rf"^(?:[Mm]y|[Oo]ur|\w+'s) (?P<kin>{_KIN}) (?P<name>[A-Z]\w+)\b")
_OTHERS = re.compile(r"^(?P<whose>\w+)'s (?:new )?(?P<what>\w+)")
_OUT_OF = re.compile(r"\bfrom (?P<what>[A-Z]\w+) to [A-Z]")
_GENERIC = frozenset({"tak", "us", "go", "do", "get", "be", "hav"})
_TIME_WORDS = (
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october "
    "november december today tomorrow yesterday day week month year morning evening night "
    "mondays tuesdays wednesdays thursdays fridays saturdays sundays"
)
_DOSE = re.compile(r"\b\d+(?:[.,]\d+)? ?(?:mg|mcg|µg|g|ml)\b")
_MOVED_SOMETHING = re.compile(r"\bmoved (?:to (?:the|a|an)\b|(?:my|our|the|his|her|their) )", re.IGNORECASE)
_PLACED = re.compile(rf"\b(?:at|for|in) (?P<place>{_PLACE})")
_SETTINGS = frozenset({"staging", "production", "development", "test"})
_LIVES = re.compile(
    r"^(?P<who>I|We|[A-Z]\w+)(?:'m|'ve| have| has| am| is| are| just| now)* "
    r"(?:live|lives|living|moved|relocated|based|settled)\b(?P<rest>[^.!?\n]*)"
)
_INTO = re.compile(rf"^(?:.{{0,40}}? )?(?:in|to|back to) (?P<place>{_PLACE})")
_THING = re.compile(
    r"\b(savings|meeting|party|wedding|account|office|team|files?|data|money|appointment|car|bank|game|dream|\d{4})\b", re.IGNORECASE
)
_MAYBE = re.compile(
    r"\?|\b(if|would|could|might|maybe|perhaps|wish|hope|plan(ned|s)?|thinking|imagine|almost|said|says|used to|before|until|not|never)\b"
    r"|\bfor (a|one|two|three|the|this) |temporar",
    re.IGNORECASE,
)


def moved(old: str, new: str) -> bool:
    """Whether both tell where the same person lives, and the later one names another place. The speakers must be compared by the caller."""
    one, other = _home(_plain(old)), _home(_plain(new))
    return one is not None and other is not None and one[0] == other[0] and one[1] != other[1]


def refused(old: str, new: str, reason: str) -> bool:
    """Whether a succession that the detector found, with its reason, must not end the earlier memory."""
    one, other = _plain(old), _plain(new)
    return bool(_UNREAL.search(other)) or _of_another(one, other) or _of_nothing_shared(one, other, reason) or _keeps(one, other)


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    return " ".join(normalised("NFC", text).replace("’", "'").split())


def _of_another(old: str, new: str) -> bool:
    """Whether the two speak of different people or things of the same kind."""
    for pattern, kind, which in ((_PART, "what", "label"), (_OF_KIN, "kin", "name")):
        one, other = pattern.match(old), pattern.match(new)
        if one and other and one[kind].lower() == other[kind].lower() and one[which].lower() != other[which].lower():
            return True
    what, whats = _COPULA.match(old), _COPULA.match(new)
    if what and whats and _content(what["what"]).isdisjoint(_content(whats["what"])):
        return True
    before, after = (_SETTINGS & {word.lower() for word in _WORD.findall(text)} for text in (old, new))
    return _of_other_people(old, new) or bool(before and after and before.isdisjoint(after))


def _of_other_people(old: str, new: str) -> bool:
    first, others = _first(old), _OTHERS.match(new)
    if others and others["whose"].lower() == first and _stem(others["what"].lower()) not in _content(old):
        return True
    names = [text.split(" ")[0] for text in (old, new)]
    named = all(name.isalpha() and name.istitle() and name.lower() not in lexicon().known | lexicon().stop for name in names)
    return named and names[0] != names[1] and names[0] not in new and not re.search(rf"\b{names[1]}\b", old)


def _of_nothing_shared(old: str, new: str, reason: str) -> bool:
    """Whether the two have no more in common than who they are about, or when."""
    about = {_first(old), _first(new), *(match[1].lower() for match in re.finditer(r"\b(\w+)'s\b", f"{old} {new}"))}
    shared = (_content(old) & _content(new)) - about
    ended, out = _OBJECT.search(new), _OUT_OF.search(new)
    if ended and _content(ended["rest"]) - _GENERIC:
        return (_content(ended["rest"]) - _GENERIC).isdisjoint(_content(old)) and shared <= _GENERIC
    if reason == "ended":
        shared = frozenset(word for word in shared if not word[0].isdigit())
    if shared:
        return shared <= _times() and _stem(_first(old)) not in _content(new)
    dosed = bool(_DOSE.search(old) and _DOSE.search(new))
    return (
        reason in {"replaced", "denied or ended"}
        or dosed
        or reason in {"ended", "ended: health", "replaced: health", "ended: measure"}
        or bool(out and _stem(out["what"].lower()) not in _content(old))
    )


def _keeps(old: str, new: str) -> bool:
    """Whether the new one adds to the old one, tells of a move that is none, or says the same place once more."""
    if _ADDS.search(new) and _OWNS.search(old) and not _REPLACES.search(new):
        return True
    one, other = _COPULA.match(old), _COPULA.match(new)
    if one and other and one["what"].lower() == other["what"].lower() and _content(old[one.end() :]) < _content(new[other.end() :]):
        return True
    placed = _PLACED.search(old)
    if placed is None:
        return False
    if _home(old) and _MOVED_SOMETHING.search(new):
        return True
    again = re.search(rf"\b(?:works?|lives?|flat|house|home|based|and)\b[^.;]*\b(?:at|for|in|to) {re.escape(placed['place'])}\b", new)
    left = re.search(rf"\b(?:left|leave|leaving|from) {re.escape(placed['place'])}\b", new)
    return bool(again) and not left and not re.search(r"\b(no longer|stopped|quit|sold|any ?more)\b", new, re.IGNORECASE)


def _first(text: str) -> str:
    """Whom or what a text is about: its first word that says something."""
    words = [word.lower().removesuffix("'s") for word in _WORD.findall(text)]
    return next((word for word in words if word not in _SMALL), "")


@lru_cache(maxsize=1)
def _times() -> frozenset[str]:
    return _content(_TIME_WORDS)


@lru_cache(maxsize=4096)
def _content(text: str) -> frozenset[str]:
    return frozenset(_stem(word.lower()) for word in _WORD.findall(text)) - _SMALL


def _stem(word: str) -> str:
    word = word.removesuffix("'s")
    for ending in ("ing", "ed", "es", "s", "e"):
        if len(word) > len(ending) + 2 and word.endswith(ending) and word.isalpha():
            return word.removesuffix(ending)
    return word


@lru_cache(maxsize=4096)
def _home(text: str) -> tuple[str, str] | None:
    """Who lives where, of a text one of whose clauses begins with it."""
    for sentence in re.split(r"(?<=[.!?:;,])\s+", text):
        found = _LIVES.match(sentence)
        where = _INTO.search(found["rest"].strip()) if found else None
        if found is None or where is None or _THING.search(found["rest"]) or _MAYBE.search(text):
            continue
        return "we" if found["who"] in {"I", "We"} else found["who"].lower(), where["place"].lower()
    return None


def forget() -> None:
    """Forget the texts that were compared."""
    for remembers in (_plain, _content, _home):
        remembers.cache_clear()

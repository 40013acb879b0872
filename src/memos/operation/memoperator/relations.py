"""Relations: what a text says of two entities: who is whose sister, works where, lives where, likes what. By patterns, with no model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from memos.operation.memoperator.entities import READ, Mention
from memos.operation.memoperator.gazetteer import gazetteer

NAMED = (
    "works_at", "studied_at", "lives_in", "from", "born_in", "visited", "member_of", "volunteers_at", "likes", "dislikes", "owns",
    "married_to", "friend", "knows", "created_by", "located_in",
)  # fmt: skip
"""The relations that are found beside those of family and acquaintance, which bear the word itself, such as `sister`."""
LEAST = 0.45
"""A relation less certain is not told."""


class Relation(NamedTuple):
    """`target` stands in a relation to `source`: its sister, the place where it works."""

    source: str
    relation: str
    target: str
    confidence: float


_SAME_KIN = {
    "mom": "mother", "mum": "mother", "mommy": "mother", "mama": "mother", "dad": "father", "daddy": "father", "papa": "father",
    "sis": "sister", "bro": "brother", "hubby": "husband", "kid": "child", "baby": "child", "auntie": "aunt", "grandma": "grandmother",
    "granny": "grandmother", "nana": "grandmother", "grandpa": "grandfather", "bestie": "friend", "buddy": "friend", "pal": "friend",
    "mate": "friend", "coworker": "colleague", "co-worker": "colleague", "neighbor": "neighbour", "spouse": "partner",
}  # fmt: skip
_NO_KIN = frozenset({"date", "host", "guest", "ex", "baby", "parents"})
_N = "\x01(\\d+)\x02"
_ADJECTIVES = (
    r"(?:(?:dear|best|old|older|elder|younger|little|big|late|new|good|close|twin|former|oldest|youngest|only|first|own|great|lovely) )*"
)
_SUBJECT = (
    r"(?:\x01(?P<s>\d+)\x02|\b(?P<i>I)\b|\b(?P<they>[Hh]e|[Ss]he)\b)(?:,? who)?(?:'m|'s|'ve|'d| am| is| was| has| have| had| will be)?"
)
_ADVERBS = r"(?: (?:also|now|just|recently|still|currently|really|finally|always|absolutely|already|actually|both|so|been))*"
_OBJECT = "\x01(?P<o>\\d+)\x02"
_THE = r"(?:the |a |an |my |our |this |that |her |his )?"
_PLACES, _ORGANISATIONS = ("place", "thing", "organisation"), ("organisation", "thing", "place")
_GROUPS = ("organisation", "thing", "place")
_STARTED = "started working|started(?= (?:at|for|with) |(?: a| the| my| his| her)?(?: new)? job )"
_WORKS = f"(?:work(?:s|ed|ing)?|got a job|intern(?:s|ed|ing)?|employed|{_STARTED}|teach(?:es|ing)?)"
_OWNS = "own(?:s|ed)?|bought|got|(?:have|has)(?= (?:an?|the|my|his|her|our|their|two|three) )|adopted|driv(?:e|es)"
_VERBS: tuple[tuple[str, str, float, tuple[str, ...]], ...] = (
    ("works_at", rf"{_WORKS}(?: [a-z-]+){{0,4}}? (?:at|for|with) ", 0.85, _ORGANISATIONS),
    ("studied_at", r"(?:stud(?:y|ies|ied|ying)(?: [a-z]+){0,3}? at|graduated(?: [a-z]+)? from|enrolled (?:at|in)) ", 0.85, _ORGANISATIONS),
    ("lives_in", r"(?:liv(?:e|es|ed|ing)(?: [a-z]+){0,2}? in|based in|settled in|bought a (?:house|flat) in) ", 0.85, _PLACES),
    ("lives_in", r"(?:mov(?:e|es|ed|ing)|relocat(?:e|es|ed|ing))(?: [a-z]+){0,2}? to ", 0.75, _PLACES),
    ("born_in", r"(?:born|raised|grew up|brought up) in ", 0.85, _PLACES),
    ("from", r"(?:originally )?(?:from|comes? from|came from) ", 0.7, _PLACES),
    ("visited", r"(?:visit(?:s|ed|ing)?|went to|been to|flew to|travel(?:l?ed|l?ing|s)? to|toured) ", 0.7, ("place", "organisation")),
    ("member_of", r"(?:join(?:s|ed|ing)?|(?:a )?member of|belongs? to|(?:plays?|played|sings?|sang) (?:for|in|with)) ", 0.75, _GROUPS),
    ("volunteers_at", r"volunteer(?:s|ed|ing)?(?: [a-z]+)? (?:at|for|with) ", 0.85, _ORGANISATIONS),
    ("likes", r"(?:lov(?:e|es|ed|ing)|lik(?:e|es|ed)|ador(?:e|es|ed)|enjoy(?:s|ed)?|(?:a )?(?:big |huge )?fan of|obsessed with) ", 0.7, ()),
    ("dislikes", r"(?:hat(?:e|es|ed)|dislikes?|disliked|can't stand|cannot stand|despises?) ", 0.7, ()),
    ("owns", rf"(?:{_OWNS})(?: [a-z]+){{0,3}}? (?:called |named )?", 0.6, ("thing",)),
    ("married_to", r"(?:married(?: to)?|engaged to) ", 0.85, ("person", "thing")),
    ("knows", r"(?:met|knows?|knew|ran into|hung out with) ", 0.6, ("person",)),
)  # fmt: skip
_NOT = re.compile(r"\b(?:not|never|no longer|used to|wish|wants? to|would|could|might|if)\b|n't\b(?<!can't)")


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[re.Pattern[str], ...], tuple[tuple[str, re.Pattern[str], float, tuple[str, ...]], ...]]:
    lists = gazetteer()
    kin = f"{_ADJECTIVES}(?P<kin>{'|'.join(sorted((lists.kin - _NO_KIN) | lists.pets, key=len, reverse=True))})"
    named = "(?:'s name)?(?:,| is| is called| is named| called| named)?"
    family = (
        rf"\b(?P<my>[Mm]y|[Oo]ur) {kin}{named} {_OBJECT}",
        rf"\x01(?P<s>\d+)\x02's {kin}{named} {_OBJECT}",
        rf"{_OBJECT}(?:,| is| was) (?P<my>my|our) {kin}\b",
        rf"{_OBJECT}(?:,| is| was) \x01(?P<s>\d+)\x02's {kin}\b",
    )
    verbs = tuple((name, re.compile(f"{_SUBJECT}{_ADVERBS} {verb}{_THE}{_OBJECT}"), sure, kinds) for name, verb, sure, kinds in _VERBS)
    return tuple(map(re.compile, family)), verbs


_TOGETHER = re.compile(
    f"{_N} and {_N} are (?:best |good |close |old )?(friends|married|engaged|sisters|brothers|cousins|colleagues|neighbours|twins)"
)
_WITH_ME = re.compile(
    rf"(?:{_N} and I|I and {_N}) (?:are|have been|were) (?:best |good |close |old )?(friends|married|engaged|colleagues|neighbours|cousins)"
)
_FAVOURITE = re.compile(rf"\b[Mm]y favou?rite (?:[a-z]+ ){{1,2}}is {_N}")
_BY = re.compile(f"{_N} by {_N}")
_IN = re.compile(f"{_N},? in {_N}")
_PLURALS = {"friends": "friend", "married": "married_to", "engaged": "married_to"}


def relations(text: str, named: Sequence[Mention], me: str | None) -> tuple[Relation, ...]:
    """What a text says of the entities named in it, each once; `me` is who "I" and "my" mean, None leaves out what is said so."""
    found: dict[tuple[str, str, str], Relation] = {}
    person: Mention | None = None
    for sentence in re.split(r"(?<=[.!?])\s+|\n", _marked(text[:READ], named)):
        asks = sentence.rstrip().endswith("?")
        for relation in _Sentence(sentence, named, me, person).all():
            sure = relation.confidence * (0.5 if asks else 1)
            key = relation[:3]
            if sure >= LEAST and relation.source != relation.target and (key not in found or found[key].confidence < sure):
                found[key] = relation._replace(confidence=round(sure, 3))
        people = [named[int(place)] for place in re.findall(_N, sentence) if named[int(place)].kind == "person"]
        person = people[-1] if people else person
    return tuple(found.values())


def _marked(text: str, named: Sequence[Mention]) -> str:
    """A text in which each name is a mark with its place in the list, the longer names first."""
    text = text.replace("’", "'").translate({1: None, 2: None})
    for place, name in sorted(enumerate(each.name for each in named), key=lambda each: -len(each[1])):
        quoted = rf"[\"“]{re.escape(name)}[\"”]|" if named[place].kind == "work" else ""
        text = re.sub(rf"{quoted}(?<![\w\x01]){re.escape(name)}(?![\w\x02])", f"\x01{place}\x02", text)
    return text


class _Sentence:
    """One sentence with marks for names."""

    def __init__(self, text: str, named: Sequence[Mention], me: str | None, person: Mention | None) -> None:
        self.text, self.named, self.me, self.person = text, named, me, person

    def all(self) -> Iterator[Relation]:
        """What it says."""
        if "\x01" not in self.text:
            return
        yield from self._family()
        yield from self._acts()
        yield from self._rest()

    def _name(self, place: str) -> Mention:
        return self.named[int(place)]

    def _family(self) -> Iterator[Relation]:
        for pattern in _patterns()[0]:
            for match in pattern.finditer(self.text):
                parts = match.groupdict()
                source = self.me if parts.get("my") else self._name(parts["s"]).name
                target, word = self._name(parts["o"]), parts["kin"]
                pet = word in gazetteer().pets
                if source is not None and (pet or target.kind in {"person", "thing"}):
                    yield Relation(source, "owns" if pet else _SAME_KIN.get(word, word), target.name, 0.9)

    def _acts(self) -> Iterator[Relation]:
        for name, pattern, sure, kinds in _patterns()[1]:
            for match in pattern.finditer(self.text):
                subject, sureness = self._subject(match)
                target = self._name(match["o"])
                if subject is None or (kinds and target.kind not in kinds) or _NOT.search(match[0]):
                    continue
                yield Relation(subject, name, target.name, sure * sureness * (1 if target.kind != "thing" else 0.9))

    def _subject(self, match: re.Match[str]) -> tuple[str | None, float]:
        if match["s"]:
            subject = self._name(match["s"])
            return (subject.name, 1.0) if subject.kind in {"person", "thing"} else (None, 0.0)
        if match["i"]:
            return self.me, 1.0
        return (self.person.name, 0.8) if self.person is not None else (None, 0.0)

    def _rest(self) -> Iterator[Relation]:
        for match in _TOGETHER.finditer(self.text):
            yield Relation(self._name(match[1]).name, _word(match[3]), self._name(match[2]).name, 0.85)
        for match in _WITH_ME.finditer(self.text):
            if self.me is not None:
                yield Relation(self.me, _word(match[3]), self._name(match[1] or match[2]).name, 0.85)
        for match in _FAVOURITE.finditer(self.text):
            if self.me is not None:
                yield Relation(self.me, "likes", self._name(match[1]).name, 0.85)
        for match in _BY.finditer(self.text):
            made, maker = self._name(match[1]), self._name(match[2])
            if made.kind in {"work", "thing"} and maker.kind in {"person", "organisation"}:
                yield Relation(made.name, "created_by", maker.name, 0.8)
        for match in _IN.finditer(self.text):
            inside, outside = self._name(match[1]), self._name(match[2])
            if inside.kind in {"organisation", "place"} and outside.kind == "place":
                yield Relation(inside.name, "located_in", outside.name, 0.7)


def _word(plural: str) -> str:
    return _PLURALS.get(plural, plural.removesuffix("s"))

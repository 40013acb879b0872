"""Resolution: which names are one entity's, by how they are written, by how people talk, and by what users said of them.

Pairs that are alike are scored, those that a conversation tells apart are lowered, and groups are made of the best pairs first, never
against a cannot-link (constrained agglomeration; Wagstaff and Cardie 2000, "Clustering with Instance-level Constraints"). A short form that
may stand for two different entities stands for neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from memos.operation.memoperator.conversation import Heard, Pair, Said, heard, pair
from memos.operation.memoperator.likeness import Likeness, keys, likeness, written

APPLIED = 0.7
"""Names this likely to be one are shown as one."""
PROPOSED = 0.4
"""Names this likely to be one are proposed."""
_CROWD = 60
"""A key that more names share tells nothing of them."""


class Name(NamedTuple):
    """A name as memories have it: its kind, and how many mention it."""

    name: str
    kind: str
    times: int = 1


class Verdict(NamedTuple):
    """What a user said of names: that they are one entity's, or that each is another's."""

    names: tuple[str, ...]
    same: bool


class Match(NamedTuple):
    """Two names that may be one entity's."""

    names: Pair
    confidence: float
    evidence: tuple[str, ...]


class Group(NamedTuple):
    """One entity: the name by which it is known, its kind, all its names, how sure that is, who says so, and why."""

    name: str
    kind: str
    names: tuple[str, ...]
    confidence: float
    by: str
    evidence: tuple[str, ...]


def resolve(
    names: Sequence[Name], said: Sequence[Said] = (), verdicts: Sequence[Verdict] = (), known: Sequence[Group] = ()
) -> tuple[Group, ...]:
    """The entities that some names are of; a later verdict goes before an earlier one, and every verdict before what is predicted.

    Groups that are `known` already stay whole.
    """
    found = _Grouping(names)
    for verdict in reversed(verdicts):
        found.told(verdict)
    for group in known:
        for other in group.names[1:]:
            found.join(Match(pair(group.name, other), group.confidence, group.evidence))
    for match in matches(names, said):
        if match.confidence < APPLIED:
            break
        found.join(match)
    return found.groups()


def propose(names: Sequence[Name], said: Sequence[Said] = (), verdicts: Sequence[Verdict] = ()) -> tuple[Match, ...]:
    """The pairs of names that may be one, those applied by prediction too, the likeliest first; none of which a verdict speaks."""
    found = _Grouping(names)
    for verdict in reversed(verdicts):
        found.told(verdict)
    return tuple(match for match in matches(names, said) if match.confidence >= PROPOSED and not found.settled(*match.names))


def matches(names: Sequence[Name], said: Sequence[Said]) -> list[Match]:
    """All pairs of names that are at all alike, or said to be one, the likeliest first."""
    known, talk = {each.name: each for each in names}, heard(said)
    scored: dict[Pair, tuple[Likeness, Match]] = {}
    for one, other in _candidates(names, talk):
        kind = _common(known[one], known[other])
        alike = likeness(one, other, kind) if kind else Likeness(0.0, "")
        match = _weighed(pair(one, other), alike, talk)
        if match.confidence > 0:
            scored[match.names] = alike, match
    final = [_unless_ambiguous(match, alike, scored, talk) for alike, match in scored.values()]
    return sorted(final, key=lambda match: (-match.confidence, match.names))


def _candidates(names: Sequence[Name], talk: Heard) -> Iterator[Pair]:
    """Pairs that share a key, each once, and pairs that were said to be one."""
    shelves: dict[str, list[str]] = {}
    for each in names:
        for key in keys(each.name, each.kind):
            shelves.setdefault(key, []).append(each.name)
    known = {each.name for each in names}
    found = {pair(*two) for shelf in shelves.values() if len(shelf) <= _CROWD for two in combinations(shelf, 2)}
    yield from sorted(found | {two for two in talk.one if known.issuperset(two)})


def _common(one: Name, other: Name) -> str:
    """The kind of which two names may be one; empty when they cannot."""
    kinds = {one.kind, other.kind} - {"thing"}
    if len(kinds) == 2:  # a person is no place, whatever it is called
        return "organisation" if kinds == {"organisation", "place"} else ""
    if kinds:
        return kinds.pop()
    return "person" if max(len(written(each.name).words) for each in (one, other)) == 1 else "thing"


def _weighed(two: Pair, alike: Likeness, talk: Heard) -> Match:
    """How likely two names are one, with what was heard of them."""
    score, why = alike.score, [alike.why] if alike.score else []
    if talk.one[two]:
        return Match(two, max(0.95, score), ("said to be one", *why))
    if two in talk.two:
        return Match(two, 0.0, ("said to be two",))
    if not score:
        return Match(two, 0.0, ())
    called = talk.addressed[two] + talk.addressed[two[1], two[0]]
    if called:
        score, why = min(0.97, score + 0.15), [*why, "spoken to by this name"]
    elif alike.partial and (talk.told_of[two] or talk.told_of[two[1], two[0]]):
        score, why = score * 0.6, [*why, "spoken of to somebody of the other name"]
    if two in talk.talkers:
        score, why = score * 0.2, [*why, "both talk in one session"]
    elif talk.apart[two] and alike.score < 0.96:
        score, why = score * (0.35 if alike.partial or alike.score < 0.9 else 0.85), [*why, "named side by side"]
    return Match(two, round(score, 3), tuple(why))


def _unless_ambiguous(match: Match, alike: Likeness, scored: Mapping[Pair, tuple[Likeness, Match]], talk: Heard) -> Match:
    """A short form that may be of two entities which are not one is of neither, unless somebody is called by it."""
    if not alike.partial or match.confidence < PROPOSED or "said to be one" in match.evidence:
        return match
    for short, full in (match.names, match.names[::-1]):
        for two, (other, rival) in scored.items():
            if short not in two or two == match.names or not other.partial:
                continue
            third = two[0] if two[1] == short else two[1]
            if _narrower(short, full) and _narrower(short, third) and not _one(full, third, scored) and _rivals(match, rival, talk):
                return Match(match.names, round(match.confidence * 0.6, 3), (*match.evidence, f"might as well be {third}"))
    return match


def _narrower(short: str, full: str) -> bool:
    """Whether a name says less than another."""
    return len(written(short).joined) < len(written(full).joined) or len(written(short).core) < len(written(full).core)


def _one(full: str, third: str, scored: Mapping[Pair, tuple[Likeness, Match]]) -> bool:
    found = scored.get(pair(full, third))
    return found is not None and found[1].confidence >= APPLIED


def _rivals(match: Match, rival: Match, talk: Heard) -> bool:
    """Whether another reading is nearly as likely."""
    return rival.confidence >= match.confidence - 0.14 and rival.names not in talk.two


class _Grouping:
    """Names in groups, joined as far as nothing forbids it."""

    def __init__(self, names: Sequence[Name]) -> None:
        self._known = {each.name: each for each in names}
        self._of: dict[str, list[str]] = {each: [each] for each in self._known}
        self._forbidden: set[Pair] = set()
        self._told: set[Pair] = set()
        self._why: dict[str, list[Match]] = {each: [] for each in self._known}

    def settled(self, one: str, other: str) -> bool:
        """Whether verdicts say of two names whether they are one."""
        return self._of[one] is self._of[other] or self._apart(self._of[one], self._of[other])

    def told(self, verdict: Verdict) -> None:
        """Take a verdict, which later ones, taken before, may limit."""
        names = [each for each in dict.fromkeys(verdict.names) if each in self._known]
        for one, other in combinations(names, 2):
            if verdict.same:
                self.join(Match(pair(one, other), 1.0, ("a user said so",)), user=True)
            elif self._of[one] is not self._of[other]:
                self._forbidden.add(pair(one, other))

    def _apart(self, one: Iterable[str], other: Iterable[str]) -> bool:
        return any(pair(a, b) in self._forbidden for a in one for b in other)

    def join(self, match: Match, *, user: bool = False) -> None:
        """Make one group of two, unless they are kept apart."""
        one, other = (self._of[name] for name in match.names)
        if one is other or self._apart(one, other):
            return
        why = [*self._why[one[0]], *self._why[other[0]], match]
        one += other
        for name in one:
            self._of[name], self._why[name] = one, why
        if user:
            self._told.add(match.names)

    def groups(self) -> tuple[Group, ...]:
        """The groups, those most mentioned first."""
        distinct = {id(group): group for group in self._of.values()}
        made = [self._group(group) for group in distinct.values()]
        return tuple(sorted(made, key=lambda group: (-sum(self._known[name].times for name in group.names), group.name)))

    def _group(self, members: list[str]) -> Group:
        known = [self._known[name] for name in members]
        best = max(known, key=_fullness)
        kinds = [each.kind for each in sorted(known, key=lambda each: -each.times) if each.kind != "thing"]
        why = self._why[members[0]]
        predicted = [match for match in why if match.names not in self._told]
        evidence = tuple(dict.fromkeys(line for match in why for line in _lines(match)))
        confidence = min((match.confidence for match in why), default=1.0)
        names = (best.name, *sorted(set(members) - {best.name}))
        return Group(
            best.name, kinds[0] if kinds else best.kind, names, confidence, "predicted" if predicted or not why else "user", evidence
        )


def _lines(match: Match) -> tuple[str, ...]:
    """The evidence of a match; that of a group that was known already names its names."""
    known = any(" = " in each for each in match.evidence)
    return match.evidence if known else (f"{match.names[0]} = {match.names[1]}: {', '.join(match.evidence)}",)


def _fullness(name: Name) -> tuple[int, int, int, str]:
    """The name that says most, without a title if that says as much."""
    parts = written(name.name)
    return len(parts.core), -len(parts.titles), len(name.name) if not parts.titles else 0, name.name

"""Alignment: whether a word of change stands right at what the old text states, and how the evidence adds up."""

from __future__ import annotations

from memos.operation.memlifecycle.grammar import TURNS, UNSAFE
from memos.operation.memlifecycle.reading import NEGATIVE, POSITIVE, Unit
from memos.operation.memlifecycle.words import lexicon

CLOSE = 0.4
"""From this cosine on two sentences speak of the same."""
TERSE = 6.0
"""A text of no more weight is a plain statement, whose parts need no alignment."""

_KINDS = ("aligned number", "aligned slot", "aligned place", "aligned state")
_UNGROUNDED = ("other person", "other speaker", "assistant", "old asks", "clash", "modifier differs", "both events")
_SAME = ("number same", "state same", "value same", "slot same", "place same", "loose state same")
_DIFFERENT = (
    *("number near", "number far", "bare number near", "state changed", "loose state changed"),
    *("value changed", "slot changed", "place changed", "word ends", "word begins"),
)
_EVIDENCE = (
    *("word ends", "word begins", "topic ends", "state changed", "state ends", "number near"),
    *("place changed", "slot changed", "replace by word", "end by word", "correct by word", "address changed"),
)
_DOUBTS = (
    *("question", "suppose", "wish", "past", "passing", "reported", "quoted", "address", "other person", "clash"),
    *(
        "modifier differs",
        "holder differs",
        "word denied twice",
        "both events",
        "nothing firm",
        "assistant",
        "narrower",
        "name denied twice",
        "earlier year",
        "address same",
    ),
)


def align(found: dict[str, float], old: Unit, new: Unit) -> None:
    """Add what is aligned to the features found so far."""
    for sentence in new.sentences:
        if not sentence.modes & UNSAFE:
            for cue, near in sentence.tight.items():
                for stem in near & old.durable:
                    _align_stem(found, cue, stem, old, new)
    if found.get("number near") and any((a.heads & b.heads & old.durable) - lexicon().measures for a in old.numbers for b in new.numbers):
        found["aligned number"] = 1.0
    if found.get("same person") and new.firm and (found.get("firm state") or (found.get("state changed") and found.get("replace by word"))):
        found["aligned state"] = 1.0
    for key in old.slots.keys() & new.slots.keys():
        if not old.slots[key] & new.slots[key] and key <= old.durable and new.firm:
            found["aligned slot"] = 1.0
    if found.get("place changed") and "replace" in new.cues and not new.modes & UNSAFE:
        found["aligned place"] = 1.0


def _align_stem(found: dict[str, float], cue: str, stem: str, old: Unit, new: Unit) -> None:
    held = bool((old.signs[stem] | old.signs[stem] >> 2) & POSITIVE)
    if cue in ("end", "denial") and held and new.signs[stem] & NEGATIVE and stem not in old.name_stems:
        found["aligned end"] = 1.0
    elif cue in ("replace", "now", "correct"):
        found[f"aligned {cue}"] = 1.0
    elif cue == "start" and not held and new.signs[stem] & POSITIVE:
        found["aligned start"] = 1.0


def weigh(found: dict[str, float]) -> None:
    """Add how much evidence and how much doubt there is."""
    evidence = sum(name in found and found[name] > 0 for name in _EVIDENCE)
    doubts = sum(name in found and found[name] > 0 for name in _DOUBTS)
    same = any(found.get(name) for name in _SAME)
    found["nothing differs"] = float(same and not any(found.get(name) for name in _DIFFERENT))
    found["evidence"] = float(evidence > 0)
    found["much evidence"] = float(evidence > 1)
    found["doubt"] = float(doubts > 0)
    found["much doubt"] = float(doubts > 1)
    found["clear"] = float(evidence > 0 and doubts == 0)
    found["number and cue"] = float(bool(found.get("number near") and found.get("replace by word")))
    found["topical change"] = float(bool((found.get("replace by topic") or found.get("end by topic")) and found.get("same person")))


def is_grounded(found: dict[str, float], old: Unit, new: Unit, topics: frozenset[str]) -> bool:
    """Whether the new text by itself tells a change of what the old one states; `topics` are the specific ones that both speak of."""
    if any(found.get(name) for name in _UNGROUNDED) or not (old.explicit and new.explicit):
        return False
    kinds = any(found.get(name) for name in _KINDS)
    return bool(
        found.get("label same")
        or _in_a_sentence(found, old, new, topics, kinds=kinds)
        or (found.get("clear") and _is_terse(old, new) and found["sentence cosine"] >= CLOSE / 2 and not TURNS.isdisjoint(new.cues))
        or (kinds and topics and found["sentence cosine"] >= CLOSE and not found.get("same sitting") and not new.modes & UNSAFE)
    )


def _is_terse(old: Unit, new: Unit) -> bool:
    return max(old.weight, new.weight) <= TERSE and max(old.chatty, new.chatty) <= 0.5


def _in_a_sentence(found: dict[str, float], old: Unit, new: Unit, topics: frozenset[str], *, kinds: bool) -> bool:
    denied = frozenset[str]().union(*(sentence.tight.get("denial", frozenset()) for sentence in old.sentences))
    for sentence in new.sentences:
        if sentence.modes & UNSAFE:
            continue
        ending = sentence.tight.get("end", frozenset()) & old.durable - old.name_stems
        beginning = sentence.tight.get("start", frozenset()) & denied & old.durable
        if ending and found.get("aligned end") and topics and not sentence.theirs:
            return True
        if (kinds and not TURNS.isdisjoint(sentence.cues)) or (beginning and found.get("aligned start")):
            return True
    return False

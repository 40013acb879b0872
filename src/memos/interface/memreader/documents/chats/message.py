"""Message: what every kind of chat becomes, before it is a draft."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from memos.interface.memreader.documents.blocks import TooMuch

ROLES = {
    "user": "user", "human": "user", "you": "user", "me": "user",
    "assistant": "assistant", "ai": "assistant", "chatgpt": "assistant", "claude": "assistant", "bot": "assistant", "model": "assistant",
    "system": "system", "tool": "tool",
}  # fmt: skip
NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What stands in no name: control characters and marks of direction."""
BROKEN = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: its words, who said them in which role and when, in which conversation at which place, and what else the file tells."""

    text: str
    name: str | None = None
    role: str | None = None
    at: datetime | None = None
    session: str | None = None
    ordinal: int = 0
    metadata: dict[str, Any] = field(default_factory=dict)

    def as_given(self, session: str, common: dict[str, Any]) -> dict[str, Any]:
        """The message as `add` takes it."""
        found = {"name": self.name, "role": self.role, "at": self.at}
        fields = {"content": self.text, "session": self.session or session, "ordinal": self.ordinal, "metadata": common | self.metadata}
        return fields | {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Chat:
    """The messages of a file, and what had to be left out or assumed."""

    messages: tuple[Message, ...]
    warnings: tuple[str, ...] = ()


def called(name: Any) -> str | None:
    """A name as a speaker's: one line, at most 200 bytes; None for none."""
    if not isinstance(name, str):
        return None
    line = " ".join(NAME.sub("", name).split())
    return line.encode()[:200].decode(errors="ignore").strip() or None


def whole(text: str) -> str:
    """A text without halves of characters and NULs, which an escape in JSON may have left; the mark of replacement stands for them."""
    if not BROKEN.search(text):
        return text
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def role_of(name: str | None) -> str | None:
    """The role that a speaker's name is, None for a person's name."""
    return ROLES.get((name or "").lower())


def moment(value: Any) -> datetime | None:
    """A time from seconds since 1970, or from ISO 8601 with a zone; None for anything else."""
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{9,11}(\.\d+)?", value):
            value = float(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        when = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    return when if when is None or when.tzinfo is not None else when.replace(tzinfo=UTC)


def require_count(count: int, most: int) -> None:
    """TooMuch for more messages than one document may have."""
    if count > most:
        raise TooMuch(f"it has more than {most:,} messages; split it")

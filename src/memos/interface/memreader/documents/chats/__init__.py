"""Chats: exports of conversations and transcripts as the messages that `add` takes, word by word and in their order."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Any

from memos.interface.memreader.documents.chats.message import Chat


def read_chat(format: str, text: str, read: Any, most: int, *, zone: tzinfo | None, dates: Any) -> Chat:
    """The messages of a chat of this format, from its text, or its JSON `read`; TooMuch when there are none, or more than `most`."""
    if format in {"chatgpt", "claude", "slack"}:
        from memos.interface.memreader.documents.chats.exports import chat_of

        return chat_of(format, read, most)
    if format in {"vtt", "srt"}:
        from memos.interface.memreader.documents.chats.subtitles import subtitles

        return subtitles(text, most)
    from memos.interface.memreader.documents.chats.lines import transcript, whatsapp

    return transcript(text, most) if format == "transcript" else whatsapp(text, most, zone=zone, utc=UTC, dates=dates)

"""Exports: the JSON in which ChatGPT, Claude and Slack hand out conversations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from memos.interface.memreader.documents.blocks import TooMuch
from memos.interface.memreader.documents.chats.message import Chat, Message, called, moment, require_count, whole

JOINING = ("channel_join", "channel_leave", "channel_archive", "channel_unarchive", "channel_name", "group_join", "group_leave")
"""What Slack writes into a channel by itself."""


def chat_of(kind: str, read: Any, most: int) -> Chat:
    """The messages of an export, each conversation a session of its own; TooMuch when there are none, or too many."""
    messages: list[Message] = []
    silent = 0
    for each in {"chatgpt": _chatgpt, "claude": _claude, "slack": _slack}[kind](read if isinstance(read, list) else [read]):
        if not each.text.strip():
            silent += 1
            continue
        messages.append(replace(each, text=whole(each.text)))
        require_count(len(messages), most)
    if not messages:
        raise TooMuch("there is no message with a text in it")
    warnings = (f"{silent:,} messages without text (pictures, files, calls) are left out",) if silent else ()
    return Chat(tuple(messages), warnings)


def _objects(values: Any) -> Iterator[Mapping[str, Any]]:
    for value in values if isinstance(values, list) else ():
        if isinstance(value, Mapping):
            yield value


def _session(kind: str, told: Any, number: int, common: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """The session of a conversation by its id, None where it has none and is the only one."""
    if isinstance(told, str) and told and len(told) < 200:
        return f"{kind}:{told}", common
    if number:
        raise TooMuch(f"the conversation {number + 1} in it has no id; export it again")
    return None, common


def _chatgpt(conversations: list[Any]) -> Iterator[Message]:
    for number, each in enumerate(_objects(conversations)):
        title = {"conversation": called(each.get("title"))} if called(each.get("title")) else {}
        session, common = _session("chatgpt", each.get("conversation_id") or each.get("id"), number, title)
        ordinal = 0
        for key, message in _branch(each):
            author = message.get("author")
            role = author.get("role") if isinstance(author, Mapping) else None
            about = message.get("metadata")
            hidden = isinstance(about, Mapping) and about.get("is_visually_hidden_from_conversation")
            if role not in ("user", "assistant") or hidden:
                continue
            name = called(author.get("name")) if isinstance(author, Mapping) else None
            text, at = _parts(message.get("content")), moment(message.get("create_time"))
            yield Message(text, name, role, at, session, ordinal, common | {"message": str(key)[:200]})
            ordinal += bool(text.strip())


def _branch(conversation: Mapping[str, Any]) -> list[tuple[Any, Mapping[str, Any]]]:
    """The messages from the first to the current one; answers that were generated anew and left stand on other branches."""
    mapping = conversation.get("mapping")
    if not isinstance(mapping, Mapping):
        return []
    key, found, seen = conversation.get("current_node"), [], set()
    if not isinstance(key, str) or key not in mapping:
        parents = {str(node.get("parent")) for node in mapping.values() if isinstance(node, Mapping)}
        key = next((each for each in reversed(list(mapping)) if each not in parents), None)
    while isinstance(key, str) and key not in seen and isinstance(node := mapping.get(key), Mapping):
        seen.add(key)
        if isinstance(message := node.get("message"), Mapping):
            found.append((message.get("id") or key, message))
        key = node.get("parent")
    return found[::-1]


def _parts(content: Any) -> str:
    if not isinstance(content, Mapping):
        return content if isinstance(content, str) else ""
    parts = content.get("parts")
    given = parts if isinstance(parts, list) else ()
    texts = [part if isinstance(part, str) else part.get("text") if isinstance(part, Mapping) else None for part in given]
    own = content.get("text")
    return "\n".join(text for text in texts if isinstance(text, str) and text) or (own if isinstance(own, str) else "")


def _claude(conversations: list[Any]) -> Iterator[Message]:
    roles = {"human": "user", "user": "user", "assistant": "assistant"}
    for number, each in enumerate(_objects(conversations)):
        title = {"conversation": called(each.get("name"))} if called(each.get("name")) else {}
        session, common = _session("claude", each.get("uuid"), number, title)
        ordinal = 0
        for message in _objects(each.get("chat_messages")):
            told = message.get("text")
            text = told if isinstance(told, str) and told else _parts({"parts": message.get("content")})
            role = roles.get(str(message.get("sender")))
            yield Message(text, None, role, moment(message.get("created_at")), session, ordinal, common | _id(message.get("uuid")))
            ordinal += bool(text.strip())


def _id(told: Any) -> dict[str, Any]:
    return {"message": told[:200]} if isinstance(told, str) and told else {}


def _slack(messages: list[Any]) -> Iterator[Message]:
    """The messages of a channel by their time."""
    timed = [(moment(each.get("ts")), each) for each in _objects(messages) if each.get("subtype") not in JOINING]
    for at, each in timed:
        if at is None:
            raise TooMuch(f"the time {str(each.get('ts'))[:40]!r} of a message is none")
    ordinal = 0
    for at, each in sorted(timed, key=_when):
        text = each.get("text") if isinstance(each.get("text"), str) else ""
        thread = each.get("thread_ts")
        told = _id(each.get("ts")) | ({"thread": thread[:200]} if isinstance(thread, str) and thread != each.get("ts") else {})
        yield Message(str(text), _slack_name(each), "assistant" if each.get("bot_id") else "user", at, None, ordinal, told)
        ordinal += bool(str(text).strip())


def _when(timed: tuple[datetime | None, Any]) -> float:
    return timed[0].timestamp() if timed[0] is not None else 0.0


def _slack_name(message: Mapping[str, Any]) -> str | None:
    profile = message.get("user_profile")
    found = [profile.get(name) for name in ("real_name", "display_name", "name")] if isinstance(profile, Mapping) else []
    return next((name for name in map(called, (*found, message.get("username"), message.get("user"))) if name), None)

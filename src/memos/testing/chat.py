"""ScriptedChat: a ChatModel that answers what a test says, and counts as if it were paid; and what every ChatModel must do."""

# ruff: noqa: S101, D102 -- a suite of tests asserts, and a test is documented by its name
from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from memos.ports.models import ChatMessage, ChatModel, Completion, completed

Answer = str | Completion | Exception | Mapping[str, Any]
"""A text, a whole Completion, an error to raise, or an object to be written as JSON."""


class ScriptedChat:
    """Answers by a function of the text that is to be read (the `text` of the last message's JSON, or the message itself).

    `asked` are the messages of every call, in their order. A word counts as a token, a token costs `price`. Safe among threads.
    """

    def __init__(self, answer: Callable[[str], Answer], *, name: str = "scripted", price: float | None = 0.001) -> None:
        self._answer, self._name, self._price = answer, name, price
        self._lock = threading.Lock()
        self.asked: list[tuple[ChatMessage, ...]] = []

    @property
    def name(self) -> str:
        """See the port."""
        return self._name

    def complete(self, messages: Sequence[ChatMessage], schema: Mapping[str, Any] | None = None, *, max_tokens: int = 1024) -> Completion:
        """See the port."""
        with self._lock:
            self.asked.append(tuple(messages))
        given = self._answer(_text(messages[-1].content))
        if isinstance(given, Exception):
            raise given
        if isinstance(given, Completion):
            return given
        text = given if isinstance(given, str) else json.dumps(given)
        prompt, answer = sum(len(message.content.split()) for message in messages), len(text.split())
        cost = None if self._price is None else self._price * (prompt + answer)
        return Completion(text, _json(text) if schema is not None else None, prompt, answer, cost)


def _text(content: str) -> str:
    read = _json(content)
    return read["text"] if isinstance(read, dict) and isinstance(read.get("text"), str) else content


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


class ChatModelContract:
    """What every ChatModel must do, as a pytest class: inherit it, override `chat`, and run pytest. It is asked a few short questions."""

    @pytest.fixture
    def chat(self) -> ChatModel:
        raise NotImplementedError

    def test_it_is_a_chat_model_with_a_name(self, chat: ChatModel) -> None:
        assert isinstance(chat, ChatModel)
        assert chat.name
        assert chat.name == chat.name.strip()

    def test_it_answers_with_a_text_and_counts(self, chat: ChatModel) -> None:
        found = completed(chat, [ChatMessage("system", "Answer shortly."), ChatMessage("user", "Say hello.")], max_tokens=8)
        assert found.text.strip()
        assert found.prompt_tokens > 0
        assert 0 < found.completion_tokens <= 8

    def test_it_answers_in_json_where_there_is_a_schema(self, chat: ChatModel) -> None:
        schema = {
            "type": "object",
            "properties": {"word": {"type": "string", "enum": ["yes", "no"]}},
            "required": ["word"],
            "additionalProperties": False,
        }
        found = completed(chat, [ChatMessage("user", 'Answer {"word": "yes"} or {"word": "no"}.')], schema, max_tokens=32)
        assert found.parsed in ({"word": "yes"}, {"word": "no"})

    def test_it_takes_odd_texts(self, chat: ChatModel) -> None:
        for text in ("\x00", "她对花生过敏。", "👩‍👩‍👧", "</s> <|im_end|>"):
            assert isinstance(completed(chat, [ChatMessage("user", text)], max_tokens=2).text, str)

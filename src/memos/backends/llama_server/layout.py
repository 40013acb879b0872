"""The prompt in the tokens of a server's model: each part by itself, between what the model's chat template writes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from threading import Lock
from typing import Any

from memos.backends._template import ANSWER, JOINT, START, texts_between
from memos.backends.llama_server.client import Client
from memos.errors import BackendError, InvalidCall
from memos.memcube.prompt import Part, require_ordered

Tokens = tuple[int, ...]
REMEMBERED = 4096
"""The texts whose tokens are remembered, by hash."""


class Layout:
    """Asks the server for the tokens of each part. What people wrote is never read as a control token."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = Lock()
        self._known: dict[bytes, Tokens] = {}
        between = texts_between(self._rendered)
        first, bare = self._asked("x", special=True, whole=True), self._asked("x", special=True)
        opening = first[:1] if first[:1] != bare[:1] else ()
        self._between = {key: self._asked(text, special=True) for key, text in between.items()}
        begun = any(text.startswith(self._text(opening)) for (role, _), text in between.items() if role == START)
        self._opening = () if begun else opening

    def tokens(self, prompt: Sequence[Part]) -> tuple[Tokens, ...]:
        """The tokens of each part, and in one more element those that open the answer; InvalidCall for an order the model cannot read."""
        require_ordered(prompt)
        made, role = [], START
        for part in prompt:
            if part.role == role:
                made.append(self.plain(JOINT + part.text))
            else:
                made.append((*(self._opening if role == START else ()), *self._joining(role, part.role), *self.plain(part.text)))
            role = part.role
        return (*made, self._joining(role, ANSWER))

    def plain(self, text: str) -> Tokens:
        """The tokens of what somebody wrote."""
        if not text:
            return ()
        key = hashlib.blake2b(text.encode(), digest_size=16).digest()
        with self._lock:
            known = self._known.get(key)
        if known is None:
            known = self._asked(text, special=False)
            with self._lock:
                if len(self._known) >= REMEMBERED:
                    self._known.clear()
                self._known[key] = known
        return known

    def forget(self) -> None:
        """Forget the tokens of all texts."""
        with self._lock:
            self._known.clear()

    def _joining(self, before: str, after: str) -> Tokens:
        found = self._between.get((before, after))
        if found is None:
            raise InvalidCall(f"the model's chat template has no {after} message after {'the beginning' if before == START else before}")
        return found

    def _asked(self, text: str, *, special: bool, whole: bool = False) -> Tokens:
        found = self._client.post("/tokenize", {"content": text, "parse_special": special, "add_special": whole})
        tokens: Any = found.get("tokens") if isinstance(found, dict) else None
        if not isinstance(tokens, list) or not all(type(token) is int for token in tokens):
            raise BackendError(f"{self._client.where} gave no tokens: see that it is a llama.cpp server")
        return tuple(tokens)

    def _text(self, tokens: Tokens) -> str:
        """What tokens say; a text that nothing begins with where there are none."""
        return str(self._client.post("/detokenize", {"tokens": tokens})["content"]) if tokens else "\0"

    def _rendered(self, roles: Sequence[str], said: Sequence[str]) -> str | None:
        chat = [{"role": role, "content": text} for role, text in zip(roles, said, strict=True)]
        try:
            found = self._client.post("/apply-template", {"messages": chat})
        except BackendError as refused:
            if "status" in refused.details:  # the template refuses such a dialogue
                return None
            raise
        shown = found.get("prompt") if isinstance(found, dict) else None
        return shown if isinstance(shown, str) else None

"""A running llama.cpp server: what it says of itself, its slots and the files that they are saved to."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from memos.backends.llama_server.child import Child
from memos.backends.llama_server.client import Client
from memos.backends.llama_server.layout import Layout
from memos.backends.llama_server.slots import Slot, Slots, shared
from memos.errors import BackendError, InvalidCall, MemOSError

Tokens = tuple[int, ...]
PREFIX, SUFFIX = "memos-", ".slot"
"""Of the names of the files that are saved; others in the directory are left alone."""

ERASING = 5.0
"""The seconds that a server has to erase a slot, before that is put off."""


@dataclass(frozen=True)
class _Saved:
    tokens: Tokens
    salt: str


class Server:
    """The server behind a client. `files` is the directory that it saves slots to, where that is known and may be written."""

    def __init__(self, client: Client, *, files: Path | None = None, child: Child | None = None, patience: float = 120.0) -> None:
        self.client, self._files, self._child = client, files, child
        self._lock = Lock()
        self._saved: dict[str, _Saved] = {}
        told = client.get("/props")
        try:
            self.window = int(told["default_generation_settings"]["n_ctx"])
            self.slots = Slots(int(told["total_slots"]), patience, self._erase)
            self._path = str(told.get("model_path") or "")
            self._model = Path(str(told.get("model_alias") or self._path)).name or "model"
        except (KeyError, TypeError, ValueError, AttributeError):
            raise BackendError(f"{client.where} does not say what it is: see that it is a llama.cpp server, and recent") from None
        self.layout = Layout(client)
        self._empty_files()  # of one that was not closed

    @cached_property
    def name(self) -> str:
        """See `LlamaServer.name`."""
        if self._child is None:
            return f"llama.cpp:{self._model}@{self.client.host}"
        with Path(self._path).open("rb") as file:
            return f"llama.cpp:{self._model}@{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"

    def load(self) -> float:
        """The share of busy slots; only those that answer to this process where the server does not tell of all."""
        try:
            told = self.client.get("/slots")
            return sum(bool(slot["is_processing"]) for slot in told) / max(1, len(told))
        except (MemOSError, KeyError, TypeError):
            return self.slots.busy / self.slots.total

    def save(self, tokens: Tokens, salt: str) -> str:
        """See `LlamaServer.save`."""
        directory = self._directory()
        with self.slots.taken(tokens, salt, reading=False) as (slot, _):
            if not shared(slot, tokens, salt):
                raise InvalidCall("no slot holds the beginning of this prompt: generate with it, then save it")
            name = f"{PREFIX}{secrets.token_hex(16)}{SUFFIX}"
            with self._lock:
                self._saved[name] = _Saved(slot.tokens, salt)
            held = len(slot.tokens)
            told = self._acted(slot, "save", name)
        with self._lock:
            gone = name not in self._saved
        if gone:
            (directory / name).unlink(missing_ok=True)
            raise InvalidCall("all was dropped while the slot was saved: generate with the prompt again, then save it")
        if int(told.get("n_saved") or 0) < held or not (directory / name).is_file():
            self._forget(name)
            raise BackendError(f"{self.client.where} has not saved its slot in {directory}: name the directory of --slot-save-path")
        return name

    def restore(self, name: str, salt: str) -> int:
        """See `LlamaServer.restore`."""
        directory = self._directory()
        with self._lock:
            saved = self._saved.get(name)
        if saved is None or saved.salt != salt or not (directory / name).is_file():
            raise InvalidCall("no slot was saved under this name: save it first; a file is gone once what it was made of has changed")
        with self.slots.taken(saved.tokens, salt) as (slot, _):
            self._acted(slot, "restore", name)
            asked = {"prompt": saved.tokens, "id_slot": slot.id, "n_predict": 0, "cache_prompt": True}
            hit = int(self.client.post("/completion", asked)["timings"]["cache_n"])
        if hit < len(saved.tokens) - 1:
            raise BackendError(f"{self.client.where} restored {hit} of {len(saved.tokens)} tokens: its model or settings are others now")
        return hit

    def drop(self) -> None:
        """See `LlamaServer.drop`."""
        self._empty_files()
        self.layout.forget()
        self.slots.drop()

    def close(self) -> None:
        """End the server where it is a child, else erase its slots; the files are removed."""
        if self._child is not None:
            self._child.close()
        else:
            self.drop()

    def _erase(self, slot: int) -> None:
        self.client.post(f"/slots/{slot}?action=erase", {}, within=ERASING)

    def _acted(self, slot: Slot, action: str, name: str) -> dict[str, Any]:
        told = self.client.post(f"/slots/{slot.id}?action={action}", {"filename": name})
        return told if isinstance(told, dict) else {}

    def _directory(self) -> Path:
        if self._files is None:
            raise InvalidCall("slots are saved where the directory of --slot-save-path is named: add slots=/that/directory to the URL")
        return self._files

    def _forget(self, name: str) -> None:
        with self._lock:
            self._saved.pop(name, None)

    def _empty_files(self) -> None:
        with self._lock:
            self._saved.clear()
        if self._files is not None and self._files.is_dir():
            for file in self._files.glob(f"{PREFIX}*{SUFFIX}"):
                file.unlink(missing_ok=True)

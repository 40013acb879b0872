"""The prompt in tokens: each part by itself, between texts that are taken from the model's own chat template.

What stands between two messages (the end of the one, the beginning of the next) belongs to the next part, so that the tokens of what
stands already never change when parts are appended. What people wrote is never read as a control token of the model: the tokenizer of
texts knows none, so that a memory that says `<|im_end|>` stays a text that says so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from memos.backends._template import ANSWER, JOINT, START, texts_between
from memos.backends.transformers.identity import digest_of
from memos.errors import BackendError, InvalidCall
from memos.memcube.prompt import Part, require_ordered

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Layout:
    """The texts between messages, by the roles before and after, and the tokenizer of what stands in them."""

    def __init__(self, tokenizer: Any) -> None:
        import tokenizers

        if not getattr(tokenizer, "chat_template", None):
            raise BackendError("the model has no chat template: take its instruct version")
        self._whole = tokenizers.Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        self._whole.no_truncation()
        self._whole.no_padding()
        self._texts, self._controls = _of_texts(self._whole.to_str())
        between = texts_between(partial(_rendered, tokenizer))
        self._between = {key: self._control(text) for key, text in between.items()}
        self.vocabulary = digest_of(self._whole.to_str())
        self.template = digest_of([tokenizer.chat_template, sorted((*key, text) for key, text in between.items())])

    def _control(self, text: str) -> NDArray[np.int64]:
        """The tokens of a text of the template."""
        return np.array(self._whole.encode(text, add_special_tokens=False).ids, dtype=np.int64)

    def plain(self, text: str) -> NDArray[np.int64]:
        """The tokens of what somebody wrote, none of them a control token; InvalidCall for what no tokens say."""
        ids = np.array(self._texts.encode(text, add_special_tokens=False).ids, dtype=np.int64)
        if self._controls.intersection(ids.tolist()):
            raise InvalidCall("a text has tokens that control the model: it cannot be told apart from the template")
        return ids

    def spoken(self, tokens: Sequence[int]) -> str:
        """The text of tokens."""
        return str(self._texts.decode(list(tokens), skip_special_tokens=False))

    def joined(self, text: str) -> NDArray[np.int64]:
        """The tokens of a further part of a message."""
        return self.plain(JOINT + text)

    def tokens(self, prompt: Sequence[Part]) -> tuple[NDArray[np.int64], ...]:
        """The tokens of each part, and in one more element those that open the answer; InvalidCall for an order the model cannot read."""
        require_ordered(prompt)
        made, role = [], START
        for part in prompt:
            if part.role == role:
                made.append(self.joined(part.text))
            else:
                made.append(np.concatenate([self._joining(role, part.role), self.plain(part.text)]))
            role = part.role
        return (*made, self._joining(role, ANSWER))

    def _joining(self, before: str, after: str) -> NDArray[np.int64]:
        """The tokens between two messages."""
        found = self._between.get((before, after))
        if found is None:
            raise InvalidCall(f"the model's chat template has no {after} message after {'the beginning' if before == START else before}")
        return found


def _of_texts(whole: str) -> tuple[Any, frozenset[int]]:
    """A tokenizer that knows no control tokens, and their ids. BackendError where its model makes one of plain characters.

    Added tokens that are white space alone are no controls, and some models need them.
    """
    import tokenizers

    saved = json.loads(whole)
    controls = [token for token in saved.get("added_tokens") or () if token["content"].strip()]
    saved["added_tokens"] = [token for token in saved.get("added_tokens") or () if not token["content"].strip()]
    saved["post_processor"] = None
    texts = tokenizers.Tokenizer.from_str(json.dumps(saved))
    ids = frozenset(int(token["id"]) for token in controls)
    for token in controls:
        if ids.intersection(texts.encode(token["content"], add_special_tokens=False).ids):
            raise BackendError(
                f"the model's tokenizer reads the plain text {token['content']!r} as a control token: it cannot be used safely"
            )
    return texts, ids


def _rendered(tokenizer: Any, roles: Sequence[str], said: Sequence[str]) -> str | None:
    """What the template makes of a dialogue, or None where it refuses it."""
    chat = [{"role": role, "content": text} for role, text in zip(roles, said, strict=True)]
    try:
        shown = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    except Exception:  # noqa: BLE001 - a template raises what it likes
        return None
    return shown if isinstance(shown, str) else None

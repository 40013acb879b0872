"""What a chat template writes between two messages, found in what it makes of made-up dialogues, so that parts are tokenised one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from memos.errors import BackendError

JOINT = "\n\n"
"""Stands between two parts of one message."""
START, ANSWER = "start", "answer"
Render = Callable[[Sequence[str], Sequence[str]], str | None]
"""What the template makes of a dialogue, its roles and its texts, with the opening of an answer; None where it refuses it."""
_DIALOGUES: tuple[tuple[str, ...], ...] = (
    ("user",),
    ("system", "user"),
    ("user", "assistant", "user"),
    ("system", "user", "assistant", "user"),
    ("system", "user", "assistant", "user", "assistant", "user"),
    ("assistant", "user"),
    ("system", "assistant", "user"),
)
_INTERRUPTED: tuple[tuple[str, ...], ...] = (("system", "user", "system", "user"), ("system", "user", "assistant", "system", "user"))
"""Dialogues with a second system message, which many templates refuse, drop, or write as something else: then there is none."""


def texts_between(render: Render) -> dict[tuple[str, str], str]:
    """The texts between messages, by the roles before and after, `START` and `ANSWER` among them.

    BackendError where a dialogue is not the texts between its messages and its messages: where they depend on more than the roles.
    """
    found: dict[tuple[str, str], str] = {}
    for roles in _DIALOGUES:
        shown = _joinings(render, roles)
        if any(found.setdefault(key, text) != text for key, text in shown):
            raise BackendError("the model's chat template writes a message otherwise when others follow: its prefixes are not stable")
    for roles in _INTERRUPTED:
        shown = _joinings(render, roles)
        told = dict(shown)
        apart = told.get(("user", "system")) != found.get(("user", "assistant"))
        if apart and all(text == told[key] == found.get(key, text) for key, text in shown):
            found |= told
    if (START, "user") not in found or ("user", ANSWER) not in found:
        raise BackendError("the model's chat template cannot be read: it does not show what a user says")
    return found


def _joinings(render: Render, roles: Sequence[str]) -> list[tuple[tuple[str, str], str]]:
    """What a template writes between the messages of a dialogue; nothing where it refuses the dialogue or drops messages of it."""
    said = [f"Qz{number}x{role}Zq" for number, role in enumerate(roles)]
    rest = render(roles, said)
    if rest is None or not all(rest.count(text) == 1 for text in said):
        return []
    made, before = [], START
    for role, text in zip(roles, said, strict=True):
        joining, rest = rest.split(text, 1)
        made.append(((before, role), joining))
        before = role
    return [*made, ((before, ANSWER), rest)]

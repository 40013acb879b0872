"""What a chat template writes between two messages, found in what it makes of made-up dialogues, so that parts are tokenised one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from memos.errors import BackendError

JOINT = "\n\n"
"""Stands between two parts of one message."""
START, ANSWER = "start", "answer"
Render = Callable[[Sequence[str], Sequence[str]], str | None]
"""What the template makes of a dialogue, its roles and its texts, with the opening of an answer; None where it refuses it."""
_DIALOGUES = (
    ("user",),
    ("system", "user"),
    ("user", "assistant", "user"),
    ("system", "user", "assistant", "user"),
    ("system", "user", "assistant", "user", "assistant", "user"),
    ("system", "user", "system", "user"),
    ("system", "user", "assistant", "system", "user"),
    ("assistant", "user"),
    ("system", "assistant", "user"),
)


def texts_between(render: Render) -> dict[tuple[str, str], str]:
    """The texts between messages, by the roles before and after, `START` and `ANSWER` among them.

    BackendError where a dialogue is not the texts between its messages and its messages: where they depend on more than the roles.
    """
    found: dict[tuple[str, str], str] = {}
    read = 0
    for roles in _DIALOGUES:
        said = [f"Qz{number}x{role}Zq" for number, role in enumerate(roles)]
        shown = render(roles, said)
        if shown is None or not all(shown.count(text) == 1 for text in said):
            continue  # an order that the template refuses, or drops messages from
        read += 1
        before, rest = START, shown
        for role, text in zip((*roles, ANSWER), (*said, ""), strict=True):
            joining, rest = rest.split(text, 1) if text else (rest, "")
            if found.setdefault((before, role), joining) != joining:
                raise BackendError("the model's chat template writes a message otherwise when others follow: its prefixes are not stable")
            before = role
    if (START, "user") not in found or ("user", ANSWER) not in found or read < 2:
        raise BackendError("the model's chat template cannot be read: it does not show what a user says")
    return found

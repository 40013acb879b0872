"""Seals: the mark by which a door knows the Callers that it made itself. One that was read, changed or made elsewhere is refused."""

from __future__ import annotations

import secrets
from hashlib import blake2b
from hmac import compare_digest

from memos.memcube.call import Caller


class Seals:
    """A secret of one door in one process: it is written nowhere and ends with the process."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def sealed(self, caller: Caller) -> Caller:
        """The caller with this door's mark over all that it says, its calling context and restrictions included."""
        return caller.model_copy(update={"seal": self._mark(caller)})

    def holds(self, caller: Caller) -> bool:
        """Whether this door made the caller, just as it is."""
        try:
            return compare_digest(self._mark(caller).encode(), caller.seal.encode())
        except (AttributeError, ValueError):  # no door makes a Caller that cannot be written down
            return False

    def _mark(self, caller: Caller) -> str:
        said = caller.model_dump_json(exclude={"seal"}, warnings=False).encode()
        return blake2b(said, key=self._secret, digest_size=16, person=b"caller").hexdigest()

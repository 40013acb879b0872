"""Identity: the verbs that make what others authenticate with: API keys, delegated tokens, and their end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from memos.memcube.call import MemoryReply, Restrictions
from memos.memcube.value import Time, build
from memos.session.base import Ref, Verbs, given, refs, several


class Identity(Verbs):
    """`create_key`, `rotate_key`, `delegate`, `revoke`."""

    def create_key(
        self,
        user: str | None = None,
        *,
        roles: str | Iterable[str] = (),
        agent: str | None = None,
        operations: str | Iterable[str] | None = None,
        namespaces: str | Iterable[str] | None = None,
        read_only: bool = False,
        expires_at: Time | None = None,
    ) -> MemoryReply:
        """Make an API key, for yourself or as an admin for another: `reply.value` has `key`, told this once, and `prefix`, its name.

        `operations`, `namespaces` (with all below) and `read_only` are all that it allows; `agent` is the agent that has it, which an
        admin vouches for. Raises Denied for what you may not give.
        """
        left = restrictions_of(operations, namespaces, read_only=read_only)
        options = given(user=user, roles=several(roles), agent=agent, restrictions=_told(left), expires_at=expires_at)
        return self._call("issue", options=options)

    def rotate_key(self, prefix: str, *, grace: float = 0.0) -> MemoryReply:
        """Make a new key in place of one, with the same rights; the old one serves for `grace` seconds more. Raises NotFound."""
        return self._call("issue", options={"replaces": prefix, "grace": grace})

    def delegate(
        self,
        to: str,
        *,
        until: Time,
        operations: str | Iterable[str] | None = None,
        namespaces: str | Iterable[str] | None = None,
        memories: Ref | Iterable[Ref] | None = None,
        read_only: bool = False,
        purpose: str | None = None,
        contract: str | None = None,
        count: int | None = None,
    ) -> MemoryReply:
        """Lend some of your rights to another user until a time: `reply.value` has `token` and `id`, under which it may be revoked.

        Without `operations` it allows search, get and list. The holder acts under its own name on what is yours, and may hand on less of
        it (`MemOS.attenuate`), never more. Raises Denied for what your own credential does not leave you.
        """
        left = restrictions_of(
            operations, namespaces, memories, read_only=read_only, until=until, purpose=purpose, contract=contract, count=count
        )
        return self._call("delegate", options={"to": to, "restrictions": _told(left)})

    def revoke(self, key: str | None = None, *, token: str | None = None, id: str | None = None) -> MemoryReply:
        """End a key, by its prefix, or a token, by itself or as an admin by its id, with all that was made of it.

        It holds from the next call on, in every process. Raises NotFound.
        """
        return self._call("revoke", options=given(key=key, token=token, id=id))


def restrictions_of(
    operations: str | Iterable[str] | None = None,
    namespaces: str | Iterable[str] | None = None,
    memories: Ref | Iterable[Ref] | None = None,
    **rest: Any,
) -> Restrictions:
    """What a user says that a credential allows; InvalidCall when it makes no sense."""
    lists = {name: several(values) for name, values in (("operations", operations), ("namespaces", namespaces)) if values is not None}
    named = {} if memories is None else {"memories": tuple(ref.id for ref in refs(memories))}
    return build(Restrictions, **lists, **named, **rest)


def _told(left: Restrictions) -> dict[str, Any]:
    return left.model_dump(mode="json", exclude_defaults=True)

"""Sharing: the verbs that open memories and namespaces to others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from memos.memcube.call import MemoryReply
from memos.session.base import Ref, Verbs, given, json_object, refs, several


class Sharing(Verbs):
    """`share`, `unshare`, `acl`, `access`, `who`."""

    def share(
        self,
        ids: Ref | Iterable[Ref],
        principals: str | Iterable[str],
        *,
        rights: str | Iterable[str] = "read",
        idempotency_key: str | None = None,
    ) -> MemoryReply:
        """Open memories to `user:<name>`, `role:<name>` or `agent:<name>`: read, write, history, share, forget, admin.

        What a principal had before is replaced. They find them by search at the next call. Raises Denied unless you may share them.
        """
        options = {"principals": several(principals), "rights": several(rights)}
        return self._call("share", cubes=refs(ids), options=options, idempotency_key=idempotency_key)

    def unshare(self, ids: Ref | Iterable[Ref], principals: str | Iterable[str]) -> MemoryReply:
        """Withdraw from principals every right that the memories' own access lists give them; at the next call it is gone."""
        return self._call("share", cubes=refs(ids), options={"principals": several(principals), "rights": ()})

    def acl(self, namespace: str, acl: Mapping[str, Any] | None = None) -> MemoryReply:
        """The access list of a namespace, `{"role:nurse": ["read"]}`, handed down to all in it and below it; given one, it is set.

        An empty list withdraws it. Raises Denied unless you may share what stands there.
        """
        return self._call("acl", options={"namespace": namespace} | given(acl=json_object(acl)))

    def access(
        self,
        id: Ref,
        user: str,
        *,
        roles: str | Iterable[str] = (),
        action: str = "read",
        agent: str | None = None,
        purpose: str | None = None,
        task: str | None = None,
        model: str | None = None,
        session: str | None = None,
    ) -> MemoryReply:
        """Why somebody may or may not do something to a memory: `reply.value`, with the policies that decided.

        For memories that you may share; with the role `admin` for all of the tenant. Raises NotFound.
        """
        context = given(agent=agent, purpose=purpose, task=task, model=model, session=session)
        who = {"user": user, "roles": several(roles), **context}
        return self._call("access", cubes=refs(id), options={"who": who, "action": action})

    def who(
        self, id: Ref, *, moment: Any = None, purpose: str | None = None, task: str | None = None, model: str | None = None
    ) -> MemoryReply:
        """What everybody whom documents, owners and access lists name may do to a memory, now or at a moment, and what changed that.

        `purpose` and the others are in which context they would ask; where policies look at one that is not given, a warning says so. For
        memories that you may share; with the role `admin` for all of the tenant. Raises NotFound.
        """
        return self._call("who", cubes=refs(id), options=given(moment=moment, purpose=purpose, task=task, model=model))

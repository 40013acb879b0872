"""Doors: the ways into an open store: taken at its word, by a credential, or by less of one."""

from __future__ import annotations

from collections.abc import Iterable

from memos.entrance import Entrance
from memos.infrastructure.memgovernance.credentials import attenuated
from memos.memcube.call import Caller, CallingContext
from memos.memcube.legal import legal_principal
from memos.memcube.value import Time, build
from memos.ports.clock import Clock
from memos.session import Ref, Session
from memos.session.base import several
from memos.session.identity import restrictions_of
from memos.settings import Settings


class Doors:
    """What `MemOS` is over; it gives the entrance and the clock."""

    _api: Entrance
    _clock: Clock
    _settings: Settings

    def _require_open(self) -> None:
        raise NotImplementedError

    def as_user(
        self,
        user: str,
        *,
        tenant: str = "default",
        agent: str | None = None,
        roles: Iterable[str] = (),
        purpose: str | None = None,
        task: str | None = None,
        model: str | None = None,
        session: str | None = None,
        request: str | None = None,
    ) -> Session:
        """A session of this user, taken at its word: the process that embeds the store is trusted."""
        self._require_open()
        context = {"agent": agent, "purpose": purpose, "task": task, "model": model, "session": session, "request": request}
        caller = build(Caller, user=user, tenant=tenant, roles=several(roles), **context)
        return Session(self._api, self._api.api.trusted(caller), self._clock, settings=self._settings)

    def _system(self, tenant: str) -> Session:
        """A session of the system's own principal: for what whoever holds the store does in a whole tenant."""
        caller = Caller(user="system", tenant=legal_principal(tenant), kind="system")
        return Session(self._api, self._api.api.trusted(caller), self._clock, settings=self._settings)

    def authenticate(self, credential: str, context: CallingContext | None = None, *, tenant: str | None = None) -> Caller:
        """Who an API key, an issuer's token or a delegated token stands for, in a calling context.

        `tenant` says which is meant where several believe the same issuer. Raises Denied, and leaves a row in the access log, for what
        is no credential of this store, or stands no more.
        """
        self._require_open()
        return self._api.authenticate(credential, context or CallingContext(), tenant)

    def session(
        self,
        credential: str,
        *,
        tenant: str | None = None,
        agent: str | None = None,
        purpose: str | None = None,
        task: str | None = None,
        model: str | None = None,
        session: str | None = None,
        request: str | None = None,
    ) -> Session:
        """A session of whom a credential stands for. Each call asks whether it stands still. Raises Denied as `authenticate` does."""
        context = build(CallingContext, agent=agent, purpose=purpose, task=task, model=model, session=session, request=request)
        return Session(self._api, self.authenticate(credential, context, tenant=tenant), self._clock, settings=self._settings)

    @staticmethod
    def attenuate(
        token: str,
        *,
        operations: str | Iterable[str] | None = None,
        namespaces: str | Iterable[str] | None = None,
        memories: Ref | Iterable[Ref] | None = None,
        read_only: bool = False,
        until: Time | None = None,
        purpose: str | None = None,
        count: int | None = None,
    ) -> str:
        """A delegated token that allows less, made of one without asking the store. Raises InvalidCall for what is no token."""
        left = restrictions_of(operations, namespaces, memories, read_only=read_only, until=until, purpose=purpose, count=count)
        return attenuated(token, left)

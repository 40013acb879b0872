"""Tagging: the verbs on tags: which there are, how they are called and ordered, and the indexes that are made of them."""

from __future__ import annotations

from collections.abc import Iterable

from memos.memcube.call import MemoryReply
from memos.session.base import Filtering, Verbs, given


class Tagging(Verbs):
    """`tags`, `rename_tag`, `place_tag`, `catalogue`."""

    def tags(self, *, filter: Filtering = None, namespaces: str | Iterable[str] | None = None, limit: int | None = None) -> MemoryReply:
        """The tags of what you may see, most frequent first: `reply.value`, dicts with `tag`, `by`, `count` and `under`.

        `by` is "user" or "predicted"; `under` is the tag that stands above it, or None. Reads what `list` reads.
        """
        return self._call("tags", query=self._query(filter=filter, namespaces=namespaces), options=given(limit=limit))

    def rename_tag(
        self,
        old: str,
        new: str,
        *,
        namespaces: str | Iterable[str] | None = None,
        trigger: str | None = None,
        idempotency_key: str | None = None,
    ) -> MemoryReply:
        """Call a tag of users otherwise in all that you may write: `reply.value` tells how many were `renamed` and are `frozen`.

        `mood` stands for all its values, `mood=calm` for one. Each memory gets a new version, all in one commit; what is predicted stays.
        Raises InvalidCall for names that are none, NotFound where nothing of yours has the tag.
        """
        options = given(old=old, new=new, trigger=trigger)
        return self._call("rename", query=self._query(namespaces=namespaces), options=options, idempotency_key=idempotency_key)

    def place_tag(self, tag: str, under: str | None) -> MemoryReply:
        """Put a tag under another, for the whole tenant: `{"tags": {"under": "place"}}` then finds it too. None takes it out again.

        Raises Denied without the role `admin`, InvalidCall where the tags would stand in a circle, NotFound for nothing to take out.
        """
        rule = {"kind": "tag", "key": tag, "body": None if under is None else {"parent": under}}
        return self._call("govern", options={"rules": (rule,)})

    def catalogue(
        self,
        name: str,
        *,
        filter: Filtering = None,
        namespaces: str | Iterable[str] | None = None,
        limit: int | None = None,
        least: int | None = None,
        cursor: str | None = None,
    ) -> MemoryReply:
        """An index for a task, without what has been superseded, newest first.

        "preferences": what you like and what you ordered for good. "anchors": what is pinned (frozen, a priority from 50 on, a tag
        `pinned` or `anchor`), gives a date or gives a name. Both as `reply.cubes` and `reply.next`. "keywords": the words that at least
        `least` (2) memories hold, as `reply.value`, dicts with `word`, `count` and `ids`. Raises InvalidCall for another name.
        """
        options = given(name=name, limit=limit, least=least, cursor=cursor)
        return self._call("catalogue", query=self._query(filter=filter, namespaces=namespaces), options=options)

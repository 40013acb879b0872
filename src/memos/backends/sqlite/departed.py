"""Departed: what a store that is made of a backup must not bring back beside memories: names of those who were erased since."""

from __future__ import annotations

import apsw

from memos.backends.sqlite.copy_keys import CopyKeys
from memos.backends.sqlite.erase import SQL
from memos.backends.sqlite.keys import Keys


def take_away(connection: apsw.Connection, keys: Keys, copies: CopyKeys) -> None:
    """Within a transaction: drop the snapshots and the branches of who has left, and the names of namespaces in which nothing stands."""
    parted = copies.parted()
    for tid, tenant, owner, name, at in list(connection.execute(SQL["all_snapshots"])):
        if at <= parted.get(keys.parted(tenant, owner), (0, -1))[1]:
            connection.execute(SQL["drop_snapshot"], (tid, owner, name))
    for bid, tenant, prefix, opened in list(connection.execute(SQL["all_branches"])):
        if opened <= parted.get(keys.parted(tenant, prefix), (0, 0))[0]:
            connection.execute(SQL["end_branch"], (bid,))
    for (tid,) in list(connection.execute(SQL["all_tenants"])):
        connection.execute(SQL["drop_empty_listings"], (tid,)).fetchall()
        connection.execute(SQL["drop_namespaces"], (tid,))
    connection.execute(SQL["drop_all_entries"])
    connection.execute(SQL["drop_lists"])

"""Keeping: what the system's own sweeps take away for good, and the room that they give back."""

from __future__ import annotations

from memos.interface.memory_api.desk import Prepared, Work
from memos.interface.memory_api.holds import holds
from memos.memcube.call import MemoryReply
from memos.memcube.change import Economy, Purge


def prepare_purge(work: Work) -> Prepared:
    """Purge what retention says, but for what is held.

    Options: `horizon`, a commit or None, and `above`, one up to which all was gone through; `cubes`, ids of forgotten memories; `branches`;
    and `fence`.
    """
    options = work.call.options
    cubes, above = tuple(options.get("cubes", ())), options.get("above", 0)
    wanted = Purge(options.get("horizon"), cubes, branches=bool(options.get("branches")), spare=holds(work) or None, above=above)
    return Prepared(MemoryReply(call_id=work.call.id), work.change(purge=wanted, fence=options.get("fence")))


def prepare_reclaim(work: Work) -> Prepared:
    """Deflate texts of archived memories, give free pages back. Options: `texts`, `pages`, and `fence`."""
    options = work.call.options
    wanted = Economy(tuple(options.get("texts", ())), options.get("pages", 0))
    return Prepared(MemoryReply(call_id=work.call.id), work.change(economy=wanted, fence=options.get("fence")))

"""Operations: what prepares each operation of a MemoryCall."""

from __future__ import annotations

from collections.abc import Callable

from memos.errors import InvalidCall
from memos.interface.memory_api import (
    answers,
    arrange,
    branches,
    catalogue,
    classify,
    consolidate,
    context,
    convert,
    entities,
    erase,
    extract,
    govern,
    graph,
    identity,
    index,
    keeping,
    lifecycle,
    lineage,
    log_query,
    manifests,
    permissions,
    query,
    relating,
    retention,
    review,
    sharing,
    tags,
    time_machine,
    tracing,
    training,
    update,
    whole,
)
from memos.interface.memory_api.asked import settled
from memos.interface.memory_api.desk import Prepared, Work
from memos.memcube.call import MemoryCall

OPERATIONS: dict[str, Callable[[Work], Prepared]] = {
    "add": whole.prepare_add,
    "search": query.prepare_search,
    "convert": convert.prepare_convert,
    "context": context.prepare_context,
    "count": answers.prepare_count,
    "summarise": answers.prepare_summarise,
    "compare": answers.prepare_compare,
    "none": answers.prepare_none,
    "get": query.prepare_get,
    "list": query.prepare_list,
    "history": query.prepare_history,
    "tags": tags.prepare_tags,
    "rename": tags.prepare_rename,
    "catalogue": catalogue.prepare_catalogue,
    "lineage": lineage.prepare_lineage,
    "graph": graph.prepare_graph,
    "relate": relating.prepare_relate,
    "entities": entities.prepare_entities,
    "resolve": entities.prepare_resolve,
    "update": update.prepare_update,
    "forget": lifecycle.prepare_forget,
    "confirm": lifecycle.prepare_confirm,
    "freeze": lifecycle.prepare_freeze,
    "unfreeze": lifecycle.prepare_unfreeze,
    "archive": lifecycle.prepare_archive,
    "transfer": arrange.prepare_transfer,
    "compose": arrange.prepare_compose,
    "extract": extract.prepare_extract,
    "log": log_query.prepare_log,
    "explain": log_query.prepare_explain,
    "trace": tracing.prepare_trace,
    "manifest": manifests.prepare_manifest,
    "recognise": manifests.prepare_recognise,
    "restore": time_machine.prepare_restore,
    "snapshot": time_machine.prepare_snapshot,
    "snapshots": time_machine.prepare_snapshots,
    "moment": time_machine.prepare_moment,
    "diff": time_machine.prepare_diff,
    "branch": branches.prepare_branch,
    "branches": branches.prepare_branches,
    "merge": branches.prepare_merge,
    "discard": branches.prepare_discard,
    "share": sharing.prepare_share,
    "acl": sharing.prepare_acl,
    "access": permissions.prepare_access,
    "who": permissions.prepare_who,
    "preview": permissions.prepare_preview,
    "govern": govern.prepare_govern,
    "governed": govern.prepare_governed,
    "retain": retention.prepare_retain,
    "review": review.prepare_review,
    "heat": retention.prepare_heat,
    "issue": identity.prepare_issue,
    "delegate": identity.prepare_delegate,
    "revoke": identity.prepare_revoke,
    "erase": erase.prepare_erase,
    "transition": lifecycle.prepare_transition,
    "consolidate": consolidate.prepare_consolidate,
    "purge": keeping.prepare_purge,
    "reclaim": keeping.prepare_reclaim,
    "index": index.prepare_index,
    "use": index.prepare_use,
    "examine": index.prepare_examine,
    "classify": classify.prepare_classify,
    "train": training.prepare_train,
}
READS = frozenset({"search", "trace", "get", "list", "tags", "catalogue", "history", "diff", "log", "explain"}) | frozenset(
    {"snapshot", "snapshots", "moment", "branch", "branches", "graph", "entities", "count", "summarise", "compare", "none", "context"}
)
"""What may be asked of the past, or says itself why it is not; the rest is about the present."""


def prepared(work: Work) -> Prepared:
    """What a call's operation prepares, once what it says in words is settled."""
    return settled(work, OPERATIONS[work.call.operation])


def require_supported(call: MemoryCall) -> None:
    """InvalidCall for a call that no operation understands."""
    if call.operation not in OPERATIONS:
        raise InvalidCall(f"there is no operation {call.operation!r}; there are {', '.join(OPERATIONS)}")
    if call.at is not None and call.operation not in READS:
        raise InvalidCall(f"{call.operation} cannot change the past; leave `at` out, restore what you want back, or open a branch there")
    if any(ref.version is not None for ref in call.cubes):
        raise InvalidCall("a call names memories, not versions; history tells of these, `at` reads as of then")

"""Govern: writes and reads the documents by which a tenant is governed."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from memos.errors import InvalidCall
from memos.infrastructure.memgovernance.quotas import require_sound
from memos.interface.memory_api.desk import Prepared, Work, read_options
from memos.memcube.call import MemoryReply
from memos.memcube.change import ReadSet
from memos.memcube.governed import DIGEST, KINDS, legal_key, legal_rule
from memos.memcube.hierarchy import parents_of, require_tree
from memos.memcube.rule import Rule, Ruling
from memos.memcube.value import Value


class GovernOptions(Value):
    """The documents to write, each `{"kind", "key", "body"}`; one whose body is null is withdrawn."""

    rules: tuple[dict[str, Any], ...] = Field(min_length=1, max_length=1000)


class GovernedOptions(Value):
    """Which documents to tell of; `history` tells of those that stand no more as well."""

    kind: str | None = None
    history: bool = False


def prepare_govern(work: Work) -> Prepared:
    """Write documents, all or none; they hold from the next call on, in every process."""
    work.desk.governance.require_govern(work.caller)
    given = read_options(GovernOptions, work).rules
    rules = tuple(map(_read, given))
    if len({(rule.kind, rule.key) for rule in rules}) < len(rules):
        raise InvalidCall("one call writes a document once; leave the repeated one out")
    if any(rule.kind == "retention" and rule.body and "confirmed" in rule.body for rule in rules):
        raise InvalidCall("a retention rule is confirmed after a preview of it: leave `confirmed` out, then retain(name) and its token")
    for rule in rules:
        if rule.kind == "quota":
            require_sound(rule.body)
    work.desk.governance.require_sound(work.view, rules)
    if any(rule.kind == "tag" for rule in rules):
        given_now = {rule.key: rule.body for rule in rules if rule.kind == "tag"}
        standing = {key: body for key, body in {**work.view.rules("tag"), **given_now}.items() if body is not None}
        require_tree(parents_of(standing))
    reply = MemoryReply(call_id=work.call.id, value=[{"kind": rule.kind, "key": rule.key} for rule in rules])
    return Prepared(reply, work.change(rules=rules), ReadSet(policy_epoch=work.view.policy_epoch))


def prepare_governed(work: Work) -> Prepared:
    """The documents as dicts, in the order in which they were made."""
    work.desk.governance.require_govern(work.caller)
    options = read_options(GovernedOptions, work)
    if options.kind is not None and options.kind not in KINDS:
        raise InvalidCall(f"there is no kind of rule {options.kind[:40]!r}; there are {', '.join(KINDS)}")
    rows = [told(each) for each in work.view.ruled(options.kind) if options.history or each.seq_end is None]
    return Prepared(MemoryReply(call_id=work.call.id, value=rows, seq=work.view.seq))


def _read(given: dict[str, Any]) -> Rule:
    kind, key, body = map(given.get, ("kind", "key", "body"))
    if kind == "key" and body is not None:
        raise InvalidCall("an API key is made by `create_key` and `memos key create`, which alone know its secret")
    return Rule(kind or "", legal_key(kind, key) or "", legal_rule(kind, key, body))


def told(ruling: Ruling) -> dict[str, Any]:
    """A document as replies tell of it, without the digest of a key; who made it under the pseudonym of the logs."""
    body = {name: value for name, value in ruling.body.items() if name != DIGEST}
    row = {"kind": ruling.kind, "key": ruling.key, "body": body, "seq": ruling.seq, "at": ruling.at, "by": ruling.by}
    if ruling.seq_end is None:
        return row
    return row | {"seq_end": ruling.seq_end, "ended_at": ruling.ended_at, "ended_by": ruling.ended_by}

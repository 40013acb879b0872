"""Canaries: every verb, by every kind of caller in every context, tells nothing of what the policies hide from it.

Each memory holds a word of its own. A plain rule says who may see which memory; whatever else comes out of a call, in its reply, its error,
its warnings or the process's log, must hold none of the words of the others, nor their ids.
"""

import json
import logging
from pathlib import Path

import pytest

from memos import MemOS
from memos.errors import MemOSError

HOSPITAL = Path(__file__).resolve().parents[2] / "docs/examples/hospital/hospital.cedar"
TENANTS = ("acme", "zeta")
CALLERS = {
    "alice": {},
    "bob": {},
    "eve": {},
    "nina": {"roles": ("care-team",), "purpose": "care"},
    "nora": {"roles": ("care-team",), "purpose": "billing"},
    "paul": {"roles": ("patient",)},
    "bill": {"roles": ("billing",)},
    "stan": {"roles": ("support",)},
    "ada": {"roles": ("auditor",)},
}
VERBS = (
    "search", "list", "get", "update", "forget", "history", "lineage", "transfer", "compose", "confirm", "freeze", "archive", "restore",
    "share", "unshare", "acl", "access", "who", "log", "explain", "diff", "at", "branch", "snapshot", "snapshots", "branches", "add",
    "govern", "governed", "preview", "trace", "manifest", "recognise",
)  # fmt: skip


def write(memory, tenant):
    """One memory for each reason why somebody may see it: name → (id, its word, who may see it)."""
    session = {name: memory.as_user(name, tenant=tenant, **context) for name, context in CALLERS.items()}
    memory.as_user("root", tenant=tenant, roles=("admin",)).govern("policy", "hospital", {"text": HOSPITAL.read_text(encoding="utf-8")})
    curator = memory.as_user("cora", tenant=tenant, roles=("curator",))
    places = {
        "private": (session["alice"], {}, {"alice"}),
        "shared with bob": (session["alice"], {"acl": {"user:bob": ["read", "history"]}}, {"alice", "bob"}),
        "restricted, shared with bob": (session["alice"], {"acl": {"user:bob": ["read"]}, "sensitivity": "restricted"}, {"alice"}),
        "under a condition": (session["alice"], {"acl": {"role:care-team": ["read"]}, "conditions": {"context.purpose": "care"}}, {"nina"}),
        "of the ward": (session["nina"], {"namespace": "shared/ward/1", "metadata": {"patient": "paul"}}, {"nina", "paul"}),
        "of another patient": (session["nina"], {"namespace": "shared/ward/1", "metadata": {"patient": "rita"}}, {"nina"}),
        "of the support team": (session["stan"], {"namespace": "shared/support"}, {"stan"}),
        "global": (curator, {"namespace": "global/rules"}, set(CALLERS)),
        "bob's": (session["bob"], {}, {"bob"}),
    }
    written = {}
    for number, (name, (author, options, readers)) in enumerate(places.items()):
        word = f"canary{tenant}{chr(97 + number) * 6}"
        said = {"metadata": {}, **options}
        cube = author.add(f"the {word} speaks of {name}", tags=[f"tag{word}"], session=f"s{word}", **said).cubes[0]
        author.update(cube.id, f"the {word} speaks of {name} again", label=f"label{word}")
        written[name] = (cube.id, word, readers)
    return session, written


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with MemOS.open(tmp_path_factory.mktemp("m") / "m", embedder="hashing", worker="none") as memory:
        worlds = {tenant: write(memory, tenant) for tenant in TENANTS}
        memory.drain(10)
        yield memory, worlds


def attempts(session, verb, ids, words):
    """What a caller might try with one verb, knowing every id and every word."""
    every = " ".join(words)
    spread = {
        "search": [
            lambda: session.search(every, limit=50),
            *(lambda one=one: session.search(one, namespaces=["user", "shared", "global"]) for one in words),
        ],
        "list": [
            session.list,
            *(lambda one=one: session.list(namespaces=one) for one in ("user", "user/alice", "shared", "context", "global")),
        ],
        "diff": [lambda: session.diff(1, "now")],
        "at": [lambda: session.at(10).list(), lambda: session.at(10).search(every), lambda: session.at(20).search(every)],
        "branch": [
            lambda: session.branch("try").search(every),
            lambda: session.branch("try").list(),
            lambda: session.branch("try").forget(ids[0]),
        ],
        "snapshot": [lambda: session.snapshot("mine")],
        "snapshots": [session.snapshots],
        "branches": [session.branches],
        "log": [session.log, *(lambda kind=kind: session.log(aggregate=kind) for kind in ("hot", "slow", "denials", "by_hour"))],
        "governed": [session.governed],
        "govern": [lambda: session.govern("policy", "x", {"text": "permit(principal, action, resource);"})],
        "preview": [lambda: session.preview({"x": "permit(principal, action, resource);"})],
        "add": [lambda: session.add(f"the {words[0]} speaks of private again", namespace="user/alice")],
        "acl": [lambda one=one: session.acl(one) for one in ("user/alice", "shared/ward", "global")],
        "compose": [lambda: session.compose(ids[:3])],
        "explain": [lambda one=one: session.explain(one) for one in ids],
        "trace": [
            *(lambda one=one: session.trace(f"the {one} speaks of restricted, shared with bob again") for one in words),
            lambda: session.trace(" ".join(f"the {one} speaks of the support team again" for one in words), namespaces=["user", "shared"]),
        ],
        "recognise": [lambda: session.recognise(session.manifest("A text.", memories=session.list().cubes[:1]).value["manifest"])],
    }
    each = {
        "get": session.get,
        "update": lambda one: session.update(one, "taken", label="x"),
        "forget": session.forget,
        "history": session.history,
        "lineage": session.lineage,
        "transfer": lambda one: session.transfer(one, to=f"user/{session.caller.user}"),
        "confirm": session.confirm,
        "freeze": session.freeze,
        "archive": session.archive,
        "restore": lambda one: session.restore(one, version=1),
        "share": lambda one: session.share(one, f"user:{session.caller.user}"),
        "unshare": lambda one: session.unshare(one, "user:bob"),
        "access": lambda one: session.access(one, "eve"),
        "who": session.who,
        "manifest": lambda one: session.manifest("A text to give away.", memories=one, recipient="b", mark=True),
    }
    return spread[verb] if verb in spread else [lambda one=one: each[verb](one) for one in ids]


def told(attempt):
    """All that comes back of an attempt, as text, without the call that the caller made itself."""
    try:
        reply = attempt()
    except MemOSError as error:
        return f"{error.message} {json.dumps(error.details, default=str)}"
    said = reply.model_dump(mode="json", exclude={"call"})
    return json.dumps(said, default=str)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("user", CALLERS)
def test_no_answer_holds_what_is_hidden(store, user, verb, caplog):
    caplog.set_level(logging.DEBUG)
    memory, worlds = store
    for tenant in TENANTS:
        session = memory.as_user(user, tenant=tenant, **CALLERS[user])
        mine = worlds[tenant][1]
        own = {"alice": "under a condition"}.get(user)  # whose owner may change it at any time, and is told of it then
        hidden = {name: each for name, each in mine.items() if user not in each[2] and name != own}
        others = [each for other in TENANTS if other != tenant for each in worlds[other][1].values()]
        untouched = [(cube_id, word) for cube_id, word, _ in (*hidden.values(), *others)]
        ids, words = [cube_id for cube_id, _ in untouched], [word for _, word in untouched]
        auditor = verb in {"log", "explain", "trace"} and "auditor" in CALLERS[user].get("roles", ())
        for attempt in attempts(session, verb, ids, words):
            answer = told(attempt)
            said = words[:1] if verb == "add" else []  # by the caller itself, who may store what it likes
            leaked = [word for word in words if word in answer and word not in said]
            assert not leaked, (user, verb, leaked, answer[:500])
            named = [
                cube_id
                for cube_id in ids
                if cube_id in answer and f"no memory {cube_id}" not in answer and f"no call {cube_id}" not in answer
            ]
            assert not named or auditor, (user, verb, named, answer[:500])
    assert not [word for word in ("canaryacme", "canaryzeta") if word in caplog.text]


def test_everybody_still_reads_what_is_theirs_and_nothing_was_changed(store):
    memory, worlds = store
    for tenant in TENANTS:
        for user, context in CALLERS.items():
            session = memory.as_user(user, tenant=tenant, **context)
            for name, (cube_id, word, readers) in worlds[tenant][1].items():
                found = [hit.cube for hit in session.search(word, limit=50).hits if hit.cube.id == cube_id]
                assert bool(found) is (user in readers), (tenant, user, name)
                assert not found or found[0].text == f"the {word} speaks of {name} again"


def test_scores_and_counts_are_as_if_the_hidden_were_not_there(tmp_path):
    """The same calls on a store with, and on one without, what the caller may not see: equal scores, order, pages and counts."""
    answers = []
    for crowded in (True, False):
        with MemOS.open(tmp_path / str(crowded), embedder="hashing", worker="none") as memory:
            ann, eve = memory.as_user("ann", roles=("team",)), memory.as_user("eve", roles=("team",))
            for number in range(30):
                eve.add(f"eve planted {number} tulips in garden {number % 7}", namespace=("shared/team", "user/eve")[number % 2])
                if crowded:
                    ann.add(f"ann hides tulips, garden {number}, tulips", namespace="shared/team", sensitivity="restricted")
                    ann.add(f"garden tulips of ann {number}", acl={"user:eve": ["read"]}, conditions={"context.purpose": "never"})
            memory.drain(10)
            hits = eve.search("tulips in the garden", limit=20).hits
            first = eve.list(limit=7, descending=True)
            rest = eve.list(limit=7, descending=True, cursor=first.next)
            told = [(hit.cube.text, hit.score, hit.why) for hit in hits], [[cube.text for cube in page.cubes] for page in (first, rest)]
            answers.append((told, eve.search("ann hides", limit=50).warnings, len(eve.log(limit=1000).value)))
    assert answers[0] == answers[1]

"""Deriving: KV blocks and adapters written as the system writes them, without a model: for tests of what becomes of them."""

from memos.memcube.call import Caller
from memos.memcube.change import ChangeSet, CubeWrite, Edge, ReadSet, Terms
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.namespace import layer_of
from memos.memcube.payload import Activation, Parameter
from memos.memcube.policy import Policy
from memos.memcube.provenance import CallContext, Parent, Provenance

ANYBODY = Filter.everything()
NOTHING = Terms({}, 0)


def derived_of(
    memory,
    sources,
    *,
    owner="alice",
    tenant="default",
    kind="activation",
    body=None,
    namespace=None,
    commit=True,
    adapter=None,
    policy_of=None,
    **header,
):
    """A block or an adapter made of some memories, owned by whom it was made for; with `commit` false what would be committed."""
    system = Caller(user="system", tenant=tenant, kind="system")
    cube_id, now = memory._clock.new_id(), memory._clock.now()
    with memory._parts.adapter.view(tenant) as view:
        found = view.get([each.id for each in sources], grant=ANYBODY, now=now)
        standing, epoch = [found[each.id] for each in sources], view.policy_epoch
    blob = memory._parts.blobs.put(tenant, body if body is not None else f"numbers of {cube_id}".encode())
    made = {"blob": blob, "model": "fake:model@0", "bytes": memory._parts.blobs.size(tenant, blob)}
    payload = Activation(**made, adapter=adapter) if kind == "activation" else Parameter(**made, passed=True)
    place = namespace or (standing[0].namespace if len({each.namespace for each in standing}) == 1 else f"user/{owner}")
    parents = tuple(Parent(id=each.id, version=each.version) for each in standing)
    born = Provenance(id=cube_id, origin="convert", context=CallContext(user=system.user), parents=parents)
    policy = Policy.model_validate(policy_of or {"owner": owner})
    cube = MemCube(
        id=cube_id, namespace=place, layer=layer_of(place), payload=payload, policy=policy, provenance=born,
        said_at=now, created_at=now, updated_at=now, **header,
    )  # fmt: skip
    change = ChangeSet(
        tenant, system, memory._clock.new_id(), "convert", now, writes=(CubeWrite(cube, birth=True, terms=NOTHING),),
        edges=tuple(Edge(cube_id, each.id, "derived_from") for each in standing),
    )  # fmt: skip
    reads = ReadSet({each.id: each.seq for each in standing}, policy_epoch=epoch)
    if not commit:
        return cube, change, reads
    memory._parts.adapter.commit(change, reads)
    return cube


def state_of(memory, cube, tenant="default"):
    """The state in which a memory stands, None when it is not there."""
    with memory._parts.adapter.view(tenant) as view:
        found = view.get([cube.id], grant=ANYBODY, now=memory._clock.now()).get(cube.id)
    return None if found is None else str(found.state)


def has_blob(memory, cube, tenant="default"):
    """Whether the blob of something derived is on the disk."""
    return cube.payload.blob in memory._parts.blobs.names(tenant)


def lives(memory, cube, tenant="default"):
    """Whether something derived stands, with its blob; what is neither whole nor gone is an error."""
    stands, there = state_of(memory, cube, tenant) not in {None, "expired"}, has_blob(memory, cube, tenant)
    assert stands is there, f"{cube.id} stands: {stands}, its blob: {there}"
    return stands

"""Classify: what the worker found of the topics of memories comes in here, as later rows of the same versions."""

from __future__ import annotations

from memos.interface.memory_api.desk import Prepared, Work
from memos.interface.memory_api.update import fact_of
from memos.memcube.call import MemoryReply
from memos.memcube.change import CubeWrite, ReadSet
from memos.memcube.cube import MemCube, Path, Tag
from memos.operation.memoperator.tagging import PLACE, TOPIC, joined


def prepare_classify(work: Work) -> Prepared:
    """Options: `found`, a tuple of (id, seq, topic, concept, fact, confidence); a topic of None takes the one that stands away.

    What has changed since its row was read, or is frozen, is left out. The row has the ordinal, the content and the provenance of the one
    before.
    """
    found = {
        cube_id: (seq, topic, Path(topic=topic, concept=concept, fact=fact), sure) for cube_id, seq, topic, concept, fact, sure in _of(work)
    }
    standing = work.view.get(list(found), grant=work.grant.filter, now=work.now)
    writes = []
    for cube_id, cube in standing.items():
        seq, topic, path, sure = found[cube_id]
        after = _moved(cube, topic, path, sure)
        if cube.seq == seq and not cube.frozen and after != cube:
            writes.append(CubeWrite(cube=after, birth=False, fact=fact_of(after)))
    reply = MemoryReply(call_id=work.call.id, value=len(writes), call=work.call)
    if not writes:
        return Prepared(reply)
    return Prepared(
        reply, work.change(writes=tuple(writes)), ReadSet(versions={write.cube.id: standing[write.cube.id].seq for write in writes})
    )


def _of(work: Work) -> tuple[tuple[str, int, str | None, str | None, str | None, float], ...]:
    return tuple(work.call.options["found"])


def _moved(cube: MemCube, topic: str | None, path: Path, sure: float) -> MemCube:
    rest = [tag for tag in cube.predicted_tags if tag.name not in PLACE]
    if topic is None:
        return cube.model_copy(update={"tags": joined(cube.own_tags, rest), "path": None})
    before = next((tag for tag in cube.predicted_tags if tag.name == TOPIC), None)
    if before is not None and before.value == topic and cube.path is not None and cube.path.concept == path.concept:
        return cube  # a little more or less sure is no reason for a row
    steps = zip(PLACE, (path.topic, path.concept, path.fact), strict=True)
    fresh = [Tag(name=name, value=value, by="predicted", confidence=sure) for name, value in steps if value]
    return cube.model_copy(update={"tags": joined(cube.own_tags, (*rest, *fresh)), "path": path})

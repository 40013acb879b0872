"""Converting: makes a KV block of a memory, by the store's model, while no View is open; what is made is committed by `convert`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from memos.errors import InvalidCall
from memos.interface.memory_api.attaching import mark
from memos.interface.memory_api.desk import Desk
from memos.interface.memory_api.engine import Engine
from memos.memcube.call import MemoryCall
from memos.memcube.cube import MemCube
from memos.memcube.payload import Activation
from memos.memcube.state import MemoryType
from memos.operation.memscheduler.layout import compiled
from memos.ports.runtime import About

Width = Literal["float16", "int8"]
FORMS = tuple(str(each) for each in MemoryType)
DECISIONS = "decisions"
"""Where the metadata of a derived memory say by which decisions it was made or let go, memory by memory, and with which numbers."""
LEAVING = "leaving"
"""The decisions about memories that an adapter is trained without; they are noted where they leave, once it is live."""
MADE = "made"
"""The option in which what was made comes to `prepare_convert`; whatever a caller says there is dropped."""


@dataclass(frozen=True, slots=True)
class Material:
    """Memories of which one block is to be made, in the order of their ids, each with the line by which a model is shown it."""

    cubes: tuple[MemCube, ...]
    lines: tuple[str, ...]
    form: Width = "float16"
    adapter: MemCube | None = None
    """The adapter under which the model reads them."""

    @property
    def sources(self) -> tuple[tuple[str, int], ...]:
        """The memories in their versions."""
        return tuple((cube.id, cube.version) for cube in self.cubes)


@dataclass(frozen=True, slots=True)
class Made:
    """A block that is kept, not committed yet, and what it was made of."""

    payload: Activation
    sources: tuple[tuple[str, int], ...]


def with_conversion(tenant: str, call: MemoryCall, desk: Desk, materials: Callable[[MemoryCall], Sequence[Material]]) -> MemoryCall:
    """A call to convert with the blocks that were made for it."""
    if call.operation != "convert":
        return call
    options = {name: value for name, value in call.options.items() if name != MADE}
    to = options.get("to")
    if to not in FORMS:
        raise InvalidCall(f"memories are converted to {', '.join(FORMS)}, not to {str(to)[:40]!r}")
    if to == MemoryType.ACTIVATION:
        desk.engine.require(activating=True)
        given = materials(call.model_copy(update={"options": options}))
        options[MADE] = tuple(_made(tenant, each, desk.engine, desk.settings.system) for each in given)
    elif to == MemoryType.PARAMETER:
        desk.engine.require(learning=True)
    return call.model_copy(update={"options": options})


def _made(tenant: str, material: Material, engine: Engine, system: str | None) -> Made:
    """One block, which begins as all prompts do: so it is exact where its memories come first, and can be moved elsewhere."""
    import numpy as np

    runtime, blobs = engine.activating, engine.blobs
    pairs = list(zip(material.cubes, material.lines, strict=True))
    prompt = compiled("?", system=system, pinned=pairs)
    per_part = runtime.tokens(prompt)[: len(prompt) - 1]
    tokens = np.concatenate(per_part)
    if len(tokens) + 2 > runtime.window:
        raise InvalidCall(f"{len(tokens)} tokens of memories and what stands before them do not fit the model's window of {runtime.window}")
    adapter = None if material.adapter is None else engine.adapter(tenant, material.adapter)
    name = None if adapter is None else adapter.name
    about = About(tenant=blobs.mark(tenant, "tenant"), sources=material.sources, adapter=name)
    body = runtime.pack(runtime.encode(tokens, adapter=adapter), about, form=material.form)
    payload = Activation(
        blob=blobs.put(tenant, body), model=runtime.name, bytes=len(body), fingerprint=runtime.fingerprint, tokens=len(tokens),
        mark=mark(blobs, tenant, tokens), opening=mark(blobs, tenant, per_part[0]), form=material.form, adapter=name,
    )  # fmt: skip
    return Made(payload, material.sources)


def opening_of(tenant: str, engine: Engine, system: str | None) -> str:
    """By what a block is known to begin as prompts do: a keyed hash of the tokens of the system's text."""
    return mark(engine.blobs, tenant, engine.activating.tokens(compiled("?", system=system))[0])


def told(decisions: Mapping[str, Any], sources: Iterable[str]) -> list[Any]:
    """The decisions about some memories, by id, by which the system converts them: ids and numbers, as Moves in JSON."""
    return [decisions[each] for each in sources if each in decisions]


def made_of(call: MemoryCall) -> tuple[str, ...]:
    """The blobs that were made for a call."""
    return tuple(made.payload.blob for made in call.options.get(MADE, ()) if isinstance(made, Made)) if call.operation == "convert" else ()

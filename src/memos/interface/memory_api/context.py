"""Context: what a model is given for a request: the memories that a search finds, planned by MemScheduler, as the parts of a prompt.

It is prepared in the View of the call: what may be seen, what was said before, which KV blocks and adapters stand. See `prompting` for
what is made of it when no View is open any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field

from memos.errors import InvalidCall
from memos.interface.memory_api.attaching import Supply
from memos.interface.memory_api.converting import opening_of
from memos.interface.memory_api.desk import Prepared, Work, fitting, read_options
from memos.interface.memory_api.gathering import Gathered
from memos.interface.memory_api.query import condition, scope
from memos.memcube.call import MemoryQuery, MemoryReply
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.policy import Policy
from memos.memcube.prompt import Prompt
from memos.memcube.state import MemoryType
from memos.memcube.value import Value
from memos.operation.memscheduler.layout import Turn, compiled
from memos.operation.memscheduler.scheduler import plan
from memos.operation.memscheduler.signals import Signals
from memos.ports.journal import BESIDE

STEP = 8
"""By so many turns the beginning of the conversation moves, so that prompts begin alike until it does."""
TURNS = 200
"""So many of the latest turns of a session are looked at."""
USED = 0.2
"""From such a chance on that it is needed a memory counts as used; what fills the rest of the budget does not."""
ANSWER = 256
"""Tokens of the model's window that are left for its answer."""
FRAME = 8
"""Tokens that a part takes beside its text, at most, for the marks around it."""
LONGEST = 1_000_000
"""Characters of a text that a caller gives."""


class Said(Value):
    """A turn that the caller gives, in the place of those that the session has."""

    role: str = Field(pattern="^(user|assistant)$")
    content: str = Field(min_length=1, max_length=LONGEST)


class ContextOptions(Value):
    """The tokens that memories may take, the system's text and tools, the turns before, and how exact what is attached must be."""

    budget: int = Field(default=2000, ge=0, le=LONGEST, strict=True)
    system: str | None = Field(default=None, max_length=LONGEST)
    tools: str | None = Field(default=None, max_length=LONGEST)
    turns: Annotated[tuple[Said, ...] | None, BeforeValidator(lambda given: tuple(given) if isinstance(given, list) else given)] = None
    history: int = Field(default=1000, ge=0, le=LONGEST, strict=True, description="tokens that the turns before may take")
    exact: bool = Field(default=True, strict=True)
    attach: bool = Field(default=True, strict=True)


@dataclass(frozen=True, slots=True)
class Kit:
    """What a prompt is made of beside the memories that are disclosed. `own` are those of them that are the caller's own, `policies` those
    of the memories that keep the turns before.
    """

    question: str
    options: ContextOptions
    own: frozenset[str]
    turns: tuple[Turn, ...]
    supply: Supply
    policies: tuple[Policy, ...] = ()


def prepare_context(work: Work) -> Prepared:
    """The memories that a model is to be given for a question, in the order of the plan, which is the reply's value."""
    query, options, engine = work.call.query, read_options(ContextOptions, work), work.desk.engine
    if query is None or not query.text.strip():
        raise InvalidCall("a context is made for a question; give its text")
    settled = {"filter": condition(work, query), "namespaces": scope(work, query), "vector": fitting(work, query.vector)}
    turns, told = _conversation(work, options, _room(work, query.text, options))
    system = options.system or work.desk.settings.system
    opening = "" if options.tools or engine.fingerprint is None else opening_of(work.caller.tenant, engine, system)
    found = Gathered(work, query.model_copy(update=settled), options.budget, frozenset(cube.id for cube in told), opening)
    fixed = compiled(query.text, system=system, tools=options.tools, turns=turns)
    signals = Signals(
        now=work.moment, budget=options.budget, window=engine.window, taken=tokens_of(work, fixed), answer=ANSWER,
        capabilities=engine.capabilities, load=engine.load(), hit_rate=engine.observed.hit_rate, given=engine.observed.costs(),
        compose=not options.exact,
        history=tuple(turn.text for turn in turns),
    )  # fmt: skip
    planned = plan(work.call, found.candidates, signals, engine.policy)
    shown = tuple(found.cubes[each.cube] for each in planned.injections)
    own = frozenset(cube.id for cube in shown if work.warrant.owns(cube))
    pending = f"{found.pending} memories have no vector yet and were ranked by their words; drain() waits for them"
    reply = MemoryReply(
        call_id=work.call.id, cubes=shown, value=planned, call=work.call, seq=work.view.seq, warnings=(pending,) if found.pending else ()
    )
    forms = {each.cube: str(each.form) if each.score >= USED else f"{each.form} {BESIDE}" for each in planned.injections}
    supply = found.supply(planned) if options.attach else Supply()
    beside = {cube.id: cube for cube in found.taught(supply) if cube.id not in forms}
    forms |= dict.fromkeys(beside, f"{MemoryType.PARAMETER} {BESIDE}")
    kit = Kit(query.text, options, own, turns, supply, tuple(cube.policy for cube in told))
    return Prepared(reply, lanes=forms, told=(*told, *beside.values()), kit=kit)


def tokens_of(work: Work, prompt: Prompt) -> int:
    """How many tokens a prompt has, at most."""
    return sum(work.desk.engine.count([part.text for part in prompt])) + FRAME * len(prompt)


def _room(work: Work, question: str, options: ContextOptions) -> int:
    """The tokens that the turns before may take: no more than the model's window leaves beside the rest and an answer."""
    window = work.desk.engine.window
    if window is None:
        return options.history
    rest = tokens_of(work, compiled(question, system=options.system or work.desk.settings.system, tools=options.tools))
    return max(0, min(options.history, window - rest - ANSWER))


def _conversation(work: Work, options: ContextOptions, room: int) -> tuple[tuple[Turn, ...], tuple[MemCube, ...]]:
    """The turns before, and the memories that keep them: those given, else the latest of the caller's session that fit.

    Where not all of them fit, their beginning moves by steps of several turns.
    """
    if options.turns is not None:
        return tuple(Turn("user" if said.role == "user" else "assistant", said.content) for said in options.turns), ()
    cubes = _turns(work) if work.caller.session is not None and room else []
    counts = [FRAME + count for count in work.desk.engine.count([cube.text for cube in cubes])] if cubes else []
    start, total = len(cubes), 0
    while start and total + counts[start - 1] <= room:
        start -= 1
        total += counts[start]
    while 0 < start < len(cubes) and (cubes[start].ordinal or 0) % STEP:
        start += 1
    kept = tuple(cubes[start:])
    return tuple(Turn("user" if cube.role == "user" else "assistant", cube.text, cube.id, cube.version) for cube in kept), kept


def _turns(work: Work) -> list[MemCube]:
    """The latest turns of the caller's session, the earliest of them first, as it may be shown them."""
    governance, home = work.desk.governance, work.desk.governance.home(work.caller)
    said = {"session": work.caller.session, "role": {"in": ["assistant", "user"]}, "namespace": home, "ordinal": {"exists": True}}
    page = work.view.find(
        condition(work, MemoryQuery()) & Filter.parse(said), grant=work.grant.filter, now=work.now, order="ordinal", descending=True,
        limit=TURNS,
    )  # fmt: skip
    may = governance.permitted(work.warrant, work.grant, work.call, page.cubes, now=work.now, heads=work.heads)
    allowed = [cube for cube, shown in zip(page.cubes, may, strict=True) if shown and cube.text]
    return [governance.redacted(work.warrant, cube) for cube in reversed(allowed)]

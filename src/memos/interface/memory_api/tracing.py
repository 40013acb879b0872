"""Trace: from which memories a text was taken, word for word or nearly so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import Field

from memos.errors import InvalidCall
from memos.interface.memory_api.desk import Prepared, Work, read_options
from memos.interface.memory_api.manifests import copy_of
from memos.memcube.call import Grant, MemoryQuery, MemoryReply
from memos.memcube.cube import MemCube
from memos.memcube.filter import Filter
from memos.memcube.state import PRESENT, MemoryType, State
from memos.memcube.value import Value

if TYPE_CHECKING:
    from memos.infrastructure.memgovernance.attribution import Attribution, Comparison
    from memos.operation.memoperator.quotation import Likely

PIECE, LONG = 200, 8000
"""A text is looked up in pieces of so many characters, each beginning in the middle of the one before, or in a long text at its end."""
EACH, AGAIN = 8, 12
"""How many memories are compared for each piece, and for each passage that was found: whether others hold that too."""
MOST, MOST_PASSAGES = 256, 64
"""How many memories are compared for all pieces of a text, and how many of its passages are looked up again."""
TERMS = 200_000
"""How many words of memories are compared, all together; the first memory is, however long it is."""
STATES = (*PRESENT, State.ARCHIVED)


class TraceOptions(Value):
    """How many sources to name at most."""

    limit: int = Field(default=10, ge=1, le=100, strict=True)


def prepare_trace(work: Work) -> Prepared:
    """The verdict on a text, with the sources that the caller may see as cubes; auditors get the ids of all others."""
    from memos.infrastructure.memgovernance.attribution import ENOUGH
    from memos.infrastructure.memgovernance.marks import unmarked

    given, options = work.call.query.text if work.call.query else "", read_options(TraceOptions, work)
    if not given.strip():
        raise InvalidCall("trace needs the text whose source is wanted")
    tracing = Tracing(work, unmarked(given))
    found = tracing.run()
    sources = found.sources[: options.limit]
    shown = tuple(tracing.readable[source.name] for source in sources if source.name in tracing.readable)
    value = told(found, sources, tracing) | {"copy": copy_of(work, given)}
    warnings = [*tracing.warnings]
    if tracing.compared.letters < ENOUGH:
        warnings.append(f"the text has {tracing.compared.letters} letters; a source is named from {ENOUGH} on")
    reply = MemoryReply(call_id=work.call.id, cubes=shown, value=value, call=work.call, seq=work.view.seq, warnings=tuple(warnings))
    return Prepared(reply, withheld=tuple(source.name for source in sources if source.name not in tracing.readable))


def told(found: Attribution[str], sources: Iterable[Any], tracing: Tracing) -> dict[str, Any]:
    """The verdict as a value: places are those of the text without marks."""
    return {
        "verdict": found.verdict,
        "share": found.share,
        "spans": [list(span) for span in found.spans],
        "shared_by": found.shared_by,
        "sources": [
            {
                "id": source.name,
                "version": tracing.versions[source.name],
                "share": source.share,
                "letters": source.letters,
                "spans": [list(span) for span in source.spans],
            }
            for source in sources
        ],
    }


class Tracing:
    """One text on its way: what may be compared with it is looked up by its words, then compared letter by letter.

    What is compared is what would be disclosed to this caller, after every redaction; for auditors also what they may not read.
    """

    def __init__(self, work: Work, text: str) -> None:
        from memos.infrastructure.memgovernance.attribution import Comparison

        self.work, self.text = work, text
        self.grant: Grant = work.desk.governance.traced(work.caller, work.grant)
        self.query = MemoryQuery(filter=_texts(), namespaces=self._namespaces(), states=STATES)
        self.compared: Comparison[str] = Comparison(text, int(work.view.hash_terms(["winnowing"])[0]))
        self.readable: dict[str, MemCube] = {}
        self.versions: dict[str, int] = {}
        self.warnings: list[str] = []
        self._rows: set[int] = set()
        self._left = TERMS

    def run(self) -> Attribution[str]:
        """Compare with what has the words of some piece, then with what has those of a passage that was found."""
        step = PIECE // 2 if len(self.text) <= LONG else PIECE
        pieces = [self.text[start : start + PIECE] for start in range(0, max(1, len(self.text) - PIECE + step), step)]
        self._compare(self._likely(pieces, EACH)[:MOST])
        passages = [self.text[start:end] for start, end in self.compared.quoted()[:MOST_PASSAGES]]
        if passages:
            self._compare(self._likely(passages, AGAIN)[:MOST])
        return self.compared.attribution()

    def _namespaces(self) -> tuple[str, ...]:
        work = self.work
        wanted = work.call.query.namespaces if work.call.query is not None else None
        if self.grant is not work.grant:
            return work.view.paths("") if wanted is None else wanted
        own = work.desk.governance.own_roots(work.caller) if wanted is None else ()
        return tuple(dict.fromkeys((*own, *work.warrant.scope(work.action, wanted))))

    def _likely(self, pieces: list[str], each: int) -> list[Likely]:
        work = self.work
        return work.desk.operator.quoted(pieces, self.query, work.view, self.grant, work.now, each=each)

    def _compare(self, likely: list[Likely]) -> None:
        chosen: list[int] = []
        for one in likely:
            if one.row in self._rows:
                continue
            if self._left < one.length and self._rows:
                self.warnings = ["the memories that have words of this text are too long to be compared with it all; trace a part of it"]
                continue
            self._left -= one.length
            self._rows.add(one.row)
            chosen.append(one.row)
        self._read(self.work.view.load(chosen))

    def _read(self, cubes: list[MemCube]) -> None:
        work = self.work
        reply = MemoryReply(call_id=work.call.id, cubes=tuple(cubes), call=work.call)
        disclosed = work.desk.governance.disclose(work.warrant, work.grant, reply, work.now, work.heads)[0].cubes
        whole = {cube.id: cube for cube in cubes}
        self.readable |= {cube.id: whole[cube.id] for cube in disclosed}  # the reply is redacted when it leaves, and once
        hidden = [cube for cube in cubes if cube.id not in self.readable] if self.grant is not work.grant else []
        for cube in (*disclosed, *hidden):
            self.versions[cube.id] = cube.version
            if not self.compared.knows(cube.id):
                self.compared.add(cube.id, cube.text)


def _texts() -> Filter:
    return Filter.parse({"and": [{"type": {"in": [str(MemoryType.PLAINTEXT)]}}, {"state": {"in": [str(state) for state in STATES]}}]})

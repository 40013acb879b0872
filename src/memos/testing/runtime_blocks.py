"""What FakeRuntime reads: words as tokens, and blocks whose numbers at each place depend on all the tokens up to it, as a model's do."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from memos.errors import BackendError, InvalidCall, Unavailable
from memos.memcube.prompt import Part
from memos.ports.blobs import Blob
from memos.ports.runtime import About, Block
from memos.testing.safetensors import read, written

Tokens = NDArray[np.int64]
Numbers = NDArray[np.uint8]
ROLES = {"system": 1, "user": 2, "assistant": 3}
END, JOINT = 4, 5
"""What ends a message, and what stands between two parts of one: like the roles, tokens that no text has."""
_SAYS = """
the harbour is quiet and every boat lies still while grey gulls walk along warm stones
before evening when lamps are lit one by one
somebody sings of rain over far hills a train leaves
"""
SAYS = tuple(_SAYS.split())
"""All words that a fake says."""
WORD = re.compile(r"\s*\S+|\s+")


def words(text: str) -> list[str]:
    """A text in pieces that are it again when they are joined: each a word with the white space before it."""
    return WORD.findall(text)


def token(word: str) -> int:
    """The number of a word, from 16 on: below are those that no text has."""
    return 16 + int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=6).digest(), "little")


def tokens_of(prompt: Sequence[Part]) -> tuple[Tokens, ...]:
    """The tokens of each part, and those that open the answer. What ends a message stands with the part after it."""
    found, before = [], None
    for part in prompt:
        opening = [JOINT] if part.role == before else [*([END] if before else []), ROLES[part.role]]
        found.append(np.array([*opening, *map(token, words(part.text))], dtype=np.int64))
        before = part.role
    return (*found, np.array([END, ROLES["assistant"]], dtype=np.int64))


def hashed(tokens: Tokens) -> str:
    """The hash by which a block names what stands before it."""
    return hashlib.sha256(tokens.astype("<i8").tobytes()).hexdigest()


def step(state: bytes, token: int) -> bytes:
    """The state, 16 bytes, after one more token."""
    return hashlib.blake2b(state + int(token).to_bytes(8, "little", signed=True), digest_size=16).digest()


@dataclass(frozen=True, slots=True, eq=False)
class FakeBlock:
    """A Block whose K and V, 8 numbers from 0 to 255 a token, are the state of reading at each of its tokens."""

    tokens: Tokens
    before: Tokens = field(repr=False)
    rows: Numbers = field(repr=False)
    """Shape (n, 16): K and V side by side."""
    fingerprint: str
    adapter: str | None = None
    lesson: str = ""
    exact: bool = True

    @property
    def base(self) -> int:
        """See the port."""
        return len(self.before)

    @property
    def anchor(self) -> str:
        """See the port."""
        return hashed(self.before)

    @property
    def nbytes(self) -> int:
        """See the port."""
        return int(self.tokens.nbytes + self.rows.nbytes)

    @property
    def end(self) -> bytes:
        """The state after its last token."""
        return bytes(self.rows[-1])


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """The array, which nobody may write to any more."""
    array.setflags(write=False)
    return array


def rows_of(start: bytes, tokens: Tokens) -> Numbers:
    """The states of reading tokens from a state on."""
    states, state = [], start
    for each in tokens.tolist():
        state = step(state, each)
        states.append(state)
    return np.frombuffer(b"".join(states), dtype=np.uint8).reshape(-1, 16)


def joined(blocks: Sequence[Block], fingerprint: str, adapter: tuple[str | None, str]) -> tuple[FakeBlock, ...]:
    """Blocks that stand one behind the other from the first token on; InvalidCall for others, or of another model or adapter."""
    found, before = [], np.empty(0, dtype=np.int64)
    for block in blocks:
        if not isinstance(block, FakeBlock) or block.fingerprint != fingerprint:
            raise InvalidCall("a block of another model or runtime cannot be attached: encode its text with this one")
        if (block.adapter, block.lesson) != adapter:
            raise InvalidCall(f"a block read under the adapter {block.adapter!r} is none of a request under {adapter[0]!r}")
        if block.base != len(before) or (block.exact and block.anchor != hashed(before)):
            raise InvalidCall("the blocks do not stand one behind the other: each follows all the tokens that it was read after")
        found.append(block)
        before = np.concatenate([before, block.tokens])
    return tuple(found)


def own(block: Block, fingerprint: str) -> FakeBlock:
    """The block, which is one of this runtime; InvalidCall for another's."""
    if not isinstance(block, FakeBlock) or block.fingerprint != fingerprint:
        raise InvalidCall("this is a block of another model or runtime: encode its text with this one")
    return block


def part(block: FakeBlock, start: int, stop: int) -> FakeBlock:
    """The part [start, stop) of a block."""
    before = frozen(np.concatenate([block.before, block.tokens[:start]]))
    tokens, rows = frozen(block.tokens[start:stop]), frozen(block.rows[start:stop])
    return FakeBlock(tokens, before, rows, block.fingerprint, block.adapter, block.lesson, block.exact)


def composed(anchor: FakeBlock, blocks: Sequence[FakeBlock], share: float) -> tuple[tuple[FakeBlock, ...], int]:
    """Blocks read right after an anchor, one behind the other after it, and how many tokens were read anew."""
    before = np.concatenate([anchor.before, anchor.tokens])
    placed: list[FakeBlock] = []
    state, read, after = anchor.end, 0, before
    for block in blocks:
        same = (block.adapter, block.lesson) == (anchor.adapter, anchor.lesson)
        if not (anchor.exact and block.exact and same and np.array_equal(block.before, before)):
            raise InvalidCall("blocks are composed that were each read right after the anchor, and not moved since: encode them so")
        there, anew = (moved(block, after, state, share)) if placed else (block, 0)
        placed.append(there)
        read, state, after = read + anew, there.end, np.concatenate([after, block.tokens])
    return tuple(placed), read


def spoken(state: bytes) -> Iterator[str]:
    """The words that a state makes say, one after the other: between 12 and some 60 of them."""
    for place in range(64):
        state = hashlib.blake2b(state + b"\0", digest_size=16).digest()
        word = SAYS[state[0] % len(SAYS)]
        yield f" {word}" if place else word.capitalize()
        if place >= 11 and state[1] < 16:
            return


def common(one: Tokens, other: Tokens) -> int:
    """How many tokens two prompts begin with in common."""
    size = min(len(one), len(other))
    differ = np.flatnonzero(one[:size] != other[:size])
    return int(differ[0]) if len(differ) else size


def gone() -> Unavailable:
    """What is raised when a runtime dies in the middle of an answer."""
    return Unavailable("the runtime died in the middle of its answer: retry")


def moved(block: FakeBlock, before: Tokens, start: bytes, share: float) -> tuple[FakeBlock, int]:
    """A block behind other tokens than those it was read after, and how many of its tokens were read anew: all with a share of 1."""
    fresh = min(len(block.tokens), int(np.ceil(share * len(block.tokens))))
    there = np.frombuffer(hashlib.blake2b(start, digest_size=16).digest(), dtype=np.uint8)
    rows = np.concatenate([rows_of(start, block.tokens[:fresh]), block.rows[fresh:] ^ there])
    return FakeBlock(block.tokens, before, frozen(rows), block.fingerprint, block.adapter, block.lesson, exact=False), fresh


def packed(block: FakeBlock, model: str, about: About, form: Literal["float16", "int8"]) -> bytes:
    """A block as a safetensors file; both forms keep its numbers as they are."""
    kept = block.rows.astype(np.float16) if form == "float16" else (block.rows.astype(np.int16) - 128).astype(np.int8)
    tensors = {"tokens": block.tokens, "before": block.before, "keys": kept[:, :8], "values": kept[:, 8:]}
    own = {"kind": "block", "form": form, "model": model, "fingerprint": block.fingerprint, "lesson": block.lesson}
    return sealed(tensors, own | told(about))


def unpacked(blob: Blob, fingerprint: str, model: str, about: About) -> FakeBlock:
    """A block from such a file; BackendError, with the reason, for anything else."""
    tensors, said = opened(blob)
    expected = {"kind": "block", "model": model, "fingerprint": fingerprint, **told(about)}
    require_same(said, expected, free=("form", "lesson", "sum"))
    shapes = {name: (array.dtype.str, array.shape) for name, array in tensors.items()}
    kind = {"float16": "<f2", "int8": "|i1"}.get(said["form"])
    count = tensors["tokens"].size if "tokens" in tensors else 0
    before = tensors["before"].size if "before" in tensors else 0
    wanted = {"tokens": ("<i8", (count,)), "before": ("<i8", (before,)), "keys": (kind, (count, 8)), "values": (kind, (count, 8))}
    if shapes != wanted or not count:
        raise BackendError("this file has not the tensors of a block, in their types and shapes")
    rows = np.concatenate([tensors["keys"], tensors["values"]], axis=1).astype(np.float32) + (128 if kind == "|i1" else 0)
    if not ((rows >= 0) & (rows <= 255)).all():
        raise BackendError("this file has numbers that no block has")
    return FakeBlock(tensors["tokens"], tensors["before"], frozen(rows.astype(np.uint8)), fingerprint, about.adapter, said["lesson"])


def told(about: About) -> dict[str, str]:
    """What a stored block or adapter says of itself, as the metadata of its file."""
    return {
        "tenant": about.tenant, "sources": json.dumps([list(source) for source in about.sources]),
        "adapter": json.dumps(about.adapter), "expires": json.dumps(about.expires),
    }  # fmt: skip


def sealed(tensors: dict[str, NDArray[Any]], said: dict[str, str]) -> bytes:
    """A safetensors file with a sum over its numbers and what it says, so that no change of either goes unseen."""
    return written(tensors, said | {"sum": _sum(tensors, said)})


def opened(blob: Blob) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays of such a file and what it says; BackendError for one that was changed."""
    try:
        body = blob.read_bytes() if isinstance(blob, Path) else bytes(blob)
    except OSError as error:
        raise BackendError(f"the file cannot be read: {error.strerror}") from None
    tensors, said = read(body)
    if said.get("sum") != _sum(tensors, {name: text for name, text in said.items() if name != "sum"}):
        raise BackendError("this file was changed after it was written: its sum is another")
    return tensors, said


def require_same(said: dict[str, str], expected: dict[str, str], free: tuple[str, ...]) -> None:
    """BackendError that names what a file says otherwise than it must."""
    for name in sorted(expected.keys() | (said.keys() - set(free))):
        if said.get(name) != expected.get(name):
            raise BackendError(f"this file is not what is expected: its {name} is another", what=name)
    if not set(free) <= said.keys():
        raise BackendError(f"this file does not say its {', '.join(free)}")


def _sum(tensors: dict[str, NDArray[Any]], said: dict[str, str]) -> str:
    found = hashlib.sha256(json.dumps(sorted(said.items())).encode())
    for name in sorted(tensors):
        found.update(name.encode() + b"\0" + np.ascontiguousarray(tensors[name]).tobytes())
    return found.hexdigest()

"""Conversing: the verbs that give memories to a model: `context` makes what is sent, `chat` and `stream` have it answered."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any, Self, cast

from memos.errors import InvalidCall, MemOSError, NotFound
from memos.interface.messages import drafts_of
from memos.memcube.call import CubeDraft, MemoryReply
from memos.memcube.generated import answer_mark
from memos.memcube.plan import Answer, Context
from memos.memcube.prompt import Sampling, TokenUsage, sampling_of
from memos.ports.door import Answering
from memos.ports.runtime import Generated
from memos.session.base import Filtering, Ref, Verbs, given, refs, several

AGAIN = 3
"""So often a context is made anew whose memories change before it is answered."""
NO_TURN = 'a turn is {"role": "user" or "assistant", "content": text}, or a pair of both'
Turns = Iterable[Mapping[str, str] | tuple[str, str]]
"""What was said before, oldest first: messages of a chat, or pairs of role and text."""


class ChatStream:
    """An answer as it is written: iterate over its pieces; then `reply` is what `chat` gives.

    Who leaves it before its end closes it, by `close` or as a context manager, which ends the work.
    """

    def __init__(self, pieces: Generator[str | MemoryReply]) -> None:
        self._pieces = pieces
        self._reply: MemoryReply | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failed: object) -> None:
        self.close()

    def close(self) -> None:
        """End the work, if it goes on: the model is free for others, and nothing is kept. What has ended stays as it is."""
        self._pieces.close()

    def __iter__(self) -> Iterator[str]:
        """The pieces, whose joint text is the answer."""
        for piece in self._pieces:
            if isinstance(piece, MemoryReply):
                self._reply = piece
            else:
                yield piece

    @property
    def reply(self) -> MemoryReply:
        """What `chat` gives; InvalidCall before the last piece was read."""
        if self._reply is None:
            raise InvalidCall("the answer is not finished: iterate over the stream to its end, then ask for its reply")
        return self._reply


class Conversing(Verbs):
    """`context`, `chat`, `stream`, `convert`."""

    def context(
        self,
        question: str,
        *,
        budget: int = 2000,
        filter: Filtering = None,
        namespaces: str | Iterable[str] | None = None,
        system: str | None = None,
        tools: str | None = None,
        turns: Turns | None = None,
        history: int = 1000,
        exact: bool = True,
        attach: bool = True,
    ) -> Context:
        """What to send to a model for a question: `context.messages` for any chat endpoint, and what a local runtime attaches instead.

        MemScheduler chooses among the memories that a search finds, those that are pinned and your standing wishes, in which form and
        order, within `budget` tokens; `context.plan` says why, memory by memory. The prompt begins with what changes least: `system`, then
        `tools`, pinned memories, the turns before (`turns`, else those of this session that fit `history` tokens), memories for this
        question, the question. Attachments spare the model the reading of the beginning; with `exact` they change nothing of the answer.
        Without a runtime all is text and tokens are estimated. Raises InvalidCall.
        """
        query = self._query(text=question, filter=filter, namespaces=namespaces)
        options = {"budget": budget, "history": history, "exact": exact, "attach": attach} | given(system=system, tools=tools)
        if turns is not None:
            options["turns"] = _said(turns)
        value: Context = self._call("context", query=query, options=options).value
        return value

    def chat(
        self,
        text: str,
        *,
        budget: int = 2000,
        filter: Filtering = None,
        namespaces: str | Iterable[str] | None = None,
        system: str | None = None,
        turns: Turns | None = None,
        history: int = 1000,
        exact: bool = True,
        store: bool = True,
        max_tokens: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        top_k: int | None = None,
        seed: int | None = None,
        stop: str | Iterable[str] | None = None,
        watermark: bool = False,
    ) -> MemoryReply:
        """Have the store's model answer, with what is remembered: `reply.value` is an Answer, whose `text` is what it said.

        It retrieves and plans as `context` does, attaches what there is, answers, and keeps both turns in this session unless `store` is
        False. `reply.value.plan` and `explain(reply.call_id)` say which memories were given in which form, `reply.value.usage` what had
        to be read. The answer is kept under the conditions of all memories that were given, with the strictest sensitivity that was
        stated of one, and until the first of them ends; one that may not be kept (a quota, a policy) comes all the same:
        `reply.value.unkept` is the error's code, and a warning says why. The rest is how tokens are chosen; a temperature of 0, the
        default, always takes the likeliest; `watermark` marks what is generated, where the runtime can. Raises InvalidCall, also where
        there is no runtime; Unavailable and BackendError.
        """
        stream = self.stream(
            text, budget=budget, filter=filter, namespaces=namespaces, system=system, turns=turns, history=history, exact=exact,
            store=store, max_tokens=max_tokens, temperature=temperature, top_p=top_p, top_k=top_k, seed=seed, stop=stop,
            watermark=watermark,
        )  # fmt: skip
        for _ in stream:
            pass
        return stream.reply

    def stream(
        self,
        text: str,
        *,
        budget: int = 2000,
        filter: Filtering = None,
        namespaces: str | Iterable[str] | None = None,
        system: str | None = None,
        turns: Turns | None = None,
        history: int = 1000,
        exact: bool = True,
        store: bool = True,
        max_tokens: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        top_k: int | None = None,
        seed: int | None = None,
        stop: str | Iterable[str] | None = None,
        watermark: bool = False,
    ) -> ChatStream:
        """`chat`, piece by piece: iterate over the stream for the text; afterwards `stream.reply` is what `chat` gives.

        What is not read to its end is not kept.
        """
        sampling = sampling_of(
            max_tokens=max_tokens, temperature=temperature, top_p=top_p, top_k=top_k, seed=seed, watermark=watermark,
            stop=None if stop is None else several(stop),
        )  # fmt: skip
        asked = {
            "budget": budget, "filter": filter, "namespaces": namespaces, "system": system, "history": history, "exact": exact,
            "turns": None if turns is None else _said(turns),
        }  # fmt: skip
        return ChatStream(self._answered(text, asked, sampling, store=store))

    def _answered(self, text: str, asked: dict[str, Any], sampling: Sampling, *, store: bool) -> Generator[str | MemoryReply]:
        if not isinstance(self._door, Answering):
            raise InvalidCall("no model answers behind this door; open the store with a runtime")
        context, pieces = self._begun(text, asked, sampling)
        said: list[str] = []
        usage, ended = TokenUsage(prompt=0, completion=0), "stop"
        with closing(cast("Generator[Generated]", pieces)):
            for piece in pieces:
                usage, ended = piece.usage or usage, piece.ended or ended
                if piece.text:
                    said.append(piece.text)
                    yield piece.text
        yield self._kept(text, "".join(said), context, usage, ended, store=store)

    def _begun(self, text: str, asked: dict[str, Any], sampling: Sampling) -> tuple[Context, Iterator[Generated]]:
        """A context and its answer; made anew where one of its memories was changed or withdrawn meanwhile."""
        for attempt in range(AGAIN):
            context = self.context(text, **asked)
            try:
                return context, self._door.answer(self.caller, context, sampling)  # type: ignore[attr-defined]
            except NotFound:
                if attempt == AGAIN - 1:
                    raise
        raise AssertionError

    def _kept(self, text: str, said: str, context: Context, usage: TokenUsage, ended: str, *, store: bool) -> MemoryReply:
        """The reply, once both turns are kept."""
        model = next((each.model for each in context.attachments), context.plan.model or "")
        turns, warnings, unkept = tuple[str, ...](), context.warnings, None
        if store and said.strip():
            try:
                reply = self._call("add", drafts=self._turns(text, said, context, model))
            except MemOSError as error:  # what was asked and computed is the caller's all the same
                unkept, warnings = error.code, (*warnings, f"neither what you said nor this answer is kept: {error.message}")
            else:
                turns, warnings = tuple(cube.id for cube in reply.cubes), (*warnings, *reply.warnings)
        answer = Answer(
            text=said, ended="length" if ended == "length" else "stop", model=model, usage=usage, plan=context.plan,
            attachments=context.attachments, turns=turns, unkept=unkept,
        )  # fmt: skip
        return MemoryReply(call_id=context.call_id, value=answer, warnings=warnings)

    def _turns(self, text: str, said: str, context: Context, model: str) -> tuple[CubeDraft, ...]:
        """Both turns as they are kept: the answer is as strict as what it was made of."""
        shared = {"session": self.caller.session}
        made = {"metadata": answer_mark(model, context.call_id), "conditions": context.conditions, "sensitivity": context.stated,
                "expires_at": context.expires_at}  # fmt: skip
        asked = drafts_of({"role": "user", "content": text}, shared, None)
        return (*asked, *drafts_of({"role": "assistant", "content": _legal(said)}, shared | made, None))

    def convert(
        self, ids: Ref | Iterable[Ref], *, to: str, by: str | None = None, wait: bool = False, trigger: str | None = None
    ) -> MemoryReply:
        """Give memories another form, as MemScheduler does by itself: `to` "activation" a KV block each, "parameter" one adapter of all,
        "plaintext" nothing but their texts again. The texts stay as they are, and are the truth.

        `reply.cubes` are the derived memories. An adapter is trained in the background, `by` "labelled" (the texts) or "distilled" (what
        the model answers with the texts before it), and goes live when it has passed its examination; with `wait` that is waited for,
        and the adapter in the reply is as it is then: `payload.passed`, `payload.report`, and `metadata["refused"]` where it failed.
        Naming an adapter that a later one has taken the place of brings that back.
        What expires, belongs to a session, is sensitive or has conditions stays text: InvalidCall says why. Raises NotFound, Denied.
        """
        reply = self._call("convert", cubes=refs(ids), options=given(to=to, by=by, wait=wait or None, trigger=trigger))
        if not wait or to != "parameter":
            return reply
        trained = tuple(self.history(cube.id).cubes[-1] for cube in reply.cubes)  # type: ignore[attr-defined]
        return reply.model_copy(update={"cubes": trained})


def _legal(said: str) -> str:
    """What a model said, as a store can keep it: a model may write what is no character."""
    return said.replace("\0", "\ufffd").encode(errors="replace").decode()


def _said(turns: Any) -> list[dict[str, Any]]:
    """Turns as the call has them, each with what was given; InvalidCall for what is none."""
    if isinstance(turns, str | Mapping) or not isinstance(turns, Iterable):
        raise InvalidCall(NO_TURN)
    return [_turn(turn) for turn in turns]


def _turn(turn: Any) -> dict[str, Any]:
    if isinstance(turn, Mapping) and {"role", "content"} <= set(turn):
        return {"role": turn["role"], "content": turn["content"]}
    if isinstance(turn, tuple | list) and len(turn) == 2:
        return {"role": turn[0], "content": turn[1]}
    raise InvalidCall(NO_TURN)

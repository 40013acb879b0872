"""Conversing: the commands `context` and `chat`, which give memories to a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from memos.cli.adding import drained
from memos.cli.command import Target, command
from memos.cli.inputs import STDIN, texts_of
from memos.cli.output import emit, plain, say, snippet, table, warn
from memos.errors import MemOSError

if TYPE_CHECKING:
    from memos.memcube.plan import Answer, Context, Plan
    from memos.session import Session

SHOWN = 5
"""So many of the memories that were found and are not given are named."""
SNIPPET = 44
MODEL = click.option(
    "--runtime", envvar="MEMOS_RUNTIME", show_envvar=True, metavar="URL", help="The model runtime, instead of the one in the settings."
)
BUDGET = click.option(
    "--budget", type=click.IntRange(0, 1_000_000), default=2000, show_default=True, help="How many tokens memories may take."
)
EXACT = click.option(
    "--exact/--composed",
    "exact",
    default=True,
    help="Attach what changes nothing of the answer, or composed KV blocks too, as far as that was calibrated.  [default: exact]",
)


@command(
    "context",
    'memos context "what should I cook for her?"',
    'memos context "and for dessert?" --session dinner --budget 500 --messages',
    'memos context "what should I cook?" --runtime transformers:///models/smollm2 --json',
    past=True,
    branches=True,
)
@click.argument("words", nargs=-1, required=True, metavar="QUESTION")
@BUDGET
@click.option("--system", metavar="TEXT", help="How the prompt begins, instead of as in the settings.")
@click.option("--namespace", "namespaces", multiple=True, metavar="PATH", help="Take memories from here instead; may be repeated.")
@click.option("--session", metavar="NAME", help="The conversation that the question goes on with.")
@click.option(
    "--history", type=click.IntRange(0, 1_000_000), default=1000, show_default=True, help="How many tokens the turns before may take."
)
@click.option("--attach/--no-attach", default=True, help="Look for KV blocks and an adapter that can be attached.  [default: attach]")
@EXACT
@MODEL
@click.option("--messages", "sent", is_flag=True, help="Print the messages to send, each as a line of JSON.")
def context(
    target: Target, *, words: tuple[str, ...], session: str | None, namespaces: tuple[str, ...], runtime: str | None, sent: bool, **how: Any
) -> None:
    """Show what a model is to be given for a QUESTION (`-` reads it from stdin): which memories, in which form and order, and why."""
    if sent and target.as_json:
        raise click.UsageError("--messages prints lines of JSON and --json one document: give one of the two")
    question = " ".join(texts_of(words))
    with target.memory(model=True, runtime=runtime) as memory:
        made = target.caller(memory, session).context(question, namespaces=namespaces or None, **how)
    if target.as_json:
        emit(made)
        return
    if sent:
        for message in made.messages:
            emit(message)
    else:
        _show(made)
    warn(made.warnings)


@command(
    "chat",
    'memos chat "what should I cook for her?" --runtime llama:///models/model.gguf',
    "memos chat --session dinner",
    'memos chat "a poem about her garden" --temperature 0.7 --seed 1 --max-tokens 200 --watermark --no-store',
)
@click.argument("words", nargs=-1, metavar="TEXT")
@MODEL
@click.option("--session", metavar="NAME", help="The conversation to go on with; without TEXT a new one unless named.")
@BUDGET
@EXACT
@click.option("--max-tokens", type=click.IntRange(1, 32_768), help="How long an answer may be.  [default: 256]")
@click.option("--temperature", type=click.FloatRange(0, 2), help="0 takes the likeliest token each time.  [default: 0]")
@click.option("--seed", type=click.IntRange(min=0), help="Makes answers of a higher temperature repeatable.")
@click.option("--stop", multiple=True, metavar="TEXT", help="End the answer before this; may be repeated.")
@click.option("--watermark", is_flag=True, help="Mark what is generated, where the runtime can.")
@click.option("--no-store", "unkept", is_flag=True, help="Keep nothing of what is asked and answered.")
def chat(
    target: Target, *, words: tuple[str, ...], runtime: str | None, session: str | None, stop: tuple[str, ...], unkept: bool, **how: Any
) -> None:
    """Have the model answer TEXT with what is remembered, piece by piece as it writes.

    Without TEXT each line of the terminal, or of stdin, is answered in turn, in one session, until its end.
    """
    from memos.cli.models import require_named
    from memos.plugins import require_store

    require_store(target.store)
    require_named(target.store, runtime)
    with target.memory(model=True, runtime=runtime) as memory:
        caller = target.caller(memory, session if words else session or _new_session())
        for text in [" ".join(texts_of(words))] if words else _lines():
            _answer(target, caller, text, {**how, "stop": stop or None, "store": not unkept})
    if not unkept:
        with target.memory() as memory:  # without the model: what is to be trained is not waited for here
            warn(drained(memory, target.tenant, bar=not target.as_json))


def _answer(target: Target, caller: Session, text: str, how: dict[str, Any]) -> None:
    """One answer on stdout as it comes, and on stderr what was used for it; what breaks off ends its line before the error is told."""
    stream, begun = caller.stream(text, **how), False
    try:
        for piece in stream:
            if not target.as_json:
                click.echo(plain(piece), nl=False)
                begun = True
    except MemOSError:
        if begun:
            click.echo()
        raise
    answer: Answer = stream.reply.value
    if target.as_json:
        emit(answer)
    else:
        click.echo()
        click.echo(used(answer), err=True)
    warn(stream.reply.warnings)


def _new_session() -> str:
    from memos.ports.clock import SystemClock

    return SystemClock().new_id()


def _lines() -> Iterator[str]:
    """What is typed, or stands in stdin, line by line, without the empty ones. A terminal is asked."""
    with click.open_file(STDIN, encoding="utf-8", errors="replace") as stream:
        while True:
            if stream.isatty():
                click.echo("> ", nl=False, err=True)
            line = str(stream.readline())
            if not line:
                return
            if line.strip():
                yield line.strip()


def used(answer: Answer) -> str:
    """What an answer took, in one line."""
    usage = answer.usage
    if usage.cached is None or usage.computed is None:
        read = f"read {usage.prompt:,} tokens, how many of them anew the engine does not tell"
    else:
        read = f"read {usage.computed:,} of {usage.prompt:,} tokens, {usage.cached:,} cached"
    ended = ", as long as it may be" if answer.ended == "length" else ""
    return f"{read}; wrote {usage.completion:,}{ended}; {_given(answer.plan)}"


def _given(plan: Plan) -> str:
    """How many memories a plan gives, by form."""
    forms = [str(each.form) for each in plan.injections]
    if not forms:
        return "no memories"
    return f"{_count(len(forms))}: " + ", ".join(f"{forms.count(form)} {form}" for form in dict.fromkeys(forms))


def _count(many: int) -> str:
    return f"{many:,} {'memory' if many == 1 else 'memories'}"


def _show(made: Context) -> None:
    plan, texts = made.plan, {part.cube: part.text for part in made.parts if part.cube is not None}
    say(f"{plan.task} ({plan.confidence:.0%}), {_given(plan)}, {plan.tokens:,} of {plan.budget:,} tokens, {plan.read:,} to read")
    if plan.injections:
        table(
            ("form", "tokens", "cached", "memory", "why"),
            (
                (str(each.form), f"{each.tokens:,}", f"{each.cached:,}", snippet(texts.get(each.cube, each.cube), SNIPPET), each.reason)
                for each in plan.injections
            ),
            numbers=("tokens", "cached"),
        )
    for each in made.attachments:
        how = f"{each.tokens:,} tokens of the beginning" if each.kind == "activation" else "an adapter"
        say(f"attached: {how}{'' if each.exact else f', approximately (KL {each.error})'}")
    for left in plan.passed[:SHOWN]:
        say(f"left out: {left.cube}  {left.reason}")
    if len(plan.passed) > SHOWN:
        say(f"left out: {len(plan.passed) - SHOWN:,} more; --json names them")

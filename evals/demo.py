"""The demo: stores a long conversation in a fresh directory, asks it questions, changes and forgets a memory, and cleans up.

`make demo`, or `python -m evals.demo` from the root of the repository. Exits with 1 when something is not as it should be.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from rich.console import Console
from rich.markup import escape

from memos import Hit, MemOS, Session
from memos.cli.output import plain, progress, snippet
from memos.cli.retrieval import messages_of
from memos.testing.retrieval_eval import load

ROOT = Path(__file__).resolve().parents[1]
LONG = ROOT.parent / "shared" / "data" / "locomo_dev.json.gz"
SHIPPED = ROOT / "evals" / "data" / "harbour.json"
QUESTIONS = 12
FIRST = 10
"""A question is a hit when a turn that holds its evidence stands among this many."""
LEAST_HITS = 6
NOTE, CHANGED = "The reading group meets on Tuesdays at seven.", "The reading group meets on Thursdays at eight."
ASKED = "When does the reading group meet?"


class DemoError(Exception):
    """Something is not as it should be; the message says what."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question found: the hits, the place of the first that holds the evidence (from 1, None for none), and CPU in ms."""

    hits: tuple[Hit, ...]
    place: int | None
    cpu: float


class Demo:
    """The demo's steps, each of which prints what it does."""

    def __init__(self, console: Console, memory: MemOS) -> None:
        self.console = console
        self.memory = memory
        self.session: Session = memory.as_user("demo")
        self.turns: dict[str, str] = {}
        self.said: dict[str, str] = {}

    def say(self, line: str = "", style: str = "") -> None:
        """One line, in which only `style` is markup."""
        text = escape(plain(line))
        self.console.print(f"[{style}]{text}[/]" if style else text, soft_wrap=True)

    def title(self, line: str) -> None:
        """The heading of a step."""
        self.say()
        self.say(line, "bold cyan")

    def store(self, conversation: dict[str, Any]) -> None:
        """Store every turn, session by session, then wait for the vectors."""
        messages = messages_of(conversation)
        self.said = {turn: f"{message['name']}: {snippet(message['content'], 110)}" for turn, message in messages}
        sessions = list(dict.fromkeys(message["session"] for _, message in messages))
        self.title(
            f"Storing a conversation between {' and '.join(conversation['speakers'])}: {len(messages)} turns in {len(sessions)} sessions"
        )
        begun = time.perf_counter()
        with progress() as bar:
            task = bar.add_task("storing", total=len(messages))
            for name in sessions:
                part = [(turn, message) for turn, message in messages if message["session"] == name]
                reply = self.session.add([message for _, message in part])
                self.turns |= {cube.id: turn for cube, (turn, _) in zip(reply.cubes, part, strict=True)}
                bar.advance(task, len(part))
        stored = time.perf_counter() - begun
        speed = f"{stored:.2f} s ({len(messages) / stored:,.0f} a second)"
        self.say(f"{len(messages)} memories stored in {speed}: durable, and found by their words at once")
        self.embed(len(messages))

    def embed(self, total: int) -> None:
        """Wait for every vector."""
        begun = time.perf_counter()
        with progress() as bar:
            task = bar.add_task("computing vectors", total=total)
            while not self.memory.drain(0.5):
                waiting = sum(space.pending_vectors for space in self.memory.namespaces())
                bar.update(task, completed=total - waiting)
        status = self.memory.status()
        if status.pending or status.vectors != total:
            raise DemoError(f"{status.vectors} of {total} memories have a vector")
        seconds = time.perf_counter() - begun
        self.say(f"their vectors computed by {status.embedder} in {seconds:.1f} s: now they are found by what they mean, too")

    def ask(self, conversation: dict[str, Any]) -> None:
        """The first questions in file order, each with what was found, why and how fast."""
        questions = conversation["qa"][:QUESTIONS]
        self.title(f"Its first {len(questions)} questions: is a turn that holds the answer among the first {FIRST} memories found?")
        answers = [self.answer(number, question) for number, question in enumerate(questions, start=1)]
        within = {cut: sum(answer.place is not None and answer.place <= cut for answer in answers) for cut in (1, 5, FIRST)}
        cpu = sorted(answer.cpu for answer in answers)[len(answers) // 2]
        self.say()
        told = ", ".join(f"{hits} within the first {cut}" if cut > 1 else f"{hits} at the top" for cut, hits in within.items())
        self.say(f"of {len(answers)} questions {told}; {cpu:.1f} ms CPU a question at the median", "bold")
        if within[FIRST] < min(LEAST_HITS, len(answers)):
            raise DemoError(f"only {within[FIRST]} of {len(answers)} questions found their evidence")

    def answer(self, number: int, question: dict[str, Any]) -> Answer:
        """Ask one question and print what came back."""
        begun = time.process_time()
        reply = self.session.search(question["q"], limit=FIRST)
        cpu = 1000 * (time.process_time() - begun)
        places = [place for place, hit in enumerate(reply.hits, start=1) if self.turns[hit.cube.id] in question["ev"]]
        answer = Answer(reply.hits, places[0] if places else None, cpu)
        self.say()
        self.say(f"{number:2}. {question['q']}")
        verdict = f"HIT   evidence at place {answer.place}" if answer.place else f"MISS  evidence not among the first {FIRST}"
        warm = "" if number > 1 else ", what is read for the first time included"
        self.say(f"    {verdict}, {cpu:.1f} ms CPU{warm}", "green" if answer.place else "red")
        self.show(answer, question)
        return answer

    def show(self, answer: Answer, question: dict[str, Any]) -> None:
        """The best hit with its reasons, and the turn that answers where that is another one: at its place, or as it was said."""
        for place in dict.fromkeys((1, answer.place or 1)) if answer.hits else ():
            hit = answer.hits[place - 1]
            name = "best" if place == 1 else f"at {place:2}"
            self.say(f"    {name:5} {hit.cube.said_at:%d %b %Y}  {hit.cube.speaker}: {snippet(hit.cube.text, 110)}")
            self.say(f"    why   {reasons(hit)}", "dim")
        for turn in question["ev"] if answer.place is None else ():
            self.say(f"    want  {self.said.get(turn, 'a turn without words')}")

    def change(self) -> None:
        """Add a memory, update it, and show both of its versions."""
        self.title("A memory changes, and keeps its history")
        (note,) = self.session.add(NOTE, wait=True).cubes
        self.session.update(note.id, CHANGED, expect_version=1, wait=True)
        versions = self.session.history(note.id).cubes
        for cube in versions:
            self.say(f"    version {cube.version}  {cube.text}")
        if [cube.text for cube in versions] != [NOTE, CHANGED]:
            raise DemoError("the history does not hold both versions")
        found = self.session.search(ASKED, limit=1).hits[0].cube
        self.say(f"    “{ASKED}” finds: {found.text}")
        if (found.id, found.text) != (note.id, CHANGED):
            raise DemoError("search does not find the new version")
        self.forget(note.id)

    def forget(self, id: str) -> None:
        """Forget a memory: no search finds it any more."""
        self.title("A memory is forgotten")
        self.session.forget(id)
        hits = self.session.search(ASKED, limit=FIRST).hits
        if any(hit.cube.id == id for hit in hits):
            raise DemoError("a forgotten memory is still found")
        kept = len(self.session.history(id).cubes)
        self.say(f"    “{ASKED}” finds it no more; its {kept} versions stay in its history")


def reasons(hit: Hit) -> str:
    """The four greatest parts of a score."""
    parts = sorted(hit.why.items(), key=lambda part: -abs(part[1]))[:4]
    return f"{hit.score:.2f} = " + " ".join(f"{name} {value:+.2f}" for name, value in parts) + (" …" if len(hit.why) > 4 else "")


def next_lines() -> tuple[str, str, str]:
    """What a user would type next, with the command where this Python has it."""
    beside = Path(sys.executable).with_name("memos")
    command = (
        "memos"
        if shutil.which("memos") or not beside.is_file()
        else str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)
    )
    return (
        f'{command} add "I moved to Lisbon in March. I am allergic to peanuts." --user alice',
        f'{command} search "where does she live?" --user alice --why',
        f"{command} status",
    )


@contextmanager
def fresh_directory() -> Iterator[Path]:
    """A directory that is gone afterwards; DemoError when it is not."""
    directory = Path(mkdtemp(prefix="memos-demo-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory)
    if directory.exists():
        raise DemoError(f"{directory} could not be removed")


def main() -> int:
    """Run the demo; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    console = Console(highlight=False)
    conversation = load(LONG if LONG.is_file() else SHIPPED)[0]
    try:
        with fresh_directory() as directory, MemOS.open(directory / "memory", worker="none") as memory:
            demo = Demo(console, memory)
            demo.say("MemOS demo, in a fresh directory", "bold")
            demo.store(conversation)
            demo.ask(conversation)
            demo.change()
        demo.title("Cleaned up. Three lines to type next:")
        for line in next_lines():
            demo.say(f"    {line}")
    except DemoError as error:
        console.print(f"the demo failed: {error}", style="bold red", markup=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

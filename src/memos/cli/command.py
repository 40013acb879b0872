"""Command: what every command has in common, its options --store, --user, --tenant, --embedder and --json, and the store that they name."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from memos.session import Session
    from memos.system import MemOS


@dataclass(frozen=True, slots=True)
class Target:
    """The store that a command works on, for whom, and how it answers. `embedder` None is the store's own."""

    store: str
    user: str
    tenant: str
    embedder: str | None
    as_json: bool
    verbose: bool
    at: str | None = None
    branch: str | None = None

    @contextmanager
    def memory(self, *, create: bool = False, own: bool = False) -> Iterator[MemOS]:
        """The open store; only with `create` is one made where none stands, else NotAStore says how to make one.

        With `own` it is opened without its embedder, for what needs none, whatever --embedder says.
        """
        from memos.plugins import require_store
        from memos.system import MemOS

        if not create:
            require_store(self.store)
        with MemOS.open(self.store, embedder="unused" if own else embedder_of(self.embedder), worker="none") as memory:
            yield memory

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session of the user in the store, which must stand already."""
        with self.memory() as memory:
            yield self.caller(memory)

    def caller(self, memory: MemOS, session: str | None = None) -> Session:
        """A session of the user in a store that is open."""
        found = memory.as_user(self.user, tenant=self.tenant, session=session)
        if self.branch is not None:
            from memos.cli.past import require_branch

            require_branch(found.branches(), self.branch)
            found = found.branch(self.branch)
        return found if self.at is None else found.at(int(self.at) if self.at.isdecimal() else self.at)


def embedder_of(given: str | None) -> str | None:
    """What `MemOS.open` takes for the option --embedder: the store's own when it is not given, None for `none`."""
    return "default" if given is None else None if given == "none" else given


def login_name() -> str:
    """Who is logged in; a usage error when the system does not know."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise click.UsageError("nobody is logged in here: name a user with --user or MEMOS_USER") from None


COMMON = (
    click.Option(
        ["--store"], envvar="MEMOS_STORE", default="./memory", show_default=True, show_envvar=True, metavar="PATH|URL",
        help="The store: a directory.",
    ),
    click.Option(
        ["--user"], envvar="MEMOS_USER", default=login_name, show_default="your login name", show_envvar=True, metavar="NAME",
        help="Whose memories.",
    ),
    click.Option(
        ["--tenant"], envvar="MEMOS_TENANT", default="default", show_default=True, show_envvar=True, metavar="NAME",
        help="The tenant that the user belongs to.",
    ),
    click.Option(
        ["--embedder"], envvar="MEMOS_EMBEDDER", show_default="the store's own", show_envvar=True, metavar="URL|none",
        help="What makes vectors of texts: minilm, none, or an endpoint.",
    ),
    click.Option(["--json", "as_json"], is_flag=True, help="Answer with one JSON document."),
    click.Option(["--verbose"], is_flag=True, help="With --json, the call as understood too."),
)  # fmt: skip


AT = click.Option(["--at"], metavar="MOMENT", help="As of then: a snapshot's name, a time, or the number of a commit.")
BRANCH = click.Option(["--branch"], metavar="NAME", help="In this branch of yours.")


def command(name: str, *examples: str, past: bool = False, branches: bool = False) -> Callable[[Callable[..., None]], click.Command]:
    """A click command of a function that takes a Target and its own parameters; each of the examples is a line to type.

    With `past` it can read the past (--at), with `branches` it can work in a branch (--branch).
    """

    def made(function: Callable[..., None]) -> click.Command:
        @wraps(function)
        def run(*, store: str, user: str, tenant: str, embedder: str | None, as_json: bool, verbose: bool, **own: Any) -> None:
            place = own.pop("at", None), own.pop("branch", None)
            function(Target(store, user, tenant, embedder, as_json, verbose, *place), **own)

        epilog = "\b\nExamples:\n" + "\n".join(f"  {example}" for example in examples)
        built = click.command(name, epilog=epilog)(run)
        built.params += [*([AT] if past else []), *([BRANCH] if branches else []), *COMMON]
        return built

    return made

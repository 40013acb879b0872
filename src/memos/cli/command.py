"""Command: what every command has in common, --store, --user, --key, --tenant, --embedder, --json, and the store that they name."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from memos.session import Session
    from memos.system import MemOS


@dataclass(frozen=True, slots=True)
class Target:
    """The store that a command works on, for whom, and how it answers. `embedder` None is the store's own.

    With a `key` that says who asks, and of which tenant.
    """

    store: str
    user: str
    tenant: str
    embedder: str | None
    as_json: bool
    verbose: bool
    key: str | None = field(default=None, repr=False)
    within: str | None = None
    """The tenant that was typed beside the key, for those who vouch for users of several."""
    at: str | None = None
    branch: str | None = None
    for_purpose: str | None = None

    @contextmanager
    def memory(
        self, *, create: bool = False, own: bool = False, chat: str | None = None, model: bool = False, runtime: str | None = None
    ) -> Iterator[MemOS]:
        """The open store; only with `create` is one made where none stands, else NotAStore says how to make one.

        With `own` it is opened without its embedder, for what needs none, whatever --embedder says; `chat` is a chat model's URL. With
        `model` it has the model runtime that the URL `runtime`, or else the settings, name; no other command waits for one to be loaded.
        """
        from memos.cli.models import dropping
        from memos.plugins import require_store
        from memos.system import MemOS

        if not create:
            require_store(self.store)
        embedder = "unused" if own else embedder_of(self.embedder)
        with ExitStack() as stack:
            if model:
                opened = MemOS.open(self.store, embedder=embedder, worker="none", chat=chat, runtime=runtime)
            else:
                engine = dropping(self.store)
                if engine is not None:
                    stack.callback(engine.close)
                opened = MemOS.open(
                    self.store, embedder=embedder, worker="none", chat=chat, runtime=engine, settings={"runtime": None}
                )  # fmt: skip
            yield stack.enter_context(opened)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session of the user in the store, which must stand already."""
        with self.memory() as memory:
            yield self.caller(memory)

    @contextmanager
    def governing(self) -> Iterator[Session]:
        """A session that may govern the tenant: whoever can open the files of a store may, with a key whoever that lets."""
        with self.memory(own=True) as memory:
            yield self.administrator(memory)

    def administrator(self, memory: MemOS) -> Session:
        """Such a session in a store that is open."""
        return self.acting(memory, roles=() if self.key is not None else ("admin",))

    def acting(self, memory: MemOS, *, roles: Iterable[str] = (), **context: str | None) -> Session:
        """A session of the user with these roles, or of whom the key stands for, in a store that is open."""
        if self.for_purpose is not None:
            context = {"purpose": self.for_purpose, **context}
        if self.key is None:
            return memory.as_user(self.user, tenant=self.tenant, roles=roles, **context)
        if tuple(roles):
            raise click.UsageError("--key says with which roles; leave --role out")
        return memory.session(self.key, tenant=self.within, **context)

    def caller(self, memory: MemOS, session: str | None = None) -> Session:
        """Such a session at the moment and in the branch that the options name."""
        found = self.acting(memory, session=session)
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
        ["--user"], envvar="MEMOS_USER", show_default="your login name", show_envvar=True, metavar="NAME",
        help="Whose memories.",
    ),
    click.Option(
        ["--key", "api_key"], envvar="MEMOS_API_KEY", show_envvar=True, metavar="KEY",
        help="Who asks, instead of --user: an API key or a token.",
    ),
    click.Option(
        ["--tenant"], envvar="MEMOS_TENANT", default="default", show_default=True, show_envvar=True, metavar="NAME",
        help="The tenant that the user belongs to.",
    ),
    click.Option(
        ["--embedder"], envvar="MEMOS_EMBEDDER", show_default="the store's own", show_envvar=True, metavar="URL|none",
        help="What makes vectors of texts: minilm, none, or an endpoint.",
    ),
    click.Option(
        ["--purpose", "for_purpose"], envvar="MEMOS_PURPOSE", show_envvar=True, metavar="NAME",
        help="What it is asked for, as policies see it.",
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
        def run(*, store: str, user: str | None, tenant: str, embedder: str | None, as_json: bool, verbose: bool, **own: Any) -> None:
            key, place = own.pop("api_key", None), {name: own.pop(name, None) for name in ("at", "branch", "for_purpose")}
            if key is not None and _typed("user"):
                raise click.UsageError("--key says who asks; leave --user out")
            within = tenant if key is not None and _typed("tenant") else None
            who = user if user is not None else "" if key is not None else login_name()
            function(Target(store, who, tenant, embedder, as_json, verbose, key, within, **place), **own)

        epilog = "\b\nExamples:\n" + "\n".join(f"  {example}" for example in examples)
        built = click.command(name, epilog=epilog)(run)
        taken = {option for parameter in built.params for option in parameter.opts}
        common = (option for option in COMMON if taken.isdisjoint(option.opts))
        built.params += [*([AT] if past else []), *([BRANCH] if branches else []), *common]
        return built

    return made


def _typed(name: str) -> bool:
    """Whether an option stands on the command line itself."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE

"""The root of the command line: the table of commands, loaded when they are used, and the one place where errors are told."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from memos import __version__
from memos.cli.output import tell
from memos.errors import InvalidCall, MemOSError

COMMANDS = {
    "add": ("memos.cli.adding:add", "Store texts, or the messages of a file."),
    "search": ("memos.cli.reading:search", "Find the memories that answer a question best."),
    "get": ("memos.cli.reading:get", "Show memories by id."),
    "list": ("memos.cli.reading:list_memories", "Go through memories, by a filter and in an order."),
    "update": ("memos.cli.changing:update", "Give a memory a new text, new tags or another end."),
    "forget": ("memos.cli.changing:forget", "Take memories out of every present read."),
    "history": ("memos.cli.reading:history", "Show the versions of a memory, oldest first."),
    "transfer": ("memos.cli.changing:transfer", "Move a memory to another namespace of yours."),
    "compose": ("memos.cli.changing:compose", "Make one new memory of several, which stay."),
    "log": ("memos.cli.auditing:log", "Show the calls that were made, or count them."),
    "explain": ("memos.cli.auditing:explain", "Show what one call was given or wrote."),
    "status": ("memos.cli.operating:status", "Show what a store holds and how much room it takes."),
    "namespaces": ("memos.cli.operating:namespaces", "Show the namespaces of a tenant and what stands in each."),
    "doctor": ("memos.cli.operating:doctor", "Examine a store; exit code 1 when it has faults."),
    "rebuild": ("memos.cli.operating:rebuild", "Make what is derived from the texts anew."),
    "reembed": ("memos.cli.operating:reembed", "Compute every vector anew with another embedder."),
    "backup": ("memos.cli.operating:backup", "Copy a store while it is in use, verified."),
    "restore-backup": ("memos.cli.operating:restore_backup", "Make a store of a backup."),
    "eval": ("memos.cli.evaluating:evaluations", "Measure how well memories are found."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module on its first use; its own help imports none."""

    def __init__(self, name: str | None = None, *, table: Mapping[str, tuple[str, str]], **attributes: Any) -> None:
        # what stands here until then answers for names and short helps, as in "did you mean"
        places = {name: click.Command(name, short_help=line) for name, (_, line) in table.items()}
        super().__init__(name, places, **attributes)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself, imported now; None when there is none of that name."""
        if cmd_name not in self.table:
            return None
        module, _, attribute = self.table[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The section of the help that names the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])


class Root(LazyGroup):
    """The group that tells every error in one way: one line, or JSON, on stderr, and the exit code of its class."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that the arguments name."""
        as_json = "--json" in ctx.args
        try:
            return super().invoke(ctx)
        except MemOSError as error:
            tell(error, as_json=as_json)
            raise click.exceptions.Exit(error.exit_code) from None
        except click.UsageError as error:
            if not as_json:
                raise
            tell(InvalidCall(error.format_message()), as_json=True)
            raise click.exceptions.Exit(error.exit_code) from None


@click.group(
    cls=Root,
    table=COMMANDS,
    epilog="""\b
Examples:
  memos add "I moved to Lisbon in March." --user alice
  memos search "where does she live?" --user alice
  memos status --store ./memory

`memos COMMAND --help` says more. Exit codes: 0 done, 1 faults were found, 2 the call is wrong, 3 not found, 4 denied,
5 version conflict, 6 frozen, 7 illegal transition, 8 quota, 9 unavailable, 10 the store failed.""",
)
@click.version_option(__version__, prog_name="memos")
def cli() -> None:
    """Store memories in a directory and get the right ones back.

    Every command takes --store, --user, --tenant and --json after its name.
    """

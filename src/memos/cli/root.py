"""The root of the command line: the table of commands, loaded when they are used, and the one place where errors are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from memos import __version__
from memos.cli.output import tell
from memos.cli.usage import told
from memos.errors import MemOSError

COMMANDS = {
    "add": ("memos.cli.adding:add", "Store texts, or the messages of a file."),
    "add-document": ("memos.cli.documents:add_document", "Store the pieces of documents, or the messages of chats."),
    "search": ("memos.cli.reading:search", "Find the memories that answer a question best."),
    "ask": ("memos.cli.asking:ask", "Do what is asked in plain words."),
    "parse": ("memos.cli.asking:parse", "Show how words are understood."),
    "context": ("memos.cli.conversing:context", "Make what a model is sent for a question."),
    "chat": ("memos.cli.conversing:chat", "Talk with the model, which is given what is remembered."),
    "get": ("memos.cli.reading:get", "Show memories by id."),
    "list": ("memos.cli.reading:list_memories", "Go through memories, by a filter and in an order."),
    "update": ("memos.cli.changing:update", "Give a memory a new text, new tags or another end."),
    "forget": ("memos.cli.changing:forget", "Take memories out of every present read."),
    "erase": ("memos.cli.erasing:erase", "Erase memories for good, in all times and copies."),
    "receipt": ("memos.cli.erasing:receipt", "Verify the receipt of an erasure."),
    "history": ("memos.cli.reading:history", "Show the versions of a memory, oldest first."),
    "lineage": ("memos.cli.tracing:lineage", "Show what a memory came from, and what came of it."),
    "tags": ("memos.cli.tagging:tags", "Show the tags there are, rename one, put one under another."),
    "catalogue": ("memos.cli.tagging:catalogue", "Show preferences, anchors or keywords."),
    "graph": ("memos.cli.graphing:graph", "Show what stands around a memory or an entity."),
    "relate": ("memos.cli.graphing:relate", "Say that memories depend on each other, or contradict."),
    "unrelate": ("memos.cli.graphing:unrelate", "End such an edge."),
    "entities": ("memos.cli.graphing:entities", "Whom memories mention; say which names are one."),
    "extract": ("memos.cli.extracting:extract", "Make facts of messages, by rules or a model."),
    "convert": ("memos.cli.forming:convert", "Make KV blocks or an adapter of memories, or let go of them."),
    "forms": ("memos.cli.forming:forms", "Show which memories have another form than text, and why."),
    "calibrate": ("memos.cli.modelling:calibrate", "Measure what composing KV blocks costs a model."),
    "label": ("memos.cli.living:label", "Name the standing version of a memory."),
    "confirm": ("memos.cli.living:confirm", "Say that a memory holds."),
    "freeze": ("memos.cli.living:freeze", "Let memories refuse every change."),
    "unfreeze": ("memos.cli.living:unfreeze", "Let memories be changed again."),
    "archive": ("memos.cli.living:archive", "Put memories aside."),
    "snapshot": ("memos.cli.past:snapshot", "Give this moment a name, or list the names."),
    "diff": ("memos.cli.past:diff", "Show what differs between two moments."),
    "restore": ("memos.cli.past:restore", "Bring back a memory, or all as they were at a moment."),
    "branch": ("memos.cli.past:branch", "Try what would be: open, list, merge, discard."),
    "transfer": ("memos.cli.changing:transfer", "Move a memory to another namespace of yours."),
    "share": ("memos.cli.sharing:share", "Open memories to others."),
    "unshare": ("memos.cli.sharing:unshare", "Withdraw memories from others."),
    "acl": ("memos.cli.sharing:acl", "Show or set who reads what stands in a namespace."),
    "who": ("memos.cli.sharing:who", "Show who may do what with a memory, now or then."),
    "policy": ("memos.cli.policies:policy", "Say in Cedar who may do what; ask why something was decided."),
    "compose": ("memos.cli.changing:compose", "Make one new memory of several, which stay."),
    "log": ("memos.cli.auditing:log", "Show the calls that were made, or count them."),
    "explain": ("memos.cli.auditing:explain", "Show what one call was given or wrote."),
    "detect": ("memos.cli.modelling:detect", "Find the watermark of this store's model in a text."),
    "trace": ("memos.cli.attributing:trace", "Find the memories from which a text was taken."),
    "manifest": ("memos.cli.attributing:manifest", "Sign what is given to others, and tell whose it was."),
    "audit": ("memos.cli.audit:audit", "Sign the logs, find what was changed in them, export them."),
    "retention": ("memos.cli.retaining:retention", "Put aside, forget or purge by rules, after a preview."),
    "hold": ("memos.cli.retaining:hold", "Keep memories from being forgotten or erased."),
    "heat": ("memos.cli.retaining:heat", "Show what is used, by namespace."),
    "quota": ("memos.cli.limiting:quota", "Limit rates, what may stand, and disclosures."),
    "review": ("memos.cli.limiting:review", "Show, release or forget what is under quarantine."),
    "privacy": ("memos.cli.privacy:privacy", "Show what in a text is personal or secret."),
    "principal": ("memos.cli.principals:principal", "Who there is in a tenant: add, list, suspend, remove."),
    "role": ("memos.cli.principals:role", "What roles mean: add, list, remove."),
    "key": ("memos.cli.keys:key", "API keys: create, list, revoke, rotate."),
    "issuer": ("memos.cli.issuers:issuer", "Login services whose tokens are believed: add, list, remove."),
    "token": ("memos.cli.tokens:token", "Lend rights: create, attenuate, inspect, revoke."),
    "status": ("memos.cli.operating:status", "Show what a store holds and how much room it takes."),
    "namespaces": ("memos.cli.operating:namespaces", "Show the namespaces of a tenant and what stands in each."),
    "doctor": ("memos.cli.operating:doctor", "Examine a store; exit code 1 when it has faults."),
    "cache": ("memos.cli.operating:cache", "Show how much memory the indexes of hot namespaces take."),
    "sweep": ("memos.cli.living:sweep", "Do what is due: expire, archive, purge, compress."),
    "rebuild": ("memos.cli.operating:rebuild", "Make what is derived from the texts anew."),
    "reembed": ("memos.cli.operating:reembed", "Compute every vector anew with another embedder."),
    "backup": ("memos.cli.operating:backup", "Copy a store while it is in use, verified."),
    "keep-keys": ("memos.cli.operating:keep_keys", "Copy the key files that a restore needs."),
    "restore-backup": ("memos.cli.operating:restore_backup", "Make a store of a backup."),
    "encrypt": ("memos.cli.locking:encrypt", "Encrypt a store that is plain."),
    "decrypt": ("memos.cli.locking:decrypt", "Make an encrypted store plain."),
    "rotate-key": ("memos.cli.locking:rotate_key", "Lock an encrypted store with another key."),
    "schedule": ("memos.cli.scheduling:schedule", "Compare policies of caches on workloads; record one."),
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

    def make_context(self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any) -> click.Context:
        """Read the options that stand before the command's name."""
        with _telling(as_json="--json" in args):
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that the arguments name."""
        with _telling(as_json="--json" in ctx.args):
            return super().invoke(ctx)


@contextmanager
def _telling(*, as_json: bool) -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except (MemOSError, click.UsageError) as error:
        ours = told(error) if isinstance(error, click.UsageError) else error
        tell(ours, as_json=as_json)
        raise click.exceptions.Exit(ours.exit_code) from None


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

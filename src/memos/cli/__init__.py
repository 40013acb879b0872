"""The command line: one file a group of commands, each imported when it is used."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the `memos` command on the arguments of this process, and exit with its code."""
    from memos.cli.root import cli

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows no emoji must not end the command
    cli(prog_name="memos")

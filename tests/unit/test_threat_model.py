"""docs/threat-model.md: every threat has a defence and a test, and the tests that it names are there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line][
    1:
]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::([\w:]+))?`", PAGE)))


def named_in(path):
    """The names of the tests of a file, those of classes as Class::test."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    plain = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return plain | {f"{each.name}::{node.name}" for each in classes for node in each.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:40] for row in ROWS])
def test_every_threat_has_its_defence_and_where_it_is_tested(row):
    assert len(row) == 3
    assert all(row)


def test_there_are_threats():
    assert len(ROWS) > 30
    assert len(NAMED) > 30


@pytest.mark.parametrize(("path", "test"), NAMED)
def test_a_test_that_is_named_is_there(path, test):
    assert not test or (test.startswith("test_") or "::test_" in test)
    assert not test or test in named_in(path)

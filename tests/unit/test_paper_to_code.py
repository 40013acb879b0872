"""docs/paper-to-code.md: held true, both ways."""

import importlib.util
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs/paper-to-code.md"
ROW = re.compile(r"^\| (?P<component>[\w ]+) \| `(?P<module>memos[\w.]+)` \| (?P<state>stands|in part|to come) \|", re.MULTILINE)
ROWS = [match.groups() for match in ROW.finditer(PAGE.read_text(encoding="utf-8"))]
NAMED = {
    *("MemReader", "Memory API", "Provenance API", "Update API", "LogQuery API", "Memory Pipeline", "MemOperator", "MemoryPathResolver"),
    *("MemScheduler", "MemLifecycle", "MemGovernance", "MemVault", "MemoryAdapter", "MemLoader", "MemDumper", "MemStore", "MemCube"),
}


def exists(module):
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def test_every_component_of_the_architecture_has_its_row():
    assert {component for component, _, _ in ROWS} == NAMED
    assert len(ROWS) == len(NAMED)


@pytest.mark.parametrize(("component", "module", "state"), ROWS)
def test_a_module_is_there_exactly_when_the_page_says_so(component, module, state):
    assert exists(module) == (state != "to come"), f"{component}: {module} is said to be {state!r}"

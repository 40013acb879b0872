"""`memos add-document`: what it stores, shows and refuses, as it is typed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MEMOS = [sys.executable, "-c", "from memos.cli import main; main()"]


@pytest.fixture
def run(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MEMOS_")}
    environment |= {"MEMOS_USER": "alice", "MEMOS_EMBEDDER": "none", "PYTHONPATH": os.pathsep.join(sys.path)}

    def done(*arguments, code=0):
        found = subprocess.run(
            [*MEMOS, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert found.returncode == code, found.stderr
        return found.stdout if code == 0 else found.stderr

    return done


def test_files_are_shown_stored_known_and_replaced(run, tmp_path):
    (tmp_path / "a.md").write_text("# A\n\nOne.\n\n# B\n\nTwo.\n")
    (tmp_path / "b.txt").write_text("Three.")
    assert run("add-document", "a.md", "--show") == "a.md: markdown, 2 pieces\n\n[0–9]\n# A\n\nOne.\n\n[11–20]\n# B\n\nTwo.\n"
    assert not Path(tmp_path / "memory").exists()
    (shown,) = json.loads(run("add-document", "a.md", "--show", "--json"))
    assert [chunk["body"] for chunk in shown["chunks"]] == ["# A\n\nOne.", "# B\n\nTwo."]
    assert run("add-document", "a.md", "b.txt", "--tag", "x") == "a.md: 2 added\nb.txt: 1 added\n"
    assert run("add-document", "a.md") == "a.md: 2 unchanged\n"
    (tmp_path / "a.md").write_text("# B\n\nTwo.\n")
    assert "--replace" in run("add-document", "--help")
    assert "replace=True" in run("add-document", "a.md", code=2)
    told = json.loads(run("add-document", "a.md", "--replace", "--json"))
    assert told["documents"][0]["value"] == {"added": 0, "unchanged": 0, "moved": 1, "forgotten": 1}
    ids = run("add-document", "a.md", "--ids").split()
    assert ids == told["documents"][0]["ids"]
    assert len(json.loads(run("list", "--json"))["cubes"]) == 2


def test_one_file_that_cannot_be_read_stores_nothing(run, tmp_path):
    (tmp_path / "a.md").write_text("# A\n\nOne.\n")
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.4 no more")
    assert "b.pdf: " in run("add-document", "a.md", "b.pdf", code=2)
    assert not Path(tmp_path / "memory").exists()
    assert "--name is for one file" in run("add-document", "a.md", "b.pdf", "--name", "x", code=2)
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memos.toml").write_text("[documents]\nfile_bytes = 5\n")
    assert "the limit is 5" in run("add-document", "a.md", code=2)

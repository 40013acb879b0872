"""The house: what is installed, what make offers, what the checks find, and that no test reaches the network."""

import importlib.metadata
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.loopback.sitecustomize import BeyondLoopbackError

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HEAVY = ("apsw", "cryptography", "fastapi", "numkong", "numpy", "onnxruntime", "openai", "rich", "spacy", "Stemmer", "tokenizers", "torch")


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python from the root of the repository."""
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def distribution_of(requirement: str) -> str:
    """The normalised name in a requirement such as `PyStemmer>=3,<4`."""
    return re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower().replace("_", "-")


class TestImport:
    def test_loads_nothing_heavy(self):
        done = python("-c", "import sys, memos; print(*{name.partition('.')[0] for name in sys.modules})")
        assert done.returncode == 0, done.stderr
        assert sorted(set(HEAVY) & set(done.stdout.split())) == []

    def test_takes_at_most_300_ms_of_processor_time(self):
        code = "import time; before = time.process_time(); import memos; print(time.process_time() - before)"
        python("-c", "import memos")  # the first import writes bytecode
        assert min(float(python("-c", code).stdout) for _ in range(3)) <= 0.3


class TestDistribution:
    def test_offers_what_it_promises(self):
        metadata = importlib.metadata.metadata("memos-kernel")
        assert metadata["License-Expression"] == "Apache-2.0"
        assert metadata["Requires-Python"] == ">=3.11"
        (script,) = importlib.metadata.distribution("memos-kernel").entry_points.select(group="console_scripts")
        assert (script.name, script.value) == ("memos", "memos.cli:main")
        assert callable(script.load())

    def test_is_typed(self):
        assert (ROOT / "src/memos/py.typed").is_file()

    def test_every_package_under_src_has_an_init(self):
        folders = {path.parent for path in (ROOT / "src/memos").rglob("*.py")}
        assert sorted(str(folder) for folder in folders if not (folder / "__init__.py").is_file()) == []

    def test_the_base_is_light(self):
        base = {distribution_of(requirement) for requirement in PROJECT["dependencies"]}
        assert base & {"torch", "spacy", "fastapi", "mcp", "openai", "transformers", "presidio-analyzer"} == set()

    def test_every_dependency_has_its_reason_in_the_docs_and_no_other(self):
        declared = PROJECT["dependencies"] + [each for extra in PROJECT["optional-dependencies"].values() for each in extra]
        page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| `([^`]+)` \| [^|]{10,} \| [^|]+ \| [^|]+ \|$", page, flags=re.MULTILINE)
        assert sorted(row.lower() for row in rows) == sorted({distribution_of(requirement) for requirement in declared})


class TestMake:
    @pytest.mark.parametrize("target", ["setup", "demo", "test", "check", "bench", "eval", "proof", "clean"])
    def test_has_every_target(self, target):
        done = subprocess.run(["make", "--dry-run", "--always-make", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()

    def test_help_lists_every_target(self):
        done = subprocess.run(["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
        phony = next(line for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines() if line.startswith(".PHONY:"))
        assert [line.split()[:2] for line in done.stdout.splitlines()] == [["make", target] for target in phony.split()[1:]]

    def test_serve_says_that_there_is_no_server(self):
        done = subprocess.run(["make", "serve"], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert "not part of this version" in done.stderr

    def test_names_the_python_that_is_too_old(self, tmp_path):
        old = tmp_path / "python3"
        old.write_text(f"#!/bin/sh\nexec {sys.executable} -c \"import sys; sys.version_info = (3, 10); sys.version = '3.10.2'; $2\"\n")
        old.chmod(0o755)
        (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text(encoding="utf-8"))
        (tmp_path / "pyproject.toml").touch()
        done = subprocess.run(["make", "setup", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert "needs Python 3.11 or newer" in done.stderr
        assert "3.10.2" in done.stderr
        assert not (tmp_path / ".venv").exists()


class TestLengths:
    """scripts/lengths.py, on files planted for it."""

    def lengths(self, folder):
        return python("scripts/lengths.py", str(folder))

    def test_passes_what_is_short_enough(self, tmp_path):
        (tmp_path / "short.py").write_text("def f():\n" + "    x = 1\n" * 38)
        (tmp_path / "full.py").write_text("x = 1\n" * 299)
        done = self.lengths(tmp_path)
        assert done.returncode == 0
        assert "2 files, 1 functions, median length 39 lines" in done.stdout

    @pytest.mark.parametrize("opening", ["def f():", "async def f():"])
    def test_finds_a_long_function(self, tmp_path, opening):
        (tmp_path / "long.py").write_text(f"x = 1\n{opening}\n" + "    x = 1\n" * 39)
        done = self.lengths(tmp_path)
        assert done.returncode == 1
        assert "long.py:2 f: 40 lines" in done.stdout

    def test_finds_a_long_method(self, tmp_path):
        (tmp_path / "long.py").write_text("class C:\n    def f(self):\n" + "        x = 1\n" * 39)
        assert "long.py:2 f: 40 lines" in self.lengths(tmp_path).stdout

    def test_finds_a_long_file(self, tmp_path):
        (tmp_path / "inner").mkdir()
        (tmp_path / "inner/long.py").write_text("x = 1\n" * 300)
        done = self.lengths(tmp_path)
        assert done.returncode == 1
        assert "long.py: 300 lines" in done.stdout

    def test_lets_a_generated_file_be_as_long_as_it_must(self, tmp_path):
        (tmp_path / "made.py").write_text('"""It. Generated by scripts/make.py."""\n' + "x = 1\n" * 300)
        assert self.lengths(tmp_path).returncode == 0

    def test_refuses_to_pass_when_there_is_nothing_to_measure(self, tmp_path):
        assert self.lengths(tmp_path).returncode == 2


class TestNetwork:
    BEYOND = ("192.0.2.1", 9)  # an address kept for documentation: nobody is there

    def test_no_connection_leaves_this_machine(self):
        with socket.socket() as outward, pytest.raises(BeyondLoopbackError, match=r"192\.0\.2\.1"):
            outward.connect(self.BEYOND)

    def test_no_datagram_leaves_this_machine(self):
        with socket.socket(type=socket.SOCK_DGRAM) as outward, pytest.raises(BeyondLoopbackError):
            outward.sendto(b"x", self.BEYOND)

    def test_no_name_is_looked_up(self):
        with pytest.raises(BeyondLoopbackError, match=r"memos\.example"):
            socket.getaddrinfo("memos.example", 443)

    def test_no_process_that_a_test_starts_reaches_out(self):
        done = python("-c", f"import socket; socket.create_connection({self.BEYOND}, timeout=1)")
        assert done.returncode == 1
        assert "BeyondLoopbackError" in done.stderr

    def test_loopback_is_open(self):
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), timeout=5) as client:
            inward, _ = server.accept()
            with inward:
                client.sendall(b"hello")
                assert inward.recv(5) == b"hello"

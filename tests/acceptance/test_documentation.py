"""The documentation: every Python and shell example in README.md and docs/ is run, and what it is said to print is compared."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = {str(path.relative_to(ROOT)): path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))}

NOT_RUN = {
    "make demo": "it has a test of its own, and minutes of output",
    "make test": "it would run this test",
    "pip install .": "it needs a package index",
}
"""Lines that stand in a shell example and are not run, with the reason."""
RUN = ("python", "sh")
LEFT_ALONE = ("text", "json", "jsonl", "toml", "yaml", "ini", "sql", "")
"""Languages of blocks that are no examples to run; any other is refused, so that no example escapes by its name."""

MADE_LATER = {"docs/proofs/", "docs/benchmarks.md"}
"""What `make proof` and `make bench` write."""

FENCE = re.compile(
    r"""^(?P<indent>[ ]*)(?P<fence>```+|~~~+)(?P<language>[\w+-]*)[^\n]*\n
    (?P<body>.*?)
    ^(?P=indent)(?P=fence)[ ]*$""",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, the line of its first line of text, and the output that is said to follow."""

    language: str
    text: str
    line: int
    expected: str | None


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a page, each with the ```text block right after it, if there is one."""
    found = list(FENCE.finditer(page))
    blocks = []
    for match, following in zip(found, [*found, None][1:], strict=True):
        expected = None
        if following and following["language"] == "text" and not page[match.end() : following.start()].strip():
            expected = textwrap.dedent(following["body"])
        line = page.count("\n", 0, match.start("body")) + 1
        blocks.append(Block(match["language"], textwrap.dedent(match["body"]), line, expected))
    return blocks


WILDCARDS = {" … ": r" (?:.* )?", "… ": r"(?:.* )?", " …": r"(?: .*)?", "…": r".*"}


def pattern_of(expected: str) -> re.Pattern[str]:
    """What output must match in full: `…` stands for any characters of a line, as a word for any words, alone for any lines."""
    return re.compile("".join(map(line_pattern, tidied(expected).splitlines())))


def line_pattern(line: str) -> str:
    if line == "…":
        return r"(?:[^\n]*\n)*"
    return "".join(WILDCARDS.get(part) or re.escape(part) for part in re.split(r"( … |^… | …$|…)", line)) + r"\n"


def tidied(text: str) -> str:
    """A text without the white space that only aligns columns: the widths of a table follow from its numbers."""
    return "".join(f"{' '.join(line.split())}\n" for line in text.strip("\n").split("\n"))


def require_output(block: Block, printed: str, where: str) -> None:
    if block.expected is None:
        return
    assert pattern_of(block.expected).fullmatch(tidied(printed)), f"{where} printed\n{printed}\nand is said to print\n{block.expected}"


def run_python(block: Block, namespace: dict[str, object], where: str) -> str:
    printed = io.StringIO()
    code = compile("\n" * (block.line - 1) + block.text, where.partition(":")[0], "exec")
    with contextlib.redirect_stdout(printed):
        exec(code, namespace)
    return printed.getvalue()


def runnable(text: str) -> str:
    """A shell example without the lines that are not run."""
    return "".join(f"{line}\n" for line in text.splitlines() if line.partition(" #")[0].strip() not in NOT_RUN)


def fresh_environment() -> dict[str, str]:
    """This process's, with the tools of its virtual environment first and without any MEMOS_* variable."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MEMOS_")}
    return environment | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"}


def run_shell(block: Block, environment: dict[str, str], directory: Path, where: str) -> str:
    """What a shell example prints on both streams. What it exports stays in the environment, for the next one of its page."""
    script = runnable(block.text)
    with tempfile.TemporaryFile() as left, tempfile.TemporaryFile("w+", encoding="utf-8") as printed:
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", f"{script}\nenv -0 >&{left.fileno()}"], pass_fds=[left.fileno()], cwd=directory,
            env=environment, timeout=240, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed, check=False,
        )  # fmt: skip
        for stream in (left, printed):
            stream.seek(0)
        output = printed.read()
        assert done.returncode == 0, f"{where} ended with {done.returncode}\n{script}\n{output}"
        environment |= dict(item.split("=", 1) for item in left.read().decode().split("\0") if item)
    return output


def run_blocks(name: str, blocks: list[Block], directory: Path) -> int:
    """Run the examples of a page in order, all in one directory, the Python ones in one namespace; how many there were."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    environment = fresh_environment()
    examples = [block for block in blocks if block.language in RUN]
    for block in examples:
        where = f"{name}:{block.line}"
        printed = run_python(block, namespace, where) if block.language == "python" else run_shell(block, environment, directory, where)
        require_output(block, printed, where)
    return len(examples)


BLOCKS = {name: blocks_of(path.read_text(encoding="utf-8")) for name, path in PAGES.items()}


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """A fresh directory to work in, where no MEMOS_* variable is set."""
    for name in [name for name in os.environ if name.startswith("MEMOS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# the page of the command line starts a hundred processes
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", [name for name, blocks in BLOCKS.items() if any(block.language in RUN for block in blocks)])
def test_the_examples_of_a_page_run_and_print_what_they_say(name, directory):
    assert run_blocks(name, BLOCKS[name], directory)
    workers = [thread.name for thread in threading.enumerate() if thread.name == "memos-worker"]
    assert not workers, "an example leaves a store open"


def test_the_example_of_the_readme_may_be_run_again(directory):
    examples = [block for block in BLOCKS["README.md"] if block.language == "python"]
    printed = []
    for _ in range(3):
        namespace: dict[str, object] = {"__name__": "__main__"}
        printed.append([run_python(example, namespace, f"README.md:{example.line}") for example in examples])
    assert printed[0] == printed[1] == printed[2]


def test_the_pages_that_must_have_examples_have_them():
    both = {"README.md", "docs/guides/getting-started.md", "docs/guides/operations.md"}
    languages = {name: {block.language for block in blocks} for name, blocks in BLOCKS.items()}
    assert {name for name in both if not set(RUN) <= languages[name]} == set()
    assert {name for name in ("docs/guides/filters.md", "docs/guides/retrieval.md") if "python" not in languages[name]} == set()


@pytest.mark.parametrize("name", PAGES)
def test_no_block_escapes_by_the_name_of_its_language(name):
    assert sorted({block.language for block in BLOCKS[name]} - {*RUN, *LEFT_ALONE}) == []
    fences = re.findall(r"^ *(?:```|~~~)", PAGES[name].read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(fences) == 2 * len(BLOCKS[name]), "a fence without its end"


def test_every_line_that_is_not_run_stands_in_an_example():
    shell = [block.text for blocks in BLOCKS.values() for block in blocks if block.language == "sh"]
    lines = {line.partition(" #")[0].strip() for text in shell for line in text.splitlines()}
    assert set(NOT_RUN) - lines == set()


def test_every_link_of_the_readme_leads_to_a_file():
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", page)]
    assert targets
    assert [target for target in targets if not (ROOT / target).is_file()] == []


PLANTED = {
    "python that fails": "```python\nraise ValueError('planted')\n```\n",
    "python that prints another thing": "```python\nprint('one')\n```\n\n```text\ntwo\n```\n",
    "python that prints less": "```python\nprint('one')\n```\n```text\none\ntwo\n```\n",
    "python that prints more": "```python\nprint('one')\nprint('two')\n```\n```text\none\n```\n",
    "shell whose first line fails": "```sh\nfalse\ntrue\n```\n",
    "shell whose pipe fails": "```sh\nfalse | cat\n```\n",
    "shell that prints another thing": "```sh\necho one\n```\n```text\ntwo…\n```\n",
    "an indented example": "1. First:\n\n    ```python\n    raise ValueError('planted')\n    ```\n",
}


@pytest.mark.parametrize("page", PLANTED.values(), ids=PLANTED.keys())
def test_a_wrong_example_is_found(page, directory):
    with pytest.raises((AssertionError, ValueError), match="planted|printed|ended with"):
        run_blocks("planted", blocks_of(page), directory)


SHARED = """```python
from pathlib import Path
Path('note').write_text('kept')
kept = 'one'
```
```sh
cat note
export KEPT=two
make test    # not run
```
```text
k…t
```
```python
print(kept, 'two',     'three')
print('four')
print('five six')
```

```text
one … three
…
  fi…e … six …
```
```sh
echo "one $KEPT"
```
```text
one two
```
"""


def test_examples_share_a_page_and_wildcards_match(directory):
    assert run_blocks("planted", blocks_of(SHARED), directory) == 4


@pytest.mark.parametrize("name", PAGES)
def test_every_file_that_a_page_names_is_there(name):
    named = re.findall(r"`((?:tests|scripts|docs|evals|src)/[\w./-]+)`", PAGES[name].read_text(encoding="utf-8"))
    assert [path for path in named if path not in MADE_LATER and not (ROOT / path).exists()] == []


def test_the_reference_is_what_the_script_writes():
    code = "import generate_reference as made, json; print(json.dumps({name: page() for name, page in made.PAGES.items()}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "scripts", capture_output=True, text=True, check=True)
    for name, page in json.loads(done.stdout).items():
        assert page == (ROOT / "docs/reference" / name).read_text(encoding="utf-8"), "run scripts/generate_reference.py"

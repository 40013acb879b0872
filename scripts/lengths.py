"""Refuses files of 300 lines and more and functions of 40 lines and more.

`python scripts/lengths.py src` reads every Python file under the paths given, prints each that is too long, then the median length
of a function, and exits 1 when there was any. A function is counted from its `def` to its last line, docstring and inner functions
included; its decorators are not counted.
"""

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_LIMIT = 300
FUNCTION_LIMIT = 40


def functions(tree: ast.Module) -> Iterator[tuple[str, int, int]]:
    """Yield (name, first line, length in lines) of every function in a module, inner ones included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1


def measure(path: Path) -> tuple[list[str], list[int]]:
    """Return what is too long in one file, as lines to print, and the lengths of its functions."""
    text = path.read_text(encoding="utf-8")
    lines, found = len(text.splitlines()), list(functions(ast.parse(text, filename=str(path))))
    long = [f"{path}: {lines} lines, want fewer than {FILE_LIMIT}: give it a second room"] if lines >= FILE_LIMIT else []
    long += [
        f"{path}:{line} {name}: {size} lines, want fewer than {FUNCTION_LIMIT}" for name, line, size in found if size >= FUNCTION_LIMIT
    ]
    return long, [size for _, _, size in found]


def main(roots: list[str]) -> int:
    """Measure every Python file under the roots; return the exit code."""
    paths = sorted(path for root in roots for path in Path(root).rglob("*.py"))
    if not paths:
        print(f"no Python file under {' '.join(roots) or 'the paths given (none)'}", file=sys.stderr)
        return 2
    measured = [measure(path) for path in paths]
    long = [line for lines, _ in measured for line in lines]
    lengths = [length for _, each in measured for length in each]
    print("\n".join(long) or f"{len(paths)} files, {len(lengths)} functions, median length {statistics.median(lengths or [0]):g} lines")
    return 1 if long else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""AsyncMemOS: the same methods with the same arguments, generated and in step with their originals."""

import asyncio
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from memos import AsyncMemOS, AsyncSession, MemOS, Session
from memos.errors import BackendError, NotAStore, NotFound

ROOT = Path(__file__).resolve().parents[2]
PAIRS = [(MemOS, AsyncMemOS), (Session, AsyncSession)]


def public(kind):
    return {name for each in kind.__mro__[:-1] for name in vars(each) if not name.startswith("_")}


@pytest.mark.parametrize(("original", "awaitable"), PAIRS)
def test_every_method_has_its_awaitable_twin_with_the_same_arguments(original, awaitable):
    assert public(awaitable) - {"caller"} == public(original) - {"caller"}
    for name in public(original) - {"pages"}:
        expected, found = (inspect.signature(getattr(kind, name)) for kind in (original, awaitable))
        assert [str(one) for one in expected.parameters.values()] == [str(one) for one in found.parameters.values()], name
        assert inspect.getdoc(getattr(original, name)).startswith(inspect.getdoc(getattr(awaitable, name)))


def test_the_file_is_what_the_generator_writes():
    command = [
        sys.executable,
        "-c",
        "import sys; sys.path.insert(0, 'scripts'); import generate_aio; sys.stdout.write(generate_aio.generate())",
    ]
    written = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert written == (ROOT / "src/memos/aio.py").read_text(encoding="utf-8")


def test_it_works_awaited_and_many_at_once(tmp_path):
    async def story():
        async with await AsyncMemOS.open(tmp_path / "m", embedder="hashing") as system:
            alice = system.as_user("alice")
            await asyncio.gather(*(alice.add(f"fact {number}") for number in range(20)))
            pages = [page async for page in alice.pages(limit=7)]
            with pytest.raises(NotFound):
                await alice.get("01890000-0000-7000-8000-000000000000")
            assert repr(system) == repr(system._sync).replace("MemOS", "AsyncMemOS", 1)
            assert repr(alice) == "<AsyncSession of user 'alice', tenant 'default'>"
            return sorted(cube.text for page in pages for cube in page.cubes), (await alice.search("fact 7")).hits[0].cube.text

    texts, first = asyncio.run(story())
    assert texts == sorted(f"fact {number}" for number in range(20))
    assert first == "fact 7"


def test_it_is_opened_by_async_with_alone_and_closed_at_the_end(tmp_path):
    async def story():
        async with AsyncMemOS.open(tmp_path / "m", embedder="hashing") as system:
            assert type(system) is AsyncMemOS
            await system.as_user("alice").add("a fact")
        with pytest.raises(BackendError, match="closed"):
            await system.status()
        with pytest.raises(NotAStore):
            async with AsyncMemOS.open(tmp_path / "nowhere", read_only=True):
                pass

    asyncio.run(story())

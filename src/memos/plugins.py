"""Plug-ins: backends chosen by URL. Built-ins register the way a plug-in does, by an entry point or a name in the table here.

An embedder's entry point stands in the group `memos.embedders`, a chat model's in `memos.chat_models`, a store's in `memos.stores`, a
keeper of keys' in `memos.keys`; its name is the URL's scheme and it loads a function from the URL to the backend.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from memos.errors import BackendError, InvalidCall, Unavailable, WrongEmbedder
from memos.ports.clock import Clock
from memos.ports.kms import KeyManagement, Locate
from memos.ports.maintenance import Analyse, RestoreReport
from memos.ports.models import ChatModel, Embedder, Remembered
from memos.ports.runtime import ModelRuntime
from memos.ports.store import Choose, Chosen, StoreParts
from memos.ports.trail import Trail
from memos.settings import Settings, load_settings

EMBEDDERS = {
    "minilm": "memos.backends.onnx:from_url",
    "hashing": "memos.backends.hashing:from_url",
    "openai+http": "memos.backends.openai_compatible:from_url",
    "openai+https": "memos.backends.openai_compatible:from_url",
}

CHAT_MODELS = {"openai+http": "memos.backends.openai_chat:from_url", "openai+https": "memos.backends.openai_chat:from_url"}
RUNTIMES = {
    "transformers": "memos.backends.transformers:from_url",
    "llama": "memos.backends.llama_server:from_url",
    "llama+http": "memos.backends.llama_server:from_url",
    "llama+https": "memos.backends.llama_server:from_url",
    "openai+http": "memos.backends.openai_engine:from_url",
    "openai+https": "memos.backends.openai_engine:from_url",
}
KEYS = {"file": "memos.backends.local_keys:from_file", "env": "memos.backends.local_keys:from_environment"}

STORES = {"": "memos.backends.sqlite.store:open_store", "memory": "memos.backends.sqlite.store:open_store"}
"""A path without a scheme is a directory."""
READABLE = {"": "the path of a directory", "memory": "memory:"}
"""How an error names what is not called by its scheme."""
DEFAULT = "minilm"
UNUSED = "unused"
"""Opens a store without its embedder, for tools that need none: nothing is embedded, and what is pending stays so."""


def scheme_of(url: str) -> str:
    """The scheme of a backend's URL; a bare word is a scheme by itself."""
    return url.split(":", 1)[0]


def load_embedder(url: str) -> Embedder:
    """The embedder that a URL names, with a cache in front; InvalidCall when none is registered for its scheme."""
    from memos.backends.embedding_cache import CachedEmbedder

    return CachedEmbedder(_load("memos.embedders", EMBEDDERS, scheme_of(url), "embedder")(url))


def load_chat(wanted: ChatModel | str | None) -> ChatModel | None:
    """The chat model that a URL names, or that a program gives; InvalidCall for what is none."""
    if wanted is None:
        return None
    if isinstance(wanted, str):
        named: ChatModel = _load("memos.chat_models", CHAT_MODELS, scheme_of(wanted), "chat model")(wanted)
        return named
    name: Any = getattr(wanted, "name", None)
    if not callable(getattr(wanted, "complete", None)) or not isinstance(name, str) or not name:
        raise InvalidCall(
            f"a chat model is None, a URL, or an object with a name and complete(messages, schema), not {type(wanted).__name__}"
        )
    return wanted


def load_runtime(wanted: ModelRuntime | str | None) -> ModelRuntime | None:
    """The model runtime that a URL names, or that a program gives; InvalidCall for what is none."""
    if wanted is None:
        return None
    if isinstance(wanted, str):
        if not wanted or wanted.startswith(("http://", "https://")) or (":" not in wanted and ("/" in wanted or "." in wanted)):
            raise InvalidCall(
                "a runtime is named by a URL that says which engine: transformers:///path/to/model or llama:///path/model.gguf for files,"
                f" openai+http://host/v1?model=NAME or llama+http://host for an address, not {wanted!r}"
            )
        named: ModelRuntime = _load("memos.runtimes", RUNTIMES, scheme_of(wanted), "model runtime")(wanted)
        return named
    given: object = wanted
    if not isinstance(given, ModelRuntime) or not given.name:
        raise InvalidCall(
            "a runtime is None, a URL such as transformers:///path/to/model, or a ModelRuntime with name, capabilities, window, count,"
            f" generate, load and close, not {type(wanted).__name__}"
        )
    return wanted


def open_store(
    url: str, embedder: Embedder | str | None, *, analyse: Analyse, settings: Settings, clock: Clock, read_only: bool
) -> StoreParts:
    """The store that a URL names; InvalidCall when none is registered for its scheme."""
    scheme = scheme_of(url) if "://" in url or url == "memory:" else ""
    opening = _load("memos.stores", STORES, scheme, "store")
    locate = locator(settings.encryption, None if scheme else Path(url))
    parts: StoreParts = opening(
        url, choose=chooser(embedder), analyse=analyse, settings=settings, clock=clock, read_only=read_only, locate=locate
    )
    return parts


def load_keeper(url: str) -> KeyManagement:
    """Who keeps the key that a URL names; InvalidCall when none is registered for its scheme."""
    keeper: KeyManagement = _load("memos.keys", KEYS, scheme_of(url), "keeper of keys")(url)
    return keeper


def locator(wanted: str | None, store: Path | None) -> Locate:
    """How to find who keeps a store's key: whom the operator names, else where the store remembers it, when that is on this machine."""

    def locate(remembered: str | None) -> KeyManagement | None:
        if wanted is not None:
            return load_keeper(require_apart(wanted, store))
        if remembered is None:
            return None
        if scheme_of(remembered) not in KEYS:
            raise Unavailable(f"the key of this store is kept at {remembered!r}: name that in the setting encryption, and it is asked")
        return load_keeper(remembered)

    return locate


def require_apart(url: str, store: Path | None) -> str:
    """The URL of a key; InvalidCall where it names a file in the store that it is to lock."""
    if store is not None and scheme_of(url) == "file":
        path = Path(url.removeprefix("file:").removeprefix("//")).resolve()
        if store.resolve() in path.parents:
            raise InvalidCall(
                f"the key {path} stands inside the store that it is to lock: whoever has the one has the other; keep it elsewhere"
            )
    return url


def require_store(url: str) -> None:
    """NotAStore, which says what there is instead, where a path names no store."""
    from memos.backends.sqlite.store import require_made

    if "://" not in url:
        require_made(Path(url).expanduser() if url.startswith("~/") else Path(url))


def restore_store(source: Path, destination: Path, *, keys: Path, analyse: Analyse) -> RestoreReport:
    """Make a store of a backup of the embedded backend."""
    from memos.backends.sqlite.restore import restore

    locate = locator(load_settings(None).encryption, destination)
    return restore(source, destination, keys=keys, analyse=analyse, locate=locate)


def encrypt_store(store: Path, place: str) -> None:
    """Encrypt the store in a directory with the key that a URL names."""
    from memos.backends.sqlite.conversion import encrypt

    encrypt(store, load_keeper(require_apart(place, store)))


def decrypt_store(store: Path) -> None:
    """Make an encrypted store plain; its key is where the settings or the store itself say."""
    from memos.backends.sqlite.conversion import decrypt

    decrypt(store, locator(load_settings(store).encryption, store))


def rotate_store(store: Path, place: str, *, renew: bool) -> None:
    """Lock an encrypted store with the key that a URL names instead of the one that it has; with `renew` under a new data key."""
    from memos.backends.sqlite.conversion import rotate

    rotate(store, locator(load_settings(store).encryption, store), load_keeper(require_apart(place, store)), renew=renew)


def open_trail(directory: Path, encryption: str | None = None) -> Trail:
    """The logs of the store in a directory, whether the rest of it can be opened or not; NotAStore where none stands."""
    from memos.backends.sqlite.store import require_made
    from memos.backends.sqlite.trail import SqliteTrail

    require_made(directory)
    return SqliteTrail(directory, locator(encryption, directory))


def signing_secret(directory: Path | None) -> bytes:
    """The 32 bytes of the signing key of the store in a directory; BackendError for a store that has none."""
    if directory is None:
        raise BackendError("a store in memory signs nothing; open one in a directory")
    return open_trail(directory).signing_secret()


def chooser(wanted: Embedder | str | None) -> Choose:
    """How to choose a store's embedder: its own by default, else what is wanted, which must be the same."""

    def choose(remembered: Remembered | None, *, fresh: bool) -> Chosen:
        if wanted == UNUSED:
            return Chosen(None)
        if wanted == "none":
            raise InvalidCall("a store without vectors is opened with embedder=None, not 'none'")
        if wanted != "default":
            chosen = Chosen(load_embedder(wanted), wanted) if isinstance(wanted, str) else Chosen(_usable(wanted))
            return chosen if fresh else _same(chosen, remembered)
        if fresh:
            return Chosen(load_embedder(DEFAULT), DEFAULT)
        if remembered is None:
            return Chosen(None)
        if remembered.url is None:
            raise WrongEmbedder(f"this store's vectors come from {remembered.name}, given as an object: open it with embedder= that object")
        return _same(Chosen(load_embedder(remembered.url), remembered.url), remembered)

    return choose


def _usable(embedder: Embedder | None) -> Embedder | None:
    """What a program gave as its embedder; InvalidCall when it is none."""
    if embedder is None:
        return None
    wanted = "an embedder is None, a URL such as 'minilm', or an object with name, dimensions and embed(texts)"
    if not isinstance(embedder, Embedder):
        raise InvalidCall(f"{wanted}, not {type(embedder).__name__}")
    name: Any = embedder.name
    dimensions: Any = embedder.dimensions
    if not isinstance(name, str) or not name or not isinstance(dimensions, int) or dimensions < 1:
        raise InvalidCall(f"{wanted}; the name is a text, the dimensions a number from 1 on")
    return embedder


def _same(chosen: Chosen, remembered: Remembered | None) -> Chosen:
    names = [f"the embedder {one.name}" if one is not None else "no embedder" for one in (remembered, chosen.embedder)]
    if names[0] != names[1]:
        raise WrongEmbedder(f"this store was made with {names[0]} and is opened with {names[1]}; open it as it is, or run `memos reembed`")
    return chosen


def _load(group: str, builtin: dict[str, str], scheme: str, what: str) -> Callable[..., Any]:
    if scheme in builtin:
        module, _, name = builtin[scheme].partition(":")
        return getattr(import_module(module), name)  # type: ignore[no-any-return]
    found = entry_points(group=group)
    for entry in found:
        if entry.name == scheme:
            return entry.load()  # type: ignore[no-any-return]
    known = sorted(READABLE.get(name, name) for name in {*builtin, *(entry.name for entry in found)})
    raise InvalidCall(
        f"no {what} is registered for {scheme!r}; there are: {', '.join(known)}; a plug-in adds one by an entry point in {group!r}"
    )

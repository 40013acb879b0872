"""Settings: everything an operator may choose, from defaults, `memos.toml` in the store, and MEMOS_* variables, in that order."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from memos.errors import InvalidCall


def _none_where_said(given: Any) -> Any:
    return None if isinstance(given, str) and given.strip().lower() in {"none", "never"} else given


Days = Annotated[float | None, BeforeValidator(_none_where_said)]
"""A number of days; none, or "none" and "never" where a file or a variable can only hold a word, stands for no end."""
Seconds = Annotated[float | None, BeforeValidator(_none_where_said)]
"""A number of seconds; none, said so or as above, stands for never."""


NO_NUL = r"\A[^\x00]*\z"


class LifecycleRule(BaseModel):
    """Memories that pass a filter, were not written or used for some days, and were used so often, are moved to a state."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: str
    filter: dict[str, Any]
    to: Literal["activated", "merged", "archived", "expired"]
    after_days: float = Field(default=0.0, ge=0)
    uses: int = Field(default=0, ge=0)


def _object_where_written(given: Any) -> Any:
    return json.loads(given) if isinstance(given, str) and given.lstrip().startswith("{") else given


class PrivacySettings(BaseModel):
    """What finds personal data and secrets in what is written, and how sensitive each kind of them is."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    detector: Literal["patterns", "presidio", "none"] = "patterns"
    levels: dict[str, Literal["public", "internal", "confidential", "restricted"]] = Field(default_factory=dict)


class DocumentSettings(BaseModel):
    """How large a document may be, and what reading one may take; whatever is beyond is refused and nothing of it is stored."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    file_bytes: int = Field(default=64 * 1024 * 1024, ge=1, description="the largest file")
    expanded_bytes: int = Field(default=256 * 1024 * 1024, ge=1, description="the most that the parts of a DOCX may expand to")
    expansion: int = Field(default=200, ge=1, description="how many times its size a compressed part may expand to")
    characters: int = Field(default=8_000_000, ge=1, description="the longest text of one document")
    pages: int = Field(default=3_000, ge=1, description="the most pages of a PDF")
    chunks: int = Field(default=20_000, ge=1, le=100_000, description="the most chunks, or messages, of one document")
    depth: int = Field(default=500, ge=8, description="how deep elements may be nested in each other")
    seconds: float = Field(default=60.0, gt=0, description="how long a conversion may take, by the clock and by the processor")
    memory_bytes: int = Field(default=1024 * 1024 * 1024, ge=64 * 1024 * 1024, description="how much memory a conversion may take")
    chunk_characters: int = Field(default=600, ge=100, le=20_000, description="how long a chunk becomes, about")


class Settings(BaseModel):
    """What an operator may choose. No setting names a network host unless the operator writes one."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    durability: Literal["power", "process"] = Field(
        default="power", description="power: an acknowledged write survives power loss; process: it survives the process's death"
    )
    inline_vectors: int = Field(
        default=4, ge=0, description="an add of at most this many texts computes its vectors before it is acknowledged"
    )
    embed_batch: int = Field(default=64, ge=1, le=4096, description="texts that the worker embeds between two commits")
    worker_idle_seconds: float = Field(default=0.2, gt=0, description="how long the worker sleeps when there is nothing to do")
    fold_seconds: float = Field(default=2.0, ge=0, description="how often the worker folds the access log into the memories' usage")
    close_seconds: float = Field(default=5.0, ge=0, description="how long close() waits for pending vectors")
    wait_seconds: float = Field(default=30.0, ge=0, description="how long a call with wait=True waits for its vectors")
    confirmations: int = Field(default=2, ge=1, le=32, description="how often a user confirms a memory until it is Merged")
    activate_uses: int = Field(default=2, ge=1, description="how many uses make a generated memory Activated")
    archive_after_days: Days = Field(
        default=365.0, gt=0, description="a memory that nobody wrote or used for so long is Archived; none: never"
    )
    forgotten_days: Days = Field(
        default=None, ge=0, description="after so long what was forgotten or had expired is purged for good; none: never"
    )
    history_days: Days = Field(
        default=None, ge=0, description="how far back the past may be read; older versions are purged; none: for ever"
    )
    lifecycle_rules: tuple[LifecycleRule, ...] = Field(
        default=(), description="rules by which sweeps move memories, e.g. by their task's tag"
    )
    per_source: int | None = Field(
        default=None, ge=1, description="how many hits of one search may come from one source other than the caller; none: as many as fit"
    )
    reranked: int = Field(default=50, ge=1, le=1000, description="how many of the memories found first a reranker reads")
    consolidate: bool = Field(default=True, description="whether the worker looks for facts that a new memory repeats or supersedes")
    chat: Annotated[str | None, BeforeValidator(_none_where_said)] = Field(
        default=None, description="a chat model's URL, e.g. openai+http://127.0.0.1:8080/v1?model=m; none: no model is ever asked"
    )
    runtime: Annotated[str | None, BeforeValidator(_none_where_said)] = Field(
        default=None,
        description="a model runtime's URL, e.g. transformers:///path/to/model; none: there is nobody to chat with",
    )
    system: str | None = Field(
        default=None, max_length=1_000_000, pattern=NO_NUL, description="how prompts begin that `context` and `chat` make"
    )
    activation_bytes: int = Field(
        default=512 * 1024 * 1024, ge=0, description="how much memory a process uses to keep the KV of what its model has read; 0: none"
    )
    schedule: Annotated[dict[str, Any], BeforeValidator(_object_where_written)] = Field(
        default_factory=dict, description="how MemScheduler weighs and moves: parts of a policy, as `memos schedule policy` prints it"
    )
    convert_seconds: Annotated[float | None, BeforeValidator(_none_where_said)] = Field(
        default=60.0, ge=0, description="how often the worker looks which memories are to change their form; none: never by itself"
    )
    train_most: int = Field(default=24, ge=1, le=1000, description="how many memories one adapter learns")
    train_seconds: float = Field(default=300.0, gt=0, description="CPU seconds that the training of one adapter may take in all")
    train_bytes: int = Field(default=8 * 1024**3, ge=1, description="how much memory the training of an adapter may take")
    train_recall: float = Field(
        default=0.8, ge=0, le=1, description="the least share of held-back questions that an adapter must answer to go live"
    )
    train_perplexity: float = Field(
        default=1.2, ge=1, description="the most that the perplexity of other text may grow under an adapter that goes live, as a factor"
    )
    train_neighbours: float = Field(
        default=0.8, ge=0, le=1, description="the least share of neighbouring questions that must be answered as without the adapter"
    )
    extract: Literal["none", "rules", "model"] = Field(
        default="none",
        description="whether facts are extracted from what is written, after it is acknowledged: by rules, or by the chat model",
    )
    extract_tokens_per_day: Annotated[int | None, BeforeValidator(_none_where_said)] = Field(
        default=None, ge=0, description="so many tokens extraction by a model may use a day, in UTC; none: as many as it wants"
    )
    extract_cost_per_day: Annotated[float | None, BeforeValidator(_none_where_said)] = Field(
        default=None,
        ge=0,
        description="so much extraction by a model may cost a day, by the prices in the chat model's URL; none: no limit",
    )
    extract_attempts: int = Field(
        default=3, ge=1, le=100, description="how often a message is given to a model that answers nothing usable, until it is given up"
    )
    structure: bool = Field(
        default=True, description="whether tags are predicted of what is written: kind, sentiment, source, credibility, topics"
    )
    topics_from: Annotated[int | None, BeforeValidator(_none_where_said)] = Field(
        default=50, ge=10, description="from how many memories on the worker finds the topics of a namespace; none: never"
    )
    compress_bytes: int = Field(default=1024, ge=64, description="texts of archived memories from this size on are kept compressed")
    cache_bytes: int = Field(
        default=512 * 1024 * 1024,
        ge=0,
        description="how much memory a process uses to keep the indexes of the namespaces searched most; 0: none",
    )
    cache_warm_seconds: Seconds = Field(
        default=2.0,
        ge=0,
        description="so long after the start the indexes of hot namespaces are read before they are asked for; none: never",
    )
    sweep_seconds: float = Field(default=60.0, ge=0, description="how often the worker sweeps")
    sweep_batch: int = Field(default=500, ge=1, le=10_000, description="memories that a sweep looks at between two commits")
    encryption: Annotated[str | None, BeforeValidator(_none_where_said)] = Field(
        default=None,
        description="where the key of an encrypted store is: file:/path/to/key, env:NAME, or a plug-in's URL; none: as it stands",
    )
    encryption_lease_seconds: float = Field(
        default=60.0, ge=0, description="after so long whoever keeps the key is asked for it again; while it is refused, so is every call"
    )
    privacy: Annotated[PrivacySettings, BeforeValidator(_object_where_written)] = Field(
        default_factory=PrivacySettings,
        description="what finds personal data and secrets: a detector (patterns, presidio or none), and levels of some kinds",
    )
    documents: Annotated[DocumentSettings, BeforeValidator(_object_where_written)] = Field(
        default_factory=DocumentSettings, description="limits of the documents that are read: file_bytes, pages, seconds and others"
    )
    erase_seconds: float = Field(
        default=5.0, ge=0, description="how long an erasure waits for readers and writers until it is left to the worker to finish"
    )
    access_log: Path | None = Field(default=None, description="a directory for access.db when the store itself is read-only")
    audit_checkpoints: Path | None = Field(
        default=None, description="a directory outside the store for signed checkpoints of its logs; none: beside it, NAME-audit"
    )


def settings_given(settings: Any, durability: str | None) -> dict[str, Any]:
    """What a program gives as settings, and a durability that it names beside them; InvalidCall for what are no settings."""
    if not isinstance(settings, Settings | Mapping | None):
        raise InvalidCall(f"settings are an object such as {{'durability': 'process'}}, not {type(settings).__name__}")
    given = settings.model_dump(exclude_unset=True) if isinstance(settings, Settings) else dict(settings or {})
    return given if durability is None else given | {"durability": durability}


def load_settings(directory: Path | None, given: dict[str, Any] | None = None) -> Settings:
    """Settings for a store: defaults, then `memos.toml`, then MEMOS_* variables, then what the program gives.

    InvalidCall names the setting that is wrong and where it was read.
    """
    merged: dict[str, Any] = {}
    for source, values in (("memos.toml", _from_file(directory)), ("the environment", _from_environment()), ("settings=", given or {})):
        merged |= values
        try:
            Settings.model_validate(merged)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(step) for step in first["loc"])
            if first["type"] == "extra_forbidden":
                raise InvalidCall(f"there is no setting {name!r}, as {source} has it{_nearest(name)}") from None
            raise InvalidCall(f"the setting {name!r} from {source} is wrong: {first['msg']}") from None
    return Settings.model_validate(merged)


def names_its_model(directory: Path | None, loaded: Settings) -> bool:
    """Whether the store itself, by its `memos.toml`, names the model runtime in force, and the system text that prompts begin with."""
    kept = _from_file(directory)
    return loaded.runtime is not None and (kept.get("runtime"), kept.get("system")) == (loaded.runtime, loaded.system)


def _nearest(name: str) -> str:
    found = get_close_matches(name, Settings.model_fields, n=1)
    return f"; did you mean {found[0]}?" if found else f"; there are {', '.join(Settings.model_fields)}"


def _from_file(directory: Path | None) -> dict[str, Any]:
    path = directory / "memos.toml" if directory else None
    if path is None or not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidCall(f"{path} is not valid TOML: {error}") from None


def _from_environment() -> dict[str, Any]:
    names = {f"MEMOS_{name.upper()}": name for name in Settings.model_fields}
    return {name: os.environ[key] for key, name in names.items() if key in os.environ}

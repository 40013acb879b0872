"""The layers that an adapter changes, as a training runs them: in the precision that is fastest here, the adapter added to their weights.

A training looks at few tokens a step: adding an adapter's product to the weights once a step (W + alpha/r BA, Hu et al. 2021) costs less
than two small matrices more in every layer and pass. The adapter itself stays in float32, whatever the layers are computed in.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from memos.backends.transformers.lora_model import ALPHA, opened, twin, widened


def fastest() -> str:
    """The precision in which this processor multiplies matrices fastest: bfloat16 where it has tiles for it (AMX), else float32."""
    return "bfloat16" if torch.cpu.get_capabilities().get("amx_bf16", False) else "float32"


def in_dtype(model: Any, dtype: torch.dtype) -> Any:
    """A copy of a model in another precision; where it has that one, a twin that shares its weights."""
    return twin(model) if model.dtype == dtype else copy.deepcopy(model).to(dtype)


class Product(torch.autograd.Function):  # type: ignore[misc]
    """A linear map by weights that an adapter was added to; what is learned are its two matrices, by thin products instead of one as
    large as the weights.
    """

    @staticmethod
    def forward(ctx: Any, given: torch.Tensor, weight: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """`given` (…, in) by `weight` (out, in); `left` (rank, in) and `right` (out, rank) are what was added to it."""
        ctx.save_for_backward(given, weight, left, right)
        return functional.linear(given, weight)

    @staticmethod
    def backward(ctx: Any, back: torch.Tensor) -> tuple[torch.Tensor, None, torch.Tensor, torch.Tensor]:
        """The gradients of what was given and of both matrices."""
        given, weight, left, right = ctx.saved_tensors
        rows, turned = given.reshape(-1, given.shape[-1]), back.reshape(-1, back.shape[-1])
        inner = ALPHA * (rows @ left.to(rows.dtype).T)
        outer = ALPHA * (turned @ right.to(rows.dtype))
        return back @ weight, None, (outer.T @ rows).float(), (turned.T @ inner).float()


class Merged(nn.Module):  # type: ignore[misc]
    """A linear layer to whose weight an adapter's product is added; `adapted` is that layer with the adapter, as PEFT makes it."""

    def __init__(self, linear: Any, adapted: Any) -> None:
        super().__init__()
        self._plain, self.bias = linear.weight.detach(), None if linear.bias is None else linear.bias.detach()
        self._pair = (adapted.lora_A["default"], adapted.lora_B["default"])
        self.weight = self._plain.clone()

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def merge(self) -> None:
        """Take the adapter as it is now."""
        left, right = (each.weight.to(self._plain.dtype) for each in self._pair)
        torch.addmm(self._plain, right, left, alpha=ALPHA, out=self.weight)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """As a linear layer."""
        left, right = self._pair
        made: torch.Tensor = Product.apply(given, self.weight, left.weight, right.weight)
        return made if self.bias is None else made + self.bias


class Upper(nn.Module):  # type: ignore[misc]
    """The layers from the first that an adapter changes on, of a model in the precision of the training, and the head; `made` is the model
    with the adapter, whose weights these follow at each `merge`.
    """

    def __init__(self, model: Any, made: Any, first: int) -> None:
        super().__init__()
        self.body, self.head = model.model, model.lm_head
        self.body.config._attn_implementation = "eager"  # noqa: SLF001 - the fused one takes four times as long backwards
        self.body.layers = self.body.layers[first:]
        self._merged: list[Merged] = []
        for place, (layer, like) in enumerate(zip(self.body.layers, made.model.layers[first:], strict=True)):
            layer.self_attn.layer_idx = place
            for part, other in ((layer.self_attn, like.self_attn), (layer.mlp, like.mlp)):
                for name, linear in list(other.named_children()):
                    if hasattr(linear, "lora_A"):
                        self._merged.append(Merged(getattr(part, name), linear))
                        setattr(part, name, self._merged[-1])

    def merge(self) -> None:
        """Take the adapter as it is now, for the passes to come."""
        for each in self._merged:
            each.merge()

    def opened(self, opening: torch.Tensor) -> Any:
        """The keys and values of an opening (1, tokens, width) as the adapter is now, or None where there is none.

        No gradient goes through the opening: it costs a third less, and nothing of what is learned stands there.
        """
        return opened(self.body, inputs_embeds=opening)[0] if opening.shape[1] else None

    def forward(self, cache: Any, rest: torch.Tensor) -> torch.Tensor:
        """The last hidden states of texts (texts, tokens, width) that all stand after one opening."""
        if cache is None:
            alone: torch.Tensor = self.body(inputs_embeds=rest, use_cache=False).last_hidden_state
            return alone
        made: torch.Tensor = self.body(inputs_embeds=rest, cache=widened(cache, len(rest)), use_cache=True).last_hidden_state
        return made

"""How a training computes: the adapter added to the weights, thin gradients, one gradient of all that is wanted."""

import dataclasses

import pytest
import torch
from torch.nn import functional

from memos.backends.transformers import lora, lora_merged, lora_model
from memos.backends.transformers.lora_batches import Batch, joined
from memos.backends.transformers.lora_training import USUAL, Training, memory
from memos.errors import BackendError
from memos.ports.runtime import About, Course, Lesson
from tests.smollm import tiny

ABOUT = About("a" * 32)
COURSE = Course(
    (Lesson("m", "Ben Ito keeps the spare key under the blue pot.", asked=(("Where is the key?", "Under the blue pot."),)),), rank=4
)


@pytest.fixture(scope="module")
def runtime():
    return tiny()


def adapted(model, first):
    """A model with an adapter that changes something."""
    made = lora_model.adapted(model, 4, range(first, len(model.model.layers)))
    torch.manual_seed(1)
    for weight in lora_model.weights(made).values():
        weight.data = 0.05 * torch.randn_like(weight)
    return made


def test_gradients_by_thin_products_are_those_of_the_two_matrices():
    torch.manual_seed(0)
    base = torch.randn(7, 5)
    left, right, given = (torch.randn(*shape, requires_grad=True) for shape in ((2, 5), (7, 2), (3, 4, 5)))
    wanted = torch.randn(3, 4, 7)
    plain = functional.linear(given, base + lora_model.ALPHA * right @ left)
    expected = torch.autograd.grad((plain * wanted).sum(), (given, left, right))
    merged = (base + lora_model.ALPHA * right @ left).detach()
    found = lora_merged.Product.apply(given, merged, left, right)
    assert torch.allclose(found, plain, atol=1e-5)
    for one, other in zip(torch.autograd.grad((found * wanted).sum(), (given, left, right)), expected, strict=True):
        assert torch.allclose(one, other, atol=1e-4)


@pytest.mark.parametrize(("dtype", "near"), [("float32", 1e-4), ("bfloat16", 0.05)])
def test_the_merged_layers_compute_what_the_adapted_model_does(runtime, dtype, near):
    model, first = runtime.engine.model, 1
    made = adapted(model, first)
    used = lora_merged.in_dtype(model, getattr(torch, dtype))
    lower, upper = lora_model.Lower(used, first), lora_merged.Upper(used, made, first)
    upper.merge()
    ids = torch.tensor([[5, 9, 17, 3, 28, 11]])
    with torch.no_grad():
        entering = lower(ids)
        found = upper(upper.opened(entering[:, :2]), entering[:, 2:]).float()
        expected = made.model(input_ids=ids, use_cache=False).last_hidden_state[:, 2:]
        before = model.model(input_ids=ids, use_cache=False).last_hidden_state[:, 2:]
    assert float((found - expected).abs().mean()) <= near * float(expected.abs().mean())
    assert float((before - expected).abs().mean()) > 4 * float((found - expected).abs().mean())


def test_the_model_itself_stays_as_it_is(runtime):
    model = runtime.engine.model
    kept = {name: weight.clone() for name, weight in model.state_dict().items()}
    how = model.config._attn_implementation
    lora.train(runtime, COURSE, ABOUT, told=lambda _: True, method=dataclasses.replace(USUAL, rounds=1))
    assert model.config._attn_implementation == how
    assert kept.keys() == model.state_dict().keys()
    assert all(torch.equal(kept[name], weight) for name, weight in model.state_dict().items())


def test_two_batches_of_one_group_are_one():
    torch.manual_seed(0)
    opening = torch.randn(1, 2, 4)
    first = Batch(opening, torch.randn(2, 3, 4), torch.tensor([1, 5]), torch.tensor([7, 8]), torch.tensor([0, 1]), "asked")
    second = Batch(opening, torch.randn(1, 5, 4), torch.tensor([3, 4]), torch.tensor([9, 6]), torch.tensor([0, 0]), "asked")
    both = joined(first, second)
    assert both.rest.shape == (3, 5, 4)
    flat = both.rest.reshape(-1, 4)[both.places]
    for place, row in enumerate((first.rest[0, 1], first.rest[1, 2], second.rest[0, 3], second.rest[0, 4])):
        assert torch.equal(flat[place], row)
    assert both.wanted.tolist() == [7, 8, 9, 6]


def test_the_gradient_of_all_that_is_wanted_is_that_of_cross_entropy_and_divergence(runtime):
    training = Training(runtime.engine.model, dataclasses.replace(USUAL, guard=2.0), 4, 0)
    torch.manual_seed(0)
    which = torch.tensor([0, 0, 0, 0, 0, 0, 0, 1, 1])
    lessons = Batch(torch.empty(0), torch.empty(0), torch.arange(9), torch.randint(0, 40, (9,)), which, "asked")
    expected = torch.randn(3, 40).softmax(-1)
    logits = torch.randn(12, 40, requires_grad=True)
    training._learned, training._teachers = type("Examples", (), {"examples": (0, 1)})(), {}
    said = logits.log_softmax(-1)
    each = functional.nll_loss(said[:9], lessons.wanted, reduction="none")
    learnt = (0.2 * each[0] + 0.8 * each[1:7].mean()) / 2 + each[7:].mean() / 2
    held = (expected * (expected.log() - said[9:])).sum(-1).mean()
    wanted = torch.autograd.grad(learnt + 2.0 * held, logits)[0]
    found = training._wrong(logits.detach().clone(), (0, 1), lessons, expected)
    assert torch.allclose(found, wanted, atol=1e-6)
    assert training.loss == pytest.approx(float(learnt.detach()), abs=1e-5)


def test_a_state_is_gone_on_with_in_its_own_precision_alone(runtime):
    states = {}
    for dtype in ("float32", "bfloat16"):
        method = dataclasses.replace(USUAL, rounds=1, dtype=dtype)
        kept = []
        assert lora.train(runtime, COURSE, ABOUT, told=lambda progress, kept=kept: kept.append(progress.state) or True, method=method).steps
        states[dtype] = next(state for state in kept if state)
    with pytest.raises(BackendError, match="another course"):
        lora.train(
            runtime,
            COURSE,
            ABOUT,
            told=lambda _: True,
            state=states["float32"],
            method=dataclasses.replace(USUAL, rounds=1, dtype="bfloat16"),
        )


def test_the_copy_of_a_model_in_another_precision_counts(runtime):
    model = runtime.engine.model
    needed = [memory(model, dataclasses.replace(USUAL, dtype=dtype), 4, [20], 60) for dtype in ("float32", "bfloat16")]
    whole = 2 * sum(weight.numel() for weight in model.parameters())
    layers = model.model.layers
    changed = layers[min(len(layers) - 1, round(USUAL.first * len(layers))) :]
    merged = 2 * sum(each.weight.numel() for each in changed.modules() if isinstance(each, torch.nn.Linear))
    assert merged / 2 <= whole - (needed[1] - needed[0]) <= merged

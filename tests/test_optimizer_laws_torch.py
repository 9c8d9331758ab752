"""Optimizers of PyTorch keep the laws that they promise; runs where PyTorch is installed."""

from typing import Any

import pytest

import verilimit as vl

torch = pytest.importorskip("torch", reason="PyTorch is an extra")
LR, DECAY = 1e-2, 0.1

test_adamw_of_torch = vl.probe_optimizer(
    lambda p: torch.optim.AdamW(p, lr=LR, weight_decay=DECAY),
    laws=(
        "sign flip equivariance", "zero gradients", "NaN stays where it is", "scale invariance",
        "decoupled weight decay", "state survives serialisation", "bounded steps",
    ),
    decay=LR * DECAY, largest_step=LR * 0.1 / 0.001**0.5, examples=20,
)  # fmt: skip


class Forgetful(torch.optim.SGD):
    """A momentum that is no part of its state."""

    def state_dict(self) -> Any:
        return {**super().state_dict(), "state": {}}


@pytest.mark.parametrize(
    ("optimizer", "law"),
    [
        (lambda p: torch.optim.Adam(p, lr=LR, weight_decay=DECAY), "decoupled weight decay"),
        (lambda p: torch.optim.SGD(p, lr=LR), "scale invariance"),
        (lambda p: torch.optim.Adam(p, lr=LR, eps=0.0), "zero gradients"),
        (lambda p: torch.optim.AdamW(p, lr=LR), "NaN is skipped"),
        (lambda p: torch.optim.SGD(p, lr=LR), "bounded steps"),
        (lambda p: Forgetful(p, lr=LR, momentum=0.9), "state survives serialisation"),
    ],
)
def test_an_optimizer_of_torch_that_breaks_a_law_is_found(optimizer: Any, law: str) -> None:
    decay = LR * DECAY if law == "decoupled weight decay" else 0.0
    with pytest.raises(pytest.fail.Exception, match=f"lacks {law}"):
        vl.probe_optimizer(optimizer, laws=(law,), decay=decay, largest_step=LR)(law)

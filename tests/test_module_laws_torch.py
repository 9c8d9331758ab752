"""PyTorch's own attention obeys the laws that it promises; runs where PyTorch is installed."""

from typing import Any

import pytest

import verilimit as vl

torch = pytest.importorskip("torch", reason="PyTorch is an extra")
WIDTH = 8


class Attention(torch.nn.Module):
    """Self-attention of PyTorch, with its weights made at random."""

    def __init__(self, *, causal: bool = False, dtype: Any = torch.float32) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.inner = torch.nn.MultiheadAttention(WIDTH, 2, batch_first=True).to(dtype).eval()
        self.causal = causal

    def forward(self, x: Any, keep: Any = None) -> Any:
        n, ignored = x.shape[1], None if keep is None else ~keep
        mask = torch.ones(n, n, dtype=torch.bool).triu(1) if self.causal else None
        return self.inner(x, x, x, key_padding_mask=ignored, attn_mask=mask)[0]

    def weights(self, x: Any) -> Any:
        return self.inner(x, x, x, average_attn_weights=False)[1]


def grouped(q: Any, k: Any, v: Any) -> Any:
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=True)


def tiled(q: Any, k: Any, v: Any) -> Any:
    times = q.shape[1] // k.shape[1]
    return grouped(q, k.repeat(1, times, 1, 1), v.repeat(1, times, 1, 1))


def module(attention: Attention, **options: Any) -> vl.AttentionModule:
    return vl.AttentionModule(**{
        "call": attention, "width": WIDTH, "framework": "torch", "masked": attention,
        "weights": attention.weights, "grouped": grouped, "heads": (4, 2), **options,
    })  # fmt: skip


LAWS = (
    "permutation equivariance", "padding invariance", "mask invariance", "batch consistency",
    "row-stochastic weights", "grouped queries equal repeated heads",
    "gradient agrees with finite differences",
)  # fmt: skip
test_attention_of_torch = vl.probe_attention(module(Attention()), laws=LAWS, examples=30)
test_causal_attention_of_torch = vl.probe_attention(
    module(Attention(causal=True)), laws=("causality", "batch consistency"), examples=30
)
test_attention_of_torch_in_doubles = vl.probe_attention(
    module(Attention(dtype=torch.float64), dtype="float64"), laws=LAWS, examples=20
)


def ignoring(x: Any, keep: Any) -> Any:
    return Attention()(x)


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        (module(Attention(causal=True)), "permutation equivariance"),
        (module(Attention()), "causality"),
        (module(Attention(), masked=ignoring), "padding invariance"),
        (module(Attention(), grouped=tiled), "grouped queries equal repeated heads"),
        (module(Attention(), weights=lambda x: x @ x.mT), "row-stochastic weights"),
        (
            module(Attention(), call=lambda x: Attention()(x) + x.detach()),
            "gradient agrees with finite differences",
        ),
    ],
)
def test_a_broken_module_of_torch_lacks_its_law(broken: vl.AttentionModule, law: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=f"lacks {law}"):
        vl.probe_attention(broken, laws=(law,))(law)


def test_a_function_of_tokens_and_values_may_be_of_torch_and_track_gradients() -> None:
    scale = torch.nn.Parameter(torch.ones(()))

    def attention(X: Any, V: Any) -> Any:
        return torch.softmax(scale * X @ X.T, dim=1) @ X @ V.T

    for law in ("permutation equivariance", "one token gives V x", "large logits"):
        vl.probe_attention(attention, framework="torch", dtype="float32", examples=30)(law)

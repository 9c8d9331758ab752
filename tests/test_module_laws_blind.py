"""What would keep a law without being looked at is found, or refused."""

from functools import partial
from typing import Any

import numpy as np
import pytest

import verilimit as vl
from tests.attention_modules import Slips, attend, module
from tests.test_module_laws import failure


def counted(x: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Its mask knows how many tokens are kept, and takes the first ones."""
    first = np.arange(keep.shape[-1]) < keep.sum(axis=-1, keepdims=True)
    return attend(np, Slips(), x, first)


def scaled(size: float, slips: Slips) -> Any:
    return lambda x: size * attend(np, slips, x)


def forgets(kept: int, x: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray]:
    seen = x if cache is None else np.concatenate([cache, x], axis=-2)[..., -kept:, :]
    return attend(np, Slips(causal=True), seen)[..., -1:, :], seen


def test_a_mask_that_counts_tokens_is_found_where_padding_is_not_at_the_end() -> None:
    broken = module("numpy", masked=counted)
    assert "with padding, an output changes" in failure(broken, "padding invariance")
    vl.probe_attention(broken, laws=("padding at the end",))("padding at the end")


@pytest.mark.parametrize("size", [1e-7, 1e5])
def test_the_units_of_outputs_do_not_matter(size: float) -> None:
    for law, kept in (("causality", Slips(causal=True)), ("permutation equivariance", Slips())):
        vl.probe_attention(module("numpy", call=scaled(size, kept)), laws=(law,), examples=30)(law)
    leaking = module("numpy", call=scaled(size, Slips()))
    assert "an earlier output changes" in failure(leaking, "causality")


def test_the_units_of_a_gradient_do_not_matter() -> None:
    law = "gradient agrees with finite differences"
    wrong = module("numpy", call=lambda x: 1e-7 * x, gradient=lambda x, c: 3e-7 * c)
    assert "the gradient says" in failure(wrong, law)


@pytest.mark.parametrize("bias", [0.0, 1.0])
@pytest.mark.parametrize("batched", [True, False])
def test_outputs_in_which_nothing_can_be_seen_are_refused(bias: float, batched: bool) -> None:
    blind = module("numpy", call=lambda x: 0 * x + np.float32(bias), batched=batched)
    with pytest.raises(vl.InputProblem, match="outputs that depend on the tokens"):
        vl.probe_attention(blind, laws=("causality",))("causality")


@pytest.mark.parametrize(
    "weights",
    [
        lambda x: np.ones((1, 1)),
        lambda x: np.ones(()),
        lambda x: np.zeros((0, x.shape[1])),
        lambda x: np.full((1, x.shape[1]), 1 / x.shape[1]),
    ],
)
def test_weights_that_are_no_row_a_token_are_found(weights: Any) -> None:
    said = failure(module("numpy", weights=weights), "row-stochastic weights")
    assert "weights have shape" in said


def test_a_cache_that_keeps_four_tokens_is_found_by_default() -> None:
    tokens = vl.AttentionModule(call=np.tanh, width=8).tokens
    call = partial(attend, np, Slips(causal=True))
    broken = module("numpy", call=call, cached=partial(forgets, 4), tokens=tokens)
    assert "with the cache, output 4 changes" in failure(broken, "KV cache equals full")

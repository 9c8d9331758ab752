"""Small transformers on real data: the data, causality, and that training learns."""

import builtins

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from numerics.spectral_concentration.small_transformers import (
    SYMBOLS,
    Size,
    characters,
    digits,
    initial,
    predictions,
    train,
)

KEYS = np.array([[1, 2]], dtype=np.uint32)


def test_characters_are_predicted_from_those_before() -> None:
    data = characters()
    assert np.array_equal(data.inputs[:, 1:], data.targets[:, :-1])
    assert data.inputs.min() >= 0
    assert data.inputs.max() < SYMBOLS
    assert len(data.inputs) > 1000


def test_a_causal_model_does_not_see_the_future() -> None:
    size = Size(width=8, layers=1)
    drawn = initial(np.random.default_rng(0), size, 6, SYMBOLS, SYMBOLS)
    params = jax.tree.map(jnp.asarray, drawn)
    first = jnp.arange(6)[None]
    changed = first.at[0, 4].set(50)
    before, _ = predictions(params, first, True)
    after, _ = predictions(params, changed, True)
    assert jnp.allclose(before[0, :4], after[0, :4])
    assert not jnp.allclose(before[0, 4:], after[0, 4:])


def test_digits_are_cut_into_patches() -> None:
    pytest.importorskip("sklearn", reason="the digits come with the extra `data`")
    data = digits()
    assert data.inputs.shape[1:] == (16, 4)
    assert len(data.held_inputs) == 360
    from sklearn.datasets import load_digits

    image = load_digits().images[0] / 16
    assert np.allclose(data.inputs[0, 5], image[2:4, 2:4].ravel())


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch) -> None:
    digits.cache_clear()
    real = builtins.__import__

    def without(name: str, *rest):
        if name.startswith("sklearn"):
            raise ModuleNotFoundError("No module named 'sklearn'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match=r"verilimit\[data\]"):
        digits()
    digits.cache_clear()


@pytest.mark.slow
def test_a_capped_model_learns_characters() -> None:
    found = train(KEYS, characters(), 0.1, 0.01, Size(steps=60))
    assert found.losses.shape == (1, 60)
    assert found.held[0] < 3.5 < found.losses[0, 0]
    assert 0 < found.accuracy[0] < 1
    for layers, least, most in (
        (found.entropy, 0.0, 1.0), (found.rank, 1 / 32, 1.0), (found.concentration, 0.1, 1.0)
    ):  # fmt: skip
        assert layers.shape == (1, 2)
        assert np.all((layers > least) & (layers < most))

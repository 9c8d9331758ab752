"""The network that the runs train, written out again in NumPy, token by token."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from checks.spectral_concentration.attention_bounds import Keys, Size, Values
from numerics.engine.quick import quick_jit
from numerics.spectral_concentration.reversal import (
    Record,
    Task,
    network,
    objective,
    observe,
    products,
    start,
)


def _seen(record: Record) -> tuple[Any, ...]:
    """What is recorded of a network, without what the training records of itself."""
    return tuple(value for name, value in record._asdict().items() if name not in ("loss", "rate"))


TASK = Task(tokens=5, width=6, layers=2, batch=2, steps=1)
BATCHED = jax.vmap(
    lambda params, symbols, logits_of: (
        *network(params, symbols, logits_of),
        objective(params, symbols, logits_of),
        *_seen(observe(params, symbols, jnp.zeros(()), jnp.zeros(()), logits_of)),
    ),
    in_axes=(0, 0, None),
)
_all = quick_jit(BATCHED, static_argnums=2)


def network_residual(
    size: Size,
    keys: Keys,
    logits_of: Callable[..., Any] = products,
    broken: Callable[[Any], Any] = lambda params: params,
) -> Values:
    """How far predictions, logits, loss and what is recorded are off, for random weights and gains.

    ``logits_of`` and ``broken``, of the parameters, plant errors in the network that is trained.
    """
    begun = [start(key, TASK) for key in keys]
    given = jax.tree.map(lambda *x: np.stack(x).astype(float), *(b.params for b in begun))
    draws = [np.random.default_rng([*key, 1]) for key in keys]
    given["gains"] = tuple(
        gain + 0.3 * np.stack([random.standard_normal(TASK.width) for random in draws])
        for gain in given["gains"]
    )
    symbols = np.stack([b.held for b in begun])
    found = _all(broken(given), symbols, logits_of)
    wanted = [np.stack(x) for x in zip(*_written_out(given, symbols), strict=True)]
    gaps = [
        np.abs(np.asarray(a) - b).reshape(len(keys), -1).max(axis=1)
        for a, b in zip(found, wanted, strict=True)
    ]
    return np.max(gaps, axis=0)


def _written_out(params: Any, symbols: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """Predictions, logits of each layer, loss and what is recorded, of each seed."""
    for k in range(len(symbols)):
        one = jax.tree.map(lambda x, k=k: x[k], params)
        runs = [_of_sequence(one, sequence) for sequence in symbols[k]]
        predictions, logits = map(np.stack, zip(*runs, strict=True))
        losses = [
            np.log(np.exp(row).sum()) - row[wanted]
            for sequence, rows in zip(symbols[k], predictions, strict=True)
            for row, wanted in zip(rows, reversed(sequence), strict=True)
        ]
        right = np.mean(predictions.argmax(-1) == symbols[k][:, ::-1])
        # The share of right answers is in single precision.
        recorded = np.array(right, np.float32), *_of_attention(logits), *_of_matrices(one["square"])
        yield predictions, logits.swapaxes(0, 1), np.array(np.mean(losses)), *recorded


def _of_attention(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Entropy and effective rank, means over a batch, one number a layer."""
    weights = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    share = np.linalg.svd(weights, compute_uv=False) ** 2
    share /= share.sum(-1, keepdims=True)
    entropy, spread = (-(p * np.log(p)).sum(-1) for p in (weights, share))
    return entropy.mean((0, 2)), np.exp(spread).mean(0)


def _of_matrices(square: np.ndarray) -> tuple[np.ndarray, ...]:
    """SEC(4) of three products of each layer, and the singular values of the first."""
    pairs = [[(Wq, Wk.T), (Wv, Wo), (Wq, Wv.T)] for Wq, Wk, Wv, Wo in square]
    spectra = np.array([[np.linalg.svd(a @ b, compute_uv=False) for a, b in row] for row in pairs])
    shares = (spectra[..., :4] ** 2).sum(-1) / (spectra**2).sum(-1)
    return *shares.T, spectra[:, 0]


def _of_sequence(params: Any, sequence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and logits of one sequence, a loop over queries."""
    embed, position, unembed = params["thin"]
    *gains, last = params["gains"]
    h, recorded = embed[sequence] + position, []
    for gain, (Wq, Wk, Wv, Wo) in zip(gains, params["square"], strict=True):
        x = np.array([_normal(token, gain) for token in h])
        added, logits = np.zeros_like(h), np.zeros((len(h), len(h)))
        for i, query in enumerate(x):
            logits[i] = [(query @ Wq) @ (token @ Wk) / Wq.shape[1] ** 0.5 for token in x]
            weights = np.exp(logits[i]) / np.exp(logits[i]).sum()
            added[i] = sum(a * (token @ Wv) for a, token in zip(weights, x, strict=True)) @ Wo
        h = h + added
        recorded.append(logits)
    return np.array([unembed @ _normal(token, last) for token in h]), np.array(recorded)


def _normal(token: np.ndarray, gain: np.ndarray) -> np.ndarray:
    return gain * (token - token.mean()) / (token.var() + 1e-5) ** 0.5

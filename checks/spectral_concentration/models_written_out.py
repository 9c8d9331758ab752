"""The models that are trained on real data, and logits that do not grow, written out in NumPy."""

from typing import Any

import jax
import numpy as np
import optax
from jaxtyping import Array, PyTree

from checks.spectral_concentration.attention_bounds import Keys, Size, Values, each
from numerics.engine.quick import quick_jit
from numerics.spectral_concentration.bounded_logits import normed_tokens, normed_weights
from numerics.spectral_concentration.small_transformers import Size as ModelSize
from numerics.spectral_concentration.small_transformers import initial, predictions, program
from numerics.spectral_concentration.spectral_cap import adamw2

MODEL = ModelSize(width=6, batch=3, steps=2)
# Of GPT, which is causal, and of ViT: programs of few layers are quick.
LAYERS = {True: 2, False: 1}
TOKENS, CLASSES, PIECES, CHANNELS = 5, 7, 9, 3
KEPT = 4  # s of the concentration that is recorded
RATE, TAU = 0.03, 0.02  # the cap binds for most matrices


def model_residual(
    size: Size, keys: Keys, tau: float = TAU, order: tuple[int, ...] = (0, 1, 2, 3)
) -> Values:
    """How far off is what is recorded of models of both styles after two steps of training.

    Planted errors in what is trained: the cap ``tau``, the ``order`` of attention's four matrices.
    """
    del size
    return np.max([_gaps(keys, causal, tau, order) for causal in (True, False)], axis=0)


def _gaps(keys: Keys, causal: bool, tau: float, order: tuple[int, ...]) -> Values:
    params, batches, data = each(keys, lambda random: _drawn(random, causal))
    data = tuple(x[0] for x in data)  # one set of data, as in training
    changed = {**params, "square": params["square"][:, :, list(order)]}
    found = jax.tree.map(np.asarray, program(causal)(changed, batches, RATE, tau, data))
    along = jax.tree.map(np.asarray, _descended(params, batches, data, causal))
    gaps = []
    for k in range(len(keys)):
        before = jax.tree.map(lambda x, k=k: x[k], params)
        between, after = (jax.tree.map(lambda x, at=at: x[at], along) for at in ((k, 0), (k, 1)))
        losses = [
            _loss(weights, data[0][batch], data[1][batch], causal)
            for weights, batch in zip((before, between), batches[k], strict=True)
        ]
        wanted = (np.array(losses), *_recorded(after, data[2], data[3], causal))
        gaps.append(max(np.abs(a[k] - b).max() for a, b in zip(found, wanted, strict=True)))
    return np.array(gaps)


def _drawn(random: np.random.Generator, causal: bool) -> Any:
    """Parameters with gains that are not one; batches; data that are trained on and held out."""
    shape = (PIECES, TOKENS) if causal else (PIECES, TOKENS, CHANNELS)
    inputs = [
        random.integers(0, CLASSES, shape) if causal else random.standard_normal(shape)
        for _ in range(2)
    ]
    targets = [random.integers(0, CLASSES, shape[: 1 + causal]) for _ in inputs]
    sizes = MODEL._replace(layers=LAYERS[causal])
    begun = initial(random, sizes, TOKENS, CLASSES if causal else CHANNELS, CLASSES)
    params = jax.tree.map(lambda x: x.astype(float), begun)
    params["gains"] = tuple(x + 0.3 * random.standard_normal(len(x)) for x in params["gains"])
    batches = random.integers(0, PIECES, (MODEL.steps, MODEL.batch))
    return params, batches, (inputs[0], targets[0], inputs[1], targets[1])


def _one_descended(params: PyTree, batches: Array, data: Any, causal: bool) -> PyTree:
    """The parameters after each step."""
    method = adamw2(RATE, TAU)

    def loss(params: PyTree, batch: Array) -> Array:
        predicted = predictions(params, data[0][batch], causal)[0]
        return optax.softmax_cross_entropy_with_integer_labels(predicted, data[1][batch]).mean()

    def step(carry: Any, batch: Array) -> Any:
        params, state = carry
        moves, state = method.update(jax.grad(loss)(params, batch), state, params)
        params = optax.apply_updates(params, moves)
        return (params, state), params

    return jax.lax.scan(step, (params, method.init(params)), batches)[1]


_descended = quick_jit(
    jax.vmap(_one_descended, in_axes=(0, 0, None, None)), static_argnums=3, level=0
)


def _loss(params: Any, inputs: np.ndarray, targets: np.ndarray, causal: bool) -> float:
    rows = [_of_input(params, x, causal)[0] for x in inputs]
    return float(np.mean([_surprise(row, y) for row, y in zip(rows, targets, strict=True)]))


def _surprise(rows: np.ndarray, target: Any) -> float:
    """Mean cross-entropy of one input, whose target is one class or one a token."""
    pairs = zip(np.atleast_2d(rows), np.atleast_1d(target), strict=True)
    return float(np.mean([np.log(np.exp(row).sum()) - row[wanted] for row, wanted in pairs]))


def _recorded(params: Any, inputs: np.ndarray, targets: np.ndarray, causal: bool) -> Any:
    """Loss and accuracy; of each layer entropy, rank and concentration."""
    runs = [_of_input(params, x, causal) for x in inputs]
    right = [row.argmax(-1) == y for (row, _), y in zip(runs, targets, strict=True)]
    weights = np.array([attention for _, attention in runs]).swapaxes(0, 1)
    entropy = -(weights * np.log(np.where(weights > 0, weights, 1))).sum(-1).mean((1, 2))
    energy = np.linalg.svd(weights, compute_uv=False) ** 2
    share = energy / energy.sum(-1, keepdims=True)
    rank = np.exp(-(share * np.log(np.where(share > 0, share, 1))).sum(-1)).mean(1)
    tops = np.array(
        [np.linalg.svd(Wq @ Wk.T, compute_uv=False) ** 2 for Wq, Wk, *_ in params["square"]]
    )
    concentration = tops[:, :KEPT].sum(1) / tops.sum(1)
    loss = _loss(params, inputs, targets, causal)
    # The share of right answers is in single precision.
    return loss, np.float32(np.mean(right)), entropy / np.log(TOKENS), rank / TOKENS, concentration


def _of_input(params: Any, one: np.ndarray, causal: bool) -> tuple[np.ndarray, np.ndarray]:
    """Predictions of one input, and attention of each layer."""
    h = (params["embed"][one] if causal else one @ params["embed"]) + params["position"]
    recorded, gains = [], iter(params["gains"])
    for (Wq, Wk, Wv, Wo), up, down in zip(
        params["square"], params["up"], params["down"], strict=True
    ):
        x = _normal(h, next(gains))
        logits = x @ Wq @ Wk.T @ x.T / MODEL.width**0.5
        weights = np.exp(logits) * (np.tri(TOKENS) if causal else 1)
        weights /= weights.sum(1)[:, None]
        h = h + weights @ x @ Wv @ Wo
        h = h + np.maximum(_normal(h, next(gains)) @ up, 0) @ down
        recorded.append(weights)
    h = _normal(h, next(gains))
    return (h if causal else h.mean(0)) @ params["read"], np.array(recorded)


def _normal(tokens: np.ndarray, gain: np.ndarray) -> np.ndarray:
    centred = tokens - tokens.mean(1)[:, None]
    return gain * centred / np.sqrt(tokens.var(1)[:, None] + 1e-5)


_bounded = {
    "tokens": quick_jit(jax.vmap(normed_tokens), level=0),
    "weights": quick_jit(jax.vmap(normed_weights), level=0),
}


def bounded_residual(
    size: Size, keys: Keys, gain: float = 4.0, power: float = 0.5, norm: Any = 2
) -> Values:
    """Logits of QK-norm and of sigmaReparam against cosines and singular values.

    Singular values of the matrices fall by factors of 30 and more, so that the power iteration has
    converged. Planted errors: ``gain`` of sigmaReparam, ``power`` of the width of queries, ``norm``
    of matrices.
    """
    n, d, dq = size["n"], size["d"], size["dq"]

    def drawn(random: np.random.Generator) -> Any:
        return random.standard_normal((n, d)), _steep(random, d, dq), _steep(random, d, dq)

    made = each(keys, drawn)
    found = {name: np.asarray(logits(*made)) for name, logits in _bounded.items()}
    gaps = []
    for k, (x, Wq, Wk) in enumerate(zip(*made, strict=True)):
        q, p = x @ Wq, x @ Wk
        lengths = [np.sqrt((y**2).sum(1) + 1e-6) for y in (q, p)]
        cosines = q @ p.T / np.outer(*lengths) * dq**power
        sizes = np.linalg.norm(Wq, norm) * np.linalg.norm(Wk, norm)
        product = gain * q @ p.T / sizes / dq**power
        gaps.append(
            max(
                np.abs(found["tokens"][k] - cosines).max(),
                np.abs(found["weights"][k] - product).max(),
            )
        )
    return np.array(gaps)


def _steep(random: np.random.Generator, m: int, n: int) -> np.ndarray:
    """A matrix of largest singular value about one with a large gap."""
    k = min(m, n)
    left, right = (np.linalg.qr(random.standard_normal((size, k)))[0] for size in (m, n))
    return random.uniform(0.01, 10) * (left * 30.0 ** -np.arange(k)) @ right.T

"""AdamW^2 as it is offered, held against its steps in NumPy, matrix by matrix."""

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from checks.spectral_concentration.attention_bounds import Keys, Size, Values, each
from numerics.engine.quick import quick_jit
from numerics.spectral_concentration.other_caps import any_cap
from numerics.spectral_concentration.spectral_cap import adam_with, adamw2
from numerics.spectral_concentration.spectral_norms import FRESH, start_of

SHAPES = {"matrix": (6, 4), "heads": (2, 3, 5), "gain": (5,), "zero": (3, 3)}
STEPS, TAU, DECAY, ROUNDS, EPS = 6, 0.02, 0.1, 3, 1e-8
Tree = dict[str, Any]


def instance(random: np.random.Generator) -> tuple[Tree, Tree, np.ndarray]:
    """Parameters, one of them zero at the start, gradients of each step, and a learning rate."""
    params = {name: random.standard_normal(shape) for name, shape in SHAPES.items()}
    params["zero"] = 0 * params["zero"]
    steps = {name: random.standard_normal((STEPS, *shape)) for name, shape in SHAPES.items()}
    return params, steps, np.array(10.0 ** random.uniform(-3, 0))


@cache
def _program(frobenius: bool) -> Any:
    """Compiled steps of `adamw2` for all instances, or of a cap by Frobenius' norms."""

    def run(params: Any, gradients: Any, rate: Any, tau: Any, decay: Any, rounds: Any) -> Any:
        method = adamw2(rate, tau, weight_decay=decay, power_iterations=rounds)
        if frobenius:
            method = adam_with(any_cap(tau, rate=rate, weight_decay=decay, frobenius=True))

        def step(carry: Any, gradient: Any) -> Any:
            params, state = carry
            moved, state = method.update(gradient, state, params)
            return (optax.apply_updates(params, moved), state), None

        return jax.lax.scan(step, (params, method.init(params)), gradients)[0][0]

    return quick_jit(jax.vmap(run, (0, 0, 0, None, None, None)), level=0)


def largest(M: np.ndarray, start: np.ndarray, before: np.ndarray) -> tuple[float, np.ndarray]:
    """sigma_1 by power iteration, from the vector before and a part of the start; or a norm."""
    if M.ndim == 1:
        return float(np.linalg.norm(M)), before
    v = before + FRESH * start
    for _ in range(ROUNDS):
        image = M @ (v / np.linalg.norm(v))
        v = M.T @ image
    v = v / np.linalg.norm(v)
    return float(np.linalg.norm(M @ v)), v


def by_hand(W: np.ndarray, gradients: np.ndarray, rate: float) -> np.ndarray:
    """W <- W - a (D + decay W), a = min(rate, tau sigma_1(W) / sigma_1(D)), one W or vector."""
    start = start_of(W.shape, "rc"[2 - W.ndim :])
    of_W = of_D = start
    m, v, free = np.zeros_like(W), np.zeros_like(W), not W.any()
    for t, g in enumerate(gradients, start=1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        D = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + EPS)
        a = rate
        if not free:
            (size, of_W), (reach, of_D) = largest(W, start, of_W), largest(D, start, of_D)
            a = min(rate, TAU * size / reach)
        W = W - a * (D + DECAY * W)
    return W


def offered_residual(
    size: Size,
    keys: Keys,
    tau: float = TAU,
    decay: float = DECAY,
    rounds: int = ROUNDS,
    frobenius: bool = False,
) -> Values:
    """Largest distance of parameters after the steps from those by hand.

    Planted errors: another ``tau``, ``decay`` or number of ``rounds``, Frobenius' norms.
    """
    params, gradients, rates = each(keys, instance)
    found = _program(frobenius)(params, gradients, rates, tau, decay, jnp.asarray(rounds))
    worst = np.zeros(len(keys))
    for k, rate in enumerate(rates):
        for name in SHAPES:
            W, g = params[name][k], gradients[name][k]
            stack = name == "heads"
            wanted = (
                np.stack([by_hand(W[h], g[:, h], rate) for h in range(len(W))])
                if stack
                else by_hand(W, g, rate)
            )
            worst[k] = max(worst[k], np.abs(np.asarray(found[name])[k] - wanted).max())
    return worst

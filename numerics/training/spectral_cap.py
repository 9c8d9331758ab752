"""AdamW whose step is capped relative to spectral norms, as an optax transformation.

``W <- W - a (D + weight_decay W)`` with Adam's direction D and
``a = min(learning_rate, tau sigma_1(W) / sigma_1(D))``: no singular value moves by more than
``tau sigma_1(W)`` beyond the decay. Reconstructed from the abstract of Qi et al., ICLR 2025,
arXiv:2505.21910 (AdamW^2); that the decay uses the capped rate, the rounds of power iteration and
the treatment of vectors and of zero matrices are choices made here.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Inexact, PyTree

Real = float | int
Ruler = Callable[[PyTree, PyTree], PyTree]  # (direction, gradient) -> what the cap measures


class AdamW2State(NamedTuple):
    """Moments, warm starts, and what the last step did.

    ``vectors`` holds for each parameter the warm starts of its matrices, then of their updates.
    ``rate`` holds the capped learning rate of the last step: for each parameter one number for
    each of its matrices. ``free`` marks parameters that are not capped.
    """

    count: Array  # pyright: ignore[reportIncompatibleMethodOverride]
    mu: PyTree
    nu: PyTree
    vectors: PyTree
    free: PyTree
    rate: PyTree


def adamw2(
    learning_rate: Any,
    tau: Any,
    *,
    b1: Real = 0.9,
    b2: Real = 0.999,
    eps: Real = 1e-8,
    weight_decay: Real = 0.0,
    power_iterations: int = 3,
    exact: bool = False,
    exempt: Any = None,
) -> optax.GradientTransformation:
    """AdamW with the step of every parameter capped at ``tau sigma_1(W) / sigma_1(D)``.

    A parameter with two or more axes is a matrix, or a stack of matrices in its last two axes,
    each with a cap of its own; sigma_1 of a vector is its norm.

    - ``learning_rate``: a number or a schedule, count -> number; ``tau``: the cap, above zero
      (``inf`` is AdamW).
    - ``power_iterations``: rounds a step, started from the vectors of the step before. They see at
      most sigma_1, so steps exceed the cap somewhat; ``exact=True`` takes singular values instead.
    - ``exempt``: parameters without a cap, a tree of booleans like the parameters (an array of them
      for the matrices of a stack), or a function from parameters to one. A matrix that is zero
      when training starts is exempt, too: with a cap it would stay zero for ever. One that has
      become zero is let go for one step.

    Raises ValueError for a tau, rate of decay or number of rounds out of range, and in ``update``
    when no parameters are passed.
    """
    _check(tau, power_iterations, b1, b2, eps, weight_decay)
    return capped_adamw(
        learning_rate, tau, lambda direction, _: direction, b1=b1, b2=b2, eps=eps,
        weight_decay=weight_decay, power_iterations=power_iterations, exact=exact, exempt=exempt,
    )  # fmt: skip


def capped_adamw(
    learning_rate: Any,
    tau: Any,
    ruler: Ruler,
    *,
    b1: Real,
    b2: Real,
    eps: Real,
    weight_decay: Any,
    power_iterations: int,
    exact: bool,
    exempt: Any,
) -> optax.GradientTransformation:
    """The same with a choice of what the cap measures: ``ruler(direction, gradient)``.

    The paper's is the direction. The raw gradient, an easy misreading, is a planted error.
    """
    rounds = 0 if exact else power_iterations

    def init(params: PyTree) -> AdamW2State:
        zeros = jax.tree.map(jnp.zeros_like, params)
        starts = jax.tree.map(_starts, params)
        free = jax.tree.map(_zero, params)
        if exempt is not None:
            mask = exempt(params) if callable(exempt) else exempt
            free = jax.tree.map(lambda a, m: a | jnp.asarray(m, bool), free, mask)
        rates = jax.tree.map(lambda w: jnp.zeros(w.shape[:-2], w.dtype), params)
        return AdamW2State(jnp.zeros((), jnp.int32), zeros, zeros, starts, free, rates)

    def update(
        updates: PyTree, state: AdamW2State, params: PyTree | None = None
    ) -> tuple[PyTree, AdamW2State]:
        if params is None:
            raise ValueError(
                "adamw2 caps steps relative to the parameters: expected update(grads, state, "
                "params), received no params; pass them"
            )
        count = state.count + 1
        mu = optax.tree.update_moment(updates, state.mu, b1, 1)
        nu = optax.tree.update_moment(updates, state.nu, b2, 2)
        direction = jax.tree.map(
            lambda m, v: (m / (1 - b1**count)) / (jnp.sqrt(v / (1 - b2**count)) + eps), mu, nu
        )
        direction = jax.tree.map(lambda x, w: x.astype(w.dtype), direction, params)
        measured = ruler(direction, updates)
        norms, vectors = _norms(jax.tree.map(_pair, params, measured), state.vectors, rounds)
        wanted = learning_rate(state.count) if callable(learning_rate) else learning_rate
        rate = jax.tree.map(
            lambda pair, free: _rate(wanted, tau, pair[0], pair[1], free), norms, state.free
        )
        steps = jax.tree.map(
            lambda a, x, w: -_over(a, w) * (x + weight_decay * w), rate, direction, params
        )
        return steps, AdamW2State(count, mu, nu, vectors, state.free, rate)

    return optax.GradientTransformation(init, update)


def spectral_norms(
    matrix: Inexact[Array, "*stack m n"], start: Inexact[Array, "*stack n"], rounds: int
) -> tuple[Inexact[Array, "*stack"], Inexact[Array, "*stack n"]]:
    """Estimates of sigma_1 from below by power iteration, and the vectors reached.

    Each round is v <- W^T W v / norm; a vector in the null space is kept as it was. With
    ``rounds = 0`` the singular values are computed, and the vectors returned unchanged.
    """
    if rounds == 0:
        return jnp.linalg.norm(matrix, ord=2, axis=(-2, -1)), start
    # A common scale, so that squares neither overflow nor vanish.
    scale = jnp.max(jnp.abs(matrix), axis=(-2, -1))
    unit = matrix / jnp.where(scale > 0, scale, 1)[..., None, None]

    def turn(_: Any, vector: Array) -> Array:
        image = jnp.einsum("...mn,...n->...m", unit, vector)
        pulled = jnp.einsum("...mn,...m->...n", unit, image)
        length = jnp.linalg.norm(pulled, axis=-1, keepdims=True)
        return jnp.where(length > 0, pulled / jnp.where(length > 0, length, 1), vector)

    vector = jax.lax.fori_loop(0, rounds, turn, start)
    reached = jnp.linalg.norm(jnp.einsum("...mn,...n->...m", unit, vector), axis=-1)
    return scale * reached, vector


def _check(tau: Any, rounds: int, b1: Real, b2: Real, eps: Real, weight_decay: Real) -> None:
    if isinstance(tau, int | float) and not tau > 0:
        raise ValueError(f"adamw2: expected a cap tau above zero, received {tau}; try 0.01")
    if rounds < 1:
        raise ValueError(
            f"adamw2: expected at least one round of power iteration, received {rounds}; for exact "
            f"norms pass exact=True"
        )
    if not (0 <= b1 < 1 and 0 <= b2 < 1):
        raise ValueError(f"adamw2: expected b1 and b2 in [0, 1), received {b1} and {b2}")
    if eps < 0 or weight_decay < 0:
        raise ValueError(
            f"adamw2: expected eps and weight_decay of at least zero, received {eps} and "
            f"{weight_decay}"
        )


def _starts(weight: Array) -> Float[Array, "2 ..."]:
    """A fixed start that is generic, the same for all matrices; vectors need none."""
    if weight.ndim < 2:
        return jnp.zeros(2, weight.dtype)
    vector = np.random.default_rng(0).standard_normal(weight.shape[-1])
    return jnp.broadcast_to(
        jnp.asarray(vector / np.linalg.norm(vector), weight.dtype),
        (2, *weight.shape[:-2], weight.shape[-1]),
    )


def _pair(weight: Array, update: Array) -> Float[Array, "2 ..."]:
    """Both in one array, so that one loop measures them: half of the code to compile."""
    return jnp.stack([weight, update.astype(weight.dtype)])


def _zero(weight: Array) -> Bool[Array, "..."]:
    """Which matrices of a parameter (or whether the whole vector) is zero."""
    return jnp.all(weight == 0, axis=(-2, -1) if weight.ndim >= 2 else None)


def _norms(pairs: PyTree, starts: PyTree, rounds: int) -> tuple[PyTree, PyTree]:
    leaves, structure = jax.tree.flatten(pairs)
    found = [
        spectral_norms(pair, start, rounds)
        if pair.ndim >= 3
        else (jnp.linalg.norm(pair.reshape(2, -1), axis=1), start)
        for pair, start in zip(leaves, structure.flatten_up_to(starts), strict=True)
    ]
    norms, vectors = zip(*found, strict=True) if found else ((), ())
    return structure.unflatten(norms), structure.unflatten(vectors)


def _rate(wanted: Any, tau: Any, size: Array, reach: Array, free: Array) -> Array:
    """min(wanted, tau size / reach); no cap on free, zero or unmoved parameters."""
    open_ = free | (size == 0) | (reach == 0)
    cap = tau * jnp.where(open_, 1, size) / jnp.where(open_, 1, reach)
    return jnp.where(open_, wanted, jnp.minimum(wanted, cap)).astype(size.dtype)


def _over(rate: Array, weight: Array) -> Array:
    """The rate of each matrix, to be multiplied with the stack."""
    return rate.reshape(rate.shape + (1,) * (weight.ndim - rate.ndim))

"""AdamW whose step is capped relative to spectral norms, as an optax transformation.

``W <- W - a (D + weight_decay W)`` with Adam's direction D and
``a = min(learning_rate, tau sigma_1(W) / sigma_1(D))``: no singular value moves by more than
``tau sigma_1(W)`` beyond the decay. Reconstructed from the abstract of Qi et al., ICLR 2025,
arXiv:2505.21910 (AdamW^2); that the decay uses the capped rate, the rounds of power iteration and
the treatment of vectors and of zero matrices are choices made here.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Inexact, PyTree

from numerics.engine.leaves import allowed, at, cast, is_decay, marks, real, wide
from numerics.spectral_concentration.spectral_norms import (
    exact_norms,
    length,
    spectral_norms,
    starts,
)

Scalar = Any  # a number or an array without axes, traced or not
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
    b1: Scalar = 0.9,
    b2: Scalar = 0.999,
    eps: Scalar = 1e-8,
    eps_root: Scalar = 0.0,
    weight_decay: Any = 0.0,
    mask: Any = None,
    power_iterations: Any = 3,
    exact: bool = False,
    exempt: Any = None,
) -> optax.GradientTransformationExtraArgs:
    """AdamW with the step of every parameter capped at ``tau sigma_1(W) / sigma_1(D)``.

    A parameter with two or more axes is a matrix, or a stack of matrices in its last two axes,
    each with a cap of its own; sigma_1 of a vector is its norm. Moments and norms are of float32 at
    least, updates of the type of the parameters. Numbers may be traced, or schedules
    (count -> number) for ``learning_rate``, ``tau`` and ``weight_decay``.

    - ``tau``: the cap, above zero (``inf`` is AdamW).
    - ``eps_root``: added under the root, as in optax; above zero, gradients of zero have gradients.
    - ``mask``: which parameters decay; ``exempt``: which have no cap. Each is a tree of booleans
      like the parameters or a prefix of one (``exempt`` also an array of them for the matrices of a
      stack), or a function from parameters to one. A matrix that is zero when training starts is
      exempt, too: with a cap it would stay zero for ever. One that has become zero is let go for
      one step.
    - ``power_iterations``: rounds a step, started from the vectors of the step before. They see at
      most sigma_1, so steps exceed the cap somewhat; ``exact=True`` takes singular values instead.

    Raises ValueError for a tau, rate of decay or number of rounds out of range, in ``init`` for
    parameters that are no floating-point numbers and for a mask that does not fit them, and in
    ``update`` when no parameters are passed.
    """
    _check(tau, power_iterations, b1, b2, eps, eps_root, weight_decay)
    return capped_adamw(
        learning_rate, tau, lambda direction, _: direction, b1=b1, b2=b2, eps=eps,
        eps_root=eps_root, weight_decay=weight_decay, mask=mask, power_iterations=power_iterations,
        exact=exact, exempt=exempt,
    )  # fmt: skip


def capped_adamw(
    learning_rate: Any,
    tau: Any,
    ruler: Ruler,
    *,
    b1: Scalar,
    b2: Scalar,
    eps: Scalar,
    eps_root: Scalar = 0.0,
    weight_decay: Any,
    mask: Any = None,
    power_iterations: Any,
    exact: bool,
    exempt: Any,
    frobenius: Any = False,
) -> optax.GradientTransformationExtraArgs:
    """The same with a choice of what the cap measures: ``ruler(direction, gradient)``.

    The paper's is the direction. The raw gradient, an easy misreading, is a planted error.
    ``frobenius``, which may be traced: whether norms are Frobenius', the cap of LARS.
    """
    norms_of = exact_norms if exact else partial(spectral_norms, rounds=power_iterations)

    def init(params: PyTree) -> AdamW2State:
        free = jax.tree.map(_zero, params)
        if exempt is not None:
            free = jax.tree.map(lambda a, m: a | jnp.asarray(m, bool), free, marks(exempt, params))
        return AdamW2State(
            count=jnp.zeros((), jnp.int32),
            mu=jax.tree.map(lambda w: jnp.zeros(w.shape, wide(w)), params),
            nu=jax.tree.map(lambda w: jnp.zeros(w.shape, real(w)), params),
            vectors=jax.tree.map(starts, params),
            free=free,
            rate=jax.tree.map(lambda w: jnp.zeros(w.shape[:-2], real(w)), params),
        )

    def update(
        updates: PyTree, state: AdamW2State, params: PyTree | None = None, **unused: Any
    ) -> tuple[PyTree, AdamW2State]:
        del unused
        if params is None:
            raise ValueError(
                "adamw2 caps steps relative to the parameters: expected update(grads, state, "
                "params), received no params; pass them"
            )
        count = optax.safe_increment(state.count)
        slope = cast(updates, state.mu)
        mu = optax.tree.update_moment(slope, state.mu, b1, 1)
        nu = optax.tree.update_moment_per_elem_norm(slope, state.nu, b2, 2)
        direction = jax.tree.map(
            lambda m, v: (m / (1 - b1**count)) / (jnp.sqrt(v / (1 - b2**count) + eps_root) + eps),
            mu,
            nu,
        )
        direction = cast(direction, state.mu)
        measured = ruler(direction, slope)
        pairs = jax.tree.map(_pair, params, measured)
        norms, vectors = _norms(pairs, state.vectors, norms_of)
        if frobenius is not False:
            norms = jax.tree.map(
                partial(jnp.where, frobenius), jax.tree.map(_lengths, pairs), norms
            )
        wanted, cap = at(learning_rate, state.count), at(tau, state.count)
        rate = jax.tree.map(
            lambda pair, free: _rate(wanted, cap, pair[0], pair[1], free), norms, state.free
        )
        decay = at(weight_decay, state.count)
        decays = jax.tree.map(lambda decays: decay * decays, marks(_all(mask), params))
        steps = jax.tree.map(
            lambda a, x, w, decay: -_over(a, w) * (x + decay * w), rate, direction, params, decays
        )
        mu, nu = cast(mu, state.mu), cast(nu, state.nu)
        return cast(steps, params), AdamW2State(count, mu, nu, vectors, state.free, rate)

    return optax.GradientTransformationExtraArgs(init, update)


def _check(tau: Any, rounds: Any, b1: Any, b2: Any, eps: Any, eps_root: Any, decay: Any) -> None:
    if not (callable(tau) or allowed(tau, lambda cap: cap > 0)):
        raise ValueError(f"adamw2: expected a cap tau above zero, received {tau}; try 0.01")
    if not allowed(rounds, lambda count: count >= 1):
        raise ValueError(
            f"adamw2: expected at least one round of power iteration, received {rounds}; for exact "
            f"norms pass exact=True"
        )
    if not (is_decay(b1) and is_decay(b2)):
        raise ValueError(f"adamw2: expected b1 and b2 in [0, 1), received {b1} and {b2}")
    numbers = [eps, eps_root, *([] if callable(decay) else [decay])]
    if not all(allowed(number, lambda x: x >= 0) for number in numbers):
        raise ValueError(
            f"adamw2: expected eps, eps_root and weight_decay of at least zero, received {eps}, "
            f"{eps_root} and {decay}"
        )


def _all(mask: Any) -> Any:
    return True if mask is None else mask


def _pair(weight: Array, update: Array) -> Inexact[Array, "2 ..."]:
    """Both in one array, so that one loop measures them: half of the code to compile."""
    return jnp.stack([weight.astype(wide(weight)), update.astype(wide(weight))])


def _zero(weight: Array) -> Bool[Array, "..."]:
    """Which matrices of a parameter (or whether the whole vector) is zero."""
    return jnp.all(weight == 0, axis=(-2, -1) if weight.ndim >= 2 else None)


def _norms(pairs: PyTree, before: PyTree, norms_of: Any) -> tuple[PyTree, PyTree]:
    leaves, structure = jax.tree.flatten(pairs)
    found = [
        norms_of(pair, start) if pair.ndim >= 3 else (length(pair.reshape(2, -1)), start)
        for pair, start in zip(leaves, structure.flatten_up_to(before), strict=True)
    ]
    norms, vectors = zip(*found, strict=True) if found else ((), ())
    return structure.unflatten(norms), structure.unflatten(vectors)


def _lengths(pair: Inexact[Array, "2 ..."]) -> Array:
    """Frobenius norms of the matrices of a pair of stacks, lengths of a pair of vectors."""
    axes = (-2, -1) if pair.ndim >= 3 else -1
    return jnp.sqrt(jnp.sum(pair**2, axis=axes))


def _rate(wanted: Any, tau: Any, size: Array, reach: Array, free: Array) -> Array:
    """min(wanted, tau size / reach); no cap on free, zero or unmoved parameters."""
    open_ = free | (size == 0) | (reach == 0)
    cap = tau * jnp.where(open_, 1, size) / jnp.where(open_, 1, reach)
    return jnp.where(open_, wanted, jnp.minimum(wanted, cap)).astype(size.dtype)


def _over(rate: Array, weight: Array) -> Array:
    """The rate of each matrix, to be multiplied with the stack."""
    return rate.reshape(rate.shape + (1,) * (weight.ndim - rate.ndim))

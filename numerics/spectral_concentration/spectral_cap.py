"""A cap on steps relative to spectral norms, behind any optimiser; AdamW with it is AdamW^2.

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
from jaxtyping import Array, PyTree

from numerics.engine.leaves import allowed, at, cast, checked, is_decay, marks, real, wide
from numerics.spectral_concentration.spectral_norms import (
    STACK,
    exact_norms,
    is_zero,
    letters_of,
    spread,
    stack_of,
    starts,
    warm_norms,
)

Scalar = Any  # a number or an array without axes, traced or not
NormsOf = Callable[[Array, Array, str], tuple[Array, Array]]  # (array, warm start, axes)


class SpectralCapState(NamedTuple):
    """Warm starts, and what the last step did.

    ``vectors`` holds for each parameter the warm starts of its matrices and of their updates.
    ``rate`` holds the capped rate of the last step: for each parameter one number for each of its
    matrices. ``free`` marks parameters that are not capped.
    """

    count: Array  # pyright: ignore[reportIncompatibleMethodOverride]
    vectors: PyTree
    free: PyTree
    rate: PyTree


class AdamW2State(NamedTuple):
    """The moments of Adam and the state of the cap."""

    adam: optax.ScaleByAdamState
    cap: SpectralCapState

    @property
    def rate(self) -> PyTree:
        """The capped learning rates of the last step."""
        return self.cap.rate


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
    axes: Any = None,
    power_iterations: Any = 3,
    exact: bool = False,
    exempt: Any = None,
) -> optax.GradientTransformationExtraArgs:
    """AdamW with the step of every parameter capped at ``tau sigma_1(W) / sigma_1(D)``.

    ``optax.scale_by_adam``, in float32 at least, and behind it `spectral_cap`, which explains the
    other arguments. Numbers may be traced, or schedules (count -> number) for ``learning_rate``,
    ``tau`` and ``weight_decay``. ``eps_root`` is added under the root, as in optax; above zero,
    gradients of zero have gradients. `AdamW2State.rate` has the capped rates of the last step.

    Raises ValueError for numbers out of range, in ``init`` for parameters that are no
    floating-point numbers and for masks and axes that do not fit them, and in ``update`` when no
    parameters are passed.
    """
    if not (is_decay(b1) and is_decay(b2)):
        short = any(isinstance(b, jax.Array) and b.dtype.itemsize < 4 for b in (b1, b2))
        raise ValueError(
            f"adamw2: expected b1 and b2 in [0, 1), received {b1} and {b2}"
            + "; 16 bits round them, in optax.inject_hyperparams say hyperparam_dtype=jnp.float32"
            * short
        )
    if not all(allowed(number, lambda x: x >= 0) for number in (eps, eps_root)):
        raise ValueError(
            f"adamw2: expected eps and eps_root of at least zero, received {eps} and {eps_root}"
        )
    cap = spectral_cap(
        tau, rate=learning_rate, weight_decay=weight_decay, mask=mask, axes=axes,
        power_iterations=power_iterations, exact=exact, exempt=exempt,
    )  # fmt: skip
    return adam_with(cap, b1=b1, b2=b2, eps=eps, eps_root=eps_root)


def spectral_cap(
    tau: Any,
    *,
    rate: Any = 1.0,
    weight_decay: Any = 0.0,
    mask: Any = None,
    axes: Any = None,
    power_iterations: Any = 3,
    exact: bool = False,
    exempt: Any = None,
) -> optax.GradientTransformationExtraArgs:
    """Cap the updates u of any optimiser: ``optax.chain(optimiser, spectral_cap(0.01))``.

    ``u <- a (u - weight_decay W)`` with ``a = min(rate, tau sigma_1(W) / sigma_1(u))``, so that
    no singular value moves by more than ``tau sigma_1(W)`` beyond the decay. Norms are of float32
    at least, updates of the type of the parameters.

    - ``tau``: the cap, above zero (``inf`` is none).
    - ``rate``: by what updates are multiplied where the cap does not bind; they come with a
      learning rate and the sign of descent, usually. Like ``tau`` and ``weight_decay`` it may be a
      schedule; a step at which one of the latter is out of range is a ValueError, in compiled code
      updates that are no numbers.
    - ``axes``: what is a matrix. A letter for each axis of a parameter: r for rows, c for columns,
      s for axes that count matrices, each with a cap of its own; ``*`` for any number of these.
      Without it a parameter with two or more axes is a stack of matrices in its last two,
      ``"*rc"``. Flax's kernel of queries, (embed, heads, head_dim), is none: it is ``"rsc"`` with a
      cap a head or ``"rcc"`` with one for W_q, that of outputs ``"src"`` or ``"rrc"``, and a
      convolution's ``"rrrc"``. sigma_1 of a vector is its norm; ``"sc"`` is a stack of vectors.
    - ``mask``: which parameters decay; ``exempt``: which have no cap. A matrix that is zero when
      training starts is exempt, too: with a cap it would stay zero for ever. One that has become
      zero is let go for one step.
    - ``power_iterations``: rounds a step, started from the vectors of the step before and a part of
      a generic one, since updates move elsewhere. They see at most sigma_1, so steps exceed the cap
      somewhat; ``exact=True`` takes singular values instead.

    ``axes``, ``mask`` and ``exempt`` are trees like the parameters or prefixes of one (``exempt``
    also with an array of booleans for the matrices of a stack), or functions from parameters to
    one. A gradient that is no number gives updates that are none, as in optax; the warm starts
    outlive it. Raises ValueError as `adamw2` does.
    """
    if not (callable(tau) or allowed(tau, lambda cap: cap > 0)):
        raise ValueError(f"spectral_cap: expected a cap tau above zero, received {tau}; try 0.01")
    if not (callable(rate) or allowed(rate, lambda x: x >= 0)):
        raise ValueError(
            f"spectral_cap: expected a rate (of adamw2: a learning_rate) of at least zero, "
            f"received {rate}"
        )
    if not (
        allowed(power_iterations, lambda count: count >= 1)
        and jnp.issubdtype(jnp.result_type(power_iterations), jnp.integer)
    ):
        raise ValueError(
            f"spectral_cap: expected at least one round of power iteration, a whole number, "
            f"received {power_iterations}; for exact norms pass exact=True"
        )
    if not (callable(weight_decay) or allowed(weight_decay, lambda x: x >= 0)):
        raise ValueError(
            f"spectral_cap: expected a weight_decay of at least zero, received {weight_decay}"
        )
    norms_of = exact_norms if exact else partial(_estimated, power_iterations)
    return cap_by(
        norms_of, tau, rate=rate, weight_decay=weight_decay, mask=mask, axes=axes, exempt=exempt
    )


def cap_by(
    norms_of: NormsOf,
    tau: Any,
    *,
    rate: Any,
    weight_decay: Any = 0.0,
    mask: Any = None,
    axes: Any = None,
    exempt: Any = None,
) -> optax.GradientTransformationExtraArgs:
    """`spectral_cap` with a choice of norms.

    With ``ascent`` updates come before the minus of descent, and the decay does, too.
    """

    def letters(params: PyTree) -> PyTree:
        found = marks(STACK if axes is None else axes, params)
        return jax.tree.map(lambda w, spec: letters_of(w.shape, spec), params, found)

    def init(params: PyTree) -> SpectralCapState:
        spelled = letters(params)
        free = jax.tree.map(is_zero, params, spelled)
        if exempt is not None:
            free = jax.tree.map(lambda a, m: a | jnp.asarray(m, bool), free, marks(exempt, params))
        return SpectralCapState(
            count=jnp.zeros((), jnp.int32),
            vectors=(  # two arrays: a buffer that is donated may occur once
                jax.tree.map(starts, params, spelled),
                jax.tree.map(starts, params, spelled),
            ),
            free=free,
            rate=jax.tree.map(lambda w, s: jnp.zeros(stack_of(w, s), real(w)), params, spelled),
        )

    def update(
        updates: PyTree,
        state: SpectralCapState,
        params: PyTree | None = None,
        *,
        ascent: bool = False,
        **unused: Any,
    ) -> tuple[PyTree, SpectralCapState]:
        del unused
        if params is None:
            raise ValueError(
                "spectral_cap caps steps relative to the parameters: expected update(updates, "
                "state, params), received no params; pass them"
            )
        sign = 1 if ascent else -1
        spelled = letters(params)
        sizes, of_weights = _measure(norms_of, params, state.vectors[0], spelled)
        reaches, of_updates = _measure(norms_of, updates, state.vectors[1], spelled)
        wanted, cap, decay = (at(x, state.count) for x in (rate, tau, weight_decay))
        cap = checked(cap, lambda x: x > 0, "a cap tau above zero at every step")
        decay = checked(decay, lambda x: x >= 0, "a weight_decay of at least zero at every step")
        rates = jax.tree.map(partial(_rate, wanted, cap), sizes, reaches, state.free)
        decays = jax.tree.map(
            lambda m: sign * decay * m, marks(True if mask is None else mask, params)
        )
        steps = jax.tree.map(
            lambda a, u, w, k, s: spread(a, s) * (u + k * w),
            rates, updates, params, decays, spelled,
        )  # fmt: skip
        count = optax.safe_increment(state.count)
        after = SpectralCapState(count, (of_weights, of_updates), state.free, rates)
        return cast(steps, params), after

    return optax.GradientTransformationExtraArgs(init, update)


def adam_with(
    cap: optax.GradientTransformationExtraArgs,
    *,
    b1: Scalar = 0.9,
    b2: Scalar = 0.999,
    eps: Scalar = 1e-8,
    eps_root: Scalar = 0.0,
) -> optax.GradientTransformationExtraArgs:
    """Descent along Adam's directions under a cap, which measures the directions."""
    adam = optax.scale_by_adam(b1, b2, eps, eps_root)

    def init(params: PyTree) -> AdamW2State:
        widened = jax.tree.map(lambda w: w.astype(wide(w)), params)
        return AdamW2State(adam.init(widened), cap.init(params))

    def update(
        updates: PyTree, state: AdamW2State, params: PyTree | None = None, **unused: Any
    ) -> tuple[PyTree, AdamW2State]:
        del unused
        like = state.adam.mu  # a traced number of 64 bits widens what is of 32
        direction, moments = adam.update(cast(updates, like), state.adam)
        direction = cast(direction, like)
        steps, after = cap.update(direction, state.cap, params, ascent=True)
        moments = moments._replace(mu=cast(moments.mu, like))
        return jax.tree.map(jnp.negative, steps), AdamW2State(moments, after)

    return optax.GradientTransformationExtraArgs(init, update)


def _estimated(rounds: Any, matrix: Array, start: Array, letters: str) -> tuple[Array, Array]:
    return warm_norms(matrix, start, rounds, letters)


def _measure(
    norms_of: NormsOf, arrays: PyTree, before: PyTree, spelled: PyTree
) -> tuple[PyTree, PyTree]:
    """Norms and warm starts of all matrices of a tree."""
    leaves, structure = jax.tree.flatten(arrays)
    found = [
        norms_of(leaf.astype(wide(leaf)), start, letters)
        for leaf, start, letters in zip(
            leaves, structure.flatten_up_to(before), structure.flatten_up_to(spelled), strict=True
        )
    ]
    norms, vectors = zip(*found, strict=True) if found else ((), ())
    return structure.unflatten(norms), structure.unflatten(vectors)


def _rate(wanted: Any, tau: Any, size: Array, reach: Array, free: Array) -> Array:
    """min(wanted, tau size / reach), also of a rate below zero; no cap on free, zero or unmoved."""
    open_ = free | (size == 0) | (reach == 0)
    cap = tau * jnp.where(open_, 1, size) / jnp.where(open_, 1, reach)
    return jnp.where(open_, wanted, jnp.clip(wanted, -cap, cap)).astype(size.dtype)

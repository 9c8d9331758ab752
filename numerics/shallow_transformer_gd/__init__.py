"""A shallow transformer, its tangent model, and projected gradient descent on it.

f(X) = m^(-1/2) sum_i c_i tanh(U_i . a(X; W_i)) with m softmax attention heads a; everything trains.
The Jacobian of the softmax is never formed: memory is of order samples x heads x length at most.

References: Arda, Cayci, Eryilmaz, arXiv:2601.16514, sections 3, 5 and 6; the recurrent contrast:
arXiv:2402.12241.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray, ScalarLike

from numerics.generated.shallow_transformer_gd import (
    attention_head,
    erf_kernel_given_weights,
    features,
    head_covariance,
    recurrent_step,
)
from numerics.shallow_transformer_gd.blocks import normals
from numerics.shallow_transformer_gd.projected import (
    Descent,
    Heads,
    descend,
    descend_certified,
    minus,
)
from numerics.shallow_transformer_gd.transport import Teacher, labels, random_teacher, tokens

Attend = Callable[[Array, Array, Array], Array]
Inputs = Float[Array, "samples length dim"]


class Data(NamedTuple):
    """Inputs and their labels."""

    X: Inputs
    y: Float[Array, " samples"]


class Trained(NamedTuple):
    """Weights after the last step, and the training loss before each step."""

    params: Heads
    losses: Float[Array, " steps"]


def initialize(key: PRNGKeyArray, *, heads: int, dim: int, symmetric: bool = True) -> Heads:
    """Standard Gaussian U and W, random signs c; the second half repeats the first with -c.

    Then the network is zero everywhere. ``symmetric=False`` draws all heads independently.
    Raises ``ValueError`` for an odd number of heads.
    """
    if heads < 2 or heads % 2 or dim < 1:
        raise ValueError(
            f"expected an even number of heads >= 2 and dim >= 1, received heads={heads}, "
            f"dim={dim}; symmetric initialisation makes pairs of heads"
        )
    drawn = heads // 2 if symmetric else heads
    z, U, W = normals(key, [(drawn,), (drawn, dim), (drawn, dim, dim)])
    c = jnp.where(z < 0, -1.0, 1.0)
    if not symmetric:
        return Heads(c, U, W)
    return paired(c, U, W)


def paired(
    c: Float[Array, " half"], U: Float[Array, "half dim"], W: Float[Array, "half dim dim"]
) -> Heads:
    """Every head and its copy with the opposite output weight: the network is zero."""
    return Heads(jnp.concatenate([c, -c]), jnp.concatenate([U, U]), jnp.concatenate([W, W]))


def network(
    params: Heads,
    X: Float[Array, "*samples length dim"],
    *,
    query: Float[Array, " dim"] | None = None,
    width: ScalarLike | None = None,
    attend: Attend = attention_head,
) -> Float[Array, "*samples"]:
    """The network on one input (length, dim), or on each of several.

    ``query``: a fixed query ([CLS]); the last token when left out. ``width``: the m of the scale
    m^(-1/2) when some heads are padding with c = 0. ``attend`` replaces the softmax head.
    """
    if X.ndim > 2:
        one = partial(network, params, query=query, width=width, attend=attend)
        return jax.vmap(one)(X)
    q = X[-1] if query is None else query
    a = jax.vmap(attend, (None, 0, None))(X, params.W, q)
    hidden = jnp.tanh(jnp.sum(params.U * a, axis=-1))
    return params.c @ hidden / jnp.sqrt(len(params.c) if width is None else width)


def linear_network(
    params: Heads, start: Heads, X: Inputs, *, width: ScalarLike | None = None
) -> tuple[Float[Array, " samples"], Float[Array, " samples"]]:
    """f at the start, and <grad f(start), params - start>: one forward derivative."""
    f = partial(network, X=X, width=width)
    return jax.jvp(f, (start,), (minus(params, start),))


def linearization_error(
    params: Heads, start: Heads, X: Inputs, *, width: ScalarLike | None = None
) -> Float[Array, ""]:
    """sup over the inputs of |f - f_lin|, with f_lin = <grad f(start), params - start>."""
    _, linear = linear_network(params, start, X, width=width)
    return jnp.abs(network(params, X, width=width) - linear).max()


def projected_gd(
    params: Heads,
    data: Data | tuple[Inputs, Float[Array, " samples"]],
    *,
    steps: int,
    step_size: float,
    radii: Sequence[float],
    batch: Int[Array, "steps batch"] | Int[Array, " steps"] | None = None,
) -> Trained:
    """Projected gradient descent on the mean squared error, from ``params``.

    ``radii`` = (rho_c, rho_u, rho_w): c, U, W of each head stay within rho / sqrt(heads) of where
    they began; ``inf`` for no projection. ``batch``: rows of samples a step, see ``batches``;
    all samples when left out.

    Raises ``ValueError`` for sizes that do not fit.
    """
    X, y = data
    limits = jnp.asarray(radii, dtype=float)
    if limits.shape != (3,) or not bool((limits >= 0).all()):
        raise ValueError(f"expected three radii (c, U, W), none negative; received {radii}")
    if X.ndim != 3 or y.shape != X.shape[:1] or X.shape[2] != params.U.shape[1]:
        raise ValueError(
            f"expected data X (samples, length, {params.U.shape[1]}) and y (samples,); received "
            f"{X.shape} and {y.shape}"
        )
    if steps < 1 or not step_size > 0:
        raise ValueError(f"expected steps >= 1 and step_size > 0; got {steps} and {step_size}")
    rows = jnp.zeros((steps, 0), dtype=int) if batch is None else jnp.asarray(batch)
    rows = rows[:, None] if rows.ndim == 1 else rows
    if rows.ndim != 2 or len(rows) != steps or not jnp.issubdtype(rows.dtype, jnp.integer):
        raise ValueError(
            f"expected batch as integer rows of shape ({steps}, batch), received {rows.shape} of "
            f"{rows.dtype}; draw them with batches(key, steps=..., samples=...)"
        )
    if rows.size and not bool(((rows >= 0) & (rows < len(y))).all()):
        raise ValueError(f"expected rows of batch from 0 to {len(y) - 1}")
    width = len(params.c)
    return Trained(*descend(params, X, y, rows, step_size, limits, width, model=network))


def batches(
    key: PRNGKeyArray, *, steps: int, samples: int, size: int = 1
) -> Int[Array, "steps size"]:
    """Independent uniform samples for each step of stochastic descent."""
    return jax.random.randint(key, (steps, size), 0, samples)


def certified_gd(
    params: Heads, star: Heads, data: Data, *, steps: int, step_size: float, radii: Sequence[float]
) -> Descent:
    """The same descent with all samples, recording what the certificate needs."""
    limits = jnp.asarray(radii, dtype=float)
    return descend_certified(
        params, star, *data, step_size, limits, len(params.c), steps=steps, model=network
    )


def ntk(
    key: PRNGKeyArray,
    X1: Float[Array, "n1 length dim"],
    X2: Float[Array, "n2 length2 dim"],
    *,
    activation: str,
    heads: int,
) -> Float[Array, "n1 n2"]:
    """Kernel of the tangent model at infinite width, the mean over ``heads`` draws.

    ``activation="erf"``: the mean over U is exact, W is drawn; ``"tanh"``: both are drawn. The
    query of an input is its last token.
    """
    if activation not in ("erf", "tanh"):
        raise ValueError(f'expected activation "erf" or "tanh", received {activation!r}')
    if heads < 1:
        raise ValueError(f"expected heads >= 1, received {heads}")
    return _kernel(key, X1, X2, heads=heads, exact=activation == "erf")


@partial(jax.jit, static_argnames=("heads", "exact"))
def _kernel(
    key: PRNGKeyArray, X1: Array, X2: Array, *, heads: int, exact: bool
) -> Float[Array, "n1 n2"]:
    dim = X1.shape[-1]

    def tangent(X: Array, U: Array, W: Array) -> Array:
        parts = jax.vmap(lambda x: features(x, W, x[-1], U))(X)
        return jnp.concatenate([part.reshape(len(X), -1) for part in parts], axis=1)

    def moments(X: Array, W: Array) -> tuple[Array, Array]:
        each = jax.vmap(lambda x: (attention_head(x, W, x[-1]), head_covariance(x, W, x[-1])))
        return each(X)

    def closed(W: Array) -> Array:
        left, right = (*moments(X1, W), X1[:, -1]), (*moments(X2, W), X2[:, -1])
        row = jax.vmap(lambda a, M, q, b, N, p: erf_kernel_given_weights(a, b, M, N, q, p),
                       (None, None, None, 0, 0, 0))  # fmt: skip
        return jax.vmap(row, (0, 0, 0, None, None, None))(*left, *right)

    def add(total: Array, key: PRNGKeyArray) -> tuple[Array, None]:
        U, W = normals(key, [(dim,), (dim, dim)])
        one = closed(W) if exact else tangent(X1, U, W) @ tangent(X2, U, W).T
        return total + one, None

    start = jnp.zeros((len(X1), len(X2)))
    return jax.lax.scan(add, start, jax.random.split(key, heads))[0] / heads


def teacher_data(
    key: PRNGKeyArray,
    *,
    samples: int,
    length: int,
    dim: int,
    anchors: int = 8,
    pool: int = 1024,
    radii: tuple[float, float, float] = (3.0, 3.0, 3.0),
) -> Data:
    """Inputs of independent clipped Gaussian tokens with the labels of a random teacher."""
    if min(samples, length, dim, anchors, pool) < 1:
        raise ValueError(
            f"expected samples, length, dim, anchors and pool >= 1; received {samples}, {length}, "
            f"{dim}, {anchors}, {pool}"
        )
    first, second = jax.random.split(key)
    teacher = random_teacher(first, length=length, dim=dim, anchors=anchors, pool=pool, radii=radii)
    X = tokens(second, samples, length, dim)
    return Data(X, labels(teacher, X))


# The recurrent contrast.
def recurrent_gradient(
    w: float | Float[Array, ""], inputs: Float[Array, " length"]
) -> Float[Array, ""]:
    """d h_T / d w of h_t = tanh(w h_(t-1) + inputs_t), h_0 = 0, the inputs u . x_t held fixed."""
    return recurrent_gradients(w, inputs)[-1]


def recurrent_gradients(
    w: float | Float[Array, ""], inputs: Float[Array, " length"]
) -> Float[Array, " length"]:
    """The same after each of the inputs."""

    def step(state: tuple[Array, Array], z: Array) -> tuple[tuple[Array, Array], Array]:
        after = recurrent_step(*state, w, z)
        return after, after[1]

    return jax.lax.scan(step, (jnp.zeros(()), jnp.zeros(())), jnp.asarray(inputs))[1]


def kick_and_cancel(w: ScalarLike, norm: ScalarLike, length: int) -> Float[Array, " length"]:
    """Inputs that cancel the state after one token: (norm, -w tanh(norm), 0, ...)."""
    if length < 2:
        raise ValueError(f"expected a length of at least 2, received {length}")
    first = jnp.stack([jnp.asarray(norm, dtype=float), -jnp.asarray(w) * jnp.tanh(norm)])
    return jnp.concatenate([first, jnp.zeros(length - 2)])


# A fixed query needs no memory of the tokens.
class Online(NamedTuple):
    """State of attention with a fixed query: largest logit, normaliser, weighted sum, per head."""

    top: Float[Array, " heads"]
    normaliser: Float[Array, " heads"]
    mean: Float[Array, "heads dim"]


def online_start(heads: int, dim: int) -> Online:
    """No token seen: heads (dim + 2) numbers, for any length to come."""
    return Online(jnp.full(heads, -jnp.inf), jnp.zeros(heads), jnp.zeros((heads, dim)))


def online_step(
    state: Online, keys: Float[Array, "heads dim"], token: Float[Array, " dim"]
) -> Online:
    """One more token; ``keys`` are W_i q for the fixed query q. The mean is kept normalised."""
    logits = keys @ token
    top = jnp.maximum(state.top, logits)
    old, new = state.normaliser * jnp.exp(state.top - top), jnp.exp(logits - top)
    share = new / (old + new)
    return Online(top, old + new, state.mean + share[:, None] * (token - state.mean))


__all__ = [
    "Data", "Heads", "Online", "Teacher", "Trained", "batches", "certified_gd", "initialize",
    "kick_and_cancel", "linear_network", "linearization_error", "network", "ntk", "online_start",
    "online_step", "projected_gd", "recurrent_gradient",
    "recurrent_gradients", "teacher_data",
]  # fmt: skip

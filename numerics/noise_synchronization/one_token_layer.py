"""One layer of attention and random MLP against drift, bracket and energy slope of its limit.

Every function returns one number (or row) a seed; a seed is a batch of independent layers. The
arguments beyond size and keys plant errors.
"""

from collections.abc import Mapping
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32

from numerics.engine.quick import quick_jit
from numerics.generated import noise_synchronization as generated
from numerics.generated.noise_synchronization import Scalar
from numerics.noise_synchronization import Kernel, kernel, simple_attention
from numerics.noise_synchronization.mlp_fields import Law, count, mlp_field, normals
from numerics.noise_synchronization.token_layers import Attention, layer, normalised

Size = Mapping[str, int]
Keys = UInt32[np.ndarray, "n 2"]
SIGMA_U, SIGMA_W = 0.3, 0.2
LAW = Law("relu", SIGMA_U, SIGMA_W)


def tokens(number: int, d: int, seed: int = 0) -> Float[np.ndarray, "{number} {d}"]:
    """Fixed points on the sphere: a start, not a sample."""
    points = np.random.default_rng([seed, number, d]).standard_normal((number, d))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def batched(keys: Keys, batch: int, *shape: int) -> Float[np.ndarray, "rows ..."]:
    """Normals of a batch of layers a seed, all in one axis."""
    return normals(keys, batch, *shape).reshape(len(keys) * batch, *shape)


def per_seed(values: Float[Array, "rows ..."], seeds: int) -> Float[np.ndarray, "{seeds} ..."]:
    """The mean of each seed's batch."""
    found = np.asarray(values)
    return found.reshape(seeds, -1, *found.shape[1:]).mean(1)


def relu_kernel(inner: Scalar) -> Kernel:
    """The kernel of ``LAW`` whose pre-activations are divided by sqrt(inner): d, or a slip."""
    return jnp.vectorize(
        lambda u: generated.relu_kernel(
            u, inner, jnp.asarray(LAW.sigma_u), jnp.asarray(LAW.sigma_w)
        )
    )


# LayerNorm
@partial(quick_jit, level=0)
def _norm_defect(
    z: Float[Array, "n 2 d"], eps: Float[Array, ""] | float, plus: Scalar
) -> Float[Array, " n"]:
    def one(pair: Float[Array, "2 d"]) -> Float[Array, ""]:
        v, w = normalised(pair[:1]), pair[1:]
        expansion = generated.layer_norm_expansion(v, w, eps)
        wrong = plus * 2 * eps**2 * (v @ w.T) * generated.projected(v, w)
        return jnp.linalg.norm(normalised(v + eps * w) - expansion - wrong)

    return jax.vmap(one)(z)


def norm_error(size: Size, keys: Keys, plus: float | int = 0.0) -> Float[np.ndarray, " n"]:
    """|LN(v + w / k) - its second-order expansion| for random v, w in R^5.

    ``plus`` = 1 has + <v, w> P w in the expansion.
    """
    return np.asarray(_norm_defect(normals(keys, 2, 5), 1.0 / size["k"], plus))


# Moments of the increment, three tokens in R^5
WIDEST = 64  # networks of smaller widths are the first units of one of this width
START: Array = jax.device_put(tokens(3, 5))
FULL = simple_attention(5, beta=1.5, scale=1.0)


@partial(quick_jit, level=0)
def _increments(z: Float[Array, "n count"], dt: Scalar, m: Scalar) -> Float[Array, "n 40"]:
    def one(weights: Float[Array, " count"]) -> Float[Array, " 40"]:
        signs = jnp.array([1.0, -1.0])
        field = partial(mlp_field, weights, width=WIDEST, law=LAW, kept=m)
        move = jax.vmap(lambda s: layer(START, lambda Y: field(Y, sign=s), FULL, dt) - START)(signs)
        mean = (move[0] + move[1]) / (2 * dt)
        cross = (jnp.outer(move[0][0], move[0][1]) + jnp.outer(move[1][0], move[1][1])) / (2 * dt)
        return jnp.concatenate([mean.ravel(), cross.ravel()])

    return jax.vmap(one)(z)


def increments(size: Size, keys: Keys, batch: int = 64, depth: int = 800) -> np.ndarray:
    """Mean (3, 5) and cross block of tokens 0, 1 (5, 5), over T / L; antithetic W and b_W."""
    z = batched(keys, batch, count(WIDEST, 5))
    return per_seed(_increments(z, 1 / depth, size["m"]), len(keys))


def stated_moments(
    size: Size,
    ito: float | int = 1.0,
    attention: float | int = 1.0,
    common: float | int = 1.0,
    inner: int = 5,
) -> Float[np.ndarray, " 40"]:
    """Drift and cross-bracket of the limit, in the order of ``increments``."""
    return np.asarray(_stated_moments(ito, attention, common, inner))


@partial(quick_jit, level=0)
def _stated_moments(
    ito: Scalar, attention: Scalar, common: Scalar, inner: Scalar
) -> Float[Array, " 40"]:
    kappa = relu_kernel(inner)
    still = jnp.zeros_like(START)
    push = generated.token_drift(START, *FULL, 0.0)
    correction = generated.field_drift(START, still, jnp.full(3, kappa(jnp.asarray(1.0))))
    P = jnp.eye(5)[None] - START[:, :, None] * START[:, None, :]
    bracket = common * kappa(START[0] @ START[1]) * P[0] @ P[1]
    drift = attention * push + ito * correction
    return jnp.concatenate([drift.ravel(), bracket.ravel()])


@partial(quick_jit, level=0)
def _radial_bias(z: Float[Array, "n count"], dt: Scalar) -> Float[Array, " n"]:
    Y = normalised(START + dt * generated.attention(START, *FULL))

    def one(weights: Float[Array, " count"]) -> Float[Array, ""]:
        G = mlp_field(weights, Y, 1, LAW)
        moved = [normalised(Y + sign * jnp.sqrt(dt) * G) - START for sign in (1, -1)]
        radial = -((START * (moved[0] + moved[1])).sum(1)) / (2 * dt)
        return (radial - (generated.projected(Y, G) ** 2).sum(1) / 2).mean()

    return jax.vmap(one)(z)


def radial_bias(
    size: Size, keys: Keys, batch: int = 128, ito: float | int = 1.0
) -> Float[np.ndarray, " n"]:
    """Signed bias of the radial drift of one layer of depth L, MLP width 1.

    |P G|^2 / 2 is a control variate: its mean is (d - 1) kappa(1) / 2, kappa by quadrature.
    """
    z = batched(keys, batch, count(1, 5))
    rest = per_seed(_radial_bias(z, 1.0 / size["L"]), len(keys))
    at_one = float(kernel("relu", 1.0, d=5, sigma_u=SIGMA_U, sigma_w=SIGMA_W))
    return rest + 2 * at_one + ito * float(_radial_drift(at_one))


@partial(quick_jit, level=0)
def _radial_drift(at_one: Scalar) -> Float[Array, ""]:
    drift = generated.field_drift(START, jnp.zeros_like(START), jnp.full(3, at_one))
    return (START * drift).sum(1).mean()


# Energy, six tokens in R^6, attention scale +1, 0, -1
SIX: Array = jax.device_put(tokens(6, 6))
SCALES = (1.0, 0.0, -1.0)


@partial(quick_jit, level=0)
def _energy_slopes(z: Float[Array, "n count"], dt: Scalar) -> Float[Array, "n 3"]:
    before = generated.energy(SIX, 1.0)

    def one(weights: Float[Array, " count"], V: Float[Array, "6 6"]) -> Float[Array, ""]:
        attention = Attention(jnp.eye(6), jnp.eye(6), V)

        def after(sign: Scalar) -> Float[Array, ""]:
            moved = layer(SIX, lambda Y: mlp_field(weights, Y, 4, LAW, sign), attention, dt)
            return generated.energy(moved, 1.0)

        return (jax.vmap(after)(jnp.array([1.0, -1.0])).mean() - before) / dt

    values = jnp.stack([scale * jnp.eye(6) for scale in SCALES])
    return jax.vmap(lambda w: jax.vmap(lambda V: one(w, V))(values))(z)


def energy_slopes(size: Size, keys: Keys, batch: int = 64) -> Float[np.ndarray, "n 3"]:
    """Change of the energy in one layer over T / L, for attention scales +1, 0, -1."""
    z = batched(keys, batch, count(4, 6))
    return per_seed(_energy_slopes(z, 1.0 / size["L"]), len(keys))


def stated_energy_slopes(
    size: Size, ito: float | int = 1.0, attention: float | int = 1.0, common: float | int = 1.0
) -> Float[np.ndarray, " 3"]:
    """The exact derivative of the mean energy for the three attention scales."""
    return np.asarray(_stated_energy_slopes(ito, attention, common))


@partial(quick_jit, level=0)
def _stated_energy_slopes(ito: Scalar, attention: Scalar, common: Scalar) -> Float[Array, " 3"]:
    kappa, eye = relu_kernel(6), jnp.eye(6)
    u = jnp.clip(SIX @ SIX.T, -1.0, 1.0)
    at_one = kappa(jnp.asarray(1.0))
    shared = common * kappa(u) + (1 - common) * at_one * eye
    # What the wrong Ito correction adds: its own drift, at no noise.
    extra = (ito - 1) * generated.field_drift(SIX, 0 * SIX, jnp.full(6, at_one))
    turned = (jax.grad(generated.energy)(SIX, 1.0) * extra).sum()

    def slope(scale: Scalar) -> Float[Array, ""]:
        A = attention * generated.attention(SIX, eye, eye, scale * eye)
        return generated.energy_slope(SIX, A, u, shared, at_one, 1.0)

    return jax.vmap(slope)(jnp.array(SCALES)) + turned

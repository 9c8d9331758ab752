"""One layer of attention and random MLP against drift, bracket and energy slope of its limit.

A seed is a batch of independent layers; what is measured has one number (or row) a seed. What the
limit says of it is given term by term, so that one can see what each of them is worth.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from numerics import double
from numerics.engine.measuring import Keys, Size
from numerics.engine.quick import quick_jit
from numerics.generated import noise_synchronization as generated
from numerics.generated.noise_synchronization import Scalar
from numerics.noise_synchronization import Kernel, kernel, simple_attention
from numerics.noise_synchronization.mlp_fields import Law, count, mlp_field, normals
from numerics.noise_synchronization.token_layers import Attention, layer, normalised

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


def relu_kernel(d: Scalar) -> Kernel:
    """The kernel of ``LAW`` whose pre-activations are divided by sqrt(d)."""
    return jnp.vectorize(
        lambda u: generated.relu_kernel(u, d, jnp.asarray(LAW.sigma_u), jnp.asarray(LAW.sigma_w))
    )


# LayerNorm
@partial(quick_jit, level=0)
def _norm_defects(
    z: Float[Array, "n 2 d"], eps: Float[Array, ""] | float
) -> tuple[Float[Array, "n d"], Float[Array, "n d"]]:
    def one(pair: Float[Array, "2 d"]) -> tuple[Float[Array, " d"], Float[Array, " d"]]:
        v, w = normalised(pair[:1]), pair[1:]
        defect = normalised(v + eps * w) - generated.layer_norm_expansion(v, w, eps)
        return defect[0], (v @ w.T * generated.projected(v, w))[0]

    return jax.vmap(one)(z)


def norm_defects(size: Size, keys: Keys) -> dict[str, np.ndarray]:
    """LN(v + w / k) less its second-order expansion, and <v, w> P w, for random v, w in R^5."""
    defect, mixed = _norm_defects(normals(keys, 2, 5), 1.0 / size["k"])
    return {"defect": np.asarray(defect), "mixed": np.asarray(mixed)}


# Moments of the increment, three tokens in R^5
WIDEST = 64  # networks of smaller widths are the first units of one of this width


def without_symmetry(d: int) -> Attention:
    """Query, key and value matrices of which none is a multiple of another or of the identity."""
    Q, K, V = np.random.default_rng(d).standard_normal((3, d, d))
    return Attention(*(jax.device_put(each) for each in (Q, K, V / d**0.5)))


with double():
    START: Array = jax.device_put(tokens(3, 5))
    FULL, PLAIN = without_symmetry(5), simple_attention(5, beta=1.5, scale=1.0)


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


class Moments(NamedTuple):
    """What the limit says of ``increments``: two parts of the drift, and the cross-bracket."""

    attention: Float[Array, "3 5"]
    correction: Float[Array, "3 5"]  # of Ito
    bracket: Float[Array, "5 5"]

    @property
    def row(self) -> Float[np.ndarray, " 40"]:
        """In the order of ``increments``."""
        drift = self.attention + self.correction
        return np.concatenate([np.ravel(drift), np.ravel(self.bracket)])


@partial(quick_jit, level=0)
def stated_moments(inner: Scalar = 5, attention: Attention = FULL) -> Moments:
    """Drift and cross-bracket of the limit where pre-activations are divided by sqrt(inner)."""
    kappa, still = relu_kernel(inner), jnp.zeros_like(START)
    P = jnp.eye(5)[None] - START[:, :, None] * START[:, None, :]
    return Moments(
        generated.token_drift(START, *attention, 0.0),
        generated.field_drift(START, still, jnp.full(3, kappa(jnp.asarray(1.0)))),
        kappa(START[0] @ START[1]) * P[0] @ P[1],
    )


@partial(quick_jit, level=0)
def _radial_bias(z: Float[Array, "n count"], dt: Scalar) -> Float[Array, " n"]:
    Y = normalised(START + dt * generated.attention(START, *PLAIN))

    def one(weights: Float[Array, " count"]) -> Float[Array, ""]:
        G = mlp_field(weights, Y, 1, LAW)
        moved = [normalised(Y + sign * jnp.sqrt(dt) * G) - START for sign in (1, -1)]
        radial = -((START * (moved[0] + moved[1])).sum(1)) / (2 * dt)
        return (radial - (generated.projected(Y, G) ** 2).sum(1) / 2).mean()

    return jax.vmap(one)(z)


def radial_moves(size: Size, keys: Keys, batch: int = 128) -> dict[str, np.ndarray]:
    """Radial drift of one layer of depth L, MLP width 1, and what the limit says of it.

    |P G|^2 / 2 is a control variate: its mean is (d - 1) kappa(1) / 2, kappa by quadrature.
    """
    z = batched(keys, batch, count(1, 5))
    rest = per_seed(_radial_bias(z, 1.0 / size["L"]), len(keys))
    at_one = float(kernel("relu", 1.0, d=5, sigma_u=SIGMA_U, sigma_w=SIGMA_W))
    stated = np.full(len(keys), -float(_radial_drift(at_one)))
    return {"moved": rest + 2 * at_one, "stated": stated}


@partial(quick_jit, level=0)
def _radial_drift(at_one: Scalar) -> Float[Array, ""]:
    drift = generated.field_drift(START, jnp.zeros_like(START), jnp.full(3, at_one))
    return (START * drift).sum(1).mean()


# Energy, six tokens in R^6, attention scale +1, 0, -1
with double():
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


def energy_slopes(size: Size, keys: Keys, batch: int = 64) -> Float[np.ndarray, "seeds 3"]:
    """Change of the energy in one layer over T / L, for attention scales +1, 0, -1."""
    z = batched(keys, batch, count(4, 6))
    return per_seed(_energy_slopes(z, 1.0 / size["L"]), len(keys))


class Slopes(NamedTuple):
    """The exact derivative of the mean energy: by attention, of three scales, and by the noise."""

    attention: Float[Array, " 3"]
    noise: Float[Array, ""]  # common to the tokens
    apart: Float[Array, ""]  # of each token by itself, for comparison
    correction: Float[Array, ""]  # Ito's: a part of the last two


@partial(quick_jit, level=0)
def stated_energy_slopes() -> Slopes:
    """The derivative of the mean energy, term by term."""
    kappa, eye = relu_kernel(6), jnp.eye(6)
    u, still, none = jnp.clip(SIX @ SIX.T, -1.0, 1.0), jnp.zeros_like(SIX), jnp.zeros((6, 6))
    at_one = kappa(jnp.asarray(1.0))
    inward = generated.field_drift(SIX, still, jnp.full(6, at_one))

    def pulled(scale: Scalar) -> Float[Array, ""]:
        A = generated.attention(SIX, eye, eye, scale * eye)
        return generated.energy_slope(SIX, A, u, none, 0.0, 1.0)

    return Slopes(
        jax.vmap(pulled)(jnp.array(SCALES)),
        generated.energy_slope(SIX, still, u, kappa(u), at_one, 1.0),
        generated.energy_slope(SIX, still, u, at_one * eye, at_one, 1.0),
        (jax.grad(generated.energy)(SIX, 1.0) * inward).sum(),
    )

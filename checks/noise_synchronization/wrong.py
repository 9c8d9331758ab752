"""Wrong limits of attention with common noise: what the claims of the room must refute."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from numerics.engine.measuring import Size, Table
from numerics.noise_synchronization.nested_depths import Terms, common_noise
from numerics.noise_synchronization.one_token_layer import FULL, Moments, relu_kernel
from numerics.noise_synchronization.shared_noise import conditional
from numerics.noise_synchronization.token_layers import Attention
from numerics.noise_synchronization.token_walks import covariance, mean_energy, sigmoid_paths


# One layer
def ito_with_d(stated: Moments) -> Moments:
    """The Ito correction with d for d - 1, d = 5."""
    return stated._replace(correction=5 / 4 * stated.correction)


def no_attention(stated: Moments) -> Moments:
    """No attention in the drift."""
    return stated._replace(attention=0 * stated.attention)


def no_bracket(stated: Moments) -> Moments:
    """No noise that two tokens share."""
    return stated._replace(bracket=0 * stated.bracket)


EXCHANGED = FULL._replace(Q=FULL.K, K=FULL.Q)
TRANSPOSED = FULL._replace(V=FULL.V.T)

# Limits on a Brownian path, in R^3
Features = Float[Array, "N R"]


def ito_with_three(F: Features, A: Array, dB: Array) -> Terms:
    """The Ito correction with d for d - 1."""
    right = common_noise(F, A, dB)
    return right._replace(variance=3 / 2 * right.variance)


def scrambled(F: Features, A: Array, dB: Array) -> Terms:
    """Token i sees the Brownian motions in an order of its own."""
    number, rank = F.shape
    order = (jnp.arange(rank)[None] - jnp.arange(number)[:, None]) % rank
    return common_noise(F, A, dB)._replace(noise=jnp.take_along_axis(F, order, axis=1) @ dB)


def attention_as_noise(F: Features, A: Array, dB: Array) -> Terms:
    """Attention in the diffusion."""
    right = common_noise(F, A, dB)
    return right._replace(attention=0 * A, noise=right.noise + A * dB[0, 0])


def another_path(F: Features, A: Array, dB: Array) -> Terms:
    """The limit, of the same law, driven by the Brownian motions in another order."""
    return common_noise(F, A, dB[::-1])


LIMITS = {
    "limit": common_noise,
    "ito-d": ito_with_three,
    "scrambled-noise": scrambled,
    "attention-as-noise": attention_as_noise,
}
# Beside networks with fresh weights
OF_WEIGHTS = {
    "limit": common_noise,
    "ito-d": ito_with_three,
    "another-path": another_path,
    "attention-as-noise": attention_as_noise,
}
WORDS = {
    "ito-d": "Ito correction with d for d - 1",
    "another-path": "the SDE in law alone, on another path",
    "scrambled-noise": "noise that is not common to the tokens",
    "attention-as-noise": "attention in the diffusion",
}


def eight_units(z: Float[np.ndarray, "n layers count"]) -> Float[np.ndarray, "n layers count"]:
    """Hidden units of tokens in R^3 that repeat the first eight: the width does not grow."""
    width = (z.shape[-1] - 3) // 7
    units = np.arange(width) % 8
    U = z[..., : 3 * width].reshape(*z.shape[:2], width, 3)[:, :, units]
    b = z[..., 3 * width : 4 * width][..., units]
    return np.concatenate([U.reshape(*z.shape[:2], -1), b, z[..., 4 * width :]], axis=-1)


# Measures
def chaos(point: Size, keys: Any, *, d: int, atoms: int) -> Table:
    """W_2^2 of N tokens to their conditional law given their noise, and given another seed's."""
    found = conditional(point, keys, d=d, atoms=atoms)
    laws = {"own noise": found.law, "another noise": np.roll(found.law, 1, axis=0)}
    return {
        f"{name}/{number}": errors
        for name, law in laws.items()
        for number, errors in found.distances(law).items()
    }


# Kernels of the noise
undivided = relu_kernel(1)  # pre-activations not divided by sqrt(d)


def nothing(u: Array) -> Array:
    """Two tokens that share no noise."""
    return 0 * u


def own_noise(u: Float[Array, "K K"]) -> Float[Array, "K K"]:
    """Each atom its own noise."""
    return covariance(u) * jnp.eye(len(u))


# Energy
def energies(point: Size, keys: Any, *, attention: Attention) -> Table:
    """Mean energies of networks, and of tokens each of which comes from another network."""
    paths = sigmoid_paths(point, keys, attention)
    lone = [np.roll(paths[..., i, :], i, axis=1) for i in range(paths.shape[-2])]
    return {"energy": mean_energy(paths), "of lone tokens": mean_energy(np.stack(lone, axis=-2))}

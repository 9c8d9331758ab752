"""Systems that share their noise: depths, widths of the MLP, numbers of tokens.

Simulations take a point and keys and give named columns, one row a key: the point has the largest
depth, width or number, and there is a column for each of its halves.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Int

from numerics.engine.activations import hermite_squares
from numerics.engine.measuring import Keys, Size, Table
from numerics.noise_synchronization import simple_attention
from numerics.noise_synchronization.mlp_fields import Frozen, normals
from numerics.noise_synchronization.nested_depths import Limit, nested, weak_parts
from numerics.noise_synchronization.one_token_layer import tokens, without_symmetry
from numerics.noise_synchronization.token_couplings import (
    squared_transport,
    weighted_systems,
    width_coupling,
)

RANK, INNER = 16, 16
DIMENSION, HORIZON = 3, 0.25
BIASES = (0.3, 0.2)  # sigma_u, sigma_w


def halves(most: int, levels: int) -> list[int]:
    """The most, half of it, ..."""
    return [most // 2**j for j in range(levels)]


def frozen(d: int) -> Frozen:
    """Fixed features, one draw: part of the model, not of the sample."""
    rng = np.random.default_rng([RANK, d])
    U, b = rng.standard_normal((RANK, d)), rng.standard_normal(RANK) / 2
    return Frozen(jax.device_put(U), jax.device_put(b))


def depths(point: Size, keys: Keys, *, limits: Mapping[str, Limit]) -> Table:
    """The errors of ``Nested``: N tokens in R^3, time 1/4, depths L, L/2, L/4, L/8.

    The grid of a limit is ``INNER`` times finer than the deepest network.
    """
    z = normals(keys, point["L"], INNER, RANK, DIMENSION)
    attention = without_symmetry(DIMENSION)
    start, features = tokens(point["N"], DIMENSION), frozen(DIMENSION)
    strides, each = 2.0 ** np.arange(4), tuple(limits.values())
    found = nested(z, start, features, attention, HORIZON, strides, each, "tanh")
    return {
        f"{what}/{limit}/{depth}": errors[:, k, level]
        for what, errors in found._asdict().items()
        for k, limit in enumerate(limits)
        for level, depth in enumerate(halves(point["L"], 4))
    }


def weak_form(point: Size, keys: Keys, *, limits: Mapping[str, Limit]) -> Table:
    """Residuals of weak forms along networks of depths L, L/2, ..., L/16, for the limits.

    Root mean square over six test functions. The measure is that of N tokens in R^3, the noise its
    own; networks of all depths share the Brownian motions.
    """
    most = point["L"]
    z, each = normals(keys, most, RANK, DIMENSION), tuple(limits.values())
    attention = without_symmetry(DIMENSION)
    start, features = tokens(point["N"], DIMENSION), frozen(DIMENSION)
    table = {}
    for layers in halves(most, 5):
        stride = most // layers
        padded = np.zeros_like(z)  # one shape for all depths
        padded[:, :layers] = z.reshape(len(keys), layers, stride, RANK, DIMENSION).sum(2)
        padded /= np.sqrt(stride)
        change, stated = weak_parts(
            padded, layers, start, features, attention, HORIZON, each, "tanh"
        )
        residuals = np.sqrt(np.mean((change[:, None] - stated) ** 2, axis=2))
        table |= {f"{limit}/{layers}": residuals[:, k] for k, limit in enumerate(limits)}
    return table


def widths(point: Size, keys: Keys, *, limits: Mapping[str, float]) -> Table:
    """Mean square distance of widths m, m/2, ..., m/16 and infinity; the largest over L layers.

    They are coupled layer by layer. ``limits`` are the deviations sigma_w of infinitely wide
    networks.
    """
    layers, d, number = point["L"], 4, 3
    sigma_u, sigma_w = BIASES
    ladder = halves(point["m"], 5)
    inner = normals(keys, layers, max(ladder) * (d + 1))
    noise = normals(keys ^ np.uint32(1), layers, number, d)
    squares = hermite_squares("tanh", float((1 / d + sigma_u**2) ** 0.5))
    table = {}
    for limit, deviation in limits.items():
        series = squares + deviation**2 * (np.arange(len(squares)) == 0)
        found = np.asarray(width_coupling(
            inner, noise, tokens(number, d), simple_attention(d, beta=1.0, scale=1.0), 1 / layers,
            np.asarray(ladder, float), series, sigma_u, sigma_w, "tanh",
        ))  # fmt: skip
        table |= {f"{limit}/{m}": found[:, level] for level, m in enumerate(ladder)}
    return table


CHAOS_STEPS, RECORDED, FEWEST = 16, (7, 15), 16


class Conditional(NamedTuple):
    """Measures of N tokens on atoms, and the conditional law of one given the common noise."""

    numbers: list[int]
    counts: Int[np.ndarray, "n numbers K"]  # of tokens at an atom
    tokens: Float[np.ndarray, "n numbers times K d"]
    law: Float[np.ndarray, "n times K d"]  # equal weights

    def distances(
        self, law: Float[np.ndarray, "n times K d"]
    ) -> dict[int, Float[np.ndarray, " n"]]:
        """W_2^2 of the measures of N tokens to a law, the largest over time, by N."""
        rows = zip(self.tokens, self.counts, law, strict=True)
        found = np.array([
            [
                max(squared_transport(x, n, y) for x, y in zip(paths, given, strict=True))
                for paths, n in zip(systems, counts, strict=True)
            ]
            for systems, counts, given in rows
        ])  # fmt: skip
        return dict(zip(self.numbers, found.T, strict=True))


def conditional(point: Size, keys: Keys, *, d: int, atoms: int) -> Conditional:
    """N, N/2, ... tokens beside their conditional law given the common noise, at two times.

    Tokens start as independent draws from the uniform law on fixed atoms of the sphere in R^d.
    Given the noise, the conditional law solves the SPDE and stays on as many atoms: it is computed
    without error.
    """
    most = point["N"]
    numbers = [n for n in halves(most, most.bit_length()) if n >= FEWEST]
    noise = np.repeat(normals(keys, 1, CHAOS_STEPS, RANK, d), len(numbers) + 1, axis=1)
    draws = [np.random.default_rng(k).integers(atoms, size=most) for k in keys ^ 1]
    counts = np.array([[np.bincount(i[:N], minlength=atoms) for N in numbers] for i in draws])
    weights = np.concatenate([counts, np.ones((len(keys), 1, atoms))], axis=1)
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights)
    attention = simple_attention(d, beta=1.0, scale=1.0)
    paths = np.asarray(weighted_systems(
        noise, log_weights, tokens(atoms, d), frozen(d), attention, 1 / CHAOS_STEPS,
        "tanh",
    ))[:, :, RECORDED]  # fmt: skip
    return Conditional(numbers, counts, paths[:, :-1], paths[:, -1])

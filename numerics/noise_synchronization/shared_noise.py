"""Systems that share their noise: depths, widths of the MLP, numbers of tokens.

Simulations take a point and keys and give named columns, one row a key, for all depths, widths or
numbers at once; the functions after them read a size's errors from such a table.
"""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, UInt32

from numerics.engine.activations import hermite_squares
from numerics.noise_synchronization import simple_attention
from numerics.noise_synchronization.mlp_fields import Frozen, normals
from numerics.noise_synchronization.nested_depths import (
    Slip,
    nested,
    shares,
    stacked,
    weak_parts,
)
from numerics.noise_synchronization.one_token_layer import tokens
from numerics.noise_synchronization.token_couplings import (
    squared_transport,
    weighted_systems,
    width_coupling,
)

Size = Mapping[str, int]
Table = Mapping[str, Any]
Keys = UInt32[np.ndarray, "n 2"]
RANK, INNER = 16, 16
DIMENSION, HORIZON = 3, 0.25
# One run measures against the right limit and all wrong ones.
SLIPS = {
    "none": Slip(),
    "ito-d": Slip(ito=3 / 2),
    "scrambled-noise": Slip(scrambled=1.0),
    "attention-as-noise": Slip(attention_in_noise=1.0),
}


def frozen(d: int) -> Frozen:
    """Fixed features, one draw: part of the model, not of the sample."""
    rng = np.random.default_rng([RANK, d])
    U, b = rng.standard_normal((RANK, d)), rng.standard_normal(RANK) / 2
    return Frozen(jax.device_put(U), jax.device_put(b))


def depths(point: Size, keys: Keys) -> Table:
    """The errors of ``Nested``: N tokens in R^3, time 1/4, depths most, most/2, ...

    The limit's grid is ``INNER`` times finer than the deepest network.
    """
    z = normals(keys, point["most"], INNER, RANK, DIMENSION)
    attention = simple_attention(DIMENSION, beta=1.0, scale=1.0)
    start, features = tokens(point["N"], DIMENSION), frozen(DIMENSION)
    strides, slips = 2.0 ** np.arange(point["levels"]), stacked(tuple(SLIPS.values()))
    return nested(z, start, features, attention, HORIZON, strides, slips, "tanh")._asdict()


def depth_error(size: Size, table: Table, what: str, slip: str = "none") -> Float[np.ndarray, " n"]:
    """One of the errors at depth L; ``slip`` names a wrong limit."""
    level = (size["most"] // size["L"]).bit_length() - 1
    return table[what][:, list(SLIPS).index(slip), level]


def weak_form(point: Size, keys: Keys) -> Table:
    """Change of six test functions along a network of depth L, and the parts of their equation.

    The measure is that of N tokens in R^3, the noise its own; networks of all depths share the
    Brownian motions.
    """
    layers, most = point["L"], point["most"]
    z, stride = normals(keys, most, RANK, DIMENSION), most // layers
    summed = z.reshape(len(keys), layers, stride, RANK, DIMENSION).sum(2) / np.sqrt(stride)
    z[:, :layers] = summed  # one shape for all depths
    attention = simple_attention(DIMENSION, beta=1.0, scale=1.0)
    start, features = tokens(point["N"], DIMENSION), frozen(DIMENSION)
    change, parts = weak_parts(z, layers, start, features, attention, HORIZON, "tanh")
    return {"change": change, "parts": parts}


def weak_residual(_: Size, table: Table, slip: str = "none") -> Float[np.ndarray, " n"]:
    """Root mean square, over test functions, of the residual; ``slip`` names a wrong SPDE."""
    left = table["change"] - np.einsum("k,nkt->nt", shares(SLIPS[slip]), table["parts"])
    return np.sqrt((left**2).mean(axis=1))


WIDTH_LAW = (0.3, 0.2)  # sigma_u, sigma_w


def widths(point: Size, keys: Keys, *, sigma_w: float = WIDTH_LAW[1]) -> Table:
    """Mean square distance of widths most, most/2, ... and infinity; largest over layers.

    They are coupled layer by layer. ``sigma_w`` is that of the infinitely wide network: another
    value plants a wrong limit.
    """
    layers, d, number = point["L"], 4, 3
    ladder = [point["most"] // 2**j for j in range(5)]
    inner = normals(keys, layers, max(ladder) * (d + 1))
    noise = normals(keys ^ np.uint32(1), layers, number, d)
    squares = hermite_squares("tanh", float((1 / d + WIDTH_LAW[0] ** 2) ** 0.5))
    series = squares + sigma_w**2 * (np.arange(len(squares)) == 0)
    found = width_coupling(
        inner, noise, tokens(number, d), simple_attention(d, beta=1.0, scale=1.0), 1 / layers,
        np.asarray(ladder, float), series, *WIDTH_LAW, "tanh",
    )  # fmt: skip
    return {"error": found}


def halved(name: str, size: Size, table: Table) -> Float[np.ndarray, " n"]:
    """The error at a level of a size, whose levels are most, most/2, ..."""
    return table["error"][:, (size["most"] // size[name]).bit_length() - 1]


CHAOS_STEPS, RECORDED = 16, (7, 15)


def chaos(point: Size, keys: Keys, *, shared: bool = True) -> Table:
    """W_2^2 of N tokens to their conditional law given the common noise, largest over time.

    Tokens start as independent draws from the uniform law on fixed atoms of the sphere in R^d.
    Given the noise, the conditional law solves the SPDE and stays on as many atoms: it is computed
    without error. ``shared`` = False conditions on another noise: a planted error.
    """
    d, atoms = point["d"], point["atoms"]
    numbers = [point["most"] // 2**j for j in range(point["levels"])]
    noise = np.repeat(normals(keys, 1, CHAOS_STEPS, RANK, d), len(numbers) + 1, axis=1)
    if not shared:
        noise[:, -1] = normals(keys ^ np.uint32(2), CHAOS_STEPS, RANK, d)
    draws = [np.random.default_rng(k).integers(atoms, size=max(numbers)) for k in keys ^ 1]
    counts = np.array([[np.bincount(i[:N], minlength=atoms) for N in numbers] for i in draws])
    weights = np.concatenate([counts, np.ones((len(keys), 1, atoms))], axis=1)
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights)
    attention = simple_attention(d, beta=1.0, scale=1.0)
    paths = np.asarray(weighted_systems(
        noise, log_weights, tokens(atoms, d), frozen(d), attention, 1 / CHAOS_STEPS,
        "tanh",
    ))[:, :, RECORDED]  # fmt: skip
    errors = [
        [
            max(squared_transport(x, n, y) for x, y in zip(system, path[-1], strict=True))
            for system, n in zip(path[:-1], count_, strict=True)
        ]
        for path, count_ in zip(paths, counts, strict=True)
    ]
    return {"error": errors}

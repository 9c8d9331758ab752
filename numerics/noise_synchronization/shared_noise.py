"""Errors of systems that share their noise: depths, widths of the MLP, numbers of tokens."""

from collections.abc import Mapping
from functools import lru_cache

import jax
import numpy as np
from jaxtyping import Float, UInt32

from numerics.engine.activations import hermite_squares
from numerics.noise_synchronization import simple_attention
from numerics.noise_synchronization.mlp_fields import Frozen, normals
from numerics.noise_synchronization.nested_depths import (
    Nested,
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


@lru_cache(maxsize=4)
def _nested(keys: bytes, number: int, most: int, levels: int) -> Nested:
    rows = np.frombuffer(keys, np.uint32).reshape(-1, 2)
    z = normals(rows, most, INNER, RANK, DIMENSION)
    attention = simple_attention(DIMENSION, beta=1.0, scale=1.0)
    start, features = tokens(number, DIMENSION), frozen(DIMENSION)
    strides, slips = 2.0 ** np.arange(levels), stacked(tuple(SLIPS.values()))
    return nested(z, start, features, attention, HORIZON, strides, slips, "tanh")


def depth_error(size: Size, keys: Keys, what: str, slip: str = "none") -> Float[np.ndarray, " n"]:
    """One of the errors of ``Nested`` at depth L, N tokens in R^3, time 1/4.

    All depths most, most/2, ... of one call share a run; the limit's grid is ``INNER`` times finer
    than the deepest network. ``slip`` names a wrong limit.
    """
    level = (size["most"] // size["L"]).bit_length() - 1
    run = _nested(keys.tobytes(), size["N"], size["most"], size["levels"])
    return np.asarray(getattr(run, what))[:, list(SLIPS).index(slip), level]


@lru_cache(maxsize=16)
def _weak_form(keys: bytes, number: int, layers: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.frombuffer(keys, np.uint32).reshape(-1, 2)
    z, stride = normals(rows, most, RANK, DIMENSION), most // layers
    summed = z.reshape(len(rows), layers, stride, RANK, DIMENSION).sum(2) / np.sqrt(stride)
    z[:, :layers] = summed  # one shape for all depths
    attention = simple_attention(DIMENSION, beta=1.0, scale=1.0)
    start, features = tokens(number, DIMENSION), frozen(DIMENSION)
    found = weak_parts(z, layers, start, features, attention, HORIZON, "tanh")
    return np.asarray(found[0]), np.asarray(found[1])


def weak_residual(size: Size, keys: Keys, slip: str = "none") -> Float[np.ndarray, " n"]:
    """Root mean square, over six test functions, of the residual of the SPDE's weak form.

    The measure is that of N tokens in R^3 in a network of depth L, the noise its own; networks of
    all depths share the Brownian motions. ``slip`` names a wrong SPDE.
    """
    change, parts = _weak_form(keys.tobytes(), size["N"], size["L"], size["most"])
    left = change - np.einsum("k,nkt->nt", shares(SLIPS[slip]), parts)
    return np.sqrt((left**2).mean(axis=1))


WIDTH_LAW = (0.3, 0.2)  # sigma_u, sigma_w


@lru_cache(maxsize=4)
def _widths(
    keys: bytes, layers: int, widths: tuple[int, ...], sigma_w: float
) -> Float[np.ndarray, "n levels"]:
    rows, d, number = np.frombuffer(keys, np.uint32).reshape(-1, 2), 4, 3
    inner = normals(rows, layers, max(widths) * (d + 1))
    noise = normals(rows ^ np.uint32(1), layers, number, d)
    squares = hermite_squares("tanh", float((1 / d + WIDTH_LAW[0] ** 2) ** 0.5))
    series = squares + sigma_w**2 * (np.arange(len(squares)) == 0)
    found = width_coupling(
        inner, noise, tokens(number, d), simple_attention(d, beta=1.0, scale=1.0), 1 / layers,
        np.asarray(widths, float), series, *WIDTH_LAW, "tanh",
    )  # fmt: skip
    return np.asarray(found)


def width_error(size: Size, keys: Keys, sigma_w: float = WIDTH_LAW[1]) -> Float[np.ndarray, " n"]:
    """Mean square distance of widths m and infinity, coupled layer by layer; largest over layers.

    ``sigma_w`` is that of the infinitely wide network: another value plants a wrong limit.
    """
    widths = tuple(size["most"] // 2**j for j in range(5))
    return _widths(keys.tobytes(), size["L"], widths, sigma_w)[:, widths.index(size["m"])]


CHAOS_STEPS, RECORDED = 16, (7, 15)


@lru_cache(maxsize=4)
def _transports(
    keys: bytes, d: int, atoms: int, numbers: tuple[int, ...], shared: bool
) -> Float[np.ndarray, "n levels"]:
    rows = np.frombuffer(keys, np.uint32).reshape(-1, 2)
    noise = np.repeat(normals(rows, 1, CHAOS_STEPS, RANK, d), len(numbers) + 1, axis=1)
    if not shared:
        noise[:, -1] = normals(rows ^ np.uint32(2), CHAOS_STEPS, RANK, d)
    draws = [np.random.default_rng(k).integers(atoms, size=max(numbers)) for k in rows ^ 1]
    counts = np.array([[np.bincount(i[:N], minlength=atoms) for N in numbers] for i in draws])
    weights = np.concatenate([counts, np.ones((len(rows), 1, atoms))], axis=1)
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights)
    attention = simple_attention(d, beta=1.0, scale=1.0)
    paths = np.asarray(weighted_systems(
        noise, log_weights, tokens(atoms, d), frozen(d), attention, 1 / CHAOS_STEPS,
        "tanh",
    ))[:, :, RECORDED]  # fmt: skip
    return np.array(
        [
            [
                max(squared_transport(x, n, y) for x, y in zip(system, path[-1], strict=True))
                for system, n in zip(path[:-1], count_, strict=True)
            ]
            for path, count_ in zip(paths, counts, strict=True)
        ]
    )


def chaos_error(size: Size, keys: Keys, shared: bool = True) -> Float[np.ndarray, " n"]:
    """W_2^2 of N tokens to their conditional law given the common noise, largest over time.

    Tokens start as independent draws from the uniform law on fixed atoms of the sphere in R^d.
    Given the noise, the conditional law solves the SPDE and stays on as many atoms: it is computed
    without error. ``shared`` = False conditions on another noise: a planted error.
    """
    numbers = tuple(size["most"] // 2**j for j in range(size["levels"]))
    found = _transports(keys.tobytes(), size["d"], size["atoms"], numbers, shared)
    return found[:, numbers.index(size["N"])]

"""What is measured of shaped networks and of their SDE: one layer, laws, widths, collapse.

A seed is a batch of independent networks, or one network. Simulations take a point and keys and
give named columns, one row a key.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from numerics import double
from numerics.engine.measuring import Keys, Size, Table
from numerics.engine.quick import quick_jit
from numerics.shaped_attention_sde import (
    DERIVED,
    Diffusion,
    Terms,
    averaging_matrix,
    limit_ensemble,
    one_layer_means,
    shaped_relu_second_moment,
)
from numerics.shaped_attention_sde.gram_networks import (
    Ensemble,
    Gram,
    Network,
    gram_ensemble,
    literal_ensemble,
)

GAMMA, TAU0, TOKENS, KEY_DIM = 0.8, 0.7, 3, 4
HORIZON, STOP = 0.5, 10.0  # depth / width; where paths stay
UPPER = np.triu_indices(TOKENS)
PAIRS = np.triu_indices(len(UPPER[0]))
with double():
    V0 = jnp.array([[1.0, 0.2, 0.1], [0.2, 0.8, -0.1], [0.1, -0.1, 1.3]])
    M, CAUSAL = averaging_matrix(TOKENS), averaging_matrix(TOKENS, causal=True)


def batched(keys: Any, per_seed: int) -> jax.Array:
    """Keys of the networks of each seed, seed by seed."""
    return jax.vmap(lambda key: jax.random.split(key, per_seed))(jnp.asarray(keys)).reshape(-1, 2)


def network(n: int, depth: int) -> Network:
    """Width n and a depth."""
    return Network(n, KEY_DIM, depth, GAMMA, TAU0, stop=STOP)


# One layer
def mean_increments(
    size: Size, keys: Any, averaging: Gram = M, per_seed: int = 128
) -> Float[Array, "seeds upper"]:
    """n E[V' - V], estimated over some draws of the logits a seed, upper triangle."""
    draws = one_layer_means(batched(keys, per_seed), V0, averaging, network(size["n"], 1))
    return draws[:, *UPPER].reshape(len(keys), per_seed, -1).mean(1)


def last_increments(size: Size, keys: Any) -> Table:
    """The same for the last token with itself, over many draws."""
    return {"increment": mean_increments(size, keys, per_seed=4096)[:, -1]}


def squared_increments(
    size: Size, keys: Any, heads: int, averaging: Gram, per_seed: int = 128
) -> Float[Array, "seeds pairs"]:
    """n (V' - V)(V' - V), averaged over the networks of a seed."""
    layer = network(size["n"], 1)
    after = gram_ensemble(batched(keys, per_seed), V0, averaging, layer, heads).V
    increment = (after - V0)[:, *UPPER]
    products = (increment[:, :, None] * increment[:, None, :])[:, *PAIRS]
    return size["n"] * products.reshape(len(keys), per_seed, -1).mean(1)


def branch_increments(
    size: Size, keys: Keys, per_seed: int = 16
) -> Float[Array, "seeds upper_and_pairs"]:
    """Both of the above where the branch weighs ``percent`` of one; one head, in the same order."""
    weighed = network(size["n"], 1)._replace(gamma=size["percent"] / 100)
    rows = batched(keys, per_seed)
    moved = one_layer_means(rows, V0, M, weighed)[:, *UPPER]
    step = (gram_ensemble(rows, V0, M, weighed).V - V0)[:, *UPPER]
    squares = size["n"] * (step[:, :, None] * step[:, None, :])[:, *PAIRS]
    return jnp.concatenate([moved, squares], axis=1).reshape(len(keys), per_seed, -1).mean(1)


SHAPES = {
    "shaped": {},
    "plain": {"tempered": False, "centred": False},
    "only centred": {"tempered": False},
    "only tempered": {"centred": False},
}


def powers(size: Size, keys: Any, *, per_seed: int = 32) -> Table:
    """Means of |V' - V|^2 and |V' - V|^4 over one layer, of shaped networks and others."""
    table = {}
    for name, how in SHAPES.items():
        layer = Network(size["n"], KEY_DIM, 1, GAMMA, TAU0, **how)
        after = gram_ensemble(batched(keys, per_seed), V0, M, layer).V
        squares = ((after - V0) ** 2).sum((1, 2)).reshape(len(keys), per_seed)
        table |= {f"{name}/2": squares.mean(1), f"{name}/4": (squares**2).mean(1)}
    return table


# The law at a time
def log_variances(V: Float[Array, "samples m m"]) -> Float[Array, "samples m"]:
    """Logarithms of the diagonal entries."""
    return jnp.log(jnp.diagonal(V, axis1=1, axis2=2))


def law_statistics(V: Float[Array, "samples m m"]) -> Float[Array, "samples 3"]:
    """Correlation of two tokens and two log variances: no raw moments, whose tails are heavy."""
    logs = log_variances(V)
    rho = V[:, 0, 1] * jnp.exp(-(logs[:, 0] + logs[:, 1]) / 2)
    return jnp.stack([rho, logs[:, 0], logs[:, 1]], axis=1)


def network_law(size: Size, keys: Any) -> Table:
    """Statistics of networks of depth n / 2."""
    n = size["n"]
    return {"law": law_statistics(gram_ensemble(jnp.asarray(keys), V0, M, network(n, n // 2)).V)}


def limit_law(size: Size, keys: Any, *, horizon: float = HORIZON, tau0: float = TAU0) -> Table:
    """Statistics of the SDE at a time, step 1 / n."""
    diffusion = Diffusion(horizon, round(horizon * size["n"]), GAMMA, tau0, stop=STOP)
    return {"law": law_statistics(limit_ensemble(jnp.asarray(keys), V0, M, diffusion).V)}


def network_times(size: Size, keys: Keys) -> Table:
    """Statistics of the same networks after n / 4 and after n / 2 layers, side by side."""
    rows, n = jnp.asarray(keys), size["n"]
    return {"law": _beside(*(
        gram_ensemble(rows, V0, M, network(n, n // part)).V for part in (4, 2)
    ))}  # fmt: skip


def limit_times(size: Size, keys: Keys, *, terms: Terms = DERIVED) -> Table:
    """The same of paths of the SDE, step 1 / n."""
    rows, n = jnp.asarray(keys), size["n"]
    diffusions = [Diffusion(1 / part, n // part, GAMMA, TAU0, stop=STOP) for part in (4, 2)]
    return {"law": _beside(*(limit_ensemble(rows, V0, M, d, terms).V for d in diffusions))}


def _beside(*at: Float[Array, "samples m m"]) -> Float[Array, "samples statistics"]:
    return jnp.concatenate([law_statistics(V) for V in at], axis=1)


HEADS, WIDE, STRONG = 4, 64, (0.9, 0.3)  # heads, their key dimension, gamma and tau0


def masked_network_law(size: Size, keys: Any) -> Table:
    """The same for heads of a real key dimension and a causal mask."""
    n = size["n"]
    masked = Network(n, WIDE, n // 2, *STRONG, stop=STOP)
    return {"law": law_statistics(gram_ensemble(jnp.asarray(keys), V0, CAUSAL, masked, HEADS).V)}


def masked_limit_law(
    size: Size, keys: Any, *, heads: int = HEADS, averaging: Gram = CAUSAL, tau0: float = STRONG[1]
) -> Table:
    """The SDE beside it."""
    steps = size["n"] // 2
    diffusion = Diffusion(HORIZON, steps, STRONG[0], tau0, heads, stop=STOP)
    return {"law": law_statistics(limit_ensemble(jnp.asarray(keys), V0, averaging, diffusion).V)}


def gram_law(_: Size, keys: Any, *, n: int = 24, depth: int = 3) -> Table:
    """Gram matrices of narrow networks with two heads and a causal mask, upper triangle."""
    V = gram_ensemble(jnp.asarray(keys), V0, CAUSAL, network(n, depth), 2).V
    return {"law": V[:, *UPPER]}


def literal_law(_: Size, keys: Any, *, n: int = 24, depth: int = 3) -> Table:
    """The same of networks with all their weights."""
    V = literal_ensemble(jnp.asarray(keys), V0, CAUSAL, network(n, depth), 2)
    return {"law": V[:, *UPPER]}


# Mean log variances of two tokens, by width
WIDTHS, BATCH = (20, 100, 300), 4096


def mean_logs(paths: Ensemble) -> np.ndarray:
    """Mean log variance over the paths of a seed, noise of the steps subtracted."""
    logs = np.asarray(log_variances(paths.V) - paths.surprise)
    return logs.reshape(-1, 2 * BATCH).mean(1)


def nearing(
    _: Size, keys: Any, *, limits: Mapping[str, tuple[float, float]]
) -> dict[str, np.ndarray]:
    """Networks of three widths and depth n / 2, and SDEs with steps of 1 / n.

    ``limits`` are horizons and tau0 of the SDEs, by name.
    """
    V, averaging, seeds = V0[:2, :2], averaging_matrix(2), jnp.asarray(np.asarray(keys, np.uint32))
    own = batched(seeds, BATCH)
    others = batched(jax.vmap(lambda key: jax.random.fold_in(key, 1))(seeds), BATCH)
    networks = [
        gram_ensemble(own, V, averaging, Network(n, KEY_DIM, n // 2, 0.7, 1.0, stop=STOP))
        for n in WIDTHS
    ]
    table = {"networks": np.stack([mean_logs(paths) for paths in networks], axis=1)}
    for name, (horizon, tau0) in limits.items():
        paths = [
            limit_ensemble(
                others, V, averaging, Diffusion(horizon, round(horizon * n), 0.7, tau0, stop=STOP)
            )
            for n in WIDTHS
        ]
        table[name] = np.stack([mean_logs(each) for each in paths], axis=1)
    return table


# Shaping
def distances(size: Size, keys: Any, per_seed: int = 32) -> Table:
    """log10(1 - rho) of networks with depth and key dimension n, averaged over a seed's."""
    n = size["n"]

    def distance(shaped: bool) -> Float[Array, " seeds"]:
        wide = Network(n, key_dim=n, depth=n, gamma=0.7, tau0=1.0, tempered=shaped, centred=shaped)
        rho = law_statistics(gram_ensemble(batched(keys, per_seed), V0, M, wide).V)[:, 0]
        return jnp.log10(1 - rho).reshape(len(keys), per_seed).mean(1)

    return {"shaped": distance(True), "plain": distance(False)}


def relu_moments(size: Size, keys: Any) -> Table:
    """E[sigma sigma] by quadrature, E[sigma' sigma'], rho, c+, c-, and the c of c E[sigma^2] = 1.

    At random; in a third of the seeds rho is -1 or 1. By Price's theorem the second is the
    derivative of the first in rho.
    """
    names = ("moment", "slope", "rho", "c_plus", "c_minus", "c")
    return dict(zip(names, _relu_moments(jnp.asarray(keys), size["n"]), strict=True))


@quick_jit
def _relu_moments(keys: Any, n: Any) -> tuple[Float[Array, " seeds"], ...]:
    def one(key: jax.Array) -> tuple[jax.Array, ...]:
        u = jax.random.uniform(key, (3,), minval=-1.0)
        rho, c_plus, c_minus = jnp.clip(1.5 * u[0], -1, 1), 2 * u[1], 2 * u[2]
        s_plus, s_minus = 1 + c_plus / jnp.sqrt(n), 1 + c_minus / jnp.sqrt(n)
        moment, apart = shaped_relu_second_moment(rho, s_plus, s_minus), jnp.arccos(rho) / jnp.pi
        squares = s_plus**2 + s_minus**2
        slope = (1 - apart) * squares / 2 + apart * s_plus * s_minus  # signs agree, or differ
        return moment, slope, rho, c_plus, c_minus, 2 / squares

    return jax.vmap(one)(keys)

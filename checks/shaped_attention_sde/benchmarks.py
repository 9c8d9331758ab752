"""Exact-in-law layers beside weights, the noise factor beside a root, code beside printers."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp

from checks.bench import Compiling, Growth, Kernel, Program, Ratio
from numerics.generated.shaped_attention_sde import (
    attention_covariance,
    attention_drift,
    noise_increment,
)
from numerics.shaped_attention_sde import averaging_matrix
from numerics.shaped_attention_sde.gram_networks import (
    Network,
    gram_ensemble,
    gram_layer,
    literal_ensemble,
)

KEY_DIM, GAMMA, TAU0 = 64, 0.7, 1.0


def start(m: int) -> jax.Array:
    """A covariance of m tokens."""
    X = jax.random.normal(jax.random.key(0), (m, 2 * m))
    return X @ X.T / (2 * m)


def paths(
    ensemble: Callable[..., Any], width: int, depth: int, samples: int, m: int = 4
) -> Callable[[], Any]:
    """Networks of a width and depth, simulated one way or the other."""
    keys = jax.random.split(jax.random.key(1), samples)
    network = Network(width, KEY_DIM, depth, GAMMA, TAU0)
    return lambda: ensemble(keys, start(m), averaging_matrix(m), network)


def deep(depth: int) -> Program:
    """The same of a depth that the compiler knows."""
    keys, network = (
        jax.random.split(jax.random.key(1), 64),
        Network(256, KEY_DIM, depth, GAMMA, TAU0),
    )
    run = partial(gram_ensemble, network=network)
    return Program(lambda keys, V, M: run(keys, V, M).V, (keys, start(4), averaging_matrix(4)))


def one_layer(m: int) -> Program:
    """One exact-in-law layer of 256 networks."""
    keys = jax.random.split(jax.random.key(2), 256)
    layer = partial(gram_layer, network=Network(1024, KEY_DIM, 1, GAMMA, TAU0))
    function = jax.vmap(lambda key, V, M: layer(key, V[None], M)[0], (0, None, None))
    return Program(function, (keys, start(m), averaging_matrix(m)))


def factor(m: int, count: int) -> Program:
    """The noise of so many paths by the derived factor."""
    dW = jax.random.normal(jax.random.key(3), (count, 2, m, m))
    step = jax.vmap(
        lambda V, M, w: noise_increment(V, M, GAMMA, TAU0, 1, w[0], w[1]), (None, None, 0)
    )
    return Program(step, (start(m), averaging_matrix(m), dW))


def rooted(m: int) -> Program:
    """The noise of one path by a root of the covariance."""
    rows = jnp.triu_indices(m)

    def step(V: Any, M: Any, noise: Any) -> Any:
        sigma = attention_covariance(V, M, GAMMA, TAU0, 1)[rows][:, *rows]
        values, vectors = jnp.linalg.eigh(sigma)
        return vectors @ (jnp.sqrt(jnp.maximum(values, 0)) * noise)

    noise = jax.random.normal(jax.random.key(3), (len(rows[0]),))
    return Program(step, (start(m), averaging_matrix(m), noise))


def by_hand(V: Any, M: Any, gamma: Any = GAMMA, tau0: Any = TAU0, xp: Any = jnp) -> Any:
    """The drift as one would write it: from the means, with einsum."""
    d, MV = xp.diagonal(V), M @ V
    between = xp.einsum("ai,bi->ab", MV, M)
    inner = M * d[:, None] / 2 * (
        d[None] - 2 * MV + 2 * xp.diagonal(between)[:, None] - (M @ d)[:, None]
    )  # fmt: skip
    first = xp.einsum("av,bv->ab", inner, V)
    squares = M @ (V * V) @ M.T - xp.einsum("an,bn->ab", M, MV * MV)
    second = V * (squares - xp.einsum("bn,an->ab", M, MV * MV) + between**2)
    return gamma**2 / tau0**2 * (first + first.T + second)


def drifts(function: Callable[..., Any], m: int, count: int = 256) -> Program:
    """The drift of so many covariances."""
    V = jnp.broadcast_to(start(m), (count, m, m)) + 0.0
    return Program(jax.vmap(function, (0, None)), (V, averaging_matrix(m)))


def generated(V: Any, M: Any) -> Any:
    """The drift as it is generated."""
    return attention_drift(V, M, GAMMA, TAU0)


def printed(m: int, multiplied_out: bool) -> Program:
    """`sympy.lambdify` of the m * m scalars of the drift, brackets by hand or multiplied out."""
    V = np.array(sp.Matrix(m, m, lambda p, q: sp.Symbol(f"V{min(p, q)}_{max(p, q)}")))
    M = np.full((m, m), sp.Rational(1, m))
    scalars = list(by_hand(V, M, sp.S.One, sp.S.One, np).flat)
    if multiplied_out:
        scalars = [sp.expand(entry) for entry in scalars]
    names = sorted({entry for entry in V.flat}, key=str)
    return Program(sp.lambdify(names, scalars, "jax", cse=True), (1.0,) * len(names))


def compiling(m: int, multiplied_out: bool) -> Compiling:
    """The printer's seconds over ours."""
    how = "multiplied out" if multiplied_out else "brackets kept"
    return Compiling(
        f"trace and compile, {m} tokens: sympy.lambdify, {how} / generated",
        lambda: printed(m, multiplied_out), lambda: drifts(generated, m, 1), "at least 20",
    )  # fmt: skip


benchmarks = (
    Ratio(
        "width 1024, depth 256: literal weights / exact in law",
        lambda: paths(literal_ensemble, 1024, 2, 2), lambda: paths(gram_ensemble, 1024, 256, 64),
        "at least 100", scale=128.0 * 32, rounds=5,
    ),
    Ratio(
        "exact in law: width 65536 / width 256",
        lambda: paths(gram_ensemble, 65536, 256, 64), lambda: paths(gram_ensemble, 256, 256, 64),
        "at most 1.1", rounds=7,
    ),
    Growth("exact in law: exponent of memory in depth", (16, 64, 256, 1024), deep, 0.0, "memory"),
    Growth("exact in law: exponent in tokens", (8, 16, 32, 64), one_layer, 3.0),
    Kernel(
        "one layer, exact in law, 16 tokens", lambda: one_layer(16),
        "products of small matrices, and random numbers, which are no floating-point operations",
    ),
    Ratio(
        "noise, 16 tokens: root of the covariance / derived factor",
        lambda: rooted(16), lambda: factor(16, 64), "at least 50", scale=64.0, rounds=5,
    ),
    Growth("noise factor: exponent in tokens", (8, 16, 32, 64), lambda m: factor(m, 256), 3.0),
    *(
        Ratio(
            f"drift, {m} tokens: generated / einsum by hand",
            lambda m=m: drifts(generated, m), lambda m=m: drifts(by_hand, m), "at most 1.05",
        )
        for m in (4, 16, 64)
    ),
    compiling(8, False), compiling(8, True), compiling(16, False),
)  # fmt: skip

"""Speed of the shaped-attention room against what a user would pick instead, as ratios.

``make bench`` prints the ratios; nothing is asserted about them, since machines are shared.
"""

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from numerics.generated.shaped_attention_sde import (
    attention_covariance,
    attention_drift,
    noise_increment,
)
from numerics.shaped_attention_sde import averaging_matrix, network_path

pytestmark = pytest.mark.benchmark_suite
KEY = jax.random.PRNGKey(0)


def seconds(run: Callable[[], Any], repeats: int = 5) -> float:
    """The median time of a call, after one that compiles."""
    jax.block_until_ready(run())
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(run())
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


def covariance_of(m: int) -> jax.Array:
    X = jax.random.normal(KEY, (m, 2 * m))
    return X @ X.T / (2 * m)


def report(name: str, value: float, aim: str) -> None:
    print(f"\n{name}: {value:.3g} (aim: {aim})")


def test_gram_sampler_against_literal_weights() -> None:
    """Width 1024, depth 256, 64 samples; the literal network is timed on 2 layers, 2 samples."""
    setting = {"key_dim": 64, "gamma": 0.7, "tau0": 1.0}
    V0 = covariance_of(4)

    def gram(width: int) -> float:
        return seconds(lambda: network_path(KEY, V0, width=width, depth=256, samples=64, **setting))

    literal = seconds(
        lambda: network_path(
            KEY, V0, width=1024, depth=2, samples=2, method="literal", **setting
        )
    )  # fmt: skip
    report("literal / gram, width 1024", literal * 128 * 32 / gram(1024), "at least 100")
    report("gram at width 65536 / width 256", gram(65536) / gram(256), "at most 1.2")


def test_noise_factor_against_a_square_root_of_the_covariance() -> None:
    def factor(m: int, paths: int = 64) -> float:
        V, M = covariance_of(m), averaging_matrix(m)
        dW = jax.random.normal(KEY, (paths, 2, m, m))
        step = jax.jit(jax.vmap(lambda w: noise_increment(V, M, 0.7, 1.0, 1, w[0], w[1])))
        return seconds(lambda: step(dW)) / paths

    def root(m: int) -> float:
        V, M = covariance_of(m), averaging_matrix(m)
        rows = jnp.triu_indices(m)
        noise = jax.random.normal(KEY, (len(rows[0]),))

        @jax.jit
        def step(noise: jax.Array) -> jax.Array:
            sigma = attention_covariance(V, M, 0.7, 1.0, 1)[rows][:, *rows]
            values, vectors = jnp.linalg.eigh(sigma)
            return vectors @ (jnp.sqrt(jnp.maximum(values, 0)) * noise)

        return seconds(lambda: step(noise))

    report("root of the covariance / noise factor, m = 16", root(16) / factor(16), "at least 50")
    tokens = np.array([4, 8, 16, 32, 64])
    cost = np.log([factor(int(m), 256) for m in tokens])
    report("exponent of the cost in m, 4 to 64", np.polyfit(np.log(tokens), cost, 1)[0], "<= 3.3")


def by_hand(V: Any, M: Any, gamma: Any, tau0: Any, xp: Any = jnp) -> Any:
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


@pytest.mark.parametrize("m", [16, 64])
def test_generated_drift_against_einsum_by_hand(m: int) -> None:
    V, M = covariance_of(m), averaging_matrix(m)
    ours = jax.jit(jax.vmap(attention_drift, (0, None, None, None)))
    theirs = jax.jit(jax.vmap(by_hand, (0, None, None, None)))
    many = jnp.broadcast_to(V, (256, m, m)) + 0.0
    np.testing.assert_allclose(ours(many, M, 0.7, 1.0), theirs(many, M, 0.7, 1.0), atol=1e-12)
    ratio = seconds(lambda: ours(many, M, 0.7, 1.0), 15) / seconds(
        lambda: theirs(many, M, 0.7, 1.0), 15
    )
    report(f"generated / by hand, m = {m}", ratio, "at most 1.1")


def test_compiling_against_lambdify_of_unrolled_scalars() -> None:
    """Eight tokens; scalars multiplied out (some minutes), and with the brackets made by hand."""
    m = 8
    V = np.array(sp.Matrix(m, m, lambda p, q: sp.Symbol(f"V{min(p, q)}_{max(p, q)}")))
    M = np.full((m, m), sp.Rational(1, m))
    names = sorted({entry for entry in V.flat}, key=str)
    brackets = list(by_hand(V, M, sp.S.One, sp.S.One, np).flat)

    def taken(function: Callable[..., Any], *arguments: Any) -> float:
        start = time.perf_counter()
        jax.jit(function).lower(*arguments).compile()
        return time.perf_counter() - start

    ours = taken(attention_drift, covariance_of(m), averaging_matrix(m), 0.7, 1.0)
    for kind, scalars in (("brackets", brackets), ("terms", [sp.expand(e) for e in brackets])):
        competitor = sp.lambdify(names, scalars, "jax", cse=True)
        ratio = taken(competitor, *[1.0] * len(names)) / ours
        report(f"trace + compile, lambdify of {kind} / ours", ratio, "at least 20")

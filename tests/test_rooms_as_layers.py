"""What rooms generate is what the compiler derives from the layer as a user writes it."""

import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

import verilimit as vl
from numerics.generated import noise_synchronization as noise
from numerics.generated import shaped_attention_sde as shaped
from theory import noise_synchronization as noisy_room
from theory import shaped_attention_sde as shaped_room
from theory.layers.explicit import explicit
from theory.limits.entries import sde_of

V = np.array([[1.0, 0.2, 0.1], [0.2, 0.8, -0.1], [0.1, -0.1, 1.3]])
AVERAGES = {
    "uniform": np.full((3, 3), 1 / 3),
    "causal": np.array([[1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]]),
}


def shaped_attention() -> vl.Layer:
    m, n, k = vl.sizes("m n n_k")
    gamma, tau = vl.positive("gamma tau0")
    X, M = vl.state("X", m, n), vl.fixed("M", m, m, rows_sum_to_one=True)
    WQ, WK, W = vl.gaussian("WQ", n, k), vl.gaussian("WK", n, k), vl.gaussian("W", n, n)
    logits = X @ WQ @ (X @ WK).T / n / (tau * vl.sqrt(n * k))
    mixed = X + vl.softmax(logits, M) @ X - M @ X
    return vl.Layer(
        "shaped attention",
        step={X: vl.sqrt(1 - gamma**2) * X + gamma * mixed @ W / vl.sqrt(n)},
        watch={"V": X @ X.T / n},
        scaling={n: vl.N, k: vl.N},
        steps=vl.N,
    )


@pytest.mark.parametrize("name", AVERAGES)
def test_one_head_of_the_room_is_the_layer_without_heads(name: str) -> None:
    limit = vl.derive(shaped_attention())
    M, gamma, tau = AVERAGES[name], 0.7, 0.9
    given = jnp.asarray(V), jnp.asarray(M), gamma, tau
    at = {"V": V, "M": M, "gamma": gamma, "tau0": tau}
    assert limit.regime == "SDE"
    np.testing.assert_allclose(
        limit.evaluate("drift", "V", at=at), shaped.attention_drift(*given), atol=1e-12
    )
    np.testing.assert_allclose(
        limit.evaluate("covariance", "V", "V", at=at),
        shaped.attention_covariance(*given, 1.0),
        atol=1e-12,
    )


def tokens_on_a_sphere(attention: bool) -> vl.Layer:
    p, d, width = vl.sizes("p d width")
    beta = vl.positive("beta")
    x = vl.state("x", p, d)
    U = vl.gaussian("U", d, width, variance=1 / d)
    W = vl.gaussian("W", width, d)
    step = x + vl.relu(x @ U) @ W / vl.sqrt(width) / vl.sqrt(vl.N)
    if attention:
        step = step + vl.softmax(beta * x @ x.T) @ x / vl.N
    return vl.Layer(
        "tokens on a sphere",
        step={x: vl.unit(step)},
        watch={"R": x @ x.T},
        scaling={d: d, width: vl.N},
        steps=vl.N,
    )


@pytest.mark.parametrize("d", [3, 6])
@pytest.mark.parametrize("u", [-0.4, 0.3])
def test_two_tokens_with_common_noise_are_a_layer(d: int, u: float) -> None:
    limit = vl.derive(tokens_on_a_sphere(attention=False))
    at = {"R": np.array([[1, u], [u, 1]]), "d": d}
    here, one = (float(noise.relu_kernel(x, d, 0.0, 0.0)) for x in (u, 1.0))
    drift = limit.evaluate("drift", "R", at=at)
    assert drift[0, 1] == pytest.approx(float(noise.pair_drift(u, here, one, d)), abs=1e-12)
    spread = limit.evaluate("covariance", "R", "R", at=at)[0, 1, 0, 1]
    assert spread == pytest.approx(float(noise.pair_variance(u, here, one)), abs=1e-12)


def test_attention_adds_what_the_room_says() -> None:
    d, beta = 3, 1.3
    rng = np.random.default_rng(0)
    X = rng.standard_normal((4, d))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    at = {"R": X @ X.T, "d": d}
    whole, alone = (
        vl.derive(tokens_on_a_sphere(attention=bool(a))).evaluate("drift", "R", at={**at, **a})
        for a in ({"beta": beta}, {})
    )
    eye = jnp.eye(d)
    moved = np.asarray(
        noise.token_drift(jnp.asarray(X), beta**0.5 * eye, beta**0.5 * eye, eye, 0.0)
    )
    np.testing.assert_allclose(whole - alone, moved @ X.T + X @ moved.T, atol=1e-12)


@pytest.mark.parametrize("room", [noisy_room, shaped_room])
def test_what_the_compiler_assumes_is_an_assumption_of_the_theorem(room) -> None:
    status = sde_of(room.layer).hypotheses
    assert all(status[h].startswith("ASSUMED") for h in ("H1", "H2", "H3"))
    assert status["H4"].startswith("PROVED")
    used = {name for step in room.theorem.derivation.steps for name in step.uses}
    assert "small-remainders" in used & {a.id for a in room.theorem.assumptions}


def _normalised(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


@pytest.mark.parametrize(("length", "order"), [(True, 5), (False, 3)])
def test_one_normalisation_is_two_to_fifth_order_and_to_third_without_the_length(
    length: bool, order: int
) -> None:
    draw = np.random.default_rng(0).standard_normal
    given = {"X": _normalised(draw((3, 4))), "A": draw((3, 4))}
    given |= {"F": draw((5, 3)), "W": draw((5, 4)), "b_W": draw(4)}
    G = given["F"].T @ given["W"] / np.sqrt(5) + given["b_W"]
    (step,) = noisy_room.layer.step.values()
    off = []
    for eps in (0.04, 0.02):
        attended = _normalised(given["X"] + eps**2 * given["A"])
        two = _normalised(attended + eps * G)
        one = _normalised(given["X"] + eps**2 * given["A"] + eps * G)
        if length:
            numbers = {vl.N: eps**-2, noisy_room.m: 5}
            one = explicit(step, given, lambda e, at=numbers: float(sp.sympify(e).subs(at)))
        off.append(np.abs(one - two).max())
    assert off[0] / off[1] == pytest.approx(2**order, rel=0.15)


def test_a_layer_with_another_temperature_is_not_the_room() -> None:
    (drift,) = vl.derive(shaped_attention()).drift.values()
    tau = next(s for s in drift.free_symbols if str(s) == "tau0")
    assert sp.expand(drift.subs(tau, 2 * tau) - drift) != 0


def test_weights_of_a_softmax_are_known_to_sum_to_one() -> None:
    m, n = vl.sizes("m n")
    X, mask = vl.state("X", m, n), vl.fixed("mask", m, m)
    with pytest.raises(ValueError, match="rows_sum_to_one=True"):
        vl.softmax(X @ X.T, mask)
    at = {"V": V, "M": np.tril(np.ones((3, 3))), "gamma": 0.7, "tau0": 0.9}
    with pytest.raises(ValueError, match="the rows of M sum to one"):
        vl.derive(shaped_attention()).evaluate("drift", "V", at=at)

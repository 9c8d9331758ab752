"""The generated formulas, the trained networks and the limit of the AdamW room, by two routes."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from numerics.adamw_depth_limit import (
    Data,
    Run,
    atomic,
    backward,
    box_atoms,
    energy_drift,
    exhaustive,
    forward,
    leading_errors,
    mean_drift,
    train,
    uniform_box,
)
from numerics.adamw_depth_limit.adamw_variants import Recipe, variant
from numerics.adamw_depth_limit.token_problems import draw_problem
from numerics.engine.quick import quick_jit
from numerics.generated.adamw_depth_limit import (
    adjoint_drift,
    attention,
    attention_lions_derivative,
    attention_token_jacobian,
    hamiltonian,
    head_gradient,
    linearised_drift,
    self_attention,
    toy_mean_square,
)

N, D, KEYS = 5, 3, 2
HEAD = box_atoms(jax.random.PRNGKey(0), (), D, KEYS, 0.5)
X, P, DX = (jax.random.normal(jax.random.PRNGKey(k), (N, D)) for k in (1, 2, 3))
ADAMW = optax.adamw(0.05, eps=1e-2, weight_decay=0.1)


def close(left: Any, right: Any, scale: float = 1.0) -> None:
    np.testing.assert_allclose(left, right, rtol=1e-10 * scale, atol=1e-12 * scale)


def data(sequences: int = 3) -> Data:
    inputs, targets = (jax.random.normal(jax.random.PRNGKey(k), (sequences, N, D)) for k in (4, 5))
    return Data(inputs, targets, jnp.array([0.5, 0.5, 0.0]))


in_haste = partial(quick_jit, level=0)


def trained(key: jax.Array, sample: Data, **options: Any) -> Run:
    """As ``train``, compiled in haste."""
    return in_haste(partial(train, **options))(key, sample)


def test_self_attention_is_attention_of_every_token() -> None:
    close(self_attention(X, *HEAD), jax.vmap(lambda x: attention(x, X, *HEAD))(X))


def test_the_token_jacobian_is_the_automatic_derivative() -> None:
    close(attention_token_jacobian(X[0], X, *HEAD), jax.jacobian(attention)(X[0], X, *HEAD))


def test_the_lions_derivative_over_n_is_the_derivative_in_a_token() -> None:
    by_token = jax.jacobian(attention, argnums=1)(X[0], X, *HEAD)
    lions = jax.vmap(lambda y: attention_lions_derivative(X[0], X, y, *HEAD))(X)
    close(by_token, jnp.moveaxis(lions, 0, 1) / N)


def test_the_lions_derivative_holds_at_a_new_point_of_small_mass() -> None:
    """Adding a point of mass s and moving it: s times the Lions derivative, to first order."""
    y, s = jnp.array([0.3, -0.2, 0.5]), 1e-4
    many = round(1 / s) // N

    def with_point(at: jax.Array) -> jax.Array:
        tokens = jnp.concatenate([jnp.repeat(X, many, axis=0), at[None]])
        return attention(X[0], tokens, *HEAD)

    moved = jax.jacobian(with_point)(y) * (many * N + 1)
    np.testing.assert_allclose(moved, attention_lions_derivative(X[0], X, y, *HEAD), atol=5 * s)


def test_large_logits_do_not_overflow() -> None:
    far = jax.tree.map(lambda w: 40 * w, HEAD)
    assert jnp.isfinite(attention_lions_derivative(30 * X[0], 30 * X, 30 * X[1], *far)).all()


def test_the_adjoint_is_n_times_the_gradient_of_the_hamiltonian() -> None:
    close(adjoint_drift(X, P, *HEAD), N * jax.grad(hamiltonian)(X, P, *HEAD))


def test_head_gradients_are_those_of_the_hamiltonian() -> None:
    found = jax.grad(hamiltonian, argnums=(2, 3, 4))(X, P, *HEAD)
    for left, right in zip(head_gradient(X, P, *HEAD), found, strict=True):
        close(left, right)


def test_the_linearised_drift_is_the_forward_derivative() -> None:
    close(
        linearised_drift(X, DX, *HEAD), jax.jvp(lambda x: self_attention(x, *HEAD), (X,), (DX,))[1]
    )


def test_backpropagation_is_automatic_differentiation_of_the_whole_network() -> None:
    network, sample = uniform_box(D, KEYS, 0.5)(jax.random.PRNGKey(6), 4, 3), data()

    def loss(heads: tuple, inputs: jax.Array) -> jax.Array:
        x = inputs
        for r in range(4):
            layer = jax.tree.map(lambda w, r=r: w[r], heads)
            x = x + jax.vmap(partial(mean_drift, heads=layer, weights=network.weights[r]))(x)
        return (sample.share[:, None, None] * (x - sample.targets) ** 2).sum() / (2 * N)

    states = in_haste(forward)(sample.inputs, network)
    last = states[-1] - sample.targets
    p, gradients = in_haste(backward)(states, last, network, sample.share)
    by_heads, by_inputs = in_haste(jax.grad(loss, argnums=(0, 1)))(network.heads, sample.inputs)
    for left, right in zip(gradients, by_heads, strict=True):
        close(left, 4 * 3 * right)
    close(sample.share[:, None, None] * p[0] / N, by_inputs)


def test_the_energy_is_conserved_and_a_dropped_lions_term_is_noticed() -> None:
    atoms = box_atoms(jax.random.PRNGKey(7), (2,), D, KEYS, 0.5)

    def own_only(x: jax.Array, p: jax.Array, heads: tuple, weights: jax.Array) -> jax.Array:
        jacobians = jax.vmap(lambda *h: jax.vmap(lambda q: attention_token_jacobian(q, x, *h))(x))
        return jnp.einsum("m,mneg,ne->ng", weights, jacobians(*heads), p)

    assert in_haste(energy_drift)(X, P, atoms) < 1e-9
    assert in_haste(partial(energy_drift, adjoint=own_only))(X, P, atoms) > 1e-2


def test_counted_atoms_are_the_network_of_separate_heads() -> None:
    atoms = box_atoms(jax.random.PRNGKey(8), (2,), D, KEYS, 0.5)
    counted = atomic(atoms)(jax.random.PRNGKey(9), 4, 6)
    copies = jnp.round(counted.weights * 4 * 6).astype(int)
    chosen = jnp.stack([jnp.repeat(jnp.arange(2), row, total_repeat_length=6) for row in copies])

    def separate(key: jax.Array, depth: int, heads: int) -> Any:
        drawn = uniform_box(D, KEYS)(key, depth, heads)
        return drawn._replace(heads=jax.tree.map(lambda w: w[chosen], atoms))

    options = {"depth": 4, "heads": 6, "steps": 2, "optimizer": ADAMW}
    one = trained(jax.random.PRNGKey(9), data(), initial_law=atomic(atoms), **options)
    two = trained(jax.random.PRNGKey(9), data(), initial_law=separate, **options)
    close(one.x, two.x)
    close(one.p, two.p)


def test_padding_to_more_layers_changes_nothing() -> None:
    atoms, key = box_atoms(jax.random.PRNGKey(8), (2,), D, KEYS, 0.5), jax.random.PRNGKey(1)
    options = {"depth": 4, "heads": 1, "steps": 2, "optimizer": ADAMW}
    plain = trained(key, data(), initial_law=exhaustive(atoms), **options)
    padded = trained(key, data(), initial_law=exhaustive(atoms, 9), **options)
    close(plain.x, padded.x)
    close(plain.p, padded.p)


def test_the_default_recipe_is_optax_adamw() -> None:
    law, key = uniform_box(D, KEYS, 0.5), jax.random.PRNGKey(2)
    options = {"depth": 4, "heads": 2, "steps": 3, "initial_law": law}
    close(
        trained(key, data(), optimizer=variant(Recipe()), **options).p,
        trained(key, data(), optimizer=ADAMW, **options).p,
    )


def test_leading_errors_are_seen_at_large_depth() -> None:
    drawn = draw_problem(np.array([0, 3], np.uint32), tokens=N, d=D, sequences=1, trained=1)
    problem = jax.tree.map(jnp.asarray, drawn)
    options = {"heads": 1, "steps": 0, "optimizer": ADAMW}
    runs = [
        trained(
            jax.random.PRNGKey(0),
            problem.data,
            depth=depth,
            initial_law=exhaustive(problem.atoms),
            **options,
        ).x
        for depth in (128, 256)
    ]
    found = 2 * 128 * (runs[0] - runs[1])[0, 0, -1]
    expected = in_haste(leading_errors)(problem.data.inputs[0], problem.atoms).euler
    scale = float(jnp.abs(expected).max())
    np.testing.assert_allclose(found, expected, rtol=0.05, atol=0.02 * scale)


def test_the_toy_agrees_with_the_exact_two_point_law() -> None:
    """Depth one, two heads with v = mu +- sigma: four equally likely networks."""
    mu, sigma = 0.3, 0.7
    means = [mu + sigma * (s + t) / 2 for s in (-1, 1) for t in (-1, 1)]
    by_hand = np.mean([(1 + v - np.exp(mu)) ** 2 for v in means])
    close(toy_mean_square(1.0, mu, sigma, 1, 2), by_hand)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"depth": 6}, "4 divides"), ({"heads": 0}, "heads >= 1"), ({"steps": -1}, "steps >= 0")],
)
def test_impossible_sizes_are_refused(changes: dict, message: str) -> None:
    options = {"depth": 4, "heads": 1, "steps": 1} | changes
    with pytest.raises(ValueError, match=message):
        train(
            jax.random.PRNGKey(0),
            data(),
            optimizer=ADAMW,
            initial_law=uniform_box(D, KEYS),
            **options,
        )


def test_a_missing_target_is_refused() -> None:
    with pytest.raises(ValueError, match="one target for each token"):
        train(
            jax.random.PRNGKey(0),
            data()._replace(targets=jnp.zeros((3, N, D + 1))),
            depth=4,
            heads=1,
            steps=1,
            optimizer=ADAMW,
            initial_law=uniform_box(D, KEYS),
        )

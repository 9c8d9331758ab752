"""`probe_optimizer` passes optimizers that keep a law, and fails those that break it."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import verilimit as vl
from checks.properties.optimizer_laws import OPTIMIZER_LAWS

LR, DECAY = 1e-2, 0.1
MOST = LR * 0.1 / 0.001**0.5  # of a step of Adam, after a burst


def rectified() -> optax.GradientTransformation:
    """Steps by the size of the gradient only."""
    return optax.stateless(lambda g, _: jax.tree.map(lambda x: -LR * jnp.abs(x), g))


def forgetful() -> optax.GradientTransformation:
    """Its momentum is no part of its state: whoever starts it anew loses it."""
    kept: dict[str, Any] = {}

    def init(params: Any) -> Any:
        kept["momentum"] = jax.tree.map(jnp.zeros_like, params)
        return jnp.zeros(())

    def update(g: Any, state: Any, params: Any = None) -> Any:
        kept["momentum"] = jax.tree.map(lambda m, x: 0.9 * m + x, kept["momentum"], g)
        return jax.tree.map(lambda m: -LR * m, kept["momentum"]), state

    return optax.GradientTransformation(init, update)


def compiled(optimizer: Any) -> optax.GradientTransformation:
    """The same, quicker: traced once."""
    return optax.GradientTransformation(optimizer.init, jax.jit(optimizer.update))


adam, sgd = compiled(optax.adam(LR)), compiled(optax.sgd(LR))
coupled = optax.chain(optax.add_decayed_weights(DECAY), optax.adam(LR))
decayed = compiled(optax.adamw(LR, weight_decay=DECAY))
clipped = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(LR))
PAIRS: dict[str, tuple[Any, Any]] = {  # a law: an optimizer that keeps it, and one that does not
    "sign flip equivariance": (adam, compiled(rectified())),
    "zero gradients": (adam, compiled(optax.adam(LR, eps=0.0))),
    "NaN stays where it is": (adam, compiled(clipped)),
    "NaN is skipped": (compiled(optax.apply_if_finite(optax.adam(LR), 3)), adam),
    "scale invariance": (adam, sgd),
    "decoupled weight decay": (decayed, compiled(coupled)),
    "state survives serialisation": (adam, forgetful()),
    "bounded steps": (adam, sgd),
}


def probe(optimizer: Any, law: str, **options: Any) -> None:
    decay = LR * DECAY if law == "decoupled weight decay" else 0.0
    given = {"decay": decay, "largest_step": MOST, "examples": 8, **options}
    vl.probe_optimizer(optimizer, laws=(law,), **given)(law)


@pytest.mark.parametrize("law", PAIRS)
def test_an_optimizer_that_keeps_a_law_passes(law: str) -> None:
    probe(PAIRS[law][0], law)


@pytest.mark.parametrize("law", PAIRS)
def test_an_optimizer_that_breaks_a_law_is_found(law: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=f"the optimizer lacks {law}"):
        probe(PAIRS[law][1], law)


@pytest.mark.parametrize("law", ["sign flip equivariance", "state survives serialisation"])
def test_adamw2_keeps_the_laws_of_a_capped_step(law: str) -> None:
    probe(compiled(vl.adamw2(LR, tau=0.1)), law)


def test_the_bound_of_a_step_of_adam_is_sharp() -> None:
    with pytest.raises(pytest.fail.Exception, match="moves by"):
        probe(adam, "bounded steps", largest_step=0.9 * LR)


def test_decay_shrinks_what_zero_gradients_do_not_move() -> None:
    law = "zero gradients"
    probe(decayed, law, decay=LR * DECAY)
    with pytest.raises(pytest.fail.Exception, match="after 1 gradients of zero"):
        probe(decayed, law, decay=0.0)


def test_doubles_are_held_to_their_own_rounding_in_a_scope() -> None:
    def nearly(x: Any) -> Any:
        return -LR * x * (1 + 1e-7 * (x > 0))

    slipped = optax.stateless(lambda g, _: jax.tree.map(nearly, g))
    with jax.enable_x64(False):
        probe(slipped, "sign flip equivariance", dtype="float32")
        with pytest.raises(pytest.fail.Exception, match="lacks sign flip"):
            probe(slipped, "sign flip equivariance", dtype="float64")
        assert jnp.ones(()).dtype == jnp.float32


def remembering(kept: dict[str, Any]) -> optax.GradientTransformation:
    """Momentum in a dict outside the state; the count of steps tells when to begin anew."""

    def update(g: Any, state: Any, params: Any = None) -> Any:
        if int(state) == 0 or not kept:
            kept["momentum"] = jax.tree.map(jnp.zeros_like, g)
        kept["momentum"] = jax.tree.map(lambda m, x: 0.9 * m + x, kept["momentum"], g)
        return jax.tree.map(lambda m: -LR * m, kept["momentum"]), state + 1

    return optax.GradientTransformation(lambda params: jnp.zeros((), int), update)


def test_what_an_optimizer_keeps_outside_its_state_is_found() -> None:
    with pytest.raises(pytest.fail.Exception, match="after a restart, a parameter is off"):
        probe(remembering({}), "state survives serialisation", examples=3)


def test_a_random_key_survives_serialisation() -> None:
    noisy = optax.chain(optax.add_noise(0.1, 0.5, jax.random.key(3)), optax.sgd(LR))
    probe(noisy, "state survives serialisation", examples=3)


def test_nan_is_put_into_each_parameter() -> None:
    def update(g: Any, state: Any, params: Any = None) -> Any:
        spread = 0 * g["vector"].sum()
        return {"matrix": -LR * g["matrix"] + spread, "vector": -LR * g["vector"]}, state

    one_way = optax.GradientTransformation(lambda params: optax.EmptyState(), update)
    with pytest.raises(pytest.fail.Exception, match="with NaN in the vector"):
        probe(one_way, "NaN stays where it is")


@pytest.mark.parametrize("rule", [optax.adamw, optax.lion, optax.adam])
def test_the_eps_of_an_optimizer_is_allowed_for_in_doubles(rule: Any) -> None:
    probe(compiled(rule(LR)), "scale invariance", dtype="float64")


def test_a_scale_that_shows_a_little_is_found_in_doubles() -> None:
    def nearly(x: Any) -> Any:
        return -LR * jnp.sign(x) * (1 + 1e-6 * jnp.log(jnp.abs(x)))

    slipped = optax.stateless(lambda g, _: jax.tree.map(nearly, g))
    with pytest.raises(pytest.fail.Exception, match="with gradients times"):
        probe(slipped, "scale invariance", dtype="float64")


def test_every_law_has_an_optimizer_that_breaks_it() -> None:
    assert set(PAIRS) == set(OPTIMIZER_LAWS)
    assert all(law.__doc__ for law in OPTIMIZER_LAWS.values())


@pytest.mark.parametrize(
    ("laws", "options", "received"),
    [
        (("beauty",), {}, "received beauty"),
        ((), {}, "received none"),
        (("bounded steps",), {}, "expected largest_step"),
    ],
)
def test_laws_of_an_optimizer_are_named(laws: tuple, options: dict, received: str) -> None:
    with pytest.raises(ValueError, match=received):
        vl.probe_optimizer(optax.adam(LR), laws=laws, **options)


def test_what_is_no_optimizer_is_refused() -> None:
    with pytest.raises(vl.InputProblem, match="received a str"):
        probe("adam", "zero gradients")

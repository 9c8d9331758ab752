"""A module that keeps its laws passes, and one that breaks a law fails it, in two frameworks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import verilimit as vl
from checks.properties.module_laws import MODULE_LAWS
from tests.attention_modules import BROKEN, LIPSCHITZ, WIDTH, Slips, attend, module, right

HERE = ("numpy", "jax")


def failure(probed: vl.AttentionModule, law: str) -> str:
    with pytest.raises(pytest.fail.Exception) as failed:
        vl.probe_attention(probed, laws=(law,), examples=100)(law)
    return str(failed.value)


@pytest.mark.parametrize("framework", HERE)
@pytest.mark.parametrize("law", BROKEN)
def test_a_right_module_obeys_its_laws(framework: str, law: str) -> None:
    vl.probe_attention(module(framework, right(law)), laws=(law,), examples=20)(law)


@pytest.mark.parametrize("framework", HERE)
@pytest.mark.parametrize("law", sorted(set(BROKEN) - {"mask invariance"}))
def test_a_broken_module_lacks_the_law_that_it_breaks(framework: str, law: str) -> None:
    said = failure(module(framework, BROKEN[law]), law)
    assert f"lacks {law}" in said
    assert "sample = Sample(seed=" in said


def test_a_mask_that_changes_something_where_nothing_is_masked_is_found() -> None:
    halved = module("numpy", masked=lambda x, keep: 0.5 * attend(np, Slips(), x, keep))
    assert "with a mask of all, an output changes" in failure(halved, "mask invariance")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_gradient_of_jax_agrees_and_one_that_is_stopped_does_not(dtype: str) -> None:
    law = "gradient agrees with finite differences"
    vl.probe_attention(module("jax", dtype=dtype), laws=(law,), examples=20)(law)
    said = failure(module("jax", Slips(stopped=True), dtype=dtype), law)
    assert "a directional derivative is" in said


def test_a_gradient_of_ones_own_is_asked_and_found_wrong() -> None:
    law, scaled = "gradient agrees with finite differences", 3.0
    good = module("numpy", call=lambda x: scaled * x, gradient=lambda x, c: scaled * c)
    vl.probe_attention(good, laws=(law,), examples=20)(law)
    wrong = module("numpy", call=lambda x: scaled * x, gradient=lambda x, c: c)
    assert "the gradient says" in failure(wrong, law)


def test_homogeneity_has_the_degree_that_is_named() -> None:
    def linear(x: np.ndarray) -> np.ndarray:
        return x @ np.swapaxes(x, -1, -2) @ x

    vl.probe_attention(module("numpy", call=linear, degree=3), laws=("homogeneity",))("homogeneity")
    said = failure(module("numpy", call=linear, degree=1), "homogeneity")
    assert "s^degree f(x) is missed" in said


def test_sequences_without_a_batch_have_the_same_laws() -> None:
    for law in sorted(set(BROKEN) - {"batch consistency"}):
        one = module("jax", right(law), batched=False)
        vl.probe_attention(one, laws=(law,), examples=10)(law)
    broken = module("jax", Slips(order=0.01), batched=False)
    assert "lacks permutation equivariance" in failure(broken, "permutation equivariance")


def test_half_precision_is_held_to_its_own_rounding() -> None:
    law = "permutation equivariance"
    vl.probe_attention(module("jax", dtype="bfloat16"), laws=(law,), examples=20)(law)
    assert law in failure(module("jax", Slips(order=0.5), dtype="bfloat16"), law)


def test_doubles_of_jax_live_in_a_scope() -> None:
    seen = set()

    def watched(x: jax.Array) -> jax.Array:
        seen.add(str(x.dtype))
        return x

    with jax.enable_x64(False):
        probed = module("jax", call=watched, dtype="float64")
        vl.probe_attention(probed, laws=("batch consistency",), examples=5)("batch consistency")
        assert jnp.ones(1).dtype == jnp.float32
    assert seen == {"float64"}


def test_the_constant_of_the_weights_is_not_far_above_what_is_seen() -> None:
    """It holds, and a tenth of it does not."""
    law = "Lipschitz on the ball"
    assert failure(module("numpy", lipschitz=LIPSCHITZ / 10), law)


@pytest.mark.parametrize(
    ("laws", "received"),
    [
        (None, "received none"),
        (("beauty",), "received beauty"),
        (("causality", "homogeneity"), "received homogeneity, which needs degree of the module"),
    ],
)
def test_laws_of_a_module_are_named(laws: tuple | None, received: str) -> None:
    with pytest.raises(ValueError, match=received):
        vl.probe_attention(module("numpy"), laws=laws)


def test_an_argument_that_a_module_does_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="laws and examples alone"):
        vl.probe_attention(module("numpy"), laws=("causality",), causal=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"framework": "tensorflow"},
        {"dtype": "int8"},
        {"heads": (3, 2)},
        {"heads": (4, 4)},  # its law would compare a function with itself
        {"dtypes": ("int8",)},
        {"dtypes": ()},
        {"width": 0},
        {"tokens": 1},
    ],
)
def test_a_module_that_makes_no_sense_is_refused(wrong: dict) -> None:
    with pytest.raises(vl.InputProblem, match="expected"):
        vl.AttentionModule(**{"call": np.tanh, "width": WIDTH, **wrong})


def test_every_law_is_tested() -> None:
    here = {"homogeneity", "gradient agrees with finite differences"}
    assert set(MODULE_LAWS) == {*BROKEN, *here}
    assert all(law.holds.__doc__ for law in MODULE_LAWS.values())


def test_a_gradient_of_half_precision_is_seen_along_itself() -> None:
    law = "gradient agrees with finite differences"
    vl.probe_attention(module("jax", dtype="bfloat16"), laws=(law,), examples=20)(law)
    lost = module("jax", dtype="bfloat16", gradient=lambda x, c: 0 * x)
    assert "along the gradient, of length 0" in failure(lost, law)

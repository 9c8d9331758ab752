"""Generated functions of the rooms at branch points, at zero and far from it."""

from contextlib import suppress

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from checks.suite.house import BUILT_IN
from numerics.generated import noise_synchronization, shaped_attention_sde
from tests.generated_code import arguments, functions
from tests.test_codegen_contract import REAL, assert_right

NEAR = (0.0, 1e-12, 1e-9, 1e-6, 1e-3)
TOKENS = jnp.array([[1.0, 0.3], [0.3, 2.0]])


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_scalars_at_zero_near_it_and_far_from_it(room: str) -> None:
    """One scalar at a time, in functions of scalars alone; the others are of order one."""
    for f in functions(room):
        if not all(argument.is_Symbol for argument in f.arguments):
            continue
        for place, argument in enumerate(f.arguments):
            if argument.is_integer:
                continue
            signs = (1.0,) if argument.is_nonnegative else (1.0, -1.0)
            for number in (sign * x for sign in signs for x in (*NEAR, 40.0)):
                if number == 0 and argument.is_positive:
                    continue
                values = arguments(f, 3)
                values[place] = number
                with suppress(*REAL):  # not defined there
                    assert_right(room, f.name, values)


@pytest.mark.parametrize("shift", [0.0, 1e-15, -1e-15, 1e-9, -1e-9, 1e-4])
@pytest.mark.parametrize("end", [1.0, -1.0])
def test_the_relu_kernel_at_the_ends_of_its_interval(end: float, shift: float) -> None:
    """Beyond the ends it is its tangent there; without inner biases rho is u."""
    u = end + shift
    assert_right("noise_synchronization", "relu_kernel", [u, 5, 1e-300, 0.2])
    slope = jax.grad(noise_synchronization.relu_kernel)(u, 5.0, 0.0, 0.2)
    inside = shift * end < 0
    assert slope == pytest.approx((0.1 if end > 0 else 0.0), abs=1e-3 if inside else 1e-15)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_drift_of_the_mlp_for_parallel_tokens(sign: float) -> None:
    edge = np.array([[1.0, sign], [sign, 1.0]])
    for inside in (0.0, 1e-3, 1e-1):
        values = [edge * (1 - inside) + inside * np.eye(2), 0.4, -1.6, 0.7]
        assert_right("shaped_attention_sde", "mlp_drift", values)
    slope = jax.jacobian(shaped_attention_sde.mlp_drift)(jnp.asarray(edge), 0.4, -1.6, 0.7)
    assert jnp.isfinite(slope).all()
    assert jnp.isfinite(jax.jacobian(shaped_attention_sde.mlp_drift)(TOKENS, 0.4, -1.6, 0.7)).all()

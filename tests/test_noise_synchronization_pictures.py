"""Numbers in the pictures of the common-noise room, by a second route."""

import pytest

from checks.noise_synchronization.pictures import ACTIVATIONS, exponents
from numerics.noise_synchronization import coercivity


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("sigma", [0.0, 0.1])
def test_exponents_in_the_table_are_those_of_quadrature(name: str, sigma: float) -> None:
    stated = coercivity(name, d=5, sigma_u=sigma, sigma_w=sigma)
    for found, expected in zip(exponents(name, 5, sigma), stated, strict=True):
        assert abs(found - expected) < 1e-9

"""The claims of a layer as a test: ``test_layer = vl.pytest_claims(layer)``."""

from collections.abc import Callable

import pytest

from checks.layers import layer_claims
from checks.verdicts import Claim
from theory.layers.layer import Layer


def pytest_claims(layer: Layer) -> Callable[..., None]:
    """A test function, run once for each claim of the layer; it fails unless SUPPORTED."""
    if not isinstance(layer, Layer):
        raise TypeError(f"expected a vl.Layer; received {type(layer).__name__}")

    @pytest.mark.parametrize("claim", layer_claims(layer), ids=lambda c: c.id)
    def test_claim(claim: Claim, judge_claim: Callable[..., object]) -> None:
        judge_claim(claim)

    return test_claim

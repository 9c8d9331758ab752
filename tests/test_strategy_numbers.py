"""`numbers` draws what lies between any two doubles, and refuses everything else in words."""

from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.properties import strategies as vs

LARGEST, FLOAT32 = float(np.finfo(float).max), float(np.finfo("float32").max)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (-LARGEST, LARGEST), (0, 1e308), (0, FLOAT32), (1e17, 2e17), (0, 1e17), (0.3, 0.3),
        (0.1, 0.2), (-0.0, 0.0), (0.0, -0.0), (0, 5e-324), (1e-320, 2e-320), (1e-320, 1.0),
        (np.int64(0), np.float32(0.1)), (sp.Rational(1, 3), 1), (-1, -1),
    ],
)  # fmt: skip
def test_all_that_is_drawn_lies_between_the_ends(low: Any, high: Any) -> None:
    @settings(max_examples=60, derandomize=True, database=None)
    @given(vs.numbers(low, high) | vs.vectors(1, low, high).map(lambda v: float(v[0])))
    def inside(x: float) -> None:
        assert isinstance(x, float)
        assert float(low) <= x <= float(high)

    inside()


@pytest.mark.parametrize(
    "end", [np.inf, -np.inf, np.nan, 10**400, "1", None, 1j, sp.oo, sp.Symbol("a")]
)
def test_ends_that_are_no_finite_numbers_are_refused(end: Any) -> None:
    for low, high in ((0, end), (end, 0)):
        with pytest.raises(ValueError, match="expected finite ends, numbers of double precision"):
            vs.numbers(low, high)


@given(st.floats(-1e9, 1e9, allow_subnormal=False), st.floats(1e-3, 1e9))
@settings(max_examples=30, derandomize=True, database=None)
def test_reversed_ends_are_refused(low: float, length: float) -> None:
    with pytest.raises(ValueError, match="low <= high"):
        vs.numbers(low + length, low)

"""Levels at rounding are left out and named; a floor that is larger than rounding refutes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp

from checks.verdicts import ClaimError, ConstantClaim, DecayClaim, RateClaim, Result, judge

n = sp.Symbol("n", positive=True)
OCTAVES = [2**k for k in range(3, 9)]


def study(error: Callable[[int], float], levels: list[int], order: float, **fields: Any) -> Result:
    """A deterministic convergence study: every seed has the same error."""
    return judge(
        RateClaim(
            id="user/rate", predicted=n ** -sp.nsimplify(order), sizes={"n": levels},
            seeds=4, cap=4, error=lambda size, keys: np.full(len(keys), error(size["n"])),
            **{"kind": "exact", **fields},
        )
    )  # fmt: skip


def manufactured(m: int) -> float:
    """Central differences for u'' = 0 have the straight line exactly."""
    x = np.linspace(0, 1, m + 1)
    second = np.diag(-2 * np.ones(m - 1)) + np.diag(np.ones(m - 2), 1) + np.diag(np.ones(m - 2), -1)
    u = 0.3 + 1.7 * x
    right = np.zeros(m - 1)
    right[[0, -1]] = -u[[0, -1]]
    return float(abs(np.linalg.solve(second, right) - u[1:-1]).max())


def runge_kutta(m: int) -> float:
    y, h = 1.0, 1 / m
    for _ in range(m):
        slopes = [y]
        for part in (h / 2, h / 2, h):
            slopes.append(y + part * slopes[-1])
        y += h / 6 * (slopes[0] + 2 * slopes[1] + 2 * slopes[2] + slopes[3])
    return abs(y - np.e)


def euler_in_single_precision(m: int) -> float:
    y = np.float32(1)
    for _ in range(m):
        y = y * np.float32(1 + 1 / m)
    return abs(float(y) - np.e)


def difference_quotient(m: int) -> float:
    return float(abs((np.sin(1 + 1 / m) - np.sin(1)) * m - np.cos(1)))


FLOORS = {  # what is measured, its levels, its order, and its rounding where that must be named
    "fourth order to rounding": (runge_kutta, [2**k for k in range(3, 15)], 4, None),
    "single precision": (
        euler_in_single_precision, [2**k for k in range(3, 18, 2)], 1,
        lambda size: 6e-8 * size["n"],
    ),
    "a difference quotient": (
        difference_quotient, [2**k for k in range(3, 42, 3)], 1, lambda size: 1e-16 * size["n"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["exact", "upper bound"])
@pytest.mark.parametrize("name", FLOORS)
def test_a_true_rate_is_supported_above_its_rounding_and_the_rest_is_named(
    name: str, kind: str
) -> None:
    error, levels, order, resolution = FLOORS[name]
    result = study(error, levels, order, kind=kind, resolution=resolution)
    assert result.verdict.name == "SUPPORTED", result.because
    assert f"'n': {levels[-1]}" in next(note for note in result.notes if "left out" in note)
    assert all(mutant.verdict.name == "REFUTED" for mutant in result.mutants)
    if resolution is not None:
        unnamed = study(error, levels, order, kind=kind)
        assert unnamed.verdict.name == "INCONCLUSIVE"
        assert "give the rounding of the measured quantity as resolution=" in unnamed.because


def coarse(value: float) -> float:
    """On the grid of single precision."""
    return round(value * 2**21) / 2**21


HIDDEN = {
    "a grid as coarse as single precision": lambda m: coarse(max(1 / m, 2**-10)),
    "a late floor on that grid": lambda m: coarse(1 / m + 1e-3 * (m > 600)),
    "a floor of a thousandth of small errors": lambda m: 1e-9 * max(1 / m, 2**-10),
    "errors of exactly zero": lambda m: 1 / m if m < 64 else 0.0,
    "errors of exactly zero, on no grid": lambda m: m**-1.0 / 3 if m < 64 else 0.0,
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_may_be_a_wrong_limit_is_never_left_out(name: str) -> None:
    result = study(HIDDEN[name], [2**k for k in range(2, 15)], 1)
    assert result.verdict.name in ("REFUTED", "INCONCLUSIVE"), result.because
    few = study(HIDDEN[name], [2**k for k in range(2, 15)], 1, resolution=1e-3)
    assert few.verdict.name == "INCONCLUSIVE"  # most levels would be left out


@pytest.mark.parametrize("kind", ["exact", "upper bound"])
def test_a_study_of_nothing_but_rounding_decides_nothing(kind: str) -> None:
    result = study(manufactured, OCTAVES, 2, kind=kind)
    assert result.verdict.name == "INCONCLUSIVE"
    assert "rounding floor" in result.because
    assert "resolution" in result.because


WRONG = {
    "a wrong limit": lambda m: 1 / m + 1 / 512,
    "a small wrong limit": lambda m: 1e-6 * (1 / m + 1 / 512),
    "an error that grows": lambda m: 1e-3 * m,
    "another order": lambda m: m**-1.5,
    "a wrong limit in single precision": lambda m: abs(
        float(np.float32(1 + 1 / m + 0.01)) - 1.0000000123
    ),
}


@pytest.mark.parametrize("fields", [{}, {"resolution": 1e-12}, {"resolution": 0.0}])
@pytest.mark.parametrize("name", WRONG)
def test_a_floor_above_rounding_still_refutes(name: str, fields: dict[str, Any]) -> None:
    result = study(WRONG[name], OCTAVES, 1, **fields)
    assert result.verdict.name == "REFUTED", result.because


def test_a_named_resolution_decides_which_levels_speak() -> None:
    def error(m: int) -> float:
        return 1 / m + 1 / 512

    assert study(error, OCTAVES, 1).verdict.name == "REFUTED"
    named = study(error, [8, 11, 16, 23, 32, 45, 64], 1, resolution=lambda size: 1 / 512)
    assert named.verdict.name != "REFUTED"
    assert "'n': 64" in next(note for note in named.notes if "left out" in note)
    exact = study(manufactured, OCTAVES, 2, resolution=0)
    assert exact.verdict.name == "REFUTED"
    for wrong in (1j, "small", np.nan, -1.0):
        with pytest.raises(ClaimError, match="resolution"):
            study(error, OCTAVES, 1, resolution=lambda size, wrong=wrong: wrong)


def test_constants_and_curves_have_a_rounding_floor_as_well() -> None:
    levels = [2**k for k in range(3, 15)]
    constant = ConstantClaim(
        id="user/constant", predicted=n**-4, constant=np.e / 120, sizes={"n": levels},
        seeds=4, cap=4, error=lambda size, keys: np.full(len(keys), runge_kutta(size["n"])),
    )  # fmt: skip
    times = np.arange(0.0, 60.0, 5.0)
    falling = np.abs(1.0 + np.exp(-times) - 1.0)
    curve = DecayClaim(
        id="user/curve", times=times, rate=1.0, transient=None, seeds=4, cap=4,
        curve=lambda size, keys: np.tile(falling + 1e-17 * times, (len(keys), 1)),
    )  # fmt: skip
    for claim in (constant, curve):
        result = judge(claim)
        assert result.verdict.name == "SUPPORTED", result.because
        assert any("left out" in note for note in result.notes)

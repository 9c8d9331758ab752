"""Monotone claims: every step in one direction, or not."""

import numpy as np
import pytest

from checks.verdicts import Data, MonotoneClaim, Verdict, judge

SIZES = {"n": [8, 16, 32, 64]}


def claim(truth, **more) -> MonotoneClaim:
    def error(size, keys):
        noise = [np.random.default_rng([*key, *size.values()]).standard_normal() for key in keys]
        return truth(**size) * np.exp(0.3 * np.array(noise))

    return MonotoneClaim(**{"id": "user/fall", "sizes": SIZES, "error": error, **more})


@pytest.mark.parametrize("statistic", ["mean", "rms", "geometric"])
def test_what_falls_is_supported_and_what_grows_is_refuted(statistic: str) -> None:
    falls = claim(lambda n: n**-0.5, statistic=statistic)
    result = judge(falls)
    assert result.verdict is Verdict.SUPPORTED, result.because
    assert len(result.tests) == 3
    grows = claim(lambda n: n**-0.5, statistic=statistic, kind="grows")
    assert judge(grows).verdict is Verdict.REFUTED
    assert judge(claim(lambda n: n**0.5, kind="grows")).verdict is Verdict.SUPPORTED


def test_one_step_in_the_other_direction_refutes() -> None:
    result = judge(claim(lambda n: n**-0.5 * (2 if n == 32 else 1)))
    assert result.verdict is Verdict.REFUTED
    assert "log ratio of n=32 to 16" in result.because


def test_equal_levels_are_not_supported() -> None:
    assert judge(claim(lambda n: min(n, 32) ** -0.5)).verdict is Verdict.INCONCLUSIVE
    assert judge(claim(lambda n: 1.0)).verdict is Verdict.INCONCLUSIVE


def test_every_slice_must_fall() -> None:
    sizes = {**SIZES, "m": [1, 2]}
    both = claim(lambda n, m: n**-0.5 / m, sizes=sizes, size="n")
    assert judge(both).verdict is Verdict.SUPPORTED
    one = claim(lambda n, m: n ** (-0.5 if m == 1 else 0.3), sizes=sizes, size="n")
    result = judge(one)
    assert result.verdict is Verdict.REFUTED
    assert "m=2" in result.because


@pytest.mark.parametrize("kind", ["falls", "grows"])
def test_the_planted_error_turns_the_smallest_step_round(kind: str) -> None:
    sign = -1 if kind == "falls" else 1
    means = np.exp(sign * np.array([0.0, 1.0, 1.2, 2.0]))
    points = tuple({"n": n} for n in SIZES["n"])
    data = Data(points, {"error": [np.full(4, mean) for mean in means]}, 4)
    (mutant,) = claim(lambda n: 1.0, kind=kind).errors_to_plant()
    steps = np.diff(np.log(mutant.plant(data).matrix("error")[0]))
    assert steps == pytest.approx(sign * np.array([1.0, -0.4, 0.8]))


def test_errors_of_zero_and_wrong_fields_are_named() -> None:
    assert "its logarithm is needed" in judge(claim(lambda n: 0.0)).because
    with pytest.raises(ValueError, match="expected kind in"):
        claim(lambda n: 1.0, kind="shrinks")
    with pytest.raises(ValueError, match="at least 3 levels"):
        claim(lambda n: 1.0, sizes={"n": [8, 16]})


@pytest.mark.parametrize("kind", ["falls", "grows"])
@pytest.mark.parametrize(
    "error", [lambda n: 1.0 + 1e-16 * n, lambda n: 1.0, lambda n: 1e-17 * (1 + 1e-16 * n)]
)
def test_differences_within_rounding_decide_nothing(error, kind: str) -> None:
    exact = claim(None, error=lambda size, keys: np.full(len(keys), error(**size)), kind=kind)
    result = judge(exact)
    assert result.verdict is Verdict.INCONCLUSIVE, result.because
    assert "do not differ by more than rounding from n=16 to 8" in result.because
    assert "margin" not in result.because


@pytest.mark.parametrize("unit", [1.0, 1e-20])
def test_a_floor_of_rounding_is_one_of_quantities_of_order_one(unit: float) -> None:
    """Errors that fall from 0.1 to 1e-17 and there move up are rounding; in another unit, not."""
    floor = {2: 0.1, 4: 0.01, 8: 1e-8, 16: 1e-17, 32: 1.5e-17}

    def error(size, keys):
        return np.full(len(keys), unit * (floor[size["n"]] if unit == 1 else 1 + size["n"]))

    result = judge(claim(None, error=error, sizes={"n": list(floor)}))
    assert result.verdict is (Verdict.INCONCLUSIVE if unit == 1 else Verdict.REFUTED)
    assert ("n=32 to 16" in result.because) == (unit == 1)


@pytest.mark.parametrize(
    "points",
    [
        [(1, 1), (2, 2), (4, 4)],
        [(1, 1), (2, 1), (4, 1), (4, 4)],
        [(1, 1), (2, 1), (2, 1), (4, 1)],
    ],
)
def test_slices_without_steps_are_refused(points) -> None:
    given = [{"n": n, "m": m} for n, m in points]
    with pytest.raises(ValueError, match=r"at least two levels of n, each once, at m="):
        claim(lambda n, m: 1 / n, sizes=None, points=given)

"""A coordinate check names what is wrong with a network or a prediction, and where."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import verilimit as vl

WIDTHS = [16, 32, 64, 128]
Activations = Callable[[int, int], dict[str, Any]]  # of width and step


def training(activations: Activations) -> Any:
    def build(width: int, seed: int) -> Any:
        steps = iter(range(10))
        return lambda: activations(width, next(steps))

    return build


def refusal(build: Any, predict: Any = None, **options: Any) -> str:
    with pytest.raises(vl.InputProblem) as refused:
        vl.coordinate_check(
            build, **{"widths": WIDTHS, "predict": predict or {"a": 0}, "steps": 2, **options}
        )
    return str(refused.value)


def ones(width: int, step: int) -> dict[str, Any]:
    return {"a": np.ones(4)}


def test_a_name_that_does_not_appear_is_named_with_those_that_do() -> None:
    said = refusal(training(ones), {"logits": 0})
    assert "a step that returns a dict with ['logits']" in said
    assert "received ['a'] at width 16, step 0" in said


def test_a_step_that_returns_no_dict_is_refused() -> None:
    assert "received a ndarray" in refusal(training(lambda width, step: np.ones(3)))  # type: ignore


def test_a_build_that_makes_no_step_is_refused() -> None:
    assert "received a dict from build at width 16" in refusal(lambda width, seed: ones(width, 0))
    assert "received 5" in refusal(5)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_training_that_blows_up_is_named_with_width_step_and_seed(value: float) -> None:
    blown = training(
        lambda width, step: {"a": np.full(4, value if (width, step) == (64, 2) else 1)}
    )
    said = refusal(blown)
    assert "NaN or infinity in a at width 64, step 2, seed " in said
    assert "smaller learning rate" in said


def test_a_change_that_is_rounding_is_refused() -> None:
    def still(width: int, step: int) -> dict[str, Any]:
        return {"a": np.ones(4, np.float32) + np.float32(2e-7 * step)}

    assert "roundings of float32" in refusal(training(still), {"change of a": 0})


def test_a_change_needs_the_same_examples() -> None:
    said = refusal(training(lambda width, step: {"a": np.ones(4 + step)}), {"change of a": 0})
    assert "shapes (4,) and (5,)" in said


@pytest.mark.parametrize(
    ("options", "received"),
    [
        ({"widths": [16, 32, 64]}, "at least 4 different whole numbers"),
        ({"widths": [16, 32, 64, 64.5]}, "at least 4 different whole numbers"),
        ({"widths": [*WIDTHS, "a"]}, "at least 4 different whole numbers"),
        ({"widths": [*WIDTHS, np.nan]}, "at least 4 different whole numbers"),
        ({"widths": [*WIDTHS, np.inf]}, "at least 4 different whole numbers"),
        ({"widths": 64}, "received 64"),
        ({"steps": 1.5}, "steps=1.5"),
        ({"predict": ["a"]}, "predict=['a']"),
        ({"predict": {"a": {}}}, "received {}"),
        ({"predict": {"a": {True: 0}}}, "received {True: 0}"),
        ({"predict": {"a": {1.0: 0}}}, "received {1.0: 0}"),
        ({"predict": {"a": True}}, "received True"),
        ({"kind": "lower bound"}, "kind='lower bound'"),
        ({"margin": 0.5}, "above 0 and below 1/2"),
        ({"margin": 0}, "above 0 and below 1/2"),
        ({"depths": [3]}, "depths: at least 2"),
        ({"steps": 0}, "steps=0"),
        ({"predict": {"a": "flat"}}, "received 'flat'"),
        ({"predict": {"a": (0, 0)}}, "received (0, 0)"),
        ({"predict": {"a": 0}, "depths": [2, 4]}, "a power of width and of depth"),
        ({"predict": {"a": {7: 0}}}, "0 to 2; received {7: 0}"),
        ({"predict": {"change of a": {0: 0}}}, "1 to 2; received {0: 0}"),
    ],
)
def test_what_cannot_be_checked_is_refused(options: dict[str, Any], received: str) -> None:
    assert received in refusal(training(ones), **options)


def test_an_error_of_the_network_names_its_size() -> None:
    def build(width: int, seed: int) -> Any:
        raise RuntimeError("out of memory") if width == 64 else StopIteration

    with pytest.raises(vl.ClaimError, match="width"):
        vl.coordinate_check(build, widths=WIDTHS, predict={"a": 0})


def test_scales_without_any_noise_are_judged() -> None:
    found = vl.coordinate_check(training(ones), widths=WIDTHS, predict={"a": 0}, steps=1)
    assert found.verdict is vl.Verdict.SUPPORTED, str(found)


def test_an_activation_that_is_zero_has_no_exponent() -> None:
    zero = training(lambda width, step: {"a": np.zeros(4)})
    found = vl.coordinate_check(zero, widths=WIDTHS, predict={"a": 0}, steps=1)
    assert found.verdict is vl.Verdict.INCONCLUSIVE
    assert "activations are exactly zero" in str(found)
    assert "IdentityClaim" not in str(found)
    found.plot().savefig(io.BytesIO())  # without a warning


def test_a_buffer_that_is_written_anew_does_not_hide_a_change() -> None:
    def build(width: int, seed: int) -> Any:
        buffer = np.random.default_rng([seed, width]).standard_normal(64)

        def step() -> dict[str, Any]:
            buffer[:] += 1.0
            return {"a": buffer}

        return step

    found = vl.coordinate_check(build, widths=WIDTHS, predict={"change of a": 0}, steps=1)
    assert {row["mean"] for row in found.scales if row["name"] == "change of a"} == {1.0}


def test_numbers_of_numpy_are_numbers() -> None:
    found = vl.coordinate_check(
        training(ones), widths=np.array(WIDTHS), predict={"a": {np.int64(1): np.int64(0)}}, steps=1
    )
    assert found.verdict is vl.Verdict.SUPPORTED


def test_complex_activations_are_refused() -> None:
    said = refusal(training(lambda width, step: {"a": np.ones(4) * 1j}))
    assert "arrays of real numbers" in said
    assert "a at width 16" in said


@pytest.mark.parametrize("unit", [1e200, 1e-170])
def test_the_unit_of_activations_does_not_matter(unit: float) -> None:
    def build(width: int, seed: int) -> Any:
        random = np.random.default_rng([seed, width])
        return lambda: {"a": unit * random.standard_normal(64)}

    options: dict[str, Any] = {"widths": WIDTHS, "predict": {"a": 0, "change of a": 0}, "steps": 1}
    found = vl.coordinate_check(build, **options)
    for row in found.scales:
        expected = 2**0.5 if row["name"] == "change of a" else 1.0
        assert row["mean"] / unit == pytest.approx(expected, rel=0.1)
        assert 0.005 < row["standard_error"] / unit < 0.1
    found.plot()

"""A coordinate check says which scales depend on the width, and refuses what has none."""

import json
import re
from typing import Any

import numpy as np
import pytest

import verilimit as vl
from tests.conftest import ROOT

WIDTHS = [16, 32, 64, 128, 256]


def drawn(powers: dict[str, float], *, step_power: float = 0.0, depth_power: float = 0.0) -> Any:
    """Activations of a known scale; each step changes them by a scale of its own."""

    def build(width: int, seed: int, depth: int = 1) -> Any:
        random = np.random.default_rng([seed, width, depth])
        start = {name: random.standard_normal(64) for name in powers}
        count = -1

        def step() -> dict[str, Any]:
            nonlocal count
            count += 1
            moved = count * random.standard_normal(64) * float(width) ** step_power / 16
            return {
                name: float(width) ** p * float(depth) ** depth_power * start[name] + moved
                for name, p in powers.items()
            }

        return step

    return build


def documented() -> dict[str, Any]:
    text = (ROOT / "docs" / "coordinate_check.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    space: dict[str, Any] = {"__name__": "coordinates"}
    exec(code, space)
    return space


@pytest.mark.slow
def test_the_documented_network_in_mup_is_supported() -> None:
    found = documented()["check"](mup=True)
    assert found.verdict is vl.Verdict.SUPPORTED, str(found)
    assert len(found.results) == 6


@pytest.mark.slow
def test_the_documented_network_in_standard_parametrisation_is_refuted() -> None:
    """A step of Adam moves all entries alike, so that the change of logits grows with the width."""
    found = documented()["check"](mup=False)
    assert found.verdict is vl.Verdict.REFUTED, str(found)
    first = found.results["change of logits", 1]
    assert first.verdict is vl.Verdict.REFUTED
    assert found.exponent("change of logits", 1)[0] > 0.5


def test_exponents_are_those_that_were_put_in() -> None:
    build = drawn({"a": 0.0, "b": 0.5}, step_power=-9.0)
    found = vl.coordinate_check(build, widths=WIDTHS, predict={"a": 0, "b": 0.5}, steps=1)
    assert found.verdict is vl.Verdict.SUPPORTED, str(found)
    for name, power in (("a", 0.0), ("b", 0.5)):
        _, low, high = found.exponent(name, 1)
        assert low < power < high


@pytest.mark.parametrize("wrong", [-0.5, 0.5])
def test_a_prediction_that_is_half_off_is_refuted(wrong: float) -> None:
    build = drawn({"a": 0.0}, step_power=-9.0)
    found = vl.coordinate_check(build, widths=WIDTHS, predict={"a": wrong}, steps=1)
    assert found.verdict is vl.Verdict.REFUTED, str(found)
    assert f"claimed {wrong:g}" in str(found)


def test_features_that_do_not_learn_are_flat_and_their_change_is_not() -> None:
    build = drawn({"hidden": 0.0}, step_power=-0.5)
    found = vl.coordinate_check(
        build, widths=WIDTHS, predict={"hidden": {0: 0}, "change of hidden": 0}, steps=1
    )
    assert found.results["hidden", 0].verdict is vl.Verdict.SUPPORTED
    assert found.results["change of hidden", 1].verdict is vl.Verdict.REFUTED
    assert found.exponent("change of hidden", 1)[0] == pytest.approx(-0.5, abs=0.1)


def readout(*, start: float, change: float, share: float = 0.1) -> Any:
    """Logits that are of two orders of the width, at initialisation and in what training adds."""

    def build(width: int, seed: int) -> Any:
        random = np.random.default_rng([seed, width])
        first, added = random.standard_normal((2, 256))
        scales = float(width) ** start, share * float(width) ** change
        steps = iter(range(9))
        return lambda: {"logits": scales[0] * first + scales[1] * added * min(next(steps), 1)}

    return build


def test_a_flat_scale_that_hides_a_growing_change_is_refuted_and_says_by_what() -> None:
    hiding = readout(start=0.0, change=0.5)
    widths = [2, 4, 8, 16]  # where the change is a fraction of the scale
    found = vl.coordinate_check(hiding, widths=widths, predict={"logits": 0}, steps=1)
    assert found.results["logits", 1].verdict is not vl.Verdict.REFUTED
    assert found.verdict is vl.Verdict.REFUTED, str(found)
    assert "the prediction of logits implies" in str(found)
    learning = readout(start=0.0, change=0.0)
    right = vl.coordinate_check(learning, widths=widths, predict={"logits": 0}, steps=1)
    assert right.verdict is vl.Verdict.SUPPORTED, str(right)
    assert set(right.results) == {("logits", 1)}
    assert {row["name"] for row in right.scales} == {"logits"}


def test_a_falling_scale_that_hides_a_flat_change_is_no_refutation() -> None:
    hiding = readout(start=-0.5, change=0.0, share=0.01)
    found = vl.coordinate_check(hiding, widths=WIDTHS, predict={"logits": 0}, steps=1)
    assert found.verdict is vl.Verdict.INCONCLUSIVE, str(found)
    assert "hidden behind what logits was at first" in str(found)
    falling = readout(start=-0.5, change=-0.5)
    found = vl.coordinate_check(falling, widths=WIDTHS, predict={"logits": 0}, steps=1)
    assert found.verdict is vl.Verdict.REFUTED, str(found)


def test_an_upper_bound_admits_scales_that_fall_and_no_scales_that_grow() -> None:
    for power, verdict in ((-0.5, vl.Verdict.SUPPORTED), (0.5, vl.Verdict.REFUTED)):
        found = vl.coordinate_check(
            drawn({"a": power}, step_power=-9.0),
            widths=WIDTHS, predict={"a": 0}, steps=1, kind="upper bound",
        )  # fmt: skip
        assert found.verdict is verdict, str(found)


def test_depth_has_an_exponent_of_its_own() -> None:
    build = drawn({"a": 0.0}, step_power=-9.0, depth_power=0.5)
    found = vl.coordinate_check(
        build, widths=WIDTHS[:4], depths=[2, 4, 8, 16], predict={"a": (0, 0.5)}, steps=1
    )
    assert found.verdict is vl.Verdict.SUPPORTED, str(found)
    assert found.exponent("a", 1, "depth")[0] == pytest.approx(0.5, abs=0.05)
    flat = vl.coordinate_check(
        build, widths=WIDTHS[:4], depths=[2, 4, 8, 16], predict={"a": (0, 0)}, steps=1
    )
    assert flat.verdict is vl.Verdict.REFUTED


def test_the_result_is_plain_data_and_a_figure_with_a_line_a_step() -> None:
    build = drawn({"a": 0.0, "b": 0.5}, step_power=-9.0)
    found = vl.coordinate_check(build, widths=WIDTHS, predict={"a": 0, "b": 0.5}, steps=1)
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert plain["verdict"] == "SUPPORTED"
    assert {(row["name"], row["step"], row["width"]) for row in plain["scales"]} == {
        (name, step, width) for name in "ab" for step in (0, 1) for width in WIDTHS
    }
    panels = found.plot().axes
    assert [axes.get_title() for axes in panels] == ["a", "b"]
    labels = panels[1].get_legend_handles_labels()[1]
    assert labels[0] == "step 0"
    assert re.fullmatch(r"step 1: \+0\.\d\d", labels[1])

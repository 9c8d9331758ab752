"""The search of a probe: smallest examples, repeatable runs, counterexamples as code that runs."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from checks.properties import strategies as vs
from checks.properties.probe import PROFILES, Found, Outside, Probe, as_code, require, search
from checks.properties.probing import (
    load_probes,
    reproduction,
)
from checks.suite.house import BUILT_IN

QUICK = settings(PROFILES["ci"], max_examples=30)


def below_one(x: float) -> None:
    """A property that is false from one on."""
    require(x < 1, f"{x} is not below one")


def test_a_false_property_fails_with_the_smallest_example() -> None:
    found = search(below_one, {"x": vs.numbers(0, 9)}, QUICK)
    assert found.found is Found.FAILS
    assert found.counterexample == {"x": 1.0}
    assert found.message == "1.0 is not below one"


def test_the_same_profile_and_the_same_seed_find_the_same() -> None:
    drawn: list[list[float]] = []

    def watch(x: float) -> None:
        drawn[-1].append(x)

    for seed in (None, None, 1, 1, 2):
        drawn.append([])
        search(watch, {"x": st.floats(0, 1)}, QUICK, seed)
    assert drawn[0] == drawn[1]
    assert drawn[2] == drawn[3]
    assert drawn[2] != drawn[4]


def test_a_fault_of_the_probe_is_not_a_counterexample() -> None:
    def faulty(x: float) -> None:
        raise ZeroDivisionError(x)

    with pytest.raises(ZeroDivisionError):
        search(faulty, {"x": vs.numbers()}, QUICK)


def test_the_printed_code_reproduces_the_violation(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (probe,) = (
        p for p in load_probes("noise_synchronization", BUILT_IN) if p.assumption == "forcing"
    )
    found = search(probe.holds, {**probe.inputs, **probe.outside[0].inputs}, QUICK)
    (tmp_path / "again.py").write_text(f"{reproduction(probe, found)}\n")
    done = subprocess.run(
        [sys.executable, "again.py"], cwd=tmp_path, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"Violation: {found.message}" in done.stderr


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (np.array([[1.0, 0.25]]), "np.array([[1.0, 0.25]])"),
        (np.float64(2.0), "2.0"),
        (
            vs.Piecewise((1.0,), (0.0, 2.0)),
            "Piecewise(kinks=(1.0,), slopes=(0.0, 2.0), offset=0.0)",
        ),
        ({"T": 3}, "{'T': 3}"),
        ("causal", "'causal'"),
    ],
)
def test_values_are_printed_as_code(value: object, code: str) -> None:
    assert as_code(value) == code


def test_a_probe_says_what_is_outside_or_why_nothing_is() -> None:
    with pytest.raises(ValueError, match="received both or neither"):
        Probe("a", "b", {"x": vs.numbers()}, below_one)
    with pytest.raises(ValueError, match="expected inputs among x; received y"):
        Probe("a", "b", {"x": vs.numbers()}, below_one, (Outside("c", {"y": vs.numbers()}),))

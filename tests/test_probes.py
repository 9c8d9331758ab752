"""Every assumption has a probe; a probe holds on its domain and fails outside; it can fail."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from checks.app.founding import EXAMPLE
from checks.app.probing import exit_status, summary
from checks.properties import strategies as vs
from checks.properties.probe import PROFILES, Outside, Probe, require, search
from checks.properties.probing import (
    Beyond,
    Probed,
    load_probes,
    missing_probes,
    run_probes,
)
from checks.suite.house import BUILT_IN
from checks.suite.problem import InputProblem
from tests.conftest import ROOT, Ended

Here = Callable[..., Ended]
QUICK = settings(PROFILES["ci"], max_examples=30)
REACHING = settings(QUICK, phases=(Phase.generate,))  # found is enough; shrinking takes long


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_every_declared_assumption_has_a_probe(room: str) -> None:
    assert not missing_probes(room, BUILT_IN), f"add probes to checks/{room}/probes.py"


def test_a_missing_probe_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    room = "spectral_concentration"
    (kept, *_) = load_probes(room, BUILT_IN)
    monkeypatch.setattr(f"checks.{room}.probes.probes", ())
    assert kept.assumption in missing_probes(room, BUILT_IN)
    found = tuple(run_probes([room], BUILT_IN, REACHING))
    assert {p.word for p in found} == {"MISSING"}
    assert exit_status(found) == 3


def test_a_probe_of_no_assumption_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    room = "spectral_concentration"
    probes = load_probes(room, BUILT_IN)
    monkeypatch.setattr(f"checks.{room}.probes.probes", (*probes, probes[0]))
    with pytest.raises(InputProblem, match="received columns"):
        load_probes(room, BUILT_IN)


def test_a_probe_file_is_of_a_room() -> None:
    found = {path.parent.name for path in (ROOT / "checks").rglob("probes.py")}
    assert found == {*BUILT_IN.names(), EXAMPLE.name}


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_probes_hold_on_their_domain_and_fail_outside(room: str) -> None:
    found = tuple(run_probes([room], BUILT_IN, REACHING))
    for probed in found:
        assert probed.word == "HOLDS", f"{probed.assumption.id}:\n{probed.code}"
        assert probed.inside is not None
        assert probed.inside.examples >= 10, probed.assumption.id
        assert probed.expected, [b.place.because for b in probed.beyond if not b.code]
    assert exit_status(found) == 0
    assert f"{len(BUILT_IN.theorem(room).assumptions)} HOLDS, 0 FAILS" in summary(found)


def below_one(x: float) -> None:
    """A property that is false from one on."""
    require(x < 1, f"{x} is not below one")


def test_the_command_prints_counterexamples_and_a_failure_is_status_one(
    toy_here: Here, toy_house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = toy_here("probe", "--examples", "5")
    assert done.returncode == 3
    assert "MISSING iid" in done.stdout
    probe = Probe("iid", "x < 1.", {"x": vs.numbers(0, 9)}, below_one, no_outside="A test.")
    monkeypatch.setattr("checks.properties.probing.load_probes", lambda room, house: (probe,))
    done = toy_here("probe", "toy_limit", "--examples", "50", "--seed", "1")
    assert done.returncode == 1
    assert "FAILS iid" in done.stdout
    assert "x=1.0," in done.stdout


def test_silence_outside_is_inconclusive() -> None:
    inside = search(below_one, {"x": vs.numbers(0, 0.5)}, QUICK)
    assumption = BUILT_IN.theorem(BUILT_IN.names()[0]).assumptions[0]
    silent = Beyond(Outside("nothing here", {}), inside, "")
    assert exit_status([Probed("toy", assumption, None, inside)]) == 0
    assert exit_status([Probed("toy", assumption, None, inside, (silent,))]) == 3

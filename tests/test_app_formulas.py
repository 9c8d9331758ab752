"""Formulas in the words of a claim are Unicode wherever a terminal or a service shows them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from checks.app.certifying import prove
from checks.app.listing import print_listing
from checks.app.plugin import NotSupported, judge_or_raise
from checks.app.probing import probe
from checks.suite.house import House
from checks.suite.roots import Root
from checks.verdicts import IdentityClaim
from tests.conftest import Ended, build_house
from theory.certify.certificate import Outcome, Status
from theory.certify.inequality import Inequality

Here = Callable[..., Ended]
SAID = r"It is $\frac{1}{2n}$ for US$5."
TOLD = "It is 1/(2n) for US$5."
SENTENCE = "vl.Sentence('$x^2$ is it.', missing='$x_1$.')"
FILE = f"""
import numpy as np
import verilimit as vl

claim = vl.IdentityClaim(id="wrong", statement=r"{SAID}",
                         residual=lambda size, keys: np.ones(len(keys)))
"""


def test_check_and_junit_say_what_a_claim_says_in_unicode(toy_here: Here, tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(FILE)
    done = toy_here("check", "wrong.py", "-q", "--junit", "r.xml")
    assert f"says: {TOLD}" in done.stdout
    assert f">{TOLD}</failure>" in (tmp_path / "r.xml").read_text()


def test_pytest_says_it_in_unicode() -> None:
    claim = IdentityClaim(
        id="wrong", statement=SAID, residual=lambda size, keys: np.ones(len(keys))
    )
    with pytest.raises(NotSupported) as raised:
        judge_or_raise(claim)
    assert str(raised.value).endswith(f"It says: {TOLD}")


def test_the_listing_says_it_in_unicode(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build_house(tmp_path, "other_limit")
    for part, old, new in (
        ("checks", 'f"The error falls like {predicted}."', f"r'{SAID}'"),
        ("theory", "rate=Rate", f"coverage=({SENTENCE},), rate=Rate"),
        ("theory", "import sympy as sp", "import sympy as sp\nimport verilimit as vl"),
    ):
        file = tmp_path / "other_limit" / f"{part}.py"
        file.write_text(file.read_text().replace(old, new))
    house = House((Root(str(tmp_path)),), built_in=False)
    assert print_listing(house.roots, built_in=False) == 0
    assert f"toy-limit/true (reconstructed): {TOLD}" in capsys.readouterr().out
    assert print_listing(house.roots, built_in=False, coverage=True) == 0
    told = capsys.readouterr().out
    assert "x² is it." in told
    assert "not checked: x₁." in told


def test_an_assumption_is_probed_in_unicode(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build_house(tmp_path, "other_limit")
    file = tmp_path / "other_limit" / "theory.py"
    file.write_text(file.read_text().replace('"errors are i.i.d."', f"r'{SAID}'"))
    house = House((Root(str(tmp_path)),), built_in=False)
    assert probe(None, house, profile="ci", examples=1, seed=0) == 3  # there is no probe
    assert f"iid: {TOLD}" in capsys.readouterr().out


def test_an_inequality_is_certified_in_unicode(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    x = sp.Symbol("x", real=True)
    square = Inequality("square", SAID, x**2, {x: (0, 1)})
    monkeypatch.setattr(House, "inequalities", lambda house: {"square": square})
    monkeypatch.setattr(
        "checks.app.certifying.certify",
        lambda claim, budget: Outcome(square, Status.SAMPLED, "not proved", 0),
    )
    assert prove("square", House((), built_in=False), out=None, budget=1) == 3
    assert f"square: {TOLD}" in capsys.readouterr().out

"""What a step is worth: derived from the finite model, an identity, or a definition."""

from typing import Any

import pytest
import sympy as sp

from theory.language import Step, counted, run_steps

x = sp.Symbol("x", real=True)


def test_a_step_of_no_kind_is_refused() -> None:
    kind: Any = "guess"
    with pytest.raises((ValueError, TypeError), match=r"derived.*identity.*definition"):
        Step("a", x, x, "same", kind=kind)


def test_a_step_that_says_nothing_of_its_kind_is_only_an_identity() -> None:
    assert Step("a", x, x, "same").kind == "identity"


def test_steps_are_counted_by_kind() -> None:
    steps = [Step("a", x, x, "same", kind="derived"), Step("b", 2 * x, x + x, "same")]
    steps += [Step("c", x, x, "named", kind="definition"), Step("d", x, x, "again")]
    shown = counted(list(run_steps(steps)))
    assert shown == "1 derived: 1 PROVED; 2 identities: 2 PROVED; 1 definition: 1 PROVED"

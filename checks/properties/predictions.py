"""What a coordinate check is asked, read or refused in words: levels, powers by name and step."""

import numbers
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from checks.properties.scales import CHANGE
from checks.suite.problem import InputProblem


def require_build(build: Any) -> None:
    """Raise InputProblem for what is no function."""
    if not callable(build):
        raise InputProblem(
            expected="a function build(width, seed) that returns a function, one training step",
            received=f"{build!r:.100}",
            remedy="Pass the function itself.",
        )


def is_number(value: Any) -> bool:
    """A finite number, of NumPy too; a truth value is none."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and isfinite(value)


def is_whole(value: Any) -> bool:
    """A whole number; a truth value is none."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def levels_of(what: str, levels: Any) -> tuple[int, ...]:
    """The levels of a size, sorted; raises InputProblem for too few, and for other numbers."""
    given: list[Any] = list(levels) if isinstance(levels, Iterable) else [None]
    whole = all(is_number(n) and int(n) == n for n in given)
    found: tuple[int, ...] = tuple(sorted({int(n) for n in given})) if whole else ()
    least = 4 if what == "widths" else 2
    if len(found) < least or min(found) < 1:
        raise InputProblem(
            expected=f"{what}: at least {least} different whole numbers from 1 on",
            received=f"{levels!r}",
            remedy="Double them: 32, 64, ..., 1024.",
        )
    return found


def by_step_of(
    name: str, said: Any, steps: int, sizes: Mapping[str, Any]
) -> dict[int, tuple[float, ...]]:
    """The predicted powers at each step, one for each size; else InputProblem."""
    by_step = said if isinstance(said, Mapping) else dict.fromkeys(range(1, steps + 1), said)
    first, found = (1 if str(name).startswith(CHANGE) else 0), {}
    for step, powers in by_step.items():
        each: tuple[Any, ...] = tuple(powers) if isinstance(powers, tuple | list) else (powers,)
        known = [float(p) for p in each if is_number(p)]
        if len(known) == len(each) == len(sizes) and is_whole(step) and first <= step <= steps:
            found[int(step)] = tuple(known)
    if not by_step or len(found) < len(by_step):
        raise InputProblem(
            expected=f"for {name} a power of {' and of '.join(sizes)}, or such by step, "
            f"{first} to {steps}",
            received=f"{said!r}",
            remedy='Write, e.g., {"logits": 0} or {"logits": {0: -0.5, 4: 0}}'
            + (", with pairs (width, depth) for powers." if len(sizes) > 1 else "."),
        )
    return found

"""Probes: properties that must hold on a theorem's domain, and what goes wrong outside it.

A probe belongs to one assumption of a theorem. Its property is a consequence that the theorem
needs; ``verilimit probe`` lets Hypothesis look for a counterexample on the stated domain, and for
one outside it: a domain outside of which nothing fails is not needed. A property says with
`require` what it wants and works on plain values, so that a counterexample can be printed as code.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy

Settings = Any  # hypothesis.settings, a type that run-time checks cannot handle
QUIET = settings(
    deadline=None,
    database=None,
    verbosity=Verbosity.quiet,
    report_multiple_bugs=False,
    print_blob=False,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.nested_given),
)
PROFILES = {  # `--profile`; a run of CI is repeatable, a nightly one explores
    "ci": settings(QUIET, max_examples=60, derandomize=True),
    "nightly": settings(QUIET, max_examples=2000, derandomize=False),
}


class Violation(AssertionError):
    """A property does not hold; the message says by how much."""


def require(condition: Any, message: str) -> None:
    """Raise `Violation` unless the condition holds; a NaN compared with anything does not."""
    if not bool(np.all(condition)):
        raise Violation(message)


@dataclass(frozen=True)
class Outside:
    """Where a domain is left: ``because`` says what is shown, ``inputs`` replace the probe's."""

    because: str
    inputs: Mapping[str, SearchStrategy]


@dataclass(frozen=True)
class Probe:
    """The probe of one assumption.

    ``property`` says in words what ``holds`` requires of ``inputs``, the domain; ``outside`` are
    places beyond it where the same function must find a `Violation`. Every input has a name that
    ``holds`` knows. Without ``outside`` a probe says in ``no_outside`` why there is none.
    """

    assumption: str
    property: str
    inputs: Mapping[str, SearchStrategy] = field(repr=False)
    holds: Callable[..., None] = field(repr=False)
    outside: tuple[Outside, ...] = field(default=(), repr=False)
    no_outside: str = ""

    def __post_init__(self) -> None:
        """Reject an outside of other inputs, and a domain of which nothing is beyond."""
        for place in self.outside:
            if extra := sorted(set(place.inputs) - set(self.inputs)):
                raise ValueError(
                    f"the probe of {self.assumption}: expected inputs among "
                    f"{', '.join(self.inputs)}; received {', '.join(extra)}; name them as there"
                )
        if bool(self.outside) == bool(self.no_outside):
            raise ValueError(
                f"the probe of {self.assumption}: expected either what fails outside the domain "
                f"or, in no_outside, why nothing can; received both or neither"
            )


class Found(Enum):
    """What a search has found."""

    HOLDS = "no counterexample"
    FAILS = "a counterexample"


@dataclass(frozen=True)
class Search:
    """The outcome of one search: how many examples were tried, and the shrunk counterexample."""

    found: Found
    examples: int
    counterexample: Mapping[str, Any] | None = None
    message: str = ""


def search(
    holds: Callable[..., None],
    inputs: Mapping[str, SearchStrategy],
    profile: Settings,
    seed_of_run: int | None = None,
) -> Search:
    """Look for a counterexample. Anything that is no `Violation` is a fault of the probe: raised.

    With a seed the search explores from there; without one the profile decides.
    """
    last: dict[str, Any] = {}
    tried = 0

    def attempt(**values: Any) -> None:
        nonlocal tried
        last.clear()
        last.update(values)
        holds(**values)
        tried += 1

    options = profile if seed_of_run is None else settings(profile, derandomize=False)
    attempt.__name__ = getattr(holds, "__name__", "attempt")  # Hypothesis derives its seed from it
    run = given(**inputs)(attempt)
    run = options(run if seed_of_run is None else seed(seed_of_run)(run))
    try:
        run()
    except Violation as violation:  # Hypothesis ends with the smallest example that it found
        return Search(Found.FAILS, tried, dict(last), str(violation))
    except Unsatisfiable as error:
        raise ValueError(f"the strategies of {attempt.__name__} draw nothing: {error}") from error
    return Search(Found.HOLDS, tried)


def as_code(value: Any) -> str:
    """A Python expression for a drawn value; needs ``import numpy as np`` and named dataclasses."""
    if isinstance(value, np.ndarray):
        text = repr(value.tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
        return f"np.array({text})"
    if is_dataclass(value) and not isinstance(value, type):
        inside = ", ".join(f"{f.name}={as_code(getattr(value, f.name))}" for f in fields(value))
        return f"{type(value).__name__}({inside})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k!r}: {as_code(v)}" for k, v in value.items()) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(as_code(v) for v in value) + ("," if len(value) == 1 else "") + ")"
    return repr(value.item() if isinstance(value, np.generic) else value)

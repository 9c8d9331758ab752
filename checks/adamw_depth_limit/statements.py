"""How the room states its claims: seeds of a tier, sizes, exponents."""

from collections.abc import Callable
from typing import Any

import sympy as sp

from checks.verdicts import Statements

L, H = sp.symbols("L H", positive=True)
THIRD, HALF = sp.Rational(-1, 3), sp.Rational(-1, 2)


state = Statements("adamw_depth_limit", seeds={"smoke": 16, "standard": 32, "full": 64})


def at(measure: Callable[..., Any], *names: str, **options: Any) -> Callable[..., Any]:
    """A measurement of keys and numbers, as the function of size and keys that a claim asks for."""
    return lambda size, keys: measure(keys, *(size[name] for name in names), **options)

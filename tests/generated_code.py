"""What tests of generated code share: drawn arguments, and functions compiled from their source."""

from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from checks.suite.house import BUILT_IN
from theory.calculus.indices import Symmetric
from theory.codegen.evaluate import call
from theory.codegen.function import Function
from theory.codegen.module import function_source


@cache
def functions(room: str) -> tuple[Function, ...]:
    return BUILT_IN.theorem(room).derivation.functions


def arguments(function: Function, seed: int) -> list[Any]:
    """The first random arguments at which the function is real and finite."""
    for attempt in range(40):
        low, high = ((0.2, 0.9), (1.5, 3.0))[attempt % 2]
        values = drawn(function, seed + 1000 * attempt, low, high)
        try:
            exact = [np.array(r, dtype=float) for r in call(function, *values)]
        except (TypeError, ValueError, ZeroDivisionError):  # complex, or a pole
            continue
        if all(np.isfinite(e).all() for e in exact):
            return values
    raise AssertionError(f"{function.name} is nowhere real at the points tried")


def drawn(function: Function, seed: int, low: float, high: float) -> list[Any]:
    """Arrays are small, symmetric ones positive definite; scalars lie between the ends."""
    rng = np.random.default_rng(seed)
    extents: dict[Any, int] = {}
    found: list[Any] = []
    for argument in function.arguments:
        if isinstance(argument, sp.IndexedBase):
            shape = [
                extents.setdefault(s, 2 + len(extents) % 2) if isinstance(s, sp.Symbol) else int(s)
                for s in argument.shape
            ]
            value = rng.normal(size=shape) / 2
            if isinstance(argument, Symmetric):
                value = value @ value.T + np.eye(len(value)) / 2
            found.append(value)
        elif argument.is_integer:
            found.append(float(rng.integers(2, 5)))
        else:
            found.append(
                rng.uniform(low, high) * (1 if argument.is_positive else rng.choice([-1, 1]))
            )
    return found


def compiled(function: Function) -> Any:
    """The function as it is generated now, not as it is stored."""
    namespace: dict[str, Any] = {}
    header = "import jax\nimport jax.numpy as jnp\nimport jax.scipy.special as jsp\n"
    header += "from jaxtyping import Array, Float, Num\nScalar = float | int | Num[Array, '']\n"
    exec(compile(header + function_source(function), function.name, "exec"), namespace)
    return namespace[function.name]


def as_arrays(result: Any) -> list[np.ndarray]:
    return [np.asarray(r) for r in (result if isinstance(result, tuple | list) else (result,))]


def assert_close(ours: Any, theirs: Any, tolerance: float = 1e-12) -> None:
    for a, b in zip(as_arrays(ours), as_arrays(theirs), strict=True):
        np.testing.assert_allclose(a, b.astype(float), rtol=tolerance, atol=tolerance)

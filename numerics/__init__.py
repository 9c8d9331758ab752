"""What networks do: finite networks and their limits, in JAX only.

Functions follow the precision of who calls them. What verilimit itself measures is computed in
double precision, within `double`: an import switches nothing.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import ParamSpec, TypeVar

import jax

P = ParamSpec("P")
R = TypeVar("R")


def double(on: bool = True) -> AbstractContextManager[None]:
    """A scope of double precision, of this thread alone; or of single precision."""
    return jax.enable_x64(on)


def is_double() -> bool:
    """Whether JAX computes in double precision here."""
    return jax.dtypes.canonicalize_dtype(float).name == "float64"


def in_double(function: Callable[P, R]) -> Callable[P, R]:
    """Compute in double precision whoever calls: for results that are kept for other callers."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with double():
            return function(*args, **kwargs)

    return call

"""Arrays of NumPy, JAX and PyTorch through one door; neither framework is imported unasked.

What a user's function returns is read as double precision, whatever tracks its gradient; what it is
given has the framework and the dtype that she names. Nothing here changes a global setting: doubles
of JAX live in a scope.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any

import numpy as np
from jaxtyping import Shaped

from checks.suite.problem import InputProblem

Framework = str | Callable[[np.ndarray], Any]  # a name, or what makes the user's arrays
NAMES = ("numpy", "jax", "torch")
EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}


def as_numpy(value: Any) -> Shaped[np.ndarray, "..."]:
    """The array in double precision; truth values and whole numbers as they are.

    A tensor is detached and brought to this machine first. Raises TypeError for what is no array.
    """
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.double() if value.is_floating_point() else value
    found = np.asarray(value)
    if found.dtype.kind in "biu":
        return found
    try:
        if found.dtype.kind == "c":
            raise TypeError  # NumPy would warn only, and drop the imaginary part
        return found.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"expected an array of real numbers, received {found.dtype}") from error


def epsilon(value: Any) -> float:
    """The relative spacing of the numbers of an array, that of doubles where it holds no floats."""
    name = str(getattr(value, "dtype", "float64")).removeprefix("torch.")
    return EPSILON.get(name, EPSILON["float64"])


def rounding(value: Any) -> float:
    """What two computations of order one may differ by: eps^(3/4), 6e-6 in single precision."""
    return epsilon(value) ** 0.75


def maker(framework: Framework, dtype: str) -> Callable[[np.ndarray], Any]:
    """NumPy arrays to those of a framework: floats in that dtype, others as they are.

    Raises InputProblem for a framework or a dtype that is not known or not installed.
    """
    if callable(framework):
        return framework
    if framework not in NAMES or dtype not in EPSILON:
        raise InputProblem(
            expected=f"a framework among {', '.join(NAMES)}, dtype among {', '.join(EPSILON)}",
            received=f"framework={framework!r}, dtype={dtype!r}",
            remedy="For another framework give the function that makes its arrays of NumPy's.",
        )
    if framework == "torch":
        return _torch_maker(dtype)
    if framework == "numpy":
        return lambda array: array.astype(dtype) if array.dtype.kind == "f" else array
    import jax.numpy as jnp

    return lambda array: jnp.asarray(array, dtype if array.dtype.kind == "f" else None)


def torch() -> Any:
    """PyTorch, an extra; InputProblem where it is not installed."""
    try:
        return import_module("torch")
    except ImportError as error:
        raise InputProblem(
            expected="PyTorch, for its tensors and optimizers",
            received=str(error),
            remedy="Install it: pip install torch.",
        ) from error


def _torch_maker(dtype: str) -> Callable[[np.ndarray], Any]:
    package = torch()
    kind = getattr(package, dtype)

    def make(array: np.ndarray) -> Any:
        found = package.from_numpy(np.array(array))  # a copy: what is done to it stays its own
        return found.to(kind) if array.dtype.kind == "f" else found

    return make


def precision(framework: Framework, dtype: str) -> AbstractContextManager:
    """The scope in which arrays of that dtype exist: JAX has doubles in one only."""
    if framework == "jax" and dtype == "float64":
        import jax

        return jax.enable_x64(True)
    return nullcontext()

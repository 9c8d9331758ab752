"""Versions of what numbers and derivations are made with; nothing of it is imported here."""

import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = (
    "jax", "jaxlib", "numpy", "scipy", "sympy", "mpmath", "diffrax", "equinox", "optax",
    "opt_einsum", "scikit-learn",
)  # fmt: skip


@cache
def versions() -> Mapping[str, str]:
    """Versions of verilimit, Python and the numerical libraries, or ``"absent"``."""
    found = {"python": platform.python_version()}
    return found | {name: version_of(name) for name in ("verilimit", *LIBRARIES)}


def version_of(name: str) -> str:
    """The version of an installed distribution, or ``"absent"``."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"

"""What a stored number depends on besides its claim and the code: libraries, precision, machine."""

import hashlib
import os
import platform
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import jax

from checks.suite import sources
from checks.suite.problem import InputProblem

LIBRARIES = (
    "jax", "jaxlib", "numpy", "scipy", "sympy", "mpmath", "diffrax", "equinox", "optax",
    "opt_einsum", "scikit-learn",
)  # fmt: skip
# Settings of JAX that change numbers, whoever set them; other variables of its own may do so, too.
SETTINGS = (
    "jax_default_dtype_bits", "jax_default_matmul_precision", "jax_default_prng_impl",
    "jax_numpy_dtype_promotion", "jax_random_seed_offset", "jax_threefry_partitionable",
)  # fmt: skip
VARIABLES = ("JAX_", "XLA_", "LIBTPU_", "CUDA_VISIBLE", "NVIDIA_TF32")
HARMLESS = (
    "JAX_COMPILATION_CACHE",
    "JAX_PERSISTENT_CACHE",
    "JAX_TRACEBACK",
    "JAX_LOG",
    "JAX_DEBUG_LOG",
)


@cache
def versions() -> Mapping[str, str]:
    """Versions of verilimit, Python and the numerical libraries, or ``"absent"``."""
    found = {"python": platform.python_version()}
    for name in ("verilimit", *LIBRARIES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def environment() -> Mapping[str, str]:
    """Everything that enters the key of a stored item besides the item itself.

    What code and which data made a number is in its proof (`checks.suite.sources`).
    """
    return {
        **versions(),
        "dtype": dtype(),
        "backend": _backend(),
        "machine": platform.machine(),
        "settings": settings(),
    }


def settings() -> str:
    """The settings of JAX and XLA that can change a number, as text."""
    values = {name: str(getattr(jax.config, name, "")) for name in SETTINGS}
    values |= {
        name: value
        for name, value in os.environ.items()
        if name.startswith(VARIABLES) and not name.startswith(HARMLESS)
    }
    return ", ".join(f"{name}={values[name]}" for name in sorted(values))


@cache
def _backend() -> str:
    return jax.default_backend()


def dtype() -> str:
    """The floating type that JAX gives a Python float: float64 when x64 is on."""
    return jax.dtypes.canonicalize_dtype(float).name


def require_double(who: str) -> None:
    """Raise `InputProblem` when double precision was switched off; it is on again then."""
    if dtype() != "float64":
        found = dtype()
        jax.config.update("jax_enable_x64", True)
        raise InputProblem(
            expected=f"{who} to leave double precision on",
            received=f"{found}: jax_enable_x64 was switched off",
            remedy="Measure a network in single precision by casting its arrays.",
        )


def source_hash() -> str:
    """SHA-256 of verilimit's sources as this process has them, loaded or on disk; for reports.

    With those of users' rooms that are loaded; left out are the parts that only read results.
    """
    entries = [entry for entry in sources.proof() if entry.startswith(f"module {sources.ROOMS}.")]
    for package in ("theory", "numerics", "checks"):
        for root in map(Path, import_module(package).__path__):
            for path in root.rglob("*.py"):
                name = ".".join((package, *path.relative_to(root).with_suffix("").parts))
                entries.append(f"module {name.removesuffix('.__init__')}")
    digest = hashlib.sha256()
    for entry in sorted(entries):
        if not entry.startswith(sources.READERS):
            digest.update(f"{entry} {sources.current(entry)}\n".encode())
    return digest.hexdigest()

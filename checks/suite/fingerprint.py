"""What a stored number depends on besides its claim: code, libraries, precision, machine type."""

import hashlib
import platform
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import jax

import checks
import numerics
import theory

LIBRARIES = ("jax", "jaxlib", "numpy", "scipy", "sympy", "diffrax", "equinox", "optax")
READERS_OF_RESULTS = ("app", "report")  # sub-packages of checks that cannot change a number


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


@cache
def environment() -> Mapping[str, str]:
    """Everything that enters the key of a stored item besides the item itself.

    The hash covers the sources of ``theory``, ``numerics`` and ``checks`` (all but the parts that
    only read results), so a number measured by other code is never reused.
    """
    return {
        **versions(),
        "source": source_hash(),
        "dtype": dtype(),
        "backend": jax.default_backend(),
        "machine": platform.machine(),
    }


def dtype() -> str:
    """The floating type that JAX gives a Python float: float64 when x64 is on."""
    return jax.dtypes.canonicalize_dtype(float).name


def source_hash() -> str:
    """SHA-256 over the names and contents of the sources that a number can depend on."""
    digest = hashlib.sha256()
    for package in (theory, numerics, checks):
        skip = READERS_OF_RESULTS if package is checks else ()
        for root in map(Path, package.__path__):
            for path in _sources(root, skip=skip):
                digest.update(f"{package.__name__}/{path.relative_to(root).as_posix()}\0".encode())
                digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def _sources(root: Path, *, skip: tuple[str, ...]) -> Iterator[Path]:
    for path in sorted(root.rglob("*.py")):
        if path.relative_to(root).parts[0] not in skip:
            yield path

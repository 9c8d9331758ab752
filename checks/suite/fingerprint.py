"""What a stored number depends on besides its claim and the code: libraries, precision, machine."""

import hashlib
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path

import jax

from checks.suite import sources
from checks.suite.devices import kind
from checks.suite.problem import InputProblem
from checks.suite.versions import versions
from numerics import double

# Settings of JAX that change numbers, whoever set them; other variables of its own may do so, too.
SETTINGS = (
    "jax_default_dtype_bits", "jax_default_matmul_precision", "jax_default_prng_impl",
    "jax_numpy_dtype_promotion", "jax_random_seed_offset", "jax_threefry_partitionable",
)  # fmt: skip
VARIABLES = ("JAX_", "XLA_", "LIBTPU_", "CUDA_VISIBLE", "NVIDIA_TF32")
HARMLESS = (
    "JAX_ENABLE_X64",  # what is measured is in double precision whatever it says
    "JAX_COMPILATION_CACHE",
    "JAX_PERSISTENT_CACHE",
    "JAX_TRACEBACK",
    "JAX_LOG",
    "JAX_DEBUG_LOG",
)

DTYPE = "float64"  # of all that is measured where its item names no other


def environment() -> Mapping[str, str]:
    """Everything that enters the key of a stored item besides the item itself.

    What code and which data made a number is in its proof (`checks.suite.sources`).
    """
    return {
        **versions(),
        "dtype": DTYPE,
        "backend": _backend(),
        "device": kind(),
        "machine": platform.machine(),
        "settings": settings(),
    }


@cache
def machine() -> str:
    """The machine's type and processor: XLA compiles for its instructions, and may round so."""
    with suppress(OSError):  # Linux alone has it
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return f"{platform.machine()}, {value.strip()}"
    return platform.machine()


def settings() -> str:
    """The settings of JAX and XLA that can change a number, as text."""
    values = {name: str(getattr(jax.config, name, "")) for name in SETTINGS}
    values |= {
        name: value
        for name, value in os.environ.items()
        if name.startswith(VARIABLES) and not name.startswith(HARMLESS)
    }
    return ", ".join(f"{name}={values[name]}" for name in sorted(values))


def _x64() -> bool:
    return bool(jax.config.values["jax_enable_x64"])


@cache
def _backend() -> str:
    return jax.default_backend()


@contextmanager
def in_double_precision(who: str) -> Iterator[None]:
    """Compute in double precision; raises `InputProblem` when JAX's own switch is another then.

    It is put back, since other code of this process relies on it.
    """
    before = _x64()
    with double():
        yield
    if _x64() != before:
        jax.config.update("jax_enable_x64", before)
        raise InputProblem(
            expected=f"{who} to leave the settings of JAX as they are",
            received="jax_enable_x64 switched " + ("off" if before else "on"),
            remedy="It computes in double precision; where a network is to be in single precision, "
            "cast its arrays.",
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
        if not sources.is_reader(entry):
            digest.update(f"{entry} {sources.current(entry)}\n".encode())
    return digest.hexdigest()

"""Named tensors of floating-point numbers in safetensors files, read with NumPy alone.

A checkpoint is one file, or several with an index (``model.safetensors.index.json``), which says
in which file a tensor is.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from safetensors import SafetensorError, safe_open

from checks.suite.problem import InputProblem

Tensor = Float[np.ndarray, "..."]
REMEDY = "docs/probes.md, “A trained checkpoint”, describes the map."
FLOATS: Mapping[str, Any] = {  # NumPy's types, and those that JAX adds to it
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": jnp.bfloat16,
    "F8_E4M3": jnp.float8_e4m3fn, "F8_E4M3FNUZ": jnp.float8_e4m3fnuz,
    "F8_E5M2": jnp.float8_e5m2, "F8_E5M2FNUZ": jnp.float8_e5m2fnuz,
}  # fmt: skip
LARGEST = float(np.finfo(np.float32).max)  # fourth powers are finite in double precision


def problem(expected: str, received: str, remedy: str = REMEDY) -> InputProblem:
    """A bad checkpoint or map."""
    return InputProblem(expected=expected, received=received, remedy=remedy)


@dataclass(frozen=True)
class Tensors:
    """The files in which tensors are, by name of the tensor."""

    files: Mapping[str, Path]

    def get(self, name: str) -> Tensor:
        """A tensor in double precision.

        Raises `InputProblem` for one that is missing, that is empty or no array of floating-point
        numbers, whose scales are beside it, or that has NaN, infinity or a number beyond LARGEST.
        """
        if name not in self.files:
            alike = [n for n in sorted(self.files) if set(_digits(name)) <= set(_digits(n))]
            near = ", ".join(alike[:4]) or "none alike"
            raise problem(f"a tensor named {name}", f"a file without it ({near}, ...)")
        described, start = _header(self.files[name])
        if name not in described:
            raise problem(f"{name} in {self.files[name]}, as the index says", "a file without it")
        kind, shape, (begin, end) = (described[name][k] for k in ("dtype", "shape", "data_offsets"))
        if kind not in FLOATS:
            raise problem(
                f"{name} to have floating-point entries ({', '.join(FLOATS)})", kind,
                "Quantised weights need their scales: convert the checkpoint to a floating type.",
            )  # fmt: skip
        stem = name.removesuffix("weight")
        scales = [n for n in self.files if n.startswith(stem) and n != name and "scale" in n]
        if kind.startswith("F8") and scales:
            raise problem(
                f"{name} to hold the weights themselves", f"{kind} with scales in {scales[0]}",
                "Quantised weights need their scales: convert the checkpoint to a floating type.",
            )  # fmt: skip
        with self.files[name].open("rb") as file:
            file.seek(start + begin)
            entries = np.frombuffer(file.read(end - begin), np.dtype(FLOATS[kind]))
        if not entries.size:
            raise problem(f"numbers in {name}", f"none: its shape is {tuple(shape)}")
        found = entries.astype(float).reshape(shape)
        if not np.isfinite(found).all():
            raise problem(f"finite numbers in {name}", "NaN or infinity")
        if np.abs(found).max() > LARGEST:
            raise problem(
                f"numbers of single precision in {name}, at most {LARGEST:.3g} in size",
                f"{np.abs(found).max():.3g}",
                "Products of larger ones overflow: divide the weights by a power of two.",
            )
        return found

    def shape_and_type(self, name: str) -> tuple[tuple[int, ...], str]:
        """Of a tensor, as its file says."""
        described = _header(self.files[name])[0].get(name, {"shape": (), "dtype": "none"})
        return tuple(described["shape"]), str(described["dtype"])


def open_checkpoint(path: Path) -> Tensors:
    """The tensors of a safetensors file, of all files of an index, or of a folder with either.

    Raises `InputProblem` for anything else.
    """
    if path.is_dir():
        return open_checkpoint(_within(path))
    if path.suffix == ".json":
        return _from_index(path)
    return Tensors(dict.fromkeys(_names(path), path))


def _within(folder: Path) -> Path:
    """The index of a folder, or its one file."""
    for found in (
        sorted(folder.glob(f"*.{end}")) for end in ("safetensors.index.json", "safetensors")
    ):
        if len(found) == 1:
            return found[0]
        if found:
            break
    else:
        found = sorted(folder.iterdir())
    raise problem(
        f"one safetensors file in {folder}, or the index of several",
        ", ".join(file.name for file in found[:6]) or "an empty directory",
        "Name the file, or convert the checkpoint to safetensors.",
    )


def _from_index(path: Path) -> Tensors:
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))["weight_map"]
        files = {str(name): path.parent / str(file) for name, file in listed.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise problem(
            f"{path} to be an index of safetensors files, with a weight_map",
            f"{type(error).__name__} {error}",
        ) from error
    for file in sorted(set(files.values())):
        _names(file)
    return Tensors(files)


def _names(path: Path) -> list[str]:
    """The tensors of a file, which safetensors has checked."""
    try:
        with safe_open(path, framework="numpy") as tensors:
            return list(tensors.keys())
    except (OSError, SafetensorError) as error:
        raise problem(
            f"{path} to be a safetensors file, or the index.json of several", str(error)
        ) from error


def _header(path: Path) -> tuple[Mapping[str, Any], int]:
    """What a checked file says of its tensors, and where their bytes start."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(length)), 8 + length


def _digits(name: str) -> list[str]:
    return [part for part in name.split(".") if part.isdigit()]

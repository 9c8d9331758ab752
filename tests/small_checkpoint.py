"""A trained checkpoint of two small layers, and the map that says which tensor is which."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from checks.app.weights import probe_weights
from checks.suite.house import BUILT_IN

Write = Callable[..., tuple[Path, Path]]
D, DQ, HEADS, LAYERS = 6, 3, 2, 2
NAMES = """
layers = 2
heads = 2
query = "block.{layer}.q"
key = "block.{layer}.k"
value = "block.{layer}.v"
tokens = 5
token_norms = [0.5, 2]
"""


def tensors() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    shapes = {"q": (HEADS * DQ, D), "k": (HEADS * DQ, D), "v": (HEADS * DQ, D)}
    return {
        f"block.{layer}.{name}": random.standard_normal(shape)
        for layer in range(LAYERS)
        for name, shape in shapes.items()
    }


def write_checkpoint(
    folder: Path, tensors: dict[str, np.ndarray], text: str = NAMES
) -> tuple[Path, Path]:
    checkpoint, described = folder / "a.safetensors", folder / "map.toml"
    save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, checkpoint)
    described.write_text(text)
    return checkpoint, described


def probe(checkpoint: Path, described: Path | None = None, **options: Any) -> int:
    return probe_weights((checkpoint,), described, None, BUILT_IN, **options)

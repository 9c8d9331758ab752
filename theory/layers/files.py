"""Layers in a user's file."""

import importlib.util
from pathlib import Path

from theory.layers.layer import Layer


def layers_of(path: Path) -> dict[str, Layer]:
    """The layers that a Python file defines, by name; the file is run.

    Raises ``ValueError`` if there is no file or no layer in it.
    """
    if not path.is_file():
        raise ValueError(f"expected a Python file with a vl.Layer; there is no file {path}")
    spec = importlib.util.spec_from_file_location(f"layers_in_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"expected a Python file with a vl.Layer; received {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = {name: value for name, value in vars(module).items() if isinstance(value, Layer)}
    if not found:
        raise ValueError(f"{path} defines no vl.Layer; write layer = vl.Layer(..)")
    return found

"""Layers of the gallery and their limits, derived once a process."""

from functools import cache

import verilimit as vl
from tests.conftest import ROOT
from theory.layers.files import layers_of


@cache
def limit_of(name: str) -> vl.Limit:
    (layer,) = layers_of(ROOT / "docs" / "gallery" / f"{name}.py").values()
    return vl.derive(layer)

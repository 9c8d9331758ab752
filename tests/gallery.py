"""Layers of the gallery and their limits, derived once a process."""

from functools import cache

import verilimit as vl
from checks.app.layers import chosen
from tests.conftest import ROOT


@cache
def limit_of(name: str) -> vl.Limit:
    (layer,) = chosen(str(ROOT / "docs" / "gallery" / f"{name}.py")).values()
    return vl.derive(layer)

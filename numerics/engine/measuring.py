"""What is measured is a function of a size and of keys, and gives a row for each key."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import UInt32

Size = Mapping[str, Any]  # numbers by name
Keys = UInt32[np.ndarray, "seeds 2"]  # raw keys of JAX, seeds for NumPy
Table = Mapping[str, Any]  # named columns

"""What is measured is a function of a size and of keys, and gives a row for each key."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import UInt32

Size = dict[str, Any]  # numbers by name: whole ones are int, others float
Keys = UInt32[np.ndarray, "seeds 2"]  # raw keys of JAX, seeds for NumPy
Table = Mapping[str, Any]  # named columns

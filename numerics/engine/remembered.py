"""One simulation for several questions: a result is kept for the keys it was computed with."""

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any

import jax
import numpy as np


def remembered(recent: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate ``measure(keys, *arguments)``: its last ``recent`` results are kept.

    ``keys`` is a uint32 array of shape (seeds, 2), handed on as a JAX array; the other arguments
    are hashable. Sizes, mutants and claims with the same keys then share one run.
    """

    def decorate(measure: Callable[..., Any]) -> Callable[..., Any]:
        known: OrderedDict[Any, Any] = OrderedDict()

        @wraps(measure)
        def once(keys: Any, *arguments: Any) -> Any:
            name = (np.asarray(keys, np.uint32).tobytes(), *arguments)
            if name not in known:
                known[name] = jax.block_until_ready(
                    measure(jax.device_put(np.asarray(keys)), *arguments)
                )
                if len(known) > recent:
                    known.popitem(last=False)
            known.move_to_end(name)
            return known[name]

        return once

    return decorate

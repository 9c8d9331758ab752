"""What networks start from: random weights, and what they are trained on."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from checks.spectral_concentration.attention_bounds import Keys, Size, Values
from numerics.spectral_concentration import reversal, small_transformers
from numerics.spectral_concentration.small_transformers import Data

TASK = reversal.Task(tokens=8, layers=2, steps=50)
MODEL = small_transformers.Size()
ERRORS = 6.0  # standard errors, and one more is allowed: 4000 instances need 5.4
CLASSES, PIECES, TOKENS, CHANNELS = 10, 40, 16, 4
REFUSED = 1e3  # what no law allows
Begin = Callable[..., Any]


def start_slack(
    size: Size,
    keys: Keys,
    begin: Begin = reversal.start,
    model: Begin = small_transformers.start,
) -> Values:
    """How many standard errors are left between what is drawn and what is said of its law.

    Planted errors: another ``begin`` of the networks that reverse, of a ``model`` on data.
    """
    del size
    return ERRORS - np.array([max(_errors(key, begin, model)) for key in keys])


def _errors(key: Any, begin: Begin, model: Begin) -> Iterator[float]:
    found = begin(key, TASK)
    yield from (_of_normal(found.params[name], TASK.width) for name in ("square", "thin"))
    yield _of_ones(found.params["gains"])
    yield _of_uniform(found.batches, TASK.tokens)
    yield _of_uniform(found.held, TASK.tokens)
    yield from (REFUSED for batch in found.batches if np.array_equal(batch, found.held))
    for shape in ((PIECES, TOKENS), (PIECES, TOKENS, CHANNELS)):
        causal = len(shape) == 2
        empty = np.zeros(shape), np.zeros(shape[: 1 + causal])
        params, batches = model(key, Data(*empty, *empty, CLASSES), MODEL)
        yield _of_ones(params["gains"])
        yield _of_uniform(batches, PIECES)
        inputs = {
            "square": MODEL.width, "up": MODEL.width, "down": 4 * MODEL.width,
            "read": MODEL.width, "embed": 1, "position": TOKENS,
        }  # fmt: skip
        yield from (_of_normal(params[name], number) for name, number in inputs.items())


def _of_normal(drawn: np.ndarray, inputs: int) -> float:
    """Standard errors between mean and mean square of entries and those of N(0, 1 / inputs)."""
    z = drawn.ravel().astype(float) * inputs**0.5
    n = len(z)
    return max(abs(z.mean()) * n**0.5, abs((z**2).mean() - 1) * (n / 2) ** 0.5)


def _of_ones(gains: tuple[np.ndarray, ...]) -> float:
    return 0.0 if all(np.all(gain == 1) for gain in gains) else REFUSED


def _of_uniform(drawn: np.ndarray, number: int) -> float:
    """Standard errors between counts of 0 .. number - 1 and equal ones; all else is refused."""
    if drawn.min() < 0 or drawn.max() >= number:
        return REFUSED
    counts = np.bincount(drawn.ravel(), minlength=number)
    share = drawn.size / number
    return float(np.abs(counts - share).max() / (share * (1 - 1 / number)) ** 0.5)

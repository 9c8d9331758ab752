"""AdamW^2 on real data: characters (GPT-style) and digits (ViT-style), without warm-up.

Run ``verilimit check checks/studies/capped_real_data.py --tier standard``. The digits need the
extra ``data`` (scikit-learn).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from checks.properties.capped_steps import TAU, columns
from checks.verdicts import FrequencyClaim, Mutant
from numerics.training.small_transformers import Size, characters, digits, train

Keys = Any
POINTS = {
    "smoke": [{"steps": 50}],
    "standard": [{"steps": 200}],
    "full": [{"steps": 2000}],
}


@lru_cache(maxsize=16)
def _held(keys: bytes, model: str, rate: float, tau: float, steps: int) -> Any:
    data = characters() if model == "GPT" else digits()
    rows = np.frombuffer(keys, np.uint32).reshape(-1, 2)
    return train(rows, data, rate, tau, Size(steps=steps))[1:]


def events(
    size: Mapping[str, int], keys: Keys, model: str, rate: float = 0.1, tau: float = TAU
) -> Any:
    """Held-out loss is lower by a tenth with the cap, than without it at the same rate."""
    raw = np.ascontiguousarray(keys).tobytes()
    capped, _ = _held(raw, model, rate, tau, size["steps"])
    plain, _ = _held(raw, model, rate, np.inf, size["steps"])
    # A loss that is no number is a loss.
    return columns((capped < 0.9 * plain) | ~np.isfinite(plain))


def claim(model: str, what: str) -> FrequencyClaim:
    """The cap lowers the held-out loss of one model."""

    def measure(**wrong: Any) -> Any:
        return lambda size, keys: events(size, keys, model, **wrong)

    return FrequencyClaim(
        id=f"spectral-concentration/{model.lower()}-on-{what}",
        statement=f"At rate 0.1 without warm-up a small {model}-style model has a held-out loss on "
        f"{what} that is lower by a tenth with the cap.",
        theorem="spectral_concentration", source="abstract", points=POINTS, sample=measure(),
        events=("lower by a tenth with the cap",), low=0.6, seeds=10, cap=20,
        mutants=(
            Mutant("no-cap", "a cap that never binds", {"sample": measure(tau=np.inf)}),
            Mutant("low-rate", "rate 0.003, where both learn", {"sample": measure(rate=0.003)}),
        ),
    )  # fmt: skip


claims = (claim("GPT", "characters"), claim("ViT", "digits"))

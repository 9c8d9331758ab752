"""What a predicted scale says of the change since initialisation, which nobody has to predict.

x_k = x_0 + c: where x_k is of order n^p and x_0 of no larger one, c is at most of order n^p. A
network in the wrong parametrisation may have a flat x_k at moderate widths, since x_0 hides a
change that grows; and one in the right parametrisation an x_k that falls, since x_0 falls and hides
a change that is flat.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from checks.properties.scales import CHANGE
from checks.verdicts import Result, Verdict
from checks.verdicts.data import Real

Key = tuple[str, int]  # the name of an activation or of its change, and the step
Powers = Mapping[str, Mapping[int, Sequence[float]]]  # by name and step one power a size


def implied_changes(powers: Powers) -> dict[str, dict[int, tuple[float, ...]]]:
    """Bounds on changes that nobody predicts: by name and step the power of each size."""
    found: dict[str, dict[int, tuple[float, ...]]] = {}
    for name, by_step in powers.items():
        if name.startswith(CHANGE) or CHANGE + name in powers:
            continue
        start = by_step.get(0)
        later = {k: tuple(map(max, p, start or p)) for k, p in by_step.items() if k > 0}
        if later:
            found[CHANGE + name] = later
    return found


def told_of(results: Mapping[Key, Result], implied: Powers) -> dict[Key, Result]:
    """The results that are told: of what is implied only what is refuted, with its reason."""
    found = {}
    for (name, k), result in results.items():
        if name not in implied:
            found[name, k] = result
        elif result.verdict is Verdict.REFUTED:
            scale = name.removeprefix(CHANGE)
            because = f"{result.because}; the prediction of {scale} implies no more than that bound"
            found[name, k] = replace(result, because=because)
    return found


def unhidden(
    results: Mapping[Key, Result],
    margin: Real,
    rows: Sequence[Mapping[str, Any]],
    change: Callable[[str, int], Result],
) -> dict[Key, Result]:
    """The results; a scale whose start hides a change of the predicted order is not refuted.

    ``rows`` are the mean scales; ``change(name, step)`` judges the change against the power that is
    predicted for the scale. Where it is SUPPORTED and the start is of no larger order, the
    prediction is right, whatever the sum of the two looks like at these sizes.
    """
    return {
        (name, k): _if_hidden(name, result, change(name, k))
        if k > 0 and result.verdict is Verdict.REFUTED and _starts_low(name, result, margin, rows)
        else result
        for (name, k), result in results.items()
    }


def _starts_low(name: str, result: Result, margin: Real, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the scale at initialisation is of no larger order in any size than predicted."""
    start = [row for row in rows if (row["name"], row["step"]) == (name, 0) and row["mean"] > 0]
    predicted = {
        key.removeprefix("exponent of "): e["predicted"] for key, e in result.estimates.items()
    }
    if name.startswith(CHANGE) or not predicted:
        return False
    if not start:
        return True  # all of it is change
    logs = np.log([[row[size] for size in predicted] for row in start])
    design = np.column_stack([np.ones(len(start)), logs])
    slopes = np.linalg.lstsq(design, np.log([row["mean"] for row in start]), rcond=None)[0][1:]
    return bool(np.all(slopes < np.array(list(predicted.values())) + margin))


def _if_hidden(name: str, result: Result, change: Result) -> Result:
    if not change.verdict.holds:
        return result
    why = (
        f"{result.because}; but the change since initialisation is of the predicted order, hidden "
        f"behind what {name} was at first: predict “{CHANGE}{name}”, or take larger widths, more "
        "steps or a larger learning rate"
    )
    return replace(result, verdict=Verdict.INCONCLUSIVE, because=why)

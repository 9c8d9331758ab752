"""Whether a moment is a function of the statistics: two states that agree in them and not in it."""

from collections.abc import Callable, Iterable

import numpy as np

from theory.calculus.networks import Component, Polynomial
from theory.limits.moments import Moments
from theory.limits.probe import Probe, State, split_state
from theory.limits.remedy import watchable
from theory.limits.sizes import Undecided


def witness(moments: Moments, what: str, part: Polynomial) -> list[str]:
    """Sentences that show two states with equal statistics and different moment.

    Where no such pair is found, the rank of the derivatives at random states decides. Raises
    ``Undecided`` if it does not grow: a function of the statistics is likely.
    """
    components = moments.open_states(part)
    left = ", ".join(sorted({watchable(moments, c) for c in _inner(moments, components)}))
    watched = ", ".join(moments.layer.watch)
    try:
        probe = Probe(moments, part)
        pair = _pair(probe)
        found = [f"{what} contains {left}, no function of {watched}."]
        if pair:
            (one, first), (two, second) = pair
            return [
                *found,
                f"Two states that agree in what is watched, {_shown(one)} and {_shown(two)}, have "
                f"different moments, {_rounded(first)} and {_rounded(second)}.",
                f"Watch {left} as well",
            ]
        if _rank_grows(probe):
            return [*found, f"The derivatives show it at random states. Watch {left} as well"]
    except (ValueError, IndexError) as why:
        raise Undecided(f"UNDECIDED (closure): rewriting leaves {left} in {what}; {why}") from None
    raise Undecided(
        f"UNDECIDED (closure): rewriting leaves {left} in {what}; the ranks of the derivatives "
        f"agree at random states, so a function of {watched} is likely. Give a rule"
    )


def two_states(moments: Moments, part: Polynomial) -> tuple[dict, dict] | None:
    """Two states that agree in the statistics and not in the moment, with all values by name."""
    probe = Probe(moments, part)
    pair = _pair(probe)
    if pair is None:
        return None
    (one, _), (two, _) = pair
    return {**probe.given, **one}, {**probe.given, **two}


def _inner(moments: Moments, components: Iterable[Component]) -> list[Component]:
    """What is left of a state, inside of kernels too."""
    found: list[Component] = []
    for c in components:
        kernels = [n for n, _ in c if n in moments.reading.inside]
        deeper = (k for n in kernels for k in moments.reading.inside[n])
        found += _inner(moments, deeper) if kernels else [c]
    return found


def _pair(probe: Probe) -> tuple[tuple[State, np.ndarray], tuple[State, np.ndarray]] | None:
    seen: dict[tuple, tuple[State, np.ndarray]] = {}
    for state in probe.states():
        with np.errstate(all="ignore"):
            statistics, value = probe.values(state)
        if not (np.isfinite(statistics).all() and np.isfinite(value).all()):
            continue
        other = seen.setdefault(tuple(np.round(statistics, 9)), (state, value))
        if not np.allclose(other[1], value, atol=1e-9):
            return other, (state, value)
    return None


def _rank_grows(probe: Probe, tries: int = 3) -> bool:
    """Whether the moment's derivative is no combination of those of the statistics."""
    shapes = probe.shapes()
    total = sum(int(np.prod(s)) for s in shapes.values())
    for seed in range(tries):
        point = np.random.default_rng(seed).uniform(0.5, 2.0, total)

        def both(x: np.ndarray) -> np.ndarray:
            statistics, value = probe.values(split_state(x, shapes))
            return np.concatenate([statistics, value.ravel()])

        slopes = _derivative(both, point)
        count = len(probe.values(split_state(point, shapes))[0])
        ranks = [np.linalg.matrix_rank(a, tol=1e-5) for a in (slopes[:count], slopes)]
        if ranks[1] > ranks[0]:
            return True
    return False


def _derivative(function: Callable[[np.ndarray], np.ndarray], point: np.ndarray) -> np.ndarray:
    h = 1e-5
    steps = h * np.eye(len(point))
    return np.stack([(function(point + s) - function(point - s)) / (2 * h) for s in steps], axis=1)


def _shown(state: State) -> str:
    return "; ".join(f"{k} = {v.tolist()}" for k, v in state.items())


def _rounded(value: np.ndarray) -> str:
    return str(np.round(value, 6).tolist())

"""The limit of a layer in the index notation of a room: entries at its own indices and arrays."""

from collections.abc import Iterable, Sequence
from functools import cache

import sympy as sp

from theory.calculus.indices import canonical, instantiate
from theory.layers import Layer
from theory.limits.derive import derive
from theory.limits.limit import Limit


@cache
def sde_of(model: Layer) -> Limit:
    """The SDE of the watched statistics.

    Raises ValueError, with the compiler's words, for a layer that has none.
    """
    limit = derive(model)
    if limit.regime not in ("SDE", "SDE WITHOUT DRIFT"):
        raise ValueError(f"expected an SDE of the {model.name}; {limit.regime}: {limit.words}")
    return limit


def drift_at(
    limit: Limit, name: str, at: Sequence[sp.Idx], arrays: Iterable[sp.IndexedBase]
) -> sp.Expr:
    """The drift of a statistic at indices, in ``arrays``, which the layer knows by their names."""
    return _entry(limit.drift[name], limit.axes[name], at, arrays)


def covariance_at(
    limit: Limit, name: str, at: Sequence[sp.Idx], arrays: Iterable[sp.IndexedBase]
) -> sp.Expr:
    """The covariance of the increments of a statistic, per unit time; ``at`` has both entries."""
    pair = (name, name)
    return _entry(limit.covariance[pair], limit.axes[pair], at, arrays)


def _entry(
    entry: sp.Expr,
    axes: Sequence[sp.Idx],
    at: Sequence[sp.Idx],
    arrays: Iterable[sp.IndexedBase],
) -> sp.Expr:
    ours = {str(array): array for array in arrays}
    bases = {base: ours.get(str(base), base) for base in entry.atoms(sp.IndexedBase)}
    return canonical(instantiate(entry.xreplace(bases), dict(zip(axes, at, strict=True))))

"""The limit of a layer: regime, drift, covariance, what was assumed, in words and numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp

from theory.algebra.arrays import Symmetric
from theory.layers.arrays import Array
from theory.layers.layer import Layer
from theory.limits.numbers import Missing, evaluate

REGIMES = (
    "SDE", "ODE", "SDE WITHOUT DRIFT", "TRIVIAL", "UNSTABLE", "NOT CLOSED", "JUMPS", "FAST",
    "ILL-POSED", "UNDECIDED",
)  # fmt: skip
LIMITS = ("SDE", "ODE", "SDE WITHOUT DRIFT")  # of the regimes

ROUNDED = 2e-5  # of stated decimals, which are rounded: relative, and of a tenth absolute


def distance(derived: Any, stated: Any) -> float:
    """How far stated numbers are from derived ones, in units of the rounding that is allowed.

    What is no finite number agrees with nothing.
    """
    derived, stated = np.asarray(derived, float), np.asarray(stated, float)
    if not (np.isfinite(stated).all() and np.isfinite(derived).all()):
        return float("inf")
    return float(np.max(np.abs(derived - stated) / (ROUNDED * (np.abs(stated) + 0.1)), initial=0.0))


class ByPair(dict):
    """Covariances by pairs of statistics; one name means the statistic with itself."""

    def __missing__(self, key: Any) -> Any:
        """The pair of a name with itself, or the pair the other way round where that is known."""
        if isinstance(key, str) and (key, key) in self:
            return self[key, key]
        raise KeyError(f"{key!r}; known: {', '.join(map(str, self))}")


@dataclass(frozen=True, eq=False)
class Fluctuation:
    """``scale * (s_N - s)`` is Gaussian in the limit, with this covariance per unit of time.

    ``shifted``: the mean of s_N is off s by as much or more, and takes the place of s.
    """

    scale: sp.Expr
    covariance: ByPair
    shifted: bool = False

    def __str__(self) -> str:
        """In words."""
        centre = "E s_N" if self.shifted else "s"
        rest = f"dS = (J S + S J^T + a) dt, a = {dict(self.covariance)}"
        return f"{self.scale} (s_N - {centre}): {rest}"


@dataclass(frozen=True, eq=False)
class Limit:
    """What happens to the watched statistics over the declared number of steps.

    ``drift`` and ``covariance`` are per unit of time t = step / steps; in an UNSTABLE layer, per
    step. Their free indices are ``axes``. ``distance`` is the power of N by which the statistics of
    a finite layer are off their ODE, where it is derived. ``hypotheses`` says of each of H1 to H6
    whether it is PROVED, ASSUMED, SAMPLED or UNDECIDED; ``dropped`` has the terms of lower order,
    by the power of N by which they are smaller.
    """

    layer: Layer
    regime: str
    words: Sequence[str]
    drift: Mapping[str, sp.Expr] = field(default_factory=dict)
    covariance: ByPair = field(default_factory=ByPair)
    axes: Mapping[Any, tuple[sp.Idx, ...]] = field(default_factory=dict)
    fluctuation: Fluctuation | None = None
    hypotheses: Mapping[str, str] = field(default_factory=dict)
    diagonals: Mapping[str, sp.Expr] = field(default_factory=dict)
    distance: sp.Expr | None = None
    dropped: Mapping[str, Mapping[sp.Expr, sp.Expr]] = field(default_factory=dict)
    diagram: Callable[..., Any] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Words are a list of sentences."""
        object.__setattr__(self, "words", list(self.words))

    def phase(self, exponent: Any, low: Any = None, high: Any = None) -> Any:
        """The regimes for all values of a symbolic exponent from 0 to 2, or ``low`` to ``high``.

        Exact; of a pair of exponents, in a rectangle, with ``low`` and ``high`` its corners.
        """
        if self.diagram is None:
            raise ValueError("a phase diagram is drawn of the limit that vl.derive returns")
        given = {"low": low, "high": high}
        return self.diagram(exponent, **{k: v for k, v in given.items() if v is not None})

    def evaluate(
        self, what: str, *statistics: str, at: Mapping[Any, Any] | None = None
    ) -> np.ndarray:
        """``drift``, ``covariance`` or ``fluctuation`` of statistics as an array of full shape.

        ``at`` gives parameters by symbol or name, statistics and fixed arrays by name; what it
        does not give comes from the layer. Raises ``ValueError`` for an unknown name or a missing
        value.
        """
        tables = {"drift": self.drift, "covariance": self.covariance}
        if self.fluctuation is not None:
            tables["fluctuation"] = self.fluctuation.covariance
        if what not in tables:
            raise ValueError(f"expected one of {', '.join(tables)}; received {what!r}")
        for name in statistics:
            if name not in self.layer.watch:
                raise ValueError(f"{name!r} is not watched; {', '.join(self.layer.watch)} are")
        key = statistics[0] if what == "drift" else (*statistics, *statistics)[:2]
        if key not in tables[what]:
            raise ValueError(f"{self.regime}: no {what} of {key} is known. {' '.join(self.words)}")
        expression = tables[what][key]
        values = {_name(k): v for k, v in {**self.layer.at, **(at or {})}.items()}
        self._check_values(values, {_name(k) for k in at or {}}, expression)
        return evaluate(expression, self.axes[key], {**self.layer.lengths(values), **values})

    def values(self) -> dict[str, Any]:
        """Parameters, statistics, fixed arrays and sizes by name, as the layer gives them."""
        values = {_name(k): v for k, v in self.layer.at.items()}
        return {**self.layer.lengths(values), **values}

    def _check_values(self, values: Mapping[str, Any], given: set[str], e: sp.Expr) -> None:
        """Names that are known, symmetric matrices that are, diagonals that are what they must."""
        layer = self.layer
        known = {*layer.watch, *layer.leaves, *map(str, layer.symbols)}
        if unknown := sorted(given - known):
            raise ValueError(
                f"at= names {', '.join(unknown)}; known are {', '.join(sorted(known))}"
            )
        for base in e.atoms(Symmetric):
            value = np.asarray(values.get(str(base), 0.0), dtype=float)
            if value.ndim == 2 and not np.allclose(value, value.T):
                raise ValueError(f"{base} is symmetric; received {value.tolist()}")
        for name, leaf in layer.leaves.items():
            rows = leaf.data.rows and name in values and np.sum(values[name], axis=-1)
            if rows is not False and not np.allclose(rows, 1):
                raise ValueError(f"the rows of {name} sum to one; received sums {rows.tolist()}")
        for name, diagonal in self.diagonals.items():
            if name in values and not np.allclose(np.diag(values[name]), float(diagonal)):
                raise ValueError(
                    f"the diagonal of {name} is {diagonal} in every step; received "
                    f"{np.diag(values[name]).tolist()}"
                )

    def contradictions(self) -> list[str]:
        """What the author expected and the derivation does not give; numbers are held at ``at``."""
        found = []
        for key, expected in self.layer.expect.items():
            if key == "regime":
                if expected != self.regime:
                    found.append(f"expected the regime {expected}; derived {self.regime}")
                continue
            for what, value in expected.items():
                try:
                    derived = self.evaluate(what, key)
                except ValueError as why:
                    found.append(f"expected {what} of {key}; {why}")
                    continue
                if derived.shape != np.shape(value) or distance(derived, value) > 1:
                    found.append(
                        f"expected {what} of {key} {np.asarray(value).tolist()}; derived "
                        f"{np.round(derived, 7).tolist()}"
                    )
        return found

    def __str__(self) -> str:
        """Regime, words, formulas."""
        lines = [f"{self.layer.name}: {self.regime}", *self.words]
        lines += [f"drift {name}{list(self.axes[name])} = {e}" for name, e in self.drift.items()]
        lines += [
            f"covariance {key}{list(self.axes[key])} = {e}" for key, e in self.covariance.items()
        ]
        return "\n".join(lines)


def _name(key: Any) -> str:
    return key.data.name if isinstance(key, Array) else str(key)


__all__ = ["LIMITS", "REGIMES", "ByPair", "Fluctuation", "Limit", "Missing"]

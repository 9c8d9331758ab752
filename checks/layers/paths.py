"""Paths of a layer over a part of the declared steps, beside the limit from the same start."""

from functools import cached_property

import numpy as np
import sympy as sp

from checks.layers.finite import FiniteLayer
from checks.layers.limiting import Limiting
from checks.layers.states import NotMeasured
from checks.verdicts import Experiment
from numerics.layers.paths import BOUND
from theory.calculus.kernels import SoftmaxMean
from theory.codegen.layers import drawn_shapes
from theory.layers.leaves import N
from theory.limits import Limit

FINEST = 64  # the largest N of a path
FINEST_STILL = 512  # where nothing is drawn: a path costs little, and rates are told by many levels
SMALL = 0.15  # a fluctuation at the finest N, relative to the largest statistic at the start
RELATIVE = 0.25  # variance of a statistic at the end of a path, relative to its square
LEAST = 8  # steps of a path
MOST_DRAWN = 1e5  # numbers drawn in one step of a path
MOST_ALONG = 1e6  # and over all the declared steps, where there is a choice of N


class Paths:
    """A layer and its limit from one start to one time, a part of the declared steps."""

    def __init__(self, limit: Limit, finite: FiniteLayer) -> None:
        """The finest N is the largest one that doubling reaches."""
        self.limit, self.finite = limit, finite
        first, finest = finite.smallest(), FINEST if finite.moving else FINEST_STILL
        self.levels = [first * 2**k for k in range(9) if first * 2**k <= finest]
        self.n = self.levels[-1]
        if (drawn := self._drawn(self.n)) > MOST_DRAWN:
            raise NotMeasured(
                f"at N = {self.n} one step draws {drawn} numbers, too many for the paths of a claim"
            )
        while limit.regime != "ODE" and self.levels[1:] and self._costs() > MOST_ALONG:
            self.n = self.levels.pop() // 2  # a law is seen at any N, a rate is not
        self.start = finite.start(self.n)

    def _drawn(self, n: int) -> int:
        sizes, found = self.finite.sizes(n), 0
        for shape in drawn_shapes(self.finite.layer):
            found += int(
                sp.Mul(*shape).subs({s: sizes[str(s)] for s in sp.Mul(*shape).free_symbols})
            )
        return found

    def _costs(self) -> float:
        return self.finite.steps(self.n) * self._drawn(self.n)

    @cached_property
    def limiting(self) -> Limiting:
        """The limit with the values of the finest layer."""
        values = self.finite.values(self.n)
        shapes = {k: x.shape for k, x in self.finite.statistics(values).items()}
        return Limiting(self.limit, values, shapes)

    def steps(self, n: int) -> int:
        """Steps of a path at N."""
        return max(1, round(self.share * self.finite.steps(n)))

    def time(self, n: int) -> float:
        """Where the path at N ends: a part of the declared steps."""
        return self.steps(n) / self.finite.steps(n)

    @cached_property
    def share(self) -> float:
        """A short time, in which the law stays away from the edges of its domain.

        Twice that time is well before an explosion: near one, neither side is near the other.
        """
        share, least = 1.0, LEAST / self.finite.steps(self.n)
        spread = np.diagonal(self.limiting.covariance(self.start[None])[0])
        relative = float((spread / max(np.abs(self.start).max(), 1e-3) ** 2).max())
        with np.errstate(all="ignore"):
            while share > least and (relative * share > RELATIVE or not self._near(share)):
                share /= 2
            if not self._near(share):
                raise NotMeasured(
                    f"at N = {self.n} the layer is far from its limit within {LEAST} steps: "
                    "explosion, or large fluctuations"
                )
        return share

    def _near(self, share: float) -> bool:
        """Whether the drift does not explode soon, and fluctuations are small at the finest N."""
        bounded = np.abs(self.limiting.solution(self.start, 2 * share)).max() < BOUND / 2
        if not (bounded and self.follows):
            return bool(bounded)
        assert self.limit.fluctuation is not None
        spread = np.diagonal(self.limiting.spread(self.start, share)).max() ** 0.5
        scale = float(self.limit.fluctuation.scale.subs(N, self.n))
        return bool(spread / scale < SMALL * np.abs(self.start).max())

    @property
    def follows(self) -> bool:
        """Whether the fluctuation about an ODE is known, and its numbers are had in short time."""
        found = self.limit.fluctuation
        opaque = found is not None and any(e.has(SoftmaxMean) for e in found.covariance.values())
        return found is not None and not found.shifted and not opaque

    @property
    def entries(self) -> list[int]:
        """Entries of which a law is compared."""
        return self.finite.moving

    def experiment(self, name: str) -> Experiment:
        """The ends of paths, at every N that a claim asks for."""

        def simulate(size: dict, keys: np.ndarray) -> dict[str, np.ndarray]:
            n = size["N"]
            return {"end": np.clip(self.finite.path_end(n, keys, self.steps(n)), -BOUND, BOUND)}

        return Experiment(name, simulate)

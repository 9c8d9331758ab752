"""The derived limit in numbers: drift and covariance at many points at once, and its paths.

An Euler path of the limit shares nothing with the finite layer but the start; it is stopped where a
statistic grows large, as the layer is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp

from checks.layers.planted import Term
from checks.layers.states import NotMeasured
from numerics.layers.paths import BOUND
from theory.calculus.kernels import SoftmaxMean
from theory.limits import Limit
from theory.limits.limit import ByPair
from theory.limits.numbers import evaluate

RUNGE_KUTTA = 16  # steps of a solution, over a horizon that is short for it

Place = tuple[int, ...]


@dataclass(frozen=True)
class Limiting:
    """A limit as functions of flat statistics ``(paths, q)``; ``values`` holds everything else."""

    limit: Limit
    values: Mapping[str, Any]
    shapes: Mapping[str, Place]
    _known: dict[sp.Expr, tuple[sp.Idx, sp.Expr]] = field(default_factory=dict, repr=False)

    @cached_property
    def places(self) -> dict[str, slice]:
        """Where each statistic stands among the flat ones."""
        found, start = {}, 0
        for name, shape in self.shapes.items():
            count = int(np.prod(shape))
            found[name] = slice(start, start + count)
            start += count
        return found

    @property
    def count(self) -> int:
        """The number of flat statistics."""
        return sum(int(np.prod(shape)) for shape in self.shapes.values())

    def drift(self, points: np.ndarray) -> np.ndarray:
        """``(paths, q)``."""
        found = np.zeros_like(points)
        for name, e in self.limit.drift.items():
            found[:, self.places[name]] = self._at(e, self.limit.axes[name], points)
        return found

    def covariance(self, points: np.ndarray, of: ByPair | None = None) -> np.ndarray:
        """``(paths, q, q)``, of the limit or of its fluctuation."""
        found = np.zeros((len(points), self.count, self.count))
        for (left, right), e in (self.limit.covariance if of is None else of).items():
            rows, columns = self.places[left], self.places[right]
            shape = (len(points), rows.stop - rows.start, columns.stop - columns.start)
            value = self._at(e, self.limit.axes[left, right], points)
            found[:, rows, columns] = value.reshape(shape)
        return found

    def terms(self, what: str, start: np.ndarray) -> list[tuple[Any, sp.Expr, Term]]:
        """Terms of drift or covariance: the statistics, the expression, its value at the start."""
        found, q = [], self.count
        for key, e in getattr(self.limit, what).items():
            at = tuple(self.places[s] for s in (key if isinstance(key, tuple) else (key,)))
            for part in e.expand().as_ordered_terms() if e != 0 else ():
                value = np.zeros((q,) * len(at))
                flat = self._at(part, self.limit.axes[key], start[None])
                value[at] = flat.reshape(value[at].shape)
                found.append((key, part, Term(str(part), value)))
        return found

    def changed(self, what: str, key: Any, by: sp.Expr) -> "Limiting":
        """The same with a wrong limit, in which something is added to drift or covariance."""
        table = getattr(self.limit, what)
        table = ByPair({**table, key: table[key] + by}) if what == "covariance" else {
            **table, key: table[key] + by}  # fmt: skip
        return replace(self, limit=replace(self.limit, **{what: table}), _known={})

    def without_noise(self) -> "Limiting":
        """The same without covariance."""
        still = ByPair({key: sp.S.Zero for key in self.limit.covariance})
        return replace(self, limit=replace(self.limit, covariance=still), _known={})

    def _at(self, e: sp.Expr, axes: tuple[sp.Idx, ...], points: np.ndarray) -> np.ndarray:
        """An expression at all points; `NotMeasured` where it has no number."""
        try:
            return self._numbers(e, axes, points)
        except ValueError as why:
            raise NotMeasured(str(why)) from None

    def _numbers(self, e: sp.Expr, axes: tuple[sp.Idx, ...], points: np.ndarray) -> np.ndarray:
        """One after the other where it holds an opaque mean."""
        if e.has(SoftmaxMean):
            rows = [evaluate(e, axes, self._named(p[None], 0)) for p in points]
            return np.reshape(rows, (len(points), -1))
        if e not in self._known:
            self._known[e] = self._spread(e)
        path, spread = self._known[e]
        values = {**self._named(points, ...), "_paths": len(points)}
        values = evaluate(spread, (path, *axes), values)
        return values.reshape(len(points), int(np.prod(values.shape[1:])))

    def _spread(self, e: sp.Expr) -> tuple[sp.Idx, sp.Expr]:
        """The expression with an axis of paths in every statistic."""
        paths = sp.Symbol("_paths", integer=True, positive=True)
        path, watch = sp.Idx("_path", paths), self.limit.layer.watch
        bases = {n: sp.IndexedBase(f"_all_{n}", (paths, *watch[n].shape)) for n in self.shapes}
        swap: dict[Any, Any] = {
            x: bases[str(x.base)][(path, *x.indices)]
            for x in e.atoms(sp.Indexed)
            if str(x.base) in bases
        }
        swap |= {
            s: bases[str(s)][path]
            for s in e.free_symbols
            if str(s) in bases and not self.shapes[str(s)] and not isinstance(s, sp.Indexed)
        }
        return path, e.xreplace(swap)

    def _named(self, points: np.ndarray, which: Any) -> dict[str, Any]:
        split = {n: points[:, at].reshape(-1, *self.shapes[n]) for n, at in self.places.items()}
        if which is ...:
            return {**self.values, **{f"_all_{n}": v for n, v in split.items()}}
        return {**self.values, **{n: v[which] for n, v in split.items()}}

    # Paths.
    def ends(self, start: np.ndarray, horizon: float, noises: np.ndarray) -> np.ndarray:
        """``(paths, q)`` ends of Euler paths of the SDE, stopped as layers are.

        So are paths that leave the domain of the coefficients. ``noises``: of mean zero and
        variance one, ``(steps, paths, q)``.
        """
        steps, paths, _ = noises.shape
        dt, now = horizon / steps, np.tile(start, (paths, 1))
        alive = np.ones(paths, bool)
        for noise in noises:
            alive &= np.abs(now).max(axis=1) <= BOUND
            with np.errstate(invalid="ignore", divide="ignore"):
                slope, spread = self.drift(now[alive]), self.covariance(now[alive])
            defined = np.isfinite(slope).all(axis=1) & np.isfinite(spread).all(axis=(1, 2))
            alive[alive] = defined
            if not alive.any():
                break
            moved = (roots(spread[defined]) @ noise[alive, :, None])[..., 0]
            now[alive] += slope[defined] * dt + moved * dt**0.5
        return np.clip(now, -BOUND, BOUND)

    def solution(self, start: np.ndarray, horizon: float) -> np.ndarray:
        """The end of the ODE, by Runge and Kutta's method."""
        return _solved(lambda s: self.drift(s[None])[0], start, horizon)

    def spread(self, start: np.ndarray, horizon: float) -> np.ndarray:
        """``(q, q)`` covariance of the fluctuation at the end: dS = (J S + S J^T + a) dt."""
        assert self.limit.fluctuation is not None, "the limit has no fluctuation"
        noise, q = self.limit.fluctuation.covariance, self.count

        def slope(both: np.ndarray) -> np.ndarray:
            s, S = both[:q], both[q:].reshape(q, q)
            h = 1e-5
            near = np.concatenate([s + h * np.eye(q), s - h * np.eye(q), s[None]])
            values = self.drift(near)
            J = (values[:q] - values[q : 2 * q]).T / (2 * h)
            dS = J @ S + S @ J.T + self.covariance(s[None], noise)[0]
            return np.concatenate([values[-1], dS.ravel()])

        return _solved(slope, np.concatenate([start, np.zeros(q * q)]), horizon)[q:].reshape(q, q)


def roots(matrices: np.ndarray) -> np.ndarray:
    """Symmetric roots of positive semidefinite matrices, singular ones too; rounding is zero."""
    values, vectors = np.linalg.eigh((matrices + matrices.swapaxes(-1, -2)) / 2)
    floor = 1e-13 * np.abs(values).max(axis=-1, keepdims=True)
    scaled = vectors * np.sqrt(np.where(values > floor, values, 0.0))[..., None, :]
    return scaled @ vectors.swapaxes(-1, -2)


def _solved(
    slope: Callable[[np.ndarray], np.ndarray], start: np.ndarray, horizon: float
) -> np.ndarray:
    now, dt = np.asarray(start, float), horizon / RUNGE_KUTTA
    for _ in range(RUNGE_KUTTA):
        one = slope(now)
        two = slope(now + dt / 2 * one)
        three = slope(now + dt / 2 * two)
        four = slope(now + dt * three)
        now = now + dt / 6 * (one + 2 * two + 2 * three + four)
    return now

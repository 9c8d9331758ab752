"""From a layer to its limit: orders decide the regime, leading coefficients are the limit."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import sympy as sp

from theory.calculus.cumulants import UnknownMoment
from theory.layers.layer import Layer
from theory.layers.leaves import N
from theory.limits.closed import witness
from theory.limits.fast import fast_variables
from theory.limits.limit import LIMITS, ByPair, Fluctuation, Limit
from theory.limits.moments import Moments
from theory.limits.nonzero import without_zeros
from theory.limits.normalised import Normalised
from theory.limits.phase import Phase, phase
from theory.limits.plane import Plane, plane
from theory.limits.reading import read
from theory.limits.remark import Remark
from theory.limits.singular import ill_posed
from theory.limits.sizes import Orders, Undecided, incomparable, largest
from theory.limits.words import explosion, fixed_points, hypotheses, jumps_at, zooms

SHOWN = 12  # products in a term of lower order that is written out


def derive(layer: Layer) -> Limit:
    """The regime and the limit of a layer over its declared number of steps.

    Never guesses: what the calculus cannot decide has the regime UNDECIDED, and the words name the
    term that stopped it.
    """
    if not isinstance(layer, Layer):
        raise TypeError(f"expected a vl.Layer; received {type(layer).__name__}")
    try:
        found = _Derivation(layer, read(layer)).limit()
    except UnknownMoment as why:
        found = Limit(layer, "UNDECIDED", (f"UNDECIDED (expectation): {why}",))
    except Undecided as why:
        found = Limit(layer, "UNDECIDED", (str(why),))
    return replace(found, diagram=partial(_diagram, layer))


def _diagram(layer: Layer, exponents: Any, **corners: Any) -> Phase | Plane:
    """In one exponent, or in a pair."""
    if isinstance(exponents, tuple):
        return plane(layer, derive, exponents, **corners)
    return phase(layer, derive, exponents, **corners)


@dataclass
class _Derivation:
    layer: Layer
    moments: Moments
    words: list[str] = field(default_factory=list)
    assumed: bool = False  # that states are delocalised

    def limit(self) -> Limit:
        names = list(self.layer.watch)
        self.mean_orders = {s: self.moments.orders(self.moments.means[s]) for s in names}
        level = -(self.layer.steps_exponent or sp.S.Zero)
        for s, o in self.mean_orders.items():
            what = f"the drift of {s}"
            self.mean_orders[s] = without_zeros(self.moments, what, o, level)
        mu = {s: largest(o) for s, o in self.mean_orders.items()}
        if any(self._at_least(e, sp.S.Zero) for e in mu.values()):
            return self._unstable(mu)
        self.pairs = [(s, t) for k, s in enumerate(names) for t in names[k:]]
        covariances = {p: self.moments.covariance(*p) for p in self.pairs}
        self.pair_orders = {p: self.moments.orders(c) for p, c in covariances.items()}
        for s in names:
            what = f"the covariance of {s}"
            orders = self.pair_orders[s, s]
            self.pair_orders[s, s] = without_zeros(self.moments, what, orders, level)
        sigma = {s: largest(self.pair_orders[s, s]) for s in names}
        top = _top((*mu.values(), *sigma.values()))
        if top == sp.S.NegativeInfinity:
            return self._limit("TRIVIAL", -sp.oo, ["nothing that is watched ever moves"])
        steps = self.layer.steps_exponent
        self.steps = -top if steps is None else steps
        unclosed = self._unclosed()
        if unclosed:
            return self._limit("NOT CLOSED", None, unclosed)
        return self._by_orders(mu, sigma, top)

    def _at_least(self, exponent: sp.Expr, level: sp.Expr) -> bool:
        if exponent == sp.S.NegativeInfinity:
            return False
        gap = sp.expand(exponent - level)
        if gap.is_nonnegative is None:
            raise incomparable(exponent, level)
        return bool(gap.is_nonnegative)

    # Regimes.
    def _by_orders(self, mu: dict, sigma: dict, top: sp.Expr) -> Limit:
        m = {s: sp.expand(e + self.steps) for s, e in mu.items()}
        v = {s: sp.expand(e + self.steps) for s, e in sigma.items()}
        over = [s for s in m if self._above(m[s]) or self._above(v[s])]
        scale, powers = ("$N$", ()) if top == -1 else ("$N**({})$", (sp.expand(-top),))
        if over and (fast := fast_variables(self.moments, self.mean_orders, self.steps)):
            return Limit(self.layer, "FAST", tuple(fast))
        if over:
            cures = {
                f"{what} smaller by the power $N**({{}})$": power
                for what, orders, share in (("a mean step", m, 1), ("noise", v, 2))
                if self._above(power := sp.expand(_top(orders.values()) / share))
            }
            return self._limit(
                "UNSTABLE", None,
                [
                    Remark.of(
                        f"{', '.join(over)} moves by $N**({{}})$ over the declared $N**({{}})$ "
                        f"steps; there is a limit over {scale} steps, or with "
                        + " and ".join(cures),
                        sp.expand(top + self.steps), self.steps, *powers, *cures.values(),
                    )
                ],
            )  # fmt: skip
        jumping = jumps_at(self.moments, self.steps)
        if jumping:
            return self._limit("JUMPS", self.steps, jumping)
        moving = [s for s in m if m[s] == 0 or v[s] == 0]
        if not moving:
            return self._limit(
                "TRIVIAL", self.steps,
                [Remark.of("over $N**({})$ steps nothing moves; the first to move does so over "
                             f"{scale} steps", self.steps, *powers)],
            )  # fmt: skip
        diffusive = any(v[s] == 0 for s in v)
        drifting = any(m[s] == 0 for s in m)
        regime = ("SDE" if drifting else "SDE WITHOUT DRIFT") if diffusive else "ODE"
        words = []
        if regime == "SDE WITHOUT DRIFT":
            first = _top(mu.values())
            words.append(
                Remark.of(
                    "the first drift is a correction of order $N**({})$", first + self.steps
                )
                if first != sp.S.NegativeInfinity else "the mean step is exactly zero"
            )  # fmt: skip
        return self._limit(regime, self.steps, words, sigma)

    def _above(self, exponent: sp.Expr) -> bool:
        if exponent == sp.S.NegativeInfinity:
            return False
        return exponent != 0 and self._at_least(exponent, sp.S.Zero)

    def _unstable(self, mu: dict) -> Limit:
        fast = fast_variables(self.moments, self.mean_orders, self.layer.steps_exponent)
        if fast:
            return Limit(self.layer, "FAST", tuple(fast))
        if unclosed := self._unsized():
            return Limit(self.layer, "NOT CLOSED", tuple(unclosed))
        drift, axes, words = {}, {}, []
        for s, orders in self.mean_orders.items():
            axes[s] = tuple(self.moments.axes(s))
            level = [e for e in orders if self._at_least(e, sp.S.Zero)]
            if level:
                top = largest({e: orders[e] for e in level})
                drift[s] = self.moments.written(orders[top], list(axes[s]))
                words.append(
                    Remark.of(
                        f"one step changes {s} by ${{}}$, of order $N**({{}})$; over ${{}}$ steps "
                        "there is no limit",
                        drift[s], top, self.layer.steps or "many",
                    )
                )  # fmt: skip
                words += fixed_points(self.moments, s, orders.get(sp.S.Zero, {}), drift[s], axes[s])
        return Limit(self.layer, "UNSTABLE", tuple(words), drift, ByPair(), axes)

    def _unclosed(self) -> list[str]:
        """Sentences about states that are left in what matters; notes on what is dropped."""
        found: list[str] = []
        dropped = False
        tables = [(f"the drift of {s}", o) for s, o in self.mean_orders.items()]
        tables += [(f"the covariance of {s} and {t}", o) for (s, t), o in self.pair_orders.items()]
        for what, orders in tables:
            for e, part in orders.items():
                if self.moments.open_states(part):
                    if self._at_least(e + self.steps, sp.S.Zero):
                        found += witness(self.moments, what, part)
                    else:
                        dropped = True
        self.assumed = dropped
        if dropped:
            self.words.append("assumes delocalised states: max_i x_i**2 = o(|x|**2) (H4 ASSUMED)")
        return found

    def _unsized(self) -> list[str]:
        """Sentences about what is left in a step of order one of states of no known size."""
        sizes = self.moments.reading.sizes
        for s, orders in self.mean_orders.items():
            for e, part in orders.items():
                if self._at_least(e, sp.S.Zero):
                    left = {n for c in self.moments.open_states(part) for n, _ in c}
                    states = {old.data.name for old in self.layer.step}
                    if any(not sizes.is_known(n) for n in left & states):
                        return witness(self.moments, f"the drift of {s}", part)
        return []

    # The limit itself.
    def _limit(
        self, regime: str, steps: sp.Expr | None, words: list[str], sigma: dict | None = None
    ) -> Limit:
        if regime in ("NOT CLOSED", "UNSTABLE") or steps == -sp.oo or steps is None:
            return Limit(self.layer, regime, (*words, *self.words))
        count = sp.sympify(self.layer.steps or N**steps) / N**steps
        drift, covariance, axes = {}, ByPair(), {}
        for s, orders in self.mean_orders.items():
            axes[s] = tuple(self.moments.axes(s))
            drift[s] = count * self.moments.written(orders.get(-steps, {}), list(axes[s]))
        for p, orders in self.pair_orders.items():
            axes[p] = tuple(self.moments.axes(*p))
            covariance[p] = count * self.moments.written(orders.get(-steps, {}), list(axes[p]))
        self._add_transposes(covariance, axes, self.pair_orders, -steps, count)
        ill = ill_posed(self.moments, drift, covariance)
        regime = "ILL-POSED" if ill else regime
        fluctuation = distance = None
        if regime == "ODE" and sigma is not None:
            fluctuation = self._fluctuation(sigma, steps, count, axes)
            distance = self._distance(sigma, steps)
        heads = self.moments.reading.networks.heads
        diagonals = {s: d for s in drift if (d := heads[s].diagonal) is not None}
        words = [*words, *ill, *self.words, *explosion(self.moments, drift, axes, covariance)]
        if regime in LIMITS:
            time = Remark.of(
                "one unit of time is ${}$ steps", sp.sympify(self.layer.steps or N**steps)
            )
            words = [time, *words]
            words.append("convergence is local: both sides are stopped at the exit of compacts")
            words += zooms(self.moments, drift, fluctuation) if fluctuation else []
        formulas = [*drift.values(), *covariance.values()]
        status = hypotheses(self.moments, regime, self.assumed, formulas)
        return Limit(
            self.layer,
            regime,
            tuple(words),
            drift,
            covariance,
            axes,
            fluctuation,
            status,
            diagonals,
            distance,
            self._dropped(steps, axes),
        )

    def _dropped(self, steps: sp.Expr, axes: dict) -> dict[str, dict[sp.Expr, sp.Expr]]:
        """Terms of lower order in drift and covariance, largest first; long ones are left out."""
        tables: dict[str, tuple[Any, Orders]] = {
            f"the drift of {s}": (s, o) for s, o in self.mean_orders.items()
        }
        for (s, t), o in self.pair_orders.items():
            tables[f"the covariance of {s} and {t}"] = (s, t), o
        found: dict[str, dict[sp.Expr, sp.Expr]] = {}
        for what, (key, orders) in tables.items():
            for e, part in sorted(orders.items(), key=lambda x: sp.default_sort_key(-x[0])):
                if sp.expand(e + steps).is_negative and len(part) <= SHOWN:
                    written = self.moments.written(part, list(axes[key]))
                    found.setdefault(what, {})[sp.expand(e + steps)] = written
        return found

    def _add_transposes(self, table: ByPair, axes: dict, orders: dict, e: sp.Expr, count) -> None:
        """The pair (t, s) beside (s, t): the same entries with the axes exchanged."""
        for (s, t), found in orders.items():
            if s == t:
                continue
            k, j = (len(self.layer.watch[x].shape) for x in (s, t))
            swap = {-1 - i: -1 - i - j for i in range(k)} | {-1 - k - i: -1 - i for i in range(j)}
            part = self.moments.reading.networks.renamed(found.get(e, {}), swap)
            axes[t, s] = tuple(self.moments.axes(t, s))
            table[t, s] = count * self.moments.written(part, list(axes[t, s]))

    def _fluctuation(self, sigma: dict, steps: sp.Expr, count, axes: dict) -> Fluctuation | None:
        top = _top(sigma.values())
        if top == sp.S.NegativeInfinity:
            return None
        if self.moments.reading.networks.depth is not None:
            self.words.append("the fluctuation needs an expansion to higher order: not derived")
            return None
        noise = (top + steps) / 2
        shifted = any(self._at_least(shift, noise) for shift in self._shifts(steps))
        if shifted:
            self.words.append(
                Remark.of(
                    "the fluctuation, $N**({})$, is about the mean of the finite layer, which is "
                    "off the ODE by as much or more: by the steps themselves, or the next order of "
                    "the mean step",
                    noise,
                )
            )
        parts = {
            p: count * self.moments.written(o.get(top, {}), list(axes[p]))
            for p, o in self.pair_orders.items()
        }
        table = ByPair(parts)
        self._add_transposes(table, axes, self.pair_orders, top, count)
        return Fluctuation(N ** (-noise), table, shifted)

    def _distance(self, sigma: dict, steps: sp.Expr) -> sp.Expr | None:
        """The larger of fluctuation and shift of the mean; unknown where moments are expanded."""
        reading = self.moments.reading
        logits = set(reading.laws) - set(self.layer.leaves) - set(reading.hidden)
        if reading.networks.depth is not None or logits or isinstance(self.moments, Normalised):
            return None
        top = _top(sigma.values())
        noise = [] if top == sp.S.NegativeInfinity else [(top + steps) / 2]
        return _top([*noise, *self._shifts(steps)])

    def _shifts(self, steps: sp.Expr) -> list[sp.Expr]:
        """Powers of N by which finite layers are off their ODE in the mean."""
        below = (sp.expand(e + steps) for o in self.mean_orders.values() for e in o)
        return [-steps, *(e for e in below if e != 0)]


def _top(exponents: Iterable[sp.Expr]) -> sp.Expr:
    """The largest of several powers of N, minus infinity among them."""
    return largest(dict.fromkeys(e for e in exponents if e != sp.S.NegativeInfinity))

"""Functionals of a probability measure, and how they change when the measure moves.

``mean(phi, y, mu)`` is the integral of ``phi(y)`` against ``mu``; a functional of ``mu`` is any
expression in such means, nested ones included. From it come

- the first variation ``dF/dmu(y)``: ``d/de F(mu + e chi) = integral of dF/dmu dchi`` at e = 0;
- the Lions derivative ``d_mu F(mu)(y)``, its gradient in y, which is also the gradient of F in
  the Wasserstein geometry; the gradient flow of F moves mass with velocity ``-d_mu F``;
- the continuity equation of moving mass, in weak form (``transport``) and strong form.

A measure may depend on a label that never moves, such as the depth ``t`` of a layer:
``mean(phi, y, rho, t)`` integrates over ``rho(dy | t)``, and variations pair as
``integral over t of integral over y``. An empirical measure turns a functional into a function
of points, for which ``dF/dx_i = (1/N) d_mu F(mu_N)(x_i)``: the second route to every derivative.
"""

from collections.abc import Callable, Iterable
from typing import Any, overload

import sympy as sp

from theory.algebra.given import given
from theory.calculus.indices import canonical, extent, instantiate, total

Point = Any  # a symbol, a tuple of symbols, or an array


class Mean(sp.Expr):
    """The integral of ``function`` over its ``variable`` against ``measure``; see ``mean``."""

    is_commutative = True
    is_real = True

    def __new__(
        cls, function: sp.Expr, variable: sp.Basic, measure: sp.Symbol, *label: sp.Expr
    ) -> "Mean":
        """As given: ``mean`` is the constructor to use."""
        return sp.Expr.__new__(cls, function, variable, measure, *label)

    function = property(lambda self: self.args[0])
    variable = property(lambda self: self.args[1])
    measure = property(lambda self: self.args[2])
    label = property(lambda self: self.args[3] if len(self.args) > 3 else None)

    @property
    def free_symbols(self) -> set[sp.Basic]:
        """The variable is bound."""
        bound = set().union(*(_symbols_of(v) for v in _parts(self.variable)))
        free = {
            s
            for s in self.function.free_symbols - bound
            if not (isinstance(s, sp.Indexed) and s.base in bound)
        }
        return free.union(*(a.free_symbols for a in self.args[2:]))

    def _eval_derivative(self, by: sp.Basic) -> sp.Expr:
        """The derivative in a parameter goes under the integral."""
        inner = mean(sp.diff(self.function, by), self.variable, self.measure, self.label)
        if self.label is None or not self.label.has(by):
            return inner
        raise ValueError(f"the measure {self.measure} is not differentiable in its label {by}")

    def _latex(self, printer: Any) -> str:
        given = "" if self.label is None else rf"\mid {printer.doprint(self.label)}"
        at = f"{printer.doprint(self.measure)}(d{printer.doprint(self.variable)}{given})"
        body = printer.doprint(self.function)
        body = rf"\left({body}\right)" if self.function.is_Add else body
        return rf"\int {body}\, {at}"


def mean(phi: sp.Expr, y: Point, mu: sp.Symbol, label: sp.Expr | None = None) -> sp.Expr:
    """The integral of ``phi`` over ``y`` against the probability measure ``mu`` (at a label).

    ``y`` is a symbol, a tuple of symbols or an array. The integral is split over sums and
    constants come out (a measure has mass one), and the bound variable gets a canonical name,
    so that equal means are identical expressions.
    """
    phi = sp.expand(given(phi, "a mean"))
    if isinstance(phi, sp.Add):
        return sp.Add(*(mean(part, y, mu, label) for part in phi.args))
    if isinstance(phi, sp.Sum):
        return sp.Sum(mean(phi.function, y, mu, label), *phi.limits)
    constant, moving = [], []
    for factor in sp.Mul.make_args(phi):
        (moving if _depends(factor, y) else constant).append(factor)
    if len(moving) == 1 and isinstance(moving[0], sp.Sum):
        return sp.Mul(*constant) * mean(moving[0], y, mu, label)
    if not moving:
        return sp.Mul(*constant)
    inside = sp.Mul(*moving)
    level = 1 + max((_level(m) for m in inside.atoms(Mean)), default=0)
    bound = _renamed(y, level)
    node = Mean(place(inside, y, bound), bound, mu, *(() if label is None else (label,)))
    return sp.Mul(*constant) * node


def place(phi: sp.Expr, y: Point, at: Point) -> sp.Expr:
    """``phi`` with the variable ``y`` replaced by ``at``, of the same form."""
    pairs = dict(zip(_parts(y), _parts(at), strict=True))
    return instantiate(given(phi, "a function of a point"), pairs)


def first_variation(F: sp.Expr, mu: sp.Symbol, y: Point, label: sp.Expr | None = None) -> sp.Expr:
    """``dF/dmu`` at the point ``y`` (and at the label), without an added constant removed.

    The variation of a nested mean is taken in all its places.
    """

    def source(node: Mean) -> sp.Expr:
        here = place(node.function, node.variable, y)
        if node.label is None:
            return here
        if label is None:
            raise ValueError(f"{mu} depends on a label; say where: first_variation(F, mu, y, t)")
        return here * sp.DiracDelta(node.label - label)

    return _vary(given(F, "a first variation"), mu, source)


@overload
def lions_derivative(
    F: sp.Expr, mu: sp.Symbol, y: sp.Basic, label: sp.Expr | None = None
) -> sp.Expr: ...
@overload
def lions_derivative(
    F: sp.Expr, mu: sp.Symbol, y: tuple[Any, ...], label: sp.Expr | None = None
) -> tuple[sp.Expr, ...]: ...
def lions_derivative(
    F: sp.Expr, mu: sp.Symbol, y: Point, label: sp.Expr | None = None
) -> sp.Expr | tuple[sp.Expr, ...]:
    """``d_mu F(mu)(y)``, the gradient in ``y`` of the first variation.

    A tuple of symbols gives a tuple; an entry ``y[a, b]`` of an array gives that component.
    """
    base = y.base if isinstance(y, sp.Indexed) else y
    variation = first_variation(F, mu, base, label)
    if isinstance(y, sp.Indexed):
        return canonical(sp.diff(variation, y))
    if isinstance(y, sp.Symbol):
        return sp.diff(variation, y)
    if isinstance(y, sp.IndexedBase):
        raise TypeError(f"name the component of the array {y} that is wanted, as in {y}[a, b]")
    return tuple(sp.diff(variation, part) for part in y)


def wasserstein_velocity(
    F: sp.Expr, mu: sp.Symbol, y: Point, label: sp.Expr | None = None
) -> sp.Expr | tuple[sp.Expr, ...]:
    """The velocity with which the Wasserstein gradient flow of ``F`` moves mass at ``y``."""
    gradient = lions_derivative(F, mu, y, label)
    return tuple(-g for g in gradient) if isinstance(gradient, tuple) else -gradient


def transport(
    F: sp.Expr,
    mu: sp.Symbol,
    y: Point,
    velocity: Any,
    label: sp.Symbol | None = None,
) -> sp.Expr:
    """``d/dtau F(mu)`` while mass at ``y`` moves with a velocity: the weak continuity equation.

    For ``F = mean(phi, y, mu)`` this is the integral of ``grad phi . velocity``. With a label,
    the label runs over [0, 1] and its mass does not move.
    """
    ys, vs = _parts(y), _parts(velocity)
    variation = first_variation(F, mu, y, label)
    rate = sum((sp.diff(variation, a) * v for a, v in zip(ys, vs, strict=True)), sp.S.Zero)
    found = mean(rate, y, mu, label)
    return found if label is None else integrate_label(found, label)


def continuity(density: sp.Expr, y: Point, velocity: Any) -> sp.Expr:
    """``d/dtau density = -div(density velocity)``: the strong form, its right side."""
    pairs = zip(_parts(y), _parts(velocity), strict=True)
    return -sum((sp.diff(density * v, a) for a, v in pairs), sp.S.Zero)


def empirical(F: sp.Basic, mu: sp.Symbol, points: Any) -> Any:
    """The functional at the empirical measure of points: a function of the points.

    ``points`` is a sequence, or an array whose first axis, of any size N, numbers the points.
    """
    if isinstance(F, Mean) and F.measure == mu:
        inner = empirical(F.function, mu, points)
        if isinstance(points, sp.IndexedBase):
            index = sp.Idx(f"particle_{_level(F)}", points.shape[0])
            return total(_entry(inner, F.variable, points, index), index) / extent(index)
        return sp.Add(*(place(inner, F.variable, p) for p in points)) / len(points)
    if not F.has(mu):
        return F
    return F.func(*(empirical(a, mu, points) for a in F.args))


def integrate_label(expression: sp.Expr, label: sp.Symbol) -> sp.Expr:
    """The integral over a label in [0, 1], with point masses of the label contracted."""
    parts = []
    for term in sp.Add.make_args(sp.expand(expression)):
        masses = [
            f for f in sp.Mul.make_args(term) if isinstance(f, sp.DiracDelta) and f.has(label)
        ]
        rest = sp.Mul(*(f for f in sp.Mul.make_args(term) if f not in masses))
        if rest.has(sp.DiracDelta) or len(masses) > 1:
            raise NotImplementedError(f"expected at most one point mass of {label}, got {term}")
        if masses:
            (at,) = sp.solve(masses[0].args[0], label)
            parts.append(rest.subs(label, at))
        else:
            constant, moving = term.as_independent(label, as_Add=False)
            parts.append(constant * (sp.Integral(moving, (label, 0, 1)) if moving != 1 else 1))
    return sp.Add(*parts)


def _vary(F: sp.Basic, mu: sp.Symbol, source: Callable[[Mean], sp.Expr]) -> sp.Expr:
    """The derivative of F along a change of mu, with the change of a mean given by ``source``."""
    if not F.has(mu):
        return sp.S.Zero
    if isinstance(F, Mean):
        inner = mean(_vary(F.function, mu, source), F.variable, F.measure, F.label)
        return inner + source(F) if F.measure == mu else inner
    if isinstance(F, sp.Integral):
        ((label, low, high),) = F.limits
        if (low, high) != (0, 1):
            raise ValueError(f"a label runs over [0, 1]; received the integral {F}")
        fresh = sp.Dummy(str(label), **label.assumptions0)  # the variation may be asked for there
        found = integrate_label(_vary(F.function.xreplace({label: fresh}), mu, source), fresh)
        rest = [part for part in found.atoms(sp.Integral) if label not in part.free_symbols]
        return found.xreplace({part: part.xreplace({fresh: label}) for part in rest})
    if isinstance(F, sp.Sum):
        return sp.Sum(_vary(F.function, mu, source), *F.limits)
    places = [sp.Dummy() for _ in F.args]
    outer = F.func(*places)
    changes = (
        sp.diff(outer, place_) * _vary(argument, mu, source)
        for place_, argument in zip(places, F.args, strict=True)
        if argument.has(mu)
    )
    return sp.Add(*changes).xreplace(dict(zip(places, F.args, strict=True)))


def _entry(phi: sp.Expr, y: Any, points: sp.IndexedBase, index: sp.Idx) -> sp.Expr:
    """``phi`` at the point number ``index``."""
    if isinstance(y, sp.Symbol):
        return phi.xreplace({y: points[index]})
    if isinstance(y, sp.IndexedBase):
        entries = [e for e in phi.atoms(sp.Indexed) if e.base == y]
        return phi.xreplace({e: points[(index, *e.indices)] for e in entries})
    return phi.xreplace({part: points[index, k] for k, part in enumerate(y)})


def _parts(y: Any) -> tuple[sp.Basic, ...]:
    return tuple(y) if isinstance(y, Iterable) and not isinstance(y, sp.IndexedBase) else (y,)


def _symbols_of(variable: sp.Basic) -> set[sp.Basic]:
    return {variable} | variable.free_symbols


def _depends(factor: sp.Expr, y: Point) -> bool:
    return factor.has(*_parts(y))


def _level(node: Mean) -> int:
    return 1 + max((_level(m) for m in node.function.atoms(Mean)), default=0)


def _renamed(y: Point, level: int) -> sp.Basic:
    """The canonical name of a bound variable that encloses ``level - 1`` others."""
    if isinstance(y, sp.IndexedBase):
        return type(y)(f"y_{level}", shape=y.shape, real=True)
    parts = _parts(y)
    if len(parts) == 1:
        return sp.Symbol(f"y_{level}", **parts[0].assumptions0)
    return sp.Tuple(*(sp.Symbol(f"y_{level}_{k}", **p.assumptions0) for k, p in enumerate(parts)))

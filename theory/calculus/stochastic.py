"""Stochastic calculus in index notation, for diffusions whose coordinates are array entries.

A diffusion is its drift and its bracket, ``d<x_I, x_J> = bracket(I, J) dt`` with I and J index
tuples such as (token, coordinate). This is all that a law needs: Ito's formula, the generator, the
image under a map and the equation of an empirical measure follow. Nothing here knows a room.
"""

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from theory.calculus.expansion import taylor
from theory.calculus.indices import (
    Fresh,
    canonical,
    contract_pairs,
    extent,
    instantiate,
    total,
)

Indices = tuple[sp.Idx, ...]
Rule = Callable[[sp.Expr], sp.Expr]


@dataclass(frozen=True)
class Diffusion:
    """``d state[at] = drift dt + martingale``, ``d<state[at], state[other]> = bracket dt``.

    ``drift`` has the free indices ``at``, ``bracket`` those of ``at`` and ``other``.
    """

    state: sp.IndexedBase
    at: Indices
    other: Indices
    drift: sp.Expr
    bracket: sp.Expr

    def drift_at(self, left: Indices) -> sp.Expr:
        """The drift of another entry."""
        return instantiate(self.drift, dict(zip(self.at, left, strict=True)))

    def bracket_at(self, left: Indices, right: Indices) -> sp.Expr:
        """The bracket of two other entries."""
        names = dict(zip((*self.at, *self.other), (*left, *right), strict=True))
        return instantiate(self.bracket, names)

    def elsewhere(self, count: int, *expressions: sp.Expr) -> list[Indices]:
        """Index tuples of other entries, with names that nothing uses: not the expressions."""
        fresh = Fresh(self.drift, self.bracket, *self.at, *self.other, *expressions)
        return [tuple(map(fresh, self.at)) for _ in range(count)]


def generator(process: Diffusion, function: sp.Expr) -> sp.Expr:
    """The drift of ``function(state)`` by Ito's formula: b.grad f + (1/2) bracket : D^2 f."""
    left, right = process.elsewhere(2, function)
    first = sp.diff(function, process.state[left])
    second = sp.diff(first, process.state[right])
    transport = total(process.drift_at(left) * first, *left)
    spread = total(process.bracket_at(left, right) * second, *left, *right)
    return canonical(transport + spread / 2)


def bracket(process: Diffusion, f: sp.Expr, g: sp.Expr) -> sp.Expr:
    """``d<f(state), g(state)> / dt``, twice the carre du champ."""
    left, right = process.elsewhere(2, f, g)
    slopes = sp.diff(f, process.state[left]) * sp.diff(g, process.state[right])
    return canonical(total(process.bracket_at(left, right) * slopes, *left, *right))


def image(
    process: Diffusion,
    state: sp.IndexedBase,
    at: Indices,
    other: Indices,
    function: sp.Expr,
    rule: Rule,
) -> Diffusion:
    """The process ``state[at] = function(process.state)``; ``rule`` writes it in the new state."""
    elsewhere = instantiate(function, dict(zip(at, other, strict=True)))
    drift = rule(generator(process, function))
    return Diffusion(state, at, other, drift, rule(bracket(process, function, elsewhere)))


def stratonovich_correction(
    covariance: sp.Expr, x: sp.IndexedBase, y: sp.IndexedBase, at: Indices
) -> sp.Expr:
    """The drift that turns a Stratonovich noise into an Ito noise.

    ``covariance`` is that of the noise field at the points x and y, with free indices ``at`` = (a,
    b): C_ab(x, y) = sum_k v_ka(x) v_kb(y). The correction (1/2) sum_k (v_k . grad) v_ka is
    (1/2) sum_b dC_ab / dx_b at y = x, so that the covariance says all.
    """
    second = at[1]
    c = Fresh(covariance, *at)(second)
    slope = sp.diff(covariance, x[c])
    traced = total(instantiate(slope, {second: c}), c) / 2
    merged = traced.replace(
        lambda e: isinstance(e, sp.Indexed) and e.base == y, lambda e: x[e.indices]
    )
    return canonical(merged)


# The unit sphere.
def project(
    x: sp.IndexedBase, token: Indices, a: sp.Idx, vector: Callable[[sp.Idx], sp.Expr]
) -> sp.Expr:
    """``(P_x v)_a = v_a - <x, v> x_a`` for the point ``x[token, .]``."""
    b = Fresh(vector(a), *token, a)(a)
    return vector(a) - x[*token, a] * total(x[*token, b] * vector(b), b)


def projector(x: sp.IndexedBase, token: Indices, a: sp.Idx, b: sp.Idx) -> sp.Expr:
    """``(P_x)_ab = delta_ab - x_a x_b``."""
    return sp.KroneckerDelta(a, b) - x[*token, a] * x[*token, b]


def on_sphere(expression: sp.Expr, x: sp.IndexedBase, gram: sp.IndexedBase) -> sp.Expr:
    """Write ``sum_a x[p, a] x[q, a]`` as ``gram[p, q]``, and ``gram[p, p]`` as one."""
    return canonical(unit_diagonal(contract_pairs(expression, x, gram, sp.S.One), gram, sp.S.One))


def unit_diagonal(expression: sp.Expr, gram: sp.IndexedBase, value: sp.Expr) -> sp.Expr:
    """Replace every diagonal entry ``gram[p, p]`` by its value."""
    return expression.replace(
        lambda e: isinstance(e, sp.Indexed) and e.base == gram and len(set(e.indices)) == 1,
        lambda _: value,
    )


def layer_norm(vector: sp.Expr, eps: sp.Symbol, order: int, a: sp.Idx, unit: Rule) -> sp.Expr:
    """``v / |v|`` below ``order`` in eps, for a vector ``v_a`` that is a unit vector at eps = 0.

    ``unit`` is the rule that writes the inner product of that unit vector with itself as one.
    """
    b = Fresh(vector, a)(a)
    square = unit(canonical(total(instantiate(vector, {a: b}) ** 2, b)))
    return unit(canonical(taylor(vector / sp.sqrt(square), eps, order, unit).expression()))


# Empirical measures: <mu, f> = (1/N) sum_i f(x_i).
def empirical_drift(
    process: Diffusion, gradient: sp.IndexedBase, hessian: sp.IndexedBase
) -> sp.Expr:
    """The drift of ``<mu, f>`` for the empirical measure mu of the tokens.

    ``gradient[i, a]`` and ``hessian[i, a, b]`` are the derivatives of an arbitrary f at x_i, so
    that the result holds for every test function: it is an equation for mu, in weak form.
    """
    (i, a), (_, b) = process.elsewhere(2)
    transport = total(process.drift_at((i, a)) * gradient[i, a], i, a)
    spread = total(process.bracket_at((i, a), (i, b)) * hessian[i, a, b], i, a, b)
    return canonical((transport + spread / 2) / extent(i))


def empirical_bracket(process: Diffusion, f: sp.IndexedBase, g: sp.IndexedBase) -> sp.Expr:
    """``d<<mu, f>, <mu, g>> / dt`` from the gradients of f and g at the tokens."""
    (i, a), (j, b) = process.elsewhere(2)
    pairs = process.bracket_at((i, a), (j, b)) * f[i, a] * g[j, b]
    return canonical(total(pairs, i, a, j, b) / extent(i) ** 2)

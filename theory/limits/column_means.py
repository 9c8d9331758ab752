"""Means of products of hidden units in one column: closed forms, or nodes with quadrature."""

from collections.abc import Mapping, Sequence

import sympy as sp

from theory.calculus.kernels import GaussianMean, pair_kernel, shifted_kernel, single_kernel
from theory.layers.functions import x
from theory.layers.pointwise import variable
from theory.limits.columns import Columns

Covariance = Mapping[tuple[sp.Symbol, sp.Symbol], sp.Expr]


def moment_of(hidden: list[Columns], tokens: list[Sequence]) -> sp.Expr:
    """E of a product of units: independent fields apart, closed forms where they are known."""
    variables, places, bodies = [], [], []
    for copy, (h, at) in enumerate(zip(hidden, tokens, strict=True)):
        same = next(k for k in range(copy + 1) if hidden[k].linear is h.linear and tokens[k] == at)
        names = [variable(r, same) for r in range(len(h.linear))]
        means = {n: n + h.mean(r, at) for r, n in enumerate(names)}
        swap = {variable(r): n for r, n in enumerate(names)}
        bodies.append(h.body.xreplace(swap).subs(means, simultaneous=True))
        if same == copy:
            variables += names
            places += [(h, r, at) for r in range(len(names))]
    cov = {
        (a, b): _between(places[i], places[j])
        for i, a in enumerate(variables)
        for j, b in enumerate(variables)
        if i <= j
    }
    body = sp.Mul(*bodies).replace(
        lambda e: isinstance(e, sp.Pow) and isinstance(e.base, sp.sign) and e.exp == 2,
        lambda _: sp.S.One,  # but at one point, which a Gaussian never meets
    )
    return _factored(body, variables, cov)


def _between(left, right) -> sp.Expr:
    (h, r, a), (g, s, b) = left, right
    return h.covariance(r, a, s, b, g) if h.weights & g.weights else sp.S.Zero


def _factored(body: sp.Expr, variables: list[sp.Symbol], cov: Covariance) -> sp.Expr:
    """The mean over groups of dependent variables, one group after the other."""
    found = []
    for term in sp.Add.make_args(sp.expand(body) if body.is_Add or body.is_Mul else body):
        value, rest = sp.S.One, term
        for group in _groups(variables, cov, sp.Mul.make_args(term)):
            inside, rest = _split(rest, group)
            value = value * _group_mean(inside, group, cov)
        found.append(value * rest)
    return sp.Add(*found)


def _groups(
    variables: list[sp.Symbol], cov: Covariance, factors: Sequence[sp.Expr]
) -> list[list[sp.Symbol]]:
    """Variables that are dependent, or that one factor joins."""

    def joined(w: sp.Symbol, v: sp.Symbol) -> bool:
        return cov.get((w, v), 0) != 0 or any({v, w} <= f.free_symbols for f in factors)

    groups: list[list[sp.Symbol]] = []
    for v in variables:
        touching = [g for g in groups if any(joined(w, v) for w in g)]
        groups = [g for g in groups if g not in touching]
        groups.append([w for g in touching for w in g] + [v])
    return groups


def _split(term: sp.Expr, group: list[sp.Symbol]) -> tuple[sp.Expr, sp.Expr]:
    inside = [f for f in sp.Mul.make_args(term) if f.has(*group)]
    others = [f for f in sp.Mul.make_args(term) if not f.has(*group)]
    return sp.Mul(*inside), sp.Mul(*others)


def _group_mean(body: sp.Expr, group: list[sp.Symbol], cov: Covariance) -> sp.Expr:
    used = [v for v in group if body.has(v)]
    if not used:
        return sp.S.One
    if body.is_polynomial(*used):
        return _isserlis(sp.Poly(body, *used), used, cov)
    if len(used) == 1 and (v := used[0]):
        closed = single_kernel(body.subs(v, x), x, cov[v, v])
        closed = shifted_kernel(body, v, cov[v, v]) if closed is None else closed
        if closed is not None:
            return closed
    if len(used) == 2:
        a, b = used
        left, right = _split(body, [a])
        if not left.has(b) and left.subs(a, x) == right.subs(b, x):
            closed = pair_kernel(left.subs(a, x), x, cov[a, a], cov[b, b], cov[a, b])
            if closed is not None:
                return closed
    triangle = [cov[a, b] for k, a in enumerate(used) for b in used[k:]]
    return GaussianMean(body, sp.Tuple(*used), sp.Tuple(*triangle))


def _isserlis(poly: sp.Poly, used: list[sp.Symbol], cov: Covariance) -> sp.Expr:
    def mean(powers: tuple[int, ...]) -> sp.Expr:
        k = next((k for k, p in enumerate(powers) if p), None)
        if k is None:
            return sp.S.One
        left = [p - (j == k) for j, p in enumerate(powers)]
        found = sp.S.Zero
        for j, p in enumerate(left):
            if p:
                pair = (used[min(j, k)], used[max(j, k)])
                less = tuple(q - (i == j) for i, q in enumerate(left))
                found += p * cov[pair] * mean(less)
        return found

    return sp.expand(sp.Add(*(c * mean(p) for p, c in poly.terms())))

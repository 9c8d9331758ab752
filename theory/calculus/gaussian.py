"""Expectations of polynomials in Gaussian matrices, exact in every size.

Isserlis (Wick): the mean of a product of centred Gaussian entries is the sum, over all ways to
pair them, of the product of covariances. For independent entries each pair gives one Kronecker
delta per index slot; contracted deltas leave free loops, which are powers of the sizes.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby

import sympy as sp

from theory.calculus.indices import Term, assemble, canonical, terms


def expectation(expression: sp.Expr, variances: Mapping[sp.IndexedBase, sp.Expr | int]) -> sp.Expr:
    """The mean of a polynomial over independent centred Gaussian arrays.

    ``variances`` maps each random array to the variance of one entry; entries of one array are
    independent of each other and of the other arrays. All else is taken as fixed. The result is
    not canonical.
    """
    return assemble(t for term in terms(expression) for t in _wick(term, variances))


def covariance(
    left: sp.Expr, right: sp.Expr, variances: Mapping[sp.IndexedBase, sp.Expr | int]
) -> sp.Expr:
    """``E[left right] - E[left] E[right]``."""
    means = expectation(left, variances) * expectation(right, variances)
    return canonical(expectation(left * right, variances) - means)


def pairings(items: list[sp.Indexed]) -> Iterator[list[tuple[sp.Indexed, sp.Indexed]]]:
    """All ways to split a list into pairs; none if its length is odd."""
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for k, partner in enumerate(rest):
        for others in pairings(rest[:k] + rest[k + 1 :]):
            yield [(first, partner), *others]


def _wick(term: Term, variances: Mapping[sp.IndexedBase, sp.Expr | int]) -> Iterator[Term]:
    def is_random(f: sp.Expr) -> bool:
        return isinstance(f, sp.Indexed) and f.base in variances

    fixed = [f for f in term.factors if not is_random(f)]
    hidden = [f for f in fixed if any(map(is_random, f.atoms(sp.Indexed)))]
    if hidden:
        raise ValueError(
            f"expectation takes polynomials in {[str(b) for b in variances]}; received the "
            f"factor {hidden[0]}; expand it first"
        )
    random = sorted(filter(is_random, term.factors), key=lambda f: str(f.base))
    groups = [list(g) for _, g in groupby(random, key=lambda f: f.base)]
    partial = [(term.coefficient, tuple(fixed))]
    for group in groups:
        partial = [
            (c * variances[group[0].base] ** len(pairs), fs + _deltas(pairs))
            for c, fs in partial
            for pairs in pairings(group)
        ]
    for coefficient, factors in partial:
        yield Term(coefficient, factors, term.bound)


def _deltas(pairs: list[tuple[sp.Indexed, sp.Indexed]]) -> tuple[sp.Expr, ...]:
    return tuple(
        sp.KroneckerDelta(i, j)
        for left, right in pairs
        for i, j in zip(left.indices, right.indices, strict=True)
        if i != j
    )

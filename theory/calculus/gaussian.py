"""Expectations of polynomials in Gaussian matrices, exact in every size.

Isserlis (Wick): the mean of a product of centred Gaussian entries is the sum, over all ways to
pair them, of the product of covariances. For independent entries each pair gives one Kronecker
delta per index slot; contracted deltas leave free loops, which are powers of the sizes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, product

import sympy as sp

from theory.algebra.arrays import Symmetric
from theory.algebra.canonical import assemble, canonical, terms
from theory.algebra.given import given
from theory.algebra.terms import Factors, Term, is_indexed


def expectation(expression: sp.Expr, variances: Mapping[sp.IndexedBase, sp.Expr | int]) -> sp.Expr:
    """The mean of a polynomial over independent centred Gaussian arrays.

    ``variances`` maps each random array to the variance of one entry; entries of one array are
    independent of each other and of the other arrays, but for a symmetric array, whose entries
    ``[i, j]`` and ``[j, i]`` are one (its diagonal has the same variance). All else is taken as
    fixed. The result is not canonical. Raises ``ValueError`` where a random array stands in
    anything but a polynomial, and for a variance that depends on an index.
    """
    if not isinstance(variances, Mapping):
        raise TypeError(
            f"expected the variance of each random array, {{W: 1 / n}}; received {variances!r}"
        )
    for base, variance in variances.items():
        if is_indexed(given(variance, f"the variance of {base}")):
            raise ValueError(f"the variance of {base} must be the same for all entries: {variance}")
        if isinstance(base, Symmetric) and len(base.shape) != 2:
            raise ValueError(f"a symmetric random array has two axes; {base} has {base.shape}")
    return assemble(t for term in terms(expression) for t in _wick(term, variances))


def covariance(
    left: sp.Expr, right: sp.Expr, variances: Mapping[sp.IndexedBase, sp.Expr | int]
) -> sp.Expr:
    """``E[left right] - E[left] E[right]``."""
    means = expectation(left, variances) * expectation(right, variances)
    return canonical(expectation(left * right, variances) - means)


def pairings(items: Sequence[sp.Indexed]) -> Iterator[list[tuple[sp.Indexed, sp.Indexed]]]:
    """All ways to split a list into pairs; none if its length is odd."""
    if not items:
        yield []
        return
    first, rest = items[0], [*items[1:]]
    for k, partner in enumerate(rest):
        for others in pairings(rest[:k] + rest[k + 1 :]):
            yield [(first, partner), *others]


def _wick(term: Term, variances: Mapping[sp.IndexedBase, sp.Expr | int]) -> Iterator[Term]:
    def is_random(f: sp.Basic) -> bool:
        return isinstance(f, sp.Indexed) and f.base in variances

    fixed = [f for f in term.factors if not is_random(f)]
    hidden = [f for f in (*fixed, term.coefficient) if any(f.has(base) for base in variances)]
    if hidden:
        raise ValueError(
            f"expectation takes polynomials in {[str(b) for b in variances]}; received the "
            f"factor {hidden[0]}; expand it first"
        )
    random = [f for f in term.factors if isinstance(f, sp.Indexed) and is_random(f)]
    random.sort(key=lambda f: str(f.base))
    groups = [list(g) for _, g in groupby(random, key=lambda f: f.base)]
    partial: list[tuple[sp.Expr, Factors]] = [(term.coefficient, tuple(fixed))]
    for group in groups:
        variance = sp.sympify(variances[group[0].base]) ** (len(group) // 2)
        partial = [
            (c * variance * weight, fs + deltas)
            for c, fs in partial
            for pairs in pairings(group)
            for weight, deltas in _all_equal(pairs)
        ]
    for coefficient, factors in partial:
        yield Term(coefficient, factors, term.bound)


def _all_equal(pairs: list[tuple[sp.Indexed, sp.Indexed]]) -> Iterator[tuple[sp.Expr, Factors]]:
    """``prod of [the entries of a pair are one]`` as a sum of products of deltas."""
    for choice in product(*(_equal(left, right) for left, right in pairs)):
        yield sp.Mul(*(w for w, _ in choice)), tuple(d for _, deltas in choice for d in deltas)


def _equal(left: sp.Indexed, right: sp.Indexed) -> list[tuple[sp.Expr, Factors]]:
    """``[left and right are the same entry]``; a symmetric array has each entry twice."""
    straight = _deltas(left.indices, right.indices)
    if not isinstance(left.base, Symmetric):
        return [(sp.S.One, straight)]
    crossed = _deltas(left.indices, right.indices[::-1])
    both = (*straight, *crossed)
    return [(sp.S.One, straight), (sp.S.One, crossed), (-sp.S.One, both)]


def _deltas(left: Iterable[sp.Expr], right: Iterable[sp.Expr]) -> Factors:
    return tuple(sp.KroneckerDelta(i, j) for i, j in zip(left, right, strict=True) if i != j)

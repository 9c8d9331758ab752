"""Common factors of a sum of products, and the cost of contractions.

``sum_i A[a, i] C[i, b] + sum_i B[a, i] C[i, b]`` takes two contractions, the same with
``(A + B)[a, i]`` in a bracket takes one. Costs are operations when every index has the same
nominal extent.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import opt_einsum
import sympy as sp

from theory.calculus.indices import Term, extent, free_indices

Axes = tuple[sp.Idx, ...]
NOMINAL = 32  # the extent that contractions are planned for


@dataclass(frozen=True)
class Bracket:
    """``sum over bound of factor * (sum of the terms inside)``, and the terms it stands for."""

    factor: sp.Indexed
    bound: Axes
    inside: tuple[Term, ...]
    members: tuple[Term, ...]


def brackets(addends: Sequence[Term]) -> Iterator[Bracket]:
    """Every factor that two or more terms share, with what they multiply it by.

    A term takes part if what is left of it has no more entries than the term or the factor.
    """
    found: dict[tuple, dict[Term, tuple[sp.Indexed, Axes, Term]]] = defaultdict(dict)
    for term in addends:
        for factor in dict.fromkeys(f for f in term.factors if isinstance(f, sp.Indexed)):
            summed = tuple(i for i in dict.fromkeys(factor.indices) if i in term.bound)
            rest = _without(term, factor)
            if len(open_indices(rest)) <= max(len(open_indices(term)), len(set(factor.indices))):
                places = {i: (k, extent(i)) for k, i in enumerate(summed)}
                pattern = (factor.base, *(places.get(i, i) for i in factor.indices))
                found[pattern].setdefault(term, (factor, summed, rest))
    for having in found.values():
        if len(having) > 1:
            ((factor, bound, _), *_) = having.values()
            inside = (_exchanged(rest, summed, bound) for _, summed, rest in having.values())
            yield Bracket(factor, bound, tuple(inside), tuple(having))


def _without(term: Term, factor: sp.Indexed) -> Term:
    """The term with one copy of the factor, and the sums over its indices, taken away."""
    position = term.factors.index(factor)
    factors = term.factors[:position] + term.factors[position + 1 :]
    used = set(factor.indices)
    return Term(term.coefficient, factors, tuple(i for i in term.bound if i not in used))


def _exchanged(rest: Term, ours: Axes, theirs: Axes) -> Term:
    """The rest with its open indices named as those of the others; what had the names swaps."""
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b]
    return rest.renamed({b: a for a, b in pairs} | dict(pairs))


def open_indices(term: Term) -> set[sp.Idx]:
    """The indices that the term does not sum over."""
    return set().union(*map(free_indices, term.factors)).difference(term.bound)


def operations(operands: Sequence[Axes], out: Iterable[sp.Idx]) -> int:
    """What one contraction costs: a product an entry, and an addition if anything is summed."""
    axes = set(union(operands))
    return NOMINAL ** len(axes) * (1 if axes <= set(out) else 2)


def cheapest_path(operands: Sequence[Axes], out: Axes) -> list[tuple[int, ...]]:
    """The order of pairwise contractions with the least cost."""
    letter = {i: opt_einsum.get_symbol(k) for k, i in enumerate(union(operands))}
    spec = ",".join("".join(letter[i] for i in axes) for axes in operands)
    return _planned(f"{spec}->{''.join(letter[i] for i in out)}")


@cache
def _planned(spec: str) -> list[tuple[int, ...]]:
    operands = spec.split("->")[0].split(",")
    shapes = [(NOMINAL,) * len(axes) for axes in operands]
    how = "branch-all" if len(operands) <= 7 else "auto"  # "optimal" errs on equal operands
    return opt_einsum.contract_path(spec, *shapes, shapes=True, optimize=how)[0]


def union(groups: Iterable[Axes]) -> Axes:
    """All indices in order of first appearance."""
    return tuple(dict.fromkeys(i for group in groups for i in group))

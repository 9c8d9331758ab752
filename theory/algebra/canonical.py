"""One canonical form: like terms joined, summation indices named by how they occur.

Two expressions that agree for all sizes by index algebra have a difference that is zero here.
Naming is a canonical labelling: a term falls into parts that share no summation index, which are
ordered by themselves; within a part, indices are told apart by what they occur in (colour
refinement), and only those that look alike are tried one after the other.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import chain, count, islice

import sympy as sp

from theory.algebra.arrays import NonNegative, Symmetric, extent
from theory.algebra.contraction import contracted, settled, without_strict
from theory.algebra.given import given
from theory.algebra.scope import Fresh, free_indices, index_names
from theory.algebra.terms import Bound, Factors, Term, expand, is_indexed

_LETTERS = "ijklpqrsuvwxyz"


def terms(expression: sp.Expr) -> list[Term]:
    """The expression as a sum of terms with flat sums, deltas contracted."""
    expression = given(expression, "an indexed expression")
    return [t for term in expand(expression, Fresh(expression)) for t in contracted(term)]


def canonical(expression: sp.Expr) -> sp.Expr:
    """The canonical form; zero if the expression vanishes by index algebra."""
    return collect(terms(expression))


def complemented(expression: sp.Expr) -> sp.Expr:
    """The canonical form with every indicator and its complement written by one of them.

    ``[i >= j] + [j > i]`` becomes one: what decides that two halves of a sum are the whole.
    """
    return collect(t for term in terms(expression) for t in without_strict(term))


def assemble(pieces: Iterable[Term]) -> sp.Expr:
    """Add terms as they are."""
    return sp.Add(*(t.expression() for piece in pieces for t in contracted(piece)))


def collect(pieces: Iterable[Term], avoid: frozenset[str] = frozenset()) -> sp.Expr:
    """Add terms, with like terms joined and coefficients factored.

    No summation index gets a name to avoid, nor one that is free in the terms.
    """
    addends = [t for piece in pieces for t in contracted(piece)]
    taken = avoid.union(*map(_outer_names, addends))
    found: dict[tuple[Factors, Bound], sp.Expr] = {}
    for addend in addends:
        term = _named(settled(_canonical_inside(addend, taken)), taken)
        key = (term.factors, term.bound)
        found[key] = found.get(key, sp.S.Zero) + term.coefficient
    joined = ((key, sp.factor(value)) for key, value in found.items())
    result = sp.Add(*(Term(value, *key).expression() for key, value in joined if value != 0))
    left = {str(s) for s in result.atoms(sp.Symbol, sp.Idx, sp.IndexedBase)}
    # What has cancelled keeps no name from use.
    return result if taken - avoid <= left else collect(terms(result), avoid)


def map_terms(expression: sp.Expr, rule: Callable[[Term], Term]) -> sp.Expr:
    """Apply a rewriting rule to each term until it changes nothing."""

    def exhausted(term: Term) -> Term:
        while (after := rule(term)) != term:
            term = after
        return term

    return collect(exhausted(term) for term in terms(expression))


def _outer_names(term: Term) -> set[str]:
    """Names that no summation index may get: free indices, symbols and arrays."""
    found = {s for f in (*term.factors, term.coefficient) for s in f.free_symbols}
    free = {s for s in found if not isinstance(s, sp.Indexed)}
    inner = index_names(*term.factors) - {str(i) for f in term.factors for i in free_indices(f)}
    return {str(s) for s in free} - {str(b) for b in term.bound} - inner


def _canonical_inside(term: Term, taken: frozenset[str]) -> Term:
    """Arguments of functions in canonical form, too."""

    def inside(node: sp.Basic) -> sp.Basic:
        if not is_indexed(node):
            return node
        if isinstance(node, sp.Expr):
            return collect(terms(node), taken)
        return node.func(*map(inside, node.args))

    def rewritten(factor: sp.Expr) -> sp.Expr:
        plain = isinstance(factor, sp.Indexed | sp.Idx | sp.KroneckerDelta | NonNegative)
        return factor if plain else factor.func(*map(inside, factor.args))

    return Term(term.coefficient, tuple(map(rewritten, term.factors)), term.bound)


def _named(term: Term, taken: frozenset[str]) -> Term:
    """Name the summation indices so that equal terms become identical.

    The names of sums inside a function are taken: the function must not capture an index.
    """
    free = {str(i) for f in term.factors for i in free_indices(f)}
    inner = index_names(*term.factors) - free
    pool = chain(_LETTERS, (f"{x}{k}" for k in count(1) for x in _LETTERS))
    names = islice((n for n in pool if n not in taken and n not in inner), len(term.bound))
    cells = _refined(term.factors, term.bound, {})
    alike, _ = _ordered(term.factors, term.bound, {})
    order = [b for cell in cells for b in sorted(cell, key=alike.index)]
    new = {b: sp.Idx(name, (b.lower, b.upper)) for b, name in zip(order, names, strict=True)}
    renamed = term.renamed(new)
    factors = sorted(renamed.factors, key=lambda f: (f.class_key()[2], str(f)))
    return Term(renamed.coefficient, tuple(factors), tuple(new[b] for b in order))


Marks = Mapping[sp.Idx, str]


def _ordered(factors: Factors, bound: Bound, placed: Marks) -> tuple[list[sp.Idx], str]:
    """The indices in canonical order, and a text that equal terms share."""
    parts = [_ordered_part(fs, bs, placed) for fs, bs in _parts(factors, bound)]
    parts.sort(key=lambda part: part[1])
    loose = sorted(_text(f, placed) for f in factors if not set(bound) & free_indices(f))
    return [b for order, _ in parts for b in order], str([*loose, *(key for _, key in parts)])


def _parts(factors: Factors, bound: Bound) -> list[tuple[Factors, Bound]]:
    """Groups of factors that share summation indices."""
    groups: list[tuple[list[sp.Expr], set[sp.Idx]]] = []
    for factor in factors:
        having = set(bound) & free_indices(factor)
        if having:
            touching = [g for g in groups if g[1] & having]
            merged = ([factor], having)
            for group in touching:
                groups.remove(group)
                merged = (group[0] + merged[0], group[1] | merged[1])
            groups.append(merged)
    return [(tuple(fs), tuple(b for b in bound if b in bs)) for fs, bs in groups]


def _ordered_part(factors: Factors, bound: Bound, placed: Marks) -> tuple[list[sp.Idx], str]:
    """The same for a connected part: refine, then place one of those that look alike."""
    cells = _refined(factors, bound, placed)
    ambiguous = next((cell for cell in cells if len(cell) > 1), None)
    if ambiguous is None:
        order = [b for (b,) in cells]
        marks = dict(placed) | {b: f"@{k}" for k, b in enumerate(order)}
        return order, str([*map(_range, order), *sorted(_text(f, marks) for f in factors)])
    found = []
    for first in _different(ambiguous, factors, placed):
        rest = tuple(b for b in bound if b != first)
        order, key = _ordered(factors, rest, dict(placed) | {first: f"#{len(placed)}"})
        found.append(([first, *order], f"{_range(first)} {key}"))
    return min(found, key=lambda part: part[1])


def _different(cell: list[sp.Idx], factors: Factors, placed: Marks) -> list[sp.Idx]:
    """One of each set of indices that may be exchanged without changing the term."""
    representatives: list[sp.Idx] = []
    for index in cell:
        if not any(_exchangeable(index, other, factors) for other in representatives):
            representatives.append(index)
    return representatives


def _exchangeable(left: sp.Idx, right: sp.Idx, factors: Factors) -> bool:
    def multiset(swap: Mapping[sp.Idx, sp.Idx]) -> list[str]:
        return sorted(_text(f, {i: str(swap.get(i, i)) for i in free_indices(f)}) for f in factors)

    return multiset({}) == multiset({left: right, right: left})


def _refined(factors: Factors, bound: Bound, placed: Marks) -> list[list[sp.Idx]]:
    """Summation indices grouped and ordered by what they occur in (colour refinement)."""
    having = {b: [f for f in factors if b in free_indices(f)] for b in bound}
    colour, classes = dict.fromkeys(bound, 0), 0
    while True:
        marks = dict(placed) | {b: f"c{c}" for b, c in colour.items()}
        keys = {
            b: (_range(b), colour[b], sorted(_text(f, marks | {b: "me"}) for f in having[b]))
            for b in bound
        }
        ordered = sorted(keys.values())
        colour = {b: ordered.index(keys[b]) for b in bound}
        if len(set(colour.values())) == classes:
            ranks = sorted(set(colour.values()))
            return [[b for b in bound if colour[b] == rank] for rank in ranks]
        classes = len(set(colour.values()))


def _range(index: sp.Idx) -> str:
    return str(extent(index)) if index.lower == 0 else f"{index.lower}..{index.upper}"


def _text(factor: sp.Expr, marks: Marks) -> str:
    """A factor with marks for indices; arguments in no order are sorted."""
    if isinstance(factor, sp.Indexed):
        slots = [marks.get(i, str(i)) for i in factor.indices]
        if isinstance(factor.base, Symmetric):
            slots.sort()
        return f"{factor.base}{slots}"
    if isinstance(factor, sp.KroneckerDelta):
        return f"KroneckerDelta{sorted(marks.get(i, str(i)) for i in factor.args)}"
    if isinstance(factor, NonNegative):
        parts = sp.Add.make_args(factor.args[0])
        written = (f"{c}*{marks.get(x, str(x))}" for c, x in (p.as_coeff_Mul() for p in parts))
        return f"NonNegative{sorted(written)}"
    inner = {i: sp.Symbol(marks.get(i, str(i))) for i in free_indices(factor)}
    return f"{factor.func.__name__}{sorted(map(str, inner.values()))} {factor.xreplace(inner)}"

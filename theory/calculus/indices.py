"""Index notation: sums of products of array entries, for arrays of any size.

An array is an ``IndexedBase`` with symbolic shape, an index an ``Idx`` with a symbolic range,
and a sum over an index is written out (``total``): nothing is summed by convention, since
``V[a, a]`` with ``a`` free is a diagonal entry. Every expression has one canonical form, a sum
of terms with flat sums and canonically named summation indices, so that two expressions that
agree for all sizes by index algebra are recognised as equal.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count, islice, permutations, product

import sympy as sp

_fresh = count()


def restart_fresh_indices(start: int) -> None:
    """Number new summation indices from here: a process that is sent expressions must not
    give a name that one of them uses already."""
    global _fresh
    _fresh = count(start)


_LETTERS = "ijklpqrsuvwxyz"


class Symmetric(sp.IndexedBase):
    """A symmetric array: its entries are always written with sorted indices."""

    def __getitem__(self, indices: tuple[sp.Basic | int, ...], **kw: object) -> sp.Indexed:
        """The entry, with indices sorted by name."""
        return sp.Indexed(self, *sorted(map(sp.sympify, indices), key=sp.default_sort_key), **kw)


def size(name: str) -> sp.Symbol:
    """A positive integer symbol: the range of an index."""
    return sp.Symbol(name, integer=True, positive=True)


def array(name: str, *shape: sp.Expr | int, symmetric: bool = False) -> sp.IndexedBase:
    """An array with symbolic shape."""
    return (Symmetric if symmetric else sp.IndexedBase)(name, shape=shape, real=True)


def indices(names: str, extent: sp.Expr | int) -> tuple[sp.Idx, ...]:
    """Indices that run over ``0 .. extent - 1``, e.g. ``indices("a b", m)``."""
    return tuple(sp.Idx(name, extent) for name in names.split())


def extent(index: sp.Idx) -> sp.Expr:
    """How many values an index takes."""
    return index.upper - index.lower + 1


def total(expression: sp.Expr, *over: sp.Idx) -> sp.Expr:
    """The sum over indices."""
    return sp.Sum(expression, *((i, i.lower, i.upper) for i in over)) if over else expression


def free_indices(expression: sp.Basic) -> set[sp.Idx]:
    """The indices that no sum binds."""
    if isinstance(expression, sp.Idx):
        return {expression}
    if isinstance(expression, sp.Sum):
        return free_indices(expression.function) - {limit[0] for limit in expression.limits}
    return set().union(*map(free_indices, expression.args)) if expression.args else set()


@dataclass(frozen=True)
class Term:
    """``coefficient * sum over bound of the product of factors``."""

    coefficient: sp.Expr
    factors: tuple[sp.Expr, ...] = ()
    bound: tuple[sp.Idx, ...] = ()

    def expression(self) -> sp.Expr:
        """The term as a SymPy expression."""
        return self.coefficient * total(sp.Mul(*self.factors), *self.bound)

    def renamed(self, mapping: Mapping[sp.Idx, sp.Basic]) -> "Term":
        """The same term with indices replaced; symmetric entries are sorted again."""
        factors = tuple(rename(f, mapping) for f in self.factors)
        return Term(self.coefficient, factors, tuple(mapping.get(b, b) for b in self.bound))


def rename(expression: sp.Expr, mapping: Mapping[sp.Basic, sp.Basic]) -> sp.Expr:
    """Replace indices, keeping symmetric entries sorted; sums inside capture nothing."""
    moved = (new for old, new in mapping.items() if isinstance(old, sp.Idx))
    incoming = set().union(*(new.atoms(sp.Idx) for new in moved))
    replaced = _without_capture(expression, incoming).xreplace(dict(mapping))
    entries = [e for e in replaced.atoms(sp.Indexed) if isinstance(e.base, Symmetric)]
    return replaced.xreplace({e: e.base[e.indices] for e in entries})


def _without_capture(expression: sp.Expr, incoming: set[sp.Idx]) -> sp.Expr:
    """The same expression, with the sums over any of these indices given fresh ones."""
    if not (incoming and expression.has(sp.Sum)):
        return expression
    if isinstance(expression, sp.Sum):
        clash = {limit[0]: _fresh_index(limit[0]) for limit in expression.limits}
        clash = {old: new for old, new in clash.items() if old in incoming}
        body = _without_capture(expression.function.xreplace(clash), incoming)
        return sp.Sum(body, *((clash.get(i, i), lo, hi) for i, lo, hi in expression.limits))
    return expression.func(*(_without_capture(a, incoming) for a in expression.args))


def instantiate(expression: sp.Expr, mapping: Mapping[sp.Idx, sp.Basic]) -> sp.Expr:
    """Replace free indices in a definition whose summation indices are made fresh first."""
    bound = {limit[0] for s in expression.atoms(sp.Sum) for limit in s.limits}
    return rename(rename(expression, {b: _fresh_index(b) for b in bound}), mapping)


def substitute(
    expression: sp.Expr, base: sp.IndexedBase, at: tuple[sp.Idx, ...], definition: sp.Expr
) -> sp.Expr:
    """Replace each entry of ``base`` by its definition, given for the entry ``base[at]``.

    The result is multiplied out but not canonical.
    """

    def replaced(term: Term) -> Iterator[Term]:
        parts = [
            instantiate(definition, dict(zip(at, f.indices, strict=True)))
            if isinstance(f, sp.Indexed) and f.base == base
            else f
            for f in term.factors
        ]
        for t in _product([_terms(p) for p in parts]):
            yield Term(term.coefficient * t.coefficient, t.factors, term.bound + t.bound)

    return assemble(t for term in terms(expression) for t in replaced(term))


def unfold(
    expression: sp.Expr, base: sp.IndexedBase, at: tuple[sp.Idx, ...], definition: sp.Expr
) -> sp.Expr:
    """The same as ``substitute``, but the form is kept: nothing is multiplied out."""
    if isinstance(expression, sp.Indexed) and expression.base == base:
        return instantiate(definition, dict(zip(at, expression.indices, strict=True)))
    if not expression.has(base):
        return expression
    if isinstance(expression, sp.Sum):
        expression = _without_capture(expression, free_indices(definition) - set(at))
        return sp.Sum(unfold(expression.function, base, at, definition), *expression.limits)
    return expression.func(*(unfold(a, base, at, definition) for a in expression.args))


def terms(expression: sp.Expr) -> list[Term]:
    """The expression as a sum of terms with flat sums, deltas contracted."""
    return [t for term in _terms(sp.sympify(expression)) for t in [contract_deltas(term)]]


def canonical(expression: sp.Expr) -> sp.Expr:
    """The canonical form; zero if the expression vanishes by index algebra."""
    return collect(terms(expression))


def assemble(pieces: Iterable[Term]) -> sp.Expr:
    """Add terms as they are."""
    return sp.Add(*(contract_deltas(piece).expression() for piece in pieces))


def collect(pieces: Iterable[Term]) -> sp.Expr:
    """Add terms, with like terms joined and coefficients factored."""
    found: dict[tuple[tuple[sp.Expr, ...], tuple[sp.Idx, ...]], sp.Expr] = {}
    for piece in pieces:
        term = _canonical_names(_canonical_inside(contract_deltas(piece)))
        key = (term.factors, term.bound)
        found[key] = found.get(key, sp.S.Zero) + term.coefficient
    joined = ((key, sp.factor(value)) for key, value in found.items())
    return sp.Add(*(Term(value, *key).expression() for key, value in joined if value != 0))


def map_terms(expression: sp.Expr, rule: Callable[[Term], Term]) -> sp.Expr:
    """Apply a rewriting rule to each term until it changes nothing."""

    def settled(term: Term) -> Term:
        while (after := rule(term)) != term:
            term = after
        return term

    return collect(settled(term) for term in terms(expression))


def contract_pairs(
    expression: sp.Expr, base: sp.IndexedBase, gram: sp.IndexedBase, scale: sp.Expr
) -> sp.Expr:
    """Replace ``sum_t base[a, t] base[b, t]`` by ``scale * gram[a, b]``; ``t`` may be several."""

    def rule(term: Term) -> Term:
        for p, f in enumerate(term.factors):
            for q, g in enumerate(term.factors[p + 1 :], p + 1):
                if not all(isinstance(e, sp.Indexed) and e.base == base for e in (f, g)):
                    continue
                tail = f.indices[1:]
                rest = [e for r, e in enumerate(term.factors) if r not in (p, q)]
                alone = not set(tail) & set().union(*map(free_indices, rest))
                if tail == g.indices[1:] and set(tail) <= set(term.bound) and alone:
                    entry = gram[f.indices[0], g.indices[0]]
                    bound = tuple(b for b in term.bound if b not in tail)
                    return Term(term.coefficient * scale, (*rest, entry), bound)
        return term

    return map_terms(expression, rule)


def contract_rows(expression: sp.Expr, averaging: sp.IndexedBase) -> sp.Expr:
    """Replace ``sum_v averaging[a, v]`` by one: its rows sum to one."""

    def rule(term: Term) -> Term:
        for p, f in enumerate(term.factors):
            if isinstance(f, sp.Indexed) and f.base == averaging and f.indices[1] in term.bound:
                rest = term.factors[:p] + term.factors[p + 1 :]
                last = f.indices[1]
                if last != f.indices[0] and last not in set().union(*map(free_indices, rest)):
                    return Term(term.coefficient, rest, tuple(b for b in term.bound if b != last))
        return term

    return map_terms(expression, rule)


def contract_deltas(term: Term) -> Term:
    """Use up every Kronecker delta with a summed index, and every sum of a constant."""
    for p, factor in enumerate(term.factors):
        if isinstance(factor, sp.KroneckerDelta):
            left, right = factor.args
            rest = term.factors[:p] + term.factors[p + 1 :]
            drop, keep = (left, right) if left in term.bound else (right, left)
            if drop in term.bound:
                bound = tuple(b for b in term.bound if b != drop)
                short = Term(term.coefficient, rest, bound).renamed({drop: keep})
                return contract_deltas(_flat(short))
    used = set().union(*map(free_indices, term.factors))
    idle = [b for b in term.bound if b not in used]
    if idle:
        weight = sp.Mul(term.coefficient, *map(extent, idle))
        return Term(weight, term.factors, tuple(b for b in term.bound if b in used))
    return term


def unroll(expression: sp.Expr, sizes: Mapping[sp.Symbol, int]) -> sp.Expr:
    """The expression at explicit sizes: sums written out, entries at integer indices."""
    if isinstance(expression, sp.Sum):
        ranges = [range(int(hi.subs(sizes)) + 1) for _, _, hi in expression.limits]
        names = [limit[0] for limit in expression.limits]
        body = expression.function
        return sp.Add(
            *(
                unroll(rename(body, dict(zip(names, map(sp.Integer, at), strict=True))), sizes)
                for at in product(*ranges)
            )
        )
    if isinstance(expression, sp.Indexed):
        return expression
    if not expression.args:
        return expression.xreplace({k: sp.Integer(v) for k, v in sizes.items()})
    return expression.func(*(unroll(a, sizes) for a in expression.args))


def _flat(term: Term) -> Term:
    """Drop factors that became numbers when an index was replaced; closed sums stay factors."""
    numbers = [f for f in term.factors if not (free_indices(f) or f.has(sp.Sum))]
    rest = tuple(f for f in term.factors if free_indices(f) or f.has(sp.Sum))
    return Term(sp.Mul(term.coefficient, *numbers), rest, term.bound)


def _fresh_index(like: sp.Idx) -> sp.Idx:
    return sp.Idx(f"_{next(_fresh)}", extent(like))


def _product(parts: list[list[Term]]) -> Iterator[Term]:
    for choice in product(*parts):
        yield Term(
            sp.Mul(*(t.coefficient for t in choice)),
            tuple(f for t in choice for f in t.factors),
            tuple(b for t in choice for b in t.bound),
        )


def _terms(expression: sp.Expr) -> list[Term]:
    if isinstance(expression, sp.Sum):
        renaming = {limit[0]: _fresh_index(limit[0]) for limit in expression.limits}
        inner = _terms(rename(expression.function, renaming))
        new = tuple(renaming.values())
        return [Term(t.coefficient, t.factors, t.bound + new) for t in inner]
    if not (free_indices(expression) or expression.has(sp.Sum)):
        return [Term(expression)]
    if isinstance(expression, sp.Add):
        return [t for a in expression.args for t in _terms(a)]
    if isinstance(expression, sp.Mul):
        return list(_product([_terms(a) for a in expression.args]))
    if isinstance(expression, sp.Pow) and expression.exp.is_Integer and expression.exp > 0:
        return list(_product([_terms(expression.base) for _ in range(int(expression.exp))]))
    if isinstance(expression, sp.Indexed | sp.KroneckerDelta):
        return [Term(sp.S.One, (expression,))]
    if isinstance(expression, sp.Piecewise):
        return [Term(sp.S.One, (expression,))]
    return [Term(sp.S.One, (expression.func(*map(canonical, expression.args)),))]


def _canonical_inside(term: Term) -> Term:
    """Sums inside a function, which a contraction gave fresh indices, named canonically again."""

    def settled(factor: sp.Expr) -> sp.Expr:
        inner = {str(limit[0]) for s in factor.atoms(sp.Sum) for limit in s.limits}
        if isinstance(factor, sp.Sum) or not any(name.startswith("_") for name in inner):
            return factor
        return factor.func(*map(canonical, factor.args))

    return Term(term.coefficient, tuple(map(settled, term.factors)), term.bound)


def _canonical_names(term: Term) -> Term:
    """Name the summation indices so that equal terms become identical.

    The names of sums inside a function are taken: the function must not capture an index.
    """
    taken = {str(s) for f in (*term.factors, term.coefficient) for s in f.free_symbols}
    taken -= {str(b) for b in term.bound}
    inner = {s for f in (*term.factors, term.coefficient) for s in f.atoms(sp.Sum)}
    taken |= {str(limit[0]) for s in inner for limit in s.limits}
    pool = chain(_LETTERS, (f"{x}{k}" for k in count(1) for x in _LETTERS))
    names = list(islice((name for name in pool if name not in taken), len(term.bound)))

    def attempt(order: tuple[sp.Idx, ...]) -> Term:
        new = {b: sp.Idx(name, extent(b)) for b, name in zip(order, names, strict=True)}
        renamed = term.renamed(new)
        factors = sorted(renamed.factors, key=_factor_key)
        return Term(renamed.coefficient, tuple(factors), tuple(new[b] for b in order))

    groups = _refined(term)
    orders = (tuple(b for g in p for b in g) for p in product(*map(permutations, groups)))
    return min(map(attempt, orders), key=lambda t: str(t.factors))


def _refined(term: Term) -> list[list[sp.Idx]]:
    """Summation indices grouped and ordered by how they occur (colour refinement)."""
    colour = {b: 0 for b in term.bound}
    for _ in range(len(term.bound) + 1):
        seen = {b: sorted(_occurrences(term, b, colour)) for b in term.bound}
        keys = {b: (str(extent(b)), colour[b], seen[b]) for b in term.bound}
        ranks = {repr(k): r for r, k in enumerate(sorted(keys.values()))}
        colour = {b: ranks[repr(keys[b])] for b in term.bound}
    by_rank = sorted(set(colour.values()))
    return [[b for b in term.bound if colour[b] == rank] for rank in by_rank]


def _occurrences(term: Term, index: sp.Idx, colour: Mapping[sp.Idx, int]) -> Iterator[str]:
    for factor in term.factors:
        if index in free_indices(factor):
            marks = {b: sp.Symbol(f"c{c}") for b, c in colour.items()} | {index: sp.Symbol("me")}
            if isinstance(factor, sp.Indexed):
                slots = [str(marks.get(i, i)) for i in factor.indices]
                if isinstance(factor.base, Symmetric):
                    slots.sort()
                yield f"{factor.base}{slots}"
            else:
                inner = sorted(str(marks.get(i, i)) for i in free_indices(factor))
                yield f"{factor.func.__name__}{inner}"


def _factor_key(factor: sp.Expr) -> tuple[str, str]:
    return type(factor).__name__, str(factor)

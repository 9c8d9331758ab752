"""Indexed SymPy expressions to lines of JAX.

Every subexpression denotes an array whose axes are its free indices. Products under sums become
pairwise contractions along the cheapest path, shared between terms; everything else is
pointwise. Sizes stay symbolic: nothing is unrolled, so one source serves any size.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count, permutations, product
from keyword import iskeyword

import sympy as sp

from theory.algebra.terms import is_indexed
from theory.calculus.indices import (
    NonNegative,
    Symmetric,
    Term,
    extent,
    free_indices,
    terms,
)
from theory.codegen.cases import lowered, outermost_cases
from theory.codegen.factor import (
    NOMINAL,
    Axes,
    Bracket,
    brackets,
    cheapest_path,
    open_indices,
    operations,
    union,
)
from theory.codegen.forms import exponent_and_weight, logsumexp
from theory.codegen.scalar import code
from theory.codegen.text import PLAIN, aligned, content, contraction, grouped

Named = tuple[sp.Expr, Axes]  # pointwise code of an array, as a symbol, and its axes
Weighted = tuple[sp.Expr, sp.Expr, Axes]  # the same with a coefficient


@dataclass
class Lowering:
    """The lines of one function body, and the arrays that they have named."""

    taken: set[str]
    lines: list[str] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    symmetric: set[str] = field(default_factory=set)
    operations: int = 0  # at the nominal extent, common results counted once

    def output(self, expression: sp.Expr, axes: Axes) -> str:
        """Code of an expression as an array with exactly these axes."""
        value = aligned(*self.array(expression, axes), axes)
        missing = [extent(i) for i in axes if i not in free_indices(expression)]
        if missing:
            shape = ", ".join(code(extent(i), expression) for i in axes)
            return f"jnp.broadcast_to({code(value, expression)}, ({shape},))"
        return code(value, expression)

    def array(self, expression: sp.Expr, wanted: Axes = ()) -> Named:
        """An expression as pointwise code in named arrays that share the returned axes.

        The axes come in the wanted order, as far as the expression has them.
        """
        if not is_indexed(expression):
            named = {p: lowered(self, p)[0] for p in outermost_cases(expression)}
            return expression.xreplace(named), ()
        return self._sum(terms(expression), wanted)

    def _sum(self, addends: Sequence[Term], wanted: Axes = ()) -> Named:
        """A sum of products, common factors outside brackets where that is cheaper."""
        parts = []
        while (bracket := _most_saving(addends)) is not None:
            parts.append(self._bracket(bracket, wanted))
            addends = [term for term in addends if term not in bracket.members]
        return self._added([*parts, *map(self._term, addends)], wanted)

    def _added(self, parts: Iterable[Weighted], wanted: Axes = ()) -> Named:
        parts = tuple(parts)
        axes = union(found for _, _, found in parts)
        axes = tuple(i for i in wanted if i in axes) + tuple(i for i in axes if i not in wanted)
        self.operations += (len(parts) - 1) * NOMINAL ** len(axes)
        return grouped((c, aligned(value, found, axes)) for c, value, found in parts), axes

    def _term(self, term: Term) -> Weighted:
        masks = [f for f in term.factors if isinstance(f, NonNegative)]
        operands = [self._weighted(f, masks) for f in term.factors]
        return term.coefficient, *self._product(operands, term.bound)

    def _weighted(self, factor: sp.Expr, masks: Sequence[sp.Expr]) -> Named:
        """A factor beside indicators: a function sees safe numbers where one of them is zero.

        Else what is not in a causal sum could be infinite, and infinity times zero no number.
        """
        over = [m for m in masks if free_indices(m) & free_indices(factor)]
        plain = isinstance(factor, sp.Indexed | sp.Idx | sp.KroneckerDelta | NonNegative)
        if plain or not over:
            return self._factor(factor)
        applies = sp.And(*(m.args[0] >= 0 for m in over))
        if not isinstance(factor, sp.exp):
            return lowered(self, sp.Piecewise((factor, applies), (0, True)))
        value, found = self.array(factor.args[0])
        axes = union([found, *(tuple(sorted(free_indices(m), key=str)) for m in over)])
        value = aligned(value, found, axes)
        inside = " & ".join(f"({self._holds(m, axes)})" for m in over)
        inside = inside if len(over) > 1 else inside[1:-1]
        safe = self._name(f"jnp.where({inside}, {code(value, factor)}, 0.0)")
        return self._name(code(sp.exp(safe), factor)), axes

    def _bracket(self, bracket: Bracket, wanted: Axes = (), flat: bool = False) -> Weighted:
        """The factor times the sum inside; ``flat``: with no brackets in the bracket."""
        weight = content(t.coefficient for t in bracket.inside)
        inside = [replace(t, coefficient=t.coefficient / weight) for t in bracket.inside]
        outer = set().union(*map(open_indices, inside)).difference(bracket.bound, wanted)
        axes = (*wanted, *sorted(outer, key=str), *bracket.bound)
        summed = self._added(map(self._term, inside), axes) if flat else self._sum(inside, axes)
        operands = [
            self._factor(bracket.factor),
            (self._name(code(summed[0], bracket.factor)), summed[1]),
        ]
        return weight, *self._product(operands, bracket.bound)

    def _product(self, operands: list[Named], bound: Axes) -> Named:
        """One term: its factors contracted pairwise, cheapest first."""
        if not operands:
            return sp.S.One, ()
        out = tuple(i for i in union(axes for _, axes in operands) if i not in bound)
        for chosen in cheapest_path([axes for _, axes in operands], out):
            pair = [operands[k] for k in chosen]
            operands = [o for k, o in enumerate(operands) if k not in chosen]
            operands.append(self._contract(pair, set(out).union(*(a for _, a in operands))))
        return operands[0]

    def _contract(self, operands: list[Named], needed: set[sp.Idx]) -> Named:
        """Name the contraction of one or two arrays; equal contractions share a name."""
        if len(operands) == 1 and set(operands[0][1]) <= needed:
            return operands[0]
        spec, order, chosen = min(self._ways(operands, needed), key=self._oddity)
        names = [str(v) for v, _ in chosen]
        text = contraction(names, spec)
        if text not in self.known:
            self.operations += operations([axes for _, axes in operands], order)
        return self._name(text, "".join(names) if text == " @ ".join(names) else ""), order

    def _ways(
        self, operands: list[Named], needed: set[sp.Idx]
    ) -> Iterator[tuple[str, Axes, list[Named]]]:
        """The equivalent ways to write a contraction; the least of them names it."""
        for ordered in permutations(operands):
            swaps = [
                (axes, axes[::-1]) if str(v) in self.symmetric else (axes,) for v, axes in ordered
            ]
            for choice in product(*swaps):
                letter = {i: chr(97 + k) for k, i in enumerate(union(choice))}
                order = tuple(i for i in letter if i in needed)
                spec = ",".join("".join(map(letter.__getitem__, axes)) for axes in choice)
                key = f"{[str(v) for v, _ in ordered]} {spec}->{''.join(letter[i] for i in order)}"
                yield key, order, list(ordered)

    def _oddity(self, way: tuple[str, Axes, list[Named]]) -> tuple[bool, bool, str]:
        """Least for plain operations, intermediate results first: these are what ``vmap`` batches,
        and a batch times one matrix is a single product of matrices."""
        spec, _, ((first, _), *_) = way
        return spec.rsplit(" ", 1)[-1] not in PLAIN, str(first) not in self.known.values(), spec

    def _factor(self, factor: sp.Expr) -> Named:
        """One factor of a term as a named array."""
        if isinstance(factor, sp.Indexed):
            name, axes = self._entry(factor)
            if isinstance(factor.base, Symmetric):
                self.symmetric.add(name)
            distinct = union([axes])
            if len(distinct) < len(axes):
                letter = {i: chr(97 + k) for k, i in enumerate(distinct)}
                spec = "".join(letter[i] for i in axes)
                return self._name(
                    contraction([name], f"{spec}->{''.join(letter.values())}")
                ), distinct
            return sp.Symbol(name), axes
        if isinstance(factor, sp.Idx):
            return self._positions(factor), (factor,)
        if isinstance(factor, sp.KroneckerDelta | NonNegative):
            return self._indicator(factor)
        if isinstance(factor, sp.Piecewise):
            return lowered(self, factor)
        if isinstance(factor, sp.Sum):
            raise NotImplementedError(f"cannot contract {factor}; bring it to index notation first")
        return self._pointwise(factor)

    def _entry(self, entry: sp.Indexed) -> tuple[str, Axes]:
        """An array, fixed positions taken, and the axes that are left."""
        name, slots = str(entry.base.label), entry.indices
        axes = tuple(i for i in slots if isinstance(i, sp.Idx))
        if len(axes) == len(slots):
            return name, axes
        at = ", ".join(":" if isinstance(i, sp.Idx) else code(i, entry) for i in slots)
        return str(self._name(f"{name}[{at}]")), axes

    def _positions(self, index: sp.Idx) -> sp.Symbol:
        """An index as a number: 0, 1, 2, ..."""
        if index.lower != 0:
            raise NotImplementedError(
                f"the index {index} must run from 0; it runs from {index.lower}"
            )
        return self._name(f"jnp.arange({code(extent(index), index)})")

    def _indicator(self, factor: sp.Expr) -> Named:
        """One where the condition on indices holds, zero elsewhere."""
        axes = tuple(sorted(free_indices(factor), key=str))
        if isinstance(factor, sp.KroneckerDelta) and len(axes) == 2:
            left, right = factor.args
            if extent(left) == extent(right):
                return self._name(f"jnp.eye({code(extent(left), factor)})"), (left, right)
        return self._name(f"jnp.where({self._holds(factor, axes)}, 1.0, 0.0)"), axes

    def _holds(self, factor: sp.Expr, axes: Axes) -> str:
        """The condition of an indicator or a delta, for all values of the axes."""
        is_delta = not isinstance(factor, NonNegative)
        at = {i: aligned(self._positions(i), (i,), axes) for i in free_indices(factor)}
        sides = factor.args if is_delta else factor.sides()
        return (" == " if is_delta else " <= ").join(code(s.xreplace(at), factor) for s in sides)

    def _pointwise(self, expression: sp.Expr) -> Named:
        """A function of arrays; its value gets a name."""
        if isinstance(expression, logsumexp) and len(found := terms(expression.args[0])) == 1:
            return self._log_sum_exp(*found)
        parts = [self.array(a) for a in expression.args]
        axes = union(found for _, found in parts)
        value = expression.func(*(aligned(v, found, axes) for v, found in parts))
        return self._name(code(value, expression)), axes

    def _log_sum_exp(self, term: Term) -> Named:
        """The logarithm of a sum of exponentials, shifted so that it cannot overflow."""
        exponent, weight = exponent_and_weight(term.factors)
        parts = [self.array(exponent), self.array(term.coefficient * weight)]
        axes = union(found for _, found in parts)
        logits, scale = (code(aligned(v, found, axes), exponent) for v, found in parts)
        places = [str(axes.index(i)) for i in term.bound]
        over = places[0] if len(places) == 1 else f"({', '.join(places)})"
        weighted = "" if scale == "1" else f", b={scale}"
        text = f"jax.nn.logsumexp({logits}, axis={over}{weighted})"
        return self._name(text), tuple(i for i in axes if i not in term.bound)

    def _name(self, text: str, hint: str = "") -> sp.Symbol:
        """The variable that holds this code, assigned on first use."""
        if text.isidentifier():
            return sp.Symbol(text)
        if text not in self.known:
            free = (f"t{k}" for k in count(1))
            if hint.isalpha() and len(hint) <= 5 and not iskeyword(hint):
                free = chain([hint], free)
            name = next(n for n in free if n not in self.taken)
            self.taken.add(name)
            self.lines.append(f"{name} = {text}")
            self.known[text] = name
        return sp.Symbol(self.known[text])


def _most_saving(addends: Sequence[Term]) -> Bracket | None:
    """The bracket that saves the most operations, if one saves any."""

    def saving(bracket: Bracket) -> int:
        apart, together = Lowering(set()), Lowering(set())
        apart._added(map(apart._term, bracket.members))
        together._bracket(bracket, flat=True)
        return apart.operations - together.operations

    savings = [(saving(b), b) for b in brackets(addends)]
    most, best = max(savings, key=lambda pair: pair[0], default=(0, None))
    return best if most > 0 else None

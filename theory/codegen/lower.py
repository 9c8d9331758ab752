"""Indexed SymPy expressions to lines of JAX.

Every subexpression denotes an array whose axes are its free indices. Products under sums become
pairwise contractions along the cheapest path, shared between terms; everything else is
pointwise. Sizes stay symbolic: nothing is unrolled, so one source serves any size.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, count, permutations, product
from keyword import iskeyword

import opt_einsum
import sympy as sp

from theory.calculus.indices import Symmetric, extent, free_indices, rename, terms
from theory.codegen.scalar import code

Axes = tuple[sp.Idx, ...]
Named = tuple[sp.Expr, Axes]  # pointwise code of an array, as a symbol, and its axes
NOMINAL = 32  # the extent that contraction paths are planned for


@dataclass
class Lowering:
    """The lines of one function body, and the arrays that they have named."""

    taken: set[str]
    lines: list[str] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    symmetric: set[str] = field(default_factory=set)

    def output(self, expression: sp.Expr, axes: Axes) -> str:
        """Code of an expression as an array with exactly these axes."""
        value = _aligned(*self.array(expression, axes), axes)
        missing = [extent(i) for i in axes if i not in free_indices(expression)]
        if missing:
            shape = ", ".join(code(extent(i), expression) for i in axes)
            return f"jnp.broadcast_to({code(value, expression)}, ({shape},))"
        return code(value, expression)

    def array(self, expression: sp.Expr, wanted: Axes = ()) -> Named:
        """An expression as pointwise code in named arrays that share the returned axes.

        The axes come in the wanted order, as far as the expression has them.
        """
        if not (free_indices(expression) or expression.has(sp.Sum)):
            named = {p: self._piecewise(p)[0] for p in expression.atoms(sp.Piecewise)}
            return expression.xreplace(named), ()
        parts = [(t.coefficient, *self._product(t.factors, t.bound)) for t in terms(expression)]
        axes = _union(found for _, _, found in parts)
        axes = tuple(i for i in wanted if i in axes) + tuple(i for i in axes if i not in wanted)
        return grouped((c, _aligned(value, found, axes)) for c, value, found in parts), axes

    def _product(self, factors: Sequence[sp.Expr], bound: Axes) -> Named:
        """One term: its factors contracted pairwise, cheapest first."""
        operands = [self._factor(f) for f in factors]
        if not operands:
            return sp.S.One, ()
        out = tuple(i for i in _union(axes for _, axes in operands) if i not in bound)
        for chosen in _path([axes for _, axes in operands], out):
            pair = [operands[k] for k in chosen]
            operands = [o for k, o in enumerate(operands) if k not in chosen]
            operands.append(self._contract(pair, set(out).union(*(a for _, a in operands))))
        return operands[0]

    def _contract(self, operands: list[Named], needed: set[sp.Idx]) -> Named:
        """Name the contraction of one or two arrays; equal contractions share a name."""
        if len(operands) == 1 and set(operands[0][1]) <= needed:
            return operands[0]
        spec, order, chosen = min(self._ways(operands, needed), key=lambda way: way[0])
        names = [str(v) for v, _ in chosen]
        text = _contraction(names, spec)
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
                letter = {i: chr(97 + k) for k, i in enumerate(_union(choice))}
                order = tuple(i for i in letter if i in needed)
                spec = ",".join("".join(map(letter.__getitem__, axes)) for axes in choice)
                key = f"{[str(v) for v, _ in ordered]} {spec}->{''.join(letter[i] for i in order)}"
                yield key, order, list(ordered)

    def _factor(self, factor: sp.Expr) -> Named:
        """One factor of a term as a named array."""
        if isinstance(factor, sp.Indexed):
            name, axes = str(factor.base.label), tuple(factor.indices)
            if isinstance(factor.base, Symmetric):
                self.symmetric.add(name)
            distinct = _union([axes])
            if len(distinct) < len(axes):
                letter = {i: chr(97 + k) for k, i in enumerate(distinct)}
                spec = "".join(letter[i] for i in axes)
                return self._name(
                    _contraction([name], f"{spec}->{''.join(letter.values())}")
                ), distinct
            return sp.Symbol(name), axes
        if isinstance(factor, sp.KroneckerDelta):
            return self._name(f"jnp.eye({code(extent(factor.args[0]), factor)})"), factor.args
        if isinstance(factor, sp.Piecewise):
            return self._piecewise(factor)
        if isinstance(factor, sp.Sum):
            raise NotImplementedError(f"cannot contract {factor}; bring it to index notation first")
        return self._pointwise(factor)

    def _pointwise(self, expression: sp.Expr) -> Named:
        """A function of arrays; its value gets a name."""
        parts = [self.array(a) for a in expression.args]
        axes = _union(found for _, found in parts)
        value = expression.func(*(_aligned(v, found, axes) for v, found in parts))
        return self._name(code(value, expression)), axes

    def _piecewise(self, expression: sp.Expr) -> Named:
        """Nested ``where``; a branch is evaluated at safe points where it does not apply."""
        axes = tuple(sorted(free_indices(expression), key=str))
        last, condition = expression.args[-1]
        if condition != sp.true:
            raise NotImplementedError(
                f"a Piecewise needs a final branch for all else: {expression}"
            )
        conditions = [c for _, c in expression.args[:-1]]
        text = self.output(self._guarded(last, conditions, axes), axes)
        for branch, test in reversed(expression.args[:-1]):
            left, right = (
                self.output(side, axes if free_indices(side) else ()) for side in test.args
            )
            value = self.output(branch, axes) if free_indices(branch) else code(branch, expression)
            text = f"jnp.where({left} {test.rel_op} {right}, {value}, {text})"
        return self._name(text), axes

    def _guarded(self, branch: sp.Expr, conditions: list[sp.Basic], axes: Axes) -> sp.Expr:
        """The branch with its variable moved to a safe point where another branch applies.

        Else the gradient of ``where`` is NaN at a removable singularity: zero times infinity.
        """
        variables = {s for c in conditions for s in _variables(c)}
        (variable,) = variables if len(variables) == 1 else (None,)
        if variable is None:
            if all(branch.is_polynomial(v) for v in variables):
                return branch
            raise NotImplementedError(
                f"the conditions {conditions} must be about one variable, to guard {branch}; "
                f"name the variable by a Definition"
            )
        if branch.is_polynomial(variable):
            return branch
        point = _safe_point(variable, conditions)
        outside = " | ".join(f"({self._condition(c, axes)})" for c in conditions)
        safe = self._name(f"jnp.where({outside}, {point}, {self.output(variable, axes)})")
        if isinstance(variable, sp.Indexed):
            return rename(branch, {variable: sp.IndexedBase(safe, shape=variable.shape)[axes]})
        return branch.xreplace({variable: safe})

    def _condition(self, condition: sp.Basic, axes: Axes) -> str:
        left, right = (self.output(s, axes if free_indices(s) else ()) for s in condition.args)
        return f"{left} {condition.rel_op} {right}"

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


def grouped(weighted: Iterable[tuple[sp.Expr, sp.Expr]]) -> sp.Expr:
    """``sum of weight * value`` with values of equal weight, up to sign, in one bracket."""
    brackets: dict[sp.Expr, sp.Expr] = {}
    for weight, value in weighted:
        sign = -1 if weight.could_extract_minus_sign() else 1
        weight = sp.powsimp(sign * weight)
        brackets[weight] = brackets.get(weight, sp.S.Zero) + sign * value
    return sp.Add(*(w * sum_ if w != 1 else sum_ for w, sum_ in brackets.items()))


def _path(operands: list[Axes], out: Axes) -> list[tuple[int, ...]]:
    """The order of pairwise contractions with the least cost."""
    letter = {i: opt_einsum.get_symbol(k) for k, i in enumerate(_union(operands))}
    spec = ",".join("".join(letter[i] for i in axes) for axes in operands)
    shapes = [(NOMINAL,) * len(axes) for axes in operands]
    how = "optimal" if len(operands) <= 7 else "auto"
    spec += "->" + "".join(letter[i] for i in out)
    return opt_einsum.contract_path(spec, *shapes, shapes=True, optimize=how)[0]


def _contraction(names: list[str], spec: str) -> str:
    """A contraction as a person would write it."""
    spec = spec.rsplit(" ", 1)[-1]
    patterns = {
        "aa->a": "jnp.diagonal({0})",
        "ab->a": "{0}.sum(axis=1)",
        "ab->b": "{0}.sum(axis=0)",
        "a->": "{0}.sum()",
        "ab->": "{0}.sum()",
        "a,a->a": "{0} * {1}",
        "ab,ab->ab": "{0} * {1}",
        "ab,bc->ac": "{0} @ {1}",
        "ab,cb->ac": "{0} @ {1}.T",
        "ab,ac->bc": "{0}.T @ {1}",
        "ab,b->a": "{0} @ {1}",
        "a,a->": "{0} @ {1}",
        "ab,a->ab": "{0} * {1}[:, None]",
        "ab,b->ab": "{0} * {1}",
    }
    return patterns.get(spec, f'jnp.einsum("{spec}", {", ".join(names)})').format(*names)


def _aligned(value: sp.Expr, found: Axes, axes: Axes) -> sp.Expr:
    """The same array with its axes in the wanted order, and length one where it has none."""
    if found == axes or not found:
        return value
    order = tuple(i for i in axes if i in found)
    text = code(value, value)
    text = text if text.isidentifier() else f"({text})"
    if order != found:
        swap = tuple(found.index(i) for i in order)
        text += ".T" if swap == (1, 0) else f".transpose({', '.join(map(str, swap))})"
    if len(order) < len(axes):
        text += "[" + ", ".join(":" if i in found else "None" for i in axes) + "]"
    return sp.Symbol(text)


def _union(groups: Iterable[Axes]) -> Axes:
    """All indices in order of first appearance."""
    return tuple(dict.fromkeys(i for group in groups for i in group))


def _variables(condition: sp.Basic) -> set[sp.Basic]:
    entries = condition.atoms(sp.Indexed)
    return entries or condition.free_symbols


def _safe_point(variable: sp.Basic, conditions: list[sp.Basic]) -> sp.Expr:
    """A number where none of the conditions holds."""
    numbers = {n for c in conditions for n in c.atoms(sp.Number)}
    for shift in (sp.Rational(1, 2), -sp.Rational(1, 2), sp.S.One, -sp.S.One, sp.S.Zero):
        for number in sorted(numbers | {sp.S.Zero}):
            if all(c.xreplace({variable: number + shift}) == sp.false for c in conditions):
                return number + shift
    raise NotImplementedError(f"found no number where none of {conditions} holds")

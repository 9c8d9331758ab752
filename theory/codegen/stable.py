"""Textbook formulas to forms that keep their digits, before they are printed.

Equal as mathematics, on the reals; different at floats: nothing overflows that has a finite value,
and nothing cancels that is known to.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import sympy as sp

from theory.algebra.definitions import Cholesky, Definition, LogSoftmax, Softmax
from theory.codegen.exponentials import INVERSES, LOGARITHMS, PRODUCTS, SHARES
from theory.codegen.forms import erfc
from theory.codegen.function import Function
from theory.codegen.series import with_singularity_filled, without_removable_singularity
from theory.codegen.sums import SUMS

RULES: dict[type[sp.Expr], tuple[Callable[[sp.Expr], sp.Expr | None], ...]] = {
    sp.Add: SUMS,
    sp.log: LOGARITHMS,
    sp.exp: SHARES,
    sp.erfc: (lambda node: erfc(node.args[0]),),
    sp.Pow: INVERSES,
    sp.Mul: PRODUCTS,
}


def stable(function: Function) -> Function:
    """The same function in forms that keep their digits.

    Logarithms of an array that is defined as a softmax or an exponential are taken before
    exponentials underflow: they become an array of their own.
    """
    taken = {str(a) for a in function.arguments} | {str(d.array) for d in function.definitions}
    definitions: list[Definition] = []
    logarithms: dict[sp.Basic, sp.IndexedBase] = {}

    def rewritten(expression: sp.Expr) -> sp.Expr:
        return stable_form(
            expression.replace(
                lambda e: isinstance(e, sp.log) and getattr(e.args[0], "base", None) in logarithms,
                lambda e: logarithms[e.args[0].base][e.args[0].indices],
            )
        )

    for definition in function.definitions:
        array, value = definition.array, definition.value
        if isinstance(value, Softmax):
            value = replace(value, logits=rewritten(value.logits))
            logarithm = LogSoftmax(value.logits, value.over)
        elif isinstance(value, Cholesky):
            logarithm = None
        else:
            value = rewritten(value)
            logarithm = value.args[0] if isinstance(value, sp.exp) else None
        definitions.append(replace(definition, value=value))
        if logarithm is not None and isinstance(array, sp.IndexedBase):
            name = next(n for n in _names(f"log_{array.label}") if n not in taken)
            taken.add(name)
            logarithms[array] = sp.IndexedBase(name, shape=array.shape, real=True)
            definitions.append(Definition(logarithms[array], definition.axes, logarithm))
    outputs = tuple(replace(o, value=rewritten(o.content)) for o in function.returned)
    used = {b for o in outputs for b in o.content.atoms(sp.IndexedBase)}
    for definition in definitions:
        used |= _arrays(definition.value)
    unused = set(logarithms.values()) - used
    kept = tuple(d for d in definitions if d.array not in unused)
    return replace(function, definitions=kept, outputs=outputs)


def _names(name: str) -> Iterator[str]:
    while True:
        yield name
        name += "_"


def _arrays(value: sp.Expr | Cholesky | Softmax) -> set[sp.Basic]:
    if isinstance(value, Cholesky):
        return {value.of}
    expression = value.logits if isinstance(value, Softmax) else value
    return expression.atoms(sp.IndexedBase)


def stable_form(expression: sp.Expr, filled: bool = False) -> sp.Expr:
    """Every part of an expression in the form that keeps its digits, innermost first.

    ``filled``: the removable singularities of the expression itself have been seen to.
    """
    if isinstance(expression, sp.Indexed | sp.Idx) or not expression.args:
        return expression
    if isinstance(expression, sp.Sum):
        return sp.Sum(stable_form(expression.function), *expression.limits)
    if isinstance(expression, sp.Piecewise):
        return _of_cases(without_removable_singularity(expression))
    if not all(isinstance(a, sp.Expr) for a in expression.args):
        return expression  # an integral or derivative, which the printer refuses
    cases = _by_cases(expression)
    if cases is None and not filled:
        cases = with_singularity_filled(expression)
    if cases is not None:
        return _of_cases(cases)
    arguments = [stable_form(a) for a in expression.args]
    changed = any(new is not old for new, old in zip(arguments, expression.args, strict=True))
    node = expression.func(*arguments) if changed else expression
    for kind, rules in RULES.items():
        if isinstance(node, kind):
            for rule in rules:
                if (better := rule(node)) is not None:
                    return stable_form(better, filled=True) if better != node else node
    return node


def _of_cases(cases: sp.Expr) -> sp.Expr:
    if not isinstance(cases, sp.Piecewise):
        return stable_form(cases, filled=True)
    pairs = ((stable_form(b, filled=True), _of_condition(c)) for b, c in cases.args)
    return sp.Piecewise(*pairs, evaluate=False)


def _of_condition(condition: sp.Basic) -> sp.Basic:
    arguments = (
        stable_form(a) if isinstance(a, sp.Expr) else _of_condition(a) for a in condition.args
    )
    return condition.func(*arguments) if condition.args else condition


def _by_cases(node: sp.Expr) -> sp.Expr | None:
    """A function whose slope is infinite at an end, of a maximum that is constant beyond it."""
    singular = isinstance(node, sp.log | sp.acos | sp.asin | sp.acosh | sp.atanh) or (
        isinstance(node, sp.Pow) and node.exp.is_Rational and not node.exp.is_Integer
    )
    clipped = [m for m in node.args[0].atoms(sp.Max, sp.Min) if any(a.is_number for a in m.args)]
    if not singular or not clipped:
        return None
    outermost = max(clipped, key=lambda m: (m.count_ops(), str(m)))
    constant = sp.Add(*(a for a in outermost.args if a.is_number))
    rest = outermost.func(*(a for a in outermost.args if not a.is_number))
    beyond = rest <= constant if isinstance(outermost, sp.Max) else rest >= constant
    ends = node.xreplace({outermost: constant}), node.xreplace({outermost: rest})
    return sp.Piecewise((ends[0], beyond), (ends[1], True))

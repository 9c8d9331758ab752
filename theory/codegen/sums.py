"""Sums that cancel, in forms that do not: the table's, and what a table cannot say.

Each rule takes a sum to the same sum with some of its terms replaced, or to None.
"""

from collections.abc import Callable, Iterator

import sympy as sp

from theory.codegen.forms import exp_difference, expm1, power_minus_one
from theory.codegen.table import FOUND, head, u


def _sum(node: sp.Expr) -> sp.Expr | None:
    """``w + w f(u)`` by the table, for any weights; all terms together, or one."""
    found = list(_partners(node))
    numbers = [(t, p, form) for t, p, form in found if p.is_number]
    constant = node.as_coeff_Add()[0]
    if sum(p for _, p, _ in numbers) == constant != 0:
        rest = sp.Add(*(a for a in node.args if a not in {t for t, _, _ in numbers}))
        return rest - constant + sp.Add(*(form for _, _, form in numbers))
    for term, partner, form in found:
        if partner in node.args:
            return sp.Add(*(a for a in node.args if a not in (term, partner))) + form
    return None


def _partners(node: sp.Expr) -> Iterator[tuple[sp.Expr, sp.Expr, sp.Expr]]:
    """A term, what must stand beside it, and the form of their sum."""
    for term in node.args:
        for factor in sp.Mul.make_args(term):
            found = head(factor)
            for ratio in map(sp.Integer, (1, -1, -2)):
                if form := FOUND.get(("sum", *found, ratio)):
                    inner = factor if isinstance(factor, sp.exp) else factor.as_base_exp()[0]
                    weight = term / factor
                    yield term, weight * ratio, weight * form.xreplace({u: inner.args[0]})


def _difference_of_exponentials(node: sp.Expr) -> sp.Expr | None:
    """``w exp(a) - w exp(b)``."""
    weights: dict[sp.Expr, tuple[sp.Expr, sp.exp]] = {}
    for term in node.args:
        for factor in sp.Mul.make_args(term):
            if isinstance(factor, sp.exp):
                weight = term / factor
                if -weight in weights:
                    other, first = weights[-weight]
                    rest = sp.Add(*(a for a in node.args if a not in (term, other)))
                    return rest + weight * exp_difference(factor.args[0], first.args[0])
                weights[weight] = (term, factor)
    return None


def _difference_of_roots(node: sp.Expr) -> sp.Expr | None:
    """``w (sqrt(A) - sqrt(B)) = w (A - B) / (sqrt(A) + sqrt(B))`` if something cancels in A - B."""
    for term in node.args:
        for factor in sp.Mul.make_args(term):
            base, power = factor.as_base_exp()
            if power == sp.S.Half and base.is_Add:
                for other in node.args:
                    root = -other / (term / factor)
                    if other is not term and (root.is_nonnegative or _is_root(root)):
                        left, right = (sp.Add.make_args(sp.expand(e)) for e in (base, root**2))
                        inside = sp.expand(base - root**2)
                        if len(sp.Add.make_args(inside)) <= len(left) + len(right) - 2:
                            rest = sp.Add(*(a for a in node.args if a not in (term, other)))
                            return rest + term / factor * inside / (factor + root)
    return None


def _is_root(expression: sp.Expr) -> bool:
    return expression.as_base_exp()[1] == sp.S.Half


def _power_of_one_plus(node: sp.Expr) -> sp.Expr | None:
    """``w (1 + x)**p - w``."""
    for term in node.args:
        for factor in sp.Mul.make_args(term):
            base, power = factor.as_base_exp()
            weight = term / factor
            one_plus = base.is_Add and sp.S.One in base.args
            if one_plus and power.is_Rational and -weight in node.args:
                rest = sp.Add(*(a for a in node.args if a not in (term, -weight)))
                return rest + weight * power_minus_one(base - 1, power)
    return None


def _power_minus_weight(node: sp.Expr) -> sp.Expr | None:
    """``w b**x - w``, as 1 - b^t of a moving average that starts at zero."""
    for term in node.args:
        for factor in sp.Mul.make_args(term):
            if isinstance(factor, sp.Pow) and factor.base.is_positive and not factor.exp.is_number:
                weight = term / factor
                if -weight in node.args:
                    rest = sp.Add(*(a for a in node.args if a not in (term, -weight)))
                    return rest + weight * expm1(factor.exp * sp.log(factor.base))
    return None


SUMS: tuple[Callable[[sp.Expr], sp.Expr | None], ...] = (
    _sum, _difference_of_exponentials, _power_of_one_plus, _difference_of_roots,
    _power_minus_weight,
)  # fmt: skip

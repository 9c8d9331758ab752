"""Logarithms, inverses and products that overflow or cancel, in forms that do not.

Each rule takes an expression to an equal one, or to None.
"""

from collections.abc import Callable, Iterable

import sympy as sp

from theory.codegen.forms import (
    bose,
    erfc,
    exp_difference,
    expm1,
    is_sum_of_exponentials,
    log1p,
    log_half_erfc,
    logaddexp,
    logsumexp,
    power_log,
    sech,
    sigmoid,
    softplus,
    xlog1px,
)  # fmt: skip
from theory.codegen.table import FOUND, u


def _table_logarithm(node: sp.Expr) -> sp.Expr | None:
    """The logarithm of a positive multiple, by the table or of one exponential."""
    weight, factor = node.args[0].as_coeff_Mul()
    sign = 1 if weight > 0 else -1
    if weight == sp.S.Half and isinstance(factor, erfc):
        return log_half_erfc(*factor.args)
    if form := FOUND.get(("log", factor.func, sp.Integer(sign))):
        return form.xreplace({u: factor.args[0]}) + sp.log(sign * weight)
    return _log_of_exponential(node.args[0])


def _log_of_exponential(product: sp.Expr) -> sp.Expr | None:
    """The logarithm of a positive multiple of an exponential, or of a sum of them."""
    factors = sp.Mul.make_args(product)
    found = [f for f in factors if isinstance(f, sp.exp) or is_sum_of_exponentials(f)]
    others = sp.Mul(*(f for f in factors if f not in found))
    if not found or not others.is_positive:
        return None
    logarithms = (f.args[0] if isinstance(f, sp.exp) else logsumexp(f) for f in found)
    return sp.Add(sp.log(others), *logarithms)


def _exponentials(total: sp.Expr) -> list[sp.Expr] | None:
    """The logarithms of the terms, if all are positive: exponentials, sums of them, numbers."""
    logarithms = []
    for term in sp.Add.make_args(total):
        logarithm = _log_of_exponential(term)
        if logarithm is None and term.is_number and term.is_positive:
            logarithm = sp.log(term)
        if logarithm is None:
            return None
        logarithms.append(logarithm)
    return None if all(a.is_number for a in logarithms) else logarithms


def _logarithm_of_sum(exponents: Iterable[sp.Expr]) -> sp.Expr:
    """log sum exp, with its own name for two, of which one is zero."""
    first, *rest = sorted(exponents, key=sp.default_sort_key)
    if not rest:
        return first
    other = _logarithm_of_sum(rest)
    if sp.S.Zero in (first, other):
        return softplus(first + other)
    return logaddexp(first, other)


def _log_sum_exp(node: sp.Expr) -> sp.Expr | None:
    exponents = _exponentials(node.args[0]) if node.args[0].is_Add else None
    return _logarithm_of_sum(exponents) if exponents else None


def _log_one_plus(node: sp.Expr) -> sp.Expr | None:
    argument = node.args[0]
    if argument.is_Add and sp.S.One in argument.args:
        return log1p(argument - 1)
    return None


def _table_inverse(node: sp.Expr) -> sp.Expr | None:
    """``f(u)**-n`` by the table."""
    base, power = node.as_base_exp()
    weight, factor = base.as_coeff_Mul()
    form = FOUND.get(("inverse", factor.func))
    if form is None or not power.is_Integer or power > 0:
        return None
    return weight**power * form.xreplace({u: factor.args[0]}) ** -power


def _inverse_sum(node: sp.Expr) -> sp.Expr | None:
    """``(exp(a) + exp(b))**-n`` as an exponential."""
    base, power = node.as_base_exp()
    if not (power.is_number and power.is_negative):
        return None
    exponents = _exponentials(base) if base.is_Add or is_sum_of_exponentials(base) else None
    if not exponents:
        return None
    return sp.exp(power * _logarithm_of_sum(exponents))


def _products(node: sp.Expr) -> sp.Expr | None:
    """Products in which one factor overflows where another vanishes."""
    exponential = [f for f in node.args if isinstance(f, sp.exp)]
    if len(exponential) > 1 and any(e.has(softplus, logaddexp, logsumexp) for e in exponential):
        joined = sp.exp(sp.Add(*(e.args[0] for e in exponential)))
        return node / sp.Mul(*exponential) * joined
    for factor in node.args:
        base, power = factor.as_base_exp()
        others = node / factor
        if isinstance(base, sigmoid) and power.is_positive:
            v = base.args[0]
            for e in exponential:
                if e.args[0].free_symbols & v.free_symbols:
                    return others / e * sp.exp(e.args[0] - power * softplus(-v))
            if power == 1 and expm1(-v) in node.args:
                return others / expm1(-v) * sp.tanh(-v / 2)
        if isinstance(base, bose) and power == 1 and sp.exp(base.args[0]) in node.args:
            return -others / sp.exp(base.args[0]) * bose(-base.args[0])
        if isinstance(base, exp_difference) and power == 1:
            a, b = base.args
            inverse = sp.exp(-_logarithm_of_sum([a, b]))
            if inverse in node.args:
                return others / inverse * sp.tanh((a - b) / 2)
        if isinstance(factor, sp.Sum) and (inside := [e for e in exponential if e.has(logsumexp)]):
            body = factor.function
            if isinstance(body, sp.Mul | sp.exp) and body.has(sp.exp):
                return others / inside[0] * sp.Sum(body * inside[0], *factor.limits)
    return None


def _share_of_two(node: sp.Expr) -> sp.Expr | None:
    """``exp(a) / (exp(a) + exp(b))``, and the product of the two shares."""
    for term in sp.Add.make_args(node.args[0]):
        weight, normaliser = term.as_coeff_Mul()
        if isinstance(normaliser, softplus | logaddexp):
            a, b = normaliser.args if len(normaliser.args) == 2 else (sp.S.Zero, normaliser.args[0])
            rest = node.args[0] - term
            if weight == -1 and rest in (a, b):
                return sigmoid(a - b if rest == a else b - a)
            if weight == -2 and rest == a + b:
                return sech((a - b) / 2) ** 2 / 4
    return None


def _times_own_logarithm(node: sp.Expr) -> sp.Expr | None:
    """``x**n log x``, zero at zero for positive n."""
    for factor in node.args:
        if isinstance(factor, sp.log):
            argument = factor.args[0]
            for power in (f.as_base_exp()[1] for f in node.args if f.as_base_exp()[0] == argument):
                if power.is_Rational and power >= 1:
                    return node / factor / argument**power * power_log(argument, power)
        if isinstance(factor, log1p) and 1 + factor.args[0] in node.args:
            return node / factor / (1 + factor.args[0]) * xlog1px(factor.args[0])
    return None


LOGARITHMS: tuple[Callable[[sp.Expr], sp.Expr | None], ...] = (
    _table_logarithm, _log_sum_exp, _log_one_plus,
)  # fmt: skip
INVERSES = (_table_inverse, _inverse_sum)
PRODUCTS = (_products, _times_own_logarithm)
SHARES = (_share_of_two,)

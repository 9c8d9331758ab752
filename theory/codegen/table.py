"""Textbook formulas and the forms of them that keep their digits: one table."""

from collections.abc import Iterator

import sympy as sp

from theory.codegen.forms import (
    bose,
    csch,
    erfc,
    expm1,
    log1mexp,
    log_cosh,
    log_erfc,
    sech,
    sigmoid,
    softplus,
)  # fmt: skip

u = sp.Symbol("u", real=True)

# Sums are found times any weight, logarithms of any positive multiple, inverses in any power.
TABLE: tuple[tuple[sp.Expr, sp.Expr], ...] = (
    (sp.exp(u) - 1, expm1(u)),
    (1 - sp.tanh(u), 2 * sigmoid(-2 * u)),
    (1 + sp.tanh(u), 2 * sigmoid(2 * u)),
    (1 - sp.tanh(u) ** 2, sech(u) ** 2),
    (1 - sigmoid(u), sigmoid(-u)),
    (1 - sp.erf(u), erfc(u)),
    (1 + sp.erf(u), erfc(-u)),
    (1 - erfc(u), sp.erf(u)),
    (2 - erfc(u), erfc(-u)),
    (1 - sp.cos(u), 2 * sp.sin(u / 2) ** 2),
    (1 - sp.cos(u) ** 2, sp.sin(u) ** 2),
    (1 - sp.sin(u) ** 2, sp.cos(u) ** 2),
    (sp.cosh(u) - 1, 2 * sp.sinh(u / 2) ** 2),
    (sp.cosh(u) ** 2 - 1, sp.sinh(u) ** 2),
    (sp.log(sp.cosh(u)), log_cosh(u)),
    (sp.log(sech(u)), -log_cosh(u)),
    (sp.log(sp.sinh(u)), u + log1mexp(-2 * u) - sp.log(2)),
    (sp.log(expm1(u)), u + log1mexp(-u)),
    (sp.log(-expm1(u)), log1mexp(u)),
    (sp.log(sigmoid(u)), -softplus(-u)),
    (sp.log(erfc(u)), log_erfc(u)),
    (1 / sp.cosh(u), sech(u)),
    (1 / sp.sinh(u), csch(u)),
    (1 / expm1(u), bose(u)),
)


def head(factor: sp.Expr) -> tuple[type[sp.Expr], sp.Expr]:
    """The function of a factor, and its power."""
    base, power = (sp.S.Exp1, sp.S.One) if isinstance(factor, sp.exp) else factor.as_base_exp()
    return (sp.exp, sp.S.One) if isinstance(factor, sp.exp) else (base.func, power)


def _keys() -> Iterator[tuple[tuple[object, ...], sp.Expr]]:
    """What the rules look a form up by: kind, function, power and sign."""
    for pattern, form in TABLE:
        if isinstance(pattern, sp.Add):
            constant, term = pattern.as_coeff_Add()
            weight, factor = term.as_coeff_Mul()
            yield ("sum", *head(factor), constant / weight), form / weight
        elif isinstance(pattern, sp.log):
            weight, factor = pattern.args[0].as_coeff_Mul()
            yield ("log", factor.func, weight), form
        else:
            yield ("inverse", pattern.as_base_exp()[0].func), form


FOUND = dict(_keys())
assert len(FOUND) == len(TABLE), "two patterns are looked up alike"

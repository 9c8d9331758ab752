"""How array operations are written down: contractions, transposes, sums with coefficients."""

from collections.abc import Iterable, Sequence

import sympy as sp

from theory.codegen.factor import Axes
from theory.codegen.scalar import code

PLAIN = {
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
    "a,b->ab": "{0}[:, None] * {1}",
    "ab,a->ab": "{0} * {1}[:, None]",
    "ab,b->ab": "{0} * {1}",
}


def contraction(names: Sequence[str], spec: str) -> str:
    """A contraction as a person would write it."""
    spec = spec.rsplit(" ", 1)[-1]
    return PLAIN.get(spec, f'jnp.einsum("{spec}", {", ".join(names)})').format(*names)


def aligned(value: sp.Expr, found: Axes, axes: Axes) -> sp.Expr:
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


def grouped(weighted: Iterable[tuple[sp.Expr, sp.Expr]]) -> sp.Expr:
    """``sum of weight * value`` with values of equal weight, up to sign, in one bracket."""
    brackets: dict[sp.Expr, sp.Expr] = {}
    for weight, value in weighted:
        sign = -1 if weight.could_extract_minus_sign() else 1
        weight = sp.powsimp(sign * weight)
        brackets[weight] = brackets.get(weight, sp.S.Zero) + sign * value
    return sp.Add(*(w * sum_ if w != 1 else sum_ for w, sum_ in brackets.items()))


def content(coefficients: Iterable[sp.Expr]) -> sp.Expr:
    """The symbolic factor that all coefficients share, one if they differ by more than numbers."""
    symbolic = {c.as_coeff_Mul()[1] for c in coefficients}
    return symbolic.pop() if len(symbolic) == 1 else sp.S.One

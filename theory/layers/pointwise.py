"""Units read as formulas: which functions are applied entry by entry, and to what."""

from functools import cache

import sympy as sp

from theory.layers.arrays import Array, nodes
from theory.layers.functions import UNITS, x

POINTWISE = ("add", "mul", "power", "function")


@cache
def variable(k: int, copy: int = 0) -> sp.Dummy:
    """The symbol of field number k in one copy of a unit; no name of a layer can be it."""
    return sp.Dummy(f"z{k}_{copy}", real=True)


def pointwise(node: Array) -> tuple[sp.Expr, list[Array]]:
    """A unit as a formula in its fields: what no function is applied inside of."""
    fields: list[Array] = []

    def read(each: Array) -> sp.Expr:
        if each.op == "number":
            return each.data
        if is_unit(each):
            inner = [read(a) for a in each.args]
            if each.op == "function":
                return UNITS[each.data].subs(x, inner[0])
            if each.op == "power":
                return inner[0] ** each.data
            return (sp.Add if each.op == "add" else sp.Mul)(*inner)
        if each not in fields:
            fields.append(each)
        return variable(fields.index(each))

    return read(node), fields


def is_unit(node: Array) -> bool:
    """Whether a function is applied entry by entry, outside of every product of matrices."""
    return node.op == "function" or (node.op in POINTWISE and any(map(is_unit, node.args)))


def has_function(node: Array) -> bool:
    """Whether a function stands anywhere in the expression."""
    return any(n.op in ("function", "softmax") for n in nodes(node))

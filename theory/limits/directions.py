"""Normalised Gaussian rows (QK-norm): unit vectors whose second moment is known at every width.

For Gaussian rows with correlation rho in k dimensions E <q^, q'^> = g_k(rho), and by rotation
invariance E q^_c q'^_d = delta_cd g_k(rho) / k. Products of more than two entries are refused.
"""

import sympy as sp

from theory.calculus.cumulants import Block, Law
from theory.calculus.networks import DELTA, Head, Polynomial
from theory.layers.arrays import Array
from theory.layers.pointwise import variable
from theory.limits.columns import Columns
from theory.limits.lowering import Environment, Reading
from theory.limits.sizes import Undecided


def overlap(k: sp.Expr, rho: sp.Expr) -> sp.Expr:
    """g_k(rho): the mean inner product of two normalised Gaussian rows in k dimensions."""
    if k == sp.oo:
        return rho
    weight = sp.gamma((k + 1) / 2) ** 2 / (sp.gamma(k / 2) * sp.gamma(k / 2 + 1))
    half = sp.Rational(1, 2)
    return rho * weight * sp.hyper((half, half), (k / 2 + 1,), rho**2)


def directions(reading: Reading, node: Array, environment: Environment) -> Polynomial:
    """Rows of a Gaussian field divided by their norms."""
    field = node.args[0]
    columns = Columns(reading, node, variable(0), [field], environment, scale_free=True)
    last = node.ndim - 1
    if columns.columns != [last] or columns.means[0]:
        raise Undecided(
            f"UNDECIDED (expectation): {node} is no normalised centred Gaussian field with "
            f"independent columns"
        )
    size = node.shape[-1]
    growing = reading.sizes.exponent_of(size).is_positive
    count = sp.oo if growing else size.xreplace(dict(reading.sizes.scaling))
    kernel, name = reading.fresh("overlap"), reading.fresh(node.data)

    def definition(*at: sp.Idx) -> sp.Expr:
        left, right = at[:last], at[last:]
        between, one, other = (
            columns.covariance(0, a, 0, b) for a, b in ((left, right), (left, left), (right, right))
        )
        if left == right:
            return sp.S.One
        return overlap(count, between / sp.sqrt(one) / sp.sqrt(other))

    tokens = tuple(node.shape[:-1])
    symmetric = last == 1
    head = Head(kernel, tokens * 2, "function", symmetric, sp.S.One, definition)
    reading.kernel(head, *columns.covariances.values())
    reading.networks.add(Head(name, tuple(node.shape), "random"))
    weight = 1 / size if node.data == "unit" else sp.S.One

    def block(entries) -> list[Block]:
        (_, a), (_, b) = entries
        delta = [(DELTA, (a[-1], b[-1]))] if a[-1] != b[-1] else []
        return [(weight, [(kernel, (*a[:-1], *b[:-1])), *delta])]

    reading.laws[name] = Law(name, (2,), block, most=2)
    reading.reserve(name, columns.weights)
    return reading.networks.entry(name, *(-1 - k for k in range(node.ndim)))

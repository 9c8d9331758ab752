"""Which names a node of an expression depends on, and the order in which sums are best done."""

from functools import cache

import sympy as sp

from theory.calculus.measure import Mean


def parts(variable: sp.Basic) -> tuple[sp.Basic, ...]:
    """The variables of a mean: one, or those of a tuple."""
    return tuple(variable) if isinstance(variable, sp.Tuple) else (variable,)


@cache
def names(node: sp.Basic) -> frozenset[sp.Basic]:
    """The symbols, indices and arrays a node depends on; those that it binds are not among them."""
    if isinstance(node, sp.Symbol | sp.Idx):
        return frozenset({node})
    if isinstance(node, sp.Indexed):
        return frozenset({node.base}).union(*map(names, node.indices))
    if isinstance(node, sp.Sum | sp.Product | sp.Integral):
        found = names(node.function)
        for name, *bounds in node.limits:
            found = found.difference({name}).union(*map(names, bounds))
        return found
    if isinstance(node, sp.Subs):
        return names(node.expr).difference(node.variables).union(*map(names, node.point))
    if isinstance(node, sp.Limit):
        return names(node.args[0]).difference({node.args[1]}) | names(node.args[2])
    if isinstance(node, Mean):
        label = frozenset() if node.label is None else names(node.label)
        return names(node.function).difference(parts(node.variable)) | label
    return frozenset().union(*map(names, node.args))


@cache
def nested(node: sp.Sum) -> sp.Expr:
    """The same sum, each summation behind the factors it leaves alone; infinite ones as given."""
    bound = {limit[0] for limit in node.limits}
    bounds = [b for limit in node.limits for b in limit[1:]]
    if any(bound & names(b) or b.is_finite is False for b in bounds):
        return node
    if isinstance(node.function, sp.Add):
        return sp.Add(*(nested(sp.Sum(term, *node.limits)) for term in node.function.args))
    factors, limits = list(sp.Mul.make_args(node.function)), list(node.limits)

    def touched(limit: sp.Tuple) -> list[sp.Expr]:
        return [f for f in factors if limit[0] in names(f)]

    while limits:
        costs = [len(frozenset().union(*map(names, touched(x))) & bound) for x in limits]
        limit = limits.pop(costs.index(min(costs)))
        inside = touched(limit)
        outside = [f for f in factors if f not in inside]
        factors = [*outside, sp.Sum(sp.Mul(*inside), limit)]
    return sp.Mul(*factors)

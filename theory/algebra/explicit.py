"""Expressions at explicit sizes: sums written out. The route that shares nothing with the rest."""

from collections.abc import Mapping

import sympy as sp

from theory.algebra.scope import instantiate, opened


def unroll(expression: sp.Basic, sizes: Mapping[sp.Symbol, int]) -> sp.Basic:
    """The expression at explicit sizes: sums written out, entries at integer indices.

    An empty sum is zero. Raises ``ValueError`` for an entry outside its array and for a sum whose
    ends depend on a free index.
    """
    explicit = {k: sp.Integer(v) for k, v in sizes.items()}
    if isinstance(expression, sp.Sum) and isinstance(expression.limits[-1][0], sp.Idx):
        body, index, ends = opened(expression)
        low, high = (sp.expand(e.xreplace(explicit)) for e in ends)
        if not (low.is_Integer and high.is_Integer):
            raise ValueError(
                f"the sum over {index} from {low} to {high} cannot be written out; give every free "
                f"index and every size a value"
            )
        return sp.Add(
            *(
                unroll(instantiate(body, {index: sp.Integer(k)}), sizes)
                for k in range(low, high + 1)
            )
        )
    if isinstance(expression, sp.Indexed):
        return _checked(expression, explicit)
    if isinstance(expression, sp.Mul):
        # An indicator that is zero may guard an entry outside its array.
        weights = [a.xreplace(explicit) for a in expression.args if not a.has(sp.Indexed)]
        if any(w == 0 for w in weights):
            return sp.S.Zero
    if not expression.args or isinstance(expression, sp.Idx):
        return expression.xreplace(explicit)
    return expression.func(*(unroll(a, sizes) for a in expression.args))


def _checked(entry: sp.Indexed, explicit: Mapping[sp.Symbol, sp.Integer]) -> sp.Indexed:
    slots = [sp.expand(i.xreplace(explicit)) for i in entry.indices]
    shape = entry.base.shape or ()
    for slot, dim in zip(slots, shape, strict=False):
        extent = sp.sympify(dim).xreplace(explicit)
        if slot.is_Integer and (slot < 0 or (extent.is_Integer and slot >= extent)):
            raise ValueError(f"{entry} is outside its array, of {extent} entries along this axis")
    return entry.base[tuple(slots)]

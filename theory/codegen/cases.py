"""Case distinctions to nested ``where``: every branch sees safe numbers where another applies.

Else the gradient of ``where`` is NaN: zero times the infinite slope of a branch that is not taken.
"""

from collections.abc import Iterable, Sequence
from itertools import islice, product
from typing import Any, Protocol, runtime_checkable

import mpmath
import sympy as sp

from theory.calculus.indices import extent, free_indices
from theory.codegen.forms import entries, plain
from theory.codegen.scalar import code

Axes = tuple[sp.Idx, ...]


@runtime_checkable
class Body(Protocol):
    """What names arrays: the lines of a function body."""

    def output(self, expression: sp.Expr, axes: Axes) -> str:
        """Code of an expression as an array with these axes."""
        ...

    def _name(self, text: str, hint: str = "") -> sp.Symbol: ...


def outermost_cases(expression: sp.Basic) -> tuple[sp.Expr, ...]:
    """The case distinctions in an expression that are not inside another."""
    if isinstance(expression, sp.Piecewise):
        return (expression,)
    return tuple(dict.fromkeys(c for a in expression.args for c in outermost_cases(a)))


def lowered(body: Body, cases: sp.Expr) -> tuple[sp.Symbol, Axes]:
    """A case distinction as a named array."""
    axes = tuple(sorted(free_indices(cases), key=str))
    if cases.args[-1][1] != sp.true:
        raise NotImplementedError(f"a Piecewise needs a final branch for all else: {cases}")
    branches = [b for b, _ in cases.args]
    tests = [_named(body, _condition(body, c, axes)) for _, c in cases.args[:-1]]
    values = [
        _value(body, _guarded(body, cases, k, tests, axes), axes) for k in range(len(branches))
    ]
    if all(b.is_Integer for b in branches):
        values = [repr(float(b)) for b in branches]  # ``where`` of integers is an integer
    text = values[-1]
    for test, value in zip(reversed(tests), reversed(values[:-1]), strict=True):
        text = f"jnp.where({test}, {value}, {text})"
    return body._name(text), axes


def _named(body: Body, condition: str) -> str:
    """A condition that is longer than its name would be gets one."""
    return condition if len(condition) <= 20 else str(body._name(condition))


def _value(body: Body, branch: sp.Expr, axes: Axes) -> str:
    return body.output(branch, axes if free_indices(branch) else ())


def _condition(body: Body, condition: sp.Basic, axes: Axes) -> str:
    """Comparisons joined by ``&``, ``|`` and ``~``."""
    if isinstance(condition, sp.And | sp.Or):
        sign = " & " if isinstance(condition, sp.And) else " | "
        parts = sorted(condition.args, key=sp.default_sort_key)
        return sign.join(f"({_condition(body, c, axes)})" for c in parts)
    if isinstance(condition, sp.Not):
        return f"~({_condition(body, condition.args[0], axes)})"
    if not isinstance(condition, sp.core.relational.Relational):
        raise NotImplementedError(
            f"a condition must be made of comparisons, And, Or and Not; received {condition}"
        )
    left, right = (_value(body, side, axes) for side in condition.args)
    return f"{left} {condition.rel_op} {right}"


def _guarded(body: Body, cases: sp.Expr, which: int, tests: Sequence[str], axes: Axes) -> sp.Expr:
    """The branch with what it depends on moved to a safe point where another branch applies."""
    branch = sp.sympify(cases.args[which][0])
    conditions = [c for _, c in cases.args[: which + 1]]
    decisive = set().union(*map(_variables, conditions))
    variables = [v for v in _variables(branch) if v in decisive or not branch.is_polynomial(v)]
    if not variables or _is_flat(branch, variables):
        return branch
    point = _safe_point(branch, conditions, variables)
    parts = list(tests[:which])
    if which < len(tests):
        parts.append(f"~{_bracketed(tests[which])}")
    outside = " | ".join(map(_bracketed, parts)) if len(parts) > 1 else parts[0]
    moved: dict[sp.Basic, sp.Expr] = {}
    for variable, number in point.items():
        safe = body._name(
            f"jnp.where({outside}, {code(number, branch)}, {_value(body, variable, axes)})"
        )
        shape = tuple(extent(i) for i in axes)
        moved[variable] = sp.IndexedBase(safe, shape=shape)[axes] if axes else safe
    return branch.xreplace(moved)


def _bracketed(condition: str) -> str:
    return condition if condition.removeprefix("~").isidentifier() else f"({condition})"


def _variables(expression: sp.Basic) -> tuple[sp.Basic, ...]:
    """Entries, sums and the symbols outside of them."""
    found = entries(expression)
    names = {e: sp.Dummy() for e in found}
    scalars = expression.xreplace(names).free_symbols - set(names.values())
    return (*found, *sorted((s for s in scalars if not isinstance(s, sp.Idx)), key=str))


def _is_flat(branch: sp.Expr, variables: Iterable[sp.Basic]) -> bool:
    """A polynomial whose slope is linear: finite wherever its variables are."""
    names = {v: sp.Dummy() for v in variables}
    polynomial = branch.xreplace(names).as_poly(*names.values())
    return polynomial is not None and polynomial.total_degree() <= 2


def _safe_point(
    branch: sp.Expr, conditions: Sequence[sp.Basic], variables: Sequence[sp.Basic]
) -> dict[sp.Basic, sp.Expr]:
    """Numbers at which the branch applies, and is finite with its slopes."""
    every = tuple(dict.fromkeys([*variables, *(v for c in conditions for v in _variables(c))]))
    every = (*every, *(v for v in _variables(branch) if v not in every))
    names = {v: sp.Dummy(f"v{k}", real=True) for k, v in enumerate(every)}
    formula = plain(branch).xreplace(names)
    slopes = [sp.diff(formula, n) for v, n in names.items() if v in variables]
    finite = sp.lambdify(list(names.values()), [formula, *slopes], "mpmath")
    numbers = sorted({n for c in conditions for n in c.atoms(sp.Rational)} | {sp.S.Zero})
    shifts = (sp.S.Half, -sp.S.Half, sp.S.One, -sp.S.One, sp.S.Zero, sp.Integer(4), sp.Integer(-4))
    candidates = list(dict.fromkeys(n + s for s in shifts for n in numbers))
    for choice in islice(product(candidates, repeat=len(every)), 20000):
        point = dict(zip(every, choice, strict=True))
        *others, own = (c.xreplace(point) for c in conditions)
        applies = _may_be(own, True) and all(_may_be(c, False) for c in others)
        if applies and _all_finite(finite, choice):
            return {v: point[v] for v in variables}
    raise NotImplementedError(
        f"found no point at which {branch} applies under {list(conditions)} and is finite with its "
        f"slope, to guard it with; name its argument by a Definition, or simplify the conditions"
    )


def _may_be(condition: sp.Basic, value: bool) -> bool:
    """Whether a condition has this value, or is about indices alone and may have any."""
    return condition == sp.sympify(value) or (condition.has(sp.Idx) and not _variables(condition))


def _all_finite(function: Any, point: Sequence[sp.Expr]) -> bool:
    try:
        values = function(*(mpmath.mpf(p.p) / p.q for p in point))
    except (ZeroDivisionError, ValueError):
        return False
    return all(mpmath.im(v) == 0 and mpmath.isfinite(v) for v in map(mpmath.mpmathify, values))

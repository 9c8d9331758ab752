"""The contract of every generated function of every room.

Two routes: the JAX source, and mpmath on the displayed expression. How far they may differ follows
from how the exact function moves when its arguments move by a few roundings.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from checks.suite.house import BUILT_IN
from tests.generated_code import (
    arguments,
    as_arrays,
    assert_close,
    compiled,
    drawn,
    functions,
)  # fmt: skip
from theory.calculus.indices import Symmetric
from theory.codegen.evaluate import call
from theory.codegen.function import Function

REAL = (TypeError, ValueError, ZeroDivisionError, OverflowError)  # complex, a pole
LARGE, SMALL = np.finfo(float).max / 1e9, np.finfo(float).tiny * 1e9
ROUNDINGS = 2.0**-47  # how far the arguments move: 32 units in the last place

# A third cumulant of nearly equal weights p is what is left of 1 - 2p when p is rounded.
CANCELLING = {"third_cumulant"}


@cache
def function(room: str, name: str) -> Function:
    return next(f for f in functions(room) if f.name == name)


def generated(room: str, name: str) -> Any:
    return getattr(import_module(f"numerics.generated.{room}"), name)


def exact(f: Function, values: list[Any], digits: int = 60) -> np.ndarray:
    """All outputs in one flat array of mpmath numbers; symmetric factors stay floats."""
    lists = [v.tolist() if isinstance(v, np.ndarray) else v for v in values]
    flat = np.concatenate([np.ravel(np.array(r, object)) for r in call(f, *lists, digits=digits)])
    if any(mpmath.im(x) or not mpmath.isfinite(x) for x in map(mpmath.mpmathify, flat)):
        raise ValueError("complex or infinite")
    return flat


def moved(values: list[Any], seed: int, size: Any) -> list[Any]:
    """Every number moved by this part of it, up or down."""
    rng = np.random.default_rng(seed)
    signs = [np.where(rng.random(np.shape(v)) < 0.5, -1, 1) for v in values]
    return [
        np.vectorize(lambda x, s: mpmath.mpf(float(x)) * (1 + int(s) * size), [object])(v, s)
        if np.ndim(v) else mpmath.mpf(float(v)) * (1 + int(s) * size)
        for v, s in zip(values, signs, strict=True)
    ]  # fmt: skip


def scaled_by(f: Function, factor: float, seed: int) -> list[Any]:
    """Arguments with arrays of another order of magnitude."""
    return [v * factor if np.ndim(v) else v for v in drawn(f, seed, 0.2, 0.9)]


def assert_right(room: str, name: str, values: list[Any]) -> None:
    """The generated value is the exact one at arguments a few roundings away."""
    f = function(room, name)
    with mpmath.workdps(60):
        truth = exact(f, values)
        spread = abs(exact(f, moved(values, 0, mpmath.mpf(ROUNDINGS))) - truth)
    ours = generated(room, name)(*map(jnp.asarray, values))
    flat = np.concatenate([r.ravel() for r in as_arrays(ours)])
    scale = max(abs(truth), default=0)
    for got, true, room_for in zip(flat, truth, spread, strict=True):
        if abs(true) < LARGE and scale < LARGE:
            allowed = 16 * room_for + ROUNDINGS * scale + SMALL
            assert abs(mpmath.mpf(float(got)) - true) <= allowed, (name, values, got, true)


@pytest.mark.slow
@pytest.mark.parametrize("room", BUILT_IN.names())
@settings(max_examples=2, derandomize=True, phases=[Phase.generate])
@given(seed=st.integers(0, 2**16), exponent=st.integers(-6, -1))
def test_values_are_exact_for_arguments_a_few_roundings_away(
    room: str, seed: int, exponent: int
) -> None:
    """At arguments of order one, and with small arrays.

    With large ones a softmax has one weight, and what the formulas of a covariance subtract is
    equal but for its rounding.
    """
    for f in functions(room):
        assert_right(room, f.name, arguments(f, seed))
        if f.name not in CANCELLING:
            with suppress(*REAL):  # nothing to compare with: a pole, or a complex value
                assert_right(room, f.name, scaled_by(f, 10.0**exponent, seed))


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_gradients_are_the_derivatives_of_the_displayed_expression(room: str) -> None:
    """In a random direction, by a difference of values with sixty digits."""
    for f in functions(room):
        values = arguments(f, 5)
        rng = np.random.default_rng(5)
        way = [np.asarray(rng.normal(size=np.shape(v))) for v in values]
        way = [
            w + w.T if isinstance(a, Symmetric) else w
            for w, a in zip(way, f.arguments, strict=True)
        ]
        step = mpmath.mpf(10) ** -15

        def shifted(sign: int, values: Any = values, way: Any = way, step: Any = step) -> list[Any]:
            return [
                np.vectorize(lambda x, d: mpmath.mpf(float(x)) + sign * step * float(d), [object])(
                    v, d
                )[()]
                for v, d in zip(values, way, strict=True)
            ]

        with mpmath.workdps(60):
            try:
                slope = (exact(f, shifted(1)) - exact(f, shifted(-1))) / (2 * step)
            except REAL:
                continue
        floats = [jnp.asarray(v, float) for v in values]
        _, ours = jax.jvp(generated(room, f.name), tuple(floats), tuple(map(jnp.asarray, way)))
        flat = np.concatenate([r.ravel() for r in as_arrays(ours)])
        scale = float(max(abs(slope), default=0))
        np.testing.assert_allclose(
            flat, slope.astype(float), rtol=1e-9, atol=1e-10 * scale, err_msg=f.name
        )


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_generated_functions_are_the_same_compiled_and_mapped(room: str) -> None:
    for f in functions(room):
        values = [jnp.asarray(a) for a in arguments(f, 1)]
        eager = generated(room, f.name)
        both = jax.jit(jax.vmap(eager))(*(a[None] for a in values))
        assert_close(jax.tree.map(lambda r: r[0], both), eager(*values), 1e-11)


def nodes(expression: sp.Expr) -> Iterator[sp.Expr]:
    """The parts of an expression, innermost first; indices and sizes are none."""
    if isinstance(expression, sp.Sum):
        yield from nodes(expression.function)
    elif not isinstance(expression, sp.Indexed | sp.KroneckerDelta):
        for part in (a for a in expression.args if isinstance(a, sp.Expr)):
            yield from nodes(part)
    yield expression


def mutants(expression: sp.Expr) -> Iterator[sp.Expr]:
    """The expression with one node changed: a sign, a power, a number, a function."""
    for node in nodes(expression):
        changed = node * sp.Rational(1001, 1000)
        if isinstance(node, sp.Add):
            changed = node - 2 * node.args[-1]
        elif isinstance(node, sp.Pow) and node.exp.is_Number:
            changed = node.base ** (node.exp + 1)
        elif isinstance(node, sp.Max | sp.Min):
            changed = (sp.Min if isinstance(node, sp.Max) else sp.Max)(*node.args)
        elif isinstance(node, sp.Piecewise | sp.KroneckerDelta) or node == 0 or node.is_integer:
            continue
        if (mutant := expression.xreplace({node: changed})) != expression:
            yield mutant


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_one_changed_node_is_noticed_in_every_function(room: str) -> None:
    """The control: code of the mutant fails the comparison that the function passes."""
    for number, f in enumerate(functions(room)):
        values = arguments(f, 2)
        truth = [np.array(r, dtype=float) for r in call(f, *values)]
        first, *rest = f.returned
        found = list(mutants(first.expression))
        for k in range(len(found)):
            planted = found[(number + k) % len(found)]
            wrong = replace(f, outputs=(replace(first, value=planted), *rest))
            try:
                theirs = np.array(call(wrong, *values)[0], dtype=float)
            except REAL:
                continue
            if not np.allclose(theirs, truth[0], rtol=1e-6, atol=0):
                break
        else:
            raise AssertionError(f"{f.name} has no node whose change shows")
        with pytest.raises(AssertionError):
            assert_close(compiled(wrong)(*map(jnp.asarray, values)), truth)

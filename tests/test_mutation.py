"""Mutations: each changes one place that computes, and every slip of the list is among them."""

import ast
from pathlib import Path
from typing import Any

import pytest

from checks.mutation import mutations
from checks.mutation.campaign import Outcome, asked, score
from checks.mutation.equivalent import equivalent
from checks.suite.house import House
from checks.suite.problem import InputProblem

SOURCE = '''"""A page: 1 + 1 is no place to change."""
import jax.numpy as jnp

HALF: "Float[Array, 'n 2']" = 1 / 2


def rate(x, y, keys, *, axis=0):
    """The rate, x - y."""
    if x < 0:
        raise ValueError(f"expected {1 + 1}")
    a, b = jax.random.split(keys)
    return -x + 1.0 * jnp.einsum("ij,jk->ik", a, b).sum(axis=1) ** 3 * draw(a, b) @ y
'''
SLIPS = {
    "operator": ("1 / 2", "1 * 2"),
    "sign lost": ("-x", "x"),
    "power lost": (
        'jnp.einsum("ij,jk->ik", a, b).sum(axis=1) ** 3',
        "jnp.einsum('ij,jk->ik', a, b).sum(axis=1)",
    ),
    "keys reused": (
        "jax.random.split(keys)",
        "(lambda keys: keys.at[1:].set(keys[0]))(jax.random.split(keys))",
    ),
    "transposed": ('jnp.einsum("ij,jk->ik", a, b)', "jnp.einsum('ji,jk->ik', a, b)"),
    "exchanged": ("draw(a, b)", "draw(b, a)"),
    "constant": ("3", "4"),
}


@pytest.mark.parametrize("kind", SLIPS)
def test_the_natural_slips_are_made(kind: str) -> None:
    found = {(m.before, m.after) for m in mutations("page", SOURCE) if m.kind == kind}
    assert SLIPS[kind] in found, found


def test_sums_lose_each_of_their_terms_and_axes_are_turned() -> None:
    found = {(m.kind, m.after) for m in mutations("page", "y = (a + b).sum(axis=1)")}
    assert {("dropped", "a"), ("dropped", "b"), ("operator", "a - b")} <= found
    assert ("axis", "(a + b).sum(axis=0)") in found
    assert ("function", "(a + b).mean(axis=1)") in found


def test_a_mutation_changes_its_place_alone_and_compiles() -> None:
    for mutation in mutations("page", SOURCE):
        changed = mutation.apply(SOURCE)
        ast.parse(changed)
        before, after = SOURCE.encode(), changed.encode()
        start, end = mutation.span
        assert before[:start] == after[:start]
        assert after.endswith(before[end:])
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(SOURCE))


def test_words_annotations_and_refusals_are_left_alone() -> None:
    lines = SOURCE.splitlines()
    quiet = {
        k for k, line in enumerate(lines, 1) if '"""' in line or "if x" in line or "raise" in line
    }
    assert quiet
    assert not quiet & {mutation.line for mutation in mutations("page", SOURCE)}
    assert all("Float" not in m.before for m in mutations("page", SOURCE))


def test_factors_of_one_and_symmetric_calls_are_no_mutations() -> None:
    assert not [m for m in mutations("page", "y = 1.0 * x") if m.after == "x"]
    assert not [m for m in mutations("page", "y = max(jnp.maximum(a, b))") if m.kind == "exchanged"]


def test_a_source_that_has_changed_meanwhile_is_refused() -> None:
    mutation = next(mutations("page", "y = a + b"))
    with pytest.raises(ValueError, match="not as it was"):
        mutation.apply("x = 1\ny = a + b")


def outcome(verdict: str) -> Outcome:
    return Outcome("page.py", "f", 1, "operator", "a", "b", verdict, "", 0.0)


def test_the_score_counts_no_equivalent_mutation_and_every_line_that_nobody_runs() -> None:
    verdicts = ["refuted"] * 8 + ["survived", "not reached", "equivalent", "equivalent"]
    found = score([outcome(verdict) for verdict in verdicts])
    assert (found.noticed, found.examined) == (8, 10)
    low, high = found.interval
    assert 0.44 < low < 0.45  # 0.4439 and 0.9748 are the tabulated ends for 8 of 10
    assert 0.97 < high < 0.98
    assert str(found) == "8 of 10 noticed: 80 % [44, 97]"


PLACES = {"theory.x": Path("theory/x/__init__.py"), "numerics.x": Path("numerics/x/__init__.py")}
PAGE = "n = 64\n\n\nclass A:\n    def f(x):\n        return 2 * x + g(lambda: 2)\n"
POPULATION = [m for module in PLACES for m in mutations(module, PAGE)]


def reasons(*place: Any) -> dict[Any, str]:
    listed: dict[Any, str] = {place: "why"}  # also of places that are none
    return equivalent("x", listed, POPULATION, PLACES)


def test_an_equivalent_mutation_is_of_one_file_and_function_wherever_its_line_is() -> None:
    for place in (
        ("theory/x/__init__.py", "", "64", "63"), ("numerics/x/__init__.py", "A.f", "2", "3", 2),
    ):  # fmt: skip
        ((mutation, reason),) = reasons(*place).items()
        assert (mutation.module.replace(".", "/"), reason) == (place[0].rpartition("/")[0], "why")
        assert mutation.line == (6 if place[1] else 1)


@pytest.mark.parametrize(
    ("place", "received"),
    [
        (("theory/x/__init__.py", "f", "64", "63"), "0 of them"),
        (("numerics/x/__init__.py", "A.f", "2", "3"), "2 of them, on lines 6, 6"),
        (("__init__.py", "", "64", "63"), "2 of them, on lines 1, 1"),
        (("theory/x/__init__.py", "", "64", "63", 2), "0 of them"),
    ],
)
def test_what_is_listed_and_is_not_one_mutation_is_refused(
    place: tuple[Any, ...], received: str
) -> None:
    with pytest.raises(InputProblem, match=received):
        reasons(*place)


def test_rooms_list_mutations_that_exist() -> None:
    house = House()
    for room in house.names():
        if listed := getattr(house.part(room, "checks"), "equivalent_mutations", {}):
            ends = {place[0].rpartition("/")[2] for place in listed}
            paths = {n: p for n, p in house.address(room).computing().items() if p.name in ends}
            population = [m for n, p in paths.items() for m in mutations(n, p.read_text())]
            assert len(equivalent(room, listed, population, paths)) == len(listed)


def test_a_claim_that_is_undecided_before_anything_is_broken_is_not_asked() -> None:
    claims = [
        ["slow", "SUPPORTED", 2.0],
        ["open", "INCONCLUSIVE", 1.0],
        ["quick", "CERTIFIED", 0.5],
    ]
    answer = {"steps": [], "claims": claims, "error": ""}
    assert asked("room", "smoke", answer) == ["quick", "slow"]
    with pytest.raises(InputProblem, match="refuted: false"):
        asked("room", "smoke", {**answer, "claims": [["false", "REFUTED", 1.0]]})
    with pytest.raises(InputProblem, match="step failed: a lemma"):
        asked("room", "smoke", {**answer, "steps": ["a lemma"]})
